"""Arrays that TensorFlow can use without a copy, and reuse of the memory of tapes.

A tape is as large as all the activations of a batch. The system fills new memory of that size with
zeros first, which takes longer than writing the tape. So a block is reused for the next batch, as
soon as TensorFlow releases the tape.
"""

import os
import threading
from collections import deque

import numpy as np

# TensorFlow copies arrays whose address is not a multiple of this.
ALIGNMENT = 64
# Maximum number of bytes in idle blocks during a fit: the tapes of both directions.
MAX_IDLE_BYTES = 256 << 20

_idle: list = []  # smallest first; hold the lock to change it
_returned: deque = deque()
_lock = threading.Lock()


def _renew_lock():
    global _lock
    _lock = threading.Lock()


# The thread that held the lock at a fork does not exist in the child.
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_renew_lock)


def empty(*shape):
    """Return an uninitialised float32 array, aligned."""
    n_bytes = 4 * int(np.prod(shape))
    memory = np.empty(n_bytes + ALIGNMENT, np.uint8)
    skip = -memory.ctypes.data % ALIGNMENT
    return memory[skip : skip + n_bytes].view(np.float32).reshape(shape)


def zeros(*shape):
    """Return a float32 array of zeros, aligned."""
    values = empty(*shape)
    values[...] = 0
    return values


def borrow(*shape):
    """Return an uninitialised float32 array, aligned, whose memory is used again after it."""
    n_bytes = 4 * int(np.prod(shape))
    return np.asarray(_Loan(_take(n_bytes), shape))


def release():
    """Free the memory of idle blocks."""
    with _lock:
        _returned.clear()
        _idle.clear()


class _Loan:
    """What an array holds on to; when the array goes, the block comes back."""

    def __init__(self, block, shape):
        self.block = block
        self.__array_interface__ = {
            "data": (block.ctypes.data, False),
            "shape": shape,
            "typestr": np.dtype(np.float32).str,
            "version": 3,
        }

    def __del__(self):
        _give_back(self.block)


def _take(n_bytes):
    """Return a block of at least this size: the smallest idle one, or a new one."""
    with _lock:
        _sort_returned()
        for i, block in enumerate(_idle):
            if block.nbytes >= n_bytes:
                return _idle.pop(i)
    # Batches differ in length, so make a block large enough for a slightly longer batch.
    return empty(n_bytes // 4 * 9 // 8 + 16)


def _give_back(block):
    # An array may be deleted at any time, even while this thread holds the lock, so do not wait.
    _returned.append(block)
    if _lock.acquire(blocking=False):
        try:
            _sort_returned()
        finally:
            _lock.release()


def _sort_returned():
    while _returned:
        _idle.append(_returned.popleft())
    _idle.sort(key=lambda block: block.nbytes)
    while sum(block.nbytes for block in _idle) > MAX_IDLE_BYTES:
        del _idle[0]  # the largest serves any batch

"""Running shards in parallel, with the number of threads of :mod:`skrnn.backend.threads`."""

import os
from collections import deque
from concurrent.futures import ThreadPoolExecutor

from skrnn.backend.threads import n_threads

_pool = None


def _forget_pool():
    global _pool
    _pool = None


# A child has none of its parent's threads.
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget_pool)


def _helpers():
    """Return the pool of threads beside the caller's own, and how many they are."""
    global _pool
    pool = _pool
    if pool is None:
        n = n_threads() - 1
        # Two callers at once may make one each; the first of them then ends unused.
        pool = _pool = (ThreadPoolExecutor(n, "skrnn") if n else None, n)
    return pool


def n_workers():
    """Return how many threads there are, the caller's own included."""
    return _helpers()[1] + 1


def run(function, shards):
    """Return ``[function(shard) for shard in shards]``.

    The calling thread works too. It never waits for a thread that has not begun, so several
    callers, also inside shards, cannot block one another.
    """
    results = [None] * len(shards)
    waiting = deque(enumerate(shards))

    def work():
        while True:
            try:
                i, shard = waiting.popleft()
            except IndexError:
                return
            results[i] = function(shard)

    pool, n = _helpers()
    helpers = []
    try:
        for _ in range(min(n, len(shards) - 1)):
            try:
                helpers.append(pool.submit(work))
            except RuntimeError:  # the interpreter is ending and starts no more threads
                break
        work()
    except BaseException:
        waiting.clear()  # an interrupt does not wait for what has not begun
        raise
    finally:
        for helper in helpers:
            if not helper.cancel():
                helper.result()
    return results

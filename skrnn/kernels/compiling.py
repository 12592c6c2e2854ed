"""How the kernels are compiled: at first use, without the interpreter's lock, once per machine.

A process that only predicts compiles, or loads from Numba's cache, no kernel of the training.
"""

import functools
import hashlib
import os
import threading
from pathlib import Path

import numba
from numba.core.compiler_lock import global_compiler_lock

from skrnn.kernels.cache import keep_on_disk, tell_of_no_cache
from skrnn.kernels.engine import JIT_IS_OFF, give_up

# Numba caches compiled functions, and only checks the function's own file for changes. But the
# functions that a kernel calls are compiled into it. A hash of the whole folder in its name makes a
# kernel compile again if any part changes.
_STATE = hashlib.sha256(
    b"".join(path.read_bytes() for path in sorted(Path(__file__).parent.glob("*.py")))
).hexdigest()[:16]


_lock = threading.RLock()


def _renew_lock():
    global _lock
    _lock = threading.RLock()
    global_compiler_lock.release()


# A fork waits until no thread compiles: the child has none of the other threads, so Numba's lock
# would never be released there.
if hasattr(os, "register_at_fork"):
    os.register_at_fork(
        before=global_compiler_lock.acquire,
        after_in_parent=global_compiler_lock.release,
        after_in_child=_renew_lock,
    )


class Kernel:
    """A function that is compiled when it is first called.

    Parameters
    ----------
    function : function
    signature : Numba signature, or str
        The types that it takes, and no others.

    Attributes
    ----------
    py_func : function
        The Python function.
    """

    def __init__(self, function, signature):
        functools.update_wrapper(self, function)
        function.__qualname__ += f"_{_STATE}"
        self.py_func = function
        self.signature = signature
        self._compiled = None

    def __call__(self, *arguments):
        """Call the compiled function."""
        return (self._compiled or self.compile())(*arguments)

    def compile(self):
        """Compile the function, or load it from Numba's cache, unless that was done before.

        Raises
        ------
        NoKernelsError
            If it cannot be compiled.
        """
        with _lock:
            if self._compiled is None:
                self._compiled = self._compile()
            return self._compiled

    def _compile(self):
        try:
            return self._compile_with(keep=True)
        except Exception as error:  # a cache without a folder, or one that Numba cannot use
            first = error
        try:
            compiled = self._compile_with(keep=False)
        except Exception as error:
            raise give_up(error) from error
        tell_of_no_cache(first)
        return compiled

    def _compile_with(self, keep):
        dispatcher = numba.njit(nogil=True)(self.py_func)
        if dispatcher is self.py_func:
            raise RuntimeError(JIT_IS_OFF)
        if keep:
            keep_on_disk(dispatcher)
        dispatcher.compile(self.signature)
        dispatcher.disable_compile()
        return dispatcher


def kernel(signature):
    """Make a `Kernel` of a function."""
    return functools.partial(Kernel, signature=signature)


# Parts of kernels are compiled with the kernel that calls them.
part = numba.njit(nogil=True)


def part_of(owner):
    """Compile a function that is created several times, once for each owner.

    Numba distinguishes functions of the same name by a number, which is counted in each process. If
    two processes have compiled kernels, one symbol may mean different functions in them, and a
    third process that loads both from the cache calls the wrong one. So each function has its own
    name.
    """

    def compile_later(function):
        function.__qualname__ += f"_{owner}"
        return part(function)

    return compile_later

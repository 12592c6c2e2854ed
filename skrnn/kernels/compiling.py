"""How the kernels are compiled: without the interpreter's lock, and once per machine."""

import hashlib
from pathlib import Path

import numba

# Numba keeps what it compiled, and looks for changes in a function's own file alone. But what a
# kernel calls is compiled into it: with the state of the whole folder in its name, no kernel
# outlives a change of its parts.
_STATE = hashlib.sha256(
    b"".join(path.read_bytes() for path in sorted(Path(__file__).parent.glob("*.py")))
).hexdigest()[:16]


def kernel(signature):
    """Compile a function for these types, now or, if it was before, from Numba's cache."""

    def compile_now(function):
        function.__qualname__ += f"_{_STATE}"
        try:
            return numba.njit(signature, nogil=True, cache=True)(function)
        except (RuntimeError, OSError) as error:
            # No folder to keep it in, neither beside this file nor in the user's own.
            if isinstance(error, RuntimeError) and "cannot cache" not in str(error):
                raise
            return numba.njit(signature, nogil=True)(function)

    return compile_now


# Parts of kernels are compiled with the kernel that calls them.
part = numba.njit(nogil=True)


def part_of(owner):
    """Compile a function that is made several times over, once for each owner.

    Numba tells functions of one name apart by a number that it counts up in each process. Kernels
    that two processes have compiled, each its own, then hold different functions under one symbol,
    and a third process that loads both from the cache calls the wrong one. So each has a name.
    """

    def compile_later(function):
        function.__qualname__ += f"_{owner}"
        return part(function)

    return compile_later

"""Numba's cache on disk, of which nothing damaged is used.

Numba (0.68) trusts its cache: an empty or cut file raises an error in whatever was called, and
machine code that a failing disk has changed is run. Here, a file of machine code begins with its
hash. A file that cannot be read is removed, and the kernel is compiled again. If nothing can be
written, kernels are used without being kept. Either is reported once per process.
"""

import hashlib
import os
import pickle
import warnings
from contextlib import suppress

from numba.core.caching import IndexDataCacheFile

N_HASH = hashlib.sha256().digest_size

_told: set = set()


def keep_on_disk(dispatcher):
    """Let a Numba dispatcher load what it compiles from the cache, and save it there.

    Raises
    ------
    Exception
        Whatever Numba raises if there is no folder for the cache.
    """
    dispatcher.enable_caching()
    dispatcher._cache._cache_file = _CheckedFile(dispatcher._cache._cache_file)


class _CheckedFile(IndexDataCacheFile):
    """The index and the machine code of a function in the cache, as of another object."""

    def __init__(self, found):
        vars(self).update(vars(found))

    def load(self, key):
        try:
            return super().load(key)
        except Exception as error:  # unpickling what is damaged may raise anything
            self._remove()
            tell_of_damage(self._cache_path, error)
            return None

    def save(self, key, data):
        try:
            super().save(key, data)
        except Exception as error:
            tell_of_no_cache(error, self._cache_path)

    def _load_data(self, name):
        with open(self._data_path(name), "rb") as file:
            content = file.read()
        data = content[N_HASH:]
        if hashlib.sha256(data).digest() != content[:N_HASH]:
            raise ValueError(f"{name} is not what was written")
        return pickle.loads(data)

    def _save_data(self, name, data):
        data = self._dump(data)
        with self._open_for_write(self._data_path(name)) as file:
            file.write(hashlib.sha256(data).digest() + data)

    def _remove(self):
        """Remove the files, as far as that is possible and another process has not done it."""
        prefix = self._index_name.removesuffix("nbi")
        with suppress(OSError):
            for name in os.listdir(self._cache_path):
                if name.startswith(prefix) and name.endswith((".nbi", ".nbc")):
                    with suppress(OSError):
                        os.unlink(self._data_path(name))


def tell_of_damage(folder, error):
    """Warn once that a file of the cache is damaged."""
    _tell(
        "damage",
        f"A file of compiled code in Numba's cache is damaged ({_name(error)}), in {folder}. It is "
        "removed and compiled again, which takes some seconds. If this comes back, check the disk, "
        "or set NUMBA_CACHE_DIR to another folder.",
    )


def tell_of_no_cache(error, folder=None):
    """Warn once that compiled code cannot be kept."""
    where = "" if folder is None else f" in {folder}"
    _tell(
        "no cache",
        f"Numba cannot keep compiled code{where} ({_name(error)}), so each new process compiles it "
        "again, which takes some seconds to a minute. Free disk space, or set NUMBA_CACHE_DIR to a "
        "folder that can be written.",
    )


def _name(error):
    return f"{type(error).__name__}: {error}"


def _tell(kind, text):
    if kind not in _told:
        _told.add(kind)
        warnings.warn(text, RuntimeWarning, stacklevel=2)

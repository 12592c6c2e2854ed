"""Locks on folders, held by one fit at a time and given up by the system when its process ends."""

import contextlib
import os
import socket
import weakref


class FolderLock:
    """A lock that is held until `release`, or until the process ends.

    A lock of this kind belongs to the open file, which a forked child shares: it would be held as
    long as any child lives. So children close it. The file says who holds the lock.

    Parameters
    ----------
    path : Path
        The file to lock; created if missing.

    Raises
    ------
    BlockingIOError
        If another fit holds the lock, in this process or in another one. The message says who.
    """

    def __init__(self, path):
        self._descriptor: int | None = os.open(path, os.O_RDWR | os.O_CREAT, 0o666)
        _held.add(self)
        try:
            _lock(self._descriptor)
        except BlockingIOError:
            holder = os.read(self._descriptor, 200).decode(errors="replace").strip()
            self.release()
            raise BlockingIOError(holder or "by an unknown process") from None
        with contextlib.suppress(OSError):  # a full disk: the lock holds all the same
            os.truncate(self._descriptor, 0)
            holder = f"by process {os.getpid()} on {socket.gethostname()}"
            os.write(self._descriptor, holder.encode())

    def release(self):
        """Release the lock."""
        descriptor, self._descriptor = self._descriptor, None
        _held.discard(self)
        if descriptor is not None:
            os.close(descriptor)


_held: weakref.WeakSet[FolderLock] = weakref.WeakSet()


def _release_in_child():
    for lock in list(_held):
        lock.release()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_release_in_child)


def _lock(descriptor):
    """Lock a file, or raise BlockingIOError if another one has."""
    try:
        import fcntl
    except ImportError:  # Windows: no locks between processes, so the caller must avoid conflicts
        return
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        raise
    except OSError:
        return  # a file system without locks, so the caller has to avoid conflicts

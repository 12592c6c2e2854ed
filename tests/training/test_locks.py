"""Locks on the folders of trainings, and who holds them.

Each test's docstring says what would fail it.
"""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from skrnn.training.checkpoint import CheckpointFolder
from skrnn.training.locks import FolderLock

ROOT = Path(__file__).parents[2]
pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")

HOLD = """
import multiprocessing, os, subprocess, sys, time
from pathlib import Path
from skrnn.training.locks import FolderLock

lock = FolderLock(Path(sys.argv[1]))

def wait():
    time.sleep(60)

how = sys.argv[2]
if how == "fork":
    child = os.fork()
    if not child:
        wait()
elif how == "multiprocessing":
    process = multiprocessing.get_context("fork").Process(target=wait)
    process.start()
    child = process.pid
elif how == "subprocess":
    code = [sys.executable, "-c", "import time; time.sleep(60)"]
    child = subprocess.Popen(code, close_fds=False).pid
else:
    child = os.fork()
    if not child:
        os._exit(0)
    os.waitpid(child, 0)
print(child, flush=True)
wait()
"""


def hold(path, how):
    """Start a process that holds a lock and has a child; return it and the child's id."""
    holder = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(path), how],
        stdout=subprocess.PIPE,
        text=True,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
    )
    return holder, int(holder.stdout.readline())


def lock_at_last(path):
    """Take and release the lock of an ended process, which a child gives up once it runs."""
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        try:
            FolderLock(path).release()
            return
        except BlockingIOError:
            time.sleep(0.05)
    raise AssertionError("the lock of an ended process is held")


@pytest.mark.parametrize("how", ["fork", "multiprocessing", "subprocess"])
def test_a_child_does_not_hold_the_lock_of_a_killed_parent(tmp_path, how):
    """Fails if a forked child of a killed fit keeps it from being resumed."""
    holder, child = hold(tmp_path / "lock", how)
    try:
        with pytest.raises(BlockingIOError, match=f"by process {holder.pid} on "):
            FolderLock(tmp_path / "lock")
        holder.send_signal(signal.SIGKILL)
        holder.wait()
        lock_at_last(tmp_path / "lock")
        os.kill(child, 0)  # the child lives
    finally:
        os.kill(child, signal.SIGKILL)


def test_the_end_of_a_child_does_not_release_the_lock(tmp_path):
    """Fails if a child that ends, and closes its files, takes the lock from its parent."""
    holder, _ = hold(tmp_path / "lock", "child ends")
    try:
        with pytest.raises(BlockingIOError, match=str(holder.pid)):
            FolderLock(tmp_path / "lock")
    finally:
        holder.kill()
        holder.wait()


def test_a_fork_that_closes_its_folder_does_no_harm(tmp_path):
    """Fails if a child that leaves a fit by an exception closes a file that is not its own."""
    lock = FolderLock(tmp_path / "lock")
    child = os.fork()
    if not child:
        other = os.open(tmp_path / "other", os.O_CREAT | os.O_RDWR)
        lock.release()
        try:
            os.fstat(other)
        except OSError:
            os._exit(1)
        os._exit(0)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    with pytest.raises(BlockingIOError):
        FolderLock(tmp_path / "lock")
    lock.release()


def test_a_living_fit_is_named(tmp_path):
    """Fails if a second fit of the same training begins anew without a word."""
    (tmp_path / "fit").mkdir()
    holder, _ = hold(tmp_path / "fit" / "lock", "child ends")
    try:
        with pytest.warns(UserWarning, match=rf"in use: .*by process {holder.pid} on .*fit-2"):
            found, _ = CheckpointFolder.open(tmp_path, "fit", 1, read=None)
        assert found.path == tmp_path / "fit-2"
        found.close()
    finally:
        holder.kill()
        holder.wait()
    lock_at_last(tmp_path / "fit" / "lock")

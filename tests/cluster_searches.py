"""A search for tests on clusters: small, and with a callback at which a worker can be killed."""

import os
import signal
import threading
import time
import uuid
from contextlib import contextmanager
from functools import cache
from pathlib import Path

from bare import NETWORK
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline

from skrnn import RNNClassifier, TextToSequence, make_reviews
from skrnn.backend.tensorflow import keras
from skrnn.backend.threads import n_threads

# So many that rows and splits are too large for Dask to send with each task.
REVIEWS, LABELS = make_reviews(400, random_state=3)
PATIENCE = 600.0


class Halt(keras.callbacks.Callback):
    """Say in a file that training is under way, and wait there until the file "go" is there.

    The first fits, so many as `passing`, do not wait.
    """

    def __init__(self, folder, passing=0):
        super().__init__()
        self.folder = str(folder)
        self.passing = passing

    def on_train_batch_end(self, batch, logs=None):
        if batch:
            return
        folder = Path(self.folder)
        Path(folder, f"begun-{os.getpid()}-{uuid.uuid4().hex}").touch()
        if len(begun(folder)) <= self.passing:
            return
        end = time.monotonic() + PATIENCE
        while not Path(folder, "go").exists():
            if time.monotonic() > end:
                raise RuntimeError(f"nobody wrote {folder}/go")
            time.sleep(0.01)


def make_search(**parameters):
    """Return a search of six fits of one epoch, whose scores tell when anything differs."""
    network = RNNClassifier(
        **{**NETWORK, "dropout": 0.2},
        cell="rnn",
        embedding_dim=4,
        ngram_range=(1, 2),
        batch_size=32,
        epochs=1,
        random_state=0,
    )
    return GridSearchCV(
        make_pipeline(TextToSequence(max_features=50), network.set_params(**parameters)),
        {"rnnclassifier__units": [4, 6]},
        cv=3,
        scoring="neg_log_loss",
        error_score="raise",
        refit=False,
    )


def scores(search):
    """Return the scores of every split."""
    return {k: v.tolist() for k, v in search.cv_results_.items() if k.startswith("split")}


@cache
def scores_in_process():
    """Return the scores of the search with n_jobs=1."""
    found = scores(make_search().set_params(n_jobs=1).fit(REVIEWS, LABELS))
    assert len({score for split in found.values() for score in split}) == 6
    return found


def begun(folder):
    """Return the process ids of the fits that have begun, one a fit, in their order."""
    paths = sorted(Path(folder).glob("begun-*"), key=lambda path: path.stat().st_mtime_ns)
    return [int(path.name.split("-")[1]) for path in paths]


@contextmanager
def a_kill(folder, passing=0):
    """Kill the process of the first fit that waits (see `Halt`); then let the others go."""
    killed = []
    over = threading.Event()

    def kill():
        while len(begun(folder)) <= passing and not over.wait(0.01):
            pass
        killed.extend(begun(folder)[passing : passing + 1])
        for pid in killed:
            os.kill(pid, signal.SIGKILL)
        Path(folder, "go").touch()

    thread = threading.Thread(target=kill)
    thread.start()
    try:
        yield killed
    finally:
        over.set()
        thread.join()
    assert killed


@contextmanager
def no_orphans(monkeypatch):
    """Check that all processes that are started within the block have ended after it.

    They are known by a variable in their environment, which also those have whose parents died.
    The variables that set threads are taken out, for what a cluster grants is to be seen.
    """
    for name in ("OMP_NUM_THREADS", "SKRNN_NUM_THREADS"):
        monkeypatch.delenv(name, raising=False)
    # Separate workers find this module by it.
    monkeypatch.setenv("PYTHONPATH", str(Path(__file__).parent), prepend=os.pathsep)
    mark = f"SKRNN_TEST_CLUSTER={uuid.uuid4().hex}"
    monkeypatch.setenv(*mark.split("="))
    try:
        yield
    finally:
        end = time.monotonic() + 30
        while (left := processes_with(mark)) and time.monotonic() < end:
            time.sleep(0.1)
        for pid in left:
            os.kill(pid, signal.SIGKILL)
    assert not left, left


def processes_with(mark):
    """Return the command lines, by process id, of the processes that were started with `mark`."""
    found = {}
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            if mark.encode() in Path(folder, "environ").read_bytes().split(b"\0"):
                found[int(folder.name)] = Path(folder, "cmdline").read_bytes().decode()
        except OSError:  # ended meanwhile, or somebody else's
            continue
    # multiprocessing's own, one a process, which ends with this one.
    return {pid: line for pid, line in found.items() if "resource_tracker" not in line}


def threads_and_process():
    """Return the threads a fit would have, and where it was asked.

    It is here because Ray's workers find the modules at the top of the tests' folder only.
    """
    return n_threads(), os.getpid()

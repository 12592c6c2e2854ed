"""The memory of a worker that fits the candidates of a search, one after another."""

import os
from pathlib import Path

import numpy as np
import pytest
from bare import ESTIMATOR
from joblib.externals.loky import get_reusable_executor
from sklearn.model_selection import StratifiedKFold
from sklearn.pipeline import make_pipeline

from skrnn import RNNClassifier, TextToSequence, make_reviews

pytestmark = pytest.mark.reliability

TIMEOUT = 600


def fit_and_measure(units, vocabulary_size, documents, labels, train, test):
    """Fit and score a candidate; return this process's number and its memory in bytes."""
    settings = {"units": units, "embedding_dim": 8, "epochs": 1, "batch_size": 64}
    settings["vocabulary_size"] = vocabulary_size
    network = RNNClassifier(random_state=0, **{**ESTIMATOR, **settings})
    pipe = make_pipeline(TextToSequence(), network)
    pipe.fit(documents[train], labels[train]).score(documents[test], labels[test])
    resident = Path("/proc/self/statm").read_text().split()[1]
    return os.getpid(), int(resident) * os.sysconf("SC_PAGE_SIZE")


@pytest.mark.skipif(not Path("/proc/self/statm").exists(), reason="read from Linux's /proc")
@pytest.mark.parametrize(
    "vocabulary_size, most", [(1000, 1.1), (None, 1.15)], ids=["two networks", "ten networks"]
)
def test_a_worker_keeps_its_size_over_fifty_fits(vocabulary_size, most):
    """Fails if a network that has been fitted leaves its traced programs behind.

    Where each fold has a vocabulary of its own, two sizes on five folds are ten networks, more
    than are kept: most fits trace anew. Four megabytes left by each would make a sixth in forty
    fits. In an ordinary search all folds have as many words.
    """
    documents, labels = make_reviews(120, random_state=0)
    documents = np.array(documents, dtype=object)
    folds = list(StratifiedKFold(5).split(documents, labels))
    candidates = [(units, fold) for units in (4, 8) for fold in folds]
    executor = get_reusable_executor(max_workers=1)
    measured = []
    try:
        for i in range(50):
            units, fold = candidates[i % len(candidates)]
            task = executor.submit(
                fit_and_measure, units, vocabulary_size, documents, labels, *fold
            )
            measured.append(task.result(timeout=TIMEOUT))
    finally:
        executor.shutdown(wait=True, kill_workers=True)
    workers, sizes = zip(*measured, strict=True)
    assert len(set(workers)) == 1  # joblib replaces workers that it takes for leaking
    assert sizes[49] < most * sizes[9]

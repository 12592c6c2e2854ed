"""The memory of a process that fits one network after another, each of another vocabulary."""

import os
from pathlib import Path

import numpy as np
import pytest
from bare import ESTIMATOR

from skrnn import RNNClassifier

pytestmark = pytest.mark.reliability

N_FITS, N_BEFORE = 300, 50
X = np.random.default_rng(0).integers(2, 20, (12, 4))
Y = np.arange(12) % 2


def resident():
    """Return this process's memory in bytes."""
    pages = Path("/proc/self/statm").read_text().split()[1]
    return int(pages) * os.sysconf("SC_PAGE_SIZE")


@pytest.mark.skipif(not Path("/proc/self/statm").exists(), reason="read from Linux's /proc")
def test_three_hundred_fits_of_as_many_vocabularies():
    """Fails if each new network leaves something: 1.7 MB a fit were more than a third."""
    settings = {"cell": "rnn", "units": 2, "embedding_dim": 2, "epochs": 1, "random_state": 0}
    sizes = []
    for i in range(N_FITS):
        RNNClassifier(**{**ESTIMATOR, **settings, "vocabulary_size": 20 + i}).fit(X, Y)
        sizes.append(resident())
    # Python collects networks that are no longer used now and then, so one fit says little.
    assert min(sizes[-40:]) < 1.05 * min(sizes[N_BEFORE - 40 : N_BEFORE])

"""Uses much data in a process of its own, and prints how much memory that took, as JSON.

``memory_use.py documents 1000 9000`` fits and predicts 1,000 short documents, then 9,000;
``memory_use.py chunks 5 50`` trains on so many chunks that are made when they are asked for, by
fit_chunks and by partial_fit. A line each: the tokens, and the bytes by which the process grew.
"""

import json
import re
import sys
from functools import partial
from pathlib import Path

import numpy as np
from bare import ESTIMATOR

from skrnn import RNNClassifier, TextToSequence
from skrnn.layers.engine import release_memory

N_WORDS = 2000
# The one long document among the short ones.
LONGEST = 500
# 4 MB of token ids.
CHUNK_ROWS, CHUNK_STEPS = 5000, 100


def begin():
    """Forget the peak so far; return the bytes this process has now."""
    release_memory()
    Path("/proc/self/clear_refs").write_text("5")
    return peak()


def peak():
    """Return the most bytes this process has had since `begin`.

    Not from getrusage, which counts in the process that started this one.
    """
    found = re.search(r"VmHWM:\s+(\d+) kB", Path("/proc/self/status").read_text())
    return int(found[1]) * 1024


def classifier(**parameters):
    settings = {**ESTIMATOR, "cell": "rnn", "units": 2, "embedding_dim": 2, "epochs": 1}
    settings |= {"batch_size": 1000, "random_state": 0}
    return RNNClassifier(**{**settings, **parameters})


def make_documents(n, seed=0):
    """Return documents of one to four words, a long one, their labels, and the number of words."""
    rng = np.random.default_rng(seed)
    words = np.array([f"w{i}" for i in range(N_WORDS)], dtype=object)
    lengths = rng.integers(1, 5, n)
    lengths[n // 2] = LONGEST
    ids = rng.integers(0, N_WORDS, lengths.sum())
    first = np.cumsum(lengths) - lengths
    tokens = words[ids].tolist()
    documents = [" ".join(tokens[i : i + k]) for i, k in zip(first, lengths, strict=True)]
    return documents, ids[first] % 2, int(lengths.sum())


class Chunks:
    """Chunks of token ids that are nowhere but in memory, one when it is asked for."""

    def __init__(self, n):
        self.n = n

    def __iter__(self):
        for number in range(self.n):
            rng = np.random.default_rng(number)
            X = rng.integers(2, N_WORDS, (CHUNK_ROWS, CHUNK_STEPS))
            yield X, X[:, 0] % 2


def use_documents(n):
    documents, y, n_tokens = make_documents(n)
    text = TextToSequence()
    X = text.fit_transform(documents)
    model = classifier().fit(X, y)
    predicted = model.predict(text.transform(documents))
    assert predicted.shape == (n,)
    return n_tokens


def use_chunks(method, n):
    model = classifier(vocabulary_size=N_WORDS)
    if method == "fit_chunks":
        model.fit_chunks(Chunks(n))
    else:
        for X, y in Chunks(n):
            model.partial_fit(X, y)
    return n * CHUNK_ROWS * CHUNK_STEPS


if __name__ == "__main__":
    what, *sizes = sys.argv[1:]
    uses = {
        "documents": [use_documents],
        "chunks": [partial(use_chunks, "fit_chunks"), partial(use_chunks, "partial_fit")],
    }
    for use in uses[what]:
        use(1000 if what == "documents" else 1)  # what is loaded and traced once
        for n in map(int, sizes):
            before = begin()
            n_tokens = use(n)
            print(json.dumps({"tokens": n_tokens, "grown": peak() - before}))

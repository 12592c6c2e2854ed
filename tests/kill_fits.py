"""Kills processes that fit, at random moments, and lets others go on: ``kill_fits.py N SEED``.

Prints a line of JSON: how many were killed, where they stood, and whether each training ended
with the bytes of one that was never killed. Children are forked after TensorFlow is imported and
before it is started, so that a life takes a second and not five.
"""

import hashlib
import json
import os
import signal
import sys
import tempfile
import time
import warnings
from pathlib import Path

import numpy as np
from bare import ESTIMATOR

import skrnn.training.scikeras  # noqa: F401 (imports TensorFlow, before the forks)
from skrnn import Checkpoint, RNNClassifier, TextToSequence, make_reviews

# Half of the lives end within so many seconds of birth, the start among them; the other half within
# so many after the first new checkpoint, while batches are trained and files are written.
FROM_BIRTH, FROM_CHECKPOINT = 3.0, 0.7


def estimator(folder, seed):
    """Return what is fitted: dropout, n-grams, early stopping, checkpoints after every batch."""
    return RNNClassifier(
        **{
            **ESTIMATOR,
            "cell": "gru",
            "units": 8,
            "embedding_dim": 8,
            "ngram_range": (1, 2),
            "embeddings": "corpus",
            "dropout": 0.3,
            "word_dropout": 0.1,
            "early_stopping": True,
            "n_iter_no_change": 9,
            "batch_size": 8,
            "epochs": 6,
            "learning_rate_decay": 0.5,
            "random_state": seed,
            "checkpoint": folder and Checkpoint(folder, minutes=0.0005),
        }
    )


def digest(model, X):
    """Return what two equal models have in common."""
    parts = [values.tobytes() for values in model.network_.values]
    parts += [values.tobytes() for values in model._optimizer_state]
    parts += [repr((model.history_, model.best_epoch_)).encode(), model.predict_proba(X).tobytes()]
    return hashlib.sha256(b"".join(parts)).hexdigest()


def start(folder, seed, X, y, result):
    """Fit in a process of its own, which leaves the digest, or an error, in a file."""
    pid = os.fork()
    if pid:
        return pid
    try:
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            found = digest(estimator(folder, seed).fit(X, y), X)
        told = [str(w.message) for w in caught if w.category is UserWarning]
        ended = {"digest": found, "warnings": told}
    except BaseException as error:
        ended = {"digest": repr(error), "warnings": []}
    # The kill may come now: then there is a whole result, or none.
    written = result.with_suffix(".tmp")
    written.write_text(json.dumps(ended))
    written.replace(result)
    os._exit(0)


def main(n_kills, seed):
    """Kill so many processes."""
    rng = np.random.default_rng(seed)
    reviews, y = make_reviews(160, random_state=0)
    X = TextToSequence(max_features=300).fit_transform(reviews)
    told = {"kills": 0, "while_writing": 0, "trainings": 0, "equal": 0, "stood": [], "warnings": []}
    with tempfile.TemporaryDirectory() as folder:
        result = Path(folder, "result.json")
        while told["kills"] < n_kills:
            seed_of_fit = told["trainings"]
            os.waitpid(start(None, seed_of_fit, X, y, result), 0)
            wanted = json.loads(result.read_text())["digest"]
            result.unlink()
            checkpoints = Path(folder, str(seed_of_fit))
            while not result.exists():
                pid = start(checkpoints, seed_of_fit, X, y, result)
                if told["kills"] < n_kills and survives(pid, checkpoints, rng):
                    os.kill(pid, signal.SIGKILL)
                    told["kills"] += 1
                    told["stood"].append(max(names(checkpoints), default=None))
                    told["while_writing"] += bool(list(checkpoints.glob("*/.*.tmp")))
                os.waitpid(pid, 0)
            ended = json.loads(result.read_text())
            result.unlink()
            told["trainings"] += 1
            told["equal"] += ended["digest"] == wanted
            told["warnings"] += ended["warnings"]
    print(json.dumps(told))


def survives(pid, checkpoints, rng):
    """Wait for a random moment, and return whether the process is still there."""
    if rng.random() < 0.5:
        return wait(pid, rng.uniform(0, FROM_BIRTH))
    before = names(checkpoints)
    is_there = wait(pid, 600, lambda: names(checkpoints) != before)
    return is_there and wait(pid, rng.uniform(0, FROM_CHECKPOINT))


def names(checkpoints):
    """Return the names of the checkpoints that there are."""
    return {path.name for path in checkpoints.glob("*/*.skrnn")}


def wait(pid, seconds, is_over=lambda: False):
    """Wait, and return whether the process is still there."""
    end = time.monotonic() + seconds
    while time.monotonic() < end and not is_over():
        # Looked at without being collected, so that its number stays its own.
        if os.waitid(os.P_PID, pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None:
            return False
        time.sleep(0.002)
    return True


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]))

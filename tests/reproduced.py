"""What a seed decides, as digests; ``reproduced.py FOLDER`` makes them in a process of its own.

It prints JSON: a digest of each of `MAKERS`, most of which begin with a file that the process
which started it has left in the folder.
"""

import hashlib
import json
import pickle
import sys
from pathlib import Path

import joblib
from sklearn.pipeline import make_pipeline

import skrnn
from skrnn import RNNClassifier, TextToSequence, make_reviews

REVIEWS, LABELS = make_reviews(160, random_state=0)
UNSEEN, _ = make_reviews(80, random_state=1)


def make(**parameters):
    """Return a pipeline whose network has its defaults but for the sizes."""
    sizes = {"units": 8, "embedding_dim": 8, "epochs": 2, "batch_size": 16}
    network = RNNClassifier(**{**sizes, "random_state": 0, **parameters})
    return make_pipeline(TextToSequence(max_features=200), network)


def digest(pipe):
    """Return what two equal results of training have in common, down to the last bit."""
    network = pipe[-1]
    weights = [values.tobytes() for values in network.network_.values]
    ngrams = [part.tobytes() for part in network.ngrams_.to_arrays()[2:]] if network.ngrams_ else []
    told = repr((pipe[0].vocabulary_, network.history_, network.n_iter_, network.best_epoch_))
    answers = pipe.predict_proba(UNSEEN).tobytes()
    return hashlib.sha256(b"".join([*weights, *ngrams, told.encode(), answers])).hexdigest()


def save(pipe, folder):
    """Write a fitted pipeline in each of the three ways."""
    (folder / "pipe.pickle").write_bytes(pickle.dumps(pipe))
    joblib.dump(pipe, folder / "pipe.joblib")
    skrnn.save(pipe, folder / "pipe.skrnn")


LOADERS = {
    "pickle": lambda folder: pickle.loads((folder / "pipe.pickle").read_bytes()),
    "joblib": lambda folder: joblib.load(folder / "pipe.joblib"),
    "skrnn": lambda folder: skrnn.load(folder / "pipe.skrnn"),
}


def one_more_epoch(pipe):
    """Go on for an epoch by partial_fit."""
    pipe[-1].partial_fit(pipe[0].transform(REVIEWS), LABELS)
    return pipe


def two_more_epochs(pipe):
    """Go on for two epochs by fit, which warm_start=True lets go on."""
    return pipe.fit(REVIEWS, LABELS)


def resume(folder):
    """Take up the training that was broken off, whose checkpoints are in the folder."""
    return make(checkpoint=folder / "checkpoints").fit(REVIEWS, LABELS)


MAKERS = {"fit": lambda folder: make().fit(REVIEWS, LABELS), "resumed": resume}
for way, load in LOADERS.items():
    MAKERS[f"{way}, loaded"] = load
    MAKERS[f"{way}, partial_fit"] = lambda folder, load=load: one_more_epoch(load(folder))
    MAKERS[f"{way}, warm_start"] = lambda folder, load=load: two_more_epochs(load(folder))

if __name__ == "__main__":
    folder = Path(sys.argv[1])
    print(json.dumps({name: digest(maker(folder)) for name, maker in MAKERS.items()}))

"""skrnn.RNNClassifier as a peer of the others.

`pooling="last"`, random embeddings, and no dropout, n-grams or clipping make its network the one
the others train. An epoch is timed inside `fit`, from its beginning to its end as scikit-learn's
callbacks see them, so batches are sorted, padded and handed over within that time; "around_seconds"
is the rest of `fit` with ``warm_start=True``: checks, and the copying of weights. A
prediction is all of `predict_proba`, on the sparse array as `TextToSequence` makes it.
"""

import time
from pathlib import Path

import numpy as np
from protocol import Stopwatch, serve
from reviews import Reviews
from scipy import sparse
from sklearn.base import clone

from skrnn import RNNClassifier


class EpochClock:
    """A scikit-learn callback that times epochs: the last, and all of a fit.

    A Keras callback would not do: an estimator that has any does not share what it has traced
    with the next fit, and would trace anew in each.
    """

    total = 0.0

    def setup(self, estimator, context):
        """Do nothing; part of the protocol."""

    def teardown(self, estimator, context):
        """Do nothing; part of the protocol."""

    def on_fit_task_begin(self, estimator, context):
        """Start at the begin of an epoch."""
        if context.task_name == "epoch":
            self._watch = Stopwatch()

    def on_fit_task_end(self, estimator, context):
        """Stop at its end."""
        if context.task_name == "epoch":
            self.seconds = self._watch.read()
            self.total += self.seconds


def to_sparse(reviews):
    """Return the ids as a CSR array, row i left-aligned."""
    columns = np.arange(len(reviews.ids)) - np.repeat(reviews.bounds[:-1], reviews.lengths)
    shape = (len(reviews), int(reviews.lengths.max()))
    return sparse.csr_array((reviews.ids, columns, reviews.bounds), shape=shape)


def make_classifier(reviews, *, cell="lstm", units=64, embedding_dim=64, batch_size=128, seed=0):
    """Return the estimator, "bi" before a cell's name standing for both directions."""
    return RNNClassifier(
        cell=cell.removeprefix("bi"),
        bidirectional=cell.startswith("bi"),
        units=units,
        embedding_dim=embedding_dim,
        embeddings=None,
        pooling="last",
        ngram_range=None,
        word_dropout=0.0,
        embedding_dropout=0.0,
        dropout=0.0,
        learning_rate=0.001,
        learning_rate_decay=0.0,
        global_clipnorm=None,
        batch_size=batch_size,
        epochs=1,
        early_stopping=False,
        random_state=seed,
        vocabulary_size=reviews.vocabulary_size,
    )


class Peer:
    """One estimator and the reviews."""

    def prepare(self, path, predict_batch_size=None, **settings):
        """Load the reviews and make the estimator; it batches predictions as it likes."""
        train, self.test = (Reviews(path, part) for part in ("train", "test"))
        self.X, self.y, self.X_test = to_sparse(train), train.y, to_sparse(self.test)
        self.clf = make_classifier(train, **settings).set_params(warm_start=True)
        self.clock = EpochClock()
        self.clf.set_callbacks(self.clock)

    def epoch(self, epochs=1):
        """Train for some epochs; time the last."""
        self.clock.total = 0.0
        watch = Stopwatch()
        self.clf.set_params(epochs=epochs).fit(self.X, self.y)
        around = watch.read() - self.clock.total
        loss = self.clf.history_["loss"][-1]
        return {"seconds": self.clock.seconds, "around_seconds": around, "loss": loss}

    def predict(self):
        """Predict the test reviews."""
        watch = Stopwatch()
        probability = self.clf.predict_proba(self.X_test)
        return {"seconds": watch.read(), "accuracy": self.test.accuracy(probability[:, 1])}

    def fit_anew(self, times):
        """Fit so many new estimators, each forgotten before the next; return the memory after."""
        for seed in range(times):
            clf = clone(self.clf).set_params(warm_start=False, random_state=seed)
            clf.fit(self.X, self.y).predict(self.X_test)
        return self.memory()

    def memory(self):
        """Return the resident memory in MB, now and at its peak; empty where not on Linux."""
        status = Path("/proc/self/status")
        if not status.exists():
            return {}
        time.sleep(0.5)  # threads that end give theirs back
        fields = dict(line.split(":", 1) for line in status.read_text().splitlines())
        return {
            "now": int(fields["VmRSS"].split()[0]) / 1024,
            "peak": int(fields["VmHWM"].split()[0]) / 1024,
        }


if __name__ == "__main__":
    serve(Peer())

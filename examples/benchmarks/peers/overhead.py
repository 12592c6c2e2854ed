"""What skrnn takes around its epochs, each measured in a fresh process that this script is.

    python overhead.py reviews.npz first_batch
    python overhead.py reviews.npz again

Both print JSON: seconds of ``import skrnn``, then of ``from skrnn import RNNClassifier``, whether
these loaded TensorFlow, and then the seconds of loading it and Keras. "first_batch" then fits on
all reviews and tells the seconds from the call of `fit` to the end of the first batch: checking,
building, tracing, training on the batch. "again" fits two estimators one after the other on one
batch of reviews, the second of which can use what the first has traced, and predicts ten rows
many times.
"""

import statistics
import sys
import time

start = time.perf_counter()
import skrnn  # noqa: E402

imported = time.perf_counter()
from skrnn import RNNClassifier  # noqa: E402, F401

IMPORTS = {
    "import": imported - start,
    "import_classifier": time.perf_counter() - imported,
    "import_loads_tensorflow": "tensorflow" in sys.modules,
}

import json  # noqa: E402


def load_tensorflow():
    """Return the seconds that the part of skrnn takes to load which needs TensorFlow."""
    from protocol import Stopwatch

    watch = Stopwatch()
    skrnn.build_network  # noqa: B018 (loaded when first asked for)
    return watch.read()


def first_batch(X, y, clf):
    """Return the seconds from the call of `fit` to the end of the first batch."""
    import keras
    from protocol import Stopwatch

    class FirstBatch(keras.callbacks.Callback):
        seconds = None

        def on_train_batch_end(self, batch, logs=None):
            self.seconds = self.seconds or watch.read()

    callback = FirstBatch()
    clf.set_params(callbacks=[callback])
    watch = Stopwatch()
    clf.fit(X, y)
    return {"first_batch": callback.seconds}


def again(X, y, clf):
    """Return the seconds of a first and a second fit, and of short predictions."""
    from protocol import Stopwatch
    from sklearn.base import clone

    n = clf.batch_size
    fits, predictions = [], []
    for seed in range(2):
        fitted = clone(clf).set_params(random_state=seed)
        watch = Stopwatch()
        fitted.fit(X[:n], y[:n])
        fits.append(watch.read())
    for _ in range(50):
        watch = Stopwatch()
        fitted.predict(X[:10])
        predictions.append(watch.read())
    return {
        "one_batch_fit": fits[0],
        "one_batch_fit_again": fits[1],
        "ten_rows": predictions[0],
        "ten_rows_again": statistics.median(predictions[1:]),
    }


def main():
    """Measure what the command line names."""
    path, what = sys.argv[1:]
    load = load_tensorflow()
    from ours import make_classifier, to_sparse
    from reviews import Reviews

    reviews = Reviews(path, "train")
    arguments = to_sparse(reviews), reviews.y, make_classifier(reviews)
    measured = first_batch(*arguments) if what == "first_batch" else again(*arguments)
    print(json.dumps({**IMPORTS, "load_tensorflow": load, **measured}))


if __name__ == "__main__":
    main()

"""Fits on two devices beside the same on one; ``data_parallel.py FOLDER NAME...`` makes them.

It needs a process of its own, for TensorFlow must be told of the devices before it starts. It
prints JSON: for each of the named `SCENARIOS` what came out. Files go to the folder.
"""

import json
import pickle
import sys
from pathlib import Path

import numpy as np
import tensorflow as tf

N_DEVICES = 3
if __name__ == "__main__":  # before anything else starts TensorFlow
    tf.config.set_logical_device_configuration(
        tf.config.list_physical_devices("CPU")[0],
        [tf.config.LogicalDeviceConfiguration()] * N_DEVICES,
    )

import keras  # noqa: E402
from bare import ESTIMATOR  # noqa: E402
from siblings import TaggerByIds, TagsHead  # noqa: E402
from sklearn.base import clone  # noqa: E402

import skrnn  # noqa: E402
from skrnn import Checkpoint, RNNClassifier, RNNTagger  # noqa: E402
from skrnn.heads.registry import HEADS  # noqa: E402
from skrnn.layers import Embedding  # noqa: E402
from skrnn.sequences.batching import BatchPlan  # noqa: E402
from skrnn.training.feeds import Feed  # noqa: E402
from skrnn.training.recorder import StateRecorder  # noqa: E402

# The first token tells which row it is.
RNG = np.random.default_rng(0)
LENGTHS = RNG.integers(1, 9, 61)
X = [[2 + i, *RNG.integers(70, 80, n).tolist()] for i, n in enumerate(LENGTHS)]
Y = np.array([sum(row[1:]) % 2 for row in X])
WEIGHTS = RNG.uniform(0.2, 3.0, len(X))
NUMBERS = RNG.normal(size=(61, 5, 2)).astype(np.float32)
SMALL = ESTIMATOR | {"cell": "rnn", "units": 4, "embedding_dim": 4, "epochs": 2, "random_state": 0}
# Far from Adam, to which the size of a gradient means nothing; and it clips in every step.
STEEP = {"optimizer": "sgd", "learning_rate": 0.5, "global_clipnorm": 0.05}
NOISE = {"word_dropout": 0.3, "embedding_dropout": 0.3, "dropout": 0.5}


def devices(n=2):
    """Return a strategy for so many of the processor's devices."""
    return tf.distribute.MirroredStrategy([f"CPU:{i}" for i in range(n)])


def train(classifier, strategy=None, X=X, Y=Y, **given):
    """Return the classifier fitted, in the scope of the strategy if there is one."""
    if strategy is None:
        return classifier.fit(X, Y, **given)
    with strategy.scope():
        return classifier.fit(X, Y, **given)


def compared(one, several, X=X):
    """Return the largest differences between two fitted classifiers."""

    def largest(pairs):
        return max(float(np.abs(np.subtract(a, b)).max()) for a, b in pairs)

    keys = sorted(one.history_)
    assert keys == sorted(several.history_)
    return {
        "weights": largest(zip(one.network_.values, several.network_.values, strict=True)),
        "probabilities": largest([(one.predict_proba(X), several.predict_proba(X))]),
        "history": largest((one.history_[key], several.history_[key]) for key in keys),
        "best_epochs": [one.best_epoch_, several.best_epoch_],
    }


def as_bytes(classifier):
    """Return the bytes of all variables."""
    return [values.tobytes() for values in classifier.network_.values]


class Noted:
    """What the embedding is given, and how the variables are held, during fits."""

    def __init__(self):
        self.shares, self.devices, self.mirrored = [], set(), []
        self._call = Embedding.call

    def __enter__(self):
        Embedding.call = lambda layer, ids: self._note(layer, ids)
        return self

    def __exit__(self, *_):
        Embedding.call = self._call

    def _note(self, layer, ids):
        vectors = self._call(layer, ids)
        replica = tf.distribute.get_replica_context()
        if replica is not None and tf.distribute.has_strategy() and not tf.executing_eagerly():
            self.devices.add(vectors.device)
            which = replica.replica_id_in_sync_group

            def note(which, ids):
                self.shares.append((int(which), (ids[:, 0] - 2).tolist()))

            tf.numpy_function(note, [which, ids], [])
        return vectors

    def callback(self):
        """Return a Keras callback that looks at the variables."""

        def look(epoch, logs=None):
            for variable in [*watcher.model.weights, *watcher.model.optimizer.variables]:
                copies = [copy.numpy() for copy in variable.value.values]
                places = {copy.device[-5:] for copy in variable.value.values}
                same = all(np.array_equal(copy, copies[0]) for copy in copies)
                self.mirrored.append(places == {"CPU:0", "CPU:1"} and same)

        watcher = keras.callbacks.LambdaCallback(on_epoch_end=look)
        return watcher


def dealt(folder):
    """Uneven batches of weighted rows, on both devices."""
    # 61 rows in batches of 7: nine batches, of which most have seven rows, others six.
    network = RNNClassifier(**SMALL | STEEP, batch_size=7, class_weight={0: 1.0, 1: 2.5})
    one = train(clone(network), sample_weight=WEIGHTS)
    unclipped = clone(network).set_params(global_clipnorm=None)
    with Noted() as noted:
        several = clone(network).set_params(callbacks=[noted.callback()])
        several = train(several, devices(), sample_weight=WEIGHTS)
    wanted = []
    for epoch in range(2):
        plan = BatchPlan(LENGTHS + 1, 7)
        batches = plan.batches(np.random.default_rng([several.network_.seed, epoch]))
        wanted += [rows.tolist() for rows in batches]
    with devices().scope():
        inside = several.predict_proba(X)
        (explained,) = skrnn.explain(several, X[:1])
        (folder / "inside.pickle").write_bytes(pickle.dumps(several.set_params(callbacks=None)))
        skrnn.save(several, folder / "inside.skrnn")
        loaded = skrnn.load(folder / "inside.skrnn").predict_proba(X)
    np.save(folder / "inside.npy", inside)
    (outside,) = skrnn.explain(several, X[:1])
    return compared(one, several) | {
        "shares": noted.shares,
        "batches": wanted,
        "devices": sorted(device[-5:] for device in noted.devices),
        "mirrored": noted.mirrored,
        "inside": bool((inside == several.predict_proba(X)).all()),
        "explained": bool((explained.values == outside.values).all()),
        "loaded": bool((inside == loaded).all()),
        "plain": [type(v.value).__name__ for v in several.model_.weights],
        "clipping": compared(one, train(unclipped, sample_weight=WEIGHTS))["weights"],
    }


def defaults(folder):
    """The default network, its noise and n-grams, on three classes; twice on two devices."""
    network = RNNClassifier(
        units=4,
        embedding_dim=4,
        epochs=3,
        batch_size=9,
        learning_rate=0.01,
        early_stopping=True,
        n_iter_no_change=1,
        random_state=0,
    )
    classes = np.array(["a", "b", "c"])[LENGTHS % 3]
    given = {"Y": classes, "X_val": X[:20], "y_val": classes[:20]}
    one = train(clone(network), **given)
    several, again = (train(clone(network), devices(), **given) for _ in range(2))
    return compared(one, several) | {"same_bytes": as_bytes(several) == as_bytes(again)}


def few(folder):
    """Batches of two rows and one, of three labels each, on three devices."""
    labels = np.stack([LENGTHS % 2, LENGTHS > 3, Y], axis=1).astype(int)
    parameters = SMALL | STEEP | NOISE | {"global_clipnorm": None}
    network = RNNClassifier(**parameters, batch_size=2)
    one = train(clone(network), None, X[:9], labels[:9])
    return compared(one, train(clone(network), devices(3), X[:9], labels[:9]))


def labels(folder):
    """A weight for each label of a row: of three labels, and of two, as many as devices."""
    found = []
    for n_labels in (3, 2):
        y = np.stack([LENGTHS % 2, LENGTHS > 3, Y], axis=1).astype(int)[:, :n_labels]
        weights = [{0: 0.5, 1: 4}, 2, {1: 3}][:n_labels]
        network = RNNClassifier(**SMALL | STEEP, batch_size=5, class_weight=weights)
        given = {"Y": y, "sample_weight": WEIGHTS, "X_val": X[:9], "y_val": y[:9]}
        one = train(clone(network), **given)
        found.append(compared(one, train(clone(network), devices(), **given)))
    return {key: max(one[key] for one in found) for key in found[0]}


def three(folder):
    """Three devices, for numbers, with noise in the recurrence."""
    network = RNNClassifier(**SMALL | STEEP, batch_size=5).set_params(
        dropout=0.5, recurrent_dropout=0.3, units=(4, 3)
    )
    one = train(clone(network), None, NUMBERS, Y)
    return compared(one, train(clone(network), devices(3), NUMBERS, Y), NUMBERS)


def cells(folder):
    """LSTM and GRU in both directions, a gradient for each of their gates."""
    found = []
    for cell, pooling in (("lstm", "attention"), ("gru", "last")):
        parts = {"cell": cell, "pooling": pooling, "bidirectional": True}
        network = RNNClassifier(**SMALL | STEEP | NOISE | parts, batch_size=16)
        found.append(compared(train(clone(network)), train(clone(network), devices())))
    return {key: max(one[key] for one in found) for key in found[0]}


def further(folder):
    """From pretraining on one device to two, and back; by warm_start, partial_fit and chunks."""
    network = RNNClassifier(**SMALL | STEEP | NOISE, batch_size=8, warm_start=True)
    network.set_params(pretraining_epochs=1)
    chunks = [(X[:30], Y[:30]), (X[30:], Y[30:])]

    def run(strategy):
        classifier = train(clone(network))
        train(classifier, strategy).set_params(pretraining_epochs=0)
        steps = [lambda: classifier.partial_fit(X[:33], Y[:33])]
        steps.append(lambda: classifier.fit_chunks(chunks))
        for step in steps:
            if strategy is None:
                step()
                continue
            with strategy.scope():
                step()
        return train(classifier)

    return compared(run(None), run(devices()))


def networks(folder):
    """Two networks as one, of classes and of tags, each with noise and clipping of its own."""
    network = RNNClassifier(**SMALL | STEEP | NOISE, batch_size=9, n_networks=2)
    given = {"X_val": X[:20], "y_val": Y[:20]}
    one = train(clone(network), **given)
    found = compared(one, train(clone(network), devices(), **given))
    tags = [[f"{token % 3}" for token in row] for row in X]
    settings = {**SMALL, **STEEP, **NOISE, "batch_size": 8, "n_networks": 2}
    del settings["ngram_range"], settings["n_kernels"]
    tagger = RNNTagger(**settings, input="tokens")
    given = {"X": X, "Y": tags, "X_val": X[:20], "y_val": tags[:20]}
    pair = train(clone(tagger), **given), train(clone(tagger), devices(), **given)
    values = zip(*(one.network_.values for one in pair), strict=True)
    found["tags"] = max(float(np.abs(np.subtract(a, b, dtype=float)).max()) for a, b in values)
    found["tags_history"] = [pair[0].history_, pair[1].history_]
    return found


class Stop(Exception):
    """Ends a fit where a kill would."""


def resumed(folder):
    """A fit that was stopped within its second epoch, and goes on from its checkpoint."""
    network = RNNClassifier(**SMALL | STEEP | NOISE, batch_size=8)
    kept = clone(network).set_params(checkpoint=Checkpoint(folder / "kept", minutes=0))
    strategy, begin, resume = devices(), StateRecorder.on_train_batch_begin, Feed.resume
    n_batches, places = 0, []

    def stop(self, batch, logs=None):
        nonlocal n_batches
        n_batches += 1
        if n_batches == 12:
            raise Stop

    def note(self, epoch, batch):
        places.append((epoch, batch))
        resume(self, epoch, batch)

    StateRecorder.on_train_batch_begin, Feed.resume = stop, note
    try:
        train(clone(kept), strategy)
    except Stop:
        StateRecorder.on_train_batch_begin = begin
    on = train(clone(kept), strategy)
    Feed.resume = resume
    same = as_bytes(on) == as_bytes(train(clone(network), strategy))
    return compared(train(clone(network)), on) | {"same_bytes": same, "places": places}


class Asks(keras.callbacks.Callback):
    """Predicts and evaluates within a fit, and saves the model."""

    def __init__(self, folder):
        super().__init__()
        self.folder, self.answers = folder, []

    def on_epoch_end(self, epoch, logs=None):
        x = keras.utils.pad_sequences(X, padding="post")
        scores = self.model.evaluate(x[:7], Y[:7], batch_size=4, verbose=0)
        self.answers.append([*self.model.predict(x, verbose=0).ravel().tolist(), *scores])
        self.model.save(self.folder / "asked.keras")


def callbacks(folder):
    """Callbacks of the user's that use the model in training, and change its step size."""
    answers, fitted = [], []
    for strategy in (None, devices()):
        asks = Asks(folder)
        lower = keras.callbacks.ReduceLROnPlateau(monitor="loss", patience=0, min_delta=9.0)
        network = RNNClassifier(**SMALL | STEEP | NOISE | {"epochs": 3}, batch_size=8)
        network.set_params(callbacks=[asks, lower])
        fitted.append(train(network, strategy))
        answers.append(asks.answers)
    kept = keras.models.load_model(folder / "asked.keras")
    kept = kept.predict(keras.utils.pad_sequences(X, padding="post"), verbose=0).ravel()
    return compared(*fitted) | {
        "answers": float(np.abs(np.subtract(*answers)).max()),
        "saved": float(np.abs(kept - answers[1][-1][:-2]).max()),
        "rates": fitted[1].history_["learning_rate"],
    }


def ids(folder):
    """Ids beside each step, of which noise takes dimensions: rows of any length, tagged."""
    HEADS[TagsHead.kind] = TagsHead
    rows = [RNG.integers(2, 30, n).tolist() for n in RNG.integers(2, 9, 45)]
    tags = [[one % 3 for one in row] for row in rows]
    settings = {"cell": "rnn", "units": 4, "embedding_dim": 4, "epochs": 2, "random_state": 0}
    settings |= STEEP | NOISE | {"embeddings": None, "batch_size": 8}
    found = []
    for strategy in (None, devices()):
        tagger = TaggerByIds(**settings)
        tagger._kinds = ("ids", "id_scores")
        found.append(train(tagger, strategy, rows, tags))
    one, several = ([value.astype(float) for value in x.network_.values] for x in found)
    return {
        "weights": max(float(np.abs(a - b).max()) for a, b in zip(one, several, strict=True)),
        "history": [[float(x) for x in model.history_["loss"]] for model in found],
    }


SCENARIOS = [dealt, defaults, few, labels, three, cells, further, networks]
SCENARIOS += [resumed, callbacks, ids]

if __name__ == "__main__":
    folder, names = Path(sys.argv[1]), sys.argv[2:]
    print(json.dumps({f.__name__: f(folder) for f in SCENARIOS if f.__name__ in names}))

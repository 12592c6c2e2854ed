"""Estimators to export, with networks whose every part shows, and how they are compared.

Most networks are built and not trained: with weights far larger than training starts from, a
wrong order of gates, a mask that lets padding in or a swapped direction changes probabilities by
tenths, where 1e-5 is asked for.
"""

import copy
from dataclasses import replace
from functools import cache

import numpy as np
import pytest
from bare import ESTIMATOR
from sklearn.pipeline import make_pipeline

from skrnn import RNNClassifier, TextToSequence, make_reviews
from skrnn.onnx import pad_words

onnx = pytest.importorskip("onnx", reason="onnx is not installed: pip install 'skrnn[onnx]'")
ort = pytest.importorskip("onnxruntime", reason="needs onnxruntime to run what is exported")

VOCABULARY_SIZE, LONG = 30, 60


def start(model):
    """Check a model's structure and types, and open a session that logs nothing."""
    onnx.checker.check_model(model, full_check=True)
    options = ort.SessionOptions()
    options.log_severity_level = 4
    return ort.InferenceSession(
        model.SerializeToString(), options, providers=["CPUExecutionProvider"]
    )


def run(session, X):
    """Return labels and probabilities."""
    return session.run(["label", "probabilities"], {session.get_inputs()[0].name: X})


def assert_same(session, estimator, fed, X=None):
    """Hold the model's answers to `fed` against the estimator's to `X`."""
    X = fed if X is None else X
    label, probability = run(session, fed)
    wanted = estimator.predict_proba(X)
    np.testing.assert_allclose(probability, wanted, rtol=0, atol=1e-5)
    assert probability.dtype == np.float32
    predicted = estimator.predict(X)
    if predicted.ndim == 2:
        is_clear = np.abs(wanted - 0.5) > 1e-5
    else:
        ordered = np.sort(wanted, axis=1)
        is_clear = ordered[:, -1] - ordered[:, -2] > 1e-5
    assert is_clear.mean() > 0.9
    np.testing.assert_array_equal(label[is_clear], predicted[is_clear])
    return probability


def tokens(n_columns=LONG):
    """Return rows of all sorts, padded with zeros to `n_columns`, and in one zeros within."""
    rng = np.random.default_rng(1)
    lengths = [0, 1, LONG, 2, 17, 5, 31, 1, 3, 44, 8]
    X = np.zeros((len(lengths) + 3, n_columns), np.int32)
    for row, length in enumerate(lengths):
        X[row, :length] = rng.integers(1, VOCABULARY_SIZE, length)
    X[-3, :1] = 1  # one unknown word
    X[-2, :4] = 1  # four of them, read as one
    X[-1, [0, 3, 4, 11]] = [7, 1, 7, 12]
    return X


def series(n_channels, n_columns=LONG):
    """Return the same for numbers, NaN being padding; of two dimensions for 0 channels.

    Two rows have missing steps.
    """
    rng = np.random.default_rng(1)
    lengths = [0, 1, LONG, 2, 17, 5, 31, 3, 44]
    X = rng.normal(size=(len(lengths), n_columns, n_channels or 1))
    X[6, [0, 4, 5]] = X[7, 1] = np.nan
    X[np.arange(n_columns) >= np.array(lengths)[:, np.newaxis]] = np.nan
    return X if n_channels else X[..., 0]


def randomize(model):
    """Give a network weights by which every gate, direction and step shows in the output."""
    rng = np.random.default_rng(0)
    for weight in model.weights:
        if "seed_generator" in weight.path:
            continue
        spread = 1.0
        if weight.name in ("kernel", "query"):
            spread = 2.0 / np.sqrt(weight.shape[0])
        elif weight.name == "recurrent_kernel":
            spread = 1.0 / np.sqrt(weight.shape[0])  # less than chaos, which would grow rounding
        weight.assign(rng.normal(0, spread, weight.shape).astype(np.float32))


def with_network(fitted, X, **changes):
    """Return an estimator as `fitted`, with another network and random weights.

    Its logits for `X` have mean 0 and deviation 1: far out, probabilities hardly change.
    """
    from skrnn.training.fit import initial_network

    one = copy.copy(fitted)
    one.network_ = initial_network(replace(fitted.network_.description, **changes), seed=0)
    randomize(one.model_)
    logits = one.decision_function(X).reshape(len(one.predict(X)), -1)
    mean, scale = logits.mean(axis=0), 1 / logits.std(axis=0)
    dense = one.model_.get_layer("recurrent_logits" if one.ngrams_ else "logits")
    dense.kernel.assign(dense.kernel * scale)
    dense.bias.assign((dense.bias - mean) * scale)
    if one.ngrams_:
        weight = one.model_.get_layer("logits").weight
        weight.assign(weight * scale)
    return one


def small(**parameters):
    """Return a small estimator without n-grams, corpus vectors and dropout."""
    given = {"units": 3, "embedding_dim": 4, "epochs": 1, "random_state": 0, **parameters}
    return RNNClassifier(**{**ESTIMATOR, **given})


def dealt(n_classes, n_samples):
    """Return labels of so many classes, each often."""
    return np.arange(n_samples) % n_classes


@cache
def fitted_on_tokens():
    """Return an estimator on tokens; for all networks, which write over what it learned."""
    X = tokens()
    return small(vocabulary_size=VOCABULARY_SIZE).fit(X, dealt(2, len(X)))


@cache
def fitted_on_series(n_channels, scaling=None):
    """Return an estimator on so many channels, 0 being a table, whose X has two dimensions."""
    X = series(n_channels)
    return small(scaling=scaling).fit(X, dealt(2, len(X)))


@cache
def fitted_on_reviews():
    """Return the default estimator in its pipeline, but narrow, on string labels; and reviews."""
    reviews, labels = make_reviews(150, random_state=0)
    classifier = RNNClassifier(units=8, embedding_dim=16, epochs=1, random_state=0)
    pipe = make_pipeline(TextToSequence(), classifier)
    return pipe.fit(reviews, np.where(labels, "favourable", "bad")), reviews


def as_words(text, documents):
    """Return documents as the exported pipeline takes them."""
    return pad_words(map(text.build_analyzer(), documents))

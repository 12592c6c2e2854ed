"""RNNClassifier's predictions: of a row alone, whatever its neighbours, padding and container.

Each test's docstring says what a wrong implementation would fail on.
"""

import numpy as np
import pandas as pd
import polars as pl
import pytest
import scipy.sparse as sp
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.pipeline import make_pipeline

from skrnn import RNNClassifier, TextToSequence
from skrnn.kernels.engine import engine
from tests.repeats import some

rng = np.random.default_rng(0)
ROWS = [rng.integers(2, 30, n).tolist() for n in rng.integers(1, 25, 300)]
Y = np.array([row[0] > row[-1] for row in ROWS])


def dense(rows, width=None):
    width = width or max(map(len, rows))
    return np.array([[*row, *[0] * (width - len(row))] for row in rows])


@pytest.fixture(scope="module", params=some(["max", "last"], "last"))
def model(request):
    # Bidirectional: the backward reading meets the padding first.
    network = RNNClassifier(
        "lstm",
        8,
        embedding_dim=8,
        ngram_range=None,
        pooling=request.param,
        epochs=2,
        batch_size=64,
        learning_rate=0.02,
        random_state=0,
    )
    return network.fit(ROWS, Y)


def assert_close(found, expected):
    np.testing.assert_allclose(found, expected, rtol=1e-6, atol=1e-6)


def assert_same(found, expected):
    """The same bytes with the kernels; without Numba, to rounding."""
    if engine() == "numba":
        assert found.tobytes() == expected.tobytes()
    else:
        assert_close(found, expected)


def test_neighbours_and_batches_do_not_matter(model):
    """Fails if padding leaks into the states, or a sum's order goes with the row's place."""
    together = model.decision_function(ROWS)
    alone = np.concatenate([model.decision_function([row]) for row in ROWS[:40]])
    assert_same(alone, together[:40])
    order = np.random.default_rng(1).permutation(len(ROWS))
    assert_same(model.decision_function([ROWS[i] for i in order]), together[order])
    long = model.decision_function([*ROWS, list(range(2, 30)) * 100])  # a very long neighbour
    assert_same(long[:-1], together)


@pytest.mark.parametrize("n_classes", some([2, 3, 11], 3))
def test_probabilities_are_the_same_bytes(n_classes):
    """Fails if a softmax adds up its classes in an order that goes with the number of rows."""
    network = RNNClassifier(
        "gru", 4, embedding_dim=4, embeddings=None, ngram_range=(1, 1), epochs=1, random_state=0
    )
    network.fit(ROWS, np.arange(len(ROWS)) % n_classes)
    together = network.predict_proba(ROWS)
    assert_same(np.concatenate([network.predict_proba([row]) for row in ROWS[:60]]), together[:60])
    for n in (2, 3, 7, 16, 33, 100):
        assert_same(network.predict_proba(ROWS[:n]), together[:n])
    order = np.random.default_rng(1).permutation(len(ROWS))
    assert_same(network.predict_proba([ROWS[i] for i in order]), together[order])


@pytest.mark.parametrize(
    "container",
    [
        dense,
        lambda rows: dense(rows, 90),
        lambda rows: dense([[0, *row[:1], 0, 0, *row[1:]] for row in rows]),
        lambda rows: dense(rows).astype(np.uint8),
        lambda rows: sp.csr_array(dense(rows)),
        lambda rows: sp.csc_matrix(dense(rows)),
        lambda rows: np.array([np.array(row) for row in rows], dtype=object),
        lambda rows: pd.DataFrame(dense(rows)),
        lambda rows: pl.DataFrame(dense(rows)),
    ],
    ids=["dense", "wide", "zeros", "uint8", "csr", "csc", "object", "pandas", "polars"],
)
@pytest.mark.filterwarnings("ignore:X has feature names")
def test_containers_do_not_matter(model, container):
    """Fails if a container is read in another order, or zeros count as steps."""
    expected = model.decision_function(ROWS)
    assert model.decision_function(container(ROWS)).tobytes() == expected.tobytes()


def test_training_is_the_same_from_every_container(model):
    """Fails if the container decides about batches, or the size of the vocabulary."""
    for container in (dense, lambda rows: sp.csr_array(dense(rows, 60))):
        other = clone(model).fit(container(ROWS), Y)
        assert other.decision_function(ROWS).tobytes() == model.decision_function(ROWS).tobytes()


def test_numeric_padding_and_containers_do_not_matter():
    """Fails if NaN steps count, or one channel is read as steps."""
    series = [rng.normal(size=(n, 2)).astype(np.float32) for n in rng.integers(1, 9, 60)]
    labels = np.array([row[0, 0] > row[-1, 1] for row in series])
    padded = np.full((60, 12, 2), np.nan)
    for i, row in enumerate(series):
        padded[i, : len(row)] = row
    network = RNNClassifier("rnn", 4, epochs=1, random_state=0).fit(padded, labels)
    expected = network.decision_function(series)
    assert network.decision_function(padded).tobytes() == expected.tobytes()
    assert network.decision_function(padded.astype(np.float32)).tobytes() == expected.tobytes()
    assert_close(np.concatenate([network.decision_function([row]) for row in series]), expected)


def test_what_says_nothing_gets_one_prediction(model):
    """Fails if an empty document crashes, or differs from one of unknown words or by place."""
    nothing = [[], [1], [1, 1, 1], [0, 0, 1, 0], [0]]
    alone = [model.decision_function([row]) for row in nothing]
    assert len({value.tobytes() for value in alone}) == 1
    among = model.decision_function([*nothing, *ROWS])[: len(nothing)]
    assert_close(among, np.concatenate(alone))
    empty = sp.csr_array((2, 7), dtype=np.int32)
    assert_close(model.decision_function(empty), np.concatenate(alone[:2]))


def test_empty_documents_in_a_pipeline():
    """Fails if the tokenizer's empty row is an error in training or at predict."""
    documents = ["good film", "bad film", "", "good", "bad", "!?" * 0, "zzz"] * 5
    labels = ["pos", "neg", "neg", "pos", "neg", "neg", "neg"] * 5
    network = RNNClassifier("rnn", 4, embedding_dim=4, epochs=1, random_state=0)
    pipe = make_pipeline(TextToSequence(max_features=3), network).fit(documents, labels)
    found = pipe.predict_proba(["", "never seen", " ", "good"])
    assert found[0].tobytes() == found[1].tobytes() == found[2].tobytes() != found[3].tobytes()


def test_one_row_and_no_row(model):
    """Fails if one row loses its axis, as in scikeras, or no row is answered."""
    assert model.predict_proba(ROWS[:1]).shape == (1, 2)
    assert model.decision_function(ROWS[:1]).shape == model.predict(ROWS[:1]).shape == (1,)
    with pytest.raises(ValueError, match="0 sample"):
        model.predict(dense(ROWS)[:0])


def test_parameters_set_after_fit_wait_for_the_next_fit(model):
    """Fails if a prediction reads a constructor's parameter, such as units, instead of the fit."""
    expected = model.predict_proba(ROWS).tobytes()
    parameters = model.get_params()
    model.set_params(
        units=3, cell="gru", batch_size=7, input="numeric", vocabulary_size=5, pooling="mean"
    )
    assert model.predict_proba(ROWS).tobytes() == expected
    model.set_params(**parameters)


def test_model_is_the_network_that_predicts(model):
    """Fails if `model_` is a copy: its output and summary must be the estimator's."""
    lengths = {}
    model.model_.summary(print_fn=lambda line: lengths.setdefault("text", line))
    assert "lstm" in lengths["text"]
    found = model.model_.predict(dense(ROWS), verbose=0)[:, 0]
    np.testing.assert_allclose(found, model.predict_proba(ROWS)[:, 1], atol=1e-6)
    saved = model.model_.get_weights()
    before = model.decision_function(ROWS)
    model.model_.set_weights([weight * 0 for weight in saved])
    assert (model.decision_function(ROWS) == 0).all()
    model.model_.set_weights(saved)
    assert model.decision_function(ROWS).tobytes() == before.tobytes()


@pytest.mark.parametrize("method", ["predict", "predict_proba", "decision_function", "model_"])
def test_before_fit(method):
    """Fails if what needs a fit gives anything else than scikit-learn's error."""
    network = RNNClassifier()
    if method == "model_":
        assert not hasattr(network, "model_")
    else:
        with pytest.raises(NotFittedError):
            getattr(network, method)(ROWS)

"""Weights are relative: multiplied by a constant, they train the same network.

What training gets is compared for every way in; some networks are trained to the end. Before,
weights that sum to 1 turned training off.
"""

import copy
import pickle

import numpy as np
import pytest

import skrnn
from skrnn import RNNClassifier
from skrnn.estimators.weights import mean_weight, relative
from skrnn.training.fit import Trainer
from tests.repeats import some

rng = np.random.default_rng(0)
X = np.array([rng.permutation(6) + 2 for _ in range(120)])
Y = ((X == 3).argmax(axis=1) < (X == 4).argmax(axis=1)).astype(int)
LABELS = np.stack([Y, rng.random(120) < 0.2, rng.random(120) < 0.1], axis=1).astype(int)
WEIGHTS = rng.uniform(0.2, 3, 120)
WEIGHTS[::7] = 0
# Exactly the same, or up to rounding.
EXACT = [2.0**-1000, 2.0**-20, 2.0, 2.0**900]
ROUNDED = [1e-300, 1e-6, 1 / WEIGHTS.sum(), 3, 1e300]
SMALL = {
    "cell": "rnn", "units": 3, "embedding_dim": 4, "embeddings": None, "ngram_range": (1, 1),
    "random_state": 0,
}  # fmt: skip


def small(**parameters):
    return RNNClassifier(**{**SMALL, "epochs": 1, **parameters})


# --- The division -------------------------------------------------------------------------


@pytest.mark.parametrize("constant", EXACT + ROUNDED)
@pytest.mark.parametrize("shape", [(120,), (40, 3)], ids=["rows", "labels"])
def test_a_constant_changes_nothing(constant, shape):
    """Fails if a sum overflows, a small weight becomes 0, or the mean counts zeros."""
    weights = WEIGHTS.reshape(shape)
    expected = relative(weights, mean_weight(weights))
    assert expected[expected > 0].mean() == pytest.approx(1, abs=1e-6)
    scaled = weights * constant
    found = relative(scaled, mean_weight(scaled))
    assert found.dtype == np.float32
    if constant in EXACT:
        assert found.tobytes() == expected.tobytes()
    np.testing.assert_allclose(found, expected, rtol=2e-7)


@pytest.mark.parametrize("constant", [*EXACT, *ROUNDED, 5e-324, 1.7e308, 0.1])
def test_equal_weights_are_exactly_none(constant):
    """Fails if rounding turns equal weights into others than 1."""
    for n in (1, 3, 600):
        weights = np.full(n, constant)
        assert relative(weights, mean_weight(weights)).tolist() == [1.0] * n


@pytest.mark.parametrize(
    ("weights", "unit", "message"),
    [
        ([0.0, 0.0], None, "weights of all rows.*are zero"),
        ([1.0, np.inf], None, "larger than the largest float64. Divide"),
        ([1e300, 1.0], 1e-3, "is 1e.300, too large.*mean weight was 0.001 when"),
        ([1e-300, 1e-299], 1.0, "are 1e-299 or less, too small.*mean weight was 1 when"),
    ],
)
def test_what_cannot_be_divided(weights, unit, message):
    with pytest.raises(ValueError, match=message):
        relative(np.array(weights), mean_weight(np.array(weights)) if unit is None else unit)


# --- What training gets -------------------------------------------------------------------


class Trained(Exception):
    """Ends a fit where its training would begin."""


@pytest.fixture
def what_is_trained(monkeypatch):
    """A function that calls a method up to the training; returns weights, n-grams and unit."""

    def what(model, method, *args, **kwargs):
        taken = []

        def take(self, network, data, plan, history=None):
            chunks = getattr(data.sequences, "read", None)
            read = [data.weights] if chunks is None else [one[2] for one in chunks()]
            taken.extend(read if data.validation is None else [*read, data.validation[2]])
            inputs = [] if chunks is not None else data.sequences.row_inputs.values()
            taken.extend(inputs)
            raise Trained

        with monkeypatch.context() as patch, pytest.raises(Trained):
            patch.setattr(Trainer, "fit", take)
            getattr(model, method)(*args, **kwargs)
        return taken

    return what


HALVES = np.arange(120) % 2 == 0


def chunks(weights):
    """Two chunks; the first has the weights of half of the rows."""
    return [(X[some], Y[some], weights[some]) for some in (HALVES, ~HALVES)]


WAYS = {
    "fit": ({}, "fit", lambda w: (X, Y, w)),
    "balanced": ({"class_weight": "balanced"}, "fit", lambda w: (X, Y, w)),
    "dict": ({"class_weight": {0: 1, 1: 5}}, "fit", lambda w: (X, Y, w)),
    "held out": ({"early_stopping": True}, "fit", lambda w: (X, Y, w)),
    "validation": ({"early_stopping": True}, "fit", lambda w: (X, Y, w, X[:9], Y[:9])),
    "several labels": ({}, "fit", lambda w: (X, LABELS, w)),
    "balanced labels": (
        {"class_weight": "balanced", "early_stopping": True},
        "fit",
        lambda w: (X, LABELS, w),
    ),
    "validation of labels": (
        {"class_weight": [1, {1: 7}, 2]},
        "fit",
        lambda w: (X, LABELS, w, X[:9], LABELS[:9]),
    ),
    "partial_fit": ({}, "partial_fit", lambda w: (X, Y, None, w)),
    "fit_chunks": ({}, "fit_chunks", lambda w: (chunks(w),)),
    "chunks with classes' weights": (
        {"class_weight": {0: 1, 1: 5}},
        "fit_chunks",
        lambda w: (chunks(w),),
    ),
    "no n-grams": ({"ngram_range": None}, "fit", lambda w: (X, Y, w)),
}


# The others differ from these in one respect each.
BY_DEFAULT = {"validation", "fit_chunks", "partial_fit"}


@pytest.mark.parametrize(
    ("parameters", "method", "arguments"),
    [
        pytest.param(*way, id=name, marks=() if name in BY_DEFAULT else pytest.mark.slow)
        for name, way in WAYS.items()
    ],
)
def test_every_way_in(what_is_trained, parameters, method, arguments):
    """Fails if the scale of the weights reaches rows, labels, n-grams, validation or chunks."""
    expected = what_is_trained(small(**parameters), method, *arguments(WEIGHTS))
    assert all(len(one) for one in expected)
    for constant in (EXACT[0], EXACT[-1]):
        found = what_is_trained(small(**parameters), method, *arguments(WEIGHTS * constant))
        assert [one.tobytes() for one in found] == [one.tobytes() for one in expected]
    found = what_is_trained(small(**parameters), method, *arguments(WEIGHTS / WEIGHTS.sum()))
    for one, two in zip(found, expected, strict=True):
        np.testing.assert_allclose(one, two, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("constant", some([1e-300, 1e300], 1e-300))
@pytest.mark.parametrize("y", [Y, LABELS], ids=["classes", "labels"])
def test_weights_of_classes_have_no_scale_either(what_is_trained, constant, y):
    """Fails if a class_weight of 1e-3 for all classes trains less."""
    names = range(2) if y.ndim == 1 else range(3)
    weights = {name: 1.0 + name for name in names}
    scaled = {name: weight * constant for name, weight in weights.items()}
    expected = what_is_trained(small(class_weight=weights), "fit", X, y)
    found = what_is_trained(small(class_weight=scaled), "fit", X, y)
    for one, two in zip(found, expected, strict=True):
        np.testing.assert_allclose(one, two, rtol=1e-4, atol=1e-4)


def test_validation_rows_have_weight_one(what_is_trained):
    """Fails if rows of X_val are weighted as if they were lighter than those they stand for."""
    for y in (Y, LABELS):
        model = small(class_weight="balanced")
        *_, validation, _ = what_is_trained(model, "fit", X, y, WEIGHTS, X[:9], y[:9])
        assert validation.shape[0] == 9 and (validation == 1).all()


@pytest.mark.slow
def test_one_unit_for_all_calls(what_is_trained):
    """Fails if each part is divided by a mean of its own, or a copy forgets the first one."""
    model = small(ngram_range=None)
    model.partial_fit(X, Y, sample_weight=WEIGHTS * 1e-9)
    unit = WEIGHTS[WEIGHTS > 0].mean()
    later = WEIGHTS[WEIGHTS > 0][:60] * 4
    copies = [model, copy.deepcopy(model), pickle.loads(pickle.dumps(model))]
    for one in copies:
        (found,) = what_is_trained(one, "partial_fit", X[:60], Y[:60], None, later * 1e-9)
        np.testing.assert_allclose(found, later / unit, rtol=1e-6)
    # A `fit` is a new beginning, also if it goes on with the weights of the network.
    model.warm_start = True
    (found,) = what_is_trained(model, "fit", X[:60], Y[:60], later)
    np.testing.assert_allclose(found, later / later.mean(), rtol=1e-6)
    first, second = what_is_trained(small(), "fit_chunks", chunks(WEIGHTS * 1e-9))
    unit = WEIGHTS[HALVES & (WEIGHTS > 0)].mean()
    expected = WEIGHTS[~HALVES & (WEIGHTS > 0)] / unit
    np.testing.assert_allclose(second, expected, rtol=1e-6)
    assert first.mean() == pytest.approx(1)
    for light in (1e-300, 1e-60):
        with pytest.raises(ValueError, match="too small to train on.*unit of the first call"):
            copies[1].partial_fit(X, Y, sample_weight=np.full(120, light))
    with pytest.raises(ValueError, match="In chunk 1: .*too large"):
        heavy = [(X, Y, WEIGHTS * 1e-30), (X, Y, WEIGHTS * 1e30)]
        small().fit_chunks(heavy)


@pytest.mark.slow
def test_the_unit_is_in_files(tmp_path, what_is_trained):
    """Fails if a loaded model takes another unit; an earlier file has none, and takes the next."""
    model = small().partial_fit(X, Y, sample_weight=WEIGHTS * 1e-9)
    skrnn.save(model, tmp_path / "model.skrnn")
    found = what_is_trained(
        skrnn.load(tmp_path / "model.skrnn"), "partial_fit", X, Y, None, WEIGHTS * 3e-9
    )
    assert found[0].mean() == pytest.approx(3)
    del model._weight_unit
    skrnn.save(model, tmp_path / "old.skrnn")
    old = skrnn.load(tmp_path / "old.skrnn")
    found = what_is_trained(old, "partial_fit", X, Y, None, WEIGHTS * 3e-9)
    assert found[0].mean() == pytest.approx(1)


@pytest.mark.parametrize("method", ["fit", "partial_fit", "fit_chunks"])
def test_an_overflow_is_an_error(method):
    """Fails if weights that are too large are trained on as infinity, or warn from NumPy."""
    model = small(class_weight={0: 1e300, 1: 1})
    arguments = (X, Y)
    if method == "fit_chunks":
        arguments = ([(X, Y, np.full(120, 1e300))],)
    else:
        model_weights = np.full(120, 1e300)
    with pytest.raises(ValueError, match="larger than the largest float64. Divide the weights"):
        if method == "fit_chunks":
            model.fit_chunks(*arguments)
        else:
            getattr(model, method)(*arguments, sample_weight=model_weights)


# --- Trained to the end -------------------------------------------------------------------


def trained(weights, y=Y, **parameters):
    settings = {"epochs": 2, "early_stopping": True, "ngram_range": None if y.ndim > 1 else (1, 1)}
    model = small(**settings, **parameters).fit(X, y, sample_weight=weights)
    return [one.tobytes() for one in model.network_.values], model.history_


@pytest.mark.slow
@pytest.mark.parametrize("y", [Y, LABELS])
def test_the_same_network(y):
    """Fails if weights, losses or the kept epoch depend on the scale."""
    none = trained(None, y)
    for constant in (1 / 600, 1e-300):
        assert trained(np.full(120, constant), y) == none
    weighted = trained(WEIGHTS, y, class_weight="balanced")
    assert weighted[0] != none[0]
    assert trained(WEIGHTS * 2.0**-30, y, class_weight="balanced") == weighted
    near = trained(WEIGHTS * 1e-6, y, class_weight="balanced")
    for key, values in weighted[1].items():
        np.testing.assert_allclose(near[1][key], values, rtol=1e-3, atol=1e-6)

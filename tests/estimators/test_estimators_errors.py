"""Bad input to RNNClassifier: a clear error, and the estimator as it was.

The error names the row or parameter, what came and what is wanted. Each case fails if the error
comes from somewhere inside Keras or NumPy instead, or if there is none.
"""

import keras
import numpy as np
import pandas as pd
import pytest
import scipy.sparse as sp
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.pipeline import make_pipeline

from skrnn import RNNClassifier, TextToSequence
from tests.repeats import every

rng = np.random.default_rng(0)
X = np.array([rng.permutation(6) + 2 for _ in range(60)])
Y = (X == 3).argmax(axis=1) < (X == 4).argmax(axis=1)
SERIES = rng.normal(size=(60, 5, 2))


def small(**parameters):
    settings = {"cell": "rnn", "units": 4, "embedding_dim": 4, "epochs": 1, "random_state": 0}
    return RNNClassifier(**{**settings, **parameters})


def put(array, place, value):
    array = array.astype(float)
    array[place] = value
    return array


def everything(model):
    """All that a failed call could have changed."""
    state = {key: value for key, value in vars(model).items() if key != "network_"}
    if hasattr(model, "network_"):
        state["weights"] = [v.numpy().tobytes() for v in model.model_.variables]
        state["slots"] = [slot.tobytes() for slot in model._optimizer_state]
        state["history"] = {key: list(values) for key, values in model.history_.items()}
    return repr(state)


@pytest.fixture(scope="module")
def of_tokens():
    return small().fit(X, Y)


@pytest.fixture(scope="module")
def of_numbers():
    return small().fit(SERIES, Y)


def raises_and_leaves(model, match, method, *args, **kwargs):
    before = everything(model)
    with pytest.raises((ValueError, TypeError), match=match):
        getattr(model, method)(*args, **kwargs)
    assert everything(model) == before


# --- Sequences ----------------------------------------------------------------------------

BAD_TOKENS = {
    "bare string": ("not bad at all", "single str as X, 'not bad at all'.*TextToSequence"),
    "texts": (["not bad"] * 60, "row 0 of X is the str 'not bad'.*make_pipeline"),
    "array of texts": (np.array(["not bad"] * 60), "row 0 of X is the str_? 'not bad'"),
    "lists of words": ([["not", "bad"]] * 60, "str|string"),
    "bytes": ([b"bad"] * 60, "row 0 of X is the bytes b'bad'"),
    "none": (None, "None|NoneType"),
    "no rows": (np.empty((0, 5), dtype=int), "0 sample"),
    "negative": (put(X, (7, 2), -1).astype(int), "negative in row 7 of X: -1"),
    "infinite": (put(X, (7, 2), np.inf), "not finite in row 7 of X: inf"),
    "missing": (put(X, (7, 2), np.nan), "not finite in row 7 of X: nan"),
    "fractional": (put(X, (7, 2), 2.5), "fractional in row 7 of X: 2.5"),
    "fractional sparse": (sp.csr_array(put(X, (7, 2), 2.5)), "fractional in row 7"),
    "too large": (put(X, (7, 2), 2**40).astype(np.int64), "beyond 32 bits in row 7"),
    "three axes": (np.ones((60, 4, 2), dtype=int), r"token ids of shape \(60, 4, 2\)"),
    "one axis": (np.arange(60), "[Rr]eshape|shape"),
}


@pytest.mark.parametrize("case", BAD_TOKENS)
def test_bad_tokens(of_tokens, case):
    rows, match = BAD_TOKENS[case]
    model = small(input="tokens")
    raises_and_leaves(model, match, "fit", rows, Y)
    with pytest.raises(NotFittedError):
        model.predict(X)
    raises_and_leaves(of_tokens, match, "predict", rows)
    raises_and_leaves(of_tokens, match, "partial_fit", rows, Y)
    of_tokens.set_params(input="tokens")
    raises_and_leaves(of_tokens, match, "fit", rows, Y)
    of_tokens.set_params(input="auto")


def test_ids_outside_the_vocabulary(of_tokens):
    rows = put(X, (7, 2), 8).astype(int)
    match = r"the id 8 in row 7 of X, outside its vocabulary of 8 ids \(0 to 7\).*vocabulary_size"
    raises_and_leaves(of_tokens, match, "predict", rows)
    raises_and_leaves(of_tokens, match, "partial_fit", rows, Y)
    raises_and_leaves(small(vocabulary_size=8), match, "fit", rows, Y)


BAD_NUMBERS = {
    "infinite": (put(SERIES, (7, 2, 1), np.inf), "infinity.*row 7|row 7.*infinity"),
    "far": (put(SERIES, (7, 2, 1), 1e300), "too large: row 7, time step 2, channel 1, is 1e.300"),
    "other channels": (SERIES[:, :, :1], "X has 1 channels.*fitted with 2"),
    "four axes": (SERIES[..., np.newaxis], r"\(60, 5, 2, 1\)"),
}


@pytest.mark.parametrize("case", BAD_NUMBERS)
def test_bad_numbers(of_numbers, case):
    rows, match = BAD_NUMBERS[case]
    if case not in ("other channels", "far"):  # a fit scales by what it sees
        raises_and_leaves(small(), match, "fit", rows, Y)
        raises_and_leaves(of_numbers, match, "fit", rows, Y)
    raises_and_leaves(of_numbers, match, "predict", rows)
    raises_and_leaves(of_numbers, match, "partial_fit", rows, Y)


def test_other_width_of_plain_series():
    model = small().fit(SERIES[:, :, 0], Y)
    raises_and_leaves(model, "X has 4 features.*expecting 5 features", "predict", SERIES[:, :4, 0])


# --- Targets and weights ------------------------------------------------------------------

BAD_TARGETS = {
    "missing": ({"y": None}, "y to be passed, but the target y is None"),
    "short": ({"y": Y[:-1]}, r"inconsistent numbers of samples: \[60, 59\]"),
    "one class": ({"y": ["pos"] * 60}, "one class only: .*'pos'"),
    "nan": ({"y": put(Y, 3, np.nan)}, "NaN"),
    "fractions": ({"y": rng.random(60)}, "continuous"),
    "mixed types": ({"y": np.array([1, "a"] * 30, dtype=object)}, "y|label"),
    "continuous columns": ({"y": rng.random((60, 2))}, r"shape \(60, 2\).*indicator"),
    "negative weight": ({"y": Y, "sample_weight": put(np.ones(60), 3, -1)}, "[Nn]egative"),
    "nan weight": ({"y": Y, "sample_weight": put(np.ones(60), 3, np.nan)}, "sample_weight.*NaN"),
    "short weights": ({"y": Y, "sample_weight": np.ones(59)}, "sample_weight.shape"),
    "no weight": ({"y": Y, "sample_weight": np.zeros(60)}, "at least one non-zero"),
}


@pytest.mark.parametrize("case", BAD_TARGETS)
def test_bad_targets_and_weights(of_tokens, case):
    arguments, match = BAD_TARGETS[case]
    for model in (small(), of_tokens):
        raises_and_leaves(model, match, "fit", X, **arguments)
        raises_and_leaves(model, ".", "partial_fit", X, **arguments)


def test_other_targets_than_before(of_tokens):
    raises_and_leaves(of_tokens, "'maybe' in row 0", "partial_fit", X, ["maybe"] * 60)
    indicator = np.stack([Y, ~Y, Y], axis=1).astype(int)
    raises_and_leaves(of_tokens, "3 columns.*fitted on 1", "partial_fit", X, indicator)
    raises_and_leaves(small(), "2 classes", "partial_fit", X, Y, classes=[True])


def test_bad_validation_rows():
    """Fails if it is not told that the rows are those of X_val."""
    match = "In X_val: .*id 12 in row 0.*Pipeline transforms X_val"
    raises_and_leaves(small(), match, "fit", X, Y, X_val=X + 5, y_val=Y)
    match = "In X_val, y_val: (?!.*Pipeline)"
    raises_and_leaves(small(), match + ".*label", "fit", X, Y, X_val=X, y_val=["maybe"] * 60)
    raises_and_leaves(small(), match + ".*inconsistent", "fit", X, Y, X_val=X, y_val=Y[:9])


def test_weights_of_classes():
    indicator = np.stack([Y, ~Y, Y], axis=1).astype(int)
    match = "class_weight.*several labels.*sample_weight"
    raises_and_leaves(small(class_weight={0: 2}), match, "fit", X, indicator)
    raises_and_leaves(small(class_weight={"a": 2}), "not in class_weight", "fit", X, Y)
    nothing = {False: 0, True: 0}
    raises_and_leaves(small(class_weight=nothing), "weights of all rows.*are zero", "fit", X, Y)
    raises_and_leaves(
        small(class_weight="balanced"), "partial_fit.*compute_class_weight", "partial_fit", X, Y
    )


# --- Parameters ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("parameters", "match"),
    [
        ({"cell": "transformer"}, r"'cell' parameter.*'lstm'.*Got 'transformer'"),
        ({"pooling": "min"}, "'pooling' parameter.*Got 'min'"),
        ({"units": 0}, "'units' parameter.*Got 0"),
        ({"units": (8, 0)}, r"'units' parameter.*Got \(8, 0\)"),
        ({"units": ()}, r"'units' parameter.*Got \(\)"),
        ({"units": (8, 2.5)}, r"'units' parameter.*Got \(8, 2.5\)"),
        ({"epochs": 0}, "'epochs' parameter.*Got 0"),
        ({"epochs": 1.5}, "'epochs' parameter.*Got 1.5"),
        ({"batch_size": 0}, "'batch_size' parameter.*Got 0"),
        ({"embedding_dim": 0}, "'embedding_dim' parameter.*Got 0"),
        ({"dropout": 1.0}, "'dropout' parameter.*Got 1.0"),
        ({"learning_rate": 0}, "'learning_rate' parameter.*Got 0"),
        ({"global_clipnorm": 0}, "'global_clipnorm' parameter.*Got 0"),
        ({"validation_fraction": 1.0}, "'validation_fraction' parameter.*Got 1.0"),
        ({"n_iter_no_change": 0}, "'n_iter_no_change' parameter.*Got 0"),
        ({"class_weight": "balance"}, "'class_weight' parameter.*Got 'balance'"),
        ({"callbacks": "stop"}, "'callbacks' parameter.*Got 'stop'"),
        ({"random_state": "zero"}, "'random_state' parameter.*Got 'zero'"),
        ({"input": "text"}, "'input' parameter.*Got 'text'"),
        ({"vocabulary_size": 1}, "'vocabulary_size' parameter.*Got 1"),
        ({"optimizer": "adamant"}, "'optimizer' parameter.*'adamant'.*'adam'"),
        ({"optimizer": None}, "'optimizer' parameter.*Got None"),
    ],
)
def test_bad_parameters(of_tokens, parameters, match):
    raises_and_leaves(small(**parameters), match, "fit", X, Y)
    before = {name: of_tokens.get_params()[name] for name in parameters}
    of_tokens.set_params(**parameters)
    raises_and_leaves(of_tokens, match, "fit", X, Y)
    of_tokens.set_params(**before)


# --- Failing half-way ---------------------------------------------------------------------


class Failing(keras.callbacks.Callback):
    """Fail, as the terminal's Ctrl-C does, in the middle of training."""

    def on_train_batch_end(self, batch, logs=None):
        raise KeyboardInterrupt


@pytest.mark.parametrize("warm_start", [pytest.param(False, marks=pytest.mark.slow), True])
@pytest.mark.slow
def test_an_interrupted_fit(warm_start):
    """Fails if half-trained weights, a history or a class is left on the estimator."""
    model = small(warm_start=warm_start).fit(X, Y)
    model.set_params(callbacks=[Failing()])
    before = everything(model)
    with pytest.raises(KeyboardInterrupt):
        model.fit(X, Y)
    assert everything(model) == before
    assert model.callbacks[0].model is None
    model.set_params(callbacks=None)
    other = clone(model).fit(X, Y)
    assert other.predict_proba(X).tobytes() == model.predict_proba(X).tobytes()


def test_a_pipeline_names_what_is_missing():
    """Fails if the classifier before which the tokenizer was forgotten does not say so."""
    with pytest.raises(ValueError, match="TextToSequence"):
        make_pipeline(small()).fit(["good", "bad"], [1, 0])
    with pytest.raises((ValueError, TypeError), match=r"[Rr]ow 1"):
        make_pipeline(TextToSequence(), small()).fit(["good", None], [1, 0])


# --- The edges that are no errors ---------------------------------------------------------


@pytest.mark.parametrize(
    ("rows", "y", "parameters"),
    [
        (X[:2], [0, 1], {}),
        (X[:, :1], Y, {}),
        pytest.param(SERIES[:, :1], Y, {}, marks=pytest.mark.slow),
        pytest.param(SERIES[:, 0, :1], Y, {}, marks=pytest.mark.slow),
        pytest.param(X, Y, {"batch_size": 1}, marks=pytest.mark.slow),
        pytest.param(X, Y, {"batch_size": 10**9}, marks=pytest.mark.slow),
        (np.zeros((60, 3), dtype=int), Y, {}),
        (X.astype(np.uint16), Y.astype(str), {"epochs": np.int64(1), "units": np.int64(4)}),
    ],
    ids=["2 rows", "1 token", "1 step", "1 value", "batch 1", "huge batch", "empty", "numpy ints"],
)
def test_edges(rows, y, parameters):
    """Fails if the smallest data, or a NumPy integer, is too small or no integer."""
    found = small(**parameters).fit(rows, y).predict_proba(rows)
    assert np.isfinite(found).all()
    assert found.shape == (len(rows), 2)


NO_ROWS = {
    "None": None,
    "dict": {"a": [2, 3]},
    "set": {2, 3},
    "generator": (row for row in [[2, 3]]),
    "iterator": iter([[2, 3]]),
}


@pytest.mark.parametrize("name", NO_ROWS)
@pytest.mark.parametrize("method", ["fit", "predict", "X_val", "X_unlabeled"])
def test_x_without_rows(name, method, of_tokens):
    """Fails if what has no rows in an order gets an error about dimensions."""
    bad, match = NO_ROWS[name], "got .* as X.*a sequence of numbers for each row"
    if method == "predict":
        raises_and_leaves(of_tokens, match, "predict", bad)
    elif method == "fit":
        raises_and_leaves(small(), match, "fit", bad, Y)
    elif bad is not None:
        y_val = {"y_val": Y} if method == "X_val" else {}
        raises_and_leaves(small(), match, "fit", X, Y, **{method: bad}, **y_val)


# --- Where warnings point -----------------------------------------------------------------


def several():
    return np.stack([Y, ~Y], axis=1).astype(int)


WARNING_CALLS = {
    "few rows": lambda: small(early_stopping=True).fit(X[:12], Y[:12]),
    "few rows, Pipeline": lambda: make_pipeline(small(early_stopping=True)).fit(X[:12], Y[:12]),
    "one-hot": lambda: small().fit(X, several()),
    "one-hot, partial_fit": lambda: small().partial_fit(X, several()),
    "one-hot, chunks": lambda: small().fit_chunks([(X, several())]),
    "spaces": lambda: small().fit(X, np.where(Y, "a", "a ")),
    "order": lambda: small().fit(pd.DataFrame(X), pd.Series(Y, index=np.arange(60)[::-1])),
}


@pytest.mark.parametrize("name", every(3, WARNING_CALLS))
def test_warnings_point_at_the_caller(name):
    """Fails if the line of a warning is in skrnn, or depends on the way to `fit`."""
    with pytest.warns(UserWarning) as told:
        WARNING_CALLS[name]()
    assert {one.filename for one in told} == {__file__}

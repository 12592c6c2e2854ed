"""What `score`, and every other method, reads of labels and weights: masks, names, order, Arrow."""

import warnings

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from sklearn.base import clone

from skrnn import RNNClassifier, compare, explain, make_nbsvm
from skrnn.baselines import LogCountRatio, NBSVMClassifier
from skrnn.estimators.rows import warn_of_order
from skrnn.exceptions import SkrnnError
from tests.repeats import every, some

TINY: dict = {"cell": "rnn", "units": 2, "bidirectional": False, "epochs": 1, "random_state": 0}
rng = np.random.default_rng(0)
X = rng.normal(size=(40, 4))
Y = (X[:, 0] > 0).astype(int)
FRAME = pd.DataFrame({"a": Y, "b": 1 - Y, "c": X[:, 1] > 0}).astype(int)
COUNTS = rng.integers(0, 3, (40, 5))
TEXTS = ["good film", "bad film"] * 20
HIDDEN = np.arange(40) == 3
MASKED_Y, WEIGHTS = np.ma.array(Y, mask=HIDDEN), np.ma.array(np.ones(40), mask=HIDDEN)


@pytest.fixture(scope="module")
def clf():
    """A classifier of series."""
    return RNNClassifier(**TINY).fit(X, Y)


@pytest.fixture(scope="module")
def labels():
    """A classifier of three labels with names."""
    return RNNClassifier(**TINY).fit(X, FRAME)


CALLS = {
    "score y": lambda clf: clf.score(X, MASKED_Y),
    "score list of y": lambda clf: clf.score(X, list(MASKED_Y)),
    "score weights": lambda clf: clf.score(X, Y, sample_weight=WEIGHTS),
    "fit y": lambda clf: clone(clf).fit(X, MASKED_Y),
    "fit list of y": lambda clf: clone(clf).fit(X, list(MASKED_Y)),
    "fit weights": lambda clf: clone(clf).fit(X, Y, sample_weight=WEIGHTS),
    "fit list of weights": lambda clf: clone(clf).fit(X, Y, sample_weight=list(WEIGHTS)),
    "y_val": lambda clf: clone(clf).fit(X, Y, X_val=X, y_val=MASKED_Y),
    "partial_fit y": lambda clf: clf.partial_fit(X, MASKED_Y),
    "partial_fit weights": lambda clf: clf.partial_fit(X, Y, sample_weight=WEIGHTS),
    "partial_fit classes": lambda clf: clone(clf).partial_fit(
        X, Y, classes=np.ma.array([0, 1], mask=[0, 1])
    ),
    "chunk y": lambda clf: clone(clf).fit_chunks([(X, MASKED_Y)]),
    "chunk weights": lambda clf: clone(clf).fit_chunks([(X, Y, WEIGHTS)]),
    "NB-SVM y": lambda clf: NBSVMClassifier().fit(COUNTS, MASKED_Y),
    "NB-SVM weights": lambda clf: NBSVMClassifier().fit(COUNTS, Y, WEIGHTS),
    "NB-SVM score": lambda clf: NBSVMClassifier().fit(COUNTS, Y).score(COUNTS, MASKED_Y),
    "NB-SVM score weights": lambda clf: NBSVMClassifier().fit(COUNTS, Y).score(COUNTS, Y, WEIGHTS),
    "ratio y": lambda clf: LogCountRatio().fit(COUNTS, MASKED_Y),
    "ratio weights": lambda clf: LogCountRatio().fit(COUNTS, Y, WEIGHTS),
    "compare y": lambda clf: compare({"a": make_nbsvm()}, TEXTS, MASKED_Y),
}


@pytest.mark.parametrize("name", CALLS)
def test_masked_labels_and_weights(name, clf):
    """Fails if what is below a mask is read, or its error does not say what is masked."""
    before = vars(clf).copy()
    with pytest.raises(SkrnnError, match=r"has masked values, the first in row|masked"):
        CALLS[name](clf)
    assert vars(clf) == before


def test_masked_vectors():
    """Fails if a number below a mask becomes a part of a word's vector."""
    from skrnn.embeddings import read_embeddings

    hidden = np.ma.array([1.0, 2.0], mask=[False, True])
    with pytest.raises(SkrnnError, match="vector of 'bad' has masked values"):
        read_embeddings({"good": [1.0, 2.0], "bad": hidden}, [None, "good", "bad"])
    with pytest.raises(SkrnnError, match="masked values"):
        read_embeddings([[1.0, 2.0], hidden], ["good", "bad"])
    whole = np.ma.array([1.0, 2.0], mask=[False, False])
    assert read_embeddings({"good": whole}, ["good"])[0].tolist() == [[1.0, 2.0]]


def test_nothing_masked(clf):
    """Fails if a masked array without masked values is refused."""
    whole = np.ma.array(Y, mask=np.zeros(40, bool))
    assert clf.score(X, whole, np.ma.array(np.ones(40))) == clf.score(X, Y)


# --- Names and order ---------------------------------------------------------------------

OTHER_NAMES = {
    "order": (FRAME[["b", "a", "c"]], "in this order: select them"),
    "other": (FRAME.rename(columns={"a": "d"}), r"columns of y are \['d'"),
    "polars": (pl.DataFrame(FRAME[["c", "b", "a"]].to_dict("list")), "in this order"),
    "Arrow": (pa.table(FRAME[["c", "b", "a"]].to_dict("list")), "in this order"),
}


@pytest.mark.parametrize("name", OTHER_NAMES)
def test_names_in_score(name, labels):
    """Fails if columns in another order are scored as if they were the others."""
    y, message = OTHER_NAMES[name]
    with pytest.raises(SkrnnError, match=message):
        labels.score(X, y)
    assert labels.score(X, FRAME) == labels.score(X, FRAME.to_numpy())


def test_names_of_several_levels():
    """Fails if the order of columns with several levels is not compared."""
    y = FRAME.set_axis(pd.MultiIndex.from_tuples([("x", "a"), ("x", "b"), ("y", "a")]), axis=1)
    clf = RNNClassifier(**TINY).fit(X, y)
    assert clf.classes_.tolist() == ["('x', 'a')", "('x', 'b')", "('y', 'a')"]
    with pytest.raises(SkrnnError, match="in this order"):
        clf.score(X, y.iloc[:, ::-1])


def test_thresholds_with_names(labels):
    """Fails if a Series of thresholds in another order is taken by position."""
    thresholds = pd.Series([0.1, 0.2, 0.3], index=["c", "b", "a"])
    with pytest.raises(SkrnnError, match=r"thresholds.*\['c', 'b', 'a'\].*loc\[list\(classes_\)\]"):
        clone(labels).set_params(thresholds=thresholds).fit(X, FRAME)
    found = clone(labels).set_params(thresholds=thresholds.loc[["a", "b", "c"]]).fit(X, FRAME)
    assert found.thresholds_.tolist() == [0.3, 0.2, 0.1]


SERIES = pd.DataFrame(X, index=np.arange(40) + 7)


@pytest.mark.parametrize(
    "call",
    [
        lambda clf, y: clone(clf).fit(SERIES, y),
        *some(
            [
                lambda clf, y: clone(clf).fit(SERIES, Y, X_val=SERIES, y_val=y),
                lambda clf, y: clone(clf).partial_fit(SERIES, y),
                lambda clf, y: clone(clf).fit_chunks([(SERIES, y)]),
            ],
        ),
        lambda clf, y: clf.score(SERIES, y),
    ],
    ids=["fit", "y_val", "partial_fit", "fit_chunks", "score"],
)
def test_order_of_the_index(call, clf):
    """Fails if rows that an index pairs otherwise go through in silence, or others warn."""
    y = pd.Series(Y, index=SERIES.index)
    fitted = clone(clf).partial_fit(SERIES, Y)
    with pytest.warns(
        UserWarning, match=r"same index labels in different.*\.loc\[X.index\]"
    ) as told:
        call(fitted, y.sample(frac=1.0, random_state=0))
    assert {one.filename for one in told} == {__file__}
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        call(fitted, y.reset_index(drop=True))


def test_indexes_that_say_nothing(clf):
    """Fails if labels that cannot pair rows warn."""
    y = pd.Series(Y, index=SERIES.index)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for same in (
            y,
            y.set_axis(list("ab") * 20),
            y.set_axis(np.arange(40) + 8),
            Y,
            pl.Series(Y),
        ):
            warn_of_order(SERIES, same, "y")


# --- Columns of other libraries ----------------------------------------------------------

COLUMNS = {
    "Arrow": pa.array,
    "chunked": lambda values: pa.chunked_array([values[:10], values[10:]]),
    "Arrow dictionary": lambda values: pa.array(values).dictionary_encode(),
    "polars": pl.Series,
    "pandas Arrow": lambda values: pd.Series(values, dtype=pd.ArrowDtype(pa.array(values).type)),
    "categories": lambda values: pd.Series(values).astype("category"),
    "Categorical": pd.Categorical,
}


@pytest.mark.parametrize("kind", some([int, str], str))
@pytest.mark.parametrize("name", every(3, COLUMNS))
def test_columns(name, kind, clf):
    """Fails if labels or weights in a column of another library are read as others, or refused."""
    make, plain = COLUMNS[name], np.array([kind(one) for one in Y])
    y = make(plain.tolist())
    found = clone(clf).fit(X, y, sample_weight=make([1.0] * 40))
    assert found.classes_.tolist() == sorted(set(plain.tolist()))
    assert np.array_equal(found.predict_proba(X), clf.predict_proba(X))
    assert found.score(X, y) == found.score(X, plain) == clf.score(X, Y)
    ratio = LogCountRatio().fit(COUNTS, y)
    assert (
        ratio.log_count_ratio_.tolist()
        == LogCountRatio().fit(COUNTS, plain).log_count_ratio_.tolist()
    )
    assert NBSVMClassifier().fit(COUNTS, y).score(COUNTS, y) > 0.5


@pytest.mark.parametrize("name", ["Arrow", "chunked", "polars", "pandas Arrow"])
def test_columns_in_compare(name):
    """Fails if a column of texts, labels or groups is not what its list is."""
    from sklearn.model_selection import GroupKFold

    make = COLUMNS[name]
    y, groups = ["p", "n"] * 20, [0, 0, 1, 1] * 10
    given = [make(TEXTS), make(y), make(groups)]
    (found,), (plain,) = (
        compare({"a": make_nbsvm()}, X, y, cv=GroupKFold(2), groups=groups)
        for X, y, groups in (given, [TEXTS, y, groups])
    )
    assert found["test_score"] == plain["test_score"] == 1.0


def test_target_of_arrow(clf):
    """Fails if a scalar of Arrow is not the class that it holds."""
    (found,) = explain(clf, X[:1], target=pa.scalar(1))
    assert found.target == 1

"""Axes of series: channels that come first, told and turned."""

import warnings

import numpy as np
import pandas as pd
import pytest
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer

from skrnn import RNNClassifier, from_channels_first
from skrnn.exceptions import AmbiguousInputWarning
from skrnn.sequences import check_sequences

rng = np.random.default_rng(0)
X = rng.normal(size=(6, 20, 3))
UNEQUAL = [rng.normal(size=(n, 3)) for n in (12, 20, 15)]


def turned(rows):
    return [row.T for row in rows]


def test_channels_first_are_turned():
    """Fails if values are reshaped instead of transposed, or a container is refused."""
    first = X.swapaxes(1, 2)
    np.testing.assert_array_equal(from_channels_first(first), X)
    assert from_channels_first(first.astype(np.float32)).dtype == np.float32
    for rows in (turned(X), tuple(turned(X)), [row.tolist() for row in turned(X)]):
        np.testing.assert_array_equal(from_channels_first(rows), X)
    objects = np.empty(3, object)
    objects[:] = turned(UNEQUAL)
    frame = pd.DataFrame({f"c{c}": [row[:, c] for row in UNEQUAL] for c in range(3)})
    for rows in (turned(UNEQUAL), objects, frame):
        for found, expected in zip(from_channels_first(rows), UNEQUAL, strict=True):
            np.testing.assert_array_equal(found, expected)
    hidden = np.ma.masked_greater(first, 2)
    found = from_channels_first(hidden)
    assert np.isnan(found).sum() == hidden.mask.sum() > 0


@pytest.mark.parametrize("bad", [np.ones((3, 4)), [np.ones(3), np.ones(4)], [1, 2], None])
def test_series_without_channels_are_refused(bad):
    """Fails if something that has no channels is turned in silence."""
    with pytest.raises(ValueError, match="from_channels_first expects an array of shape"):
        from_channels_first(bad)


@pytest.mark.parametrize(
    "swapped",
    [X.swapaxes(1, 2), turned(X), X.swapaxes(1, 2).tolist(), [np.ones((2, 5)), np.ones((4, 5))]],
    ids=["array", "list", "nested lists", "unequal"],
)
def test_more_channels_than_steps_are_told(swapped):
    """Fails if swapped axes are taken in silence."""
    with pytest.warns(AmbiguousInputWarning, match=r"more channels.*from_channels_first\(X\)"):
        check_sequences(swapped, estimator=RNNClassifier())


@pytest.mark.parametrize("right", [X, UNEQUAL, X[:, :3], X[:, :1], rng.normal(size=(5, 2))])
def test_other_axes_are_quiet(right):
    """Fails if as many steps as channels, a single step or a table is suspected."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        check_sequences(right, estimator=RNNClassifier())


def test_errors_name_the_way_out():
    """Fails if series of different lengths with channels first get no advice."""
    with pytest.raises(ValueError, match="different numbers of channels.*from_channels_first"):
        check_sequences(turned(UNEQUAL), estimator=RNNClassifier())
    y = np.arange(6) % 2
    clf = RNNClassifier("rnn", 2, epochs=1, random_state=0).fit(X, y)
    with pytest.raises(ValueError, match="20 channels.*fitted with 3.*from_channels_first"):
        clf.predict(X.swapaxes(1, 2))
    pipe = make_pipeline(FunctionTransformer(from_channels_first), clf)
    assert pipe.predict(X.swapaxes(1, 2)).tolist() == clf.predict(X).tolist()

"""Parameters that are numbers or str of NumPy, as a grid or `linspace` has them."""

import numpy as np
import pytest
from scipy.sparse import issparse
from sklearn.base import clone
from sklearn.model_selection import GridSearchCV

import skrnn
from skrnn import (
    DocumentVectorizer,
    HashingTextToSequence,
    RNNClassifier,
    RNNRegressor,
    RNNTagger,
    TextToSequence,
)

TEXTS = ["good fine nice day", "bad awful sad day", "good nice", "awful bad"] * 5
Y = np.array([1, 0, 1, 0] * 5)
IDS = TextToSequence().fit_transform(TEXTS)
SERIES = np.random.default_rng(0).normal(size=(20, 12, 2))
WORDS = [text.split() for text in TEXTS]
TAGS = [["A" if len(word) > 3 else "B" for word in words] for words in WORDS]
SMALL = {"units": 4, "epochs": 1, "random_state": 0}
DATA = {
    "classifier": (RNNClassifier(**SMALL, embedding_dim=4), IDS, Y),
    "classifier of series": (RNNClassifier(**SMALL), SERIES, Y),
    "regressor": (RNNRegressor(**SMALL, embedding_dim=4), IDS, Y),
    "tagger": (RNNTagger(**SMALL), WORDS, TAGS),
    "vectors": (DocumentVectorizer(n_components=3, random_state=0), IDS, None),
    "text": (TextToSequence(), TEXTS, None),
    "hashed text": (HashingTextToSequence(), TEXTS, None),
}
# Values of parameters that are None by default, or of which one is not enough.
MORE = {
    "C": [1e-6],
    "cell": ["gru", "rnn"],
    "class_weight": ["balanced"],
    "loss": ["huber", "poisson"],
    "max_features": [5],
    "max_length": [3],
    "n_features": [200],
    "optimizer": ["sgd"],
    "output": ["softmax"],
    "pooling": ["mean", "last", "attention"],
    "strip_accents": ["ascii"],
    "truncate": ["tail"],
    "units": [(4, 3)],
    "validation_fraction": [0.25],
    "vocabulary_size": [50],
}


def of_numpy(value):
    """Return what NumPy has of a value, with the smallest types that do."""
    if isinstance(value, bool):
        return [np.bool_(value)]
    if isinstance(value, int):
        return [kind(value) for kind in (np.uint8, np.int32) if value <= np.iinfo(kind).max]
    if isinstance(value, float):
        return [np.float32(value)]
    if isinstance(value, str):
        return [np.str_(value)]
    if isinstance(value, tuple):
        return [tuple(np.uint8(one) for one in value)]
    return []


def cases():
    """Return the name of an estimator, and parameters of NumPy: all of them, or other values."""
    for name, (estimator, *_) in DATA.items():
        parameters = estimator.get_params()
        defaults = {key: of_numpy(value)[:1] for key, value in parameters.items()}
        # As in scikit-learn's CountVectorizer, a share has to be Python's.
        yield name, {key: ours[0] for key, ours in defaults.items() if ours and key != "max_df"}
        for key in sorted(parameters.keys() & MORE.keys()):
            for ours in (ours for value in MORE[key] for ours in of_numpy(value)):
                yield name, {key: ours}


def result(estimator, X):
    """Return what the estimator makes of X, as arrays."""
    made = estimator.predict(X) if hasattr(estimator, "predict") else estimator.transform(X)
    return [np.asarray(row) for row in (made.toarray() if issparse(made) else made)]


@pytest.mark.parametrize(
    ("name", "parameters"),
    [pytest.param(*case, id=f"{case[0]}-{'+'.join(case[1])}"[:60]) for case in cases()],
)
@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")  # one epoch
def test_parameters_of_numpy_are_those_of_python(name, parameters, tmp_path):
    """Fails if a small integer overflows, or if what was fitted cannot be saved."""
    estimator, X, y = DATA[name]
    plain = {
        key: tuple(map(int, value)) if isinstance(value, tuple) else value.item()
        for key, value in parameters.items()
    }
    ours = clone(estimator).set_params(**parameters).fit(X, y)
    assert all(ours.get_params()[key] is value for key, value in parameters.items())
    theirs = clone(estimator).set_params(**plain).fit(X, y)
    skrnn.save(ours, tmp_path / "ours.skrnn")
    loaded = skrnn.load(tmp_path / "ours.skrnn")
    for one in (theirs, loaded):
        for row, expected in zip(result(one, X), result(ours, X), strict=True):
            np.testing.assert_array_equal(row, expected)


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")  # one epoch
def test_the_best_of_a_grid_of_arrays_is_saved(tmp_path):
    """Fails if a search over arrays ends with an estimator that no file can hold."""
    grid = {"cell": np.array(["gru", "rnn"]), "units": np.arange(3, 5, dtype=np.uint8)}
    network = RNNClassifier(epochs=1, embedding_dim=4, random_state=0)
    search = GridSearchCV(network, grid, cv=2).fit(IDS, Y)
    skrnn.save(search.best_estimator_, tmp_path / "best.skrnn")
    loaded = skrnn.load(tmp_path / "best.skrnn")
    np.testing.assert_array_equal(loaded.predict_proba(IDS), search.predict_proba(IDS))

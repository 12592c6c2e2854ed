"""scikit-learn's search tools, each run: a candidate is the plain fit of its parameters.

Each test's docstring says what a wrong implementation would fail on. Fits are bit for bit the
same for the same parameters and rows, so scores are compared for equality.
"""

from itertools import pairwise

import keras
import numpy as np
import pytest
import sklearn
from bare import ESTIMATOR
from scipy.stats import loguniform, randint
from sklearn.base import clone
from sklearn.calibration import CalibratedClassifierCV
from sklearn.ensemble import VotingClassifier
from sklearn.experimental import enable_halving_search_cv  # noqa: F401 (it defines the next one)
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import get_scorer
from sklearn.model_selection import (
    GridSearchCV,
    HalvingGridSearchCV,
    RandomizedSearchCV,
    ShuffleSplit,
    StratifiedKFold,
    cross_validate,
    learning_curve,
    permutation_test_score,
)
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import FunctionTransformer

from skrnn import RNNClassifier, TextToSequence, make_reviews

pytestmark = pytest.mark.slow

rng = np.random.default_rng(0)
# The label is an order: all rows have the same six ids.
X = np.array([rng.permutation(6) + 2 for _ in range(80)])
Y = (X == 3).argmax(axis=1) < (X == 4).argmax(axis=1)
REVIEWS, LABELS = make_reviews(80, random_state=12)
REVIEWS = np.array(REVIEWS, dtype=object)
ONE_SPLIT = ShuffleSplit(1, test_size=0.4, random_state=0)
FOLDS = StratifiedKFold(2)
SCORING = "neg_log_loss"


def net(**parameters):
    settings = {"cell": "rnn", "units": 4, "embedding_dim": 4, "batch_size": 16, "epochs": 1}
    settings |= {"learning_rate": 0.02, "random_state": 0}
    return RNNClassifier(**{**ESTIMATOR, **settings, **parameters})


def text_pipe(**parameters):
    # So few words that every fold has all of them, and the network one size.
    return make_pipeline(TextToSequence(max_features=20), net(**parameters))


def plain_score(estimator, rows, y, train, test, params=None, **metadata):
    """Return the score of a fit outside of any tool."""
    fitted = clone(estimator).set_params(**clone(params or {}, safe=False))
    fitted.fit(rows[train], y[train], **metadata)
    return get_scorer(SCORING)(fitted, rows[test], y[test])


def assert_candidates_are_plain_fits(search, rows, y):
    """Hold each candidate's score on the first split against a plain fit; they must differ."""
    train, test = next(search.cv.split(rows, y))
    found = search.cv_results_["split0_test_score"]
    expected = [
        plain_score(search.estimator, rows, y, train, test, params)
        for params in search.cv_results_["params"]
    ]
    assert found.tolist() == expected
    assert len(set(expected)) == len(expected)


def run(estimator, grid, rows, y, cv=ONE_SPLIT, **settings):
    settings = {"scoring": SCORING, "error_score": "raise", "refit": False, **settings}
    return GridSearchCV(estimator, grid, cv=cv, **settings).fit(rows, y)


# --- Parameters of every kind -------------------------------------------------------------


def halve(epoch, rate):
    return rate / 2


def keras_callbacks():
    scheduler = keras.callbacks.LearningRateScheduler(halve)
    stop = keras.callbacks.EarlyStopping("loss", patience=1, min_delta=1e9)
    return [None, [scheduler], [scheduler, stop]]


@pytest.mark.parametrize(
    "grid",
    [
        {"optimizer": ["adam", "sgd", keras.optimizers.RMSprop(0.01)]},
        {"learning_rate": [0.02, keras.optimizers.schedules.ExponentialDecay(0.05, 1, 0.5)]},
        {"callbacks": keras_callbacks(), "epochs": [4]},
        {"units": [4, (4,), [4, 4]], "batch_size": [16]},
        {"class_weight": [None, "balanced", {False: 1, True: 3}], "global_clipnorm": [0.1]},
    ],
    ids=lambda grid: next(iter(grid)),
)
def test_grid_over_any_parameter(grid):
    """Fails if a name, object, list or tuple does not arrive, or candidates leave each other
    something: a callback's count, an optimizer's slots."""
    if "units" in grid:
        grid = grid | {"units": [4, (4, 4)]}
    skew = np.flatnonzero(Y | (np.arange(len(Y)) % 3 == 0))  # so that classes have two weights
    search = run(net(), grid, X[skew], Y[skew])
    assert_candidates_are_plain_fits(search, X[skew], Y[skew])


def letters(text):
    return list(text[:20])


def backwards(text):
    return text[::-1]


def two_by_two(text):
    words = text.split()
    return [f"{one} {other}" for one, other in pairwise(words)]


def test_grid_over_callables():
    """Fails if a function for the text is not taken over into the clone that is fitted."""
    grid = [
        {"texttosequence__tokenizer": [None, str.split, letters]},
        {"texttosequence__preprocessor": [backwards]},
        {"texttosequence__analyzer": ["char", two_by_two]},
    ]
    search = run(text_pipe(), grid, REVIEWS, LABELS)
    assert_candidates_are_plain_fits(search, REVIEWS, LABELS)


# --- The tools ----------------------------------------------------------------------------


def test_randomized_search():
    """Fails if what a distribution draws (a NumPy number) is refused, or rounded on its way."""
    space = {"learning_rate": loguniform(1e-3, 1e-1), "epochs": randint(1, 3)}
    search = RandomizedSearchCV(
        net(),
        space,
        n_iter=4,
        cv=ONE_SPLIT,
        scoring=SCORING,
        error_score="raise",
        random_state=0,
    ).fit(X, Y)
    assert_candidates_are_plain_fits(search, X, Y)
    assert search.best_score_ == search.cv_results_["mean_test_score"].max()
    expected = clone(net()).set_params(**search.best_params_).fit(X, Y).predict_proba(X)
    assert search.predict_proba(X).tobytes() == expected.tobytes()


def test_halving_by_epochs():
    """Fails if a rung does not train for its number of epochs, or goes on from the one before."""
    search = HalvingGridSearchCV(
        make_pipeline(net()),
        {"rnnclassifier__learning_rate": [0.002, 0.01, 0.05, 0.2]},
        resource="rnnclassifier__epochs",
        factor=2,
        min_resources=1,
        max_resources=4,
        cv=ONE_SPLIT,
        scoring=SCORING,
        error_score="raise",
        random_state=0,
    ).fit(X, Y)
    assert search.n_resources_ == [1, 2, 4]
    assert search.n_candidates_ == [4, 2, 1]
    epochs = [params["rnnclassifier__epochs"] for params in search.cv_results_["params"]]
    assert epochs == [1] * 4 + [2] * 2 + [4]
    assert_candidates_are_plain_fits(search, X, Y)
    assert search.best_estimator_[-1].n_iter_ == 4


FITTED_ROWS = []


def note_rows(rows):
    FITTED_ROWS.append(len(rows))
    return rows


def test_halving_by_samples():
    """Fails if the rows of a rung are not those it was given."""
    FITTED_ROWS.clear()
    pipe = make_pipeline(FunctionTransformer(note_rows), net())
    search = HalvingGridSearchCV(
        pipe,
        {"rnnclassifier__learning_rate": [0.002, 0.01, 0.05, 0.2]},
        factor=2,
        min_resources=20,
        cv=FOLDS,
        scoring=SCORING,
        error_score="raise",
        refit=False,
        random_state=0,
    ).fit(X, Y)
    assert search.n_resources_ == [20, 40, 80]
    # Fit, score, score of the training rows; two folds, each half of the rung's rows.
    rows = [n for rung, k in zip((10, 20, 40), (4, 2, 1), strict=True) for n in [rung] * 6 * k]
    assert rows == FITTED_ROWS


def test_cross_validate():
    """Fails if the estimators that are returned are not those that were scored."""
    found = cross_validate(
        net(),
        X,
        Y,
        cv=FOLDS,
        scoring=[SCORING, "roc_auc"],
        return_estimator=True,
        return_train_score=True,
        error_score="raise",
    )
    for i, (train, test) in enumerate(FOLDS.split(X, Y)):
        one = found["estimator"][i]
        assert found[f"test_{SCORING}"][i] == plain_score(net(), X, Y, train, test)
        assert found["test_roc_auc"][i] == get_scorer("roc_auc")(one, X[test], Y[test])
        assert found[f"train_{SCORING}"][i] == get_scorer(SCORING)(one, X[train], Y[train])


def test_permutation_test_tells_order_from_words():
    """Fails if labels are permuted beside the rows: the network's score is then no rarity.

    A bag of words cannot tell the rows apart: its score is that of every permutation.
    """
    settings = {"cv": FOLDS, "n_permutations": 9, "random_state": 0}
    score, others, p = permutation_test_score(net(units=8, epochs=20), X, Y, **settings)
    assert score > 0.75 > others.max()
    assert p == 1 / 10
    words = np.array([" ".join(map(str, row + 10)) for row in X])
    bag = make_pipeline(TfidfVectorizer(), LogisticRegression())
    assert permutation_test_score(bag, words, Y, **settings)[2] == 1


@pytest.mark.parametrize("incremental", [False, True], ids=["fit", "partial_fit"])
def test_learning_curve(incremental):
    """Fails if a point is not the fit, or the run of partial fits, on the first rows."""
    sizes, _, found = learning_curve(
        net(),
        X,
        Y,
        train_sizes=[16, 32, 48],
        cv=ONE_SPLIT,
        scoring=SCORING,
        error_score="raise",
        exploit_incremental_learning=incremental,
    )
    assert sizes.tolist() == [16, 32, 48]
    train, test = next(ONE_SPLIT.split(X))
    if incremental:
        model, expected = net(), []
        for rows in np.split(train[:48], 3):
            model.partial_fit(X[rows], Y[rows], classes=np.unique(Y))
            expected.append(get_scorer(SCORING)(model, X[test], Y[test]))
    else:
        expected = [plain_score(net(), X, Y, train[:n], test) for n in sizes]
    assert found[:, 0].tolist() == expected


# --- Nested -------------------------------------------------------------------------------


def test_a_pipeline_in_a_pipeline():
    """Fails if parameters, or the vocabulary beside the ids, are lost on the way in."""
    inner = Pipeline([("rest", Pipeline([("rnn", net())]))])
    outer = Pipeline([("text", TextToSequence(max_features=20)), ("model", inner)])
    grid = {"model__rest__rnn__learning_rate": [0.01, 0.1], "text__max_features": [20]}
    search = run(outer, grid, REVIEWS, LABELS)
    assert_candidates_are_plain_fits(search, REVIEWS, LABELS)
    train, test = next(ONE_SPLIT.split(REVIEWS))
    flat = plain_score(text_pipe(learning_rate=0.1), REVIEWS, LABELS, train, test)
    assert search.cv_results_["split0_test_score"][1] == flat


@pytest.mark.parametrize(
    ("ensemble", "prefix"),
    [
        (CalibratedClassifierCV(text_pipe(), cv=2), "estimator__"),
        (
            VotingClassifier(
                [
                    ("rnn", text_pipe()),
                    ("linear", make_pipeline(TfidfVectorizer(), LogisticRegression())),
                ],
                voting="soft",
            ),
            "rnn__",
        ),
    ],
    ids=["calibration", "voting"],
)
def test_ensembles_are_searched_through(ensemble, prefix):
    """Fails if a parameter of the network inside does not reach its fits."""
    grid = {f"{prefix}rnnclassifier__units": [4, 8]}
    search = run(ensemble, grid, REVIEWS, LABELS)
    assert_candidates_are_plain_fits(search, REVIEWS, LABELS)


# --- Metadata -----------------------------------------------------------------------------


@pytest.fixture
def routing():
    with sklearn.config_context(enable_metadata_routing=True):
        yield


def test_weights_and_validation_rows_go_through_a_search(routing):
    """Fails if weights are not split with the folds, or validation rows miss the tokenizer or
    a fit: on rows with wrong labels the search then has other scores than plain fits."""
    wrong = np.arange(len(LABELS)) % 4 == 0
    labels = np.where(wrong, 1 - LABELS, LABELS)
    weights = np.where(wrong, 0.0, 1.0)
    held_out, held_out_labels = make_reviews(30, random_state=1)
    network = net(early_stopping=True, n_iter_no_change=1, epochs=4, learning_rate=0.2)
    network.set_fit_request(sample_weight=True, X_val=True, y_val=True)
    pipe = Pipeline(
        [("text", TextToSequence(max_features=20)), ("rnn", network)], transform_input=["X_val"]
    )
    grid = {"rnn__learning_rate": [0.2, 0.05]}
    unweighted = get_scorer(SCORING).set_score_request(sample_weight=False)
    search = GridSearchCV(pipe, grid, cv=FOLDS, scoring=unweighted, error_score="raise")
    metadata = {"X_val": held_out, "y_val": held_out_labels}
    search.fit(REVIEWS, labels, sample_weight=weights, **metadata)
    for i, (train, test) in enumerate(FOLDS.split(REVIEWS, labels)):
        split = (REVIEWS, labels, train, test)
        for params, found in zip(
            search.cv_results_["params"], search.cv_results_[f"split{i}_test_score"], strict=True
        ):
            right = train[weights[train] > 0]
            assert found == plain_score(
                pipe, *split, params, sample_weight=weights[train], **metadata
            )
            assert found != plain_score(pipe, *split, params, **metadata)
            # The rows of weight 0 give words to the tokenizer, and nothing else.
            text = TextToSequence(max_features=20).fit(REVIEWS[train])
            alone = clone(network).set_params(learning_rate=params["rnn__learning_rate"])
            alone.fit(
                text.transform(REVIEWS[right]),
                labels[right],
                X_val=text.transform(held_out),
                y_val=held_out_labels,
            )
            scored = get_scorer(SCORING)(alone, text.transform(REVIEWS[test]), labels[test])
            assert found == scored
    assert len(search.best_estimator_[-1].history_["val_loss"]) > 0


# --- A memory -----------------------------------------------------------------------------


class CountingTokenizer:
    """Cuts at spaces, and leaves a line in a file for each document."""

    def __init__(self, path):
        self.path = str(path)

    def __call__(self, text):
        with open(self.path, "a") as file:
            file.write(".\n")
        return text.split()


def test_memory_tokenizes_the_training_rows_once_a_fold(tmp_path):
    """Fails if a fitted tokenizer or its ids cannot be kept and found again as they were: their
    words, which the embeddings are looked up by, and the size of the vocabulary.

    scikit-learn keeps what `fit_transform` makes; the rows to be scored are cut each time.
    """
    log = tmp_path / "log"
    text = TextToSequence(tokenizer=CountingTokenizer(log), max_features=30)
    vectors = {"the": [1.0, 0.0], "was": [0.0, 1.0]}
    pipe = Pipeline([("text", text), ("rnn", net(embeddings=vectors))])
    grid = {"rnn__learning_rate": [0.01, 0.02, 0.05]}
    found = {}
    for memory in (None, str(tmp_path / "memory")):
        log.write_text("")
        search = run(clone(pipe).set_params(memory=memory), grid, REVIEWS, LABELS, cv=FOLDS)
        found[memory] = [search.cv_results_[f"split{i}_test_score"].tolist() for i in range(2)]
        n_tokenized = len(log.read_text().splitlines())
        scored = 3 * len(REVIEWS)
        fitted = (3 if memory is None else 1) * len(REVIEWS)
        assert n_tokenized == scored + fitted
    plain, kept = found.values()
    assert plain == kept
    # A second search finds all of it.
    log.write_text("")
    run(clone(pipe).set_params(memory=memory), grid, REVIEWS, LABELS, cv=FOLDS)
    assert len(log.read_text().splitlines()) == 3 * len(REVIEWS)

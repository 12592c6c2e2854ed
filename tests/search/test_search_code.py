"""A search that goes on from a checkpoint, after code that it depends on has changed."""

import sys

import numpy as np
import pytest
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.feature_extraction.text import CountVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import make_scorer
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer

from skrnn import EpochSearchCV, TextToSequence
from tests.repeats import every, some

TEXTS = ["good film", "bad film", "good plot", "bad plot", "GOOD film", "BAD plot"] * 4
LABELS = np.array([1, 0, 1, 0, 1, 0] * 4)

HELPER = """
WIDTH = 3
def words(text):
    return cut(text).split()
def cut(text):
    return text[:WIDTH]
def agree(y, found):
    return float((y == found).mean()) * factor()
def factor():
    return 1.0
def whole(estimator, X, y):
    return agree(y, estimator.predict(X))
"""


@pytest.fixture
def helper(tmp_path, monkeypatch):
    (tmp_path / "search_helper.py").write_text(HELPER)
    monkeypatch.syspath_prepend(str(tmp_path))
    yield __import__("search_helper")
    del sys.modules["search_helper"]


class Cut(TransformerMixin, BaseEstimator):
    def fit(self, X, y=None):
        return self

    def transform(self, X):
        return [sys.modules["search_helper"].cut(x) for x in X]


def pipeline(helper, kind):
    """Return a pipeline without a network, which reads texts as `kind` says."""
    if kind == "tokenizer of TextToSequence":
        text = TextToSequence(tokenizer=helper.words)
        return make_pipeline(text, FunctionTransformer(lambda X: X.toarray()), _linear())
    if kind == "transformer":
        cut = FunctionTransformer(lambda texts: [helper.cut(text) for text in texts])
        return make_pipeline(cut, CountVectorizer(), _linear())
    options = {
        "tokenizer": {"tokenizer": helper.words, "token_pattern": None},
        "preprocessor": {"preprocessor": helper.cut},
        "lambda": {"preprocessor": lambda text: helper.cut(text)},
        "analyzer": {"analyzer": helper.words},
        "": {},
    }
    return make_pipeline(CountVectorizer(**options[kind]), _linear())


def _linear():
    return LogisticRegression()


def fitted(pipe, folder, **settings):
    settings = {"cv": 2, "refit": False, "scoring": "neg_log_loss", **settings}
    grid = {"logisticregression__C": [1.0, 2.0]}
    return EpochSearchCV(pipe, grid, checkpoint=folder, **settings).fit(TEXTS, LABELS)


@pytest.mark.slow
@pytest.mark.parametrize("changed", ["WIDTH = 2", "def cut(text): return text.lower()"])
@pytest.mark.parametrize(
    "kind",
    [
        "tokenizer",
        "preprocessor",
        "lambda",
        "analyzer",
        "transformer",
        "tokenizer of TextToSequence",
    ],
)
def test_results_of_other_code_are_not_used(helper, tmp_path, kind, changed):
    """Fails if a search gives out the scores of a tokenizer that has changed since."""
    pipe, folder = pipeline(helper, kind), tmp_path / "kept"
    assert fitted(pipe, folder).n_resumed_ == 0
    assert fitted(pipe, folder).n_resumed_ == 4
    exec(changed, vars(helper))
    pipe = pipeline(helper, kind)
    again, wanted = fitted(pipe, folder), fitted(pipe, None)
    assert again.n_resumed_ == 0
    scores = [one.cv_results_["mean_test_score"].tolist() for one in (again, wanted)]
    assert scores[0] == scores[1]


@pytest.mark.parametrize("form", some(["callable", "scorer", "dict"], "dict"))
def test_results_of_another_scorer_are_not_used(helper, tmp_path, form):
    """Fails if what a scorer calls does not count."""
    scoring = {"callable": helper.whole, "scorer": make_scorer(helper.agree)}
    scoring["dict"] = {"one": scoring["scorer"], "other": helper.whole}
    pipe = pipeline(helper, "")
    assert fitted(pipe, tmp_path / "kept", scoring=scoring[form]).n_resumed_ == 0
    assert fitted(pipe, tmp_path / "kept", scoring=scoring[form]).n_resumed_ == 4
    helper.factor = lambda: 0.5
    assert fitted(pipe, tmp_path / "kept", scoring=scoring[form]).n_resumed_ == 0


def test_results_of_another_candidate_are_not_used(helper, tmp_path):
    """Fails if a function in the grid counts by its name."""
    grid = {"countvectorizer__preprocessor": [helper.cut, str.lower]}
    settings = {"cv": 2, "refit": False, "checkpoint": tmp_path / "kept"}
    search = EpochSearchCV(pipeline(helper, ""), grid, **settings)
    assert search.fit(TEXTS, LABELS).n_resumed_ == 0
    helper.WIDTH = 2
    assert search.fit(TEXTS, LABELS).n_resumed_ == 2  # those of str.lower


@pytest.mark.parametrize(
    "code",
    every(
        2,
        [
            "def cut(text): return eval('text[:WIDTH]')",
            "def cut(text): return text[: len(open(__file__).read()) % 7]",
            "stream = (i for i in range(10**6))\ndef cut(text): return text[: next(stream) + 9]",
            "def cut(text): return text[: globals()['WIDTH']]",
        ],
    ),
)
def test_what_cannot_be_followed_is_reported_and_not_used(helper, tmp_path, code):
    """Fails if results are taken although it cannot be known whose they are."""
    exec(code, vars(helper))
    pipe, folder = pipeline(helper, "preprocessor"), tmp_path / "kept"
    for _ in range(2):
        with pytest.warns(UserWarning, match="neither uses the results in checkpoint= nor keeps"):
            assert fitted(pipe, folder).n_resumed_ == 0
    assert not list(folder.iterdir())

"""A text column of a data frame, alone and beside columns of numbers."""

from operator import itemgetter

import numpy as np
import pandas as pd
import polars as pl
import pytest
from bare import ESTIMATOR
from sklearn.compose import make_column_transformer
from sklearn.ensemble import StackingClassifier
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV, StratifiedKFold, cross_val_score
from sklearn.pipeline import make_pipeline, make_union
from sklearn.preprocessing import FunctionTransformer, StandardScaler

from skrnn import RNNClassifier, TextToSequence

pytestmark = pytest.mark.slow

rng = np.random.default_rng(0)
N = 160
LABELS = rng.integers(0, 2, N)


def order_of(label):
    """Return a text whose words stand in an order that is the label's."""
    words = rng.permutation(["plot", "cast", "film", "good", "dull"])
    places = sorted(np.flatnonzero(np.isin(words, ["good", "dull"])))
    words[places] = ["good", "dull"] if label else ["dull", "good"]
    return " ".join(words)


# Text and number each are wrong in about a fifth of the rows, and not in the same ones.
FRAME = pd.DataFrame(
    {
        "review": [order_of(y ^ (rng.random() < 0.2)) for y in LABELS],
        "stars": np.where(rng.random(N) < 0.2, 1 - LABELS, LABELS) * 2 + rng.normal(0, 0.3, N),
        "length": rng.normal(size=N),
    }
)
PICKS = {
    "ColumnTransformer": make_column_transformer(("passthrough", ["review"])),
    "itemgetter": FunctionTransformer(itemgetter("review")),
}
FOLDS = StratifiedKFold(2)


def net(**parameters):
    settings = {"cell": "rnn", "units": 4, "embedding_dim": 4, "batch_size": 16, "epochs": 1}
    settings |= {"learning_rate": 0.02, "random_state": 0}
    return RNNClassifier(**{**ESTIMATOR, **settings, **parameters})


@pytest.mark.parametrize("pick", PICKS.values(), ids=PICKS)
@pytest.mark.parametrize("frame", [FRAME, pl.from_pandas(FRAME)], ids=["pandas", "polars"])
def test_a_column_that_is_picked_first_is_read_like_a_list(pick, frame):
    """Fails if the ids lose their words or vocabulary, which vectors and folds need."""
    network = net(embeddings={"good": [1.0, 0.0], "dull": [0.0, 1.0]})
    text = TextToSequence(max_length=3)
    found = cross_val_score(
        make_pipeline(pick, text, network), frame, LABELS, cv=FOLDS, error_score="raise"
    )
    plain = cross_val_score(
        make_pipeline(text, network), FRAME["review"].tolist(), LABELS, cv=FOLDS
    )
    assert found.tolist() == plain.tolist()


def test_a_tokenizer_inside_a_column_transformer():
    """Fails if scores of such ids are others; what they lack is told where it is needed."""
    inside = make_column_transformer((TextToSequence(), "review"))
    found = cross_val_score(make_pipeline(inside, net()), FRAME, LABELS, cv=FOLDS)
    plain = make_pipeline(PICKS["itemgetter"], TextToSequence(), net())
    assert found.tolist() == cross_val_score(plain, FRAME, LABELS, cv=FOLDS).tolist()
    with pytest.raises(ValueError, match="X has only token ids"):
        make_pipeline(inside, net(embeddings={"good": [1.0]})).fit(FRAME, LABELS)


def test_text_and_numbers_in_one_classifier():
    """Fails if either member gets the other's columns, or rows in another order.

    The second has a FeatureUnion and a ColumnTransformer of its own; all is searched through.
    """
    numbers = make_union(StandardScaler(), FunctionTransformer(np.square))
    others = make_column_transformer((numbers, ["stars", "length"]), (TfidfVectorizer(), "review"))
    others = make_pipeline(others, LogisticRegression())
    text = make_pipeline(PICKS["itemgetter"], TextToSequence(), net())
    both = StackingClassifier([("text", text), ("others", others)], LogisticRegression(), cv=2)
    search = GridSearchCV(
        both, {"text__rnnclassifier__learning_rate": [0.02, 0.1]}, cv=FOLDS, error_score="raise"
    ).fit(FRAME, LABELS)
    rate = search.best_params_["text__rnnclassifier__learning_rate"]
    plain = make_pipeline(TextToSequence(), net(learning_rate=rate))
    reviews = FRAME["review"].tolist()
    expected = [
        plain.fit(reviews, LABELS).predict_proba(reviews)[:, 1],
        others.fit(FRAME, LABELS).predict_proba(FRAME)[:, 1],
    ]
    found = search.best_estimator_.transform(FRAME)
    np.testing.assert_array_equal(found, np.transpose(expected))
    assert search.score(FRAME, LABELS) > 0.75  # the numbers alone are right in 0.8

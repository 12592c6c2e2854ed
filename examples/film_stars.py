"""
Predict the number of stars of a film review.

    SKRNN_DATA=folder/with/the/archive python examples/film_stars.py

An IMDb review has 1 to 4 or 7 to 10 stars, and the number is in the name of its file. The
estimators are trained on the 25,000 training reviews and scored on the 25,000 test reviews. The
script prints a Markdown table. The error is the root of the mean squared error, in stars, with a
minus sign, because greater scores are better.
"""

import re

import numpy as np
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import Ridge
from sklearn.pipeline import make_pipeline

from skrnn import RNNRegressor, TextToSequence, compare, fetch_imdb


def read(subset):
    """Return reviews and their stars."""
    data = fetch_imdb(subset=subset)
    return data.data, [float(re.search(r"_(\d+)\.txt", str(name))[1]) for name in data.filenames]


(reviews, stars), (test, test_stars) = read("train"), read("test")
network = make_pipeline(TextToSequence(), RNNRegressor(random_state=0))
tfidf = TfidfVectorizer(ngram_range=(1, 2), sublinear_tf=True)
holdout = np.arange(len(reviews)), np.arange(len(reviews), len(reviews) + len(test))

table = compare(
    {
        "RNNRegressor": network,
        "tf-idf of words and bigrams + ridge": make_pipeline(tfidf, Ridge(alpha=0.3)),
    },
    reviews + test,
    stars + test_stars,
    cv=[holdout],
    scoring=["neg_root_mean_squared_error", "r2"],
)
print(table.to_markdown())

"""Weights of n-grams for ridge regression on the stars of IMDb's reviews, beside RNNRegressor.

    SKRNN_DATA=folder/of/aclImdb_v1.tar.gz python examples/benchmarks/ngram_weights.py

Fits on 5,000 random training reviews, and prints the root mean squared error on 5,000 others of the
training part, with the best of five penalties. The number of stars is in the name of each file.
"""

import argparse
import os
import re

import numpy as np
from scipy.sparse import csr_array, diags_array
from sklearn.feature_extraction.text import CountVectorizer
from sklearn.linear_model import Ridge

from skrnn import TextToSequence, load_imdb


def load(folder):
    """Return the training reviews, and their stars."""
    data = load_imdb(folder, shuffle=False)
    stars = [int(re.search(r"_(\d+)\.txt$", str(name)).group(1)) for name in data.filenames]
    return np.array(data.data, dtype=object), np.array(stars, float)


def rmse(predicted, stars):
    return float(np.sqrt(np.mean((predicted - stars) ** 2)))


def compare(train, test):
    """Print, for each weight and each power of the row's sum of squares, the best error."""
    split = TextToSequence().build_analyzer()
    texts, others = ([" ".join(split(text)) for text in one[0]] for one in (train, test))
    counter = CountVectorizer(ngram_range=(1, 3), min_df=2, binary=True, token_pattern=r"\S+")
    X = csr_array(counter.fit_transform(texts), dtype=float)
    other, stars = csr_array(counter.transform(others), dtype=float), train[1]
    n_rows, deviation = X.sum(axis=0), stars - stars.mean()
    size = deviation / np.abs(deviation).mean()
    above, below = (1 + np.maximum(sign * size, 0) @ X for sign in (1, -1))
    candidates = {
        "1": np.ones(X.shape[1]),
        "idf": 1 + np.log((1 + len(stars)) / (1 + n_rows)),
        "log-ratio of counts above and below the mean": np.log(above / above.sum())
        - np.log(below / below.sum()),
        "mean deviation, shrunk as by 3 rows": (size @ X) / (n_rows + 3),
    }
    for name, weight in candidates.items():
        for power in (0.0, 0.5, 0.75, 1.0):
            a, b = (csr_array(one @ diags_array(weight)) for one in (X, other))
            a, b = (csr_array(diags_array((1 + one.power(2).sum(axis=1)) ** -power) @ one)
                    for one in (a, b))  # fmt: skip
            unit = a.power(2).sum() / len(stars)
            errors = [
                rmse(Ridge(unit * penalty, solver="sparse_cg", tol=1e-3).fit(a, stars).predict(b),
                     test[1])
                for penalty in (0.03, 0.1, 0.3, 1.0, 3.0)
            ]  # fmt: skip
            print(f"| {name} | {power} | {min(errors):.4f} |", flush=True)


def main():
    """Run the comparison."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rows", type=int, default=5000, help="training reviews")
    given = parser.parse_args()
    texts, stars = load(os.environ["SKRNN_DATA"])
    order = np.random.default_rng(0).permutation(len(texts))
    kept, held_out = order[: given.rows], order[-5000:]
    compare((texts[kept], stars[kept]), (texts[held_out], stars[held_out]))


if __name__ == "__main__":
    main()

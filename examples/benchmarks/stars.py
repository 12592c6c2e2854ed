"""The stars of the IMDb reviews as numbers: RNNRegressor, ridge on tf-idf, weights of n-grams.

The number of stars of a review is in the name of its file. ``SKRNN_DATA=... python stars.py
network``, ``tfidf`` or ``weights``; without ``--test``, on 5,000 reviews held out from the training
part. Prints root mean squared errors, and the CPU time of this process.
"""

import argparse
import os
import re
import resource
from pathlib import Path

import numpy as np
from scipy.sparse import csr_array, diags_array
from sklearn.feature_extraction.text import CountVectorizer, TfidfVectorizer
from sklearn.linear_model import Ridge
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline

from skrnn import RNNRegressor, TextToSequence, load_imdb


def load(path, subset):
    """Return the reviews of a part, and their stars."""
    data = load_imdb(path, subset=subset, shuffle=False)
    stars = [int(re.search(r"_(\d+)\.txt$", str(name)).group(1)) for name in data.filenames]
    return np.array(data.data, dtype=object), np.array(stars, float)


def rmse(predicted, stars):
    return float(np.sqrt(np.mean((predicted - stars) ** 2)))


def network(train, test, seeds):
    """Print the error of the defaults."""
    for seed in range(seeds):
        model = make_pipeline(TextToSequence(), RNNRegressor(random_state=seed)).fit(*train)
        print(f"| RNNRegressor, seed {seed} | {rmse(model.predict(test[0]), test[1]):.4f} |")


def tfidf(train, test, seeds):
    """Print the error of ridge regression on tf-idf, its penalty chosen by cross-validation."""
    for options in ({}, {"sublinear_tf": True}):
        text = TfidfVectorizer(ngram_range=(1, 2), **options)
        X = text.fit_transform(train[0])
        grid = {"alpha": [0.1, 0.2, 0.3, 0.5, 1.0]}
        ridge = GridSearchCV(Ridge(solver="sparse_cg", tol=1e-3), grid, cv=3,
                             scoring="neg_mean_squared_error").fit(X, train[1])  # fmt: skip
        found = rmse(ridge.predict(text.transform(test[0])), test[1])
        name = f"ridge on tf-idf {options or ''}, alpha {ridge.best_params_['alpha']}"
        print(f"| {name} | {found:.4f} |")


def weights(train, test, seeds):
    """Print, for weights of n-grams and powers of the row's sum of squares, the best error."""
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
    """Run what the command line names."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("what", choices=["network", "tfidf", "weights"])
    parser.add_argument("--rows", type=int, default=20_000, help="training reviews")
    parser.add_argument("--test", action="store_true", help="the official test set")
    parser.add_argument("--seeds", type=int, default=1)
    given = parser.parse_args()
    archive = Path(os.environ["SKRNN_DATA"]) / "aclImdb_v1.tar.gz"
    texts, stars = load(archive, "train")
    train = texts, stars
    if given.test:
        test = load(archive, "test")
    else:
        order = np.random.default_rng(0).permutation(len(texts))
        kept, held_out = order[: given.rows], order[-5000:]
        train, test = (texts[kept], stars[kept]), (texts[held_out], stars[held_out])
    globals()[given.what](train, test, given.seeds)
    used = resource.getrusage(resource.RUSAGE_SELF)
    print(f"{used.ru_utime + used.ru_stime:.0f} seconds of CPU time")


if __name__ == "__main__":
    main()

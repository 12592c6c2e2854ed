"""Weights of n-grams for ridge regression: those of skrnn, and others that were tried.

    SKRNN_DATA=folder/of/the/data python examples/benchmarks/star_weights.py

Trains on reviews of the training part and prints root mean squared errors, in stars, on 5,000
others of it, with the best penalty of each, and the CPU time of this process.
"""

import argparse
import os
import resource
import sys
from pathlib import Path

import numpy as np
from scipy.sparse import csr_array, diags_array
from sklearn.feature_extraction.text import CountVectorizer
from sklearn.linear_model import Ridge
from sklearn.metrics import root_mean_squared_error
from stars import read


def weights(train, test):
    """Print, for weights of n-grams and powers of the row's sum of squares, the best error."""
    counter = CountVectorizer(ngram_range=(1, 3), min_df=2, binary=True, token_pattern=r"\S+")
    X = csr_array(counter.fit_transform(train[0]), dtype=float)
    other, stars = csr_array(counter.transform(test[0]), dtype=float), train[1]
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
            a, b = (
                csr_array(diags_array((1 + one.power(2).sum(axis=1)) ** -power) @ one)
                for one in (a, b)
            )
            unit = a.power(2).sum() / len(stars)
            errors = [
                root_mean_squared_error(
                    test[1],
                    Ridge(unit * penalty, solver="sparse_cg", tol=1e-3).fit(a, stars).predict(b),
                )
                for penalty in (0.1, 0.3, 1.0, 3.0)
            ]
            print(f"| {name} | {power} | {min(errors):.4f} |", flush=True)


def main():
    """Read the reviews and print the table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rows", type=int, default=20_000, help="training reviews")
    args = parser.parse_args()
    folder = os.environ.get("SKRNN_DATA")
    if not folder:
        sys.exit("Set SKRNN_DATA to the folder that contains aclImdb_v1.tar.gz.")
    reviews, stars, _ = read(Path(folder), "train")
    order = np.random.default_rng(0).permutation(len(reviews))
    kept, held_out = order[: args.rows], order[-5000:]
    weights((reviews[kept], stars[kept]), (reviews[held_out], stars[held_out]))
    used = resource.getrusage(resource.RUSAGE_SELF)
    print(f"{used.ru_utime + used.ru_stime:.0f} seconds of CPU time")


if __name__ == "__main__":
    main()

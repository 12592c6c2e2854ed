"""Score settings on pen strokes of styles that the training rows do not have.

    SKRNN_DATA=folder/of/the/data python examples/benchmarks/pen_styles.py --set n_kernels=null

The official test rows are by other writers, but the file does not say who wrote a training row, and
their order does not tell either. So each digit of the training part is split into 24 clusters of
similar strokes (k-means), and a third of the clusters is held out. The test part is not used. The
table has a row for each fold.
"""

import argparse
import json
import time

import numpy as np
import series_data
from sklearn.cluster import KMeans
from tables import markdown

from skrnn import RNNClassifier

N_CLUSTERS, N_FOLDS = 24, 3


def folds(X, y):
    """Return the fold of each row; rows of a cluster are in the same one."""
    digits, found = np.unique(y), np.zeros(len(y), int)
    fold_of_cluster = np.tile(np.arange(N_CLUSTERS) % N_FOLDS, (len(digits), 1))
    fold_of_cluster = np.random.default_rng(0).permuted(fold_of_cluster, axis=1)
    for label in digits:
        rows = np.flatnonzero(y == label)
        cluster = KMeans(N_CLUSTERS, n_init=1, random_state=label).fit_predict(X[rows])
        found[rows] = fold_of_cluster[label][cluster]
    return found


def main():
    """Print a table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--set", action="append", default=[], metavar="NAME=JSON")
    parser.add_argument("--folds", type=int, nargs="+", default=list(range(N_FOLDS)))
    parser.add_argument("--rows", type=int, help="train on so many random rows of a fold")
    args = parser.parse_args()
    settings = {name: json.loads(text) for name, text in (one.split("=", 1) for one in args.set)}
    split = series_data.load("pendigits")["pendigits"]
    X, y = np.array(split.X_train), split.y_train
    fold_of, rows = folds(X.reshape(len(X), -1), y), []
    for fold in args.folds:
        train, test = (np.flatnonzero(is_in) for is_in in (fold_of != fold, fold_of == fold))
        if args.rows is not None:
            train = np.random.default_rng(0).permutation(train)[: args.rows]
        start = time.process_time()
        clf = RNNClassifier(random_state=0, **settings).fit(X[train], y[train])
        seconds = time.process_time() - start
        accuracy = clf.score(X[test], y[test])
        rows.append([fold, len(train), len(test), f"{accuracy:.4f}", f"{seconds:.1f}"])
    print(markdown(["fold", "train", "held out", "accuracy", "CPU s"], rows))


if __name__ == "__main__":
    main()

"""Predict the stars of film reviews. Each command prints one row.

    SKRNN_DATA=folder/of/the/data python examples/benchmarks/stars.py network
    ... stars.py ridge                (also constant)

The number of stars of an IMDb review, 1 to 4 or 7 to 10, is in its file name. An estimator is
trained on the 25,000 training reviews and predicts the stars of the 25,000 test reviews, once for
each seed, each in its own process. The network is the default pipeline with nothing set but the
seed; ``--set dropout=0`` changes a parameter. The ridge regression is on tf-idf of words and
bigrams, with the best of several settings on a fifth of the films of the training part, which is
where the network's settings were chosen too (``--validation`` scores on it). Seconds are those of
`fit`, with tokenization and for ridge with the choice of its settings, and of `predict`; CPU
seconds, user and system, are of both.
"""

import argparse
import json
import os
import re
import subprocess
import sys
import time
from importlib.metadata import version
from pathlib import Path
from statistics import mean, stdev

import numpy as np
from machine import describe_machine, peak_memory, print_machine
from recipes import network
from sklearn.dummy import DummyRegressor
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import Ridge
from sklearn.metrics import mean_absolute_error, r2_score, root_mean_squared_error
from sklearn.pipeline import make_pipeline
from splits import of_held_out_films
from tables import markdown

PACKAGES = ("scikit-learn", "tensorflow", "keras", "numpy", "numba")
RECIPES = ("network", "ridge", "constant")
ALPHAS = (0.1, 0.3, 1.0, 3.0, 10.0)


def main():
    """Run each seed in its own process, then print the row."""
    args = parse()
    if args.seed is not None:
        print(json.dumps(measure(args)))
        return
    machine = describe_machine()
    runs = []
    for seed in range(args.seeds if args.recipe == "network" else 1):
        command = [sys.executable, __file__, *sys.argv[1:], "--seed", str(seed)]
        told = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout
        runs.append(json.loads(told.splitlines()[-1]))
        print(f"seed {seed}: {runs[-1]}", file=sys.stderr, flush=True)
    if args.json:
        args.json.write_text(json.dumps({"machine": machine, "runs": runs}, indent=1) + "\n")
    print_machine(machine, {"packages": {name: version(name) for name in PACKAGES}})
    print(table(args, runs))


def parse():
    """Return the parsed command-line arguments."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    add = parser.add_argument
    add("recipe", choices=RECIPES)
    add("--validation", action="store_true", help="score on a part of the training reviews")
    add("--seeds", type=int, default=3, help="of the network; the others have none")
    add("--set", action="append", default=[], metavar="NAME=JSON", help="a parameter")
    add("--json", type=Path, help="write all figures here")
    add("--seed", type=int, help=argparse.SUPPRESS)
    return parser.parse_args()


def read(folder, subset):
    """Return reviews, their stars, and the names of their files."""
    from skrnn import load_imdb

    data = load_imdb(folder, subset=subset, shuffle=False)
    stars = [re.search(r"_(\d+)\.txt$", str(name))[1] for name in data.filenames]
    return np.array(data.data, dtype=object), np.array(stars, dtype=float), data.filenames


def measure(args):
    """Fit and score with one seed; return the figures."""
    folder = os.environ.get("SKRNN_DATA")
    if not folder:
        sys.exit("Set SKRNN_DATA to the folder that contains aclImdb_v1.tar.gz.")
    folder = Path(folder)
    reviews, stars, names = read(folder, "train")
    held_out = of_held_out_films(folder, names)
    if args.validation:
        test, y_test = reviews[held_out], stars[held_out]
        reviews, stars, held_out = reviews[~held_out], stars[~held_out], None
    else:
        test, y_test, _ = read(folder, "test")
    cpu, start = time.process_time(), time.perf_counter()
    chosen = None
    if args.recipe == "network":
        estimator = stars_network(args.seed, args.set)
    elif args.recipe == "ridge":
        chosen = best_ridge(reviews, stars, held_out)
        estimator = ridge(**chosen)
    else:
        estimator = DummyRegressor()
    estimator.fit(list(reviews), stars)
    fitted = time.perf_counter()
    predicted = estimator.predict(list(test))
    end = time.perf_counter()
    return {
        "rmse": float(root_mean_squared_error(y_test, predicted)),
        "mae": float(mean_absolute_error(y_test, predicted)),
        "r2": float(r2_score(y_test, predicted)),
        "fit_s": fitted - start,
        "predict_s": end - fitted,
        "cpu_s": time.process_time() - cpu,
        "peak_mb": peak_memory(),
        "chosen": chosen,
    }


def stars_network(seed, changes):
    """Return the default pipeline, with some parameters changed."""
    from skrnn import RNNRegressor

    values = {name: json.loads(value) for name, value in (one.split("=", 1) for one in changes)}
    values = {k: tuple(v) if isinstance(v, list) else v for k, v in values.items()}
    return network(seed, estimator=RNNRegressor, **values)


def ridge(alpha, sublinear_tf):
    """Return ridge regression on tf-idf of words and bigrams."""
    return make_pipeline(
        TfidfVectorizer(ngram_range=(1, 2), sublinear_tf=sublinear_tf),
        Ridge(alpha=alpha, solver="sparse_cg", tol=1e-3),
    )


def best_ridge(reviews, stars, held_out):
    """Return the settings with the smallest error on held-out films, or on every fifth review."""
    if held_out is None:  # the films are the test part
        held_out = np.arange(len(stars)) % 5 == 0
    found = []
    for sublinear_tf in (False, True):
        tfidf = ridge(1.0, sublinear_tf)[0]
        X = tfidf.fit_transform(reviews[~held_out])
        X_held_out = tfidf.transform(reviews[held_out])
        for alpha in ALPHAS:
            model = ridge(alpha, sublinear_tf)[-1].fit(X, stars[~held_out])
            error = root_mean_squared_error(stars[held_out], model.predict(X_held_out))
            found.append((error, {"alpha": alpha, "sublinear_tf": sublinear_tf}))
            print(f"{found[-1]}", file=sys.stderr, flush=True)
    return min(found, key=lambda one: one[0])[1]


def table(args, runs):
    """Return the figures as Markdown."""
    what = f"{args.recipe} {' '.join(args.set)}".strip()
    part = "held-out films of the training part" if args.validation else "official test"
    row = [what, part, len(runs)]
    for key, digits in (("rmse", 4), ("mae", 4), ("r2", 4), ("fit_s", 0), ("predict_s", 1)):
        values = [run[key] for run in runs]
        text = f"{mean(values):.{digits}f}"
        row.append(f"{text} ± {stdev(values):.{digits}f}" if digits == 4 and runs[1:] else text)
    row.append(f"{mean(run['cpu_s'] for run in runs):.0f}")
    row.append(f"{max(run['peak_mb'] for run in runs):.0f}")
    header = ["", "scored on", "seeds", "RMSE", "MAE", "R²", "fit, s", "predict, s", "CPU, s"]
    header.append("peak, MB")
    return markdown(header, [row])


if __name__ == "__main__":
    main()

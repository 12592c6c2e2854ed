"""Time searches: GridSearchCV, EpochSearchCV, and scikeras with the same network.

    SKRNN_DATA=folder/of/aclImdb_v1.tar.gz python examples/benchmarks/searches.py

The data is 4,000 IMDb reviews, cut at 100 tokens. The grid has units in {32, 64}, epochs in {1, 2,
3} and dropout in {0, 0.5}. With three folds, there are 12 candidates and 36 fits. Each search runs
in its own process. Its time includes the start of TensorFlow and of the workers, but not loading
the data. The searches take turns in each round. The table has medians [min, max] over the rounds,
and shows whether the scores are the same.

The network is an LSTM after an embedding of 64 dimensions, with a batch size of 64. It is used with
the default additions of `RNNClassifier` (n-grams and corpus vectors), and without them ("bare"), as
in scikeras.
"""

import argparse
import json
import subprocess
import sys
import time
from importlib.metadata import version
from pathlib import Path
from statistics import median

import numpy as np
from machine import describe_machine, print_machine
from sklearn.model_selection import GridSearchCV, StratifiedKFold
from sklearn.pipeline import make_pipeline
from tables import markdown, spread

from skrnn import EpochSearchCV, RNNClassifier, TextToSequence, fetch_imdb

PACKAGES = ("scikit-learn", "scikeras", "tensorflow", "keras", "numpy", "numba", "joblib")
MAX_FEATURES, MAX_LENGTH, WIDTH, BATCH_SIZE = 10_000, 100, 64, 64
# Turn off what scikeras does not have.
BARE = {
    "embeddings": None,
    "ngram_range": None,
    "word_dropout": 0.0,
    "embedding_dropout": 0.0,
    "learning_rate_decay": 0.0,
}
# name: (search, network, n_jobs)
SEARCHES = {
    "GridSearchCV, one job": ("grid", "default", 1),
    "EpochSearchCV, one job": ("epochs", "default", 1),
    "GridSearchCV, two jobs": ("grid", "default", 2),
    "EpochSearchCV, two jobs": ("epochs", "default", 2),
    "GridSearchCV, bare network, two jobs": ("grid", "bare", 2),
    "EpochSearchCV, bare network, two jobs": ("epochs", "bare", 2),
    "GridSearchCV on scikeras, bare network, two jobs": ("grid", "scikeras", 2),
}


def main():
    """Run the searches in turn in each round, then print the table."""
    args = parse()
    if args.search:
        print(json.dumps(measure(args)))
        return
    machine = describe_machine()
    runs = {name: [] for name in SEARCHES}
    for number in range(args.rounds):
        for name in SEARCHES:
            if number and any(word in name for word in args.once):
                continue
            command = [sys.executable, __file__, "--search", name, "--rows", str(args.rows)]
            told = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout
            runs[name].append(json.loads(told.splitlines()[-1]))
            seconds = runs[name][-1]["seconds"]
            print(f"round {number}, {name}: {seconds:.1f} s", file=sys.stderr, flush=True)
            if args.json:
                args.json.write_text(json.dumps({"machine": machine, "runs": runs}) + "\n")
    print_machine(machine, {"packages": {name: version(name) for name in PACKAGES}})
    print(table(runs))


def parse():
    """Return the parsed command-line arguments."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    add = parser.add_argument
    add("--rounds", type=int, default=3)
    add("--rows", type=int, default=4000, help="reviews")
    add("--once", nargs="*", default=[], help="words in the names of searches that run only once")
    add("--json", type=Path, help="write all figures here")
    add("--search", choices=SEARCHES, help=argparse.SUPPRESS)
    return parser.parse_args()


def measure(args):
    """Run one search and return its seconds and scores."""
    kind, network, n_jobs = SEARCHES[args.search]
    train = fetch_imdb(subset="train")
    rows = np.random.default_rng(0).permutation(len(train.data))[: args.rows]
    reviews, labels = [train.data[i] for i in rows], np.asarray(train.target)[rows]
    pipeline, grid = PIPELINES[network]()
    search = {"grid": GridSearchCV, "epochs": EpochSearchCV}[kind](
        pipeline,
        grid,
        # Explicit, because scikit-learn does not recognize the scikeras estimator as a classifier.
        cv=StratifiedKFold(3),
        scoring="accuracy",
        n_jobs=n_jobs,
        refit=False,
        error_score="raise",
    )
    start = time.perf_counter()
    search.fit(reviews, labels)
    return {
        "seconds": time.perf_counter() - start,
        "scores": search.cv_results_["mean_test_score"].tolist(),
    }


def ours(**settings):
    """Return a pipeline with an RNNClassifier, and its grid."""
    network = RNNClassifier(
        bidirectional=False,
        embedding_dim=WIDTH,
        pooling="last",
        batch_size=BATCH_SIZE,
        random_state=0,
        **settings,
    )
    text = TextToSequence(max_features=MAX_FEATURES, max_length=MAX_LENGTH)
    return make_pipeline(text, network), grid("rnnclassifier__", "")


def scikeras():
    """Return a pipeline with scikeras and Keras's own layers, and its grid."""
    from scikeras.wrappers import KerasClassifier

    network = KerasClassifier(
        build_keras,
        model__units=64,
        model__dropout=0.0,
        optimizer="adam",
        optimizer__learning_rate=0.002,
        optimizer__global_clipnorm=1.0,
        loss="binary_crossentropy",
        batch_size=BATCH_SIZE,
        epochs=1,
        verbose=0,
    )
    text = TextToSequence(max_features=MAX_FEATURES, max_length=MAX_LENGTH, sparse_output=False)
    return make_pipeline(text, network), grid("kerasclassifier__", "model__")


def build_keras(units, dropout):
    """Return the network in plain Keras."""
    from keras import Input, Sequential, layers

    return Sequential(
        [
            Input((None,)),
            layers.Embedding(MAX_FEATURES + 2, WIDTH, mask_zero=True),
            layers.LSTM(units),
            layers.Dropout(dropout),
            layers.Dense(1, activation="sigmoid"),
        ]
    )


def grid(step, model):
    """Return the grid with the parameter names of a pipeline."""
    return {
        f"{step}{model}units": [32, 64],
        f"{step}epochs": [1, 2, 3],
        f"{step}{model}dropout": [0.0, 0.5],
    }


PIPELINES = {"default": ours, "bare": lambda: ours(**BARE), "scikeras": scikeras}


# Pairs of searches to compare, and the expected relation of their scores.
RATIOS = [
    ("EpochSearchCV, one job", "GridSearchCV, one job", "equal"),
    ("EpochSearchCV, two jobs", "GridSearchCV, two jobs", "equal"),
    ("GridSearchCV, two jobs", "GridSearchCV, one job", "equal"),
    ("EpochSearchCV, two jobs", "EpochSearchCV, one job", "equal"),
    (
        "EpochSearchCV, bare network, two jobs",
        "GridSearchCV, bare network, two jobs",
        "equal",
    ),
    (
        "GridSearchCV on scikeras, bare network, two jobs",
        "GridSearchCV, bare network, two jobs",
        "others",
    ),
    (
        "GridSearchCV on scikeras, bare network, two jobs",
        "EpochSearchCV, bare network, two jobs",
        "others",
    ),
]


def table(runs):
    """Return the figures as Markdown."""
    seconds = {name: [run["seconds"] for run in of_name] for name, of_name in runs.items()}
    rows = [
        [name, spread(seconds[name]), f"{max(runs[name][0]['scores']):.3f}"] for name in SEARCHES
    ]
    ratios = []
    for name, other, scores in RATIOS:
        found = {json.dumps(run["scores"]) for n in (name, other) for run in runs[n]}
        told = {"equal": "yes" if len(found) == 1 else "no", "others": ""}[scores]
        ratios.append([f"{name} / {other}", ratio(seconds[name], seconds[other]), told])
    return (
        markdown(["", "s", "best accuracy"], rows)
        + "\n"
        + markdown(["seconds, medians", "ratio", "equal scores"], ratios)
    )


def ratio(seconds, others):
    """Return the ratio of the medians as text."""
    return f"{median(seconds) / median(others):.2f}"


if __name__ == "__main__":
    main()

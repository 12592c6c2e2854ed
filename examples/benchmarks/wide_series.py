"""What the linear model of convolutions gains beside a network of numeric sequences.

Stratified folds of training parts of public series (with SKRNN_DATA), and of generated series:

    python examples/benchmarks/wide_series.py features
    python examples/benchmarks/wide_series.py network
    python examples/benchmarks/wide_series.py network --updates 300 --sets GunPoint bumps

`features` compares linear models of parts of the features with a random forest on values that are
resampled to 100 steps. `network` compares the same forest with the defaults of `RNNClassifier`, and
with the network without its convolutions. The tables are Markdown: accuracy / log-loss, and seconds
of CPU time of a fit and a prediction.
"""

import argparse
import os
import time
import warnings
from pathlib import Path

import numpy as np
from scipy.special import log_softmax
from sklearn.ensemble import RandomForestClassifier
from sklearn.model_selection import StratifiedKFold

from skrnn import RNNClassifier
from skrnn.convolutions import SCORES, ConvolutionModel
from skrnn.convolutions import model as model_module
from skrnn.sequences import Sequences

TRAINING_PARTS = ("JapaneseVowels", "BasicMotions", "ItalyPowerDemand", "GunPoint")


def read_ts(path):
    """Return series and labels of a .ts file."""
    X, y, is_data = [], [], False
    for line in path.read_text().splitlines():
        if is_data and line.strip():
            *channels, label = line.strip().split(":")
            X.append(np.array([[float(x) for x in one.split(",")] for one in channels]).T)
            y.append(label)
        is_data |= line.strip().lower() == "@data"
    return X, np.array(y)


# Each kind returns a series of n steps of its class k, and has this many classes.


def wave(rng, n, k):
    """Sines and saw-teeth at random phases."""
    phase = (np.arange(n) * rng.uniform(3, 6) / n + rng.uniform()) % 1
    return (np.sin(2 * np.pi * phase) if k == 0 else 2 * phase - 1) + rng.normal(0, 0.5, n)


def level(rng, n, k):
    """Noise at three levels."""
    return rng.normal(0, 1, n) + 0.35 * k


def shift(rng, n, k):
    """A step up or down at a random place."""
    x = rng.normal(0, 1, n)
    x[int(rng.uniform(0.2, 0.8) * n) :] += 1.6 * k - 0.8
    return x - x.mean()


def bump(rng, n, k):
    """One of three shapes at a random place."""
    width = max(6, n // 12)
    s, at = np.linspace(0, 1, width), int(rng.integers(0, n - width))
    x = rng.normal(0, 0.6, n)
    x[at : at + width] += 2 * [np.sin(np.pi * s), np.where(s < 0.5, 1, -1), s][k]
    return x


def frequency(rng, n, k):
    """Sines of four frequencies."""
    turns = (4 + 1.2 * k) * np.arange(n) / n * rng.uniform(0.93, 1.07) + rng.uniform()
    return np.sin(2 * np.pi * turns) + rng.normal(0, 0.8, n)


def trend(rng, n, k):
    """A rise or a fall, beside a random walk."""
    x = (k - 0.5) * np.linspace(0, 1.2, n) + rng.normal(0, 1, n)
    return x + np.cumsum(rng.normal(0, 0.03, n))


def autoregression(rng, n, k):
    """AR(2) of three frequencies."""
    x, noise = np.zeros(n + 50), rng.normal(0, 1, n + 50)
    for t in range(2, n + 50):
        x[t] = 1.8 * np.cos([0.5, 0.65, 0.8][k]) * x[t - 1] - 0.81 * x[t - 2] + noise[t]
    return x[50:]


def place(rng, n, k):
    """A bump at one of three places."""
    s = np.arange(n) / n - [0.25, 0.5, 0.75][k]
    return rng.normal(0, 1, n) + 1.2 * np.exp(-0.5 * (s / 0.05) ** 2)


# Name: kind, classes, series, steps, channels, whether lengths differ threefold.
GENERATED = {
    "waves": (wave, 2, 60, 120, 1, False),
    "long waves": (wave, 2, 200, 1344, 1, False),
    "levels": (level, 3, 90, 60, 1, True),
    "shifts": (shift, 2, 60, 100, 1, False),
    "bumps": (bump, 3, 150, 140, 1, False),
    "bumps, 6 channels": (bump, 3, 120, 100, 6, True),
    "frequencies": (frequency, 4, 100, 300, 1, False),
    "frequencies, 8 channels": (frequency, 4, 80, 400, 8, True),
    "trends": (trend, 2, 50, 200, 1, False),
    "AR(2)": (autoregression, 3, 120, 150, 1, True),
    "places": (place, 3, 90, 80, 1, False),
}


def generate(name, seed=0):
    """Return generated series and classes; of several channels, one is informative."""
    kind, n_classes, n, length, n_channels, is_unequal = GENERATED[name]
    rng = np.random.default_rng(seed)
    X, y = [], np.arange(n) % n_classes
    for k in y:
        steps = int(rng.integers(length // 3, length + 1)) if is_unequal else length
        x = rng.normal(0, rng.uniform(0.5, 2), (steps, n_channels))
        x[:, n_channels // 2] = kind(rng, steps, k)
        X.append(x)
    return X, y


def sets(names):
    """Yield name, series and classes from 0."""
    folder = Path(os.environ.get("SKRNN_DATA", "")) / "series"
    for name in [*TRAINING_PARTS, *GENERATED]:
        path = folder / f"{name}_TRAIN.ts"
        if (names and name not in names) or (name in TRAINING_PARTS and not path.exists()):
            continue
        X, y = read_ts(path) if name in TRAINING_PARTS else generate(name)
        yield name, X, np.unique(y, return_inverse=True)[1]


def resampled(X, n=100):
    """Return the values of series at 100 places."""
    return np.array(
        [
            [np.interp(np.linspace(0, len(x) - 1, n), np.arange(len(x)), c) for c in x.T]
            for x in X
        ]
    ).reshape(len(X), -1)  # fmt: skip


def scaled(X, like):
    """Return `Sequences` of X, by mean and standard deviation of other series."""
    steps = np.concatenate(like)
    values = (np.concatenate(X) - steps.mean(0)) / steps.std(0)
    return Sequences(values.astype(np.float32), np.cumsum([0, *map(len, X)]))


def convolutions(train, y, test, factors):
    """Return probabilities by the linear model, with these factors of the levels."""
    n_classes = len(np.unique(y))
    is_class = y[:, np.newaxis] == np.arange(n_classes)
    if n_classes == 2:
        is_class = is_class[:, 1:]
    before, model = model_module.fit_ridge, ConvolutionModel()
    model_module.fit_ridge = lambda *args: before(*args, factors)
    try:
        model.fit_score(scaled(train, train), is_class, y, np.ones(len(y)), seed=0)
    finally:
        model_module.fit_ridge = before
    raw = model.score(scaled(test, train)).row_inputs[SCORES]
    return log_softmax(np.hstack([0 * raw, raw]) if n_classes == 2 else raw, axis=1)


def forest(train, y, test):
    """Return log-probabilities by a random forest."""
    model = RandomForestClassifier(500, random_state=0).fit(resampled(train), y)
    return np.log(np.maximum(model.predict_proba(resampled(test)), 1e-3))


def network(train, y, test, updates, n_kernels):
    """Return log-probabilities by the network; `updates` are of eight rows, or None for "auto"."""
    epochs = "auto" if updates is None else max(1, updates // -(-len(train) // 8))
    model = RNNClassifier(n_kernels=n_kernels, epochs=epochs, random_state=0).fit(train, y)
    return np.log(np.maximum(model.predict_proba(test), 1e-12))


def main():
    """Print one of the tables."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("table", choices=["features", "network"])
    parser.add_argument("--updates", type=int, help="of a network; default: epochs='auto'")
    parser.add_argument("--sets", nargs="*")
    parser.add_argument("--folds", type=int, default=3)
    given = parser.parse_args()
    models = {
        "random forest": forest,
        "convolutions": lambda *rows: convolutions(*rows, (0.0,)),
        "convolutions and levels": lambda *rows: convolutions(*rows, (1.0,)),
        "both, weight chosen": lambda *rows: convolutions(*rows, (0.0, 0.3, 1.0)),
    }
    if given.table == "network":
        models = {
            "random forest": forest,
            "network alone": lambda *rows: network(*rows, given.updates, None),
            "network and convolutions": lambda *rows: network(*rows, given.updates, "auto"),
        }
    print("| set | " + " | ".join(models) + " |\n| --- |" + " ---: |" * len(models))
    totals = []
    for name, X, y in sets(given.sets):
        splits = list(StratifiedKFold(given.folds, shuffle=True, random_state=0).split(X, y))
        row = []
        for model in models.values():
            found = []
            for train, test in splits:
                began = time.process_time()
                log_p = model([X[i] for i in train], y[train], [X[i] for i in test])
                took = time.process_time() - began
                right = (log_p.argmax(1) == y[test]).mean()
                found.append((right, -log_p[np.arange(len(test)), y[test]].mean(), took))
            row.append(np.mean(found, axis=0))
        totals.append(row)
        print(f"| {name} | " + " | ".join(map(told, row)) + " |", flush=True)
    print("| mean | " + " | ".join(map(told, np.mean(totals, axis=0))) + " |")


def told(numbers):
    """Return accuracy, log-loss and seconds as text."""
    return f"{numbers[0]:.3f} / {numbers[1]:.2f}, {numbers[2]:.1f} s"


if __name__ == "__main__":
    # Few rows of many classes, and short trainings that have not converged, are meant.
    warnings.simplefilter("ignore")
    main()

"""Measure choices of defaults for numeric sequences, by cross-validation on training parts.

    SKRNN_DATA=folder/of/the/data python examples/benchmarks/series_choices.py --set patch_size=1

Each set is split into three stratified folds, the fold's number being the seed of the network. The
table has the mean accuracy on the rows left out, beside that of a random forest on values that are
resampled to 100 steps, and the CPU seconds of a fit (the first one compiles, and does not count).

Generated sets differ in where their classes show: in the shape of waves, in bumps at random places,
in frequencies, in the order or number of events, or at fixed places. The others are the training
parts of the sets of `series_data.py`.
"""

import argparse
import json
import time

import numpy as np
from sklearn.ensemble import RandomForestClassifier
from sklearn.model_selection import StratifiedKFold

from skrnn import RNNClassifier
from skrnn.estimators import schedule
from skrnn.training import feeds

N_FOLDS, N_RESAMPLED = 3, 100


def noise(rng, n, width):
    """Return smooth noise of variance 1."""
    kernel = np.hanning(width + 2)[1:-1]
    return np.convolve(rng.normal(size=n + width), kernel / np.linalg.norm(kernel), "valid")[:n]


def waves(rng, label, n):
    """Sines or saw-teeth, in any phase."""
    phase = (rng.uniform(3, 8) * np.arange(n) / n + rng.random()) % 1
    wave = 2 * phase - 1 if label else np.sin(2 * np.pi * phase)
    return wave * rng.uniform(0.5, 2) + rng.normal(size=n) * 0.3


def bumps(rng, label, n):
    """A round or a steep bump, at any place."""
    width = max(4, n // 15)
    return _with(rng, n, [(rng.integers(n - width), _bump(width, label))])


def order(rng, label, n):
    """A bump up and one down, in this order or the other."""
    width = max(3, n // 20)
    first, second = np.sort(rng.choice(n // width - 1, 2, replace=False)) * width
    sign = 1 if label else -1
    return _with(rng, n, [(first, sign * _bump(width)), (second, -sign * _bump(width))])


def counts(rng, label, n):
    """One to four bumps."""
    width = max(3, n // 25)
    places = rng.choice(n // width - 1, label + 1, replace=False) * width
    return _with(rng, n, [(place, _bump(width)) for place in places])


def frequencies(rng, label, n):
    """Sines of about 4, 5.5 or 7 periods."""
    turns = (4, 5.5, 7)[label] * rng.uniform(0.95, 1.05) * np.arange(n) / n + rng.random()
    return np.sin(2 * np.pi * turns) + rng.normal(size=n) * 0.5


def poles(rng, label, n):
    """Autoregressive noise with one of two spectra."""
    x, shocks = np.zeros(n + 50), rng.normal(size=n + 50)
    for i in range(2, n + 50):
        x[i] = 1.8 * np.cos(0.5 if label else 0.8) * x[i - 1] - 0.81 * x[i - 2] + shocks[i]
    return x[50:]


def trends(rng, label, n):
    """A rise or a fall under a random walk."""
    rise = (1.5 if label else -1.5) * np.arange(n) / n
    return rise + np.cumsum(rng.normal(size=n)) * 0.1 + rng.normal(size=n) * 0.5


def templates(rng, label, n):
    """One of five smooth curves, with noise."""
    curve = noise(np.random.default_rng(label), n, n // 8 + 2)
    return curve + noise(rng, n, n // 10 + 2) * 0.6 + rng.normal(size=n) * 0.3


def _bump(width, is_steep=False):
    return 2 * (np.linspace(0, 1, width) if is_steep else np.hanning(width))


def _with(rng, n, events):
    x = rng.normal(size=n) * 0.3
    for place, event in events:
        x[place : place + len(event)] += event
    return x


# Rows, steps, classes, and the least share of the steps that a row has.
GENERATED = {
    "waves": (waves, 60, 200, 2, 1.0),
    "waves of many lengths": (waves, 120, 800, 2, 0.1),
    "bumps": (bumps, 80, 300, 2, 1.0),
    "order": (order, 200, 400, 2, 1.0),
    "counts": (counts, 200, 150, 4, 1.0),
    "frequencies": (frequencies, 90, 500, 3, 1.0),
    "poles": (poles, 100, 250, 2, 1.0),
    "trends": (trends, 40, 100, 2, 1.0),
    "templates": (templates, 60, 300, 5, 1.0),
}
READ = ("JapaneseVowels", "BasicMotions", "ItalyPowerDemand", "GunPoint")


def load(name):
    """Return series and classes of a set, without any test row."""
    if name not in GENERATED:
        import series_data

        split = series_data.load(name)[name]
        return split.X_train, split.y_train
    make, n_rows, n_steps, n_classes, least = GENERATED[name]
    rng = np.random.default_rng(0)
    lengths = (n_steps * least ** rng.random(n_rows)).astype(int)
    y = rng.permutation(np.arange(n_rows) % n_classes)
    X = [make(rng, label, n)[:, np.newaxis] for label, n in zip(y, lengths, strict=True)]
    return X, y


def resampled(X):
    """Return rows of `N_RESAMPLED` values for each channel."""
    places = np.linspace(0, 1, N_RESAMPLED)
    rows = []
    for row in X:
        known = np.linspace(0, 1, len(row))
        rows.append(np.concatenate([np.interp(places, known, channel) for channel in row.T]))
    return np.array(rows)


def measure(name, settings, n_folds):
    """Return accuracies of the network and of the forest, and CPU seconds."""
    X, y = load(name)
    flat, scores, forest, seconds = resampled(X), [], [], []
    folds = StratifiedKFold(N_FOLDS, shuffle=True, random_state=0).split(flat, y)
    for seed, (train, test) in list(enumerate(folds))[:n_folds]:
        clf = RNNClassifier(random_state=seed, **settings)
        start = time.process_time()
        clf.fit([X[i] for i in train], y[train])
        seconds.append(time.process_time() - start)
        scores.append(clf.score([X[i] for i in test], y[test]))
        trees = RandomForestClassifier(random_state=seed).fit(flat[train], y[train])
        forest.append(trees.score(flat[test], y[test]))
    return scores, forest, seconds[1:] or seconds


def value_of(text):
    """Return a value of JSON, or the text."""
    try:
        return json.loads(text)
    except ValueError:
        return text


def main():
    """Print a table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument(
        "--sets", nargs="+", default=[*GENERATED, *READ], choices=[*GENERATED, *READ]
    )
    parser.add_argument("--set", action="append", default=[], metavar="NAME=VALUE")
    parser.add_argument("--updates", type=int, help="another number of updates for epochs='auto'")
    parser.add_argument("--aligned", action="store_true", help="patches begin at the first step")
    parser.add_argument("--folds", type=int, default=N_FOLDS, help="measure the first ones only")
    args = parser.parse_args()
    settings = dict(one.split("=", 1) for one in args.set)
    settings = {name: value_of(text) for name, text in settings.items()}
    if args.aligned:
        feeds.shifted = lambda steps, size, shifts: steps
    if args.updates is not None:
        schedule.UPDATES = args.updates
    print("| set | accuracy | lowest, highest | random forest | CPU s |")
    print("| --- | ---: | ---: | ---: | ---: |")
    for name in args.sets:
        scores, forest, seconds = measure(name, settings, args.folds)
        spread = f"{min(scores):.2f}, {max(scores):.2f}"
        row = [name, f"{np.mean(scores):.3f}", spread, f"{np.mean(forest):.3f}"]
        print("| " + " | ".join([*row, f"{np.mean(seconds):.1f}"]) + " |", flush=True)


if __name__ == "__main__":
    main()

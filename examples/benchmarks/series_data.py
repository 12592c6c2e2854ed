"""Read the series of the benchmark `series.py`, and write them as arrays.

    SKRNN_DATA=folder/of/the/data python series_data.py --folder output GunPoint digits

`series.py` runs this script in the environment of skrnn, because it needs NumPy and SciPy. The sets
with their official split are six of the UEA, UCR and TSER archives (series/*.ts), pen strokes
(pendigits/pendigits.csv, 8 points of x and y; the test part has other writers) and spoken digits
(fsdd/recordings.zip; takes 0 to 4 are the test part). Spoken digits also have a split without each
speaker. Their features are those of `examples/spoken_digits.py`.
"""

import argparse
import json
import os
import sys
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from series_rows import REGRESS, SETS

N_PEN_TRAIN = 7494
N_TEST_TAKES = 5


@dataclass
class Split:
    """Series of shape (n_timesteps, n_channels) and targets, for training and scoring.

    Classes are numbered from 0.
    """

    X_train: list
    y_train: np.ndarray
    X_test: list
    y_test: np.ndarray

    def write(self, path):
        """Write steps end to end, with the bounds of rows, for `peers/series_file.py`."""
        arrays = {"y_train": self.y_train, "y_test": self.y_test}
        for part, X in (("train", self.X_train), ("test", self.X_test)):
            arrays[f"{part}_values"] = np.concatenate(X)
            arrays[f"{part}_bounds"] = np.cumsum([0, *map(len, X)])
        np.savez(path, **arrays)

    def describe(self):
        """Return numbers of rows, channels and steps."""
        lengths = [len(row) for row in self.X_train + self.X_test]
        return {
            "train": len(self.X_train),
            "test": len(self.X_test),
            "channels": self.X_train[0].shape[1],
            "steps": [min(lengths), max(lengths)],
            "classes": len(np.unique(self.y_train)) if self.y_train.dtype.kind == "i" else None,
        }


def load(name):
    """Return the splits of a set, of which most have one.

    Parameters
    ----------
    name : str
        A key of `SETS`.

    Returns
    -------
    splits : dict of str to Split
    """
    folder = os.environ.get("SKRNN_DATA")
    if not folder:
        sys.exit("Set SKRNN_DATA to the folder that contains series/, pendigits/ and fsdd/.")
    folder = Path(folder)
    if name == "pendigits":
        return {name: _pen_strokes(folder / "pendigits" / "pendigits.csv")}
    if name in ("digits", "speakers"):
        return _spoken_digits(folder / "fsdd" / "recordings.zip", name)
    parts = [read_ts(folder / "series" / f"{name}_{part}.ts") for part in ("TRAIN", "TEST")]
    (X_train, y_train), (X_test, y_test) = parts
    if SETS[name][1] == REGRESS:
        y_train, y_test = (np.array(y, dtype=float) for y in (y_train, y_test))
    else:
        codes = np.unique([*y_train, *y_test], return_inverse=True)[1]
        y_train, y_test = np.split(codes.astype(np.int64), [len(y_train)])
    return {name: Split(X_train, y_train, X_test, y_test)}


def read_ts(path):
    """Return the series of a .ts file as a list of (n_timesteps, n_channels), and targets as text.

    A line has a field for each channel and one for the target, separated by colons.
    """
    X, y = [], []
    for line in path.read_text().splitlines():
        if line and line[0] not in "@#":
            *channels, target = line.split(":")
            X.append(np.array([channel.split(",") for channel in channels], dtype=float).T)
            y.append(target)
    return X, y


def _pen_strokes(path):
    rows = np.loadtxt(path, delimiter=",", skiprows=1, usecols=range(1, 18))
    X, y = list(rows[:, :16].reshape(-1, 8, 2)), rows[:, 16].astype(np.int64)
    n = N_PEN_TRAIN
    return Split(X[:n], y[:n], X[n:], y[n:])


def _spoken_digits(path, name):
    # The features are part of the example, where readers look for them.
    sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
    from spoken_digits import cepstra, read_recordings

    recordings, digits, speakers, takes = read_recordings(path)
    X, y = [cepstra(*recording) for recording in recordings], digits.astype(np.int64)
    if name == "digits":
        tests = {"digits": takes < N_TEST_TAKES}
    else:
        tests = {f"without {speaker}": speakers == speaker for speaker in np.unique(speakers)}
    splits = {}
    for key, test in tests.items():
        parts = (
            [row for row, is_test in zip(X, test, strict=True) if is_test == wanted]
            for wanted in (False, True)
        )
        X_train, X_test = parts
        splits[key] = Split(X_train, y[~test], X_test, y[test])
    return splits


def main():
    """Write the splits of some sets, and print {set: {split: description}} as JSON."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--folder", type=Path, required=True)
    parser.add_argument("sets", nargs="+", choices=SETS)
    args = parser.parse_args()
    found = {}
    for name in args.sets:
        found[name] = {}
        for key, split in load(name).items():
            path = args.folder / f"{key}.npz"
            split.write(path)
            found[name][key] = {"path": str(path), **split.describe()}
    print(json.dumps(found))


if __name__ == "__main__":
    main()

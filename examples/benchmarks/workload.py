"""The reviews of the benchmark, tokenized once and written as arrays.

    SKRNN_DATA=folder/of/the/archive python workload.py --output reviews.npz

The script needs skrnn. `speed.py` and `same_accuracy.py` run it in the environment of skrnn. The
reviews are the first ones of the shuffled IMDb training and test parts. For any number of reviews,
the vocabulary has the 10,000 most frequent words of all 25,000 training reviews, so ids go up to
10,001 (0 is padding, 1 an unknown word).
"""

import argparse
import json
import os
import sys
from pathlib import Path

import numpy as np

MAX_FEATURES = 10_000


def read_reviews():
    """Return training and test reviews as Bunches, from the folder given by SKRNN_DATA."""
    from skrnn import load_imdb

    folder = os.environ.get("SKRNN_DATA")
    if not folder:
        sys.exit("Set SKRNN_DATA to the folder that holds aclImdb_v1.tar.gz or aclImdb.")
    return [load_imdb(folder, subset=subset) for subset in ("train", "test")]


def tokenise(train, test, *, rows, test_rows, max_length):
    """Return {"train" or "test": (sparse array of ids, labels)}."""
    from skrnn import TextToSequence

    text = TextToSequence(max_features=MAX_FEATURES, max_length=max_length).fit(train.data)
    return {
        "train": (text.transform(train.data[:rows]), train.target[:rows]),
        "test": (text.transform(test.data[:test_rows]), test.target[:test_rows]),
    }


def write(path, parts, max_length=None):
    """Write concatenated token ids, row bounds and labels for `peers/reviews.py`."""
    arrays = {"vocabulary_size": MAX_FEATURES + 2, "max_length": max_length or 0}
    for part, (ids, y) in parts.items():
        arrays[f"{part}_ids"] = ids.data.astype(np.int32)
        arrays[f"{part}_bounds"] = ids.indptr.astype(np.int64)
        arrays[f"{part}_y"] = np.asarray(y, dtype=np.int64)
    Path(path).parent.mkdir(parents=True, exist_ok=True)
    np.savez(path, **arrays)


def describe(parts):
    """Return the numbers of rows and tokens, and the length of the longest row."""
    told = {}
    for part, (ids, y) in parts.items():
        lengths = np.diff(ids.indptr)
        told[part] = {
            "rows": len(lengths),
            "tokens": int(lengths.sum()),
            "longest": int(lengths.max()),
            "positive": int(np.sum(y)),
        }
    return told


def main():
    """Write one file and print its description as JSON."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--output", required=True)
    parser.add_argument("--rows", type=int, default=2560)
    parser.add_argument("--test-rows", type=int, default=2560)
    parser.add_argument(
        "--max-length", type=int, default=None, help="limit of tokens; default: none"
    )
    args = parser.parse_args()
    parts = tokenise(
        *read_reviews(), rows=args.rows, test_rows=args.test_rows, max_length=args.max_length
    )
    write(args.output, parts, args.max_length)
    print(json.dumps(describe(parts)))


if __name__ == "__main__":
    main()

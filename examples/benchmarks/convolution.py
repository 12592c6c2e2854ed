"""Compare a recurrent network with a convolutional network on three tasks.

    SKRNN_DATA=folder/of/aclImdb_v1.tar.gz python examples/benchmarks/convolution.py

The tasks are: which of two marked tokens comes first, 10 to 30 steps apart (4,000 training
sequences of 40 ids, 1,000 for testing); the generated reviews of `make_reviews` (4,000 and 1,000);
and 5,000 IMDb reviews cut at 200 tokens (5,000 others for testing). One network is an LSTM, the
other a convolution over windows of five tokens in plain Keras (Kim 2014, with one window width).
Both have embeddings of 64 dimensions, 64 units or filters, max pooling over time, a dense layer,
and nothing else. They are trained with Adam and a batch size of 64, with three seeds.
"""

import argparse
import time
from importlib.metadata import version
from statistics import mean, stdev

import numpy as np
from machine import describe_machine, print_machine
from tables import markdown

from skrnn import RNNClassifier, TextToSequence, fetch_imdb, make_reviews

PACKAGES = ("scikit-learn", "tensorflow", "keras", "numpy", "numba")
WIDTH, WINDOW, BATCH_SIZE, LEARNING_RATE = 64, 5, 64, 0.002
SEEDS = range(3)


def main():
    """Train both on every task, then print the table."""
    tasks = parse().tasks
    machine = describe_machine()
    rows = []
    for task in tasks:
        title, epochs, load = TASKS[task]
        data = load()
        for name, fit_predict in NETWORKS.items():
            accuracies, seconds = [], []
            for seed in SEEDS:
                start = time.perf_counter()
                right = fit_predict(*data[:3], epochs, seed) == data[3]
                seconds.append(time.perf_counter() - start)
                accuracies.append(float(right.mean()))
            told = f"{mean(accuracies):.3f} ± {stdev(accuracies):.3f}"
            rows.append([f"{title}: {name}", epochs, told, f"{mean(seconds):.1f}"])
            print(rows[-1], flush=True)
    print_machine(machine, {"packages": {name: version(name) for name in PACKAGES}})
    print(markdown(["", "epochs", "test accuracy", "fit and predict, s"], rows))


def parse():
    """Return the parsed command-line arguments."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--tasks", nargs="+", choices=TASKS, default=list(TASKS))
    return parser.parse_args()


def recurrent(X, y, X_test, epochs, seed):
    """Return the predictions of an LSTM."""
    network = RNNClassifier(
        bidirectional=False,
        units=WIDTH,
        embedding_dim=WIDTH,
        embeddings=None,
        ngram_range=None,
        word_dropout=0.0,
        embedding_dropout=0.0,
        dropout=0.0,
        learning_rate=LEARNING_RATE,
        learning_rate_decay=0.0,
        batch_size=BATCH_SIZE,
        epochs=epochs,
        vocabulary_size=int(max(X.max(), X_test.max())) + 1,
        random_state=seed,
    )
    return network.fit(X, y).predict(X_test)


def convolutional(X, y, X_test, epochs, seed):
    """Return the predictions of a convolutional network."""
    import keras

    keras.utils.set_random_seed(seed)
    n_ids = int(max(X.max(), X_test.max())) + 1
    layers = keras.layers
    network = keras.Sequential(
        [
            layers.Embedding(n_ids, WIDTH),
            layers.Conv1D(WIDTH, WINDOW, padding="same", activation="relu"),
            layers.GlobalMaxPooling1D(),
            layers.Dense(1, activation="sigmoid"),
        ]
    )
    network.compile(
        keras.optimizers.Adam(LEARNING_RATE, global_clipnorm=1.0), "binary_crossentropy"
    )
    network.fit(X, y, batch_size=BATCH_SIZE, epochs=epochs, verbose=0)
    return (network.predict(X_test, verbose=0)[:, 0] > 0.5).astype(int)


def first_of_two():
    """Return noise sequences in which id 2 comes before or after id 3."""
    rng = np.random.default_rng(0)
    X = rng.integers(4, 50, (5000, 40)).astype(np.int32)
    y = rng.integers(0, 2, len(X))
    for row, label in zip(X, y, strict=True):
        distance = rng.integers(10, 31)
        first = rng.integers(0, X.shape[1] - distance)
        row[first], row[first + distance] = (2, 3) if label else (3, 2)
    return X[:4000], y[:4000], X[4000:], y[4000:]


def generated_reviews():
    """Return the ids of `make_reviews`."""
    texts, labels = make_reviews(5000, random_state=0)
    return _tokenise(texts[:4000], labels[:4000], texts[4000:], labels[4000:])


def imdb():
    """Return the ids of some IMDb reviews."""
    train, test = (fetch_imdb(subset=subset) for subset in ("train", "test"))
    parts = []
    for part in (train, test):
        rows = np.random.default_rng(0).permutation(len(part.data))[:5000]
        parts += [[part.data[i] for i in rows], np.asarray(part.target)[rows]]
    return _tokenise(*parts)


def _tokenise(texts, labels, test, test_labels):
    text = TextToSequence(max_length=200, sparse_output=False).fit(texts)
    return text.transform(texts), np.asarray(labels), text.transform(test), np.asarray(test_labels)


NETWORKS = {"LSTM": recurrent, "convolution": convolutional}
# name: (title, epochs, data)
TASKS = {
    "order": ("which of two comes first", 10, first_of_two),
    "reviews": ("generated reviews", 10, generated_reviews),
    "imdb": ("IMDb, 5,000 reviews", 4, imdb),
}


if __name__ == "__main__":
    main()

"""``skrnn demo``: from reviews to a saved pipeline that another process uses."""

import subprocess
import sys
import time
from dataclasses import dataclass

import numpy as np

from skrnn.exceptions import CommandError

SENTENCE = "Not bad at all, I loved it"
CLASSES = ("negative", "positive")

# What the new process runs: nothing but the file.
_USE = """
import sys, skrnn
pipeline = skrnn.load(sys.argv[1])
negative, positive = pipeline.predict_proba([sys.argv[2]])[0]
label = ("negative", "positive")[int(positive > negative)]
print(f"{label} (probability of positive: {positive:.3f})")
"""


# Generated reviews are few: an epoch is 29 updates, which have to go further.
_SETTINGS = {
    # Words alone tell nothing there, and the texts are clean: the network without its aids.
    "reviews": {
        "learning_rate": 0.003,
        "learning_rate_decay": 0.0,
        "bidirectional": False,
        "embeddings": None,
        "ngram_range": None,
        "word_dropout": 0.0,
        "embedding_dropout": 0.0,
        "dropout": 0.0,
    },
    "imdb": {},
}


@dataclass
class Reviews:
    """Texts and labels (0 negative, 1 positive) to train and to test with."""

    told: str
    train: list
    y_train: np.ndarray
    test: list
    y_test: np.ndarray


def run(*, data, cell, epochs, seed, output):
    """Run the demo; see ``skrnn demo --help``."""
    _check_output(output)
    _need_matplotlib()
    _say("Data")
    reviews = _generated(seed) if data == "reviews" else _imdb()
    print(reviews.told)
    print(
        f"{len(reviews.train):,} reviews to train with, a tenth of them held out to find the best "
        f"epoch; {len(reviews.test):,} to test with."
    )

    _say(f"Training: {cell.upper()}, {epochs} epoch{'s' * (epochs > 1)} of batch 128")
    pipeline = _make_pipeline(cell, epochs, seed, data, output / "checkpoints")
    seconds = _fit(pipeline, reviews, seed)
    print(
        f"Trained in {seconds:.0f} s. {output}/checkpoints has its last epoch and its end, which\n"
        "skrnn.load reads as models; after an interruption the same command goes on from them."
    )
    print(f"Kept: the weights of epoch {pipeline[-1].best_epoch_}, the best on held-out reviews.")

    _say("Compared on the test reviews")
    accuracy = _compare(pipeline, seconds, cell, reviews)

    _say("What the network reads")
    _decode(pipeline, reviews.test[0])

    _say("The network")
    pipeline[-1].model_.summary(line_length=80)

    _say("Saved")
    picture, saved = output / "training.png", output / "pipeline.skrnn"
    _save(pipeline, picture, saved)

    _say("Used from a new process")
    print(f"{SENTENCE!r}: ", end="", flush=True)
    subprocess.run([sys.executable, "-c", _USE, str(saved), SENTENCE], check=True)
    print(f"\nTest accuracy of the {cell.upper()}: {accuracy:.4f}")


def _say(title):
    print(f"\n== {title}", flush=True)


def _check_output(output):
    try:
        (output / "checkpoints").mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise CommandError(f"cannot write to --output {output}: {error}") from error


def _need_matplotlib():
    from skrnn.plotting import check_matplotlib

    try:
        check_matplotlib("The learning-curve picture")
    except ImportError as error:
        raise CommandError(str(error)) from error


def _generated(seed):
    from sklearn.model_selection import train_test_split

    from skrnn.datasets import make_reviews

    texts, labels = make_reviews(5000, random_state=seed)
    train, test, y_train, y_test = train_test_split(
        texts, labels, test_size=1000, stratify=labels, random_state=seed
    )
    told = (
        "Generated film reviews (make_reviews), in which the order of the words decides. For the "
        "IMDb\nreviews: skrnn demo --data imdb"
    )
    return Reviews(told, train, y_train, test, y_test)


def _imdb():
    from skrnn.datasets import fetch_imdb

    try:
        train, test = (fetch_imdb(subset=subset) for subset in ("train", "test"))
    except (ImportError, OSError, ValueError) as error:
        raise CommandError(f"no IMDb reviews: {error}") from error
    told = "The IMDb reviews of Maas et al. (2011), official split."
    return Reviews(told, train.data, train.target, test.data, test.target)


def _fit(pipeline, reviews, seed):
    """Fit on nine tenths of the training reviews and follow the loss on the rest."""
    from sklearn import config_context
    from sklearn.model_selection import train_test_split

    texts, followed, labels, followed_labels = train_test_split(
        reviews.train, reviews.y_train, test_size=0.1, stratify=reviews.y_train, random_state=seed
    )
    start = time.perf_counter()
    with config_context(enable_metadata_routing=True):
        pipeline.fit(texts, labels, X_val=followed, y_val=followed_labels)
    return time.perf_counter() - start


def _make_pipeline(cell, epochs, seed, data, checkpoints):
    from sklearn import config_context
    from sklearn.pipeline import Pipeline

    from skrnn import RNNClassifier, TextToSequence

    classifier = RNNClassifier(
        cell=cell,
        units=64,
        epochs=epochs,
        batch_size=128,
        **_SETTINGS[data],
        # Train all epochs, and keep the weights of the best.
        early_stopping=True,
        n_iter_no_change=epochs,
        checkpoint=checkpoints,
        verbose=1 if sys.stdout.isatty() else 2,
        random_state=seed,
    )
    with config_context(enable_metadata_routing=True):
        classifier.set_fit_request(X_val=True, y_val=True)
    return Pipeline(
        [("texttosequence", TextToSequence(max_features=10_000)), ("rnnclassifier", classifier)],
        transform_input=["X_val"],
    )


def _compare(pipeline, seconds, cell, reviews):
    from skrnn.baselines import make_nbsvm, make_tfidf_logistic

    rivals = {
        "tf-idf + logistic regression": make_tfidf_logistic(),
        "NB-SVM, uni- and bigrams": make_nbsvm(),
    }
    print(f"{'':30} {'accuracy':>8} {'fit, s':>8} {'predict, s':>11}")
    accuracy = _row(f"{cell.upper()} of 64 units", pipeline, seconds, reviews)
    for name, rival in rivals.items():
        start = time.perf_counter()
        rival.fit(reviews.train, reviews.y_train)
        _row(name, rival, time.perf_counter() - start, reviews)
    return accuracy


def _row(name, estimator, fit_seconds, reviews):
    start = time.perf_counter()
    accuracy = float(np.mean(estimator.predict(reviews.test) == reviews.y_test))
    seconds = time.perf_counter() - start
    print(f"{name:30} {accuracy:8.4f} {fit_seconds:8.1f} {seconds:11.1f}", flush=True)
    return accuracy


def _decode(pipeline, review):
    ids = pipeline[0].transform([review])
    words = " ".join(pipeline[0].inverse_transform(ids)[0])
    shown = 300
    print("written:", review[:shown] + (" ..." if len(review) > shown else ""))
    print("ids:    ", *ids.data[:12], "..." if ids.nnz > 12 else "")
    print("words:  ", words[:shown] + (" ..." if len(words) > shown else ""))


def _save(pipeline, picture, saved):
    from skrnn.persistence import save
    from skrnn.plotting import TrainingCurveDisplay, check_matplotlib

    display = TrainingCurveDisplay.from_estimator(pipeline)
    display.figure_.savefig(picture, dpi=120)
    check_matplotlib("The demo").close(display.figure_)
    save(pipeline, saved)
    print(f"{picture}: the learning curve")
    print(f"{saved}: the pipeline, {saved.stat().st_size / 1e6:.1f} MB")

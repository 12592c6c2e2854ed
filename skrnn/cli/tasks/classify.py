"""The task classify: each text has one of some classes."""

import math
from collections import Counter
from dataclasses import asdict, replace
from warnings import warn

import numpy as np

from skrnn.cli.lookalikes import hint, warn_of_classes, warn_of_labels
from skrnn.cli.report.scores import measure
from skrnn.cli.score_tables import class_table, confusion_table, score, short, short_labels
from skrnn.cli.tables import as_text
from skrnn.cli.tasks.base import Task
from skrnn.exceptions import CommandError, InvalidInputError
from skrnn.fileformat.errors import shown as shown_value
from skrnn.heads.targets import MANY_NUMBERS
from skrnn.lookalikes import quoted, shown

# Number of classes that are listed one by one.
_LISTED = 20


class Classify(Task):
    """Classes; `truth` is the index of each row's class.

    Parameters
    ----------
    classes : list of str
        As in a CSV file, in the order of `classes_`.
    """

    name = "classify"
    estimator = "RNNClassifier"
    has_report = True
    scoring = {"accuracy": "accuracy", "log-loss (negative)": "neg_log_loss"}  # noqa: RUF012
    scoring_note = "Higher is better for all scores, so log-loss is negative."
    how_divided = ", with about the same share of each label"

    def __init__(self, classes):
        self.classes = classes

    @property
    def names(self):
        """The classes as they are shown: no two look the same."""
        return shown(self.classes)

    # --- Estimators and their parameters ---

    @classmethod
    def check_setting(cls, name, value):
        """Refuse weights of classes that are no weights."""
        if name == "class_weight" and isinstance(value, dict):
            for label, weight in value.items():
                is_number = isinstance(weight, int | float) and not isinstance(weight, bool)
                if not is_number or not 0 <= weight < math.inf:
                    raise CommandError(
                        f"--set class_weight: the weight of {label!r} is {shown_value(weight)}, "
                        "expected a number of at least 0."
                    )

    @classmethod
    def check_parameters(cls, estimator):
        """Refuse what is for several labels."""
        if estimator.thresholds is not None:
            raise InvalidInputError(
                "--set thresholds: thresholds are for several labels for each row, but the command "
                "line trains on one label for each row. Leave it out."
            )

    def baselines(self):
        """Return NB-SVM and logistic regression."""
        from skrnn import make_nbsvm, make_tfidf_logistic

        return {
            "NB-SVM, uni- and bigrams": make_nbsvm(),
            "tf-idf + logistic regression": make_tfidf_logistic(),
        }

    def constant(self):
        """Return the most frequent class."""
        from sklearn.dummy import DummyClassifier

        return "always the most frequent label", DummyClassifier(strategy="prior")

    # --- The column of labels ---

    @classmethod
    def of_table(cls, table, column, labels, *, once):
        """Take the classes of a table, and warn of what may be a mistake."""
        classes = sorted(set(labels))
        _check_classes(table, column, labels, classes, once=once)
        _warn_of_numbers(table, column, classes)
        warn_of_labels(Counter(labels), f"{table.path}: column {column!r}")
        return cls(classes)

    def truth(self, table, column, labels):
        """Return the index of each label's class; unknown labels are an error."""
        unknown = self._unknown(labels)
        if unknown:
            labels = sorted({labels[i] for i in unknown})
            raise CommandError(
                f"{table.path}: the model does not know the label{'s' * (len(labels) > 1)} "
                f"{_some(labels)} (--label), {table.places(unknown)}. It was trained on "
                f"{_some(self.classes)}.{hint(labels[0], self.classes)}"
            )
        return self._indices(labels)

    def held_out_truth(self, table, column, labels, trained_on):
        """Return the index of each label's class; unknown labels are an error."""
        unknown = self._unknown(labels)
        if unknown:
            raise CommandError(
                f"{table.path}: no row of {trained_on.path} has the label {labels[unknown[0]]!r}, "
                f"{table.places(unknown)}. Labels must be equal, including case and spaces."
                f"{hint(labels[unknown[0]], self.classes)}"
            )
        return self._indices(labels)

    def _unknown(self, labels):
        known = set(self.classes)
        return [i for i, label in enumerate(labels) if label not in known]

    def _indices(self, labels):
        position = {label: i for i, label in enumerate(self.classes)}
        return np.array([position[label] for label in labels], np.intp)

    @property
    def least_rows(self):
        """One row of each class."""
        return len(self.classes)

    @property
    def both_parts(self):
        """The classes."""
        return f" with all {len(self.classes)} labels in both parts"

    def strata(self, truth):
        """Return the classes."""
        return truth

    def targets(self, truth):
        """Return the labels."""
        return np.array(self.classes)[truth]

    def describe(self, parts):
        """Return the number of rows of each class."""
        counts = [np.bincount(part.truth, minlength=len(self.classes)) for part in parts]
        rows = [["label", "training", "held out"][: 1 + len(parts)]]
        rows += [
            [label, *(f"{n:,}" for n in numbers)]
            for label, *numbers in zip(short_labels(self.classes)[:_LISTED], *counts, strict=False)
        ]
        if len(self.classes) > _LISTED:
            others = [count[_LISTED:].sum() for count in counts]
            rows.append([f"{len(self.classes) - _LISTED} others", *(f"{n:,}" for n in others)])
        return [*rows, ["all", *(f"{len(part):,}" for part in parts)]]

    @classmethod
    def folds(cls, table, column, labels, n, seed):
        """Return stratified folds."""
        from sklearn.model_selection import StratifiedKFold

        counts = Counter(labels)
        if len(counts) < 2:
            raise CommandError(_one_label(table, column, labels))
        rare = min(counts, key=counts.get)
        if counts[rare] < n:
            raise CommandError(
                f"{table.path}: label {rare!r} is in {counts[rare]} row{'s' * (counts[rare] > 1)}, "
                f"fewer than --cv {n}: each fold needs one. Use fewer folds, or remove the label."
                f"{hint(rare, counts)}"
            )
        return StratifiedKFold(n, shuffle=True, random_state=seed)

    # --- Predictions ---

    @classmethod
    def answers(cls, pipeline):
        """Whether each text gets one of some classes."""
        kind = getattr(getattr(pipeline[-1], "head_", None), "kind", "classes")
        return kind == "classes" and hasattr(pipeline, "classes_")

    @classmethod
    def of_model(cls, pipeline, path):
        """Take the classes of a model."""
        classes = [as_text(label) for label in pipeline.classes_.tolist()]
        warn_of_classes(classes, f"the model {path}")
        return cls(classes)

    def predict(self, estimator, texts):
        """Return the index of each text's predicted class, and the probabilities."""
        position = {label: i for i, label in enumerate(estimator.classes_.tolist())}
        predicted = [position[label] for label in estimator.predict(texts).tolist()]
        return np.array(predicted, np.intp), estimator.predict_proba(texts)

    def measure(self, truth, predicted, probabilities):
        """Return accuracy, log-loss and others."""
        return measure(self.classes, truth, predicted, probabilities)

    @property
    def score_names(self):
        """The scores of a training."""
        return ["accuracy", "balanced", "log-loss", *["ROC AUC"] * self._is_binary]

    def score_cells(self, scores):
        """Return the scores of a training."""
        values = [scores.accuracy, scores.balanced_accuracy, scores.log_loss]
        return [score(value) for value in values + [scores.roc_auc] * self._is_binary]

    def score_lines(self, scores):
        """Return all scores."""
        lines = [
            f"accuracy           {scores.accuracy:.4f}",
            f"balanced accuracy  {scores.balanced_accuracy:.4f}",
            f"log-loss           {scores.log_loss:.4f}",
        ]
        if self._is_binary:
            has_one = scores.roc_auc is None
            area = "- (rows of one class only)" if has_one else f"{scores.roc_auc:.4f}"
            lines.append(f"ROC AUC            {area}")
        return [*lines, "", class_table(scores), "", confusion_table(scores)]

    def score_values(self, scores):
        """Return all scores."""
        return asdict(scores) | {"confusion": scores.confusion.tolist()}

    @property
    def _is_binary(self):
        return len(self.classes) == 2

    def column_names(self, *, probabilities):
        """Return the name of the prediction, and one for each class."""
        return ["prediction"] + [f"probability_{name}" for name in self.classes * probabilities]

    def columns(self, pipeline, texts, *, probabilities):
        """Return the predicted classes, and the probability of each class."""
        predicted, of_classes = self.predict(pipeline, texts)
        # The original classes: in JSON lines and Parquet a number stays a number.
        labels = pipeline.classes_.tolist()
        answers = [labels[i] for i in predicted]
        return [answers, *(of_classes.T.tolist() if probabilities else [])]

    # --- Explanations ---

    def target(self, given, pipeline):
        """Return the class that is named."""
        if given is None:
            return None
        if given not in self.classes:
            raise CommandError(
                f"--target {given!r} is not a class of the model: "
                f"{', '.join(quoted(self.classes))}.{hint(given, self.classes)}"
            )
        return pipeline.classes_[self.classes.index(given)]

    def named(self, explanation, pipeline):
        """Return an explanation with classes named as in tables and by --target."""
        names = dict(zip(pipeline.classes_.tolist(), self.names, strict=True))
        return replace(
            explanation,
            target=names[explanation.target],
            prediction=names[explanation.prediction],
        )

    def told(self, explanation):
        """Return the class, the predicted one, and the probability."""
        from skrnn.inspection.html import told_answer, told_target

        return f"{told_target(explanation, short)}, {told_answer(explanation)}"


TASK = Classify


def _some(labels):
    return ", ".join(quoted(labels[:8])) + f" and {len(labels) - 8} more" * (len(labels) > 8)


def _one_label(table, column, labels):
    return (
        f"{table.path}: column {column!r} has the label {labels[0]!r} in all rows; at least two "
        "labels are needed."
    )


def _check_classes(table, column, labels, classes, *, once):
    if len(classes) < 2:
        raise CommandError(_one_label(table, column, labels))
    counts = Counter(labels)
    single = [label for label in classes if counts[label] == 1]
    if once and single:
        if 2 * len(single) > len(classes):
            raise CommandError(
                f"{table.path}: column {column!r} has {len(classes)} different values in "
                f"{len(labels)} rows, {len(single)} of them only once. Is it the column of labels? "
                "Labels are a few classes with several rows each. For numbers on a scale, use "
                "--task regress."
            )
        others = len(single) - 1
        many = f" So are {others} others." if others > 1 else " So is another." * others
        raise CommandError(
            f"{table.path}: label {single[0]!r} is in one row only, so it cannot be both trained "
            f"and held out.{many}{hint(single[0], classes)} If {column!r} is the column of labels, "
            "remove such rows, or use --validation 0 or FILE."
        )


def _warn_of_numbers(table, column, classes):
    """Warn if labels are so many numbers that the column may be a quantity."""
    try:
        numbers = sorted(map(float, classes))
    except ValueError:
        return
    if len(numbers) >= MANY_NUMBERS:
        warn(
            f"{table.path}: column {column!r} has {len(numbers)} different numbers, from "
            f"{numbers[0]:g} to {numbers[-1]:g}. Each becomes a class of its own, without an "
            "order. If they are a quantity, use --task regress.",
            stacklevel=2,
        )

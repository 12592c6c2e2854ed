"""Class labels to what a network is trained on, and back."""

from math import ceil

import numpy as np
from scipy.sparse import issparse
from scipy.special import expit, softmax
from sklearn.model_selection import train_test_split
from sklearn.utils.multiclass import check_classification_targets, type_of_target
from sklearn.utils.validation import check_array

from skrnn._sklearn_compat import _check_y

# A loss on fewer rows is mostly luck: training would stop at any epoch.
MIN_HELD_OUT = 10


def check_targets(y, estimator):
    """Check class labels.

    Parameters
    ----------
    y : array-like of shape (n_samples,), or indicator array or sparse matrix of shape \
(n_samples, n_labels)
        Labels of any type that can be sorted, or a multilabel indicator.
    estimator : estimator instance
        Named in errors.

    Returns
    -------
    y : ndarray of shape (n_samples,) or (n_samples, n_labels)

    Raises
    ------
    ValueError
        Where y is missing, has NaN, or is no classification target.
    """
    name = type(estimator).__name__
    if y is None:
        raise ValueError(f"{name} requires y to be passed, but the target y is None.")
    y = _as_array(y.toarray() if issparse(y) else y, name)
    if y.ndim == 2 and y.shape[1] > 1:
        y = check_array(y, input_name="y", dtype=None, estimator=estimator)
        kind = type_of_target(y, input_name="y")
        # scikit-learn takes any two numbers for an indicator, as in [[-1, 1], [1, -1]].
        if kind != "multilabel-indicator" or not np.isin(y, [0, 1]).all():
            raise ValueError(
                f"y has shape {y.shape} and is {kind} with the values "
                f"{np.unique(y)[:4].tolist()}; {name} wants labels of shape (n_samples,), or an "
                "indicator array of zeros and ones, one column a label."
            )
        return y.astype(np.int64)
    if y.shape[:1] == (0,):
        raise ValueError(f"y has no labels; {name} wants one for each row of X.")
    y = _check_y(y, estimator=estimator)
    check_classification_targets(y)
    return y


def _as_array(y, name):
    """Return y as an array whose labels can be compared with each other.

    Labels of one type come in an object array too, as from a column of a data frame.
    """
    boxed = y
    try:
        y = np.asarray(y)
    except ValueError:
        raise ValueError(
            f"The rows of y have different lengths; {name} wants labels of shape (n_samples,), or "
            "an indicator array of zeros and ones: MultiLabelBinarizer().fit_transform(y) makes "
            "one from sets of labels."
        ) from None
    if y.dtype.kind == "T":
        y = y.astype(object)
    if y.dtype != object and not (y.dtype.kind == "U" and isinstance(boxed, list | tuple)):
        return y
    labels = list(y.ravel() if y.dtype == object or y.ndim != 1 else boxed)
    for row, label in enumerate(labels):
        if _is_missing(label):
            raise ValueError(f"Input y contains NaN or None: {label!r} in row {row}. Drop the row.")
    types = {str if isinstance(label, str) else type(label) for label in labels}
    if str in types and len(types) > 1:
        raise ValueError(
            f"y mixes labels of type {' and '.join(sorted(t.__name__ for t in types))}, which "
            f"cannot be ordered; {name} wants one type, for instance all of them str."
        )
    return np.array(y.tolist()) if y.dtype == object and str not in types else y


def _is_missing(label):
    try:
        return label is None or bool(label != label)
    except TypeError:  # pandas.NA is neither
        return True


class TargetCoder:
    """Between labels and network targets.

    Parameters
    ----------
    classes : ndarray of shape (n_classes,)
        The labels, sorted; the columns' numbers if multilabel.
    multilabel : bool
        Whether targets are indicator arrays.
    """

    def __init__(self, classes, multilabel=False):
        self.classes = classes
        self.multilabel = multilabel

    @classmethod
    def fit(cls, y, classes=None, estimator=None):
        """Make a coder for checked targets.

        Parameters
        ----------
        y : ndarray
            From `check_targets`.
        classes : array-like or None
            All labels to come, where y need not have them all.
        estimator : estimator instance
            Named in errors.

        Raises
        ------
        ValueError
            With fewer than two classes, or a label in y that is not among `classes`.
        """
        if y.ndim == 2:
            return cls(np.arange(y.shape[1]), multilabel=True)
        coder = cls(np.unique(y if classes is None else classes))
        if len(coder.classes) < 2:
            raise ValueError(
                f"{type(estimator).__name__} needs samples of at least 2 classes in y, but got "
                f"one class only: {coder.classes.tolist()[0]!r}. Were the rows sorted by label "
                "and split without stratification?"
            )
        coder.check(y)
        return coder

    @property
    def n_outputs(self):
        """Width of the network's output."""
        binary = len(self.classes) == 2 and not self.multilabel
        return 1 if binary else len(self.classes)

    def check(self, y):
        """Raise ValueError where y has a label, or a number of labels, that is not known."""
        if self.multilabel or y.ndim == 2:
            width = y.shape[1] if y.ndim == 2 else 1
            if not self.multilabel or width != len(self.classes):
                raise ValueError(
                    f"y has {width} columns, but the estimator was fitted on "
                    f"{len(self.classes) if self.multilabel else 1}."
                )
            return
        unknown = ~np.isin(y, self.classes)
        if unknown.any():
            row = int(np.flatnonzero(unknown)[0])
            raise ValueError(
                f"y has a label that is not among the classes: {y[[row]].tolist()[0]!r} in row "
                f"{row}; the classes are {self.classes.tolist()}. Name all of them in the "
                "first call, partial_fit(X, y, classes=...) or fit_chunks(chunks, classes=...), or "
                "fit anew."
            )

    def encode(self, y):
        """Return float32 of shape (n_samples, n_outputs), or class numbers int32 (n_samples,)."""
        if self.multilabel:
            return y.astype(np.float32)
        numbers = np.searchsorted(self.classes, y)
        if self.n_outputs == 1:
            return numbers.astype(np.float32)[:, np.newaxis]
        return numbers.astype(np.int32)

    def probabilities(self, logits):
        """Return probabilities float64 of shape (n_samples, n_classes)."""
        logits = logits.astype(np.float64)  # so that 1 - p keeps its digits near p = 1
        if self.multilabel:
            return expit(logits)
        if self.n_outputs == 1:
            return np.hstack([expit(-logits), expit(logits)])
        return softmax(logits, axis=1)

    def labels(self, logits):
        """Return the predicted labels, shape (n_samples,) or an indicator array."""
        if self.multilabel:
            return (logits > 0).astype(np.int64)
        if self.n_outputs == 1:
            return self.classes[(logits[:, 0] > 0).astype(int)]
        return self.classes[logits.argmax(axis=1)]


def hold_out(rows, y, *, fraction, seed):
    """Split off validation rows, each class in its share.

    A class's only row stays in training.

    Parameters
    ----------
    rows : ndarray of int
        The rows to split.
    y : ndarray of shape (n_samples,) or (n_samples, n_labels)
        Labels of all rows; an indicator is split without regard to labels.
    fraction : float
        Share of the rows to hold out.
    seed : int
        Decides the split.

    Returns
    -------
    training, validation : ndarray of int
        The two parts, each in ascending order. There is no validation row where there would be
        fewer than `MIN_HELD_OUT`, or fewer than classes in either part.
    """
    count, number = np.array([len(rows)]), np.zeros(len(rows), int)
    if y.ndim == 1:
        _, number, count = np.unique(y[rows], return_inverse=True, return_counts=True)
    alone = count[number] == 1
    n_classes = int((count > 1).sum())
    n_validation = ceil(fraction * len(rows))
    n_training = len(rows) - int(alone.sum()) - n_validation
    if n_validation < max(MIN_HELD_OUT, n_classes) or n_training < n_classes:
        return rows, rows[:0]
    training, validation = train_test_split(
        rows[~alone],
        test_size=n_validation,
        random_state=seed,
        stratify=number[~alone] if y.ndim == 1 else None,
    )
    return np.sort(np.concatenate([training, rows[alone]])), np.sort(validation)

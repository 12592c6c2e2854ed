"""Class labels to what a network is trained on, and back."""

import numpy as np
from scipy.sparse import issparse
from scipy.special import expit, softmax
from sklearn.model_selection import train_test_split
from sklearn.utils.multiclass import check_classification_targets, type_of_target
from sklearn.utils.validation import _check_y, check_array


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
    if issparse(y):
        y = y.toarray()
    if np.ndim(y) == 2 and np.shape(y)[1] > 1:
        y = check_array(y, input_name="y", dtype=None, estimator=estimator)
        kind = type_of_target(y, input_name="y")
        if kind != "multilabel-indicator":
            raise ValueError(
                f"y has shape {y.shape} and is {kind}; {name} wants labels of shape (n_samples,), "
                "or an indicator array of zeros and ones, one column a label."
            )
        return y.astype(np.int64)
    y = _check_y(np.asarray(y) if not hasattr(y, "dtype") else y, estimator=estimator)
    y = np.asarray(y)
    check_classification_targets(y)
    return y


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
                f"one class only: {coder.classes[0]!r}. Were the rows sorted by label and split "
                "without stratification?"
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
                f"y has a label that is not among the classes: {y[row]!r} in row {row}; the "
                f"classes are {list(self.classes)!r}. Name all of them in "
                "partial_fit(X, y, classes=...), or fit anew."
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


def hold_out(rows, y, *, fraction, seed, estimator):
    """Split off validation rows, each class in its share.

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
    estimator : estimator instance
        Named in errors.

    Returns
    -------
    training, validation : ndarray of int
        The two parts, each in ascending order.
    """
    try:
        training, validation = train_test_split(
            rows,
            test_size=fraction,
            random_state=seed,
            stratify=y[rows] if y.ndim == 1 else None,
        )
    except ValueError as error:
        raise ValueError(
            f"early_stopping=True of {type(estimator).__name__} cannot hold out "
            f"validation_fraction={fraction} of {len(rows)} rows, each class in its share: "
            f"{error} Give more rows, a larger validation_fraction, X_val and y_val in fit, or "
            "set early_stopping=False."
        ) from error
    return np.sort(training), np.sort(validation)

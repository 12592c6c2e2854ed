"""Weights of classes and labels, from the parameter `class_weight`."""

from numbers import Real

import numpy as np
from sklearn.utils.class_weight import compute_class_weight

from skrnn.exceptions import InvalidInputError


def class_weights(class_weight, classes, y, estimator):
    """Return the weight of each class.

    Parameters
    ----------
    class_weight : dict or "balanced"
        Weights by class, or inversely proportional to the frequencies in `y`.
    classes : ndarray of shape (n_classes,)
    y : ndarray of shape (n_samples,)
        May lack classes, unless the weights are balanced.
    estimator : estimator instance
        Named in errors.

    Returns
    -------
    ndarray of shape (n_classes,), float64

    Raises
    ------
    ValueError
        If a weight is not a finite number of at least 0, or a class has none.
    """
    if isinstance(class_weight, list | tuple):
        raise InvalidInputError(
            f"class_weight of {type(estimator).__name__} is a list, which is for several labels "
            "for each row, but y has one label for each row. Pass a dict {label: weight}."
        )
    if isinstance(class_weight, dict):
        for label, weight in class_weight.items():
            _number(weight, f"class_weight of {label!r}", estimator)
        return compute_class_weight(class_weight, classes=classes, y=y)
    weights = np.ones(len(classes))
    is_there = np.isin(classes, y)
    weights[is_there] = compute_class_weight(class_weight, classes=classes[is_there], y=y)
    return weights


def label_weights(class_weight, names, y, estimator):
    """Return the weights of each label's term in the loss, where it is 0 and where it is 1.

    Parameters
    ----------
    class_weight : "balanced", list or dict
        Balanced within each label; or for each label a number, or a dict {0: weight, 1: weight},
        in a list or by label.
    names : ndarray of shape (n_labels,)
        The labels.
    y : ndarray of shape (n_samples, n_labels)
        An indicator.
    estimator : estimator instance
        Named in errors.

    Returns
    -------
    ndarray of shape (n_labels, 2), float64

    Raises
    ------
    ValueError
        If a weight is not a finite number of at least 0, or a label has none.
    """
    if isinstance(class_weight, dict):
        class_weight = _in_order(class_weight, names, estimator)
    elif isinstance(class_weight, str):
        # As scikit-learn's, for the two values of each column. Of a value that no row has, the
        # weight does not matter.
        counts = np.stack([(y == 0).sum(axis=0), (y == 1).sum(axis=0)], axis=1)
        n_values = (counts > 0).sum(axis=1, keepdims=True)
        return len(y) / (n_values * np.maximum(counts, 1))
    if len(class_weight) != len(names):
        raise InvalidInputError(
            f"class_weight of {type(estimator).__name__} is a list of {len(class_weight)}, but y "
            f"has {len(names)} labels. Pass a dict {{0: weight, 1: weight}} for each label, in the "
            "order of the columns."
        )
    weights = np.ones((len(names), 2))
    for name, given, weight in zip(names.tolist(), class_weight, weights, strict=True):
        where = f"class_weight of the label {name!r}"
        if not isinstance(given, dict):
            weight[:] = _number(given, where, estimator)
            continue
        odd = [key for key in given if key not in (0, 1)]
        if odd:
            raise InvalidInputError(
                f"The {where} in {type(estimator).__name__} is {given!r}, which has the key "
                f"{odd[0]!r}. The keys are 0 and 1: the weight of rows without and with the label."
            )
        for key, one in given.items():
            weight[int(key)] = _number(one, f"{where} where it is {int(key)}", estimator)
    return weights


def _in_order(class_weight, names, estimator):
    """Return the values of a dict by label in the order of the labels."""
    names = names.tolist()
    if names == [0, 1] and not any(isinstance(one, dict) for one in class_weight.values()):
        raise InvalidInputError(
            f"class_weight={class_weight!r} of {type(estimator).__name__} may have the numbers of "
            "the labels as its keys, or the values 0 and 1 of each label. Pass a list with the "
            "weight of each label, or with a dict {0: weight, 1: weight} for each label."
        )
    if class_weight.keys() != set(names):
        raise InvalidInputError(
            f"class_weight={class_weight!r} of {type(estimator).__name__} does not have the labels "
            "as its keys, but y has several labels for each row. Use 'balanced', or a dict with a "
            f"number or a dict {{0: weight, 1: weight}} for each of the labels {names}, or weight "
            "the rows with sample_weight."
        )
    return [class_weight[name] for name in names]


def _number(weight, where, estimator):
    try:
        number = float(weight) if isinstance(weight, Real | np.bool_) else np.nan
    except OverflowError:  # an int of many digits
        number = np.inf
    if not 0 <= number < np.inf:
        raise InvalidInputError(
            f"The {where} in {type(estimator).__name__} must be a finite number of at least 0. "
            f"Got {weight!r} instead."
        )
    return number

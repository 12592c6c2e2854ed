"""Estimators inside others: fitted, and as the parameter that they were cloned from.

A file holds the fitted ones. The parameter is a clone of them after loading, so it must have the
same parameters when it is saved.
"""

from typing import Any

from sklearn.base import clone
from sklearn.frozen import FrozenEstimator
from sklearn.pipeline import Pipeline

from skrnn.exceptions import InvalidTypeError
from skrnn.fileformat.errors import shown


def check_prototype(owner, prototype, fitted):
    """Raise TypeError if a clone of a fitted estimator is not the parameter that it came from.

    Parameters
    ----------
    owner : estimator instance
        The estimator that has both, for the error.
    prototype, fitted : estimator instance
    """
    mine, other = (_leaves(one) for one in (prototype, fitted))
    odd = next((key for key in mine.keys() | other.keys() if mine.get(key) != other.get(key)), None)
    if odd is not None:
        raise InvalidTypeError(
            f"{type(owner).__name__} has an estimator whose parameter {odd!r} is "
            f"{shown(mine.get(odd))}, but was {shown(other.get(odd))} when it was fitted. A file "
            "can only store one of them: set it back, or fit again."
        )


def _leaves(estimator):
    """Return the parameters of an estimator and of those inside it, as text."""
    found = {"": type(estimator).__name__}
    for key, value in estimator.get_params(deep=True).items():
        if hasattr(value, "get_config"):  # of Keras, whose repr shows its address
            value = type(value).__name__, value.get_config()
        if not _has_estimators(value):
            found[key] = f"{type(value).__name__} {value!r}"
    return found


def _has_estimators(value):
    if isinstance(value, list | tuple):
        return any(map(_has_estimators, value))
    return hasattr(value, "get_params")


def prototype_of(fitted):
    """Return the parameter for a fitted estimator: what `fit` clones again."""
    return fitted if isinstance(fitted, FrozenEstimator) else clone(fitted)


def set_features(owner, fitted):
    """Set what scikit-learn's `fit` takes over from the estimator inside."""
    for name in ("n_features_in_", "feature_names_in_"):
        if hasattr(fitted, name):
            setattr(owner, name, getattr(fitted, name))


def readers(estimator):
    """Yield the innermost estimators that read what is given to an estimator."""
    if isinstance(estimator, Pipeline):
        steps = [step for _, step in estimator.steps if step not in (None, "passthrough")]
        if steps:
            yield from readers(steps[0])
    elif isinstance(estimator, FrozenEstimator):
        yield from readers(estimator.estimator)
    elif hasattr(estimator, "calibrated_classifiers_"):
        for one in estimator.calibrated_classifiers_:
            yield from readers(one.estimator)
    elif hasattr(estimator, "estimators_"):
        for one in estimator.estimators_:
            yield from readers(one)
    elif hasattr(estimator, "estimator_"):
        yield from readers(estimator.estimator_)
    else:
        yield estimator


def take_estimator(node, key, decode):
    """Take a fitted estimator from a node."""
    return decode(node.below(key))


def take_estimators(node, key, decode):
    """Take a list of fitted estimators from a node, each an object or, if it is no one, a str."""
    trees = node.take(key, "a list", lambda value: type(value) is list and len(value) > 0)
    return [
        decode(node.of(tree, f"{key}/{i}")) if type(tree) is dict else tree
        for i, tree in enumerate(trees)
    ]


def check_classifier(node, estimator, classes=None):
    """Refuse an estimator that does not answer with classes, or with others than these.

    Parameters
    ----------
    node : Node
    estimator : estimator instance
        Fitted.
    classes : list or None
    """
    found: Any = getattr(estimator, "classes_", None)
    if getattr(found, "ndim", None) != 1:
        node.refuse(f"{type(estimator).__name__} is not a classifier of single classes.")
    head = getattr(estimator, "head_", None)
    if getattr(head, "kind", "classes") != "classes":
        node.refuse(f"{type(estimator).__name__} predicts several labels, not classes.")
    if classes is not None and found.tolist() != classes:
        node.refuse(f"{type(estimator).__name__} has other classes than those expected here.")

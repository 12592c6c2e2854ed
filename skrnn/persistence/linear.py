"""Linear classifiers: coefficients, intercepts and classes."""

import numpy as np
from sklearn.linear_model import LogisticRegression

from skrnn.baselines import LogCountRatio, NBSVMClassifier
from skrnn.fileformat.parameters import (
    decode_features,
    decode_parameters,
    encode_features,
    refuse_other_attributes,
)
from skrnn.fileformat.values import decode_labels, encode_labels

_FEATURES = {"n_features_in_", "feature_names_in_"}
_FLOATS = ("float32", "float64")
WAYS_OUT = {"random_state": "Set it to an int or None first: set_params(random_state=None)."}


def encode_linear_state(estimator, place):
    """Return the fitted state of a LogisticRegression or NBSVMClassifier."""
    refuse_other_attributes(
        estimator, place, {"classes_", "coef_", "intercept_", "n_iter_"} | _FEATURES
    )
    for name in ("coef", "intercept", "n_iter"):
        place.put(name, getattr(estimator, f"{name}_"))
    return {"classes": encode_labels(estimator.classes_), **encode_features(estimator)}


def decode_logistic_regression(node):
    """Make the LogisticRegression of a node."""
    return _decode_linear(node, LogisticRegression)


def decode_nbsvm(node):
    """Make the NBSVMClassifier of a node."""
    return _decode_linear(node, NBSVMClassifier)


def _decode_linear(node, cls):
    estimator = decode_parameters(node, cls)
    state = node.below("state")
    classes = estimator.classes_ = decode_labels(state.below("classes"))
    if len(classes) < 2:
        state.refuse("A classifier must have two classes or more.")
    decode_features(state, estimator)
    state.close()
    n_rows = 1 if len(classes) == 2 else len(classes)
    shape = (n_rows, estimator.n_features_in_)
    estimator.coef_ = node.take_array("coef", _FLOATS, shape)
    estimator.intercept_ = node.take_array("intercept", _FLOATS, (n_rows,))
    estimator.n_iter_ = node.take_array("n_iter", ("int32", "int64"), (None,))
    return estimator


def encode_ratio_state(estimator, place):
    """Return the fitted state of a LogCountRatio."""
    refuse_other_attributes(estimator, place, {"classes_", "log_count_ratio_"} | _FEATURES)
    place.put("log_count_ratio", np.asarray(estimator.log_count_ratio_))
    return {"classes": encode_labels(estimator.classes_), **encode_features(estimator)}


def decode_ratio(node):
    """Make the LogCountRatio of a node."""
    estimator = decode_parameters(node, LogCountRatio)
    state = node.below("state")
    estimator.classes_ = decode_labels(state.below("classes"))
    if len(estimator.classes_) != 2:
        state.refuse(f"It has {len(estimator.classes_)} classes, but LogCountRatio needs two.")
    decode_features(state, estimator)
    state.close()
    shape = (estimator.n_features_in_,)
    estimator.log_count_ratio_ = node.take_array("log_count_ratio", _FLOATS, shape)
    return estimator

"""CalibratedClassifierCV: its classifiers, and what each probability is calibrated by."""

import numpy as np
from sklearn.calibration import CalibratedClassifierCV
from sklearn.isotonic import IsotonicRegression

from skrnn._sklearn_compat import (
    _CalibratedClassifier,
    _SigmoidCalibration,
    _TemperatureScaling,
)
from skrnn.exceptions import InvalidTypeError, NotStorableError
from skrnn.fileformat.parameters import (
    decode_parameters,
    encode_parameters,
    refuse_other_attributes,
)
from skrnn.fileformat.values import decode_labels, decode_number, encode_labels, encode_number
from skrnn.persistence.inner import (
    check_classifier,
    check_prototype,
    prototype_of,
    set_features,
    take_estimator,
)
from skrnn.persistence.thresholds import WAYS_OUT, is_split

_FLOATS = ("float32", "float64")
# Attributes that are numbers, of each class but the isotonic one.
_NUMBERS = {_SigmoidCalibration: ("a_", "b_"), _TemperatureScaling: ("beta_",)}
_CLASSES = {
    "sigmoid": _SigmoidCalibration,
    "isotonic": IsotonicRegression,
    "temperature": _TemperatureScaling,
}


def encode_calibrated(estimator, place, encode):
    """Return the tree of a CalibratedClassifierCV."""
    known = {"classes_", "calibrated_classifiers_", "n_features_in_", "feature_names_in_"}
    refuse_other_attributes(estimator, place, known)
    pairs = []
    for i, pair in enumerate(estimator.calibrated_classifiers_):
        if estimator.estimator is None:
            raise InvalidTypeError(
                "CalibratedClassifierCV has estimator=None, a LinearSVC, which skrnn.save cannot "
                "store. Use joblib.dump instead."
            )
        check_prototype(estimator, estimator.estimator, pair.estimator)
        below = place.below(f"pairs/{i}")
        pairs.append(
            {
                "estimator": encode(pair.estimator, below.below("estimator")),
                "calibrators": [
                    _encode_calibrator(one, below.below(f"calibrators/{k}"))
                    for k, one in enumerate(pair.calibrators)
                ],
            }
        )
    return {
        **encode_parameters(estimator, place, WAYS_OUT, inner={"estimator"}),
        "state": {"classes": encode_labels(estimator.classes_), "pairs": pairs},
    }


def decode_calibrated(node, decode):
    """Make the CalibratedClassifierCV of a node."""
    state = node.below("state")
    classes = decode_labels(state.below("classes"))
    if len(classes) < 2:
        state.refuse("A classifier must have two classes or more.")
    trees = state.take("pairs", "a list", lambda value: type(value) is list and len(value) > 0)
    state.close()
    nodes = [node.of(tree, f"pairs/{i}") for i, tree in enumerate(trees)]
    fitted = [take_estimator(one, "estimator", decode) for one in nodes]
    estimator = decode_parameters(
        node,
        CalibratedClassifierCV,
        allowed=lambda key, value: key != "cv" or is_split(value),
        inner={"estimator": prototype_of(fitted[0])},
    )
    estimator.classes_ = classes
    estimator.calibrated_classifiers_ = [
        _decode_pair(one, inner, estimator) for one, inner in zip(nodes, fitted, strict=True)
    ]
    set_features(estimator, fitted[0])
    return estimator


def _decode_pair(node, fitted, owner):
    check_classifier(node, fitted)
    classes, method = owner.classes_, owner.method
    own = fitted.classes_.tolist()
    if method == "temperature":  # which strings are encoded for
        fits = len(own) == len(classes)
    else:
        fits = set(own) <= set(classes.tolist())
    if not fits or not any(hasattr(fitted, m) for m in ("predict_proba", "decision_function")):
        node.refuse("The classifier has other classes than its calibration.")
    trees = node.take("calibrators", "a list", lambda value: type(value) is list)
    node.close()
    wanted = 1 if method == "temperature" or len(classes) == 2 else len(own)
    if len(trees) != wanted:
        node.refuse(f"There are {len(trees)} calibrators for {wanted} outputs.")
    calibrators = [
        _decode_calibrator(node.of(tree, f"calibrators/{k}"), method)
        for k, tree in enumerate(trees)
    ]
    return _CalibratedClassifier(fitted, calibrators, classes=classes, method=method)


def _encode_calibrator(calibrator, place):
    if type(calibrator) is IsotonicRegression:
        x, y = calibrator.X_thresholds_, calibrator.y_thresholds_
        place.put("x", x)
        place.put("y", y)
        return {}
    try:
        names = _NUMBERS[type(calibrator)]
        return {name: encode_number(getattr(calibrator, name)) for name in names}
    except (KeyError, NotStorableError):
        raise InvalidTypeError(
            f"CalibratedClassifierCV has a {type(calibrator).__name__} whose numbers skrnn.save "
            "cannot store. Use joblib.dump instead."
        ) from None


def _decode_calibrator(node, method):
    cls = _CLASSES[method]
    if cls is IsotonicRegression:
        calibrator = IsotonicRegression(out_of_bounds="clip")
        x = node.take_array("x", _FLOATS, (None,))
        y = node.take_array("y", (x.dtype.name,), x.shape)
        if not len(x) or not (np.diff(x) > 0).all() or not (np.diff(y) >= 0).all():
            node.refuse("The steps of an isotonic calibration do not ascend.")
        calibrator.X_thresholds_, calibrator.y_thresholds_ = x, y
        calibrator.X_min_, calibrator.X_max_ = x[0], x[-1]
        calibrator.increasing_ = True
        calibrator._build_f(x, y)
    else:
        calibrator = cls()
        for name in _NUMBERS[cls]:
            setattr(calibrator, name, decode_number(node, name))
    node.close()
    return calibrator


CODECS = ((CalibratedClassifierCV, encode_calibrated, decode_calibrated),)

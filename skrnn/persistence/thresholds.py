"""Classifiers around another one: decision thresholds, and estimators that are frozen."""

from sklearn.frozen import FrozenEstimator
from sklearn.metrics import get_scorer_names
from sklearn.model_selection import FixedThresholdClassifier, TunedThresholdClassifierCV

from skrnn.exceptions import InvalidTypeError, NotStorableError
from skrnn.fileformat.parameters import (
    decode_parameters,
    encode_parameters,
    refuse_other_attributes,
)
from skrnn.fileformat.values import decode_number, encode_number
from skrnn.persistence.inner import (
    check_classifier,
    check_prototype,
    prototype_of,
    set_features,
    take_estimator,
)

FOR_FIT = "It is used by fit only: call set_params({}=None) first."
WAYS_OUT = {
    "cv": FOR_FIT.format("cv"),
    "scoring": "Only the name of a score can be stored, such as 'f1'.",
    "thresholds": "Pass a number of thresholds, or a list of floats.",
}
_FEATURES = {"n_features_in_", "feature_names_in_"}


def encode_frozen(estimator, place, encode):
    """Return the tree of a FrozenEstimator."""
    inner = encode(estimator.estimator, place.below("estimator"))
    return {"estimator": inner}


def decode_frozen(node, decode):
    """Make the FrozenEstimator of a node."""
    return FrozenEstimator(take_estimator(node, "estimator", decode))


def encode_fixed(estimator, place, encode):
    """Return the tree of a FixedThresholdClassifier."""
    refuse_other_attributes(estimator, place, {"estimator_"} | _FEATURES)
    check_prototype(estimator, estimator.estimator, estimator.estimator_)
    return {
        **encode_parameters(estimator, place, WAYS_OUT, inner={"estimator"}),
        "estimator": encode(estimator.estimator_, place.below("estimator")),
    }


def decode_fixed(node, decode):
    """Make the FixedThresholdClassifier of a node."""
    fitted = take_estimator(node, "estimator", decode)
    check_binary(node, fitted)
    inner = {"estimator": prototype_of(fitted)}
    estimator = decode_parameters(node, FixedThresholdClassifier, inner=inner)
    if estimator.pos_label is not None and estimator.pos_label not in fitted.classes_.tolist():
        node.refuse(f"The parameter 'pos_label' is {estimator.pos_label!r:.60}, which is no class.")
    estimator.estimator_ = fitted
    set_features(estimator, fitted)
    return estimator


def encode_tuned(estimator, place, encode):
    """Return the tree of a TunedThresholdClassifierCV."""
    known = {"estimator_", "best_threshold_", "best_score_", "cv_results_"} | _FEATURES
    refuse_other_attributes(estimator, place, known)
    is_prefit = isinstance(estimator.cv, str) and estimator.cv == "prefit"
    if not is_prefit:
        check_prototype(estimator, estimator.estimator, estimator.estimator_)
    try:
        state = {
            "best_threshold": encode_number(estimator.best_threshold_),
            "best_score": encode_number(estimator.best_score_),
        }
    except NotStorableError as error:
        raise InvalidTypeError(
            f"TunedThresholdClassifierCV has a threshold or score that is a {error}, which a file "
            "cannot store. Fit it again."
        ) from None
    for name, values in getattr(estimator, "cv_results_", {}).items():
        place.put(f"cv_results/{name}", values)
    return {
        **encode_parameters(estimator, place, WAYS_OUT, inner={"estimator"}),
        "estimator": encode(estimator.estimator_, place.below("estimator")),
        "state": state,
    }


def decode_tuned(node, decode):
    """Make the TunedThresholdClassifierCV of a node."""
    fitted = take_estimator(node, "estimator", decode)
    check_binary(node, fitted)
    estimator = decode_parameters(
        node,
        TunedThresholdClassifierCV,
        allowed=_is_data,
        inner={"estimator": prototype_of(fitted)},
    )
    if isinstance(estimator.cv, str):
        estimator.estimator = fitted
    state = node.below("state")
    estimator.best_threshold_ = decode_number(state, "best_threshold")
    estimator.best_score_ = decode_number(state, "best_score", finite=False)
    state.close()
    if estimator.store_cv_results:
        floats = ("float32", "float64")
        thresholds = node.take_array("cv_results/thresholds", floats, (None,))
        scores = node.take_array("cv_results/scores", floats, thresholds.shape)
        estimator.cv_results_ = {"thresholds": thresholds, "scores": scores}
    estimator.estimator_ = fitted
    # Predictions ask it which class is the positive one.
    try:
        estimator._curve_scorer = estimator._get_curve_scorer()
    except (ValueError, TypeError) as error:
        node.refuse(f"{str(error)[:200]}.")
    set_features(estimator, fitted)
    return estimator


def check_binary(node, estimator):
    """Refuse an estimator that is no classifier of two classes with scores."""
    check_classifier(node, estimator)
    has_scores = any(hasattr(estimator, name) for name in ("predict_proba", "decision_function"))
    if len(estimator.classes_) != 2 or not has_scores:
        node.refuse("A threshold needs a classifier of two classes that returns scores.")


def is_split(value):
    """Whether a parameter `cv` is a number of folds or a share, which no code belongs to."""
    return value is None or type(value) in (int, float) or value == "prefit"


def _is_data(key, value):
    if key == "scoring":  # a name that scikit-learn knows
        return value is None or (type(value) is str and value in get_scorer_names())
    return key != "cv" or is_split(value)


CODECS = (
    (FrozenEstimator, encode_frozen, decode_frozen),
    (FixedThresholdClassifier, encode_fixed, decode_fixed),
    (TunedThresholdClassifierCV, encode_tuned, decode_tuned),
)

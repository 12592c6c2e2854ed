"""All private names of scikit-learn that skrnn uses; no other module may import one.

Such a name may move or change in any release of scikit-learn. A comment says what each one is for,
and which public name could replace it. Attributes and methods that scikit-learn defines on its
estimators (``_parameter_constraints``, ``_validate_params``, ``_sklearn_output_config``,
``_get_metadata_request``, the methods that EpochSearchCV inherits from GridSearchCV) are used where
they are needed, since there is nothing to import.
"""

# Decorates `fit`: validates the constructor's parameters against `_parameter_constraints`.
# Public name: none. A call of `self._validate_params()` in each `fit` does nearly the same.
from sklearn.base import _fit_context

# Files: what CalibratedClassifierCV consists of after its fit. Public names: none.
from sklearn.calibration import (
    _CalibratedClassifier,
    _SigmoidCalibration,
    _TemperatureScaling,
)

# EpochSearchCV: the classes of one scorer and of several, to distinguish both from a user's
# function. Public name: none; `sklearn.metrics.check_scoring` makes them, and cannot test for them.
from sklearn.metrics._scorer import _BaseScorer, _MultimetricScorer

# EpochSearchCV: one fit and its scores, and what GridSearchCV does if fits have failed, so that
# results, warnings and errors are the same as there. The public `cross_validate` works on one
# candidate and all splits; EpochSearchCV needs one split and one epoch.
from sklearn.model_selection._validation import (
    _fit_and_score,
    _insert_error_scores,
    _score,
    _warn_or_raise_about_fit_failures,
)

# Early stopping on a scorer: the held-out rows in the caller's own container, as the scorers of a
# search get them; and the other rows, as a teacher gets them. Public name: none.
from sklearn.utils import _safe_indexing

# Files: names of the methods that metadata can be requested for. Public name: none; a tuple of our
# own could replace it.
from sklearn.utils._metadata_requests import SIMPLE_METHODS

# Constraints of parameters, so that invalid ones raise scikit-learn's InvalidParameterError.
# Public name: none; scikit-learn recommends plain checks in `fit`.
from sklearn.utils._param_validation import (
    HasMethods,
    Interval,
    RealNotInt,
    StrOptions,
    validate_parameter_constraints,
    validate_params,
)

# TextToSequence and files: the container that `set_output` has chosen. Public name: none.
from sklearn.utils._set_output import _get_output_config

# - `_BaseComposition`: get_params and set_params for a list of names and objects, as those of
#   FeatureUnion. Public name: none.
# - `_safe_split`: EpochSearchCV; the rows of a split, of X (an array, a frame or a precomputed
#   kernel) and of y. Public name: none; `sklearn.utils._safe_indexing` is private too.
from sklearn.utils.metaestimators import _BaseComposition, _safe_split

# - `_check_feature_names`: compares the columns of a frame with those seen in `fit`. The public
#   `validate_data` also converts X to one array, which sequences are not.
# - `_check_method_params`: EpochSearchCV; selects the rows of a split from parameters of `fit` that
#   have one value per row. Public name: none.
# - `_check_sample_weight`: an array of one weight per row. Public names: `check_array` with
#   `ensure_2d=False`, then `check_consistent_length`.
# - `_check_y`: labels as an array. Public name: `column_or_1d`, which does not refuse NaN.
# - `_num_samples`: the rows of any container. Public: `X.shape[0]` if X has a shape, else `len(X)`.
from sklearn.utils.validation import (
    _check_feature_names,
    _check_method_params,
    _check_sample_weight,
    _check_y,
    _num_samples,
)

__all__ = [
    "SIMPLE_METHODS",
    "HasMethods",
    "Interval",
    "RealNotInt",
    "StrOptions",
    "_BaseComposition",
    "_BaseScorer",
    "_CalibratedClassifier",
    "_MultimetricScorer",
    "_SigmoidCalibration",
    "_TemperatureScaling",
    "_check_feature_names",
    "_check_method_params",
    "_check_sample_weight",
    "_check_y",
    "_fit_and_score",
    "_fit_context",
    "_get_output_config",
    "_insert_error_scores",
    "_num_samples",
    "_safe_indexing",
    "_safe_split",
    "_score",
    "_warn_or_raise_about_fit_failures",
    "validate_parameter_constraints",
    "validate_params",
]

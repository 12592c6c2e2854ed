"""Encoding estimators as trees and arrays, and decoding them.

A tree names its class by a short name from the table below. A file cannot name any other class.
"""

from collections.abc import Callable
from dataclasses import dataclass

from sklearn.feature_extraction.text import CountVectorizer, TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import Pipeline
from sklearn.utils.validation import check_is_fitted

from skrnn.baselines import LogCountRatio, NBSVMClassifier
from skrnn.estimators import (
    DocumentVectorizer,
    RNNClassifier,
    RNNRegressor,
    RNNTagger,
    codec,
)
from skrnn.exceptions import InvalidFileError, InvalidTypeError
from skrnn.fileformat.errors import shown
from skrnn.fileformat.nodes import ARRAYS, Node, Place, Reading
from skrnn.fileformat.parameters import encode_parameters
from skrnn.persistence import documents, linear, text
from skrnn.persistence.pipeline import decode_pipeline, encode_pipeline
from skrnn.persistence.text_with_columns import decode_with_columns, encode_with_columns
from skrnn.text import HashingTextToSequence, TextToSequence, TextWithColumns


@dataclass(frozen=True)
class _Codec:
    cls: type
    encode: Callable
    decode: Callable


def _of_network(cls):
    """Return the codec of a network estimator."""
    return _Codec(cls, codec.encode_estimator, lambda node: codec.decode_estimator(node, cls))


def _of_plain(cls, encode_state, decode, ways_out):
    """Return the codec of an estimator without a network."""

    def encode_plain(estimator, place):
        return {
            "class": cls.__name__,
            **encode_parameters(estimator, place, ways_out),
            "state": encode_state(estimator, place),
        }

    return _Codec(cls, encode_plain, decode)


def _of_composite(cls, encode_with, decode_with):
    """Return the codec of an estimator that has fitted ones inside."""
    return _Codec(
        cls,
        lambda estimator, place: encode_with(estimator, place, _encode),
        lambda node: decode_with(node, _decode),
    )


# A new network estimator is added here.
NETWORK_ESTIMATORS: tuple[type, ...] = (RNNClassifier, RNNRegressor, RNNTagger)
_CODECS = {
    one.cls.__name__: one
    for one in (
        *map(_of_network, NETWORK_ESTIMATORS),
        _of_plain(TextToSequence, text.encode_sequence_state, text.decode_sequence, text.WAYS_OUT),
        _of_plain(
            HashingTextToSequence, text.encode_hashing_state, text.decode_hashing, text.WAYS_OUT
        ),
        _of_plain(
            CountVectorizer, text.encode_counts_state, text.decode_count_vectorizer, text.WAYS_OUT
        ),
        _of_plain(
            TfidfVectorizer, text.encode_counts_state, text.decode_tfidf_vectorizer, text.WAYS_OUT
        ),
        _of_plain(
            LogisticRegression,
            linear.encode_linear_state,
            linear.decode_logistic_regression,
            linear.WAYS_OUT,
        ),
        _of_plain(
            NBSVMClassifier, linear.encode_linear_state, linear.decode_nbsvm, linear.WAYS_OUT
        ),
        _of_plain(LogCountRatio, linear.encode_ratio_state, linear.decode_ratio, linear.WAYS_OUT),
        _of_plain(
            DocumentVectorizer,
            documents.encode_vectors_state,
            documents.decode_vectors,
            linear.WAYS_OUT,
        ),
        _of_composite(TextWithColumns, encode_with_columns, decode_with_columns),
        _of_composite(Pipeline, encode_pipeline, decode_pipeline),
    )
}


def _home_of_calibration():
    from skrnn.persistence import calibration

    return calibration


def _home_of_columns():
    from skrnn.persistence import columns

    return columns


def _home_of_thresholds():
    from skrnn.persistence import thresholds

    return thresholds


def _home_of_votes():
    from skrnn.persistence import voting

    return voting


# Estimators around others, by what imports their module once one is written or read: they come from
# parts of scikit-learn that take time to import.
_COMPOSITES = {
    "CalibratedClassifierCV": _home_of_calibration,
    "ColumnTransformer": _home_of_columns,
    "FixedThresholdClassifier": _home_of_thresholds,
    "FrozenEstimator": _home_of_thresholds,
    "TunedThresholdClassifierCV": _home_of_thresholds,
    "VotingClassifier": _home_of_votes,
}
CLASSES = (*_CODECS, *_COMPOSITES)
_WAYS_OUT = {
    "FunctionTransformer": (
        "To pick the column of the text, use make_column_transformer(('passthrough', ['text'])) in "
        "its place, or joblib.dump"
    ),
}


def encode(estimator, *, lenient=False):
    """Return a fitted estimator as a tree of JSON and arrays.

    Parameters
    ----------
    estimator : estimator instance
        Fitted, and exactly of one of `CLASSES`; subclasses are not supported.
    lenient : bool, default=False
        Leave out parameters that have no form in JSON and store their names, instead of raising
        an error.

    Returns
    -------
    tree : dict
    arrays : dict of str to ndarray
        Their names begin with "model/". They may share memory with the estimator.

    Raises
    ------
    TypeError
        If the class is another one, or a parameter has no form in JSON. The message names it and
        the way out.
    NotFittedError
        If the estimator is not fitted.
    """
    place = Place(lenient)
    return _encode(estimator, place), place.arrays


def decode(tree, arrays, *, token_patterns=(), left_out=None):
    """Return the estimator that `encode` has encoded as a tree and arrays.

    Parameters
    ----------
    tree : dict
    arrays : dict of str to ndarray
        Exactly the arrays of the estimator, which uses them without a copy.
    token_patterns : sequence of str, default=()
        Regular expressions that are accepted in addition to the known ones.
    left_out : list or None, default=None
        The names of parameters that a lenient `encode` has left out are appended to it.

    Returns
    -------
    estimator : estimator instance

    Raises
    ------
    InvalidFileError
        If it is not valid.
    """
    reading = Reading(token_patterns, arrays)
    arrays = dict(arrays)
    estimator = _decode(Node(tree, arrays, reading))
    if arrays:
        raise InvalidFileError(
            f"The array {shown(next(iter(arrays)))} belongs to nothing in the document.", ARRAYS
        )
    if left_out is not None:
        left_out.extend(reading.left_out)
    return estimator


def _codec(name):
    """Return the codec of a class, or None."""
    if name not in _CODECS and name in _COMPOSITES:
        home = _COMPOSITES[name]()
        _CODECS.update({cls.__name__: _of_composite(cls, *both) for cls, *both in home.CODECS})
    return _CODECS.get(name)


def _encode(estimator, place):
    cls = type(estimator)
    found = _codec(cls.__name__)
    if found is None or found.cls is not cls:
        best = hasattr(estimator, "best_estimator_")
        way_out = "Pass its best_estimator_, or use joblib.dump" if best else "Use joblib.dump"
        way_out = _WAYS_OUT.get(cls.__name__, way_out)
        raise InvalidTypeError(
            f"skrnn.save cannot store {cls.__module__}.{cls.__qualname__}. {way_out}. It can "
            f"store: {', '.join(CLASSES)}, but not their subclasses. You can also pass a part of a "
            "Pipeline, such as pipeline[1:]."
        )
    if cls is not Pipeline:  # whose steps are asked, and which may have none to fit
        check_is_fitted(estimator)
    return {"class": cls.__name__, **found.encode(estimator, place)}


def _decode(node):
    name = node.take("class", "the name of a class", lambda value: type(value) is str)
    found = _codec(name)
    if found is None:
        node.refuse(f"The class {shown(name)} is unknown; it must be one of {', '.join(CLASSES)}.")
    estimator = found.decode(node)
    node.close()
    return estimator

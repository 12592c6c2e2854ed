"""Estimators as trees and arrays, one file a kind.

A tree names its class by a short name out of the table below, which is all that a file can name.
"""

from collections.abc import Callable
from dataclasses import dataclass

from sklearn.feature_extraction.text import CountVectorizer, TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import Pipeline
from sklearn.utils.validation import check_is_fitted

from skrnn.baselines import LogCountRatio, NBSVMClassifier
from skrnn.estimators import RNNClassifier, codec
from skrnn.exceptions import InvalidFileError, InvalidTypeError
from skrnn.fileformat.errors import shown
from skrnn.fileformat.nodes import ARRAYS, Node, Place, Reading
from skrnn.fileformat.parameters import encode_parameters
from skrnn.persistence import linear, text
from skrnn.persistence.pipeline import decode_pipeline, encode_pipeline
from skrnn.text import TextToSequence


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


# The network estimators; a sibling is a line here.
NETWORK_ESTIMATORS = (RNNClassifier,)
_CODECS = {
    one.cls.__name__: one
    for one in (
        *map(_of_network, NETWORK_ESTIMATORS),
        _of_plain(TextToSequence, text.encode_sequence_state, text.decode_sequence, text.WAYS_OUT),
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
    )
}
CLASSES = (*_CODECS, "Pipeline")


def encode(estimator, *, lenient=False):
    """Return a fitted estimator as a tree of JSON and arrays.

    Parameters
    ----------
    estimator : estimator instance
        Of one of `CLASSES` exactly, and fitted; not of a subclass.
    lenient : bool, default=False
        Leave out parameters that have no form in JSON, with a note of their names, instead of
        refusing them.

    Returns
    -------
    tree : dict
    arrays : dict of str to ndarray
        Their names begin with "model/". They may share memory with the estimator.

    Raises
    ------
    TypeError
        For another class, and for what has no form in JSON; named, with the way out.
    NotFittedError
        Before `fit`.
    """
    place = Place(lenient)
    return _encode(estimator, place), place.arrays


def decode(tree, arrays, *, token_patterns=(), left_out=None):
    """Return the estimator that `encode` has turned into a tree and arrays.

    Parameters
    ----------
    tree : dict
    arrays : dict of str to ndarray
        All of them, and none other, have to be the estimator's. It gets them as they are.
    token_patterns : sequence of str, default=()
        Regular expressions that are taken besides the known ones.
    left_out : list or None, default=None
        Gets the names of parameters that a lenient `encode` has left out.

    Returns
    -------
    estimator : estimator instance

    Raises
    ------
    InvalidFileError
        Where it is none.
    """
    reading = Reading(token_patterns)
    arrays = dict(arrays)
    estimator = _decode(Node(tree, arrays, reading))
    if arrays:
        raise InvalidFileError(
            f"The array {shown(next(iter(arrays)))} belongs to nothing in the document.", ARRAYS
        )
    if left_out is not None:
        left_out.extend(reading.left_out)
    return estimator


def _encode(estimator, place):
    if type(estimator) is Pipeline:
        return {"class": "Pipeline", **encode_pipeline(estimator, place, _encode)}
    cls = type(estimator)
    found = _CODECS.get(cls.__name__)
    if found is None or found.cls is not cls:
        best = hasattr(estimator, "best_estimator_")
        way_out = "Pass its best_estimator_, or keep it" if best else "Keep it"
        raise InvalidTypeError(
            f"{cls.__module__}.{cls.__qualname__} is no class that a file without pickle keeps, "
            f"which are {', '.join(CLASSES)}, and no subclasses of them. {way_out} with "
            "joblib.dump. Of a Pipeline, a part can be passed too, such as pipeline[1:]."
        )
    check_is_fitted(estimator)
    return found.encode(estimator, place)


def _decode(node):
    name = node.take("class", "the name of a class", lambda value: type(value) is str)
    if name == "Pipeline":
        estimator = decode_pipeline(node, _decode)
    elif name in _CODECS:
        estimator = _CODECS[name].decode(node)
    else:
        node.refuse(
            f"The class {shown(name)} is none of those that are known: {', '.join(CLASSES)}."
        )
    node.close()
    return estimator

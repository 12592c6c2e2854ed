"""Whether an estimator that is not fitted yet could be saved after its fit."""

from sklearn.pipeline import Pipeline

from skrnn.estimators import DocumentVectorizer, codec
from skrnn.estimators.base import NetworkEstimator
from skrnn.estimators.checks import check_ngram_range
from skrnn.estimators.words_codec import MAX_NGRAM
from skrnn.exceptions import InvalidTypeError
from skrnn.fileformat.nodes import Node, Place, Reading
from skrnn.fileformat.parameters import decode_parameters, encode_parameters
from skrnn.persistence import text
from skrnn.persistence.text_with_columns import refuse_transformer
from skrnn.text import DocumentsToSequence, TextWithColumns


def check_savable(estimator):
    """Check the parameters of an estimator, or of the steps of a pipeline, as `save` does later.

    Training may take hours; this takes milliseconds. Of TextToSequence and the estimators with a
    network the parameters are written and read; other estimators are left to `save`.

    Parameters
    ----------
    estimator : estimator instance
        Fitted or not.

    Raises
    ------
    InvalidTypeError
        If a parameter has no form in a file, or a range of n-grams is too long for one.
    InvalidFileError
        If a file may not hold the value of a parameter.
    """
    if isinstance(estimator, Pipeline):
        for _, step in estimator.steps:
            check_savable(step)
        return
    inner = getattr(estimator, "estimator", None)  # of a threshold or a calibration
    if hasattr(inner, "get_params"):
        check_savable(inner)
        return
    if isinstance(estimator, TextWithColumns):
        if estimator.to_sequence is not None:
            check_savable(estimator.to_sequence)
        refuse_transformer(estimator.columns)
        return
    if isinstance(estimator, DocumentsToSequence):
        allowed = text.is_data
    elif isinstance(estimator, NetworkEstimator):
        allowed = codec.is_data
    elif isinstance(estimator, DocumentVectorizer):
        estimator._validate_params()
        allowed = _is_any
    else:
        return
    ways_out = dict.fromkeys(estimator.get_params(deep=False), "Leave it out.")
    tree = encode_parameters(estimator, Place(), ways_out)
    decode_parameters(Node(tree, {}, Reading()), type(estimator), allowed=allowed)
    if isinstance(estimator, DocumentsToSequence):
        return
    ngram_range = check_ngram_range(estimator)
    if ngram_range is not None:
        longest = max(ngram_range)
        if longest > MAX_NGRAM:
            raise InvalidTypeError(
                f"{type(estimator).__name__} has ngram_range={list(ngram_range)}, but n-grams have "
                f"at most {MAX_NGRAM} words in a file."
            )


def _is_any(key, value):
    return True

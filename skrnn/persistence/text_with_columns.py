"""TextWithColumns: the tokenizer inside, and the names of the columns."""

from numbers import Integral

from sklearn.base import clone
from sklearn.pipeline import Pipeline

from skrnn.exceptions import InvalidTypeError
from skrnn.fileformat.parameters import decode_features, encode_features, refuse_other_attributes
from skrnn.text import DocumentsToSequence, TextWithColumns

_ATTRIBUTES = {"to_sequence_", "columns_", "column_names_", "n_features_in_", "feature_names_in_"}


def encode_with_columns(estimator, place, encode_step):
    """Return the tree of a TextWithColumns.

    Parameters
    ----------
    estimator : TextWithColumns
        Fitted.
    place : Place
        For its arrays.
    encode_step : callable
        Takes an estimator and a place.

    Raises
    ------
    TypeError
        If the columns come from a transformer.
    """
    refuse_other_attributes(estimator, place, _ATTRIBUTES)
    refuse_transformer(estimator.columns)
    columns, names = estimator.columns, estimator._names_in
    is_one = isinstance(columns, str | Integral)
    return {
        "text": _plain(estimator.text),
        "columns": _plain(columns) if is_one else [_plain(key) for key in columns],
        "to_sequence": encode_step(estimator.to_sequence_, place.below("to_sequence")),
        "column_names": list(estimator.column_names_),
        "names_in": None if names is None else [_plain(name) for name in names],
        **encode_features(estimator),
    }


def decode_with_columns(node, decode_step):
    """Make the TextWithColumns of a node.

    Parameters
    ----------
    node : Node
    decode_step : callable
        Takes a node, returns an estimator.
    """
    text = node.take("text", "a name or a position", _is_key)
    columns = node.take(
        "columns",
        "a name, a position or a list of them",
        lambda value: _is_key(value) or _is_list_of_keys(value),
    )
    to_sequence = decode_step(node.below("to_sequence"))
    if not isinstance(tokenizer_of(to_sequence), DocumentsToSequence):
        node.refuse(f"'to_sequence' is {type(to_sequence).__name__}, which makes no token ids.")
    estimator = TextWithColumns(clone(to_sequence), text=text, columns=columns)
    estimator.to_sequence_, estimator.columns_ = to_sequence, None
    estimator.column_names_ = tuple(node.take_strings("column_names", unique=True))
    wanted = len(columns) if isinstance(columns, list) else 1
    if len(estimator.column_names_) != wanted:
        node.refuse(f"There are {len(estimator.column_names_)} names for {wanted} columns.")
    estimator._names_in = node.take(
        "names_in",
        "a list of names or null",
        lambda value: value is None or (type(value) is list and all(map(_is_key, value))),
    )
    decode_features(node, estimator)
    names = estimator._names_in
    if names is not None and len(names) != estimator.n_features_in_:
        node.refuse(f"There are {len(names)} names for {estimator.n_features_in_} columns.")
    return estimator


def refuse_transformer(columns):
    """Raise TypeError if the columns come from a transformer, which a file cannot hold."""
    if hasattr(columns, "fit_transform"):
        raise InvalidTypeError(
            f"TextWithColumns has a {type(columns).__name__} as columns, which skrnn.save cannot "
            "store. Transform the columns before the pipeline and give their names, or use "
            "joblib.dump instead."
        )


def tokenizer_of(to_sequence):
    """Return the tokenizer at the end of a Pipeline, or what else it is."""
    return to_sequence[-1] if isinstance(to_sequence, Pipeline) else to_sequence


def _plain(key):
    """Return a name or a position as JSON."""
    if isinstance(key, Integral) and not isinstance(key, bool):
        return int(key)
    if isinstance(key, str):
        return str(key)
    raise InvalidTypeError(
        f"TextWithColumns was fitted on a frame with the column {key!r}, whose name is a "
        f"{type(key).__name__}; skrnn.save can store names that are str or int. Rename it, or use "
        "joblib.dump instead."
    )


def _is_key(value):
    return type(value) in (str, int)


def _is_list_of_keys(value):
    return type(value) is list and len(value) > 0 and all(map(_is_key, value))

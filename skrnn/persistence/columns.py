"""ColumnTransformer: which columns each transformer reads, by name or by number."""

from itertools import chain

import numpy as np
from sklearn.compose import ColumnTransformer
from sklearn.preprocessing import FunctionTransformer

from skrnn.exceptions import InvalidInputError, InvalidTypeError
from skrnn.fileformat.errors import shown
from skrnn.fileformat.parameters import (
    CONTAINERS,
    decode_features,
    decode_parameters,
    encode_features,
    encode_parameters,
    refuse_other_attributes,
)
from skrnn.persistence.inner import check_prototype, prototype_of

REMAINDER = "remainder"
_WORDS = ("drop", "passthrough")
_WAYS_OUT = {
    "verbose_feature_names_out": "Set it to True, False or a str.",
    "transformer_weights": "Pass a dict of floats.",
}
_ATTRIBUTES = {
    *("transformers_", "output_indices_", "sparse_output_", "n_features_in_"),
    "feature_names_in_",
}
_INNER = {"transformers", REMAINDER}
# Far more than a table has: the columns that no transformer names are listed in memory.
MAX_COLUMNS = 100_000


def encode_columns(estimator, place, encode):
    """Return the tree of a ColumnTransformer."""
    refuse_other_attributes(estimator, place, _ATTRIBUTES)
    fitted = {name: one for name, one, _ in estimator.transformers_}
    given = [*estimator.transformers, (REMAINDER, estimator.remainder, None)]
    parts = []
    for i, (name, prototype, columns) in enumerate(given):
        if columns is not None and (name == REMAINDER or name not in fitted):
            raise InvalidInputError(
                f"ColumnTransformer cannot be saved with a transformer {name!r} that was added "
                f"after fit, or is called {REMAINDER!r}. Rename it, and fit again."
            )
        part = {"name": name, "transformer": prototype}
        if columns is not None:
            part["columns"] = _encode_key(columns, name)
        if not isinstance(prototype, str):
            if name not in fitted or not estimator._transformer_to_input_indices[name]:
                raise InvalidTypeError(
                    f"The transformer {name!r} of ColumnTransformer has no columns, so it is not "
                    "fitted. Set it to 'drop' and fit again."
                )
            check_prototype(estimator, prototype, fitted[name])
            part["transformer"] = encode(fitted[name], place.below(f"parts/{i}/transformer"))
        elif prototype == "passthrough" and name in fitted:
            config = getattr(fitted[name], "_sklearn_output_config", {})
            part["output"] = config.get("transform", "default")
        outputs = estimator.output_indices_.get(name, slice(0, 0))
        parts.append({**part, "n_outputs": int(outputs.stop - outputs.start)})
    return {
        **encode_parameters(estimator, place, _WAYS_OUT, inner=_INNER),
        "state": {
            "parts": parts,
            "sparse_output": bool(estimator.sparse_output_),
            **encode_features(estimator),
        },
    }


def _encode_key(columns, name):
    if isinstance(columns, np.ndarray) or hasattr(columns, "tolist"):
        columns = columns.tolist()
    columns = list(columns) if isinstance(columns, tuple) else columns
    items = columns if isinstance(columns, list) else [columns]
    kinds = set(map(type, items))
    if len(kinds) > 1 or not kinds <= {str, int, bool} or columns is True or columns is False:
        raise InvalidTypeError(
            f"The columns of {name!r} of ColumnTransformer are {shown(columns)}, which skrnn.save "
            "cannot store. Give them as a name, a number, or a list of one of these."
        )
    return columns


def decode_columns(node, decode):
    """Make the ColumnTransformer of a node."""
    state = node.below("state")
    found = _Features()
    decode_features(state, found)
    if found.n_features_in_ > MAX_COLUMNS:
        state.refuse(f"It has more than {MAX_COLUMNS} columns.")
    trees = state.take("parts", "a list", lambda value: type(value) is list and len(value) > 0)
    is_sparse = state.take_flag("sparse_output")
    state.close()
    parts = [_Part(node.of(tree, f"parts/{i}"), decode, found) for i, tree in enumerate(trees)]
    names = [part.name for part in parts]
    if names[-1] != REMAINDER or len(set(names)) < len(names):
        node.refuse("The last part must be the remainder, and no name may be there twice.")
    *named, rest = parts
    used = set(chain.from_iterable(part.indices for part in named))
    rest.indices = [i for i in range(found.n_features_in_) if i not in used]
    if not isinstance(rest.transformer, str) and not rest.indices:
        node.refuse("The remainder has a transformer, but no columns.")
    inner = {
        "transformers": [(part.name, part.prototype, part.columns) for part in named],
        REMAINDER: rest.prototype,
    }
    estimator = decode_parameters(node, ColumnTransformer, allowed=_is_data, inner=inner)
    vars(estimator).update(vars(found))
    estimator._columns = [part.columns for part in named]
    estimator._transformer_to_input_indices = {part.name: part.indices for part in named}
    estimator._validate_remainder(None)
    rest.columns = estimator._remainder[2]
    estimator.sparse_output_ = is_sparse
    estimator.transformers_, estimator.output_indices_, start = [], {}, 0
    for part in parts if rest.indices else named:
        one = part.transformer
        if one == "passthrough" and part.indices:
            one = _passthrough(part, found)
        estimator.transformers_.append((part.name, one, part.columns))
        if one != "drop" and part.indices:
            estimator.output_indices_[part.name] = slice(start, start + part.n_outputs)
            start += part.n_outputs
    for part in parts:
        estimator.output_indices_.setdefault(part.name, slice(0, 0))
    return estimator


class _Features:
    """What was seen in fit: `n_features_in_`, and `feature_names_in_` if there were names."""

    n_features_in_: int


class _Part:
    """One transformer, and its columns."""

    def __init__(self, node, decode, features):
        self.name = node.take("name", "a name", lambda v: type(v) is str and "__" not in v)
        given = node.take(
            "transformer",
            "an object, 'drop' or 'passthrough'",
            lambda v: _is_tree(v) or v in _WORDS,
        )
        self.transformer = decode(node.of(given, "transformer")) if _is_tree(given) else given
        self.n_outputs = node.take_int("n_outputs")
        self.columns, self.indices = None, []
        if self.name != REMAINDER:
            self.columns = node.take("columns", "names or numbers of columns", _is_key)
            self.indices = _indices(node, self.columns, features)
        self.output = None
        if "output" in node:
            self.output = node.take("output", f"one of {CONTAINERS}", lambda v: v in CONTAINERS)
        node.close()
        is_word = isinstance(self.transformer, str)
        if not is_word and not hasattr(self.transformer, "transform"):
            node.refuse(f"{type(self.transformer).__name__} is not a transformer.")
        if not is_word and self.name != REMAINDER and not self.indices:
            node.refuse("A transformer has no columns.")
        self.prototype = self.transformer if is_word else prototype_of(self.transformer)


def _is_tree(value):
    return type(value) is dict


def _is_key(value):
    items = value if type(value) is list else [value]
    kinds = set(map(type, items))
    return len(kinds) <= 1 and kinds <= {str, int, bool} and type(value) is not bool


def _indices(node, columns, features):
    """Return the numbers of columns."""
    n = features.n_features_in_
    items = columns if type(columns) is list else [columns]
    if items and type(items[0]) is bool:
        if len(items) != n:
            node.refuse(f"There are {len(items)} marks for {n} columns.")
        return np.flatnonzero(items).tolist()
    if items and type(items[0]) is str:
        names = {name: i for i, name in enumerate(getattr(features, "feature_names_in_", ()))}
        odd = next((name for name in items if name not in names), None)
        if odd is not None:
            node.refuse(f"There is no column {shown(odd)}.")
        return [names[name] for name in items]
    if not all(-n <= i < n for i in items):
        node.refuse(f"A column is not one of {n}.")
    return [i % n for i in items]


def _passthrough(part, features):
    """Return what `fit` puts in the place of 'passthrough'."""
    one = FunctionTransformer(
        accept_sparse=True, check_inverse=False, feature_names_out="one-to-one"
    ).set_output(transform=part.output or "default")
    one.n_features_in_ = len(part.indices)
    if hasattr(features, "feature_names_in_"):
        one.feature_names_in_ = features.feature_names_in_[part.indices]
    return one


def _is_data(key, value):
    if key == "transformer_weights" and value is not None:
        return isinstance(value, dict) and all(type(one) in (int, float) for one in value.values())
    if key == "verbose_feature_names_out":
        return type(value) in (bool, str)
    return True


CODECS = ((ColumnTransformer, encode_columns, decode_columns),)

"""What every estimator has: parameters, output container, metadata requests, feature names."""

import numpy as np

from skrnn._sklearn_compat import SIMPLE_METHODS
from skrnn.exceptions import InvalidTypeError, NotStorableError
from skrnn.fileformat.errors import shown
from skrnn.fileformat.values import decode_value, encode_value

# What a parameter becomes that a checkpoint leaves out; else what it is by default.
_LEFT_OUT_AS = {"embeddings": None}
_MAY_BE_OBJECTS = {"dtype", "optimizer", "learning_rate"}
_CONTAINERS = ("default", "pandas", "polars")


def encode_parameters(estimator, place, ways_out):
    """Return the parameters, and what else belongs to an estimator of any kind, as a tree.

    Parameters
    ----------
    estimator : estimator instance
    place : Place
        Lenient or not.
    ways_out : dict of str to str
        By parameter, what to do where it cannot be written.

    Returns
    -------
    tree : dict
        "parameters", and where there is something to write, "left_out", "output", "requests".

    Raises
    ------
    TypeError
        Where something cannot be written.
    """
    name = type(estimator).__name__
    parameters, left_out = {}, []
    for key, value in estimator.get_params(deep=False).items():
        # scikit-learn's mark of a parameter that is about to go; a later version has it no more.
        if isinstance(value, str) and value == "deprecated":
            continue
        try:
            if key == "embeddings" and isinstance(value, list | tuple | dict):
                raise NotStorableError(f"{type(value).__name__} of vectors")
            parameters[key] = encode_value(value)
        except NotStorableError as error:
            if not place.lenient:
                way_out = ways_out.get(key, "Keep it with joblib.dump instead.")
                raise InvalidTypeError(
                    f"{name} has {key}={shown(value)}, a {error}, which a file without pickle "
                    f"cannot keep. {way_out}"
                ) from None
            left_out.append(key)
    tree = {"parameters": parameters}
    if place.lenient and hasattr(estimator, "_skl_callbacks"):
        left_out.append("set_callbacks")
    if left_out:
        tree["left_out"] = left_out
    output = getattr(estimator, "_sklearn_output_config", {}).get("transform")
    if output is not None:
        tree["output"] = output
    requests = getattr(estimator, "_metadata_request", None)
    if requests is not None:
        tree["requests"] = {
            method: dict(getattr(requests, method).requests)
            for method in SIMPLE_METHODS
            if getattr(requests, method).requests
        }
    return tree


def decode_parameters(node, cls, *, allowed=lambda key, value: True):
    """Make the estimator that `encode_parameters` has read, not fitted yet.

    Parameters
    ----------
    node : Node
        Its place in the tree.
    cls : type
        Its class.
    allowed : callable
        Whether a parameter may have a value, beyond what the class says itself.

    Raises
    ------
    InvalidFileError
        Where a parameter is unknown or out of range.
    """
    tree = node.take("parameters", "an object", lambda value: type(value) is dict)
    known = cls().get_params(deep=False)
    parameters = {}
    for key, value in tree.items():
        if key not in known:
            node.refuse(
                f"{cls.__name__} of this version has no parameter {shown(key)}.",
                way_out="Install the versions that its part manifest.json names.",
            )
        try:
            parameters[key] = decode_value(value, may_be_object=key in _MAY_BE_OBJECTS)
        except ValueError as error:
            node.refuse(f"The parameter {key!r}: {error}")
        if not allowed(key, parameters[key]):
            node.refuse(f"The parameter {key!r} may not be {shown(value)} in a file.")
    if "left_out" in node:
        parameters |= _left_out(node, known, parameters)
    estimator = cls(**parameters)
    try:
        estimator._validate_params()
    except (ValueError, TypeError, OverflowError) as error:
        node.refuse(f"{str(error)[:200]}.")
    if "output" in node:
        _restore_output(node, estimator)
    if "requests" in node:
        _restore_requests(node, estimator)
    return estimator


def _left_out(node, known, parameters):
    names = node.take_strings("left_out", unique=True)
    for key in names:
        if key != "set_callbacks" and (key not in known or key in parameters):
            node.refuse(
                f"{shown(key)} is said to be left out, but is no parameter that is missing."
            )
    node.reading.left_out.extend(names)
    return {key: _LEFT_OUT_AS.get(key, known[key]) for key in names if key in known}


def _restore_output(node, estimator):
    output = node.take("output", f"one of {_CONTAINERS}", lambda value: value in _CONTAINERS)
    if not hasattr(estimator, "set_output"):
        node.refuse("It has an 'output', but is no transformer.")
    estimator.set_output(transform=output)


def _restore_requests(node, estimator):
    tree = node.take("requests", "an object", lambda value: type(value) is dict)
    # The public set_fit_request and the like want routing to be switched on.
    requests = estimator._get_metadata_request()
    for method, wanted in tree.items():
        if method not in SIMPLE_METHODS or type(wanted) is not dict:
            node.refuse(f"'requests' has {shown(method)}, which is no method with metadata.")
        one = getattr(requests, method)
        for key, alias in wanted.items():
            is_name = type(alias) is str and alias.isidentifier()
            if key not in one.requests or not (is_name or type(alias) in (bool, type(None))):
                node.refuse(f"{method} of {type(estimator).__name__} requests no {shown(key)}.")
            one.add_request(param=key, alias=alias)
    estimator._metadata_request = requests


def refuse_other_attributes(estimator, place, known):
    """Raise TypeError where an estimator has attributes of its own that a file would lose."""
    if place.lenient:
        return
    name = type(estimator).__name__
    if hasattr(estimator, "_skl_callbacks"):
        raise InvalidTypeError(
            f"{name} has callbacks from set_callbacks(), which a file without pickle cannot keep. "
            "Call set_callbacks() without any before, and again after loading."
        )
    known = {*estimator.get_params(deep=False), *known}
    odd = [key for key in vars(estimator) if not key.startswith("_") and key not in known]
    if odd:
        raise InvalidTypeError(
            f"{name} has the attribute {odd[0]!r}, which is none of its own and which a file "
            "would lose. Delete it with del, or keep the estimator with joblib.dump."
        )


def encode_features(estimator):
    """Return `n_features_in_` and `feature_names_in_` as a tree."""
    tree = {"n_features_in": int(estimator.n_features_in_)}
    if hasattr(estimator, "feature_names_in_"):
        tree["feature_names_in"] = [str(name) for name in estimator.feature_names_in_]
    return tree


def decode_features(node, estimator):
    """Set what `encode_features` has read."""
    # A sparse array is as wide as it likes.
    estimator.n_features_in_ = node.take_int("n_features_in", 0, 2**62)
    if "feature_names_in" in node:
        names = node.take_strings("feature_names_in", unique=True)
        if len(names) != estimator.n_features_in_:
            node.refuse(f"There are {len(names)} names for {estimator.n_features_in_} features.")
        estimator.feature_names_in_ = np.array(names, dtype=object)

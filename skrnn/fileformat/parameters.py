"""Parts of all estimators: parameters, output container, metadata requests, feature names."""

import numpy as np

from skrnn._sklearn_compat import SIMPLE_METHODS
from skrnn.exceptions import InvalidTypeError, NotStorableError
from skrnn.fileformat.errors import shown
from skrnn.fileformat.values import decode_value, encode_value

# Values of parameters that a checkpoint leaves out, if other than the default.
_LEFT_OUT_AS = {"embeddings": None}
_MAY_BE_OBJECTS = {"dtype", "optimizer", "learning_rate"}
_MAY_BE_STORABLE = {"extra_losses", "checkpoint"}
CONTAINERS = ("default", "pandas", "polars")


def encode_parameters(estimator, place, ways_out, *, inner=()):
    """Return the parameters, and the other parts that any estimator may have, as a tree.

    Parameters
    ----------
    estimator : estimator instance
    place : Place
        Lenient or not.
    ways_out : dict of str to str
        For each parameter, what to do if it cannot be written.
    inner : collection of str, default=()
        Parameters that are estimators, which are written elsewhere.

    Returns
    -------
    tree : dict
        "parameters", and, if not empty, "left_out", "output" and "requests".

    Raises
    ------
    TypeError
        If something cannot be written.
    """
    name = type(estimator).__name__
    parameters, left_out = {}, []
    for key, value in estimator.get_params(deep=False).items():
        # scikit-learn's mark of a deprecated parameter, which a later version does not have.
        if key in inner or (isinstance(value, str) and value == "deprecated"):
            continue
        try:
            if key == "embeddings" and isinstance(value, list | tuple | dict):
                raise NotStorableError(f"{type(value).__name__} of vectors")
            if key == "extra_words" and isinstance(value, dict):
                raise NotStorableError("dict of vectors")
            parameters[key] = encode_value(value)
        except NotStorableError as error:
            if not place.lenient:
                way_out = ways_out.get(key, "Use joblib.dump instead.")
                raise InvalidTypeError(
                    f"{name} has {key}={shown(value)}, a {error}, which skrnn.save cannot store. "
                    f"{way_out}"
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


def decode_parameters(node, cls, *, allowed=lambda key, value: True, renamed=dict, inner=None):
    """Return the unfitted estimator that `encode_parameters` has encoded.

    Parameters
    ----------
    node : Node
        Its node in the tree.
    cls : type
        Its class.
    allowed : callable
        Returns whether a file may set a parameter to a value, in addition to the constraints of
        the class.
    renamed : callable
        Returns the parameters of a file, as JSON, under the names that the class has today.
    inner : dict of str to object, or None, default=None
        Values of the parameters that are estimators, which were read before.

    Raises
    ------
    InvalidFileError
        If a parameter is unknown or out of range.
    """
    tree = node.take("parameters", "an object", lambda value: type(value) is dict)
    inner = inner or {}
    known = cls(**inner).get_params(deep=False)
    parameters = dict(inner)
    for key, value in renamed(tree).items():
        if key not in known or key in inner:
            node.refuse(
                f"{cls.__name__} has no parameter {shown(key)} in the installed version.",
                way_out="Install the versions that are listed in its part manifest.json.",
            )
        try:
            parameters[key] = decode_value(
                value,
                may_be_object=key in _MAY_BE_OBJECTS,
                may_be_storable=key in _MAY_BE_STORABLE,
            )
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
                f"{shown(key)} is listed as left out, but is not a parameter that is missing."
            )
    node.reading.left_out.extend(names)
    return {key: _LEFT_OUT_AS.get(key, known[key]) for key in names if key in known}


def _restore_output(node, estimator):
    output = node.take("output", f"one of {CONTAINERS}", lambda value: value in CONTAINERS)
    if not hasattr(estimator, "set_output"):
        node.refuse("It has an 'output', but is not a transformer.")
    estimator.set_output(transform=output)


def _restore_requests(node, estimator):
    tree = node.take("requests", "an object", lambda value: type(value) is dict)
    # The public methods, such as set_fit_request, raise an error if routing is not enabled.
    requests = estimator._get_metadata_request()
    for method, wanted in tree.items():
        if method not in SIMPLE_METHODS or type(wanted) is not dict:
            node.refuse(f"'requests' has {shown(method)}, which is not a method with metadata.")
        one = getattr(requests, method)
        for key, alias in wanted.items():
            is_name = type(alias) is str and alias.isidentifier()
            if key not in one.requests or not (is_name or type(alias) in (bool, type(None))):
                node.refuse(f"{method} of {type(estimator).__name__} has no metadata {shown(key)}.")
            one.add_request(param=key, alias=alias)
    estimator._metadata_request = requests


def refuse_other_attributes(estimator, place, known):
    """Raise TypeError if an estimator has additional attributes that a file would lose."""
    if place.lenient:
        return
    name = type(estimator).__name__
    if hasattr(estimator, "_skl_callbacks"):
        raise InvalidTypeError(
            f"{name} has callbacks from set_callbacks(), which skrnn.save cannot store. Call "
            "set_callbacks() without any first, and again with them after loading."
        )
    known = {*estimator.get_params(deep=False), *known}
    odd = [key for key in vars(estimator) if not key.startswith("_") and key not in known]
    if odd:
        raise InvalidTypeError(
            f"{name} has the attribute {odd[0]!r}, which was added to it and which a file would "
            "lose. Delete it with del, or store the estimator with joblib.dump."
        )


def encode_features(estimator):
    """Return `n_features_in_` and `feature_names_in_` as a tree."""
    tree = {"n_features_in": int(estimator.n_features_in_)}
    if hasattr(estimator, "feature_names_in_"):
        tree["feature_names_in"] = [str(name) for name in estimator.feature_names_in_]
    return tree


def decode_features(node, estimator):
    """Set the attributes that `encode_features` has encoded."""
    # A sparse array may have any width.
    estimator.n_features_in_ = node.take_int("n_features_in", 0, 2**62)
    if "feature_names_in" in node:
        names = node.take_strings("feature_names_in", unique=True)
        if len(names) != estimator.n_features_in_:
            node.refuse(f"There are {len(names)} names for {estimator.n_features_in_} features.")
        estimator.feature_names_in_ = np.array(names, dtype=object)

"""VotingClassifier: its members, and the classes that they vote on by number."""

import numpy as np
from sklearn.ensemble import VotingClassifier
from sklearn.preprocessing import LabelEncoder
from sklearn.utils import Bunch

from skrnn.exceptions import InvalidInputError
from skrnn.fileformat.errors import shown
from skrnn.fileformat.parameters import (
    decode_parameters,
    encode_parameters,
    refuse_other_attributes,
)
from skrnn.fileformat.values import decode_labels, encode_labels
from skrnn.persistence.inner import check_classifier, check_prototype, prototype_of

_WAYS_OUT = {"weights": "Pass them as a list."}
_ATTRIBUTES = {"estimators_", "named_estimators_", "le_", "classes_", "feature_names_in_"}


def encode_voting(estimator, place, encode):
    """Return the tree of a VotingClassifier."""
    refuse_other_attributes(estimator, place, _ATTRIBUTES)
    members, fitted = [], iter(estimator.estimators_)
    if sum(one != "drop" for _, one in estimator.estimators) != len(estimator.estimators_):
        raise InvalidInputError(
            "The estimators of VotingClassifier were changed after fit. Fit it again."
        )
    for i, (name, prototype) in enumerate(estimator.estimators):
        tree = "drop"
        if prototype != "drop":
            one = next(fitted)
            check_prototype(estimator, prototype, one)
            tree = encode(one, place.below(f"members/{i}"))
        members.append({"name": name, "estimator": tree})
    return {
        **encode_parameters(estimator, place, _WAYS_OUT, inner={"estimators"}),
        "state": {"classes": encode_labels(estimator.classes_), "members": members},
    }


def decode_voting(node, decode):
    """Make the VotingClassifier of a node."""
    state = node.below("state")
    classes = decode_labels(state.below("classes"))
    trees = state.take("members", "a list", lambda value: type(value) is list and len(value) > 0)
    state.close()
    members, taken = [], {"estimators", "voting", "weights", "n_jobs", "flatten_transform"}
    taken.add("verbose")
    for i, tree in enumerate(trees):
        member = node.of(tree, f"members/{i}")
        name = member.take("name", "a name", lambda value: type(value) is str)
        if not name or "__" in name or name in taken:
            member.refuse(f"A member has the name {shown(name)}, which is taken or has '__'.")
        taken.add(name)
        one = member.take("estimator", "an object or 'drop'", lambda v: v == "drop" or _is_tree(v))
        member.close()
        members.append((name, decode(node.of(one, f"members/{i}")) if _is_tree(one) else one))
    fitted = [one for _, one in members if one != "drop"]
    if not fitted:
        node.refuse("Every member is dropped.")
    for one in fitted:
        check_classifier(node, one, list(range(len(classes))))
    prototypes = [(name, one if one == "drop" else prototype_of(one)) for name, one in members]
    estimator = decode_parameters(
        node, VotingClassifier, allowed=_is_data, inner={"estimators": prototypes}
    )
    if estimator.weights is not None and len(estimator.weights) != len(members):
        node.refuse(f"There are {len(estimator.weights)} weights for {len(members)} members.")
    if estimator.voting == "soft" and not all(hasattr(one, "predict_proba") for one in fitted):
        node.refuse("voting='soft' needs members with predict_proba.")
    estimator.estimators_ = fitted
    estimator.named_estimators_ = Bunch(**dict(members))
    estimator.le_ = LabelEncoder()
    estimator.le_.classes_ = estimator.classes_ = classes
    for one in fitted:
        if hasattr(one, "feature_names_in_"):
            estimator.feature_names_in_ = one.feature_names_in_
    return estimator


def _is_tree(value):
    return type(value) is dict


def _is_data(key, value):
    if key == "weights" and value is not None:
        if isinstance(value, np.ndarray):
            return True
        return isinstance(value, list | tuple) and all(type(one) in (int, float) for one in value)
    return True


CODECS = ((VotingClassifier, encode_voting, decode_voting),)

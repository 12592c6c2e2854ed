"""Parameters that are objects: additional losses and checkpoints, and how tools reach them.

Each test's docstring says what would fail it.
"""

import inspect
import json
import pickle
from pathlib import Path

import numpy as np
import pytest
from bare import ESTIMATOR
from siblings import RNNRegressorForTest
from sklearn.base import clone
from sklearn.model_selection import GridSearchCV, ParameterGrid
from sklearn.pipeline import Pipeline

import skrnn
from skrnn import (
    AdversarialLoss,
    Checkpoint,
    EntropyLoss,
    EpochSearchCV,
    RNNClassifier,
    VirtualAdversarialLoss,
)
from skrnn.caching.hashing import digest
from skrnn.estimators import parameters as groups
from skrnn.estimators.checkpointing import checkpoint_of
from skrnn.estimators.extra_losses import objective_of
from skrnn.estimators.former_parameters import with_present_names
from skrnn.fileformat.values import decode_value, encode_value
from skrnn.training.objective import Objective

rng = np.random.default_rng(0)
X = [rng.integers(2, 12, n).tolist() for n in rng.integers(3, 6, 24)]
Y = np.arange(24) % 2
LOSSES = [AdversarialLoss(2.0), VirtualAdversarialLoss(3.0), EntropyLoss(0.5)]
NUMBERS = {"adversarial_epsilon": 2.0, "virtual_adversarial_epsilon": 3.0, "entropy_weight": 0.5}
LIST = [("a", LOSSES[0]), ("v", LOSSES[1]), ("e", LOSSES[2])]
OBJECTS = [*LOSSES, Checkpoint("folder", minutes=2), Checkpoint("folder", None)]


def tiny(**parameters):
    settings = {**ESTIMATOR, "cell": "rnn", "units": 2, "embedding_dim": 2, "epochs": 1}
    return RNNClassifier(**{**settings, "random_state": 0, **parameters})


# --- Order and groups ---------------------------------------------------------------------


@pytest.mark.parametrize("cls", [RNNClassifier, RNNRegressorForTest])
def test_parameters_are_in_the_order_of_their_groups(cls):
    """Fails if a parameter stands in another group than its constraint, or siblings differ."""
    own = {**groups.NETWORK, **groups.NUMERIC, **groups.POOLING, **groups.NGRAMS}
    own |= groups.CONVOLUTIONS
    own |= {**groups.REGULARIZATION, **groups.EXTRA_LOSSES, **groups.TRAINING}
    own |= groups.CLASSES
    own |= {**groups.STOPPING, **groups.RUNNING}
    names = list(inspect.signature(cls).parameters)
    assert names == [name for name in own if name in names]
    assert set(names) == set(cls._parameter_constraints)


def test_groups_of_the_docstring_are_the_groups():
    """Fails if a parameter is added beyond the ends that the docstring names."""
    for group, first, last in [
        ("network", next(iter(groups.NETWORK)), list(groups.CONVOLUTIONS)[-1]),
        ("regularization", next(iter(groups.REGULARIZATION)), list(groups.EXTRA_LOSSES)[-1]),
        ("training", next(iter(groups.TRAINING)), list(groups.CLASSES)[-1]),
        ("stopping", next(iter(groups.STOPPING)), list(groups.STOPPING)[-1]),
        ("running", next(iter(groups.RUNNING)), list(groups.RUNNING)[-1]),
    ]:
        assert f"- {group}: `{first}` to `{last}`" in RNNClassifier.__doc__


# --- Reaching their parameters ------------------------------------------------------------


@pytest.mark.parametrize(
    ("losses", "name"),
    [(LOSSES[0], "extra_losses__epsilon"), (LOSSES[2], "extra_losses__weight")]
    + [(LIST, f"{key}__{loss.number}") for key, loss in LIST],
)
def test_a_grid_reaches_the_losses(losses, name):
    """Fails if a loss is unreachable, in a pipeline too, or a clone shares it with its origin."""
    pipe = Pipeline([("rnn", tiny(extra_losses=losses))])
    assert f"rnn__{name}" in pipe.get_params()
    for parameters in ParameterGrid({f"rnn__{name}": [7.0, 9.0]}):
        changed = clone(pipe).set_params(**parameters)
        numbers = vars(objective_of(changed["rnn"]))
        assert list(numbers.values()).count(*parameters.values()) == 1
    assert objective_of(pipe["rnn"]) == objective_of(tiny(extra_losses=losses))
    with pytest.raises(ValueError, match="Invalid parameter"):
        clone(pipe).set_params(**{f"rnn__{name}s": 1.0})


def test_a_loss_of_a_list_is_replaced_by_its_name():
    """Fails if a grid cannot choose between losses, or None does not turn one off."""
    clf = clone(tiny(extra_losses=LIST)).set_params(a=AdversarialLoss(9.0), v=None, e__weight=4.0)
    assert objective_of(clf) == Objective(9.0, 0.0, 4.0)
    assert objective_of(tiny(extra_losses=LIST)) == Objective(**NUMBERS)
    clf.set_params(extra_losses=VirtualAdversarialLoss(), extra_losses__epsilon=6.0)
    assert objective_of(clf) == Objective(0.0, 6.0, 0.0)


def test_checkpoint_parameters():
    """Fails if the interval cannot be set from outside, or a path is not the same as an object."""
    clf = tiny(checkpoint=Checkpoint("folder")).set_params(checkpoint__minutes=1)
    assert (checkpoint_of(clf).path, checkpoint_of(clf).minutes) == ("folder", 1)
    plain = checkpoint_of(tiny(checkpoint=Path("folder")))
    assert (plain.path, plain.minutes) == (Path("folder"), 10.0)
    assert checkpoint_of(tiny()) is None


@pytest.mark.parametrize("value", [*OBJECTS, LIST], ids=repr)
def test_copies_are_equal(value):
    """Fails if clone, a pickle, repr or a file changes an object, or the digest does not see it."""
    name = "checkpoint" if isinstance(value, Checkpoint) else "extra_losses"
    clf = tiny(**{name: value})
    text = json.loads(json.dumps(encode_value(value)))
    copies = [
        clone(clf),
        pickle.loads(pickle.dumps(clf)),
        eval(repr(clf), {**vars(skrnn), "RNNClassifier": RNNClassifier, **_classes()}),
        tiny(**{name: decode_value(text, may_be_storable=True)}),
    ]
    for copy in copies:
        found = copy.get_params()[name]
        assert found is not value and repr(found) == repr(value)
        assert digest(found) == digest(value)
    with pytest.raises(ValueError, match="does not encode"):
        decode_value(text)


def _classes():
    return {type(value).__name__: type(value) for value in OBJECTS}


def test_digests_differ():
    """Fails if two trainings that differ in a loss share their checkpoints."""
    values = [*OBJECTS, LIST, LIST[:2], AdversarialLoss(2.5), VirtualAdversarialLoss(2.0), None]
    assert len({digest(value) for value in values}) == len(values)


# --- Errors -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("parameters", "match"),
    [
        ({"extra_losses": 5.0}, "'extra_losses' parameter of RNNClassifier"),
        ({"extra_losses": AdversarialLoss}, "'extra_losses' parameter of RNNClassifier"),
        ({"extra_losses": AdversarialLoss(-1)}, "'epsilon' parameter of AdversarialLoss"),
        ({"extra_losses": AdversarialLoss(np.nan)}, "'epsilon' parameter of AdversarialLoss"),
        ({"extra_losses": [("a", EntropyLoss("1"))]}, "'weight' parameter of EntropyLoss"),
        ({"extra_losses": [EntropyLoss()]}, r"must be None, a loss such as .*EntropyLoss\(\)"),
        ({"extra_losses": [("a", 5.0)]}, r"Got \('a', 5.0\)"),
        ({"extra_losses": [("epochs", EntropyLoss())]}, "named 'epochs'"),
        ({"extra_losses": [("a__b", EntropyLoss())]}, "named 'a__b'"),
        ({"extra_losses": [("a", None), ("a", None)]}, "must be unique"),
        (
            {"extra_losses": [("a", EntropyLoss()), ("b", EntropyLoss(2))]},
            "two losses of the class EntropyLoss",
        ),
        ({"checkpoint": 5}, "'checkpoint' parameter of RNNClassifier"),
        ({"checkpoint": Checkpoint(None)}, "'path' parameter of Checkpoint"),
        ({"checkpoint": Checkpoint("folder", -1)}, "'minutes' parameter of Checkpoint"),
        ({"checkpoint": Checkpoint("folder", "1")}, "'minutes' parameter of Checkpoint"),
    ],
)
@pytest.mark.parametrize("method", ["fit", "fit_chunks", "partial_fit"])
def test_values_that_are_none(parameters, match, method):
    """Fails if a wrong value is found after training only, or by an obscure error."""
    clf = tiny(**parameters)
    arguments = ([(X, Y)],) if method == "fit_chunks" else (X, Y)
    with pytest.raises(ValueError, match=match):
        getattr(clf, method)(*arguments)
    assert not hasattr(clf, "network_")


# --- Files --------------------------------------------------------------------------------


@pytest.mark.parametrize("on", [(), (0,), (1,), (2,), (0, 2), (0, 1, 2)], ids=str)
def test_former_names(on):
    """Fails if a file of before, with numbers for its losses, loads as another estimator."""
    names = list(NUMBERS)
    former = {name: NUMBERS[name] * (i in on) for i, name in enumerate(names)}
    present = with_present_names({**former, "epochs": 3})
    assert present.keys() == {"extra_losses", "epochs"}
    losses = decode_value(present["extra_losses"], may_be_storable=True)
    assert objective_of(tiny(extra_losses=losses)) == Objective(**former)
    assert (losses is None) == (not on)


@pytest.mark.parametrize(
    ("former", "wanted"),
    [
        ({"checkpoint": None, "checkpoint_minutes": 10.0}, None),
        ({"checkpoint": None, "checkpoint_minutes": 1.0}, None),
        ({"checkpoint": "folder", "checkpoint_minutes": 10.0}, "folder"),
        ({"checkpoint": "folder", "checkpoint_minutes": None}, Checkpoint("folder", None)),
        ({"checkpoint": "folder", "checkpoint_minutes": 0}, Checkpoint("folder", 0)),
    ],
)
def test_former_checkpoints(former, wanted):
    """Fails if the folder or the interval of a file of before is lost."""
    present = with_present_names(former)
    assert present.keys() == {"checkpoint"}
    assert repr(decode_value(present["checkpoint"], may_be_storable=True)) == repr(wanted)


@pytest.fixture(scope="module")
def fitted():
    return tiny().fit(X, Y)


@pytest.mark.parametrize("value", [*OBJECTS, LIST], ids=repr)
def test_saved_and_loaded(fitted, value, tmp_path):
    """Fails if save refuses a loss or a checkpoint, or load makes another of it."""
    name = "checkpoint" if isinstance(value, Checkpoint) else "extra_losses"
    clf = pickle.loads(pickle.dumps(fitted)).set_params(**{name: value})
    skrnn.save(clf, tmp_path / "model.skrnn")
    found = skrnn.load(tmp_path / "model.skrnn")
    assert repr(found.get_params()[name]) == repr(value)
    np.testing.assert_array_equal(found.predict_proba(X), fitted.predict_proba(X))


@pytest.mark.parametrize(
    "value",
    [
        {"object": "Pipeline", "parameters": {}},
        {"object": "RNNClassifier", "parameters": {}},
        {"object": ["AdversarialLoss"], "parameters": {}},
        {"object": "AdversarialLoss", "parameters": []},
        {"object": "AdversarialLoss", "parameters": {"epsilon": -1.0}},
        {"object": "AdversarialLoss", "parameters": {"weight": 1.0}},
        {"object": "Checkpoint", "parameters": {}},
        {"object": "AdversarialLoss"},
        {"object": "AdversarialLoss", "parameters": {"epsilon": {"object": "EntropyLoss"}}},
    ],
    ids=str,
)
def test_hostile_objects(value):
    """Fails if a file makes an object of another class, or one whose number is out of range."""
    with pytest.raises(ValueError, match=r"object|parameter"):
        decode_value(value, may_be_storable=True)


# --- Searches -----------------------------------------------------------------------------


@pytest.mark.slow
@pytest.mark.parametrize("search", [GridSearchCV, EpochSearchCV])
def test_searches(search, tmp_path):
    """Fails if a search scores one loss for all values, or resumes another's fit."""
    grid = {"extra_losses__epsilon": [0.0, 40.0]}
    options = {"cv": 2, "scoring": "neg_log_loss", "error_score": "raise"}
    if search is EpochSearchCV:
        grid["epochs"], options["checkpoint"] = [1, 2], tmp_path / "search"
    start = tiny(
        extra_losses=AdversarialLoss(), learning_rate=0.1, checkpoint=Checkpoint(tmp_path / "fits")
    )
    found = search(start, grid, **options).fit(X, Y)
    scores = found.cv_results_["mean_test_score"]
    assert len(set(scores)) == len(scores)
    again = search(clone(start), grid, **options).fit(X, Y)
    np.testing.assert_array_equal(again.cv_results_["mean_test_score"], scores)


@pytest.mark.slow
def test_checkpoints_are_of_one_loss(tmp_path):
    """Fails if the interval is part of a training's name, or a loss is not."""
    names = set()
    for epsilon, minutes in [(1.0, 0), (1.0, 5), (2.0, 5)]:
        checkpoint = Checkpoint(tmp_path, minutes)
        tiny(extra_losses=VirtualAdversarialLoss(epsilon), checkpoint=checkpoint).fit(X, Y)
        names.add(frozenset(path.name for path in tmp_path.iterdir()))
    assert sorted(map(len, names)) == [1, 2]


INSIDE_NOTHING = [
    ({"checkpoint": "folder"}, "checkpoint__minutes", r"'folder'.*skrnn.Checkpoint\(path\)"),
    ({}, "checkpoint__minutes", r"None.*skrnn.Checkpoint"),
    ({}, "extra_losses__epsilon", r"None.*skrnn.AdversarialLoss"),
    ({"extra_losses": LIST}, "extra_losses__epsilon", r"which has no parameters"),
    ({}, "units__x", "3, which has no parameters"),
]


@pytest.mark.parametrize(("parameters", "name", "message"), INSIDE_NOTHING)
def test_parameters_of_what_has_none(parameters, name, message):
    """Fails if the error is that a str has no attribute, or another parameter is set before it."""
    clf = RNNClassifier(**parameters)
    before = vars(clf).copy()
    with pytest.raises(ValueError, match=f"{name} of RNNClassifier cannot be set.*{message}"):
        clf.set_params(**{"units": 3, name: 1})
    assert vars(clf) == before


def test_parameters_of_what_is_set_with_them():
    """Fails if the object of the same call is not the one whose parameter is set."""
    clf = RNNClassifier().set_params(checkpoint=Checkpoint("a"), checkpoint__minutes=3)
    assert clf.checkpoint.minutes == 3


@pytest.mark.parametrize("search", [False, True])
def test_a_function_as_learning_rate(search):
    """Fails if it is not told what takes a function of the epoch."""
    clf = tiny(learning_rate=lambda epoch: 0.1)
    if search:
        clf = EpochSearchCV(clf, {"epochs": [1]}, cv=2, error_score="raise")
    with pytest.raises(ValueError, match="callbacks=.*LearningRateScheduler"):
        clf.fit(X, Y)

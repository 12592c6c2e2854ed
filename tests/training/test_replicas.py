"""One network on several devices trains as on one."""

import json
import os
import pickle
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from bare import ESTIMATOR
from data_parallel import X, Y

import skrnn
from skrnn import AdversarialLoss, RNNClassifier, VirtualAdversarialLoss
from skrnn.backend.tensorflow import keras, tf

pytestmark = pytest.mark.slow

SCRIPT = Path(__file__).parent.parent / "data_parallel.py"


def run(folder, *names):
    result = subprocess.run(
        [sys.executable, SCRIPT, folder, *names],
        capture_output=True,
        text=True,
        env=os.environ | {"TF_CPP_MIN_LOG_LEVEL": "3"},
    )
    assert result.returncode == 0, result.stderr
    return json.loads(result.stdout.splitlines()[-1])


def assert_same(found, tolerance=1e-4):
    for what in ("weights", "probabilities", "history"):
        assert found[what] <= tolerance, (what, found[what])
    assert found["best_epochs"][0] == found["best_epochs"][1]


@pytest.fixture(scope="module")
def dealt(tmp_path_factory):
    folder = tmp_path_factory.mktemp("dealt")
    return run(folder, "dealt", "few") | {"folder": folder}


def test_same_result_as_on_one_device(dealt):
    """Fails if uneven shares weigh rows wrongly, or each device clips what it has."""
    assert dealt["dealt"]["clipping"] > 0.01  # else there was nothing to clip
    assert_same(dealt["dealt"])


def test_each_row_goes_to_one_device(dealt):
    """Fails if the devices see the same rows, or one of them none."""
    found = dealt["dealt"]
    assert found["devices"] == ["CPU:0", "CPU:1"]
    assert len(found["shares"]) == 2 * len(found["batches"]) == 36
    for i, batch in enumerate(found["batches"]):
        shares = dict(found["shares"][2 * i : 2 * i + 2])
        assert sorted(shares) == [0, 1]
        assert sorted(shares[0] + shares[1]) == sorted(batch)
        assert 0 <= len(shares[0]) - len(shares[1]) <= 1


def test_variables_are_mirrored_in_training_only(dealt):
    """Fails if a device has no weights of its own, or others; or if any outlive the training."""
    found = dealt["dealt"]
    assert len(found["mirrored"]) > 10 and all(found["mirrored"])
    assert set(found["plain"]) == {"ResourceVariable"}


def test_predicting_and_keeping_know_no_scope(dealt):
    """Fails if what is predicted, told, pickled or saved in a scope is not the same outside."""
    assert all(dealt["dealt"][what] for what in ("inside", "explained", "loaded"))
    wanted = np.load(dealt["folder"] / "inside.npy")
    pickled = pickle.loads((dealt["folder"] / "inside.pickle").read_bytes())
    for kept in (pickled, skrnn.load(dealt["folder"] / "inside.skrnn")):
        np.testing.assert_array_equal(kept.predict_proba(X), wanted)


def test_fewer_rows_than_devices(dealt):
    """Fails if a device without rows counts for something: in gradients, losses or accuracy."""
    assert_same(dealt["few"])


@pytest.mark.reliability
def test_noise_and_ngrams_are_those_of_one_device(tmp_path):
    """Fails if devices draw noise of their own, see no scores, or sum in any order.

    And if validation, by which early stopping goes, is another one.
    """
    found = run(tmp_path, "defaults")["defaults"]
    assert_same(found)
    assert found["same_bytes"]


@pytest.mark.reliability
@pytest.mark.parametrize("name", ["labels", "three", "cells", "further"])
def test_same_result_in_other_ways(name, tmp_path):
    """Fails if more devices, other cells and inputs, or training in steps make a difference."""
    assert_same(run(tmp_path, name)[name])


@pytest.mark.reliability
def test_several_networks(tmp_path):
    """Fails if the rows of a device know one network only, its noise, or one loss of both."""
    found = run(tmp_path, "networks")["networks"]
    assert_same(found)
    assert found["tags"] < 1e-4
    one, several = found["tags_history"]
    assert one.keys() == several.keys()
    for name, values in one.items():
        np.testing.assert_allclose(values, several[name], rtol=1e-4)


@pytest.mark.reliability
def test_ids_beside_steps(tmp_path):
    """Fails if a device drops other dimensions of the ids' vectors, or sums a table twice."""
    found = run(tmp_path, "ids")["ids"]
    assert found["weights"] < 1e-4
    np.testing.assert_allclose(*found["history"], rtol=1e-4)


@pytest.mark.reliability
def test_resumed_on_the_same_devices(tmp_path):
    """Fails if a fit resumed within an epoch misses rows, or takes some twice."""
    found = run(tmp_path, "resumed")["resumed"]
    assert found["places"] == [[1, 3]] and found["same_bytes"]
    assert_same(found)


@pytest.mark.reliability
def test_callbacks_use_the_model(tmp_path):
    """Fails if a callback cannot predict, evaluate, save, or change the step size, as without."""
    found = run(tmp_path, "callbacks")["callbacks"]
    assert_same(found)
    assert found["answers"] <= 1e-4 and found["saved"] <= 1e-6
    assert found["rates"][2] < found["rates"][0]


@pytest.mark.reliability
def test_the_page_runs_as_written(tmp_path):
    """Fails if the script of docs/scaling.md does not run, or its two fits are not the same."""
    page = (SCRIPT.parent.parent / "docs" / "scaling.md").read_text()
    (script,) = re.findall(r"^```python alone\n(.*?)^```$", page, re.M | re.S)
    result = subprocess.run(
        [sys.executable, "-c", script], cwd=tmp_path, capture_output=True, text=True
    )
    assert (result.returncode, result.stdout) == (0, "True\n"), result.stderr


# --- What has no way --------------------------------------------------------------------


def refused(scope, match, **parameters):
    classifier = RNNClassifier(**ESTIMATOR | {"cell": "rnn", "units": 2, "epochs": 1} | parameters)
    before = vars(classifier).copy()
    with scope, pytest.raises(ValueError, match=match):
        classifier.fit(X, Y)
    assert vars(classifier) == before


@pytest.mark.parametrize(
    "parameter",
    [
        {"pretraining_epochs": 1},
        {"extra_losses": AdversarialLoss()},
        {"extra_losses": [("any", VirtualAdversarialLoss())]},
    ],
    ids=str,
)
def test_what_one_device_does_is_refused(parameter):
    """Fails if pretraining or a further loss runs untested, or is left out in silence."""
    scope = tf.distribute.OneDeviceStrategy("CPU:0").scope()
    refused(scope, next(iter(parameter)), **parameter)


@pytest.mark.parametrize("setting", [{"use_ema": True}, {"gradient_accumulation_steps": 2}])
def test_optimizers_that_are_refused(setting):
    """Fails if an optimizer that decides when to update does so inside a replica."""
    scope = tf.distribute.OneDeviceStrategy("CPU:0").scope()
    refused(scope, next(iter(setting)), optimizer=keras.optimizers.SGD(**setting))


def test_loss_scaling_is_refused():
    """Fails if half precision, or the optimizer for it, is taken."""
    one = tf.distribute.OneDeviceStrategy("CPU:0")
    scaling = keras.optimizers.LossScaleOptimizer(keras.optimizers.SGD())
    refused(one.scope(), "float32", optimizer=scaling)
    keras.config.set_dtype_policy("mixed_float16")
    try:
        refused(one.scope(), "float32")
    finally:
        keras.config.set_dtype_policy("float32")


def test_other_strategies_are_refused():
    """Fails if a strategy is taken under which nobody has tried it."""
    with tf.device("CPU:0"):
        other = tf.distribute.experimental.CentralStorageStrategy(["CPU:0"])
    refused(other.scope(), "MirroredStrategy.*CentralStorageStrategy")

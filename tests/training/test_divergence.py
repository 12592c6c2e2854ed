"""States that cannot be read back do not replace those that can.

Each test's docstring says what would fail it.
"""

from copy import copy
from dataclasses import replace
from warnings import catch_warnings, simplefilter

import numpy as np
import pytest
from bare import ESTIMATOR

from skrnn import Checkpoint, RNNClassifier
from skrnn.backend.tensorflow import keras
from skrnn.estimators.moments import read_moment, write_moment
from skrnn.exceptions import DivergedError
from skrnn.fileformat import container
from skrnn.network.fitted import FittedNetwork
from skrnn.search.results import ResultFolder
from skrnn.training.checkpoint import CheckpointFolder
from skrnn.training.state import EarlyStoppingState, TrainingState
from tests.repeats import some

rng = np.random.default_rng(0)
IDS = [rng.integers(2, 9, 4).tolist() for _ in range(24)]
Y = np.arange(24) % 2
SERIES = rng.normal(size=(200, 12)).astype(np.float32)
RISING = SERIES[:, 0] < SERIES[:, -1]


@pytest.fixture(scope="module")
def moment():
    """A fitted estimator with n-grams, and a state of its training with all that one may have."""
    model = RNNClassifier(**ESTIMATOR | {"cell": "rnn", "units": 2, "embedding_dim": 2,
                                         "ngram_range": (1, 2), "epochs": 1, "random_state": 0},
                          warm_start=True).fit(IDS, Y)  # fmt: skip
    values = model.network_.values
    weights = [value for value in values if value.dtype.kind == "f"]
    stopping = EarlyStoppingState(1, 0.5, 1, 0, weights)
    state = TrainingState(
        epoch=2, batch=3, variables=values, optimizer=model._optimizer_state,
        metrics=[np.float32(3.0)], history=model.history_, stopping=stopping,
    )  # fmt: skip
    return model, state


def poisoned(arrays, value):
    """Return a list of arrays in which the last float one holds a value."""
    at = max(i for i, array in enumerate(arrays) if np.asarray(array).dtype.kind == "f")
    array = np.array(arrays[at])
    array.flat[-1] = value
    return [*arrays[:at], array, *arrays[at + 1 :]]


def spoil(kind, value, model, state):
    """Return estimator and state with one number spoiled."""
    model = copy(model)
    if kind == "weights":
        network = model.network_
        values = poisoned(network.values, value)
        model.network_ = FittedNetwork(network.description, values, network.seed)
        state = replace(state, variables=values)
    elif kind == "optimizer":
        model._optimizer_state = poisoned(state.optimizer, value)
        state = replace(state, optimizer=model._optimizer_state)
    elif kind == "optimizer object":
        model._optimizer_state = None
        state = replace(state, optimizer=poisoned(state.optimizer, value))
    elif kind == "metrics":
        state = replace(state, metrics=poisoned(state.metrics, value))
    elif kind == "best weights":
        best = poisoned(state.stopping.best_weights, value)
        state = replace(state, stopping=replace(state.stopping, best_weights=best))
    elif kind == "pretraining":
        state = replace(state, phase="pretraining", history={"loss": [1.0]},
                        variables=poisoned(state.variables, value))  # fmt: skip
    else:
        model.ngrams_ = copy(model.ngrams_)
        settings, codes, coef, intercept = model.ngrams_.to_arrays()
        spoiled = poisoned([coef], value)[0]
        model.ngrams_.to_arrays = lambda: (settings, codes, spoiled, intercept)
    return model, state


KINDS = ["weights", "optimizer", "optimizer object", "metrics", "best weights", "pretraining",
         "n-grams"]  # fmt: skip


@pytest.mark.parametrize("batch", [0, 7])
@pytest.mark.parametrize("value", some([np.nan, -np.inf, 1e30], -np.inf))
@pytest.mark.parametrize("kind", KINDS)
def test_a_state_that_cannot_be_read_replaces_none(moment, tmp_path, kind, value, batch):
    """Fails if a spoiled state is kept, pushes the good ones out, or is dropped without a word."""
    if value == 1e30 and kind not in ("weights", "n-grams", "optimizer"):
        pytest.skip("large numbers are read back")

    def read(document, arrays):
        return read_moment(document, arrays, RNNClassifier)

    folder, _ = CheckpointFolder.open(tmp_path, "fit", 9, read=read)
    good = moment[0], replace(moment[1], epoch=1, batch=0)
    with catch_warnings():
        simplefilter("error")
        folder.save(lambda: write_moment(*good, [1, 2]), good[1])
    content = {path.name: path.read_bytes() for path in folder.path.iterdir()}
    for epoch in (2, 3, 4):  # as many as are kept, and more
        model, state = spoil(kind, value, moment[0], replace(moment[1], epoch=epoch, batch=batch))
        if epoch == 2:
            with pytest.warns(UserWarning, match="not kept as a checkpoint.*could not be read"):
                folder.save(lambda m=model, s=state: write_moment(m, s, [1, 2]), state)
        else:  # said once
            with catch_warnings():
                simplefilter("error")
                folder.save(lambda m=model, s=state: write_moment(m, s, [1, 2]), state)
    assert {path.name: path.read_bytes() for path in folder.path.iterdir()} == content
    folder.close()
    again, newest = CheckpointFolder.open(tmp_path, "fit", 9, read=read)
    assert newest.path.name == "epoch-0001.skrnn"
    again.close()


@pytest.mark.parametrize(
    "rate",
    [
        pytest.param(1e38, id="NaN"),
        pytest.param(1e16, id="beyond what loading allows", marks=pytest.mark.slow),
    ],
)
@pytest.mark.slow
def test_a_training_that_diverges_within_an_epoch(tmp_path, rate):
    """Fails if a diverging training destroys the checkpoints from which it could go on."""
    start = {"cell": "rnn", "units": 4, "epochs": 5, "batch_size": 8, "random_state": 0}
    schedule = keras.optimizers.schedules.PiecewiseConstantDecay([60], [1e-3, rate])

    def fit():
        return RNNClassifier(
            **start, optimizer="sgd", learning_rate=schedule, global_clipnorm=None,
            checkpoint=Checkpoint(tmp_path, minutes=0),
        ).fit(SERIES, RISING)  # fmt: skip

    with pytest.warns(UserWarning, match="could not be read back"), catch_error():
        fit()
    names = sorted(path.name for path in tmp_path.glob("*/*.skrnn"))
    assert names == ["epoch-0002-batch-000010.skrnn", "epoch-0002-batch-000011.skrnn"]
    for path in tmp_path.glob("*/*.skrnn"):
        document, arrays = container.read(path)
        model, state, *_ = read_moment(document, arrays, RNNClassifier)
        assert (state.epoch, np.isfinite(model.predict_proba(SERIES)).all()) == (2, True)


class catch_error:
    """Accept an error of divergence, or none: large weights may stay finite."""

    def __enter__(self):
        pass

    def __exit__(self, kind, error, trace):
        return kind is not None and issubclass(kind, DivergedError)


def test_results_of_a_search(tmp_path, monkeypatch):
    """Fails if a result that cannot be read takes the place of one that can."""
    folder = ResultFolder(tmp_path, [], ([], []))
    folder.write("fit", [{"score": 1.0}])
    pack = container._pack
    monkeypatch.setattr(container, "_pack", lambda arrays: pack(arrays)[:-1])
    with pytest.warns(UserWarning, match="could not be written"):
        folder.write("fit", [{"score": 2.0}])
    monkeypatch.undo()
    assert folder.read("fit") == [{"score": 1.0}]
    assert [path.name for path in tmp_path.iterdir()] == ["fit"]

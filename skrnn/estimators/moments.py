"""Moments of a training: what a checkpoint holds, as a document and arrays."""

import numpy as np

from skrnn.estimators.codec import decode_estimator, encode_estimator, encode_history
from skrnn.exceptions import InvalidFileError
from skrnn.fileformat.errors import shown
from skrnn.fileformat.nodes import ARRAYS, Node, Place, Reading
from skrnn.training.state import EarlyStoppingState, TrainingState, versions

_PLAIN = ("epoch", "batch", "learning_rate", "stopped", "finished", "phase")
_PLAIN_STOPPING = ("wait", "best", "best_epoch", "stopped_epoch")


def write_moment(estimator, state, seeds):
    """Return the document and the arrays of a moment of a training.

    Parameters
    ----------
    estimator : NetworkEstimator
        The estimator at that moment.
    state : TrainingState
    seeds : list of int
        Drawn from `random_state` when the training began.
    """
    place = Place(lenient=True)
    tree, arrays = encode_estimator(estimator, place), place.arrays
    about = {name: getattr(state, name) for name in _PLAIN}
    about |= {"seeds": list(seeds), "versions": versions()}
    lists = {"metrics": state.metrics}
    is_of_model = state.phase == "training"
    if not is_of_model:  # the state belongs to the language model, which the tree does not contain
        about["history"] = encode_history(state.history)
        lists["variables"] = state.variables
    elif getattr(estimator, "calibration_", None) is not None:
        # Training goes on with the network of before the correction.
        lists["variables"] = state.variables
    if not is_of_model or tree["state"]["training"]["n_optimizer_variables"] is None:
        lists["optimizer"] = state.optimizer
        lists["unaveraged"] = state.unaveraged or []
    if state.stopping is not None:
        about["stopping"] = {name: getattr(state.stopping, name) for name in _PLAIN_STOPPING}
        lists["best"] = [] if state.finished else state.stopping.best_weights or []
    for kind, values in lists.items():
        arrays |= {f"training/{kind}/{i:05}": array for i, array in enumerate(values)}
    return {"model": tree, "training": about}, arrays


def read_moment(document, arrays, cls):
    """Return what `write_moment` has written: estimator, state, seeds, and library versions.

    Raises
    ------
    InvalidFileError
        If the document is not the checkpoint of a training of this class.
    """
    mine = {k: arrays.pop(k) for k in sorted(arrays) if k.startswith("training/")}
    for name, array in mine.items():
        if not np.isfinite(array).all():
            raise InvalidFileError(f"The array {shown(name)} has NaN or infinity.", ARRAYS)

    def listed(kind):
        return [array for name, array in mine.items() if name.startswith(f"training/{kind}/")]

    try:
        node = Node(document["model"], arrays, Reading(arrays=arrays))
        node.take("class", cls.__name__, lambda name: name == cls.__name__)
        estimator = decode_estimator(node, cls)
        node.close()
        if arrays:
            raise InvalidFileError(
                f"The array {shown(next(iter(arrays)))} belongs to nothing in the document.", ARRAYS
            )
        about = document["training"]
        seeds = [int(seed) for seed in about["seeds"]]
        stopping = about.get("stopping")
        if stopping is not None:
            stopping = EarlyStoppingState(**stopping, best_weights=listed("best") or None)
        state = TrainingState(
            **{name: about[name] for name in _PLAIN},
            variables=listed("variables") or estimator.network_.values,
            optimizer=listed("optimizer") or estimator._optimizer_state,
            metrics=listed("metrics"),
            history=about.get("history", estimator.history_),
            stopping=stopping,
            unaveraged=listed("unaveraged") or (vars(estimator).get("_unaveraged") or [None])[0],
        )
        return estimator, state, seeds, about
    except (KeyError, TypeError, AttributeError) as error:
        problem = f"The state of the training cannot be read ({error!r})."
        raise InvalidFileError(problem) from error

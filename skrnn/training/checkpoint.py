"""Stop and resume: the checkpoints of trainings, on disk.

Under the folder that an estimator is given, each training has one of its own, named by a digest
of all that decides what its epochs do: parameters, data, seed, and what it goes on from. So a fit
finds the checkpoints of the same training, and never another's. How many epochs there are to be
is no part of that: a fit of more epochs goes on from one of fewer, which is what successive
halving asks for. A file is what :func:`skrnn.save` writes of the estimator at that moment, with
the state of the training beside it.
"""

import fcntl
import importlib.metadata
import os
import re
from dataclasses import dataclass
from pathlib import Path
from types import FunctionType
from warnings import warn

import numpy as np

import skrnn
from skrnn.caching.hashing import digest
from skrnn.exceptions import InvalidFileError
from skrnn.fileformat import container
from skrnn.network.programs import precision
from skrnn.persistence import registry
from skrnn.training.state import EarlyStoppingState, PretrainingState, TrainingState

# Part of a training's name: a change of what decides the result makes new folders.
FORMAT = 2
# Moments on the way, the newest; of a training that has ended the last, from which one of more
# epochs goes on. What the trainings have come to stays, one file for each number of epochs.
KEPT = 2
_PREFIX = "training/"
# These watch, or say where to begin, but change no result.
_NO_PART_OF_A_TRAINING = (
    "checkpoint",
    "checkpoint_minutes",
    "random_state",
    "verbose",
    "warm_start",
)
_PLAIN = ("epoch", "batch", "learning_rate", "stopped", "finished")
_PLAIN_STOPPING = ("wait", "best", "best_epoch", "stopped_epoch")
_MOMENT = re.compile(r"(pretraining|epoch)-(\d+)(?:-batch-(\d+))?\.skrnn")


@dataclass
class Checkpoint:
    """What a file holds.

    Attributes
    ----------
    path : Path
    estimator : estimator instance
        As it was then; it can predict.
    state : TrainingState or PretrainingState
    seeds : list of int
        Drawn from `random_state` when the training began.
    """

    path: Path
    estimator: object
    state: object
    seeds: list


class CheckpointFolder:
    """The checkpoints of one training; locked, as long as this process is in it.

    Parameters
    ----------
    path : Path
        Made if missing.
    until : int
        The epoch that the fit ends with.
    """

    def __init__(self, path, until):
        self.path, self.until = path, until
        self._damaged = []
        path.mkdir(parents=True, exist_ok=True)
        self._lock = os.open(path / "lock", os.O_RDWR | os.O_CREAT, 0o666)
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(self._lock)
            raise
        except OSError:
            pass  # a file system without locks; then it is up to the caller

    @classmethod
    def open(cls, folder, name, until, *, any_seed=False):
        """Return the folder of a training, and the newest whole checkpoint for this fit or None.

        Where the fit has been done, its end is returned, and no folder. Where another process
        is in the folder just now, the next number of that name is taken.

        Parameters
        ----------
        folder : str or path-like
            The estimator's parameter.
        name : str
            Names the training, see `training_name`.
        until : int
            The epoch that the fit ends with.
        any_seed : bool
            Whether each fit has a seed of its own: a finished training is then another one.
        """
        folder = Path(folder).expanduser()
        if folder.exists() and not folder.is_dir():
            raise ValueError(
                f"checkpoint={str(folder)!r} is a file; it wants a folder, which is made where "
                "there is none."
            )
        end = None if any_seed else _read_end(folder, name, until)
        if end is not None:
            return None, end
        number = 1
        while True:
            path = folder / (name if number == 1 else f"{name}-{number}")
            number += 1
            try:
                found = cls(path, until)
            except BlockingIOError:
                continue
            if any_seed and any(path.glob("final-*.skrnn")):
                found.close()
                continue
            return found, found.newest()

    def close(self):
        """Let others in."""
        os.close(self._lock)

    def newest(self):
        """Return the newest `Checkpoint` that the fit can go on from, or None.

        Those that are damaged are passed over with a warning, those of epochs after its end
        without.
        """
        for leftover in self.path.glob(".*.tmp"):  # of a process that was killed while it wrote
            leftover.unlink(missing_ok=True)
        for path in reversed(self.moments()):
            if _place(path) > (True, self.until, 0):
                continue
            checkpoint = _read_or_warn(path)
            if checkpoint is not None:
                return checkpoint
            self._damaged.append(path)
        return None

    def moments(self):
        """Return the paths of the checkpoints on the way, oldest first."""
        return sorted((p for p in self.path.iterdir() if _MOMENT.fullmatch(p.name)), key=_place)

    def save(self, estimator, state, seeds):
        """Write a checkpoint, then remove those on the way but the last `KEPT`.

        Where it cannot be written, a full disk for instance, a warning says so, training goes on,
        and the older ones stay.
        """
        path = self.path / _name(state, self.until)
        try:
            write_checkpoint(path, estimator, state, seeds)
        except OSError as error:
            warn(
                f"The checkpoint {path} could not be written: {error}. Training goes on, and the "
                "checkpoints before it are whole; free or enlarge the disk, and the next one "
                "will be written.",
                UserWarning,
                stacklevel=2,
            )
            return
        except (TypeError, ValueError) as error:
            warn(
                f"{type(estimator).__name__} has something that a checkpoint cannot hold: {error} "
                "Training goes on without; set checkpoint=None.",
                UserWarning,
                stacklevel=2,
            )
            return
        damaged = [p for p in self._damaged if p != path]
        # Those of later epochs belong to a fit of more epochs than this one.
        here = (True, self.until, 0) if state.finished else _place(path)
        passed = [p for p in self.moments() if p not in damaged and _place(p) <= here]
        for old in [*passed[: -1 if state.finished else -KEPT], *damaged]:
            old.unlink(missing_ok=True)
        self._damaged = []


def _read_end(folder, name, until):
    """Return the `Checkpoint` of a fit that has ended, in whichever folder of its name, or None.

    Such a file is moved into its place whole and never changed, so no lock is needed.
    """
    for pattern in (name, f"{name}-*"):
        for path in sorted(folder.glob(f"{pattern}/{_end_name(until)}")):
            checkpoint = _read_or_warn(path)
            if checkpoint is not None:
                return checkpoint
    return None


def _read_or_warn(path):
    try:
        return read_checkpoint(path)
    except (InvalidFileError, OSError) as error:
        warn(
            f"A checkpoint is damaged, and the one before it is taken: {error}",
            UserWarning,
            stacklevel=2,
        )
        return None


def write_checkpoint(path, estimator, state, seeds):
    """Write an estimator and the state of its training to a file that `skrnn.load` reads, too."""
    tree, arrays = registry.encode(estimator, lenient=True)
    about = {"kind": type(state).__name__, "seeds": list(seeds), "versions": versions()}
    if isinstance(state, PretrainingState):
        about["losses"] = state.losses
        lists = {"pretraining": state.values}
    else:
        about |= {name: getattr(state, name) for name in _PLAIN}
        lists = {"metrics": state.metrics}
        if tree["state"]["training"]["n_optimizer_variables"] is None:  # of the caller's own class
            lists["optimizer"] = state.optimizer
        if state.stopping is not None:
            about["stopping"] = {name: getattr(state.stopping, name) for name in _PLAIN_STOPPING}
            lists["best"] = [] if state.finished else state.stopping.best_weights or []
    for kind, values in lists.items():
        arrays |= {f"{_PREFIX}{kind}/{i:05}": array for i, array in enumerate(values)}
    container.write(path, {"model": tree, "training": about}, arrays)


def read_checkpoint(path):
    """Return the `Checkpoint` of a file.

    Raises
    ------
    InvalidFileError
        Where the file is damaged, or no checkpoint.
    """
    document, arrays = container.read(path)
    mine = {k: arrays.pop(k) for k in sorted(arrays) if k.startswith(_PREFIX)}
    try:
        estimator = registry.decode(document["model"], arrays)
        about = document["training"]
        seeds = [int(seed) for seed in about["seeds"]]
        state = _decode_state(about, mine, estimator)
        unlike = [k for k, v in versions().items() if about["versions"].get(k) != v]
    except InvalidFileError as error:
        error.path = path
        raise
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        problem = f"It holds no state of a training that can be read ({error!r})."
        raise InvalidFileError(problem, path=path) from error
    if unlike and not state.finished:
        told = ", ".join(
            f"{k} {about['versions'].get(k)} then, {versions()[k]} now" for k in unlike
        )
        warn(
            f"Training goes on from {path}, written under other versions ({told}): it may not end "
            "with the same bytes as without an interruption.",
            UserWarning,
            stacklevel=2,
        )
    return Checkpoint(path, estimator, state, seeds)


def _decode_state(about, arrays, estimator):
    def listed(kind):
        return [array for name, array in arrays.items() if name.startswith(f"{_PREFIX}{kind}/")]

    if about["kind"] == PretrainingState.__name__:
        return PretrainingState([float(loss) for loss in about["losses"]], listed("pretraining"))
    stopping = about.get("stopping")
    if stopping is not None:
        stopping = EarlyStoppingState(**stopping, best_weights=listed("best") or None)
    return TrainingState(
        **{name: about[name] for name in _PLAIN},
        variables=estimator._keras.values(),
        optimizer=listed("optimizer") or estimator._keras._optimizer_state,
        metrics=listed("metrics"),
        history=estimator.history_,
        pretraining_history=estimator.pretraining_history_,
        stopping=stopping,
    )


def versions():
    """Return what else the bytes of a training depend on: versions, and the layers' engine."""
    from skrnn.layers.engine import engine

    found = {"skrnn": skrnn.__version__, "engine": engine()}
    for name in ("tensorflow", "keras", "numpy", "numba"):
        if name != "numba" or found["engine"] == "numba":
            found[name] = importlib.metadata.version(name)
    return found


def training_name(estimator, given, words, *, any_seed=False):
    """Name a training by a digest of all that decides its result.

    The number of epochs counts only where callbacks may look ahead to it, or remember what is
    not kept; and with chunks, of which not all are known.

    Parameters
    ----------
    estimator : NetworkEstimator
        Its parameters count, but for those that only watch.
    given : list
        Data, seeds and what is gone on from: arrays, `Sequences`, numbers, None, and lists,
        tuples and dicts of these.
    words : sequence of str or None
        Those of the data: of a mapping of words to vectors these count.
    any_seed : bool
        Whether each fit has a seed of its own; its epochs are then no other fit's beginning.

    Returns
    -------
    str
    """
    parameters = estimator.get_params(deep=False)
    for name in _NO_PART_OF_A_TRAINING:
        parameters.pop(name)
    callbacks = parameters.pop("callbacks")
    callbacks = callbacks if isinstance(callbacks, list | tuple) else [callbacks]
    callbacks = [*callbacks, *vars(estimator).get("_skl_callbacks", ())]
    callbacks = [callback for callback in callbacks if not _only_watches(callback)]
    in_chunks = given[0] == "chunks" if isinstance(given[0], str) else False
    if not any_seed and not in_chunks and all(map(_forgets, callbacks)):
        parameters.pop("epochs")
    vectors = _identity(parameters.pop("embeddings"), words or ())
    name = type(estimator).__name__
    decides = [name, FORMAT, parameters, callbacks, vectors, estimator.vocabulary_size_]
    return f"{name}-{digest([*decides, precision(), given], lenient=True)}"


def _identity(embeddings, words):
    """Return what tells these pretrained vectors from others."""
    if isinstance(embeddings, os.PathLike | str) and embeddings != "corpus":
        try:
            about = os.stat(embeddings)
        except OSError:  # the fit itself will tell
            return os.fspath(embeddings)
        return [Path(embeddings).name, about.st_size, about.st_mtime_ns, words]
    if embeddings is None or isinstance(embeddings, str | list | tuple | np.ndarray):
        return embeddings
    known = (word for word in words if word is not None and word in embeddings)
    return [words, [np.asarray(embeddings[word]) for word in known]]


def _only_watches(callback):
    """Whether a callback is known to have no part in the result."""
    home, name = type(callback).__module__, type(callback).__name__
    watchers = ("TensorBoard", "CSVLogger", "ModelCheckpoint", "RemoteMonitor", "ProgbarLogger")
    return (
        callback is None
        or home.startswith("sklearn.callback")
        or (home.startswith("keras.") and name in watchers)
    )


def _forgets(callback):
    """Whether a callback is known to carry nothing from epoch to epoch, nor to look ahead."""
    home, name = type(callback).__module__, type(callback).__name__
    if not home.startswith("keras."):
        return False
    if name == "LearningRateScheduler":  # its function may remember in what it encloses
        cells = getattr(callback.schedule, "__closure__", None) or ()
        plain = (int, float, str, type(None))
        return isinstance(callback.schedule, FunctionType) and all(
            isinstance(cell.cell_contents, plain) for cell in cells
        )
    return name == "TerminateOnNaN"


def _name(state, until):
    """Return the name of a state's file, which tells how far it is."""
    if state.finished:
        return _end_name(until)
    if isinstance(state, PretrainingState):
        return f"pretraining-{len(state.losses):04}.skrnn"
    within = f"-batch-{state.batch:06}" if state.batch else ""
    return f"epoch-{state.epoch:04}{within}.skrnn"


def _end_name(until):
    return f"final-{until:04}.skrnn"


def _place(path):
    """Return what sorts the files of moments by how far they are."""
    kind, number, batch = _MOMENT.fullmatch(path.name).groups()
    return kind == "epoch", int(number), int(batch or 0)

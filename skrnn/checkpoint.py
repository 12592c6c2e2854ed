"""Stop and resume: the checkpoints of trainings, on disk.

Under the folder that an estimator is given, each training has one of its own, named by a digest
of all that decides its result: parameters, data, seed, and what it goes on from. So a fit finds
the checkpoints of the same fit, and never another's. A file is what :func:`skrnn.save` writes of
the estimator at that moment, with the state of the training beside it.
"""

import fcntl
import hashlib
import importlib.metadata
import os
import re
from dataclasses import dataclass
from pathlib import Path
from types import CodeType, FunctionType
from warnings import warn

import numpy as np

import skrnn
from skrnn._programs import precision
from skrnn.persistence import InvalidFileError, codecs, container
from skrnn.sequences import Sequences
from skrnn.training_state import EarlyStoppingState, PretrainingState, TrainingState

# Part of a training's name: a change of what decides the result makes new folders.
FORMAT = 1
KEPT = 2
# Objects in objects are looked into so far.
MAX_DEPTH = 5
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
_NAME = re.compile(r"(pretraining|epoch)-(\d+)(?:-batch-(\d+))?\.skrnn")


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
    """

    def __init__(self, path):
        self.path = path
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
    def open(cls, folder, name, *, any_seed=False):
        """Return the folder of a training, and its newest whole checkpoint or None.

        Where another process is in it just now, the next number of that name is taken.

        Parameters
        ----------
        folder : str or path-like
            The estimator's parameter.
        name : str
            Names the training, see `training_name`.
        any_seed : bool
            Whether each fit has a seed of its own: a finished training is then another one.
        """
        folder = Path(folder).expanduser()
        if folder.exists() and not folder.is_dir():
            raise ValueError(
                f"checkpoint={str(folder)!r} is a file; it wants a folder, which is made where "
                "there is none."
            )
        number = 1
        while True:
            path = folder / (name if number == 1 else f"{name}-{number}")
            number += 1
            try:
                found = cls(path)
            except BlockingIOError:
                continue
            checkpoint = found.newest()
            if any_seed and checkpoint is not None and checkpoint.state.finished:
                found.close()
                continue
            return found, checkpoint

    def close(self):
        """Let others in."""
        os.close(self._lock)

    def newest(self):
        """Return the newest `Checkpoint` that is whole, or None; warn of those that are not."""
        for leftover in self.path.glob(".*.tmp"):  # of a process that was killed while it wrote
            leftover.unlink(missing_ok=True)
        for path in reversed(self.files()):
            try:
                return read_checkpoint(path)
            except (InvalidFileError, OSError) as error:
                warn(
                    f"A checkpoint is damaged, and the one before it is taken: {error}",
                    UserWarning,
                    stacklevel=2,
                )
        return None

    def files(self):
        """Return the paths of all checkpoints, oldest first."""
        return sorted((p for p in self.path.iterdir() if _NAME.fullmatch(p.name)), key=_place)

    def save(self, estimator, state, seeds):
        """Write a checkpoint, then remove all but the last `KEPT`.

        Where it cannot be written, a full disk for instance, a warning says so, training goes on,
        and the older ones stay.
        """
        path = self.path / _name(state)
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
        older = [p for p in self.files() if _place(p) <= _place(path)]
        # Later ones were found damaged, or this one would not be written.
        later = [p for p in self.files() if _place(p) > _place(path)]
        for old in [*older[:-KEPT], *later]:
            old.unlink(missing_ok=True)


def write_checkpoint(path, estimator, state, seeds):
    """Write an estimator and the state of its training to a file that `skrnn.load` reads, too."""
    tree, arrays = codecs.encode(estimator, lenient=True)
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
        estimator = codecs.decode(document["model"], arrays)
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
    from skrnn.layers._engine import engine

    found = {"skrnn": skrnn.__version__, "engine": engine()}
    for name in ("tensorflow", "keras", "numpy", "numba"):
        if name != "numba" or found["engine"] == "numba":
            found[name] = importlib.metadata.version(name)
    return found


def training_name(estimator, given, words):
    """Name a training by a digest of all that decides its result.

    Parameters
    ----------
    estimator : NetworkEstimator
        Its parameters count, but for those that only watch.
    given : list
        Data, seeds and what is gone on from: arrays, `Sequences`, numbers, None, and lists,
        tuples and dicts of these.
    words : sequence of str or None
        Those of the data: of a mapping of words to vectors these count.

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
    vectors = _identity(parameters.pop("embeddings"), words or ())
    name = type(estimator).__name__
    decides = [name, FORMAT, parameters, callbacks, vectors, estimator.vocabulary_size_]
    digest = hashlib.sha256()
    for part in _parts([*decides, precision(), given]):
        digest.update(part)
    return f"{name}-{digest.hexdigest()[:24]}"


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


def _name(state):
    """Return the name of a state's file, which tells how far it is."""
    if isinstance(state, PretrainingState):
        return f"pretraining-{len(state.losses):04}.skrnn"
    within = f"-batch-{state.batch:06}" if state.batch else ""
    return f"epoch-{state.epoch:04}{within}.skrnn"


def _place(path):
    """Return what sorts files by how far they are."""
    kind, number, batch = _NAME.fullmatch(path.name).groups()
    return kind == "epoch", int(number), int(batch or 0)


def _parts(value, depth=0):
    """Yield the bytes that tell a value from others, each kind and length with it."""
    if isinstance(value, np.generic) and value.dtype.kind in "biuf" and value.itemsize <= 8:
        value = value.item()
    if isinstance(value, np.ndarray | np.generic) and value.dtype != object:
        value = np.ascontiguousarray(value)
        yield f"array {value.dtype.str} {value.shape}:".encode()
        yield memoryview(value.reshape(-1).view(np.uint8))
    elif isinstance(value, dict):
        yield f"dict {len(value)}:".encode()
        for key in sorted(value, key=repr):
            yield from _parts(key, depth)
            yield from _parts(value[key], depth)
    elif isinstance(value, list | tuple | np.ndarray):
        yield f"list {len(value)}:".encode()
        for one in value:
            yield from _parts(one, depth)
    elif isinstance(value, os.PathLike):
        yield from _parts(os.fspath(value))
    elif value is None or isinstance(value, str | bytes | int | float):
        yield f"{type(value).__name__} {value!r}:".encode()
    else:
        content = _content(value) if depth < MAX_DEPTH else None
        yield from _parts([type(value).__qualname__, content], depth + 1)


def _content(value):
    """Return what tells an object from others of its class, as far as can be known."""
    if isinstance(value, Sequences):
        return [value.values, value.offsets]
    if isinstance(value, FunctionType):
        code, cells = value.__code__, value.__closure__ or ()
        closure = [cell.cell_contents for cell in cells]
        return [code.co_code, code.co_consts, code.co_names, value.__defaults__, closure]
    if isinstance(value, CodeType):
        return [value.co_code, value.co_consts, value.co_names]
    try:  # optimizers and schedules of Keras, which numbers the names of equal ones
        return {k: v for k, v in value.get_config().items() if k != "name"}
    except (AttributeError, NotImplementedError):
        attributes = getattr(value, "__dict__", {})
        return {k: v for k, v in attributes.items() if not k.startswith("_")}

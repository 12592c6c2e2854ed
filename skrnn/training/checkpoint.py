"""Stop and resume: the checkpoints of trainings, on disk.

Under the folder that an estimator is given, each training has one of its own, named by a digest
of all that decides what its epochs do: parameters, data, seed, and what it goes on from. So a fit
finds the checkpoints of the same training, and never another's. How many epochs there are to be
is no part of that: a fit of more epochs goes on from one of fewer, which is what successive
halving asks for. A file is what :func:`skrnn.save` writes of the estimator at that moment, with
the state of the training beside it.
"""

import os
import re
from dataclasses import dataclass
from pathlib import Path
from types import FunctionType
from warnings import warn

import numpy as np

from skrnn.caching.hashing import digest
from skrnn.exceptions import InvalidFileError, InvalidInputError
from skrnn.fileformat import container
from skrnn.network.programs import precision
from skrnn.training.state import versions

# Part of a training's name: a change of what decides the result makes new folders.
FORMAT = 3
# Moments on the way, the newest; of a training that has ended the last, from which one of more
# epochs goes on. What the trainings have come to stays, one file for each number of epochs.
KEPT = 2
# These watch, or say where to begin, but change no result.
_NO_PART_OF_A_TRAINING = (
    "checkpoint",
    "checkpoint_minutes",
    "random_state",
    "verbose",
    "warm_start",
)
_MOMENT = re.compile(r"(pretraining|epoch)-(\d+)(?:-batch-(\d+))?\.skrnn")


@dataclass
class Checkpoint:
    """What a file holds.

    Attributes
    ----------
    path : Path
    model : object
        What was trained, as it was then.
    state : TrainingState
    seeds : list of int
        Drawn from `random_state` when the training began.
    """

    path: Path
    model: object
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
    read : callable
        Takes the document and the arrays of a file, and returns what was trained, the state, the
        seeds and the document's part on the training; raises InvalidFileError if it cannot.
    """

    def __init__(self, path, until, read):
        self.path, self.until, self.read = path, until, read
        self._damaged = []
        path.mkdir(parents=True, exist_ok=True)
        self._lock = os.open(path / "lock", os.O_RDWR | os.O_CREAT, 0o666)
        try:
            _lock(self._lock)
        except BlockingIOError:
            os.close(self._lock)
            raise

    @classmethod
    def open(cls, folder, name, until, *, read, any_seed=False):
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
        read : callable
            See the class.
        any_seed : bool
            Whether each fit has a seed of its own: a finished training is then another one.
        """
        folder = Path(folder).expanduser()
        if folder.exists() and not folder.is_dir():
            raise InvalidInputError(
                f"checkpoint={str(folder)!r} is a file; it wants a folder, which is made where "
                "there is none."
            )
        end = None if any_seed else _read_end(folder, name, until, read)
        if end is not None:
            return None, end
        number = 1
        while True:
            path = folder / (name if number == 1 else f"{name}-{number}")
            number += 1
            try:
                found = cls(path, until, read)
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
            checkpoint = _read_or_warn(path, self.read)
            if checkpoint is not None:
                return checkpoint
            self._damaged.append(path)
        return None

    def moments(self):
        """Return the paths of the checkpoints on the way, oldest first."""
        return sorted((p for p in self.path.iterdir() if _MOMENT.fullmatch(p.name)), key=_place)

    def save(self, write, state):
        """Write a checkpoint, then remove those on the way but the last `KEPT`.

        `write` returns the document and the arrays of the file, for the state.
        Where it cannot be written, a full disk for instance, a warning says so, training goes on,
        and the older ones stay.
        """
        path = self.path / _name(state, self.until)
        try:
            container.write(path, *write())
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
                f"A checkpoint cannot hold what is trained: {error} Training goes on without "
                "checkpoints; set checkpoint=None.",
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


def _lock(descriptor):
    """Lock a file, or raise BlockingIOError if another process has."""
    try:
        import fcntl
    except ImportError:  # Windows: only this process can be told apart, which is up to the caller
        return
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        raise
    except OSError:
        return  # a file system without locks; then it is up to the caller


def _read_end(folder, name, until, read):
    """Return the `Checkpoint` of a fit that has ended, in whichever folder of its name, or None.

    Such a file is moved into its place whole and never changed, so no lock is needed.
    """
    for pattern in (name, f"{name}-*"):
        for path in sorted(folder.glob(f"{pattern}/{_end_name(until)}")):
            checkpoint = _read_or_warn(path, read)
            if checkpoint is not None:
                return checkpoint
    return None


def _read_or_warn(path, read):
    try:
        return read_checkpoint(path, read)
    except (InvalidFileError, OSError) as error:
        warn(
            f"A checkpoint is damaged, and the one before it is taken: {error}",
            UserWarning,
            stacklevel=2,
        )
        return None


def read_checkpoint(path, read):
    """Return the `Checkpoint` of a file.

    Raises
    ------
    InvalidFileError
        If the file is damaged, or no checkpoint.
    """
    document, arrays = container.read(path)
    try:
        model, state, seeds, about = read(document, arrays)
        before = dict(about["versions"])
    except InvalidFileError as error:
        error.path = path
        raise
    except (KeyError, TypeError, ValueError) as error:
        problem = f"It holds no state of a training that can be read ({error!r})."
        raise InvalidFileError(problem, path=path) from error
    unlike = [name for name, version in versions().items() if before.get(name) != version]
    if unlike and not state.finished:
        changed = ", ".join(f"{k} {before.get(k)} then, {versions()[k]} now" for k in unlike)
        warn(
            f"Training goes on from {path}, written under other versions ({changed}): it may not "
            "end with the same bytes as without an interruption.",
            UserWarning,
            stacklevel=2,
        )
    return Checkpoint(path, model, state, seeds)


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
        parameters.pop(name, None)
    callbacks = parameters.pop("callbacks", None)
    callbacks = callbacks if isinstance(callbacks, list | tuple) else [callbacks]
    callbacks = [*callbacks, *vars(estimator).get("_skl_callbacks", ())]
    callbacks = [callback for callback in callbacks if not _only_watches(callback)]
    in_chunks = given[0] == "chunks" if isinstance(given[0], str) else False
    if not any_seed and not in_chunks and all(map(_forgets, callbacks)):
        parameters.pop("epochs", None)
    vectors = _identity(parameters.pop("embeddings", None), words or ())
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
    within = f"-batch-{state.batch:06}" if state.batch else ""
    kind = "epoch" if state.phase == "training" else state.phase
    return f"{kind}-{state.epoch:04}{within}.skrnn"


def _end_name(until):
    return f"final-{until:04}.skrnn"


def _place(path):
    """Return what sorts the files of moments by how far they are."""
    kind, number, batch = _MOMENT.fullmatch(path.name).groups()  # type: ignore[union-attr]
    return kind == "epoch", int(number), int(batch or 0)

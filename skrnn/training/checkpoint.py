"""Stop and resume: the checkpoints of trainings, on disk.

In the folder of an estimator's `checkpoint`, each training has its own subfolder, named by a digest
of everything that determines its epochs: parameters, data, seed, and the state it starts from. So
a fit finds only checkpoints of the same training. The number of epochs is not part of the digest:
a fit with more epochs continues one with fewer, as successive halving needs. A file has what
:func:`skrnn.save` writes for the estimator at that moment, and the state of the training.
"""

import os
import re
from dataclasses import dataclass
from pathlib import Path
from types import BuiltinFunctionType, FunctionType, ModuleType

import numpy as np

from skrnn.caching.code import cells_of, is_installed, names_of
from skrnn.caching.hashing import digest
from skrnn.exceptions import InvalidFileError, InvalidInputError
from skrnn.fileformat import container
from skrnn.sequences.warning import warn_caller
from skrnn.training.locks import FolderLock
from skrnn.training.state import versions

# Part of a training's name. Increase it if a change of the code changes the results.
FORMAT = 4
# Number of the newest checkpoints to keep. After the end of a training, a fit with more epochs
# continues from the last. Final results are also kept, one file for each number of epochs.
KEPT = 2
# These parameters only observe, or say where to start. They do not change the result.
_NO_PART_OF_A_TRAINING = (
    "checkpoint",
    "random_state",
    "verbose",
    "warm_start",
)
_FILE = re.compile(r"(pretraining|epoch)-(\d+)(?:-batch-(\d+))?\.skrnn")


@dataclass
class Moment:
    """The content of a checkpoint file.

    Attributes
    ----------
    path : Path
    model : object
        The estimator at that moment.
    state : TrainingState
    seeds : list of int
        Drawn from `random_state` when the training began.
    """

    path: Path
    model: object
    state: object
    seeds: list


class CheckpointFolder:
    """The checkpoints of one training; locked while this process uses it.

    Parameters
    ----------
    path : Path
        Created if missing.
    until : int
        The last epoch of the fit.
    read : callable
        Takes the document and the arrays of a file, and returns the estimator, the state, the
        seeds and the document's part on the training. Raises InvalidFileError if they are not
        valid.
    """

    def __init__(self, path, until, read):
        self.path, self.until, self.read = path, until, read
        self._damaged = []
        self._has_told = False
        path.mkdir(parents=True, exist_ok=True)
        self._lock = FolderLock(path / "lock")

    @classmethod
    def open(cls, folder, name, until, *, read, any_seed=False):
        """Return the folder of a training, and the newest valid checkpoint for this fit or None.

        If the fit is already finished, its final checkpoint is returned, without a folder. If
        another fit uses the folder, a warning says so, and the next number of that name is used.

        Parameters
        ----------
        folder : str or path-like
            The estimator's parameter `checkpoint`.
        name : str
            Name of the training, see `training_name`.
        until : int
            The last epoch of the fit.
        read : callable
            See the class.
        any_seed : bool
            Whether each fit draws its own seed, so that a finished training is not reused.
        """
        folder = Path(folder).expanduser()
        if folder.exists() and not folder.is_dir():
            raise InvalidInputError(
                f"checkpoint={str(folder)!r} is a file. Pass a folder, which is created if it does "
                "not exist."
            )
        end = None if any_seed else _read_end(folder, name, until, read)
        if end is not None:
            return None, end
        number, in_use = 1, []
        while True:
            path = folder / (name if number == 1 else f"{name}-{number}")
            number += 1
            try:
                found = cls(path, until, read)
            except BlockingIOError as error:
                in_use.append(f"{path} ({error})")
                continue
            if any_seed and any(path.glob("final-*.skrnn")):
                found.close()
                continue
            if in_use:
                warn_caller(
                    "The same fit is running elsewhere, and its checkpoints are in use: "
                    f"{', '.join(in_use)}. This fit does not continue from them: it has its own in "
                    f"{path}. To continue from the others, end that fit first.",
                    UserWarning,
                )
            return found, found.newest()

    def close(self):
        """Release the lock."""
        self._lock.release()

    def newest(self):
        """Return the newest `Moment` from which the fit can continue, or None.

        Damaged checkpoints are skipped with a warning, those after the last epoch of the fit
        without one.
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
        """Return the paths of the intermediate checkpoints, oldest first."""
        return sorted((p for p in self.path.iterdir() if _FILE.fullmatch(p.name)), key=_place)

    def save(self, write, state):
        """Write a checkpoint, then remove intermediate ones except the last `KEPT`.

        `write` returns the document and the arrays of the file for the state. If the file cannot
        be written, for example because the disk is full, or could not be read back, for example
        because the training has diverged, a warning is raised, training continues, and the older
        checkpoints stay.
        """
        path = self.path / _name(state, self.until)
        try:
            container.write(path, *write(), check=lambda written: _read(written, self.read))
        except InvalidFileError as error:
            self._tell_unreadable(state, error)
            return
        except OSError as error:
            warn_caller(
                f"The checkpoint {path} could not be written: {error}. Training continues, and "
                "earlier checkpoints are intact. Free some disk space, so that the next one can be "
                "written.",
                UserWarning,
            )
            return
        except (TypeError, ValueError) as error:
            warn_caller(
                f"The estimator cannot be stored in a checkpoint: {error} Training continues "
                "without checkpoints. Set checkpoint=None to silence this warning.",
                UserWarning,
            )
            return
        damaged = [p for p in self._damaged if p != path]
        # Checkpoints of later epochs belong to a fit with more epochs than this one.
        here = (True, self.until, 0) if state.finished else _place(path)
        passed = [p for p in self.moments() if p not in damaged and _place(p) <= here]
        for old in [*passed[: -1 if state.finished else -KEPT], *damaged]:
            old.unlink(missing_ok=True)
        self._damaged = []

    def _tell_unreadable(self, state, error):
        if self._has_told:
            return
        self._has_told = True
        within = f", batch {state.batch}" if state.batch else ""
        warn_caller(
            f"The state of the training after epoch {state.epoch}{within} is not kept as a "
            f"checkpoint, because it could not be read back: {error.problem} Training continues, "
            "and earlier checkpoints are intact. If it diverges, use a smaller learning_rate or a "
            "global_clipnorm.",
            UserWarning,
        )


def _read_end(folder, name, until, read):
    """Return the `Moment` of a finished fit from any folder of its name, or None.

    Such a file is renamed when it is complete and never changed, so no lock is needed.
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
        warn_caller(
            f"A checkpoint is damaged, so the previous one is used: {error}",
            UserWarning,
        )
        return None


def read_checkpoint(path, read):
    """Return the `Moment` of a file.

    Raises
    ------
    InvalidFileError
        If the file is damaged, or is not a checkpoint.
    """
    checkpoint, before = _read(path, read)
    unlike = [name for name, version in versions().items() if before.get(name) != version]
    if unlike and not checkpoint.state.finished:
        changed = ", ".join(f"{k} {before.get(k)} then, {versions()[k]} now" for k in unlike)
        warn_caller(
            f"Training is resumed from {path}, which was written with other versions ({changed}). "
            "The result may differ from that of a training without interruption.",
            UserWarning,
        )
    return checkpoint


def _read(path, read):
    """Return the `Moment` of a file, and the versions that have written it."""
    document, arrays = container.read(path)
    try:
        model, state, seeds, about = read(document, arrays)
        before = dict(about["versions"])
    except InvalidFileError as error:
        error.path = path
        raise
    except (KeyError, TypeError, ValueError) as error:
        problem = f"The state of the training cannot be read ({error!r})."
        raise InvalidFileError(problem, path=path) from error
    return Moment(path, model, state, seeds), before


def training_name(estimator, given, words, *, any_seed=False):
    """Return the name of a training, with a digest of everything that determines its result.

    The number of epochs is only included if callbacks may depend on it, or have a state that is
    not stored; with chunks, of which only the first is known; and in self-training.

    Parameters
    ----------
    estimator : NetworkEstimator
        Its parameters are included, except those that only observe.
    given : list
        Data, seeds and the state to continue from: arrays, `Sequences`, numbers, None, and lists,
        tuples and dicts of these.
    words : sequence of str or None
        The words of the data, whose vectors are included if the embeddings are a mapping.
    any_seed : bool
        Whether each fit draws its own seed, so that fits with other epochs do not continue it.

    Returns
    -------
    str

    Raises
    ------
    UnknownObjectError
        If it cannot be known what determines the result.
    """
    parameters = estimator.get_params(deep=False)
    for name in _NO_PART_OF_A_TRAINING:
        parameters.pop(name, None)
    callbacks = parameters.pop("callbacks", None)
    callbacks = callbacks if isinstance(callbacks, list | tuple) else [callbacks]
    callbacks = [*callbacks, *vars(estimator).get("_skl_callbacks", ())]
    callbacks = [callback for callback in callbacks if not _only_watches(callback)]
    in_chunks = given[0] == "chunks" if isinstance(given[0], str) else False
    # Of a teacher, too, whose answers decide what its student learns.
    has_teacher = bool(getattr(estimator, "self_training_rounds", 0))
    if not (any_seed or in_chunks or has_teacher) and all(map(_forgets, callbacks)):
        parameters.pop("epochs", None)
    vectors = _identity(parameters.pop("embeddings", None), words or ())
    name = type(estimator).__name__
    decides = [name, FORMAT, parameters, callbacks, vectors, estimator.vocabulary_size_]
    return f"{name}-{digest([*decides, given])}"


def _identity(embeddings, words):
    """Return what distinguishes these pretrained vectors from others."""
    if isinstance(embeddings, os.PathLike | str) and embeddings != "corpus":
        try:
            about = os.stat(embeddings)
        except OSError:  # the fit itself raises the error
            return os.fspath(embeddings)
        return [Path(embeddings).name, about.st_size, about.st_mtime_ns, words]
    if embeddings is None or isinstance(embeddings, str | list | tuple | np.ndarray):
        return embeddings
    known = (word for word in words if word is not None and word in embeddings)
    return [words, [np.asarray(embeddings[word]) for word in known]]


def _only_watches(callback):
    """Whether a callback is known not to change the result."""
    home, name = type(callback).__module__, type(callback).__name__
    watchers = ("TensorBoard", "CSVLogger", "ModelCheckpoint", "RemoteMonitor", "ProgbarLogger")
    return (
        callback is None
        or home.startswith("sklearn.callback")
        or (home.startswith("keras.") and name in watchers)
    )


def _forgets(callback):
    """Whether a callback is known to have no state and not to depend on the number of epochs."""
    home, name = type(callback).__module__, type(callback).__name__
    if not home.startswith("keras."):
        return False
    if name == "LearningRateScheduler":  # its function may have a state
        function = callback.schedule
        return isinstance(function, FunctionType) and _has_no_state(function)
    return name == "TerminateOnNaN"


def _has_no_state(function):
    """Whether a function closes over, defaults to, and names only what cannot change."""
    defaults = [*(function.__defaults__ or ()), *(function.__kwdefaults__ or {}).values()]
    named = [value for _, value in names_of(function)] if _is_followed(function) else []
    plain = (int, float, str, type(None), ModuleType, BuiltinFunctionType)
    return all(isinstance(one, plain) for one in [*defaults, *cells_of(function), *named])


def _is_followed(function):
    return not is_installed(function.__globals__)


def _name(state, until):
    """Return the file name of a state, which shows its progress."""
    if state.finished:
        return _end_name(until)
    within = f"-batch-{state.batch:06}" if state.batch else ""
    kind = "epoch" if state.phase == "training" else state.phase
    return f"{kind}-{state.epoch:04}{within}.skrnn"


def _end_name(until):
    return f"final-{until:04}.skrnn"


def _place(path):
    """Return a key that sorts checkpoint files by their progress."""
    kind, number, batch = _FILE.fullmatch(path.name).groups()  # type: ignore[union-attr]
    return kind == "epoch", int(number), int(batch or 0)

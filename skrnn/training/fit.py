"""The trainer, which runs epochs of batches for a network of any head."""

import json
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from functools import partial
from typing import Any

import numpy as np

from skrnn.backend.defaults import keras_defaults
from skrnn.backend.interrupts import is_interrupted
from skrnn.backend.scope import is_in_scope, outside_scope
from skrnn.backend.tensorflow import keras
from skrnn.exceptions import DivergedError
from skrnn.heads.base import Head
from skrnn.layers.engine import release_memory
from skrnn.network.build import build
from skrnn.network.description import EMBEDDING, NetworkDescription
from skrnn.network.fitted import FittedNetwork
from skrnn.network.programs import PREDICT_BATCH_SIZE, network_variables, read_values
from skrnn.network.several import networks_of
from skrnn.sequences import Sequences
from skrnn.sequences.batching import auto_batch_size
from skrnn.training import trainers
from skrnn.training.callbacks import (
    AlignedHistory,
    BestEpoch,
    FiniteTraining,
    LearnedEnough,
    ValidationScore,
)
from skrnn.training.chunks import ChunkStream, StreamFeed
from skrnn.training.feeds import Feed, PairedFeed
from skrnn.training.objective import Objective
from skrnn.training.optimizers import clip_apart
from skrnn.training.progress import progress_lines
from skrnn.training.recorder import StateRecorder, without_first_steps
from skrnn.training.replicas import make_replicated, whole_batches
from skrnn.training.scikeras import wrap
from skrnn.training.semi_supervised import SemiSupervisedStep, SemiSupervisedSteps
from skrnn.training.state import TrainingSettings, TrainingState, joined


@dataclass
class FitData:
    """The data of a training.

    Attributes
    ----------
    sequences : Sequences or ChunkStream
        Training rows; with chunks, targets and weights are those of the first.
    targets : ndarray or Sequences
        What the head's `encode` returned.
    weights : ndarray of shape (n_samples,) or (n_samples, n_outputs), float32
        Greater than 0, in each row for one output at least.
    validation : tuple (sequences, targets, weights) or None
        Evaluated after each epoch.
    unlabeled : Sequences or None
        Rows without a target, for the losses that need none.
    token_counts : ndarray of shape (vocabulary_size,), or None
        Number of occurrences of each id in the whole text, for these losses.
    has_soft_targets : bool
        Whether all targets are probabilities.
    """

    sequences: Sequences | ChunkStream
    targets: np.ndarray | Sequences
    weights: np.ndarray
    validation: tuple | None = None
    unlabeled: Sequences | None = None
    token_counts: np.ndarray | None = None
    has_soft_targets: bool = False


@dataclass
class FitPlan:
    """The length of a training, and what observes it.

    Attributes
    ----------
    epochs : int
        Number of further epochs.
    stopping : BestEpoch or None
        Early stopping.
    enough : tuple (loss, least_epochs), or None
        The training loss at which the training ends, after so many of these epochs.
    callbacks : sequence of callables
        Each takes the `Run` and returns a Keras callback, to be run after those of the settings.
    score : callable or None
        Takes the `Run`, the number of the epoch and its losses, and returns the validation score,
        which callbacks find among the losses.
    objective : Objective or None
        Losses in addition to that of the head.
    optimizer_state : list of ndarray or None
        Variables of the optimizer with which training continues; None starts with a new one.
    resumed : TrainingState or None
        The state in which these epochs were interrupted.
    on_state : callable or None
        Called with the state after each epoch, and with the final one.
    minutes : float or None
        Interval at which it is also called within an epoch.
    """

    epochs: int
    stopping: BestEpoch | None = None
    enough: tuple[float, int] | None = None
    callbacks: Sequence[Callable] = ()
    score: Callable | None = None
    objective: Objective | None = None
    optimizer_state: list | None = None
    resumed: TrainingState | None = None
    on_state: Callable | None = None
    minutes: float | None = None


@dataclass
class Outcome:
    """The result of a training.

    Attributes
    ----------
    network : FittedNetwork
        With the weights of the last epoch, or of the best one.
    state : TrainingState
    ended_by : KeyboardInterrupt, DivergedError or None
        The error that ended it early. The last finished epoch is kept.
    """

    network: FittedNetwork
    state: TrainingState
    ended_by: BaseException | None = None


@dataclass
class Run:
    """A running training, for its callbacks.

    Attributes
    ----------
    description, seed
        Description and seed of the network.
    last_epoch : int
        Number of epochs at the end.
    before : dict
        `history_` before this training.
    model : keras.Model or None
        The model that is trained.
    history : keras.callbacks.History or None
        History of this training.
    """

    description: NetworkDescription
    seed: int
    last_epoch: int
    before: dict = field(default_factory=dict)
    model: Any = None
    history: Any = None

    @property
    def first_epoch(self):
        """Number of epochs trained before."""
        return len(self.before.get("loss", ()))

    @property
    def history_so_far(self):
        """The history before this training and of its finished epochs."""
        return joined(self.before, self.history.history)

    def moment(self, logs=None):
        """Return the network after an epoch, and the state of the training.

        Parameters
        ----------
        logs : dict of str to float or None
            Losses and scores of the epoch, if the history does not have them yet.
        """
        values = read_values(network_variables(self.model))
        history = self.history_so_far
        if logs is not None:
            history = joined(history, {name: [value] for name, value in logs.items()})
        state = TrainingState(
            epoch=len(history["loss"]),
            batch=0,
            variables=values,
            optimizer=read_values(self.model.optimizer.variables),
            metrics=[],
            history=history,
        )
        return FittedNetwork(self.description, values, self.seed), state


def initial_network(description: NetworkDescription, seed: int, embeddings=None) -> FittedNetwork:
    """Return a network with initial weights.

    Parameters
    ----------
    description : NetworkDescription
    seed : int
    embeddings : ndarray of shape (vocabulary_size, embedding_dim), float32, or None
        Initial values of the token embedding.
    """
    # A strategy is for training only; the network must work without it.
    with keras_defaults():
        model = outside_scope(lambda: build(description, random_state=seed))
        if embeddings is not None:
            for one in networks_of(model):
                one.get_layer(EMBEDDING).embeddings.assign(embeddings)
        return FittedNetwork(description, read_values(network_variables(model)), seed)


class Trainer:
    """Trains networks of any head.

    Parameters
    ----------
    settings : TrainingSettings

    Raises
    ------
    ValueError
        If the optimizer is unknown.
    """

    def __init__(self, settings: TrainingSettings):
        self.settings = settings

    def fit(self, network: FittedNetwork, data: FitData, plan: FitPlan, history=None) -> Outcome:
        """Train a copy of a network for further epochs.

        Parameters
        ----------
        network : FittedNetwork
            The network to start from.
        data : FitData
        plan : FitPlan
        history : dict of str to list of float, or None
            History of the epochs before.

        Returns
        -------
        Outcome

        Raises
        ------
        KeyboardInterrupt, DivergedError
            If there is no finished epoch to keep.
        """
        description, resumed = network.description, plan.resumed
        head, by_output = description.head_, data.weights.ndim == 2
        if by_output:
            head = head.weighing_outputs()
        if data.has_soft_targets:
            head = head.with_soft_targets()
        kind = by_output * ["a weight for each output"] + data.has_soft_targets * ["soft targets"]
        wrapper = wrap(head, self.settings)
        compiled = trainers.borrow(
            self._key(description, plan.objective, kind),
            lambda: (_compile(description, network.seed, head, wrapper, plan.objective), head),
        )
        values, optimizer_state = network.values, plan.optimizer_state
        last_epoch = len((history or {}).get("loss", ())) + plan.epochs
        if resumed is not None:
            values, optimizer_state, history = resumed.variables, resumed.optimizer, resumed.history
        compiled.load(values, optimizer_state)
        model = compiled.network
        if plan.objective:
            model.semi_supervised.load(data.token_counts)
        if self.settings.fixed_learning_rate is not None and resumed is None:
            model.optimizer.learning_rate = self.settings.fixed_learning_rate
        run = Run(description, network.seed, last_epoch, history or {}, model)
        recorder = StateRecorder(run, plan)
        ended_by = None
        try:
            self._run(wrapper, run, data, plan, recorder)
        except (KeyboardInterrupt, DivergedError) as error:
            if recorder.state is None:
                raise
            ended_by = error
        except Exception as error:  # which Ctrl-C may have become, inside of TensorFlow
            if recorder.state is None or not is_interrupted():
                raise
            ended_by = KeyboardInterrupt()
            ended_by.__cause__ = error
        state: Any = recorder.state if ended_by else recorder.final()
        kept, stopping = state.variables, state.stopping
        if not state.finished and stopping and stopping.best_weights:
            kept = description.with_weights(kept, stopping.best_weights)
        fitted = FittedNetwork(description, kept, network.seed)
        trainers.give_back(compiled, fitted if history else None)
        if state.finished and plan.on_state is not None:
            plan.on_state(state)
        release_memory()
        return Outcome(fitted, state, ended_by)

    def _key(self, description, objective, kind):
        """Return the key of a traced training step; None if it must not be shared."""
        settings = self.settings
        if is_in_scope() or settings.callbacks or not isinstance(settings.optimizer, str):
            return None
        # A schedule is part of the trace; a number is a variable.
        if settings.fixed_learning_rate is None:
            return None
        key = [description.key, settings.optimizer, settings.global_clipnorm]
        key += kind
        return json.dumps([*key, asdict(objective)] if objective else key)

    def _run(self, wrapper, run, data, plan, recorder):
        feed = self._feed(run, data)
        if plan.resumed is not None:
            feed.resume(plan.resumed.epoch, plan.resumed.batch)
        if not isinstance(feed, StreamFeed):
            recorder.n_batches = len(feed.plan)
        watched = None
        if data.validation is not None:
            X, y, weights = data.validation
            watched = Feed(X, y, weights, PREDICT_BATCH_SIZE)
        own = [feed, FiniteTraining()]
        if plan.score is not None:  # before the user's callbacks, which may read it
            own.append(ValidationScore(partial(plan.score, run)))
        rate = self.settings.fixed_learning_rate
        if rate is not None:
            settings = self.settings
            own.append(
                recorder.make_decay(rate, settings.learning_rate_decay, settings.decay_epochs)
            )
        # Before the plan's callbacks, which read it; Keras itself would add it after them.
        run.history = AlignedHistory()
        may_end = plan.stopping is not None or plan.enough is not None
        shown = progress_lines(self.settings.verbose, recorder.n_batches, may_end)
        first, last = run.first_epoch, run.last_epoch
        is_over = plan.resumed is not None and plan.resumed.stopped
        further = [plan.stopping] if plan.stopping else []
        if plan.enough is not None:
            loss, least = plan.enough
            further.append(LearnedEnough(loss, last - plan.epochs + least))
        further += [make(run) for make in plan.callbacks]

        def fit(users):
            with without_first_steps(run.model, feed.first):
                run.model.fit(
                    whole_batches(feed.dataset()),
                    epochs=first if is_over else last,
                    initial_epoch=first,
                    validation_data=watched and whole_batches(watched.dataset()),
                    callbacks=[*own, *users, run.history, *further, *shown, recorder],
                    verbose=0,
                    shuffle=False,
                )

        try:
            wrapper.run(run.model, fit, epochs=last, initial_epoch=first)
        finally:
            for line in shown:
                line.close()

    def _feed(self, run, data):
        size, seed = self.settings.batch_size, run.seed
        if isinstance(data.sequences, ChunkStream):
            stream = data.sequences
            return StreamFeed(stream, stream.batch_size if size == "auto" else size, seed)
        size = auto_batch_size(len(data.sequences)) if size == "auto" else size
        rows = data.sequences, data.targets, data.weights
        if hasattr(run.model, "semi_supervised"):
            return PairedFeed(*rows, size, seed, data.unlabeled, run.model.semi_supervised.reset)
        return Feed(*rows, size, seed, self.settings.max_steps)


def _compile(description, seed, head: Head, wrapper, objective) -> keras.Model:
    if is_in_scope():
        model = make_replicated(
            lambda: build(description, random_state=seed), wrapper.compile_kwargs
        )
    else:
        model = build(description, random_state=seed, compile_kwargs=wrapper.compile_kwargs())
    clip_apart(model.optimizer, description.n_networks)
    if objective:
        make_step = SemiSupervisedStep if description.n_networks == 1 else SemiSupervisedSteps
        model.semi_supervised = make_step(model, objective, head)
    return model

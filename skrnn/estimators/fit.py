"""One fit of an estimator: data checked once, seeds, checkpoint, vectors, n-grams, training."""

from contextlib import contextmanager
from copy import copy
from dataclasses import dataclass, replace
from numbers import Real
from typing import Any
from warnings import warn

import numpy as np
from sklearn.utils import check_consistent_length, check_random_state

from skrnn.caching.store import shared
from skrnn.embeddings.initial import initial_embeddings, joined
from skrnn.estimators import checks
from skrnn.estimators.chunks import ChunkReader
from skrnn.exceptions import InvalidInputError
from skrnn.heads.base import MIN_HELD_OUT
from skrnn.network.description import NetworkDescription, ngram_inputs
from skrnn.ngrams import NgramModel
from skrnn.sequences import Sequences, check_feature_names
from skrnn.training.state import TrainingSettings

# Validation on IMDb and TREC chose it, where networks soon overfit. How long training on numeric
# sequences takes depends on the task.
AUTO_DECAY = 1.0


@dataclass
class FitArguments:
    """What the caller gave."""

    X: Any
    y: Any
    sample_weight: Any = None
    X_val: Any = None
    y_val: Any = None
    X_unlabeled: Any = None
    classes: Any = None

    def for_callbacks(self):
        """Return what scikit-learn's callbacks are given."""
        weights = self.sample_weight
        metadata = None if weights is None else {"sample_weight": weights}
        return {"X": self.X, "y": self.y, "metadata": metadata}


@dataclass
class Rows:
    """Rows to learn from or to validate on, encoded."""

    sequences: Sequences
    targets: np.ndarray | Sequences
    weights: np.ndarray


@dataclass
class Session:
    """One training: its seeds, and where its checkpoints are, if any."""

    seeds: list
    folder: Any = None
    newest: Any = None

    @property
    def is_finished(self):
        """Whether a checkpoint has the end of the training."""
        return self.newest is not None and self.newest.state.finished

    @property
    def phase(self):
        """What the newest checkpoint is of, "training" or "pretraining"; None without one."""
        return self.newest and self.newest.state.phase


class Fit:
    """One call of `fit`, `partial_fit` or `fit_chunks`.

    Parameters
    ----------
    estimator : NetworkEstimator
        It is trained.
    epochs : int
        For how many epochs.
    going_on : bool
        Whether it goes on from where it is.
    full_data : bool
        Whether this call sees all rows. One that sees a part has no validation, no n-grams or
        vectors of its own, and no checkpoints.
    """

    def __init__(self, estimator, *, epochs, going_on, full_data=True):
        self.estimator = estimator
        self.epochs, self.going_on, self.full_data = epochs, going_on, full_data
        self.name = type(estimator).__name__

    def run(self, given: FitArguments):
        """Check all that is given, then train; return what ended it before its time, or None."""
        estimator = self.estimator
        stack = checks.check_stack(estimator)
        ngram_range = checks.check_ngram_range(estimator) if self.full_data else None
        sequences, y, head = self._check_rows(given.X, given.y, given.classes)
        losses = checks.check_extra_losses(estimator, sequences, given.X_unlabeled)
        if self.full_data and not sequences.is_tokens:
            epochs = estimator.pretraining_epochs
            checks.refuse_for_numbers(estimator, pretraining_epochs=epochs)
        weights = self._check_weights(given.sample_weight, sequences, y, head)
        validation = self._check_validation(given.X_val, given.y_val, head)
        unlabeled = self._check_unlabeled(given.X_unlabeled, head)
        data = [sequences, y, weights, validation and tuple(vars(validation).values()), unlabeled]
        with self._session(data if self.full_data else None, given, head) as session:
            if session.is_finished:
                return self._load_finished(session)
            rows = np.flatnonzero(weights)
            early_stopping = estimator.early_stopping and self.full_data
            if early_stopping and validation is None:
                rows, validation = self._hold_out(sequences, y, weights, rows, head, session.seeds)
                early_stopping = validation is not None
            training = _encode(sequences, y, weights, rows, head)
            vectors = self._initial_vectors(training.sequences, unlabeled, session)
            corpus = joined(training.sequences, unlabeled) if sequences.is_tokens else None
            training = self._beside_training(training, ngram_range, head, session.seeds[1])
            validation = validation and self._beside(validation)
            objective = None
            if any(losses.values()):
                from skrnn.training.semi_supervised import Objective

                objective = Objective(**losses)
                if unlabeled is not None:
                    unlabeled = estimator.beside(unlabeled)
            network = self._network(training.sequences, stack, vectors, head, session)
            if self.full_data and not self.going_on:
                network = self._pretrain(network, corpus, session)
            return self._train(
                network, training, given, session, early_stopping=early_stopping,
                validation=validation, objective=objective, unlabeled=unlabeled, corpus=corpus,
            )  # fmt: skip

    def run_chunks(self, chunks, X_val, y_val, classes):
        """Train on rows in chunks; return what ended it before its time, or None."""
        from skrnn.training.chunks import ChunkStream

        estimator = self.estimator
        checks.refuse_in_chunks(estimator)
        stack = checks.check_stack(estimator)
        reader = ChunkReader(chunks, self.epochs, self.name)
        X, y, sample_weight = reader.first
        given = FitArguments(X, y, classes=classes)
        try:
            sequences, y, head = self._check_rows(X, y, classes)
            weights = self._check_weights(sample_weight, sequences, y, head)
            first = _encode(sequences, y, weights, np.flatnonzero(weights), head)
        except ValueError as error:
            raise InvalidInputError(f"In chunk 0: {error}") from error
        validation = self._check_validation(X_val, y_val, head)
        if estimator.early_stopping and validation is None:
            raise InvalidInputError(
                f"early_stopping=True of {self.name} needs X_val and y_val in fit_chunks, which "
                "cannot set rows aside. Give them, or set early_stopping=False."
            )
        # The first chunk stands for all.
        named = ["chunks", *vars(first).values(), validation and tuple(vars(validation).values())]
        with self._session(named, given, head) as session:
            if session.is_finished:
                return self._load_finished(session)
            vectors = self._initial_vectors(first.sequences, None, session, may_be_corpus=False)
            first = self._beside_training(first, None, head, None)
            validation = validation and self._beside(validation)
            network = self._network(first.sequences, stack, vectors, head, session)
            stream = ChunkStream(tuple(vars(first).values()), lambda: reader.read(self._read_chunk))
            training = replace(first, sequences=stream)
            return self._train(
                network, training, given, session,
                early_stopping=estimator.early_stopping, validation=validation,
            )  # fmt: skip

    # --- Data ---

    def _check_rows(self, X, y, classes):
        """Return sequences, y and head; what the estimator knows of them is set on it."""
        estimator = self.estimator
        if self.going_on:
            sequences = checks.read_again(estimator, X)
        else:
            check_feature_names(estimator, X, reset=True)
            sequences, estimator.vocabulary_size_, form = checks.read_first(estimator, X)
            if form is not None:
                estimator.n_features_in_, estimator._is_table = form
        y = estimator._check_y(y)
        check_consistent_length(sequences, y)
        if not self.going_on:
            head = estimator._make_head(y, classes)
            estimator.head_ = head
        else:
            head = estimator.head_
            if classes is not None and not np.array_equal(np.unique(classes), estimator.classes_):
                raise InvalidInputError(
                    f"classes={classes!r} is not what the first call had, {estimator.classes_!r}. "
                    "Leave it out, or fit anew."
                )
        head.check(y, estimator)
        for name, value in estimator._head_attributes(head).items():
            setattr(estimator, name, value)
        return estimator._collapsed(sequences), y, head

    def _check_weights(self, sample_weight, sequences, y, head):
        weights = checks.check_weights(sample_weight, sequences)
        weights = head.weights(y, weights, self.estimator)
        checks.check_any_weight(weights)
        return weights.astype(np.float32)

    def _check_validation(self, X_val, y_val, head):
        if X_val is None and y_val is None:
            return None
        if X_val is None or y_val is None:
            raise InvalidInputError(
                f"X_val and y_val go together, but {'y_val' if y_val is None else 'X_val'} is "
                "missing. Pass both to fit; behind a Pipeline, request both with "
                "set_fit_request(X_val=True, y_val=True)."
            )
        try:
            sequences = self.estimator._collapsed(checks.read_again(self.estimator, X_val))
            y_val = self.estimator._check_y(y_val)
            check_consistent_length(sequences, y_val)
            head.check(y_val, self.estimator)
            weights = np.ones(len(sequences), dtype=np.float32)
            return _encode(sequences, y_val, weights, np.arange(len(sequences)), head)
        except ValueError as error:
            raise checks.on_the_way_of("X_val, y_val", error) from error

    def _check_unlabeled(self, X_unlabeled, head):
        if X_unlabeled is None:
            return None
        try:
            return self.estimator._collapsed(checks.read_again(self.estimator, X_unlabeled))
        except ValueError as error:
            raise checks.on_the_way_of("X_unlabeled", error) from error

    def _read_chunk(self, X, y, sample_weight):
        estimator, head = self.estimator, self.estimator.head_
        sequences = estimator._collapsed(checks.read_again(estimator, X))
        y = estimator._check_y(y)
        check_consistent_length(sequences, y)
        head.check(y, estimator)
        weights = self._check_weights(sample_weight, sequences, y, head)
        rows = _encode(sequences, y, weights, np.flatnonzero(weights), head)
        return estimator.beside(rows.sequences), rows.targets, rows.weights

    def _hold_out(self, sequences, y, weights, rows, head, seeds):
        """Return the rows to train on, and the encoded validation rows or None."""
        fraction = self.estimator.validation_fraction
        n_rows = len(rows)
        rows, held_out = head.hold_out(rows, y, fraction=fraction, seed=seeds[1])
        if len(held_out):
            return rows, _encode(sequences, y, weights, held_out, head)
        warn(
            f"early_stopping=True of {self.name} has no effect: validation_fraction={fraction} of "
            f"{n_rows} rows is less than {MIN_HELD_OUT} rows, or less than one of each class. "
            f"Training takes all {self.epochs} epochs, on all rows. Give X_val and y_val in fit, "
            "a larger validation_fraction, or early_stopping=False.",
            UserWarning,
            stacklevel=7,
        )
        return rows, None

    def _initial_vectors(self, sequences, unlabeled, session, *, may_be_corpus=True):
        """Return what the token embedding starts from, or None."""
        estimator = self.estimator
        if self.going_on:
            return None
        if not sequences.is_tokens:
            estimator.embedding_coverage_ = None
            return None
        source = estimator.embeddings
        # If training is resumed, the vectors that it began with have done their part.
        makes = may_be_corpus and self.full_data and session.newest is None
        if isinstance(source, str) and source == "corpus" and not makes:
            source = None
        vectors, estimator.embedding_coverage_ = initial_embeddings(
            source,
            sequences,
            unlabeled,
            vocabulary_size=estimator.vocabulary_size_,
            dim=int(estimator.embedding_dim),
            seed=session.seeds[0],
            name=self.name,
        )
        return vectors

    def _beside_training(self, training, ngram_range, head, seed):
        """Fit the n-gram model if there is one; return the rows with what it says of them."""
        estimator, sequences = self.estimator, training.sequences
        if not sequences.is_tokens or not head.fits_ngrams:
            estimator.ngrams_ = None
        elif ngram_range is not None:
            targets = head.ngram_targets(training.targets)
            size = estimator.vocabulary_size_
            estimator.ngrams_, sequences = shared(
                "n-grams",
                [sequences, *targets, training.weights, ngram_range, size, seed],
                lambda: _fit_ngrams(ngram_range, sequences, targets, training.weights, size, seed),
            )
        elif self.going_on:
            sequences = estimator.beside(sequences)
        else:
            estimator.ngrams_ = None
        return replace(training, sequences=sequences)

    def _beside(self, rows):
        return replace(rows, sequences=self.estimator.beside(rows.sequences))

    # --- The network and its training ---

    def _describe(self, sequences, stack, vectors, head):
        estimator = self.estimator
        embedding_dim = int(estimator.embedding_dim)
        if vectors is not None:
            embedding_dim = vectors.shape[1]
        elif self.going_on and estimator.embedding_coverage_ is not None:
            embedding_dim = estimator.network_.description.embedding_dim
        side_inputs: tuple = ()
        if sequences.row_inputs:
            side_inputs = ngram_inputs(head.n_outputs, bool(sequences.step_inputs))
        size = estimator.vocabulary_size_
        return NetworkDescription(
            cell=estimator.cell,
            units=tuple(stack),
            bidirectional=bool(estimator.bidirectional),
            embedding_dim=embedding_dim,
            pooling=getattr(estimator, "pooling", "last"),
            trainable_embeddings=bool(estimator.trainable_embeddings),
            word_dropout=float(estimator.word_dropout),
            embedding_dropout=float(estimator.embedding_dropout),
            recurrent_dropout=float(estimator.recurrent_dropout),
            dropout=float(estimator.dropout),
            vocabulary_size=None if size is None else int(size),
            n_channels=None if sequences.is_tokens else sequences.values.shape[1],
            side_inputs=side_inputs,
            head=head.layout(),
        )

    def _network(self, sequences, stack, vectors, head, session):
        """Return the network that training begins with."""
        from skrnn.network.fitted import FittedNetwork
        from skrnn.training.fit import initial_network

        description = self._describe(sequences, stack, vectors, head)
        seed = session.seeds[0]
        if self.going_on:
            previous = self.estimator.network_
            changed = previous.description.changes(description)
            if changed:
                listed = ", ".join(f"{k} from {a!r} to {b!r}" for k, (a, b) in changed.items())
                raise InvalidInputError(
                    f"Training cannot go on with another network: {listed}. Set it back, or fit "
                    "anew with warm_start=False."
                )
            # Arrays of its own: whatever fails from here on, the previous network stays.
            return FittedNetwork(description, previous.values, previous.seed)
        self.estimator.pretraining_history_ = {"loss": []}
        if session.phase == "training":
            return FittedNetwork(description, session.newest.state.variables, seed)
        return initial_network(description, seed, vectors)

    def _pretrain(self, network, corpus, session):
        """Return the network after pretraining, if there is to be any."""
        estimator = self.estimator
        if session.phase == "training":
            estimator.pretraining_history_ = session.newest.model.pretraining_history_
            return network
        if not estimator.pretraining_epochs:
            return network
        from skrnn.training.pretraining import pretrain

        settings = self._settings(is_tokens=True)

        def on_state(state):
            if session.folder is None or state.finished:
                return
            moment = copy(estimator)
            moment._settings, moment._optimizer_state = settings, None
            moment._set_fitted(network, {"loss": []}, 0)
            moment.pretraining_history_ = {"loss": list(state.history["nats"])}
            self._save(session, moment, replace(state, phase="pretraining"))

        network, losses = pretrain(
            network,
            corpus,
            settings,
            epochs=int(estimator.pretraining_epochs),
            resumed=session.newest.state if session.phase else None,
            on_state=on_state,
            minutes=estimator.checkpoint_minutes if session.folder else None,
        )
        estimator.pretraining_history_ = {"loss": losses}
        return network

    def _settings(self, is_tokens) -> TrainingSettings:
        estimator = self.estimator
        rate, norm, decay = (
            getattr(estimator, name)
            for name in ("learning_rate", "global_clipnorm", "learning_rate_decay")
        )
        if decay == "auto":
            decay = AUTO_DECAY if is_tokens else 0.0
        named = isinstance(estimator.optimizer, str)
        callbacks, size = estimator.callbacks, estimator.batch_size
        return TrainingSettings(
            optimizer=estimator.optimizer,
            learning_rate=(float(rate) if isinstance(rate, Real) else rate) if named else None,
            global_clipnorm=float(norm) if named and norm else None,
            learning_rate_decay=float(decay),
            batch_size=size if size == "auto" else int(size),
            callbacks=list(callbacks) if isinstance(callbacks, tuple) else callbacks,
            verbose=int(estimator.verbose),
        )

    def _train(
        self, network, training, given, session, *, early_stopping, validation,
        objective=None, unlabeled=None, corpus=None,
    ):  # fmt: skip
        from skrnn.training.callbacks import BestEpoch, EpochTasks
        from skrnn.training.fit import FitData, FitPlan, Trainer
        from skrnn.training.progress import is_in_search

        estimator = self.estimator
        settings = self._settings(network.description.is_tokens)
        context = estimator._init_callback_context(max_subtasks=self.epochs)
        context.call_on_fit_task_begin(estimator=estimator, **given.for_callbacks())
        counts = None
        if objective is not None:
            counts = np.bincount(corpus.values, minlength=estimator.vocabulary_size_)
        stopping = None
        if early_stopping:
            stopping = BestEpoch(patience=estimator.n_iter_no_change, min_delta=estimator.tol)

        def epoch_tasks(run):
            def as_of_now():
                history = run.history_so_far
                n_iter = len(history["loss"])
                return {"network_": run.snapshot(), "history_": history, "n_iter_": n_iter}

            return EpochTasks(context, estimator, given.for_callbacks(), as_of_now)

        plan = FitPlan(
            self.epochs,
            stopping=stopping,
            callbacks=[epoch_tasks],
            objective=objective,
            optimizer_state=self._optimizer_state(settings),
            resumed=session.newest.state if session.phase == "training" else None,
            on_state=self._watcher(network, session, settings),
            minutes=getattr(estimator, "checkpoint_minutes", None) if session.folder else None,
        )
        data = FitData(
            training.sequences, training.targets, training.weights,
            validation and tuple(vars(validation).values()), unlabeled, counts,
        )  # fmt: skip
        # In a search, the lines of several fits would run into one another.
        run_settings = replace(settings, verbose=0) if is_in_search(context) else settings
        history = estimator.history_ if self.going_on else None
        outcome = Trainer(run_settings).fit(network, data, plan, history)
        self._set_outcome(outcome.network, outcome.state, settings)
        if outcome.ended_by is None:
            context.call_on_fit_task_end(
                estimator=estimator, **given.for_callbacks(), reconstruction_attributes={}
            )
        else:
            outcome.ended_by.add_note(
                f"This {self.name} is fitted: it has the weights of epoch "
                f"{estimator.best_epoch_}, and {estimator.n_iter_} epochs are finished."
            )
        return outcome.ended_by

    def _optimizer_state(self, settings):
        """Return the optimizer's variables from which training goes on, or None."""
        estimator = self.estimator
        state = vars(estimator).get("_optimizer_state") if self.going_on else None
        return state if state is not None and settings.has_slots_of(estimator._settings) else None

    def _set_outcome(self, network, state, settings, estimator=None):
        estimator = self.estimator if estimator is None else estimator
        estimator._settings, estimator._optimizer_state = settings, state.optimizer
        best = state.stopping and state.stopping.best_epoch
        history = state.history or {"loss": []}  # within the first epoch
        estimator._set_fitted(network, history, len(history["loss"]), best)

    # --- Checkpoints ---

    @contextmanager
    def _session(self, data, given, head):
        """Give the training its seeds and, if `checkpoint` is set, its folder.

        `data` is all that decides the result besides parameters and seeds; None for a call that
        has no checkpoints.
        """
        from skrnn.backend.tensorflow import check_not_forked
        from skrnn.training.replicas import check_strategy

        estimator = self.estimator
        check_not_forked()  # before n-grams and vectors take their time
        check_strategy(estimator, pretrains=data is not None and not self.going_on)
        random = check_random_state(estimator.random_state)
        seeds = [int(n) for n in random.randint(np.iinfo(np.int32).max, size=2)]
        if data is None or estimator.checkpoint is None:
            yield Session(seeds)
            return
        from skrnn.estimators.codec import read_moment
        from skrnn.training.checkpoint import CheckpointFolder, training_name

        any_seed = estimator.random_state is None
        before = None
        if self.going_on:
            network, state = estimator.network_, vars(estimator).get("_optimizer_state")
            before = [network.seed, network.values, state, estimator.history_]
        # Not as a file has it: training goes on if no file can hold the classes.
        decides = [*data, vars(head), before, None if any_seed else seeds]
        words = next(part.words for part in data if hasattr(part, "words"))
        name = training_name(estimator, decides, words, any_seed=any_seed)
        until = self.epochs + (estimator.n_iter_ if self.going_on else 0)
        folder, newest = CheckpointFolder.open(
            estimator.checkpoint,
            name,
            until,
            read=lambda document, arrays: read_moment(document, arrays, type(estimator)),
            any_seed=any_seed,
        )
        try:
            if newest is not None and estimator.verbose:
                print(f"Going on from {newest.path}.")
            yield Session(newest.seeds if newest else seeds, folder, newest)
        finally:
            if folder is not None:
                folder.close()

    def _load_finished(self, session):
        """Load the result of a finished training instead of repeating it."""
        kept, estimator = session.newest.model, self.estimator
        settings = self._settings(kept.vocabulary_size_ is not None)
        estimator.ngrams_, estimator.embedding_coverage_ = kept.ngrams_, kept.embedding_coverage_
        estimator.pretraining_history_ = kept.pretraining_history_
        self._set_outcome(kept.network_, session.newest.state, settings)
        estimator.best_epoch_ = kept.best_epoch_

    def _watcher(self, network, session, settings):
        """Return what is given each state of the training, or None."""
        kept = vars(self.estimator).get("_kept_epochs")
        if session.folder is None and kept is None:
            return None

        def moment(state, values):
            one = copy(self.estimator)
            one.__dict__.pop("_kept_epochs", None)
            network_then = type(network)(network.description, values, network.seed)
            self._set_outcome(network_then, state, settings, one)
            return one

        def on_state(state):
            if session.folder is not None:
                one = moment(state, state.variables)
                if not state.finished:
                    one.best_epoch_ = one.n_iter_
                self._save(session, one, state)
            if kept is not None:
                best = state.stopping and state.stopping.best_weights
                values = state.variables
                if best:  # as a training that ends with this epoch would have it
                    values = network.description.with_weights(values, best)
                kept.take(lambda: moment(state, values), state)

        return on_state

    def _save(self, session, moment, state):
        from skrnn.estimators.codec import write_moment

        session.folder.save(lambda: write_moment(moment, state, session.seeds), state)


def _encode(sequences, y, weights, rows, head) -> Rows:
    if len(rows) < len(sequences):
        sequences, y, weights = sequences.take(rows), y[rows], weights[rows]
    targets = head.encode(y)
    if isinstance(targets, Sequences):
        _check_steps(sequences, targets)
    return Rows(sequences, targets, weights)


def _check_steps(sequences, targets):
    unlike = np.flatnonzero(sequences.lengths != targets.lengths)
    if len(unlike):
        row = unlike[0]
        raise InvalidInputError(
            f"y has {targets.lengths[row]} targets in row {row}, but X has "
            f"{sequences.lengths[row]} steps there. Give a target for each step."
        )


def _fit_ngrams(ngram_range, sequences, targets, weights, vocabulary_size, seed):
    """Return a fitted n-gram model, and the training rows with its scores."""
    ngrams = NgramModel(ngram_range)
    y, strata = targets
    return ngrams, ngrams.fit_score(
        sequences, y, strata, weights, vocabulary_size=vocabulary_size, seed=seed
    )

"""One fit of an estimator: checks, seeds, checkpoint, initial vectors, n-grams, training."""

from contextlib import contextmanager
from copy import copy
from dataclasses import replace
from functools import partial
from numbers import Real
from typing import Any

import numpy as np
from sklearn.exceptions import ConvergenceWarning

from skrnn.caching.hashing import digest
from skrnn.embeddings.initial import initial_embeddings
from skrnn.estimators import checks
from skrnn.estimators.calibrating import find_calibration, is_wanted
from skrnn.estimators.checkpointing import check_paths
from skrnn.estimators.chunks import ChunkReader
from skrnn.estimators.describing import describe
from skrnn.estimators.linear_models import fit_convolutions, fit_ngrams, fit_surroundings
from skrnn.estimators.rows import FitArguments, RowChecker, encode, rows_with_weight
from skrnn.estimators.schedule import known_epochs, schedule
from skrnn.estimators.self_training import check_self_training, taught, with_ones
from skrnn.estimators.session import open_session, watcher
from skrnn.estimators.validation_score import scorer_of
from skrnn.exceptions import InvalidInputError
from skrnn.network.calibrated import calibrated
from skrnn.sequences import Sequences
from skrnn.sequences.joining import joined
from skrnn.sequences.warning import warn_caller
from skrnn.training.state import TrainingSettings


class Fit:
    """One call of `fit`, `partial_fit` or `fit_chunks`.

    Parameters
    ----------
    estimator : NetworkEstimator
        A copy of the estimator to train, on which fitted attributes are set.
    caller : NetworkEstimator
        The estimator itself, which is not changed. scikit-learn keeps its callbacks there.
    epochs : int or "auto"
        Number of epochs.
    going_on : bool
        Whether training continues from the fitted state of the estimator.
    full_data : bool
        Whether this call sees all rows. A call that sees only a part has no validation, fits no
        n-grams, computes no vectors, and writes no checkpoints.
    """

    def __init__(self, estimator, *, caller, epochs, going_on, full_data=True):
        self.estimator, self.caller = estimator, caller
        self.epochs, self.going_on, self.full_data = epochs, going_on, full_data
        self.name = type(estimator).__name__
        self.rows = RowChecker(estimator, going_on, full_data)
        # Known once the rows are.
        self.length: Any = None
        # Rows from which the head learns how it decides, or None.
        self.deciding = None
        # The future linear model of a tagger, fitted as the network trains, or None.
        self.surroundings = None
        # By what the answers of the network are corrected, or None.
        self.calibration = None
        # Whether a teacher answers rows without a label, from which the network learns, too.
        self.is_taught = False

    def run(self, given: FitArguments):
        """Check all arguments, then train; return the error that ended it early, or None."""
        estimator = self.estimator
        stack = checks.check_stack(estimator)
        check_paths(estimator)
        scorer_of(estimator)  # an unknown name is an error now
        ngram_range = checks.check_ngram_range(estimator) if self.full_data else None
        sequences, y, head = self.rows.check_rows(given.X, given.y, given.classes)
        objective = checks.check_extra_losses(estimator, sequences, given.X_unlabeled, head)
        if self.full_data and not sequences.is_tokens and estimator.pretraining_epochs:
            checks.refuse_for_numbers(estimator, "pretraining_epochs", 0)
        weights = self.rows.check_weights(given.sample_weight, sequences, y, head)
        head = self.rows.learn(head, y, weights)
        sequences = self.rows.prepare(sequences, weights, head)
        validation = self.rows.check_validation(given.X_val, given.y_val, head, weights)
        head = estimator.head_
        unlabeled = self.rows.check_unlabeled(given.X_unlabeled, head)
        if self.full_data and not self.going_on:
            self.is_taught = check_self_training(estimator, unlabeled, head)
        if self.is_taught:
            self._decide_length(joined(sequences, unlabeled), with_ones(weights, unlabeled))
        else:
            self._decide_length(sequences, weights)
        data = [sequences, y, weights, validation and validation.arrays, unlabeled]
        with self._session(data if self.full_data else None, head) as session:
            rows, held_out = rows_with_weight(weights), validation
            early_stopping = estimator.early_stopping and self.full_data
            if held_out is None and (early_stopping or (head.needs_held_out and self.full_data)):
                rows, held_out = self.rows.hold_out(
                    given, sequences, y, weights, rows, head, session.seeds, self.epochs
                )
                early_stopping = early_stopping and held_out is not None
                validation = held_out if early_stopping else None
            if session.is_finished:
                return self._load_finished(session, held_out)
            plain = encode(sequences, y, weights, rows, head)
            vectors = self._initial_vectors(plain.sequences, unlabeled, session)
            corpus = joined(plain.sequences, unlabeled) if sequences.is_tokens else None
            if self.is_taught:
                is_split = held_out is not None and given.X_val is None
                plain = taught(
                    estimator, self.caller, given, plain, unlabeled, rows if is_split else None,
                    seed=session.seeds[0],
                )  # fmt: skip
                if validation is not None:
                    validation = replace(validation, targets=head.soft(validation.targets))
            training = self._beside_training(plain, ngram_range, head, session.seeds[1])
            validation = self._beside_held_out(validation, held_out, head)
            if objective and unlabeled is not None:
                unlabeled = estimator.beside(unlabeled)
            network = self._network(training.sequences, stack, vectors, head, session)
            if self.full_data and not self.going_on:
                network = self._pretrain(network, corpus, session)
            calibrate = None
            is_first = self.full_data and not self.going_on
            if is_first and not self.is_taught and is_wanted(estimator, plain):
                calibrate = partial(
                    find_calibration, estimator, plain, ngram_range, network, session.seeds[1]
                )
            return self._train(
                network, training, given, session, early_stopping=early_stopping,
                validation=validation, objective=objective or None, unlabeled=unlabeled,
                corpus=corpus, calibrate=calibrate,
            )  # fmt: skip

    def run_chunks(self, chunks, X_val, y_val, classes):
        """Train on rows in chunks; return the error that ended it early, or None."""
        from skrnn.training.chunks import ChunkStream

        estimator = self.estimator
        checks.refuse_in_chunks(estimator)
        check_paths(estimator)
        scorer_of(estimator)
        stack = checks.check_stack(estimator)
        self.epochs = known_epochs(self.epochs)
        reader = ChunkReader(chunks, self.epochs, self.name)
        X, y, sample_weight = reader.first
        given = FitArguments(X, y, classes=classes)
        with _in_chunk_0():
            sequences, y, head = self.rows.check_rows(X, y, classes)
            weights = self.rows.check_weights(sample_weight, sequences, y, head)
            head = self.rows.learn(head, y, weights)
            sequences = self.rows.prepare(sequences, weights, head)
        self._decide_length(sequences, weights, is_whole=False)
        validation = self.rows.check_validation(X_val, y_val, head, weights, in_chunks=True)
        head = estimator.head_
        with _in_chunk_0():
            first = encode(sequences, y, weights, rows_with_weight(weights), head)
        for option, is_on, off in (
            ("early_stopping=True", estimator.early_stopping, "early_stopping=False"),
            ("thresholds='auto'", head.needs_held_out, "thresholds=None"),
        ):
            if is_on and validation is None:
                raise InvalidInputError(
                    f"{option} of {self.name} needs X_val and y_val in fit_chunks, which cannot "
                    f"set rows aside. Pass them, or set {off}."
                )
        # The first chunk represents all of them.
        named = ["chunks", *first.arrays, validation and validation.arrays]
        with self._session(named, head) as session:
            if session.newest is not None:
                # Later chunks set what was constant in the first one.
                estimator.channels_ = session.newest.model.channels_
                head = head.as_learned(session.newest.model.head_)
                estimator._set_head(head)
            if session.is_finished:
                return self._load_finished(session, validation)
            vectors = self._initial_vectors(first.sequences, None, session, may_be_corpus=False)
            first = self._beside_training(first, None, head, None)
            validation = self._beside_held_out(validation, validation, head)
            network = self._network(first.sequences, stack, vectors, head, session)
            stream = ChunkStream(first.arrays, lambda: reader.read(self.rows.read_chunk))
            training = replace(first, sequences=stream)
            return self._train(
                network, training, given, session,
                early_stopping=estimator.early_stopping, validation=validation,
            )  # fmt: skip

    def _decide_length(self, sequences, weights, *, is_whole=True):
        """Set the number of epochs, and the decay of the learning rate, for the training rows."""
        found = schedule(
            self.estimator,
            self.estimator.in_patches(sequences),
            weights.reshape(len(weights), -1).any(axis=1),
            epochs=self.epochs,
            full_data=is_whole and self.full_data,
        )
        self.length, self.epochs = found, found.epochs

    def _initial_vectors(self, sequences, unlabeled, session, *, may_be_corpus=True):
        """Return the initial vectors of the token embedding, or None."""
        estimator = self.estimator
        if self.going_on:
            return None
        if not sequences.is_tokens:
            estimator.embedding_coverage_ = None
            return None
        source = estimator.embeddings
        # A resumed training has its embedding in the checkpoint.
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
        """Fit the linear models, if any; return the rows with their scores, and their columns."""
        estimator = self.estimator
        sequences = fit_ngrams(estimator, training, ngram_range, head, seed, going_on=self.going_on)
        n_kernels = getattr(estimator, "n_kernels", None) if self.full_data else None
        sequences = fit_convolutions(
            estimator, sequences, training, n_kernels, head, seed, going_on=self.going_on
        )
        if head.reads == "steps":
            seed = seed if self.full_data else None
            self.surroundings = fit_surroundings(
                estimator, training, head, seed, going_on=self.going_on
            )
            sequences = estimator.for_network(estimator.beside(sequences))
            return replace(training, sequences=sequences)
        sequences = estimator.in_patches(estimator.beside_columns(sequences))
        return replace(training, sequences=sequences)

    def _beside_held_out(self, validation, held_out, head):
        """Return validation rows with n-gram scores; set the rows from which the head learns."""
        beside = None
        if validation is not None or (held_out is not None and head.needs_held_out):
            rows = validation or held_out
            sequences = self.estimator.for_network(self.estimator.beside(rows.sequences))
            beside = replace(rows, sequences=sequences)
        if head.needs_held_out:
            self.deciding = beside
        return beside if validation is not None else None

    # --- The network and its training ---

    def _network(self, sequences, stack, vectors, head, session):
        """Return the network that training starts from."""
        from skrnn.network.fitted import FittedNetwork
        from skrnn.training.fit import initial_network

        description = describe(
            self.estimator, sequences, stack, vectors, head, going_on=self.going_on
        )
        seed = session.seeds[0]
        if self.going_on:
            previous = self.estimator.network_
            changed = previous.description.changes(description)
            if changed:
                listed = ", ".join(f"{k} from {a!r} to {b!r}" for k, (a, b) in changed.items())
                raise InvalidInputError(
                    f"Training cannot continue with a different network: {listed}. Set the "
                    "parameters back, or call fit with warm_start=False."
                )
            # Arrays of its own: if anything fails from here on, the previous network stays.
            return FittedNetwork(description, self._values_to_continue(previous), previous.seed)
        self.estimator.pretraining_history_ = {"loss": []}
        if session.phase == "training":
            return FittedNetwork(description, session.newest.state.variables, seed)
        return initial_network(description, seed, vectors)

    def _pretrain(self, network, corpus, session):
        """Return the network after pretraining, if any."""
        estimator = self.estimator
        if session.phase == "training":
            estimator.pretraining_history_ = session.newest.model.pretraining_history_
            return network
        if not estimator.pretraining_epochs:
            return network
        from skrnn.training.pretraining import pretrain

        settings = self._settings()

        def on_state(state):
            if session.folder is None or state.finished:
                return
            moment = copy(estimator)
            moment._settings, moment._optimizer_state = settings, None
            vars(moment).pop("_unaveraged", None)
            moment._set_fitted(network, {"loss": []}, 0)
            moment.pretraining_history_ = {"loss": list(state.history.get("nats", ()))}
            session.save(moment, replace(state, phase="pretraining"))

        network, losses = pretrain(
            network,
            corpus,
            settings,
            epochs=int(estimator.pretraining_epochs),
            resumed=session.newest.state if session.phase else None,
            on_state=on_state,
            minutes=session.minutes,
        )
        estimator.pretraining_history_ = {"loss": losses}
        return network

    def _settings(self) -> TrainingSettings:
        estimator = self.estimator
        rate, norm = estimator.learning_rate, estimator.global_clipnorm
        named = isinstance(estimator.optimizer, str)
        callbacks, size = estimator.callbacks, estimator.batch_size
        return TrainingSettings(
            optimizer=estimator.optimizer,
            learning_rate=(float(rate) if isinstance(rate, Real) else rate) if named else None,
            global_clipnorm=float(norm) if named and norm else None,
            learning_rate_decay=self.length.learning_rate_decay,
            decay_epochs=self.length.decay_epochs,
            batch_size=size if size == "auto" else int(size),
            callbacks=list(callbacks) if isinstance(callbacks, tuple) else callbacks,
            verbose=int(estimator.verbose),
        )

    def _train(
        self, network, training, given, session, *, early_stopping, validation,
        objective=None, unlabeled=None, corpus=None, calibrate=None,
    ):  # fmt: skip
        from skrnn.training.callbacks import BestEpoch, EpochTasks
        from skrnn.training.fit import FitData, FitPlan, Trainer
        from skrnn.training.progress import is_in_search

        estimator = self.estimator
        settings = self._settings()
        context = self.caller._init_callback_context(max_subtasks=self.epochs)
        # Its callbacks know the estimator by its identity, so they get the caller.
        context.call_on_fit_task_begin(estimator=self.caller, **given.for_callbacks())
        counts = None
        if objective is not None:
            counts = np.bincount(corpus.values, minlength=estimator.vocabulary_size_)
        stopping = None
        channels = estimator.channels_
        scorer: Any = scorer_of(estimator) if validation is not None else None
        if early_stopping:
            patience, by_score = self.length.patience, scorer is not None
            stopping = BestEpoch(patience=patience, min_delta=estimator.tol, by_score=by_score)

        def epoch_tasks(run):
            def as_of_now():
                network, state = run.moment()
                return self._changes(self._moment(network, state, settings))

            return EpochTasks(context, self.caller, given.for_callbacks(), as_of_now)

        def score(run, epoch, losses):
            network, state = run.moment(losses)
            one = self._moment(network, state, settings)
            # Later chunks may scale otherwise; and rows without steps are left out of validation.
            if estimator.channels_ is channels and one.head_.reads == "summary":
                one._has_read = validation.scored.X, validation.sequences
            return scorer.score(one, validation.scored, epoch)

        kept = vars(estimator).get("_kept_epochs")
        plan = FitPlan(
            self.epochs,
            stopping=stopping,
            enough=self.length.enough(estimator.head_, training.targets, training.weights),
            score=score if scorer is not None else None,
            callbacks=[epoch_tasks],
            objective=objective,
            optimizer_state=self._optimizer_state(settings),
            resumed=session.newest.state if session.phase == "training" else None,
            on_state=watcher(session, kept, self._moment, network, settings),
            minutes=session.minutes,
        )
        data = FitData(
            training.sequences, training.targets, training.weights,
            validation and validation.arrays, unlabeled, counts, self.is_taught,
        )  # fmt: skip
        # In a search, the lines of several fits would overwrite one another.
        is_silent = is_in_search(context) or vars(self.caller).get("_is_silent", False)
        run_settings = replace(settings, verbose=0) if is_silent else settings
        if session.phase == "training":
            self.calibration = getattr(session.newest.model, "calibration_", None)
        elif calibrate is not None:
            self.calibration = calibrate(
                length=self.length, data=data, settings=run_settings, objective=objective
            )
        history = estimator.history_ if self.going_on else None
        outcome = Trainer(run_settings).fit(network, data, plan, history)
        self._set_outcome(outcome.network, outcome.state, settings)
        if outcome.ended_by is None and not outcome.state.stopped and not is_silent:
            self._warn_of_doubt(training, outcome.state)
        if outcome.ended_by is None:
            context.call_on_fit_task_end(
                estimator=self.caller,
                **given.for_callbacks(),
                reconstruction_attributes=self._changes,
            )
        else:
            outcome.ended_by.add_note(
                f"This {self.name} is fitted: it has the weights of epoch "
                f"{estimator.best_epoch_}, and {estimator.n_iter_} epochs are finished."
            )
        return outcome.ended_by

    def _moment(self, network, state, settings):
        """Return the estimator as it would be if the training ended in this state."""
        one = copy(self.estimator)
        one.__dict__.pop("_kept_epochs", None)
        self._set_outcome(network, state, settings, one)
        return one

    def _warn_of_doubt(self, training, state):
        """Warn if the training has not converged, as far as its losses tell."""
        from skrnn.training.convergence import doubt

        losses = state.history["loss"][-self.epochs :]
        if not self.full_data or not isinstance(training.sequences, Sequences):
            return
        constant = self.estimator.head_.constant_loss(training.targets, training.weights)
        found = doubt(losses, constant)
        if found is not None:
            warn_caller(found.told(self.name), ConvergenceWarning)

    def _changes(self, estimator=None):
        """Return the attributes that this fit has set so far, or those of a moment of it."""
        before = vars(self.caller)
        now = vars(estimator or self.estimator).items()
        now = ((k, value) for k, value in now if k.strip("_") != k)  # a parameter is no change
        # A new attribute may be None, which is not the same as missing.
        return {k: value for k, value in now if k not in before or before[k] is not value}

    def _optimizer_state(self, settings):
        """Return the optimizer's variables with which training continues, or None."""
        estimator = self.estimator
        state = vars(estimator).get("_optimizer_state") if self.going_on else None
        return state if state is not None and settings.has_slots_of(estimator._settings) else None

    def _values_to_continue(self, network):
        """Return the values of the network with which training continues."""
        values, unaveraged = network.values, vars(self.estimator).get("_unaveraged")
        settings = self._settings()
        if unaveraged is None or self._optimizer_state(settings) is None:
            return values
        # Unless somebody has changed the weights of `model_` since.
        before, averaged = unaveraged
        return before if digest(values) == averaged else values

    def _set_outcome(self, network, state, settings, estimator=None):
        estimator = self.estimator if estimator is None else estimator
        if self.calibration is not None:
            network = calibrated(network, *self.calibration)
        if hasattr(estimator, "calibrate"):
            estimator.calibration_ = self.calibration
        if self.surroundings is not None:
            estimator.surroundings_ = self.surroundings.result()
        # Callbacks are a parameter, which the caller may change before pickling.
        estimator._settings = replace(settings, callbacks=None)
        estimator._optimizer_state = state.optimizer
        vars(estimator).pop("_unaveraged", None)
        if state.unaveraged is not None:
            estimator._unaveraged = state.unaveraged, digest(network.values)
        best = state.stopping and state.stopping.best_epoch
        history = state.history or {"loss": []}  # within the first epoch
        estimator._set_fitted(network, history, len(history["loss"]), best)
        if self.deciding is not None:
            rows = self.deciding
            raw = network.raw(rows.sequences)
            estimator._set_head(estimator.head_.with_decision(raw, rows.targets))

    # --- Checkpoints ---

    def _session(self, data, head):
        return open_session(self.estimator, data, head, epochs=self.epochs, going_on=self.going_on)

    def _load_finished(self, session, held_out):
        """Load the result of a finished training instead of repeating it."""
        kept, estimator = session.newest.model, self.estimator
        settings = self._settings()
        estimator.ngrams_, estimator.embedding_coverage_ = kept.ngrams_, kept.embedding_coverage_
        estimator.convolutions_ = kept.convolutions_
        if hasattr(kept, "surroundings_"):  # of a tagger
            estimator.surroundings_ = kept.surroundings_
        estimator.pretraining_history_ = kept.pretraining_history_
        self._beside_held_out(None, held_out, estimator.head_)
        self._set_outcome(kept.network_, session.newest.state, settings)
        if hasattr(kept, "calibration_"):
            estimator.calibration_ = kept.calibration_  # by which its network is corrected already
        estimator.best_epoch_ = kept.best_epoch_


@contextmanager
def _in_chunk_0():
    try:
        yield
    except ValueError as error:
        raise InvalidInputError(f"In chunk 0: {error}") from error

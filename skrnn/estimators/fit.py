"""From checked rows to a trained network."""

from contextlib import contextmanager
from copy import copy
from dataclasses import dataclass
from numbers import Real
from warnings import warn

import numpy as np
from sklearn.utils import check_random_state

from skrnn.caching.store import shared
from skrnn.embeddings.initial import initial_embeddings, joined
from skrnn.estimators.checks import DataChecks
from skrnn.estimators.chunks import ChunkReader
from skrnn.heads.classes import MIN_HELD_OUT, hold_out
from skrnn.ngrams import NgramModel
from skrnn.training.state import TrainingState

# Validation on IMDb and TREC chose it, where texts are soon learned by heart. How long numeric
# sequences take is another question in each task.
AUTO_DECAY = 1.0


class Training(DataChecks):
    """Mixin of `NetworkEstimator`: what its ways to fit have in common."""

    def _train(
        self,
        X,
        y,
        sample_weight,
        X_val=None,
        y_val=None,
        X_unlabeled=None,
        *,
        going_on,
        epochs,
        classes=None,
        sees_all=True,
    ):
        """Check all that is given, then train; return what has ended it before its time, or None.

        With `sees_all` this is a fit; without, one of many calls with a part of the rows each,
        which has no validation, no n-grams or vectors of its own, and no checkpoints.
        """
        metadata = None if sample_weight is None else {"sample_weight": sample_weight}
        given = {"X": X, "y": y, "metadata": metadata}
        stack = self._check_stack()
        ngram_range = self._check_ngram_range() if sees_all else None
        sequences, y = self._check_rows(X, y, going_on, classes)
        objective = self._check_objective(sequences, X_unlabeled)
        if sees_all and not sequences.is_tokens:
            self._refuse_for_numbers(pretraining_epochs=self.pretraining_epochs)
        weights = self._check_weights(sample_weight, sequences, y)
        validation = self._check_validation(X_val, y_val)
        unlabeled = self._check_unlabeled(X_unlabeled)
        data = [sequences, y, weights, validation, unlabeled]
        with self._session(data if sees_all else None, going_on) as session:
            if session.is_finished:
                return self._adopt(session, going_on)
            seeds = session.seeds
            rows = (sequences, y, weights, np.flatnonzero(weights))
            training, validation, early_stopping = self._split(
                *rows, validation, seeds[1], epochs, self.early_stopping and sees_all
            )
            # Where training is resumed, the vectors that it began with have done their part.
            makes_vectors = sees_all and session.newest is None
            start = self._prepare(training, unlabeled, seeds[0], going_on, makes_vectors)
            if sees_all and not going_on:
                start["pretraining_epochs"] = int(self.pretraining_epochs)
            training, validation = self._score_ngrams(
                training, validation, ngram_range, seeds[1], going_on
            )
            if any(objective.values()):
                start |= self._prepare_objective(objective, unlabeled)
            network = self._describe_network(training[0], stack, start["embeddings"], going_on)
            keras = self._make_keras(network, seeds[0], training[0].is_tokens, going_on)
            start |= self._resumption(session, keras)
            return self._run(keras, training, validation, epochs, given, early_stopping, start)

    def _train_chunks(self, chunks, classes, X_val, y_val, *, going_on):
        """Train on rows that come in chunks; return what has ended it before its time, or None."""
        from skrnn.training.chunks import ChunkStream

        self._refuse_in_chunks()
        stack = self._check_stack()
        reader = ChunkReader(chunks, self.epochs, type(self).__name__)
        X, y, sample_weight = reader.first
        given = {"X": X, "y": y, "metadata": None}
        try:
            first = self._check_chunk(X, y, sample_weight, going_on=going_on, classes=classes)
        except ValueError as error:
            raise ValueError(f"In chunk 0: {error}") from error
        validation = self._check_validation(X_val, y_val)
        if self.early_stopping and validation is None:
            raise ValueError(
                f"early_stopping=True of {type(self).__name__} needs X_val and y_val in "
                "fit_chunks, which cannot set rows aside. Give them, or set early_stopping=False."
            )
        # The first chunk stands for all.
        with self._session(["chunks", *first, validation], going_on) as session:
            if session.is_finished:
                return self._adopt(session, going_on)
            seeds = session.seeds
            start = self._prepare(first, None, seeds[0], going_on, makes_vectors=False)
            first, validation = self._score_ngrams(first, validation, None, None, going_on)
            network = self._describe_network(first[0], stack, start["embeddings"], going_on)
            keras = self._make_keras(network, seeds[0], first[0].is_tokens, going_on)
            start |= self._resumption(session, keras)
            stream = ChunkStream(first, lambda: reader.read(self._read_chunk))
            training = (stream, *first[1:])
            return self._run(
                keras, training, validation, self.epochs, given, self.early_stopping, start
            )

    def _check_chunk(self, X, y, sample_weight, *, going_on=True, classes=None):
        """Return a chunk's rows, those of weight zero left out, encoded."""
        sequences, y = self._check_rows(X, y, going_on, classes)
        weights = self._check_weights(sample_weight, sequences, y)
        return self._encode(sequences, y, weights, np.flatnonzero(weights))

    def _read_chunk(self, X, y, sample_weight):
        sequences, targets, weights = self._check_chunk(X, y, sample_weight)
        return self._with_scores(sequences), targets, weights

    def _refuse_in_chunks(self):
        for name in (
            "pretraining_epochs",
            "adversarial_epsilon",
            "virtual_adversarial_epsilon",
            "entropy_weight",
        ):
            if getattr(self, name):
                raise ValueError(
                    f"{name}={getattr(self, name)!r} of {type(self).__name__} has no way in "
                    "fit_chunks yet. Set it to 0, or use fit."
                )

    def _draw_seeds(self):
        """Return two seeds: of the network, and of splits."""
        random = check_random_state(self.random_state)
        return [int(n) for n in random.randint(np.iinfo(np.int32).max, size=2)]

    def _split(self, sequences, y, weights, rows, validation, seed, epochs, early_stopping):
        """Return encoded training and validation rows, and whether early stopping is to be."""
        if early_stopping and validation is None:
            rows, held_out = hold_out(rows, y, fraction=self.validation_fraction, seed=seed)
            early_stopping = len(held_out) > 0
            if early_stopping:
                validation = self._encode(sequences, y, weights, held_out)
            else:
                self._warn_of_no_validation(len(rows), epochs)
        return self._encode(sequences, y, weights, rows), validation, early_stopping

    def _prepare(self, training, unlabeled, seed, going_on, makes_vectors):
        """Return what a training starts from besides rows: vectors, and all the text."""
        sequences = training[0]
        start = {"embeddings": None, "corpus": None}
        if not sequences.is_tokens:
            if not going_on:
                self.embedding_coverage_ = None
            return start
        if not going_on:
            is_corpus = isinstance(self.embeddings, str) and self.embeddings == "corpus"
            start["embeddings"], self.embedding_coverage_ = initial_embeddings(
                None if is_corpus and not makes_vectors else self.embeddings,
                sequences,
                unlabeled,
                vocabulary_size=self.vocabulary_size_,
                dim=int(self.embedding_dim),
                seed=seed,
                name=type(self).__name__,
            )
        start["corpus"] = joined(sequences, unlabeled)
        return start

    def _prepare_objective(self, objective, unlabeled):
        from skrnn.training.semi_supervised import Objective

        unlabeled = None if unlabeled is None else self._with_scores(unlabeled)
        return {"objective": Objective(**objective), "unlabeled": unlabeled}

    def _score_ngrams(self, training, validation, ngram_range, seed, going_on):
        """Fit the n-gram model where there is one; add its scores to what the network reads."""
        sequences, targets, weights = training
        if not sequences.is_tokens:
            self._ngrams = None
            return training, validation
        if ngram_range is not None:
            sizes = self.vocabulary_size_, self._targets.n_outputs
            self._ngrams, sequences = shared(
                "n-grams",
                [sequences, targets, weights, ngram_range, *sizes, seed],
                lambda: _fit_ngrams(ngram_range, sequences, targets, weights, sizes, seed),
            )
        elif going_on:
            sequences = self._with_scores(sequences)
        else:
            self._ngrams = None
        if validation is not None:
            validation = (self._with_scores(validation[0]), *validation[1:])
        return (sequences, targets, weights), validation

    def _warn_of_no_validation(self, n_rows, epochs):
        warn(
            f"early_stopping=True of {type(self).__name__} has no effect: validation_fraction="
            f"{self.validation_fraction} of {n_rows} rows is less than {MIN_HELD_OUT} rows, or "
            f"less than one of each class. Training takes all {epochs} epochs, on all rows. Give "
            "X_val and y_val in fit, a larger validation_fraction, or early_stopping=False.",
            UserWarning,
            stacklevel=6,
        )

    def _describe_network(self, sequences, stack, embeddings, going_on):
        """Return the arguments of `build_network`."""
        embedding_dim = int(self.embedding_dim)
        if embeddings is not None:
            embedding_dim = embeddings.shape[1]
        elif going_on and self.embedding_coverage_ is not None:
            embedding_dim = self._keras.network["embedding_dim"]
        return {
            "cell": self.cell,
            "units": stack,
            "bidirectional": bool(self.bidirectional),
            "embedding_dim": embedding_dim,
            "pooling": self.pooling,
            "trainable_embeddings": bool(self.trainable_embeddings),
            "word_dropout": float(self.word_dropout),
            "embedding_dropout": float(self.embedding_dropout),
            "recurrent_dropout": float(self.recurrent_dropout),
            "dropout": float(self.dropout),
            "ngram_scores": sequences.scores is not None,
            "ngram_evidence": sequences.evidence is not None,
            "vocabulary_size": self.vocabulary_size_ and int(self.vocabulary_size_),
            "n_channels": None if sequences.is_tokens else sequences.values.shape[1],
            "n_outputs": self._targets.n_outputs,
            "multilabel": self._targets.multilabel,
        }

    def _make_keras(self, network, seed, is_tokens, going_on):
        from skrnn.training.scikeras import SequenceClassifier

        named = isinstance(self.optimizer, str)
        optimizer = {
            "optimizer__learning_rate": float(self.learning_rate)
            if isinstance(self.learning_rate, Real)
            else self.learning_rate,
            "optimizer__global_clipnorm": self.global_clipnorm and float(self.global_clipnorm),
        }
        return SequenceClassifier.after(
            self._keras if going_on else None,
            network,
            seed,
            learning_rate_decay=self._learning_rate_decay(is_tokens),
            optimizer=self.optimizer,
            batch_size=self.batch_size if self.batch_size == "auto" else int(self.batch_size),
            callbacks=list(self.callbacks) if isinstance(self.callbacks, tuple) else self.callbacks,
            verbose=int(self.verbose),
            warm_start=bool(self.warm_start),
            **(optimizer if named else {}),
        )

    def _learning_rate_decay(self, is_tokens):
        if self.learning_rate_decay == "auto":
            return AUTO_DECAY if is_tokens else 0.0
        return float(self.learning_rate_decay)

    def _run(self, keras, training, validation, epochs, given, early_stopping, start):
        from skrnn.training.callbacks import BestEpoch, EpochTasks
        from skrnn.training.progress import is_in_search

        context = self._init_callback_context(max_subtasks=epochs)
        context.call_on_fit_task_begin(estimator=self, **given)
        stopping = None
        if early_stopping:
            stopping = BestEpoch(patience=self.n_iter_no_change, min_delta=self.tol)
        if is_in_search(context):  # whose lines would run into one another
            keras.verbose = 0
        state, ended_by = keras.train(
            *training,
            epochs=epochs,
            validation=validation,
            stopping=stopping,
            callbacks=[EpochTasks(context, self, given, keras)],
            **start,
        )
        keras.verbose = int(self.verbose)
        self._be(keras, state.stopping and state.stopping.best_epoch)
        if ended_by is None:
            context.call_on_fit_task_end(estimator=self, **given, reconstruction_attributes={})
        else:
            ended_by.add_note(
                f"This {type(self).__name__} is fitted: it has the weights of epoch "
                f"{self.best_epoch_}, and {self.n_iter_} epochs are finished."
            )
        return ended_by

    def _be(self, keras, best_epoch=None):
        """Take what a training has made, `best_epoch` being counted from 0."""
        self._keras = keras
        self.pretraining_history_ = keras.pretraining_history_
        self.history_ = keras.history_
        self.n_iter_ = keras.current_epoch
        self.best_epoch_ = self.n_iter_ if best_epoch is None else best_epoch + 1

    @contextmanager
    def _session(self, data, going_on):
        """Give the training its seeds and, where `checkpoint` is set, its folder.

        `data` is all that decides the result besides parameters and seeds; None for a call that
        has no checkpoints.
        """
        from skrnn.backend.tensorflow import check_not_forked
        from skrnn.training.replicas import check_strategy

        check_not_forked()  # before n-grams and vectors take their time
        check_strategy(self, pretrains=data is not None and not going_on)
        seeds = self._draw_seeds()
        if data is None or self.checkpoint is None:
            yield _Session(seeds)
            return
        from skrnn.training.checkpoint import CheckpointFolder, training_name

        any_seed = self.random_state is None
        before = self._keras.identity() if going_on else None
        given = [*data, self.classes_, before, None if any_seed else seeds]
        words = next(part.words for part in data if hasattr(part, "words"))
        name = training_name(self, given, words, any_seed=any_seed)
        until = self.epochs + (self.n_iter_ if going_on else 0)
        folder, newest = CheckpointFolder.open(self.checkpoint, name, until, any_seed=any_seed)
        try:
            if newest is not None and self.verbose:
                print(f"Going on from {newest.path}.")
            yield _Session(newest.seeds if newest else seeds, folder, newest)
        finally:
            if folder is not None:
                folder.close()

    def _adopt(self, session, going_on):
        """Be what a finished training has made, as if it had been done again."""
        kept = session.newest.estimator
        is_tokens = kept.vocabulary_size_ is not None
        keras = self._make_keras(kept._keras.network, session.seeds[0], is_tokens, going_on)
        keras.take(session.newest.state)
        self._ngrams, self.embedding_coverage_ = kept._ngrams, kept.embedding_coverage_
        self._be(keras, kept.best_epoch_ - 1)

    def _resumption(self, session, keras):
        """Return what makes a training go on from a checkpoint, and write further ones."""
        kept = vars(self).get("_kept_epochs")
        if session.folder is None and kept is None:
            return {}

        def tell(state):
            if session.folder is not None:
                moment = copy(self)
                moment._be(*keras.as_of(state))
                session.folder.save(moment, state, session.seeds)
            if kept is not None and isinstance(state, TrainingState):
                kept.take(self, keras, state)

        return {
            "resumed": session.newest and session.newest.state,
            "on_state": tell,
            "minutes": None if session.folder is None else self.checkpoint_minutes,
        }


def _fit_ngrams(ngram_range, sequences, targets, weights, sizes, seed):
    """Return a fitted n-gram model, and the training rows with its scores."""
    ngrams = NgramModel(ngram_range)
    vocabulary_size, n_outputs = sizes
    return ngrams, ngrams.fit_score(
        sequences,
        targets,
        weights,
        vocabulary_size=vocabulary_size,
        n_outputs=n_outputs,
        seed=seed,
    )


@dataclass
class _Session:
    """One training: the seeds of network and splits, and where its checkpoints are, if any."""

    seeds: list
    folder: object = None
    newest: object = None

    @property
    def is_finished(self):
        """Whether a checkpoint has the end of the training."""
        return self.newest is not None and self.newest.state.finished

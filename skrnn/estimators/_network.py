"""What every estimator around a network does: check, train, keep, go on.

TensorFlow is loaded by the first fit, or by the first prediction after unpickling, and not by
importing this module, nor by making, cloning or searching an estimator.
"""

from contextlib import contextmanager
from numbers import Integral, Real
from warnings import warn

import numpy as np
from sklearn.base import BaseEstimator
from sklearn.callback import CallbackSupportMixin
from sklearn.utils import check_consistent_length, check_random_state
from sklearn.utils.class_weight import compute_sample_weight
from sklearn.utils.validation import _check_sample_weight, check_is_fitted

from skrnn.estimators._embeddings import initial_embeddings, joined
from skrnn.ngrams import NgramModel
from skrnn.sequences import check_feature_names, check_sequences
from skrnn.targets import MIN_HELD_OUT, TargetCoder, check_targets, hold_out

# Validation on IMDb and TREC chose it, where texts are soon learned by heart. How long numeric
# sequences take is another question in each task.
AUTO_DECAY = 1.0


class NetworkEstimator(CallbackSupportMixin, BaseEstimator):
    """Base of the estimators that hold a network.

    A subclass has the parameters of :class:`skrnn.RNNClassifier` and turns `_logits` into its
    answers. The fitted state is `_keras` (the private scikeras estimator), `_targets` (the
    coder of y) and the public attributes.
    """

    @property
    def model_(self):
        """The Keras model; see Attributes."""
        if not hasattr(self, "_keras"):
            raise AttributeError(f"This {type(self).__name__} has no model_ before fit.")
        return self._keras.model_

    def __getstate__(self):
        """Return the state, the network first.

        Unpickling then imports skrnn's own way to TensorFlow before any Keras callback among the
        parameters imports the noisy one.
        """
        state = super().__getstate__().copy()
        if "_keras" in state:
            state["_keras"].warm_start = bool(self.warm_start)  # may have been set after fit
            state = {"_keras": state.pop("_keras"), **state}
        return state

    def __sklearn_is_fitted__(self):
        """Whether predictions can be made."""
        return hasattr(self, "_keras")

    def _logits(self, X):
        check_is_fitted(self)
        return self._keras.predict_logits(self._with_scores(self._check_X(X)))

    def _with_scores(self, sequences):
        if self._ngrams is None:
            return sequences
        return self._ngrams.score(sequences)

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
        early_stopping=False,
        ngram_range=None,
        pretraining_epochs=0,
        sees_all=True,
    ):
        given = {
            "X": X,
            "y": y,
            "metadata": None if sample_weight is None else {"sample_weight": sample_weight},
        }
        stack = self._check_stack()
        sequences, y = self._check_rows(X, y, going_on, classes)
        objective = self._check_objective(sequences, X_unlabeled)
        weights = self._check_weights(sample_weight, sequences, y)
        validation = self._check_validation(X_val, y_val)
        unlabeled = self._check_unlabeled(X_unlabeled)
        random = check_random_state(self.random_state)
        seed, split_seed = (int(n) for n in random.randint(np.iinfo(np.int32).max, size=2))
        rows = np.flatnonzero(weights)
        if early_stopping and validation is None:
            rows, held_out = hold_out(rows, y, fraction=self.validation_fraction, seed=split_seed)
            early_stopping = len(held_out) > 0
            if early_stopping:
                validation = self._encode(sequences, y, weights, held_out)
            else:
                self._warn_of_no_validation(len(rows), epochs)
        training = self._encode(sequences, y, weights, rows)
        embeddings = corpus = None
        if sequences.is_tokens:
            training, validation = self._score_ngrams(
                training, validation, ngram_range, split_seed, going_on
            )
            if not going_on:
                is_corpus = isinstance(self.embeddings, str) and self.embeddings == "corpus"
                embeddings, self.embedding_coverage_ = initial_embeddings(
                    None if is_corpus and not sees_all else self.embeddings,
                    training[0],
                    unlabeled,
                    vocabulary_size=self.vocabulary_size_,
                    dim=int(self.embedding_dim),
                    seed=seed,
                    name=type(self).__name__,
                )
            corpus = joined(training[0], unlabeled)
        else:
            self._refuse_for_numbers(pretraining_epochs=pretraining_epochs)
            if not going_on:
                self._ngrams = self.embedding_coverage_ = None
        keras = self._make_keras(training[0], stack, seed, going_on, embeddings)
        start = {
            "embeddings": embeddings,
            "corpus": corpus,
            "pretraining_epochs": 0 if going_on else int(pretraining_epochs),
        }
        if any(objective.values()):
            from skrnn.semi_supervised import Objective

            start["objective"] = Objective(**objective)
            start["unlabeled"] = unlabeled and self._with_scores(unlabeled)
        self._run(keras, training, validation, epochs, given, early_stopping, start)

    def _score_ngrams(self, training, validation, ngram_range, seed, going_on):
        """Fit the n-gram model where there is one; add its scores to what the network reads."""
        sequences, targets, weights = training
        if ngram_range is not None:
            self._ngrams = NgramModel(ngram_range)
            sequences = self._ngrams.fit_score(
                sequences,
                targets,
                weights,
                vocabulary_size=self.vocabulary_size_,
                n_outputs=self._targets.n_outputs,
                seed=seed,
            )
        elif going_on:
            sequences = self._with_scores(sequences)
        else:
            self._ngrams = None
        if validation is not None:
            validation = (self._with_scores(validation[0]), *validation[1:])
        return (sequences, targets, weights), validation

    def _check_stack(self):
        stack = self.units if isinstance(self.units, tuple | list) else (self.units,)
        if not stack or not all(_is_count(units) for units in stack):
            raise ValueError(
                f"The 'units' parameter of {type(self).__name__} must be a positive int, or a "
                f"tuple of positive ints, one a layer. Got {self.units!r} instead."
            )
        return [int(units) for units in stack]

    def _check_ngram_range(self):
        """Return `ngram_range` as a tuple, or None."""
        if self.ngram_range is None:
            return None
        both = tuple(self.ngram_range)
        if len(both) != 2 or not all(map(_is_count, both)) or both[0] > both[1]:
            raise ValueError(
                f"The 'ngram_range' parameter of {type(self).__name__} must be None or (min_n, "
                f"max_n) with 1 <= min_n <= max_n. Got {self.ngram_range!r} instead."
            )
        return both

    def _check_objective(self, sequences, X_unlabeled):
        objective = {
            name: float(getattr(self, name))
            for name in ("adversarial_epsilon", "virtual_adversarial_epsilon", "entropy_weight")
        }
        if not sequences.is_tokens:
            self._refuse_for_numbers(**objective)
        if self.entropy_weight and X_unlabeled is None:
            raise ValueError(
                f"entropy_weight={self.entropy_weight!r} of {type(self).__name__} weighs the "
                "entropy of the answers for X_unlabeled, which is missing. Give it, behind a "
                "Pipeline with set_fit_request(X_unlabeled=True), or set entropy_weight=0."
            )
        return objective

    def _refuse_for_numbers(self, **options):
        for name, value in options.items():
            if value:
                raise ValueError(
                    f"{name}={value!r} of {type(self).__name__} is for token ids, but X is read as "
                    "numeric sequences. Set it to 0, or give integers or input='tokens'."
                )

    def _check_unlabeled(self, X_unlabeled):
        if X_unlabeled is None:
            return None
        try:
            return self._check_X(X_unlabeled)
        except ValueError as error:
            raise ValueError(
                f"In X_unlabeled: {error} (Behind a Pipeline, X_unlabeled takes the way of X only "
                "with Pipeline(..., transform_input=['X_unlabeled']).)"
            ) from error

    def _check_X(self, X):
        """Check X against what was fitted."""
        check_feature_names(self, X, reset=False)
        sequences, _ = check_sequences(
            X,
            estimator=self,
            input="numeric" if self.vocabulary_size_ is None else "tokens",
            vocabulary_size=self.vocabulary_size_,
        )
        return sequences

    def _check_rows(self, X, y, going_on, classes):
        if going_on:
            sequences = self._check_X(X)
        else:
            check_feature_names(self, X, reset=True)
            sequences, self.vocabulary_size_ = check_sequences(
                X,
                estimator=self,
                input=self.input,
                reset=True,
                vocabulary_size=self.vocabulary_size,
            )
        y = check_targets(y, self)
        check_consistent_length(sequences, y)
        if not going_on:
            self._targets = TargetCoder.fit(y, classes, self)
        elif classes is not None and not np.array_equal(np.unique(classes), self.classes_):
            raise ValueError(
                f"classes={classes!r} is not what the first call had, {self.classes_!r}. Leave it "
                "out, or fit anew."
            )
        self._targets.check(y)
        self.classes_ = self._targets.classes
        return sequences, y

    def _check_weights(self, sample_weight, sequences, y):
        weights = _check_sample_weight(
            sample_weight, sequences, dtype=np.float64, ensure_non_negative=True
        )
        if isinstance(self.class_weight, dict) and y.ndim == 2:
            raise ValueError(
                f"class_weight={self.class_weight!r} weighs classes, but y has several labels a "
                "row. Use 'balanced', or weigh the rows with sample_weight."
            )
        if self.class_weight is not None:
            weights = weights * compute_sample_weight(self.class_weight, y)
        if not weights.any():
            raise ValueError(
                "All rows have weight zero, class_weight included, so there is nothing to train "
                "on. Give at least one row a positive weight."
            )
        return weights.astype(np.float32)

    def _check_validation(self, X_val, y_val):
        if X_val is None and y_val is None:
            return None
        if X_val is None or y_val is None:
            raise ValueError(
                f"X_val and y_val go together, but {'y_val' if y_val is None else 'X_val'} is "
                "missing. Pass both to fit; behind a Pipeline, request both with "
                "set_fit_request(X_val=True, y_val=True)."
            )
        try:
            sequences = self._check_X(X_val)
            y_val = check_targets(y_val, self)
            check_consistent_length(sequences, y_val)
            self._targets.check(y_val)
        except ValueError as error:
            raise ValueError(
                f"In X_val, y_val: {error} (Behind a Pipeline, X_val takes the way of X only with "
                "Pipeline(..., transform_input=['X_val']).)"
            ) from error
        weights = np.ones(len(sequences), dtype=np.float32)
        return self._encode(sequences, y_val, weights, np.arange(len(sequences)))

    def _warn_of_no_validation(self, n_rows, epochs):
        warn(
            f"early_stopping=True of {type(self).__name__} has no effect: validation_fraction="
            f"{self.validation_fraction} of {n_rows} rows is less than {MIN_HELD_OUT} rows, or "
            f"less than one of each class. Training takes all {epochs} epochs, on all rows. Give "
            "X_val and y_val in fit, a larger validation_fraction, or early_stopping=False.",
            UserWarning,
            stacklevel=5,
        )

    def _encode(self, sequences, y, weights, rows):
        if len(rows) < len(sequences):
            sequences, y, weights = sequences.take(rows), y[rows], weights[rows]
        return sequences, self._targets.encode(y), weights

    def _make_keras(self, sequences, stack, seed, going_on, embeddings):
        from skrnn._scikeras import SequenceClassifier

        embedding_dim = int(self.embedding_dim)
        if embeddings is not None:
            embedding_dim = embeddings.shape[1]
        elif going_on and self.embedding_coverage_ is not None:
            embedding_dim = self._keras.network["embedding_dim"]
        network = {
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
            learning_rate_decay=self._learning_rate_decay(sequences),
            optimizer=self.optimizer,
            batch_size=self.batch_size if self.batch_size == "auto" else int(self.batch_size),
            callbacks=list(self.callbacks) if isinstance(self.callbacks, tuple) else self.callbacks,
            verbose=int(self.verbose),
            warm_start=bool(self.warm_start),
            **(optimizer if named else {}),
        )

    def _learning_rate_decay(self, sequences):
        if self.learning_rate_decay == "auto":
            return AUTO_DECAY if sequences.is_tokens else 0.0
        return float(self.learning_rate_decay)

    def _run(self, keras, training, validation, epochs, given, early_stopping, start):
        from skrnn._callbacks import EpochTasks, best_epoch_stopping

        context = self._init_callback_context(max_subtasks=epochs)
        context.call_on_fit_task_begin(estimator=self, **given)
        callbacks = []
        if early_stopping:
            stopping = best_epoch_stopping(patience=self.n_iter_no_change, min_delta=self.tol)
            callbacks.append(stopping)
        callbacks.append(EpochTasks(context, self, given, keras))
        keras.train(
            *training,
            epochs=epochs,
            validation=validation,
            callbacks=callbacks,
            **start,
        )
        self._keras = keras
        self.pretraining_history_ = keras.pretraining_history_
        self.history_ = keras.history_
        self.n_iter_ = keras.current_epoch
        self.best_epoch_ = stopping.best_epoch + 1 if early_stopping else self.n_iter_
        context.call_on_fit_task_end(estimator=self, **given, reconstruction_attributes={})


def _is_count(value):
    return isinstance(value, Integral) and not isinstance(value, bool) and value > 0


@contextmanager
def unchanged_on_error(estimator):
    """Undo what a failed fit has set on the estimator."""
    before = vars(estimator).copy()
    try:
        yield
    except BaseException:
        # scikit-learn's own clean-up of the callbacks still has to find these.
        keep = {k: v for k, v in vars(estimator).items() if k.startswith(("_callback", "_skl_"))}
        vars(estimator).clear()
        vars(estimator).update(before | keep)
        raise

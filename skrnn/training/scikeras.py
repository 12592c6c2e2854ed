"""The private scikeras estimator; everything that works around scikeras is here.

scikeras 0.13.0 drives Keras for :class:`skrnn.RNNClassifier`: it turns names and prefixed
parameters into an optimizer and a compiled model, and runs fits and their bookkeeping. What is
overridden, and when each override can go:

- `_validate_data`: rejects ragged and object input, and another width at predict than at fit.
  Checking is done before, in :mod:`skrnn.sequences`. Stays as long as that does.
- `target_encoder_`, `feature_encoder_`: identities, for what comes in is encoded. Stay.
- `_validate_sample_weight`: drops rows by indexing X; done before. Stays.
- `random_state` is never set: scikeras would seed the process's global generators and switch op
  determinism on while it fits. Seeds go into the layers instead. Can go when scikeras leaves
  global state alone.
- `_fit_keras_model`: gives Keras padded arrays to shuffle and slice; here it gets batches. Stays.
- `__getstate__`: scikeras pickles the compiled model with its optimizer slots, three times the
  weights. Can go when it offers weights only.
- `_detach_callbacks`: scikeras leaves the model on the callbacks. Can go when it does not.
- `_get_tags`-style tags and mixin order (wrong on scikit-learn 1.9) do not matter: no
  scikit-learn tool ever sees this class.
"""

import dataclasses
import json

import numpy as np
from sklearn.preprocessing import FunctionTransformer

from skrnn.backend.scope import is_in_scope, outside_scope
from skrnn.backend.tensorflow import BaseWrapper, KerasClassifier, keras
from skrnn.layers.engine import release_memory
from skrnn.network import programs
from skrnn.network.build import EMBEDDING, build_network, loss_for
from skrnn.sequences.batching import BatchPlan, auto_batch_size
from skrnn.training.callbacks import AlignedHistory, DivergedError, FiniteTraining, joined
from skrnn.training.chunks import ChunkStream, StreamFeed
from skrnn.training.feeds import Feed, PairedFeed
from skrnn.training.optimizers import check_optimizer, on_dense_gradients
from skrnn.training.pretraining import pretrain
from skrnn.training.progress import progress_lines
from skrnn.training.recorder import StateKeeper, without_first_steps
from skrnn.training.replicas import make_replicated, whole_batches
from skrnn.training.semi_supervised import SemiSupervisedStep
from skrnn.training.state import PretrainingState, TrainingState

PREDICT_BATCH_SIZE = 256


class SequenceClassifier(KerasClassifier):
    """scikeras's classifier on `Sequences` and encoded targets.

    Parameters
    ----------
    network : dict
        Arguments of `build_network`; JSON-compatible.
    seed : int
        Seeds weights, dropout and the order of batches.
    **kwargs
        scikeras's own: optimizer and its prefixed parameters, batch_size, callbacks, verbose.
    """

    _compile_kwargs = BaseWrapper._compile_kwargs | {"jit_compile"}

    def __init__(self, network, seed, learning_rate_decay=0.0, **kwargs):
        # XLA would compile anew for every length of batch.
        super().__init__(jit_compile=False, **kwargs)
        self.network = network
        self.seed = seed
        self.learning_rate_decay = learning_rate_decay
        # scikeras hands these to the model-building function, ours takes `network`.
        self._user_params = set()

    @classmethod
    def after(cls, previous, network, seed, **kwargs):
        """Return an estimator that goes on from `previous`, or one that starts if that is None.

        Raises
        ------
        ValueError
            Where the network would be another one, or the optimizer is unknown.
        """
        if isinstance(kwargs["optimizer"], str):
            check_optimizer(kwargs["optimizer"])
        if previous is None:
            return cls(network, seed, **kwargs)
        changed = {
            k: (previous.network[k], v) for k, v in network.items() if previous.network[k] != v
        }
        if changed:
            told = ", ".join(f"{k} from {old!r} to {new!r}" for k, (old, new) in changed.items())
            raise ValueError(
                f"Training cannot go on with another network: {told}. Set it back, or fit anew "
                "with warm_start=False."
            )
        one = cls(network, previous.seed, **kwargs)
        one.history_ = previous.history_
        one.pretraining_history_ = previous.pretraining_history_
        # A model of its own: whatever fails from here on, the previous one stays as it is.
        one._variables = programs.read_values(programs.network_variables(previous.model_))
        # The step size is among an optimizer's variables if it is a number, not if a schedule.
        same_slots = previous.optimizer == one.optimizer and (
            isinstance(previous._learning_rate, float) == isinstance(one._learning_rate, float)
        )
        if same_slots and "_optimizer_state" in vars(previous):
            one._optimizer_state = previous._optimizer_state
        return one

    @property
    def architecture(self):
        """The arguments of `build_network` as JSON, the key to what is traced already."""
        return json.dumps(self.network, sort_keys=True)

    @property
    def current_epoch(self):
        """Number of epochs trained so far."""
        return len(getattr(self, "history_", {}).get("loss", ()))

    @property
    def model_(self):
        """The network with this estimator's weights; made when first asked for."""
        if "_model" not in self.__dict__:
            if "_variables" not in self.__dict__:
                raise AttributeError("model_")
            model = self._make_network()
            programs.write_values(programs.network_variables(model), self._variables)
            # Last, so that another thread never sees a model without its weights.
            self._model = model
        return self._model

    @model_.setter
    def model_(self, model):
        self._model = model

    def train(
        self,
        X,
        y,
        sample_weight,
        *,
        epochs,
        validation=None,
        stopping=None,
        callbacks=(),
        embeddings=None,
        corpus=None,
        pretraining_epochs=0,
        objective=None,
        unlabeled=None,
        resumed=None,
        on_state=None,
        minutes=None,
    ):
        """Train for so many further epochs.

        Parameters
        ----------
        X : Sequences or ChunkStream
            Training rows; with chunks, `y` and `sample_weight` are those of the first.
        y : ndarray of shape (n_samples,) or (n_samples, n_outputs)
            Encoded targets.
        sample_weight : ndarray of shape (n_samples,)
            Weights, none of them 0.
        epochs : int
            How many.
        validation : tuple (X, y, sample_weight) or None
            What to evaluate after each epoch.
        stopping : BestEpoch or None
            Early stopping.
        callbacks : sequence of keras.callbacks.Callback
            Run after those of the estimator.
        embeddings : ndarray of shape (vocabulary_size, embedding_dim), float32, or None
            What the token embedding starts from.
        corpus : Sequences or None
            All the text: what a language model is trained on first, and how frequent words are.
        pretraining_epochs : int
            For how many epochs; 0 where training goes on.
        objective : Objective or None
            What is minimized besides the cross-entropy.
        unlabeled : Sequences or None
            Rows without a label, for that.
        resumed : TrainingState, PretrainingState or None
            Where these epochs were when they were interrupted.
        on_state : callable or None
            Is given the state after each epoch and the final one; those of pretraining too.
        minutes : float or None
            How often it is given a state within an epoch.

        Returns
        -------
        state : TrainingState
            Where the training has come to.
        ended_by : KeyboardInterrupt, DivergedError or None
            What has ended it before its time, the last finished epoch being kept. Where there is
            none to be kept, it is raised.
        """
        end = self.current_epoch + epochs
        if isinstance(resumed, TrainingState):
            self.take(resumed)
        elif not self.initialized_:
            model = self._make_network()
            if embeddings is not None:
                model.get_layer(EMBEDDING).embeddings.assign(embeddings)
            self.model_ = model
            self._pretrain(model, corpus, pretraining_epochs, resumed, on_state)
        own = self.model_
        self.__dict__.pop("_variables", None)
        trainer = programs.borrow_trainer(
            self._trainer_key(objective), lambda: self._make_trainer_network(objective)
        )
        trainer.load(own, self.__dict__.get("_optimizer_state"))
        if objective:
            n_ids = self.network["vocabulary_size"]
            trainer.network.semi_supervised.load(np.bincount(corpus.values, minlength=n_ids))
        resumed = resumed if isinstance(resumed, TrainingState) else None
        if isinstance(self._learning_rate, float) and resumed is None:
            trainer.network.optimizer.learning_rate = self._learning_rate
        self.target_encoder_ = self.feature_encoder_ = FunctionTransformer()
        self._initialize_callbacks()
        self.model_ = trainer.network
        keeper = StateKeeper(self, stopping, resumed, on_state, minutes)
        ended_by = None
        try:
            self._fit(
                X,
                y,
                sample_weight,
                warm_start=True,
                epochs=end,
                initial_epoch=self.current_epoch,
                validation=validation,
                extra_callbacks=[*([stopping] if stopping else []), *callbacks],
                unlabeled=unlabeled,
                keeper=keeper,
            )
        except (KeyboardInterrupt, DivergedError) as error:
            if keeper.state is None:
                raise
            ended_by = error
        finally:
            self.model_ = own
            self._detach_callbacks()
        state = keeper.state if ended_by else keeper.final(trainer.network)
        programs.give_back(trainer)
        if state.finished and on_state is not None:
            on_state(state)
        self.take(state, best=not state.finished)
        release_memory()
        return state, ended_by

    def take(self, state, *, best=False):
        """Be where a training was: take the weights, optimizer and history of a state.

        With `best`, take the weights of the best epoch instead, where early stopping has them.
        """
        model = self.__dict__.get("_model")
        if model is None:
            model = self._make_network()
        programs.write_values(programs.network_variables(model), state.variables)
        if best and state.stopping and state.stopping.best_weights:
            model.set_weights(state.stopping.best_weights)
        self._model = model
        self.__dict__.pop("_variables", None)
        self._optimizer_state = state.optimizer
        self.history_, self.pretraining_history_ = state.history, state.pretraining_history

    def _rows_a_batch(self, n_samples):
        return auto_batch_size(n_samples) if self.batch_size == "auto" else self.batch_size

    def _pretrain(self, model, corpus, epochs, resumed, on_state):
        self.pretraining_history_ = {"loss": []}
        if epochs:
            self.pretraining_history_["loss"] = pretrain(
                model,
                corpus,
                self._get_compile_kwargs()["optimizer"],
                epochs=epochs,
                batch_size=self._rows_a_batch(len(corpus)),
                seed=self.seed,
                verbose=self.verbose,
                resumed=resumed,
                on_state=on_state,
            )

    def snapshot(self):
        """Return a copy that predicts with the weights of this moment of a running fit."""
        copy = SequenceClassifier(self.network, self.seed)
        copy._variables = programs.read_values(programs.network_variables(self.model_))
        copy.history_ = self.history_with(self.model_.history)
        return copy

    def as_of(self, state):
        """Return a copy that is where the state is, and its best epoch, or None, from 0."""
        kept = ("learning_rate_decay", "batch_size", "verbose")
        settings = {k: v for k, v in vars(self).items() if k in kept or k.startswith("optimizer")}
        copy = SequenceClassifier(self.network, self.seed, warm_start=True, **settings)
        if isinstance(state, PretrainingState):
            # The network knows nothing yet: the language model hands over at its end.
            copy._variables = self.values()
            copy.history_ = {"loss": []}
            copy.pretraining_history_ = {"loss": list(state.losses)}
            return copy, None
        copy._variables, copy._optimizer_state = state.variables, state.optimizer
        copy.history_ = state.history or {"loss": []}
        copy.pretraining_history_ = state.pretraining_history
        return copy, state.stopping.best_epoch if state.finished and state.stopping else None

    def ended_at(self, state):
        """Return a copy as a training that ends with this epoch would make it, and its best epoch.

        The epoch is counted from 0, and None without early stopping, which keeps the weights of
        the best one.
        """
        copy, _ = self.as_of(state)
        stopping = state.stopping
        if stopping is None or not stopping.best_weights:
            return copy, stopping and stopping.best_epoch
        model = self.model_
        place = {id(v): i for i, v in enumerate(programs.network_variables(model))}
        copy._variables = list(state.variables)
        for variable, best in zip(model.weights, stopping.best_weights, strict=True):
            copy._variables[place[id(variable)]] = best
        return copy, stopping.best_epoch

    def identity(self):
        """Return all that decides what further training makes."""
        return [self.seed, self.values(), vars(self).get("_optimizer_state"), self.history_]

    def values(self):
        """Return all of the network's variables as arrays."""
        if "_model" not in self.__dict__ and "_variables" in self.__dict__:
            return self._variables
        return programs.read_values(programs.network_variables(self.model_))

    def predict_logits(self, X):
        """Return logits float32 of shape (n_samples, n_outputs) in the rows' order."""
        architecture = self.architecture
        # A model need not be built for it, which takes a while.
        values = vars(self).get("_variables") if "_model" not in vars(self) else None
        if values is None:
            values = programs.network_variables(self.model_)
        values = programs.as_tensors(values)
        logits = np.empty((len(X), self.network["n_outputs"]), dtype=np.float32)
        for rows in BatchPlan(X.lengths, PREDICT_BATCH_SIZE).batches():
            logits[rows] = programs.predict_logits(architecture, values, X.inputs(rows))
        return logits

    def __getstate__(self):
        """Return weights, and what goes on with warm_start, without the model."""
        state = super().__getstate__().copy()
        for name in _NOT_PICKLED:
            state.pop(name, None)
        if not self.warm_start:
            state.pop("_optimizer_state", None)
        if self.initialized_:
            state["_variables"] = self.values()
        return state

    @property
    def _learning_rate(self):
        return self.__dict__.get("optimizer__learning_rate")

    def _make_network(self):
        # A strategy is for training; what is kept must work without it.
        return outside_scope(lambda: build_network(**self.network, random_state=self.seed))

    def _trainer_key(self, objective=None):
        """Name what a traced training step depends on; None where it must not be shared."""
        if is_in_scope():
            return None
        config = {k: v for k, v in self.get_params(deep=False).items() if "__" in k}
        if self.callbacks or not isinstance(self.optimizer, str):
            return None
        # A schedule is part of the trace; a number is a variable.
        if not isinstance(config.pop("optimizer__learning_rate", 0.0), float):
            return None
        key = [self.architecture, self.optimizer, sorted(config.items())]
        return json.dumps([*key, dataclasses.asdict(objective)] if objective else key)

    def _make_trainer_network(self, objective=None):
        if is_in_scope():
            return make_replicated(
                lambda: build_network(**self.network, random_state=self.seed),
                self._get_compile_kwargs,
            )
        network = build_network(
            **self.network, random_state=self.seed, compile_kwargs=self._get_compile_kwargs()
        )
        if objective:
            step = SemiSupervisedStep(network, objective, self.network["multilabel"])
            network.semi_supervised = step
        return network

    def _detach_callbacks(self):
        # Keras callbacks keep the model of their last fit, or its weights. Left there, a clone of
        # the estimator would copy them, and so would a pickle.
        for callback in self._fit_callbacks:
            for one in callback if isinstance(callback, list) else [callback]:
                one._model = None
                if isinstance(one, keras.callbacks.EarlyStopping):
                    one.best_weights = None
        self._fit_callbacks = self._predict_callbacks = None

    # What scikeras calls during `_fit`.

    def _get_compile_kwargs(self):
        kwargs = super()._get_compile_kwargs()
        kwargs["loss"] = loss_for(self.network["n_outputs"], self.network["multilabel"])
        accuracy = keras.metrics.SparseCategoricalAccuracy
        if kwargs["loss"] == "binary_crossentropy":
            accuracy = keras.metrics.BinaryAccuracy
        # An object has its variables. The mere name would make them in the first training step,
        # and TensorFlow traces a step that has made variables again: twice the time.
        kwargs["metrics"] = [accuracy(name="accuracy")]
        if isinstance(self.optimizer, keras.optimizers.Optimizer):
            # The caller's object stays as it was given, and serves any number of fits.
            kwargs["optimizer"] = type(self.optimizer).from_config(self.optimizer.get_config())
        kwargs["optimizer"] = on_dense_gradients(kwargs["optimizer"])
        return kwargs

    def _validate_data(self, X=None, y=None, reset=False, y_numeric=False):
        return X, y

    @staticmethod
    def _validate_sample_weight(X, y, sample_weight):
        return X, y, sample_weight

    def _fit_keras_model(
        self,
        X,
        y,
        sample_weight,
        warm_start,
        epochs,
        initial_epoch,
        *,
        validation,
        extra_callbacks,
        unlabeled,
        keeper,
    ):
        if isinstance(X, ChunkStream):
            size = X.batch_size if self.batch_size == "auto" else self.batch_size
            feed = StreamFeed(X, size, self.seed)
        else:
            feed = (X, y, sample_weight, self._rows_a_batch(len(X)), self.seed)
            if hasattr(self.model_, "semi_supervised"):
                feed = PairedFeed(*feed, unlabeled, self.model_.semi_supervised.reset)
            else:
                feed = Feed(*feed)
        if keeper.resumed is not None:
            feed.resume(keeper.resumed.epoch, keeper.resumed.batch)
        if not isinstance(X, ChunkStream):
            keeper.n_batches = len(feed.plan)
        watched = validation and Feed(*validation, PREDICT_BATCH_SIZE)
        own = [feed, FiniteTraining()]
        if isinstance(self._learning_rate, float):
            own.append(keeper.make_decay(self._learning_rate, self.learning_rate_decay))
        # Before the extra callbacks, which look into it; Keras itself would put it after them.
        keeper.history = history = AlignedHistory()
        shown = progress_lines(self.verbose, keeper.n_batches)
        is_over = keeper.resumed is not None and keeper.resumed.stopped
        try:
            with without_first_steps(self.model_, feed.first):
                self.model_.fit(
                    whole_batches(feed.dataset()),
                    epochs=initial_epoch if is_over else epochs,
                    initial_epoch=initial_epoch,
                    validation_data=watched and whole_batches(watched.dataset()),
                    callbacks=[
                        *own,
                        *self._fit_callbacks,
                        history,
                        *extra_callbacks,
                        *shown,
                        keeper,
                    ],
                    verbose=0,
                    shuffle=False,
                )
        finally:
            for line in shown:
                line.close()
        self.history_ = self.history_with(history)

    def history_with(self, history):
        """Return `history_` with the epochs of a Keras `History` added."""
        return joined(getattr(self, "history_", {}), history.history)


_NOT_PICKLED = (
    "_model",
    "_fit_callbacks",
    "_predict_callbacks",
    "callbacks",
    "target_encoder_",
    "feature_encoder_",
)

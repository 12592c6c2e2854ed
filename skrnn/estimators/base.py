"""Base class of the estimators that hold a network: training, reading X, predicting, pickling.

TensorFlow is loaded by the first fit, or by `model_`. Importing this module, and making, cloning,
loading or predicting with an estimator, do not load it.
"""

from types import FunctionType

from sklearn.callback import CallbackSupportMixin
from sklearn.utils.validation import check_is_fitted

from skrnn._sklearn_compat import _BaseComposition, _fit_context
from skrnn.backend.interrupts import is_interrupted, noted_interrupts
from skrnn.backend.pickling import NamedParameters, StartTensorFlow, is_of_keras
from skrnn.estimators.as_of_now import AsOfNow
from skrnn.estimators.checks import read_again, read_first
from skrnn.estimators.fit import Fit
from skrnn.estimators.rows import FitArguments, warn_of_order
from skrnn.estimators.settings import refuse_inner
from skrnn.exceptions import InvalidInputError
from skrnn.printing import BriefParameters
from skrnn.sequences import COLUMNS, Sequences, patched, refuse_mask


class NetworkEstimator(
    AsOfNow, NamedParameters, BriefParameters, CallbackSupportMixin, _BaseComposition
):
    """Base of the estimators that hold a network.

    A subclass has the parameters of :data:`skrnn.estimators.parameters.SHARED` and those of its
    task, and defines `_check_y` and `_make_head`. Its own `fit`, `partial_fit` and `fit_chunks`
    document their y and call the implementation here; its `score` passes y and weights through
    `_to_score`.

    Attributes
    ----------
    network_ : skrnn.network.fitted.FittedNetwork
        The network.
    head_ : skrnn.heads.base.Head
        How y is encoded, and how raw output becomes a prediction.
    ngrams_ : skrnn.ngrams.NgramModel or None
        The linear n-gram model beside the network.
    convolutions_ : skrnn.convolutions.ConvolutionModel or None
        The linear model of convolutions beside the network.
    columns_ : skrnn.sequences.ColumnScaler or None
        Names, mean and standard deviation of the columns beside the texts.
    channels_ : skrnn.sequences.ChannelScaler or None
        How the channels of numeric sequences are scaled; None for token ids.
    patch_size_ : int or None
        Steps of a numeric sequence that the network reads as one; None for token ids.
    """

    # Whether there is an answer for each step of a row.
    _answers_steps = False

    # --- The task: defined by subclasses ---

    def _check_y(self, y):
        """Return y as an array, or raise ValueError."""
        raise NotImplementedError

    def _make_head(self, y, classes):
        """Return a head fitted on the y of a first fit, as `_check_y` returns it."""
        raise NotImplementedError

    def _head_attributes(self, head):
        """Return the public attributes that follow from the head."""
        return {}

    def _step_features(self, head):
        """Return the `SideInput` of each array that reading X puts beside the steps, in order.

        They are arrays of the sequences' `step_inputs`, those of n-grams excepted.
        """
        return ()

    # --- Training ---

    @_fit_context(prefer_skip_nested_validation=True)
    def fit(self, X, y, sample_weight=None, X_val=None, y_val=None, X_unlabeled=None):
        """Train the network; see the subclass."""
        going_on = self.warm_start and hasattr(self, "network_")
        given = FitArguments(X, y, sample_weight, X_val, y_val, X_unlabeled)
        return self._fit(lambda fit: fit.run(given), epochs=self.epochs, going_on=going_on)

    def _partial_fit(self, X, y, sample_weight, X_unlabeled=None, classes=None):
        going_on = hasattr(self, "network_")
        given = FitArguments(X, y, sample_weight, X_unlabeled=X_unlabeled, classes=classes)
        how = {"epochs": 1, "going_on": going_on, "full_data": False}
        return self._fit(lambda fit: fit.run(given), **how)

    def _fit_chunks(self, chunks, X_val, y_val, classes=None):
        going_on = self.warm_start and hasattr(self, "network_")
        how = {"epochs": self.epochs, "going_on": going_on}
        return self._fit(lambda fit: fit.run_chunks(chunks, X_val, y_val, classes), **how)

    def _fit(self, run, **how):
        """Run a training, and take its result when it has ended.

        Until then, only a copy of the estimator changes, so a training that fails leaves no trace,
        and other threads go on predicting with the network of before.
        """
        copied = self.for_fitting()
        before = vars(copied).copy()
        with noted_interrupts():
            try:
                ended_by = run(Fit(copied, caller=self, **how))
            except Exception as error:
                if is_interrupted():
                    raise KeyboardInterrupt from error
                raise
            if ended_by is None and is_interrupted():
                ended_by = KeyboardInterrupt()
                ended_by.add_note(f"This {type(self).__name__} is fitted: its training had ended.")
        self._take_changes(before, vars(copied))
        if ended_by is not None:
            raise ended_by
        return self

    # --- Parameters ---

    def set_params(self, **params):
        """Set parameters of this estimator, and of the objects among them.

        Parameters
        ----------
        **params : dict
            Names as in `get_params`.

        Returns
        -------
        self : estimator

        Raises
        ------
        ValueError
            If there is no such parameter. Nothing is changed then.
        """
        refuse_inner(self, params)
        return super().set_params(**params)

    def _validate_params(self):
        rate = getattr(self, "learning_rate", None)
        if isinstance(rate, FunctionType):
            raise InvalidInputError(
                f"learning_rate of {type(self).__name__} is the function {rate.__qualname__}, but "
                "must be a number or a schedule of Keras. For a function of the epoch, pass "
                "callbacks=[keras.callbacks.LearningRateScheduler(function)]."
            )
        super()._validate_params()

    # --- Reading and predicting ---

    @property
    def model_(self):
        """The Keras model; see Attributes."""
        if not hasattr(self, "network_"):
            raise AttributeError(f"This {type(self).__name__} has no model_ before fit.")
        return self.network_.model

    def read(self, X) -> Sequences:
        """Return the network's input for X: checked sequences, with columns and n-gram scores.

        Parameters
        ----------
        X : sparse array or array-like, or list
            As in `fit`.
        """
        check_is_fitted(self)
        before = vars(self).get("_has_read")
        if before is not None and before[0] is X:  # validation rows, at each epoch
            return before[1]
        return self.beside(self.read_steps(X))

    def _read_first(self, X):
        """Return the `CheckedInput` of the X of a first fit."""
        return read_first(self, X)

    def _check_going_on(self):
        """Raise ValueError if training cannot continue, as X would be read in another way."""

    def _read_again(self, X) -> Sequences:
        """Return the sequences of X, checked against the X of the first fit."""
        return read_again(self, X)

    def read_steps(self, X) -> Sequences:
        """Return the checked sequences of X, scaled, with all steps and nothing beside them."""
        check_is_fitted(self)
        return self.prepared(self._read_again(X))

    def prepared(self, sequences: Sequences) -> Sequences:
        """Return checked sequences as the network reads them: scaled, without missing values.

        Steps that are missing altogether are left out, unless the head answers each step.
        """
        keeps_steps = self.head_.reads != "summary"
        if self.channels_ is not None:
            name = type(self).__name__
            sequences = self.channels_.apply(sequences, name, keeps_steps=keeps_steps)
        return sequences if keeps_steps else sequences.collapse()

    def beside(self, sequences: Sequences) -> Sequences:
        """Return the network's input for prepared sequences.

        They get the columns and the scores of linear models that there are. Then, numeric steps
        come in patches.
        """
        if self.ngrams_ is not None:
            sequences = self.ngrams_.score(sequences)
        if self.convolutions_ is not None:
            sequences = self.convolutions_.score(sequences)
        return self.in_patches(self.beside_columns(sequences))

    def for_network(self, sequences: Sequences) -> Sequences:
        """Return what `read` returns, without what only other models read."""
        return sequences

    def in_patches(self, sequences: Sequences) -> Sequences:
        """Return sequences with numeric steps in patches, see `patch_size`."""
        return sequences if self.patch_size_ is None else patched(sequences, self.patch_size_)

    def beside_columns(self, sequences: Sequences) -> Sequences:
        """Return sequences with their columns, if any, standardized as their first row input."""
        if sequences.columns is None:
            return sequences
        others = {k: v for k, v in sequences.row_inputs.items() if k != COLUMNS}
        columns = {COLUMNS: self.columns_.standardize(sequences.columns)}
        return sequences.beside(columns | others, sequences.step_inputs)

    def _answer(self, X, decode):
        """Return ``decode(head, raw)``, with head and raw output for X of one moment."""
        now = self.as_of_now()
        sequences = now.for_network(now.read(X))  # which raises NotFittedError before fit
        return decode(now.head_, now.network_.raw(sequences))

    def _to_score(self, X, y, sample_weight):
        """Return the y and weights of `score`, checked as those of `fit`."""
        check_is_fitted(self)
        refuse_mask(sample_weight, "sample_weight")
        refuse_mask(y, "y")
        given, y = y, self._check_y(y)
        self.head_.check_names(given, self)
        warn_of_order(X, given, "y")
        return y, sample_weight

    # --- Displays ---

    def __dir__(self):
        """Return the names of the attributes; those that load TensorFlow are not asked for."""
        # scikit-learn's own reads each attribute.
        names = [name for name in object.__dir__(self) if name != "model_" and hasattr(self, name)]
        has_model = hasattr(self, "network_") and not vars(self).get("_hides_model", False)
        return [*names, "model_"] if has_model else names

    def _get_fitted_attr_html(self, doc_link=""):
        # The HTML display reads all attributes that `dir` lists.
        shown = self.as_of_now()
        shown._hides_model = True
        return super(NetworkEstimator, shown)._get_fitted_attr_html(doc_link)

    # --- State ---

    def _set_head(self, head):
        """Set the head, and the attributes that follow from it."""
        self.head_ = head
        for name, value in self._head_attributes(head).items():
            setattr(self, name, value)

    def _set_fitted(self, network, history, n_iter, best_epoch=None):
        """Set the result of a training; `best_epoch` is counted from 0."""
        self.network_ = network
        self.history_ = history
        self.n_iter_ = n_iter
        self.best_epoch_ = n_iter if best_epoch is None else best_epoch + 1

    def __getstate__(self):
        """Return the state; the optimizer's variables only if training is to continue.

        Raises
        ------
        TypeError
            If it is for a pickle, and a parameter cannot be pickled.
        """
        state = super().__getstate__().copy()
        if not self.warm_start:
            state.pop("_optimizer_state", None)
            state.pop("_unaveraged", None)
        if any(map(is_of_keras, state.values())):
            state = {"_start": StartTensorFlow(), **state}
        return state

    def __setstate__(self, state):
        """Take the state."""
        state = dict(state)
        state.pop("_start", None)
        super().__setstate__(state)

    def __sklearn_tags__(self):
        """Return scikit-learn's tags of this estimator."""
        tags = super().__sklearn_tags__()
        tags.input_tags.allow_nan = True  # padding, and missing values of numeric sequences
        return tags

    def __sklearn_is_fitted__(self):
        """Whether predictions can be made."""
        return hasattr(self, "network_")

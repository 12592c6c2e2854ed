"""What every estimator around a network does: check, train, keep, go on.

TensorFlow is loaded by the first fit, or by the first prediction after unpickling, and not by
importing this module, nor by making, cloning or searching an estimator.
"""

from sklearn.base import BaseEstimator
from sklearn.callback import CallbackSupportMixin
from sklearn.utils.validation import check_is_fitted

from skrnn.estimators.fit import Training


class NetworkEstimator(Training, CallbackSupportMixin, BaseEstimator):
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

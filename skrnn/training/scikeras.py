"""The interface to scikeras, and all workarounds for it.

scikeras 0.13.0 turns names and prefixed parameters into an optimizer and a compiled model, checks
callbacks, and runs a fit. The head of a network names the wrapper: `KerasClassifier` for classes
and labels. What is overridden, and when each override can go:

- `_validate_data`: rejects ragged and object input. Checking is done before, in
  :mod:`skrnn.sequences`. Stays as long as that does.
- `target_encoder_`, `feature_encoder_`: identities, because what comes in is encoded. Stay.
- `_validate_sample_weight`: drops rows by indexing X; done before. Stays.
- `random_state` is never set: scikeras would seed the process's global generators and switch op
  determinism on while it fits. Seeds go into the layers instead. Can go when scikeras leaves
  global state alone.
- `_fit_keras_model`: gives Keras padded arrays to shuffle and slice; here it gets batches. Stays.
- `detach_callbacks`: scikeras leaves the model on the callbacks. Can go when it does not.
- `_get_tags`-style tags and mixin order (wrong on scikit-learn 1.9) do not matter: no
  scikit-learn tool ever sees these classes, and nothing pickles them.
"""

import functools
from typing import TYPE_CHECKING, Any

from sklearn.preprocessing import FunctionTransformer

from skrnn.backend.tensorflow import BaseWrapper, KerasClassifier, KerasRegressor, keras
from skrnn.training.optimizers import check_optimizer, on_dense_gradients

if TYPE_CHECKING:
    _Wrapper = Any
else:
    _Wrapper = object
_WRAPPERS = {
    wrapper.__name__: wrapper for wrapper in (BaseWrapper, KerasClassifier, KerasRegressor)
}


class _Seam(_Wrapper):
    """Mixin before one of scikeras's wrappers: the optimizer, the callbacks and the fit of it."""

    _fit_callbacks: Any
    _predict_callbacks: Any
    _compile_kwargs = BaseWrapper._compile_kwargs | {"jit_compile"}

    def __init__(self, head, **kwargs):
        # XLA would compile again for every length of batch.
        super().__init__(jit_compile=False, **kwargs)
        self._head = head

    def run(self, network, fit, *, epochs, initial_epoch):
        """Run a fit of a compiled network through scikeras, with its callbacks.

        Parameters
        ----------
        network : keras.Model
            Compiled.
        fit : callable
            Takes the callbacks, and fits the network.
        epochs, initial_epoch : int
            The last epoch of the fit, and the first one.
        """
        # Not what scikit-learn's global transform_output says, which would warn here.
        encoder = FunctionTransformer().set_output(transform="default")
        self.target_encoder_ = self.feature_encoder_ = encoder
        self.model_ = network
        self._initialize_callbacks()
        try:
            self._fit(
                None,
                None,
                None,
                warm_start=True,
                epochs=epochs,
                initial_epoch=initial_epoch,
                fit=fit,
            )
        finally:
            self._detach_callbacks()

    def compile_kwargs(self):
        """Return new arguments for `compile`: optimizer, loss and metrics."""
        kwargs = self._get_compile_kwargs()
        kwargs["loss"], kwargs["metrics"] = self._head.loss(), self._head.metrics()
        if isinstance(self.optimizer, keras.optimizers.Optimizer):
            # The caller's object is not changed, so it can be used for any number of fits.
            kwargs["optimizer"] = type(self.optimizer).from_config(self.optimizer.get_config())
        kwargs["optimizer"] = on_dense_gradients(kwargs["optimizer"])
        return kwargs

    def _detach_callbacks(self):
        # Keras callbacks keep the model of their last fit, or its weights. A clone or a pickle of
        # the estimator would copy them.
        for callback in self._fit_callbacks:
            for one in callback if isinstance(callback, list) else [callback]:
                one._model = None
                if isinstance(one, keras.callbacks.EarlyStopping):
                    one.best_weights = None
        self._fit_callbacks = self._predict_callbacks = None

    # What scikeras calls during `_fit`.

    def _validate_data(self, X=None, y=None, reset=False, y_numeric=False):
        return X, y

    @staticmethod
    def _validate_sample_weight(X, y, sample_weight):
        return X, y, sample_weight

    def _fit_keras_model(self, X, y, sample_weight, warm_start, epochs, initial_epoch, *, fit):
        fit(self._fit_callbacks)


@functools.cache
def _wrapper_class(name):
    return type(f"Wrapped{name}", (_Seam, _WRAPPERS[name]), {})


def wrap(head, settings):
    """Return scikeras's wrapper for a head, with the settings of a training.

    Parameters
    ----------
    head : skrnn.heads.base.Head
    settings : skrnn.training.state.TrainingSettings

    Raises
    ------
    ValueError
        If the optimizer is unknown.
    """
    options = {}
    if isinstance(settings.optimizer, str):
        check_optimizer(settings.optimizer)
        options = {
            "optimizer__learning_rate": settings.learning_rate,
            "optimizer__global_clipnorm": settings.global_clipnorm,
        }
    return _wrapper_class(head.wrapper)(
        head,
        optimizer=settings.optimizer,
        callbacks=settings.callbacks,
        verbose=settings.verbose,
        **options,
    )

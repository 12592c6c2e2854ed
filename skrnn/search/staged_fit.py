"""One fit for all candidates that differ only in `epochs`, scored after each number of epochs."""

import time
from contextlib import nullcontext
from copy import copy, deepcopy
from numbers import Integral, Number
from traceback import format_exc

import joblib
import numpy as np
from sklearn.base import clone

from skrnn._sklearn_compat import (
    _check_method_params,
    _fit_and_score,
    _MultimetricScorer,
    _num_samples,
    _safe_split,
    _score,
)
from skrnn.backend.standard_output import print_line
from skrnn.caching.store import StoreMemory
from skrnn.estimators.base import NetworkEstimator
from skrnn.estimators.kept_epochs import keeping_epochs


def find_network(estimator):
    """Return the last step of a pipeline, also a nested one, and the prefix of its parameters."""
    prefix = ""
    while hasattr(estimator, "steps"):
        name, last = estimator.steps[-1]
        estimator, prefix = last, f"{prefix}{name}__"
    return estimator, prefix


def group_candidates(estimator, candidates):
    """Return lists of the numbers of candidates that share one fit.

    They differ only in `epochs`. If it is not certain that they can share a fit, each candidate is
    in a list of its own.

    Parameters
    ----------
    estimator : estimator instance
    candidates : list of dict
        Parameters.

    Returns
    -------
    groups : list of list of int
    key : str
        The parameter that is the number of epochs.
    """
    key = f"{find_network(estimator)[1]}epochs"
    groups = {}
    for number, parameters in enumerate(candidates):
        epochs = parameters.get(key)
        if not isinstance(epochs, Integral) or isinstance(epochs, bool) or epochs < 1:
            groups[number] = [number]  # its own fit will raise the error
            continue
        # A grid uses the same object for all candidates with a value.
        rest = frozenset((name, id(value)) for name, value in parameters.items() if name != key)
        groups.setdefault(rest, []).append(number)
    apart = []
    for group in groups.values():
        together = len(group) == 1 or _can_stage(estimator, candidates[group[0]], key)
        apart += [group] if together else [[number] for number in group]
    return apart, key


def fit_and_score(
    estimator,
    X,
    y,
    *,
    candidates,
    key,
    scorer,
    train,
    test,
    fit_params,
    score_params,
    return_train_score,
    error_score,
    verbose,
    caller,
    callback_ctx,
):
    """Fit once, and score candidates that differ only in `key`.

    Parameters
    ----------
    estimator : estimator instance
        A clone; it is fitted.
    candidates : list of dict
        Parameters of each candidate.
    key : str
        The parameter that is the number of epochs.
    **others
        As in scikit-learn's `_fit_and_score`.

    Returns
    -------
    list of dict
        The result of each candidate, as scikit-learn's `_fit_and_score` returns it.
    """
    settings = {
        "scorer": scorer,
        "fit_params": fit_params,
        "score_params": score_params,
        "return_train_score": return_train_score,
        "error_score": error_score,
    }
    if len(candidates) > 1:
        fit = _StagedFit(estimator, candidates, key, X, y, train, test, **settings)
        return fit.run(caller, callback_ctx, verbose)
    [parameters] = candidates
    result = _fit_and_score(
        estimator,
        X,
        y,
        train=train,
        test=test,
        parameters=parameters,
        verbose=verbose,
        return_n_test_samples=True,
        return_times=True,
        caller=caller,
        callback_ctx=callback_ctx,
        **settings,
    )
    return [result]


def _can_stage(estimator, parameters, key):
    """Return whether an epoch of a longer fit is certainly the same as the end of a shorter one."""
    try:
        estimator = clone(estimator).set_params(**clone(parameters, safe=False))
    except ValueError:  # the fit will raise it
        return False
    network, prefix = find_network(estimator)
    if not isinstance(network, NetworkEstimator) or key != f"{prefix}epochs":
        return False
    # A subclass may change the network after the last epoch, and so does an average of weights.
    is_ours = type(network).__module__.startswith("skrnn.")
    if not is_ours or getattr(network.optimizer, "use_ema", False):
        return False
    callbacks = network.callbacks
    callbacks = callbacks if isinstance(callbacks, list | tuple) else [callbacks]
    return all(map(_leaves_the_end_alone, callbacks)) and all(
        type(c).__module__.startswith("sklearn.") for c in vars(network).get("_skl_callbacks", ())
    )


# Callbacks of Keras that do not depend on the number of epochs, nor change weights after the last.
_HARMLESS = (
    "CSVLogger",
    "EarlyStopping",
    "LambdaCallback",
    "LearningRateScheduler",
    "ModelCheckpoint",
    "ReduceLROnPlateau",
    "TensorBoard",
    "TerminateOnNaN",
)


def _leaves_the_end_alone(callback):
    if callback is None:
        return True
    kind = type(callback)
    if not kind.__module__.startswith("keras.") or kind.__name__ not in _HARMLESS:
        return False
    restores = getattr(callback, "restore_best_weights", False)
    return not restores and "on_train_end" not in vars(callback)


class _StagedFit:
    """One fit of the largest number of epochs in a group of candidates.

    Parameters
    ----------
    estimator, candidates, key, X, y, train, test, **settings
        As in `fit_and_score`.
    """

    def __init__(self, estimator, candidates, key, X, y, train, test, **settings):
        self.candidates, self.key, self.settings = candidates, key, settings
        self.epochs = [int(parameters[key]) for parameters in candidates]
        estimator.set_params(**clone(candidates[int(np.argmax(self.epochs))], safe=False))
        self.network, prefix = find_network(estimator)
        # A checkpoint has the end of a fit, not the epochs before that are scored.
        self.checkpoint = self.network.checkpoint
        estimator.set_params(**{f"{prefix}checkpoint": None})
        self.estimator = estimator
        self.fit_params = _check_method_params(X, settings["fit_params"] or {}, train)
        self.train = _safe_split(estimator, X, y, train)
        self.test = _safe_split(estimator, X, y, test, train)
        score_params = settings["score_params"] or {}
        self.score_params_train = _check_method_params(X, score_params, train)
        self.score_params_test = _check_method_params(X, score_params, test)

    def run(self, caller, context, verbose):
        """Return the result of each candidate."""
        start, error = time.perf_counter(), None
        with keeping_epochs(self.network, self.epochs) as kept:
            try:
                self._fit(caller, context)
            except Exception:
                if self.settings["error_score"] == "raise":
                    raise
                error = format_exc()
        seconds = time.perf_counter() - start
        memo, results = _Transforms([self.train[0], self.test[0]]), []
        for parameters, epochs in zip(self.candidates, self.epochs, strict=True):
            network = kept.estimators.get(epochs) if epochs < max(self.epochs) else None
            if network is not None:
                seconds_until = kept.seconds[epochs] - start
                result = self._score(network, epochs, seconds_until, memo)
            elif error is None:  # the last epoch, or one that training did not reach
                result = self._score(self.network, epochs, seconds, memo)
            else:
                result = self._fail(seconds, error)
            if verbose > 1:
                text = ", ".join(f"{name}={value}" for name, value in sorted(parameters.items()))
                print_line(f"[CV] END {text}; score={result['test_scores']}")
            results.append(result)
        return results

    def _fit(self, caller, context):
        weights = self.fit_params.get("sample_weight")
        given = {
            "estimator": caller,
            "X": self.train[0],
            "y": self.train[1],
            "metadata": None if weights is None else {"sample_weight": weights},
        }
        propagated = nullcontext()
        if context is not None:
            propagated = context.propagate_callback_context(self.estimator)
        try:
            with propagated:
                if context is not None:
                    context.call_on_fit_task_begin(**given)
                self.estimator.fit(*self.train, **self.fit_params)
        finally:
            if context is not None:
                context.call_on_fit_task_end(**given)

    def _score(self, network, epochs, seconds, memo):
        network = copy(network)
        network.epochs, network.checkpoint = epochs, self.checkpoint
        estimator = with_network(self.estimator, network, memo)
        scorer, error_score = self.settings["scorer"], self.settings["error_score"]
        start = time.perf_counter()
        scores = _score(estimator, *self.test, scorer, self.score_params_test, error_score)
        result = {
            "fit_error": None,
            "test_scores": scores,
            "n_test_samples": _num_samples(self.test[0]),
            "fit_time": seconds,
            "score_time": time.perf_counter() - start,
        }
        if self.settings["return_train_score"]:
            result["train_scores"] = _score(
                estimator, *self.train, scorer, self.score_params_train, error_score
            )
        return result

    def _fail(self, seconds, error):
        return failure(
            error,
            self.settings["scorer"],
            self.settings["error_score"],
            self.settings["return_train_score"],
            n_test_samples=_num_samples(self.test[0]),
            seconds=seconds,
        )


def failure(error, scorer, error_score, return_train_score, *, n_test_samples, seconds=np.nan):
    """Return the result of a failed fit, as scikit-learn's `_fit_and_score` does."""
    scores = error_score
    if isinstance(scorer, _MultimetricScorer):
        scores = dict.fromkeys(scorer._scorers, error_score)
    result = {
        "fit_error": error,
        "test_scores": scores,
        "n_test_samples": n_test_samples,
        "fit_time": seconds,
        "score_time": 0.0,
    }
    if return_train_score:
        result["train_scores"] = scores if isinstance(scores, Number) else scores.copy()
    return result


def with_network(estimator, network, memo):
    """Return a fitted pipeline with another network as its last step; other steps are shared."""
    if not hasattr(estimator, "steps"):
        return network
    changed = copy(estimator)
    if isinstance(estimator.memory, StoreMemory):
        changed.memory = None  # it belongs to the search
    *others, (name, last) = estimator.steps
    changed.steps = [
        *((other, memo.remembering(step)) for other, step in others),
        (name, with_network(last, network, memo)),
    ]
    return changed


class _Transforms:
    """Steps that transform the same rows only once for several networks.

    Parameters
    ----------
    rows : list
        X of training and test. Only transforms of these objects are remembered.
    """

    def __init__(self, rows):
        self._rows, self._steps = rows, {}

    def remembering(self, step):
        """Return the step with a `transform` that remembers its results."""
        if not hasattr(step, "transform"):
            return step
        if id(step) not in self._steps:
            self._steps[id(step)] = step, self._remember(step)
        return self._steps[id(step)][1]

    def _remember(self, step):
        changed = copy(step)
        changed.transform = _Remembering(step, self._rows)
        return changed


class _Remembering:
    """The method `transform` of a step, with a memory that copies and pickles do not have."""

    def __init__(self, step, rows):
        self._step, self._rows, self._seen = step, rows, {}

    def __call__(self, X, **params):
        transform = self._step.transform
        if params or not any(X is rows for rows in self._rows):
            return transform(X, **params)
        try:
            name = joblib.hash(X)  # not by id: a scorer may change X in place
        except Exception:  # it cannot be pickled
            return transform(X)
        if name not in self._seen:
            self._seen[name] = transform(X)
        return deepcopy(self._seen[name])

    def __reduce__(self):
        return getattr, (self._step, "transform")

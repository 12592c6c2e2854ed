"""Candidates that differ in their epochs only: one fit, scored after each of them."""

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
from skrnn.caching.store import StoreMemory
from skrnn.estimators.base import NetworkEstimator
from skrnn.estimators.kept_epochs import keeping_epochs


def find_network(estimator):
    """Return the estimator that ends a pipeline, and the prefix of its parameters."""
    prefix = ""
    while hasattr(estimator, "steps"):
        name, last = estimator.steps[-1]
        estimator, prefix = last, f"{prefix}{name}__"
    return estimator, prefix


def group_candidates(estimator, candidates):
    """Return lists of candidates' numbers, those in one list being served by one fit.

    They differ in their epochs only. Where that is not known to be enough, each is by itself.

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
            groups[number] = [number]  # a fit of its own, which will tell what is wrong
            continue
        # A grid has the same object in all candidates of a value.
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
    """Fit once and score each of some candidates that differ in `key` only.

    Parameters
    ----------
    estimator : estimator instance
        A clone; it is fitted.
    candidates : list of dict
        Parameters of each.
    key : str
        The parameter that is the number of epochs.
    **others
        As in scikit-learn's `_fit_and_score`.

    Returns
    -------
    list of dict
        For each candidate what scikit-learn's `_fit_and_score` returns.
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
    """Whether an epoch of a longer fit is known to be the end of a shorter one."""
    try:
        estimator = clone(estimator).set_params(**clone(parameters, safe=False))
    except ValueError:  # the fit will tell
        return False
    network, prefix = find_network(estimator)
    if not isinstance(network, NetworkEstimator) or key != f"{prefix}epochs":
        return False
    # A subclass may do more after the last epoch, and so does an average of weights.
    is_ours = type(network).__module__.startswith("skrnn.")
    if not is_ours or getattr(network.optimizer, "use_ema", False):
        return False
    callbacks = network.callbacks
    callbacks = callbacks if isinstance(callbacks, list | tuple) else [callbacks]
    return all(map(_leaves_the_end_alone, callbacks)) and all(
        type(c).__module__.startswith("sklearn.") for c in vars(network).get("_skl_callbacks", ())
    )


# Of Keras: these do not ask how many epochs are to come, nor change weights after the last.
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
    """One fit of the most epochs of a group of candidates.

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
        # A checkpoint tells the end of a fit, not what was scored on the way.
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
            elif error is None:  # the end, or an epoch that the training has not come to
                result = self._score(self.network, epochs, seconds, memo)
            else:
                result = self._fail(seconds, error)
            if verbose > 1:
                told = ", ".join(f"{name}={value}" for name, value in sorted(parameters.items()))
                print(f"[CV] END {told}; score={result['test_scores']}")
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
    """Return the result of a fit that has failed, as scikit-learn's `_fit_and_score` would."""
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
    """Return a fitted pipeline with another network at its end, the other steps being shared."""
    if not hasattr(estimator, "steps"):
        return network
    changed = copy(estimator)
    if isinstance(estimator.memory, StoreMemory):
        changed.memory = None  # it was the search's
    *others, (name, last) = estimator.steps
    changed.steps = [
        *((other, memo.remembering(step)) for other, step in others),
        (name, with_network(last, network, memo)),
    ]
    return changed


class _Transforms:
    """Steps that transform the same rows once, however many networks read them.

    Parameters
    ----------
    rows : list
        The rows that are remembered, X of training and test. What a scorer makes of them is not.
    """

    def __init__(self, rows):
        self._rows, self._steps = rows, {}

    def remembering(self, step):
        """Return the step, such that `transform` remembers what it has been given."""
        if not hasattr(step, "transform"):
            return step
        if id(step) not in self._steps:
            self._steps[id(step)] = step, self._remember(step)
        return self._steps[id(step)][1]

    def _remember(self, step):
        one = copy(step)
        one.transform = _Remembering(step, self._rows)
        return one


class _Remembering:
    """The method `transform` of a step, for as long as it is not copied."""

    def __init__(self, step, rows):
        self._step, self._rows, self._seen = step, rows, {}

    def __call__(self, X, **params):
        transform = self._step.transform
        if params or not any(X is rows for rows in self._rows):
            return transform(X, **params)
        try:
            name = joblib.hash(X)  # a scorer may change it in place
        except Exception:  # of a kind that cannot be pickled
            return transform(X)
        if name not in self._seen:
            self._seen[name] = transform(X)
        return deepcopy(self._seen[name])

    def __reduce__(self):
        return getattr, (self._step, "transform")

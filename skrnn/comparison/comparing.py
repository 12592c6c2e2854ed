"""`compare`: fit and score all estimators on all splits."""

import warnings
from collections.abc import Mapping, Sequence
from numbers import Integral
from typing import Any, Literal

import numpy as np
from sklearn.exceptions import FitFailedWarning
from sklearn.metrics import check_scoring
from sklearn.model_selection import check_cv
from sklearn.utils import indexable
from sklearn.utils.parallel import Parallel, delayed

from skrnn.comparison.foreign import CLASSIFIER, REGRESSOR, WithTags, has_tags, kind_of
from skrnn.comparison.measuring import mean_row, measure
from skrnn.comparison.result import Comparison
from skrnn.exceptions import InvalidInputError, InvalidTypeError
from skrnn.sequences import plain_column, refuse_mask


def compare(
    estimators: Mapping[str, Any] | Sequence[Any],
    X: Any,
    y: Any,
    *,
    cv: Any = None,
    scoring: Any = None,
    groups: Any = None,
    n_jobs: int | None = None,
    error_score: Literal["raise"] | float = "raise",
) -> "Comparison":
    """Compare estimators on the same splits: scores, seconds and sizes.

    Each estimator is cloned, fitted and scored by
    :func:`~sklearn.model_selection.cross_validate` on each split. The splits are
    drawn once. All estimators run on a split before the next one, so that a
    machine that becomes slower during the run affects all of them.

    Parameters
    ----------
    estimators : mapping of str to estimator, or list
        The estimators to compare: ``{name: estimator}``, or a list of estimators
        and ``(name, estimator)`` pairs. An estimator without a name gets the
        name of its class in lower case, as in
        :func:`~sklearn.pipeline.make_pipeline`, followed by "-1", "-2", ... if
        several have the same class. They are classifiers or regressors, also
        of libraries that lack scikit-learn's tags, such as sktime.

    X : array-like of shape (n_samples,) or (n_samples, ...)
        The data, in any form that all the estimators accept and scikit-learn
        can index: a list of strings, an array, a sparse matrix, a column of a
        data frame, a list of arrays of different lengths, or an array of shape
        (n_samples, n_timesteps, n_channels). An estimator that needs another
        form gets it in a pipeline, from a
        :class:`~sklearn.preprocessing.FunctionTransformer`.

    y : array-like of shape (n_samples,) or (n_samples, n_outputs)
        The target.

    cv : int, splitter or iterable of (train, test) pairs, default=None
        As in :func:`~sklearn.model_selection.cross_validate`: None for 5
        folds, an int for that many, stratified if one of the estimators is a
        classifier. A single holdout is ``[(train_indices, test_indices)]``.

    scoring : str, callable, list, tuple or dict, default=None
        As in :func:`~sklearn.model_selection.cross_validate`; None is the
        `score` method of each estimator: the accuracy of classifiers, R² of
        regressors. Greater scores are better, as everywhere in scikit-learn
        ("neg_log_loss", "neg_root_mean_squared_error", ...).

    groups : array-like of shape (n_samples,), default=None
        Groups for a splitter such as
        :class:`~sklearn.model_selection.GroupKFold`.

    n_jobs : int or None, default=None
        Number of fits at the same time. Scores do not depend on it, but
        seconds do, since the fits compete for the processor: use None to
        measure times.

    error_score : "raise" or float, default="raise"
        If "raise", the error of an estimator that fails on a split is raised,
        with a note that names the estimator. If a number (usually NaN), it is
        the score of that split, and there is one
        :class:`~sklearn.exceptions.FitFailedWarning` for each such estimator.

    Returns
    -------
    comparison : Comparison
        One row (a dict) for each estimator, in the same order. It prints as a
        table. The keys are

        - ``"estimator"``: its name;
        - ``"test_score"`` and ``"test_score_std"``: mean and (population)
          standard deviation over the splits. If `scoring` has names, there is
          one pair for each scorer, ``"test_<name>"``;
        - ``"fit_seconds"``: mean time of `fit`;
        - ``"predict_seconds"``: mean time of `predict` on the whole test set.
          This is the first call after `fit`, separate from scoring: with
          several scorers, or one that needs probabilities, scikit-learn's
          score time is not the time of a prediction;
        - ``"pickled_bytes"``: mean size of the pickled estimator, NaN if it
          cannot be pickled.

    Raises
    ------
    TypeError
        If `estimators` is neither a mapping nor a list, a name is not a
        string, or an estimator has no `fit` or `predict`.

    ValueError
        If there are no estimators, two have the same name, X and y have
        different lengths, or a split is not a pair of index arrays. Also if
        `scoring` is None and there are classifiers and regressors, since
        accuracy and R² cannot be compared.

    Examples
    --------
    >>> from sklearn.datasets import load_digits
    >>> from sklearn.dummy import DummyClassifier
    >>> from sklearn.naive_bayes import GaussianNB
    >>> from skrnn.comparison import compare
    >>> X, y = load_digits(return_X_y=True)
    >>> result = compare({"constant": DummyClassifier(), "Bayes": GaussianNB()}, X, y, cv=3)
    >>> [row["estimator"] for row in result]
    ['constant', 'Bayes']
    >>> round(result["Bayes"]["test_score"], 2)
    0.81
    """
    named = _named(estimators)
    if isinstance(X, str | bytes):
        raise InvalidInputError(f"X is a single {type(X).__name__}. Pass a list of documents.")
    refuse_mask(y, "y")
    X, y, groups = indexable(*map(plain_column, (X, y, groups)))
    if not isinstance(error_score, int | float) and error_score != "raise":
        raise InvalidInputError(f"error_score must be 'raise' or a number, got {error_score!r}.")
    kinds = {name: kind_of(estimator) for name, estimator in named}
    if scoring is None:
        _check_one_kind(kinds)
    named = [(name, e if has_tags(e) else WithTags(e)) for name, e in named]
    for _, estimator in named:  # a misspelt scorer is an error before the first long fit
        check_scoring(estimator, scoring=scoring)
    splits = _splits(cv, X, y, groups, classifier=CLASSIFIER in kinds.values())

    measured = Parallel(n_jobs=n_jobs)(
        delayed(measure)(name, estimator, X, y, number, split, scoring, error_score)
        for number, split in enumerate(splits)
        for name, estimator in named
    )
    # The results of an estimator are len(named) apart.
    folds = {name: measured[i :: len(named)] for i, (name, _) in enumerate(named)}
    _warn_of_failures(folds, error_score)
    scores = list(
        dict.fromkeys(key for fold in measured for key in fold if key.startswith("test_"))
    )
    # The names of the scores are unknown only if every estimator failed on every split.
    scores = scores or ["test_score"]
    return Comparison(
        [mean_row(name, folds[name], scores, error_score) for name, _ in named],
        n_splits=len(splits),
    )


def _named(estimators):
    """Check the estimators and return a list of (name, estimator)."""
    if hasattr(estimators, "fit"):
        raise InvalidTypeError(
            f"estimators is a single {type(estimators).__name__}. Pass a list of estimators or "
            "a mapping of names to estimators."
        )
    if isinstance(estimators, Mapping):
        items = list(estimators.items())
    elif isinstance(estimators, list | tuple):
        items = [item if isinstance(item, tuple) else (None, item) for item in estimators]
    else:
        raise InvalidTypeError(
            "estimators must be a mapping of names to estimators or a list, got "
            f"{type(estimators).__name__}."
        )
    if not items:
        raise InvalidInputError("estimators is empty. Pass at least one estimator.")
    for item in items:
        if len(item) != 2:
            raise InvalidTypeError(
                f"expected an estimator or a (name, estimator) pair, got {item!r}."
            )
        name, estimator = item
        if not isinstance(name, str | None):
            raise InvalidTypeError(f"names of estimators must be strings, got {name!r}.")
        which = "an estimator" if name is None else f"estimator {name!r}"
        if isinstance(estimator, type):
            raise InvalidTypeError(
                f"{which} is the class {estimator.__name__}. Pass an instance: "
                f"{estimator.__name__}()."
            )
        for method in ("fit", "predict"):
            if not hasattr(estimator, method):
                raise InvalidTypeError(f"{which} has no {method!r} method: {estimator!r}.")

    given = [name for name, _ in items if name is not None]
    repeated = sorted({name for name in given if given.count(name) > 1})
    if repeated:
        raise InvalidInputError(
            f"names of estimators must differ, but these occur twice: {', '.join(repeated)}."
        )
    kinds = [type(estimator).__name__.lower() for name, estimator in items if name is None]
    taken = set(given)
    named = []
    for name, estimator in items:
        if name is None:
            kind = type(estimator).__name__.lower()
            name, number = kind, 0
            while name in taken or (number == 0 and kinds.count(kind) > 1):
                number += 1
                name = f"{kind}-{number}"
            taken.add(name)
        named.append((name, estimator))
    return named


def _check_one_kind(kinds):
    """Raise an error if there are classifiers and regressors."""
    first = {kind: name for name, kind in reversed(kinds.items())}
    if CLASSIFIER in first and REGRESSOR in first:
        raise InvalidInputError(
            f"{first[CLASSIFIER]!r} is a classifier and {first[REGRESSOR]!r} is a regressor. Their "
            "scores, accuracy and R², cannot be compared. Pass estimators of one kind, or a "
            "scorer of both as scoring."
        )


def _splits(cv, X, y, groups, *, classifier):
    """Return all splits as a list of (train, test) index arrays."""
    if cv is None or isinstance(cv, Integral) or hasattr(cv, "split"):
        return list(check_cv(cv, y, classifier=classifier).split(X, y, groups))
    splits = list(cv)
    if not splits:
        raise InvalidInputError("cv has no splits.")
    for number, split in enumerate(splits):
        shapes = [np.shape(part) for part in split] if np.ndim(split[0]) else []
        if len(shapes) != 2 or any(len(shape) != 1 or shape[0] == 0 for shape in shapes):
            raise InvalidInputError(
                f"split {number} of cv must be a pair of index arrays (train, test), both not "
                "empty. Write a single holdout as cv=[(train, test)]."
            )
    return splits


def _warn_of_failures(folds, error_score):
    """Issue one warning for each estimator that failed on a split."""
    # Not in the worker process, which does not have the caller's warning filters.
    for name, results in folds.items():
        errors = [fold["error"] for fold in results if "error" in fold]
        if errors:
            warnings.warn(
                f"estimator {name!r} failed on {len(errors)} of {len(results)} splits. Their score "
                f"is {error_score}. The first error was {errors[0]}",
                FitFailedWarning,
                stacklevel=3,
            )

"""Grid search that trains candidates which differ only in `epochs` once."""

import os
import time
import uuid
from functools import partial
from numbers import Integral, Real

import numpy as np
from sklearn.base import clone, is_classifier
from sklearn.model_selection import GridSearchCV, ParameterGrid, check_cv
from sklearn.pipeline import Pipeline
from sklearn.utils.validation import indexable

from skrnn._sklearn_compat import (
    StrOptions,
    _BaseScorer,
    _check_method_params,
    _fit_context,
    _insert_error_scores,
    _MultimetricScorer,
    _warn_or_raise_about_fit_failures,
)
from skrnn.backend.standard_output import print_line
from skrnn.caching.store import Store, StoreMemory, sharing
from skrnn.exceptions import InvalidInputError, UnknownObjectError
from skrnn.printing import BriefParameters
from skrnn.search.plan import FitPlan
from skrnn.search.results import ResultFolder
from skrnn.search.staged_fit import fit_and_score
from skrnn.search.workers import check_picklable, run_tasks
from skrnn.sequences.warning import warn_caller


class EpochSearchCV(BriefParameters, GridSearchCV):
    """Grid search with the same scores as GridSearchCV, but less training.

    It replaces :class:`sklearn.model_selection.GridSearchCV` for a :class:`skrnn.RNNClassifier`,
    or a Pipeline that ends in one:

    - candidates that differ only in `epochs` share one fit. They are scored after their number of
      epochs, since the state after epoch k is the same as at the end of a fit of k epochs;
    - each process computes only once what the candidates of a fold have in common: the steps
      before the network, n-grams and word vectors;
    - if a worker process is killed or runs out of memory, its fit is repeated. A fit that ends its
      worker twice counts as failed (`error_score`);
    - with `checkpoint`, a search that was killed continues where it was.

    Parameters
    ----------
    estimator : estimator instance
        As in GridSearchCV. Any estimator is possible. Searching over epochs is free if a network
        is the last step of the pipeline, or of a pipeline that is the last step.
    param_grid : dict or list of dict
        As in GridSearchCV, e.g. ``{"rnnclassifier__units": [32, 64], "rnnclassifier__epochs":
        range(1, 11)}``.
    scoring : str, callable, list, tuple or dict, default=None
        As in GridSearchCV.
    n_jobs : int, default=None
        As in GridSearchCV, also on a Dask or Ray cluster with :func:`joblib.parallel_config`.
    refit : bool, str or callable, default=True
        As in GridSearchCV.
    cv : int, cross-validation generator or an iterable, default=None
        As in GridSearchCV.
    verbose : int, default=0
        As in GridSearchCV.
    pre_dispatch : int or str, default="2*n_jobs"
        As in GridSearchCV.
    error_score : "raise" or float, default=np.nan
        As in GridSearchCV, also for a fit that ends its worker process.
    return_train_score : bool, default=False
        As in GridSearchCV.
    checkpoint : path or None, default=None
        A folder for the scores of each finished fit. The same search (estimator, parameters,
        data, splits, scoring and versions) continues from there, even after it was killed. Your
        own functions and classes count by their code and by everything that it names: functions
        that it calls, globals, modules. If that cannot be followed, since code evaluates text or
        reads files or the environment, a warning says so, and no result is used or kept. Other
        searches can use the same folder. The refit is not kept: set `checkpoint` of the network,
        too, which has no effect on the fits that are scored.

    Attributes
    ----------
    cv_results_ : dict of str to ndarray
        As in GridSearchCV, with a row for each candidate, in the order of the grid. "mean_fit_time"
        is the time until the end of the candidate's last epoch.
    best_estimator_ : estimator
        The estimator fitted on all rows with the best parameters, if `refit` is not False.
    best_score_ : float
        Mean score of the best candidate.
    best_params_ : dict
        Parameters of the best candidate, including the epochs.
    best_index_ : int
        Row of the best candidate in `cv_results_`.
    scorer_ : function or dict of str to function
        The scorers.
    n_splits_ : int
        Number of folds.
    refit_time_ : float
        Seconds for the refit.
    multimetric_ : bool
        Whether there are several scores.
    classes_ : ndarray of shape (n_classes,)
        Classes of `best_estimator_`.
    n_features_in_ : int
        Number of features of `best_estimator_`.
    feature_names_in_ : ndarray of shape (`n_features_in_`,)
        Names of the features of `best_estimator_`.
    n_resumed_ : int
        Number of fits whose scores came from `checkpoint`.

    See Also
    --------
    sklearn.model_selection.HalvingGridSearchCV : With ``resource="rnnclassifier__epochs"`` and a
        `checkpoint` of the network, each round continues from the weights of the one before.

    Notes
    -----
    The network can have callbacks of Keras that stop training or change the learning rate.
    Callbacks of other classes may depend on the number of epochs: with these, candidates do not
    share fits.

    A fit keeps the weights of all epochs to be scored in memory until they are scored.

    Examples
    --------
    >>> from skrnn import EpochSearchCV, RNNClassifier, TextToSequence, make_reviews
    >>> from sklearn.pipeline import make_pipeline
    >>> reviews, labels = make_reviews(200, random_state=0)
    >>> pipe = make_pipeline(TextToSequence(), RNNClassifier(units=4, random_state=0))
    >>> grid = {"rnnclassifier__dropout": [0.0, 0.5], "rnnclassifier__epochs": [1, 2, 3]}
    >>> search = EpochSearchCV(pipe, grid, cv=3).fit(reviews, labels)
    >>> len(search.cv_results_["mean_test_score"])
    6
    """

    _parameter_constraints: dict = {  # noqa: RUF012 (scikit-learn's own way to declare them)
        **GridSearchCV._parameter_constraints,
        "error_score": [StrOptions({"raise"}), Real],
        "pre_dispatch": [Integral, str],
        "checkpoint": [str, os.PathLike, None],
    }

    def __init__(
        self,
        estimator,
        param_grid,
        *,
        scoring=None,
        n_jobs=None,
        refit=True,
        cv=None,
        verbose=0,
        pre_dispatch="2*n_jobs",
        error_score=np.nan,
        return_train_score=False,
        checkpoint=None,
    ):
        super().__init__(
            estimator,
            param_grid,
            scoring=scoring,
            n_jobs=n_jobs,
            refit=refit,
            cv=cv,
            verbose=verbose,
            pre_dispatch=pre_dispatch,
            error_score=error_score,
            return_train_score=return_train_score,
        )
        self.checkpoint = checkpoint

    @_fit_context(prefer_skip_nested_validation=False)
    def fit(self, X, y=None, **params):
        """Fit and score all candidates on all folds, then fit the best on all rows.

        Parameters
        ----------
        X : array-like, or list of str
            Rows, in a form that the estimator accepts.
        y : array-like of shape (n_samples,) or (n_samples, n_labels), default=None
            Targets.
        **params : dict
            As in GridSearchCV: passed to `fit` of the estimator, to the scorer and the splitter.
            Parameters with one value per row are split like the rows.

        Returns
        -------
        self : EpochSearchCV
            The fitted search.

        Raises
        ------
        ValueError
            As in GridSearchCV, also if all fits fail.
        """
        scorers, refit_metric = self._get_scorers()
        X, y = indexable(X, y)
        params = _check_method_params(X, params=params)
        routed = self._get_routed_params_for_fit(params)
        weights = params.get("sample_weight")
        given = {
            "X": X,
            "y": y,
            "metadata": None if weights is None else {"sample_weight": weights},
        }
        context = self._init_callback_context(max_subtasks=1 + (self.refit is not False))
        context.call_on_fit_task_begin(estimator=self, **given)

        self._checked_cv_orig = check_cv(self.cv, y, classifier=is_classifier(self.estimator))
        splits = list(self._checked_cv_orig.split(X, y, **routed.splitter.split))
        self.n_splits_ = len(splits)
        candidates = list(ParameterGrid(self.param_grid))
        out = self._evaluate(X, y, candidates, splits, scorers, routed, context)
        _warn_or_raise_about_fit_failures(out, self.error_score)
        if callable(self.scoring):
            _insert_error_scores(out, self.error_score)
        results = self._format_results(candidates, self.n_splits_, out)
        self._choose(results, out[0]["test_scores"], refit_metric)
        if self.refit:
            self._refit(X, y, routed, context, given)
        is_many = isinstance(scorers, _MultimetricScorer)
        self.scorer_ = scorers._scorers if is_many else scorers
        self.cv_results_ = results
        context.call_on_fit_task_end(estimator=self, **given)
        return self

    def _evaluate(self, X, y, candidates, splits, scorers, routed, context):
        """Return the result of each fit, with the folds of a candidate next to each other."""
        if not candidates or not splits:
            raise InvalidInputError(
                f"No fits were performed: there are {len(candidates)} candidates and "
                f"{len(splits)} splits."
            )
        params = {"fit": dict(routed.estimator.fit), "score": dict(routed.scorer.score)}
        check_picklable(self.estimator, candidates, {"scoring": scorers, **params}, self.n_jobs)
        base = clone(self.estimator)
        plan = FitPlan(base, candidates, splits)
        if self.verbose > 0:
            print_line(
                f"Fitting {len(splits)} folds for each of {len(candidates)} candidates in "
                f"{len(plan.left)} fits"
            )
        folder = self._open_folder(plan, base, X, y, routed)
        search = context.subcontext(
            task_name="search", max_subtasks=len(plan.left), sequential_subtasks=False
        ).call_on_fit_task_begin(estimator=self)
        self.n_resumed_ = plan.resume(folder)
        settings = {
            "scorer": scorers,
            "fit_params": routed.estimator.fit,
            "score_params": routed.scorer.score,
            "return_train_score": self.return_train_score,
            "error_score": self.error_score,
            "verbose": self.verbose,
            "caller": self,
        }
        token = uuid.uuid4().hex
        tasks = {}
        for name in plan.left:
            # All contexts are made here, since they are parts of a tree in this process.
            task = search.subcontext(
                task_name="candidate-split-evaluation", task_id=plan.number(name)
            )
            about = {**settings, **plan.describe(name), "callback_ctx": task}
            tasks[name] = partial(_fit_and_score_sharing, token, clone(base), X, y, **about)

        def on_result(name, results):
            plan.take(name, results, folder, self.error_score)

        def on_death(name, error):
            if self.error_score == "raise":
                raise error
            plan.give_up(name, error, scorers, self.error_score, self.return_train_score)

        try:
            run_tasks(
                tasks,
                n_jobs=self.n_jobs,
                pre_dispatch=self.pre_dispatch,
                on_result=on_result,
                on_death=on_death,
            )
        finally:
            _forget(token)
        search.call_on_fit_task_end(estimator=self)
        return plan.in_order()

    def _open_folder(self, plan, base, X, y, routed):
        if self.checkpoint is None:
            return None
        scoring = self.scoring
        if isinstance(scoring, dict):
            scoring = {name: _tell_scorer(one) for name, one in scoring.items()}
        common = [base, _tell_scorer(scoring), self.return_train_score]
        data = [X, y], [dict(routed.estimator.fit), dict(routed.scorer.score)]
        try:
            folder = ResultFolder(self.checkpoint, common, data)
            for name in plan.left:
                folder.name(*plan.inputs(name))
        except UnknownObjectError as error:
            warn_caller(
                "This search neither uses the results in checkpoint= nor keeps its own, since it "
                f"cannot be known whether these are of the same search: {error} Use parameters and "
                "rows that can be pickled, and code that does not read what may change, or set "
                "checkpoint=None to silence this warning.",
                UserWarning,
            )
            return None
        return folder

    def _choose(self, results, first_scores, refit_metric):
        self.multimetric_ = isinstance(first_scores, dict)
        if callable(self.scoring) and self.multimetric_:
            self._check_refit_for_multimetric(first_scores)
            refit_metric = self.refit
        if self.refit or not self.multimetric_:
            self.best_index_ = self._select_best_index(self.refit, refit_metric, results)
            if not callable(self.refit):
                self.best_score_ = results[f"mean_test_{refit_metric}"][self.best_index_]
            self.best_params_ = results["params"][self.best_index_]

    def _refit(self, X, y, routed, context, given):
        best = clone(self.estimator).set_params(**clone(self.best_params_, safe=False))
        task = context.subcontext(task_name="refit-with-best-params")
        with task.propagate_callback_context(best):
            task.call_on_fit_task_begin(estimator=self, **given)
            start = time.perf_counter()
            best.fit(X, y, **routed.estimator.fit)
            self.refit_time_ = time.perf_counter() - start
        self.best_estimator_ = best
        if hasattr(best, "feature_names_in_"):
            self.feature_names_in_ = best.feature_names_in_
        task.call_on_fit_task_end(estimator=self, **given)


def _tell_scorer(scoring):
    """Return a value that is the same for equal scorers only."""
    if not isinstance(scoring, _BaseScorer):
        return scoring
    return [type(scoring), {k: v for k, v in vars(scoring).items() if k != "_scorers"}]


# The store of the search that this process works for. A worker does not know when a search ends.
_stores: dict = {}


def _fit_and_score_sharing(token, estimator, X, y, *, candidates, **others):
    """Fit and score, and share results with other candidates on the same rows."""
    if token not in _stores:
        _stores.clear()
    store = _stores.setdefault(token, Store())
    with sharing(store):
        if isinstance(estimator, Pipeline) and estimator.memory is None:
            estimator.memory = StoreMemory(store)
        return fit_and_score(estimator, X, y, candidates=candidates, **others)


def _forget(token):
    _stores.pop(token, None)

"""Linear models with one output for each class or number, fitted by cross-fitting.

They are what :class:`skrnn.ngrams.NgramModel` fits: for each output, an NB-SVM or a ridge
regression.
"""

import numpy as np
from scipy.special import log_expit

from skrnn.backend.threads import one_blas_thread
from skrnn.baselines.nbsvm import NBSVMClassifier
from skrnn.baselines.ridge import PENALTIES, fit_ridge, row_norms

# C of NB-SVM is this, divided by the mean number of n-grams of a document, as if documents were
# scaled to the same length. Cross-validation on training rows chose C = 0.1 for the reviews of
# IMDb, with 400 n-grams, and 3 for the questions of TREC, with ten words.
PENALTY = 50.0


def fit_classes(X, y, sample_weight, folds):
    """Fit NB-SVM for each output.

    Returns
    -------
    scores : ndarray of shape (n_samples, n_outputs), float32
        Of each row, by a model that has not seen it.
    of_folds : list of tuple (rows, coef)
        The coefficients by which the rows of a fold are scored.
    model : tuple (coef, None, intercept)
        Of all rows, float32.
    """
    scores, of_folds = np.zeros(y.shape, np.float32), []
    C = PENALTY * X.shape[0] / X.nnz
    for train, rest in folds:
        coef, intercept = _fit_linear(X[train], y[train], sample_weight[train], C)
        scores[rest] = X[rest] @ coef.T + intercept
        of_folds.append((rest, coef))
    coef, intercept = _fit_linear(X, y, sample_weight, C)
    return scores, of_folds, (coef, None, intercept)


def fit_numbers(X, y, sample_weight, folds):
    """Fit a ridge regression for each output; see `fit_classes` for what is returned.

    The model has squared weights instead of None. The penalty is the one with the smallest squared
    error on the rows of the folds.
    """
    scores = np.zeros(y.shape, np.float32)
    shape = (y.shape[1], X.shape[1])
    coef, sizes = np.zeros(shape, np.float32), np.zeros(shape, np.float32)
    intercept = np.zeros(y.shape[1], np.float32)
    of_folds = [(rest, np.zeros(shape, np.float32)) for _, rest in folds]
    for k in range(y.shape[1]):
        target = y[:, k].astype(np.float64)
        weights = sample_weight if sample_weight.ndim == 1 else sample_weight[:, k]
        weights = weights.astype(np.float64)
        found = np.zeros((len(PENALTIES), len(y)))
        paths = []
        for train, rest in folds:
            paths.append(fit_ridge(X[train], target[train], weights[train]))
            for i in range(len(PENALTIES)):
                of_one, squares, constant = paths[-1].model(i)
                found[i, rest] = X[rest] @ of_one / row_norms(X[rest] @ squares) + constant
        best = int(((found - target) ** 2 @ weights).argmin())
        scores[:, k] = found[best]
        for (_, of_fold), path in zip(of_folds, paths, strict=True):
            of_fold[k] = path.model(best)[0]
        whole = fit_ridge(X, target, weights, PENALTIES[[best]])
        coef[k], sizes[k], intercept[k] = whole.model(0)
    return scores, of_folds, (coef, sizes, intercept)


def _fit_linear(X, y, sample_weight, C):
    """Return coefficients (n_outputs, n_ngrams) and intercepts, of one binary model per output."""
    n_outputs = y.shape[1]
    coef = np.zeros((n_outputs, X.shape[1]), np.float32)
    intercept = np.zeros(n_outputs, np.float32)
    for k in range(n_outputs):
        target, features = y[:, k], X
        weights = sample_weight if sample_weight.ndim == 1 else sample_weight[:, k]
        if not weights.all():  # a row may count for some outputs only
            used = weights > 0
            target, features, weights = target[used], features[used], weights[used]
        if target.all() or not target.any():
            # One class only: nothing to learn, so use a moderate score, as from a few rows.
            intercept[k] = 2.0 if len(target) and target.all() else -2.0
            continue
        # The order in which BLAS adds, and so the last bits, depend on its number of threads.
        with one_blas_thread():
            model = NBSVMClassifier(C=C).fit(features, target, weights)
        coef[k], intercept[k] = model.coef_[0], model.intercept_[0]
    return coef, intercept


def log_losses(scores, y, sample_weight):
    """Return the weighted sum of the log-losses of log-odds, all outputs together.

    Parameters
    ----------
    scores : ndarray of shape (n_samples, n_outputs)
    y : ndarray of shape (n_samples, n_outputs) of bool
    sample_weight : ndarray of shape (n_samples,) or (n_samples, n_outputs)
    """
    weights = sample_weight if sample_weight.ndim == 2 else sample_weight[:, None]
    return float(-(weights * log_expit(np.where(y, scores, -scores))).sum(dtype=np.float64))

"""NB-SVM: logistic regression on features scaled by their log-count ratio."""

import reprlib
from numbers import Integral, Real

import numpy as np
from scipy.special import log_expit, softmax
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.linear_model import LogisticRegression
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import check_is_fitted, check_non_negative, validate_data

from skrnn._sklearn_compat import Interval, _check_sample_weight
from skrnn.baselines.log_count_ratio import LogCountRatio
from skrnn.exceptions import InvalidInputError
from skrnn.printing import BriefParameters
from skrnn.sequences import plain_column, refuse_mask


class NBSVMClassifier(BriefParameters, ClassifierMixin, BaseEstimator):
    r"""Logistic regression on features scaled by their log-count ratio.

    NB-SVM of Wang and Manning [1]_ with the logistic loss instead of the
    hinge loss, so that it has probabilities. There is one binary model for
    each class against the rest, and a single one for two classes. Since

    .. math:: \mathbf w^\top (\mathbf r \circ \mathbf f) + b
              = (\mathbf w \circ \mathbf r)^\top \mathbf f + b,

    the ratio is multiplied into the coefficients after fitting: a prediction
    is one product, and `coef_` has the weights of the features themselves.

    Parameters
    ----------
    alpha : float, default=1.0
        Smoothing of the counts, see :class:`LogCountRatio`.

    C : float, default=0.1
        Inverse strength of the L2 penalty of the logistic regression.

    max_iter : int, default=1000
        Maximum number of iterations of the solver (L-BFGS).

    Attributes
    ----------
    classes_ : ndarray of shape (n_classes,)
        The labels, sorted.

    coef_ : ndarray of shape (1, n_features) or (n_classes, n_features)
        Weights of the features, w * r. There is one row for two classes.

    intercept_ : ndarray of shape (1,) or (n_classes,)
        The intercepts b.

    n_iter_ : ndarray of shape (1,) or (n_classes,)
        Number of iterations of the solver.

    n_features_in_ : int
        Number of features seen in ``fit``.

    feature_names_in_ : ndarray of shape (`n_features_in_`,)
        Names of the features seen in ``fit``. Defined only if all feature names of
        X are strings.

    References
    ----------
    .. [1] S. Wang and C. D. Manning, "Baselines and Bigrams: Simple, Good
       Sentiment and Topic Classification", ACL 2012, pp. 90-94.

    Examples
    --------
    >>> from skrnn.baselines import NBSVMClassifier
    >>> counts = [[1, 0, 1], [1, 0, 1], [0, 1, 1], [0, 1, 1]]
    >>> clf = NBSVMClassifier().fit(counts, ["pos", "pos", "neg", "neg"])
    >>> clf.predict([[1, 0, 0], [0, 1, 0]])
    array(['pos', 'neg'], dtype='<U3')
    """

    _parameter_constraints = {  # noqa: RUF012
        "alpha": [Interval(Real, 0, None, closed="neither")],
        "C": [Interval(Real, 0, None, closed="neither")],
        "max_iter": [Interval(Integral, 1, None, closed="left")],
    }

    def __init__(self, *, alpha=1.0, C=0.1, max_iter=1000):
        self.alpha = alpha
        self.C = C
        self.max_iter = max_iter

    def fit(self, X, y, sample_weight=None):
        """Fit a log-count ratio and a logistic regression for each class.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Counts or indicators, not negative. For sentiment, the paper uses
            indicators (``CountVectorizer(binary=True)``).

        y : array-like of shape (n_samples,)
            Labels of at least two classes.

        sample_weight : array-like of shape (n_samples,), default=None
            Weight of each document in the counts and in the loss, as if it
            occurred that many times. As in scikit-learn, larger weights mean
            less regularization, relative to `alpha` and `C`: scale them to a
            mean of 1 if only their proportions should count.

        Returns
        -------
        self : NBSVMClassifier
            The fitted classifier.

        Raises
        ------
        ValueError
            If `y` has only one class, or `X` has negative values.
        """
        self._validate_params()
        y = _checked(y, sample_weight)
        X, y = validate_data(self, X, y, accept_sparse="csr", dtype=np.float64)
        check_non_negative(X, "NBSVMClassifier.fit")
        check_classification_targets(y)
        classes = np.unique(y)
        if len(classes) < 2:
            raise InvalidInputError(
                "NBSVMClassifier needs at least two classes, but y has one class: "
                f"{reprlib.repr(classes.tolist()[0])}."
            )
        if sample_weight is not None:
            sample_weight = _check_sample_weight(sample_weight, X, ensure_non_negative=True)
        coef, intercept, n_iter = [], [], []
        for positive in classes[1:] if len(classes) == 2 else classes:
            target = y == positive
            # An array, whatever scikit-learn's transform_output is.
            scale = LogCountRatio(alpha=self.alpha).set_output(transform="default")
            scale.fit(X, target, sample_weight)
            # L-BFGS, unlike liblinear, needs no random numbers and does not penalize the intercept.
            linear = LogisticRegression(C=self.C, max_iter=self.max_iter)
            linear.fit(scale.transform(X), target, sample_weight)
            coef.append(linear.coef_[0] * scale.log_count_ratio_)
            intercept.append(linear.intercept_[0])
            n_iter.append(linear.n_iter_[0])
        self.classes_ = classes
        self.coef_ = np.array(coef)
        self.intercept_ = np.array(intercept)
        self.n_iter_ = np.array(n_iter)
        return self

    def score(self, X, y, sample_weight=None):
        """Return the accuracy.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Counts or indicators.

        y : array-like of shape (n_samples,)
            The labels.

        sample_weight : array-like of shape (n_samples,), default=None
            Weights of the documents.

        Returns
        -------
        score : float
        """
        return super().score(X, _checked(y, sample_weight), sample_weight)

    def decision_function(self, X):
        """Return the log-odds of each class against the rest.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Counts or indicators.

        Returns
        -------
        decision : ndarray of shape (n_samples,) or (n_samples, n_classes)
            For two classes, the log-odds of ``classes_[1]``.
        """
        check_is_fitted(self)
        X = validate_data(self, X, accept_sparse="csr", dtype=np.float64, reset=False)
        decision = X @ self.coef_.T + self.intercept_
        return decision[:, 0] if len(self.classes_) == 2 else decision

    def predict(self, X):
        """Predict the label of each document.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Counts or indicators.

        Returns
        -------
        y : ndarray of shape (n_samples,)
            The labels.
        """
        decision = self.decision_function(X)
        index = (decision > 0).astype(int) if decision.ndim == 1 else decision.argmax(axis=1)
        return self.classes_[index]

    def predict_log_proba(self, X):
        """Return the logarithm of the probability of each class.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Counts or indicators.

        Returns
        -------
        log_proba : ndarray of shape (n_samples, n_classes)
            Columns in the order of `classes_`.
        """
        decision = self.decision_function(X)
        if decision.ndim == 1:
            return np.column_stack([log_expit(-decision), log_expit(decision)])
        # Normalized in logarithms: if every class is improbable, the sigmoids underflow to 0/0.
        log_each = log_expit(decision)
        return log_each - np.logaddexp.reduce(log_each, axis=1, keepdims=True)

    def predict_proba(self, X):
        """Return the probability of each class.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Counts or indicators.

        Returns
        -------
        proba : ndarray of shape (n_samples, n_classes)
            Columns in the order of `classes_`; each row sums to 1. For more
            than two classes, these are the one-vs-rest probabilities divided
            by their sum.
        """
        return softmax(self.predict_log_proba(X), axis=1)

    def __sklearn_tags__(self):  # noqa: D105
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = True
        tags.input_tags.positive_only = True
        return tags


def _checked(y, sample_weight):
    """Return labels that scikit-learn reads rightly, or raise ValueError if any are masked."""
    refuse_mask(y, "y")
    refuse_mask(sample_weight, "sample_weight")
    return plain_column(y)

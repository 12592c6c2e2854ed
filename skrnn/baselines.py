"""The classic rivals of a recurrent network: tf-idf + linear model, and NB-SVM.

A network that does not beat these has not earned its training time. Both are
ordinary scikit-learn pipelines from documents (strings) to labels, fit in
seconds, and load neither TensorFlow nor Keras.
"""

from numbers import Integral, Real

import numpy as np
from scipy.sparse import issparse
from scipy.special import log_expit, softmax
from sklearn.base import BaseEstimator, ClassifierMixin, OneToOneFeatureMixin, TransformerMixin
from sklearn.feature_extraction.text import CountVectorizer, TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.utils import ClassifierTags
from sklearn.utils._param_validation import Interval
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.sparsefuncs import inplace_column_scale
from sklearn.utils.validation import (
    _check_sample_weight,
    check_is_fitted,
    check_non_negative,
    validate_data,
)

from skrnn.exceptions import InvalidInputError

__all__ = ["LogCountRatio", "NBSVMClassifier", "make_nbsvm", "make_tfidf_logistic"]

# Words with their apostrophe ("don't" is one token, since "don" + "t" loses the negation unless
# bigrams are on), single letters, and each punctuation mark for itself; "<", ">" and "/" are left
# out because in reviews they are mostly what remains of line breaks. On the training reviews of
# IMDb, with whole films held out, this gave 0.898, r"\w+" 0.894.
_WORDS_AND_MARKS = r"(?u)\w+(?:'\w+)?|[^\w\s<>/]"


class LogCountRatio(OneToOneFeatureMixin, TransformerMixin, BaseEstimator):
    r"""Scale count features by their naive Bayes log-count ratio.

    With :math:`\mathbf f^{(i)}` the counts of document i, and the two smoothed
    count vectors

    .. math::

        \mathbf p = \alpha + \sum_{i:\,y_i = 1} \mathbf f^{(i)}, \qquad
        \mathbf q = \alpha + \sum_{i:\,y_i = 0} \mathbf f^{(i)},

    the ratio is

    .. math::

        \mathbf r = \log \frac{\mathbf p / \lVert\mathbf p\rVert_1}
                              {\mathbf q / \lVert\mathbf q\rVert_1}

    and ``transform`` returns :math:`\mathbf r \circ \mathbf f`. Class 1 is the
    larger label, ``classes_[1]``.

    The ratio is between two classes. For more, use :class:`NBSVMClassifier`,
    or put this in a pipeline inside
    :class:`~sklearn.multiclass.OneVsRestClassifier`.

    Parameters
    ----------
    alpha : float, default=1.0
        Smoothing added to each feature's count in each class; above 0.

    Attributes
    ----------
    classes_ : ndarray of shape (2,)
        The two labels, sorted.

    log_count_ratio_ : ndarray of shape (n_features,)
        The ratio r; positive where a feature speaks for ``classes_[1]``.

    n_features_in_ : int
        Number of features seen in ``fit``.

    feature_names_in_ : ndarray of shape (`n_features_in_`,)
        Names of the features seen in ``fit``; only where X has string names.

    References
    ----------
    .. [1] S. Wang and C. D. Manning, "Baselines and Bigrams: Simple, Good
       Sentiment and Topic Classification", ACL 2012, pp. 90-94.

    Examples
    --------
    >>> from skrnn.baselines import LogCountRatio
    >>> counts = [[1, 0, 1], [1, 0, 1], [0, 1, 1], [0, 1, 1]]
    >>> scale = LogCountRatio().fit(counts, ["pos", "pos", "neg", "neg"])
    >>> scale.log_count_ratio_.round(3)
    array([ 1.099, -1.099,  0.   ])
    >>> scale.transform([[2, 1, 1]]).round(3)
    array([[ 2.197, -1.099,  0.   ]])
    """

    _parameter_constraints = {"alpha": [Interval(Real, 0, None, closed="neither")]}  # noqa: RUF012

    def __init__(self, alpha=1.0):
        self.alpha = alpha

    def fit(self, X, y, sample_weight=None):
        """Learn the ratio of each feature.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Counts or indicators, not negative.

        y : array-like of shape (n_samples,)
            Labels of two classes.

        sample_weight : array-like of shape (n_samples,), default=None
            Weight of each document's counts.

        Returns
        -------
        self : LogCountRatio
            The fitted transformer.

        Raises
        ------
        ValueError
            If `y` does not hold exactly two classes, or `X` holds negative
            values.
        """
        self._validate_params()
        X, y = validate_data(self, X, y, accept_sparse="csr", dtype=[np.float64, np.float32])
        check_non_negative(X, "LogCountRatio.fit")
        check_classification_targets(y)
        classes = np.unique(y)
        if len(classes) != 2:
            raise InvalidInputError(
                f"LogCountRatio compares two classes; y holds {len(classes)} "
                f"class{'es' * (len(classes) > 1)}: {_some(classes)}. "
                "For more than two, use NBSVMClassifier or OneVsRestClassifier."
            )
        # In float64 whatever X is: a frequent feature's count passes float32's exact integers.
        weight = _check_sample_weight(sample_weight, X, dtype=np.float64)
        positive = y == classes[1]
        p = self.alpha + (weight * positive) @ X
        q = self.alpha + (weight * ~positive) @ X
        self.classes_ = classes
        self.log_count_ratio_ = np.log(p / p.sum()) - np.log(q / q.sum())
        return self

    def transform(self, X):
        """Multiply each feature by its ratio.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Counts or indicators.

        Returns
        -------
        X_new : {ndarray, sparse matrix} of shape (n_samples, n_features)
            ``X * log_count_ratio_``, float32 if `X` is, float64 otherwise;
            sparse (CSR) where `X` is sparse.
        """
        check_is_fitted(self)
        X = validate_data(
            self, X, accept_sparse="csr", dtype=[np.float64, np.float32], reset=False, copy=True
        )
        ratio = self.log_count_ratio_.astype(X.dtype, copy=False)
        if issparse(X):
            inplace_column_scale(X, ratio)
        else:
            X *= ratio
        return X

    def __sklearn_tags__(self):  # noqa: D105
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = True
        tags.input_tags.positive_only = True
        tags.target_tags.required = True
        tags.transformer_tags.preserves_dtype = ["float64", "float32"]
        # scikit-learn has no other tag for "y holds two classes"; is_classifier stays False.
        tags.classifier_tags = ClassifierTags(multi_class=False)
        return tags


class NBSVMClassifier(ClassifierMixin, BaseEstimator):
    r"""Logistic regression on features scaled by their log-count ratio.

    Wang and Manning's NB-SVM [1]_ with the logistic loss in place of the
    hinge, for its probabilities. One binary model a class, against the rest
    (a single one for two classes). Since

    .. math:: \mathbf w^\top (\mathbf r \circ \mathbf f) + b
              = (\mathbf w \circ \mathbf r)^\top \mathbf f + b,

    the ratio is folded into the coefficients once fitted: prediction is one
    product, and `coef_` reads as the weight of a feature itself.

    Parameters
    ----------
    alpha : float, default=1.0
        Smoothing of the counts, see :class:`LogCountRatio`.

    C : float, default=0.1
        Inverse strength of the L2 penalty of the logistic regression.

    max_iter : int, default=1000
        Most iterations of its solver (L-BFGS).

    Attributes
    ----------
    classes_ : ndarray of shape (n_classes,)
        The labels, sorted.

    coef_ : ndarray of shape (1, n_features) or (n_classes, n_features)
        Weights of the features, w * r; one row for two classes.

    intercept_ : ndarray of shape (1,) or (n_classes,)
        The intercepts b.

    n_iter_ : ndarray of shape (1,) or (n_classes,)
        Iterations that the solver took.

    n_features_in_ : int
        Number of features seen in ``fit``.

    feature_names_in_ : ndarray of shape (`n_features_in_`,)
        Names of the features seen in ``fit``; only where X has string names.

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
        """Fit one log-count ratio and one logistic regression a class.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Counts or indicators, not negative. The paper's choice for
            sentiment is indicators (``CountVectorizer(binary=True)``).

        y : array-like of shape (n_samples,)
            Labels, of any type, of two classes or more.

        sample_weight : array-like of shape (n_samples,), default=None
            Weight of each document, in the counts and in the loss.

        Returns
        -------
        self : NBSVMClassifier
            The fitted classifier.

        Raises
        ------
        ValueError
            If `y` holds one class only, or `X` holds negative values.
        """
        self._validate_params()
        X, y = validate_data(self, X, y, accept_sparse="csr", dtype=np.float64)
        check_non_negative(X, "NBSVMClassifier.fit")
        check_classification_targets(y)
        classes = np.unique(y)
        if len(classes) < 2:
            raise InvalidInputError(
                f"NBSVMClassifier needs two classes or more; y holds 1 class: {_some(classes)}."
            )
        if sample_weight is not None:
            sample_weight = _check_sample_weight(sample_weight, X, ensure_non_negative=True)
        coef, intercept, n_iter = [], [], []
        for positive in classes[1:] if len(classes) == 2 else classes:
            target = y == positive
            scale = LogCountRatio(alpha=self.alpha).fit(X, target, sample_weight)
            # L-BFGS, not liblinear: it draws no random numbers and leaves the intercept free.
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

    def decision_function(self, X):
        """Log-odds of each class against the rest.

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
        """Logarithm of the probability of each class.

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
        # Normalised in logarithms: where every class is improbable, the sigmoids underflow to 0/0.
        log_each = log_expit(decision)
        return log_each - np.logaddexp.reduce(log_each, axis=1, keepdims=True)

    def predict_proba(self, X):
        """Probability of each class.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Counts or indicators.

        Returns
        -------
        proba : ndarray of shape (n_samples, n_classes)
            Columns in the order of `classes_`; rows sum to 1. For more than
            two classes, the one-vs-rest probabilities divided by their sum.
        """
        return softmax(self.predict_log_proba(X), axis=1)

    def __sklearn_tags__(self):  # noqa: D105
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = True
        tags.input_tags.positive_only = True
        return tags


def make_tfidf_logistic(
    *,
    ngram_range: tuple[int, int] = (1, 1),
    max_features: int | None = 10_000,
    sublinear_tf: bool = True,
    C: float = 1.0,
    random_state: int | np.random.RandomState | None = None,
) -> Pipeline:
    """Tf-idf of words and logistic regression.

    Parameters
    ----------
    ngram_range : tuple (min_n, max_n), default=(1, 1)
        Lengths of the word n-grams counted.

    max_features : int or None, default=10_000
        Keep that many of the most frequent n-grams; None keeps all. The
        default is the vocabulary of the classic IMDb exercise.

    sublinear_tf : bool, default=True
        Count a word that occurs n times as 1 + log(n).

    C : float, default=1.0
        Inverse strength of the L2 penalty.

    random_state : int, RandomState instance or None, default=None
        Handed to the logistic regression; its default solver (L-BFGS) draws
        nothing from it.

    Returns
    -------
    pipeline : Pipeline
        Unfitted; its steps: ``tfidfvectorizer``, ``logisticregression``.

    Examples
    --------
    >>> from skrnn.baselines import make_tfidf_logistic
    >>> pipe = make_tfidf_logistic().fit(["a fine film", "a dull film"], ["pos", "neg"])
    >>> pipe.predict(["fine"])
    array(['pos'], dtype='<U3')
    """
    return make_pipeline(
        TfidfVectorizer(
            ngram_range=ngram_range, max_features=max_features, sublinear_tf=sublinear_tf
        ),
        LogisticRegression(C=C, max_iter=1000, random_state=random_state),
    )


def make_nbsvm(
    *,
    ngram_range: tuple[int, int] = (1, 2),
    min_df: int | float = 2,
    max_features: int | None = None,
    token_pattern: str = _WORDS_AND_MARKS,
    alpha: float = 1.0,
    C: float = 0.1,
) -> Pipeline:
    """NB-SVM: binarised n-grams scaled by log-count ratios, and a linear model.

    A strong baseline for sentiment: see :class:`NBSVMClassifier` for the
    model and its reference. It draws no random numbers.

    Parameters
    ----------
    ngram_range : tuple (min_n, max_n), default=(1, 2)
        Lengths of the n-grams; (1, 3) is a little better on long reviews and
        takes two to three times as long.

    min_df : int or float, default=2
        Drop n-grams that occur in fewer documents than this (a float: in a
        smaller proportion of them). Most n-grams occur once, so 1 triples the
        vocabulary for nothing.

    max_features : int or None, default=None
        Keep that many of the most frequent n-grams; None keeps all.

    token_pattern : str
        What a token is, as in ``CountVectorizer``. The default takes words
        with their apostrophe, single characters, and punctuation marks.

    alpha : float, default=1.0
        Smoothing of the counts.

    C : float, default=0.1
        Inverse strength of the L2 penalty.

    Returns
    -------
    pipeline : Pipeline
        Unfitted; its steps are ``countvectorizer`` and ``nbsvmclassifier``, so
        a search sets ``nbsvmclassifier__C``, and weights go in as
        ``nbsvmclassifier__sample_weight``.

    Examples
    --------
    >>> from skrnn.baselines import make_nbsvm
    >>> docs = ["not bad at all", "not bad!", "bad film", "a bad film"]
    >>> pipe = make_nbsvm().fit(docs, ["pos", "pos", "neg", "neg"])
    >>> pipe.predict(["really not bad", "so bad a film"])
    array(['pos', 'neg'], dtype='<U3')
    """
    return make_pipeline(
        CountVectorizer(
            binary=True,
            ngram_range=ngram_range,
            min_df=min_df,
            max_features=max_features,
            token_pattern=token_pattern,
            dtype=np.float64,  # what the classifier computes in: saves a conversion
        ),
        NBSVMClassifier(alpha=alpha, C=C),
    )


def _some(labels):
    """Write out the first few labels, for an error message."""
    shown = ", ".join(repr(label) for label in labels[:5].tolist())
    return shown + (", ..." if len(labels) > 5 else "")

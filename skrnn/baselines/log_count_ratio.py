"""Features scaled by the logarithm of the ratio of their counts in two classes."""

import reprlib
from numbers import Real

import numpy as np
from scipy.sparse import issparse
from sklearn.base import BaseEstimator, OneToOneFeatureMixin, TransformerMixin
from sklearn.utils import ClassifierTags
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.sparsefuncs import inplace_column_scale
from sklearn.utils.validation import check_is_fitted, check_non_negative, validate_data

from skrnn._sklearn_compat import Interval, _check_sample_weight
from skrnn.exceptions import InvalidInputError
from skrnn.printing import BriefParameters
from skrnn.sequences import plain_column, refuse_mask


class LogCountRatio(BriefParameters, OneToOneFeatureMixin, TransformerMixin, BaseEstimator):
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

    The ratio is defined for two classes. For more than two, use
    :class:`NBSVMClassifier`, or a pipeline with this transformer in
    :class:`~sklearn.multiclass.OneVsRestClassifier`.

    Parameters
    ----------
    alpha : float, default=1.0
        Smoothing added to each feature's count in each class; greater than 0.

    Attributes
    ----------
    classes_ : ndarray of shape (2,)
        The two labels, sorted.

    log_count_ratio_ : ndarray of shape (n_features,)
        The ratio r; positive for features that are evidence for ``classes_[1]``.

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
            Weight of each document's counts, as if it occurred that many
            times. Not negative. Larger weights mean less smoothing by
            `alpha`.

        Returns
        -------
        self : LogCountRatio
            The fitted transformer.

        Raises
        ------
        ValueError
            If `y` does not have exactly two classes, or `X` has negative
            values.
        """
        self._validate_params()
        refuse_mask(y, "y")
        refuse_mask(sample_weight, "sample_weight")
        y = plain_column(y)
        X, y = validate_data(self, X, y, accept_sparse="csr", dtype=[np.float64, np.float32])
        check_non_negative(X, "LogCountRatio.fit")
        check_classification_targets(y)
        classes = np.unique(y)
        if len(classes) != 2:
            raise InvalidInputError(
                f"LogCountRatio needs two classes, but y has "
                f"{'one class' if len(classes) == 1 else len(classes)}: "
                f"{reprlib.repr(classes.tolist())}. For more than two classes, use "
                "NBSVMClassifier or OneVsRestClassifier."
            )
        # In float64 for any X: counts of frequent features exceed the exact integers of float32.
        weight = _check_sample_weight(sample_weight, X, dtype=np.float64, ensure_non_negative=True)
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
            sparse (CSR) if `X` is sparse.
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
        # scikit-learn has no other tag for "y has two classes"; is_classifier stays False.
        tags.classifier_tags = ClassifierTags(multi_class=False)
        return tags

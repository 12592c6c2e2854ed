"""The two baselines as pipelines, from documents to labels."""

import numpy as np
from sklearn.feature_extraction.text import CountVectorizer, TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import Pipeline, make_pipeline

from skrnn.baselines.nbsvm import NBSVMClassifier

# Words with their apostrophe ("don't" is one token, since "don" + "t" loses the negation unless
# bigrams are on), single letters, and each punctuation mark for itself; "<", ">" and "/" are left
# out because in reviews they are mostly what remains of line breaks. On the training reviews of
# IMDb, with whole films held out, this gave 0.898, r"\w+" 0.894.
WORDS_AND_MARKS = r"(?u)\w+(?:'\w+)?|[^\w\s<>/]"


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
    token_pattern: str = WORDS_AND_MARKS,
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

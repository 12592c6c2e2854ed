"""A transformer: vectors of documents that predict their n-grams."""

from numbers import Integral, Real

import numpy as np
from sklearn.base import BaseEstimator, ClassNamePrefixFeaturesOutMixin, TransformerMixin
from sklearn.utils import check_random_state
from sklearn.utils.validation import check_is_fitted

from skrnn._sklearn_compat import Interval, StrOptions
from skrnn.embeddings.documents import document_vectors, draw_ngrams, least_df
from skrnn.embeddings.inference import GREATEST_C, LEAST_C, N_SAMPLE, infer_vectors
from skrnn.estimators.as_of_now import AsOfNow
from skrnn.estimators.checks import (
    check_ngram_range,
    check_origin,
    on_the_way_of,
    remember_words,
)
from skrnn.exceptions import InvalidInputError
from skrnn.ngrams import NgramVocabulary
from skrnn.printing import BriefParameters
from skrnn.sequences import UNKNOWN, InputForm, check_feature_names, check_sequences, origin_of
from skrnn.sequences.joining import joined


class DocumentVectorizer(
    AsOfNow, BriefParameters, ClassNamePrefixFeaturesOutMixin, TransformerMixin, BaseEstimator
):
    """Turn sequences of token ids into vectors of documents.

    The vector of a document is that of the logistic regression which tells the document's n-grams
    from those of other documents [1]_. It is learned from texts alone. So it can be fitted on all
    texts there are, with or without labels, and a linear model needs few labels to read its
    few numbers.

    A classifier on the vectors makes other errors than a network, which reads the order of words.
    The mean of their probabilities is often more accurate than both, see the example.

    `transform` infers the vector of each document from the vectors of n-grams that `fit` has
    learned, also for the documents of `fit`. It has no randomness, and does not depend on other
    documents.

    Parameters
    ----------
    n_components : int, default=48
        Length of the vectors.

    ngram_range : tuple (min_n, max_n), default=(1, 3)
        The lengths of the n-grams, in tokens. N-grams with an unknown token do not count.

    min_df : int or "auto", default="auto"
        Minimum number of documents in which an n-gram must occur. "auto" is one document in
        2,000, and from 2 to 10.

    C : float, default=0.1
        Inverse strength of the penalty on the vectors that `transform` infers, as in
        :class:`~sklearn.linear_model.LogisticRegression`; from 1e-6 to 1e3.

    epochs : int or "auto", default="auto"
        Passes of `fit` over the documents. "auto" is 10, and up to 100 for documents with less
        than a million different n-grams together.

    input : {"auto", "tokens"}, default="auto"
        "tokens" says that all numbers are token ids, also floats, of which NaN at the end of a row
        is padding. With "auto", ids must be integers, and what may be something else, such as
        counts of words, is refused or warned of.

    vocabulary_size : int or None, default=None
        Number of token ids, for plain arrays and lists of ids. None for what `TextToSequence`
        says, else for the largest id of `fit`, also in `X_unlabeled`, plus 1.

    random_state : int, RandomState instance or None, default=None
        Decides about initial vectors, and the order and the sample of n-grams. Pass an int for the
        same vectors in each call.

    Attributes
    ----------
    ngram_vectors_ : ndarray of shape (n_ngrams, n_components), float32
        The vectors of the n-grams.

    sample_ : ndarray of shape (1024,), int32
        The numbers of n-grams that `transform` compares those of a document with, drawn by their
        frequency to the power of 0.75.

    min_df_ : int
        The `min_df` used.

    vocabulary_size_ : int
        Number of token ids.

    n_features_in_ : int
        Number of columns of X in `fit`, if X is an array; else the number of steps of the longest
        row.

    feature_names_in_ : ndarray of shape (`n_features_in_`,)
        Names of the columns of X in `fit`. Only if these are all strings.

    See Also
    --------
    TextToSequence : Makes the token ids.
    RNNClassifier : Reads the order of words; its `self_training_rounds` use the same vectors.
    sklearn.decomposition.TruncatedSVD : Vectors from a table of counts.

    Notes
    -----
    `fit` is stochastic gradient descent with five other n-grams for each n-gram of a document, in
    place of all others (negative sampling [2]_), at a learning rate of 0.05 that falls to 0.
    Without Numba it is several times slower. `transform` solves the penalized logistic regression
    of each document. Numeric columns beside a text (see :class:`TextWithColumns`) are not read.

    References
    ----------
    .. [1] B. Li, T. Liu, X. Du, D. Zhang and Z. Zhao, "Learning Document Embeddings by Predicting
       N-grams for Sentiment Classification of Long Movie Reviews", ICLR 2016 workshop.

    .. [2] T. Mikolov, I. Sutskever, K. Chen, G. Corrado and J. Dean, "Distributed Representations
       of Words and Phrases and their Compositionality", NIPS 2013.

    Examples
    --------
    A linear model on the vectors, and its mean with a network:

    >>> from sklearn.ensemble import VotingClassifier
    >>> from sklearn.linear_model import LogisticRegression
    >>> from sklearn.pipeline import make_pipeline
    >>> from skrnn import DocumentVectorizer, RNNClassifier, TextToSequence
    >>> texts = ["good fun", "a good film", "fun and good", "bad and dull", "dull film", "so bad"]
    >>> labels = ["pos", "pos", "pos", "neg", "neg", "neg"]
    >>> vectors = DocumentVectorizer(n_components=4, random_state=0)
    >>> linear = make_pipeline(TextToSequence(), vectors, LogisticRegression())
    >>> linear.fit(texts, labels).predict(["good", "dull"])
    array(['pos', 'neg'], dtype='<U3')
    >>> both = make_pipeline(
    ...     TextToSequence(),
    ...     VotingClassifier(
    ...         [
    ...             ("network", RNNClassifier(units=8, embedding_dim=8, random_state=0)),
    ...             ("vectors", make_pipeline(vectors, LogisticRegression())),
    ...         ],
    ...         voting="soft",
    ...     ),
    ... )
    >>> both.fit(texts, labels).predict_proba(["good", "dull"]).shape
    (2, 2)
    """

    _parameter_constraints = {  # noqa: RUF012
        "n_components": [Interval(Integral, 1, None, closed="left")],
        "ngram_range": [tuple, list],
        "min_df": [Interval(Integral, 1, None, closed="left"), StrOptions({"auto"})],
        # 1e-6 of float32 is a little less, as a number of a file.
        "C": [Interval(Real, float(np.float32(LEAST_C)), GREATEST_C, closed="both")],
        "epochs": [Interval(Integral, 1, None, closed="left"), StrOptions({"auto"})],
        "input": [StrOptions({"auto", "tokens"})],
        "vocabulary_size": [Interval(Integral, 2, 2**31 - 1, closed="both"), None],
        "random_state": ["random_state"],
    }

    def __init__(
        self,
        n_components=48,
        *,
        ngram_range=(1, 3),
        min_df="auto",
        C=0.1,
        epochs="auto",
        input="auto",
        vocabulary_size=None,
        random_state=None,
    ):
        self.n_components = n_components
        self.ngram_range = ngram_range
        self.min_df = min_df
        self.C = C
        self.epochs = epochs
        self.input = input
        self.vocabulary_size = vocabulary_size
        self.random_state = random_state

    def fit(self, X, y=None, X_unlabeled=None):
        """Learn the vectors of the n-grams.

        Parameters
        ----------
        X : sparse array, array-like or list of sequences, of shape (n_samples, n_timesteps)
            Token ids, as `TextToSequence` returns them.

        y : None
            Not used.

        X_unlabeled : as X, default=None
            More documents to learn from, which have no label. In a Pipeline,
            see :meth:`RNNClassifier.fit`. Or fit the transformer on all texts beforehand, and put
            it into :class:`~sklearn.frozen.FrozenEstimator`.

        Returns
        -------
        self : DocumentVectorizer
            The fitted transformer.

        Raises
        ------
        ValueError
            If X is not valid, or no n-gram occurs in `min_df` documents.
        """
        self._validate_params()
        # What fails leaves the former vectors.
        learned = self.for_fitting()
        before = vars(learned).copy()
        learned._fit(X, X_unlabeled)
        self._take_changes(before, vars(learned))
        return self

    def transform(self, X):
        """Infer the vectors of documents.

        Parameters
        ----------
        X : as X of `fit`
            Token ids of the same vocabulary as in `fit`.

        Returns
        -------
        ndarray of shape (n_samples, n_components), float32
            Documents without a known n-gram have the vector 0.

        Raises
        ------
        ValueError
            If X is not valid, or has ids of another vocabulary.
        """
        check_is_fitted(self)
        now = self.as_of_now()
        indicators = now._ngrams.find(now._read_again(X)).indicators()
        return infer_vectors(indicators, now.ngram_vectors_, now.sample_, C=now._C)

    def _fit(self, X, X_unlabeled):
        ngram_range = check_ngram_range(self)
        check_feature_names(self, X, reset=True)
        self._words = self._hashing = None
        checked = self._checked(X, input=self.input, vocabulary_size=self.vocabulary_size)
        if checked.vocabulary_size is None:
            raise InvalidInputError(
                "DocumentVectorizer reads token ids, which are integers, but X has other numbers. "
                "Put TextToSequence() before it, or pass integers. If these floats are token ids, "
                "set input='tokens'."
            )
        self.vocabulary_size_ = checked.vocabulary_size
        self.n_features_in_, self._is_table = checked.form
        remember_words(self, X, checked.sequences.words)
        sequences = checked.sequences.collapse()
        if X_unlabeled is not None:
            try:
                # Where nobody says how many ids there are, more rows may have higher ones.
                size = self.vocabulary_size or origin_of(X).vocabulary_size
                more = self._check_again(X_unlabeled, size)
            except ValueError as error:
                raise on_the_way_of("X_unlabeled", error) from error
            self.vocabulary_size_ = max(self.vocabulary_size_, more.vocabulary_size)
            sequences = joined(sequences, more.sequences.collapse())
        n = len(sequences)
        self.min_df_ = least_df(n) if self.min_df == "auto" else int(self.min_df)
        self._ngrams = NgramVocabulary(ngram_range, self.min_df_)
        indicators = self._ngrams.fit_find(sequences, self.vocabulary_size_).indicators()
        if not indicators.nnz:
            raise InvalidInputError(
                f"No n-gram of known tokens occurs in min_df={self.min_df_} of the {n} documents, "
                f"so DocumentVectorizer has nothing to learn. {self._way_out(sequences)}"
            )
        seed = check_random_state(self.random_state).randint(2**31)
        self.ngram_vectors_ = document_vectors(
            indicators,
            dim=int(self.n_components),
            seed=seed,
            epochs=None if self.epochs == "auto" else int(self.epochs),
        ).ngrams
        self.sample_ = draw_ngrams(indicators, N_SAMPLE, np.random.default_rng([seed, 1]))
        self._C = max(float(self.C), LEAST_C)

    def _way_out(self, sequences):
        """Return what to do if there are no n-grams."""
        if not (sequences.values > UNKNOWN).any():
            return (
                f"All token ids are {UNKNOWN}, the unknown word, or padding. Use the fitted "
                "tokenizer of these documents, or pass others."
            )
        ways = ["more or longer documents"]
        if self.min_df_ > 1:
            ways.append("a smaller min_df")
        if self._ngrams.ngram_range[0] > 1:
            ways.append(f"an ngram_range from less than {self._ngrams.ngram_range[0]} tokens on")
        return f"Pass {', or '.join(ways)}."

    def _read_again(self, X):
        return self._check_again(X, self.vocabulary_size_).sequences.collapse()

    def _check_again(self, X, vocabulary_size):
        check_feature_names(self, X, reset=False)
        check_origin(self, origin_of(X))
        form = InputForm(self.n_features_in_, self._is_table)
        return self._checked(X, input="tokens", form=form, vocabulary_size=vocabulary_size)

    def _checked(self, X, **how):
        try:
            return check_sequences(X, estimator=self, **how)
        except InvalidInputError as error:
            if "numeric" in str(error):
                raise InvalidInputError(
                    f"{error} (This transformer has no input='numeric': it reads token ids only.)"
                ) from error
            raise

    @property
    def _n_features_out(self):
        return self.ngram_vectors_.shape[1]

    def __sklearn_is_fitted__(self):
        """Whether documents can be transformed."""
        return hasattr(self, "ngram_vectors_")

    def __sklearn_tags__(self):  # noqa: D105
        tags = super().__sklearn_tags__()
        # Ids are no table of numbers.
        tags.input_tags.two_d_array = False
        tags.transformer_tags.preserves_dtype = []
        return tags

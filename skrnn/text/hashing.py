"""HashingTextToSequence: documents to token ids without a vocabulary, for streams."""

from collections.abc import Iterable
from functools import partial
from numbers import Integral
from typing import Any, ClassVar

from sklearn.utils import murmurhash3_32

from skrnn._sklearn_compat import Interval, _fit_context
from skrnn.exceptions import InvalidInputError
from skrnn.sequences import Origin
from skrnn.sequences.special_tokens import FIRST_WORD
from skrnn.text.base import DocumentsToSequence
from skrnn.text.patterns import TOKEN_PATTERN
from skrnn.text.splitting import described_splitting

# An id is an int32, and the two below FIRST_WORD have a meaning.
_MOST = 2**31 - 1 - FIRST_WORD


_NO_WIDTH = (
    "HashingTextToSequence learns nothing in fit, so the number of its columns is only known with "
    "max_length. Set it, for example max_length=200."
)


class HashingTextToSequence(DocumentsToSequence):
    """Turn documents into sequences of token ids, without learning a vocabulary.

    The id of a token is a hash of it, so that there is nothing to fit: the ids of a document are
    the same in every process and after any number of documents. Use it if the documents come in
    chunks, and new words with them, as :class:`~sklearn.feature_extraction.text.HashingVectorizer`
    for bags of words. If all documents are at hand, :class:`TextToSequence` is better: its network
    is smaller, no two words share an id, and it knows the word of each id, which pretrained vectors
    and `inverse_transform` need.

    Parameters
    ----------
    n_features : int, default=65_536
        Number of ids for words, from 2 to ``n_features + 1``. The embedding of a network has a
        row for each of them. The share of words that share their id with another word is about
        1 - exp(-n / n_features) for n different words: 14% of 10,000 words with the default.

    lowercase : bool, default=True
        Whether to convert all characters to lower case first.

    strip_accents : {"ascii", "unicode"} or callable, default=None
        Remove accents, as in :class:`TextToSequence`.

    strip_markup : bool or "line_breaks", default=True
        Whether to drop HTML and to replace entities by their characters, as in
        :class:`TextToSequence`.

    preprocessor : callable, default=None
        A function str -> str that replaces the default preprocessing.

    tokenizer : callable, default=None
        A function str -> list of str that replaces `token_pattern`. Used if
        ``analyzer == "word"``.

    token_pattern : str or None, default=TOKEN_PATTERN
        The regular expression of a token, as in :class:`TextToSequence`.

    stop_words : "english", list, tuple, set or ndarray of str, or None, default=None
        Words that are left out, as in :class:`TextToSequence`.

    analyzer : {"word", "char"} or callable, default="word"
        Whether tokens are words or characters, as in :class:`TextToSequence`.

    max_length : int or None, default=None
        The width of the output; longer documents are truncated. By default the output is as wide
        as the longest document of the call.

    truncate : {"head", "tail", "both"}, default="head"
        The part that is **kept** of a document longer than `max_length`.

    sparse_output : bool, default=True
        Whether `transform` returns a :class:`scipy.sparse.csr_array`, whose implicit zeros
        are the padding. If False, it returns a dense array with padding on the right.

    See Also
    --------
    TextToSequence : Learns a vocabulary.
    RNNClassifier.partial_fit : Goes on with training, chunk by chunk.

    Notes
    -----
    The hash is MurmurHash3 (32 bits, seed 0) of the token in UTF-8, modulo `n_features`. A network
    can only read ids of the same `n_features` and the same way to split documents. Ids of another
    `n_features`, of other parameters that decide about tokens, or of :class:`TextToSequence`, raise
    an error. Functions, such as a `tokenizer`, are compared by their names.

    Examples
    --------
    >>> from skrnn import HashingTextToSequence
    >>> text = HashingTextToSequence(n_features=1000)
    >>> X = text.transform(["a good film", "not good!"])
    >>> X.shape, X.vocabulary_size, bool(X[0, 1] == X[1, 1])
    ((2, 3), 1002, True)
    """

    _parameter_constraints: ClassVar[dict] = {
        **DocumentsToSequence._parameter_constraints,
        "n_features": [Interval(Integral, 1, _MOST, closed="both")],
    }

    def __init__(
        self,
        *,
        n_features=65_536,
        lowercase=True,
        strip_accents=None,
        strip_markup=True,
        preprocessor=None,
        tokenizer=None,
        token_pattern=TOKEN_PATTERN,
        stop_words=None,
        analyzer="word",
        max_length=None,
        truncate="head",
        sparse_output=True,
    ):
        self.n_features = n_features
        self.lowercase = lowercase
        self.strip_accents = strip_accents
        self.strip_markup = strip_markup
        self.preprocessor = preprocessor
        self.tokenizer = tokenizer
        self.token_pattern = token_pattern
        self.stop_words = stop_words
        self.analyzer = analyzer
        self.max_length = max_length
        self.truncate = truncate
        self.sparse_output = sparse_output

    @_fit_context(prefer_skip_nested_validation=True)
    def fit(self, X: Any = None, y: None = None) -> "HashingTextToSequence":
        """Check the parameters; nothing is learned, and `X` is not read.

        Parameters
        ----------
        X : iterable of str of shape (n_samples,), default=None
            Ignored.

        y : None
            Ignored.

        Returns
        -------
        self : HashingTextToSequence

        Raises
        ------
        ValueError
            If a parameter is out of range.
        """
        self._make_analyzer()
        return self

    def partial_fit(self, X: Any = None, y: None = None) -> "HashingTextToSequence":
        """Check the parameters, as `fit` does.

        Parameters
        ----------
        X : iterable of str of shape (n_samples,), default=None
            Ignored.

        y : None
            Ignored.

        Returns
        -------
        self : HashingTextToSequence

        Raises
        ------
        ValueError
            If a parameter is out of range.
        """
        return self.fit(X, y)

    def transform(self, X: Iterable[str]) -> Any:
        """Return documents as token ids.

        Parameters
        ----------
        X : iterable of str of shape (n_samples,)
            The documents, as in :meth:`TextToSequence.fit`. A document without tokens gives a row
            without ids.

        Returns
        -------
        X_ids : csr_array or ndarray of int32 of shape (n_samples, n_timesteps)
            The token ids, at least 2. `n_timesteps` is `max_length`, if set.

        Raises
        ------
        ValueError
            If a parameter is out of range, `X` is a single string or has several columns, or a
            document is missing (None, NaN).

        TypeError
            If a document is not a str, or a callable parameter returns a wrong type.
        """
        self._validate_params()
        id_of = _Ids(int(self.n_features))  # one of 32 bits would overflow
        ids, lengths = self._read(X, partial(map, id_of.__getitem__))
        X_ids = self._lay_out(ids, lengths, int(self.n_features) + FIRST_WORD)
        if self.sparse_output:
            X_ids.hashing = self._origin().hashing
        return X_ids

    def get_feature_names_out(self, input_features=None):
        """Return the names of the output's columns, if `max_length` says how many there are.

        Parameters
        ----------
        input_features : array-like of str or None, default=None
            Ignored.

        Returns
        -------
        feature_names_out : ndarray of str objects
            "hashingtexttosequence0", "hashingtexttosequence1", ...

        Raises
        ------
        ValueError
            If `max_length` is None.
        """
        if self.max_length is None:
            raise InvalidInputError(_NO_WIDTH)
        return super().get_feature_names_out(input_features)

    @property
    def _n_features_out(self):
        # Displays and dir() ask for it, and take an AttributeError only.
        if self.max_length is None:
            raise AttributeError(_NO_WIDTH)
        return self.max_length

    def _origin(self):
        """Return what distinguishes the ids from others, an :class:`skrnn.sequences.Origin`."""
        hashing = (("n_features", str(int(self.n_features))), *described_splitting(self))
        return Origin(int(self.n_features) + FIRST_WORD, hashing=hashing)

    def _width(self, lengths):
        longest = max(1, int(lengths.max(initial=0)))
        return longest if self.max_length is None else self.max_length

    def _check_columns(self, lengths, container):
        # With max_length no row is longer, and without it there are no names.
        if self.max_length is None:
            raise InvalidInputError(_NO_WIDTH)
        return self.max_length

    def __sklearn_is_fitted__(self):
        """Nothing has to be learned."""
        return True

    def __sklearn_tags__(self):
        """Declare that `fit` is not needed."""
        tags = super().__sklearn_tags__()
        tags.requires_fit = False
        return tags


class _Ids(dict):
    """The ids of tokens, each computed once in a call."""

    def __init__(self, n_features):
        self._n_features = n_features

    def __missing__(self, token):
        # Half a character cannot be written as UTF-8, but occurs in texts.
        key = str.__str__(token).encode("utf-8", "surrogatepass")
        number = murmurhash3_32(key, seed=0, positive=True) % self._n_features + FIRST_WORD
        self[token] = number
        return number

"""TextToSequence, the scikit-learn transformer of the text package."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import replace
from functools import partial
from itertools import count, repeat
from numbers import Integral
from typing import Any, ClassVar
from warnings import warn
from weakref import WeakKeyDictionary

import numpy as np
from sklearn.callback import CallbackSupportMixin
from sklearn.utils.validation import check_is_fitted

from skrnn._sklearn_compat import HasMethods, Interval, RealNotInt, _fit_context
from skrnn.exceptions import InvalidInputError
from skrnn.sequences import Origin
from skrnn.sequences.special_tokens import FIRST_WORD, UNKNOWN, UNKNOWN_WORD
from skrnn.text.base import DocumentsToSequence
from skrnn.text.patterns import TOKEN_PATTERN
from skrnn.text.rows import decode_rows
from skrnn.text.stop_words import warn_of_unfindable
from skrnn.text.vocabulary import check_extra_words, check_vocabulary, learn_vocabulary, with_words

# The words by id of each fitted instance, with the vocabulary they were made from. They are not
# attributes, since `transform` does not change the instance, and its pickle has every word once.
_WORDS: WeakKeyDictionary = WeakKeyDictionary()

_SHARE_OR_NUMBER = [
    Interval(RealNotInt, 0, 1, closed="both"),
    Interval(Integral, 1, None, closed="left"),
]


class TextToSequence(CallbackSupportMixin, DocumentsToSequence):
    """Turn documents into sequences of token ids.

    Row i of the result holds the ids of the tokens of document i, in their order and from
    the left. The id 0 is padding and 1 an unknown word. The ids of the vocabulary start at 2,
    with the most frequent word first and ties in alphabetical order. Parameters that
    :class:`~sklearn.feature_extraction.text.CountVectorizer` has too mean the same.

    Parameters
    ----------
    max_features : int or None, default=10_000
        Number of words to keep, the most frequent ones of the training documents. The
        largest id is then ``max_features + 1``. None keeps all. Ignored if `vocabulary` is
        given.

    min_df : int or float, default=1
        Ignore words that occur in fewer training documents than this: an int is a number of
        documents, a float a proportion of them. Ignored if `vocabulary` is given.

    max_df : int or float, default=1.0
        Ignore words that occur in more training documents than this, for example the words of a
        signature. Like all words that are not in the vocabulary, they are read as unknown.
        Ignored if `vocabulary` is given.

    lowercase : bool, default=True
        Whether to convert all characters to lower case first.

    strip_accents : {"ascii", "unicode"} or callable, default=None
        Remove accents: "ascii" is fast and removes all characters that have no ASCII
        counterpart, "unicode" works for all scripts. A callable takes and returns a str.

    strip_markup : bool or "line_breaks", default=True
        Whether to drop HTML and to replace entities such as ``&amp;`` by their characters; see
        Notes for the rule. With False, the names of tags are words. "line_breaks" replaces
        ``<br />`` by a space, and of all apostrophes only the typographic one by the plain one;
        models from files that were saved before this parameter existed have it, so that they
        predict as before.

    preprocessor : callable, default=None
        A function str -> str that replaces the default preprocessing (see Notes), including
        `lowercase`, `strip_accents` and `strip_markup`. Ignored if `analyzer` is callable.

    tokenizer : callable, default=None
        A function str -> list of str that replaces `token_pattern`. Used if
        ``analyzer == "word"``.

    token_pattern : str or None, default=TOKEN_PATTERN
        The regular expression of a token; see Notes for the default. If it has a capturing
        group, the group is the token; more than one group is an error. Used if
        ``analyzer == "word"`` and `tokenizer` is None.

    stop_words : "english", list, tuple, set or ndarray of str, or None, default=None
        Words that are left out of the sequences, written as the analyzer returns them. "english"
        is scikit-learn's list, which has "not", "no" and "never": it removes what a network could
        read and a bag of words could not. Used if ``analyzer == "word"``.

    analyzer : {"word", "char"} or callable, default="word"
        Whether tokens are words or characters. With "char", every character (code point) is a
        token; white space at the ends is removed, and a run of white space in the text is a
        single token, " ". A callable takes a document as it is in `X`, which can then also be a
        list, tuple or array, and returns a list of str. ``analyzer=list`` is for documents that
        are lists of tokens already.

    vocabulary : iterable of str or mapping of str to int, default=None
        A fixed vocabulary: the words in the order of their ids, which start at 2, or a
        mapping of words to ids, which must be 2, 3, ..., n + 1. By default the vocabulary is
        learned from the training documents.

    extra_words : iterable of str or mapping, default=None
        Words that also get an id, behind all others and beyond `max_features` and `min_df`, whether
        the training documents have them or not: the words of pretrained vectors, such as those of
        :func:`skrnn.fetch_vectors`, or any mapping with words as keys. A word that first comes up
        in `transform` then has its vector, if the network is given the same vectors
        (``RNNClassifier(embeddings=...)``), and each word takes a row of its embedding. They are
        read as documents are, in lower case by default, and left out if that does not give one
        token, or one that `max_df` or `stop_words` leaves out. If `analyzer` is callable, they are
        taken as they are.

    max_length : int or None, default=None
        The width of the output; longer documents are truncated. By default nothing is
        truncated, and the output is as wide as the longest document of `fit` or of the call,
        whichever is longer. The vocabulary is always learned from the whole documents.

    truncate : {"head", "tail", "both"}, default="head"
        The part that is **kept** of a document longer than `max_length`, named as in [1]_:
        its head, its tail, or both, with ``ceil(max_length / 2)`` tokens of the head and the
        rest of the tail. Reviews often end with a summary, which "head" removes. (In Keras,
        ``pad_sequences(truncating=...)`` names the part that is removed.)

    sparse_output : bool, default=True
        Whether `transform` returns a :class:`scipy.sparse.csr_array`, whose implicit zeros
        are the padding. If False, it returns a dense array with padding on the right.

    Attributes
    ----------
    vocabulary_ : dict of str -> int
        The words and their ids, in the order of the ids.

    n_timesteps_ : int
        Number of tokens of the longest training document before truncation, at least 1.

    See Also
    --------
    sklearn.feature_extraction.text.CountVectorizer : Counts words, ignoring their order.

    Notes
    -----
    The default preprocessing

    1. drops markup, if `strip_markup` is True: comments, scripts and styles with their content,
       declarations, and tags. A tag has a name of HTML, SVG or MathML, or one of a custom element
       with a hyphen or colon, and looks like a tag: it has attributes with values, or closes itself
       (``<input/>``), or has an end tag (``<b>so</b>``), or is an end tag, or is one that needs
       none (``<br>``, ``<hr>``, ``<img>``, ``<p>``, ``<li>``, and those of tables). In a text with
       tags of a page such as ``<div>``, names without an end tag are tags, too. So
       ``#include <map>``, ``List<S>``, "a < b", "<3" and "<user>" stay. Tags of formatting
       (``<b>``) can stand within a word, all others end it. What the end of the text cuts off is
       dropped: a comment, a script or style with attributes or code, and a tag. Then entities are
       replaced, also those that were escaped twice (``&amp;#39;``). A tag that was escaped is text
       (``a&lt;b&gt;c``), but if the text has no other tags, those with attributes or an end tag
       are dropped, as in feeds;
    2. removes invisible characters (soft hyphens, variation selectors, marks of direction), keeps
       at most 30 combining marks in a row [3]_, and normalizes Unicode to its composed form (NFC);
    3. replaces all kinds of apostrophes by the plain one: the typographic one (U+2019) anywhere,
       and accents, primes and quotation marks between letters, where an apostrophe is meant. So are
       forms that exports and wrong encodings leave between letters: one after a backslash, its code
       as a literal of JSON or Python, ``don''t``, ``don%27t``, ``don=92t``, ``don<U+2019>t``, and
       the characters of an apostrophe in UTF-8 that was read as Windows-1252 or Latin-1. In negated
       English verbs, a sign or blank in its place is one: "don?t", "don;t", "don 't". An escaped
       space (``%20``) is a space;
    4. converts to lower case and strips accents.

    It is the same for words and characters, and for a `tokenizer`.

    The default `token_pattern` finds words of any length in any script. In scripts that are
    written without spaces (Chinese, Japanese, Thai, Lao, Khmer, Burmese), every character is
    a token, which needs no dictionary. For words in these scripts, pass a segmenter as
    `tokenizer`. Contractions are split as in the Penn Treebank [2]_, "didn't" into "did" and
    "n't", "it's" into "it" and "'s". Any other apostrophe separates words. The pattern keeps what
    carries the mood of a text. These are tokens:

    - "!" and "?", each of them;
    - an emoji, as it is shown: with its skin tone, a family or a flag as a whole;
    - any other symbol (Unicode's categories Sc, Sm and So): hearts, stars, arrows, currencies;
    - the signs ``# $ % & + @ < > ^``; a row of ``*``, ``=``, ``~`` or ``|``; the minus of a number
      or of a grade ("-1", "A-");
    - emoticons such as ":)", ":-(", ";D", "<3" and "^_^".

    Other punctuation is ignored: "5/10" is "5" and "10". If nothing is found in a document with
    letters, digits or symbols, a warning says so.

    With :meth:`set_output`, data frames need ``sparse_output=False``. They also need
    `max_length` if some documents are longer than the training documents, since the columns
    are those of `fit`. Sparse output does not follow ``sklearn.set_config(transform_output=...)``,
    like that of scikit-learn's vectorizers.

    Using a fitted instance does not change it: several threads can share it.

    References
    ----------
    .. [1] C. Sun, X. Qiu, Y. Xu, X. Huang, "How to Fine-Tune BERT for Text
       Classification?", CCL 2019, section 5.3.1. https://arxiv.org/abs/1905.05583
    .. [2] M. P. Marcus, B. Santorini, M. A. Marcinkiewicz, "Building a Large Annotated
       Corpus of English: The Penn Treebank", Computational Linguistics 19(2), 1993.
    .. [3] Unicode Standard Annex 15, section 13: Stream-Safe Text Format.
       https://www.unicode.org/reports/tr15/#Stream_Safe_Text_Format

    Examples
    --------
    >>> from skrnn import TextToSequence
    >>> to_sequence = TextToSequence()
    >>> X = to_sequence.fit_transform(["I didn't like it.", "I did!"])
    >>> X.toarray()
    array([[3, 2, 7, 6, 5],
           [3, 2, 4, 0, 0]], dtype=int32)
    >>> to_sequence.vocabulary_
    {'did': 2, 'i': 3, '!': 4, 'it': 5, 'like': 6, "n't": 7}
    >>> [" ".join(words) for words in to_sequence.inverse_transform([[3, 1, 5], X[1].data])]
    ['i [UNK] it', 'i did !']
    """

    _parameter_constraints: ClassVar[dict] = {
        **DocumentsToSequence._parameter_constraints,
        "max_features": [Interval(Integral, 1, None, closed="left"), None],
        "min_df": _SHARE_OR_NUMBER,
        "max_df": _SHARE_OR_NUMBER,
        "vocabulary": [Mapping, HasMethods("__iter__"), None],
        "extra_words": [HasMethods("__iter__"), None],
    }

    def __init__(
        self,
        *,
        max_features=10_000,
        min_df=1,
        max_df=1.0,
        lowercase=True,
        strip_accents=None,
        strip_markup=True,
        preprocessor=None,
        tokenizer=None,
        token_pattern=TOKEN_PATTERN,
        stop_words=None,
        analyzer="word",
        vocabulary=None,
        extra_words=None,
        max_length=None,
        truncate="head",
        sparse_output=True,
    ):
        self.max_features = max_features
        self.min_df = min_df
        self.max_df = max_df
        self.lowercase = lowercase
        self.strip_accents = strip_accents
        self.strip_markup = strip_markup
        self.preprocessor = preprocessor
        self.tokenizer = tokenizer
        self.token_pattern = token_pattern
        self.stop_words = stop_words
        self.analyzer = analyzer
        self.vocabulary = vocabulary
        self.extra_words = extra_words
        self.max_length = max_length
        self.truncate = truncate
        self.sparse_output = sparse_output

    @_fit_context(prefer_skip_nested_validation=True)
    def fit(self, X: Iterable[str], y: None = None) -> "TextToSequence":
        """Learn the vocabulary and the length of the longest document.

        Parameters
        ----------
        X : iterable of str of shape (n_samples,)
            The documents: a list, tuple, generator, NumPy array, or a pandas, polars or
            Arrow column. Arrays of shape (n_samples, 1) and frames of one column are allowed too.

        y : None
            Ignored.

        Returns
        -------
        self : TextToSequence

        Raises
        ------
        ValueError
            If `X` is a single string, has no rows or several columns, a document is missing
            (None, NaN), the vocabulary is empty, or a parameter is out of range.

        TypeError
            If a document is not a str, or a callable parameter returns a wrong type. After
            an error the instance is unchanged.
        """
        self._learn(X)
        return self

    @_fit_context(prefer_skip_nested_validation=True)
    def fit_transform(self, X: Iterable[str], y: None = None) -> Any:
        """Learn the vocabulary and return the training documents as token ids.

        This is the same as `fit` and then `transform`, but reads the documents only once.

        Parameters
        ----------
        X : iterable of str of shape (n_samples,)
            The documents, see `fit`.

        y : None
            Ignored.

        Returns
        -------
        X_ids : csr_array or ndarray of int32 of shape (n_samples, n_timesteps)
            The token ids.
        """
        return self._lay_out(*self._learn(X))

    def transform(self, X: Iterable[str]) -> Any:
        """Return documents as token ids.

        Parameters
        ----------
        X : iterable of str of shape (n_samples,)
            The documents, see `fit`. A document without tokens gives a row without ids.

        Returns
        -------
        X_ids : csr_array or ndarray of int32 of shape (n_samples, n_timesteps)
            The token ids. `n_timesteps` is `max_length`, if set.

        Raises
        ------
        NotFittedError
            If the instance is not fitted, even if `vocabulary` is given.

        ValueError, TypeError
            If `fit` would raise an error for these documents.
        """
        check_is_fitted(self)
        return self._lay_out(*self._read_known(X, self.vocabulary_))

    def inverse_transform(self, X: Any) -> list[np.ndarray]:
        """Return the words of token ids.

        Parameters
        ----------
        X : sparse array, array-like of shape (n_samples, n_timesteps) or list of id lists
            The token ids; zeros are ignored at all positions.

        Returns
        -------
        documents : list of ndarray of str objects
            The words of each row; "[UNK]" for the id 1.

        Raises
        ------
        ValueError
            If an id is not in the vocabulary.

        TypeError
            If the ids are not numbers.
        """
        check_is_fitted(self)
        # Made at each call, which takes a millisecond: a copy that is kept would have to follow
        # vocabulary_, stay out of pickles, and be safe from other threads.
        words = np.empty(len(self.vocabulary_) + FIRST_WORD, dtype=object)
        words[UNKNOWN] = UNKNOWN_WORD
        words[list(self.vocabulary_.values())] = list(self.vocabulary_)
        return decode_rows(X, words)

    def get_feature_names_out(self, input_features=None):
        """Return the names of the output's columns: "texttosequence0", "texttosequence1", ...

        A column is a position in the sequence, not a word. The words are in `vocabulary_`.

        Parameters
        ----------
        input_features : array-like of str or None, default=None
            Ignored.

        Returns
        -------
        feature_names_out : ndarray of str objects
            One name for each column that `fit_transform` returned.
        """
        return super().get_feature_names_out(input_features)

    @property
    def _n_features_out(self):
        longest = self.n_timesteps_  # first, so that there is none before fit
        return longest if self.max_length is None else self.max_length

    def _learn(self, X):
        """Fit, and return the ids and lengths of the training documents."""
        # One task for scikit-learn's callbacks, so that a ProgressBar on a Pipeline counts it.
        task = self._init_callback_context()
        task.call_on_fit_task_begin(estimator=self, X=X)
        ids, lengths = self._learn_ids(X)
        task.call_on_fit_task_end(estimator=self, X=X, reconstruction_attributes={})
        return ids, lengths

    def _learn_ids(self, X):
        # Attributes are set last: after an error, those of an earlier fit are still there.
        self._check_stop_words()
        extra = self._read_extra_words()
        if self.vocabulary is not None:
            vocabulary = check_vocabulary(self.vocabulary)
            self._warn_of_upper_case(vocabulary)
            vocabulary = with_words(vocabulary, extra)
            ids, lengths = self._read_known(X, vocabulary)
            _check_not_empty(lengths)
        else:
            # Words get a preliminary index, and their ids once they are counted.
            indices = defaultdict(count().__next__)
            tokens, lengths = self._read(X, partial(map, indices.__getitem__))
            _check_not_empty(lengths)
            limits = self.max_features, self.min_df, self.max_df
            vocabulary, new_ids = learn_vocabulary(list(indices), tokens, lengths, *limits, extra)
            ids = new_ids[tokens]
        self.vocabulary_ = vocabulary
        self.n_timesteps_ = max(1, int(lengths.max()))
        return ids, lengths

    def _read_extra_words(self):
        """Return the extra words as tokens of documents, those that can be one."""
        words = check_extra_words(self.extra_words)
        if not words or callable(self.analyzer):
            return words
        tokens = self._make_analyzer().iter_tokens(words)
        return [found[0] for found in tokens if len(found) == 1]

    def _read_known(self, X, vocabulary):
        return self._read(X, lambda tokens: map(vocabulary.get, tokens, repeat(UNKNOWN)))

    def _width(self, lengths):
        return max(self._n_features_out, int(lengths.max(initial=0)))

    def _check_columns(self, lengths, container):
        width = self._width(lengths)
        if width > self._n_features_out:
            raise InvalidInputError(
                f"The document in row {lengths.argmax()} has {width} tokens, but the "
                f"{container} output has the {self._n_features_out} columns of fit. Set "
                "max_length, so that the output has the same width for all documents."
            )

    def _lay_out(self, ids, lengths, vocabulary_size=None):
        X_ids = super()._lay_out(ids, lengths, len(self.vocabulary_) + FIRST_WORD)
        if self.sparse_output:
            X_ids.words = self._words()
        return X_ids

    def _origin(self):
        """Return what distinguishes the ids from others, an :class:`skrnn.sequences.Origin`."""
        words = self._words()
        return Origin(len(words), words)

    def _words(self):
        """Return the word of each id as a tuple, the same one for every call."""
        vocabulary, words = _WORDS.get(self, (None, None))
        if vocabulary is not self.vocabulary_ or len(words) != len(vocabulary) + FIRST_WORD:
            words = (*[None] * FIRST_WORD, *self.vocabulary_)
            _WORDS[self] = self.vocabulary_, words
        return words

    def _check_stop_words(self):
        analyzer = self._make_analyzer()
        if analyzer.stop_words:
            warn_of_unfindable(analyzer.stop_words, replace(analyzer, stop_words=None))

    def _warn_of_upper_case(self, vocabulary):
        if self.lowercase and self.preprocessor is None and not callable(self.analyzer):
            word = next((word for word in vocabulary if word != word.lower()), None)
            if word is not None:
                warn(
                    f"vocabulary has {word!r} with upper case characters, but lowercase=True "
                    "removes them from all documents. Convert the vocabulary to lower case, or set "
                    "lowercase=False.",
                    UserWarning,
                    stacklevel=5,
                )


def _check_not_empty(lengths):
    if not len(lengths):
        raise InvalidInputError(
            "Found 0 documents in the training set, while at least 1 is required by TextToSequence."
        )

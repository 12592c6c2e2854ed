"""What the transformers of documents share: splitting into tokens, and the form of the output."""

from collections.abc import Callable
from functools import partial, wraps
from numbers import Integral
from typing import Any, ClassVar

import numpy as np
from sklearn.base import BaseEstimator, ClassNamePrefixFeaturesOutMixin, TransformerMixin

from skrnn._sklearn_compat import Interval, StrOptions, _get_output_config
from skrnn.backend.pickling import NamedParameters
from skrnn.exceptions import InvalidInputError
from skrnn.printing import BriefParameters
from skrnn.text.rows import pack_rows, truncate_rows
from skrnn.text.stop_words import check_stop_words
from skrnn.text.tokens import make_analyzer, warn_of_lost


class DocumentsToSequence(
    NamedParameters,
    BriefParameters,
    ClassNamePrefixFeaturesOutMixin,
    TransformerMixin,
    BaseEstimator,
):
    """Base of the transformers that turn documents into token ids.

    A subclass has the parameters below and its own, and gives the ids.
    """

    _parameter_constraints: ClassVar[dict] = {
        "lowercase": ["boolean"],
        "strip_accents": [StrOptions({"ascii", "unicode"}), callable, None],
        "strip_markup": ["boolean", StrOptions({"line_breaks"})],
        "preprocessor": [callable, None],
        "tokenizer": [callable, None],
        "token_pattern": [str, None],
        "stop_words": [
            *(StrOptions({"english"}), None),
            *(list, tuple, set, frozenset, np.ndarray),
        ],
        "analyzer": [StrOptions({"word", "char"}), callable],
        "max_length": [Interval(Integral, 1, None, closed="left"), None],
        "truncate": [StrOptions({"head", "tail", "both"})],
        "sparse_output": ["boolean"],
    }

    def __init_subclass__(cls, **kwargs):
        """Let sparse output be what it is, whatever scikit-learn's global setting says."""
        super().__init_subclass__(**kwargs)
        for name in ("fit_transform", "transform"):
            method = getattr(cls, name, None)
            if hasattr(method, "__wrapped__") and not hasattr(method, "leaves_sparse_output"):
                setattr(cls, name, _leaving_sparse_output(method))

    def build_analyzer(self) -> Callable[[Any], list[str]]:
        """Return the function by which `transform` splits a document into tokens.

        The instance need not be fitted. Documents are not truncated to `max_length`.

        Returns
        -------
        analyzer : callable
            Takes a document and returns the list of its tokens, including unknown words. It can
            be pickled if the parameters can.

        Raises
        ------
        ValueError
            If `token_pattern` is not a regular expression, or has several groups.

        See Also
        --------
        skrnn.onnx.pad_words : Makes the input of an exported pipeline from words.

        Examples
        --------
        >>> from skrnn import TextToSequence
        >>> TextToSequence().build_analyzer()("I didn't like it.")
        ['i', 'did', "n't", 'like', 'it']
        """
        return partial(_analyze, self._make_analyzer())

    def _make_analyzer(self):
        return make_analyzer(
            analyzer=self.analyzer,
            preprocessor=self.preprocessor,
            tokenizer=self.tokenizer,
            token_pattern=self.token_pattern,
            lowercase=self.lowercase,
            strip_accents=self.strip_accents,
            strip_markup=self.strip_markup,
            stop_words=check_stop_words(self.stop_words),
        )

    def _read(self, X, look_up):
        """Return the numbers of all tokens of the documents, and the length of each document.

        `look_up` maps a list of tokens to an iterable of numbers. It runs in C: this loop
        executes no Python code for single tokens.
        """
        numbers, lengths, lost = [], [], []
        for tokens in self._make_analyzer().iter_tokens(X, lost):
            numbers.extend(look_up(tokens))
            lengths.append(len(tokens))
        warn_of_lost(lost, type(self).__name__)
        return np.array(numbers, dtype=np.int32), np.array(lengths, dtype=np.int64)

    def _width(self, lengths):
        """Return the number of columns for rows of these lengths."""
        raise NotImplementedError

    def _lay_out(self, ids, lengths, vocabulary_size):
        """Truncate the rows and return them in the form of the output."""
        if self.max_length is not None:
            ids, lengths = truncate_rows(ids, lengths, self.max_length, self.truncate)
        container = output_container(self)
        if container != "default" and self.sparse_output:
            raise InvalidInputError(
                f"{container.capitalize()} output cannot be sparse. Set sparse_output=False, or "
                "call set_output(transform='default')."
            )
        if container != "default":
            self._check_columns(lengths, container)
        X_ids = pack_rows(ids, lengths, self._width(lengths), vocabulary_size)
        return X_ids if self.sparse_output else X_ids.toarray()

    def _check_columns(self, lengths, container):
        """Raise ValueError if rows of these lengths have more columns than names."""
        raise NotImplementedError

    def __sklearn_tags__(self):
        """Declare that the input is strings and not a table."""
        tags = super().__sklearn_tags__()
        tags.input_tags.string = True
        tags.input_tags.two_d_array = False
        tags.transformer_tags.preserves_dtype = []  # always int32
        return tags


def output_container(transformer):
    """Return the container of the output, as set on the instance, or globally if it is dense."""
    is_own = "transform" in getattr(transformer, "_sklearn_output_config", {})
    if transformer.sparse_output and not is_own:
        return "default"
    return _get_output_config("transform", transformer)["dense"]


def _leaving_sparse_output(method):
    """Return a method of which scikit-learn makes no frames if `output_container` is "default".

    scikit-learn replaces the methods of a new class by ones that convert their results. The global
    setting also applies to sparse results, which no frame can hold.
    """
    plain = method.__wrapped__

    @wraps(method)
    def call(self, *args, **kwargs):
        is_plain = output_container(self) == "default"
        return (plain if is_plain else method)(self, *args, **kwargs)

    call.leaves_sparse_output = True
    return call


def _analyze(analyzer, document):
    return next(analyzer.iter_tokens([document]))

"""TextToSequence and scikit-learn's vectorizers: the vocabulary and how text is split."""

import numpy as np
from sklearn.feature_extraction.text import CountVectorizer, TfidfTransformer, TfidfVectorizer

from skrnn.baselines.pipelines import WORDS_AND_MARKS
from skrnn.estimators.words_codec import MAX_NGRAM
from skrnn.exceptions import InvalidInputError
from skrnn.fileformat.errors import shown
from skrnn.fileformat.parameters import decode_parameters, refuse_other_attributes
from skrnn.sequences.special_tokens import FIRST_WORD
from skrnn.text import HashingTextToSequence, TextToSequence
from skrnn.text.base import output_container
from skrnn.text.patterns import FORMER_PATTERNS, TOKEN_PATTERN

# Matching some regular expressions takes forever, and there is no general way to recognize them.
# These take time in proportion to the text.
KNOWN_PATTERNS = {
    TOKEN_PATTERN,
    *FORMER_PATTERNS,
    WORDS_AND_MARKS,
    CountVectorizer().token_pattern,
    *(r"\w+", r"(?u)\w+", r"\b\w+\b", r"(?u)\b\w+\b", r"\b\w\w+\b", r"\S+", r"[^\s]+", "."),
}
# A dense array has this width even for short texts, so it bounds the memory.
MAX_DENSE_STEPS = 2**20
MAX_STEPS = 2**31 - 2
# As types, as dtypes or by name.
_DTYPES = [
    kind
    for name in ("int32", "int64", "float32", "float64")
    for kind in (np.dtype(name), np.dtype(name).type, name)
]
_OWN_WORDS = "Preprocess the documents before the pipeline, or use joblib.dump instead."
WAYS_OUT = dict.fromkeys(("preprocessor", "tokenizer", "analyzer", "strip_accents"), _OWN_WORDS) | {
    "vocabulary": "Pass it as a list or dict.",
    "extra_words": "vocabulary_ contains the words: call set_params(extra_words=None) first.",
    "stop_words": "Pass them as a list of str.",
}


def encode_sequence_state(estimator, place):
    """Return the fitted state of a TextToSequence."""
    refuse_other_attributes(estimator, place, {"vocabulary_", "n_timesteps_"})
    words = list(estimator.vocabulary_)
    if list(estimator.vocabulary_.values()) != list(range(FIRST_WORD, FIRST_WORD + len(words))):
        raise InvalidInputError(
            "The ids in vocabulary_ of TextToSequence are no longer 2, 3, ... in this order, as "
            "after fit. Fit it again, or pass vocabulary=... to a new instance."
        )
    return {"vocabulary": words, "n_timesteps": int(estimator.n_timesteps_)}


def decode_sequence(node):
    """Make the TextToSequence of a node."""
    estimator = _decode_splitter(node, TextToSequence)
    state = node.below("state")
    words = _take_vocabulary(state)
    estimator.vocabulary_ = dict(
        zip(words, range(FIRST_WORD, FIRST_WORD + len(words)), strict=True)
    )
    estimator.n_timesteps_ = state.take_int("n_timesteps", 1, _most_steps(estimator))
    state.close()
    return estimator


def encode_hashing_state(estimator, place):
    """Return the state of a HashingTextToSequence, which has none."""
    refuse_other_attributes(estimator, place, set())
    return {}


def decode_hashing(node):
    """Make the HashingTextToSequence of a node."""
    estimator = _decode_splitter(node, HashingTextToSequence)
    node.below("state").close()
    return estimator


def _decode_splitter(node, cls):
    """Make the transformer of documents of a node, without its state."""
    had_rule = node.has_below("parameters", "strip_markup")
    estimator = decode_parameters(node, cls, allowed=is_data)
    if not had_rule:  # older files, whose models have learned from markup and entities
        estimator.strip_markup = "line_breaks"
    _check_pattern(estimator, node)
    if estimator.sparse_output and output_container(estimator) != "default":
        node.refuse(
            "Data frames cannot hold sparse output: 'sparse_output' and 'output' contradict."
        )
    highest = _most_steps(estimator)
    if estimator.max_length is not None and estimator.max_length > highest:
        node.refuse(
            f"The parameter 'max_length' is {estimator.max_length}, but must be at most {highest}."
        )
    return estimator


def _most_steps(estimator):
    return MAX_STEPS if estimator.sparse_output else MAX_DENSE_STEPS


def encode_counts_state(estimator, place):
    """Return the fitted state of a CountVectorizer or TfidfVectorizer."""
    refuse_other_attributes(estimator, place, {"vocabulary_", "fixed_vocabulary_"})
    terms = sorted(estimator.vocabulary_, key=estimator.vocabulary_.get)
    if [int(estimator.vocabulary_[term]) for term in terms] != list(range(len(terms))):
        raise InvalidInputError(
            f"The columns in vocabulary_ of {type(estimator).__name__} are not 0, 1, ..., as "
            "after fit. Fit it again."
        )
    state = {
        "vocabulary": [str.__str__(term) for term in terms],
        "fixed_vocabulary": bool(estimator.fixed_vocabulary_),
    }
    if isinstance(estimator, TfidfVectorizer) and estimator.use_idf:
        place.put("idf", estimator.idf_)
    return state


def decode_counts(node, cls):
    """Make the CountVectorizer or TfidfVectorizer of a node."""
    estimator = decode_parameters(node, cls, allowed=is_data)
    _check_pattern(estimator, node)
    if not _is_ngram_range(estimator.ngram_range):
        node.refuse(f"The parameter 'ngram_range' must be (n, m) with 1 <= n <= m <= {MAX_NGRAM}.")
    state = node.below("state")
    terms = _take_vocabulary(state)
    estimator.vocabulary_ = dict(zip(terms, range(len(terms)), strict=True))
    estimator.fixed_vocabulary_ = state.take_flag("fixed_vocabulary")
    if cls is TfidfVectorizer:
        names = ("norm", "use_idf", "smooth_idf", "sublinear_tf")
        estimator._tfidf = TfidfTransformer(**{n: getattr(estimator, n) for n in names})
        estimator._tfidf.n_features_in_ = len(terms)
        if estimator.use_idf:
            dtypes = ("float32", "float64")
            estimator._tfidf.idf_ = node.take_array("idf", dtypes, (len(terms),))
    state.close()
    return estimator


def decode_count_vectorizer(node):
    """Make the CountVectorizer of a node."""
    return decode_counts(node, CountVectorizer)


def decode_tfidf_vectorizer(node):
    """Make the TfidfVectorizer of a node."""
    return decode_counts(node, TfidfVectorizer)


def _take_vocabulary(state):
    words = state.take_strings("vocabulary", unique=True)
    if not words:
        state.refuse("The vocabulary is empty.")
    return words


def is_data(key, value):
    """Whether a value only determines how text is split, and has no other effect."""
    if key == "input":  # else the caller's texts would be read as file names
        return value == "content"
    if key == "encoding":  # a name that Python looks up by an import
        return value in ("utf-8", "latin-1", "ascii")
    if key == "dtype":
        return value in _DTYPES
    if key in ("vocabulary", "extra_words", "stop_words") and value is not None:
        items = value if isinstance(value, list | tuple | dict) else [value]
        return isinstance(value, str | list | tuple | dict) and all(
            isinstance(item, str) for item in items
        )
    return key not in ("preprocessor", "tokenizer") or value is None


def _is_ngram_range(value):
    if not isinstance(value, tuple | list) or list(map(type, value)) != [int, int]:
        return False
    return 1 <= value[0] <= value[1] <= MAX_NGRAM


def _check_pattern(estimator, node):
    pattern = estimator.token_pattern
    if pattern is None and estimator.analyzer == "word":
        node.refuse("analyzer='word' needs a token_pattern or a tokenizer.")
    if pattern is None or pattern in KNOWN_PATTERNS or pattern in node.reading.token_patterns:
        return
    node.refuse(
        f"The token_pattern is {shown(pattern, 200)}, which is unknown. Matching a regular "
        "expression from an untrusted source may take forever.",
        way_out=(
            "If you trust it, pass exactly this pattern to skrnn.load(path, token_patterns=[...])."
        ),
    )

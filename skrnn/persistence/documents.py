"""Vectors of documents: the n-grams and their vectors."""

import numpy as np

from skrnn.embeddings.inference import GREATEST_C, LEAST_C
from skrnn.estimators import DocumentVectorizer
from skrnn.estimators.words_codec import decode_words, encode_words, take_ngram_range
from skrnn.fileformat.nodes import ARRAYS
from skrnn.fileformat.parameters import (
    decode_features,
    decode_parameters,
    encode_features,
    refuse_other_attributes,
)
from skrnn.ngrams import NgramVocabulary

# Of a number of a vector: far more than any has, and small enough for sums of products in float32.
GREATEST = 1_000_000
_ATTRIBUTES = {
    *("ngram_vectors_", "sample_", "min_df_", "vocabulary_size_"),
    *("n_features_in_", "feature_names_in_"),
}


def encode_vectors_state(estimator, place):
    """Return the fitted state of a DocumentVectorizer."""
    refuse_other_attributes(estimator, place, _ATTRIBUTES)
    for n, codes in enumerate(estimator._ngrams.codes, 1):
        place.put(f"codes/{n}", codes)
    place.put("ngram_vectors", estimator.ngram_vectors_)
    place.put("sample", estimator.sample_)
    return {
        **encode_features(estimator),
        **encode_words(estimator),
        "is_table": bool(estimator._is_table),
        "vocabulary_size": int(estimator.vocabulary_size_),
        "ngram_range": list(map(int, estimator._ngrams.ngram_range)),
        "min_df": int(estimator.min_df_),
        "C": float(estimator._C),
    }


def decode_vectors(node):
    """Make the DocumentVectorizer of a node."""
    estimator = decode_parameters(node, DocumentVectorizer)
    state = node.below("state")
    decode_features(state, estimator)
    estimator._is_table = state.take_flag("is_table")
    estimator.vocabulary_size_ = state.take_int("vocabulary_size", 2)
    decode_words(state, estimator, estimator.vocabulary_size_)
    ngram_range = take_ngram_range(state)
    estimator.min_df_ = state.take_int("min_df", 1)
    estimator._C = state.take_float(
        "C",
        f"a number from {LEAST_C} to {GREATEST_C}",
        lambda value: LEAST_C <= value <= GREATEST_C,
    )
    state.close()
    codes = [
        node.take_array(f"codes/{n}", ("int64",), (None,)) for n in range(1, ngram_range[1] + 1)
    ]
    try:
        estimator._ngrams = NgramVocabulary.of_codes(
            ngram_range, estimator.min_df_, estimator.vocabulary_size_, codes
        )
    except ValueError as error:
        node.refuse(str(error), ARRAYS)
    n_ngrams = estimator._ngrams.n_ngrams
    estimator.ngram_vectors_ = node.take_array("ngram_vectors", ("float32",), (n_ngrams, None))
    estimator.sample_ = node.take_array("sample", ("int32",), (None,))
    if not estimator.ngram_vectors_.size or np.abs(estimator.ngram_vectors_).max() > GREATEST:
        node.refuse(
            f"The vectors of the n-grams must be of numbers from -{GREATEST} to {GREATEST}.", ARRAYS
        )
    sample = estimator.sample_
    if not len(sample) or sample.min() < 0 or sample.max() >= n_ngrams:
        node.refuse(
            f"The sample must be of one n-gram or more, with numbers from 0 to {n_ngrams - 1}.",
            ARRAYS,
        )
    return estimator

"""What an estimator knows of the words of its ids, and the lengths of n-grams, in a file."""

from skrnn.sequences import FIRST_WORD, KnownWords

# Looking n-grams up, or splitting a text into them, takes time in proportion to the longest.
MAX_NGRAM = 100


def encode_words(estimator):
    """Return what is known of the words of the ids as a tree; empty if nothing is."""
    tree: dict = {}
    known = getattr(estimator, "_words", None)
    if known is not None and all(isinstance(word, str | None) for word in known.words):
        tree["words"] = [word if word is None else str.__str__(word) for word in known.words]
    hashing = getattr(estimator, "_hashing", None)
    if hashing is not None:
        tree["hashing"] = dict(hashing)
    return tree


def decode_words(state, estimator, vocabulary_size):
    """Set the attributes that `encode_words` has encoded."""
    estimator._words = None
    if "words" in state:  # files of format 1 have none
        size = vocabulary_size
        words = state.take(
            "words",
            f"a list of at most {size} strings and nulls",
            lambda v: (
                type(v) is list and len(v) <= size and {type(one) for one in v} <= {str, type(None)}
            ),
        )
        estimator._words = KnownWords(words)
    estimator._hashing = None
    if "hashing" in state:
        hashing = state.take(
            "hashing",
            "an object of strings",
            lambda v: type(v) is dict and len(v) > 0 and {type(one) for one in v.values()} == {str},
        )
        estimator._hashing = tuple(hashing.items())
    elif "n_hashes" in state:  # before the other settings were compared
        n_features = state.take_int("n_hashes", FIRST_WORD + 1) - FIRST_WORD
        estimator._hashing = (("n_features", str(n_features)),)


def take_ngram_range(node):
    """Take the lengths of n-grams from a node."""
    return node.take(
        "ngram_range",
        f"[n, m] with 1 <= n <= m <= {MAX_NGRAM}",
        lambda v: (
            type(v) is list
            and [type(n) for n in v] == [int, int]
            and 1 <= v[0] <= v[1] <= MAX_NGRAM
        ),
    )

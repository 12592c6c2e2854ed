"""What share of a text pretrained vectors cover, in a file."""

from skrnn.embeddings import EmbeddingCoverage


def encode_coverage(coverage):
    """Return an `EmbeddingCoverage` as JSON, or None."""
    if coverage is None:
        return None
    return {
        "n_words": int(coverage.n_words),
        "n_found": int(coverage.n_found),
        "share_of_words": float(coverage.share_of_words),
        "share_of_tokens": float(coverage.share_of_tokens),
    }


def decode_coverage(state):
    """Return the `EmbeddingCoverage` of a node, or None."""
    tree = state.take(
        "embedding_coverage", "an object or null", lambda v: v is None or type(v) is dict
    )
    if tree is None:
        return None
    node = state.of(tree, "embedding_coverage")
    n_words = node.take_int("n_words")
    values = [n_words, node.take_int("n_found", 0, n_words)]
    for key in ("share_of_words", "share_of_tokens"):
        is_share = lambda value: value != value or 0 <= value <= 1  # noqa: E731
        values.append(node.take_float(key, "a number in [0, 1] or NaN", is_share))
    node.close()
    return EmbeddingCoverage(*values)

"""Word vectors that a network starts from: made from a corpus of one's own, or read from files.

Nothing here needs TensorFlow.
"""

from skrnn.embeddings.corpus import corpus_embeddings

__all__ = ["corpus_embeddings"]

"""Initial word vectors of a network: computed from your own corpus, or read from files.

Nothing here needs TensorFlow.
"""

from skrnn.embeddings.corpus import corpus_embeddings
from skrnn.embeddings.coverage import EmbeddingCoverage
from skrnn.embeddings.pretrained import read_embeddings
from skrnn.embeddings.vectors import WordVectors

__all__ = ["EmbeddingCoverage", "WordVectors", "corpus_embeddings", "read_embeddings"]

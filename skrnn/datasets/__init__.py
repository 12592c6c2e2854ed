"""Film reviews and tagged sentences to learn from, in files or made up, and pretrained vectors."""

from skrnn.datasets.columns import read_conll, read_conllu
from skrnn.datasets.imdb import fetch_imdb, load_imdb
from skrnn.datasets.reviews import make_reviews
from skrnn.datasets.tagged_sentences import make_tagged_sentences
from skrnn.datasets.vectors import fetch_vectors

__all__ = [
    "fetch_imdb",
    "fetch_vectors",
    "load_imdb",
    "make_reviews",
    "make_tagged_sentences",
    "read_conll",
    "read_conllu",
]

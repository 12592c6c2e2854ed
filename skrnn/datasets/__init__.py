"""Film reviews to learn from: the IMDb reviews, and made-up ones that need no download."""

from skrnn.datasets.imdb import fetch_imdb, load_imdb
from skrnn.datasets.reviews import make_reviews

__all__ = ["fetch_imdb", "load_imdb", "make_reviews"]

"""Film reviews to learn from: the IMDb reviews, and made-up ones that need no download."""

from ._imdb import fetch_imdb, load_imdb
from ._reviews import make_reviews

__all__ = ["fetch_imdb", "load_imdb", "make_reviews"]

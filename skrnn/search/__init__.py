"""Grid search over networks that shares epochs between candidates and survives crashes."""

from skrnn.search.epoch_search import EpochSearchCV

__all__ = ["EpochSearchCV"]

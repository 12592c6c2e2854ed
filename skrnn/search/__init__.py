"""Searches over networks that train no epoch twice and lose no fit."""

from skrnn.search.epoch_search import EpochSearchCV

__all__ = ["EpochSearchCV"]

"""Displays of corpora, trainings, searches and confusion matrices, as in scikit-learn."""

from skrnn.plotting.confusion import ConfusionMatricesDisplay
from skrnn.plotting.corpus import CorpusDisplay
from skrnn.plotting.search import SearchCurveDisplay
from skrnn.plotting.style import check_matplotlib
from skrnn.plotting.training import TrainingCurveDisplay

__all__ = [
    "ConfusionMatricesDisplay",
    "CorpusDisplay",
    "SearchCurveDisplay",
    "TrainingCurveDisplay",
    "check_matplotlib",
]

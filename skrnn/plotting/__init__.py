"""Pictures in scikit-learn's Display convention."""

from .attribution import TokenAttributionDisplay
from .confusion import ConfusionMatricesDisplay
from .corpus import CorpusDisplay
from .search import SearchCurveDisplay
from .style import check_matplotlib
from .trace import TraceDisplay
from .training import TrainingCurveDisplay

__all__ = [
    "ConfusionMatricesDisplay",
    "CorpusDisplay",
    "SearchCurveDisplay",
    "TokenAttributionDisplay",
    "TraceDisplay",
    "TrainingCurveDisplay",
    "check_matplotlib",
]

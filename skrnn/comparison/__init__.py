"""Compare estimators on the same splits: scores, times and sizes."""

from skrnn.comparison.comparing import compare
from skrnn.comparison.result import Comparison

__all__ = ["Comparison", "compare"]

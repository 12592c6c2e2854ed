"""Estimators side by side: score, time and size on the same splits."""

from skrnn.comparison.comparing import compare
from skrnn.comparison.result import Comparison

__all__ = ["Comparison", "compare"]

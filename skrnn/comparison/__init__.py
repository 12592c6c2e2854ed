"""Estimators side by side: score, time and size on the same splits."""

from .comparing import compare
from .result import Comparison

__all__ = ["Comparison", "compare"]

"""Inspection of networks: contributions of tokens, states of recurrent layers, and tagged text."""

from skrnn.inspection.attribution_display import TokenAttributionDisplay
from skrnn.inspection.explaining import explain
from skrnn.inspection.explanation import Explanation
from skrnn.inspection.tagged_text import TaggedText, show_tags
from skrnn.inspection.trace_display import TraceDisplay
from skrnn.inspection.tracing import Trace, trace

__all__ = [
    "Explanation",
    "TaggedText",
    "TokenAttributionDisplay",
    "Trace",
    "TraceDisplay",
    "explain",
    "show_tags",
    "trace",
]

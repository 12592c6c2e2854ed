"""Inspection of fitted networks: contributions of tokens, and states of the recurrent layers."""

from skrnn.inspection.attribution_display import TokenAttributionDisplay
from skrnn.inspection.explaining import explain
from skrnn.inspection.explanation import Explanation
from skrnn.inspection.trace_display import TraceDisplay
from skrnn.inspection.tracing import Trace, trace

__all__ = ["Explanation", "TokenAttributionDisplay", "Trace", "TraceDisplay", "explain", "trace"]

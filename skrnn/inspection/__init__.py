"""What a fitted network does with a text: which tokens decide, and what its units hold."""

from skrnn.inspection.explaining import explain
from skrnn.inspection.explanation import Explanation
from skrnn.inspection.tracing import Trace, trace

__all__ = ["Explanation", "Trace", "explain", "trace"]

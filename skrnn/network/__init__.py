"""Networks: their description, the Keras model of a description, and predictions.

Importing this does not load TensorFlow. `build_network` does, on first use.
"""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from skrnn.network.build import build_network

__all__ = ["build_network"]


def __getattr__(name):
    if name == "build_network":
        from skrnn.network.build import build_network

        return build_network
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")

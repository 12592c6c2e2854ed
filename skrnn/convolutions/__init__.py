"""Features of convolutions of numeric sequences, and a linear model of them beside the network.

A recurrent network needs many rows, or many epochs, to find shapes in long sequences. A linear
model of many fixed convolutions finds them from few rows, in a second. As the n-grams for token ids
(:mod:`skrnn.ngrams`), its score of a row is added to the network's output. Nothing here needs
TensorFlow.
"""

from skrnn.convolutions.model import SCORES, ConvolutionModel

__all__ = ["SCORES", "ConvolutionModel"]

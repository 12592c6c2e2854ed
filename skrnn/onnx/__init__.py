"""Fitted estimators as ONNX models, which other runtimes and languages can run.

From top to bottom: :mod:`~skrnn.onnx.export` has `to_onnx`, :mod:`~skrnn.onnx.inputs` converts
inputs to sequences and their lengths, :mod:`~skrnn.onnx.ngrams` finds the n-grams,
:mod:`~skrnn.onnx.layers` writes the network, and :mod:`~skrnn.onnx.graph` collects nodes and
weights. :mod:`~skrnn.onnx.words` is for the process that serves the model. Importing this loads
neither TensorFlow nor onnx.
"""

from skrnn.onnx.export import to_onnx
from skrnn.onnx.words import pad_words

__all__ = ["pad_words", "to_onnx"]

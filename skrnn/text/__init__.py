"""Text: documents in, token ids out, one row a document.

Reads top-down: :mod:`~skrnn.text.documents` takes the caller's container apart,
:mod:`~skrnn.text.tokens` cuts a document into tokens, :mod:`~skrnn.text.vocabulary`
numbers the words, :mod:`~skrnn.text.rows` lays the numbers out and reads them back,
and :mod:`~skrnn.text.to_sequence` is the scikit-learn face of all four.
"""

from skrnn.text.to_sequence import TextToSequence

__all__ = ["TextToSequence"]

"""Text: documents in, token ids out, one row for each document.

:mod:`~skrnn.text.documents` iterates over a container of documents,
:mod:`~skrnn.text.tokens` splits a document into tokens, :mod:`~skrnn.text.vocabulary`
numbers the words, :mod:`~skrnn.text.rows` makes arrays of the numbers and reads them back,
and :mod:`~skrnn.text.to_sequence` and :mod:`~skrnn.text.hashing` have the scikit-learn
transformers that use them. :mod:`~skrnn.text.with_columns` has one that puts numbers of a frame
beside the ids, which :mod:`~skrnn.text.frames` reads. :mod:`~skrnn.text.word_reader` takes
sentences that are words already, with :mod:`~skrnn.text.sentences`, :mod:`~skrnn.text.spelling` and
:mod:`~skrnn.text.contexts`.
"""

from skrnn.text.base import DocumentsToSequence
from skrnn.text.hashing import HashingTextToSequence
from skrnn.text.to_sequence import TextToSequence
from skrnn.text.with_columns import TextWithColumns
from skrnn.text.word_reader import WordReader

__all__ = [
    "DocumentsToSequence",
    "HashingTextToSequence",
    "TextToSequence",
    "TextWithColumns",
    "WordReader",
]

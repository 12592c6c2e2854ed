"""Rows that come in chunks, because they do not fit into memory together."""

from collections.abc import Iterator
from itertools import chain

from skrnn.exceptions import InvalidInputError, InvalidTypeError

WANTED = "(X, y), or (X, y, sample_weight)"


class ChunkReader:
    """Reads an iterable of chunks once for each epoch, and checks each chunk as it comes.

    Parameters
    ----------
    chunks : iterable of tuple (X, y) or (X, y, sample_weight)
        What the caller gave.
    epochs : int
        How many times it will be read.
    name : str
        The estimator, for errors.

    Attributes
    ----------
    first : tuple (X, y, sample_weight)
        The first chunk, as it came; None once it has been read with the others.
    """

    def __init__(self, chunks, epochs, name):
        self.name = name
        if isinstance(chunks, Iterator) and epochs > 1:
            raise InvalidInputError(
                f"fit_chunks of {name} reads its chunks {epochs} times, once an epoch, but got an "
                f"iterator ({type(chunks).__name__}), which can be read once. Give a list, or an "
                "object whose __iter__ begins anew each time; or set epochs=1."
            )
        try:
            self._begun = iter(chunks)
        except TypeError:
            raise InvalidTypeError(
                f"fit_chunks of {name} got {type(chunks).__name__}; it wants an iterable of "
                f"{WANTED}."
            ) from None
        self._chunks = chunks
        self.first = self._unpack(next(self._begun, None), 0)

    def read(self, check):
        """Yield what `check` makes of each chunk of a pass.

        Parameters
        ----------
        check : callable
            Takes X, y and sample_weight.

        Raises
        ------
        ValueError
            Where a chunk is bad, or there is none; with its number, from 0.
        """
        if self._begun is not None:  # the first pass, whose first chunk has been looked at
            chunks = chain([self.first], self._begun)
            self._begun = self.first = None
        else:
            chunks = iter(self._chunks)
        number = -1
        for number, chunk in enumerate(chunks):
            try:
                yield check(*self._unpack(chunk, number))
            except ValueError as error:
                raise InvalidInputError(f"In chunk {number}: {error}") from error
        if number < 0:
            self._unpack(None, 0)

    def _unpack(self, chunk, number):
        if chunk is None and number == 0:
            raise InvalidInputError(
                f"fit_chunks of {self.name} got no chunk in a pass over its chunks; it wants at "
                "least one, in every pass the same ones."
            )
        if not isinstance(chunk, tuple | list) or len(chunk) not in (2, 3):
            told = type(chunk).__name__
            if isinstance(chunk, tuple | list):
                told += f" of {len(chunk)}"
            raise InvalidInputError(f"Chunk {number} is a {told}; {self.name} wants {WANTED}.")
        X, y, *weights = chunk
        return X, y, weights[0] if weights else None

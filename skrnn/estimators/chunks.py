"""Reading rows in chunks that do not fit into memory together."""

from collections.abc import Iterator
from itertools import chain

from skrnn.exceptions import InvalidInputError, InvalidTypeError

WANTED = "(X, y), or (X, y, sample_weight)"


class ChunkReader:
    """Reads an iterable of chunks once in each epoch, and checks each chunk when it is read.

    Parameters
    ----------
    chunks : iterable of tuple (X, y) or (X, y, sample_weight)
        What the caller gave.
    epochs : int
        How many times `chunks` will be read.
    name : str
        Name of the estimator, for errors.

    Attributes
    ----------
    first : tuple (X, y, sample_weight)
        The first chunk, unchecked; None once it has been read with the others.
    """

    def __init__(self, chunks, epochs, name):
        self.name = name
        if isinstance(chunks, Iterator) and epochs > 1:
            raise InvalidInputError(
                f"fit_chunks of {name} reads its chunks {epochs} times, once in each epoch, but "
                f"got an iterator ({type(chunks).__name__}), which can be read only once. Pass a "
                "list, or an object whose __iter__ starts again each time; or set epochs=1."
            )
        try:
            self._begun = iter(chunks)
        except TypeError:
            raise InvalidTypeError(
                f"fit_chunks of {name} expects an iterable of {WANTED}, but got "
                f"{type(chunks).__name__}."
            ) from None
        self._chunks = chunks
        self.first = self._unpack(next(self._begun, None), 0)

    def read(self, check):
        """Yield what `check` returns for each chunk, in one pass over the chunks.

        Parameters
        ----------
        check : callable
            Takes X, y and sample_weight.

        Raises
        ------
        ValueError
            If a chunk is not valid, with its number from 0, or if there is no chunk.
        """
        if self._begun is not None:  # the first pass, whose first chunk was taken in __init__
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
                f"fit_chunks of {self.name} got no chunk in a pass over its chunks. It needs at "
                "least one, and the same ones in every pass."
            )
        if not isinstance(chunk, tuple | list) or len(chunk) not in (2, 3):
            got = type(chunk).__name__
            if isinstance(chunk, tuple | list):
                got += f" of {len(chunk)}"
            raise InvalidInputError(f"Chunk {number} is a {got}; {self.name} expects {WANTED}.")
        X, y, *weights = chunk
        return X, y, weights[0] if weights else None

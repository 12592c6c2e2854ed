"""The scores of neighbouring tags."""

from typing import NamedTuple

import numpy as np

from skrnn.exceptions import InvalidInputError


class Chain(NamedTuple):
    """The scores of a linear chain of tags, log-odds to a constant; -inf forbids.

    The score of a path of tags is the sum of the emission of the tag at each step, `start` of the
    first, `end` of the last, and the transition between each two neighbours.

    Attributes
    ----------
    transitions : ndarray of shape (n_tags, n_tags), float32 or float64
        ``transitions[i, j]`` is the score of tag `j` directly after tag `i`.
    start, end : ndarray of shape (n_tags,), float32 or float64
        The scores of a tag at the first and at the last step.

    Examples
    --------
    >>> import numpy as np
    >>> from skrnn.chains import Chain
    >>> chain = Chain(np.zeros((2, 2)), start=np.array([0.0, -np.inf]), end=np.zeros(2))
    >>> chain.transitions.shape, chain.start.tolist()
    ((2, 2), [0.0, -inf])
    """

    transitions: np.ndarray
    start: np.ndarray
    end: np.ndarray


def constrained(chain, allowed):
    """Return a chain whose illegal transitions, starts and ends have the score -inf.

    Parameters
    ----------
    chain : Chain
    allowed : Allowed
        From :func:`allowed_transitions`, or of the same shapes.

    Returns
    -------
    Chain
        Of the same dtypes.

    Raises
    ------
    InvalidInputError
        If the shapes differ.

    Examples
    --------
    >>> import numpy as np
    >>> from skrnn.chains import Chain, allowed_transitions, constrained
    >>> labels = ["B-NP", "I-NP", "O"]
    >>> chain = Chain(np.zeros((3, 3)), np.zeros(3), np.zeros(3))
    >>> constrained(chain, allowed_transitions(labels, "BIO")).start.tolist()
    [0.0, -inf, 0.0]
    """
    parts = []
    for name, scores, legal in zip(Chain._fields, chain, allowed, strict=True):
        scores, legal = np.asarray(scores), np.asarray(legal, bool)
        if scores.shape != legal.shape:
            raise InvalidInputError(
                f"{name} of the chain has the shape {scores.shape}, but what is allowed has "
                f"{legal.shape}. Both must be of the same tags."
            )
        parts.append(np.where(legal, scores, np.array(-np.inf, scores.dtype)))
    return Chain(*parts)


def checked(emissions, offsets, chain):
    """Return emissions and chain in float64 and offsets in int64, contiguous.

    Raises
    ------
    InvalidInputError
        If the shapes do not fit one another.
    """
    emissions = np.ascontiguousarray(emissions, np.float64)
    offsets = np.ascontiguousarray(offsets, np.int64)
    if emissions.ndim != 2 or not emissions.shape[1]:
        raise InvalidInputError(
            "emissions must have the shape (n_steps, n_tags), with at least one tag, but have the "
            f"shape {emissions.shape}. Concatenate the rows, and pass where each begins as offsets."
        )
    n_steps, n_tags = emissions.shape
    if (
        offsets.ndim != 1
        or not len(offsets)
        or offsets[0] != 0
        or offsets[-1] != n_steps
        or (np.diff(offsets) < 0).any()
    ):
        raise InvalidInputError(
            "offsets must be ascending integers from 0 to the number of steps, one more than there "
            f"are rows; the emissions have {n_steps} steps, and offsets are {offsets!s:.60}."
        )
    parts = []
    shapes = ((n_tags, n_tags), (n_tags,), (n_tags,))
    for name, scores, shape in zip(Chain._fields, chain, shapes, strict=True):
        scores = np.ascontiguousarray(scores, np.float64)
        if scores.shape != shape:
            raise InvalidInputError(
                f"{name} of the chain must have the shape {shape}, since the emissions are of "
                f"{n_tags} tags, but has the shape {scores.shape}."
            )
        parts.append(scores)
    return emissions, offsets, Chain(*parts)


class Factors(NamedTuple):
    """The factors of a chain, as the kernels take them: see :mod:`skrnn.kernels.chain`."""

    start: np.ndarray
    transitions: np.ndarray
    end: np.ndarray
    start_factor: np.ndarray
    matrix: np.ndarray
    by_columns: np.ndarray
    end_factor: np.ndarray
    shift: np.ndarray

    @classmethod
    def of(cls, chain):
        """Return those of a chain in float64."""
        factors, shift = [], []
        for scores in (chain.start, chain.transitions, chain.end):
            largest = scores.max()
            if largest == -np.inf:
                largest = 0.0
            with np.errstate(invalid="ignore"):  # of numbers that are not finite
                factors.append(np.exp(scores - largest))
            shift.append(largest)
        start, matrix, end = factors
        by_columns = np.ascontiguousarray(matrix.T)
        return cls(
            chain.start, chain.transitions, chain.end,
            start, matrix, by_columns, end, np.array(shift),
        )  # fmt: skip

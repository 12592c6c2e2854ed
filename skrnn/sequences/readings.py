"""Floats that look like token ids, and integers that look like readings: warn of both.

Integers are token ids and floats are numbers. Programs that pad or load data often turn ids into
floats, and readings such as heart rates are often integers. In both cases a network would learn
from what it reads wrongly, only worse.
"""

import numpy as np

from skrnn.sequences.distributions import MIN_DIFFERENT, why_readings
from skrnn.sequences.warning import warn_caller

# Of more steps, evenly spaced rows are looked at.
MAX_STEPS = 200_000
# Fewer numbers can be anything.
MIN_STEPS = 100
# Padded rows of so many different lengths are texts, even of fewer than MIN_DIFFERENT words.
MIN_LENGTHS = 3
# Programs that cannot pad with zeros or NaN take this.
OTHER_PADDING = -1


def warn_of_ids(sequences, name, *, is_padded):
    """Warn if numeric sequences look like token ids that became floats.

    That is, if they have one channel of whole numbers, none negative, different lengths or padding
    (zeros, NaN or -1), and if they do not look like readings. Of fewer than `MIN_DIFFERENT`
    different numbers, only padded rows count, since grades are no ids.

    Parameters
    ----------
    sequences : Sequences
        Numeric, of a first fit.
    name : str
        Name of the estimator.
    is_padded : bool
        Whether the rows came in an array, which has to be padded.
    """
    if sequences.values.shape[1] != 1:
        return
    steps = sequences.values.reshape(-1)
    # Ids may be 0 where the padding is not.
    padding = OTHER_PADDING if (steps == OTHER_PADDING).any() and steps.min() == -1 else 0
    values, lengths, has_padding = _sample(sequences, padding)
    if not len(values) or (values < 0).any() or (values != np.floor(values)).any():
        return
    n_different, n_lengths = len(np.unique(values)), len(np.unique(lengths))
    if n_lengths < 2 or n_different < 2:
        return
    if n_different < MIN_DIFFERENT and (not is_padded or n_lengths < MIN_LENGTHS):
        return
    if why_readings(values, lengths, MIN_DIFFERENT) is not None:
        return
    behind = "of different lengths or padded with NaN"
    if has_padding:
        behind = "padded with zeros" if padding == 0 else "padded with -1"
    way_out = (
        'set input="tokens", with which NaN at the end of a row is padding (pandas fills short '
        "rows with NaN, which makes floats of all ids)"
    )
    if has_padding and padding:
        way_out = 'replace -1 by 0, which is padding, and set input="tokens" (not with NaN)'
    warn_caller(
        f"X has floats that look like token ids: whole numbers, none negative, {n_different} "
        f"different ones, in rows {behind}. {name} reads floats as numeric series. If they are "
        f'token ids, {way_out}. If they are numbers, set input="numeric".'
    )


def warn_of_readings(sequences, name, *, of_bytes=False):
    """Warn if token ids look like readings, see :mod:`skrnn.sequences.distributions`.

    Parameters
    ----------
    sequences : Sequences
        Token ids of a first fit, without the words.
    name : str
        Name of the estimator.
    of_bytes : bool
        Whether the ids are unsigned integers of 8 bits.
    """
    values, lengths, _ = _sample(sequences)
    why = why_readings(values, lengths, MIN_STEPS, of_bytes=of_bytes)
    if why is not None:
        counts = ""
        if "zeros" in why:
            counts = (
                " If they are counts of words or letters, which have no order, use "
                "TextToSequence() instead of CountVectorizer."
            )
        warn_caller(
            f"X has integers that look like readings, such as heart rates, counts or pixels: "
            f"{why}. {name} reads integers as token ids, each number as a word of its own. If "
            'they are numbers, pass floats or set input="numeric"; if they are token ids, set '
            f'input="tokens".{counts}'
        )


def warn_of_gaps(name):
    """Warn that integers with missing values are read as padded token ids."""
    warn_caller(
        f"X has integers with missing values at the end of rows. {name} reads them as token ids "
        'with padding. If they are token ids, set input="tokens"; if they are numbers, set '
        'input="numeric".'
    )


def warn_of_floats(name):
    """Warn that floats are read as token ids, since the network was fitted on these."""
    warn_caller(
        f"X has floats, and {name} reads them as token ids, on which it was fitted. Pass integers, "
        'or set input="tokens" before fit.'
    )


def _sample(sequences, padding=0):
    """Return the values between the padding, their number in each row, and if there is any.

    NaN at the end of rows has been removed before.
    """
    if len(sequences.values) > MAX_STEPS:
        n_rows = max(1, int(len(sequences) * MAX_STEPS / len(sequences.values)))
        sequences = sequences.take(np.linspace(0, len(sequences) - 1, n_rows).astype(int))
    values = sequences.values.reshape(-1)
    row_of = np.repeat(np.arange(len(sequences)), sequences.lengths)
    real = np.flatnonzero(values != padding)
    first, last = np.full(len(sequences), len(values)), np.full(len(sequences), -1)
    last[row_of[real]] = real
    first[row_of[real[::-1]]] = real[::-1]
    places = np.arange(len(values))
    kept = (places >= first[row_of]) & (places <= last[row_of])
    lengths = np.bincount(row_of[kept], minlength=len(sequences))
    return values[kept].astype(np.float64), lengths, bool((~kept).any())

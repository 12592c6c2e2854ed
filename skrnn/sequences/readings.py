"""Floats that look like token ids, and integers that look like readings: warn of both.

Integers are token ids and floats are numbers. Programs that pad or load data often turn ids into
floats, and readings such as heart rates are often integers. In both cases a network would learn
from what it reads wrongly, only worse.

Token ids number words. So ids next to each other are not close to each other, the small ones occur
(usually the frequent words), and zero, which is padding, is before or after them and never among
them. Readings are often close to the one before, or within a band far from zero, or zero at times.
"""

import numpy as np

from skrnn.sequences.warning import warn_caller

# Of more steps, evenly spaced rows are looked at.
MAX_STEPS = 200_000
# Fewer different numbers, or fewer numbers, can be anything.
MIN_DIFFERENT, MIN_STEPS = 10, 100
# Minimum share of rows, and number of rows, with zeros among the numbers.
ZERO_ROWS, MIN_ZERO_ROWS = 0.05, 5
# Readings have their 5% quantile above this part of the 95% quantile. Letters of plain text, as
# bytes, have 0.27.
BAND = 0.3
# Readings differ from the one before by less than this part of the mean difference between any two.
SMOOTH = 0.5


def warn_of_ids(sequences, name):
    """Warn if numeric sequences look like token ids that became floats.

    That is, if they have one channel of at least `MIN_DIFFERENT` whole numbers, none negative,
    different lengths or padding, and if they do not look like readings.

    Parameters
    ----------
    sequences : Sequences
        Numeric, of a first fit.
    name : str
        Name of the estimator.
    """
    if sequences.values.shape[1] != 1:
        return
    values, lengths, has_zeros = _sample(sequences)
    if not len(values) or (values < 0).any() or (values != np.floor(values)).any():
        return
    n_different = len(np.unique(values))
    if n_different < MIN_DIFFERENT or not len(np.unique(lengths)) > 1:
        return
    if _why_readings(values, lengths, MIN_DIFFERENT) is not None:
        return
    behind = "padded with zeros" if has_zeros else "of different lengths or padded with NaN"
    warn_caller(
        f"X has floats that look like token ids: whole numbers, none negative, {n_different} "
        f"different ones, in rows {behind}. {name} reads floats as numeric series. If they are "
        'token ids, set input="tokens", with which NaN at the end of a row is padding (pandas '
        "fills short rows with NaN, which makes floats of all ids). If they are numbers, set "
        'input="numeric".'
    )


def warn_of_readings(sequences, name):
    """Warn if token ids look like readings: close to each other, in a band, or zero at times.

    Parameters
    ----------
    sequences : Sequences
        Token ids of a first fit, without the words.
    name : str
        Name of the estimator.
    """
    values, lengths, _ = _sample(sequences)
    why = _why_readings(values, lengths, MIN_STEPS)
    if why is not None:
        warn_caller(
            f"X has integers that look like readings, such as heart rates, counts or pixels: "
            f"{why}. {name} reads integers as token ids, each number as a word of its own. If "
            'they are numbers, pass floats or set input="numeric"; if they are token ids, set '
            'input="tokens".'
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


def _sample(sequences):
    """Return the values between the padding zeros, their number in each row, and if there are any.

    NaN at the end of rows has been removed before.
    """
    if len(sequences.values) > MAX_STEPS:
        n_rows = max(1, int(len(sequences) * MAX_STEPS / len(sequences.values)))
        sequences = sequences.take(np.linspace(0, len(sequences) - 1, n_rows).astype(int))
    values = sequences.values.reshape(-1)
    row_of = np.repeat(np.arange(len(sequences)), sequences.lengths)
    real = np.flatnonzero(values)
    first, last = np.full(len(sequences), len(values)), np.full(len(sequences), -1)
    last[row_of[real]] = real
    first[row_of[real[::-1]]] = real[::-1]
    places = np.arange(len(values))
    kept = (places >= first[row_of]) & (places <= last[row_of])
    lengths = np.bincount(row_of[kept], minlength=len(sequences))
    return values[kept].astype(np.float64), lengths, bool((~kept).any())


def _why_readings(values, lengths, min_steps):
    """Return what of the values ids do not have, or None."""
    row_of = np.repeat(np.arange(len(lengths)), lengths)
    zero_rows = len(np.unique(row_of[values == 0]))
    if zero_rows >= max(MIN_ZERO_ROWS, ZERO_ROWS * len(lengths)):
        return f"{zero_rows / len(lengths):.0%} of the rows have zeros among the others"
    if len(values) < min_steps or len(np.unique(values)) < MIN_DIFFERENT:
        return None
    low, high = np.quantile(values, [0.05, 0.95])
    if low > BAND * high:
        return f"nearly all are from {low:g} to {high:g}"
    same_row = row_of[1:] == row_of[:-1]
    steps = np.abs(np.diff(values))[same_row]
    n, ascending = len(values), np.sort(values)
    spread = 2 / (n * (n - 1)) * ((2 * np.arange(n) - n + 1) @ ascending)  # Gini's mean difference
    if len(steps) >= min_steps / 2 and steps.mean() < SMOOTH * spread:
        return "each is close to the one before"
    return None

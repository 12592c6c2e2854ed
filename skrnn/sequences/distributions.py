"""What distinguishes readings from token ids by their numbers alone.

Token ids number words. So ids next to each other are not close to each other, the small ones occur
(usually the frequent words), how often one occurs says nothing of the next one, and zero, which is
padding, is before or after them and never among them. Readings are often close to the one before,
in a band far from zero, most frequent in the middle of their range, or zero at times. In a table,
each column has a range of its own.

Each of these can be true of ids too: sets of ids are sorted, clicks are on the same page again, ids
that begin at 0 have zeros among them, and melodies are in a band. What such ids have besides makes
the exceptions below.
"""

import numpy as np

# Fewer different numbers can be anything.
MIN_DIFFERENT = 10
# Minimum share of rows, and number of rows, with zeros among the numbers; how much more frequent
# zero is than any other number if it is not an id, and its minimum share of all numbers; the share
# that is enough by itself.
ZERO_ROWS, MIN_ZERO_ROWS, ZERO_EXCESS, MIN_ZEROS, MOSTLY = 0.05, 5, 3.0, 0.2, 0.5
# Nearly all counts are below this multiple of one more than their mean; words have a long tail.
TAIL = 3.0
# Readings have their 5% quantile above this part of the 95% quantile, which is not larger than
# ids of small vocabularies are. Letters of plain text, as bytes, have 0.27.
# Beyond the notes of MIDI, which are up to 127, fewer ids begin far from zero.
BAND, BAND_BEYOND_NOTES, NOTES, MAX_OF_BAND = 0.3, 0.2, 127, 5000
# Readings differ from the one before by less than this part of the mean difference between any
# two, and hardly ever by more than that; clicks jump.
SMOOTH, JUMP = 0.5, 1.3
# Rows that are sorted are sets of ids, and do not count as smooth.
MIN_SORTED = 0.9
# The rank of a number in a table depends on its column: minimum share of the variance, and maximum
# number of columns.
OF_COLUMNS, MAX_COLUMNS = 0.5, 30
# Readings are rarest at the lower end of their range, and half of them are in the middle of it:
# maximum density below an eighth of the median as a part of the density below the median; maximum
# width of the middle half as a part of the width of the middle 90%; minimum number of readings.
MAX_AT_END, MAX_MIDDLE, MIN_BELL = 0.75, 0.45, 200
# Frequencies of ids go up and down from one to the next: the share of numbers that are missing
# below a curve with one peak; and how many numbers a bin has to have on average.
MAX_ROUGH, PER_BIN = 0.35, 40
# The share of numbers that never occur, where each could occur so often.
HOLES, MIN_A_NUMBER = 0.25, 8


def why_readings(values, lengths, min_steps, *, of_bytes=False):
    """Return in words what of some numbers ids do not have, or None.

    Parameters
    ----------
    values : ndarray of shape (n_steps,) of float64
        Whole numbers, not negative, of all rows, without padding.
    lengths : ndarray of shape (n_samples,)
        Number of values of each row.
    min_steps : int
        Fewer values can be anything.
    of_bytes : bool
        Whether they came as unsigned integers of 8 bits, as pixels do.
    """
    rows = np.repeat(np.arange(len(lengths)), lengths)
    zero_rows = len(np.unique(rows[values == 0]))
    has_zeros = zero_rows >= max(MIN_ZERO_ROWS, ZERO_ROWS * len(lengths))
    if has_zeros and (of_bytes or _has_odd_zeros(values)):
        return f"{zero_rows / len(lengths):.0%} of the rows have zeros among the others"
    n_different = len(np.unique(values))
    if len(values) < min_steps or n_different < MIN_DIFFERENT:
        return None
    low, high = np.quantile(values, [0.05, 0.95])
    is_rough = _is_rough(values)
    has_holes = _has_holes(values)
    band = BAND if high <= NOTES else BAND_BEYOND_NOTES
    if low > band * high and high <= MAX_OF_BAND and not is_rough and not has_holes:
        return f"nearly all are from {low:g} to {high:g}"
    is_sorted = _share_of_sorted(values, rows, lengths) >= MIN_SORTED
    if not is_sorted and not has_holes and _are_smooth(values, rows, min_steps):
        return "each is close to the one before"
    if not is_sorted and _depend_on_column(values, lengths):
        return "each column has a range of its own"
    if not is_rough and _is_bell(values):
        return "most are in the middle of their range, and the smallest are rare"
    return None


def gini(values):
    """Return the mean difference between any two of the values."""
    n, ascending = len(values), np.sort(values)
    return 2 / (n * (n - 1)) * ((2 * np.arange(n) - n + 1) @ ascending)


def _has_odd_zeros(values):
    """Whether zero is no id like others: too frequent, or an end of a curve with one peak."""
    numbers, counts = np.unique(values, return_counts=True)
    zeros, others = counts[0], counts[1:]
    if not len(others):
        return False
    if zeros >= MIN_ZEROS * len(values) and zeros > ZERO_EXCESS * others.max():
        return True
    if zeros > MOSTLY * len(values) or numbers[-1] == 1:  # rare events; on and off
        return True
    # Counts have a peak, not at the largest, and are rare at the end.
    peak = int(counts.argmax())
    starts = peak > 0 or others[0] > 0.7 * zeros
    is_one_peak = not _is_rough(values) and starts and peak < len(counts) - 2
    is_short = np.quantile(values, 0.99) <= TAIL * (values.mean() + 1)
    return bool(is_one_peak and is_short and len(counts) >= 4 and counts[-1] < counts[peak] / 4)


def _share_of_sorted(values, rows, lengths):
    """Return the share of rows of three or more values that are in ascending order."""
    same = rows[1:] == rows[:-1]
    falls = np.bincount(rows[1:][same & (np.diff(values) < 0)], minlength=len(lengths))
    long = lengths > 2
    return float(np.mean(falls[long] == 0)) if long.any() else 0.0


def _are_smooth(values, rows, min_steps):
    steps = np.abs(np.diff(values))[rows[1:] == rows[:-1]]
    moves = steps[steps > 0]  # the same page again is no small step
    if len(steps) < min_steps / 2 or len(moves) < len(steps) / 4:
        return False
    spread = gini(values)
    return moves.mean() < SMOOTH * spread and np.quantile(moves, 0.95) < JUMP * spread


def _depend_on_column(values, lengths):
    width = int(lengths[0])
    if not 1 < width <= MAX_COLUMNS or (lengths != width).any() or len(lengths) < 20:
        return False
    ranks = np.searchsorted(np.sort(values), values).reshape(-1, width).astype(np.float64)
    return ranks.mean(axis=0).var() > OF_COLUMNS * ranks.var()


def _is_bell(values):
    first = values.min()
    lower, median, upper = np.quantile(values, [0.25, 0.5, 0.75])
    low, high = np.quantile(values, [0.05, 0.95])
    n_below, eighth = median - first, np.floor((median - first) / 8)
    if len(values) < MIN_BELL or n_below < 8:
        return False
    at_end = np.mean(values <= first + eighth) / (eighth + 1)
    return at_end < MAX_AT_END * 0.5 / n_below and upper - lower < MAX_MIDDLE * (high - low)


def _has_holes(values):
    """Whether many of the numbers that could occur never do, as tones that are not in a scale."""
    first, last = np.quantile(values, [0.05, 0.95])
    inside = values[(values >= first) & (values <= last)]
    numbers = np.unique(inside)
    unit = max(1, int(np.gcd.reduce((numbers - numbers[0]).astype(np.int64))))
    n_possible = (last - first) / unit + 1
    return len(inside) >= MIN_A_NUMBER * n_possible and len(numbers) < (1 - HOLES) * n_possible


def _is_rough(values):
    """Whether the frequencies of the numbers have more than one peak."""
    first, last = np.quantile(values, [0.005, 0.995])
    inside = values[(values >= first) & (values <= last)] - first
    width = max(1, int(np.ceil((last - first + 1) * PER_BIN / max(len(inside), 1))))
    counts = np.bincount((inside // width).astype(np.int64))[: int((last - first + 1) // width)]
    if len(counts) < 3:
        return False
    ceiling = np.minimum(np.maximum.accumulate(counts), np.maximum.accumulate(counts[::-1])[::-1])
    return float((ceiling - counts).sum()) > MAX_ROUGH * counts.sum()

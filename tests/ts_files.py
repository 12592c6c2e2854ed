"""Reading the .ts files of the time series archives, for tests on real series."""

from pathlib import Path

import numpy as np


def read_ts(path: Path):
    """Return the series of a .ts file, and their classes or numbers.

    Parameters
    ----------
    path : Path
        Its rows have channels of comma-separated numbers, with "?" where one is missing, and the
        label behind the last colon.

    Returns
    -------
    series : list of ndarray of shape (n_timesteps, n_channels), float64
    labels : ndarray of shape (n_series,) of str
    """
    series, labels, is_data = [], [], False
    for line in path.read_text().splitlines():
        if is_data and line.strip():
            *channels, label = line.strip().split(":")
            numbers = [
                [np.nan if number == "?" else float(number) for number in channel.split(",")]
                for channel in channels
            ]
            series.append(np.array(numbers).T)
            labels.append(label)
        is_data |= line.strip().lower() == "@data"
    return series, np.array(labels)

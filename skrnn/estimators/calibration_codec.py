"""By what a network's answers were corrected, as JSON."""

from skrnn.estimators.calibrating import Calibration


def encode_calibration(calibration):
    """Return a calibration as a list of two numbers."""
    return list(map(float, calibration))


def decode_calibration(state):
    """Return the calibration of an estimator's state, or None."""
    if "calibration" not in state:  # files of earlier versions have none
        return None
    numbers = state.take(
        "calibration",
        "two numbers in [0, 10]",
        lambda v: (
            type(v) is list and [type(x) for x in v] == [float] * 2 and all(0 <= x <= 10 for x in v)
        ),
    )
    return Calibration(*numbers)

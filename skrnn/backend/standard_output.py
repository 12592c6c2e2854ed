"""Lines on standard output that show progress, and that are not worth a training."""

from warnings import warn


def print_line(text):
    """Write a line to standard output; if that fails, warn and go on."""
    try:
        print(text, flush=True)
    except Exception as error:  # whatever stands in for standard output
        warn_of_failure(error)


def warn_of_failure(error):
    """Warn that progress cannot be shown.

    The reader of standard output may have ended, its disk may be full, or it may be closed.
    """
    warn(
        f"The progress of the training cannot be shown any longer: {error}. Training continues. "
        "Set verbose=0 to show nothing.",
        UserWarning,
        stacklevel=3,
    )

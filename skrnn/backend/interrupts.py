"""Ctrl-C that is not lost.

Python raises KeyboardInterrupt wherever the main thread happens to be. If that is in a finalizer,
in a callback from C, or in an import that some library tries and gives up, the exception is
swallowed, or becomes another error, and the training goes on. So a fit notes the signal, and asks
for it between batches and at its end.
"""

import signal
import threading
from contextlib import contextmanager


class Interrupts:
    """What has happened to the fit of the main thread."""

    def __init__(self):
        self.is_watching = self.is_pending = False

    def note(self, number, frame):
        """Handle the signal: note it, then raise KeyboardInterrupt as Python does."""
        self.is_pending = True
        signal.default_int_handler(number, frame)


_state = Interrupts()


@contextmanager
def noted_interrupts():
    """Note Ctrl-C in the block, for `is_interrupted`.

    Without effect in other threads than the main one, which get no signals, and if a program has a
    handler of its own.
    """
    is_main = threading.current_thread() is threading.main_thread()
    if not is_main or signal.getsignal(signal.SIGINT) is not signal.default_int_handler:
        yield
        return
    # A bound method is another object each time.
    handler = _state.note
    _state.is_watching, _state.is_pending = True, False
    signal.signal(signal.SIGINT, handler)
    try:
        yield
    finally:
        _state.is_watching = _state.is_pending = False
        if signal.getsignal(signal.SIGINT) is handler:
            signal.signal(signal.SIGINT, signal.default_int_handler)


def is_interrupted():
    """Whether there was a Ctrl-C in the block of `noted_interrupts` of this thread."""
    is_main = threading.current_thread() is threading.main_thread()
    return _state.is_watching and _state.is_pending and is_main


def raise_if_interrupted():
    """Raise KeyboardInterrupt if there was a Ctrl-C that has not ended the fit."""
    if is_interrupted():
        raise KeyboardInterrupt

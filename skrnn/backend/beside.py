"""A computation beside another one, on a thread of its own."""

import threading
from collections.abc import Callable
from concurrent.futures import Future

from skrnn.backend.threads import n_threads


def beside(call: Callable) -> Future:
    """Start a call on a thread of its own, and return its future result.

    With one thread for a fit (see :mod:`skrnn.backend.threads`), the call is made at once, on the
    calling thread. The process does not wait for the thread when it ends.

    Parameters
    ----------
    call : callable without arguments
        It should leave the interpreter's lock for most of its time.
    """
    future: Future = Future()

    def run():
        try:
            future.set_result(call())
        except BaseException as error:  # raised where the result is asked for
            future.set_exception(error)

    if n_threads() > 1:
        threading.Thread(target=run, name="skrnn-beside", daemon=True).start()
    else:
        future.set_result(call())
    return future

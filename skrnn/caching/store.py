"""Share what fits on the same rows have in common.

The candidates of a search fit the same tokenizer, n-grams and word vectors on each fold, whatever
their units or epochs are. Inside :func:`sharing`, the results of :func:`shared` are kept under a
digest of all their inputs; outside, they are computed each time. Nothing here needs TensorFlow.
"""

import threading
from collections import OrderedDict
from contextlib import contextmanager
from copy import deepcopy

import joblib

from skrnn.caching.hashing import digest
from skrnn.exceptions import UnknownObjectError

# Number of results to keep of each kind, the most recently used. For 25,000 film reviews, a result
# takes some 100 MB.
MAX_KEPT = 2

_thread = threading.local()


class Store:
    """Results that are kept; several threads can use one store."""

    def __init__(self):
        self._kept = {}
        self._lock = threading.Lock()

    def get(self, kind, name, make):
        """Return the result that is kept under a name, or else ``make()``, and keep it."""
        with self._lock:
            kept = self._kept.setdefault(kind, OrderedDict())
            if name in kept:
                kept.move_to_end(name)
                return kept[name]
        made = make()
        with self._lock:
            kept[name] = made
            kept.move_to_end(name)
            while len(kept) > MAX_KEPT:
                kept.popitem(last=False)
        return made


class StoreMemory:
    """A store in the form that ``Pipeline(memory=)`` takes, like :class:`joblib.Memory`.

    Parameters
    ----------
    store : Store
    """

    def __init__(self, store):
        self.store = store

    # With None, Pipeline does not clone the steps, some of which may not be clonable.
    location = None

    def cache(self, function, ignore=()):
        """Return a function whose results are kept, by all arguments but the ignored keywords.

        Each call returns a copy, since later steps may work in place.
        """

        def cached(*args, **kwargs):
            keywords = {name: value for name, value in kwargs.items() if name not in ignore}
            try:
                known = [digest(arg) if hasattr(arg, "get_params") else arg for arg in args]
                about = [function.__module__, function.__qualname__, digest(keywords)]
                name = joblib.hash([*about, known])
            except Exception:  # a step or rows without a digest
                return function(*args, **kwargs)
            return deepcopy(self.store.get("steps", name, lambda: function(*args, **kwargs)))

        return cached

    def __deepcopy__(self, memo):
        """Return None, since a clone of the pipeline is not part of the search."""
        return None

    def __reduce__(self):
        """Pickle None, for the same reason."""
        return type(None), ()


@contextmanager
def sharing(store):
    """Let the fits of this thread share their results in a store, or in none."""
    before = current_store()
    _thread.store = store
    try:
        yield
    finally:
        _thread.store = before


def current_store():
    """Return the store of this thread, for another thread that works for it, or None."""
    return getattr(_thread, "store", None)


def shared(kind, parts, make):
    """Return ``make()``, or the result of an earlier call with the same parts.

    The result must not be changed.

    Parameters
    ----------
    kind : str
        Kind of the result.
    parts : list
        All that the result depends on, see :func:`skrnn.caching.hashing.digest`.
    make : callable
    """
    store = current_store()
    if store is None:
        return make()
    try:
        name = digest(parts)
    except UnknownObjectError:
        return make()
    return store.get(kind, name, make)

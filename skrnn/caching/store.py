"""What fits on the same rows have in common, made once.

The candidates of a search fit the same tokenizer, n-grams and word vectors on each fold, whatever
their units or epochs are. Inside :func:`sharing` what :func:`shared` is asked for is kept, and
named by all that it is made of; outside it is made anew each time. Nothing here needs TensorFlow.
"""

import threading
from collections import OrderedDict
from contextlib import contextmanager
from copy import deepcopy

import joblib

from skrnn.caching.hashing import digest

# Things of each kind kept, the most recently used. Those of 25,000 film reviews take some 100 MB.
MAX_KEPT = 2

_thread = threading.local()


class Store:
    """The things kept; several threads may use one."""

    def __init__(self):
        self._kept = {}
        self._lock = threading.Lock()

    def get(self, kind, name, make):
        """Return what is kept under a name, or else what ``make()`` returns, and keep it."""
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
    """A store as what scikit-learn's ``Pipeline(memory=)`` takes, like :class:`joblib.Memory`.

    Parameters
    ----------
    store : Store
    """

    def __init__(self, store):
        self.store = store

    # Tells Pipeline that it need not clone the steps, some of which may not be clonable.
    location = None

    def cache(self, function, ignore=()):
        """Return a function that keeps what it returns, named by all but the ignored keywords.

        Every call gets a copy, for later steps may work in place.
        """

        def cached(*args, **kwargs):
            telling = {name: value for name, value in kwargs.items() if name not in ignore}
            try:
                about = [digest(one) if hasattr(one, "get_params") else one for one in args]
                name = joblib.hash([function.__module__, function.__qualname__, about, telling])
            except Exception:  # a step or rows of a kind that cannot be told from others
                return function(*args, **kwargs)
            return deepcopy(self.store.get("steps", name, lambda: function(*args, **kwargs)))

        return cached

    def __deepcopy__(self, memo):
        """Return None: a clone of the pipeline belongs to no search."""
        return None

    def __reduce__(self):
        """Pickle as None, for the same reason."""
        return type(None), ()


@contextmanager
def sharing(store):
    """Let the fits of this thread share what they have in common."""
    before = getattr(_thread, "store", None)
    _thread.store = store
    try:
        yield
    finally:
        _thread.store = before


def shared(kind, parts, make):
    """Return ``make()``, or what an earlier call has made of the same parts.

    What is returned must not be changed.

    Parameters
    ----------
    kind : str
        What it is.
    parts : list
        All that decides it, see :func:`skrnn.caching.hashing.digest`.
    make : callable
    """
    store = getattr(_thread, "store", None)
    return make() if store is None else store.get(kind, digest(parts), make)

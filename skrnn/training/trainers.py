"""Compiled networks whose training step is traced, shared by all fits of one description.

Tracing a training step takes a second, again for every fold and candidate of a search, because in
Keras a trace belongs to one model object. So compiled networks are kept here. Each is used by one
fit at a time, which loads its own weights into it.
"""

import itertools
import logging
import threading
import weakref
from collections import OrderedDict
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from skrnn.backend.tensorflow import check_tensorflow, forget_kernels, keras
from skrnn.heads.base import Head
from skrnn.network.programs import network_variables, precision, read_values, tracing, write_values

# Idle networks kept, least recently used dropped first. Each holds its weights three times
# (Adam's moments), about 10 MB at 10,000 words and 64 dimensions.
MAX_IDLE = 4
# Beside these, the networks of estimators whose training goes on (`partial_fit`, `warm_start`) are
# kept as long as the estimators, up to so many bytes: any number of them can take turns.
MAX_WAITING_BYTES = 512 << 20
# What a traced step takes in addition to the variables.
TRACE_BYTES = 4 << 20
# TensorFlow's memory of how it ran datasets grows with each fit, even of the same network.
FITS_BETWEEN_FORGETTING = 16

_thread = threading.local()


def _is_worth_telling(record):
    is_advice = "triggered tf.function retracing" in str(record.msg)
    return not (is_advice and getattr(_thread, "is_training", False))


logging.getLogger("tensorflow").addFilter(_is_worth_telling)


def _quiet(step):
    """Wrap a step of Keras so that TensorFlow does not advise against retracing it.

    TensorFlow counts by line of source code, and takes the first steps of five networks for one
    step that is traced five times. Remove this when it distinguishes them.
    """
    is_traced = False

    def quiet_step(iterator):
        nonlocal is_traced
        _thread.is_training = True
        try:
            if is_traced:
                return step(iterator)
            with tracing:
                done = step(iterator)
            is_traced = True
            return done
        finally:
            _thread.is_training = False

    return quiet_step


@dataclass
class CompiledNetwork:
    """A compiled network whose training step may be traced already."""

    key: tuple | None
    network: keras.Model
    head: Head
    initial_optimizer: list = field(init=False)
    # The result of a training that may go on.
    owner: Any = None

    @property
    def n_bytes(self):
        """Bytes that it takes, about."""
        variables = [*network_variables(self.network), *self.network.optimizer.variables]
        return TRACE_BYTES + sum(int(np.prod(v.shape)) * 4 for v in variables)

    @property
    def is_waited_for(self):
        """Whether an estimator whose training may go on is alive."""
        return self.owner is not None and self.owner() is not None

    def __post_init__(self):
        """Create the variables that Keras would create in the first steps."""
        _build_metrics(self.network, self.head)
        self.network.make_train_function()
        self.network.make_test_function()
        self.network.train_function = _quiet(self.network.train_function)
        self.network.test_function = _quiet(self.network.test_function)
        self.network.optimizer.build(self.network.trainable_variables)
        self.initial_optimizer = read_values(self.network.optimizer.variables)

    def load(self, values, optimizer_state=None):
        """Load the values of a network, and the optimizer's state or a new one."""
        write_values(network_variables(self.network), values)
        write_values(self.network.optimizer.variables, optimizer_state or self.initial_optimizer)


def _build_metrics(network, head):
    """Create the metrics' variables, which Keras creates in the first training step.

    A training that is resumed within an epoch restores its sums first.
    """
    y, answer = head.example()
    network.compute_metrics(None, y, answer)
    network.reset_metrics()


_lock = threading.Lock()
_idle: OrderedDict = OrderedDict()
_fits = itertools.count(1)


def borrow(key, make_network):
    """Return an idle network for `key`, or a new one of ``make_network()``, a network and its head.

    With a key of None, the network is not shared, because callbacks and optimizer objects of the
    user may keep or change it.
    """
    check_tensorflow()
    if key is not None:
        key = (key, precision())
    if next(_fits) % FITS_BETWEEN_FORGETTING == 0:
        forget_kernels()
    with _lock:
        idle = _idle.get(key)
        if idle:
            compiled = idle.pop()
            if not idle:
                del _idle[key]
            return compiled
    forget_kernels()  # of networks that have been dropped
    return CompiledNetwork(key, *make_network())


def give_back(compiled, owner=None):
    """Give a network back after a successful fit.

    Parameters
    ----------
    compiled : CompiledNetwork
    owner : FittedNetwork or None
        The result, if its training is one of several calls and so may go on.
    """
    if compiled.key is None:
        return
    compiled.owner = owner and weakref.ref(owner)
    with _lock:
        _idle.setdefault(compiled.key, []).append(compiled)
        _idle.move_to_end(compiled.key)
        _drop_some()


def _drop_some():
    idle = [(key, one) for key, several in _idle.items() for one in several]
    waiting = [(key, one) for key, one in idle if one.is_waited_for]
    others = [(key, one) for key, one in idle if not one.is_waited_for]
    dropped = others[:-MAX_IDLE]
    n_bytes = sum(one.n_bytes for _, one in waiting)
    for key, one in waiting:
        if n_bytes <= MAX_WAITING_BYTES:
            break
        dropped.append((key, one))
        n_bytes -= one.n_bytes
    for key, one in dropped:
        _idle[key] = [other for other in _idle[key] if other is not one]
        if not _idle[key]:
            del _idle[key]

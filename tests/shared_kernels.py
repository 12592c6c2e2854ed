"""Kernels compiled once for all worker processes of a long run, where each would compile all."""

import importlib
import os
import pkgutil
from contextlib import suppress

from skrnn.exceptions import NoKernelsError

# Below, the tests compile the kernels that they call.
A_LONG_RUN = 1000
# Dear kernels first, about so many seconds each: dealt in this order, back and forth, all shares
# take about the same time.
BY_COST = (
    "gru.backward", "gru.forward", "chain.log_partition", "predict.predict_rnn", "pool.attend",
    "predict.predict_lstm", "chain.forward_backward", "predict.predict_gru", "lstm.backward",
    "simple_rnn.forward", "lstm.forward", "simple_rnn.backward",
)  # fmt: skip


def kernels():
    """Return {module.name: kernel} of all kernels of skrnn, those first that take longest."""
    import skrnn.kernels
    from skrnn.kernels.compiling import Kernel

    found = {}
    for module in pkgutil.iter_modules(skrnn.kernels.__path__):
        for one in vars(importlib.import_module(f"skrnn.kernels.{module.name}")).values():
            if isinstance(one, Kernel):
                home = one.py_func.__module__.rpartition(".")[2]
                found[f"{home}.{one.py_func.__name__}"] = one
    return dict(sorted(found.items(), key=lambda pair: (_place(pair[0]), pair[0])))


def _place(name):
    return BY_COST.index(name) if name in BY_COST else len(BY_COST)


def share(found, worker, n_workers):
    """Return the share of worker 0, 1, ... of a list: dealt back and forth, as teams are."""
    turn = [*range(n_workers), *reversed(range(n_workers))]
    return [one for i, one in enumerate(found) if turn[i % len(turn)] == worker]


def compile_share(workerinput):
    """Compile the share of an xdist worker into Numba's cache, where the others find it.

    xdist deals tests when the last worker has collected them, so by then all shares are compiled.
    What is in the cache already is loaded, in hundredths of a second each.
    """
    if os.environ.get("SKRNN_ENGINE") == "tensorflow":
        return
    try:
        import numba
    except Exception:  # tests say what is wrong with it, and run without it
        return
    if numba.config.DISABLE_JIT:
        return
    worker = int(workerinput["workerid"].removeprefix("gw"))
    with suppress(NoKernelsError):  # here too
        for one in share(kernels().values(), worker, workerinput["workercount"]):
            one.compile()

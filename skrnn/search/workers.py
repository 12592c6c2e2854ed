"""Tasks on joblib's workers, of which none is lost with a worker."""

import tempfile
from concurrent.futures import BrokenExecutor
from contextlib import suppress
from pathlib import Path
from warnings import warn

from sklearn.utils.parallel import Parallel, delayed

from skrnn.exceptions import WorkerDiedError

# As often as this all that is left is run side by side again; then one task at a time.
MAX_CRASHES = 3


class _Raised:
    """What a task has raised, so that it is not taken for the end of a worker."""

    def __init__(self, error):
        self.error = error


def run_tasks(tasks, *, n_jobs, pre_dispatch, on_result, on_death):
    """Run tasks, on workers where there are to be any, and outlive these.

    A task in whose course a worker ends is run once more, alone. If that worker ends too, the
    task is given up; the others are not touched by it. With joblib's own process workers, on one
    machine, it is known which tasks had begun; on others all that have no result are suspected.

    Parameters
    ----------
    tasks : dict of object to callable
        Without arguments; named by what `on_result` is given. They can be pickled.
    n_jobs : int or None
    pre_dispatch : int or str
        As in :class:`joblib.Parallel`.
    on_result : callable
        Called with a task's name and what it has returned, as they end.
    on_death : callable
        Called with the name of a task that is given up, and a `WorkerDiedError`.

    Raises
    ------
    Exception
        What a task raises, at once.
    """
    left = dict(tasks)
    with tempfile.TemporaryDirectory(prefix="skrnn-search-") as folder:
        for _ in range(MAX_CRASHES):
            crash = _run(left, folder, n_jobs, pre_dispatch, on_result)
            if crash is None:
                return
            suspects = [name for name in left if _marker(folder, name).exists()]
            _warn_of(crash, len(suspects))
            for name in suspects:
                _run_alone(left, name, folder, n_jobs, on_result, on_death)
        for name in list(left):
            _run_alone(left, name, folder, n_jobs, on_result, on_death)


def _run_alone(left, name, folder, n_jobs, on_result, on_death):
    alone = {name: left.pop(name)}
    crash = _run(alone, folder, n_jobs, "all", on_result)
    if crash is not None:
        error = WorkerDiedError(
            "A worker process ended twice while it ran this fit: it was killed, or ran out of "
            f"memory. ({type(crash).__name__}: {crash})"
        )
        error.__cause__ = crash
        on_death(name, error)


def _run(left, folder, n_jobs, pre_dispatch, on_result):
    """Run tasks and take those that end out of `left`; return what has ended it, or None."""
    jobs = [delayed(_run_task)(name, call, folder) for name, call in left.items()]
    results = None
    while True:
        try:
            results = iter(_start(jobs, n_jobs, pre_dispatch)) if results is None else results
            name, result = next(results)
        except StopIteration:
            return None
        except Exception as error:
            if not _is_death(error):
                raise
            return error
        if isinstance(result, _Raised):
            if hasattr(results, "close"):
                results.close()  # nobody waits for the rest
            raise result.error
        del left[name]
        on_result(name, result)


def _is_death(error):
    """Whether an error of joblib, Dask or Ray tells of a worker's end."""
    home = type(error).__module__.split(".")[0]
    return isinstance(error, BrokenExecutor) or home in ("distributed", "ray")


def _start(jobs, n_jobs, pre_dispatch):
    """Return the results as they come, or all at once where the backend has no other way."""
    try:
        parallel = Parallel(
            n_jobs=n_jobs, pre_dispatch=pre_dispatch, return_as="generator_unordered"
        )
    except ValueError:
        parallel = Parallel(n_jobs=n_jobs, pre_dispatch=pre_dispatch)
    return parallel(jobs)


def _run_task(name, call, folder):
    """Run a task that leaves a mark while it runs, and return what it raises."""
    marker = _marker(folder, name)
    with suppress(OSError):  # on another machine the folder is not there
        marker.touch()
    try:
        return name, call()
    except Exception as error:
        return name, _Raised(error)
    finally:
        with suppress(OSError):
            marker.unlink()


def _marker(folder, name):
    return Path(folder) / "-".join(map(str, name))


def _warn_of(crash, n_suspects):
    told = f"{n_suspects} fits were running" if n_suspects else "fits were running"
    warn(
        f"A worker process of the search ended while {told} ({type(crash).__name__}): it was "
        "killed, or ran out of memory. They are run again, one at a time; nothing else is lost.",
        RuntimeWarning,
        stacklevel=4,
    )

"""Run tasks on joblib's workers, checked before they are sent, and repeated if a worker dies."""

import tempfile
from concurrent.futures import BrokenExecutor
from contextlib import suppress
from pathlib import Path

from joblib import effective_n_jobs
from joblib.parallel import get_active_backend
from sklearn.utils.parallel import Parallel, delayed

from skrnn.backend.pickling import check
from skrnn.exceptions import WorkerDiedError
from skrnn.sequences.warning import warn_caller

# After so many crashes, tasks run one at a time.
MAX_CRASHES = 3


def check_picklable(estimator, candidates, params, n_jobs):
    """Raise InvalidTypeError if tasks cannot be sent to workers, and name the part.

    Parameters
    ----------
    estimator : estimator instance
    candidates : list of dict
        Parameters.
    params : dict of str to object
        What else is sent, such as the scorer; but for the rows, which are large.
    n_jobs : int or None
    """
    backend, _ = get_active_backend()
    if effective_n_jobs(n_jobs) == 1 or getattr(backend, "supports_sharedmem", False):
        return
    owner = type(estimator).__name__
    for name, value in estimator.get_params().items():
        if not _holds_estimators(value):
            check(value, name, owner)
    check(estimator, "estimator", "EpochSearchCV")
    for candidate in candidates:
        for name, value in candidate.items():
            check(value, name, "param_grid")
    for name, value in params.items():
        check(value, name, "EpochSearchCV")


def _holds_estimators(value):
    if hasattr(value, "get_params"):
        return True
    return isinstance(value, list | tuple) and any(map(_holds_estimators, value))


class _Raised:
    """The error of a task, which is different from the end of a worker."""

    def __init__(self, error):
        self.error = error


def run_tasks(tasks, *, n_jobs, pre_dispatch, on_result, on_death):
    """Run tasks on joblib's workers, and survive the end of workers.

    If a worker ends while it runs a task, the task is repeated alone. If that worker ends too, the
    task is given up; other tasks are not affected. With joblib's process workers on one machine,
    it is known which tasks were running. Otherwise, all tasks without a result are repeated.

    Parameters
    ----------
    tasks : dict of object to callable
        Functions without arguments that can be pickled, by name.
    n_jobs : int or None
    pre_dispatch : int or str
        As in :class:`joblib.Parallel`.
    on_result : callable
        Called with the name and the result of each task when it ends.
    on_death : callable
        Called with the name of a task that is given up, and a `WorkerDiedError`.

    Raises
    ------
    Exception
        The error of a task, immediately.
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
            "A worker process ended twice during this fit: it was killed or ran out of memory. "
            f"({type(crash).__name__}: {crash})"
        )
        error.__cause__ = crash
        on_death(name, error)


def _run(left, folder, n_jobs, pre_dispatch, on_result):
    """Run tasks, and remove those that end from `left`; return the error of a crash, or None."""
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
                results.close()  # the other results are not needed
            raise result.error
        del left[name]
        on_result(name, result)


def _is_death(error):
    """Return whether an error of joblib, Dask or Ray means that a worker has ended."""
    home = type(error).__module__.split(".")[0]
    return isinstance(error, BrokenExecutor) or home in ("distributed", "ray")


def _start(jobs, n_jobs, pre_dispatch):
    """Return the results as they come, or in order if the backend cannot do that."""
    try:
        parallel = Parallel(
            n_jobs=n_jobs, pre_dispatch=pre_dispatch, return_as="generator_unordered"
        )
    except ValueError:
        parallel = Parallel(n_jobs=n_jobs, pre_dispatch=pre_dispatch)
    return parallel(jobs)


def _run_task(name, call, folder):
    """Run a task, with a marker file while it runs, and return its result or error."""
    marker = _marker(folder, name)
    with suppress(OSError):  # another machine does not have the folder
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
    running = f"{n_suspects} fits were running" if n_suspects else "fits were running"
    warn_caller(
        f"A worker process of the search ended while {running} ({type(crash).__name__}): it was "
        "killed or ran out of memory. These fits are repeated one at a time; no other is lost.",
        RuntimeWarning,
    )

"""Searches on clusters of Dask: worker processes of this one, and separate ones on loopback."""

import os
import socket
import subprocess
import sys
from contextlib import ExitStack, contextmanager
from itertools import chain

import joblib
import pytest
from sklearn.model_selection import StratifiedKFold

pytestmark = pytest.mark.cluster

distributed = pytest.importorskip("distributed", reason="needs dask and distributed")

from cluster_searches import (  # noqa: E402 (TensorFlow only where there is Dask)
    LABELS,
    REVIEWS,
    Halt,
    a_kill,
    begun,
    make_search,
    no_orphans,
    scores,
    scores_in_process,
)

from skrnn.backend.threads import n_threads  # noqa: E402

LOCAL = {"host": "127.0.0.1", "dashboard_address": None, "processes": True}


@pytest.fixture(scope="module")
def local():
    """A client of a cluster of two worker processes with one thread each."""
    with pytest.MonkeyPatch.context() as monkeypatch, no_orphans(monkeypatch):
        cluster = distributed.LocalCluster(n_workers=2, threads_per_worker=1, **LOCAL)
        with cluster, distributed.Client(cluster) as client:
            yield client


@contextmanager
def running(*arguments):
    """A process of Dask's command line."""
    process = subprocess.Popen([sys.executable, "-m", "dask", *arguments])
    try:
        yield
    finally:
        process.terminate()
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


@pytest.fixture
def separate(monkeypatch):
    """A client of a scheduler and two workers with two threads each, all started by themselves."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    address = f"tcp://127.0.0.1:{port}"
    here = ["--host", "127.0.0.1", "--no-dashboard"]
    with no_orphans(monkeypatch), ExitStack() as stack:
        stack.enter_context(running("scheduler", "--port", str(port), *here))
        for _ in range(2):
            stack.enter_context(running("worker", address, "--nthreads", "2", *here))
        client = stack.enter_context(distributed.Client(address, timeout=60))
        client.wait_for_workers(2, timeout=60)
        yield client


def test_the_same_scores_on_two_worker_processes(local):
    """Fails if a worker of Dask has other seeds, threads, parameters or rows than this process."""
    with joblib.parallel_config(backend="dask"):
        found = scores(make_search().fit(REVIEWS, LABELS))
    assert found == scores_in_process()
    assert len(set(local.run(os.getpid).values()) - {os.getpid()}) == 2


def test_a_worker_has_one_thread(local):
    """Fails if each worker took all cores, against what docs/scaling.md says."""
    assert list(local.run(n_threads).values()) == [1, 1]


def test_a_worker_is_killed(local, tmp_path):
    """Fails if rows or splits are only on the worker that died, or its fit is not done again.

    The way that docs/scaling.md names: rows and splits are on every worker from the start on.
    """
    local.amm.stop()
    splits = list(StratifiedKFold(3).split(REVIEWS, LABELS))
    search = make_search(callbacks=[Halt(tmp_path)]).set_params(cv=splits)
    data = [REVIEWS, LABELS, *chain.from_iterable(splits)]
    with joblib.parallel_config(backend="dask", scatter=data), a_kill(tmp_path) as killed:
        found = scores(search.fit(REVIEWS, LABELS))
    assert found == scores_in_process()
    assert len(begun(tmp_path)) == 7  # six, and the one that was killed
    local.wait_for_workers(2, timeout=120)  # another has been started in its place
    assert killed[0] not in local.run(os.getpid).values()


def test_the_same_scores_on_separate_workers_with_two_threads(separate):
    """Fails if fits side by side in a process disturb each other, or a worker needs this process.

    The workers are not children of this process, and have nothing of it but what Dask sends.
    """
    with joblib.parallel_config(backend="dask"):
        found = scores(make_search().fit(REVIEWS, LABELS))
    assert found == scores_in_process()
    assert list(separate.run(n_threads).values()) == [1, 1]
    assert list(separate.nthreads().values()) == [2, 2]

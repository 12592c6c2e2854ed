"""Searches on a cluster of Ray that the tests start on this machine."""

import os
import secrets
import shutil
import tempfile

import joblib
import pytest

pytestmark = pytest.mark.cluster

# Read when Ray is imported; without it the cluster listens on the machine's address in its network.
os.environ.setdefault("RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER", "0")
ray = pytest.importorskip("ray", reason="needs ray")

from cluster_searches import (  # noqa: E402 (TensorFlow only where there is Ray)
    LABELS,
    REVIEWS,
    Halt,
    a_kill,
    begun,
    make_search,
    no_orphans,
    scores,
    scores_in_process,
    threads_and_process,
)
from ray.util.joblib import register_ray  # noqa: E402


@pytest.fixture(scope="module", autouse=True)
def cluster():
    """A cluster on which joblib's backend "ray" runs, and which takes this machine for four cores.

    Its folder and token are the test's own: Ray's are in /tmp/ray and in the user's home.
    """
    folder = tempfile.mkdtemp(prefix="ray-")  # short: paths of sockets have at most 107 bytes
    with pytest.MonkeyPatch.context() as monkeypatch, no_orphans(monkeypatch):
        monkeypatch.setenv("RAY_USAGE_STATS_ENABLED", "0")
        monkeypatch.setenv("RAY_AUTH_TOKEN", secrets.token_hex(32))
        try:
            ray.init(
                num_cpus=4,
                include_dashboard=False,
                log_to_driver=False,
                logging_level="error",
                object_store_memory=100 * 2**20,
                _temp_dir=folder,
            )
            register_ray()
            yield
        finally:
            ray.shutdown()
            shutil.rmtree(folder)


def on_ray(search, **remote):
    """Run a search on the cluster and return its scores."""
    with joblib.parallel_config(backend="ray", n_jobs=2, ray_remote_args=remote or None):
        return scores(search.fit(REVIEWS, LABELS))


def test_the_same_scores_on_two_worker_processes(tmp_path):
    """Fails if a worker of Ray has other seeds, threads, parameters or rows than this process."""
    (tmp_path / "go").touch()
    assert on_ray(make_search(callbacks=[Halt(tmp_path)])) == scores_in_process()
    assert len(set(begun(tmp_path)) - {os.getpid()}) == 2


def test_a_worker_has_the_threads_it_was_granted():
    """Fails if each worker took all cores, against what docs/scaling.md says."""
    for remote, expected in [(None, 1), ({"num_cpus": 2}, 2)]:
        with joblib.parallel_config(backend="ray", n_jobs=2, ray_remote_args=remote):
            found = joblib.Parallel()(joblib.delayed(threads_and_process)() for _ in range(2))
        assert [threads for threads, _ in found] == [expected, expected]
        assert os.getpid() not in [process for _, process in found]


def test_a_worker_is_killed_and_the_search_run_again(tmp_path):
    """Fails if what has ended is lost with a worker, or a fit that goes on ends elsewhere.

    Left to itself, Ray starts no other worker in the place of one that died, and the search ends
    with an error; docs/scaling.md says so.
    """
    # The third to begin is the second of its worker, which has ended one.
    halt = Halt(tmp_path, passing=2)
    search = make_search(callbacks=[halt], checkpoint=str(tmp_path / "checkpoints"))
    with pytest.raises(ray.exceptions.RayActorError), a_kill(tmp_path, passing=2):
        on_ray(search)
    before = len(begun(tmp_path))
    assert on_ray(search) == scores_in_process()
    assert len(begun(tmp_path)) - before < 6  # what had ended was read


def test_a_worker_is_killed_and_another_one_started(tmp_path):
    """Fails if a search under `max_restarts` does not end, or not with the same scores."""
    search = make_search(callbacks=[Halt(tmp_path)])
    with a_kill(tmp_path):
        found = on_ray(search, max_restarts=3, max_task_retries=3)
    assert found == scores_in_process()
    assert len(begun(tmp_path)) == 7  # six, and the one that was killed

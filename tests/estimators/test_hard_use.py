"""Hard use: many threads, workers of every kind, a million documents, streams without end.

Each test's docstring says what a wrong implementation would fail on. `RNNClassifier` has its
defaults but for its sizes: n-grams, vectors of the corpus, two directions, dropout.
"""

import json
import multiprocessing
import os
import pickle
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import joblib
import numpy as np
import pytest
from bare import ESTIMATOR
from joblib.externals.loky import get_reusable_executor
from sklearn.pipeline import make_pipeline

import skrnn
from skrnn import RNNClassifier, TextToSequence, make_reviews
from skrnn.network import programs

pytestmark = pytest.mark.reliability

REVIEWS, LABELS = make_reviews(300, random_state=0)
METHODS = "predict", "predict_proba", "decision_function"
# Long enough for a worker that has to start TensorFlow on a busy machine.
TIMEOUT = 120
FOLDER = Path(__file__).parent.parent


def make_pipe(**parameters):
    settings = {"units": 8, "embedding_dim": 8, "epochs": 1, "batch_size": 32, "random_state": 0}
    return make_pipeline(TextToSequence(max_features=300), RNNClassifier(**settings | parameters))


@pytest.fixture(scope="module")
def pipe():
    return make_pipe().fit(REVIEWS, LABELS)


def calls():
    """Return calls of all methods on batches of documents, 24 in all.

    Half of the batches are the same documents in another order: they have the same shape, so
    that a buffer that two calls share would serve both.
    """
    rng = np.random.default_rng(0)
    batches = [rng.choice(len(REVIEWS), n, replace=False) for n in (1, 7, 64, 300)]
    batches += [rng.permutation(120) for _ in range(4)]
    return [(method, [REVIEWS[i] for i in rows]) for rows in batches for method in METHODS]


def answer(pipe, call):
    method, documents = call
    return getattr(pipe, method)(documents).tobytes()


def answers_of_eight_threads(pipe, rounds):
    """Call everything `rounds` times from eight threads, which all begin at once."""
    start = threading.Barrier(8)
    todo = calls()

    def work(seed):
        order = np.random.default_rng(seed).permutation(len(todo) * rounds) % len(todo)
        start.wait(timeout=TIMEOUT)
        return [(i, answer(pipe, todo[i])) for i in order]

    with ThreadPoolExecutor(8) as pool:
        return [one for found in pool.map(work, range(8), timeout=TIMEOUT) for one in found]


# --- Threads ------------------------------------------------------------------------------


def test_eight_threads_give_the_bytes_of_one(pipe):
    """Fails if calls share a buffer, a state of the network, or the n-grams' working memory."""
    expected = [answer(pipe, call) for call in calls()]
    found = answers_of_eight_threads(pipe, rounds=2)
    assert len(found) == 8 * 2 * len(expected)
    assert all(got == expected[i] for i, got in found)


@pytest.mark.parametrize("way", ["pickle", "skrnn.load"])
def test_eight_threads_are_the_first_to_use_it(pipe, tmp_path, monkeypatch, way):
    """Fails if a thread finds the network that another is building, before it has its weights.

    Both the network and the program that predicts are made by the first call.
    """
    write_values = programs.write_values

    def write_late(variables, values):
        time.sleep(0.2)
        write_values(variables, values)

    monkeypatch.setattr(programs, "write_values", write_late)
    expected = [answer(pipe, call) for call in calls()]
    skrnn.save(pipe, tmp_path / "pipe.skrnn")
    content = pickle.dumps(pipe)
    for has_program in (False, True):
        new = pickle.loads(content) if way == "pickle" else skrnn.load(tmp_path / "pipe.skrnn")
        assert "_model" not in vars(new[-1].network_)  # or there is nothing to race for
        if not has_program:
            programs._raw_program.cache_clear()
            programs._made.clear()
        found = answers_of_eight_threads(new, rounds=1)
        assert all(got == expected[i] for i, got in found)


def test_eight_threads_while_others_fit(pipe):
    """Fails if training lends the weights it changes, or its tapes, to those who predict."""
    expected = [answer(pipe, call) for call in calls()]
    alone = make_pipe(random_state=1).fit(REVIEWS, LABELS)
    done = threading.Event()
    fitted = []

    def fit():
        while not done.is_set():
            fitted.append(make_pipe(random_state=1).fit(REVIEWS, LABELS))

    thread = threading.Thread(target=fit)
    thread.start()
    try:
        found = answers_of_eight_threads(pipe, rounds=2)
    finally:
        done.set()
        thread.join()
    assert all(got == expected[i] for i, got in found)
    for one in fitted:
        assert answer(one, calls()[-1]) == answer(alone, calls()[-1])


# --- Processes ----------------------------------------------------------------------------


def run_forked(function):
    """Return what `function` returns in a fork of this process; kill it where it hangs."""
    reader, writer = os.pipe()
    pid = os.fork()
    if not pid:
        try:
            result = function()
        except BaseException as error:
            result = error
        with os.fdopen(writer, "wb") as file:
            pickle.dump(result, file)
        os._exit(0)
    os.close(writer)
    watch = threading.Timer(60, os.kill, (pid, 9))
    watch.start()
    with os.fdopen(reader, "rb") as file:
        content = file.read()  # until the child has closed its end, or is dead
    watch.cancel()
    os.waitpid(pid, 0)
    assert content, "the forked process hung"
    return pickle.loads(content)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork")
@pytest.mark.parametrize(
    "use",
    [
        lambda pipe: make_pipe().fit(REVIEWS[:64], LABELS[:64]),
        lambda pipe: pipe[-1].partial_fit(pipe[0].transform(REVIEWS[:64]), LABELS[:64]),
        lambda pipe: pickle.loads(pickle.dumps(pipe))[-1].model_,
    ],
    ids=["fit", "partial_fit", "model_"],
)
@pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning")  # Python 3.12: threads
def test_a_fork_of_a_running_tensorflow_is_told_at_once(pipe, use):
    """Fails if a forked worker waits for ever, as TensorFlow does, for its parent's threads."""
    error = run_forked(lambda: use(pipe))
    assert isinstance(error, RuntimeError)
    assert all(way in str(error) for way in ("fork", "loky", "spawn", "predict"))
    assert pipe.predict(REVIEWS[:1]).shape == (1,)  # the parent is as it was


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork")
@pytest.mark.parametrize("through", [lambda pipe: pipe, lambda p: pickle.loads(pickle.dumps(p))])
@pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning")  # Python 3.12: threads
def test_a_fork_of_a_running_tensorflow_predicts(pipe, through):
    """Fails if predictions wait for threads that only the parent has."""
    expected = pipe.predict_proba(REVIEWS[:50])
    found = run_forked(lambda: through(pipe).predict_proba(REVIEWS[:50]))
    assert found.tobytes() == expected.tobytes()


FORKS = """
import json, multiprocessing, pickle, sys
import skrnn.backend.tensorflow  # TensorFlow, too, is imported before the forks
from skrnn import load
from sklearn.base import clone

with open(sys.argv[2], "rb") as file:
    pipes = [load(sys.argv[1]), pickle.load(file)]
with open(sys.argv[3]) as file:
    documents = json.load(file)
context = multiprocessing.get_context("fork")
pipes[0].predict(documents)
with context.Pool(2) as pool:
    found = [pool.apply_async(pipe.predict_proba, [documents]) for pipe in pipes]
    for one in found:
        print(one.get(timeout=60).tobytes().hex())
# Only now TensorFlow runs here; a child that wants to train says so.
skrnn.backend.tensorflow.tf.constant([1.0]) + 1.0
labels = [i % 2 for i in range(len(documents))]
with context.Pool(1) as pool:
    print(pool.apply_async(pipes[0].predict_proba, [documents]).get(timeout=60).tobytes().hex())
    try:
        pool.apply_async(clone(pipes[0]).fit, [documents, labels]).get(timeout=60)
    except RuntimeError as error:
        print(error)
"""


@pytest.mark.skipif("fork" not in multiprocessing.get_all_start_methods(), reason="no fork")
def test_forks_use_what_their_parent_loaded(pipe, tmp_path):
    """Fails if a server cannot load and predict once and then fork workers."""
    skrnn.save(pipe, tmp_path / "pipe.skrnn")
    (tmp_path / "pipe.pickle").write_bytes(pickle.dumps(pipe))
    (tmp_path / "documents.json").write_text(json.dumps(list(REVIEWS[:50])))
    names = ("pipe.skrnn", "pipe.pickle", "documents.json")
    script = [sys.executable, "-c", FORKS, *(tmp_path / name for name in names)]
    told = subprocess.run(script, check=True, capture_output=True, text=True, timeout=TIMEOUT)
    *found, error = told.stdout.splitlines()
    assert found == [pipe.predict_proba(REVIEWS[:50]).tobytes().hex()] * 3
    assert "loky" in error


def test_spawned_workers_give_the_parents_bytes(pipe):
    """Fails if what a worker gets depends on the process it was fitted in."""
    expected = [answer(pipe, call) for call in calls()]
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        found = [pool.apply_async(getattr(pipe, method), [x]) for method, x in calls()]
        found = [one.get(timeout=TIMEOUT).tobytes() for one in found]
    assert found == expected


def test_loky_workers_give_the_parents_bytes(pipe):
    """Fails if what a worker gets depends on joblib's grant of threads, or on memory-mapping."""
    expected = [answer(pipe, call) for call in calls()]
    try:
        parallel = joblib.Parallel(n_jobs=2, backend="loky", timeout=TIMEOUT, max_nbytes=100)
        found = parallel(joblib.delayed(getattr(pipe, method))(x) for method, x in calls())
    finally:
        get_reusable_executor().shutdown(wait=True, kill_workers=True)
    assert [one.tobytes() for one in found] == expected


# --- Memory -------------------------------------------------------------------------------


def memory_use(*arguments):
    """Run memory_use.py in a process of its own; return its lines."""
    if not Path("/proc/self/clear_refs").exists():
        pytest.skip("the peak of memory is read from Linux's /proc")
    script = [sys.executable, FOLDER / "memory_use.py", *map(str, arguments)]
    told = subprocess.run(script, check=True, capture_output=True, text=True)
    return [json.loads(line) for line in told.stdout.splitlines()]


def test_a_million_short_documents():
    """Fails if memory follows rows times the longest row, or a document costs an object.

    One document has 500 words: a dense array of ids would have 2 GB. A token takes 90 bytes,
    texts included: half of them the texts', as Python has them.
    """
    few, many = memory_use("documents", 100_000, 1_000_000)
    tokens = many["tokens"] - few["tokens"]
    assert tokens > 2_000_000
    assert many["grown"] - few["grown"] < 150 * tokens


def test_a_stream_takes_the_memory_of_a_few_chunks():
    """Fails if chunks are gathered, or each leaves something: 50 have 200 MB of ids, 5 have 20.

    Kept as 32-bit ids they would have 100. What the system's allocator keeps is up to 30 MB.
    """
    for few, many in np.array(memory_use("chunks", 5, 50)).reshape(2, 2):
        chunk = 8 * few["tokens"] / 5
        assert 8 * many["tokens"] == 50 * chunk == 200e6
        assert many["grown"] < few["grown"] + 10 * chunk
        assert many["grown"] < 20 * chunk


@pytest.mark.reliability
def test_new_networks_in_threads():
    """Fails if threads that each meet an architecture for the first time trace it at once.

    Of 48 such fits 4 ended in a TypeError of TensorFlow's before there was a lock.
    """
    X = np.random.default_rng(0).integers(2, 30, (40, 9))
    y = np.arange(40) % 2
    settings = {**ESTIMATOR, "cell": "rnn", "epochs": 1, "batch_size": 16, "random_state": 0}
    for n in range(5):
        start, errors = threading.Barrier(4), []

        def work(units, start=start, errors=errors, width=4 + n):
            start.wait()
            try:
                RNNClassifier(units=units, embedding_dim=width, **settings).fit(X, y)
            except Exception as error:
                errors.append(error)

        threads = [threading.Thread(target=work, args=(31 + 10 * i + n,)) for i in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert errors == []

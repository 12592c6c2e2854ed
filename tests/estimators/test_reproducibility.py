"""What a seed promises, a sentence a test.

The same `random_state`, data and parameters give the same bytes: weights, n-grams, history,
predictions. This holds in any process of one machine, on any number of threads, in any worker,
after saving and loading, and after a training was broken off and taken up again. `RNNClassifier`
has its defaults here but for its sizes: n-grams, vectors of the corpus, two directions, dropout.

Not promised are the same bytes

- on another processor: NumPy, TensorFlow and Numba have other vector instructions for it, which
  add in another order; SKRNN_ENGINE's two engines differ in the same way;
- with another version of skrnn, TensorFlow, Keras, NumPy, SciPy, scikit-learn or Numba;
- where TensorFlow's threads are set by other means than SKRNN_NUM_THREADS
  (skrnn.backend.threads), or on a GPU;
- of epochs by partial_fit and epochs of one fit, where there are n-grams: within fit, a row's
  n-grams are weighed by a model that has not seen the row; partial_fit takes its rows for new;
- of a row's prediction among other rows: it is the same to rounding, and the same bytes where the
  whole call is the same.
"""

import json
import os
import random
import shutil
import subprocess
import sys
from pathlib import Path

import keras
import numpy as np
import pytest
import reproduced
import tensorflow as tf
from joblib.externals.loky import get_reusable_executor
from keras.src.random.seed_generator import global_seed_generator
from reproduced import LABELS, LOADERS, REVIEWS, UNSEEN, digest, make
from sklearn.base import clone
from sklearn.model_selection import GridSearchCV, StratifiedKFold, cross_validate

import skrnn
from skrnn import Checkpoint
from tests.training.test_checkpoint import break_off

pytestmark = pytest.mark.reliability


@pytest.fixture(scope="module")
def fitted():
    """Return the digest of one fit, with which others are compared."""
    return digest(make().fit(REVIEWS, LABELS))


@pytest.fixture(scope="module")
def saved(tmp_path_factory):
    """Return a folder with a saved pipeline and a broken training, and the digests that are due.

    Those come from the pipeline that was not saved, and from the training that was not broken.
    """
    folder = tmp_path_factory.mktemp("saved")
    pipe = make(warm_start=True).fit(REVIEWS, LABELS)
    reproduced.save(pipe, folder)
    due = {"loaded": digest(pipe), "partial_fit": digest(reproduced.one_more_epoch(pipe))}
    due["warm_start"] = digest(make(epochs=4).fit(REVIEWS, LABELS))
    with pytest.MonkeyPatch.context() as patch:
        broken = make(checkpoint=Checkpoint(folder / "checkpoints", minutes=0))
        break_off(patch, (1, 3), lambda: broken.fit(REVIEWS, LABELS))
    return folder, due


# --- In one process -----------------------------------------------------------------------


def test_the_same_seed_gives_the_same_bytes(fitted):
    """Fails if a fit depends on the fits before it, or all seeds give the same."""
    make(learning_rate=0.5, random_state=3).fit(REVIEWS[:70], LABELS[:70])
    assert digest(make().fit(REVIEWS, LABELS)) == fitted
    assert digest(make(random_state=1).fit(REVIEWS, LABELS)) != fitted
    # A generator that begins as the seed would have it begin is the same seed.
    assert digest(make(random_state=np.random.RandomState(0)).fit(REVIEWS, LABELS)) == fitted


def test_the_processs_own_generators_decide_nothing(fitted):
    """Fails if anything, a dropout or a split, is drawn from random, NumPy, Keras or TensorFlow."""
    keras.utils.set_random_seed(99)
    assert digest(make().fit(REVIEWS, LABELS)) == fitted


def test_the_processs_own_generators_are_left_as_they_are(tmp_path):
    """Fails if a fit, a prediction, saving or loading draws from them, or seeds them."""

    def draw():
        return random.random(), np.random.random(), float(tf.random.uniform([]))

    def seed():
        keras.utils.set_random_seed(5)
        global_seed_generator()  # made when first asked for, with a draw from Python's

    def work():
        pipe = make(epochs=1, early_stopping=True, warm_start=True).fit(REVIEWS, LABELS)
        pipe.predict(UNSEEN)
        reproduced.save(pipe, tmp_path)
        for load in LOADERS.values():
            reproduced.one_more_epoch(load(tmp_path))

    seed()  # Keras 3.11 makes its own generator once, later ones at every seeding
    seed()
    expected = [draw(), draw()]
    seed()
    found = [draw()]
    # Keras 3.11 cannot be seeded a second time in a process, so its own is looked at.
    kerass_own = global_seed_generator().state
    before = kerass_own.numpy().tolist()
    work()
    assert [*found, draw()] == expected
    assert kerass_own.numpy().tolist() == before


def test_epochs_one_by_one_are_epochs_together():
    """Fails if going on shuffles, drops or steps otherwise than the next epoch would have."""
    warm = make(epochs=1, warm_start=True)
    for _ in range(3):
        warm.fit(REVIEWS, LABELS)
    assert digest(warm) == digest(make(epochs=3).fit(REVIEWS, LABELS))


def test_epochs_of_partial_fit_are_epochs_together_without_ngrams():
    """Fails if partial_fit shuffles, drops or steps otherwise than the next epoch would have.

    With n-grams it takes the rows for new ones, see above.
    """
    one_by_one = make(epochs=1, ngram_range=None).fit(REVIEWS, LABELS)
    for _ in range(2):
        reproduced.one_more_epoch(one_by_one)
    assert digest(one_by_one) == digest(make(epochs=3, ngram_range=None).fit(REVIEWS, LABELS))
    with_ngrams = make(epochs=1).fit(REVIEWS, LABELS)
    ngrams = with_ngrams[-1].ngrams_
    twice = [reproduced.one_more_epoch(clone(with_ngrams).fit(REVIEWS, LABELS)) for _ in range(2)]
    assert digest(twice[0]) == digest(twice[1])
    assert reproduced.one_more_epoch(with_ngrams)[-1].ngrams_ is ngrams


def test_the_same_call_gives_the_same_bytes_and_other_calls_the_same_to_rounding():
    """Fails if a prediction depends on chance, or on its neighbours beyond the order of a sum.

    Bytes are not promised of other calls: a matrix of one row takes another way than one of many.
    """
    network = make().fit(REVIEWS, LABELS)
    together = network.decision_function(UNSEEN)
    assert network.decision_function(UNSEEN).tobytes() == together.tobytes()
    alone = np.concatenate([network.decision_function([review]) for review in UNSEEN])
    np.testing.assert_allclose(alone, together, rtol=0, atol=2e-6)
    order = np.random.default_rng(0).permutation(len(UNSEEN))
    shuffled = network.decision_function([UNSEEN[i] for i in order])
    np.testing.assert_allclose(shuffled, together[order], rtol=0, atol=2e-6)
    beside_a_long_one = network.decision_function([*UNSEEN, " ".join(UNSEEN)])
    np.testing.assert_allclose(beside_a_long_one[:-1], together, rtol=0, atol=2e-6)
    assert np.ptp(together) > 0.1  # they differ by far more than that


# --- Saved, loaded, broken off --------------------------------------------------------------


@pytest.mark.parametrize("way", LOADERS)
def test_what_is_loaded_predicts_and_goes_on_as_if_it_had_not_been_saved(saved, way):
    """Fails if a bit of the weights, n-grams, optimizer, dropout or epochs is lost.

    The optimizer's state is saved where warm_start=True says that training will go on.
    """
    folder, due = saved
    load = LOADERS[way]
    assert digest(load(folder)) == due["loaded"]
    assert digest(reproduced.one_more_epoch(load(folder))) == due["partial_fit"]
    assert digest(reproduced.two_more_epochs(load(folder))) == due["warm_start"]


def test_a_training_that_was_broken_off_ends_as_if_it_had_not_been(saved, fitted, tmp_path):
    """Fails if a checkpoint lacks anything that the rest of the training depends on."""
    folder, _ = saved
    shutil.copytree(folder / "checkpoints", tmp_path / "checkpoints")
    assert digest(reproduced.resume(tmp_path)) == fitted


# --- Other processes ----------------------------------------------------------------------


def in_fresh_processes(saved, tmp_path, environments):
    """Return what reproduced.py prints under each environment, all run side by side."""
    folder, _ = saved
    clean = {k: v for k, v in os.environ.items() if not k.endswith("_NUM_THREADS")}
    script = Path(__file__).parent.with_name("reproduced.py")
    processes = []
    for i, environment in enumerate(environments):
        own = shutil.copytree(folder, tmp_path / str(i))  # each resumes the broken training
        processes.append(
            subprocess.Popen(
                [sys.executable, script, own], env=clean | environment, stdout=subprocess.PIPE
            )
        )
    try:
        told = [process.communicate(timeout=300)[0] for process in processes]
    finally:
        for process in processes:
            process.kill()
            process.wait()
    return [json.loads(lines.splitlines()[-1]) for lines in told]


def check(found, fitted, saved):
    wanted = {name: saved[1].get(name.rpartition(", ")[2], fitted) for name in reproduced.MAKERS}
    for one in found:
        assert one == wanted


def test_a_fresh_process_with_other_threads_gives_the_same_bytes(saved, fitted, tmp_path):
    """Fails if hashes, addresses, traces of other fits, or who adds first, decide anything.

    Of fitting, of what was saved in three ways and goes on, and of what was broken off.
    """
    environment = {"SKRNN_NUM_THREADS": "4", "OMP_NUM_THREADS": "4", "PYTHONHASHSEED": "1"}
    check(in_fresh_processes(saved, tmp_path, [environment]), fitted, saved)


@pytest.mark.parametrize("name", ["SKRNN_NUM_THREADS", "OMP_NUM_THREADS"])
def test_threads_however_they_are_granted_give_the_same_bytes(saved, fitted, tmp_path, name):
    """Fails if TensorFlow's threads, or the kernels', decide in what order is added.

    That of BLAS, which takes several only for far more n-grams than here, is in test_ngrams.py.
    """
    environments = [{name: n, "OPENBLAS_NUM_THREADS": n} for n in ("1", "2", "4")]
    check(in_fresh_processes(saved, tmp_path, environments), fitted, saved)


def test_any_n_jobs_gives_the_same_bytes(fitted):
    """Fails if a worker process fits otherwise than this one, or a search than a plain fit."""
    grid = {"rnnclassifier__epochs": [1, 2]}
    search = GridSearchCV(make(), grid, cv=2, scoring="neg_log_loss", error_score="raise")
    results = []
    try:
        for n_jobs in (1, 2):
            found = clone(search).set_params(n_jobs=n_jobs).fit(REVIEWS, LABELS)
            validated = cross_validate(
                make(), REVIEWS, LABELS, cv=2, n_jobs=n_jobs, return_estimator=True
            )
            results.append(
                [
                    found.cv_results_["split0_test_score"].tolist(),
                    found.cv_results_["split1_test_score"].tolist(),
                    digest(found.best_estimator_),
                    validated["test_score"].tolist(),
                    [digest(pipe) for pipe in validated["estimator"]],
                ]
            )
    finally:
        get_reusable_executor().shutdown(wait=True, kill_workers=True)
    assert results[0] == results[1]
    # By hand: the best candidate on all rows, and the first fold's rows.
    assert found.best_params_ == {"rnnclassifier__epochs": 2}
    assert results[1][2] == fitted
    rows = next(iter(StratifiedKFold(2).split(REVIEWS, LABELS)))[0]
    by_hand = make().fit([REVIEWS[i] for i in rows], LABELS[rows])
    assert results[1][4][0] == digest(by_hand)


def test_a_saved_file_is_the_same_file_again(tmp_path):
    """Fails if a file holds a date, an order of its own, or anything else than the estimator."""
    for name in ("one", "two"):
        skrnn.save(make().fit(REVIEWS, LABELS), tmp_path / name)
    assert (tmp_path / "one").read_bytes() == (tmp_path / "two").read_bytes()

"""Compiled networks are shared between fits, and only the clock shows it."""

import ctypes
import gc
import threading

import numpy as np
import pytest
from bare import ESTIMATOR
from bare import NETWORK as BARE
from tensorflow.python.eager.polymorphic_function import polymorphic_function as tf_functions

from skrnn import RNNClassifier
from skrnn.backend.tensorflow import keras
from skrnn.network import programs
from skrnn.network.build import build
from skrnn.network.description import NetworkDescription
from skrnn.network.fitted import FittedNetwork
from skrnn.sequences import Sequences
from skrnn.training import trainers
from skrnn.training.fit import Trainer
from skrnn.training.objective import Objective
from skrnn.training.state import TrainingSettings
from skrnn.training.trainers import CompiledNetwork, borrow, give_back

NETWORK = {
    **BARE,
    "cell": "gru",
    "units": (3,),
    "embedding_dim": 4,
    "pooling": "max",
    "dropout": 0.2,
    "vocabulary_size": 20,
    "head": {"kind": "classes", "n_outputs": 1},
}
DESCRIPTION = NetworkDescription(**NETWORK)
HEAD = DESCRIPTION.head_
X = np.random.default_rng(0).integers(2, 20, (60, 5))
Y = (X[:, 0] > X[:, 1]).astype(int)


@pytest.fixture(autouse=True)
def empty_pool():
    trainers._idle.clear()
    yield
    trainers._idle.clear()


def compiled(seed=0):
    return build(DESCRIPTION, random_state=seed, compile_kwargs={"optimizer": "adam"}), HEAD


def make_classifier(**kwargs):
    parameters = {"cell": "gru", "units": 3, "embedding_dim": 4, "epochs": 2, "batch_size": 16,
                  "dropout": 0.2, "random_state": 0}  # fmt: skip
    parameters = ESTIMATOR | parameters | kwargs
    return RNNClassifier(**parameters)


def result(classifier):
    weights = [w.tobytes() for w in classifier.model_.get_weights()]
    return weights, classifier.history_, classifier.predict_proba(X).tobytes()


def idle():
    return sum(map(len, trainers._idle.values()))


def the_idle():
    ((one,),) = trainers._idle.values()
    return one


def test_lent_to_one_fit_at_a_time():
    """Fails if two fits get the same network, one training the other's weights."""
    first = borrow("a", compiled)
    second = borrow("a", compiled)
    assert first is not second and first.network is not second.network
    give_back(first)
    assert borrow("b", compiled) is not first
    assert borrow("a", compiled) is first
    assert borrow("a", compiled) is not first


def test_lent_to_one_thread_at_a_time():
    """Fails if the pool is not locked: threads would find the same network."""
    three = [CompiledNetwork("a", *compiled()) for _ in range(3)]
    held, overlaps = set(), []
    start = threading.Barrier(8)

    def work():
        start.wait()
        for _ in range(300):
            one = borrow("a", lambda: (network, HEAD))
            if id(one) in held:
                overlaps.append(one)
            held.add(id(one))
            held.discard(id(one))
            give_back(one)

    network = three[0].network
    for one in three:
        give_back(one)
    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not overlaps and 1 <= idle() <= trainers.MAX_IDLE


def test_without_a_key_never_shared():
    """Fails if a network that a user's callback or optimizer has seen serves another fit."""
    one = borrow(None, compiled)
    give_back(one)
    assert idle() == 0
    assert borrow(None, compiled) is not one


def test_user_objects_are_never_shared():
    """Fails if a fit with the user's own objects has a key, or two programs have the same."""

    def key(description=DESCRIPTION, objective=None, learning_rate=0.1, kind=(), **settings):
        settings = TrainingSettings(learning_rate=learning_rate, **settings)
        return Trainer(settings)._key(description, objective, kind)

    schedule = keras.optimizers.schedules.ExponentialDecay(0.1, 10, 0.5)
    assert key(callbacks=[keras.callbacks.LambdaCallback()]) is None
    assert key(optimizer=keras.optimizers.Adam(0.01), learning_rate=None) is None
    assert key(learning_rate=schedule) is None
    # A number is a variable of the program, and so are batch size and seed; clipping is not.
    assert key(learning_rate=0.2, batch_size=7) == key()
    wider = NetworkDescription(**NETWORK | {"units": (4,)})
    labels = NetworkDescription(**NETWORK | {"head": {"kind": "labels", "n_outputs": 2}})
    keys = [key(), key(wider), key(labels), key(optimizer="sgd"), key(global_clipnorm=1.0),
            key(global_clipnorm=2.0), key(objective=Objective(1.0)),
            key(objective=Objective(0.0, 1.0)), key(labels, kind=["weights"]),
            key(kind=["soft targets"])]  # fmt: skip
    assert None not in keys and len(set(keys)) == 10


def test_pool_is_bounded():
    """Fails if a long search keeps every network it has trained."""
    for one in [borrow(str(i), compiled) for i in range(trainers.MAX_IDLE + 2)]:
        give_back(one)
    assert idle() == trainers.MAX_IDLE
    # Those used least recently have gone.
    assert {key for key, _ in trainers._idle} == {"2", "3", "4", "5"}
    give_back(borrow("2", None))
    give_back(borrow("6", compiled))
    assert {key for key, _ in trainers._idle} == {"4", "5", "2", "6"}


def test_load_leaves_nothing_of_the_last_fit():
    """Fails if weights, dropout's generators or the optimizer keep something of before."""
    one = borrow("a", compiled)
    fresh = programs.read_values(one.network.optimizer.variables)
    one.network.fit(X, Y, epochs=1, verbose=0)
    own = programs.read_values(programs.network_variables(build(DESCRIPTION, random_state=5)))
    one.load(own)
    got = programs.read_values(programs.network_variables(one.network))
    assert [x.tobytes() for x in got] == [x.tobytes() for x in own]
    got = programs.read_values(one.network.optimizer.variables)
    assert [x.tobytes() for x in got] == [x.tobytes() for x in fresh]


@pytest.mark.slow
def test_a_borrowed_network_trains_the_same_bytes():
    """Fails if what an idle network did before shows in any number of the next fit."""
    fresh = result(make_classifier().fit(X, Y))
    used = the_idle()
    # The same program, but other data, seed, learning rate, batches and number of epochs.
    make_classifier(random_state=7, epochs=3, batch_size=7, learning_rate=0.1).fit(X[::-1], 1 - Y)
    assert the_idle() is used
    assert result(make_classifier().fit(X, Y)) == fresh
    assert the_idle() is used
    # Stopped early by a callback of ours: the next fit must not stop too.
    make_classifier(
        early_stopping=True,
        validation_fraction=0.3,
        n_iter_no_change=1,
        epochs=30,
        learning_rate=0.5,
    ).fit(X, Y)
    assert result(make_classifier().fit(X, Y)) == fresh
    trainers._idle.clear()
    assert result(make_classifier().fit(X, Y)) == fresh


def test_a_failed_fit_keeps_its_network(monkeypatch):
    """Fails if a fit that broke off gives back a network in an unknown state."""
    import skrnn.training.feeds

    classifier = make_classifier().fit(X, Y)
    before = result(classifier)
    assert idle() == 1

    def interrupt(*_, **__):
        raise KeyboardInterrupt

    monkeypatch.setattr(skrnn.training.feeds.Feed, "on_epoch_end", interrupt)
    with pytest.raises(KeyboardInterrupt):
        classifier.fit(X, Y)
    assert idle() == 0
    assert result(classifier) == before


@pytest.mark.slow
def test_parallel_fits_are_the_same_as_one_after_another():
    """Fails if fits in threads touch each other's weights."""
    wanted = [result(make_classifier(random_state=seed).fit(X, Y)) for seed in range(2)]
    got = [None] * 2

    def work(seed):
        got[seed] = result(make_classifier(random_state=seed).fit(X, Y))

    threads = [threading.Thread(target=work, args=(seed,)) for seed in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert got == wanted


def test_precision_is_part_of_the_program():
    """Fails if a network made under another policy of Keras serves after it is reset."""
    one = borrow("a", compiled)
    give_back(one)
    keras.config.set_dtype_policy("mixed_float16")
    try:
        other = borrow("a", compiled)
        assert other is not one and other.network.get_layer("gru").compute_dtype == "float16"
        give_back(other)
    finally:
        keras.config.set_dtype_policy("float32")
    assert borrow("a", None) is one


@pytest.mark.slow
def test_many_networks_are_no_retracing(caplog, monkeypatch):
    """Fails if TensorFlow's advice on retracing shows in a search over a few networks."""
    # It is given twice in a process; others here may have had it.
    counter = tf_functions._FrequentTracingDetectorManager()
    monkeypatch.setattr(tf_functions, "_frequent_tracing_detector_manager", counter)
    two = Sequences(X[:2].ravel().astype(np.int32), np.array([0, 5, 10]))
    for units in range(4, 9):
        description = NetworkDescription(**NETWORK | {"units": (units,), "cell": "rnn"})
        model = build(description, random_state=0, compile_kwargs={"optimizer": "sgd"})
        one = borrow(str(units), lambda model=model: (model, HEAD))
        one.network.fit(X[:9], Y[:9], verbose=0, validation_data=(X[:9], Y[:9]))
        values = programs.read_values(programs.network_variables(model))
        programs.predict(FittedNetwork(description, values, 0), two)
    assert "retracing" not in caplog.text


class Owner:
    """The network of an estimator that trains again and again."""


@pytest.mark.slow
def test_any_number_of_estimators_can_take_turns():
    """Fails if from some number on each `partial_fit` compiles and traces its network anew."""
    made, owners = [], [Owner() for _ in range(20)]

    def make():
        made.append(1)
        return compiled()

    for _ in range(3):
        for i in range(20):
            one = borrow(f"turn {i}", make)
            owners[i] = Owner()  # as a fit leaves the old result behind
            give_back(one, owners[i])
    assert len(made) == 20 == idle()
    del owners[5:]
    give_back(borrow("another", compiled))
    assert idle() == 5 + trainers.MAX_IDLE  # the rest is kept no longer than its estimator


def test_those_who_take_turns_do_not_fill_the_memory(monkeypatch):
    """Fails if a thousand estimators that go on keep a thousand compiled networks."""
    owners = [Owner() for _ in range(5)]
    monkeypatch.setattr(trainers, "MAX_WAITING_BYTES", 2 * trainers.TRACE_BYTES + 100_000)
    for i, owner in enumerate(owners):
        give_back(borrow(f"turn {i}", compiled), owner)
    assert [key for key, _ in trainers._idle] == ["turn 3", "turn 4"]


@pytest.mark.slow
@pytest.mark.parametrize("way", ["partial_fit", "warm_start"])
def test_estimators_in_turn_trace_once(way, monkeypatch):
    """Fails if the sixth estimator makes every further step of all others trace."""
    made = []
    init = CompiledNetwork.__post_init__
    monkeypatch.setattr(CompiledNetwork, "__post_init__", lambda self: made.append(1) or init(self))
    some = [make_classifier(units=2 + i, epochs=1, warm_start=True) for i in range(6)]
    n_made = []
    for _ in range(4):
        for one in some:
            one.partial_fit(X, Y) if way == "partial_fit" else one.fit(X, Y)
        n_made.append(len(made))
    assert n_made[1] == n_made[2] == n_made[3]


def n_kernels_bytes():
    """Return the bytes in use, as the C library counts them."""

    class Info(ctypes.Structure):
        _fields_ = [(f"n{i}", ctypes.c_size_t) for i in range(10)]

    library = ctypes.CDLL(None)
    library.mallinfo2.restype = Info
    return library.mallinfo2().n7


@pytest.mark.reliability
@pytest.mark.skipif(not hasattr(ctypes.CDLL(None), "mallinfo2"), reason="needs glibc")
@pytest.mark.parametrize("differ", [True, False], ids=["other vocabularies", "one vocabulary"])
def test_memory_in_use_does_not_grow_with_fits(differ):
    """Fails if each fit, or each new vocabulary, leaves something in the C library."""
    n, used = 48 if differ else 100, []
    for i in range(n):
        size = 20 + i * differ
        make_classifier(vocabulary_size=size, epochs=1, units=2, cell="rnn").fit(X, Y)
        gc.collect()
        if i >= n // 3:
            used.append(n_kernels_bytes() / 2**20)
    half = len(used) // 2
    grown = min(used[half:]) - min(used[:half])
    assert grown < 0.1 * half  # MB: it was 1.7 a fit, and 0.3 with one vocabulary

"""Traced programs are shared between estimators, and nobody notices but the clock."""

import json
import threading

import numpy as np
import pytest
from bare import ESTIMATOR
from bare import NETWORK as BARE
from tensorflow.python.eager.polymorphic_function import polymorphic_function as tf_functions

from skrnn import RNNClassifier, build_network
from skrnn.backend.tensorflow import keras
from skrnn.network import programs
from skrnn.network.programs import borrow_trainer, give_back

NETWORK = {
    **BARE,
    "cell": "gru",
    "units": [3],
    "embedding_dim": 4,
    "pooling": "max",
    "dropout": 0.2,
    "vocabulary_size": 20,
}
ARCHITECTURE = json.dumps(NETWORK, sort_keys=True)
X = np.random.default_rng(0).integers(2, 20, (60, 5))
Y = (X[:, 0] > X[:, 1]).astype(int)


@pytest.fixture(autouse=True)
def empty_pool():
    programs._idle.clear()
    yield
    programs._idle.clear()


def compiled(seed=0):
    return build_network(**NETWORK, random_state=seed, compile_kwargs={"optimizer": "adam"})


def make_classifier(**kwargs):
    parameters = {"cell": "gru", "units": 3, "embedding_dim": 4, "epochs": 2, "batch_size": 16,
                  "dropout": 0.2, "random_state": 0}  # fmt: skip
    parameters = ESTIMATOR | parameters | kwargs
    return RNNClassifier(**parameters)


def result(classifier):
    weights = [w.tobytes() for w in classifier.model_.get_weights()]
    return weights, classifier.history_, classifier.predict_proba(X).tobytes()


def idle():
    return sum(map(len, programs._idle.values()))


def the_idle():
    ((trainer,),) = programs._idle.values()
    return trainer


# --- Trainers ---------------------------------------------------------------------------


def test_lent_to_one_fit_at_a_time():
    """Fails if two fits get the same network, one training the other's weights."""
    first = borrow_trainer("a", compiled)
    second = borrow_trainer("a", compiled)
    assert first is not second and first.network is not second.network
    give_back(first)
    assert borrow_trainer("b", compiled) is not first
    assert borrow_trainer("a", compiled) is first
    assert borrow_trainer("a", compiled) is not first


def test_lent_to_one_thread_at_a_time():
    """Fails if the pool is not locked: threads would find the same trainer."""
    trainers = [programs.Trainer("a", compiled()) for _ in range(3)]
    held, overlaps = set(), []
    start = threading.Barrier(8)

    def work():
        start.wait()
        for _ in range(300):
            trainer = borrow_trainer("a", lambda: network)
            if id(trainer) in held:
                overlaps.append(trainer)
            held.add(id(trainer))
            held.discard(id(trainer))
            give_back(trainer)

    network = trainers[0].network
    for trainer in trainers:
        give_back(trainer)
    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not overlaps and 1 <= idle() <= programs.MAX_IDLE_TRAINERS


def test_without_a_key_never_shared():
    """Fails if a network that a user's callback or optimizer has seen serves another fit."""
    trainer = borrow_trainer(None, compiled)
    give_back(trainer)
    assert idle() == 0
    assert borrow_trainer(None, compiled) is not trainer


def test_user_objects_are_never_shared():
    """Fails if a fit with the user's own objects has a key, or two programs have the same."""
    from skrnn.training.scikeras import SequenceClassifier

    def key(network=NETWORK, optimizer="adam", **kwargs):
        return SequenceClassifier(network, 0, optimizer=optimizer, **kwargs)._trainer_key()

    schedule = keras.optimizers.schedules.ExponentialDecay(0.1, 10, 0.5)
    assert key(callbacks=[keras.callbacks.LambdaCallback()]) is None
    assert key(optimizer=keras.optimizers.Adam(0.01)) is None
    assert key(optimizer__learning_rate=schedule) is None
    # A number is a variable of the program, and so are batch size and seed; clipping is not.
    assert key(optimizer__learning_rate=0.1) == key(optimizer__learning_rate=0.2)
    keys = [key(), key(NETWORK | {"units": [4]}), key(optimizer="sgd"),
            key(optimizer__global_clipnorm=1.0), key(optimizer__global_clipnorm=2.0)]  # fmt: skip
    assert None not in keys and len(set(keys)) == 5


def test_pool_is_bounded():
    """Fails if a long search keeps every network it has trained."""
    trainers = {}
    for i in range(programs.MAX_IDLE_TRAINERS + 2):
        trainers[i] = borrow_trainer(str(i), compiled)
    for trainer in trainers.values():
        give_back(trainer)
    assert idle() == programs.MAX_IDLE_TRAINERS
    # Those used least recently have gone.
    assert {key for key, _ in programs._idle} == {"2", "3", "4", "5"}
    give_back(borrow_trainer("2", None))
    give_back(borrow_trainer("6", compiled))
    assert {key for key, _ in programs._idle} == {"4", "5", "2", "6"}


def test_load_leaves_nothing_of_the_last_fit():
    """Fails if weights, dropout's generators or the optimizer keep something of before."""
    trainer = borrow_trainer("a", compiled)
    fresh = programs.read_values(trainer.network.optimizer.variables)
    trainer.network.fit(X, Y, epochs=1, verbose=0)
    own = build_network(**NETWORK, random_state=5)
    trainer.load(own)
    for got, wanted in zip(
        programs.read_values(programs.network_variables(trainer.network)),
        programs.read_values(programs.network_variables(own)),
        strict=True,
    ):
        np.testing.assert_array_equal(got, wanted)
    for got, wanted in zip(
        programs.read_values(trainer.network.optimizer.variables), fresh, strict=True
    ):
        np.testing.assert_array_equal(got, wanted)


def test_dropout_states_are_network_variables():
    """Fails if generators are left out: a borrowed trainer would then drop other units."""
    network = build_network(**NETWORK)
    states = [v for v in programs.network_variables(network) if "seed_generator" in v.path]
    assert len(states) >= 1
    # And compilation, whose metrics have variables too, changes nothing.
    shapes = [v.shape for v in programs.network_variables(network)]
    assert shapes == [v.shape for v in programs.network_variables(compiled())]


def test_borrowed_trainer_trains_the_same_bytes():
    """Fails if what an idle trainer did before shows in any number of the next fit."""
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
    programs._idle.clear()
    assert result(make_classifier().fit(X, Y)) == fresh


def test_failed_fit_keeps_its_trainer(monkeypatch):
    """Fails if a fit that broke off gives back a network in an unknown state."""
    import skrnn.training.scikeras

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


# --- The prediction program -------------------------------------------------------------


def logits_of(architecture, network, inputs):
    values = programs.as_tensors(programs.network_variables(network))
    return programs.predict_logits(architecture, values, inputs)


def test_prediction_follows_the_weights_it_is_given():
    """Fails if the program keeps the weights of the estimator that happened to make it."""
    x = X[:7].astype(np.int32)
    networks = [build_network(**NETWORK, random_state=seed) for seed in range(3)]
    wanted = []
    for network in networks:
        logits = keras.Model(network.input, network.get_layer("logits").output)
        wanted.append(np.asarray(logits(x)))
    for order in ([0, 1, 2], [2, 0, 1]):
        programs._logits_program.cache_clear()
        for i in order:
            got = logits_of(ARCHITECTURE, networks[i], [x])
            assert got.dtype == np.float32 and got.shape == (7, 1)
            np.testing.assert_allclose(got, wanted[i], rtol=1e-6, atol=1e-7)
    # Changed weights count from the next call on.
    networks[0].set_weights(networks[1].get_weights())
    np.testing.assert_allclose(logits_of(ARCHITECTURE, networks[0], [x]), wanted[1], rtol=1e-6)
    assert programs._logits_program.cache_info().misses == 1


def test_predicting_from_threads():
    """Fails if threads that predict with different weights share any of them."""
    networks = [build_network(**NETWORK, random_state=seed) for seed in range(4)]
    x = X.astype(np.int32)
    wanted = [logits_of(ARCHITECTURE, network, [x]).tobytes() for network in networks]
    programs._logits_program.cache_clear()
    got = [set() for _ in networks]

    def work(i):
        for _ in range(20):
            got[i].add(logits_of(ARCHITECTURE, networks[i], [x]).tobytes())

    threads = [threading.Thread(target=work, args=(i,)) for i in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert got == [{bytes_} for bytes_ in wanted]


def test_one_trace_serves_every_shape():
    """Fails if each width or number of rows is traced anew."""
    network = build_network(**NETWORK, random_state=0)
    logits_of(ARCHITECTURE, network, [np.ones((2, 2), np.int32)])
    made = programs._logits_program.cache_info().misses
    for shape in ((1, 1), (5, 3), (2, 40)):
        logits = logits_of(ARCHITECTURE, network, [np.ones(shape, np.int32)])
        assert logits.shape[0] == shape[0]
    assert programs._logits_program.cache_info().misses == made


def test_precision_is_part_of_the_program():
    """Fails if a network made under another policy of Keras serves after it is reset."""
    one = borrow_trainer("a", compiled)
    give_back(one)
    keras.config.set_dtype_policy("mixed_float16")
    try:
        other = borrow_trainer("a", compiled)
        assert other is not one and other.network.get_layer("gru").compute_dtype == "float16"
        give_back(other)
    finally:
        keras.config.set_dtype_policy("float32")
    assert borrow_trainer("a", None) is one


@pytest.mark.slow
def test_many_networks_are_no_retracing(caplog, monkeypatch):
    """Fails if TensorFlow's advice on retracing shows in a search over a few networks."""
    # It is given twice in a process; others here may have had it.
    counter = tf_functions._FrequentTracingDetectorManager()
    monkeypatch.setattr(tf_functions, "_frequent_tracing_detector_manager", counter)
    for units in range(4, 9):
        network = NETWORK | {"units": [units], "cell": "rnn"}
        model = build_network(**network, random_state=0, compile_kwargs={"optimizer": "sgd"})
        trainer = borrow_trainer(str(units), lambda model=model: model)
        trainer.network.fit(X[:9], Y[:9], verbose=0, validation_data=(X[:9], Y[:9]))
        logits_of(json.dumps(network), model, [X[:2].astype(np.int32)])
    assert "retracing" not in caplog.text

"""The traced programs that predict, and the variables that they are given."""

import threading

import numpy as np
from bare import NETWORK as BARE

from skrnn.backend.tensorflow import keras
from skrnn.network import programs
from skrnn.network.build import build
from skrnn.network.description import NetworkDescription
from skrnn.network.fitted import FittedNetwork
from skrnn.sequences import Sequences

DESCRIPTION = NetworkDescription(
    **BARE
    | {
        "cell": "gru",
        "units": (3,),
        "embedding_dim": 4,
        "dropout": 0.2,
        "vocabulary_size": 20,
        "head": {"kind": "classes", "n_outputs": 1},
    }
)
X = np.random.default_rng(0).integers(2, 20, (60, 5)).astype(np.int32)


def sequences_of(x):
    return Sequences(x.ravel().astype(np.int32), np.arange(len(x) + 1) * x.shape[1])


def fitted(seed):
    values = programs.read_values(programs.network_variables(build(DESCRIPTION, random_state=seed)))
    return FittedNetwork(DESCRIPTION, values, seed)


def raw_of(network, x):
    return programs.predict(network, sequences_of(x))


def raw_of_keras(model, x):
    return np.asarray(keras.Model(model.input, model.get_layer("logits").output)(x))


def test_dropout_states_are_network_variables():
    """Fails if generators are left out: a borrowed network would then drop other units."""
    model = build(DESCRIPTION)
    states = [v for v in programs.network_variables(model) if "seed_generator" in v.path]
    assert len(states) >= 1
    # And compilation, whose metrics have variables too, changes nothing.
    shapes = [v.shape for v in programs.network_variables(model)]
    compiled = build(DESCRIPTION, compile_kwargs={"optimizer": "adam"})
    assert shapes == [v.shape for v in programs.network_variables(compiled)]


def test_prediction_follows_the_weights_it_is_given():
    """Fails if the program keeps the weights of the network that happened to make it."""
    networks = [fitted(seed) for seed in range(3)]
    wanted = [raw_of_keras(build(DESCRIPTION, random_state=seed), X[:7]) for seed in range(3)]
    for order in ([0, 1, 2], [2, 0, 1]):
        programs._raw_program.cache_clear()
        programs._made.clear()
        for i in order:
            got = raw_of(networks[i], X[:7])
            assert got.dtype == np.float32 and got.shape == (7, 1)
            np.testing.assert_allclose(got, wanted[i], rtol=1e-6, atol=1e-7)
    # Changed weights count from the next call on.
    networks[0].model.set_weights(networks[1].model.get_weights())
    np.testing.assert_allclose(raw_of(networks[0], X[:7]), wanted[1], rtol=1e-6, atol=1e-7)
    assert programs._raw_program.cache_info().misses == 1


def test_rows_keep_their_order():
    """Rows of all lengths in several batches. Fails if an answer is given to another row."""
    rng = np.random.default_rng(0)
    lengths = rng.integers(1, 9, programs.PREDICT_BATCH_SIZE + 50)
    sequences = Sequences(
        rng.integers(2, 20, lengths.sum()).astype(np.int32), np.r_[0, np.cumsum(lengths)]
    )
    network = fitted(0)
    together = programs.predict(network, sequences)
    assert np.ptp(together) > 1e-3
    for i in (0, 7, len(lengths) - 1):
        alone = programs.predict(network, sequences.take([i]))
        np.testing.assert_allclose(together[[i]], alone, rtol=1e-5, atol=1e-7)


def test_predicting_from_threads():
    """Fails if threads that predict with different weights share any of them."""
    networks = [fitted(seed) for seed in range(4)]
    wanted = [raw_of(network, X).tobytes() for network in networks]
    programs._raw_program.cache_clear()
    programs._made.clear()
    got = [set() for _ in networks]

    def work(i):
        for _ in range(20):
            got[i].add(raw_of(networks[i], X).tobytes())

    threads = [threading.Thread(target=work, args=(i,)) for i in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert got == [{bytes_} for bytes_ in wanted]


def test_one_trace_serves_every_shape():
    """Fails if each width or number of rows is traced anew."""
    network = fitted(0)
    raw_of(network, np.ones((2, 2)))
    made = programs._raw_program.cache_info().misses
    for shape in ((1, 1), (5, 3), (2, 40)):
        assert raw_of(network, np.ones(shape)).shape == (shape[0], 1)
    assert programs._raw_program.cache_info().misses == made

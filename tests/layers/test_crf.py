"""The CRF of Keras against the chains, on both engines; padding, weights, files, and learning."""

import numpy as np
import pytest
from chains_by_hand import enumerate_paths
from numpy.testing import assert_allclose, assert_array_equal

from skrnn import chains
from skrnn.backend.tensorflow import keras, tf
from skrnn.exceptions import InvalidInputError, NoKernelsError
from skrnn.kernels import engine as engines
from skrnn.layers import CRF, CRFAccuracy, CRFLoss, crf_loop, crf_operations

N_TAGS = 4
# Real steps at the left, an empty row, a full row, and real steps anywhere.
MASK = np.array(
    [[1, 1, 0, 0, 0], [0, 0, 0, 0, 0], [1, 1, 1, 1, 1], [0, 1, 0, 1, 1], [1, 0, 0, 0, 0]], bool
)


@pytest.fixture(params=engines.ENGINES)
def engine(request, monkeypatch):
    """Have the layer run on each engine in turn; tests without it take the default."""
    monkeypatch.setenv("SKRNN_ENGINE", request.param)
    return request.param


def filled(layer, n_tags=N_TAGS, seed=0, scale=1.0):
    """Give a layer random weights."""
    rng = np.random.default_rng(seed)
    if not layer.built:
        layer.build((None, None, n_tags))
    layer.set_weights([rng.normal(scale=scale, size=w.shape) for w in layer.get_weights()])
    return layer


def batch(mask=MASK, scale=1.0, seed=0):
    rng = np.random.default_rng(seed)
    emissions = rng.normal(scale=scale, size=(*mask.shape, N_TAGS)).astype("float32")
    tags = rng.integers(N_TAGS, size=mask.shape)
    tags[~mask] = -7  # whatever it is there
    return emissions, tags


def rows(mask):
    return np.concatenate([[0], np.cumsum(mask.sum(axis=1))])


def with_mask(emissions, mask, layer):
    """Return what the layer returns for masked emissions."""
    emissions = tf.convert_to_tensor(emissions)
    emissions._keras_mask = tf.convert_to_tensor(mask)
    return layer(emissions)


def model_of(*layers, vocabulary=10, seed=0):
    keras.utils.set_random_seed(seed)
    inputs = keras.Input((None,), dtype="int32")
    embedding = keras.layers.Embedding(vocabulary, 8, mask_zero=True)
    model = keras.Sequential([inputs, embedding, keras.layers.Dense(N_TAGS), *layers])
    for layer in model.layers[1:]:
        if isinstance(layer, CRF):
            filled(layer)
    return model


def words_and_tags(mask, seed=0):
    rng = np.random.default_rng(seed)
    words = rng.integers(1, 10, mask.shape, dtype=np.int32) * mask
    return words, rng.integers(N_TAGS, size=mask.shape) * mask


RIGHT = np.arange(6) < np.array([6, 1, 3, 5, 2, 4, 6, 2])[:, None]


@pytest.mark.parametrize("scale", [1.0, 1e4])
@pytest.mark.parametrize("forbids", [False, True])
def test_losses_and_gradients_are_those_of_the_chains(engine, scale, forbids):
    """Fails if a masked step is in a chain, a gradient has another sign, or logarithms are lost."""
    emissions, tags = batch(scale=scale)
    layer = filled(CRF())
    if forbids:
        layer.transitions.assign(np.where(np.eye(N_TAGS)[::-1], -np.inf, layer.transitions))
        tags[MASK] = 0
    weights = np.linspace(-1, 2, len(MASK)).astype("float32")
    offsets, own = rows(MASK), emissions[MASK]
    wanted = chains.gradients(own, offsets, tags[MASK], layer.chain, weights)
    x = tf.convert_to_tensor(emissions)
    with tf.GradientTape() as tape:
        tape.watch(x)
        losses = crf_operations.losses(
            x, tf.where(MASK, tf.cast(tags, tf.int32), -7), tf.constant(MASK), layer._weights_now()
        )
        total = tf.reduce_sum(losses * weights)
    assert_allclose(losses, wanted.losses, rtol=2e-6)
    demissions, *rest = tape.gradient(total, [x, *layer.trainable_weights])
    assert_allclose(demissions[MASK], wanted.emissions, atol=1e-6)
    assert_array_equal(demissions[~MASK], 0)
    for got, one in zip(rest, wanted[2:], strict=True):
        assert_allclose(got, one, atol=1e-6)


def test_loss_by_hand(engine):
    """Fails if the loss is another one than that of all paths of each row, a token."""
    emissions, tags = batch()
    layer = filled(CRF())
    weights = np.array([1, 5, 0.5, 2, 1], "float32")
    total = 0.0
    for row in range(len(MASK)):
        own = emissions[row][MASK[row]].astype(float)
        if len(own):
            paths, scores = enumerate_paths(own, layer.chain)
            path = tuple(tags[row][MASK[row]])
            total += weights[row] * (np.log(np.exp(scores).sum()) - scores[paths.index(path)])
    got = layer.loss(tags, with_mask(emissions, MASK, layer), weights)
    assert_allclose(got, total / MASK.sum(), rtol=1e-5)


@pytest.mark.parametrize("how", ["mask", "weights", "mask and weights"])
@pytest.mark.parametrize("compiled", [False, True])
def test_a_batch_costs_what_its_rows_cost(how, compiled):
    """Fails if padding costs, or a mean is over padding, whatever says what padding is."""
    layer = filled(CRF())
    emissions, tags = batch()
    of_rows = np.array([1, 5, 0.5, 2, 1], "float32")
    of_steps = of_rows[:, None] * MASK
    log_p = chains.log_likelihood(emissions[MASK], rows(MASK), tags[MASK], layer.chain)
    wanted = -(of_rows @ log_p) / MASK.sum()
    loss = CRFLoss()

    def run(weights):
        if how == "weights":
            return loss(tags, layer(tf.constant(emissions)), weights)
        return loss(tags, with_mask(emissions, MASK, layer), weights)

    run = tf.function(run) if compiled else run
    assert_allclose(run(of_rows if how == "mask" else of_steps), wanted, rtol=1e-5)
    if how != "weights":
        assert_allclose(run(of_rows[:, None]), wanted, rtol=1e-5)


def test_reductions_are_those_of_keras():
    """Fails if a reduction means another thing than for a softmax tagger."""
    layer = filled(CRF())
    emissions, tags = batch()
    weights = np.array([1, 5, 0.5, 2, 1], "float32")
    y_pred = with_mask(emissions, MASK, layer)
    log_p = chains.log_likelihood(emissions[MASK], rows(MASK), tags[MASK], layer.chain)
    got = CRFLoss(reduction="sum")(tags, y_pred, weights)
    assert_allclose(got, -(weights @ log_p), rtol=1e-5)
    got = CRFLoss(reduction="mean_with_sample_weight")(tags, y_pred, weights)
    assert_allclose(got, -(weights @ log_p) / (weights @ MASK.sum(axis=1)), rtol=1e-5)
    steps = CRFLoss(reduction=None)(tags, y_pred, weights)
    assert steps.shape == MASK.shape
    assert_allclose(tf.reduce_sum(steps, axis=1), -weights * log_p, rtol=1e-5)
    assert_array_equal(steps[~MASK], 0)
    assert_allclose(tf.reduce_sum(CRFLoss().call(tags, y_pred), axis=1), -log_p, rtol=1e-5)
    uniform = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    free = CRF()  # whose transitions are zero: a softmax at each step
    safe = np.where(MASK, tags, 0)
    y_pred = with_mask(emissions, MASK, free)
    wanted = uniform(safe, y_pred, weights[:, None])
    assert_allclose(CRFLoss()(safe, y_pred, weights), wanted, rtol=1e-5)


@pytest.mark.parametrize(
    "engine", ["numba", pytest.param("tensorflow", marks=pytest.mark.slow)], indirect=True
)
def test_fit_evaluate_and_predict(engine):
    """Fails if Keras loses the mask, the weights, or the layer, between a model and its loss."""
    words, tags = words_and_tags(RIGHT)
    crf = CRF(name="crf")
    model = model_of(crf)
    model.compile("adam", crf.loss, metrics=[crf.accuracy], weighted_metrics=[CRFAccuracy()])
    emissions = model.predict(words, verbose=0)
    weights = np.linspace(0.5, 2, len(words)).astype("float32")
    found = model.evaluate(words, tags, sample_weight=weights, verbose=0, return_dict=True)
    log_p = chains.log_likelihood(emissions[RIGHT], rows(RIGHT), tags[RIGHT], crf.chain)
    assert_allclose(found["loss"], -(weights @ log_p) / RIGHT.sum(), rtol=1e-5)
    best = chains.viterbi(emissions[RIGHT], rows(RIGHT), crf.chain)
    assert_allclose(found["accuracy"], np.mean(best == tags[RIGHT]), rtol=1e-5)
    of_steps = np.repeat(weights, RIGHT.sum(axis=1))
    wanted = np.average(best == tags[RIGHT], weights=of_steps)
    assert_allclose(found["crf_accuracy"], wanted, rtol=1e-5)
    before = crf.get_weights()
    model.fit(words, tags, sample_weight=weights[:, None] * RIGHT, verbose=0)
    assert all((one != other).any() for one, other in zip(before, crf.get_weights(), strict=True))


def test_weights_of_the_layer_in_their_order():
    """Fails if files of older versions would be read into other weights."""
    assert [weight.name for weight in filled(CRF()).weights] == ["transitions", "start", "end"]


@pytest.mark.slow
def test_a_network_whose_tags_only_transitions_decide():
    """Fails if transitions are not learned.

    Each row's tags go round, from a tag that only its first word tells. A tagger of single words
    is right at the first step, and by chance, a quarter, at the seven others: 0.34.
    """
    rng = np.random.default_rng(0)
    first = rng.integers(N_TAGS, size=(256, 1))
    tags = (first + np.arange(8)) % N_TAGS
    words = np.where(np.arange(8) == 0, first + 1, 9)
    crf = CRF()
    model = model_of(crf)
    model.compile(keras.optimizers.Adam(0.1), crf.loss, metrics=[crf.accuracy])
    history = model.fit(words, tags, epochs=12, batch_size=64, verbose=0).history
    assert history["accuracy"][-1] > 0.99
    softmax = model_of()
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    softmax.compile(keras.optimizers.Adam(0.1), loss, metrics=["accuracy"])
    assert softmax.fit(words, tags, epochs=12, verbose=0).history["accuracy"][-1] < 0.45


def test_decoding(engine):
    """Fails if a masked step takes part, or the mask of a tensor is not found."""
    layer = filled(CRF())
    emissions, _ = batch()
    y_pred = with_mask(emissions, MASK, layer)
    tags, marginals = layer.decode(y_pred), layer.marginals(y_pred)
    assert tags.dtype == tf.int32 and marginals.dtype == tf.float32
    own = emissions[MASK], rows(MASK), layer.chain
    assert_array_equal(tags[MASK], chains.viterbi(*own))
    assert_allclose(marginals[MASK], chains.marginals(*own), rtol=1e-6)
    assert not tags[~MASK].numpy().any() and not marginals[~MASK].numpy().any()
    assert_array_equal(layer.decode(emissions, MASK), tags)
    assert_array_equal(layer.decode(emissions), layer.decode(emissions, np.ones_like(MASK)))


@pytest.mark.parametrize(
    "scale", [1.0, *(pytest.param(scale, marks=pytest.mark.slow) for scale in (0.0, 1e4))]
)
def test_a_graph_for_files_decodes_as_the_kernels_do(scale, tmp_path):
    """Fails if what is exported finds other tags than the layer here, or needs Python."""
    layer = filled(CRF())
    layer.set_weights([np.round(one) for one in layer.get_weights()])  # ties
    emissions, _ = batch(scale=scale, mask=np.tile(MASK, (8, 1)))
    emissions, mask = np.round(emissions), np.tile(MASK, (8, 1))

    decode = tf.function(
        lambda emissions, mask: {"tags": layer.decode(emissions, mask)},
        input_signature=[
            tf.TensorSpec((None, None, N_TAGS), tf.float32),
            tf.TensorSpec((None, None), tf.bool),
        ],
    )
    operations = {one.type for one in decode.get_concrete_function().graph.get_operations()}
    assert not operations & {"PyFunc", "EagerPyFunc", "PyFuncStateless"}
    module = tf.Module()
    module.decode, module.weights = decode, [weight.value for weight in layer.weights]
    tf.saved_model.save(module, tmp_path)
    loaded = tf.saved_model.load(tmp_path)
    got = loaded.decode(emissions, mask)["tags"]
    assert_array_equal(got, layer.decode(emissions, mask))


def test_only_what_is_allowed_is_decoded(engine):
    """Fails if `allowed` is not obeyed."""
    labels = ["O", "B-A", "I-A", "I-B"]
    allowed = chains.allowed_transitions(labels, "BIO")
    layer = filled(CRF())
    emissions, _ = batch(scale=3, mask=np.ones((30, 9), bool))
    tags = layer.decode(emissions, allowed=allowed).numpy()
    assert allowed.start[tags[:, 0]].all() and allowed.transitions[tags[:, :-1], tags[:, 1:]].all()
    free = layer.decode(emissions).numpy()
    assert not allowed.transitions[free[:, :-1], free[:, 1:]].all()


@pytest.mark.slow
def test_a_saved_model_trains_on_and_decodes(tmp_path):
    """Fails if a file lacks the chain's weights, or the loss of what was loaded has no layer."""
    words, tags = words_and_tags(RIGHT)
    crf = CRF(transitions_regularizer="l2", start_initializer="ones", name="crf")
    model = model_of(crf)
    model.compile("adam", crf.loss, metrics=[crf.accuracy])
    model.train_on_batch(words, tags)
    model.save(tmp_path / "model.keras")
    wanted = model.evaluate(words, tags, verbose=0)
    loaded = keras.models.load_model(tmp_path / "model.keras")
    other = loaded.get_layer("crf")
    assert other.get_config() == crf.get_config()
    assert len(other.weights) == 3
    assert_allclose(loaded.evaluate(words, tags, verbose=0), wanted, rtol=1e-6)
    loaded.train_on_batch(words, tags)
    assert (other.get_weights()[0] != crf.get_weights()[0]).any()
    anew = keras.models.load_model(tmp_path / "model.keras", compile=False)
    assert_array_equal(anew.get_layer("crf").decode(anew(words)), crf.decode(model(words)))
    anew.compile("adam", anew.get_layer("crf").loss)
    anew.train_on_batch(words, tags)
    model.save_weights(tmp_path / "model.weights.h5")
    loaded.load_weights(tmp_path / "model.weights.h5")
    for one, same in zip(loaded.get_weights(), model.get_weights(), strict=True):
        assert_array_equal(one, same)
    restored = CRFLoss.from_config(CRFLoss(reduction="sum").get_config())
    assert restored.reduction == "sum"


def test_a_clone_trains_its_own_layer():
    """Fails if the loss of a model, which was bound to its layer, trains that of another model."""
    words, tags = words_and_tags(RIGHT)
    crf = CRF(name="crf")
    loss = crf.loss
    clone = keras.models.clone_model(model_of(crf))
    clone.compile("adam", loss)
    before = crf.get_weights()
    clone.train_on_batch(words, tags)
    assert all((one == other).all() for one, other in zip(before, crf.get_weights(), strict=True))
    assert clone.get_layer("crf").get_weights()[0].any()


def test_loss_and_metric_are_made_before_the_model():
    """Fails if a loss without a layer is not told, or cannot be bound to one later."""
    layer = filled(CRF())
    emissions, tags = batch(mask=np.ones((3, 4), bool))
    for one in (CRFLoss(), CRFAccuracy()):
        with pytest.raises(InvalidInputError, match=r"call bind\(layer\)"):
            (one if isinstance(one, CRFLoss) else one.update_state)(tags, emissions)
    loss, metric = CRFLoss().bind(layer), CRFAccuracy().bind(layer)
    assert len(metric.variables) == 2  # at once, not in the first step
    assert_allclose(loss(tags, emissions), layer.loss(tags, layer(emissions)))
    metric.update_state(tags, emissions)
    assert_allclose(metric.result(), np.mean(layer.decode(emissions) == tags))
    metric.reset_state()
    assert metric.result() == 0


@pytest.mark.slow
def test_mixed_precision():
    """Fails if the loss is computed in half precision, or loses the mask in a cast.

    The other layers are of full precision: oneDNN does not multiply halves on all machines.
    """
    words, tags = words_and_tags(RIGHT)
    crf = CRF(dtype="mixed_float16")
    model = model_of(crf)
    assert model(words).dtype == tf.float16
    model.compile("adam", crf.loss, metrics=[crf.accuracy])
    emissions = tf.cast(model(words), tf.float32).numpy()
    log_p = chains.log_likelihood(emissions[RIGHT], rows(RIGHT), tags[RIGHT], crf.chain)
    wanted = -log_p.sum() / RIGHT.sum()
    assert_allclose(model.evaluate(words, tags, verbose=0)[0], wanted, rtol=1e-5)
    assert np.isfinite(model.fit(words, tags, verbose=0).history["loss"][0])


def test_a_tag_that_does_not_exist_is_told(engine):
    """Fails if a wrong tag is clipped, or reads memory of something else."""
    layer = filled(CRF())
    emissions, tags = batch(mask=np.ones((2, 3), bool))
    for wrong in (N_TAGS, -1):
        tags[1, 1] = wrong
        with pytest.raises(tf.errors.InvalidArgumentError, match="Tag|tag"):
            layer.loss(tags, layer(emissions))


def test_wrong_shapes_are_told():
    """Fails if one-hot targets, or emissions without a time, are broadcast to something."""
    layer = filled(CRF())
    emissions, tags = batch(mask=np.ones((2, 3), bool))
    with pytest.raises(InvalidInputError, match=r"take argmax\(axis=-1\)"):
        layer.loss(np.eye(N_TAGS)[tags], layer(emissions))
    assert_allclose(
        layer.loss(tags[..., None], layer(emissions)), layer.loss(tags, layer(emissions))
    )
    with pytest.raises(InvalidInputError, match="Put a Dense layer"):
        CRF()(np.zeros((2, 3), "float32"))
    with pytest.raises(InvalidInputError, match="has no weights yet"):
        CRF(name="new").decode(emissions)


def test_nan_is_a_nan_loss_and_no_error(engine):
    """Fails if a training that diverges ends with the error of a metric, not with its loss."""
    layer = filled(CRF())
    emissions, tags = batch(mask=np.ones((2, 3), bool))
    emissions[1, 1, 1] = np.nan
    y_pred = layer(emissions)
    assert np.isnan(layer.loss(tags, y_pred))
    layer.accuracy.update_state(tags, y_pred)


def test_graphs_are_made_once_for_a_number_of_tags(engine):
    """Fails if each model, length or loss leaves a graph behind, which TensorFlow never frees."""
    cache = crf_operations._losses_of if engine == "numba" else crf_loop.losses_of
    for n_steps in (3, 5, 5):
        layer = filled(CRF())
        emissions, tags = batch(mask=np.ones((2, n_steps), bool))
        layer.loss(tags, layer(emissions))
        n = cache.cache_info().currsize
    assert cache.cache_info().currsize == n
    assert cache(N_TAGS).experimental_get_tracing_count() == 1


def test_kernels_that_do_not_compile_are_replaced(monkeypatch):
    """Fails if a machine on which Numba cannot compile cannot train."""
    layer = filled(CRF())
    emissions, tags = batch(mask=np.ones((2, 3), bool))
    wanted = layer.loss(tags, layer(emissions))

    def fail():
        raise NoKernelsError("no")

    monkeypatch.setattr(crf_operations, "_compile", fail)
    assert_allclose(layer.loss(tags, layer(emissions)), wanted, rtol=1e-6)

"""What a trace says a network holds is what it holds."""

import numpy as np
import pytest
from bare import ESTIMATOR
from sklearn.pipeline import make_pipeline

from skrnn import RNNClassifier, TextToSequence, make_reviews, trace
from skrnn.backend.tensorflow import keras
from skrnn.inspection.recurrence import gru, lstm, simple_rnn

REVIEWS, LABELS = make_reviews(60, random_state=0)
SMALL = {**ESTIMATOR, "embedding_dim": 4, "epochs": 1, "random_state": 0}


def keras_layer(kind, x, **kwargs):
    """Return the states of Keras's own layer with random weights, and these."""
    layer = kind(3, return_sequences=True, **kwargs)
    layer.build((None, None, x.shape[1]))
    rng = np.random.default_rng(1)
    layer.set_weights([rng.normal(0, 0.8, w.shape) for w in layer.get_weights()])
    return np.asarray(layer(x[None].astype(np.float32)))[0], layer.get_weights()


X = np.random.default_rng(0).normal(size=(7, 5))


@pytest.mark.parametrize(
    ("kind", "function", "kwargs"),
    [
        (keras.layers.SimpleRNN, simple_rnn, {}),
        (keras.layers.LSTM, lstm, {}),
        (keras.layers.GRU, gru, {"reset_after": True}),
        (keras.layers.GRU, gru, {"reset_after": False}),
    ],
)
def test_states_are_those_of_keras(kind, function, kwargs):
    """Fails if gates are in another order, or an equation is not the layer's."""
    states, weights = keras_layer(kind, X, **kwargs)
    found = function(X, *weights, *kwargs.values())
    np.testing.assert_allclose(found["hidden"], states, atol=1e-5)
    assert all(array.shape == (7, 3) for array in found.values())
    assert function(X[:0], *weights, *kwargs.values())["hidden"].shape == (0, 3)


def test_gates_by_their_names():
    """Fails if two gates have each other's name, which leaves the states as they are.

    A gate's own bias, far from zero, opens or closes it and no other.
    """
    _, (W, U, b) = keras_layer(keras.layers.LSTM, X)
    for i, name in enumerate(["input_gate", "forget_gate", "candidate", "output_gate"]):
        bias = b.copy()
        bias[3 * i : 3 * i + 3] = 50
        found = lstm(X, W, U, bias)
        saturated = {gate for gate in found if (found[gate] > 1 - 1e-9).all()}
        assert saturated == {name}
    _, (W, U, b) = keras_layer(keras.layers.GRU, X)
    for i, name in enumerate(["update_gate", "reset_gate", "candidate"]):
        bias = b.copy()
        bias[0, 3 * i : 3 * i + 3] = 50
        found = gru(X, W, U, bias)
        saturated = {gate for gate in found if (found[gate] > 1 - 1e-9).all()} - {"hidden"}
        assert saturated == {name}
    cell = lstm(X, *keras_layer(keras.layers.LSTM, X)[1])
    before = np.vstack([np.zeros(3), cell["cell"][:-1]])
    np.testing.assert_allclose(
        cell["cell"], cell["forget_gate"] * before + cell["input_gate"] * cell["candidate"]
    )
    np.testing.assert_allclose(cell["hidden"], cell["output_gate"] * np.tanh(cell["cell"]))


POOLS = {
    "last": lambda h: np.concatenate([h[-1, : h.shape[1] // 2], h[0, h.shape[1] // 2 :]]),
    "max": lambda h: h.max(axis=0),
    "mean": lambda h: h.mean(axis=0),
}


@pytest.mark.slow
@pytest.mark.parametrize(
    ("cell", "pooling", "ngram_range"),
    [("lstm", "max", (1, 2)), ("gru", "mean", None), ("rnn", "last", None)],
)
def test_network_of_two_layers(cell, pooling, ngram_range):
    """Fails if a layer, a direction, the evidence of n-grams or the order of steps is mixed up.

    The trace's last states, pooled and weighed here, are the network's answer.
    """
    parameters = {"cell": cell, "pooling": pooling, "ngram_range": ngram_range, "units": (3, 2)}
    classifier = RNNClassifier(**SMALL | parameters | {"bidirectional": True})
    pipe = make_pipeline(TextToSequence(), classifier).fit(REVIEWS, LABELS)
    model, rng = pipe[-1].model_, np.random.default_rng(0)
    model.set_weights([rng.normal(0, 0.7, w.shape) for w in model.get_weights()])
    texts = ["The plot wasn't dull, but xyzzy", REVIEWS[0], "xyzzy xyzzy"]
    found = trace(pipe, texts)
    dense = model.get_layer("logits" if ngram_range is None else "recurrent_logits")
    kernel, bias = dense.get_weights()
    for text, each in zip(texts, found, strict=True):
        logit = (POOLS[pooling](each.hidden) @ kernel + bias)[0]
        if ngram_range is not None:
            scored = pipe[-1].read(pipe[0].transform([text]))
            (factor,) = model.get_layer("logits").get_weights()
            logit += factor[0] * scored.row_inputs["ngram_scores"][0, 0]
        assert logit == pytest.approx(pipe.decision_function([text])[0], abs=1e-4)
        assert [list(layer) for layer in each.layers] == [["forward", "backward"]] * 2
        assert each.layers[0]["forward"]["hidden"].shape == (len(each.tokens), 3)
        assert each.layers[1]["backward"]["hidden"].shape == (len(each.tokens), 2)
        n_features = 4 + (ngram_range is not None)
        assert each.inputs.shape == (len(each.tokens), n_features)
    assert found[0].tokens == ["the", "plot", "was", "n't", "dull", "but", "xyzzy"]
    assert [texts[0][a:b] for a, b in found[0].spans] == [
        "The", "plot", "was", "n't", "dull", "but", "xyzzy"
    ]  # fmt: skip
    # A text without a known word is read as one unknown word.
    assert found[2].tokens == ["[UNK]"] and found[2].text == texts[2]
    assert repr(found[0]) == f"Trace(cell={cell!r}, 7 steps, units=[3, 2], forward and backward)"
    with pytest.raises(ValueError, match="pass a list: "):
        trace(pipe, texts[0])


def test_numbers_and_ids():
    """Fails if numeric sequences have tokens, or padding is a step."""
    series = np.random.default_rng(0).normal(size=(30, 6, 2)).astype(np.float32)
    series[0, 4:] = np.nan
    classifier = RNNClassifier("gru", 3, **SMALL).fit(series, series[:, 1, 0] > 0)
    one, two = trace(classifier, series[:2])
    assert one.tokens is None and one.inputs.shape == (4, 2) and two.inputs.shape == (6, 2)
    assert list(one.layers[0]) == ["forward"]
    assert list(one.layers[0]["forward"]) == ["update_gate", "reset_gate", "candidate", "hidden"]
    channels = classifier.channels_
    scaled = (series[0, :4] - channels.mean) / channels.scale
    np.testing.assert_allclose(one.inputs, scaled, rtol=1e-5)

"""Adversarial losses and entropy: the equations, and the estimator that minimizes them.

Each test's docstring says what a wrong implementation would fail on.
"""

import itertools
import pickle
import random

import joblib
import numpy as np
import pytest
import sklearn
import tensorflow as tf
from bare import ESTIMATOR, NETWORK
from scipy.special import expit, softmax
from scipy.stats import entropy
from sklearn.base import clone
from sklearn.pipeline import Pipeline

from skrnn import (
    AdversarialLoss,
    EntropyLoss,
    RNNClassifier,
    TextToSequence,
    VirtualAdversarialLoss,
)
from skrnn.backend.tensorflow import keras
from skrnn.network.build import build
from skrnn.network.description import NetworkDescription, ngram_inputs
from skrnn.sequences import Sequences
from skrnn.training import trainers
from skrnn.training.feeds import Feed, PairedFeed
from skrnn.training.objective import Objective
from skrnn.training.semi_supervised import SemiSupervisedStep
from tests.repeats import some

N_IDS = 12
TOKENS = np.array([[2, 3, 4, 5, 6], [7, 8, 2, 0, 0], [9, 10, 0, 0, 0]], np.int32)
LABELLED = (tf.constant(TOKENS),)
OTHERS = (tf.constant([[11, 3, 9, 2], [5, 6, 0, 0]]),)
SEEDS = np.array([[1, 2], [3, 4]], np.int32)
WEIGHTS = np.array([1.0, 2.0, 0.5], np.float32)
TARGETS = {
    "binary": np.array([[1], [0], [1]], np.float32),
    "multiclass": np.array([2, 0, 3], np.int32),
    "multilabel": np.array([[1, 0, 1, 1], [0, 0, 1, 0], [0, 1, 0, 0]], np.float32),
}
KINDS = list(TARGETS)


def make_step(kind="binary", objective=None, optimizer="sgd", **parameters):
    """A step around a network whose weights are large enough for answers to differ."""
    head = {"kind": "labels" if kind == "multilabel" else "classes"}
    head["n_outputs"] = 1 if kind == "binary" else 4
    settings = {
        **NETWORK,
        "cell": "gru",
        "units": (4,),
        "embedding_dim": 3,
        "vocabulary_size": N_IDS,
    }
    description = NetworkDescription(**{**settings, "head": head, **parameters})
    network = build(
        description,
        random_state=0,
        compile_kwargs={"optimizer": optimizer, "metrics": ["accuracy"]},
    )
    rng = np.random.default_rng(0)
    for layer in network.layers:
        layer.set_weights([rng.normal(0, 0.8, w.shape) for w in layer.get_weights()])
    step = SemiSupervisedStep(network, objective or Objective(0.5, 0.5, 1.0), description.head_)
    step.load(np.array([0, *range(1, N_IDS)], float))
    return step


def norms(step, perturbation):
    """The rows' norms, with embeddings normalized to variance 1."""
    return np.linalg.norm((perturbation / step.standard_deviation()).numpy(), axis=(1, 2))


def random_directions(step, n, epsilon):
    rng = np.random.default_rng(0)
    for _ in range(n):
        r = rng.normal(size=(*TOKENS.shape, 3)) * (TOKENS > 0)[:, :, None]
        r *= epsilon / np.linalg.norm(r, axis=(1, 2), keepdims=True)
        yield tf.constant((r * step.standard_deviation().numpy()).astype(np.float32))


# --- The equations ------------------------------------------------------------------------


@pytest.mark.parametrize(
    "parameters",
    [{"pooling": p} for p in ("last", "max", "mean", "attention")]
    + [{"bidirectional": True, "units": (4, 3)}, {"side_inputs": ngram_inputs(1, False)}],
    ids=str,
)
def test_split_network_is_the_network(parameters):
    """Fails if the part behind the embedding loses the mask, a layer, or the second input."""
    step = make_step(**parameters)
    inputs = LABELLED
    if "side_inputs" in parameters:
        inputs += (tf.constant([[1.0], [-2.0], [0.5]]),)
    got = step.logits(step.embed(inputs), inputs)
    wanted = step.network(inputs if len(inputs) > 1 else inputs[0])
    np.testing.assert_allclose(expit(got.numpy()), wanted, rtol=1e-5)


def test_standard_deviation_is_that_of_the_text():
    """Fails if words do not count as often as they occur, or padding counts."""
    step = make_step()
    table = step.network.get_layer("embedding").embeddings.numpy()
    text = np.repeat(table, [0, *range(1, N_IDS)], axis=0)
    np.testing.assert_allclose(step.standard_deviation(), text.std(axis=0), rtol=1e-5)


@pytest.mark.parametrize("kind", KINDS)
def test_losses_are_the_textbooks(kind):
    """Fails if cross-entropy, divergence or entropy is not what SciPy, or Keras, makes of it."""
    step, y = make_step(kind), TARGETS[kind]
    logits, others = np.random.default_rng(0).normal(0, 2, (2, 3, step.head.n_outputs))
    if kind == "multiclass":
        p, q = softmax(logits, axis=1), softmax(others, axis=1)
        divergence, uncertainty = entropy(p, q, axis=1), entropy(p, axis=1)
    else:
        p, q = (np.stack([expit(z), expit(-z)]) for z in (logits, others))
        divergence, uncertainty = entropy(p, q).mean(axis=1), entropy(p).mean(axis=1)
        p = p[0]
    as_32 = [tf.constant(z, tf.float32) for z in (logits, others)]
    np.testing.assert_allclose(step.head.divergence(*as_32), divergence, rtol=1e-4, atol=1e-6)
    np.testing.assert_allclose(step.head.entropy(as_32[0]), uncertainty, rtol=1e-4)
    kerass = step.network.compute_loss(y=y, y_pred=p.astype(np.float32), sample_weight=WEIGHTS)
    np.testing.assert_allclose(step.labelled_loss(y, as_32[0], WEIGHTS), kerass, rtol=1e-5)
    if kind == "multilabel":  # a weight for each label
        head, weights = step.head.weighing_outputs(), np.outer(WEIGHTS, [1, 0, 2, 5])
        step.head = head
        kerass = head.loss()(y, p.astype(np.float32), weights.astype(np.float32))
        found = step.labelled_loss(y, as_32[0], weights.astype(np.float32))
        np.testing.assert_allclose(found, kerass, rtol=1e-5)


@pytest.mark.slow
@pytest.mark.parametrize("kind", KINDS)
def test_adversarial_perturbation_is_the_worst(kind):
    """Fails if the perturbation is not along the gradient, of norm epsilon, and none at padding.

    The gradient is that of finite differences; and no random direction does more harm.
    """
    step, y = make_step(kind, Objective(adversarial_epsilon=0.5)), TARGETS[kind]
    embedded = step.embed(LABELLED).numpy()

    def loss(change):
        return float(
            step.labelled_loss(y, step.logits(tf.constant(embedded + change), LABELLED), WEIGHTS)
        )

    with tf.GradientTape() as tape:
        x = tf.constant(embedded)
        tape.watch(x)
        value = step.labelled_loss(y, step.logits(x, LABELLED), WEIGHTS)
    r = step.worst_for_loss(tape.gradient(value, x), LABELLED, step.standard_deviation())
    np.testing.assert_allclose(norms(step, r), 0.5, rtol=1e-5)
    assert (r.numpy()[TOKENS == 0] == 0).all()
    assert loss(r) > max(loss(other) for other in random_directions(step, 100, 0.5))
    assert loss(-r) < loss(0 * r)
    differences = np.zeros_like(embedded)
    for place in np.ndindex(embedded.shape):
        change = np.zeros_like(embedded)
        change[place] = 0.01
        differences[place] = (loss(change) - loss(-change)) / 0.02
    # In normalized embeddings the gradient is sigma times that of the embeddings.
    along = differences * step.standard_deviation().numpy()
    along *= 0.5 / np.linalg.norm(along, axis=(1, 2), keepdims=True)
    np.testing.assert_allclose(r / step.standard_deviation(), along, atol=0.01)


@pytest.mark.slow
@pytest.mark.parametrize("kind", KINDS)
def test_virtual_perturbation_moves_the_answer(kind):
    """Fails if the power iteration finds no direction that moves the answer.

    With a single output it is the best one, whatever it begins with; with several, one iteration
    only tends to it: then it is held against chance on average.
    """
    step = make_step(kind, Objective(virtual_adversarial_epsilon=0.2))
    embedded, sigma = step.embed(LABELLED), step.standard_deviation()
    answer = step.logits(embedded, LABELLED)

    def worst(seed):
        states = step._states()
        return step.worst_for_answer(LABELLED, answer, states, np.int32([seed, 0]), sigma)

    def moved(r):
        return step.head.divergence(answer, step.logits(embedded + r, LABELLED)).numpy()

    found = [worst(seed) for seed in range(10)]
    for r in found:
        np.testing.assert_allclose(norms(step, r), 0.2, rtol=1e-5)
        assert (r.numpy()[TOKENS == 0] == 0).all()
    assert (worst(0) == found[0]).numpy().all()
    ours = np.stack([moved(r) for r in found])
    chance = np.stack([moved(other) for other in random_directions(step, 100, 0.2)])
    assert (ours.mean(axis=0) > 2 * chance.mean(axis=0)).all()
    if kind == "binary":
        assert (ours > 0.9 * chance.max(axis=0)).all()


@pytest.mark.parametrize("kind", some(KINDS, "multilabel"))
def test_step_descends_the_sum_of_all(kind):
    """Fails if a loss is left out, counted twice, weighed wrongly, or its gradient is lost.

    One step of size 1 changes each bias by the finite difference of the sum, in which, as in the
    papers, the perturbations and the answers to stay with are constants.
    """
    step, y = make_step(kind, Objective(0.5, 0.7, 0.3), keras.optimizers.SGD(1.0)), TARGETS[kind]
    sigma = step.standard_deviation()
    batches = {"labelled": LABELLED, "unlabeled": OTHERS}
    answers = {k: step.logits(step.embed(x), x) for k, x in batches.items()}
    with tf.GradientTape() as tape:
        x = step.embed(LABELLED)
        tape.watch(x)
        value = step.labelled_loss(y, step.logits(x, LABELLED), WEIGHTS)
    worst = step.worst_for_loss(tape.gradient(value, x), LABELLED, sigma)
    moves = {
        k: step.worst_for_answer(x, answers[k], step._states(), seed, sigma)
        for (k, x), seed in zip(batches.items(), SEEDS, strict=True)
    }

    def objective():
        now = {k: step.logits(step.embed(x), x) for k, x in batches.items()}
        adversarial = step.logits(step.embed(LABELLED) + worst, LABELLED)
        virtual = [
            step.head.divergence(answers[k], step.logits(step.embed(x) + moves[k], x))
            for k, x in batches.items()
        ]
        return (
            step.labelled_loss(y, now["labelled"], WEIGHTS).numpy()
            + step.labelled_loss(y, adversarial, WEIGHTS).numpy()
            + np.concatenate(virtual).mean()
            + 0.3 * step.head.entropy(now["unlabeled"]).numpy().mean()
        )

    dense = step.network.get_layer("logits")
    kernel, bias = (w.copy() for w in dense.get_weights())
    differences = []
    for unit in np.eye(len(bias)):
        up, down = (
            (dense.set_weights([kernel, bias + sign * 0.01 * unit]), objective())[1]
            for sign in (1, -1)
        )
        differences.append((up - down) / 0.02)
    dense.set_weights([kernel, bias])
    logs = step.train_step(((LABELLED, y, WEIGHTS), OTHERS, SEEDS))
    np.testing.assert_allclose(dense.bias.numpy(), bias - differences, atol=1e-3)
    assert set(logs) == {
        "loss", "accuracy", "adversarial_loss", "virtual_adversarial_loss", "entropy"
    }  # fmt: skip
    np.testing.assert_allclose(logs["loss"], value, rtol=1e-5)


@pytest.mark.slow
def test_passes_over_a_batch_have_the_same_dropout():
    """Fails if an undisturbed text gets two answers in one step, by dropping other units.

    Also if the step does not leave the generators where one pass leaves them.
    """
    dropout = {"word_dropout": 0.3, "embedding_dropout": 0.3, "recurrent_dropout": 0.3}
    step = make_step(dropout=0.3, **dropout)
    states = step._states()
    assert len(states) >= 4
    answer = step.logits(step.embed(LABELLED), LABELLED)
    assert (step._disturbed(LABELLED, states, 0.0) == answer).numpy().all()
    other = step.logits(step.embed(LABELLED), LABELLED)
    assert (other != answer).numpy().any()
    step._restore(states)
    step.logits(step.embed(LABELLED), LABELLED)
    step.logits(step.embed(OTHERS), OTHERS)
    wanted = [state.numpy().tolist() for state in step._states()]
    step._restore(states)
    step.train_step(((LABELLED, TARGETS["binary"], WEIGHTS), OTHERS, SEEDS))
    assert [state.numpy().tolist() for state in step._states()] == wanted


# --- Batches ------------------------------------------------------------------------------


def rows_of(lengths, first):
    """Rows that tell by their ids which they are."""
    ids = [np.full(n, first + i, np.int32) for i, n in enumerate(lengths)]
    return Sequences(np.concatenate(ids), np.cumsum([0, *lengths]))


def test_unlabelled_rows_go_round():
    """Fails if unlabelled rows are left out or preferred, or the labelled batches change."""
    X = rows_of([3] * 10, 2)
    y, weights = np.arange(10), np.ones(10, np.float32)
    feed = PairedFeed(X, y, weights, 4, 0, rows_of([2, 5] * 8 + [3], 100), lambda: None)
    plain = Feed(X, y, weights, 4, 0)
    seen, seeds = [], set()
    for epoch in range(5):
        feed.on_epoch_begin(epoch)
        plain.on_epoch_begin(epoch)
        for i in range(3):
            *labelled, unlabeled, seed = feed.batch(i)
            for got, wanted in zip(labelled, plain.batch(i), strict=True):
                np.testing.assert_array_equal(got, wanted)
            seen.append(unlabeled[:, 0].tolist())
            seeds.add(seed.tobytes())
    assert len(seeds) == 15
    rounds = [sorted(itertools.chain(*seen[i : i + 5])) for i in (0, 5, 10)]
    assert rounds == [list(range(100, 117))] * 3
    assert seen[:5] != seen[5:10]
    # The same whichever epoch it begins with, as in fits that go on.
    feed = PairedFeed(X, y, weights, 4, 0, rows_of([2, 5] * 8 + [3], 100), lambda: None)
    feed.on_epoch_begin(3)
    assert feed.batch(0)[3][:, 0].tolist() == seen[9]


# --- The estimator ------------------------------------------------------------------------


rng = np.random.default_rng(0)
X = [rng.integers(2, 30, n).tolist() for n in rng.integers(3, 12, 60)]
Y = np.array([row[0] > 15 for row in X])
UNLABELED = [rng.integers(2, 30, n).tolist() for n in rng.integers(3, 12, 90)]


def losses(adversarial=1.0, virtual=1.0, entropy=0.1):
    return [
        ("adversarial", AdversarialLoss(adversarial)),
        ("virtual", VirtualAdversarialLoss(virtual)),
        ("entropy", EntropyLoss(entropy)),
    ]


def small(**parameters):
    settings = {**ESTIMATOR, "cell": "rnn", "units": 8, "embedding_dim": 8, "epochs": 2,
                "batch_size": 16, "dropout": 0.2, "vocabulary_size": 30, "random_state": 0,
                "extra_losses": losses()}  # fmt: skip
    return RNNClassifier(**{**settings, **parameters})


def weights(model):
    return [value.tobytes() for value in model.model_.get_weights()]


@pytest.mark.slow
def test_neighbours_among_unlabelled_texts_pass_labels_on():
    """Fails if the virtual adversarial loss, or the unlabelled rows, do not reach the network.

    The words of each class stand together in texts without a label, and those with one show a
    quarter of them. Of the others nothing is known but by the company they keep.
    """
    rng = np.random.default_rng(0)
    n_words, n_shown = 24, 6

    def documents(labels, words):
        return [(2 + n_words * label + rng.integers(*words, 8)).tolist() for label in labels]

    labels, unseen_labels = np.repeat([0, 1], 4), np.repeat([0, 1], 100)
    shown = documents(labels, (0, n_shown))
    unseen = documents(unseen_labels, (n_shown, n_words))
    text = documents(rng.integers(0, 2, 300), (0, n_words))
    score = {}
    for epsilon in (0.0, 1.0):
        model = RNNClassifier(
            "gru", 8, embedding_dim=8, learning_rate=0.01, batch_size=32, pooling="mean",
            epochs=60, vocabulary_size=50, random_state=0, **ESTIMATOR,
            extra_losses=VirtualAdversarialLoss(epsilon),
        )  # fmt: skip
        model.fit(shown, labels, X_unlabeled=text)
        score[epsilon] = model.score(unseen, unseen_labels)
    assert score[0.0] < 0.7
    assert score[1.0] > 0.9


@pytest.mark.slow
def test_each_loss_falls():
    """Fails if a loss is told but not minimized, or minimized on the wrong rows."""
    settings = {"learning_rate": 0.01, "epochs": 8, "dropout": 0.0}
    plain = small(**settings, extra_losses=None).fit(X, Y, X_unlabeled=UNLABELED)
    sure = small(**settings, extra_losses=losses(entropy=3.0)).fit(X, Y, X_unlabeled=UNLABELED)

    def mean_entropy(model):
        return entropy(model.predict_proba(UNLABELED), axis=1).mean()

    assert mean_entropy(sure) < 0.5 * mean_entropy(plain)
    assert set(plain.history_) == {"loss", "accuracy"}
    assert set(sure.history_) == {
        "loss", "accuracy", "adversarial_loss", "virtual_adversarial_loss", "entropy"
    }  # fmt: skip
    history = small(**settings).fit(X, Y, UNLABELED and None, X_unlabeled=UNLABELED).history_
    assert history["adversarial_loss"][-1] < history["adversarial_loss"][0]
    assert all(
        harmed > plain
        for harmed, plain in zip(history["adversarial_loss"], history["loss"], strict=True)
    )


@pytest.mark.slow
def test_options_that_are_off_cost_nothing():
    """Fails if a fit without the options is another than before, or meets a trainer with them."""
    zeros = {"extra_losses": losses(0.0, 0, 0.0)}
    trainers._idle.clear()
    plain = weights(small(extra_losses=None).fit(X, Y))
    assert plain == weights(small(**zeros).fit(X, Y, X_unlabeled=UNLABELED))
    one = weights(small().fit(X, Y, X_unlabeled=UNLABELED))
    assert one != plain
    assert plain == weights(small(**zeros).fit(X, Y))
    # Other epsilons are other programs; the same one serves again, and starts clean.
    two = weights(small(extra_losses=losses(2.0)).fit(X, Y, X_unlabeled=UNLABELED))
    assert two not in (one, plain)
    assert weights(small().fit(X, Y, X_unlabeled=UNLABELED)) == one


@pytest.mark.reliability
def test_same_seed_same_bytes_everywhere():
    """Fails if anything random escapes the seed, or turns the process's own generators.

    Pretraining included, and in another process, a worker of joblib.
    """
    model = small(pretraining_epochs=1, bidirectional=True, word_dropout=0.1)
    random.seed(5), np.random.seed(5), tf.random.set_seed(5)
    expected = random.random(), np.random.random(), float(tf.random.uniform([]))
    random.seed(5), np.random.seed(5), tf.random.set_seed(5)
    one = weights(model.fit(X, Y, X_unlabeled=UNLABELED))
    assert (random.random(), np.random.random(), float(tf.random.uniform([]))) == expected
    trainers._idle.clear()
    for _ in range(100):  # Keras numbers its models, and names a trace's operations by them
        keras.Sequential()
    assert weights(clone(model).fit(X, Y, X_unlabeled=UNLABELED)) == one
    elsewhere = joblib.Parallel(2)(
        joblib.delayed(lambda m: weights(m.fit(X, Y, X_unlabeled=UNLABELED)))(m)
        for m in [clone(model)]
    )
    assert elsewhere == [one]
    assert weights(clone(model).fit(X, Y, X_unlabeled=UNLABELED[:-1])) != one
    assert weights(model.set_params(random_state=1).fit(X, Y, X_unlabeled=UNLABELED)) != one


@pytest.mark.slow
def test_going_on():
    """Fails if epochs in several fits are not those of one: the rounds, the noise, the dropout."""
    whole = small(epochs=3).fit(X, Y, X_unlabeled=UNLABELED)
    parts = small()
    for _ in range(3):
        parts.partial_fit(X, Y, X_unlabeled=UNLABELED)
    assert weights(parts) == weights(whole)
    assert parts.history_ == whole.history_
    warm = small(epochs=1, warm_start=True).fit(X, Y, X_unlabeled=UNLABELED)
    warm = pickle.loads(pickle.dumps(warm)).set_params(epochs=2)
    assert weights(warm.fit(X, Y, X_unlabeled=UNLABELED)) == weights(whole)
    np.testing.assert_array_equal(warm.predict_proba(X), whole.predict_proba(X))


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["multiclass", "multilabel", "no unlabelled rows", "frozen"])
def test_every_kind_of_target(kind, tmp_path):
    """Fails if some targets, or rows with labels alone, do not train, or a checkpoint is no model.

    With early stopping the validation's history has no further losses.
    """
    parameters = {"early_stopping": True, "validation_fraction": 0.4}
    y, unlabeled = Y, UNLABELED
    if kind == "multiclass":
        y = np.array(["a", "b", "c"])[[row[0] % 3 for row in X]]
    elif kind == "multilabel":
        y = np.array([[word in row for word in (2, 3, 4)] for row in X]).astype(int)
    elif kind == "frozen":
        parameters |= {"trainable_embeddings": False, "ngram_range": (1, 2)}
        path = str(tmp_path / "model.keras")
        parameters["callbacks"] = [keras.callbacks.ModelCheckpoint(path)]
    else:
        unlabeled, parameters["extra_losses"] = None, losses(entropy=0.0)
    model = small(**parameters).fit(X, y, X_unlabeled=unlabeled)
    assert all(np.isfinite(values).all() for values in model.history_.values())
    assert {key for key in model.history_ if key.startswith("val_")} == {"val_loss", "val_accuracy"}
    assert model.score(X, y) >= 0
    if kind == "frozen":
        loaded = keras.models.load_model(path)
        for got, wanted in zip(loaded.get_weights(), model.model_.get_weights(), strict=True):
            assert got.shape == wanted.shape


@pytest.mark.slow
def test_behind_a_pipeline_with_ngrams():
    """Fails if unlabelled texts miss their way through the tokenizer, or their n-grams' scores."""
    texts = [" ".join(f"word{i}" for i in row) for row in X + UNLABELED]
    rnn = small(ngram_range=(1, 2), vocabulary_size=None)
    with sklearn.config_context(enable_metadata_routing=True):
        pipe = Pipeline(
            [("text", TextToSequence()), ("rnn", clone(rnn).set_fit_request(X_unlabeled=True))],
            transform_input=["X_unlabeled"],
        )
        pipe.fit(texts[:60], Y, X_unlabeled=texts[60:])
    encode = pipe["text"].transform
    rnn.fit(encode(texts[:60]), Y, X_unlabeled=encode(texts[60:]))
    assert weights(pipe["rnn"]) == weights(rnn)
    assert pipe.predict_proba(texts[60:]).shape == (90, 2)


@pytest.mark.slow
def test_errors_leave_the_estimator_as_it_was():
    """Fails if options that cannot work pass in silence, or a failed fit spoils the last one."""
    model = small().fit(X, Y, X_unlabeled=UNLABELED)
    before = weights(model), model.history_
    with pytest.raises(ValueError, match=r"EntropyLoss\(weight=0.1\).*X_unlabeled, .*missing"):
        model.fit(X, Y)
    with pytest.raises(ValueError, match=r"extra_losses=.*for token ids, .*numeric"):
        model.fit(np.zeros((4, 5)), [0, 1, 0, 1])
    with pytest.raises(ValueError, match=r"In X_unlabeled: .*outside its vocabulary"):
        model.fit(X, Y, X_unlabeled=[[31]])
    diverging = {"learning_rate": 1e38, "optimizer": "sgd", "global_clipnorm": None}
    with pytest.raises(ValueError, match=r"Training diverged"):
        model.set_params(**diverging).fit(X, Y, X_unlabeled=UNLABELED)
    assert (weights(model), model.history_) == before
    with pytest.raises(ValueError, match="'epsilon' parameter of AdversarialLoss"):
        small(extra_losses=AdversarialLoss(-1.0)).fit(X, Y)

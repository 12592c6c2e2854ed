"""Language-model pretraining: what is told from what, and that it serves the classifier.

Each test's docstring says what a wrong implementation would fail on.
"""

import itertools
import pickle
import random

import numpy as np
import pytest
import sklearn
import tensorflow as tf
from bare import ESTIMATOR, NETWORK
from sklearn.base import clone
from sklearn.pipeline import Pipeline

from skrnn import RNNClassifier, TextToSequence
from skrnn.layers import sampled_softmax
from skrnn.network.description import NetworkDescription, ngram_inputs
from skrnn.sequences import Sequences
from skrnn.training import pretraining, trainers
from skrnn.training.fit import initial_network
from skrnn.training.pretraining import cut_windows
from skrnn.training.state import TrainingSettings
from tests.repeats import some

N_WORDS = 20


def sequences(rows):
    return Sequences(
        np.concatenate(rows).astype(np.int32), np.cumsum([0, *(len(row) for row in rows)])
    )


def chain(n_rows=150, seed=0, follow=0.9):
    """Text in which a word tells the next nine times out of ten, and all are equally frequent."""
    rng = np.random.default_rng(seed)
    successor = rng.permutation(N_WORDS)
    rows = []
    for length in rng.integers(5, 25, n_rows):
        row = [rng.integers(N_WORDS)]
        while len(row) < length:
            goes_on = rng.uniform() < follow
            row.append(successor[row[-1]] if goes_on else rng.integers(N_WORDS))
        rows.append(np.array(row) + 2)
    return rows


UNIGRAM_ENTROPY = np.log(N_WORDS)
TEXT = chain()


def network(**parameters):
    settings = {**NETWORK, "cell": "rnn", "units": (16,), "embedding_dim": 8}
    settings |= {"vocabulary_size": N_WORDS + 2, "head": {"kind": "classes", "n_outputs": 1}}
    return initial_network(NetworkDescription(**{**settings, **parameters}), 0)


SETTINGS = TrainingSettings("adam", 0.02, batch_size=16)


def pretrain(model, rows, epochs=8):
    """Return the network after pretraining, and the losses."""
    return pretraining.pretrain(model, sequences(rows), SETTINGS, epochs=epochs)


def small(**parameters):
    settings = {**ESTIMATOR, "cell": "rnn", "units": 8, "embedding_dim": 8, "epochs": 2,
                "batch_size": 32, "pretraining_epochs": 2, "random_state": 0}  # fmt: skip
    return RNNClassifier(**{**settings, **parameters})


X = [row.tolist() for row in TEXT[:40]]
Y = np.array([row[0] > 11 for row in TEXT[:40]])
UNLABELED = [row.tolist() for row in TEXT[40:]]


def weights(model):
    return [value.tobytes() for value in model.model_.get_weights()]


# --- Windows and batches ------------------------------------------------------------------


def test_windows_have_every_pair_of_neighbours_once(monkeypatch):
    """Fails if cutting loses a prediction, makes one twice, or one across two documents."""
    monkeypatch.setattr(pretraining, "WINDOW", 7)
    lengths = [1, 2, 7, 8, 9, 1, 50, 15]
    ends = np.cumsum(lengths)
    rows = [np.arange(end - n, end) for end, n in zip(ends, lengths, strict=True)]
    windows = cut_windows(sequences(rows))
    cut = [windows.values[windows.offsets[i] : windows.offsets[i + 1]] for i in range(len(windows))]
    pairs = [pair for row in cut for pair in itertools.pairwise(row)]
    assert pairs == [pair for row in rows for pair in itertools.pairwise(row)]
    assert max(map(len, cut)) == 8 and min(map(len, cut)) == 2
    # Evenly: no rest of a few tokens behind full windows.
    assert [len(row) for row in cut] == [2, 7, 8, 5, 5, *[8] * 7, 8, 8]


# --- What is learned ---------------------------------------------------------------------


@pytest.mark.slow
@pytest.mark.parametrize("bidirectional", [False, True])
def test_tells_what_the_neighbour_tells(bidirectional):
    """Fails if the states are not trained on the next token, and the one before.

    With one direction wrong, the mean loss would stay above half the unigram entropy.
    """
    _, losses = pretrain(network(bidirectional=bidirectional), TEXT, epochs=12)
    noise = 0.1 * UNIGRAM_ENTROPY - 0.9 * np.log(0.9) - 0.1 * np.log(0.1)
    assert losses[0] > losses[-1]
    assert 0.8 * noise < losses[-1] < 0.5 * UNIGRAM_ENTROPY


@pytest.mark.parametrize("bidirectional", some([False, True], True))
def test_tells_nothing_from_the_token_itself(bidirectional):
    """Fails if a state has read what it is to tell: of noise, there is nothing to tell."""
    noise = [np.random.default_rng(i).integers(2, N_WORDS + 2, 15) for i in range(200)]
    _, losses = pretrain(network(bidirectional=bidirectional), noise, epochs=6)
    assert min(losses) > 0.9 * UNIGRAM_ENTROPY


@pytest.mark.slow
def test_sample_learns_too(monkeypatch):
    """Fails if the sampled softmax does not lead where the full one does."""
    monkeypatch.setattr(sampled_softmax, "N_SAMPLED", 8)
    model, _ = pretrain(network(), TEXT, epochs=12)
    trainers._idle.clear()  # whose layers have that size
    monkeypatch.undo()
    # Held against the full softmax, trained for one epoch on the states as they are.
    _, (start,) = pretrain(network(), TEXT, epochs=1)
    _, (loss,) = pretrain(model, TEXT, epochs=1)
    assert loss < start - 0.3


# --- Which layers -------------------------------------------------------------------------


@pytest.mark.slow
@pytest.mark.parametrize(
    ("parameters", "changed"),
    [
        (
            {"cell": "gru", "units": (4, 3), "pooling": "last"},
            {"embedding", "forward gru 1", "forward gru 2"},
        ),
        (
            {"units": (4, 3), "bidirectional": True, "pooling": "attention"},
            {"embedding", "forward rnn 1", "backward rnn 1"},
        ),
        ({"cell": "lstm", "trainable_embeddings": False}, {"forward lstm 1"}),
        (
            {"recurrent_dropout": 0.2, "embedding_dropout": 0.2},
            {"embedding", "forward rnn 1"},
        ),
        ({"side_inputs": ngram_inputs(1, True)}, {"embedding", "forward rnn 1"}),
    ],
)
def test_layers_that_learn(parameters, changed):
    """Fails if a layer that could be pretrained is left out, or another one touched."""
    model = network(**parameters)
    after, _ = pretrain(model, TEXT[:20], epochs=1)
    different = {
        variable.name.rpartition(" ")[0] or variable.name
        for variable, a, b in zip(
            model.description.variables(), model.values, after.values, strict=True
        )
        if (a != b).any()
    }
    assert {name.replace(" recurrent", "") for name in different} == changed


# --- The estimator ------------------------------------------------------------------------


@pytest.mark.slow
def test_unlabelled_text_serves_a_problem_of_many_labels():
    """Fails if what is learned from text without labels does not reach the classifier.

    Every label has 8 words, which follow each other. Two documents a label show at most half of
    them, so that from labels alone the other half cannot be known.
    """
    rng = np.random.default_rng(0)
    n_labels, n_words, n_shown = 50, 8, 4

    def documents(labels, length, words):
        return [(2 + n_words * label + rng.integers(*words, length)).tolist() for label in labels]

    labels = np.repeat(np.arange(n_labels), 2)
    shown = documents(labels, 6, (0, n_shown))
    unseen_labels = np.repeat(np.arange(n_labels), 4)
    unseen = documents(unseen_labels, 6, (n_shown, n_words))
    text = documents(rng.integers(0, n_labels, 1500), 10, (0, n_words))
    score = {}
    for epochs in (0, 6):
        model = RNNClassifier(
            "gru", 32, embedding_dim=16, learning_rate=0.01, batch_size=16, pooling="mean",
            epochs=12, pretraining_epochs=epochs, vocabulary_size=402, random_state=0,
            **ESTIMATOR,
        )  # fmt: skip
        model.fit(shown, labels, X_unlabeled=text)
        score[epochs] = model.score(unseen, unseen_labels)
    assert score[0] < 0.1
    assert score[6] > 0.5


@pytest.mark.slow
def test_history_and_callbacks():
    """Fails if the pretraining's epochs are counted among those of the training."""
    tasks = []

    class Recorder:
        def setup(self, estimator, context): ...
        def teardown(self, estimator, context): ...
        def on_fit_task_begin(self, estimator, context, *, X, y, metadata):
            tasks.append(context.task_name)

        def on_fit_task_end(self, estimator, context, *, fitted_estimator): ...

    model = small(pretraining_epochs=3).set_callbacks(Recorder()).fit(X, Y, X_unlabeled=UNLABELED)
    assert tasks == ["fit", "epoch", "epoch"]
    assert model.n_iter_ == len(model.history_["loss"]) == 2
    assert list(model.pretraining_history_) == ["loss"]
    assert len(model.pretraining_history_["loss"]) == 3
    assert model.pretraining_history_["loss"][2] < model.pretraining_history_["loss"][0]
    assert small(pretraining_epochs=0).fit(X, Y).pretraining_history_ == {"loss": []}


@pytest.mark.slow
def test_text_of_both_kinds_counts():
    """Fails if labelled or unlabelled rows are left out, or held-out ones are read."""
    both = small().fit(X, Y, X_unlabeled=UNLABELED)
    assert weights(both) != weights(small().fit(X, Y))
    assert weights(both) != weights(small().fit(X, Y, X_unlabeled=UNLABELED[:-1]))
    held_out = small(early_stopping=True, validation_fraction=0.3, epochs=1).fit(X, Y)
    assert held_out.pretraining_history_ != small(epochs=1).fit(X, Y).pretraining_history_


@pytest.mark.slow
def test_same_seed_same_bytes_and_generators_left_alone():
    """Fails if anything random escapes the seed, or turns the process's own generators.

    That another process gives the same too, is in test_semi_supervised.py.
    """
    settings = {"bidirectional": True}
    model = small(**settings)
    random.seed(5), np.random.seed(5)
    expected = random.random(), np.random.random()
    random.seed(5), np.random.seed(5)
    tf.random.set_seed(1)
    one = weights(model.fit(X, Y, X_unlabeled=UNLABELED))
    assert (random.random(), np.random.random()) == expected
    tf.random.set_seed(2)  # TensorFlow's global seed has no part in it
    assert weights(clone(model).fit(X, Y, X_unlabeled=UNLABELED)) == one
    assert weights(small(**settings, random_state=1).fit(X, Y, X_unlabeled=UNLABELED)) != one


@pytest.mark.slow
def test_only_from_the_start():
    """Fails if a fit that goes on pretrains again and throws away what was learned."""
    whole = small(epochs=4).fit(X, Y)
    parts = small(warm_start=True).fit(X, Y)
    parts = pickle.loads(pickle.dumps(parts)).fit(X, Y)
    assert weights(parts) == weights(whole)
    assert parts.pretraining_history_ == whole.pretraining_history_
    went_on = small().fit(X, Y).partial_fit(X, Y)
    assert weights(went_on) == weights(small(epochs=3).fit(X, Y))
    fresh = small().partial_fit(X, Y)
    assert fresh.pretraining_history_ == {"loss": []}
    assert weights(fresh) == weights(small(pretraining_epochs=0).partial_fit(X, Y))


@pytest.mark.slow
def test_errors_leave_the_estimator_as_it_was():
    """Fails if input that no language model can read passes, or spoils a fitted estimator."""
    model = small().fit(X, Y)
    before = weights(model), model.pretraining_history_
    with pytest.raises(ValueError, match=r"pretraining_epochs=2 of RNNClassifier .*numeric"):
        model.fit(np.zeros((4, 5)), [0, 1, 0, 1])
    with pytest.raises(ValueError, match=r"sequences of at least two tokens"):
        model.fit([[2], [3], [4]], [0, 1, 0])
    model.set_params(learning_rate=1e38, optimizer="sgd", global_clipnorm=None)
    with pytest.raises(ValueError, match=r"Pretraining diverged: .* in epoch [12]\."):
        model.fit(X, Y)
    assert (weights(model), model.pretraining_history_) == before


@pytest.mark.slow
def test_behind_a_pipeline():
    """Fails if unlabelled text cannot take the way of X through the tokenizer."""
    texts = [" ".join(f"word{i}" for i in row) for row in TEXT]
    with sklearn.config_context(enable_metadata_routing=True):
        pipe = Pipeline(
            [("text", TextToSequence()), ("rnn", small().set_fit_request(X_unlabeled=True))],
            transform_input=["X_unlabeled"],
        )
        pipe.fit(texts[:40], Y, X_unlabeled=texts[40:])
    encode = pipe["text"].transform
    alone = small().fit(encode(texts[:40]), Y, X_unlabeled=encode(texts[40:]))
    assert weights(pipe["rnn"]) == weights(alone)


@pytest.mark.slow
def test_verbose_tells_the_loss(capsys):
    """Fails if minutes of pretraining pass in silence under verbose=2."""
    small(verbose=2, epochs=1).fit(X, Y)
    shown = capsys.readouterr().out
    assert "nats" in shown and shown.lower().count("epoch 2/2") == 1

"""Estimators of several networks: one training, one file, one ONNX model, one answer.

Each test's docstring says what a wrong implementation would fail on.
"""

import json
import pickle
import subprocess
import sys
from pathlib import Path

import keras
import numpy as np
import pytest
from exported import start
from sklearn.base import clone
from sklearn.pipeline import make_pipeline

import skrnn
from skrnn import (
    AdversarialLoss,
    Checkpoint,
    EpochSearchCV,
    RNNClassifier,
    RNNRegressor,
    RNNTagger,
    TextToSequence,
    VirtualAdversarialLoss,
    explain,
    make_reviews,
    trace,
)
from skrnn.network.fitted import FittedNetwork
from tests.repeats import some

REVIEWS, LABELS = make_reviews(80, random_state=0)
SMALL = {"cell": "gru", "units": 3, "epochs": 2, "random_state": 0, "n_networks": 2}
TOKENS = SMALL | {"embedding_dim": 4}
RNG = np.random.default_rng(0)
SERIES = RNG.normal(size=(40, 12, 2)).cumsum(axis=1)
SENTENCES = [["Anna", "saw", "Paris"], ["Rome"], [], ["We", "saw", "Anna", "in", "Oslo"]] * 5
TAGS = [["B-P", "O", "B-L"], ["B-L"], [], ["O", "O", "B-P", "O", "B-L"]] * 5


def text(network):
    return make_pipeline(TextToSequence(max_features=200, max_length=30), network)


CASES = {
    "two classes": (lambda: text(RNNClassifier(**TOKENS)), REVIEWS, LABELS),
    "classes": (
        lambda: RNNClassifier(**SMALL),
        SERIES,
        np.array(["low", "middle", "high"])[np.arange(40) % 3],
    ),
    "labels": (
        lambda: text(
            RNNClassifier(
                **TOKENS, thresholds="auto", class_weight="balanced", validation_fraction=0.3
            )
        ),
        REVIEWS,
        np.column_stack([LABELS, RNG.integers(0, 2, 80)]),
    ),
    "number": (lambda: text(RNNRegressor(**TOKENS)), REVIEWS, LABELS + RNG.normal(size=80)),
    "numbers": (lambda: RNNRegressor(**SMALL), SERIES, SERIES.mean(axis=1)),
    "tags": (lambda: RNNTagger(**TOKENS, scheme="BIO"), SENTENCES, TAGS),
}


def network_of(estimator):
    return estimator[-1] if hasattr(estimator, "steps") else estimator


def read(estimator, X):
    """Return the rows as the networks read them."""
    for step in estimator[:-1] if hasattr(estimator, "steps") else ():
        X = step.transform(X)
    return network_of(estimator).for_network(network_of(estimator).read(X))


def answers(estimator, X):
    """Return all predictions as one list of arrays."""
    names = ("predict", "predict_proba", "decision_function")
    found = [getattr(estimator, name)(X) for name in names if hasattr(estimator, name)]
    return [np.concatenate(one) if one.dtype == object and len(one) else one for one in found]


def raws(estimator, X):
    """Return the raw outputs of each network."""
    network, rows = network_of(estimator).network_, read(estimator, X)
    description = network.description
    of_one = [
        FittedNetwork(description.of_one, values, 0) for values in description.split(network.values)
    ]
    return [one.raw(rows) for one in of_one]


@pytest.fixture(scope="module")
def fitted():
    made = {}

    def fit(case):
        if case not in made:
            make, X, y = CASES[case]
            made[case] = make().fit(X, y)
        return made[case], CASES[case][1]

    return fit


@pytest.mark.parametrize("case", some(CASES, "two classes", "tags"))
def test_one_answer_of_several_networks(case, fitted):
    """Fails if an answer is of one network only, or a file or a pickle loses one."""
    estimator, X = fitted(case)
    of_each = raws(estimator, X)
    assert np.abs(of_each[0] - of_each[1]).max() > 1e-4
    mean = network_of(estimator).network_.raw(read(estimator, X))
    np.testing.assert_allclose(mean, (of_each[0] + of_each[1]) / 2, rtol=1e-5, atol=1e-6)
    if case == "two classes":
        np.testing.assert_array_equal(estimator.decision_function(X), mean[:, 0])
    wanted = answers(estimator, X)
    for again in (pickle.loads(pickle.dumps(estimator)), skrnn_again(estimator)):
        for one, other in zip(answers(again, X), wanted, strict=True):
            np.testing.assert_array_equal(one, other)
        assert network_of(again).get_params()["n_networks"] == 2
    network_of(estimator).model_.summary(print_fn=lambda *_, **__: None)
    for one, other in zip(answers(estimator, X), wanted, strict=True):
        np.testing.assert_array_equal(one, other)


def skrnn_again(estimator):
    """Return what a file has of an estimator."""
    import tempfile
    from pathlib import Path

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "model.skrnn"
        skrnn.save(estimator, path)
        return skrnn.load(path)


@pytest.mark.parametrize("case", some(CASES, "two classes", "tags"))
def test_one_onnx_model(case, fitted):
    """Fails if a network is missing in the graph, or has the weights of another."""
    estimator, X = fitted(case)
    session = start(skrnn.to_onnx(network_of(estimator)))
    names = [one.name for one in session.get_outputs()]
    if case == "tags":
        sequences = estimator.read(X)
        arrays = sequences.inputs(np.arange(len(X)))
        inputs = dict(zip(("tokens", *sequences.step_inputs), arrays, strict=True))
        found = dict(zip(names, session.run(None, inputs), strict=True))
        lengths = sequences.lengths
        network = estimator.network_
        raw = network.raw(estimator.for_network(sequences))
        mine = np.float32(estimator.surroundings_.weight)
        chain = estimator.head_.constrained(
            estimator.surroundings_.pooled(
                sequences.step_inputs["contexts"],
                raw,
                estimator.head_.chain(network.activation_values),
            )[1]
        )
        assert 0 < mine < 1
        np.testing.assert_allclose(found["transitions"], chain.transitions, rtol=1e-5, atol=1e-6)
        emissions = [e[:n] for e, n in zip(found["emissions"], lengths, strict=True)]
        wanted = estimator.surroundings_.pooled(sequences.step_inputs["contexts"], raw, chain)[0]
        np.testing.assert_allclose(np.concatenate(emissions), wanted, rtol=1e-4, atol=1e-5)
        return
    if hasattr(estimator, "steps"):
        inputs = {"tokens": estimator[0].transform(X).toarray().astype(np.int32)}
    else:
        inputs = {"channels": X}
    found = dict(zip(names, session.run(None, inputs), strict=True))
    if "variable" in found:
        np.testing.assert_allclose(found["variable"], estimator.predict(X), rtol=1e-4, atol=1e-4)
    else:
        proba = estimator.predict_proba(X)
        np.testing.assert_allclose(found["probabilities"], proba, atol=1e-5)
        assert (found["label"] == estimator.predict(X)).all()


@pytest.mark.parametrize("case", some(["two classes", "classes", "number"], "two classes"))
def test_contributions_sum_up(case, fitted):
    """Fails if contributions are those of one network, or the path is of one embedding."""
    estimator, X = fitted(case)
    found = explain(estimator, X[:2])
    network = network_of(estimator)
    for row, one in zip(X[:2], found, strict=True):
        change = one.score - one.baseline_score
        assert abs(one.values.sum() - change) < 0.011 * max(abs(change), 0.01)
        occluded = explain(estimator, [row], method="occlusion")[0]
        np.testing.assert_allclose(occluded.score, one.score, rtol=1e-4, atol=1e-5)
        np.testing.assert_allclose(
            occluded.baseline_score, one.baseline_score, rtol=1e-4, atol=1e-5
        )
    first, second = trace(estimator, X[:1]), trace(estimator, X[:1], network=1)
    assert not np.array_equal(first[0].hidden, second[0].hidden)
    rows = read(estimator, X[:1])
    of_one = network.network_.description.of_one
    from skrnn.network.forward import Forward

    values = network.network_.description.split(network.network_.values)
    for values_, one in zip(values, (first, second), strict=True):
        states = Forward(of_one, values_).states(rows)
        np.testing.assert_allclose(one[0].hidden, states, rtol=1e-4, atol=1e-5)
    for wrong in (2, -3, 0.5, True):
        with pytest.raises(ValueError, match="none of the 2"):
            trace(estimator, X[:1], network=wrong)


def test_a_tags_contributions(fitted):
    """Fails if occlusion of a tagger needs a single network."""
    estimator, X = fitted("tags")
    (found,) = explain(estimator, X[:1], step=0)
    assert np.isfinite(found.values).all() and len(found.values) == 3


# --- Training in parts ---------------------------------------------------------------------

IDS = TextToSequence(max_features=200, max_length=30).fit_transform(REVIEWS)


def small(**parameters):
    return RNNClassifier(**TOKENS | {"dropout": 0.3} | parameters)


def everything(classifier):
    state = vars(classifier).get("_optimizer_state") or []
    return [one.tobytes() for one in [*classifier.network_.values, *state]], classifier.history_


class BreakOff(keras.callbacks.Callback):
    """Raise an error after so many batches."""

    def __init__(self, n):
        super().__init__()
        self.n = n

    def on_train_batch_end(self, batch, logs=None):
        self.n -= 1
        if self.n == 0:
            raise ZeroDivisionError


@pytest.mark.slow
def test_resumes_within_an_epoch(tmp_path):
    """Fails if a checkpoint lacks the state of a network, of its noise, or of the losses."""
    whole = small().fit(IDS, LABELS)
    there = {"checkpoint": Checkpoint(tmp_path, 0)}
    broken = small(**there)
    TensorBoard = type("TensorBoard", (BreakOff,), {"__module__": "keras.callbacks"})
    with pytest.raises(ZeroDivisionError):
        broken.set_params(callbacks=[TensorBoard(14)]).fit(IDS, LABELS)
    resumed = small(**there).fit(IDS, LABELS)
    assert len(list(tmp_path.glob("*/*"))) > 1
    assert everything(resumed) == everything(whole)


@pytest.mark.slow
def test_warm_start_and_partial_fit():
    """Fails if what goes on is not the training that has stopped."""
    whole = small(learning_rate_decay=0.5, warm_start=True, epochs=2).fit(IDS, LABELS)
    parts = small(learning_rate_decay=0.5, warm_start=True, epochs=1).fit(IDS, LABELS)
    parts = pickle.loads(pickle.dumps(parts)).fit(IDS, LABELS)
    assert everything(parts)[0] == everything(whole)[0]
    with pytest.raises(ValueError, match="n_networks from 2 to 3"):
        parts.set_params(n_networks=3).fit(IDS, LABELS)
    partial = small()
    for _ in range(2):
        partial.partial_fit(IDS, LABELS, classes=[0, 1])
    before = partial.network_.raw(partial.read(IDS))
    assert partial.network_.description.n_networks == 2
    np.testing.assert_array_equal(before, skrnn_again(partial).network_.raw(partial.read(IDS)))


@pytest.mark.slow
def test_with_every_loss_and_pretraining():
    """Fails if additional losses, or the language model, know a single network only."""
    losses = [("a", AdversarialLoss(1.0)), ("v", VirtualAdversarialLoss(1.0))]
    classifier = small(extra_losses=losses, pretraining_epochs=1)
    classifier.fit(IDS, LABELS, X_unlabeled=IDS[:20])
    assert {"loss", "adversarial_loss", "virtual_adversarial_loss"} <= set(classifier.history_)
    again = clone(classifier).fit(IDS, LABELS, X_unlabeled=IDS[:20])
    assert everything(again) == everything(classifier)
    assert len(classifier.pretraining_history_["loss"]) == 1


@pytest.mark.slow
def test_averages_of_weights():
    """Fails if the optimizer's averages are not of each weight of each network."""
    adam = keras.optimizers.Adam(0.01, use_ema=True, ema_momentum=0.9)
    one = small(optimizer=adam, warm_start=True).fit(IDS, LABELS)
    plain = small(optimizer=keras.optimizers.Adam(0.01)).fit(IDS, LABELS)
    n = len(one.network_.values) // 2
    for i in (1, n + 1):
        assert np.abs(one.network_.values[i] - plain.network_.values[i]).max() > 1e-4
    one.fit(IDS, LABELS)


@pytest.mark.slow
def test_search():
    """Fails if epochs cannot be shared between candidates of several networks."""
    grid = {"n_networks": [1, 2], "epochs": [1, 2]}
    search = EpochSearchCV(small(), grid, cv=2, scoring="neg_log_loss").fit(IDS, LABELS)
    alone = small(**search.best_params_).fit(IDS, LABELS)
    assert everything(alone)[0] == everything(search.best_estimator_)[0]


@pytest.mark.slow
def test_early_stopping_and_chunks():
    """Fails if the weights of the best epoch are those of the first network only."""
    stopped = small(early_stopping=True, epochs=6, learning_rate=0.1, n_iter_no_change=2)
    stopped.fit(IDS, LABELS, X_val=IDS, y_val=LABELS)
    best = stopped.best_epoch_
    assert best == 1 + int(np.argmin(stopped.history_["val_loss"]))
    until = small(epochs=best, learning_rate=0.1).fit(IDS, LABELS)
    n = len(stopped.network_.values)
    for i in range(n):
        if stopped.network_.values[i].dtype == np.float32:
            np.testing.assert_array_equal(stopped.network_.values[i], until.network_.values[i])
    chunks = [(IDS[:40], LABELS[:40]), (IDS[40:], LABELS[40:])]
    assert small().fit_chunks(chunks, classes=[0, 1]).predict_proba(IDS).shape == (80, 2)


@pytest.mark.parametrize("value", [0, 101, 2.0, None])
def test_refused(value):
    """Fails if a wrong number gets as far as Keras."""
    with pytest.raises(ValueError, match="n_networks"):
        small(n_networks=value).fit(IDS, LABELS)


def test_predicts_without_tensorflow(tmp_path, fitted):
    """Fails if several networks need TensorFlow for their mean."""
    estimator, X = fitted("two classes")
    skrnn.save(estimator, tmp_path / "model.skrnn")
    code = (
        "import sys, skrnn; model = skrnn.load(sys.argv[1]); "
        "print(model.decision_function([sys.argv[2]]).tobytes().hex(), 'tensorflow' in sys.modules)"
    )
    shown = subprocess.run(
        [sys.executable, "-c", code, str(tmp_path / "model.skrnn"), X[0]],
        check=True,
        capture_output=True,
        text=True,
    ).stdout.split()
    assert shown == [estimator.decision_function(X[:1]).tobytes().hex(), "False"]


def test_its_file_loads_for_ever():
    """Fails if this version reads a file of the first one with other answers, or one network."""
    folder = Path(__file__).parents[1] / "data" / "format_2"
    expected = json.loads((folder / "expected_several.json").read_text())
    pipe = skrnn.load(folder / "several_networks.skrnn")
    assert pipe[-1].network_.description.n_networks == 2
    found = pipe.predict_proba(expected["X"])
    np.testing.assert_allclose(found, expected["predict_proba"], atol=1e-5)

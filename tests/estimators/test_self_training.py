"""Self-training: a teacher's probabilities for rows without a label are a student's targets."""

import pickle

import numpy as np
import pandas as pd
import pytest
from sklearn.model_selection import GridSearchCV

import skrnn
from skrnn import EpochSearchCV, RNNClassifier, TextWithColumns
from skrnn.heads.classes import ClassesHead
from skrnn.sequences import Sequences
from skrnn.training.fit import FitData, FitPlan, Trainer

N, N_UNLABELED, LENGTH = 60, 90, 5
RNG = np.random.default_rng(0)
X = RNG.integers(3, 20, (N, LENGTH))
U = RNG.integers(3, 20, (N_UNLABELED, LENGTH))
Y = (X == 7).any(axis=1).astype(int)
Y3 = np.where((X == 9).any(axis=1), 2, Y)


def small(**parameters):
    settings = {"units": 4, "embedding_dim": 8, "random_state": 0, "epochs": 2}
    return RNNClassifier(**{"self_training_rounds": 1, **settings, **parameters})


@pytest.fixture
def trained(monkeypatch):
    """Return a list to which each training adds its data."""
    seen, fit = [], Trainer.fit

    def noting(self, network, data, *args):
        seen.append(data)
        return fit(self, network, data, *args)

    monkeypatch.setattr(Trainer, "fit", noting)
    return seen


@pytest.fixture
def teachers(monkeypatch):
    """Return a list to which each teacher is added."""
    from skrnn.estimators import self_training

    seen, make = [], self_training._teacher

    def noting(*args):
        seen.append(make(*args))
        return seen[-1]

    monkeypatch.setattr(self_training, "_teacher", noting)
    return seen


@pytest.fixture
def network_alone(monkeypatch):
    """Leave out what the vectors of documents add to a teacher's answers."""
    from skrnn.estimators import self_training

    monkeypatch.setattr(self_training, "pooled", lambda answers, *_, **how: (answers, 0.0))


@pytest.mark.parametrize("y", [Y, Y3, np.array(["no", "yes"])[Y]], ids=["two", "three", "names"])
@pytest.mark.parametrize(
    "how",
    [{}, pytest.param({"ngram_range": None, "n_networks": 2}, marks=pytest.mark.slow)],
    ids=str,
)
def test_the_student_learns_what_the_teacher_says(y, how, trained, teachers, network_alone):
    """Fails if a target is a class instead of a probability, or of another row."""
    model = small(**how).fit(X, y, X_unlabeled=U)
    (teacher,) = teachers
    assert [len(data.sequences) for data in trained] == [N, N + N_UNLABELED]
    assert [data.has_soft_targets for data in trained] == [False, True]
    alone = RNNClassifier(**teacher.get_params()).fit(X, y, X_unlabeled=U)
    assert alone.self_training_rounds == 0
    said = alone.predict_proba(U)
    assert (said != said.round()).any()
    wanted = np.concatenate(
        [np.eye(len(model.classes_))[np.unique(y, return_inverse=True)[1]], said]
    )
    wanted = wanted if len(model.classes_) > 2 else wanted[:, 1:]
    np.testing.assert_allclose(trained[1].targets, wanted, atol=1e-6)
    np.testing.assert_array_equal(trained[1].weights, 1)
    np.testing.assert_array_equal(trained[1].sequences.values, np.concatenate([X, U]).ravel())
    assert (model.ngrams_ is None) == ("ngram_range" in how)
    assert not np.array_equal(model.network_.values[0], teacher.network_.values[0])
    assert model.network_.seed != teacher.network_.seed
    assert model.calibration_ is None


def test_the_student_is_better_than_its_teacher(teachers, network_alone):
    """Fails if rows without a label teach nothing.

    Labeled texts have the first ten words of their class only, new ones the other ten. Texts
    without a label have both.
    """
    rng = np.random.default_rng(1)

    def texts(n, words):
        y = rng.integers(0, 2, n)
        own = 3 + 20 * y[:, np.newaxis] + rng.choice(words, (n, 6))
        return np.hstack([own, rng.integers(43, 60, (n, 2))]), y

    first, others = np.arange(10), np.arange(10, 20)
    labeled, y = texts(40, first)
    new, y_new = texts(400, others)
    how = {"epochs": 25, "units": 8, "embedding_dim": 16, "vocabulary_size": 60}
    how |= {"embeddings": None, "ngram_range": None, "learning_rate": 0.01, "word_dropout": 0.4}
    how |= {"input": "tokens"}
    model = small(**how).fit(labeled, y, X_unlabeled=texts(600, np.arange(20))[0])
    (teacher,) = teachers
    assert teacher.score(*texts(400, first)) > 0.95
    assert teacher.score(new, y_new) < 0.65
    assert model.score(new, y_new) > 0.8


def networks_after(n_classes, targets, weights, rows, *, soft):
    """Return the values of a network without dropout after a few updates by all rows."""
    how = {"word_dropout": 0, "embedding_dropout": 0, "dropout": 0, "ngram_range": None}
    how |= {"embeddings": None, "self_training_rounds": 0, "batch_size": 256, "epochs": 1}
    y = np.arange(len(X)) % n_classes
    model = small(**how).fit(X, y)
    sequences = Sequences(X.ravel().astype(np.int32), LENGTH * np.arange(N + 1)).take(rows)
    data = FitData(sequences, targets, weights.astype(np.float32), has_soft_targets=soft)
    outcome = Trainer(model._settings).fit(model.network_, data, FitPlan(3))
    return outcome.network.values, outcome.state.history["loss"]


@pytest.mark.parametrize("n_classes", [2, 3])
def test_a_soft_target_is_several_rows_with_weights(n_classes):
    """Fails if the loss of soft targets is not the mean of the losses of the classes."""
    shares = np.random.default_rng(2).dirichlet(np.ones(n_classes), N)
    head = ClassesHead(np.arange(n_classes))
    ones = np.ones(N)
    found = networks_after(n_classes, head.of_probabilities(shares), ones, np.arange(N), soft=True)
    rows, y = np.repeat(np.arange(N), n_classes), np.tile(np.arange(n_classes), N)
    weights = n_classes * shares.ravel()  # Keras divides by the number of rows
    wanted = networks_after(n_classes, head.encode(y), weights, rows, soft=False)
    for one, other in zip(found[0], wanted[0], strict=True):
        if one.dtype.kind == "f":
            np.testing.assert_allclose(one, other, atol=2e-5)
    assert found[1] == pytest.approx(wanted[1], rel=1e-5)


@pytest.mark.parametrize("n_classes", [2, 3])
def test_what_the_head_knows_of_soft_targets(n_classes):
    """Fails if a hard target is not the soft one of a class that is certain."""
    rng = np.random.default_rng(3)
    head = ClassesHead(np.arange(n_classes))
    y, weights = rng.integers(0, n_classes, 50), rng.random(50).astype(np.float32)
    hard = head.encode(y)
    soft = head.soft(hard)
    raw = rng.normal(size=(50, head.n_outputs))
    for targets in (hard, soft):
        counts = np.bincount(y, weights) / weights.sum()
        assert head.constant_loss(targets, weights) == pytest.approx(
            -(counts * np.log(counts)).sum()
        )
        assert head.least_loss(targets, weights) == 0
        np.testing.assert_array_equal(head.ngram_weights(targets, weights), weights)
        assert head.cross_entropy(raw, targets, weights) == pytest.approx(
            head.cross_entropy(raw, hard, weights)
        )
        np.testing.assert_array_equal(head.ngram_targets(targets)[1], y)
    shares = np.full((4, n_classes), 0.1 / (n_classes - 1))
    shares[:, 1] = 0.9
    told = np.log(rng.dirichlet(np.ones(n_classes), 5))
    np.testing.assert_allclose(head.probabilities(head.raw_of(told)), np.exp(told), rtol=1e-6)
    unsure, ones = head.of_probabilities(shares), np.ones(4, np.float32)
    entropy = -(shares[0] * np.log(shares[0])).sum()
    # All rows have the same answer, which is a constant one.
    assert head.constant_loss(unsure, ones) == pytest.approx(entropy, rel=1e-5)
    assert head.least_loss(unsure, ones) == pytest.approx(entropy, rel=1e-5)
    margin = 0.9 - 0.1 / (n_classes - 1)
    np.testing.assert_allclose(head.ngram_weights(unsure, ones), margin, rtol=1e-5)
    np.testing.assert_array_equal(head.ngram_targets(unsure)[1], 1)


def test_accuracy_of_soft_targets():
    """Fails if a probability must be met exactly to count, as Keras's own accuracy wants it."""
    from skrnn.layers.metrics import SoftAccuracy

    metric = SoftAccuracy()
    metric.update_state(np.float32([[0.7], [0.2], [0.9]]), np.float32([[0.9], [0.9], [0.6]]))
    assert float(metric.result()) == pytest.approx(2 / 3)
    metric = SoftAccuracy()
    two = np.float32([[0.2, 0.5, 0.3], [0.6, 0.1, 0.3]])
    metric.update_state(two, np.float32([[0.1, 0.8, 0.1], [0.1, 0.1, 0.8]]), np.float32([3, 1]))
    assert float(metric.result()) == pytest.approx(0.75)


def test_ngrams_trust_sure_answers_more(monkeypatch, teachers, network_alone):
    """Fails if the n-gram model takes an answer of 0.51 for a label."""
    from skrnn.ngrams import NgramModel

    seen, fit_score = [], NgramModel.fit_score

    def noting(self, sequences, y, strata, sample_weight, **how):
        seen.append((y, sample_weight))
        return fit_score(self, sequences, y, strata, sample_weight, **how)

    monkeypatch.setattr(NgramModel, "fit_score", noting)
    small().fit(X, Y, X_unlabeled=U)
    (_, of_teacher), (y, of_student) = seen
    said = teachers[0].predict_proba(U)[:, 1]
    np.testing.assert_array_equal(of_teacher, 1)
    np.testing.assert_array_equal(of_student[:N], 1)
    np.testing.assert_allclose(of_student[N:], np.abs(2 * said - 1), atol=1e-6)
    np.testing.assert_array_equal(y[N:, 0], said > 0.5)


def test_two_rounds(trained, teachers, capsys, network_alone):
    """Fails if the second student does not learn from the first one."""
    small(self_training_rounds=2, verbose=2).fit(X, Y, X_unlabeled=U)
    assert [len(data.sequences) for data in trained] == [N, N + N_UNLABELED, N + N_UNLABELED]
    assert [one.self_training_rounds for one in teachers] == [1, 0]
    assert len({one.random_state for one in teachers}) == 2
    said = teachers[0].predict_proba(U)[:, 1:]
    np.testing.assert_allclose(trained[2].targets[N:], said, atol=1e-6)
    told = [line for line in capsys.readouterr().out.splitlines() if not line.startswith("epoch")]
    first, second = "Teacher, on 60 labeled rows:", "Student, on these and 90 rows without a label:"
    vectors = ["Vectors of all 150 rows:", "share in the answers 0.00"]
    assert told == [first, first, *vectors, second, *vectors, second]


def test_teachers_are_calibrated(teachers):
    """Fails if the student learns probabilities that are too near to 0 and 1."""
    model = small(calibrate=True).fit(X, Y, X_unlabeled=U)
    assert teachers[0].calibration_ is not None and model.calibration_ is None


def test_rows_set_aside_are_not_seen(trained, teachers):
    """Fails if the teacher tells the student what early stopping keeps from it."""
    weights = np.arange(N) + 1.0
    model = small(early_stopping=True, validation_fraction=0.3).fit(X, Y, weights, X_unlabeled=U)
    of_teacher, of_student = trained
    n_seen = 42
    assert len(of_student.sequences) == n_seen + N_UNLABELED
    # The teacher in turn sets a part of them aside.
    rows = [set(map(bytes, data.sequences.values.reshape(-1, LENGTH)[:n])) for data, n in
            ((of_teacher, None), (of_student, n_seen))]  # fmt: skip
    assert rows[0] < rows[1]
    assert len(of_teacher.sequences) == 29
    validation = model.history_["val_accuracy"]
    assert len(validation) == model.n_iter_
    # With three classes, validation rows are compared with soft answers, too.
    model = small(early_stopping=True).fit(X, Y3, X_val=X, y_val=Y3, X_unlabeled=U)
    raw = model.decision_function(X).astype(float)
    loss = ClassesHead(np.arange(3)).cross_entropy(raw, Y3, np.ones(N))
    assert model.history_["val_loss"][model.best_epoch_ - 1] == pytest.approx(loss, abs=1e-4)


@pytest.mark.slow
def test_weights_and_scores(teachers):
    """Fails if weights are not the teacher's too, or a scorer fails on soft targets."""
    twice, wrong = np.concatenate([X, X]), np.concatenate([Y, 1 - Y])
    weights = np.repeat([1.0, 0.0], N)
    how = {"scoring": "f1", "early_stopping": True}
    model = small(**how).fit(twice, wrong, weights, X_val=X, y_val=Y, X_unlabeled=U)
    alone = small(**how).fit(X, Y, X_val=X, y_val=Y, X_unlabeled=U)
    np.testing.assert_allclose(model.predict_proba(U), alone.predict_proba(U), atol=1e-5)
    assert len(model.history_["val_score"]) == model.n_iter_


def test_numeric_sequences():
    """Fails if rows of numbers, of different lengths, cannot be taught."""
    rng = np.random.default_rng(4)
    rows = [rng.normal(size=(n, 2)) for n in rng.integers(2, 9, 80)]
    y = np.array([row[:, 0].mean() > 0 for row in rows])
    how = {"epochs": 2, "n_kernels": 84}
    model = small(**how).fit(rows[:40], y[:40], X_unlabeled=rows[40:])
    assert model.predict_proba(rows).shape == (80, 2)


def test_columns_beside_texts(trained):
    """Fails if the columns of rows without a label are lost, or not standardized."""
    table = pd.DataFrame({"text": ["good one", "bad one"] * 20, "price": np.arange(40.0)})
    reader = TextWithColumns(text="text", columns=["price"])
    ids = reader.fit_transform(table)
    y = [1, 0] * 10
    model = small().fit(ids[:20], y, X_unlabeled=ids[20:])
    scaled = trained[1].sequences.row_inputs["columns"][:, 0]
    np.testing.assert_allclose(np.diff(scaled), np.diff(scaled)[0], rtol=1e-4)
    assert scaled[:20].mean() == pytest.approx(0, abs=1e-6)
    assert model.predict_proba(ids).shape == (40, 2)


@pytest.mark.slow
def test_extra_losses_and_pretraining_go_with_it():
    """Fails if one of the other uses of rows without a label excludes this one."""
    losses = [("virtual", skrnn.VirtualAdversarialLoss()), ("entropy", skrnn.EntropyLoss())]
    for y in (Y, Y3):
        model = small(extra_losses=losses, pretraining_epochs=1).fit(X, y, X_unlabeled=U)
        assert np.isfinite(model.history_["entropy"]).all()


def test_errors():
    """Fails if it is ignored where it cannot be done, or the attempt changes the estimator."""
    model = small().fit(X, Y, X_unlabeled=U)
    before = model.predict_proba(U)
    with pytest.raises(ValueError, match=r"self_training_rounds=1 .* set_fit_request"):
        model.fit(X, Y)
    with pytest.raises(ValueError, match="one class for each row, but y has 2 labels"):
        model.fit(X, np.column_stack([Y, Y3 > 0]).astype(int), X_unlabeled=U)
    with pytest.raises(ValueError, match=r"In X_unlabeled|X_unlabeled"):
        model.fit(X, Y, X_unlabeled=[["a"]])
    with pytest.raises(ValueError, match="'self_training_rounds' parameter"):
        small(self_training_rounds=-1).fit(X, Y, X_unlabeled=U)
    np.testing.assert_array_equal(model.predict_proba(U), before)
    search = EpochSearchCV(small(), {"epochs": [1, 2]}, cv=2, error_score="raise")
    with _routing():
        search.estimator.set_fit_request(X_unlabeled=True)
    with _routing(), pytest.raises(ValueError, match=r"self_training_rounds=1 .* EpochSearchCV"):
        search.fit(X, Y, X_unlabeled=U)


def _routing():
    from sklearn import config_context

    return config_context(enable_metadata_routing=True)


@pytest.mark.slow
def test_a_search_is_silent(capsys):
    """Fails if the lines of teachers of many fits are printed."""
    with _routing():
        model = small(verbose=2, self_training_rounds=2).set_fit_request(X_unlabeled=True)
        search = GridSearchCV(model, {"units": [4, 5]}, cv=2, refit=False)
        # A search would split what is as long as X.
        search.fit(X, Y, X_unlabeled=U[:1].repeat(N + 1, axis=0))
    assert capsys.readouterr().out == ""


def test_going_on_has_no_teacher(trained):
    """Fails if a training that goes on begins with a teacher again."""
    model = small(warm_start=True).fit(X, Y, X_unlabeled=U)
    del trained[:]
    model.fit(X, Y, X_unlabeled=U)
    model.partial_fit(X, Y)
    assert [len(data.sequences) for data in trained] == [N, N]
    assert model.n_iter_ == 5


def test_files_and_pickles(tmp_path):
    """Fails if the parameter is lost, or a copy answers otherwise."""
    model = small().fit(X, Y3, X_unlabeled=U)
    skrnn.save(model, tmp_path / "model.skrnn")
    for copied in (skrnn.load(tmp_path / "model.skrnn"), pickle.loads(pickle.dumps(model))):
        assert copied.self_training_rounds == 1
        np.testing.assert_array_equal(copied.predict_proba(U), model.predict_proba(U))


@pytest.mark.parametrize("random_state", [0, pytest.param(None, marks=pytest.mark.slow)])
def test_interrupted_while_the_student_learns(tmp_path, monkeypatch, trained, random_state):
    """Fails if a resumed training trains its teacher again, or ends otherwise."""
    from skrnn.training.callbacks import FiniteTraining

    how = {"random_state": random_state, "epochs": 4}
    whole, state = FiniteTraining.on_epoch_end, {"trainings": 2}

    def on_epoch_end(self, epoch, logs=None):
        whole(self, epoch, logs)
        if len(trained) == state["trainings"] and epoch == 2:
            raise KeyboardInterrupt

    monkeypatch.setattr(FiniteTraining, "on_epoch_end", on_epoch_end)
    with pytest.raises(KeyboardInterrupt):
        small(checkpoint=tmp_path, **how).fit(X, Y, X_unlabeled=U)
    assert len(trained) == 2
    state["trainings"] = None
    resumed = small(checkpoint=tmp_path, **how).fit(X, Y, X_unlabeled=U)
    assert [len(data.sequences) for data in trained] == [N, N + N_UNLABELED, N + N_UNLABELED]
    np.testing.assert_array_equal(trained[1].targets, trained[2].targets)
    assert resumed.n_iter_ == 4
    if random_state == 0:
        finished = small(checkpoint=tmp_path, **how).fit(X, Y, X_unlabeled=U)
        assert len(trained) == 3
        np.testing.assert_array_equal(finished.predict_proba(U), resumed.predict_proba(U))
        wanted = small(**how).fit(X, Y, X_unlabeled=U)
        np.testing.assert_array_equal(resumed.predict_proba(U), wanted.predict_proba(U))


def test_interrupted_while_the_teacher_learns(tmp_path, monkeypatch, trained):
    """Fails if an estimator without a student looks fitted, or the teacher's epochs are lost."""
    from skrnn.training.callbacks import FiniteTraining

    whole, state = FiniteTraining.on_epoch_end, {"epoch": 1}

    def on_epoch_end(self, epoch, logs=None):
        whole(self, epoch, logs)
        if epoch == state["epoch"]:
            raise KeyboardInterrupt

    monkeypatch.setattr(FiniteTraining, "on_epoch_end", on_epoch_end)
    model = small(checkpoint=tmp_path, epochs=4)
    with pytest.raises(KeyboardInterrupt):
        model.fit(X, Y, X_unlabeled=U)
    assert not hasattr(model, "network_")
    state["epoch"] = None
    epochs = []
    monkeypatch.setattr(
        FiniteTraining, "on_epoch_end", lambda self, epoch, logs=None: epochs.append(epoch)
    )
    model.fit(X, Y, X_unlabeled=U)
    # The interrupted epoch is repeated, as the first exception came at its end.
    assert epochs == [1, 2, 3, 0, 1, 2, 3]
    wanted = small(epochs=4).fit(X, Y, X_unlabeled=U)
    np.testing.assert_array_equal(model.predict_proba(U), wanted.predict_proba(U))


def test_more_epochs_have_another_teacher(tmp_path):
    """Fails if a student goes on whose teacher was trained for fewer epochs."""
    small(checkpoint=tmp_path, epochs=2).fit(X, Y, X_unlabeled=U)
    longer = small(checkpoint=tmp_path, epochs=4).fit(X, Y, X_unlabeled=U)
    wanted = small(epochs=4).fit(X, Y, X_unlabeled=U)
    np.testing.assert_array_equal(longer.predict_proba(U), wanted.predict_proba(U))

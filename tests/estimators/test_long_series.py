"""Numeric sequences: patches of steps, and epochs that depend on the number of rows."""

import inspect
from types import SimpleNamespace

import numpy as np
import pytest
from siblings import RNNTaggerForTest, TagsHead
from sklearn.base import clone
from sklearn.exceptions import ConvergenceWarning

import skrnn
from skrnn import EpochSearchCV, RNNClassifier, explain, trace
from skrnn.estimators.schedule import UPDATES, known_epochs, schedule
from skrnn.exceptions import AmbiguousInputWarning, InvalidInputError
from skrnn.heads.registry import HEADS
from skrnn.sequences import Sequences, shifted

rng = np.random.default_rng(0)
ROWS = [rng.normal(size=(n, 2)) for n in rng.integers(4, 15, 24)]
Y = np.arange(24) % 2
SIZE = 3


def small(**parameters):
    settings = {
        "units": 2, "epochs": 2, "batch_size": 16, "scaling": None, "n_kernels": None,
        "random_state": 0,
    }  # fmt: skip
    return RNNClassifier(**{**settings, **parameters})


def by_hand(rows):
    """Return rows of patches, made one by one."""
    made = []
    for row in rows:
        filled = np.zeros((-(-len(row) // SIZE) * SIZE, row.shape[1]))
        filled[: len(row)] = row
        made.append(filled.reshape(len(filled) // SIZE, -1))
    return made


@pytest.fixture(scope="module")
def fitted():
    return small(patch_size=SIZE).fit(ROWS, Y)


@pytest.fixture(scope="module")
def other(fitted):
    """The same weights in a network for patches made by hand."""
    with pytest.warns(AmbiguousInputWarning):  # six channels of up to five steps
        found = small(patch_size=1, epochs=1).fit(by_hand(ROWS), Y)
    assert found.network_.description == fitted.network_.description
    found.network_ = fitted.network_
    return found


# --- Patches ------------------------------------------------------------------------------


def test_a_network_reads_patches_as_steps(fitted, other):
    """Fails if predictions read single steps, or others than those of a patch together."""
    assert fitted.patch_size_ == SIZE and fitted.n_features_in_ == 2 and other.patch_size_ == 1
    np.testing.assert_array_equal(fitted.predict_proba(ROWS), other.predict_proba(by_hand(ROWS)))


def test_patches_begin_anywhere_in_training_and_at_the_first_step_elsewhere(monkeypatch):
    """Fails if validation rows are shifted, the shifts of epochs are the same, or seeds differ."""
    seen = []
    monkeypatch.setattr(
        "skrnn.training.feeds.shifted",
        lambda steps, size, shifts: seen.append(shifts.tolist()) or shifted(steps, size, shifts),
    )
    parts = {"X_val": ROWS, "y_val": Y, "early_stopping": True, "batch_size": 24, "epochs": 2}
    given = {name: parts.pop(name) for name in ("X_val", "y_val")}
    small(patch_size=SIZE, **parts).fit(ROWS, Y, **given)
    first, second = seen
    assert {*first} == {*second} == {*range(SIZE)} and first != second
    small(patch_size=SIZE, **parts).fit(ROWS, Y, **given)
    assert seen[2:] == [first, second]


@pytest.mark.parametrize("method", ["integrated_gradients", "occlusion"])
def test_explanations_are_of_the_steps_of_the_caller(fitted, other, method):
    """Fails if attributions belong to patches, to other steps, or count what fills up a patch."""
    (found,), (wanted,) = (
        explain(clf, rows, method=method)
        for clf, rows in ((fitted, ROWS[:1]), (other, by_hand(ROWS[:1])))
    )
    assert found.values.shape == ROWS[0].shape
    np.testing.assert_allclose(
        found.values, wanted.values.reshape(-1, 2)[: len(ROWS[0])], atol=1e-12
    )
    assert wanted.values.sum() == pytest.approx(found.values.sum(), abs=1e-9)


def test_a_trace_has_the_states_after_each_patch(fitted):
    """Fails if trace runs the network over single steps."""
    (found,) = trace(fitted, ROWS[:1])
    np.testing.assert_allclose(found.inputs, by_hand(ROWS[:1])[0], rtol=1e-6)
    assert len(found.hidden) == -(-len(ROWS[0]) // SIZE)


def test_files_keep_the_size_of_patches(fitted, tmp_path):
    """Fails if a loaded estimator reads single steps."""
    skrnn.save(fitted, tmp_path / "one.skrnn")
    loaded = skrnn.load(tmp_path / "one.skrnn")
    assert loaded.patch_size_ == SIZE
    np.testing.assert_array_equal(loaded.predict_proba(ROWS), fitted.predict_proba(ROWS))


@pytest.mark.parametrize("width", [1, 3, 7, 14, 15, 20])
def test_onnx_puts_steps_into_patches(fitted, width):
    """Fails if a graph reads single steps, or padding of the caller shifts patches."""
    runtime = pytest.importorskip("onnxruntime")
    pytest.importorskip("onnx")
    from skrnn.onnx import to_onnx

    padded = np.full((len(ROWS), width, 2), np.nan)
    for i, row in enumerate(ROWS):
        padded[i, : len(row)] = row[:width]
    session = runtime.InferenceSession(to_onnx(fitted).SerializeToString())
    found = session.run(["probabilities"], {"channels": padded})[0]
    np.testing.assert_allclose(found, fitted.predict_proba(padded), atol=1e-6)


def test_the_first_call_decides_and_no_later_one_may_differ():
    """Fails if a network that has begun gets patches of another size, which it cannot read."""
    rows, y = [np.repeat(row, 20, axis=0) for row in ROWS], Y
    began = small(epochs=1).partial_fit(rows, y, classes=[0, 1])
    size = began.patch_size_
    assert size == round(np.mean([len(row) for row in rows]) / 40) > 1
    began.partial_fit(ROWS, y)
    assert began.patch_size_ == size
    with pytest.raises(InvalidInputError, match=f"patches of {size} steps"):
        began.set_params(patch_size=size + 1).partial_fit(rows, y)
    assert began.set_params(patch_size=size).partial_fit(rows, y).n_iter_ == 3
    chunked = small(epochs=1, patch_size=SIZE).fit_chunks(
        [(ROWS[:12], Y[:12]), (ROWS[12:], Y[12:])]
    )
    assert chunked.patch_size_ == SIZE


@pytest.mark.slow
def test_a_task_that_answers_each_step_has_no_patches(monkeypatch):
    """Fails if steps with an answer of their own are put together."""
    monkeypatch.setitem(HEADS, TagsHead.kind, TagsHead)
    tags = [np.arange(len(row)) % 2 for row in ROWS]
    tagger = RNNTaggerForTest(units=2, epochs=1, random_state=0)
    assert tagger.fit(ROWS, tags).patch_size_ == 1
    with pytest.raises(InvalidInputError, match="an answer of its own"):
        clone(tagger).set_params(patch_size=2).fit(ROWS, tags)


@pytest.mark.slow
def test_token_ids_have_no_patches():
    """Fails if ids are put together, or the parameter is not ignored for them."""
    ids = [[2, 3, 4]] * 6 + [[5, 6]] * 6
    clf = small(patch_size=5, ngram_range=None, embedding_dim=2, embeddings=None)
    assert clf.fit(ids, [0] * 6 + [1] * 6).patch_size_ is None


# --- Epochs -------------------------------------------------------------------------------


def length(
    n_rows, *, is_tokens=False, full_data=True, epochs="auto", decay="auto", size="auto",
    patience="auto", answers_steps=False,
):  # fmt: skip
    values = np.ones(3 * n_rows, np.int32) if is_tokens else np.ones((3 * n_rows, 1), np.float32)
    estimator = SimpleNamespace(
        learning_rate_decay=decay,
        batch_size=size,
        n_iter_no_change=patience,
        early_stopping=False,
        _answers_steps=answers_steps,
    )
    sequences = Sequences(values, np.arange(0, 3 * n_rows + 1, 3))
    is_used = np.ones(n_rows, bool)
    return schedule(estimator, sequences, is_used, epochs=epochs, full_data=full_data)


@pytest.mark.parametrize(("n_rows", "size"), [(20, "auto"), (50, 4), (300, "auto"), (300, 300)])
def test_auto_counts_updates(n_rows, size):
    """Fails if few rows get few updates, or the learning rate does not fall with the updates."""
    found = length(n_rows, size=size)
    n_updates = -(-n_rows // (8 if size == "auto" else size))
    assert UPDATES <= found.epochs * n_updates < UPDATES + n_updates
    assert 1 + found.learning_rate_decay * found.epochs == pytest.approx(4)


@pytest.mark.parametrize(("n_rows", "n_epochs"), [(1000, 20), (7500, 20), (50_000, 15), (10**6, 5)])
def test_many_rows_are_read_often_enough(n_rows, n_epochs):
    """Fails if a large set is read too briefly, or a huge one for days."""
    assert length(n_rows).epochs == n_epochs


@pytest.mark.parametrize("n_rows", [10, 5000])
def test_token_ids_have_a_decay_and_a_patience_of_their_own(n_rows):
    """Fails if those of texts depend on the number of rows; see test_token_epochs.py for more."""
    found = length(n_rows, is_tokens=True)
    assert (found.learning_rate_decay, found.patience) == (1.0, 2)
    assert known_epochs("auto") == 5


@pytest.mark.parametrize(("n_rows", "n_epochs"), [(20, 334), (9000, 8), (10**6, 8)])
def test_words_with_tags_are_read_longer(n_rows, n_epochs):
    """Fails if few sentences get few updates, or the epochs of a text classifier."""
    found = length(n_rows, is_tokens=True, answers_steps=True)
    assert found.epochs == n_epochs
    assert 1 + found.learning_rate_decay * found.epochs == pytest.approx(4)


def test_numbers_of_the_caller_are_kept():
    """Fails if "auto" of one parameter changes another, or a given number."""
    assert length(30, epochs=7).epochs == 7
    assert length(30, epochs=7).learning_rate_decay == length(30).learning_rate_decay
    assert length(30, decay=0.5).learning_rate_decay == 0.5
    assert length(30, full_data=False).learning_rate_decay == 0
    assert length(20, patience=3).patience == 3


def test_early_stopping_waits_for_updates():
    """Fails if a few updates of a few rows, which an epoch is then, end a training."""
    assert length(20).patience == 33 and length(5000).patience == 2


@pytest.mark.slow
def test_auto_is_a_number_for_everything_else(monkeypatch, tmp_path):
    """Fails if history, checkpoints, searches or a warm start are not given a number of epochs."""
    monkeypatch.setattr("skrnn.estimators.schedule.UPDATES", 4)
    monkeypatch.setattr("skrnn.estimators.schedule.PASSES", 1)
    few = small(epochs="auto", warm_start=True, checkpoint=tmp_path)
    assert inspect.signature(RNNClassifier).parameters["epochs"].default == "auto"
    assert few.fit(ROWS, Y).n_iter_ == 2 and few.epochs == "auto"
    assert few.fit(ROWS, Y).n_iter_ == 4
    more = small(epochs=3, checkpoint=tmp_path).fit(ROWS, Y)
    assert more.n_iter_ == 3
    search = EpochSearchCV(small(), {"epochs": ["auto", 1]}, cv=2).fit(ROWS, Y)
    assert set(search.cv_results_["param_epochs"]) == {"auto", 1}


# --- Convergence --------------------------------------------------------------------------


def test_a_network_that_learned_nothing_says_so():
    """Fails if tiny numbers, read as they are, are answered by a constant without a word."""
    rows = [np.full((5, 1), (1 + i % 2) / 1e6) for i in range(24)]
    with pytest.warns(ConvergenceWarning, match="never left that of a constant") as told:
        small(epochs=10, dropout=0.0).fit(rows, Y)
    assert told[0].filename == __file__


def test_rows_without_weight_do_not_decide_the_patch_size():
    """Fails if the lengths of all rows count: a weight of zero is as good as no row."""
    short, long = rng.normal(size=(12, 40, 1)), rng.normal(size=(4, 400, 1))
    rows, y = [*short, *long], np.arange(16) % 2
    weights = np.repeat([1.0, 0.0], [12, 4])
    model = small(patch_size="auto", epochs=1).fit(rows, y, sample_weight=weights)
    assert model.patch_size_ == 1

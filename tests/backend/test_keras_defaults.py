"""Settings of Keras that a process has made for its own networks: none reaches an estimator."""

import pickle
import threading
from collections import OrderedDict

import numpy as np
import pytest
from bare import ESTIMATOR
from keras_settings import SETTINGS, now, under

from skrnn import RNNClassifier, load, save
from skrnn.backend.defaults import keras_defaults
from skrnn.backend.tensorflow import keras
from skrnn.fileformat import container
from skrnn.network import programs
from skrnn.training import trainers
from tests.repeats import every, some

X = [[2 + (7 * i + 3 * t) % 9 for t in range(3 + i % 5)] for i in range(24)]
Y = [i % 2 for i in range(24)]


def small(**parameters):
    settings = {**ESTIMATOR, "cell": "gru", "units": 2, "embedding_dim": 3, "epochs": 1}
    return RNNClassifier(**{**settings, "random_state": 0, "dropout": 0.2, **parameters})


@pytest.fixture(scope="module")
def ordinary(tmp_path_factory):
    """Return an estimator of an ordinary process, its file, and it after further training."""
    estimator = small(warm_start=True).fit(X, Y)
    path = tmp_path_factory.mktemp("ordinary") / "model.skrnn"
    save(estimator, path)
    return estimator, path, load(path).partial_fit(X, Y)


def assert_same(one, other):
    assert one.history_ == other.history_
    for mine, theirs in zip(one.network_.values, other.network_.values, strict=True):
        assert mine.dtype == theirs.dtype
        np.testing.assert_array_equal(mine, theirs)
    np.testing.assert_array_equal(one.predict_proba(X), other.predict_proba(X))


# The others take the same way.
FEW = ("policy float64", "policy mixed_float16", "floatx float64")
ALL = [s if s in FEW else pytest.param(s, marks=pytest.mark.slow) for s in SETTINGS]


@pytest.fixture
def untraced(monkeypatch):
    """Forget the programs that were traced without the setting."""
    monkeypatch.setattr(trainers, "_idle", OrderedDict())
    monkeypatch.setattr(programs, "_made", set())
    programs._raw_program.cache_clear()


@pytest.mark.slow
@pytest.mark.parametrize("setting", ALL)
def test_a_fit_is_the_same_one(setting, ordinary, tmp_path, untraced):
    """Fails if a setting changes a weight, a loss or a file, or the setting does not stay."""
    estimator, path, further = ordinary
    with under(setting):
        before = now()
        found = small(warm_start=True).fit(X, Y)
        assert now() == before
        save(found, tmp_path / "model.skrnn")
        answers = found.predict_proba(X)
        found.partial_fit(X, Y)
        assert now() == before
    assert (tmp_path / "model.skrnn").read_bytes() == path.read_bytes()
    np.testing.assert_array_equal(answers, estimator.predict_proba(X))
    assert_same(found, further)


@pytest.mark.slow
@pytest.mark.parametrize("setting", ALL)
def test_a_loaded_model_is_the_same_one(setting, ordinary, monkeypatch, untraced):
    """Fails if a file gives other predictions, another model_ or another training."""
    estimator, path, further = ordinary
    with under(setting):
        before = now()
        for found in (load(path), pickle.loads(pickle.dumps(estimator))):
            np.testing.assert_array_equal(found.predict_proba(X), estimator.predict_proba(X))
            model = found.model_
            assert {variable.dtype for variable in model.trainable_variables} == {"float32"}
            assert {layer.compute_dtype for layer in model.layers} == {"float32"}
            padded = keras.utils.pad_sequences(X, padding="post", dtype="int32")
            np.testing.assert_allclose(
                keras.ops.convert_to_numpy(model(padded))[:, 0],
                estimator.predict_proba(X)[:, 1],
                rtol=1e-5,
            )
        monkeypatch.setenv("SKRNN_PREDICT", "tensorflow")
        np.testing.assert_allclose(
            load(path).predict_proba(X), estimator.predict_proba(X), rtol=1e-5
        )
        monkeypatch.undo()
        assert_same(load(path).partial_fit(X, Y), further)
        assert now() == before


@pytest.mark.parametrize("dtype", some(["float64", "float16"], "float16"))
def test_a_file_with_weights_in_another_precision(dtype, ordinary, tmp_path, monkeypatch):
    """Fails if a file of an earlier version, which has such weights, cannot be used in any way."""
    estimator, path, _ = ordinary
    document, arrays = container.read(path)
    arrays = {
        key: one.astype(dtype) if one.dtype == np.float32 and "variables" in key else one
        for key, one in arrays.items()
    }
    container.write(tmp_path / "other.skrnn", document, arrays)
    found = load(tmp_path / "other.skrnn")
    close = 1e-6 if dtype == "float64" else 1e-2
    wanted = estimator.predict_proba(X)
    np.testing.assert_allclose(found.predict_proba(X), wanted, atol=close)
    monkeypatch.setenv("SKRNN_PREDICT", "tensorflow")
    np.testing.assert_allclose(found.predict_proba(X), wanted, atol=close)
    monkeypatch.undo()
    assert {v.dtype for v in found.model_.trainable_variables} == {"float32"}
    found.partial_fit(X, Y)
    save(found, tmp_path / "again.skrnn")


def test_a_checkpoint_of_one_process_serves_another(tmp_path):
    """Fails if a training under a setting is another one, which begins anew."""
    wanted = small(epochs=2).fit(X, Y)
    with under("policy float64"):
        small(checkpoint=tmp_path).fit(X, Y)
    (folder,) = tmp_path.iterdir()
    with under("policy mixed_float16"):
        found = small(epochs=2, checkpoint=tmp_path).fit(X, Y)
    assert list(tmp_path.iterdir()) == [folder]
    assert_same(found, wanted)


def test_explanations_and_exports(ordinary):
    """Fails if what else builds a network obeys the setting."""
    pytest.importorskip("onnx", reason="onnx is not installed: pip install 'skrnn[onnx]'")
    from skrnn import explain, to_onnx

    estimator, path, _ = ordinary
    wanted = explain(estimator, X[:2], method="integrated_gradients")
    content = to_onnx(estimator).SerializeToString()
    with under("policy mixed_bfloat16"):
        found = explain(load(path), X[:2], method="integrated_gradients")
        assert to_onnx(load(path)).SerializeToString() == content
    for one, other in zip(found, wanted, strict=True):
        np.testing.assert_array_equal(one.values, other.values)


class Stop(keras.callbacks.Callback):
    def on_epoch_begin(self, epoch, logs=None):
        raise OSError("stopped")


@pytest.mark.parametrize("setting", every(3, SETTINGS))
def test_settings_stay_after_an_error(setting):
    """Fails if a fit that fails leaves the process under other settings than before."""
    with under(setting):
        before = now()
        with pytest.raises(OSError, match="stopped"):
            small(callbacks=[Stop()]).fit(X, Y)
        assert now() == before


def test_threads():
    """Fails if the last of several fits does not restore what the first has found."""
    seen, inside = [], threading.Barrier(2)

    def work(policy):
        keras.config.set_dtype_policy(policy)
        with keras_defaults():
            inside.wait()
            seen.append(now())
        seen.append(keras.config.dtype_policy().name)

    with under("floatx float64"):
        threads = [threading.Thread(target=work, args=(p,)) for p in ("float16", "float64")]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert keras.config.floatx() == "float64"
    default = ("float32", "float32", 1e-7, "channels_last")
    assert sorted(map(str, seen)) == sorted(map(str, [default, default, "float16", "float64"]))


def test_what_a_callback_sets_stays():
    """Fails if the end of a fit takes back what a callback has set on purpose."""
    with under("floatx float64"):
        with keras_defaults():
            keras.config.set_floatx("float16")
        assert keras.config.floatx() == "float16"

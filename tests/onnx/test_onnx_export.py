"""What `to_onnx` refuses, what its file says, and the process that serves it."""

import builtins
import copy
import doctest
import json
import os
import pickle
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from exported import (
    as_words,
    assert_same,
    fitted_on_reviews,
    fitted_on_series,
    fitted_on_tokens,
    onnx,
    ort,
    start,
    tokens,
    with_network,
)
from sklearn.exceptions import NotFittedError
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer

import skrnn
from skrnn import RNNClassifier, TextToSequence
from skrnn.onnx import pad_words, to_onnx
from skrnn.onnx.graph import IR_VERSION, ML, ML_OPSET, OPSET


@pytest.fixture
def on_tokens():
    return fitted_on_tokens()


@pytest.fixture
def on_reviews():
    return fitted_on_reviews()


# --- What is refused --------------------------------------------------------------------


def test_what_is_not_fitted():
    """Fails if the error of an estimator before fit is an AttributeError from within."""
    text = TextToSequence()
    for estimator in (RNNClassifier(), make_pipeline(text, RNNClassifier())):
        with pytest.raises(NotFittedError):
            to_onnx(estimator)


def test_other_estimators(on_reviews):
    """Fails if something is exported that does what no graph here does, or is not named."""
    text, classifier = on_reviews[0]
    cases = [
        (LogisticRegression(), r"but got LogisticRegression."),
        (text, "but got TextToSequence"),
        (make_pipeline(text), "the step 'texttosequence', TextToSequence"),
        (make_pipeline(FunctionTransformer(), classifier), "'functiontransformer', FunctionTr"),
        (make_pipeline(text, FunctionTransformer(), classifier), "the step 'functiontransformer'"),
        (make_pipeline(text, LogisticRegression()), "'logisticregression', LogisticRegression"),
        (make_pipeline(classifier, text), "the step 'rnnclassifier', RNNClassifier"),
        (make_pipeline("passthrough"), "no step"),
    ]
    for estimator, match in cases:
        with pytest.raises(TypeError, match=match):
            to_onnx(estimator)
    search = GridSearchCV(on_reviews[0], {"rnnclassifier__units": [2]})
    search.best_estimator_ = on_reviews[0]
    with pytest.raises(TypeError, match=r"GridSearchCV. Pass its best_estimator_."):
        to_onnx(search)


def test_steps_that_do_nothing(on_reviews):
    """Fails if a switched-off step is refused, or a pipeline of the classifier alone."""
    text, classifier = on_reviews[0]
    words = to_onnx(make_pipeline(text, "passthrough", classifier))
    assert words.SerializeToString() == to_onnx(make_pipeline(text, classifier)).SerializeToString()
    tokens = to_onnx(make_pipeline(classifier))
    assert tokens.SerializeToString() == to_onnx(classifier).SerializeToString()


@pytest.mark.slow
def test_words_that_have_no_place(on_reviews):
    """Fails if a word is exported that the model would take for padding, or cannot hold."""
    text, _ = on_reviews[0]
    reviews = on_reviews[1]
    # Ids of a plain array have no words that would be compared.
    classifier = RNNClassifier(
        units=2, epochs=1, ngram_range=None, embeddings=None, vocabulary_size=402, random_state=0
    ).fit(np.tile([2, 3, 4], (8, 1)), [0, 1] * 4)
    empty = TextToSequence(vocabulary=["", "great"], token_pattern=r"\w*").fit(reviews)
    with pytest.raises(ValueError, match='the word "" of vocabulary_'):
        to_onnx(make_pipeline(empty, classifier))
    lone = TextToSequence(vocabulary=["great", "\ud800"]).fit(reviews)
    with pytest.raises(ValueError, match="the word .*lone surrogates"):
        to_onnx(make_pipeline(lone, classifier))
    larger = TextToSequence(vocabulary=[f"w{i}" for i in range(9999)], analyzer=list)
    with pytest.raises(ValueError, match="ids up to 10000, but RNNClassifier was fitted on"):
        to_onnx(make_pipeline(larger.fit([["w0"]]), classifier))
    with pytest.raises(ValueError, match="reads the ids of TextToSequence as numeric"):
        to_onnx(make_pipeline(text, fitted_on_series(0)))


def test_networks_that_fit_did_not_make(on_tokens):
    """Fails if layers that the exporter does not know are left out of the model."""
    from skrnn.backend.tensorflow import keras
    from skrnn.layers import GRU

    usual = on_tokens.model_
    inputs, x = usual.inputs[0], usual.get_layer("max_pooling").output

    def refuses(model, match):
        estimator = copy.copy(on_tokens)
        estimator.network_ = copy.copy(on_tokens.network_)
        estimator.network_._model = model
        with pytest.raises(ValueError, match=match):
            to_onnx(estimator)

    normed = keras.layers.LayerNormalization(name="norm")(x)
    logits = keras.layers.Dense(1, name="logits")(normed)
    refuses(keras.Model(inputs, logits), r"the layer 'norm' \(LayerNormalization\) in model_")
    logits = keras.layers.Dense(1, name="other")(x)
    refuses(keras.Model(inputs, logits), "no layer in model_, but expects a Dense of that")
    logits = keras.layers.Dense(1, name="logits", use_bias=False)(x)
    refuses(keras.Model(inputs, logits), r"'logits' of model_: it has the weights \['kernel'\]")
    states = GRU(3, return_sequences=True, name="lstm")(usual.get_layer("embedding").output)
    refuses(keras.Model(inputs, states), r"'lstm' \(GRU\) in model_, but expects a LSTM")


def test_other_precisions(on_tokens):
    """Fails if a network that computes in halves is exported as one in float32."""
    from skrnn.backend.tensorflow import keras
    from skrnn.network.build import build

    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy("mixed_bfloat16")
    try:
        estimator = with_network(on_tokens, tokens())
        assert estimator.model_.compute_dtype == "float32"
        network = estimator.network_
        network._model = build(network.description, random_state=0)  # as a user may replace it
    finally:
        keras.config.set_dtype_policy(before)
    with pytest.raises(ValueError, match="'embedding' of model_, which computes in mixed_bfloat16"):
        to_onnx(estimator)


# --- The file, and the process that serves it -------------------------------------------


def test_format(on_reviews):
    """Fails if the model needs a newer runtime than is documented, or does not say what it is."""
    model = to_onnx(on_reviews[0])
    assert {o.domain: o.version for o in model.opset_import} == {"": OPSET, ML: ML_OPSET}
    assert (OPSET, ML_OPSET, IR_VERSION, model.ir_version) == (14, 2, 7, 7)
    told = " ".join(to_onnx.__doc__.split())
    assert "opset 14, `LabelEncoder` of ai.onnx.ml 2, and IR version 7" in told
    assert (model.producer_name, model.producer_version) == ("skrnn", skrnn.__version__)
    session = start(model)
    assert [(i.name, i.type, i.shape) for i in session.get_inputs()] == [
        ("words", "tensor(string)", ["n_samples", "n_timesteps"])
    ]
    assert [(o.name, o.type, o.shape) for o in session.get_outputs()] == [
        ("label", "tensor(string)", ["n_samples"]),
        ("probabilities", "tensor(float)", ["n_samples", 2]),
    ]


def test_same_bytes_of_the_same_estimator(on_reviews):
    """Fails if a model differs from call to call, or after a pickle."""
    pipe = on_reviews[0]
    model = to_onnx(pipe).SerializeToString()
    assert to_onnx(pipe).SerializeToString() == model
    assert to_onnx(pickle.loads(pickle.dumps(pipe))).SerializeToString() == model


def test_weights_beside_the_model(on_tokens, tmp_path):
    """Fails if the way out for more than 2 GB, weights in a file of their own, is none."""
    estimator = with_network(on_tokens, tokens())
    path = tmp_path / "model.onnx"
    onnx.save_model(
        to_onnx(estimator), path, save_as_external_data=True, location="weights", size_threshold=99
    )
    assert (tmp_path / "weights").stat().st_size > 4 * 30 * 4
    session = ort.InferenceSession(path, providers=["CPUExecutionProvider"])
    assert_same(session, estimator, tokens())


def test_metadata_cuts_the_same_words(on_reviews):
    """Fails if the parameters in the model are not those that decide the words."""
    documents = ["Ça <br />WASN'T Bad!", *on_reviews[1][:5]]
    first = list(on_reviews[0][0].vocabulary_)[:1]
    parameters = [
        {},
        {"lowercase": False, "strip_accents": "ascii", "max_length": 3},
        {"token_pattern": r"(?u)\b\w\w+\b"},
        {"analyzer": "char", "token_pattern": r"unused"},
    ]
    for given in parameters:
        text = TextToSequence(vocabulary=list(first), **given).fit(documents)
        told = metadata(make_pipeline(text, on_reviews[0][-1]))
        assert told["skrnn.words"] == ("characters" if "analyzer" in given else "token_pattern")
        told = json.loads(told["skrnn.text"])
        assert told.get("token_pattern") != "unused"
        theirs = TextToSequence(**told)
        np.testing.assert_array_equal(as_words(theirs, documents), as_words(text, documents))
    assert metadata(on_reviews[0][-1]) == {}


@pytest.mark.parametrize(
    "given",
    [
        {"analyzer": str.split},
        {"tokenizer": str.split},
        {"preprocessor": str.lower},
        {"strip_accents": str.lower},
    ],
    ids=lambda given: next(iter(given)),
)
def test_metadata_of_words_from_the_caller(on_reviews, given):
    """Fails if a model with a tokenizer of the caller's claims that a pattern makes its words."""
    first = list(on_reviews[0][0].vocabulary_)[:1]
    text = TextToSequence(vocabulary=first, **given).fit(on_reviews[1])
    assert metadata(make_pipeline(text, on_reviews[0][-1])) == {"skrnn.words": "caller"}


def metadata(estimator):
    """Return what a runtime sees of the metadata."""
    return start(to_onnx(estimator)).get_modelmeta().custom_metadata_map


@pytest.mark.slow
def test_serving_needs_no_tensorflow(on_reviews, tmp_path):
    """Fails if a service that predicts with onnxruntime loads TensorFlow, Keras or onnx."""
    pipe, reviews = on_reviews
    path = tmp_path / "model.onnx"
    path.write_bytes(to_onnx(pipe).SerializeToString())
    code = f"""
import json, sys
import onnxruntime
from skrnn import TextToSequence
from skrnn.onnx import pad_words
session = onnxruntime.InferenceSession({str(path)!r}, providers=["CPUExecutionProvider"])
told = session.get_modelmeta().custom_metadata_map
analyzer = TextToSequence(**json.loads(told["skrnn.text"])).build_analyzer()
words = pad_words(map(analyzer, {reviews[:3]!r}))
print(session.run(["probabilities"], {{"words": words}})[0].tolist())
print([name for name in ("tensorflow", "keras", "scikeras", "onnx") if name in sys.modules])
"""
    root = str(Path(skrnn.__file__).parent.parent)
    done = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        env=os.environ | {"PYTHONPATH": root},
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    probability, loaded = done.stdout.splitlines()
    np.testing.assert_allclose(json.loads(probability), pipe.predict_proba(reviews[:3]), atol=1e-5)
    assert loaded == "[]"


def test_without_onnx(on_tokens, monkeypatch):
    """Fails if the error does not tell what to install."""
    usual = builtins.__import__

    def no_onnx(name, *args, **kwargs):
        if name == "onnx":
            raise ImportError(name)
        return usual(name, *args, **kwargs)

    monkeypatch.setattr(builtins, "__import__", no_onnx)
    with pytest.raises(ImportError, match=r"to_onnx needs onnx.*pip install 'skrnn\[onnx\]'"):
        to_onnx(on_tokens)


# --- Words ------------------------------------------------------------------------------


def test_pad_words():
    """Fails if rows get a wrong width, or a generator or an array of words is not taken."""
    rows = (iter(row) for row in (["a", "b"], [], np.array(["c"], dtype=object)))
    words = pad_words(rows)
    assert words.dtype == object
    assert words.tolist() == [["a", "b"], ["", ""], ["c", ""]]
    assert pad_words([]).shape == (0, 1) and pad_words([[], []]).tolist() == [[""], [""]]


@pytest.mark.parametrize(
    ("rows", "match"),
    [
        (["a text"], "Row 0 is the str 'a text'.*build_analyzer"),
        ([["a"], b"text"], "Row 1 is the bytes"),
        ([["a"], ["b", None]], "Row 1 holds None, a NoneType"),
        ([["a", 2]], "Row 0 holds 2, a int"),
    ],
)
def test_pad_words_refuses(rows, match):
    """Fails if the characters of a text become words, or something is written as a word."""
    with pytest.raises(TypeError, match=match):
        pad_words(rows)


@pytest.mark.parametrize("module", ["export", "words"])
@pytest.mark.slow
def test_examples(module):
    """Fails if an example in a docstring does not give what it shows."""
    results = doctest.testmod(__import__(f"skrnn.onnx.{module}", fromlist=["_"]))
    assert results.attempted > 2 and not results.failed

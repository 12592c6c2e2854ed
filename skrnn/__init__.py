"""Recurrent neural networks that behave like scikit-learn.

The public names load on first use (PEP 562), so that ``import skrnn`` is quick
and loads no TensorFlow.
"""

import importlib

__version__ = "0.1.0"

# name -> the module that defines it; the order is that of a first reading.
_HOMES = {
    "TextToSequence": "text",
    "HashingTextToSequence": "text",
    "TextWithColumns": "text",
    "RNNClassifier": "estimators",
    "RNNRegressor": "estimators",
    "RNNTagger": "estimators",
    "DocumentVectorizer": "estimators",
    "AdversarialLoss": "estimators",
    "VirtualAdversarialLoss": "estimators",
    "EntropyLoss": "estimators",
    "Checkpoint": "estimators",
    "from_channels_first": "sequences",
    "build_network": "network",
    "save": "persistence",
    "load": "persistence",
    "to_onnx": "onnx",
    "InvalidFileError": "exceptions",
    "explain": "inspection",
    "trace": "inspection",
    "compare": "comparison",
    "EpochSearchCV": "search",
    "fetch_imdb": "datasets",
    "load_imdb": "datasets",
    "fetch_vectors": "datasets",
    "make_reviews": "datasets",
    "make_tagged_sentences": "datasets",
    "make_nbsvm": "baselines",
    "make_tfidf_logistic": "baselines",
}

__all__ = ["__version__", *_HOMES]


def __getattr__(name):
    if name in _HOMES:
        return getattr(importlib.import_module(f"{__name__}.{_HOMES[name]}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__():
    return sorted([*globals(), *__all__])

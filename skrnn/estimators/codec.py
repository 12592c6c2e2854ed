"""RNNClassifier: what it learned, and where its training stands."""

import numpy as np

from skrnn.embeddings import EmbeddingCoverage
from skrnn.estimators import RNNClassifier
from skrnn.fileformat.optimizers import is_optimizer_name
from skrnn.fileformat.parameters import (
    decode_features,
    decode_parameters,
    encode_features,
    refuse_other_attributes,
)
from skrnn.fileformat.values import (
    NotStorableError,
    decode_labels,
    decode_value,
    encode_labels,
    encode_value,
)
from skrnn.heads.classes import TargetCoder
from skrnn.network.description import check_network, network_shapes
from skrnn.ngrams import MAX_CHANNELS, NgramModel

# The time of looking n-grams up goes with the longest.
MAX_NGRAM = 100
WAYS_OUT = {
    "callbacks": "They are for training only: set_params(callbacks=None) before.",
    "embeddings": "The vectors are in the weights by now: set_params(embeddings=None) before.",
    "optimizer": "Only Keras's own are kept: set_params(optimizer='adam') before.",
    "learning_rate": "Only Keras's own schedules are kept: set_params(learning_rate=0.002) before.",
    "random_state": "Only an int is kept: set_params(random_state=None) before.",
    "class_weight": "Labels that are numbers or strings are kept; else set it to None before.",
}
_ATTRIBUTES = {
    *("classes_", "vocabulary_size_", "n_features_in_", "feature_names_in_", "n_iter_"),
    *("best_epoch_", "history_", "pretraining_history_", "embedding_coverage_"),
}
_OPTIONS = ("learning_rate", "global_clipnorm")
_WEIGHTS = ("float16", "float32", "float64")
# Keras keeps the generators' states as one or the other, by version.
_SEEDS = ("uint32", "int64")


def encode_classifier_state(estimator, place):
    """Return the fitted state of an RNNClassifier."""
    refuse_other_attributes(estimator, place, _ATTRIBUTES)
    state = {
        "classes": encode_labels(estimator.classes_),
        "multilabel": bool(estimator._targets.multilabel),
        "vocabulary_size": _int_or_none(estimator.vocabulary_size_),
        **encode_features(estimator),
        "n_iter": int(estimator.n_iter_),
        # There is none while a fit goes on.
        "best_epoch": int(getattr(estimator, "best_epoch_", estimator.n_iter_)),
        "history": _encode_history(estimator.history_),
        "pretraining_history": _encode_history(
            getattr(estimator, "pretraining_history_", {"loss": []})
        ),
        "embedding_coverage": _encode_coverage(estimator.embedding_coverage_),
        "ngrams": None,
    }
    if hasattr(estimator, "_is_table"):
        state["is_table"] = bool(estimator._is_table)
    if estimator._ngrams is not None:
        settings, codes, coef, intercept = estimator._ngrams.to_arrays()
        state["ngrams"] = {"ngram_range": list(map(int, estimator._ngrams.ngram_range)), **settings}
        below = place.below("ngrams")
        for n, of_length in enumerate(codes, 1):
            below.put(f"codes/{n}", of_length)
        below.put("coef", coef)
        below.put("intercept", intercept)
    state["network"] = dict(estimator._keras.network)
    state["training"] = _encode_training(estimator, place)
    for i, values in enumerate(_read_variables(estimator._keras)):
        place.put(f"variables/{i}", values)
    return state


def _encode_training(estimator, place):
    keras = estimator._keras
    tree = {
        "seed": int(keras.seed),
        "learning_rate_decay": float(keras.learning_rate_decay),
        "batch_size": keras.batch_size,
        "verbose": int(keras.verbose),
        "optimizer": None,
        "n_optimizer_variables": None,
    }
    own = vars(keras)
    # A lenient file is a checkpoint's, from which training shall go on.
    goes_on = bool(estimator.warm_start) or place.lenient
    keeps_state = goes_on and "_optimizer_state" in own
    try:
        # One object serves as the parameter and here; it has to be one again.
        if keras.optimizer is not estimator.optimizer or isinstance(keras.optimizer, str):
            tree["optimizer"] = encode_value(keras.optimizer)
        else:
            encode_value(keras.optimizer)
        for name in _OPTIONS:
            if f"optimizer__{name}" in own:
                tree[name] = encode_value(own[f"optimizer__{name}"])
    except NotStorableError as error:
        if not place.lenient:
            raise TypeError(
                f"{type(estimator).__name__} was trained with a {error}, which a file without "
                "pickle cannot keep. Keep it with joblib.dump instead."
            ) from None
        tree |= {"optimizer": "adam", "learning_rate": 0.002, "global_clipnorm": None}
        keeps_state = False
    if keeps_state:
        tree["n_optimizer_variables"] = len(keras._optimizer_state)
        for i, values in enumerate(keras._optimizer_state):
            place.put(f"optimizer/{i}", values)
    return tree


def _read_variables(keras):
    if "_variables" in vars(keras):  # loaded, and not used since: no need to build the network
        return keras._variables
    from skrnn.network import programs

    return programs.read_values(programs.network_variables(keras.model_))


def decode_classifier(node):
    """Make the RNNClassifier of a node."""
    estimator = decode_parameters(node, RNNClassifier, allowed=_is_data)
    state = node.below("state")
    network = state.take("network", "an object", lambda value: type(value) is dict)
    try:
        check_network(network)
    except ValueError as error:
        state.refuse(str(error))
    estimator.vocabulary_size_ = state.take(
        "vocabulary_size",
        f"{network['vocabulary_size']}, as the network has it",
        lambda value: type(value) in (int, type(None)) and value == network["vocabulary_size"],
    )
    _decode_targets(state, estimator, network)
    _decode_input(state, estimator, network)
    history = _decode_history(state, estimator)
    estimator.embedding_coverage_ = _decode_coverage(state)
    estimator._ngrams = _decode_ngrams(state, node, network)
    shapes = network_shapes(network)
    variables = [_take_variable(node, i, variable) for i, variable in enumerate(shapes)]
    if len({values.dtype for values in variables if values.dtype.kind == "f"}) > 1:
        node.refuse("The weights are not all of one dtype.", "arrays.safetensors")
    training = _decode_training(state, node, estimator, shapes)
    state.close()
    estimator._keras = _make_keras(estimator, network, variables, training, history)
    return estimator


def _decode_targets(state, estimator, network):
    classes = decode_labels(state.below("classes"))
    multilabel = state.take_flag("multilabel")
    if multilabel and not np.array_equal(classes, np.arange(len(classes))):
        state.refuse("The labels of a multilabel target are not the numbers of its columns.")
    coder = TargetCoder(classes, multilabel)
    if len(classes) < 2:
        state.refuse("A classifier has two classes or more.")
    if (coder.n_outputs, multilabel) != (network["n_outputs"], network["multilabel"]):
        state.refuse(
            f"{len(classes)} classes, multilabel {multilabel}, want {coder.n_outputs} outputs, but "
            f"the network has {network['n_outputs']}, multilabel {network['multilabel']}."
        )
    estimator._targets, estimator.classes_ = coder, classes


def _decode_input(state, estimator, network):
    decode_features(state, estimator)
    if "is_table" in state:
        estimator._is_table = state.take_flag("is_table")
    n_channels = network["n_channels"]
    if n_channels is not None:
        if not hasattr(estimator, "_is_table"):
            state.refuse("'is_table' is missing, which numeric sequences have.")
        wanted = 1 if estimator._is_table else estimator.n_features_in_
        if n_channels != wanted:
            state.refuse(f"The network has {n_channels} channels, the input {wanted}.")


def _decode_history(state, estimator):
    histories = []
    for key in ("history", "pretraining_history"):
        tree = state.take(key, "an object of lists", lambda value: type(value) is dict)
        n_epochs = len(tree["loss"]) if type(tree.get("loss")) is list else -1
        for values in tree.values():
            is_list = type(values) is list and len(values) == n_epochs
            if not is_list or not all(type(one) in (int, float) for one in values):
                n_epochs = -1
                break
        if n_epochs < 0:
            state.refuse(
                f"{key!r} does not have a number an epoch in each list, 'loss' among them."
            )
        histories.append({name: list(map(float, values)) for name, values in tree.items()})
    estimator.history_, estimator.pretraining_history_ = histories
    n_epochs = len(estimator.history_["loss"])
    estimator.n_iter_ = state.take_int("n_iter", n_epochs, n_epochs)
    estimator.best_epoch_ = state.take_int("best_epoch", 0, n_epochs)
    return histories


def _decode_ngrams(state, node, network):
    tree = state.take("ngrams", "an object or null", lambda v: v is None or type(v) is dict)
    n_outputs = network["n_outputs"]
    is_one = tree is not None
    wanted = (is_one, is_one and n_outputs <= MAX_CHANNELS)
    if (network["ngram_scores"], network["ngram_evidence"]) != wanted:
        state.refuse("The network and the model of the n-grams do not have the same outputs.")
    if not is_one:
        return None
    ngrams = node.of(tree, "ngrams")
    ngram_range = ngrams.take(
        "ngram_range",
        f"[n, m] with 1 <= n <= m <= {MAX_NGRAM}",
        lambda v: (
            type(v) is list
            and [type(n) for n in v] == [int, int]
            and 1 <= v[0] <= v[1] <= MAX_NGRAM
        ),
    )
    settings = {
        "min_df": ngrams.take_int("min_df", 1),
        "scale": ngrams.take_float("scale", "a number in (0, 1e12]", lambda v: 0 < v <= 1e12),
    }
    ngrams.close()
    codes = [
        ngrams.take_array(f"codes/{n}", ("int64",), (None,)) for n in range(1, ngram_range[1] + 1)
    ]
    coef = ngrams.take_array("coef", ("float32",), (n_outputs, None))
    intercept = ngrams.take_array("intercept", ("float32",), (n_outputs,))
    try:
        return NgramModel.from_arrays(
            ngram_range, network["vocabulary_size"], settings, codes, coef, intercept
        )
    except ValueError as error:
        ngrams.refuse(str(error), "arrays.safetensors")


def _take_variable(node, i, variable):
    if variable.kind != "seed":
        return node.take_array(f"variables/{i}", _WEIGHTS, variable.shape)
    values = node.take_array(f"variables/{i}", _SEEDS, variable.shape)
    if values.min() < 0 or values.max() >= 2**32:
        node.refuse(f"The state of the {variable.name} is {values.tolist()}, not of 32 bits.")
    return values


def _decode_training(state, node, estimator, shapes):
    training = state.below("training")
    kwargs = {
        "learning_rate_decay": training.take_float(
            "learning_rate_decay", "a number not below 0", lambda value: 0 <= value < np.inf
        ),
        "batch_size": training.take(
            "batch_size",
            "a positive integer, 'auto' or null",
            lambda v: v is None or v == "auto" or (type(v) is int and v > 0),
        ),
        "verbose": training.take_int("verbose", 0),
        "optimizer": _take_value(training, "optimizer"),
    }
    seed = training.take_int("seed")
    if kwargs["optimizer"] is None:
        kwargs["optimizer"] = estimator.optimizer
    for name in _OPTIONS:
        if name in training:
            kwargs[f"optimizer__{name}"] = _take_value(training, name)
    if not _has_own_settings(kwargs):
        training.refuse("The optimizer is no name with a step size, and no optimizer either.")
    n = training.take(
        "n_optimizer_variables",
        "a number or null",
        lambda value: value is None or (type(value) is int and 0 <= value <= 8 * len(shapes) + 8),
    )
    training.close()
    optimizer_state = None if n is None else [_take_slot(node, i, shapes) for i in range(n)]
    return kwargs, seed, optimizer_state


def _take_value(node, key):
    value = node.take(key, "a value", lambda value: True)
    try:
        return decode_value(value, may_be_object=True)
    except ValueError as error:
        node.refuse(f"{key!r}: {error}")


def _has_own_settings(kwargs):
    optimizer = kwargs["optimizer"]
    options = {name: kwargs.get(f"optimizer__{name}") for name in _OPTIONS}
    if not isinstance(optimizer, str):
        return hasattr(optimizer, "apply_gradients") and not any(options.values())
    rate, norm = options.values()
    # A copy made for predictions in the midst of a fit has no step size.
    is_rate = "optimizer__learning_rate" not in kwargs
    is_rate |= (type(rate) is float and 0 < rate < np.inf) or hasattr(rate, "get_config")
    is_norm = norm is None or (type(norm) is float and norm > 0)
    return is_optimizer_name(optimizer) and is_rate and is_norm


def _take_slot(node, i, shapes):
    """Take a variable of the optimizer: a number, or as large as a weight or a side of it."""
    array = node.arrays.get(f"{node.where}/optimizer/{i}")
    allowed = {(), (1,)}
    for variable in shapes:
        if variable.kind != "seed":
            shape = variable.shape
            allowed |= {shape, shape[:-1], shape[:-2] + shape[-1:]}
    shape = array.shape if array is not None and array.shape in allowed else ()
    return node.take_array(f"optimizer/{i}", (*_WEIGHTS, "int32", "int64", "bool"), shape)


def _make_keras(estimator, network, variables, training, histories):
    from skrnn.training.scikeras import SequenceClassifier

    kwargs, seed, optimizer_state = training
    keras = SequenceClassifier(
        network, seed, callbacks=None, warm_start=bool(estimator.warm_start), **kwargs
    )
    keras.history_, keras.pretraining_history_ = histories
    keras._variables = variables
    if optimizer_state is not None:
        keras._optimizer_state = optimizer_state
    return keras


def _is_data(key, value):
    """Whether a value is one that a file may give to a parameter."""
    if key == "embeddings":
        return value is None or isinstance(value, str)
    if key == "callbacks":
        return value is None
    return key != "optimizer" or not isinstance(value, str) or is_optimizer_name(value)


def _encode_history(history):
    return {name: list(map(float, values)) for name, values in history.items()}


def _encode_coverage(coverage):
    if coverage is None:
        return None
    return {
        "n_words": int(coverage.n_words),
        "n_found": int(coverage.n_found),
        "share_of_words": float(coverage.share_of_words),
        "share_of_tokens": float(coverage.share_of_tokens),
    }


def _decode_coverage(state):
    tree = state.take(
        "embedding_coverage", "an object or null", lambda v: v is None or type(v) is dict
    )
    if tree is None:
        return None
    node = state.of(tree, "embedding_coverage")
    n_words = node.take_int("n_words")
    values = [n_words, node.take_int("n_found", 0, n_words)]
    for key in ("share_of_words", "share_of_tokens"):
        is_share = lambda value: value != value or 0 <= value <= 1  # noqa: E731
        values.append(node.take_float(key, "a number in [0, 1] or NaN", is_share))
    node.close()
    return EmbeddingCoverage(*values)


def _int_or_none(value):
    return None if value is None else int(value)

"""Encoding the fitted state of a network estimator as a tree of JSON and arrays, and decoding it.

:mod:`skrnn.persistence` writes it to files, and a checkpoint holds it together with the state of
the training. What depends on the task is encoded by the head.
"""

import numpy as np

from skrnn.caching.hashing import digest
from skrnn.estimators.calibration_codec import decode_calibration, encode_calibration
from skrnn.estimators.channels_codec import decode_channels, encode_channels
from skrnn.estimators.convolutions_codec import decode_convolutions, encode_convolutions
from skrnn.estimators.coverage_codec import decode_coverage, encode_coverage
from skrnn.estimators.extra_losses import objective_of
from skrnn.estimators.former_parameters import with_present_names
from skrnn.estimators.reader_codec import (
    check_reader,
    decode_reader,
    decode_surroundings,
    decode_text,
    encode_reader,
    encode_surroundings,
    encode_text,
)
from skrnn.estimators.words_codec import decode_words, encode_words, take_ngram_range
from skrnn.exceptions import InvalidTypeError, NotStorableError
from skrnn.fileformat.nodes import ARRAYS
from skrnn.fileformat.optimizers import is_optimizer_name
from skrnn.fileformat.parameters import (
    decode_features,
    decode_parameters,
    encode_features,
    encode_parameters,
    refuse_other_attributes,
)
from skrnn.fileformat.values import decode_value, encode_value
from skrnn.heads.registry import head_class
from skrnn.network.description import NGRAM_EVIDENCE, NGRAM_SCORES, NetworkDescription
from skrnn.network.fitted import FittedNetwork
from skrnn.ngrams import MAX_CHANNELS, NgramModel
from skrnn.sequences import COLUMNS, ColumnScaler
from skrnn.training.state import (
    TrainingSettings,
)

WAYS_OUT = {
    "callbacks": "They are for training only: call set_params(callbacks=None) first.",
    "embeddings": "The weights contain the vectors: call set_params(embeddings=None) first.",
    "optimizer": "Only Keras's own can be stored: call set_params(optimizer='adam') first.",
    "extra_losses": (
        "Only skrnn's own losses can be stored: call set_params(extra_losses=None) first."
    ),
    "learning_rate": (
        "Only Keras's own schedules can be stored: call set_params(learning_rate=0.002) first."
    ),
    "scoring": "Only the name of a scorer can be stored: call set_params(scoring='loss') first.",
    "random_state": "Only an int can be stored: call set_params(random_state=None) first.",
    "thresholds": "Only a list or an array can be stored: call set_params(thresholds=list(...)).",
    "class_weight": (
        "Only labels that are numbers or strings can be stored; otherwise set it to None first."
    ),
}
# Attributes that every network estimator has, besides those of the head.
_ATTRIBUTES = {
    *("vocabulary_size_", "n_features_in_", "feature_names_in_", "n_iter_", "best_epoch_"),
    *("history_", "pretraining_history_", "embedding_coverage_", "network_", "head_", "ngrams_"),
    *("columns_", "channels_", "patch_size_", "convolutions_", "text_"),
    *("surroundings_", "calibration_"),
}
_OPTIONS = ("learning_rate", "global_clipnorm")
_WEIGHTS = ("float16", "float32", "float64")
# The dtype of Keras's generator states depends on the version.
_SEEDS = ("uint32", "int64")


def encode_estimator(estimator, place):
    """Return a fitted network estimator as a tree; put its arrays into `place`."""
    estimator = estimator.as_of_now()
    tree = {
        "class": type(estimator).__name__,
        **encode_parameters(estimator, place, WAYS_OUT, inner=("text",)),
        "state": encode_state(estimator, place),
    }
    if "text" in estimator.get_params(deep=False):
        tree["text"] = encode_text(estimator, place)
    return tree


def encode_state(estimator, place):
    """Return the fitted state of a network estimator."""
    head, network = estimator.head_, estimator.network_
    own = set(estimator._head_attributes(head))
    refuse_other_attributes(estimator, place, _ATTRIBUTES | own)
    state = {
        "head": head.encode_state(),
        "vocabulary_size": _int_or_none(estimator.vocabulary_size_),
        **encode_features(estimator),
        "n_iter": int(estimator.n_iter_),
        # Missing while a fit is running.
        "best_epoch": int(getattr(estimator, "best_epoch_", estimator.n_iter_)),
        "history": encode_history(estimator.history_),
        "pretraining_history": encode_history(
            getattr(estimator, "pretraining_history_", {"loss": []})
        ),
        "embedding_coverage": encode_coverage(estimator.embedding_coverage_),
        "ngrams": None,
    }
    if hasattr(estimator, "_is_table"):
        state["is_table"] = bool(estimator._is_table)
    # Missing in an estimator that was loaded from an earlier file.
    unit = vars(estimator).get("_weight_unit")
    if unit is not None:
        state["weight_unit"] = float(unit)
    state |= encode_words(estimator)
    if estimator.ngrams_ is not None:
        settings, codes, coef, intercept = estimator.ngrams_.to_arrays()
        state["ngrams"] = {"ngram_range": list(map(int, estimator.ngrams_.ngram_range)), **settings}
        below = place.below("ngrams")
        for n, of_length in enumerate(codes, 1):
            below.put(f"codes/{n}", of_length)
        below.put("coef", coef)
        below.put("intercept", intercept)
        if estimator.ngrams_.sizes is not None:
            state["ngrams"]["has_sizes"] = True
            below.put("sizes", estimator.ngrams_.sizes)
    if estimator.convolutions_ is not None:
        state["convolutions"] = encode_convolutions(
            estimator.convolutions_, place.below("convolutions")
        )
    if estimator.columns_ is not None:
        state["columns"] = {"names": list(estimator.columns_.names)}
        place.below("columns").put("mean", estimator.columns_.mean)
        place.below("columns").put("scale", estimator.columns_.scale)
    if estimator.channels_ is not None:
        state["channels"] = encode_channels(estimator.channels_, place.below("channels"))
    reader = getattr(estimator, "text_", None)
    if reader is not None:
        state["reader"] = encode_reader(reader, place)
        if estimator.surroundings_ is not None:
            state["surroundings"] = True
            encode_surroundings(estimator.surroundings_, place.below("surroundings"))
    calibration = getattr(estimator, "calibration_", None)
    if calibration is not None:
        state["calibration"] = encode_calibration(calibration)
    if estimator.patch_size_ is not None:
        state["patch_size"] = int(estimator.patch_size_)
    state["network"] = network.description.config()
    state["training"] = _encode_training(estimator, place)
    for i, values in enumerate(network.values):
        place.put(f"variables/{i}", values)
    return state


def _encode_training(estimator, place):
    settings = estimator._settings
    tree = {
        "seed": int(estimator.network_.seed),
        "learning_rate_decay": float(settings.learning_rate_decay),
        "batch_size": settings.batch_size,
        "verbose": int(settings.verbose),
        "optimizer": None,
        "n_optimizer_variables": None,
    }
    # A lenient file is a checkpoint, from which training may be resumed.
    goes_on = bool(estimator.warm_start) or place.lenient
    optimizer_state = vars(estimator).get("_optimizer_state")
    keeps_state = goes_on and optimizer_state is not None
    try:
        # If the parameter and the settings share one object, they share it again after loading.
        if settings.optimizer is not estimator.optimizer or isinstance(settings.optimizer, str):
            tree["optimizer"] = encode_value(settings.optimizer)
        else:
            encode_value(settings.optimizer)
        if isinstance(settings.optimizer, str):
            for name in _OPTIONS:
                tree[name] = encode_value(getattr(settings, name))
    except NotStorableError as error:
        if not place.lenient:
            raise InvalidTypeError(
                f"{type(estimator).__name__} was trained with a {error}, which skrnn.save cannot "
                "store. Use joblib.dump instead."
            ) from None
        tree |= {"optimizer": "adam", "learning_rate": 0.002, "global_clipnorm": None}
        keeps_state = False
    if keeps_state:
        tree["n_optimizer_variables"] = len(optimizer_state)
        for i, values in enumerate(optimizer_state):
            place.put(f"optimizer/{i}", values)
        unaveraged = vars(estimator).get("_unaveraged")
        if unaveraged is not None and unaveraged[1] == digest(estimator.network_.values):
            tree["has_unaveraged"] = True
            for i, values in enumerate(unaveraged[0]):
                place.put(f"unaveraged/{i}", values)
    return tree


def decode_estimator(node, cls):
    """Make the network estimator of a node."""
    if "text" in node and "text" not in cls._get_param_names():
        node.refuse(f"It has a 'text', but {cls.__name__} has no such parameter.")
    inner = {"text": decode_text(node)} if "text" in node else None
    estimator = decode_parameters(
        node, cls, allowed=is_data, renamed=with_present_names, inner=inner
    )
    try:
        objective_of(estimator)
    except ValueError as error:
        node.refuse(str(error)[:200])
    state = node.below("state")
    network = state.take("network", "an object", lambda value: type(value) is dict)
    # Files of format 1 describe the head as part of the network.
    is_old = "head" not in network
    read = NetworkDescription.from_format_1 if is_old else NetworkDescription.from_config
    try:
        description = read(network)
    except ValueError as error:
        state.refuse(str(error))
    size = description.vocabulary_size
    estimator.vocabulary_size_ = state.take(
        "vocabulary_size",
        f"{size}, as the network has it",
        lambda value: type(value) in (int, type(None)) and value == size,
    )
    estimator._set_head(_decode_head(state, description, is_old))
    _decode_input(state, estimator, description)
    if hasattr(estimator, "text"):
        words = getattr(estimator._words, "words", ())
        estimator.text_ = decode_reader(state, node, words)
        estimator.surroundings_ = decode_surroundings(
            state, node, estimator.text_, description.head_.n_outputs
        )
        check_reader(estimator, state, description)
    _decode_history(state, estimator)
    if hasattr(estimator, "calibrate"):
        estimator.calibration_ = decode_calibration(state)
    if "weight_unit" in state:
        estimator._weight_unit = state.take_float(
            "weight_unit", "a positive number", lambda value: 0 < value < np.inf
        )
    estimator.embedding_coverage_ = decode_coverage(state)
    estimator.ngrams_ = _decode_ngrams(state, node, description)
    estimator.convolutions_ = decode_convolutions(state, node, description, estimator.patch_size_)
    estimator.columns_ = _decode_columns(state, node, description)
    is_unscaled = not description.is_tokens and "channels" not in state
    estimator.channels_ = decode_channels(state, node, description, estimator.patch_size_)
    if is_unscaled and getattr(estimator, "scaling", None) is not None:
        estimator.set_params(scaling=None)  # so that a further training reads numbers as this one
    variables = description.variables()
    values = [_take_variable(node, i, variable) for i, variable in enumerate(variables)]
    if len({array.dtype for array in values if array.dtype.kind == "f"}) > 1:
        node.refuse("The weights are not all of one dtype.", ARRAYS)
    seed, unaveraged = _decode_training(state, node, estimator, variables)
    if unaveraged is not None:
        estimator._unaveraged = unaveraged, digest(values)
    state.close()
    estimator.network_ = FittedNetwork(description, values, seed)
    return estimator


def _decode_head(state, description, is_old):
    cls = head_class(description.head["kind"])
    if not is_old:
        node = state.below("head")
        head = cls.decode_state(node, description.head)
        node.close()
        return head
    wanted = description.head["kind"] == "labels"
    state.take("multilabel", f"{wanted}, as the network has it", lambda v: v is wanted)
    return cls.decode_state(state, description.head)


def _decode_input(state, estimator, description):
    decode_features(state, estimator)
    if "is_table" in state:
        estimator._is_table = state.take_flag("is_table")
    decode_words(state, estimator, description.vocabulary_size or 0)
    estimator.patch_size_ = None
    n_channels = description.n_channels
    if n_channels is not None:
        if not hasattr(estimator, "_is_table"):
            state.refuse("'is_table' is missing, but numeric sequences need it.")
        # Files of earlier versions have none.
        estimator.patch_size_ = state.take_int("patch_size", 1) if "patch_size" in state else 1
        wanted = estimator.patch_size_ * (1 if estimator._is_table else estimator.n_features_in_)
        if n_channels != wanted:
            state.refuse(
                f"The network reads {n_channels} numbers at a step, the input has {wanted}."
            )


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
                f"{key!r} must have a 'loss', and one number for each epoch in every list."
            )
        histories.append({name: list(map(float, values)) for name, values in tree.items()})
    estimator.history_, estimator.pretraining_history_ = histories
    n_epochs = len(estimator.history_["loss"])
    estimator.n_iter_ = state.take_int("n_iter", n_epochs, n_epochs)
    estimator.best_epoch_ = state.take_int("best_epoch", 0, n_epochs)


def _decode_ngrams(state, node, description):
    tree = state.take("ngrams", "an object or null", lambda v: v is None or type(v) is dict)
    n_outputs, names = description.head_.n_outputs, {one.name for one in description.side_inputs}
    is_one = tree is not None
    wanted = (is_one, is_one and n_outputs <= MAX_CHANNELS)
    if (NGRAM_SCORES in names, NGRAM_EVIDENCE in names) != wanted:
        state.refuse("The network and the model of the n-grams do not have the same outputs.")
    if not is_one:
        return None
    ngrams = node.of(tree, "ngrams")
    ngram_range = take_ngram_range(ngrams)
    settings = {
        "min_df": ngrams.take_int("min_df", 1),
        "scale": ngrams.take_float("scale", "a number in (0, 1e12]", lambda v: 0 < v <= 1e12),
    }
    has_sizes = "has_sizes" in ngrams and ngrams.take_flag("has_sizes")
    ngrams.close()
    codes = [
        ngrams.take_array(f"codes/{n}", ("int64",), (None,)) for n in range(1, ngram_range[1] + 1)
    ]
    coef = ngrams.take_array("coef", ("float32",), (n_outputs, None))
    intercept = ngrams.take_array("intercept", ("float32",), (n_outputs,))
    sizes = ngrams.take_array("sizes", ("float32",), coef.shape) if has_sizes else None
    try:
        return NgramModel.from_arrays(
            ngram_range, description.vocabulary_size, settings, codes, coef, intercept, sizes
        )
    except ValueError as error:
        ngrams.refuse(str(error), ARRAYS)


def _decode_columns(state, node, description):
    """Return the scaler of the columns beside the texts, or None, as in a network without."""
    joined = description.state_inputs
    if (COLUMNS,) * ("columns" in state) != tuple(one.name for one in joined):
        state.refuse("The network and the rest of the file do not have the same columns.")
    if not joined:
        return None
    tree = state.below("columns")
    names = tree.take_strings("names", unique=True)
    tree.close()
    if len(names) != joined[0].width:
        state.refuse(f"There are {len(names)} names for {joined[0].width} columns.")
    columns = node.of({}, "columns")
    mean = columns.take_array("mean", ("float64",), (len(names),))
    scale = columns.take_array("scale", ("float64",), (len(names),))
    if not (scale > 0).all():
        columns.refuse("A scale of the columns is not above 0.", ARRAYS)
    return ColumnScaler(names, mean, scale)


def _take_variable(node, i, variable, kind="variables"):
    if variable.kind != "seed":
        return node.take_array(f"{kind}/{i}", _WEIGHTS, variable.shape)
    values = node.take_array(f"{kind}/{i}", _SEEDS, variable.shape)
    if values.min() < 0 or values.max() >= 2**32:
        node.refuse(f"The state of the {variable.name} is {values.tolist()}, not of 32 bits.")
    return values


def _decode_training(state, node, estimator, variables):
    """Set the settings and the optimizer's state; return the seed, and `unaveraged` or None."""
    training = state.below("training")
    values = {
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
    if values["optimizer"] is None:
        values["optimizer"] = estimator.optimizer
    for name in _OPTIONS:
        if name in training:
            values[name] = _take_value(training, name)
    settings = TrainingSettings(**values)
    if not _is_usable(settings):
        training.refuse("The optimizer is neither a name with a learning rate nor an optimizer.")
    n = training.take(
        "n_optimizer_variables",
        "a number or null",
        lambda v: v is None or (type(v) is int and 0 <= v <= 8 * len(variables) + 8),
    )
    has_unaveraged = "has_unaveraged" in training and training.take_flag("has_unaveraged")
    training.close()
    estimator._settings = settings
    if n is not None:
        estimator._optimizer_state = [_take_slot(node, i, variables) for i in range(n)]
    unaveraged = None
    if has_unaveraged:
        unaveraged = [
            _take_variable(node, i, variable, "unaveraged") for i, variable in enumerate(variables)
        ]
    return seed, unaveraged


def _take_value(node, key):
    value = node.take(key, "a value", lambda value: True)
    try:
        return decode_value(value, may_be_object=True)
    except ValueError as error:
        node.refuse(f"{key!r}: {error}")


def _is_usable(settings):
    optimizer, rate, norm = settings.optimizer, settings.learning_rate, settings.global_clipnorm
    if not isinstance(optimizer, str):
        return hasattr(optimizer, "apply_gradients") and rate is None and norm is None
    # A copy made for predictions during a fit has no learning rate.
    is_rate = rate is None or (type(rate) is float and 0 < rate < np.inf)
    is_norm = norm is None or (type(norm) is float and norm > 0)
    return is_optimizer_name(optimizer) and (is_rate or hasattr(rate, "get_config")) and is_norm


def _take_slot(node, i, variables):
    """Take a variable of the optimizer: a number, or an array shaped like a weight or its side."""
    array = node.arrays.get(f"{node.where}/optimizer/{i}")
    allowed = {(), (1,)}
    for variable in variables:
        if variable.kind != "seed":
            shape = variable.shape
            allowed |= {shape, shape[:-1], shape[:-2] + shape[-1:]}
    shape = array.shape if array is not None and array.shape in allowed else ()
    return node.take_array(f"optimizer/{i}", (*_WEIGHTS, "int32", "int64", "bool"), shape)


def is_data(key, value):
    """Whether a file may set a parameter to this value."""
    if key == "embeddings":
        return value is None or isinstance(value, str)
    if key == "callbacks":
        return value is None
    return key != "optimizer" or not isinstance(value, str) or is_optimizer_name(value)


def encode_history(history):
    """Return a history as JSON."""
    return {name: list(map(float, values)) for name, values in history.items()}


def _int_or_none(value):
    return None if value is None else int(value)

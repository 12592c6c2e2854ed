"""Keras's own optimizers and learning-rate schedules as JSON.

Keras reads configurations by module and name. Here, the file names no module: a name is looked up
among those below, and a configuration can only hold numbers, strings and one schedule.
"""

import sys

from skrnn.exceptions import InvalidInputError

OPTIMIZERS = (
    *("SGD", "RMSprop", "Adam", "AdamW", "Adadelta", "Adagrad", "Adamax", "Adafactor", "Nadam"),
    *("Ftrl", "Lion", "Lamb", "Muon", "ScheduleFreeAdamW"),
)
SCHEDULES = (
    *("ExponentialDecay", "PiecewiseConstantDecay", "PolynomialDecay", "InverseTimeDecay"),
    *("CosineDecay", "CosineDecayRestarts"),
)
_LOWERED = {name.lower() for name in OPTIMIZERS}


def is_optimizer_name(name):
    """Whether a string is the name of one of Keras's own optimizers."""
    return type(name) is str and name.lower() in _LOWERED


def encode(value):
    """Return an optimizer or a schedule as JSON, or None if it is not one of Keras's own."""
    if "keras" not in sys.modules:  # without Keras, no such object exists
        return None
    cls = type(value)
    if _find(cls.__name__) is not cls:
        return None
    config = {key: _encode_setting(one) for key, one in value.get_config().items()}
    if any(one is _UNKNOWN for one in config.values()):
        return None
    return {"keras": cls.__name__, "config": config}


def decode(name, config):
    """Return the optimizer or schedule that `encode` has written.

    Raises
    ------
    ValueError
        If the name is not known, or Keras does not accept the configuration.
    """
    if type(name) is not str or name not in OPTIMIZERS + SCHEDULES or type(config) is not dict:
        raise InvalidInputError(
            f"{str(name)[:40]!r} is not one of Keras's optimizers or schedules."
        )
    settings = {}
    for key, value in config.items():
        if type(value) is dict:
            is_schedule = key == "learning_rate" and list(value) == ["keras", "config"]
            if not is_schedule or value["keras"] not in SCHEDULES:
                raise InvalidInputError(
                    f"The {key[:40]!r} of {name} is not a number, string or schedule."
                )
            value = decode(value["keras"], value["config"])
        elif type(value) is list and not all(type(one) in (int, float, str) for one in value):
            raise InvalidInputError(
                f"The {key[:40]!r} of {name} is not a list of numbers or strings."
            )
        settings[key] = value
    cls = _find(name)
    if cls is None:
        raise InvalidInputError(f"The installed version of Keras has no {name}; upgrade Keras.")
    try:
        return cls(**settings)
    except Exception as error:  # Keras may raise anything; in each case the file is not valid
        raise InvalidInputError(
            f"Keras does not accept these settings of {name}: {error}"
        ) from None


def _find(name):
    from skrnn.backend.tensorflow import keras

    if name in OPTIMIZERS:
        return getattr(keras.optimizers, name, None)
    return getattr(keras.optimizers.schedules, name, None) if name in SCHEDULES else None


_UNKNOWN = object()


def _encode_setting(value):
    # NumPy's scalars become plain Python numbers.
    if hasattr(value, "item") and getattr(value, "ndim", None) == 0:
        value = value.item()
    if type(value) in (bool, int, float, str, type(None)):
        return value
    if isinstance(value, list | tuple):
        return [_encode_setting(one) for one in value]
    if isinstance(value, dict):
        # Keras's own form of a schedule: module, class_name, config, registered_name.
        is_own = str(value.get("module")).startswith("keras.")
        if is_own and value.get("class_name") in SCHEDULES and not value.get("registered_name"):
            config = {key: _encode_setting(one) for key, one in value["config"].items()}
            if not any(one is _UNKNOWN for one in config.values()):
                return {"keras": value["class_name"], "config": config}
    return _UNKNOWN

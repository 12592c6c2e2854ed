"""Settings of Keras for a whole process or thread, and running code under them."""

from contextlib import contextmanager

from skrnn.backend.tensorflow import keras

_POLICIES = ("float64", "float16", "bfloat16", "mixed_float16", "mixed_bfloat16")
# Each with the function of keras.config that makes it.
SETTINGS = {
    **{f"policy {name}": ("set_dtype_policy", name) for name in _POLICIES},
    "floatx float64": ("set_floatx", "float64"),
    "floatx float16": ("set_floatx", "float16"),
    "epsilon": ("set_epsilon", 0.05),
    "data format": ("set_image_data_format", "channels_first"),
}


def now():
    """Return the settings as they are."""
    config = keras.config
    return (
        config.dtype_policy().name,
        config.floatx(),
        config.epsilon(),
        config.image_data_format(),
    )


@contextmanager
def under(setting):
    """Make one of `SETTINGS`, and take it back."""
    before = now()
    name, value = SETTINGS[setting]
    getattr(keras.config, name)(value)
    try:
        yield
    finally:
        for key, value in zip(
            ("dtype_policy", "floatx", "epsilon", "image_data_format"), before, strict=True
        ):
            getattr(keras.config, f"set_{key}")(value)

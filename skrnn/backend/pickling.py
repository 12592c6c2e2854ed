"""Unpickle Keras objects the way that skrnn starts Keras: on TensorFlow, and in silence."""


class StartTensorFlow:
    """A value that, when unpickled, starts TensorFlow as skrnn does, and becomes None.

    Put before Keras objects in a pickle, it comes first: unpickling one of them alone would import
    Keras by itself, with the messages of TensorFlow that :mod:`skrnn.backend.tensorflow` hides.
    """

    def __reduce__(self):
        """Return what unpickling calls."""
        return start, ()


def start():
    """Start TensorFlow."""
    import skrnn.backend.tensorflow  # noqa: F401


def is_of_keras(value) -> bool:
    """Whether a value, or one in a list, is an object of Keras or of a subclass of its classes."""
    values = value if isinstance(value, list | tuple) else [value]
    return any(
        base.__module__.partition(".")[0] == "keras" for one in values for base in type(one).__mro__
    )

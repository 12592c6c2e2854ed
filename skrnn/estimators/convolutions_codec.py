"""Encoding the linear model of convolutions as JSON and arrays, and decoding it."""

from skrnn.convolutions import SCORES, ConvolutionModel
from skrnn.convolutions.kernels import N_KERNELS
from skrnn.fileformat.nodes import ARRAYS

# Arrays of a model, with their dtype and number of dimensions; those of floats must be finite.
_ARRAYS = {
    "dilation": ("int32", 1),
    "which": ("int32", 1),
    "inside": ("int32", 1),
    "channels": ("int32", 1),
    "channels_end": ("int64", 1),
    "biases": ("int32", 1),
    "biases_end": ("int64", 1),
    "mean": ("float64", 1),
    "scale": ("float64", 1),
    "coef": ("float32", 2),
    "intercept": ("float64", 1),
}


def encode_convolutions(model, place):
    """Return a fitted `ConvolutionModel` as JSON; put its arrays into `place`."""
    for name, values in model.to_arrays().items():
        place.put(name, values)
    n_kernels = model.n_kernels if model.n_kernels == "auto" else int(model.n_kernels)
    return {"n_kernels": n_kernels, "penalty": model.penalty, "factor": model.factor}


def decode_convolutions(state, node, description, patch_size):
    """Return the `ConvolutionModel` of a file, or None, as in a network without its scores."""
    is_read = any(one.name == SCORES for one in description.row_inputs)
    if is_read != ("convolutions" in state):
        state.refuse("The network and the model of the convolutions do not go together.")
    if not is_read:
        return None
    tree = state.below("convolutions")
    n_kernels = tree.take(
        "n_kernels",
        f"'auto' or an integer of at least {N_KERNELS}",
        lambda v: v == "auto" or (type(v) is int and v >= N_KERNELS),
    )
    penalty = tree.take_float("penalty", "a positive number", lambda v: 0 < v < 1e12)
    factor = tree.take_float("factor", "a number not below 0", lambda v: 0 <= v < 1e12)
    tree.close()
    below = node.of({}, "convolutions")
    n_outputs = description.head_.n_outputs
    n_channels = (description.n_channels or 0) // (patch_size or 1)
    shapes = {
        "mean": (n_channels,),
        "scale": (n_channels,),
        "coef": (n_outputs, None),
        "intercept": (n_outputs,),
    }
    arrays = {
        name: below.take_array(name, (dtype,), shapes.get(name, (None,) * n_dims))
        for name, (dtype, n_dims) in _ARRAYS.items()
    }
    try:
        return ConvolutionModel.from_arrays(n_kernels, penalty, factor, arrays)
    except ValueError as error:
        below.refuse(str(error), ARRAYS)

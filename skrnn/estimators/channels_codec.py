"""Encoding the scale of numeric channels as JSON and arrays, and decoding it."""

from skrnn.fileformat.nodes import ARRAYS
from skrnn.sequences import ChannelScaler

_ARRAYS = {"mean": "float64", "scale": "float64", "exponent": "int64", "n_numbers": "int64"}


def encode_channels(scaler, place):
    """Return a `ChannelScaler` as JSON; put its arrays into `place`."""
    for key, array in zip(_ARRAYS, scaler.to_arrays(), strict=True):
        place.put(key, array)
    return {"scaling": scaler.scaling}


def decode_channels(state, node, description, patch_size):
    """Return the scaler of the channels, or None for token ids."""
    n_channels = description.n_channels
    if n_channels is not None:
        n_channels //= patch_size
    if "channels" not in state:
        # Files of earlier versions, whose networks read numbers as they are.
        return None if n_channels is None else ChannelScaler.unknown(None, n_channels)
    if n_channels is None:
        state.refuse("It has the scale of channels, but the network reads token ids.")
    tree = state.below("channels")
    scaling = tree.take(
        "scaling", "'standard', 'series' or null", lambda v: v in ("standard", "series", None)
    )
    tree.close()
    channels = node.of({}, "channels")
    arrays = [channels.take_array(key, (dtype,), (n_channels,)) for key, dtype in _ARRAYS.items()]
    try:
        return ChannelScaler.from_arrays(scaling, *arrays)
    except ValueError as error:
        channels.refuse(str(error), ARRAYS)

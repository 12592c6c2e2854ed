"""Input sequences: checks of any accepted container, one common form, and batches."""

from skrnn.sequences.channels import ChannelScaler
from skrnn.sequences.checks import InputForm, check_feature_names, check_sequences
from skrnn.sequences.columns import COLUMNS, Columns, ColumnScaler, check_same_columns
from skrnn.sequences.containers import plain_column, refuse_mask
from skrnn.sequences.keeping import KeepsOrigin
from skrnn.sequences.layout import from_channels_first
from skrnn.sequences.origin import Origin, origin_of
from skrnn.sequences.patches import choose_patch_size, patched, shifted
from skrnn.sequences.ragged import as_rows, holds_rows, ragged_labels, refuse_unequal_rows
from skrnn.sequences.sequences import Sequences
from skrnn.sequences.special_tokens import FIRST_WORD, PADDING, UNKNOWN, UNKNOWN_WORD
from skrnn.sequences.token_array import TokenArray
from skrnn.sequences.words import KnownWords

__all__ = [
    "COLUMNS",
    "FIRST_WORD",
    "PADDING",
    "UNKNOWN",
    "UNKNOWN_WORD",
    "ChannelScaler",
    "ColumnScaler",
    "Columns",
    "InputForm",
    "KeepsOrigin",
    "KnownWords",
    "Origin",
    "Sequences",
    "TokenArray",
    "as_rows",
    "check_feature_names",
    "check_same_columns",
    "check_sequences",
    "choose_patch_size",
    "from_channels_first",
    "holds_rows",
    "origin_of",
    "patched",
    "plain_column",
    "ragged_labels",
    "refuse_mask",
    "refuse_unequal_rows",
    "shifted",
]

"""The token ids that stand for no word, and where words begin."""

PADDING, UNKNOWN, FIRST_WORD = 0, 1, 2
# How the unknown word is shown, where ids are turned back into words.
UNKNOWN_WORD = "<unk>"

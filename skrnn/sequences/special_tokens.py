"""The special token ids, and the first id of a word."""

PADDING, UNKNOWN, FIRST_WORD = 0, 1, 2
# The unknown word, when ids are converted back to words.
UNKNOWN_WORD = "[UNK]"  # as keras.layers.TextVectorization writes it

"""The words of a tagger in a file: its reader, and its parameter `text`."""

import numpy as np

from skrnn.chains import Chain
from skrnn.chains.linear import LinearChain
from skrnn.fileformat.nodes import ARRAYS
from skrnn.fileformat.parameters import decode_parameters, encode_parameters
from skrnn.sequences import FIRST_WORD
from skrnn.text import TextToSequence
from skrnn.text.contexts import Contexts, templates
from skrnn.text.spelling import n_spellings as n_spellings_of
from skrnn.text.word_reader import WordReader

_WAYS_OUT = {
    "vocabulary": "The words are in the file: call set_params(text__vocabulary=None) first.",
    "extra_words": "The words are in the file: call set_params(text__extra_words=None) first.",
}
_MOST_LETTERS = 20
# Ids have 32 bits. Numbers of several ids that are beyond 64 bits wrap, as hashes do.
_MOST_IDS = 2**31


def encode_text(estimator, place):
    """Return the tree of the parameter `text`, or None."""
    text = getattr(estimator, "text", None)
    return None if text is None else encode_parameters(text, place, _WAYS_OUT)


def decode_text(node):
    """Return the value of the parameter `text` of a node."""
    tree = node.take("text", "an object or null", lambda v: v is None or type(v) is dict)
    if tree is None:
        return None
    below = node.of(tree, "text")
    text = decode_parameters(below, TextToSequence)
    below.close()
    return text


def encode_reader(reader, place):
    """Return the tree of a reader; its vocabulary is that of the estimator's words."""
    contexts = reader.contexts
    if contexts is not None:
        for i, codes in enumerate(contexts.codes):
            place.put(f"contexts/{i}", codes)
    return {
        "lowercase": bool(reader.lowercase),
        "strip_accents": reader.strip_accents,
        "max_length": None if reader.max_length is None else int(reader.max_length),
        "affixes": None if reader.affixes is None else list(reader.affixes),
        "spellings": list(reader.spellings),
        "columns": [list(column) for column in reader.columns],
        "window": None if contexts is None else int(contexts.window),
        "sizes": None if contexts is None else list(map(int, contexts.sizes)),
    }


def decode_reader(state, node_of_arrays, words):
    """Return the reader of a node, or None.

    Parameters
    ----------
    state : Node
        With a "reader" or none.
    node_of_arrays : Node
        Of the estimator, where the arrays are.
    words : tuple of str or None
        The word of each id.
    """
    if "reader" not in state:
        return None
    node = state.below("reader")
    found = list(words[FIRST_WORD:])
    if any(word is None for word in found) or len(set(found)) < len(found):
        node.refuse("Its words are not all there, or not all different.")
    affixes = node.take("affixes", "null or [n, m]", _are_affixes)
    columns = node.take("columns", "a list of lists of strings", _are_columns)
    ids, n = [], 0
    for column in columns:
        ids.append(dict(zip(column, range(n + 1, n + len(column) + 1), strict=True)))
        n += len(column)
    spellings = node.take_strings("spellings", unique=True)
    reader = WordReader(
        {word: i for i, word in enumerate(found, FIRST_WORD)},
        lowercase=node.take_flag("lowercase"),
        strip_accents=node.take(
            "strip_accents", "ascii, unicode or null", lambda v: v in (None, "ascii", "unicode")
        ),
        max_length=node.take(
            "max_length", "a count or null", lambda v: v is None or (type(v) is int and v > 0)
        ),
        affixes=None if affixes is None else tuple(affixes),
        spellings={one: i for i, one in enumerate(spellings, 1)},
        columns=ids,
    )
    reader.contexts = _decode_contexts(node, node_of_arrays, reader)
    node.close()
    return reader


def _decode_contexts(node, node_of_arrays, reader):
    window = node.take(
        "window", "0 to 5 or null", lambda v: v is None or (type(v) is int and 0 <= v <= 5)
    )
    n_spellings = 0 if reader.affixes is None else n_spellings_of(reader.affixes)
    n_columns = len(reader.columns)
    n_sizes = 0 if window is None else 1 + n_columns + n_spellings
    sizes = node.take(
        "sizes",
        f"{n_sizes} counts, or null",
        lambda v: (
            v is None
            if window is None
            else type(v) is list
            and len(v) == n_sizes
            and all(type(one) is int and 0 < one <= _MOST_IDS for one in v)
        ),
    )
    if window is None:
        return None
    n_templates = len(templates(window, n_columns, n_spellings))
    codes = [
        node_of_arrays.take_array(f"contexts/{i}", ("int64",), (None,)) for i in range(n_templates)
    ]
    for one in codes:
        if (np.diff(one) <= 0).any():
            node.refuse("The surroundings of words are not in ascending order.", ARRAYS)
    return Contexts(window, n_columns, n_spellings, codes, sizes)


def encode_surroundings(model, place):
    """Put the arrays of a model of surroundings into `place`."""
    place.put("weight", np.array(model.weight))
    place.put("place", model.place)
    place.put("table", model.table)
    for name, values in zip(Chain._fields, model.chain, strict=True):
        place.put(name, values)


def decode_surroundings(state, node_of_arrays, reader, n_tags):
    """Return the model of surroundings of a node, or None.

    Parameters
    ----------
    state : Node
        With "surroundings" true or none.
    node_of_arrays : Node
        Of the estimator.
    reader : WordReader or None
    n_tags : int
    """
    if "surroundings" not in state or not state.take_flag("surroundings"):
        return None
    if reader is None or reader.contexts is None:
        state.refuse("There is a model of surroundings, but no features that it reads.")
    node = node_of_arrays.of({}, "surroundings")
    weight = node.take_array("weight", ("float64",), ())
    if not 0 <= weight <= 1:
        node.refuse(f"The weight of the surroundings is {weight}, not in [0, 1].", ARRAYS)
    place = node.take_array("place", ("int32",), (reader.contexts.n_ids,))
    table = node.take_array("table", ("float32",), (None, n_tags))
    shapes = ((n_tags, n_tags), (n_tags,), (n_tags,))
    chain = Chain(
        *(
            node.take_array(name, ("float32",), shape)
            for name, shape in zip(Chain._fields, shapes, strict=True)
        )
    )
    if place[0] != 0 or place.min() < 0 or place.max() >= len(table):
        node.refuse("The surroundings name rows that the table does not have.", ARRAYS)
    if not all(np.isfinite(one).all() for one in (table, *chain)):
        node.refuse("A weight of the surroundings is not finite.", ARRAYS)
    return LinearChain(place, table, chain, float(weight))


def check_reader(estimator, state, description):
    """Refuse a file whose network reads other side inputs of words than its reader makes."""
    if estimator.text_ is not None and not description.is_tokens:
        state.refuse("It has a reader of words, but its network reads numbers.")
    wanted = tuple(estimator._step_features(estimator.head_))
    if description.side_inputs != wanted:
        state.refuse("The network and the rest of the file do not have the same words.")


def _are_affixes(value):
    if value is None:
        return True
    is_pair = type(value) is list and [type(one) for one in value] == [int, int]
    return is_pair and 1 <= value[0] <= value[1] <= _MOST_LETTERS


def _are_columns(value):
    return type(value) is list and all(
        type(column) is list
        and all(type(one) is str for one in column)
        and len(set(column)) == len(column)
        for column in value
    )

"""The weights that a network must have, told from its description without building it.

Keras would allocate whatever a description says. Known beforehand, the shapes can be compared
with the arrays that are there, which are as large as the file they came from.
"""

from typing import NamedTuple

N_GATES = {"rnn": 1, "lstm": 4, "gru": 3}
POOLINGS = ("last", "max", "mean", "attention")
# More than anyone trains, and few enough that building them takes no more than seconds.
MAX_LAYERS = 100


class Variable(NamedTuple):
    """A variable of a network.

    Attributes
    ----------
    name : str
        For errors.
    shape : tuple of int
    kind : {"weight", "frozen", "seed"}
        Trained; a weight that training leaves alone; the state of a dropout's generator.
    """

    name: str
    shape: tuple
    kind: str = "weight"


def network_shapes(network):
    """Return the variables of ``build_network(**network)`` in the order of the layers.

    Parameters
    ----------
    network : dict
        Arguments of :func:`skrnn.build_network`, checked by `check_network`.

    Returns
    -------
    list of Variable
    """
    variables = []
    if network["n_channels"] is None:
        width = network["embedding_dim"]
        if network["word_dropout"]:
            variables.append(_seed("word_dropout"))
        kind = "weight" if network["trainable_embeddings"] else "frozen"
        variables.append(Variable("embedding", (network["vocabulary_size"], width), kind))
        if network["embedding_dropout"]:
            variables.append(_seed("embedding_dropout"))
    else:
        width = network["n_channels"]
    if network["ngram_evidence"]:
        width += network["n_outputs"]
    directions = ("forward", "backward") if network["bidirectional"] else ("forward",)
    for i, units in enumerate(network["units"]):
        for direction in directions:
            name = f"{direction} {network['cell']} {i + 1}"
            variables.extend(_cell(name, network["cell"], width, units))
        width = units * len(directions)
    if network["pooling"] == "attention":
        variables.append(Variable("attention kernel", (width, width)))
        variables.append(Variable("attention bias", (width,)))
        variables.append(Variable("attention query", (width, 1)))
    if network["dropout"]:
        variables.append(_seed("dropout"))
    n_outputs = network["n_outputs"]
    variables.append(Variable("dense kernel", (width, n_outputs)))
    variables.append(Variable("dense bias", (n_outputs,)))
    if network["ngram_scores"]:
        variables.append(Variable("weight of the n-grams", (n_outputs,)))
    return variables


def _cell(name, cell, width, units):
    columns = N_GATES[cell] * units
    yield Variable(f"{name} kernel", (width, columns))
    yield Variable(f"{name} recurrent kernel", (units, columns))
    # A GRU has one bias for the input and one for the state.
    yield Variable(f"{name} bias", (2, columns) if cell == "gru" else (columns,))
    yield _seed(name)  # for dropout, also where there is none


def _seed(name):
    return Variable(f"{name} generator", (2,), "seed")


def check_network(network):
    """Check a description against what `build_network` takes.

    Parameters
    ----------
    network : dict
        From anywhere.

    Raises
    ------
    ValueError
        Where a key is missing or unknown, or a value of another type or out of range.
    """
    if network.keys() != _WANTED.keys():
        odd = sorted(network.keys() ^ _WANTED.keys())
        raise ValueError(f"The network's description lacks, or does not know, {odd[:3]}.")
    for key, (wanted, is_valid) in _WANTED.items():
        if not is_valid(network[key]):
            raise ValueError(
                f"The network's {key!r} is {str(network[key])[:40]} where {wanted} should be."
            )
    is_tokens = network["n_channels"] is None
    if is_tokens == (network["vocabulary_size"] is None):
        raise ValueError("Of 'vocabulary_size' and 'n_channels' one must be null, the other not.")
    if network["multilabel"] and network["n_outputs"] < 2:
        raise ValueError("A multilabel network has two outputs or more.")
    if not is_tokens and (network["ngram_scores"] or network["ngram_evidence"]):
        raise ValueError("A network of numeric channels reads no n-grams.")


def _is_count(value):
    return type(value) is int and value > 0


def _is_stack(value):
    return type(value) is list and 0 < len(value) <= MAX_LAYERS and all(map(_is_count, value))


def _is_share(value):
    return type(value) in (int, float) and 0 <= value < 1


_FLAG = ("true or false", lambda value: type(value) is bool)
_COUNT = ("a positive integer", _is_count)
_COUNT_OR_NONE = ("a positive integer or null", lambda value: value is None or _is_count(value))
_SHARE = ("a number in [0, 1)", _is_share)
_WANTED = {
    "cell": (f"one of {sorted(N_GATES)}", lambda value: type(value) is str and value in N_GATES),
    "units": (f"a list of 1 to {MAX_LAYERS} positive integers", _is_stack),
    "bidirectional": _FLAG,
    "embedding_dim": _COUNT,
    "pooling": (f"one of {sorted(POOLINGS)}", lambda v: type(v) is str and v in POOLINGS),
    "trainable_embeddings": _FLAG,
    "word_dropout": _SHARE,
    "embedding_dropout": _SHARE,
    "recurrent_dropout": _SHARE,
    "dropout": _SHARE,
    "ngram_scores": _FLAG,
    "ngram_evidence": _FLAG,
    "vocabulary_size": _COUNT_OR_NONE,
    "n_channels": _COUNT_OR_NONE,
    "n_outputs": _COUNT,
    "multilabel": _FLAG,
}

"""What a network is made of: the one place that knows the architecture.

A :class:`NetworkDescription` says which layers there are, what they are called and which variables
they have, in order. :mod:`skrnn.network.build` makes the Keras model of it,
:mod:`skrnn.network.fitted` computes with its variables, and files, ONNX and explanations ask it.
Nothing here loads TensorFlow: Keras would allocate whatever a description says. Known beforehand,
the shapes can be compared with the arrays of a file, which are as large as the file they came from.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, fields, replace
from functools import cached_property
from typing import Any, NamedTuple

from skrnn.convolutions import SCORES as CONVOLUTION_SCORES
from skrnn.exceptions import InvalidInputError
from skrnn.heads.base import Head, Variable
from skrnn.heads.registry import head_of_layout
from skrnn.ngrams import EVIDENCE as NGRAM_EVIDENCE
from skrnn.ngrams import SCORES as NGRAM_SCORES

N_GATES = {"rnn": 1, "lstm": 4, "gru": 3}
POOLINGS = ("last", "max", "mean", "attention")
# More than anyone trains, and few enough that building them takes no more than seconds.
MAX_LAYERS = 100
# As many as anyone averages; a network may take any of the layers above so often.
MAX_NETWORKS = 100
# Names of layers that are there at most once.
EMBEDDING, APPEND, LOGITS, DENSE = "embedding", "append_evidence", "logits", "recurrent_logits"
JOIN = "join_columns"
# Units of the layer that reads the states together with the columns of a row.
JOIN_UNITS = 64


# Kinds of side inputs, in the order in which a network has them.
KINDS = ("state", "row", "step", "ids", "id_scores")
# What a description of each kind has beside its name, its kind and its width.
_FURTHER: dict[str, tuple[str, ...]] = {"ids": ("n_ids", "dim"), "id_scores": ("n_ids",)}


class SideInput(NamedTuple):
    """What a network reads beside the sequence: numbers, or ids.

    Attributes
    ----------
    name : str
    per : {"state", "row", "step", "ids", "id_scores"}
        One vector a row is joined to what the head reads, the summary or each step's state; or is
        added to the raw output, by learned weights. One vector a step is appended to the step's
        own. "ids" are several ids a step: their learned vectors, summed, are appended to the
        step's own. "id_scores" are ids, too: each has a learned number for each output, and their
        sum is added to the raw output of the step, as of a linear model beside the network.
    width : int
        Numbers in a vector, or ids of a step.
    n_ids : int or None
        Of ids only. They are below it; 0 is no id, and adds nothing.
    dim : int or None
        Of "ids" only. Numbers in the vector of an id.
    """

    name: str
    per: str
    width: int
    n_ids: int | None = None
    dim: int | None = None

    @property
    def is_ids(self) -> bool:
        """Whether it has ids rather than numbers."""
        return self.per in _FURTHER

    def config(self) -> dict[str, Any]:
        """Return it as JSON; without what its kind does not have."""
        return {key: getattr(self, key) for key in _keys(self.per)}


def _keys(per):
    return ("name", "per", "width", *_FURTHER.get(per, ()))


class RecurrentLayer(NamedTuple):
    """One layer of the stack.

    Attributes
    ----------
    name : str
        Of the layer in the Keras model.
    directions : tuple of str
        Names of the layers that read forward and, if there is one, backward.
    n_features : int
        Numbers that it reads at each step.
    units : int
        Width of the state in each direction.
    every_step : bool
        Whether it returns the state after each step, or only the last.
    """

    name: str
    directions: tuple
    n_features: int
    units: int
    every_step: bool


@dataclass(frozen=True, kw_only=True)
class NetworkDescription:
    """The architecture of a network; parameters as of :func:`skrnn.build_network`.

    Parameters
    ----------
    cell : {"rnn", "lstm", "gru"}
    units : tuple of int
        Width of each recurrent layer.
    bidirectional : bool
    embedding_dim : int
    pooling : {"last", "max", "mean", "attention"}
        How a head that reads the summary gets it; of no effect for one that reads the steps.
    trainable_embeddings : bool
    word_dropout, embedding_dropout, recurrent_dropout, dropout : float
    vocabulary_size : int or None
        Number of token ids; None for numeric channels.
    n_channels : int or None
        Number of numeric channels; None for token ids.
    side_inputs : tuple of SideInput
        What the network reads beside the sequence, in the order of its inputs: what is joined to
        states (at most one), then those of a row, of a step, and ids: first those whose vectors
        are appended, then those with scores, which need a head that reads the steps.
    head : dict
        The layout of the head, see :meth:`skrnn.heads.base.Head.layout`.
    n_networks : int
        Networks of this architecture that read the same inputs and share nothing else. The raw
        output is the mean of theirs. All other attributes are about one of them.
    """

    cell: str = "lstm"
    units: tuple[int, ...] = (64,)
    bidirectional: bool = True
    embedding_dim: int = 128
    pooling: str = "max"
    trainable_embeddings: bool = True
    word_dropout: float = 0.1
    embedding_dropout: float = 0.3
    recurrent_dropout: float = 0.0
    dropout: float = 0.5
    vocabulary_size: int | None = 10_002
    n_channels: int | None = None
    side_inputs: tuple[SideInput, ...] = ()
    head: dict[str, Any]
    n_networks: int = 1

    # --- What there is ---

    @cached_property
    def head_(self) -> Head:
        """The head, without a coding of y."""
        return head_of_layout(self.head)

    @property
    def of_one(self) -> NetworkDescription:
        """The description of one of the networks."""
        return self if self.n_networks == 1 else replace(self, n_networks=1)

    @property
    def is_tokens(self) -> bool:
        """Whether the steps are token ids."""
        return self.n_channels is None

    @property
    def state_inputs(self) -> tuple[SideInput, ...]:
        """The side input that is joined to the states, if any."""
        return self._of_kind("state")

    @property
    def row_inputs(self) -> tuple[SideInput, ...]:
        """The side inputs of a row that are added to the raw output."""
        return self._of_kind("row")

    @property
    def step_inputs(self) -> tuple[SideInput, ...]:
        """The side inputs of numbers of a step."""
        return self._of_kind("step")

    @property
    def id_inputs(self) -> tuple[SideInput, ...]:
        """The side inputs of ids whose vectors are appended to the step's own."""
        return self._of_kind("ids")

    @property
    def id_score_inputs(self) -> tuple[SideInput, ...]:
        """The side inputs of ids whose scores are added to the raw output of a step."""
        return self._of_kind("id_scores")

    def _of_kind(self, per):
        return tuple(one for one in self.side_inputs if one.per == per)

    @property
    def every_step(self) -> bool:
        """Whether the last recurrent layer returns the state after each step."""
        return self.head_.reads != "summary" or self.pooling != "last"

    @property
    def width(self) -> int:
        """Numbers in a state of the last recurrent layer, both directions together."""
        return self.units[-1] * (1 + self.bidirectional)

    @property
    def head_width(self) -> int:
        """Numbers that the head reads: the state and, with columns, those and what joins them."""
        n_joined = sum(one.width for one in self.state_inputs)
        return self.width + n_joined + JOIN_UNITS * bool(n_joined)

    def recurrent_layers(self) -> list[RecurrentLayer]:
        """Return the layers of the stack, first to last."""
        n_features = self.embedding_dim if self.n_channels is None else self.n_channels or 1
        n_features += sum(one.width for one in self.step_inputs)
        n_features += sum(one.dim or 0 for one in self.id_inputs)
        layers = []
        for i, units in enumerate(self.units):
            name = f"{self.cell}_{i + 1}" if len(self.units) > 1 else self.cell
            directions: tuple = (name,)
            if self.bidirectional:
                name = f"bi{name}"
                directions = (f"forward_{self.cell}", f"backward_{self.cell}")
            every_step = self.every_step or i < len(self.units) - 1
            layers.append(RecurrentLayer(name, directions, n_features, units, every_step))
            n_features = units * len(directions)
        return layers

    def pooling_layer(self) -> str | None:
        """Return the name of the layer that pools the states, or None."""
        pools = self.head_.reads == "summary" and self.pooling != "last"
        return f"{self.pooling}_pooling" if pools else None

    def raw_layer(self) -> str:
        """Return the name of the layer in the head that makes the raw output of the states."""
        return DENSE if self.row_inputs or self.id_score_inputs else LOGITS

    def variables(self) -> list[Variable]:
        """Return the variables, network after network, in the order of their layers."""
        found = list(self._variables_of_one())
        if self.n_networks == 1:
            return found
        return [
            one._replace(name=f"{one.name} of network {i}")
            for i in range(1, self.n_networks + 1)
            for one in found
        ]

    def split(self, values: list) -> list[list]:
        """Return what belongs to the variables, in their order, as a list for each network."""
        n = len(values) // self.n_networks
        return [values[i * n : (i + 1) * n] for i in range(self.n_networks)]

    def _variables_of_one(self):
        found = []
        if self.is_tokens:
            if self.word_dropout:
                found.append(_seed("word_dropout"))
            kind = "weight" if self.trainable_embeddings else "frozen"
            size = self.vocabulary_size or 0
            found.append(Variable("embedding", (size, self.embedding_dim), kind))
            if self.embedding_dropout:
                found.append(_seed("embedding_dropout"))
        for one in self.id_inputs:
            found.append(Variable(f"table of {one.name}", (one.n_ids, one.dim)))
            if self.embedding_dropout:
                found.append(_seed(f"dropout of {one.name}"))
        for i, layer in enumerate(self.recurrent_layers(), 1):
            for direction, _ in zip(("forward", "backward"), layer.directions, strict=False):
                name = f"{direction} {self.cell} {i}"
                found.extend(self._of_cell(name, layer.n_features, layer.units))
        if self.pooling_layer() == "attention_pooling":
            found.append(Variable("attention kernel", (self.width, self.width)))
            found.append(Variable("attention bias", (self.width,)))
            found.append(Variable("attention query", (self.width, 1)))
        if self.dropout:
            found.append(_seed("dropout"))
        for one in self.state_inputs:
            found.append(Variable(f"{one.name} kernel", (self.width + one.width, JOIN_UNITS)))
            found.append(Variable(f"{one.name} bias", (JOIN_UNITS,)))
        found.extend(self.head_.variables(self.head_width))
        for one in self.row_inputs:
            found.append(Variable(f"weight of {one.name}", (one.width,)))
        for one in self.id_score_inputs:
            found.append(Variable(f"scores of {one.name}", (one.n_ids, self.head_.n_outputs)))
        found.extend(self.head_.activation_variables())
        return found

    def with_weights(self, values: list, weights: list) -> list:
        """Return the values of the variables with other weights.

        Parameters
        ----------
        values : list of ndarray
            Of `variables`.
        weights : list of ndarray
            Of those that are no generator's state, in the same order, as
            ``keras.Model.get_weights`` returns them.
        """
        changed = list(values)
        places = [i for i, one in enumerate(self.variables()) if one.kind != "seed"]
        shapes = [values[i].shape for i in places]
        if [weight.shape for weight in weights] != shapes:
            raise InvalidInputError("The weights are not those of this network.")
        for i, weight in zip(places, weights, strict=True):
            changed[i] = weight
        return changed

    def _of_cell(self, name, n_features, units):
        columns = N_GATES[self.cell] * units
        yield Variable(f"{name} kernel", (n_features, columns))
        yield Variable(f"{name} recurrent kernel", (units, columns))
        # A GRU has one bias for the input and one for the state.
        yield Variable(f"{name} bias", (2, columns) if self.cell == "gru" else (columns,))
        yield _seed(name)  # for dropout, also if there is none

    # --- As data ---

    def config(self) -> dict[str, Any]:
        """Return the description as JSON."""
        tree = asdict(self)
        tree["units"] = list(self.units)
        tree["side_inputs"] = [one.config() for one in self.side_inputs]
        if self.n_networks == 1:  # as files of before have it
            del tree["n_networks"]
        return tree

    @cached_property
    def key(self) -> str:
        """The description as a string: the key to what is traced already."""
        return json.dumps(self.config(), sort_keys=True)

    def __hash__(self):
        """Hash by what it says."""
        return hash(self.key)

    def changes(self, other: NetworkDescription) -> dict[str, tuple]:
        """Return what another description says otherwise, as {name: (mine, the other's)}."""
        pairs = {f.name: (getattr(self, f.name), getattr(other, f.name)) for f in fields(self)}
        return {name: pair for name, pair in pairs.items() if pair[0] != pair[1]}

    @classmethod
    def from_config(cls, tree) -> NetworkDescription:
        """Make the description that `config` has returned, out of a file that may be hostile.

        Raises
        ------
        ValueError
            If a key is missing or unknown, or a value of another type or out of range.
        """
        wanted = {f.name for f in fields(cls)}
        if type(tree) is dict:
            tree = {"n_networks": 1, **tree}
        if type(tree) is not dict or set(tree) != wanted:
            odd = sorted(set(tree) ^ wanted) if type(tree) is dict else [type(tree).__name__]
            raise InvalidInputError(
                f"The network's description lacks, or does not know, {odd[:3]}."
            )
        for key, (what, is_valid) in _WANTED.items():
            if not is_valid(tree[key]):
                raise InvalidInputError(
                    f"The network's {key!r} is {str(tree[key])[:40]} where {what} should be."
                )
        values = dict(tree)
        values["units"] = tuple(tree["units"])
        values["side_inputs"] = tuple(SideInput(**one) for one in tree["side_inputs"])
        made = cls(**values)
        made._check_agreement()
        return made

    @classmethod
    def from_format_1(cls, tree) -> NetworkDescription:
        """Make the description out of a file of format 1, which knew classes and labels only."""
        old = {"ngram_scores", "ngram_evidence", "n_outputs", "multilabel"}
        if type(tree) is not dict or not old <= set(tree) or {"side_inputs", "head"} & set(tree):
            raise InvalidInputError(
                f"The network's description lacks one of {sorted(old)}, or has them beside a head."
            )
        values = {key: value for key, value in tree.items() if key not in old}
        for key in ("ngram_scores", "ngram_evidence", "multilabel"):
            if type(tree[key]) is not bool:
                raise InvalidInputError(f"The network's {key!r} is neither true nor false.")
        n_outputs = tree["n_outputs"]
        values["side_inputs"] = ngram_inputs(n_outputs, tree["ngram_evidence"])
        if not tree["ngram_scores"]:
            if tree["ngram_evidence"]:
                raise InvalidInputError("A network with evidence of n-grams has their scores, too.")
            values["side_inputs"] = ()
        values["side_inputs"] = [one.config() for one in values["side_inputs"]]
        kind = "labels" if tree["multilabel"] else "classes"
        values["head"] = {"kind": kind, "n_outputs": n_outputs}
        return cls.from_config(values)

    def _check_agreement(self):
        if self.is_tokens == (self.vocabulary_size is None):
            raise InvalidInputError(
                "Of 'vocabulary_size' and 'n_channels' one must be null, the other not."
            )
        head = self.head_  # checks the layout
        names = [one.name for one in self.side_inputs]
        if self.side_inputs != sum(map(self._of_kind, KINDS), ()):
            raise InvalidInputError(
                "Side inputs of states come before those of rows, these before those of steps, "
                f"these before ids, and these before ids with scores: {', '.join(KINDS)}; but "
                f"these are {[one.per for one in self.side_inputs][:8]}."
            )
        if len(self.state_inputs) > 1:
            raise InvalidInputError("Several side inputs are joined to the states.")
        if len(set(names)) < len(names):
            raise InvalidInputError(f"Two side inputs have one name: {names[:4]}.")
        for kind, reads in (("row", "summary"), ("id_scores", "steps")):
            if self._of_kind(kind) and head.reads != reads:
                raise InvalidInputError(
                    f"The side input {self._of_kind(kind)[0].name!r} adds to the raw output of "
                    f"each {'row' if kind == 'row' else 'step'}, but the head of {head.kind} reads "
                    f"the {head.reads}."
                )
        for one in self.row_inputs:
            if one.width != head.n_outputs:
                raise InvalidInputError(
                    f"The side input {one.name!r} has {one.width} numbers a row, but there are "
                    f"{head.n_outputs} outputs to add them to."
                )
        if not self.is_tokens and {NGRAM_SCORES, NGRAM_EVIDENCE} & set(names):
            raise InvalidInputError("A network of numeric channels reads no n-grams.")
        if self.is_tokens and CONVOLUTION_SCORES in names:
            raise InvalidInputError("A network of token ids reads no convolutions.")


def ngram_inputs(n_outputs: int, has_evidence: bool) -> tuple[SideInput, ...]:
    """Return the side inputs of a model of n-grams."""
    scores = SideInput(NGRAM_SCORES, "row", n_outputs)
    return (scores, SideInput(NGRAM_EVIDENCE, "step", n_outputs)) if has_evidence else (scores,)


def _seed(name):
    return Variable(f"{name} generator", (2,), "seed")


def _is_count(value):
    return type(value) is int and value > 0


def _is_stack(value):
    return type(value) is list and 0 < len(value) <= MAX_LAYERS and all(map(_is_count, value))


def _is_share(value):
    return type(value) in (int, float) and 0 <= value < 1


def _is_side_inputs(value):
    return type(value) is list and len(value) <= MAX_LAYERS and all(map(_is_side_input, value))


def _is_side_input(value):
    per = value.get("per") if type(value) is dict else None
    return (
        type(per) is str
        and per in KINDS
        and set(value) == set(_keys(per))
        and type(value["name"]) is str
        and value["name"].isidentifier()
        and all(_is_count(value[key]) for key in _keys(per)[2:])
    )


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
    "vocabulary_size": _COUNT_OR_NONE,
    "n_channels": _COUNT_OR_NONE,
    "side_inputs": (
        "a list of objects with a name, 'per' and a width (and those of ids with 'n_ids', 'dim')",
        _is_side_inputs,
    ),
    "head": ("an object", lambda value: type(value) is dict),
    "n_networks": (
        f"an integer from 1 to {MAX_NETWORKS}",
        lambda value: _is_count(value) and value <= MAX_NETWORKS,
    ),
}

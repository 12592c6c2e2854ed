"""`trace`: states and gates of the recurrent layers at each step of a text."""

from dataclasses import dataclass
from numbers import Integral

import numpy as np

from skrnn.exceptions import InvalidInputError
from skrnn.inspection.reading import read
from skrnn.inspection.recurrence import gru, lstm, simple_rnn
from skrnn.kernels.sums import add_sums
from skrnn.sequences import UNKNOWN_WORD


@dataclass(frozen=True, repr=False, eq=False)  # comparing arrays gives no single truth value
class Trace:
    """States and gates of a network at each step of a text; made by :func:`skrnn.trace`.

    Attributes
    ----------
    text : str or None
        The document as the user wrote it; None if X was not text.
    tokens : list of str, or None
        The token at each step; None for a numeric sequence. A text without a known word is
        read as one unknown word, "[UNK]".
    spans : ndarray of shape (n_timesteps, 2) of int64, or None
        Offsets of the tokens in `text`, as in :class:`skrnn.inspection.Explanation`.
    cell : {"rnn", "lstm", "gru"}
        The kind of recurrent layer.
    inputs : ndarray of shape (n_timesteps, n_features) of float64
        The input of the first layer: the token's embedding, followed by the n-gram weights for
        each output; or the numeric channels, scaled, without missing steps. Of a numeric
        sequence, a step is a patch of ``patch_size_`` steps, whose channels are side by side.
        Vectors of ids beside the steps come last.
    layers : list of dict of str to dict of str to ndarray of shape (n_timesteps, units)
        For each recurrent layer, first to last, a dict of its directions: "forward" and, with
        ``bidirectional=True``, "backward". Each direction is a dict of activations, float64:

        - "lstm": "input_gate", "forget_gate", "candidate", "output_gate", "cell", "hidden";
        - "gru": "update_gate", "reset_gate", "candidate", "hidden";
        - "rnn": "hidden".

        Row t belongs to token t in both directions: for "backward", it is the activation after
        reading the tokens from the last one back to t.

    Examples
    --------
    >>> from skrnn import RNNClassifier, TextToSequence, make_reviews, trace
    >>> from sklearn.pipeline import make_pipeline
    >>> reviews, labels = make_reviews(40, random_state=0)
    >>> clf = RNNClassifier(cell="rnn", units=2, epochs=1, random_state=0)
    >>> pipe = make_pipeline(TextToSequence(), clf).fit(reviews, labels)
    >>> (found,) = trace(pipe, ["The plot wasn't dull"])
    >>> found.tokens
    ['the', 'plot', 'was', "n't", 'dull']
    >>> found.hidden.shape  # of both directions
    (5, 4)
    """

    text: str | None
    tokens: list | None
    spans: np.ndarray | None
    cell: str
    inputs: np.ndarray
    layers: list

    def __repr__(self):
        """Return a summary without the arrays."""
        units = [next(iter(layer["forward"].values())).shape[1] for layer in self.layers]
        directions = " and ".join(self.layers[0])
        return f"Trace(cell={self.cell!r}, {len(self.inputs)} steps, units={units}, {directions})"

    @property
    def hidden(self):
        """The states of the last layer, both directions side by side, which are pooled next."""
        return np.hstack([of_direction["hidden"] for of_direction in self.layers[-1].values()])

    def plot(self, *, ax=None, **kwargs):
        """Draw the activations of one layer and direction.

        Parameters
        ----------
        ax : array of matplotlib.axes.Axes, default=None
            Axes to draw on, one for each activation; None creates a figure.
        **kwargs
            See :class:`skrnn.inspection.TraceDisplay`.

        Returns
        -------
        skrnn.inspection.TraceDisplay
        """
        from skrnn.inspection.trace_display import TraceDisplay

        return TraceDisplay(self, **kwargs).plot(ax=ax)


def trace(estimator, X, *, network=0):
    """Return the gates and states of the recurrent layers at each step of texts.

    They are computed in NumPy from the network's weights, by the equations documented in
    :func:`skrnn.layers.LSTM`, :func:`skrnn.layers.GRU` and :func:`skrnn.layers.SimpleRNN`. They
    agree with the network up to the rounding of float32.

    Parameters
    ----------
    estimator : Pipeline or RNNClassifier
        A fitted estimator. A Pipeline must begin with :class:`skrnn.TextToSequence` or
        :class:`skrnn.TextWithColumns` and end with :class:`skrnn.RNNClassifier`, and the steps
        between must not add, drop or reorder tokens.
    X : iterable of str, frame, or input of an RNNClassifier
        Documents for a Pipeline, or frames if it begins with TextWithColumns; token ids or numeric
        sequences for an RNNClassifier.
    network : int, default=0
        Which of the `n_networks` of the estimator, counted from 0; -1 is the last one.

    Returns
    -------
    list of Trace
        One for each text, see :class:`skrnn.inspection.Trace`.

    Raises
    ------
    NotFittedError
        If the estimator is not fitted.
    TypeError
        If the estimator is not one of those above.
    ValueError
        If X is a single text instead of a list, steps of a Pipeline add, drop or reorder tokens, or
        there is no such network.

    See Also
    --------
    skrnn.explain : The contribution of each token to a prediction.

    Examples
    --------
    >>> from skrnn import RNNClassifier, TextToSequence, make_reviews, trace
    >>> from sklearn.pipeline import make_pipeline
    >>> reviews, labels = make_reviews(200, random_state=0)
    >>> pipe = make_pipeline(TextToSequence(), RNNClassifier(units=8, epochs=1, random_state=0))
    >>> (found,) = trace(pipe.fit(reviews, labels), ["The plot wasn't dull"])
    >>> found
    Trace(cell='lstm', 5 steps, units=[8], forward and backward)
    >>> sorted(found.layers[0]["forward"])
    ['candidate', 'cell', 'forget_gate', 'hidden', 'input_gate', 'output_gate']
    >>> found.layers[0]["forward"]["forget_gate"].shape
    (5, 8)
    """
    classifier, rows = read(estimator, X, "trace")
    n_networks = classifier.network_.description.n_networks
    is_one = isinstance(network, Integral) and not isinstance(network, bool)
    if not is_one or not -n_networks <= network < n_networks:
        raise InvalidInputError(
            f"network={network!r} is none of the {n_networks} of {type(classifier).__name__}. Pass "
            f"a number from 0 to {n_networks - 1}."
        )
    return [_trace(classifier, row, int(network)) for row in rows]


def _trace(classifier, row, network):
    fitted = classifier.network_
    description, values = (
        fitted.description.of_one,
        fitted.description.split(fitted.values)[network],
    )
    cell, variables = description.cell, dict(zip(_names(description), values, strict=True))
    inputs = x = _inputs(description, variables, row.sequence)
    layers = []
    for i, layer in enumerate(description.recurrent_layers(), 1):
        of_layer = {"forward": _run(cell, f"forward {cell} {i}", variables, x)}
        if len(layer.directions) > 1:
            backward = _run(cell, f"backward {cell} {i}", variables, x[::-1])
            of_layer["backward"] = _backwards(backward)
        layers.append(of_layer)
        x = np.hstack([of_direction["hidden"] for of_direction in of_layer.values()])
    tokens, spans = row.tokens, row.spans
    if row.is_blank:
        tokens, spans = [UNKNOWN_WORD], None
    return Trace(row.text, tokens, spans, cell, inputs, layers)


def _names(description):
    return [variable.name for variable in description.variables()]


def _inputs(description, variables, sequence):
    x = sequence.values
    x = _float64(variables["embedding"])[x] if sequence.is_tokens else x.astype(np.float64)
    given = sequence.step_inputs
    beside = [given[one.name].astype(np.float64) for one in description.step_inputs]
    for one in description.id_inputs:
        vectors = np.zeros((len(x), one.dim), np.float32)
        add_sums(vectors, variables[f"table of {one.name}"], given[one.name])
        beside.append(vectors.astype(np.float64))
    return np.hstack([x, *beside])


def _run(cell, name, variables, x):
    kernel, recurrent, bias = (
        _float64(variables[f"{name} {part}"]) for part in ("kernel", "recurrent kernel", "bias")
    )
    if cell == "gru":
        return gru(x, kernel, recurrent, bias, True)
    return {"lstm": lstm, "rnn": simple_rnn}[cell](x, kernel, recurrent, bias)


def _backwards(activations):
    return {name: array[::-1] for name, array in activations.items()}


def _float64(variable):
    return np.asarray(variable, dtype=np.float64)

"""What the recurrent layers hold at each step of a text."""

from dataclasses import dataclass

import numpy as np

from skrnn.inspection.reading import read
from skrnn.inspection.recurrence import gru, lstm, simple_rnn
from skrnn.text.vocabulary import UNKNOWN_WORD


@dataclass(frozen=True, repr=False, eq=False)  # arrays have no one truth to compare by
class Trace:
    """The states and gates of a network while it reads a text; made by :func:`skrnn.trace`.

    Attributes
    ----------
    text : str or None
        The document as the user wrote it; None where no text was given.
    tokens : list of str, or None
        What stands at each step; None for a numeric sequence. A text without a known word is
        read as one unknown word, "[UNK]".
    spans : ndarray of shape (n_timesteps, 2) of int64, or None
        Where in `text` the tokens stand, as in :class:`skrnn.inspection.Explanation`.
    cell : {"rnn", "lstm", "gru"}
        The kind of the layers.
    inputs : ndarray of shape (n_timesteps, n_features) of float64
        What the first layer reads: the token's embedding and, behind it, the evidence of n-grams
        for each output; or the numeric channels.
    layers : list of dict of str to dict of str to ndarray of shape (n_timesteps, units)
        For each recurrent layer, first to last, its directions, "forward" and with
        ``bidirectional=True`` "backward", and of each its activations by name, float64:

        - "lstm": "input_gate", "forget_gate", "candidate", "output_gate", "cell", "hidden";
        - "gru": "update_gate", "reset_gate", "candidate", "hidden";
        - "rnn": "hidden".

        Row t belongs to token t in both directions: the backward layer has read the tokens from
        the last down to t.

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
        """Return what there is; the arrays are long."""
        units = [next(iter(layer["forward"].values())).shape[1] for layer in self.layers]
        directions = " and ".join(self.layers[0])
        return f"Trace(cell={self.cell!r}, {len(self.inputs)} steps, units={units}, {directions})"

    @property
    def hidden(self):
        """The last layer's states, both directions side by side, which go to the pool."""
        return np.hstack([of_direction["hidden"] for of_direction in self.layers[-1].values()])

    def plot(self, *, ax=None, **kwargs):
        """Draw the activations of one layer and direction.

        Parameters
        ----------
        ax : array of matplotlib.axes.Axes, one an activation, default=None
            Where to draw; None makes a figure.
        **kwargs
            See :class:`skrnn.inspection.TraceDisplay`.

        Returns
        -------
        skrnn.inspection.TraceDisplay
        """
        from skrnn.inspection.trace_display import TraceDisplay

        return TraceDisplay(self, **kwargs).plot(ax=ax)


def trace(estimator, X):
    """Return the gates and states of the recurrent layers at each step of texts.

    They are computed in NumPy from the network's weights, by the equations that
    :func:`skrnn.layers.LSTM` and its siblings document, and agree with the network up to the
    rounding of float32.

    Parameters
    ----------
    estimator : Pipeline or RNNClassifier
        Fitted. A Pipeline begins with :class:`skrnn.TextToSequence`, ends with
        :class:`skrnn.RNNClassifier`, and keeps the tokens as they are between.
    X : iterable of str, or what an RNNClassifier takes
        Documents for a Pipeline, token ids or numeric sequences for an RNNClassifier.

    Returns
    -------
    list of Trace
        One a text, see :class:`skrnn.inspection.Trace`.

    Raises
    ------
    NotFittedError
        Before `fit`.
    TypeError
        For another estimator, or another Pipeline.
    ValueError
        For a single text that is not in a list, or steps of a Pipeline that add or drop tokens.

    See Also
    --------
    skrnn.explain : What each token contributes to the answer.

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
    return [_trace(classifier, row) for row in rows]


def _trace(classifier, row):
    description, values = classifier.network_.description, classifier.network_.values
    cell, variables = description.cell, dict(zip(_names(description), values, strict=True))
    inputs = x = _inputs(variables, row.sequence)
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


def _inputs(variables, sequence):
    if not sequence.is_tokens:
        return sequence.values.astype(np.float64)
    x = _float64(variables["embedding"])[sequence.values]
    beside = [values.astype(np.float64) for values in sequence.step_inputs.values()]
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

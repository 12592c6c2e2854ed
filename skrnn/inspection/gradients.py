"""Integrated gradients (Sundararajan, Taly & Yan 2017) of a network's logit."""

import functools
from dataclasses import dataclass, replace
from itertools import pairwise
from warnings import warn

import numpy as np
from sklearn.exceptions import ConvergenceWarning

from skrnn.convolutions import SCORES as CONVOLUTION_SCORES
from skrnn.inspection.convolution_shares import deal_to_steps
from skrnn.inspection.ngram_shares import deal_to_tokens
from skrnn.ngrams import EVIDENCE, SCORES
from skrnn.sequences import COLUMNS, UNKNOWN

# Allowed gap between the sum of contributions and the change of the score, relative to the change;
# allowed sum of the absolute gaps of all parts, so that errors do not go unnoticed because they
# cancel; and the smallest change that the tolerances are relative to: 1e-4 of a logit is about the
# rounding of a long sum.
TOLERANCE, PARTS_TOLERANCE, SMALLEST_CHANGE = 0.01, 0.05, 0.01
MAX_STEPS = 1024
# Points and weights of the Gauss-Legendre quadrature in each part.
PLACES, WEIGHTS = (np.polynomial.legendre.leggauss(4) + np.array([[1.0], [0.0]])) / 2
# Maximum number of time steps in a batch, over all rows, so that long texts do not fill the memory.
BATCH_TIMESTEPS = 2**15
# The sequence itself, among the names of a network's inputs.
TOKENS = "tokens"


def integrated_gradients(classifier, row, direction, n_steps):
    """Attribute the change of a score along the straight path from the baseline to the row.

    The integral is adaptive: the score is known at both ends of each part of the path, so the
    error of its integral is known too. The parts with the largest errors are halved. Max pooling
    makes the score bend at many places, which need more points than the rest of the path.

    Parameters
    ----------
    classifier : RNNClassifier
        Fitted.
    row : Row
        The row to explain.
    direction : ndarray of shape (n_outputs,)
        The score is ``logits @ direction``.
    n_steps : int
        Initial number of points at which the gradient is computed. Points are added, up to
        `MAX_STEPS`, until the contributions are complete.

    Returns
    -------
    values : ndarray of shape (n_tokens,), or (n_timesteps, n_channels), of float64
    columns : ndarray of shape (n_columns,) of float64
        Of the columns beside the text.
    score, baseline_score : float
    n_steps : int
        Final number of points.

    Warns
    -----
    ConvergenceWarning
        If the contributions are not complete with `MAX_STEPS`.
    """
    path = _Path(classifier, row, direction)
    cuts = np.linspace(0, 1, -(-n_steps // len(PLACES)) + 1).tolist()
    parts = path.integrate(list(pairwise(cuts)))
    change = path.scores[1.0] - path.scores[0.0]
    while not _are_complete(parts, change):
        if len(parts) * len(PLACES) >= MAX_STEPS:
            warn(_incomplete(parts, change), ConvergenceWarning, stacklevel=4)
            break
        worst, others = _worst(parts)
        halves = [half for part in worst for half in part.halves()]
        parts = others + path.integrate(halves)
    values = sum(part.values for part in parts)
    columns = sum(part.columns for part in parts)
    if row.is_blank:
        values = np.zeros(len(row.tokens))
    return values, columns, path.scores[1.0], path.scores[0.0], len(parts) * len(PLACES)


@dataclass(frozen=True)
class _Part:
    """A part of the path, its contributions, and the gap between their sum and the true change."""

    start: float
    end: float
    values: np.ndarray
    columns: np.ndarray
    gap: float

    def halves(self):
        middle = (self.start + self.end) / 2
        return [(self.start, middle), (middle, self.end)]


def _are_complete(parts, change):
    gaps = np.array([part.gap for part in parts])
    size = max(abs(change), SMALLEST_CHANGE)
    is_near = np.abs(gaps).sum() <= PARTS_TOLERANCE * size
    return is_near and abs(gaps.sum()) <= TOLERANCE * size


def _incomplete(parts, change):
    total = sum(part.values.sum() + part.columns.sum() for part in parts)
    gaps = sum(abs(part.gap) for part in parts)
    told = f"The contributions sum to {total:.5g}, and the score changes by {change:.5g}"
    if abs(total - change) <= TOLERANCE * max(abs(change), SMALLEST_CHANGE):
        told += f", but only because errors of parts of the path, {gaps:.2g} together, cancel"
    else:
        told += f", which differ by more than {TOLERANCE:.0%}"
    return (
        f"{told}: integrated gradients are not complete with {len(parts) * len(PLACES)} steps. "
        "Start with a larger n_steps, or use method='occlusion'."
    )


def _worst(parts):
    """Return the parts with the largest gaps, half of the sum of all gaps, and the others."""
    parts = sorted(parts, key=lambda part: -abs(part.gap))
    so_far = np.cumsum([abs(part.gap) for part in parts])
    n_worst = int(np.searchsorted(so_far, so_far[-1] / 2)) + 1
    return parts[:n_worst], parts[n_worst:]


class _Path:
    """The straight line from the baseline to one row, in all inputs of the network at once.

    It starts at the embedding of the unknown word, at the n-gram scores of a text without known
    n-grams, at zero in numeric channels, and at the mean of the columns beside a text.
    """

    def __init__(self, classifier, row, direction):
        from skrnn.backend.defaults import keras_defaults
        from skrnn.backend.scope import outside_scope
        from skrnn.backend.tensorflow import check_tensorflow
        from skrnn.network import programs

        check_tensorflow()

        self._row, self._ngrams = row, classifier.ngrams_
        self._convolutions = classifier.convolutions_
        network = classifier.network_
        # As in predictions: the variables of a network made under a strategy belong to it.
        with programs.tracing, keras_defaults():
            self._program = outside_scope(lambda: _gradient_program(network.description))
        values = network.values
        self._values = _tensors(values)
        self._direction = direction.astype(np.float32)
        sequence = row.sequence
        if sequence.is_tokens:
            description = network.description
            names = [variable.name for variable in description.of_one.variables()]
            tables = [own[names.index("embedding")] for own in description.split(values)]
            # What a token is in each network, side by side: they walk the line together, so the
            # contributions are complete for their mean, whose changes are smaller than theirs.
            table = np.hstack(tables).astype(np.float32, copy=False)
            end = [table[sequence.values]]
            start = [np.broadcast_to(table[UNKNOWN], end[0].shape)]
        else:
            end, start = [sequence.values], [np.zeros_like(sequence.values)]
        # The baseline is the score without any n-gram: the intercept, and zero evidence. Columns
        # are standardized, so their mean is zero.
        for name, numbers in sequence.row_inputs.items():
            end.append(numbers[0])
            start.append(self._baseline(name, numbers[0]))
        for evidence in sequence.step_inputs.values():
            end.append(evidence)
            start.append(np.zeros_like(evidence))
        self._start, self._change = start, [e - s for e, s in zip(end, start, strict=True)]
        self.scores = {}  # at the ends of parts, by their position on the path

    def _baseline(self, name, numbers):
        """Return a side input of the row at the start of the path."""
        if name == COLUMNS:
            return np.zeros_like(numbers)
        if name == CONVOLUTION_SCORES:
            steps = self._row.steps  # before they are put into patches
            zeros = replace(steps, values=np.zeros_like(steps.values))
            return self._convolutions.score(zeros).row_inputs[name][0]
        return self._ngrams.to_arrays()[3]

    def integrate(self, parts):
        """Return the `_Part` of each (start, end)."""
        n_at_once = max(1, BATCH_TIMESTEPS // (len(self._row.sequence.values) * len(PLACES)))
        done = []
        for first in range(0, len(parts), n_at_once):
            done += self._integrate(parts[first : first + n_at_once])
        return done

    def _integrate(self, parts):
        ends = sorted({end for part in parts for end in part} - set(self.scores))
        inside = [start + (end - start) * PLACES for start, end in parts]
        scores, gradients = self._evaluate(np.concatenate([ends, *inside]))
        self.scores.update(zip(ends, map(float, scores), strict=False))
        done = []
        for i, (start, end) in enumerate(parts):
            own = slice(len(ends) + i * len(PLACES), len(ends) + (i + 1) * len(PLACES))
            weights = (end - start) * WEIGHTS
            values, columns = self._deal([np.tensordot(weights, g[own], 1) for g in gradients])
            gap = values.sum() + columns.sum() - (self.scores[end] - self.scores[start])
            done.append(_Part(start, end, values, columns, float(gap)))
        return done

    def _evaluate(self, places):
        """Return the scores, and the gradients of all inputs, at positions on the path."""
        inputs = [
            start + places.astype(np.float32).reshape(-1, *[1] * change.ndim) * change
            for start, change in zip(self._start, self._change, strict=True)
        ]
        scores, gradients = self._program(self._values, _tensors(inputs), self._direction)
        return scores.numpy(), [gradient.numpy() for gradient in gradients]

    def _deal(self, gradients):
        """Return the contributions, gradients times differences, of tokens or numbers, and columns.

        The gradients are in the order of the network's inputs.
        """
        sequence = self._row.sequence
        names = (TOKENS, *sequence.row_inputs, *sequence.step_inputs)
        of, change = (dict(zip(names, one, strict=True)) for one in (gradients, self._change))
        own = of[TOKENS] * change[TOKENS]
        columns = of[COLUMNS] * change[COLUMNS] if COLUMNS in of else np.zeros(0)
        if not sequence.is_tokens:
            # What fills up the last patch is zero, as in the baseline: it contributes nothing.
            own = self._row.by_step(own)
            if CONVOLUTION_SCORES in of:
                own = own + self._convolution_shares @ of[CONVOLUTION_SCORES]
            return own, columns
        values = own.sum(axis=1)
        if SCORES in of:
            values += deal_to_tokens(self._ngrams, sequence, of[SCORES], of.get(EVIDENCE))
        return values, columns

    @functools.cached_property
    def _convolution_shares(self):
        return deal_to_steps(self._convolutions, self._row.steps)


def _tensors(values):
    from skrnn.backend.tensorflow import tf

    return [tf.convert_to_tensor(getattr(value, "value", value)) for value in values]


@functools.lru_cache(maxsize=64)
def _gradient_program(description):
    """Return a function from a network's values, inputs and direction to scores and gradients.

    As in `skrnn.network.programs`, one function is used for all networks of a description, and in
    all threads. Tokens are already embedded, and rows have no padding.
    """
    from skrnn.backend.tensorflow import forget_kernels, keras, tf
    from skrnn.network.build import build
    from skrnn.network.description import LOGITS
    from skrnn.network.parts import behind_embeddings
    from skrnn.network.programs import network_variables

    forget_kernels()  # of programs that have been dropped
    network = build(description, random_state=0)
    is_tokens = description.is_tokens
    if is_tokens:
        scorer = behind_embeddings(network)
        inputs = [scorer.inputs[0], *scorer.inputs[2:]]
    else:
        scorer = keras.Model(network.inputs, network.get_layer(LOGITS).output)
        inputs = scorer.inputs
    variables = network_variables(network)
    place = {id(variable): i for i, variable in enumerate(variables)}
    learned = [place[id(variable)] for variable in scorer.trainable_variables]
    others = [place[id(variable)] for variable in scorer.non_trainable_variables]
    signature = (
        [tf.TensorSpec(v.shape, v.dtype) for v in variables],
        [tf.TensorSpec(x.shape, tf.float32) for x in inputs],
        tf.TensorSpec((description.head_.n_outputs,), tf.float32),
    )

    @tf.function(input_signature=signature, autograph=False, jit_compile=False)
    def program(values, inputs, direction):
        with tf.GradientTape(watch_accessed_variables=False) as tape:
            tape.watch(inputs)
            x = list(inputs)
            if is_tokens:  # the ids only show which steps are padding
                x.insert(1, tf.fill(tf.shape(x[0])[:2], UNKNOWN))
            logits, _ = scorer.stateless_call(
                [values[i] for i in learned],
                [values[i] for i in others],
                x if len(x) > 1 else x[0],
                training=False,
            )
            score = tf.linalg.matvec(tf.cast(logits, tf.float32), direction)
        return score, tape.gradient(score, inputs, unconnected_gradients="zero")

    return program.get_concrete_function()

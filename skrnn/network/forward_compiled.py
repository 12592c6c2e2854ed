"""The encoder of a prediction on Numba's kernels.

Rows of similar length are read together in groups, each by one thread or, for its two directions,
two. Groups, threads and all else that depends on what is predicted at once decide how fast a row is
read, and never in what order its numbers are summed.
"""

from typing import NamedTuple

import numpy as np

from skrnn.kernels import shards
from skrnn.kernels.cells import cell_of
from skrnn.kernels.dense import project
from skrnn.kernels.lanes import VL
from skrnn.kernels.pool import attend
from skrnn.kernels.predict import LAST, MAX, MEAN, PREDICTING, STEPS, Reading
from skrnn.kernels.stacking import columns, stack, whole

KEEP = {"last": LAST, "max": MAX, "mean": MEAN}
# Rows of a group: enough that the weights, which every step reads, are used many times.
MAX_ROWS = 96
# The product reads the weights once for so many rows. A group of fewer is slow unless the part of
# the input is computed for all its steps at once, which takes memory instead.
FEW_ROWS = 6
MIN_FEATURES, MAX_FEW_STEPS = 32, 8192
# The states of a group's steps are kept between the layers.
MAX_STEPS = 65_536
# What the embedding of each token adds to the sums is computed once for all its steps, if it
# takes no more memory than this.
MAX_TABLE_BYTES = 128 << 20
TABLE_ROWS = 256
# With fewer steps, another thread takes longer to begin than the work takes.
MIN_STEPS_PER_THREAD = 32

_NO_SUMS = np.zeros((0, VL), np.float32)
_NO_IDS = np.zeros(0, np.int32)


class _Source(NamedTuple):
    """What a layer reads of a group: `begun` and `ids` as of the kernel, for each direction."""

    begun: list
    ids: np.ndarray
    rest: np.ndarray
    n_begun: int


class CompiledEncoder:
    """An encoder on Numba's kernels.

    Parameters
    ----------
    encoder : skrnn.network.forward.Encoder
    """

    def __init__(self, encoder):
        self.encoder = encoder
        self.width = encoder.width
        self._cell = cell_of(encoder.cell)
        self._predict = PREDICTING[encoder.cell]
        self._stacked = [
            [stack(self._cell, len(one.recurrent_kernel), one) for one in layer]
            for layer in encoder.layers
        ]
        if encoder.attention is not None:
            kernel, bias, query = encoder.attention
            n = whole(len(bias))
            padded = np.zeros((n, VL), np.float32)
            padded[: len(query), :1] = query
            self._attention = (columns(kernel), columns(bias[np.newaxis])[0], padded)

    def run(self, inputs, pooling, carried=None):
        """Return the pooled states, or all.

        Parameters
        ----------
        inputs : skrnn.network.forward.Inputs
        pooling : {"last", "max", "mean", "attention"}, or None
        carried : list of ndarray, or None
            For each layer the states that its rows begin with, replaced by those they end with.

        Returns
        -------
        ndarray of shape (n_samples, width) or, with a pooling of None, (n_steps, width)
        """
        n_samples = len(inputs.offsets) - 1
        out = np.empty((n_samples if pooling else inputs.offsets[-1], self.width), np.float32)
        if not n_samples:
            return out
        table = self._table(inputs.ids)
        groups = _groups(np.diff(inputs.offsets), len(self._stacked[0]))

        def work(rows):
            self._run_group(inputs, table, rows, pooling, out, carried)

        shards.run(work, groups)
        return out

    def _table(self, ids):
        """Return what each token's embedding adds to the first layer's sums.

        Returns
        -------
        tables : list of ndarray of shape (n_distinct, n_columns), one for each direction
        places : ndarray of shape (vocabulary_size,), int32
            The row of each id that occurs. Both are None if there is no table.
        """
        if ids is None:
            return None, None
        embedding = self.encoder.embedding
        occurs = np.zeros(len(embedding), bool)
        occurs[ids] = True
        distinct = np.flatnonzero(occurs)
        stacks = self._stacked[0]
        n_columns = len(self._cell.X_GATES) * whole(self._units(0, 0))
        if 4 * len(distinct) * n_columns * len(stacks) > MAX_TABLE_BYTES:
            return None, None
        places = np.empty(len(embedding), np.int32)
        places[distinct] = np.arange(len(distinct), dtype=np.int32)
        tables = [np.empty((len(distinct), n_columns), np.float32) for _ in stacks]

        def work(start):
            part = slice(start, start + TABLE_ROWS)
            vectors = np.ascontiguousarray(embedding[distinct[part]], np.float32)
            for stacked, table in zip(stacks, tables, strict=True):
                project(vectors, stacked[: vectors.shape[1]], table[part], False)

        shards.run(work, range(0, len(distinct), TABLE_ROWS))
        return tables, places

    def _units(self, layer, direction):
        return len(self.encoder.layers[layer][direction].recurrent_kernel)

    def _run_group(self, inputs, table, rows, pooling, out, carried):
        """Run all layers over some rows, sorted by length, and pool."""
        offsets = inputs.offsets[:-1][rows]
        lengths = inputs.offsets[1:][rows] - offsets
        # Where the rows' steps stand among those of the group.
        starts = np.cumsum(lengths) - lengths
        n_steps = int(lengths.sum())
        steps = np.arange(n_steps) + np.repeat(offsets - starts, lengths)
        source = self._first_source(inputs, table, steps)
        last = len(self._stacked) - 1
        for i, layer in enumerate(self._stacked):
            source = self._begin(source, i, len(rows))
            if i == last and pooling != "attention":
                to, places = out, rows if pooling else offsets
                keep = KEEP[pooling] if pooling else STEPS
            else:
                width = sum(self._units(i, direction) for direction in range(len(layer)))
                to, places, keep = np.empty((n_steps, width), np.float32), starts, STEPS
            own = None if carried is None else carried[i]
            self._run_layer(i, source, rows, (starts, places, lengths), to, keep, own)
            source = _source(layer, to)
        if pooling == "attention":
            attend(to, starts, rows, lengths, *self._attention, out)

    def _first_source(self, inputs, table, steps):
        tables, places = table
        rest = inputs.numbers[steps]
        if inputs.ids is None:
            return _source(self._stacked[0], rest)
        ids, embedding = inputs.ids[steps], self.encoder.embedding
        if tables is not None:
            return _Source(tables, places[ids], rest, embedding.shape[1])
        vectors = np.asarray(embedding[ids], np.float32)
        return _source(self._stacked[0], np.hstack([vectors, rest]))

    def _begin(self, source, i, n_rows):
        """Compute the part of the input for all steps at once, if the rows are few."""
        n_steps, n_features = source.rest.shape
        if (
            source.n_begun
            or n_rows >= FEW_ROWS
            or n_features < MIN_FEATURES
            or n_steps > MAX_FEW_STEPS
        ):
            return source
        begun = []
        for direction, stacked in enumerate(self._stacked[i]):
            n_columns = len(self._cell.X_GATES) * whole(self._units(i, direction))
            sums = np.empty((n_steps, n_columns), np.float32)
            project(source.rest, stacked[:n_features], sums, False)
            begun.append(sums)
        nothing = np.empty((n_steps, 0), np.float32)
        return _Source(begun, np.arange(n_steps, dtype=np.int32), nothing, n_features)

    def _run_layer(self, i, source, rows, where, out, keep, carried):
        n_states = self._cell.N_STATES

        def work(direction):
            units = self._units(i, direction)
            if carried is None:
                states = np.zeros((len(rows), n_states * units), np.float32)
            else:
                states = carried[rows]
            self._predict(
                source.begun[direction],
                source.ids,
                source.rest,
                self._stacked[i][direction][source.n_begun :],
                *where,
                states,
                out,
                Reading(units, direction, keep, direction * units),
            )
            if carried is not None:
                carried[rows] = states

        directions = range(len(self._stacked[i]))
        if len(source.rest) >= MIN_STEPS_PER_THREAD:
            shards.run(work, directions)
        else:
            for direction in directions:
                work(direction)


def _source(layer, x):
    """Return features of which nothing is summed up yet."""
    return _Source([_NO_SUMS] * len(layer), _NO_IDS, x, 0)


def _groups(lengths, n_directions):
    """Return arrays of row numbers, rows of similar length together, the longest first."""
    order = np.argsort(-lengths, kind="stable")
    n = len(order)
    # No fewer groups than threads, which the directions share.
    n_rows = -(-n * n_directions // shards.n_workers())
    n_rows = min(max(n_rows, 2 * FEW_ROWS), MAX_ROWS)
    if n <= n_rows and lengths.sum() <= MAX_STEPS:
        return [order]
    groups, start = [], 0
    while start < n:
        stop = start + max(1, min(n_rows, MAX_STEPS // int(lengths[order[start]])))
        groups.append(order[start:stop])
        start = stop
    return groups

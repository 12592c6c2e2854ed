"""The time loop that the fused layers share.

A recurrent layer reads ``x[0], x[1], ...`` and carries a state. Written step by
step, as in Keras, each step is a dozen small operations and its gradient two
dozen more. Here the loop is written by hand, forward and backward, so that

- whatever does not depend on the state is done for a chunk of steps in one large
  matrix product: ``x W`` forward; the gradients of ``x`` and of all weights backward;
- the rows of the batch are dealt to two *shards*, whose loops have nothing to do with
  each other, so that TensorFlow runs each on a core of its own. Two threads inside
  one small product cost more than they bring;
- the loop knows no mask. The real steps of a row come first, so what is computed at
  the others is never read, and the gradient that reaches them is exactly zero.
  Padding, direction and the choice of outputs are index arithmetic before and after.

The number of shards is fixed: it decides in what order gradients are summed, and the
same seed must give the same bytes on any number of cores.
"""

import functools

from skrnn.backend.tensorflow import tf

N_SHARDS = 2
# Steps unrolled in one turn of the loop. More means larger matrix products for the
# hoisted part and fewer turns, and a larger graph to trace.
CHUNK = 4


def recur(
    equations,
    x,
    mask,
    weights,
    *,
    go_backwards,
    every_step,
    zero_padding,
    save,
    initial=None,
    final=False,
):
    """Run a recurrent cell over sequences.

    Parameters
    ----------
    equations : Equations
        What one step computes, and its gradient.
    x : tf.Tensor of shape (n_samples, n_timesteps, n_features), float32
        Sequences.
    mask : tf.Tensor of shape (n_samples, n_timesteps), bool, or None
        True at real steps; the state is carried past the others.
    weights : list of tf.Tensor
        The weights in Keras's order.
    go_backwards : bool
        Read the steps from the last to the first.
    every_step : bool
        Return the state after every step instead of after the last.
    zero_padding : bool
        Return zeros at masked steps instead of the state before them.
    save : bool
        Keep what the gradient needs. If False and a gradient is asked for after
        all, the forward loop runs once more.
    initial : list of tf.Tensor of shape (n_samples, units), optional
        The states before the first step, `n_states` of them. Zeros by default.
    final : bool
        Return the states after the last real step of each row too.

    Returns
    -------
    y : tf.Tensor of shape (n_samples, units) or (n_samples, n_timesteps, units)
        What `keras.layers.RNN` returns for these arguments: zeros at masked steps that
        no real step precedes, whatever the initial state.
    *states : tf.Tensor of shape (n_samples, units)
        With `final` only; `y` is then the first of a sequence.
    """
    function = _compiled(
        equations,
        weights[0].shape[0],
        mask is not None,
        go_backwards,
        every_step,
        zero_padding,
        save,
        initial is not None,
        final,
    )
    return function(x, *([] if mask is None else [mask]), *(initial or []), *weights)


# One graph for all layers of a kind: a second model, or the same one in fit and predict,
# reuses the trace. Batch and time are dynamic, so one trace is valid for every length. TensorFlow
# keeps it and its gradient until the process ends, so tracing it again would take more memory.
@functools.cache
def _compiled(
    equations, n_features, masked, go_backwards, every_step, zero_padding, save, given, final
):
    n_given = equations.n_states if given else 0
    signature = [tf.TensorSpec((None, None, n_features))]
    if masked:
        signature.append(tf.TensorSpec((None, None), tf.bool))
    signature.extend([tf.TensorSpec((None, equations.units))] * n_given)
    signature.extend(map(tf.TensorSpec, equations.weight_shapes(n_features)))

    @tf.function(input_signature=signature, autograph=False)
    def fused_recurrence(x, *rest):
        mask, variables = (rest[0], rest[1:]) if masked else (None, rest)
        shards = _deal(x, mask, go_backwards, every_step, zero_padding, given, final)

        @tf.custom_gradient
        def run(x, *variables):
            initial, weights = variables[:n_given], variables[n_given:]
            results, tapes = _forward(equations, x, shards, initial, weights, every_step, save)

            def gradient(dy, *dfinal):
                saved = tapes
                if not save:
                    _, saved = _forward(equations, x, shards, initial, weights, every_step, True)
                return _backward(equations, x, shards, given, weights, saved, dy, dfinal)

            return results if final else results[0], gradient

        return run(x, *variables)

    return fused_recurrence


class _Shard:
    """Some rows of a batch, with the indices of their steps and of their states.

    Attributes
    ----------
    rows : tf.Tensor of shape (n_rows,)
        Indices of the rows in the batch.
    n_rows, n_chunks : tf.Tensor, scalar
    source : tf.Tensor of shape (n_chunks * CHUNK, n_rows)
        Which of the ``n_samples * n_timesteps`` steps of the batch each step of the
        loop reads; the steps that only fill the last chunk read one past the last.
    target : tf.Tensor of shape (n_rows, n_timesteps) or (n_rows, 1)
        Which of the loop's outputs each output is, counting from zero ones, and behind them
        the initial state, if one is given.
    last : tf.Tensor of shape (n_rows, 1), or None
        Which of the loop's states each final state is, counting from the initial one.
    """

    def __init__(self, rows, order, n_behind, n_real, n_samples, n_steps):
        self.rows, self.n_rows = rows, tf.shape(rows)[0]
        self.n_chunks = -(-n_steps // CHUNK)
        fill = self.n_chunks * CHUNK - n_steps
        source = tf.transpose(rows[:, None] * n_steps + tf.gather(order, rows))
        self.source = tf.pad(source, [[0, fill], [0, 0]], constant_values=n_samples * n_steps)
        self.target = tf.gather(n_behind, rows) * self.n_rows + tf.range(self.n_rows)[:, None]
        self.last = None
        if n_real is not None:
            self.last = tf.gather(n_real, rows) * self.n_rows + tf.range(self.n_rows)[:, None]


def _deal(x, mask, go_backwards, every_step, zero_padding, given, final):
    """Assign the rows, sorted by length, to the shards in turn, so that the work is even."""
    n_samples, n_steps = tf.shape(x)[0], tf.shape(x)[1]
    if mask is None:
        mask = tf.fill([n_samples, n_steps], True)
    order, n_behind = _real_steps_first(mask, go_backwards, zero_padding)
    if not every_step:
        n_behind = n_behind[:, -1:]
    if given:  # an output that no step precedes is zero, not the initial state
        n_behind = tf.where(n_behind > 0, n_behind + 1, 0)
    n_real = tf.reduce_sum(tf.cast(mask, tf.int32), axis=1, keepdims=True) if final else None
    return [
        _Shard(tf.range(n_samples)[s::N_SHARDS], order, n_behind, n_real, n_samples, n_steps)
        for s in range(N_SHARDS)
    ]


def _real_steps_first(mask, go_backwards, zero_padding):
    """Order the steps of each row, real ones first.

    Carrying the state past a masked step is the same as leaving the step out.

    Returns
    -------
    order : tf.Tensor of shape (n_samples, n_timesteps)
        The time of the first step, of the second, ...
    n_behind : tf.Tensor of shape (n_samples, n_timesteps)
        Number of real steps up to each output; also 0 if the output must be zero.
    """
    if go_backwards:  # as Keras does: reverse the time, padding included
        mask = tf.reverse(mask, [1])
    shape = tf.shape(mask)
    n_samples, n_steps = shape[0], shape[1]
    n_behind = tf.cumsum(tf.cast(mask, tf.int32), axis=1)
    time = tf.range(n_steps)
    place = tf.where(mask, n_behind - 1, n_behind[:, -1:] + time - n_behind)
    row_start = tf.range(n_samples)[:, None] * n_steps
    order = tf.math.invert_permutation(tf.reshape(row_start + place, [-1]))
    order = tf.reshape(order, shape) - row_start
    if go_backwards:
        order = n_steps - 1 - order
    if zero_padding:
        n_behind = tf.where(mask, n_behind, 0)
    return order, n_behind


def _forward(equations, x, shards, initial, weights, every_step, save):
    n_features = x.shape[2]
    steps = tf.reshape(x, [-1, n_features])
    w = equations.prepare(*weights)
    results, tapes = [], []
    for shard in shards:
        # One copy makes it time-major, reverses it and fills the last chunk.
        shard_x = tf.gather(steps, tf.minimum(shard.source, tf.shape(steps)[0] - 1))
        shard_x = tf.reshape(shard_x, tf.stack([shard.n_chunks, CHUNK * shard.n_rows, n_features]))
        outputs, others, saved = _forward_loop(equations, w, shard_x, shard, initial, save)
        n_states = shard.n_chunks * CHUNK + 1
        n_outputs = n_states + bool(initial)
        y = _gather(equations, outputs, n_outputs, shard.target, shard)
        result = [y if every_step else y[:, 0]]
        if shard.last is not None:
            last = shard.last + shard.n_rows if initial else shard.last
            result.append(_gather(equations, outputs, n_outputs, last, shard)[:, 0])
            for stack in others:
                result.append(_gather(equations, stack, n_states, shard.last, shard)[:, 0])
        results.append(result)
        tapes.append((shard_x, outputs, saved))
    rows = [shard.rows for shard in shards]
    return [tf.dynamic_stitch(rows, parts) for parts in zip(*results, strict=True)], tapes


def _gather(equations, stack, n_elements, target, shard):
    """Gather rows of a stack; only the elements from the first one with such a row are copied."""
    first = tf.reduce_min(target) // tf.maximum(shard.n_rows, 1)
    first = tf.minimum(first, n_elements)
    values = tf.raw_ops.TensorListGather(
        input_handle=stack,
        indices=tf.range(first, n_elements),
        element_shape=tf.stack([shard.n_rows, equations.units]),
        element_dtype=tf.float32,
    )
    values = tf.reshape(values, [-1, equations.units])
    return tf.gather(values, target - first * shard.n_rows)


def _forward_loop(equations, w, x, shard, initial, save):
    zero = tf.zeros(tf.stack([shard.n_rows, equations.units]))
    outputs = _push(_stack(equations.units), zero)
    if initial:
        states = tuple(tf.gather(state, shard.rows) for state in initial)
        outputs = _push(outputs, states[0])
    else:
        states = (zero,) * equations.n_states
    # The states that are no output, of all steps: a row's last may be any step's.
    others = ()
    if shard.last is not None:
        others = tuple(_push(_stack(equations.units), state) for state in states[1:])

    def chunk(j, states, outputs, others, saved):
        projected = [tf.split(part, CHUNK) for part in equations.project(w, x[j])]
        for xW in zip(*projected, strict=True):
            before = states
            states, kept = equations.step(w, xW, states)
            outputs = _push(outputs, states[0])
            others = tuple(_push(*pair) for pair in zip(others, states[1:], strict=False))
            if save:
                for tensor in (*before[1:], *kept):
                    saved = _push(saved, tensor)
        return j + 1, states, outputs, others, saved

    _, _, outputs, others, saved = tf.while_loop(
        lambda j, *_: j < shard.n_chunks,
        chunk,
        (0, states, outputs, others, _stack(equations.units)),
        parallel_iterations=1,
    )
    return outputs, others, saved


# TensorFlow's lists of tensors, used as stacks: they keep tensors without a copy, and let
# go of each as the gradient takes it. A tf.TensorArray wants an index computed each time.


def _stack(units):
    return tf.raw_ops.EmptyTensorList(
        element_shape=[-1, units], max_num_elements=-1, element_dtype=tf.float32
    )


def _push(stack, tensor):
    return tf.raw_ops.TensorListPushBack(input_handle=stack, tensor=tensor)


def _pop(stack, units):
    return tf.raw_ops.TensorListPopBack(
        input_handle=stack, element_shape=[-1, units], element_dtype=tf.float32
    )


def _backward(equations, x, shards, given, weights, tapes, dy, dfinal):
    w = equations.prepare_back(*weights)
    dxs, dinitials, dweights = [], [], []
    for shard, tape in zip(shards, tapes, strict=True):
        dstates = _by_step(equations, shard, given, dy, dfinal)
        steps = [dstate[shard.n_rows :] for dstate in dstates]
        dx, dstart, dweight = _backward_loop(equations, w, weights, shard, tape, steps)
        dxs.append(tf.reshape(dx, [-1, x.shape[2]]))
        dweights.append(dweight)
        if given:
            if dfinal:  # without a real step, the final state is the initial one
                dstart = [a + b[: shard.n_rows] for a, b in zip(dstart, dstates, strict=True)]
            dinitials.append(dstart)
    # Back to the order of x in one copy; the fill of the last chunk lands past its end.
    dx = tf.dynamic_stitch([tf.reshape(shard.source, [-1]) for shard in shards], dxs)
    dx = tf.reshape(dx[: tf.reduce_prod(tf.shape(x)[:2])], tf.shape(x))
    rows = [shard.rows for shard in shards]
    dinitial = [tf.dynamic_stitch(rows, parts) for parts in zip(*dinitials, strict=True)]
    return dx, *dinitial, *(tf.add_n(parts) for parts in zip(*dweights, strict=True))


def _by_step(equations, shard, given, dy, dfinal):
    """Return the gradient that comes from outside into each state, the initial ones first.

    For `h`, and with `dfinal` for all states: (n_states_of_the_loop * n_rows, units) each.
    """
    n_values = (shard.n_chunks * CHUNK + 1) * shard.n_rows
    n_zeros = shard.n_rows if given else 0
    # A state that padding repeats in several outputs adds up their gradients.
    dh = tf.scatter_nd(
        tf.reshape(shard.target, [-1, 1]),
        tf.reshape(tf.gather(dy, shard.rows), [-1, equations.units]),
        tf.stack([n_values + n_zeros, equations.units]),
    )
    others = []
    if dfinal:
        dh_final, *dothers = (tf.gather(dstate, shard.rows) for dstate in dfinal)
        dh = tf.tensor_scatter_nd_add(dh, shard.last + n_zeros, dh_final)
        shape = tf.stack([n_values, equations.units])
        others = [tf.scatter_nd(shard.last, dother, shape) for dother in dothers]
    # A zero output is no variable.
    return [dh[n_zeros:] if given else dh, *others]


def _backward_loop(equations, w, weights, shard, tape, dstates):
    x, outputs, saved = tape
    units, n_features = equations.units, x.shape[2]
    n_saved = equations.n_states - 1 + equations.n_saved
    shape = tf.stack([shard.n_chunks, CHUNK * shard.n_rows, units])
    dstates = [tf.reshape(dstate, shape) for dstate in dstates]
    zero = tf.zeros(tf.stack([shard.n_rows, units]))
    outputs, last = _pop(outputs, units)

    def chunk(j, dstate, dweights, after, outputs, saved, dxs):
        hs, kepts, dgates = [], [], []
        incomings = zip(*(tf.split(values[j], CHUNK) for values in dstates), strict=True)
        for incoming in reversed(list(incomings)):
            outputs, h = _pop(outputs, units)
            kept = []
            for _ in range(n_saved):
                saved, tensor = _pop(saved, units)
                kept.insert(0, tensor)
            before, kept = (h, *kept[: equations.n_states - 1]), kept[equations.n_states - 1 :]
            # From outside, into h and, if there is gradient of final states, into all states.
            added = tuple(a + b for a, b in zip(dstate, incoming, strict=False))
            dstate = added + dstate[len(added) :]
            dstate, dgate = equations.step_back(w, before, after, kept, dstate)
            after = h
            hs.insert(0, h)
            kepts.insert(0, kept)
            dgates.insert(0, dgate)
        dgates = [tf.concat(parts, 0) for parts in zip(*dgates, strict=True)]
        dx, *more = equations.hoisted_gradients(w, x[j], tf.concat(hs, 0), kepts, dgates)
        dweights = tuple(a + b for a, b in zip(dweights, more, strict=True))
        return j - 1, dstate, dweights, after, outputs, saved, dxs.write(j, dx)

    dxs = tf.TensorArray(tf.float32, shard.n_chunks, element_shape=[None, n_features])
    _, dstate, dweights, *_, dxs = tf.while_loop(
        lambda j, *_: j >= 0,
        chunk,
        (
            shard.n_chunks - 1,
            (zero,) * equations.n_states,
            tuple(map(tf.zeros_like, weights)),
            last,
            outputs,
            saved,
            dxs,
        ),
        parallel_iterations=1,
    )
    return dxs.stack(), dstate, dweights

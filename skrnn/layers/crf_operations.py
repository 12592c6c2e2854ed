"""Linear chains as TensorFlow operations: the kernels, or :mod:`skrnn.layers.crf_loop`.

The functions that are passed to TensorFlow hold no data and are created once, because a graph keeps
its functions as long as the process runs.
"""

import functools

import numpy as np

from skrnn import chains
from skrnn.backend.tensorflow import tf
from skrnn.chains.chain import checked
from skrnn.chains.inference import best_paths
from skrnn.exceptions import NoKernelsError
from skrnn.kernels.engine import engine
from skrnn.layers import crf_loop
from skrnn.layers.engine import runs_here


def losses(emissions, tags, mask, chain):
    """Return the negative log-likelihood of each row's tags.

    Parameters
    ----------
    emissions : tf.Tensor of shape (n_samples, n_timesteps, n_tags), float32
    tags : tf.Tensor of shape (n_samples, n_timesteps), int32
    mask : tf.Tensor of shape (n_samples, n_timesteps), bool
        True at the steps of a row, which may be anywhere. Others are left out of the chain.
    chain : sequence of tf.Tensor
        Transitions, start and end, float32.

    Returns
    -------
    tf.Tensor of shape (n_samples,), float32
        0 for a row without steps. It has gradients to the emissions and the chain.
    """
    n_tags = emissions.shape[2]
    run = crf_loop.losses_of
    if engine() == "numba" and runs_here(is_training=True):
        try:
            _compile()
            run = _losses_of
        except NoKernelsError:  # which has also changed the engine
            pass
    return run(n_tags)(emissions, tags, mask, *chain)


def best_tags(emissions, mask, chain):
    """Return the tags of the best path of each row, int32, 0 at masked steps."""
    if not runs_here(is_training=False):
        return crf_loop.best_tags(emissions, mask, *chain)
    tags = tf.numpy_function(_best_tags, [emissions, mask, *chain], tf.int32, stateful=False)
    tags.set_shape(emissions.shape[:2])
    return tags


def marginals(emissions, mask, chain):
    """Return the probability of each tag at each step, float32, 0 at masked steps."""
    arguments = [emissions, mask, *chain]
    probabilities = tf.numpy_function(_marginals, arguments, tf.float32, stateful=False)
    probabilities.set_shape(emissions.shape)
    return probabilities


def _compile():
    from skrnn.kernels import chain as kernels

    kernels.log_partition.compile()
    kernels.forward_backward.compile()


# One graph for a number of tags, kept until the process ends, as in `skrnn.layers.compiled`.
@functools.cache
def _losses_of(n_tags):
    scores = tf.TensorSpec((n_tags,))
    signature = [
        tf.TensorSpec((None, None, n_tags)),
        tf.TensorSpec((None, None), tf.int32),
        tf.TensorSpec((None, None), tf.bool),
        tf.TensorSpec((n_tags, n_tags)),
        scores,
        scores,
    ]

    @tf.function(input_signature=signature, autograph=False)
    def negative_log_likelihood(emissions, tags, mask, transitions, start, end):
        @tf.custom_gradient
        def run(emissions, *chain):
            arguments = [emissions, tags, mask, *chain]
            loss = tf.numpy_function(_forward, arguments, tf.float32, stateful=False)
            loss.set_shape(emissions.shape[:1])

            def gradient(dy):
                parts = tf.numpy_function(
                    _backward, [dy, *arguments], [tf.float32] * 4, stateful=False
                )
                for part, value in zip(parts, (emissions, *chain), strict=True):
                    part.set_shape(value.shape)
                return parts

            return loss, gradient

        return run(emissions, transitions, start, end)

    return negative_log_likelihood


def _rows(mask):
    """Return the offsets of the rows of real steps."""
    return np.concatenate([[0], np.cumsum(mask.sum(axis=1))])


def _forward(emissions, tags, mask, *chain):
    chain = chains.Chain(*chain)
    log_p = chains.log_likelihood(emissions[mask], _rows(mask), tags[mask], chain)
    return (-log_p).astype(np.float32)


def _backward(dy, emissions, tags, mask, *chain):
    chain = chains.Chain(*chain)
    _, of_steps, *rest = chains.gradients(emissions[mask], _rows(mask), tags[mask], chain, dy)
    demissions = np.zeros(emissions.shape, np.float32)
    demissions[mask] = of_steps
    return demissions, *(part.astype(np.float32) for part in rest)


def _best_tags(emissions, mask, *chain):
    # Of a training that diverges, numbers may be NaN: whoever looks at the loss sees that.
    arguments = checked(emissions[mask], _rows(mask), chains.Chain(*chain))
    tags = np.zeros(mask.shape, np.int32)
    tags[mask], _ = best_paths(*arguments)
    return tags


def _marginals(emissions, mask, *chain):
    probabilities = np.zeros(emissions.shape, np.float32)
    probabilities[mask] = chains.marginals(emissions[mask], _rows(mask), chains.Chain(*chain))
    return probabilities

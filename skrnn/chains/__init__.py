"""Linear chains over sequences of different lengths: the mathematics of a CRF.

A tag for each step is scored by its emission, and each pair of neighbours by a transition
(conditional random fields, Lafferty et al. 2001). Here are the best tags, their probabilities, the
likelihood and its gradients, on rows one after another as in
:class:`skrnn.sequences.Sequences`. Numba's kernels compute them, or NumPy. Nothing here needs
TensorFlow; :class:`skrnn.layers.CRF` is the layer of Keras.
"""

from skrnn.chains.chain import Chain, constrained
from skrnn.chains.inference import (
    Gradients,
    gradients,
    log_likelihood,
    log_partition,
    marginals,
    viterbi,
)
from skrnn.chains.linear import LinearChain
from skrnn.chains.schemes import Allowed, allowed_transitions

__all__ = [
    "Allowed",
    "Chain",
    "Gradients",
    "LinearChain",
    "allowed_transitions",
    "constrained",
    "gradients",
    "log_likelihood",
    "log_partition",
    "marginals",
    "viterbi",
]

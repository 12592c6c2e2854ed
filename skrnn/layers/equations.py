"""What a cell has to say of itself for the fused loops to run it."""

from typing import ClassVar


class Equations:
    """What one step of a recurrent layer computes, and its gradient.

    A frozen dataclass, because equal equations share a traced graph. The states
    are a tuple, the output first; `w` is what `prepare` or `prepare_back` returned.
    """

    units: int
    n_states: int
    n_saved: int
    # The module of :mod:`skrnn.kernels` that computes the same, if there is one.
    kernel: ClassVar[str | None] = None

    def weight_shapes(self, n_features):
        """Shapes of the weights, in Keras's order."""
        raise NotImplementedError

    def prepare(self, *weights):
        """Bring the weights to the form in which `project` and `step` use them."""
        raise NotImplementedError

    def project(self, w, x):
        """Compute the part of many steps that depends on the input alone, as a tuple."""
        raise NotImplementedError

    def step(self, w, xW, states):
        """Return the next states, and `n_saved` tensors that the gradient needs."""
        raise NotImplementedError

    def prepare_back(self, *weights):
        """Bring the weights to the form in which the gradient uses them."""
        raise NotImplementedError

    def step_back(self, w, before, after, saved, dstates):
        """Return the gradient of the states before a step, and of what enters its gates.

        `before` are the states before the step, `after` its output, `dstates` the
        gradient of its states. The second part of the result, a tuple of tensors,
        is for `hoisted_gradients`.
        """
        raise NotImplementedError

    def hoisted_gradients(self, w, x, h, saved, dgates):
        """Compute the gradient of the input and of the weights, for a chunk of steps.

        `x` is the input of all the steps, `h` the output before each, `dgates` what
        `step_back` returned: (n_steps * n_rows, width) each. `saved` is a list by step.
        """
        raise NotImplementedError

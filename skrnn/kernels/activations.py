"""tanh and the sigmoid of lanes, and their gradients."""

from skrnn.kernels.compiling import part
from skrnn.kernels.lanes import limit

# tanh(a) = a P(a^2) / Q(a^2): the minimax approximation of Eigen, and so of TensorFlow. Beyond
# the bound it would leave [-1, 1]; there, tanh is 1 to within half a unit in the last place.
_BOUND = 9.0


@part
def tanh(a):
    """Return tanh(a), to within a few units in the last place."""
    a = limit(a, _BOUND)
    s = a * a
    p = s * -2.76076847742355e-16 + 2.00018790482477e-13
    p = s * p + -8.60467152213735e-11
    p = s * p + 5.12229709037114e-08
    p = s * p + 1.48572235717979e-05
    p = s * p + 6.37261928875436e-04
    p = s * p + 4.89352455891786e-03
    q = s * 1.19825839466702e-06 + 1.18534705686654e-04
    q = s * q + 2.26843463243900e-03
    q = s * q + 4.89352518554385e-03
    return limit(a * p / q, 1.0)


@part
def sigmoid(a):
    """Return ``1 / (1 + exp(-a))``, to within 1e-7."""
    return 0.5 * tanh(0.5 * a) + 0.5


@part
def sigmoid_back(y, dy):
    """Gradient of ``y = sigmoid(a)`` with respect to `a`."""
    return dy * y * (1.0 - y)


@part
def tanh_back(y, dy):
    """Gradient of ``y = tanh(a)`` with respect to `a`."""
    return dy * (1.0 - y * y)

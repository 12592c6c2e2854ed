"""tanh, the sigmoid and exp of lanes, and gradients."""

from skrnn.kernels.compiling import part
from skrnn.kernels.lanes import ROUNDING, limit, power_of_two

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
def exp(a):
    """Return exp(a), to within a few units in the last place, with `a` limited to [-87, 87].

    ``2**n exp(r)``, where r is at most ``log(2) / 2``, by the polynomial of Cephes.
    """
    a = limit(a, 87.0)
    shifted = a * 1.44269504088896341 + ROUNDING
    n = shifted - ROUNDING
    r = n * -0.693359375 + a
    r = n * 2.12194440e-4 + r
    p = r * 1.9875691500e-4 + 1.3981999507e-3
    p = r * p + 8.3334519073e-3
    p = r * p + 4.1665795894e-2
    p = r * p + 1.6666665459e-1
    p = r * p + 5.0000001201e-1
    return (r * r * p + r + 1.0) * power_of_two(shifted)


@part
def sigmoid_back(y, dy):
    """Gradient of ``y = sigmoid(a)`` with respect to `a`."""
    return dy * y * (1.0 - y)


@part
def tanh_back(y, dy):
    """Gradient of ``y = tanh(a)`` with respect to `a`."""
    return dy * (1.0 - y * y)

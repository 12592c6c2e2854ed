"""Losses that are added to that of the head, as values of the parameter `extra_losses`.

They only hold numbers: :mod:`skrnn.training.semi_supervised` computes the losses.
"""

from numbers import Real
from typing import Any, ClassVar

from skrnn._sklearn_compat import Interval
from skrnn.estimators.settings import Settings, refuse_inner
from skrnn.exceptions import InvalidInputError
from skrnn.fileformat.values import storable
from skrnn.training.objective import Objective

_NOT_NEGATIVE = Interval(Real, 0, None, closed="left")


class ExtraLoss(Settings):
    """Base of the losses that `extra_losses` takes: one number, 0 turns the loss off."""

    # The field of `Objective` that has the number, and the parameter's own name.
    field: ClassVar[str]
    number: ClassVar[str]


@storable
class AdversarialLoss(ExtraLoss):
    """The loss of the labeled rows, perturbed so that it is as large as possible.

    The perturbation of a row's embeddings is one step along the gradient of its loss (adversarial
    training, Miyato et al. 2017). The norm is over the whole text, with embeddings scaled to
    variance 1.

    Parameters
    ----------
    epsilon : float, default=5.0
        Norm of the perturbation. 0 turns the loss off.

    See Also
    --------
    VirtualAdversarialLoss : The same without labels.

    References
    ----------
    T. Miyato, A. M. Dai and I. Goodfellow (2017). Adversarial training methods for semi-supervised
    text classification. ICLR.

    Examples
    --------
    >>> from skrnn import AdversarialLoss, RNNClassifier
    >>> clf = RNNClassifier(extra_losses=AdversarialLoss(epsilon=2.0))
    >>> clf.set_params(extra_losses__epsilon=3.0).extra_losses
    AdversarialLoss(epsilon=3.0)
    """

    field = "adversarial_epsilon"
    number = "epsilon"
    _parameter_constraints: dict = {"epsilon": [_NOT_NEGATIVE]}  # noqa: RUF012

    def __init__(self, epsilon=5.0):
        self.epsilon = epsilon


@storable
class VirtualAdversarialLoss(ExtraLoss):
    """The change of the prediction under the perturbation that changes it the most.

    The loss is the Kullback-Leibler divergence between the predictions without and with the
    perturbation, for the rows of X and of `X_unlabeled` (virtual adversarial training, Miyato et
    al. 2017). The norm is over the whole text, with embeddings scaled to variance 1.

    Parameters
    ----------
    epsilon : float, default=5.0
        Norm of the perturbation. 0 turns the loss off.

    See Also
    --------
    AdversarialLoss : The same for labels.

    References
    ----------
    T. Miyato, A. M. Dai and I. Goodfellow (2017). Adversarial training methods for semi-supervised
    text classification. ICLR.

    Examples
    --------
    >>> from skrnn import RNNClassifier, VirtualAdversarialLoss
    >>> clf = RNNClassifier(extra_losses=VirtualAdversarialLoss(epsilon=3.0))
    """

    field = "virtual_adversarial_epsilon"
    number = "epsilon"
    _parameter_constraints: dict = {"epsilon": [_NOT_NEGATIVE]}  # noqa: RUF012

    def __init__(self, epsilon=5.0):
        self.epsilon = epsilon


@storable
class EntropyLoss(ExtraLoss):
    """The entropy of the predictions for `X_unlabeled`.

    Minimizing it keeps the decision boundary away from the unlabeled rows (Sachan et al. 2019).
    `fit` raises a ValueError if it gets no `X_unlabeled`.

    Parameters
    ----------
    weight : float, default=1.0
        Factor of the entropy in the training loss. 0 turns the loss off.

    See Also
    --------
    VirtualAdversarialLoss : Another loss for unlabeled rows.

    References
    ----------
    D. S. Sachan, M. Zaheer and R. Salakhutdinov (2019). Revisiting LSTM networks for
    semi-supervised text classification via mixed objective function. AAAI.

    Examples
    --------
    >>> from skrnn import EntropyLoss, RNNClassifier, VirtualAdversarialLoss
    >>> losses = [("virtual", VirtualAdversarialLoss()), ("entropy", EntropyLoss())]
    >>> clf = RNNClassifier(extra_losses=losses)
    >>> clf.set_params(entropy__weight=0.5).get_params()["entropy"]
    EntropyLoss(weight=0.5)
    """

    field = "entropy_weight"
    number = "weight"
    _parameter_constraints: dict = {"weight": [_NOT_NEGATIVE]}  # noqa: RUF012

    def __init__(self, weight=1.0):
        self.weight = weight


class WithExtraLosses:
    """Mixin before `NetworkEstimator`: the losses in the list `extra_losses` by their names.

    A single loss has its parameters at ``extra_losses__<parameter>``, as any nested object.
    """

    _get_params: Any
    _set_params: Any

    def get_params(self, deep=True):
        """Return the parameters of this estimator.

        Parameters
        ----------
        deep : bool, default=True
            Whether to include the losses in `extra_losses`, the objects in other parameters, and
            their parameters.

        Returns
        -------
        dict of str to object
        """
        return self._get_params("extra_losses", deep=deep)

    def set_params(self, **params):
        """Set parameters of this estimator, and of the losses in `extra_losses`.

        Parameters
        ----------
        **params : dict
            Names as in `get_params`.

        Returns
        -------
        self : estimator

        Raises
        ------
        ValueError
            If there is no such parameter. Nothing is changed then.
        """
        refuse_inner(self, params)
        return self._set_params("extra_losses", **params)


def objective_of(estimator) -> Objective:
    """Return the additional losses of an estimator, also of one without such a parameter.

    Raises
    ------
    ValueError
        If `extra_losses` is neither a loss nor a list of names and losses.
    """
    losses = getattr(estimator, "extra_losses", None)
    if losses is None:
        return Objective()
    found = [losses] if isinstance(losses, ExtraLoss) else _of_list(estimator, losses)
    numbers: dict[str, float] = {}
    for loss in found:
        loss._validate_params()
        if loss.field in numbers:
            raise InvalidInputError(
                f"extra_losses of {type(estimator).__name__} has two losses of the class "
                f"{type(loss).__name__}. Give each class once."
            )
        numbers[loss.field] = float(getattr(loss, loss.number))
    return Objective(**numbers)


def _of_list(estimator, pairs):
    """Return the losses of a list of (name, loss); None stands for no loss."""
    name = type(estimator).__name__
    if not isinstance(pairs, list):
        raise _wrong(name, pairs)
    own: set[Any] = set(estimator.get_params(deep=False))
    seen: set[Any] = set()
    for pair in pairs:
        if not (isinstance(pair, tuple | list) and len(pair) == 2 and isinstance(pair[0], str)):
            raise _wrong(name, pair)
        key, loss = pair
        if loss is not None and not isinstance(loss, ExtraLoss):
            raise _wrong(name, pair)
        if key in own or key in seen or "__" in key or not key:
            raise InvalidInputError(
                f"extra_losses of {name} has a loss named {key!r}, but a name must be unique, must "
                f"not contain '__', and must not be a parameter of {name}. Choose another one."
            )
        seen.add(key)
    return [loss for _, loss in pairs if loss is not None]


def _wrong(name, value):
    return InvalidInputError(
        f"extra_losses of {name} must be None, a loss such as skrnn.AdversarialLoss(epsilon=5.0), "
        f"or a list of (name, loss) pairs. Got {value!r:.200}."
    )

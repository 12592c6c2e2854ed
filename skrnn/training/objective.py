"""Which losses are added to that of the head, as numbers. Nothing here needs TensorFlow."""

from dataclasses import asdict, dataclass


@dataclass(frozen=True)
class Objective:
    """Losses in addition to that of the head; 0 turns one off.

    Attributes
    ----------
    adversarial_epsilon : float
        See :class:`skrnn.estimators.extra_losses.AdversarialLoss`.
    virtual_adversarial_epsilon : float
        See :class:`skrnn.estimators.extra_losses.VirtualAdversarialLoss`.
    entropy_weight : float
        See :class:`skrnn.estimators.extra_losses.EntropyLoss`.
    """

    adversarial_epsilon: float = 0.0
    virtual_adversarial_epsilon: float = 0.0
    entropy_weight: float = 0.0

    def __bool__(self):
        """Whether there is anything."""
        return any(asdict(self).values())

"""How long a training takes: what "auto" is for the training rows.

The one place that knows. Everything else gets numbers: checkpoints, searches, callbacks.
"""

from dataclasses import dataclass

from skrnn.sequences.batching import BatchPlan, auto_batch_size

# For token ids, whose networks have learned most in a few passes and then overfit. Chosen by
# validation on IMDb and TREC, see docs/accuracy.md.
TOKEN_EPOCHS, TOKEN_DECAY, TOKEN_PATIENCE = 5, 1.0, 2
# A few rows, or rows of which only the order of words tells, need more passes, up to so many, or to
# so many updates. The training ends when its loss is below this part of that of a constant answer:
# from there on, a network mostly learns its rows by heart. See docs/accuracy.md.
MOST_TOKEN_EPOCHS, MOST_TOKEN_UPDATES, ENOUGH = 40, 5000, 0.3
# Taggers learn from each step, and longer.
TAGGER_EPOCHS = 8
# For numeric sequences, the number of updates counts: 50 rows in five epochs are 35 of them. Chosen
# by cross-validation on training parts, see docs/accuracy.md.
UPDATES = 1000
# More rows tell more: each is read so often if that makes no more than so many updates, and never
# less often than a text.
PASSES, MOST_UPDATES = 20, 6000
# After the epochs of "auto", the learning rate is that of the first one, divided by this.
SLOWER = 4.0
# Early stopping waits for this part of them: an epoch of few rows is a few updates.
PATIENCE = 0.1


@dataclass(frozen=True)
class Schedule:
    """The length of a training.

    Attributes
    ----------
    epochs : int
    learning_rate_decay : float
    decay_epochs : int or None
        Epochs in which the learning rate decreases; None for all.
    patience : int
        Epochs without improvement after which early stopping ends the training.
    least_epochs : int
        Epochs after which a training may end because it has learned enough; `epochs` if it may not.
    """

    epochs: int
    learning_rate_decay: float
    decay_epochs: int | None
    patience: int
    least_epochs: int

    def enough(self, head, targets, weights) -> tuple[float, int] | None:
        """Return the training loss that is enough, and after how many epochs; or None.

        Parameters
        ----------
        head : skrnn.heads.base.Head
        targets, weights : ndarray
            As its `constant_loss` takes them.
        """
        if self.least_epochs >= self.epochs:
            return None
        constant = head.constant_loss(targets, weights)
        if constant is None:
            return None
        least = head.least_loss(targets, weights)
        return least + ENOUGH * (constant - least), self.least_epochs


def schedule(estimator, sequences, is_used, *, epochs, full_data) -> Schedule:
    """Return the length of a training on the given rows: what "auto" is for each parameter.

    No parameter depends on another, so a training of more epochs begins as one of fewer does.

    Parameters
    ----------
    estimator : NetworkEstimator
    sequences : Sequences
        The training rows as the network reads them, rows without weight included.
    is_used : ndarray of shape (n_samples,) of bool
        The rows with a weight.
    epochs : int or "auto"
    full_data : bool
        Whether these are all rows, and not a part of them or the first chunk.
    """
    decay, size = estimator.learning_rate_decay, estimator.batch_size
    is_tagger = estimator._answers_steps
    is_text = sequences.is_tokens and not is_tagger
    if not full_data or is_text:
        auto = (
            _most_epochs(sequences, is_used, size) if full_data else TOKEN_EPOCHS,
            TOKEN_DECAY if is_text else 0.0,
            TOKEN_PATIENCE,
        )
    else:
        n_updates = _n_updates(sequences, is_used, size)
        often = min(PASSES, max(TOKEN_EPOCHS, round(MOST_UPDATES / n_updates)))
        often = TAGGER_EPOCHS if sequences.is_tokens else often
        n_epochs = max(-(-UPDATES // n_updates), often)
        auto = n_epochs, (SLOWER - 1) / n_epochs, max(TOKEN_PATIENCE, round(PATIENCE * n_epochs))
    n_epochs = int(auto[0] if _is_auto(epochs) else epochs)
    is_open = _is_auto(epochs) and full_data and is_text
    return Schedule(
        n_epochs,
        float(auto[1] if _is_auto(decay) else decay),
        # A text that has not been learned by then would be learned ever more slowly.
        TOKEN_EPOCHS if is_text and _is_auto(decay) else None,
        int(auto[2] if _is_auto(estimator.n_iter_no_change) else estimator.n_iter_no_change),
        TOKEN_EPOCHS if is_open and not estimator.early_stopping else n_epochs,
    )


def _n_updates(sequences, is_used, size):
    """Return the number of updates in an epoch."""
    lengths = sequences.lengths[is_used]
    return len(BatchPlan(lengths, auto_batch_size(len(lengths)) if size == "auto" else int(size)))


def _most_epochs(sequences, is_used, size):
    """Return the number of epochs that a training on token ids may take."""
    n = MOST_TOKEN_UPDATES // _n_updates(sequences, is_used, size)
    return min(max(n, TOKEN_EPOCHS), MOST_TOKEN_EPOCHS)


def known_epochs(epochs):
    """Return the number of epochs for token ids, and for rows in chunks, which nobody can count.

    A number is returned as it is, whether `fit` will accept it or not.
    """
    return TOKEN_EPOCHS if isinstance(epochs, str) and epochs == "auto" else epochs


def _is_auto(value):
    return isinstance(value, str)

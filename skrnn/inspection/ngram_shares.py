"""Splitting the contributions of n-grams among their tokens.

The score of an n-gram model is a sum of weights, one for each different n-gram of a text. Its
evidence at a token is the sum of the weights of the n-grams that end there. So each weight belongs
to an n-gram, and is split equally among the tokens of the n-gram. The score counts an n-gram once,
so if it occurs several times, its weight is first split equally among the occurrences. If the
score is divided by the size of the row, so are its shares.
"""

import numpy as np

from skrnn.baselines.ridge import row_norms


def deal_to_tokens(model, sequence, per_score, per_evidence):
    """Return the contribution of each token through the score and the evidence of its n-grams.

    Parameters
    ----------
    model : NgramModel
        Fitted.
    sequence : Sequences
        One row of token ids.
    per_score : ndarray of shape (n_outputs,)
        Contribution of a unit of the score.
    per_evidence : ndarray of shape (n_steps, n_outputs), or None
        Contribution of a unit of the evidence at each step; None if the network does not read it.

    Returns
    -------
    ndarray of shape (n_steps,) of float64
        Their sum is ``per_score @ (score - intercept)``, and ``per_evidence`` times the evidence.
    """
    settings, codes, coef, _ = model.to_arrays()
    found = model._vocabulary.find(sequence)
    lengths = np.arange(model.ngram_range[0], model.ngram_range[1] + 1)
    sizes = [len(codes[n - 1]) for n in lengths]
    weights = coef.astype(np.float64)[:, found.number]  # (n_outputs, n_occurrences)
    times = np.bincount(found.number, minlength=1)[found.number]
    per_weight = per_score.astype(np.float64)
    if model.sizes is not None:
        present = np.unique(found.number)
        per_weight = per_weight / row_norms(model.sizes[:, present].astype(np.float64).sum(axis=1))
    worth = per_weight @ weights / times
    if per_evidence is not None:
        worth += settings["scale"] * (per_evidence[found.step].T * weights).sum(axis=0)
    n = np.repeat(lengths, sizes)[found.number]
    share, n_steps = worth / n, len(sequence.values)
    values = np.zeros(n_steps)
    for back in range(model.ngram_range[1]):
        reaches = n > back
        steps = found.step[reaches] - back
        values += np.bincount(steps, share[reaches], n_steps)
    return values

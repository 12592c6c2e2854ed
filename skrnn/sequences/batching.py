"""Grouping sequences into batches of similar length.

A recurrent layer runs over a batch for as many steps as its longest row has, so rows of similar
length are grouped. In training, the lengths are jittered by a tenth before they are sorted (as in
AllenNLP's ``BucketBatchSampler``). So batches differ between epochs, even for small data, with
little padding.
"""

import numpy as np

LENGTH_NOISE = 0.1
# A batch is split if padding makes it larger than this many times its tokens: one document of
# 20,000 tokens must not pad a whole batch of reviews to its length.
MAX_STRETCH = 2.0

# Large batches are fast, but small data needs small ones: 500 rows in batches of 128 give four
# updates of the weights per epoch, so that ten epochs learn nothing.
AUTO_BATCH_SIZES = 8, 128
AUTO_UPDATES = 200


def auto_batch_size(n_samples):
    """Return the power of two that splits the rows into about `AUTO_UPDATES` batches."""
    least, most = np.log2(AUTO_BATCH_SIZES)
    return int(2 ** np.clip(np.round(np.log2(n_samples / AUTO_UPDATES)), least, most))


class BatchPlan:
    """Grouping of rows into batches.

    Sizes are as even as possible, so that a small remainder does not get its own optimizer step.
    They depend on the lengths only, so every epoch has the same number of batches.

    Parameters
    ----------
    lengths : ndarray of shape (n_samples,)
        Steps of each row.
    batch_size : int
        Maximum number of rows in a batch.
    max_steps : int or None
        Maximum number of steps in a batch, including padding, unless a single row has more; None
        is no limit.
    """

    def __init__(self, lengths, batch_size, max_steps=None):
        self.lengths = lengths
        self._sorted = np.argsort(lengths, kind="stable")
        parts = np.array_split(lengths[self._sorted], -(-len(lengths) // batch_size))
        sizes = [len(part) for batch in parts for part in _split_stretched(batch)]
        if max_steps is not None:
            parts = np.split(lengths[self._sorted], np.cumsum(sizes)[:-1])
            sizes = [size for part in parts for size in _split_to_budget(part, max_steps)]
        self._cuts = np.cumsum(sizes)[:-1]

    def __len__(self):
        """Return the number of batches of an epoch."""
        return len(self._cuts) + 1

    def batches(self, rng=None):
        """Return arrays of row numbers; every row is in exactly one.

        Parameters
        ----------
        rng : numpy.random.Generator or None
            Shuffles the rows; None leaves them sorted by length.
        """
        if rng is None:
            return np.split(self._sorted, self._cuts)
        n_samples = len(self.lengths)
        noise = rng.uniform(1 - LENGTH_NOISE, 1 + LENGTH_NOISE, n_samples)
        # A tenth of a short row is less than one step, so add at least one.
        noisy = self.lengths * noise + rng.uniform(0, 2, n_samples)
        batches = np.split(np.argsort(noisy, kind="stable"), self._cuts)
        return [batches[i] for i in rng.permutation(len(batches))]


def _split_stretched(lengths):
    """Split sorted lengths if the longest would pad the others beyond `MAX_STRETCH`."""
    longest, n = lengths[-1], len(lengths)
    if longest * n <= MAX_STRETCH * lengths.sum():
        return [lengths]
    # The split with the least padding in the two parts.
    first = np.arange(1, n)
    cut = int((lengths[:-1] * first + longest * (n - first)).argmin()) + 1
    return [*_split_stretched(lengths[:cut]), lengths[cut:]]


def _split_to_budget(lengths, max_steps):
    """Return the sizes of batches of sorted lengths, none with more steps than the budget."""
    # The jitter moves rows between batches: a longer one may come in.
    longest = lengths * (1 + LENGTH_NOISE) / (1 - LENGTH_NOISE) + 2
    sizes, left = [], len(lengths)
    while left:  # from the longest, which decides the padding of its batch
        size = int(np.clip(max_steps // longest[left - 1], 1, left))
        sizes.append(size)
        left -= size
    return sizes[::-1]

"""Read the file that `workload.py` wrote; NumPy alone, for every environment."""

import numpy as np


class Reviews:
    """Token ids and labels of the training or the test reviews.

    Parameters
    ----------
    path : str
        The .npz file.
    part : {"train", "test"}
        Which reviews.
    """

    def __init__(self, path, part):
        with np.load(path) as file:
            self.ids, self.bounds = file[f"{part}_ids"], file[f"{part}_bounds"]
            self.y = file[f"{part}_y"]
            self.vocabulary_size = int(file["vocabulary_size"])
            max_length = int(file["max_length"])
        self.lengths = np.diff(self.bounds)
        # Where reviews are cut, everybody pads to the cut; where not, to the longest.
        self.width = max_length or int(self.lengths.max())

    def __len__(self):
        return len(self.y)

    def padded(self, dtype, rows=None, width=None):
        """Return ids of shape (n_samples, width), zeros on the right.

        Keras's own default is to pad on the left. With ``mask_zero`` both give the same states
        and take the same time; a last real state can be gathered from the right only.
        """
        rows = np.arange(len(self)) if rows is None else rows
        lengths = self.lengths[rows]
        steps = np.arange(width or self.width)
        real = steps < lengths[:, None]
        ids = np.zeros(real.shape, dtype)
        ids[real] = self.ids[(self.bounds[rows][:, None] + steps)[real]]
        return ids

    def accuracy(self, probability):
        """Return the share of reviews on the right side of one half."""
        return float(np.mean((np.asarray(probability).ravel() > 0.5) == self.y))


def buckets(lengths, batch_size, rng=None):
    """Return row numbers of batches of like length, as one writes it by hand.

    Sorted by length, in training with a tenth of noise and the batches in random order.
    """
    noisy = lengths if rng is None else lengths * rng.uniform(0.9, 1.1, len(lengths))
    order = np.argsort(noisy, kind="stable")
    batches = [order[i : i + batch_size] for i in range(0, len(order), batch_size)]
    return batches if rng is None else [batches[i] for i in rng.permutation(len(batches))]

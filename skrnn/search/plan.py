"""The fits of a search and their results."""

import numpy as np

from skrnn._sklearn_compat import _num_samples
from skrnn.search.staged_fit import failure, group_candidates


class FitPlan:
    """The fits of a search, one for each group of candidates and fold.

    Parameters
    ----------
    estimator : estimator instance
    candidates : list of dict
        Parameters.
    splits : list of tuple (train, test)

    Attributes
    ----------
    left : list of tuple (group, split)
        Names of the fits that are still to be done, fold by fold, so that a process gets the
        candidates of a fold together.
    """

    def __init__(self, estimator, candidates, splits):
        self.candidates, self.splits = candidates, splits
        self._groups, self._key = group_candidates(estimator, candidates)
        n_groups = len(self._groups)
        self.left = [(g, s) for s in range(len(splits)) for g in range(n_groups)]
        self._names, self._out = {}, {}

    def number(self, name):
        """Return the number of a fit."""
        group, split = name
        return group * len(self.splits) + split

    def describe(self, name):
        """Return the arguments of `fit_and_score` for a fit."""
        group, split = name
        train, test = self.splits[split]
        candidates = [self.candidates[number] for number in self._groups[group]]
        return {"candidates": candidates, "key": self._key, "train": train, "test": test}

    def inputs(self, name):
        """Return what distinguishes a fit from the others of the search."""
        about = self.describe(name)
        return about["candidates"], about["train"], about["test"]

    def resume(self, folder):
        """Read the results of a `ResultFolder`, or of None; return the number of fits."""
        if folder is None:
            return 0
        for name in list(self.left):
            candidates, train, test = self.inputs(name)
            self._names[name] = folder.name(candidates, train, test)
            results = folder.read(self._names[name])
            if results is not None and len(results) == len(candidates):
                self._out[name] = results
                self.left.remove(name)
        return len(self._out)

    def take(self, name, results, folder, error_score):
        """Record the results of a fit. If there is a folder and the fit has not failed, keep them.

        A score that is not finite, or that equals `error_score`, may be a failure.
        """
        self._out[name] = results
        if folder is not None and all(_is_whole(result, error_score) for result in results):
            folder.write(self._names[name], results)

    def give_up(self, name, error, scorer, error_score, return_train_score):
        """Record a fit as failed."""
        about = self.describe(name)
        self._out[name] = [
            failure(
                f"{type(error).__name__}: {error}",
                scorer,
                error_score,
                return_train_score,
                n_test_samples=_num_samples(about["test"]),
            )
            for _ in about["candidates"]
        ]

    def in_order(self):
        """Return the results of all splits of the first candidate, then of the second, ..."""
        places = {
            number: (group, i)
            for group, numbers in enumerate(self._groups)
            for i, number in enumerate(numbers)
        }
        return [
            self._out[group, split][i]
            for group, i in (places[number] for number in range(len(self.candidates)))
            for split in range(len(self.splits))
        ]


def _is_whole(result, error_score):
    if result["fit_error"] is not None:
        return False
    scores = [result["test_scores"], result.get("train_scores", ())]
    values = [v for s in scores for v in (s.values() if isinstance(s, dict) else [s])]
    return all(np.all(np.isfinite(v)) and np.all(v != error_score) for v in values)

"""What an estimator around a network is given, checked: rows, targets, weights, parameters."""

from numbers import Integral

import numpy as np
from sklearn.utils import check_consistent_length
from sklearn.utils.class_weight import compute_class_weight, compute_sample_weight

from skrnn._sklearn_compat import _check_sample_weight
from skrnn.heads.classes import TargetCoder, check_targets
from skrnn.sequences import check_feature_names, check_sequences


class DataChecks:
    """Mixin of `NetworkEstimator`: from what the caller gives to sequences and encoded targets."""

    def _check_stack(self):
        stack = self.units if isinstance(self.units, tuple | list) else (self.units,)
        if not stack or not all(_is_count(units) for units in stack):
            raise ValueError(
                f"The 'units' parameter of {type(self).__name__} must be a positive int, or a "
                f"tuple of positive ints, one a layer. Got {self.units!r} instead."
            )
        return [int(units) for units in stack]

    def _check_ngram_range(self):
        """Return `ngram_range` as a tuple, or None."""
        if self.ngram_range is None:
            return None
        both = tuple(self.ngram_range)
        if len(both) != 2 or not all(map(_is_count, both)) or both[0] > both[1]:
            raise ValueError(
                f"The 'ngram_range' parameter of {type(self).__name__} must be None or (min_n, "
                f"max_n) with 1 <= min_n <= max_n. Got {self.ngram_range!r} instead."
            )
        return both

    def _check_objective(self, sequences, X_unlabeled):
        objective = {
            name: float(getattr(self, name))
            for name in ("adversarial_epsilon", "virtual_adversarial_epsilon", "entropy_weight")
        }
        if not sequences.is_tokens:
            self._refuse_for_numbers(**objective)
        if self.entropy_weight and X_unlabeled is None:
            raise ValueError(
                f"entropy_weight={self.entropy_weight!r} of {type(self).__name__} weighs the "
                "entropy of the answers for X_unlabeled, which is missing. Give it, behind a "
                "Pipeline with set_fit_request(X_unlabeled=True), or set entropy_weight=0."
            )
        return objective

    def _refuse_for_numbers(self, **options):
        for name, value in options.items():
            if value:
                raise ValueError(
                    f"{name}={value!r} of {type(self).__name__} is for token ids, but X is read as "
                    "numeric sequences. Set it to 0, or give integers or input='tokens'."
                )

    def _check_unlabeled(self, X_unlabeled):
        if X_unlabeled is None:
            return None
        try:
            return self._check_X(X_unlabeled)
        except ValueError as error:
            raise ValueError(
                f"In X_unlabeled: {error} (Behind a Pipeline, X_unlabeled takes the way of X only "
                "with Pipeline(..., transform_input=['X_unlabeled']) and "
                "sklearn.set_config(enable_metadata_routing=True).)"
            ) from error

    def _check_X(self, X):
        """Check X against what was fitted."""
        check_feature_names(self, X, reset=False)
        sequences, _ = check_sequences(
            X,
            estimator=self,
            input="numeric" if self.vocabulary_size_ is None else "tokens",
            vocabulary_size=self.vocabulary_size_,
        )
        return sequences

    def _check_rows(self, X, y, going_on, classes):
        if going_on:
            sequences = self._check_X(X)
        else:
            check_feature_names(self, X, reset=True)
            sequences, self.vocabulary_size_ = check_sequences(
                X,
                estimator=self,
                input=self.input,
                reset=True,
                vocabulary_size=self.vocabulary_size,
            )
        y = check_targets(y, self)
        check_consistent_length(sequences, y)
        if not going_on:
            self._targets = TargetCoder.fit(y, classes, self)
        elif classes is not None and not np.array_equal(np.unique(classes), self.classes_):
            raise ValueError(
                f"classes={classes!r} is not what the first call had, {self.classes_!r}. Leave it "
                "out, or fit anew."
            )
        self._targets.check(y)
        self.classes_ = self._targets.classes
        return sequences, y

    def _check_weights(self, sample_weight, sequences, y):
        weights = _check_sample_weight(
            sample_weight, sequences, dtype=np.float64, ensure_non_negative=True
        )
        if isinstance(self.class_weight, dict) and y.ndim == 2:
            raise ValueError(
                f"class_weight={self.class_weight!r} weighs classes, but y has several labels a "
                "row. Use 'balanced', or weigh the rows with sample_weight."
            )
        if isinstance(self.class_weight, dict):
            # By all classes: a part of the rows need not have every one.
            of_class = compute_class_weight(self.class_weight, classes=self.classes_, y=y)
            weights = weights * of_class[np.searchsorted(self.classes_, y)]
        elif self.class_weight is not None:
            weights = weights * compute_sample_weight(self.class_weight, y)
        if not weights.any():
            raise ValueError(
                "All rows have weight zero, class_weight included, so there is nothing to train "
                "on. Give at least one row a positive weight."
            )
        return weights.astype(np.float32)

    def _check_validation(self, X_val, y_val):
        if X_val is None and y_val is None:
            return None
        if X_val is None or y_val is None:
            raise ValueError(
                f"X_val and y_val go together, but {'y_val' if y_val is None else 'X_val'} is "
                "missing. Pass both to fit; behind a Pipeline, request both with "
                "set_fit_request(X_val=True, y_val=True)."
            )
        try:
            sequences = self._check_X(X_val)
            y_val = check_targets(y_val, self)
            check_consistent_length(sequences, y_val)
            self._targets.check(y_val)
        except ValueError as error:
            raise ValueError(
                f"In X_val, y_val: {error} (Behind a Pipeline, X_val takes the way of X only with "
                "Pipeline(..., transform_input=['X_val']) and "
                "sklearn.set_config(enable_metadata_routing=True).)"
            ) from error
        weights = np.ones(len(sequences), dtype=np.float32)
        return self._encode(sequences, y_val, weights, np.arange(len(sequences)))

    def _encode(self, sequences, y, weights, rows):
        if len(rows) < len(sequences):
            sequences, y, weights = sequences.take(rows), y[rows], weights[rows]
        return sequences, self._targets.encode(y), weights


def _is_count(value):
    return isinstance(value, Integral) and not isinstance(value, bool) and value > 0

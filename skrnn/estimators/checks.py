"""What an estimator is given, checked: parameters, rows, weights.

Functions of the estimator, which none of them changes.
"""

from numbers import Integral
from typing import Any

import numpy as np

from skrnn._sklearn_compat import _check_sample_weight
from skrnn.exceptions import InvalidInputError
from skrnn.sequences import InputForm, Sequences, check_feature_names, check_sequences

# Losses besides that of the head; parameters of the estimators that have them.
EXTRA_LOSSES = ("adversarial_epsilon", "virtual_adversarial_epsilon", "entropy_weight")


def check_stack(estimator):
    """Return `units` as a list of int."""
    units = estimator.units
    stack = units if isinstance(units, tuple | list) else (units,)
    if not stack or not all(map(_is_count, stack)):
        raise InvalidInputError(
            f"The 'units' parameter of {type(estimator).__name__} must be a positive int, or a "
            f"tuple of positive ints, one for each layer. Got {units!r} instead."
        )
    return [int(width) for width in stack]


def check_ngram_range(estimator):
    """Return `ngram_range` as a tuple, or None."""
    ngram_range = getattr(estimator, "ngram_range", None)
    if ngram_range is None:
        return None
    both = tuple(ngram_range)
    if len(both) != 2 or not all(map(_is_count, both)) or both[0] > both[1]:
        raise InvalidInputError(
            f"The 'ngram_range' parameter of {type(estimator).__name__} must be None or (min_n, "
            f"max_n) with 1 <= min_n <= max_n. Got {ngram_range!r} instead."
        )
    return both


def check_extra_losses(estimator, sequences, X_unlabeled):
    """Return the weights of the extra losses by name, those that are 0 included."""
    found = {name: float(getattr(estimator, name, 0.0)) for name in EXTRA_LOSSES}
    if not sequences.is_tokens:
        refuse_for_numbers(estimator, **found)
    if found["entropy_weight"] and X_unlabeled is None:
        raise InvalidInputError(
            f"entropy_weight={estimator.entropy_weight!r} of {type(estimator).__name__} weighs the "
            "entropy of the predictions for X_unlabeled, which is missing. Pass it to fit; behind "
            "a Pipeline, request it with set_fit_request(X_unlabeled=True). Or set "
            "entropy_weight=0."
        )
    return found


def refuse_for_numbers(estimator, **options):
    """Raise ValueError if an option that is for token ids is on."""
    for name, value in options.items():
        if value:
            raise InvalidInputError(
                f"{name}={value!r} of {type(estimator).__name__} is for token ids, but X is read "
                "as numeric sequences. Set it to 0, or give integers or input='tokens'."
            )


def refuse_in_chunks(estimator):
    """Raise ValueError if an option is on that `fit_chunks` does not have."""
    for name in ("pretraining_epochs", *EXTRA_LOSSES):
        if getattr(estimator, name, 0):
            raise InvalidInputError(
                f"{name}={getattr(estimator, name)!r} of {type(estimator).__name__} is not "
                "supported in fit_chunks. Set it to 0, or use fit."
            )


def read_first(estimator, X):
    """Return the `CheckedInput` of the X of a first fit."""
    checked = check_sequences(
        X,
        estimator=estimator,
        input=estimator.input,
        vocabulary_size=estimator.vocabulary_size,
    )
    return checked


def read_again(estimator, X) -> Sequences:
    """Return the sequences of an X that is held against that of the first fit."""
    check_feature_names(estimator, X, reset=False)
    size = estimator.vocabulary_size_
    return check_sequences(
        X,
        estimator=estimator,
        input="numeric" if size is None else "tokens",
        form=InputForm(
            getattr(estimator, "n_features_in_", None), getattr(estimator, "_is_table", False)
        ),
        vocabulary_size=size,
    ).sequences


def check_weights(sample_weight, sequences):
    """Return the weights of the rows, float64."""
    return _check_sample_weight(
        sample_weight, sequences, dtype=np.float64, ensure_non_negative=True
    )


def check_any_weight(weights):
    """Raise ValueError if all rows have weight zero."""
    if not weights.any():
        raise InvalidInputError(
            "All rows have weight zero, class_weight included, so there is nothing to train "
            "on. Give at least one row a positive weight."
        )


def on_the_way_of(name, error):
    """Return the error for rows that a Pipeline has to transform as it does X."""
    return InvalidInputError(
        f"In {name}: {error} (Behind a Pipeline, {name.split(',')[0]} is transformed as X is only "
        f"with Pipeline(..., transform_input=['{name.split(',')[0]}']) and "
        "sklearn.set_config(enable_metadata_routing=True).)"
    )


def _is_count(value: Any) -> bool:
    return isinstance(value, Integral) and not isinstance(value, bool) and int(value) > 0

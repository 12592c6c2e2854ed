"""Checks of an estimator's parameters and rows.

None of these functions changes the estimator.
"""

from numbers import Integral
from typing import Any

from skrnn.estimators.extra_losses import objective_of
from skrnn.exceptions import InvalidInputError
from skrnn.printing import brief
from skrnn.sequences import (
    FIRST_WORD,
    InputForm,
    KnownWords,
    Sequences,
    TokenArray,
    check_feature_names,
    check_same_columns,
    check_sequences,
    choose_patch_size,
)


def check_stack(estimator):
    """Return `units` as a list of int."""
    units = estimator.units
    stack = units if isinstance(units, tuple | list) else (units,)
    if not stack or not all(map(_is_count, stack)):
        raise InvalidInputError(
            f"The 'units' parameter of {type(estimator).__name__} must be a positive int, or a "
            f"tuple of positive ints, one for each layer. Got {brief(units)} instead."
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
            f"max_n) with 1 <= min_n <= max_n. Got {brief(ngram_range)} instead."
        )
    return both


def check_extra_losses(estimator, sequences, X_unlabeled):
    """Return the `Objective` of the additional losses."""
    objective = objective_of(estimator)
    if objective and not sequences.is_tokens:
        refuse_for_numbers(estimator, "extra_losses", None)
    if objective.entropy_weight and X_unlabeled is None:
        raise InvalidInputError(
            f"extra_losses={estimator.extra_losses!r} of {type(estimator).__name__} has an "
            "EntropyLoss, which is the entropy of the predictions for X_unlabeled, and that is "
            "missing. Pass X_unlabeled to fit; in a Pipeline, request it with "
            "set_fit_request(X_unlabeled=True). Or leave this loss out."
        )
    return objective


def check_scaling(estimator):
    """Raise ValueError if a training goes on with another `scaling` than it began with."""
    scaling, channels = getattr(estimator, "scaling", "auto"), estimator.channels_
    if channels is not None and scaling not in ("auto", channels.scaling):
        raise InvalidInputError(
            f"Training cannot continue with scaling={scaling!r}: this {type(estimator).__name__} "
            f"was trained with scaling={channels.scaling!r}. Set it back, or call fit with "
            "warm_start=False."
        )


def check_patch_size(estimator, sequences, head):
    """Return the size of patches that a first fit begins with; None for token ids."""
    if sequences.is_tokens:
        return None
    size = getattr(estimator, "patch_size", "auto")
    if head.reads != "summary":
        if size not in ("auto", 1):
            raise InvalidInputError(
                f"patch_size={size} of {type(estimator).__name__} puts several steps into one, but "
                "each step has an answer of its own. Set it to 1 or 'auto'."
            )
        return 1
    return choose_patch_size(sequences.lengths) if size == "auto" else int(size)


def check_same_patch_size(estimator):
    """Raise ValueError if a training goes on with another `patch_size` than it began with."""
    size, begun = getattr(estimator, "patch_size", "auto"), estimator.patch_size_
    if begun is not None and size not in ("auto", begun):
        raise InvalidInputError(
            f"Training cannot continue with patch_size={size}: this {type(estimator).__name__} was "
            f"trained with patches of {begun} steps. Set it back, or call fit with "
            "warm_start=False."
        )


def refuse_for_numbers(estimator, name, off):
    """Raise ValueError for a parameter that needs token ids."""
    raise InvalidInputError(
        f"{name}={getattr(estimator, name)!r} of {type(estimator).__name__} is for token ids, but "
        f"X is read as numeric sequences. Set it to {off}, or pass integers or set input='tokens'."
    )


def refuse_in_chunks(estimator):
    """Raise ValueError if an option is on that `fit_chunks` does not support."""
    for name, is_on, off in (
        ("pretraining_epochs", estimator.pretraining_epochs, 0),
        ("extra_losses", objective_of(estimator), None),
    ):
        if is_on:
            raise InvalidInputError(
                f"{name}={getattr(estimator, name)!r} of {type(estimator).__name__} is not "
                f"supported in fit_chunks. Set it to {off}, or use fit."
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
    """Return the sequences of X, checked against the X of the first fit."""
    check_feature_names(estimator, X, reset=False)
    size = estimator.vocabulary_size_
    if size is not None and isinstance(X, TokenArray):
        # Before the size of ids, whose error would advise a larger vocabulary.
        check_words(estimator, X, X.words)
    sequences = check_sequences(
        X,
        estimator=estimator,
        input="numeric" if size is None else "tokens",
        form=InputForm(
            getattr(estimator, "n_features_in_", None), getattr(estimator, "_is_table", False)
        ),
        vocabulary_size=size,
    ).sequences
    check_same_columns(sequences.columns, estimator.columns_, type(estimator).__name__)
    return sequences


def check_words(estimator, X, words):
    """Raise ValueError if ids have other words than those with which the estimator was fitted.

    Parameters
    ----------
    estimator : NetworkEstimator
    X
        As the caller gave it.
    words : tuple of str or None
        The word of each id; None if X has no words, as a plain array, which is not compared.
    """
    name = type(estimator).__name__
    known, hashes = getattr(estimator, "_words", None), getattr(estimator, "_n_hashes", None)
    if known is not None:
        known.check(words, name)
    found = _n_hashes(X)
    if found is None:
        is_other = hashes is not None and words is not None
    else:
        is_other = known is not None or hashes not in (None, found)
    if is_other:
        raise InvalidInputError(
            f"X has {_kind_of_ids(found)}, but {name} was fitted on {_kind_of_ids(hashes)}: the "
            "same id stands for other words. Use the transformer that was used for fit, or put "
            "both into one Pipeline. To train on other ids, call fit with warm_start=False."
        )


def remember_words(estimator, X, words):
    """Set on the estimator what is known of the words of its ids after training with these."""
    known = getattr(estimator, "_words", None)
    estimator._words = KnownWords.joined(known, words, estimator.vocabulary_size_)
    estimator._n_hashes = _n_hashes(X) or getattr(estimator, "_n_hashes", None)


def _n_hashes(X):
    """Return the number of ids of HashingTextToSequence, which have no words, or None."""
    return X.vocabulary_size if isinstance(X, TokenArray) and X.words is None else None


def _kind_of_ids(n_hashes):
    if n_hashes is None:
        return "token ids of the words of a TextToSequence"
    n_features = n_hashes - FIRST_WORD
    return f"the ids of a HashingTextToSequence with n_features={n_features}"


def on_the_way_of(name, error):
    """Return the error for rows that a Pipeline has to transform in the same way as X."""
    return InvalidInputError(
        f"In {name}: {error} (A Pipeline transforms {name.split(',')[0]} in the same way as X only "
        f"with Pipeline(..., transform_input=['{name.split(',')[0]}']) and "
        "sklearn.set_config(enable_metadata_routing=True).)"
    )


def _is_count(value: Any) -> bool:
    return isinstance(value, Integral) and not isinstance(value, bool) and int(value) > 0

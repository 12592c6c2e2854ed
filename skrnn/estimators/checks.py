"""Checks of an estimator's parameters and rows.

None of these functions changes the estimator.
"""

from numbers import Integral
from typing import Any

from skrnn.estimators.extra_losses import objective_of
from skrnn.exceptions import InvalidInputError
from skrnn.printing import brief
from skrnn.sequences import (
    InputForm,
    KnownWords,
    Origin,
    Sequences,
    check_feature_names,
    check_same_columns,
    check_sequences,
    choose_patch_size,
    origin_of,
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
        may_be = "None or " if None in estimator._parameter_constraints["ngram_range"] else ""
        raise InvalidInputError(
            f"The 'ngram_range' parameter of {type(estimator).__name__} must be {may_be}(min_n, "
            f"max_n) with 1 <= min_n <= max_n. Got {brief(ngram_range)} instead."
        )
    return both


def check_extra_losses(estimator, sequences, X_unlabeled, head):
    """Return the `Objective` of the additional losses."""
    objective = objective_of(estimator)
    if objective.entropy_weight and not head.has_entropy:
        raise InvalidInputError(
            f"extra_losses={estimator.extra_losses!r} of {type(estimator).__name__} has an "
            "EntropyLoss, which is the entropy of probabilities, but its predictions have none. "
            "Leave this loss out."
        )
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


def check_patch_size(estimator, sequences, is_used, head):
    """Return the size of patches that a first fit begins with; None for token ids.

    Rows that are not used, as they have no weight, do not decide it.
    """
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
    return choose_patch_size(sequences.lengths[is_used]) if size == "auto" else int(size)


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
    if size is not None:
        # Before the size of ids, whose error would advise a larger vocabulary.
        check_origin(estimator, origin_of(X))
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


def check_origin(estimator, origin: Origin, of="X"):
    """Raise ValueError if ids have other words than those with which the estimator was fitted.

    Parameters
    ----------
    estimator : NetworkEstimator or DocumentVectorizer
    origin : Origin
        Of ids. Those of a plain array, of which nothing is known, are not compared.
    of : str
        Whose ids these are, for the error.
    """
    name = type(estimator).__name__
    known, hashing = getattr(estimator, "_words", None), getattr(estimator, "_hashing", None)
    anew = ""
    if hasattr(estimator, "warm_start"):
        anew = " To train on another vocabulary, call fit with warm_start=False."
    if known is not None:
        known.check(origin.words, name, of, anew)
    found = origin.hashing
    if found is None:
        is_other = hashing is not None and origin.words is not None
    else:
        is_other = known is not None or (hashing is not None and bool(_unlike(found, hashing)))
    if is_other:
        raise InvalidInputError(
            f"{of} has {_kind_of_ids(found, hashing)}, but {name} was fitted on "
            f"{_kind_of_ids(hashing, found)}: the same id stands for other words. Use the "
            f"transformer that was used for fit, or put both into one Pipeline.{anew}"
        )


def remember_words(estimator, X, words):
    """Set on the estimator what is known of the words of its ids after training with these."""
    known = getattr(estimator, "_words", None)
    estimator._words = KnownWords.joined(known, words, estimator.vocabulary_size_)
    if estimator.vocabulary_size_ is not None:
        hashing = origin_of(X).hashing
        estimator._hashing = hashing or getattr(estimator, "_hashing", None)


def _unlike(hashing, other):
    """Return the names of the settings in which two differ; files of earlier versions lack some."""
    theirs = dict(other)
    return [name for name, value in hashing if theirs.get(name, value) != value]


def _kind_of_ids(hashing, other):
    if hashing is None:
        return "token ids of the words of a TextToSequence"
    names = _unlike(hashing, other or ()) or ["n_features"]
    settings = [f"{name}={value}" for name, value in hashing if name in names and value]
    told = f"with {', '.join(settings)}" if settings else "with other parameters"
    return f"the ids of a HashingTextToSequence {told}"


def on_the_way_of(name, error):
    """Return the error for rows that a Pipeline has to transform in the same way as X."""
    return InvalidInputError(
        f"In {name}: {error} (A Pipeline transforms {name.split(',')[0]} in the same way as X only "
        f"with Pipeline(..., transform_input=['{name.split(',')[0]}']) and "
        "sklearn.set_config(enable_metadata_routing=True).)"
    )


def _is_count(value: Any) -> bool:
    return isinstance(value, Integral) and not isinstance(value, bool) and int(value) > 0

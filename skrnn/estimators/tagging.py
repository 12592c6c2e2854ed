"""Reading what a tagger is given: sentences of words, token ids or numeric sequences."""

from __future__ import annotations

from numbers import Integral
from typing import Any

import numpy as np

from skrnn.estimators import checks
from skrnn.estimators.base import NetworkEstimator
from skrnn.exceptions import InvalidInputError
from skrnn.network.description import SideInput
from skrnn.printing import brief
from skrnn.sequences.checks import CheckedInput, InputForm
from skrnn.text.sentences import are_sentences
from skrnn.text.word_reader import CONTEXTS, GIVEN, SPELLINGS, WordReader

# Numbers in the vector of a word's spellings, and in that of the columns beside it.
SPELLINGS_DIM, GIVEN_DIM = 50, 32
# Longer than any affix that tells something.
MOST_LETTERS = 20


class WordsOrSequences(NetworkEstimator):
    """Base of the tagger: the words of X become ids with side inputs, other X is read as it is.

    Attributes
    ----------
    text_ : skrnn.text.WordReader or None
        The words that it knows; None if X holds none.
    surroundings_ : skrnn.chains.LinearChain or None
        The linear model of the surroundings of words beside the network.
    """

    _answers_steps = True

    # Parameters of the subclass.
    text: Any
    affixes: Any
    window: Any
    vocabulary_size: Any
    vocabulary_size_: Any

    def _read_first(self, X):
        affixes = _check_affixes(self)
        self.text_ = self.surroundings_ = None
        if not are_sentences(X):
            checked = checks.read_first(self, X)
            self._refuse_padding(checked.sequences)
            return checked
        name = type(self).__name__
        self.text_, sequences = WordReader.fit(
            X, text=self.text, affixes=affixes, window=self.window, name=name
        )
        size = self.text_.vocabulary_size
        if self.vocabulary_size is not None and self.vocabulary_size < size:
            raise InvalidInputError(
                f"vocabulary_size={self.vocabulary_size} of {name} is less than the {size} ids of "
                "the words. Leave it out, or limit the words by "
                "text=TextToSequence(max_features=...)."
            )
        form = InputForm(1 + len(self.text_.columns), False)
        return CheckedInput(sequences, max(size, self.vocabulary_size or 0), form)

    def _check_going_on(self):
        if self.text_ is None:
            return
        reader = self.text_
        known = reader.contexts
        begun = {"affixes": reader.affixes, "window": None if known is None else known.window}
        now = {"affixes": _check_affixes(self), "window": self.window}
        if self.text is not None:
            for key in ("lowercase", "strip_accents", "max_length"):
                begun[f"text__{key}"] = getattr(reader, key)
                now[f"text__{key}"] = getattr(self.text, key)
        changed = [key for key, value in now.items() if value != begun[key]]
        if changed:
            listed = ", ".join(f"{key} from {begun[key]!r} to {now[key]!r}" for key in changed)
            raise InvalidInputError(
                f"Training of {type(self).__name__} cannot continue with words read in another "
                f"way: {listed}. Set the parameters back, or call fit with warm_start=False."
            )

    def _read_again(self, X):
        name = type(self).__name__
        if self.text_ is not None:
            return self.text_.read(X, name)
        if are_sentences(X):
            raise InvalidInputError(
                f"X has words, but {name} was fitted on "
                f"{'numeric sequences' if self.vocabulary_size_ is None else 'token ids'}. Pass "
                "the same kind of X as in fit, or call fit with warm_start=False."
            )
        sequences = checks.read_again(self, X)
        self._refuse_padding(sequences)
        return sequences

    def _refuse_padding(self, sequences):
        """Raise ValueError if an id inside of a row is that of padding, which has no tag."""
        if not sequences.is_tokens or sequences.is_real.all():
            return
        step = int(np.flatnonzero(~sequences.is_real)[0])
        row = int(np.searchsorted(sequences.offsets, step, side="right")) - 1
        raise InvalidInputError(
            f"X has the token id 0 in row {row}, step {step - sequences.offsets[row]}. 0 is "
            f"padding, and {type(self).__name__} has a tag for each step, so it may only be at the "
            "end of a row of an array. Number the tokens from 1; 1 is an unknown one."
        )

    def for_network(self, sequences):
        """Return sequences without the surroundings, which the linear model reads."""
        others = {k: v for k, v in sequences.step_inputs.items() if k != CONTEXTS}
        return sequences.beside(sequences.row_inputs, others)

    def _step_features(self, head):
        """Return the side inputs of the ids beside each word."""
        if self.text_ is None:
            return ()
        dims = {SPELLINGS: SPELLINGS_DIM, GIVEN: GIVEN_DIM}
        return tuple(
            SideInput(key, "ids", width, n_ids, dims[key])
            for key, (width, n_ids) in self.text_.n_ids().items()
            if key in dims
        )


def _check_affixes(tagger):
    """Return `affixes` as a tuple, or None."""
    affixes = tagger.affixes
    if affixes is None:
        return None
    both = tuple(affixes)
    are_counts = all(isinstance(n, Integral) and not isinstance(n, bool) for n in both)
    if len(both) != 2 or not are_counts or not 1 <= both[0] <= both[1] <= MOST_LETTERS:
        raise InvalidInputError(
            f"The 'affixes' parameter of {type(tagger).__name__} must be None or (min_length, "
            f"max_length) with 1 <= min_length <= max_length <= {MOST_LETTERS}. Got "
            f"{brief(affixes)} instead."
        )
    return int(both[0]), int(both[1])

"""KnownWords: which vocabularies fit each other, and what a comparison costs."""

import pickle

import pytest

from skrnn.sequences import KnownWords

WORDS = (None, None, "a", "b", "c")


@pytest.mark.parametrize(
    ("other", "problem"),
    [
        ((None, None, "a", "b"), None),
        ((None, None, "a", "b", "c", "d"), None),
        (list(WORDS), None),
        ((None, None, None, "b", "c"), None),
        (("[PAD]", "[UNK]", "a"), None),
        ((None, None, "b", "a", "c"), "id 2 is 'b' in X, but was 'a'"),
        ((None, None, "a", "b", "x", "d"), r"\(4 words\).*\(3 words\): id 4 is 'x'.*was 'c'"),
        ((None, None, None, "x"), r"\(1 words\).*id 3 is 'x' in X, but was 'b'"),
    ],
)
def test_which_words_fit(other, problem):
    """Fails if an id has two words, or if an id without a word counts as another word."""
    known = KnownWords(WORDS)
    if problem is None:
        known.check(other, "It")
        return
    for _ in range(2):  # an error is not remembered as a success
        with pytest.raises(ValueError, match=problem):
            known.check(other, "It")


class Counted(str):
    """A word that counts how often it is compared."""

    comparisons = 0
    __hash__ = str.__hash__

    def __eq__(self, other):
        Counted.comparisons += 1
        return str.__eq__(self, other)


def test_the_same_words_are_compared_once():
    """Fails if each prediction compares a whole vocabulary."""
    known = KnownWords(tuple(Counted(i) for i in range(100)))
    words = tuple(str(i) for i in range(100))
    known.check(words, "It")
    before = Counted.comparisons
    assert before
    for _ in range(10):
        known.check(words, "It")
    assert Counted.comparisons == before


def test_training_joins_the_words():
    """Fails if more words, or words that were not known, are forgotten or cut wrongly."""
    known = KnownWords.joined(None, (None, None, "a", None), 10)
    known = KnownWords.joined(known, (None, None, None, "b", "c", "d"), 5)
    assert known.words == (None, None, "a", "b", "c")
    assert KnownWords.joined(known, None, 5) is known
    assert KnownWords.joined(known, (None, None, "a"), 5).words == known.words
    assert KnownWords.joined(None, None, 5) is None


@pytest.mark.parametrize("words", [WORDS, ("x", "y"), (None, None, "a\0b"), (None, None)])
def test_words_survive_pickling(words):
    """Fails if a pickle loses words, or has what was compared."""
    known = KnownWords(words)
    before = pickle.dumps(known)
    known.check((*words, "more"), "It")
    assert pickle.dumps(known) == before
    assert pickle.loads(before).words == words

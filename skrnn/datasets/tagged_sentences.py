"""Generated sentences with names, whose class is in the spelling or in the context."""

from numbers import Integral

import numpy as np
from sklearn.utils import check_random_state

from skrnn._sklearn_compat import Interval, validate_params

_CLASSES = ("PER", "LOC", "ORG")
# Names are invented of these. Only what is added to them tells a class.
_ONSETS = "b d f g h j k l m n p r s t v w z br dr gr kr pl tr".split()  # noqa: SIM905
_VOWELS = "a e i o u".split()  # noqa: SIM905
# Affixes of names that tell their class by spelling, and endings that occur in all classes. No name
# without a prefix begins with a vowel, so that no other name has one by chance.
_AFFIXES = {
    "PER": [("", "son"), ("", "ova"), ("", "ini")],
    "LOC": [("", "burg"), ("", "ville"), ("", "stad")],
    "ORG": [("inter", ""), ("omni", ""), ("uni", "")],
}
_NEUTRAL = ["l", "m", "rn", "ck", "ph"]
# Real words that name persons, places and companies alike.
_SHARED = "Jordan Chelsea Lincoln Houston Morgan Austin Lafayette Sydney".split()  # noqa: SIM905

# {} is a name. These say nothing about its class,
_OPEN = [
    "we talked about {} for an hour",
    "nobody mentioned {} again",
    "there was a picture of {} on the wall",
    "i had never heard of {} before",
    "{} came up in every conversation",
    "the book is about {}",
]
# and these tell it: by the next word, by one after the name, or by one far before it.
_TOLD = {
    "PER": [
        "doctor {} was late",
        "i met {} , who is forty",
        "{} , a singer , agreed",
        "she married a man by the name of {}",
        "the friend i wrote to in spring is {}",
    ],
    "LOC": [
        "the mayor of {} was late",
        "i grew up in {}",
        "{} , a village , flooded",
        "she left a town by the name of {}",
        "the island i sailed to in spring is {}",
    ],
    "ORG": [
        "shares of {} were low",
        "i work for {} , which pays well",
        "{} , a bank , closed",
        "she sued a company by the name of {}",
        "the firm i applied to in spring is {}",
    ],
}
_BETWEEN = ["and", "but", ", and", ";"]
_LAST = [".", ".", ".", "!", "?"]


@validate_params(
    {
        "n_samples": [Interval(Integral, 1, None, closed="left")],
        "random_state": ["random_state"],
    },
    prefer_skip_nested_validation=True,
)
def make_tagged_sentences(
    n_samples: int = 100, *, random_state: int | np.random.RandomState | None = None
) -> tuple[list[list[str]], list[list[str]]]:
    """Generate sentences with names of persons, places and organizations, and their BIO tags.

    Each sentence has one to three names, in one clause each. For half of the names, drawn at
    random, the spelling tells the class and the context does not: "Dabrison" and "Kenova" are
    persons, "Lopiburg" is a place, "Omnikrem" an organization, and "nobody mentioned ... again" may
    be said of each. For the other half the context tells the class and the spelling does not:
    "Jordan" or "Tavuck" is a person after "doctor" and a place after "the mayor of". Some of these
    contexts are words behind the name, or five words before it. Nearly all names are invented, so
    that most names in a test part do not occur in the training part.

    The three classes are equally likely, whatever tells them. So a tagger that reads only the
    spelling of each name, or only the words around it, has to guess half of the classes, and is
    right in a third of these cases. Its span F1 is at most 2/3 in the mean, even if it finds the
    bounds of all names; a tagger that reads both can reach 1.

    Parameters
    ----------
    n_samples : int, default=100
        The number of sentences.

    random_state : int, RandomState instance or None, default=None
        Determines the sentences. Pass an int for the same sentences in every process. With None,
        they are different each time; NumPy's global generator is not used.

    Returns
    -------
    X : list of list of str, of length n_samples
        The sentences as words and punctuation marks.
    y : list of list of str, of length n_samples
        A tag for each of them: "O" outside of names, "B-PER", "B-LOC" or "B-ORG" for the first word
        of a name, and "I-PER", "I-LOC" or "I-ORG" for the second, which a third of the names have.

    Raises
    ------
    InvalidParameterError
        If `n_samples` is not a positive integer. It is a ValueError.

    See Also
    --------
    make_reviews : Generated texts to classify.
    skrnn.datasets.read_conll : Sentences from a file.

    Examples
    --------
    >>> from skrnn import make_tagged_sentences
    >>> X, y = make_tagged_sentences(3, random_state=65)
    >>> for words, tags in zip(X, y):
    ...     print(*(f"{word}/{tag}" if tag != "O" else word for word, tag in zip(words, tags)))
    We talked about Girozam/B-PER Gobrison/I-PER for an hour ?
    Huworn/B-PER Houston/I-PER , a singer , agreed .
    Plodiph/B-LOC Mukihiville/I-LOC came up in every conversation !
    """
    # check_random_state(None) would return NumPy's global generator and change its state.
    rng = np.random.RandomState() if random_state is None else check_random_state(random_state)
    X, y = [], []
    for _ in range(n_samples):
        words: list[str] = []
        tags: list[str] = []
        for clause in range(1 + _below(rng, 3)):
            if clause:
                joint = _choice(rng, _BETWEEN).split()
                words += joint
                tags += ["O"] * len(joint)
            _add_clause(rng, words, tags)
        words.append(_choice(rng, _LAST))
        tags.append("O")
        words[0] = words[0][0].upper() + words[0][1:]
        X.append(words)
        y.append(tags)
    return X, y


def _add_clause(rng, words, tags):
    """Append a clause with one name, and its tags."""
    label = _choice(rng, _CLASSES)
    is_spelled = _below(rng, 2) == 0
    name = [_name(rng, label if is_spelled else None)]
    if _below(rng, 3) == 0:  # the class is in the spelling of the last word
        name.insert(0, _invented(rng, "", _choice(rng, _NEUTRAL)))
    for word in _choice(rng, _OPEN if is_spelled else _TOLD[label]).split():
        if word == "{}":
            words += name
            tags += [f"B-{label}", f"I-{label}"][: len(name)]
        else:
            words.append(word)
            tags.append("O")


def _name(rng, label):
    """Return a word whose spelling tells the class, or no class if it is None."""
    if label is None:
        if _below(rng, 4) == 0:
            return _choice(rng, _SHARED)
        return _invented(rng, "", _choice(rng, _NEUTRAL))
    prefix, ending = _choice(rng, _AFFIXES[label])
    return _invented(rng, prefix, ending or _choice(rng, _NEUTRAL))


def _invented(rng, prefix, ending):
    stem = "".join(_choice(rng, _ONSETS) + _choice(rng, _VOWELS) for _ in range(2 + _below(rng, 2)))
    return (prefix + stem + ending).capitalize()


# RandomState.random_sample will never change (NEP 19) and is much faster than choice().


def _below(rng, n):
    return int(rng.random_sample() * n)


def _choice(rng, options):
    return options[_below(rng, len(options))]

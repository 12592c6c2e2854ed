"""Generated film reviews whose label depends on the order of the words."""

import re
from numbers import Integral

import numpy as np
from sklearn.utils import check_random_state

from skrnn._sklearn_compat import Interval, validate_params


def _words(text):
    """Split at blanks: shorter to read than a list of thirty quoted words."""
    return text.split()


# The grammar. A ``{symbol}`` is replaced by one of its options. An option passes the sense of the
# review (favourable or not) on to the symbols in it, and ``{!symbol}`` reverses the sense. Only
# ``opinion`` and ``felt`` depend on the sense: the two labels differ only in the positions and the
# context of their words. An option that is listed twice is twice as likely.
#
# A marker ("not", "but", "I") is rarely next to the word whose sense it reverses. Otherwise a model
# of adjacent pairs of words would be nearly as good as a recurrent network.
_GRAMMAR = {
    "review": [
        "{verdict}.",
        "{setting}. {verdict}.",
        "{setting}. {verdict}.",
        "{setting}. {verdict}.",
        "{verdict}. {closing}",
        "{setting}. {verdict}. {closing}",
    ],
    "verdict": [
        "{clause}",
        "{clause}",
        "{clause}, and {clause}",
        "{clause}, and {clause}",
        "{contrast}",
        "{contrast}",
        "{reported}",
        "{expected}",
        "{judged}",
        "{liked}",
    ],
    "clause": ["{plain}", "{plain}", "{plain}", "{negated}"],
    "plain": [
        "{aspect} was {degree} {opinion}",
        "{aspect} was {degree} {opinion}",
        "{aspect} was {opinion}",
        "{aspect} seemed {opinion} to me",
        "{aspect} was not just {opinion}, it was {degree} {opinion}",
        "there was something {degree} {opinion} about {aspect}",
        "{person} made sure that {aspect} was {opinion}",
    ],
    "negated": [
        "{aspect} was not {!opinion} at all",
        "{aspect} was not {barely} {!opinion}",
        "{aspect} wasn't {barely} {!opinion}",
        "{aspect} was hardly what I'd call {!opinion}",
        "{aspect} never seemed {!opinion} to me",
        "there was nothing {barely} {!opinion} about {aspect}",
        "nobody could say that {aspect} was {!opinion}",
        "I don't think {aspect} was {degree} {!opinion}",
    ],
    "contrast": [
        "{!clause} {scope}, but {clause}",
        "{!clause} {scope}, but {clause}",
        "{!clause} {scope}, but {clause} {scope}",
        "{!clause}. But in the end {clause}",
        "although {!clause}, in the end {clause}",
        "{!clause} {scope}, yet on the whole {clause}",
    ],
    "reported": [
        "{other} said it was {degree} {!opinion}, but to me it was {degree} {opinion}",
        "{other} told me that {aspect} was {!opinion}, and I thought it was {degree} {opinion}",
        "I thought {aspect} was {degree} {opinion}, while {other} found it {degree} {!opinion}",
        "to me it was {degree} {opinion}, whatever {other} said about {!opinion} {aspects}",
        "{other} found it {degree} {!opinion}, while I thought it was {degree} {opinion}",
    ],
    "expected": [
        "I expected something {!opinion} and got something {degree} {opinion}",
        "I got something {degree} {opinion} where I had expected something {degree} {!opinion}",
        "the trailer looked {degree} {!opinion}, and the film itself was {degree} {opinion}",
        "after the trailer I was ready for {!opinion} {aspects}, and then {aspect} was {opinion}",
    ],
    "judged": [
        "{other} called {aspect} {degree} {opinion}, and that is quite right",
        "{other} called {aspect} {degree} {!opinion}, and that is quite wrong",
        "{other} said that {aspect} was {degree} {opinion}, which is true",
        "{other} said that {aspect} was {degree} {!opinion}, which is nonsense",
    ],
    "liked": [
        "I {degree} {felt} it",
        "not {!opinion} at all, I {degree} {felt} it",
        "I can't say that I {degree} {!felt} it",
        "{other} said it was {!opinion}, I {degree} {felt} it",
        "{other} {degree} {!felt} it, I {degree} {felt} it",
        "I {degree} {felt} it, {other} {degree} {!felt} it",
    ],
    "opinion+": _words(
        "good great brilliant superb wonderful moving clever fresh funny charming gripping lovely "
        "memorable thrilling touching subtle delightful impressive beautiful terrific excellent "
        "convincing engaging witty elegant outstanding"
    ),
    "opinion-": _words(
        "bad awful dull boring terrible weak clumsy silly tedious lazy stale flat dreadful "
        "annoying lifeless poor predictable pointless horrible shallow forgettable dreary messy "
        "bland cheap sloppy"
    ),
    "felt+": _words("loved liked enjoyed adored admired"),
    "felt-": _words("hated disliked loathed despised detested"),
    "degree": _words("really truly quite simply rather genuinely honestly"),
    "barely": ["even remotely", "exactly", "particularly", "in any way", "the least bit", "that"],
    "scope": [
        "from start to finish",
        "most of the time",
        "in places",
        "for the first hour",
        "on a second viewing",
        "as far as I could tell",
        "here",
        "this time",
    ],
    "aspect": [
        "the acting",
        "the plot",
        "the script",
        "the ending",
        "the music",
        "the dialogue",
        "the camera work",
        "the editing",
        "the story",
        "the opening scene",
        "the second half",
        "the leading man",
        "the leading lady",
        "the direction",
        "the set design",
        "the romance",
        "the chase",
        "the supporting cast",
        "the pacing",
        "the voice-over",
    ],
    "aspects": _words("scenes lines characters jokes songs costumes performances sets effects"),
    "other": [
        "my friend",
        "my sister",
        "my brother",
        "my neighbour",
        "my wife",
        "my husband",
        "my colleague {first}",
        "my cousin {first}",
        "{first}",
        "one critic",
        "the local paper",
        "the man behind us",
    ],
    "setting": [
        "I saw {title} {when}",
        "I saw {title} {where}",
        "I watched {title} {when} with {company}",
        "we rented {title} {when}",
        "{title} was on television {when}",
        "{title} is the {ordinal} film by {person}",
        "in {title}, {person} plays {role}",
        "{person} wrote and directed {title}",
        "{title} tells of {role} in {place}",
        "so this is {title}, set in {place} in {year}",
    ],
    "closing": [
        "It runs for {minutes} minutes.",
        "It was shot in {place}, by the way.",
        "Who else has seen it?",
        "We talked about it all the way home!",
        "{person} has a small part in it.",
        "Thank you for reading.",
        "It is on DVD now.",
    ],
    "title": ["The {colour} {thing}", "{thing} of {place}", "The {thing}", "{colour} {thing}"],
    "colour": _words(
        "Silver Crimson Paper Northern Hidden Seventh Winter Midnight Glass Iron Golden Distant "
        "Amber Velvet Last Second Wandering Scarlet Copper Hollow"
    ),
    "thing": _words(
        "Harbour Garden Lantern Orchard River Station Letter Mirror Bridge Island Castle Compass "
        "Sparrow Window Carousel Tower Voyage Ferry Clock Meadow Passenger Lighthouse Neighbour "
        "Stranger Violin Telegram Railway Balcony Tiger Painter"
    ),
    "place": _words(
        "Lisbon Trieste Boston Havana Dublin Kyoto Bombay Prague Oslo Cairo Montreal Naples "
        "Vienna Glasgow Texas Brittany Istanbul Marseille Lima Shanghai"
    ),
    "person": ["{first} {last}", "{first} {last}", "{last}"],
    "first": _words(
        "Anna Peter Maria James Clara Victor Helen Oscar Ruth Daniel Nora Samuel Irene Leo Julia "
        "Martin Esther Hugo Vera Simon Alice Frank Edith Walter Rosa"
    ),
    "last": _words(
        "Lindgren Okafor Moreau Castellano Whitfield Tanaka Brandt Novak Ferreira Sullivan Rossi "
        "Haddad Larsen Petrov Mendoza Ashworth Kaplan Duval Iyer Schroeder Banerjee Quinn Romano "
        "Holloway Bergman Varga Nakamura Delgado Abbott Winslow"
    ),
    "role": [
        "a retired sailor",
        "a young nurse",
        "a small-town sheriff",
        "a piano teacher",
        "two brothers",
        "a taxi driver",
        "a widow",
        "a chess player",
        "a travelling salesman",
        "a lost child",
        "a bank clerk",
        "an old spy",
    ],
    "when": [
        "last night",
        "on a rainy {day}",
        "on {day}",
        "last {day}",
        "in {year}",
        "again after {several} years",
    ],
    "where": ["on a long flight to {place}", "at a festival in {place}", "at a club in {place}"],
    "day": _words("Monday Tuesday Wednesday Thursday Friday Saturday Sunday"),
    "company": ["{other}", "my parents", "the children", "some students", "no subtitles"],
    "ordinal": _words("first second third fourth fifth latest"),
    "several": _words("two three five ten fifteen twenty thirty"),
    "year": [str(year) for year in range(1935, 2011)],
    "minutes": [str(minutes) for minutes in range(78, 160)],
}
_SYMBOL = re.compile(r"\{(!?)(\w+)\}")
_SENTENCE_START = re.compile(r"(?:^|(?<=[.!?] ))[a-z]")


def _write(symbol, sense, rng, used):
    """Expand `symbol` in the given sense (0 or 1), without repeating words in a review."""
    options = _GRAMMAR.get(symbol) or _GRAMMAR[symbol + "-+"[sense]]
    fresh = [option for option in options if option not in used] or options
    # RandomState.random_sample will never change (NEP 19) and is much faster than choice().
    option = fresh[int(rng.random_sample() * len(fresh))]
    if "{" not in option:
        used.add(option)
    return _SYMBOL.sub(lambda m: _write(m[2], sense ^ (m[1] == "!"), rng, used), option)


@validate_params(
    {
        "n_samples": [Interval(Integral, 1, None, closed="left")],
        "random_state": ["random_state"],
    },
    prefer_skip_nested_validation=True,
)
def make_reviews(
    n_samples: int = 1000, *, random_state: int | np.random.RandomState | None = None
) -> tuple[list[str], np.ndarray]:
    """Generate short film reviews whose label depends on the order of the words.

    The same words occur about equally often in favourable and in unfavourable
    reviews. The label depends on negation ("not dull at all"), on contrast ("the
    acting was great here, but the plot was dull"), on whose opinion it is ("my
    friend loved it, I hated it"), on expectation and outcome, and on whether a
    judgement is called right or wrong. A bag-of-words model learns little from
    these reviews; a recurrent network can learn nearly all of it.

    Parameters
    ----------
    n_samples : int, default=1000
        The number of reviews. All of them are different.

    random_state : int, RandomState instance or None, default=None
        Determines the reviews. Pass an int for the same reviews in every process.
        With None, they are different each time; NumPy's global generator is not
        used.

    Returns
    -------
    reviews : list of str, of length n_samples
        English text of 4 to 50 words, with punctuation and without markup.
    target : ndarray of shape (n_samples,), dtype int64
        0 for an unfavourable and 1 for a favourable review, in random order. Half
        of the reviews are favourable, or one less than half if `n_samples` is odd.

    Raises
    ------
    InvalidParameterError
        If `n_samples` is not a positive integer. It is a ValueError.

    See Also
    --------
    fetch_imdb : Real film reviews.

    Examples
    --------
    >>> from skrnn import make_reviews
    >>> reviews, target = make_reviews(4, random_state=949)
    >>> for review, label in zip(reviews, target.tolist()):
    ...     print(label, review)
    1 The editing was hardly what I'd call annoying. Thank you for reading.
    0 The second half was not elegant at all.
    0 I saw Compass of Naples on a rainy Thursday. The supporting cast was flat.
    1 The romance was boring most of the time, but the plot was rather superb.
    """
    # check_random_state(None) would return NumPy's global generator and change its state.
    rng = np.random.RandomState() if random_state is None else check_random_state(random_state)
    target = np.arange(n_samples, dtype=np.int64) % 2
    rng.shuffle(target)
    reviews, seen = [], set()
    for sense in target.tolist():
        while (review := _write("review", sense, rng, set())) in seen:
            pass
        seen.add(review)
        reviews.append(_SENTENCE_START.sub(lambda m: m[0].upper(), review))
    return reviews, target

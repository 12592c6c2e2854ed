"""Offsets: every token points at what the user wrote for it."""

import re
import unicodedata

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from skrnn import TextToSequence, make_reviews
from skrnn.text.apostrophes import IS_APOSTROPHE
from skrnn.text.offsets import find_spans
from tests.repeats import some

NASTY = [
    "b",
    "'",
    "\u2019",
    "n",
    "T",
    " ",
    "!",
    "<br />",
    "<BR>",
    "<b>",
    "&amp;",
    "wasn't",
    "WASN\u2019T",
    "\u0301",  # marks, composing or not
    "\u0344",  # one mark that NFC makes two of
    "\u0f73",  # a mark that passes for a letter
    "e\u0301",
    "\u212b",  # composes to another character
    "\u0130",  # two characters in lower case
    "\u03a3",  # sigma, written by its place in the word
    "\ufb01",  # a ligature, two letters without accents
    "\u1100",
    "\u1161",  # Hangul, composing without marks
    "\u0915",
    "\u093c",
    "\u4e2d",
    "\U0001f600",
    "\ud800",  # half a character
    "\0",
]
TEXTS = st.lists(st.one_of(st.sampled_from(NASTY), st.characters()), max_size=15).map("".join)


def cut(document, **parameters):
    """Return the analyzer, the tokens of a document and their spans."""
    analyzer = TextToSequence(**parameters)._make_analyzer()
    tokens = next(analyzer.iter_tokens([document]))
    return analyzer, tokens, find_spans(analyzer, document, tokens)


def written(document, **parameters):
    """Return what the user wrote for each token."""
    _, tokens, spans = cut(document, **parameters)
    assert spans.dtype == np.int64 and spans.shape == (len(tokens), 2)
    return [document[start:end] for start, end in spans]


def test_what_was_written():
    """Fails if a line break, a contraction, upper case or an accent moves what comes after."""
    text = "Great<br /><br />ACTING, but it WASN\u2019T a cafe\u0301!"
    assert written(text) == [
        "Great", "ACTING", "but", "it", "WAS", "N\u2019T", "a", "cafe\u0301", "!"
    ]  # fmt: skip
    # One character that becomes two, and two that become one.
    parts = written("\u0130zmir \ufb01ne x", strip_accents="ascii")
    assert parts == ["\u0130zmir", "\ufb01ne", "x"]
    assert written("e\u0301e\u0301 <br>b", analyzer="char") == ["e\u0301", "e\u0301", " <br>", "b"]
    assert written(" a  b ", analyzer="char") == ["a", "  ", "b"]
    assert written("") == []


def test_groups_of_a_pattern():
    """Fails if the whole match is taken where a group is the token."""
    pattern = r"#(\w+)|@"
    assert written("go #fast @ #Home", token_pattern=pattern) == ["fast", "", "Home"]


def test_generated_reviews():
    """Fails if an offset of an ordinary review is off by one."""
    reviews, _ = make_reviews(1000, random_state=0)
    for review in reviews:
        _, tokens, _ = cut(review)
        assert [part.lower() for part in written(review)] == tokens


@settings(max_examples=300, deadline=None)
@given(st.text(st.characters(codec="ascii"), max_size=60))
@example("A''M")
@example("A\\'M")
def test_ascii(document):
    """Fails if any plain text is not cut where its tokens stand."""
    _, tokens, _ = cut(document, strip_markup=False)
    parts = written(document, strip_markup=False)
    # An apostrophe that is doubled, escaped or a backquote is another in the token.
    is_brought_to_one_form = any(sign in document for sign in ("`", "''", "\\'"))
    assert [part.lower() for part in parts] == tokens or is_brought_to_one_form


@pytest.mark.parametrize(
    "parameters",
    [
        {},
        {"strip_accents": "ascii"},
        {"tokenizer": str.split},
        *some(
            [
                {"lowercase": False},
                {"strip_accents": "unicode"},
                {"analyzer": "char"},
                {"token_pattern": r"\b(\w)\w*"},
            ]
        ),
    ],
    ids=repr,
)
def test_any_text(parameters):
    """Fails if there is a text whose offsets are missing, disordered, or of another token."""

    def fold(text):
        # How a sigma is written, and what is an apostrophe, depends on what stands around.
        text = text.replace("\u03c2", "\u03c3")
        return "".join("'" if character in IS_APOSTROPHE else character for character in text)

    @settings(max_examples=150, deadline=None)
    @given(TEXTS)
    def check(document):
        analyzer, tokens, spans = cut(document, **parameters)
        assert spans is not None
        assert ((spans >= 0) & (spans <= len(document))).all()
        assert (spans[:, 0] <= spans[:, 1]).all() and (np.diff(spans[:, 0]) >= 0).all()
        for token, (start, end) in zip(tokens, spans, strict=True):
            # Alone a part may be composed of more than the token, but holds it; of blanks, one is
            # left, and a line break counts as one.
            part = fold(analyzer.preprocess(document[start:end]))
            assert fold(token) in part or (token == " " and part[:1].isspace())

    check()


def test_composition_is_apart_where_it_can_be():
    """Fails if one decomposed character makes a single part of the whole text."""
    text = unicodedata.normalize("NFD", "\u00e9t\u00e9 \ud55c\uad6d na\u00efve")
    parts = written(text, analyzer="char")
    assert [unicodedata.normalize("NFC", part) for part in parts] == list(
        unicodedata.normalize("NFC", text)
    )


def without_vowels(text):
    return re.sub("[aeiou]", "", text)


@pytest.mark.parametrize(
    ("parameters", "known"),
    [
        ({"tokenizer": str.split}, True),
        ({"tokenizer": list}, True),
        ({"tokenizer": lambda text: re.findall("[a-z]+", text)}, False),  # leaves marks out
        ({"tokenizer": lambda text: [word[:3] for word in text.split()]}, False),
        ({"preprocessor": str.lower}, True),
        ({"preprocessor": without_vowels}, False),
        ({"preprocessor": lambda text: text[::-1]}, False),
        ({"strip_accents": without_vowels}, False),
        ({"analyzer": lambda text: text.split()}, True),
        ({"analyzer": lambda text: sorted(text.split())}, False),
        ({"analyzer": lambda text: text.split() + ["end"]}, False),
    ],
)
def test_functions_of_the_caller(parameters, known):
    """Fails if offsets are made up where they cannot be told, or missing where they can."""
    document = "The Plot, was not dull"
    _, tokens, spans = cut(document, **parameters)
    assert (spans is not None) == known
    if known:
        assert [part.lower() for part in written(document, **parameters)] == [
            token.lower() for token in tokens
        ]

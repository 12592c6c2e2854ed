"""Signs that carry meaning are tokens: emoji, emoticons, symbols, plus and minus."""

import re
import unicodedata

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from skrnn import HashingTextToSequence, TextToSequence
from skrnn.text.offsets import find_spans
from skrnn.text.patterns import TOKEN_PATTERN, find_tokens, finder_of


def cut(text, **parameters):
    """Return the tokens of a text, and what the user wrote for each."""
    analyzer = TextToSequence(**parameters)._make_analyzer()
    tokens = next(analyzer.iter_tokens([text]))
    return tokens, [text[start:end] for start, end in find_spans(analyzer, text, tokens)]


ONE_TOKEN = {
    "emoji": ["\U0001f600", "\U0001f621", "\U0001f44d", "\U0001f494", "\u2639", "\u2764", "\u263a"],
    "newest block": ["\U0001fae0", "\U0001fa77", "\U0001fae8"],
    "skin tone": ["\U0001f44d\U0001f3ff", "\U0001f44e\U0001f3fb", "\u270a\U0001f3fd"],
    "joined": [
        "\U0001f469\u200d\U0001f469\u200d\U0001f467",
        "\U0001f3f3\u200d\U0001f308",
        "\U0001f937\U0001f3fd\u200d\u2640",
        "\u2764\u200d\U0001f525",
    ],
    "flag": ["\U0001f1eb\U0001f1f7", "\U0001f1e9\U0001f1ea"],
    "flag of a part": ["\U0001f3f4\U000e0067\U000e0062\U000e0065\U000e006e\U000e0067\U000e007f"],
    "keycap": ["5\u20e3", "#\u20e3", "*\u20e3"],
    "hearts, stars, arrows": ["\u2665", "\u2605", "\u2606", "\u2192", "\u2713", "\u2717", "\u266a"],
    "currency": ["\u20ac", "\xa3", "$", "\u20b9", "\uffe5"],
    "mathematics": ["+", "=", "<", ">", "\xb1", "\u2264", "\u221e"],
    "signs": ["%", "&", "#", "@", "^", "\xb0", "\xa9", "\u2122", "\u2030", "\uff05", "\uff06"],
    "marks of questions": ["!", "?", "\u203c", "\u2049", "\u203d", "\uff01", "\uff1f", "\u061f"],
    "stars in ASCII": ["*", "**", "*****", "===", "~~~", "||"],
    "smiles": [
        ":)",
        ":-)",
        ";)",
        ";-)",
        "=)",
        ":]",
        ":}",
        ":D",
        ":-D",
        "=D",
        ":P",
        ":p",
        "(:",
        ";D",
    ],
    "frowns": [":(", ":-(", "=(", ":[", ":/", ":-/", ":\\", ":|", ":'(", ":O", ":-o", ":S", "):"],
    "angry": [">:(", ">:)", ">:-(", ">_<", ">.<"],
    "kisses": [":*", ":-*", ":3", ":x"],
    "hearts in ASCII": ["<3", "</3", "<33"],
    "faces upright": ["^_^", "^^", "^-^", "-_-", "-.-", "<_<", "\\o/", "T_T", "xD"],
    "shrug": ["\xaf\\_(\u30c4)_/\xaf"],
}


@pytest.mark.parametrize("kind", ONE_TOKEN)
@pytest.mark.parametrize("lowercase", [True, False])
def test_a_sign_is_one_token(kind, lowercase):
    """Fails if a sign is dropped, falls to pieces, or its offsets are not those in the text."""
    for sign in ONE_TOKEN[kind]:
        for text in (f"Monday {sign}", f"{sign} Monday", f"Monday\n{sign}\nmonday", sign):
            tokens, written = cut(text, lowercase=lowercase)
            wanted = sign.lower() if lowercase else sign
            assert wanted in tokens and sign in written, (text, tokens)
            words = [token for token in tokens if token != wanted]
            assert {word.lower() for word in words} <= {"monday"}, (text, tokens)


@pytest.mark.parametrize("make", [TextToSequence, HashingTextToSequence])
@pytest.mark.parametrize("analyzer", ["word", "char"])
@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Monday \U0001f600", "Monday \U0001f621"),
        ("Monday\U0001f44d", "Monday\U0001f44e"),
        ("ok :)", "ok :("),
        ("ok:)", "ok:("),
        ("\u2605\u2605\u2605\u2606\u2606", "\u2605\u2606\u2606\u2606\u2606"),
        ("***** fun", "* fun"),
        ("+1", "-1"),
        ("grade: A+", "grade: A-"),
        ("C++", "C#"),
        ("100%", "100"),
        ("#fail", "fail"),
        ("@me", "me"),
        ("$5", "\u20ac5"),
        ("\u2192 5", "\u2190 5"),
        ("love </3", "love <3"),
        ("so \u2764\ufe0f", "so \U0001f494"),
        ("really?", "really\u203d"),
    ],
)
def test_texts_that_differ_in_a_sign_differ(make, analyzer, one, other):
    """Fails if two short messages of different mood are the same ids."""
    X = make(analyzer=analyzer).fit([one, other]).transform([one, other])
    assert (X[0].toarray() != X[1].toarray()).any()


def test_every_symbol_of_unicode_is_a_token():
    """Fails if a block of symbols is missing from the pattern."""
    exceptions = {"\u2044"}  # the slash of fractions, as "/"
    lost = [
        chr(code)
        for code in range(0x110000)
        if unicodedata.category(chr(code)) in ("Sc", "Sm", "So")
        and chr(code) not in exceptions
        and find_tokens(f"a {chr(code)} b") != ["a", chr(code), "b"]
    ]
    assert not lost


def test_punctuation_is_none():
    """Fails if the pattern of symbols has swallowed punctuation or quotation marks."""
    kept = set("!#%&*?@_-") | set("\u203c\u203d\u2047\u2048\u2049\u2030\u066a\u3030\ua6f7\ua60f")
    kept |= set("\uff01\uff03\uff05\uff06\uff0a\uff1f\uff20\uff3f\u055c\u055e\u061f\u1367\u1944")
    kept |= set("\u1945\u2e2e\u203f\u2040\u2054\ufe33\ufe34\ufe4d\ufe4e\ufe4f\u2052\u1b5a\u303d")
    found = [
        chr(code)
        for code in range(0x3000)
        if unicodedata.category(chr(code))[0] == "P"
        and chr(code) not in kept
        and find_tokens(f"a {chr(code)} b") != ["a", "b"]
    ]
    # Signs of India, Tibet and Myanmar that stand in the blocks of their letters.
    assert all(0x900 <= ord(sign) <= 0x1100 or 0x17D0 <= ord(sign) < 0x17E0 for sign in found)


@pytest.mark.parametrize(
    ("text", "tokens"),
    [
        ("The film (2001): a list; see (a) and (b).", "the film 2001 a list see a and b"),
        ("http://site.org/page: 10:30, 1:3", "http site org page 10 30 1 3"),
        (
            "well-known, twenty-one -- a dash - and 2020-01-02",
            "well known twenty one a dash and 2020 01 02",
        ),
        ("note:(see below) c:\\users", "note see below c users"),
        ("5/10 and 1.5 of 1,000", "5 10 and 1 5 of 1 000"),
        ("2<3, x <3.5, 4 <3%", "2 < 3 x < 3 5 4 < 3 %"),
        ("a:b;c=d", "a b c = d"),
        ("'quoted' \"words\" [1] {2}", "quoted words 1 2"),
        ("f(x):y", "f x y"),
    ],
)
def test_what_is_no_emoticon(text, tokens):
    """Fails if a colon, a bracket or a comparison is taken for a face."""
    assert cut(text)[0] == tokens.split()


def test_forms_of_one_emoji_are_one_word():
    """Fails if an invisible variation selector makes another word."""
    assert cut("\u2764\ufe0f \u2764 \u2764\ufe0e")[0] == ["\u2764"] * 3
    assert cut("\u2764\ufe0f ok")[1] == ["\u2764\ufe0f", "ok"]  # highlighted with its selector
    assert cut("5\ufe0f\u20e3")[0] == cut("5\u20e3")[0] == ["5\u20e3"]


@settings(max_examples=300, deadline=None)
@given(
    st.lists(
        st.one_of(
            st.sampled_from([":", ")", "(", "-", "n't", "'s", "<3", "^", "*", "+", "=", "d", " "]),
            st.characters(codec="ascii"),
        ),
        max_size=30,
    ).map("".join)
)
def test_the_pattern_for_ascii_is_the_same(text):
    """Fails if the quicker pattern for ASCII finds other tokens."""
    assert finder_of(text).pattern != TOKEN_PATTERN
    assert find_tokens(text) == re.findall(TOKEN_PATTERN, text)


# --- Nothing found ----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("parameters", "document"),
    [
        ({"token_pattern": r"[a-z]+"}, "\u4eca\u5929"),
        ({"token_pattern": r"\b\w\w+\b"}, "I"),
        ({"token_pattern": r"\w+"}, "\U0001f600"),
        ({"strip_accents": "ascii"}, "\u043f\u0440\u0438"),
        ({"tokenizer": lambda text: []}, "a"),
    ],
)
@pytest.mark.parametrize("make", [TextToSequence, HashingTextToSequence])
def test_a_document_that_is_lost_is_told(make, parameters, document):
    """Fails if a document with something to read becomes an empty row without a word."""
    own = make(**parameters, **({"vocabulary": ["film"]} if make is TextToSequence else {}))
    with pytest.warns(UserWarning, match="no token in the document in row 1 and 1 others"):
        own.fit_transform(["", document, document])


def test_an_empty_document_is_no_reason_to_warn(recwarn):
    """Fails if blanks, punctuation, markup or stop words are warned of."""
    text = TextToSequence(stop_words=["the"])
    text.fit_transform(["film", "", " \n", "...", "<br /><p></p>", "--", "the", "\u2026\u201d"])
    assert not recwarn.list

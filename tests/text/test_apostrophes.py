"""Apostrophes that exports, wrong encodings and lossy conversions have left in another form."""

import pytest

from skrnn import HashingTextToSequence, TextToSequence
from skrnn.text.offsets import find_spans


def cut(text, make=TextToSequence, **parameters):
    """Return the tokens of a text, and what the user wrote for each."""
    analyzer = make(**parameters)._make_analyzer()
    tokens = next(analyzer.iter_tokens([text]))
    return tokens, [text[start:end] for start, end in find_spans(analyzer, text, tokens)]


def garbled(encoding, times=1):
    """Return what the typographic apostrophe looks like if its UTF-8 is read in an encoding."""
    text = "\u2019"
    for _ in range(times):
        # As browsers do, which read bytes that a code page does not have as Latin-1.
        text = "".join(
            bytes([byte]).decode(encoding)
            if encoding != "cp1252" or byte not in b"\x81\x8d\x8f\x90\x9d"
            else chr(byte)
            for byte in text.encode()
        )
    return text


FORMS = {
    "backslash": [r"\'", r"\\'", r"\\\'", "\\\u2019"],
    "doubled": ["''", "''''", "\u2019\u2019", "`'", "'\u2019", "\xb4\xb4"],
    "garbled": [garbled("cp1252"), garbled("latin-1"), "\xe2\u20ac\u02dc", "\xc2\xb4", "\xca\xbc"],
    "garbled twice": [garbled("cp1252", 2), garbled("latin-1", 2)],
    "garbled otherwise": [garbled(name) for name in ("mac_roman", "cp850", "cp437", "cp1251")],
    "URL": ["%27", "%2527", "%E2%80%99", "%e2%80%99", "%25E2%2580%2599", "%u2019", "%92"],
    "literals": [
        *(r"\u2019", r"\\u2019", r"\u0027", r"\x27", r"\x92", r"\u{2019}", r"\U00002019"),
        *(r"\xe2\x80\x99", r"\342\200\231", r"\047", r"\'92", r"\u8217?", "u2019"),
    ],
    "R": ["<U+2019>", "<U+0092>", "<92>", "<e2><80><99>"],
    "mail": ["=92", "=27", "=E2=80=99"],
    "entities": [
        *("&amp;#39;", "&amp;amp;#39;", "&amp;rsquo;", "&#39", "#39;", " #39;", "#x27;", "#8217;"),
        *("&rsquo", "&apos", "&#8217", "&acute;"),
    ],
    "joiners before": [f"{sign}'" for sign in "\u200b\u200c\u200d\u2060\ufeff\u034f\xad\u061c"],
    "joiners after": [f"\u2019{sign}" for sign in "\u200b\u200c\u200d\u2060\ufeff\u034f\xad\u2064"],
    "joiners as entities": ["&zwj;'", "&zwnj;&rsquo;", "&#8203;&#39;", "'&#x200B;"],
}
# Only in negated verbs.
LOST = {
    "unknown": ["?", "\ufffd", "\xbf", "\xef\xbf\xbd"],
    "quotation marks": ['"', "\u201d", "\u201a", "&quot;"],
    "typing": [";", ",", "^"],
    "tokenized": [" '", "' ", " ' ", " \u2019 ", " &#39; "],
}


@pytest.mark.parametrize("make", [TextToSequence, HashingTextToSequence])
@pytest.mark.parametrize("kind", [*FORMS, *LOST])
def test_a_negation_is_kept(kind, make):
    """Fails if a negation is lost, or its offsets are not those of what was written."""
    for form in (FORMS | LOST)[kind]:
        for verb in ("Don", "isn", "WASN", "couldn"):
            t = "T" if verb.isupper() else "t"
            text = f"I {verb}{form}{t} say <b>so</b> \u2665"
            tokens, written = cut(text, make)
            assert tokens == ["i", verb[:-1].lower(), "n't", "say", "so", "\u2665"], text
            assert written[1:4] == [verb[:-1], f"{verb[-1]}{form}{t}", "say"]
            assert cut(text, make, lowercase=False)[0][2] == f"{verb[-1]}'{t}"


@pytest.mark.parametrize("kind", FORMS)
def test_other_contractions_are_kept(kind):
    """Fails if only negations have their apostrophe."""
    for form in FORMS[kind]:
        text = f"it{form}s we{form}re they{form}ll"
        assert cut(text)[0] == ["it", "'s", "we", "'re", "they", "'ll"], text
        parameters = {"token_pattern": r"[\w']+"}
        assert cut(text, **parameters)[0] == ["it's", "we're", "they'll"], text
        characters, _ = cut(text, analyzer="char")
        assert "".join(characters) == "it's we're they'll", text


def test_punctuation_that_was_garbled():
    """Fails if letters of a garbled dash or quotation mark join the words beside it."""
    for encoding in ("cp1252", "latin-1"):
        for sign in "\u201c\u201d\u2013\u2014\u2026\u2018":
            shown = "".join(
                chr(byte)
                if encoding == "latin-1" or byte in b"\x81\x8d\x8f\x90\x9d"
                else bytes([byte]).decode(encoding)
                for byte in sign.encode()
            )
            tokens, written = cut(f"one {shown}two{shown} three")
            assert tokens == ["one", "two", "three"] == written


KEPT = [
    # paths, code and formulas
    (r"c:\new \'x\' x\'", "c new x x"),
    ("x = 27 m=27 x=92m", "x = 27 m = 27 x = 92m"),
    ("100%27 50%20 5%27x", "100 % 27 50 % 20 5 % 27x"),
    ("u2019 #39; is issue #39; a", "u2019 # 39 is issue # 39 a"),
    # prose
    ("can? t shirt; do, t", "can ? t shirt do t"),
    ('Is it? This; that, then "to"', "is it ? this that then to"),
    ("''quoted'' \"\" a ' b", "quoted a b"),
    ("the boys' toys 5'' 6''", "the boys toys 5 6"),
    ("ch\xe2teau \xc2ge l\u2019\xe2me", "ch\xe2teau \xe2ge l \xe2me"),
    ("caf\ufffds", "caf \ufffd s"),
    ("wait?till bean;t", "wait ? till bean t"),
]


@pytest.mark.parametrize(("text", "tokens"), KEPT)
def test_what_is_no_apostrophe(text, tokens):
    """Fails if a path, a formula or punctuation becomes a contraction."""
    assert cut(text)[0] == tokens.split()


def test_joiners_keep_their_meaning():
    """Fails if joiners that are not beside an apostrophe are removed."""
    family = "\U0001f469\u200d\U0001f467"
    persian = "\u0645\u06cc\u200c\u062e\u0648\u0627\u0647\u0645"
    assert cut(f"{family} {persian} it's")[0] == [family, persian, "it", "'s"]


def test_text_of_a_url():
    """Fails if an escaped space joins the words beside it."""
    text = "I%20don%27t%20like%20it,%20100%20no"
    assert cut(text)[0] == ["i", "do", "n't", "like", "it", "%", "20100", "%", "20no"]
    assert cut(text)[1][1:4] == ["do", "n%27t", "like"]


def test_older_files_read_as_before():
    """Fails if models that learned from these forms get other words."""
    tokens, _ = cut(r"don\'t don''t isn%27t", strip_markup="line_breaks")
    assert tokens == ["don", "t", "don", "t", "isn", "%", "27t"]

"""Apostrophes of all kinds, entities and tags, wherever text comes in."""

import re
import unicodedata
from html import unescape

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from skrnn import HashingTextToSequence, TextToSequence
from skrnn.text.offsets import find_spans
from tests.repeats import every


def cut(text, make=TextToSequence, **parameters):
    """Return the tokens of a text, and what the user wrote for each."""
    analyzer = make(**parameters)._make_analyzer()
    tokens = next(analyzer.iter_tokens([text]))
    return tokens, [text[start:end] for start, end in find_spans(analyzer, text, tokens)]


APOSTROPHES = (
    "'\u2019\u2018\u201b\xb4`\u02bc\u02b9\u02bb\u02bd\u02c8\u02ca\u02cb\uff07\uff40\u2032\u2035"
    "\u055a\u05f3\ua78c\u275b\u275c\u1fbd\u1fbf\u1fef\u1ffd\u0384\x91\x92"
)
ENTRIES = {
    "words": {},
    "upper case": {"lowercase": False},
    "without accents": {"strip_accents": "unicode"},
    "in ASCII": {"strip_accents": "ascii"},
    "own pattern": {"token_pattern": r"[\w']+"},
    "own tokenizer": {"tokenizer": str.split},
    "characters": {"analyzer": "char"},
    "stop words": {"stop_words": ["film"]},
}


@pytest.mark.parametrize("make", [TextToSequence, HashingTextToSequence])
@pytest.mark.parametrize("parameters", ENTRIES.values(), ids=ENTRIES)
def test_apostrophes_have_one_form(make, parameters):
    """Fails if a contraction loses its negation, or is another word with another apostrophe."""
    wanted, _ = cut("I don't like it, it's DON'T we're", make, **parameters)
    for apostrophe in APOSTROPHES:
        text = "I don't like it, it's DON'T we're".replace("'", apostrophe)
        tokens, written = cut(text, make, **parameters)
        assert tokens == wanted, hex(ord(apostrophe))
        if "analyzer" not in parameters:
            assert any(apostrophe in part for part in written)


def test_an_accent_that_is_none_stays():
    """Fails if quotation marks, code and minutes become apostrophes."""
    kept = {"token_pattern": r"\S+"}
    for text in ("\u2018quoted\u2019 words", "`code` here", "5\u2032 6\u2033", "\xb4 alone"):
        expected = text.replace("\u2019", "'").split()
        assert cut(text, **kept)[0] == expected


ENTITIES = {
    "&amp;": "&",
    "&#38;": "&",
    "&lt;": "<",
    "&gt;": ">",
    "&#39;": "'",
    "&#039;": "'",
    "&#x27;": "'",
    "&#X27;": "'",
    "&apos;": "'",
    "&rsquo;": "'",
    "&#8217;": "'",
    "&#146;": "'",
    "&amp;#39;": "'",
    "&amp;amp;#39;": "'",
    "&amp;rsquo;": "'",
    "&amp;amp;": "&",
    "&eacute;": "\xe9",
    "&hearts;": "\u2665",
    "&euro;": "\u20ac",
    "&#128512;": "\U0001f600",
    "&#x1F600;": "\U0001f600",
    "&nbsp;": " ",
    "&amp": "&",
    "&#39": "'",
}


@pytest.mark.parametrize("parameters", ENTRIES.values(), ids=ENTRIES)
@pytest.mark.parametrize("entity", ENTITIES)
def test_entities_are_their_characters(entity, parameters):
    """Fails if the name of an entity becomes a word."""
    tokens, written = cut(f"a{entity} b", **parameters)
    assert tokens == cut(f"a{ENTITIES[entity]} b", **parameters)[0]
    if ENTITIES[entity].strip() and ENTITIES[entity] in tokens:
        assert entity in written


@pytest.mark.parametrize(
    ("text", "tokens"),
    [
        ("don&#39;t", "do n't"),
        ("R&amp;B", "r & b"),
        ("caf&eacute;", "caf\xe9"),
        ("&lt;3 &lt;b&gt;so&lt;/b&gt; &amp;lt;br /&amp;gt;", "<3 so"),
        ("fish&chips AT&T; &notaname; &not sure", "fish & chips at & t & notaname & not sure"),
        ("x &#99999999; &#; &#x; &;", "x & # 99999999 & # & # x &"),
        ("&#" + "9" * 5000 + ";", "& # " + "9" * 5000),
        ("<p>good</p><p>bad</p>", "good bad"),
        ("won<b>der</b>ful <I>so</I>", "wonderful so"),
        ("<a href='x?a=1&b=2' class=\"y z\" disabled>link</a><br/>next<BR clear=all>", "link next"),
        ("<div\nclass='a'\n>one</div >two<hr />", "one two"),
        ("a<!-- no -->b <!-- <p> --> c <!-->d", "ab c d"),
        ("<script>if (a < b) {}</script>x<STYLE type='text/css'>p {}</style>y", "x y"),
        ("<!DOCTYPE html><html><body>it</body></html>", "it"),
        ("<?xml version='1.0'?><![CDATA[x", "x"),
        ("a < b and c > d", "a < b and c > d"),
        ("a <b and c> d", "a < b and c > d"),
        ("I <really> love it <3", "i < really > love it <3"),
        ("<scripted> <i am> <a lot>", "< scripted > < i am > < a lot >"),
        ("open <!-- and never closed", "open"),
        ("cut <a href='x", "cut"),
        ("x <<p>> y", "x < > y"),
    ],
)
def test_the_rule_for_markup(text, tokens):
    """Fails if a tag becomes a word, or what only looks like one is dropped."""
    assert cut(text)[0] == tokens.split()


MARKUP = {
    # kind: texts, all of which say "one two"
    "SVG": [
        "<svg width='3'><path d='M0 1'/><g><text x=1>one</text></g></svg> two",
        "one<svg:rect x='1'/><clipPath id=a></clipPath><linearGradient/> two",
    ],
    "MathML": ["<math><mrow><mi>one</mi><mspace/><mtext>two</mtext></mrow></math>"],
    "custom elements": [
        "<my-widget>one</my-widget> two",
        "one <my-widget size='3' data-on>two",
        "one <o:p></o:p> two <fb:like href='x'/>",
        "one</my-widget> two",
    ],
    "CDATA": ["<![CDATA[one]]> two", "<![cdata[<p>one two</p>]]>", "one <![CDATA[two"],
    "cut off": [
        "one two <script>var x = 1; f(",
        "one two <script src='x'>words",
        "one two <style>p { color: red",
        "one two <style type='text/css'>words",
        "one two <!-- words",
        "one two <br",
        "one two <br /",
        'one two <a href="http://x.org/a?b=c',
        "one two <img src='a' alt=",
        "<div class='x'>one <section>two <time>",
        "<p>one <span>two",
    ],
    "other languages": [
        "one <?php echo 'a > b'; ?> two",
        "one <?= $x ?> two",
        "<!ENTITY b 'c'>one two",
        "one<?xml-stylesheet href='x'?> two",
    ],
    "attributes": [
        "<div v-if='a > b' data-x :y='1' @click=\"z\">one two</div>",
        "<a title='x < y' href='#'>one</a> two",
        "<input disabled>one two",
    ],
    "comments": ["one <!-- a --!> two", "one <!-- a -- > two", "one <!-- <b> -->two"],
    "escaped slash": ["<p>one <b>two<\\/b><\\/p>", "one<br \\/>two"],
    "whole text escaped": [
        "&lt;p&gt;one&lt;/p&gt; two",
        "one &lt;br/&gt;two",
        "&lt;a href='x'&gt;one&lt;/a&gt; two",
        "one &lt;!-- x --&gt; two",
    ],
    "no end": ["<P>one<P>two", "<li>one<li>two", "<tr><td>one<td>two", "one<hr>two", "one</b> two"],
}


@pytest.mark.parametrize("kind", MARKUP)
def test_markup_is_no_word(kind):
    """Fails if a tag, or what it holds that nobody sees, becomes words."""
    for text in MARKUP[kind]:
        tokens, written = cut(text)
        assert tokens == ["one", "two"] == written, text


TEXT = {
    "code": [
        "#include <map>",
        "#include <string>",
        "List<S> x",
        "Map<S, List<b>> m",
        "std::vector<int> v",
        "a<b>c",
        "f<a>(x) + g<i>(y)",
        "Option<T> Box<dyn Fn>",
        "for (i=0; i<s; i++) >",
        "x<y and y>z",
        "if (a<b && c>d)",
    ],
    "placeholders": [
        "an <object> and a <time>",
        "fill in <label> and <address> <title>",
        "cp <source> <dir>",
        "<user> said <URL> <number> <hashtag>",
        "the <mask> is <first-name>",
        "see <http://example.org/x> <joe@example.org>",
    ],
    "prose": ["use a <div> here", "a <script> tag runs (code)", "I <3 it", "<sarcasm>so</sarcasm>"],
    "escaped": ["a&lt;b&gt;c", "&lt;user&gt; wrote", "x &lt; y and y &gt; z", "&lt;time&gt;"],
    "escaped beside tags": [
        "<p>use &lt;b&gt;x&lt;/b&gt; here</p>",
        "<pre><code>#include &lt;map&gt;</code></pre>",
        "one<br />&lt;p&gt;two",
    ],
}


@pytest.mark.parametrize("kind", TEXT)
def test_text_is_no_markup(kind):
    """Fails if a word in angle brackets is dropped that nothing shows to be a tag."""
    tags = re.compile(r"</?(?:p|pre|code|br /)>")
    for text in TEXT[kind]:
        wanted = unescape(tags.sub(" ", text) if kind == "escaped beside tags" else text)
        tokens, written = cut(text)
        assert tokens == cut(wanted, strip_markup=False)[0], text
        assert [unescape(part).lower() for part in written] == tokens


def test_markup_can_be_kept():
    """Fails if strip_markup=False changes the text."""
    text = "<p>R&amp;B</p>"
    found = cut(text, strip_markup=False, token_pattern=r"\S+")
    assert found == (["<p>r&amp;b</p>"], ["<p>R&amp;B</p>"])
    with pytest.raises(ValueError, match="strip_markup"):
        TextToSequence(strip_markup="yes").fit(["a"])


def test_older_files_read_as_before():
    """Fails if a model that learned "amp" and "br" gets other words than it was fitted on."""
    tokens, _ = cut("a<br />b R&amp;B <p> it\xb4s it\u2019s", strip_markup="line_breaks")
    assert tokens == ["a", "b", "r", "&", "amp", "b", "<", "p", ">", "it", "s", "it", "'s"]


def test_characters_without_markup():
    """Fails if the analyzer of characters spells out markup."""
    tokens, written = cut("I don&#39;t<br>\n<b>go</b> \U0001f44d", analyzer="char")
    assert "".join(tokens) == "i don't go \U0001f44d"
    assert "".join(written) == "I don&#39;t<br>\ngo \U0001f44d"


def test_offsets_point_into_the_original():
    """Fails if markup before a word moves it."""
    text = (
        "<p class='x'>It wasn&#8217;t&nbsp;<b>won</b>der&shy;ful &amp; <!-- no --> bad&hearts;</p>"
    )
    tokens, written = cut(text)
    assert tokens == ["it", "was", "n't", "wonderful", "&", "bad", "\u2665"]
    assert written == ["It", "was", "n&#8217;t", "won</b>der&shy;ful", "&amp;", "bad", "&hearts;"]


def test_invisible_characters_are_no_part_of_a_word():
    """Fails if a soft hyphen or a mark of direction splits a word."""
    for sign in "\xad\u2060\ufeff\u200e\u200f\u202a\u2069\ufe0f":
        assert cut(f"won{sign}der{sign}ful")[0] == ["wonderful"]


def test_marks_beyond_thirty_are_dropped():
    """Fails if the marks of a word are not bounded, or a real word loses one."""
    zalgo = "z" + "\u0334\u0316\u0301" * 40 + "o"
    (word,), (written,) = cut(zalgo)
    assert written == zalgo
    assert sum(map(bool, map(unicodedata.combining, unicodedata.normalize("NFD", word)))) == 30
    assert cut(zalgo, strip_accents="unicode")[0] == ["zo"]


def test_every_mark_is_known_to_the_limit():
    """Fails if a character that NFC or NFKD reorders is not found by the pattern of long runs."""
    from skrnn.text.characters import _LONG_RUN, _LONG_RUN_NFKD

    for form, pattern in (("NFD", _LONG_RUN), ("NFKD", _LONG_RUN_NFKD)):
        missing = [
            hex(code)
            for code in range(0x80, 0x110000)
            if unicodedata.combining(unicodedata.normalize(form, chr(code))[0])
            and not pattern.fullmatch(chr(code) * 40)
        ]
        assert not missing


PIECES = [
    *("<", ">", "<b>", "</b>", "<p>", "<br />", "<!--", "-->", "<script>", "</script>", "<a x='"),
    *("&", "amp;", "&lt;", "&gt;", "&#39;", "&eacute;", "&#", "39;", "a", "b", "n", "t", "'", " "),
    *(
        "<map>",
        "</map>",
        "<o:p>",
        "<![CDATA[",
        "]]>",
        "<?php",
        "?>",
        "<br",
        "=",
        "\\",
        "%27",
        "#39;",
    ),
    *("don", "?", ";", "\u200b", "\xe2\u20ac\u2122", "\ufffd", "%20", "<U+2019>", "T", ","),
    *("\xb4", "`", "\u2019", "\xad", "\ufe0f", "\u0301", "\u0316", "\U0001f600", "\u200d", "E"),
]


def test_breaks_inside_of_breaks_have_offsets():
    """Fails if a part that is replaced first makes a tag of what stands around it."""
    for text in ("<br<br />&>", "a<br<br />>b", "<br <br /> />", "<<br />br>", "<b<br />r />x"):
        analyzer = TextToSequence()._make_analyzer()
        (tokens,) = analyzer.iter_tokens([text])
        assert find_spans(analyzer, text, tokens) is not None, text


@pytest.mark.parametrize("parameters", every(2, ENTRIES.values()), ids=ENTRIES)
def test_any_markup_has_offsets(parameters):
    """Fails if there is a text whose offsets are missing, disordered, or beyond it."""

    @settings(max_examples=100, deadline=None)
    @given(st.lists(st.sampled_from(PIECES), max_size=25).map("".join))
    def check(text):
        analyzer = TextToSequence(**parameters)._make_analyzer()
        tokens = next(analyzer.iter_tokens([text]))
        spans = find_spans(analyzer, text, tokens)
        assert spans is not None and len(spans) == len(tokens)
        assert ((spans >= 0) & (spans <= len(text))).all()
        assert (spans[:, 0] <= spans[:, 1]).all()
        assert (spans[1:, 0] >= spans[:-1, 0]).all()

    check()

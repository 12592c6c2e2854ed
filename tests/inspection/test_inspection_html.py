"""Explanations as HTML: what they show, and that nothing of a text is ever run."""

import re
import shutil
import subprocess
from html.parser import HTMLParser

import numpy as np
import pytest

from skrnn import RNNClassifier, TextToSequence
from skrnn.inspection import Explanation

HOSTILE = (
    'Bad <script>document.title="owned"</script><img src=x onerror="document.title=\'owned\'">'
    "</p></div></body><svg onload=\"document.title='owned'\"> & \"good\" 'film' &lt;b&gt;"
)


def explanation(text, tokens=None, spans=None, values=None, target="pos", **kwargs):
    """Return an explanation made by hand: of the words, or of the tokens given."""
    if tokens is None:
        spans = np.array([m.span() for m in re.finditer(r"\w+", text)]).reshape(-1, 2)
        tokens = [text[a:b].lower() for a, b in spans]
    values = np.linspace(-1, 1, len(tokens)) if values is None else np.array(values, float)
    rest = {
        "ids": np.arange(2, len(tokens) + 2),
        "prediction": target,
        "probability": 0.75,
        "score": 1.1,
        "baseline_score": -0.2,
        "method": "integrated_gradients",
        "n_steps": 32,
    }
    return Explanation(
        text=text, tokens=tokens, spans=spans, values=values, target=target, **rest | kwargs
    )


class Reader(HTMLParser):
    """Collects elements, attributes and text, as a browser would see them."""

    def __init__(self, html):
        super().__init__()
        self.elements, self.paragraphs, self.in_text = [], [], False
        self.feed(html)
        self.close()

    def handle_starttag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))
        if tag == "p":
            self.paragraphs.append("")
        self.in_text = self.in_text or tag == "p"

    def handle_endtag(self, tag):
        self.in_text = self.in_text and tag != "p"

    def handle_data(self, data):
        if self.in_text:
            self.paragraphs[-1] += data


@pytest.mark.parametrize("full", [False, True])
@pytest.mark.parametrize("where", ["text", "token", "label"])
def test_markup_is_shown(where, full):
    """Fails if the text, a token or the label brings an element or an attribute into the page."""
    plain = explanation("Bad film")
    if where == "text":
        hostile = explanation(HOSTILE)
    elif where == "token":  # without offsets the tokens are shown, and always in a tooltip
        hostile = explanation(None, tokens=[HOSTILE, '" onmouseover="x'])
    else:
        hostile = explanation("Bad film", target=HOSTILE)
    seen, usual = Reader(hostile.to_html(full=full)), Reader(plain.to_html(full=full))
    assert {tag for tag, _ in seen.elements} == {tag for tag, _ in usual.elements}
    allowed = {"style", "title", "dir", "lang", "charset", "http-equiv", "content", "name"}
    assert {name for _, attrs in seen.elements for name in attrs} <= allowed
    legend, text = seen.paragraphs
    assert HOSTILE in (legend if where == "label" else text)


def test_words_are_where_they_were_written():
    """Fails if a part of the text is lost, doubled or highlighted for another word."""
    text = "It WASN\u2019T<br />bad, \u4e2d\n\n  at all "
    spans = np.array([[0, 2], [3, 6], [6, 9], [15, 18], [20, 21]])
    found = explanation(text, ["it", "was", "n't", "bad", "\u4e2d"], spans, [0.5, 0, 1, -1, -0.25])
    reader = Reader(found.to_html())
    assert reader.paragraphs[1] == text
    body = found.to_html().split("</p>")[1]
    marks = re.findall(r'<span title="([^"]*)"([^>]*)>([^<]*)</span>', body)
    assert [(title, shown) for title, _, shown in marks] == [
        ("it: +0.500", "It"),
        ("was: +0.000", "WAS"),
        ("n&#x27;t: +1.000", "N\u2019T"),
        ("bad: -1.000", "bad"),
        ("\u4e2d: -0.250", "\u4e2d"),
    ]
    styles = [style for _, style, _ in marks]
    # The sign by the colour and the line, the strength by the opacity.
    assert "0,114,178,0.30" in styles[0] and "solid" in styles[0]
    assert styles[1] == ""
    assert "0,114,178,0.60" in styles[2] and "213,94,0,0.60" in styles[3] and "dashed" in styles[3]
    assert "213,94,0,0.15" in styles[4]


def test_tokens_that_share_a_character():
    """Fails if what two tokens are made of is shown twice, or an empty token breaks the rest."""
    spans = np.array([[0, 1], [0, 1], [1, 1], [1, 3]])
    found = explanation("\ufb01ne", ["f", "i", "", "ne"], spans)
    assert Reader(found.to_html()).paragraphs[1] == "\ufb01ne"


def test_legend():
    """Fails if the answer, the way or what is unknown is not told."""
    found = explanation("Bad film", values=[0.123, -0.5], ids=np.array([1, 5]), target=3)
    legend = Reader(found.to_html()).paragraphs[0]
    for told in (
        "3: probability 0.750",
        "+1.10",
        "-0.20",
        "full colour is 0.50",
        "integrated gradients",
    ):
        assert told in legend
    assert 'title="bad (unknown word): +0.123"' in found.to_html()
    assert "predicted" not in legend
    other = Reader(explanation("Bad film", target=3, prediction=4).to_html()).paragraphs[0]
    assert "3 (predicted: 4): probability 0.750" in other
    for nothing in (explanation(""), explanation("a", values=[0.0])):
        assert Reader(nothing.to_html()).paragraphs[1] == nothing.text


def test_characters_that_no_page_can_hold():
    """Fails if a page cannot be written as UTF-8, or a control character is in it."""
    text = "a\0b\x1b[31m\ud800c\ufffe\td\u0085e\nf"
    page = explanation(text, ["x"], np.array([[0, len(text)]])).to_html(full=True)
    assert page.encode("utf-8").decode() == page
    assert "a\ufffdb\ufffd[31m\ufffdc\ufffd\td\ufffde\nf" in page


def test_standalone_page():
    """Fails if the page may load or run anything, has no encoding, or ignores small screens."""
    page = explanation(HOSTILE).to_html(full=True)
    assert page.startswith("<!DOCTYPE html>")
    metas = [attrs for tag, attrs in Reader(page).elements if tag == "meta"]
    policy = next(m["content"] for m in metas if m.get("http-equiv") == "Content-Security-Policy")
    assert policy.startswith("default-src 'none';") and "script" not in policy
    assert {"charset": "utf-8"} in metas
    assert any(m.get("name") == "viewport" and "device-width" in m["content"] for m in metas)
    assert "overflow-wrap:anywhere" in page and "pre-wrap" in page
    assert explanation(HOSTILE).to_html() in page


def test_in_a_notebook():
    """Fails if a notebook does not show the words, or an estimator loses scikit-learn's diagram."""
    found = explanation("Bad film")
    assert found._repr_html_() == found.to_html()
    assert repr(found) == (
        "Explanation(target='pos', probability=0.750, score=1.100, "
        "method='integrated_gradients', 2 values)"
    )
    for estimator in (RNNClassifier(), TextToSequence()):
        assert "sk-top-container" in estimator._repr_html_()
        for cls in type(estimator).__mro__:
            if cls.__module__.startswith("skrnn"):
                assert not {"_repr_html_", "_repr_mimebundle_"} & set(vars(cls))


def test_numbers_have_no_words():
    """Fails if a numeric sequence breaks a notebook, or asking for its words is obscure."""
    found = Explanation(
        text=None, tokens=None, spans=None, ids=None, values=np.ones((4, 2)), target=1,
        prediction=1, probability=0.5, score=0.0, baseline_score=0.0, method="occlusion",
        n_steps=None,
    )  # fmt: skip
    assert found._repr_html_() is None and "4x2 values" in repr(found)
    with pytest.raises(ValueError, match=r"no words to highlight. Draw it with plot\(\)"):
        found.to_html()


@pytest.mark.parametrize("full", [False, True])
@pytest.mark.slow
def test_in_a_browser(full, tmp_path):
    """Fails if a browser finds a script or an image in what a review has written, or runs it."""
    chromium = shutil.which("chromium") or shutil.which("chromium-browser")
    if chromium is None:
        pytest.skip("needs chromium: apt-get install chromium")
    page = tmp_path / "page.html"
    html = explanation(HOSTILE).to_html(full=full)
    # A part of a page is put into one that, as a notebook, forbids nothing.
    page.write_text(html if full else f"<title>safe</title>{html}", encoding="utf-8")
    done = subprocess.run(
        [
            chromium, "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic",
            "--no-first-run", "--disable-background-networking", "--disable-component-update",
            "--disable-sync", f"--user-data-dir={tmp_path / 'profile'}",
            "--virtual-time-budget=2000", "--dump-dom", page.as_uri(),
        ],
        capture_output=True,
        text=True,
        timeout=120,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    dom = Reader(done.stdout)
    tags = {tag for tag, _ in dom.elements}
    assert "span" in tags and not tags & {"script", "img", "svg"}
    title = re.search("<title>(.*)</title>", done.stdout)[1]
    assert title == ("Which words decided" if full else "safe")
    assert dom.paragraphs[1] == HOSTILE


@pytest.mark.parametrize("unit", [1e-6, 1.0, 1e9])
def test_numbers_of_any_unit_are_readable(unit):
    """Fails if a contribution to y in millionths reads 0.00, or one in billions has ten digits."""
    numbers = {"probability": None, "prediction": 3.25 * unit, "score": 3.25 * unit}
    one = explanation(
        "Good film",
        values=np.array([1.75, -0.125]) * unit,
        target=0,
        baseline_score=1.625 * unit,
        columns={"year": -2.5 * unit},
        **numbers,
    )
    html, shown = one.to_html(), repr(one)
    for number in (3.25, 1.625, 1.75, -0.125, -2.5):
        assert f"{number * unit:+.4g}" in html
    assert f"score={3.25 * unit:.4g}," in shown
    odds = explanation("Good film", values=[1.75, -0.125])
    assert "score +1.10 (with all words unknown -0.20)" in odds.to_html()
    assert "score=1.100" in repr(odds)

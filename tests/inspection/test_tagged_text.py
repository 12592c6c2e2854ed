"""Tagged text: what is highlighted, and that nothing of a text or a tag becomes markup."""

import re
from html.parser import HTMLParser

import numpy as np
import pytest

from skrnn.exceptions import InvalidInputError
from skrnn.inspection import show_tags
from skrnn.metrics import Span

X = [["Ada", "Lovelace", "met", "Babbage", "."], [], ["No", "one"]]
NAMES = [["B-PER", "I-PER", "O", "B-PER", "O"], [], ["O", "O"]]
HOSTILE = "</p><script>document.title='owned'</script><img src=x onerror=\"x\"> & \ud800\0"


class Reader(HTMLParser):
    """Collects elements, attributes and text."""

    def __init__(self, html):
        super().__init__()
        self.elements, self.attributes, self.text = [], set(), ""
        self.feed(html)
        self.close()

    def handle_starttag(self, tag, attrs):
        self.elements.append(tag)
        self.attributes |= {name for name, _ in attrs}

    def handle_data(self, data):
        self.text += data


def test_text():
    """Fails if a span is cut, or a step that has a tag has none."""
    assert repr(show_tags(X, NAMES)) == "[Ada Lovelace PER] met [Babbage PER] .\n\nNo one"
    steps = show_tags(X, NAMES, as_spans=False)
    assert repr(steps).split("\n")[0] == "[Ada B-PER] [Lovelace I-PER] met [Babbage B-PER] ."
    assert show_tags([["a", "b"]], [["NOUN", "O"]]).marked == [[Span(0, 1, "NOUN")]]
    assert repr(show_tags([["a", "b"]], np.array([[3, 4]]))) == "[a 3] [b 4]"
    assert repr(show_tags([[("a", "X"), ("b", "Y")]], [["B-N", "I-N"]])) == "[a b N]"
    assert repr(show_tags(np.array([[[0.5, 1.0]]]), [["on"]])) == "[(0.5, 1) on]"
    assert repr(show_tags([[7, 8]], [["on", "O"]])) == "[7 on] 8"


def test_html():
    """Fails if words are lost, or two types look the same."""
    shown = show_tags(X + [["Rome"]], NAMES + [["B-LOC"]])
    html = shown.to_html()
    assert shown._repr_html_() == html
    read = Reader(html)
    assert read.elements.count("p") == 4 and read.elements.count("span") == 3
    assert " ".join(read.text.split()) == "Ada Lovelace PER met Babbage PER . No one Rome LOC"
    styles = re.findall(r'<span dir="auto" style="([^"]*)"', html)
    assert styles[0] == styles[1] != styles[2]
    many = show_tags([[str(i) for i in range(28)]], [[f"B-{i}" for i in range(28)]])
    assert len(set(re.findall(r'<span dir="auto" style="([^"]*)"', many.to_html()))) == 28


@pytest.mark.parametrize("full", [False, True])
@pytest.mark.parametrize("where", ["word", "tag"])
def test_markup_is_shown(where, full):
    """Fails if a word or a tag brings an element, an attribute or a broken character."""
    if where == "word":
        shown = show_tags([["a", HOSTILE, HOSTILE]], [["O", "O", "B-X"]])
    else:
        shown = show_tags([["a", "b"]], [["O", f"B-{HOSTILE}"]])
    html = shown.to_html(full=full)
    usual = Reader(show_tags([["a", "b"]], [["O", "B-X"]]).to_html(full=full))
    read = Reader(html)
    assert set(read.elements) == set(usual.elements)
    assert read.attributes == usual.attributes
    assert HOSTILE[:-2] + "\ufffd\ufffd" in read.text
    html.encode("utf-8")
    assert html.startswith("<!DOCTYPE html>") == full


def test_rows_are_limited():
    """Fails if a corpus fills a notebook, or rows are left out in silence."""
    shown = show_tags([["a"]] * 30, [["B-X"]] * 30)
    assert len(shown.words) == len(shown.marked) == 20
    assert repr(shown).endswith("\n... and 10 more rows")
    assert "... and 10 more rows" in shown.to_html()
    assert repr(show_tags([["a"]] * 21, [["O"]] * 21)).endswith("and 1 more row")
    assert "more" not in repr(show_tags([["a"]] * 30, [["B-X"]] * 30, max_rows=None))


def test_bad_input():
    """Fails if tags are shown with other words than theirs."""
    with pytest.raises(InvalidInputError, match="Row 0 of tags has 1 labels, but row 0 of X has 2"):
        show_tags([["a", "b"]], [["O"]])
    with pytest.raises(InvalidInputError, match="Row 0 of X is the str 'a b'"):
        show_tags(["a b"], [["O", "O"]])
    with pytest.raises(InvalidInputError, match="Row 0 of tags is the str 'O'"):
        show_tags([["a"]], ["O"])
    with pytest.raises(ValueError, match="max_rows"):
        show_tags([["a"]], [["O"]], max_rows=0)

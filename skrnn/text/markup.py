"""HTML in texts: tags are dropped, and entities become their characters.

A tag is dropped if its name is one of HTML's and its attributes have values, so that "a < b",
"<3" and "I <really> love it" stay. The expressions stop at the next "<", so that each character is
read a bounded number of times.
"""

import re
from html import unescape
from html.entities import html5

from skrnn.text.replacing import Edits, Replacement

# Names of formatting, which can stand within a word.
_FORMATTING = (
    "b|i|u|s|em|strong|small|big|font|tt|mark|sub|sup|strike|del|ins|wbr|nobr|abbr|acronym|cite"
)
# All others; words end at them.
_OTHERS = (
    "a|address|applet|area|article|aside|audio|base|basefont|bdi|bdo|bgsound|blink|blockquote|body|"
    "button|canvas|caption|center|code|col|colgroup|data|datalist|dd|details|dfn|dialog|dir|div|dl|"
    "dt|embed|fieldset|figcaption|figure|footer|form|frame|frameset|h[1-6]|head|header|hgroup|hr|"
    "html|iframe|img|input|kbd|label|legend|li|link|main|map|marquee|menu|menuitem|meta|meter|nav|"
    "noembed|noframes|noscript|object|ol|optgroup|option|output|p|param|picture|plaintext|pre|"
    "progress|q|rb|rp|rt|rtc|ruby|samp|script|search|section|select|slot|source|span|style|summary|"
    "svg|table|tbody|td|template|textarea|tfoot|th|thead|time|title|tr|track|ul|var|video|xmp|o:p"
)
_ATTRIBUTES = (
    r"(?:[\s/]++(?:[^\s\"'<>/=]++\s*+=\s*+(?:\"[^\"<]*+\"|'[^'<]*+'|[^\s\"'<>]++)"
    # those without a value
    r"|(?:allowfullscreen|async|autofocus|autoplay|checked|compact|controls|crossorigin|default|"
    r"defer|disabled|download|hidden|inert|ismap|itemscope|loop|multiple|muted|nohref|nomodule|"
    r"noresize|noshade|novalidate|nowrap|open|playsinline|readonly|required|reversed|selected)"
    r"(?![^\s/>])))*+[\s/]*+>"
)
_FLAGS = re.ASCII | re.IGNORECASE

_DECLARATIONS = r"<(?:!doctype\b|\?xml\b|!\[(?:end)?if\b)[^<>]*+>|<!\[CDATA\["
_OPENED = re.compile(rf"<!--|<(script|style){_ATTRIBUTES}", _FLAGS)
_CLOSED = {
    name: re.compile(close, _FLAGS)
    for name, close in {
        "": "-->",
        "script": r"</script\s*+>",
        "style": r"</style\s*+>",
    }.items()
}

# "amp;" may come in between: the pages of some sites are escaped twice.
_CHARACTER = (
    r"#[0-9]{1,7}+(?![0-9]);?|#[xX][0-9a-fA-F]{1,6}+(?![0-9a-fA-F]);?|[A-Za-z][A-Za-z0-9]{1,31}+;"
    # Without a semicolon, "&not" and "&copy" could be words.
    r"|(?:amp|lt|gt|quot|nbsp)(?![A-Za-z0-9;=])"
)


def _find_elements(text):
    """Yield comments, and scripts and styles with what is in them."""
    at, unclosed = 0, set()
    while found := _OPENED.search(text, at):
        name = (found[1] or "").lower()
        at = found.end()
        if name in unclosed:
            continue
        # "<!-->" is a whole comment.
        closed = _CLOSED[name].search(text, at if name else found.start() + 2)
        if closed is None:  # there is none further on either
            unclosed.add(name)
            continue
        at = closed.end()
        yield found.start(), at, " " if name else ""


def _character_of(match):
    name = match[1] or match[2]
    if name is None:
        return "&"
    if name[0] == "#" or name in html5:
        return unescape(f"&{name}")
    return f"&{name}" if match[1] else match[0]


_ELEMENTS = Edits(_find_elements)
_INLINE_TAGS = Replacement(re.compile(rf"</?(?:{_FORMATTING}){_ATTRIBUTES}", _FLAGS), "")
_BLOCK_TAGS = Replacement(
    re.compile(rf"</?(?:{_OTHERS}){_ATTRIBUTES}|{_DECLARATIONS}", _FLAGS), " "
)
_ENTITIES = Replacement(re.compile(rf"&(?:amp;)++({_CHARACTER})?|&({_CHARACTER})"), _character_of)
_LINE_BREAKS = Replacement(re.compile(r"</?br\b[^<>]*+>", _FLAGS), " ")
# As files of format 1 and 2 have it.
_OPENING_BREAKS = Replacement(re.compile(r"<br\b[^<>]*>", re.IGNORECASE), " ")


def strip_markup(document):
    """Drop the tags of a text, and replace its entities.

    Parameters
    ----------
    document : PlainText or AlignedText
        It is changed.
    """
    before = document.text
    if "<" in before:
        _strip_tags(document)
    if "&" in before:
        n_tags = document.text.count("<")
        document.run(_ENTITIES)
        # Tags that were escaped; those that stand in the text were seen.
        if document.text.count("<") > n_tags:
            _strip_tags(document)


def strip_line_breaks(document):
    """Replace ``<br>`` by a space, and leave all other markup.

    Parameters
    ----------
    document : PlainText or AlignedText
        It is changed.
    """
    if "<" in document.text:
        document.run(_OPENING_BREAKS)


def _strip_tags(document):
    document.run(_LINE_BREAKS)  # most texts have no other tags
    if "<" not in document.text:
        return
    if _OPENED.search(document.text):
        document.run(_ELEMENTS)
    document.run(_INLINE_TAGS)
    document.run(_BLOCK_TAGS)

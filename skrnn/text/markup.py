"""HTML in texts: tags are dropped, and entities become their characters.

Prose and code have what looks like a tag: "#include <map>", "List<S>", "a < b", "<3", the <user> of
anonymized messages. So a tag is dropped if its name is one of HTML's (or SVG's, MathML's or that of
a custom element), and it looks like markup: it has attributes with values, or closes itself, or has
its closing partner, or is of an element that needs none. The expressions stop at the next "<" or
after a fixed number of characters, so that each character is read a bounded number of times.
"""

import re
from functools import partial
from html import unescape
from html.entities import html5

from skrnn.text.replacing import Edits, Replacement


def _names(listed):
    return frozenset(listed.split())


# Names of formatting, which can stand within a word.
_FORMATTING = _names(
    "b i u s em strong small big font tt mark sub sup strike del ins wbr nobr abbr acronym cite"
)
# All others; words end at them.
_OTHERS = _names(
    "a address applet area article aside audio base basefont bdi bdo bgsound blink blockquote body "
    "br button canvas caption center code col colgroup data datalist dd details dfn dialog dir div "
    "dl dt embed fieldset figcaption figure footer form frame frameset h1 h2 h3 h4 h5 h6 head "
    "header hgroup hr html iframe image img input kbd label legend li link main map marquee menu "
    "menuitem meta meter nav noembed noframes noscript object ol optgroup option output p param "
    "picture plaintext pre progress q rb rp rt rtc ruby samp script search section select slot "
    "source span style summary table tbody td template textarea tfoot th thead time title tr track "
    "ul var video xmp "
    # SVG
    "svg animate animatemotion animatetransform circle clippath defs desc ellipse feblend "
    "fecolormatrix fecomponenttransfer fecomposite feconvolvematrix fediffuselighting "
    "fedisplacementmap fedistantlight fedropshadow feflood fefunca fefuncb fefuncg fefuncr "
    "fegaussianblur feimage femerge femergenode femorphology feoffset fepointlight "
    "fespecularlighting fespotlight fetile feturbulence filter foreignobject g line lineargradient "
    "marker mask metadata mpath path pattern polygon polyline radialgradient rect set stop switch "
    "symbol text textpath tspan use view "
    # MathML
    "math annotation maction menclose merror mfenced mfrac mi mmultiscripts mn mo mover mpadded "
    "mphantom mprescripts mroot mrow ms mspace msqrt mstyle msub msubsup msup mtable mtd mtext mtr "
    "munder munderover none semantics"
)
# Elements without content, or whose end tag may be left out, and which are no words.
_WITHOUT_END = _names("br hr img wbr nobr p li dt dd td th tr tbody thead tfoot")
_EMPTY = frozenset(["br", "hr"])
# They are no words either, but have an end tag; it may have been cut off.
_STRUCTURE = _names(
    "html div span h1 h2 h3 h4 h5 h6 hgroup ul ol dl blockquote em strong iframe textarea fieldset "
    "figcaption noscript colgroup optgroup frameset datalist svg tspan mrow mfrac msqrt"
)
# They show that a text is a whole page, or a part of one.
_OF_PAGES = _names(
    "html head body div table section article main header footer nav form ul ol meta link"
)
_FLAGS = re.ASCII | re.IGNORECASE
# <my-widget>, <o:p>, <annotation-xml>
_CUSTOM = re.compile(r"[a-z][a-z0-9.]*+(?:(?:-[a-z0-9._]++)+|:[a-z][a-z0-9-]*+)", _FLAGS)

_VALUE = r"(?:\"[^\"<]*+\"|'[^'<]*+'|\"[^\"]{0,300}+\"|'[^']{0,300}+'|[^\s\"'<>]++)"
_ATTRIBUTES = (
    rf"(?:[\s/]++(?:[^\s\"'<>/=]++\s*+=\s*+{_VALUE}"
    # those without a value
    r"|(?:allowfullscreen|async|autofocus|autoplay|checked|compact|controls|crossorigin|default|"
    r"defer|disabled|download|hidden|inert|ismap|itemscope|loop|multiple|muted|nohref|nomodule|"
    r"noresize|noshade|novalidate|nowrap|open|playsinline|readonly|required|reversed|selected|"
    r"(?:aria|data|ng|v|x)-[a-z0-9.:_-]++)"
    r"(?![^\s/>])))*+[\s/]*+>"
)
# The slash of an end tag is escaped in some JSON.
_TAG = re.compile(rf"<(\\?/)?([a-z][a-z0-9]*+(?:[-:.][a-z0-9._:-]*+)?)({_ATTRIBUTES})", _FLAGS)
# At the end of a text that is cut off.
_UNFINISHED = re.compile(
    rf"<(?:(?P<name>[a-z][a-z0-9]*+(?:[-:.][a-z0-9._:-]*+)?)"
    rf"(?:\s++[^\s\"'<>/=]++\s*+=\s*+(?:{_VALUE}|\"[^\"<>]*+|'[^'<>]*+)?)++|br\b)[\s/]*+",
    _FLAGS,
)

_DECLARATIONS = re.compile(
    r"<(?:!doctype\b|!entity\b|!element\b|!attlist\b|\?xml\b|\?xml-stylesheet\b"
    r"|!\[(?:end)?if\b)[^<>]*+>",
    _FLAGS,
)
_CDATA = re.compile(r"<!\[CDATA\[|\]\]>", _FLAGS)
_OPENED = re.compile(rf"<!--|<\?(?:php\b|=)|<(script|style){_ATTRIBUTES}", _FLAGS)
_CLOSED = {
    name: re.compile(close, _FLAGS)
    for name, close in {
        "<!--": r"--!?\s?+>",
        "<?": r"\?>",
        "script": r"<\\?/script\s*+>",
        "style": r"<\\?/style\s*+>",
    }.items()
}
# What a sentence about <script> does not have.
_CODE = re.compile(r"[{}]|\w\s?=\s?[\w\"']|\w\.\w++\(|\w\(\)|;\s*(?:\n|$)|@import\b")

# "amp;" may come in between: the pages of some sites are escaped twice.
_CHARACTER = (
    r"#[0-9]{1,7}+(?![0-9]);?|#[xX][0-9a-fA-F]{1,6}+(?![0-9a-fA-F]);?|[A-Za-z][A-Za-z0-9]{1,31}+;"
    # Without a semicolon, "&not" and "&copy" could be words.
    r"|(?:amp|lt|gt|quot|nbsp|rsquo|lsquo|apos)(?![A-Za-z0-9;=])"
    r"|(?:rsquo|apos)(?=(?:[tsmdTSMD]|re|ve|ll|RE|VE|LL)\b)"
)


def _find_elements(text, *, is_escaped):
    """Yield comments, and scripts and styles with what is in them."""
    at, unclosed = 0, set()
    while found := _OPENED.search(text, at):
        name = (found[1] or ("<!--" if found[0] == "<!--" else "<?")).lower()
        at = found.end()
        if name in unclosed:
            continue
        # "<!-->" is a whole comment.
        closed = _CLOSED[name].search(text, found.start() + 2 if name == "<!--" else at)
        if closed is not None:
            at = closed.end()
            yield found.start(), at, "" if name == "<!--" else " "
            continue
        unclosed.add(name)  # there is none further on either
        if not is_escaped and _is_cut_off(name, found, text):
            yield found.start(), len(text), " "
            return


def _is_cut_off(name, found, text):
    """Return whether an element that is not closed goes on to the end of the text."""
    if name in ("script", "style"):
        return _has_look(found[0][1 + len(name) :]) or _CODE.search(text, found.end()) is not None
    return name == "<!--"


def _has_look(attributes):
    """Return whether a tag has attributes, or closes itself."""
    return attributes.strip() != ">"


def _find_tags(text, *, is_escaped):
    """Yield the tags to drop."""
    tags, last_closed, opened = [], {}, set()
    for match in _TAG.finditer(text):
        name = match[2].lower()
        if name in _OTHERS or name in _FORMATTING or _CUSTOM.fullmatch(name):
            tags.append((match, name))
            if match[1]:
                last_closed[name] = match.start()
    sure = [
        bool(match[1]) or _is_sure(match, name, last_closed, is_escaped) for match, name in tags
    ]
    is_marked_up = not is_escaped and any(sure)
    is_page = is_marked_up and any(
        name in _OF_PAGES for (_, name), is_one in zip(tags, sure, strict=True) if is_one
    )
    for (match, name), is_one in zip(tags, sure, strict=True):
        if match[1]:
            drop = not is_escaped or name in opened or name in _EMPTY
        else:
            drop = is_one or (is_page and name.isalnum()) or (is_marked_up and name in _STRUCTURE)
            if drop:
                opened.add(name)
        if drop:
            yield *match.span(), "" if name in _FORMATTING else " "


def _is_sure(match, name, last_closed, is_escaped):
    """Return whether a start tag is one, whatever else is in the text."""
    return (
        name in (_EMPTY if is_escaped else _WITHOUT_END)
        or _has_look(match[3])
        or last_closed.get(name, -1) > match.start()
    )


def _find_unfinished(text):
    """Yield a tag that the end of the text cuts off."""
    start = text.rfind("<")
    match = _UNFINISHED.fullmatch(text, start) if start >= 0 else None
    if match is not None:
        name = (match["name"] or "br").lower()
        if name in _OTHERS or name in _FORMATTING or _CUSTOM.fullmatch(name):
            yield start, len(text), " "


def _character_of(match):
    name = match[1] or match[2]
    if name is None:
        return "&"
    if name[0] == "#" or name in html5:
        return unescape(f"&{name}")
    if f"{name};" in html5:
        return html5[f"{name};"]
    return f"&{name}" if match[1] else match[0]


_ELEMENTS = Edits(partial(_find_elements, is_escaped=False))
_ESCAPED_ELEMENTS = Edits(partial(_find_elements, is_escaped=True))
_TAGS = Edits(partial(_find_tags, is_escaped=False))
_ESCAPED_TAGS = Edits(partial(_find_tags, is_escaped=True))
_UNFINISHED_TAG = Edits(_find_unfinished)
_MARKED = Replacement(_DECLARATIONS, " ")
_MARKS_OF_CDATA = Replacement(_CDATA, " ")
_ENTITIES = Replacement(re.compile(rf"&(?:amp;)++({_CHARACTER})?|&({_CHARACTER})"), _character_of)
_LINE_BREAKS = Replacement(re.compile(r"<\\?/?br\b[^<>]*+>", _FLAGS), " ", often="<br />")
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
    has_tags = False
    if "<" in before:
        _strip_tags(document)
        has_tags = len(document.text) < len(before)
    if "&" in before:
        n_tags = document.text.count("<")
        document.run(_ENTITIES)
        # Beside tags, those that are escaped are text. Otherwise the whole text may be escaped.
        if document.text.count("<") > n_tags and not has_tags:
            _strip_tags(document, is_escaped=True)


def strip_line_breaks(document):
    """Replace ``<br>`` by a space, and leave all other markup.

    Parameters
    ----------
    document : PlainText or AlignedText
        It is changed.
    """
    if "<" in document.text:
        document.run(_OPENING_BREAKS)


def _strip_tags(document, is_escaped=False):
    document.run(_LINE_BREAKS)  # most texts have no other tags
    if "<" not in document.text:
        return
    if _OPENED.search(document.text):
        document.run(_ESCAPED_ELEMENTS if is_escaped else _ELEMENTS)
    if "<!" in document.text or "<?" in document.text:
        if _CDATA.search(document.text):
            document.run(_MARKS_OF_CDATA)
        document.run(_MARKED)
    document.run(_ESCAPED_TAGS if is_escaped else _TAGS)
    if not is_escaped:
        document.run(_UNFINISHED_TAG)

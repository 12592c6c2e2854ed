r"""Apostrophes that exports, wrong encodings and lossy conversions have left in another form.

They decide negations: "don\'t", "don''t", "isn%27t" and a garbled "don\xe2\u20ac\u2122t" all are
contractions. What is read as an apostrophe stands between letters, where no other reading is known;
signs that have other uses ("don?t", "don,t") only in the contractions of an English verb.
"""

import re

from skrnn.text.replacing import Edits, Replacement

# Always an apostrophe: the typographic one, also as a letter or full-width, and what the Windows
# code page has at its place.
ALWAYS = "\u2019\u02bc\uff07\x92"
# An apostrophe between letters: accents that stand alone, quotation marks, primes, and letters
# that look like one.
BETWEEN = (
    "`\xb4\u2018\u201b\u02b9\u02bb\u02bd\u02be\u02bf\u02c8\u02ca\u02cb\u0384\u055a\u05f3\u07f4\u07f5"
    "\u1fbd\u1fbf\u1fef\u1ffd\u1ffe\u2032\u2035\u275b\u275c\ua78b\ua78c\uff40\x91\u02ee\u0374"
)
IS_APOSTROPHE = frozenset(ALWAYS + BETWEEN)
_ANY = IS_APOSTROPHE | {"'"}
_ENDINGS = r"(?=(?:[tsmdTSMD]|[rR][eE]|[vV][eE]|[lL][lL])\b)"
_LETTER = r"[^\W\d_]"

# --- Escapes ----------------------------------------------------------------------------

_HEX = "(?:2019|2018|201[bB]|02[bB][cC]|00(?:27|92|91|60|[bB]4))"
_AFTER_BACKSLASH = (
    "['\u2019`\xb4]"
    # JSON, Java, Python, JavaScript, Ruby; RTF and CSS
    rf"|u(?:{_HEX}|\{{{_HEX}\}}|8217[ ?]?)|U0000{_HEX}|x(?:27|9[12]|[bB]4)|'9[12]|2019 ?"
    # bytes of UTF-8 and of Windows, in hexadecimal and octal digits
    r"|xe2\\++x80\\++x9[89]|342\\++200\\++23[01]|0?47|22[12]"
)
_PERCENT = "%(?:25)*+"
_ESCAPED = Replacement(
    re.compile(
        # "\x27" of "don\x27t" and so on. The first character is a literal in all branches, by which
        # the search finds candidates fast; the letter before it is looked at second.
        rf"\\(?<={_LETTER}.)\\*+(?:{_AFTER_BACKSLASH})(?={_LETTER})"
        rf"|%(?<={_LETTER}.)(?:25)*+(?:27|9[12]|[cC]2{_PERCENT}[bB]4|u(?:2019|0027)"
        rf"|[eE]2{_PERCENT}80{_PERCENT}9[89])(?={_LETTER})"
        # quoted-printable; "x=92m" is an equation
        rf"|=(?<={_LETTER}.)E2=80=9[89](?={_LETTER})"
        rf"|=(?<={_LETTER}{_LETTER}.)(?:27|9[12]|B4){_ENDINGS}"
        # R
        rf"|<(?<={_LETTER}.)(?:U\+{_HEX}|9[12]|e2><80><9[89])>(?={_LETTER})"
        # JSON whose backslashes were removed
        rf"|u(?<={_LETTER}.)2019{_ENDINGS}"
        # entities that lost their ampersand, and may have a space instead
        rf"|#(?<={_LETTER}.)(?:0*+39|[xX]0*+27|8217|146);{_ENDINGS}"
        rf"|[ ](?<={_LETTER}.)#(?:0*+39|[xX]0*+27|8217|146);{_ENDINGS}"
    ),
    "'",
)
_SPACES = Replacement(re.compile(r"%(?<=[A-Za-z.,;:!?)'\"].)(?:25)*+20(?=[A-Za-z('\"])"), " ")

# --- Wrong encodings --------------------------------------------------------------------


def _read_as(text, encoding):
    """Return what UTF-8 looks like in another encoding."""
    # Bytes that the Windows code pages do not have are read as in Latin-1.
    shown = []
    for byte in text.encode():
        one = bytes([byte])
        try:
            shown.append(one.decode(encoding))
        except UnicodeDecodeError:
            shown.append(one.decode("latin-1"))
    return "".join(shown)


def _garbled():
    """Return two dicts of what a character looks like: anywhere, and between letters only."""
    anywhere, between = {}, {}
    # General Punctuation: dashes, quotation marks, ellipsis, primes.
    common = [chr(code) for code in (*range(0x2010, 0x2028), *range(0x2030, 0x203B))]
    for encoding in ("cp1252", "latin-1"):
        for character in (*common, "\ufffd"):
            once = _read_as(character, encoding)
            anywhere |= {once: character, _read_as(once, encoding): character}
        for character in "\xb4\x92\x91\u02bc\u02b9\u02bb\u02ca\u02cb\uff07\uff40":
            once = _read_as(character, encoding)
            between |= {once: "'", _read_as(once, encoding): "'"}
    for encoding in ("mac_roman", "cp850", "cp437", "cp1250", "cp1251", "cp1253", "cp1254"):
        for character in "\u2018\u2019\u02bc\xb4":
            between.setdefault(_read_as(character, encoding), "'")
    return anywhere, {form: new for form, new in between.items() if form not in anywhere}


_ANYWHERE, _ONLY_BETWEEN = _garbled()
_LEADS = frozenset(form[0] for form in (*_ANYWHERE, *_ONLY_BETWEEN))


def _any_of(forms):
    """Return an expression for strings, as prefixes with the set of what follows them."""
    groups = {}
    for form in forms:
        groups.setdefault(form[:-1], []).append(re.escape(form[-1]))
    # The longest first: what was garbled twice begins with what was garbled once.
    ordered = sorted(groups.items(), key=lambda group: -len(group[0]))
    return "|".join(f"{re.escape(prefix)}[{''.join(lasts)}]" for prefix, lasts in ordered)


_LEAD = f"(?=[{''.join(map(re.escape, sorted(_LEADS)))}])"
_GARBLED = Replacement(
    re.compile(
        rf"{_LEAD}(?:({_any_of(_ANYWHERE)})|(?<={_LETTER})(?:{_any_of(_ONLY_BETWEEN)})(?={_LETTER}))"
    ),
    lambda match: _ANYWHERE[match[1]] if match[1] else "'",
)

# --- Several in a row, and joiners beside them ------------------------------------------

_ALL = re.escape("".join(sorted(_ANY)))
# Invisible characters that have a meaning elsewhere, as the joiners of emoji, Persian and Hindi.
_JOINING = "\u034f\u061c\u180e\u200b-\u200d\u2061-\u2064\u206a-\u206f"
_IS_JOINING = frozenset(
    chr(code)
    for code in (
        *(0x34F, 0x61C, 0x180E, 0x200B, 0x200C, 0x200D),
        *range(0x2061, 0x2065),
        *range(0x206A, 0x2070),
    )
)


def _unless_beside_apostrophe(match):
    text = match.string
    beside = text[max(match.start() - 1, 0) : match.start()], text[match.end() : match.end() + 1]
    return "" if _ANY.intersection(beside) else match[0]


def _one_between_letters(match):
    text, start, end = match.string, match.start(), match.end()
    return "'" if text[start - 1 : start].isalpha() and text[end : end + 1].isalpha() else match[0]


_JOINERS = Replacement(re.compile(f"[{_JOINING}]++"), _unless_beside_apostrophe, clings=True)
# Runs are matched as a whole, and their surroundings are looked at afterwards, so that each
# character is read once.
_RUNS = Replacement(re.compile(f"[{_ALL}]{{2,}}+"), _one_between_letters)

# --- Lost apostrophes -------------------------------------------------------------------

_VERBS = (
    "do|does|did|is|are|was|were|wo|ca|could|would|should|have|has|had|ai|must|need|might|sha|ought"
)
_PRONOUNS = "i|you|he|she|it|we|they|that|there|this|what|who|where|when|how|why|here|let"
# What converters write for a character that they do not know, or a neighbor on the keyboard, or
# another quotation mark.
_LOST = "[?\xbf\ufffd;,\"^\u201a\u201c-\u201f\u2033]| ' ?|' "
_LOST_IN_WORD = re.compile(
    rf"\b(?:{_VERBS})n({_LOST})t\b|\b(?:{_PRONOUNS})(\ufffd)(?:[smd]|re|ve|ll)\b",
    re.IGNORECASE,
)
_IS_LOST_BEYOND = frozenset("\xbf\ufffd\u201a\u201c\u201d\u201e\u201f\u2033")


def _find_lost(text):
    for match in _LOST_IN_WORD.finditer(text):
        yield *match.span(match.lastindex), "'"


_LOSSES = Edits(_find_lost)
# What the expression above has, in less time.
_MAY_BE_LOST = re.compile("(?:[?;,\"^]|' |(?<= )')[tT]\\b")


def restore_escaped(document):
    """Replace escapes of apostrophes.

    Parameters
    ----------
    document : PlainText or AlignedText
        It is changed.
    """
    text = document.text
    if (
        ("\\" in text or "%" in text or "=" in text or "#" in text or "<" in text)
        or ("2" in text and "u2019" in text)  # the first is found to be missing in less time
    ):
        document.run(_ESCAPED)
        if "%" in text:
            document.run(_SPACES)


def restore_garbled(document, seen):
    """Replace punctuation in UTF-8 that was read in another encoding.

    Parameters
    ----------
    document : PlainText or AlignedText
        It is changed.
    seen : set of str
        Its characters.

    Returns
    -------
    set of str
        Its characters now.
    """
    if _LEADS.isdisjoint(seen):
        return seen
    document.run(_GARBLED)
    return set(document.text)


def join_apostrophes(document, seen):
    """Make one apostrophe of several between two letters, without joiners beside them.

    Parameters
    ----------
    document : PlainText or AlignedText
        It is changed.
    seen : set of str or None
        Its characters; None if it is ASCII.
    """
    if seen is None:
        if "''" in document.text or "`" in document.text:
            document.run(_RUNS)
        return
    if not _IS_JOINING.isdisjoint(seen):
        document.run(_JOINERS)
    if not _ANY.isdisjoint(seen):
        document.run(_RUNS)
    if not _IS_LOST_BEYOND.isdisjoint(seen):
        document.run(_LOSSES)


def restore_lost(document):
    """Replace the signs in contractions that stand for a lost apostrophe.

    If there is one, "t" or "T" is a word of its own.

    Parameters
    ----------
    document : PlainText or AlignedText
        It is changed.
    """
    if _MAY_BE_LOST.search(document.text):
        document.run(_LOSSES)

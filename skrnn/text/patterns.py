"""The default `token_pattern`: words, contractions, emoji, emoticons and signs.

No part of it takes more than a bounded number of steps for each character, whatever the text.
"""

import re
from functools import cache

# Vowel signs and accents that are separate characters. Python's \w does not match them, and would
# split a word of Hindi, of vocalised Arabic or with decomposed accents into pieces. These are whole
# blocks of living scripts, few enough to cost nothing: Latin and Cyrillic, Hebrew, Arabic, India,
# Thai and Lao, Myanmar, Khmer, and the joiners of Persian and Hindi.
_MARKS = (
    r"\u0300-\u036f\u0591-\u05bd\u05bf\u05c1\u05c2\u05c4\u05c5\u05c7"
    r"\u0610-\u061a\u064b-\u065f\u0670\u06d6-\u06ed\u0900-\u0963\u0966-\u0df3"
    r"\u0e31-\u0e3a\u0e47-\u0e4e\u0eb1-\u0ebc\u0ec8-\u0ecd\u102b-\u103e\u17b4-\u17d3\u200c\u200d"
)

# Scripts written without spaces: Thai and Lao, Myanmar, Khmer, kana, and the ideographs of
# Chinese and Japanese. Finding their words needs a dictionary; their characters do not.
_UNSPACED = (
    r"\u0e01-\u0e30\u0e32\u0e33\u0e40-\u0e46\u0e81-\u0eb0\u0eb2\u0eb3\u0ec0-\u0ec6\u1000-\u102a"
    r"\u1780-\u17b3\u3005-\u3007\u3041-\u3096\u309d-\u309f\u30a1-\u30fa\u30fc-\u30ff"
    r"\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"
)

# Unicode's symbols (categories Sc, Sm, So) beyond ASCII, the blocks of emoji as a whole, so that
# future ones are found, and a few signs that Unicode calls punctuation: per cent, "!?" in one, and
# the full-width forms of signs. Characters of words that lie between are found as words before.
_SYMBOLS = (
    r"\xa2-\xa6\xa9\xac\xae\xb0\xb1\xd7\xf7\u03f6-\u0482\u058d-\u058f\u0606-\u0608\u060b"
    r"\u060e\u060f\u066a\u06de\u06e9\u06fd\u06fe\u07f6\u07fe\u07ff\u09f2-\u09fb\u0af1\u0b70"
    r"\u0bf3-\u0bfa\u0c7f\u0d4f\u0d79\u0e3f\u0f01-\u0f03\u0f13\u0f15-\u0f17\u0f1a-\u0f34\u0f36"
    r"\u0f38\u0fbe-\u0fc5\u0fc7-\u0fcf\u0fd5-\u0fd8\u109e\u109f\u1390-\u1399\u166d\u17db\u1940"
    r"\u19de-\u19ff\u1b61-\u1b6a\u1b74-\u1b7c\u2030\u203c\u203d\u2047-\u2049\u2052\u207a-\u207c"
    r"\u208a-\u208c\u20a0-\u20cf\u2100-\u2307\u230c-\u2328\u232b-\u2767\u2794-\u27c4\u27c7-\u27e5"
    r"\u27f0-\u2982\u2999-\u29d7\u29dc-\u29fb\u29fe-\u2cea\u2e50\u2e51\u2e80-\u2ffb\u3004\u3012"
    r"\u3013\u3020\u3030-\u3037\u303e\u303f\u3190-\ua4c6\ua828-\ua82b\ua836-\ua839\uaa77-\uaa79"
    r"\ufb29\ufd40-\ufdff\ufe62\ufe64-\ufe66\ufe69\uff03-\uff06\uff0a\uff0b\uff1c-\uff1e\uff20"
    r"\uff5c\uff5e\uffe0-\uffe2\uffe4-\uffee\ufffc\ufffd\U00010137-\U000101fc\U00010877\U00010878"
    r"\U00010ac8\U0001173f\U00011fd5-\U00011ff1\U00016b3c-\U00016b45\U0001bc9c"
    r"\U0001cf50-\U0001d164\U0001d16a-\U0001d16c\U0001d183\U0001d184\U0001d18c-\U0001d1a9"
    r"\U0001d1ae-\U0001d241\U0001d245-\U0001d9ff\U0001da37-\U0001da3a\U0001da6d-\U0001da74"
    r"\U0001da76-\U0001da86\U0001e14f\U0001e2ff\U0001ecac-\U0001fbca"
)
# What belongs to the symbol before it: variation selectors, enclosing marks such as that of a
# keycap, skin tones, and the tags of the flags of England and Scotland.
_BESIDE = r"\ufe0e\ufe0f\u20d0-\u20ff\U0001f3fb-\U0001f3ff\U000e0020-\U000e007f"

_CONTRACTED_NOT = r"[nN]['\u2019][tT]\b"
_BEFORE_NOT = r"(?!['\u2019][tT]\b(?<=[nN]..))"
_CONTRACTED = r"['\u2019](?<=\w['\u2019])(?:[sSmMdD]|[rRvV][eE]|[lL][lL])\b"

_EMOTICONS = (
    # :) ;-) =D :'( >:[ and letters or 3 as mouths, if no word or number touches them
    r"[:;=](?:['\u2019]?[-^o~]?[)(\[\]{}|/\\*](?![\w/\\*])"
    r"|(?<!\w.)['\u2019]?-?[DdPpOoXxSsCc3](?!\w))"
    r"|>(?:[:;=]['\u2019]?-?[)(\[\]{}|/\\DdPpOo3](?!\w)|[._]{1,9}[<>])"
    # <3 </3 <_<, but not the comparisons 2<3 and x <3.5
    r"|<(?<!\d<)(?:/?3{1,9}(?!\w|[.,]\d|%)|[._]{1,9}<)"
    # (: ):
    r"|\((?<!\w\()['\u2019]?-?[:;](?![\w()-])"
    r"|\)(?<!\S\))['\u2019]?-?:(?!\S)"
    # ^_^ -_- \o/
    r"|\^[._o-]{0,9}\^(?!\w)|-(?<![\w-]-)[._]{1,9}-(?![\w-])|\\[oO]/"
)
# Plus and minus of a number or a grade: "+1", "-1", "B+", "A-". Plus is also among the signs.
_MINUS = r"|[-\u2212](?:(?<![\w)\]].)(?=\.?\d)|(?<=\b[a-dA-D].)(?![\w-]))"
_SIGNS = r"|[*=~|](?:(?<=\*)\*+|(?<==)=+|(?<=~)~+|(?<=\|)\|+)?+|[!?#$%&@+<>^{}]"

TOKEN_PATTERN = (
    # the second half of did-n't, is-n't, ca-n't
    _CONTRACTED_NOT
    # the digit or sign of a keycap
    + r"|[0-9#*]\ufe0f?\u20e3"
    # a word, without the n of n't
    + rf"|[^\W{_UNSPACED}]+(?:[{_MARKS}]+[^\W{_UNSPACED}]*)*{_BEFORE_NOT}"
    # a character of a script without spaces, with its vowel signs
    + rf"|[{_UNSPACED}][{_MARKS}]*"
    # the second half of it-'s, they-'re, I-'m
    + rf"|{_CONTRACTED}"
    + rf"|{_EMOTICONS}|\xaf\\_\(\u30c4\)_/\xaf{_MINUS}"
    # a flag; a symbol or emoji, with its skin tone, and those that are joined to it
    + r"|[\U0001f1e6-\U0001f1ff]{2}"
    + rf"|[{_SYMBOLS}][{_BESIDE}]*(?:\u200d[{_SYMBOLS}][{_BESIDE}]*)*"
    # signs; a line of the same ones is one token; the question marks of other scripts
    + _SIGNS.format(r"\uff01\uff1f\u055c\u055e\u061f\u1367\u1944\u1945\u2e2e\ua60f\ua6f7")
)
# What the same pattern finds in ASCII, in less time: most characters without a token are found to
# be that at once.
_ASCII_PATTERN = (
    rf"(?=[^\s.,\"])(?:{_CONTRACTED_NOT}|[0-9A-Za-z_]+{_BEFORE_NOT}|{_CONTRACTED}"
    rf"|(?=[!#-&(-+:-@\\^|~-])(?:{_EMOTICONS}{_MINUS}{_SIGNS.format('')}))"
)

# Defaults of earlier versions, which files may have.
FORMER_PATTERNS = (
    r"[nN]['\u2019][tT]\b"
    rf"|[^\W{_UNSPACED}]+(?:[{_MARKS}]+[^\W{_UNSPACED}]*)*(?!['\u2019][tT]\b(?<=[nN]..))"
    rf"|[{_UNSPACED}][{_MARKS}]*"
    r"|['\u2019](?<=\w['\u2019])(?:[sSmMdD]|[rRvV][eE]|[lL][lL])\b"
    r"|[!?\uff01\uff1f\u061f]",
)


def find_tokens(text):
    """Return what `TOKEN_PATTERN` finds in a text."""
    return _compiled(text.isascii()).findall(text)


def finder_of(text):
    """Return a regular expression that finds in this text what `find_tokens` finds."""
    return _compiled(text.isascii())


@cache
def _compiled(ascii_only):
    return re.compile(_ASCII_PATTERN if ascii_only else TOKEN_PATTERN)

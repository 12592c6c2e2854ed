"""Replacing parts of a text, such that offsets into the original can follow.

A step of the preprocessing is a :class:`Replacement`, which is applied to a text as a whole, or
asked which parts it replaces. :class:`PlainText` does the first and
:class:`skrnn.text.offsets.AlignedText` the second, so the steps are written once.
"""

import unicodedata


class Replacement:
    """A step that replaces all matches of a regular expression.

    Parameters
    ----------
    pattern : re.Pattern
    new : str or callable
        A str without backslashes, or a function of a match that returns a str.
    clings : bool, default=False
        Whether matches that are removed belong to the character before them.
    often : str or None, default=None
        A match that is more frequent than all others, and is replaced in less time, if `new` is a
        str.
    """

    def __init__(self, pattern, new, *, clings=False, often=None):
        self.pattern = pattern
        self.new = new
        self.clings = clings
        self.often = often

    def __call__(self, text):
        """Return the text after this step."""
        if self.often is not None:
            quick = text.replace(self.often, self.new)
            if self.often[0] not in quick:
                return quick
            # What is left may match now, as "<br" before and ">" behind a replaced part do.
        return self.pattern.sub(self.new, text)

    def edits(self, text):
        """Yield (start, end, str): each part to replace, in order, and what replaces it."""
        for match in self.pattern.finditer(text):
            new = self.new if isinstance(self.new, str) else self.new(match)
            yield match.start(), match.end(), new


class Edits:
    """A step that replaces the parts that a function finds.

    Parameters
    ----------
    find : callable
        Takes a text and yields (start, end, str), as :meth:`Replacement.edits` does.
    clings : bool, default=False
        As in :class:`Replacement`.
    """

    def __init__(self, find, *, clings=False):
        self.edits = find
        self.clings = clings

    def __call__(self, text):
        """Return the text after this step."""
        kept, at = [], 0
        for start, end, new in self.edits(text):
            kept += [text[at:start], new]
            at = end
        return "".join([*kept, text[at:]])


class PlainText:
    """A text whose offsets nobody asks for.

    Attributes
    ----------
    text : str
        The result of the steps so far.
    """

    def __init__(self, text):
        self.text = text

    def run(self, step):
        """Apply a :class:`Replacement`, or :class:`Edits`."""
        self.text = step(self.text)

    def compose(self):
        """Compose characters with their accents, as NFC does."""
        self.text = unicodedata.normalize("NFC", self.text)

    def lower(self):
        """Convert to lower case."""
        self.text = self.text.lower()

    def strip_accents(self, function):
        """Remove accents."""
        self.text = function(self.text)

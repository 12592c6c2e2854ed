"""The tokens that `stop_words` leaves out."""

from warnings import warn

from sklearn.feature_extraction.text import ENGLISH_STOP_WORDS

from skrnn.exceptions import InvalidInputError, InvalidTypeError
from skrnn.text.documents import describe


def check_stop_words(stop_words):
    """Return the parameter `stop_words` as a frozenset, or None.

    Raises
    ------
    ValueError
        If it is a str other than "english".
    TypeError
        If it holds something else than str.
    """
    if stop_words is None:
        return None
    if isinstance(stop_words, str) and stop_words == "english":
        return ENGLISH_STOP_WORDS
    if isinstance(stop_words, str):  # its letters would be the stop words
        raise InvalidInputError(
            f"stop_words must be None, 'english' or a list of words, got {describe(stop_words)}."
        )
    words = list(stop_words)
    odd = next((word for word in words if not isinstance(word, str)), None)
    if odd is not None:
        raise InvalidTypeError(f"stop_words must hold words (str), but has {describe(odd)}.")
    return frozenset(map(str.__str__, words))


def warn_of_unfindable(stop_words, analyzer):
    """Warn of stop words that no text has as a token.

    Parameters
    ----------
    stop_words : frozenset of str
    analyzer : skrnn.text.tokens.Analyzer
        Without stop words.
    """
    wrong = {}
    for word in sorted(stop_words):
        try:
            (tokens,) = analyzer.iter_tokens([word])
        except Exception:  # a caller's function may take whole documents only
            return
        if word not in tokens:
            wrong[word] = tokens
    if wrong:
        word, tokens = next(iter(wrong.items()))
        warn(
            f"{len(wrong)} of the stop_words never occur as a token, such as {word!r}, which is "
            f"split into {tokens!r}. Write stop words as the analyzer returns them: in lower case "
            "if lowercase=True, and 'do' and \"n't\" instead of \"don't\".",
            UserWarning,
            stacklevel=6,
        )

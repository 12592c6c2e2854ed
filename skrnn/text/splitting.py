"""The parameters of a transformer of documents that decide how documents are split into tokens."""

from hashlib import sha256
from typing import Any

from skrnn.text.stop_words import check_stop_words

_ALL = (
    *("analyzer", "preprocessor", "lowercase", "strip_accents", "strip_markup"),
    *("tokenizer", "token_pattern", "stop_words"),
)
# Longer values are known by their hash.
_LONGEST = 100


def deciding_parameters(text) -> dict[str, Any]:
    """Return the parameters that decide about tokens, without those that others override.

    Parameters
    ----------
    text : TextToSequence or HashingTextToSequence

    Returns
    -------
    dict
        Stop words as "english" or a sorted list.
    """
    names = ["analyzer"]
    if not callable(text.analyzer):
        names.append("preprocessor")
        if text.preprocessor is None:
            names += ["lowercase", "strip_accents", "strip_markup"]
        if text.analyzer == "word":
            names.append("token_pattern" if text.tokenizer is None else "tokenizer")
            names.append("stop_words")
    parameters = {name: getattr(text, name) for name in names}
    if not isinstance(text.stop_words, str | None) and "stop_words" in parameters:
        parameters["stop_words"] = sorted(check_stop_words(text.stop_words))
    return parameters


def described_splitting(text) -> tuple[tuple[str, str], ...]:
    """Return pairs of names and short texts, which differ if documents are split differently.

    Functions are known by their names only: their code has other bytes under another version of
    Python.
    """
    deciding = deciding_parameters(text)
    return tuple((name, _described(deciding[name]) if name in deciding else "") for name in _ALL)


def _described(value):
    if callable(value):
        while hasattr(value, "func"):  # functools.partial
            value = value.func
        return getattr(value, "__qualname__", type(value).__qualname__)
    if isinstance(value, str | list):
        described = repr(str.__str__(value) if isinstance(value, str) else value)
    else:  # NumPy's booleans have another repr
        described = str(value)
    if len(described) <= _LONGEST:
        return described
    return f"sha256:{sha256(described.encode('utf-8', 'surrogatepass')).hexdigest()[:16]}"

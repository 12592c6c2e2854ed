"""An explanation as HTML: the user's text, escaped, with its words highlighted."""

import re
from html import escape

import numpy as np

from skrnn.sequences import UNKNOWN

# Blue and vermilion of Okabe and Ito, distinguishable with all common kinds of colour blindness.
# The underlines also differ, for readers who see no colours.
_FOR, _AGAINST = "0,114,178", "213,94,0"
# Opacity of the background behind the strongest token, on which black is still readable.
_OPACITY = 0.6
# Tokens below this fraction of the strongest one are not highlighted.
_FAINT = 0.02

BOX = (
    "background:#fff;color:#111;padding:.8em 1em;max-width:60em;box-sizing:border-box;"
    "font-family:system-ui,sans-serif;line-height:1.75"
)
TEXT = "margin:0;white-space:pre-wrap;overflow-wrap:anywhere"
_LEGEND = "margin:0 0 .6em;font-size:.875em;line-height:1.5;overflow-wrap:anywhere"
_POLICY = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"
_PAGE = """<!DOCTYPE html>
<html lang="und">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="{policy}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title>
</head>
<body style="margin:0;background:#fff">
<main>
{body}
</main>
</body>
</html>
"""

# Characters that HTML or UTF-8 does not allow: control characters and lone surrogates.
_UNSHOWN = re.compile("[\0-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff\ufdd0-\ufdef\ufffe\uffff]")


def render(explanation, full):
    """Return an explanation of a text as HTML.

    Parameters
    ----------
    explanation : Explanation
        Of a text, so that it has `tokens`.
    full : bool
        Whether to return a complete page.

    Returns
    -------
    str
        Styles are inline, because notebooks need that.
    """
    body = (
        f'<div style="{BOX}">\n'
        f'<p dir="auto" style="{_LEGEND}">{_legend(explanation)}</p>\n'
        f'<p dir="auto" style="{TEXT}">{_words(explanation)}</p>\n'
        "</div>"
    )
    return page("Which words decided", body) if full else body


def told_target(explanation, tell=str):
    """Return the target for a heading, with the predicted class if it is another one.

    Parameters
    ----------
    explanation : Explanation
    tell : callable, default=str
        Takes a class, returns its name.

    Returns
    -------
    str
    """
    target, prediction = explanation.target, explanation.prediction
    is_other = _is_log_odds(explanation) and np.ndim(prediction) == 0 and prediction != target
    return tell(target) + (f" (predicted: {tell(prediction)})" if is_other else "")


def told_answer(explanation, sign=" "):
    """Return the probability of the target, or the predicted numbers."""
    if _is_log_odds(explanation):
        return f"probability{sign}{explanation.probability:.3f}"
    numbers = ", ".join(f"{one:.4g}" for one in np.atleast_1d(explanation.prediction))
    return f"prediction{sign}{numbers}"


def told_score(explanation, value, *, sign="+", decimals=2):
    """Return a score, or a part of one, as text.

    Log-odds have so many decimals. A score in the unit of y has four digits, because y may be in
    millionths or in billions.
    """
    return f"{value:{sign}.{decimals}f}" if _is_log_odds(explanation) else f"{value:{sign}.4g}"


def _is_log_odds(explanation):
    return explanation.probability is not None


def page(title, body):
    """Return a complete page that forbids scripts, and loading anything."""
    return _PAGE.format(policy=_POLICY, title=title, body=body)


def safe(text):
    """Escape text for HTML, and replace what no page can hold."""
    return escape(_UNSHOWN.sub("\ufffd", text), quote=True)


def _legend(explanation):
    strongest = abs(explanation.values).max(initial=0)
    target = safe(told_target(explanation))
    against = _mark("against it", "", -1.0)
    return (
        f"<strong><bdi>{target}</bdi></strong>: {told_answer(explanation)}, "
        f"score {told_score(explanation, explanation.score)} (with all words unknown "
        f"{told_score(explanation, explanation.baseline_score)}).<br>\n"
        f"{_mark('for it', '', 1.0)} {against}, full colour is "
        f"{told_score(explanation, strongest, sign='')}; "
        f"{escape(explanation.method.replace('_', ' '))}.{_columns(explanation)}"
    )


def _columns(explanation):
    """Return the contributions of the columns beside the text."""
    if not explanation.columns:
        return ""
    told = (
        f"<bdi>{safe(name)}</bdi> {told_score(explanation, x)}"
        for name, x in explanation.columns.items()
    )
    return f"<br>\nColumns: {', '.join(told)}."


def _words(explanation):
    strongest = abs(explanation.values).max(initial=0) or 1.0
    text, spans = explanation.text, explanation.spans
    marked, titles = [], _titles(explanation)
    if spans is None:
        for token, title, value in zip(explanation.tokens, titles, explanation.values, strict=True):
            marked.append(_mark(safe(token), title, value / strongest))
        return " ".join(marked)
    end = 0
    for title, (start, stop), value in zip(titles, spans.tolist(), explanation.values, strict=True):
        # Two tokens may share one character, a ligature, which is shown with the first.
        start, stop = max(start, end), max(stop, end)
        marked.append(safe(text[end:start]))
        if start < stop:
            shown = safe(text[start:stop])
            marked.append(_mark(shown, title, value / strongest))
        end = stop
    marked.append(safe(text[end:]))
    return "".join(marked)


def _titles(explanation):
    """Return the title of each token: the token that the network reads, and its contribution."""
    titles = []
    for token, number, value in zip(
        explanation.tokens, explanation.ids, explanation.values, strict=True
    ):
        unknown = " (unknown word)" if number == UNKNOWN else ""
        told = told_score(explanation, value, decimals=3)
        titles.append(f' title="{safe(token)}{unknown}: {told}"')
    return titles


def _mark(shown, title, strength):
    """Highlight text that is already escaped; `strength` is between -1 and 1."""
    if abs(strength) < _FAINT:
        return f"<span{title}>{shown}</span>"
    color, line = (_FOR, "solid") if strength > 0 else (_AGAINST, "dashed")
    size = abs(strength)
    style = (
        f"background:rgba({color},{_OPACITY * size:.2f});"
        f"border-bottom:2px {line} rgba({color},{0.3 + 0.7 * size:.2f});border-radius:2px"
    )
    return f'<span{title} style="{style}">{shown}</span>'

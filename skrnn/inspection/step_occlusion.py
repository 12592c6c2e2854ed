"""What each step of a sequence contributes to the tag of one of them, by occlusion."""

from __future__ import annotations

from numbers import Integral

import numpy as np

from skrnn.exceptions import InvalidInputError
from skrnn.inspection.explanation import Explanation
from skrnn.sequences import UNKNOWN
from skrnn.sequences.ragged import as_rows

# A word that nobody writes: it has no id, no known spelling, and no known column.
_NOTHING = "\x00"
# Log-odds of a probability of 0 or 1 are cut here.
_SMALLEST = 1e-12


def explain_steps(tagger, X, step, target, number_of) -> list[Explanation]:
    """Return the contribution of each step of each row to the tag of one step.

    Parameters
    ----------
    tagger : RNNTagger
        Fitted.
    X : list of list, or sequences
    step : int
        The step whose tag is explained; negative numbers count from the end of a row.
    target : label or None
        The tag; None is the predicted one of each row.
    number_of : callable
        Takes a tag and the tags, returns its number.
    """
    rows = _rows_of(tagger, X)
    found = []
    for i, row in enumerate(rows):
        n = len(row)
        if not -n <= step < n:
            raise InvalidInputError(
                f"step={step} is none of the {n} steps of row {i} of X. Explain rows that have "
                "that step, or pass another one."
            )
        found.append(_explain(tagger, row, step % n, target, number_of))
    return found


def check_step(step) -> int:
    """Return the step as an int, or raise ValueError."""
    if not isinstance(step, Integral) or isinstance(step, bool):
        raise InvalidInputError(
            f"step={step!r} must be the number of a step: an RNNTagger has a tag for each step, "
            "and explain explains one of them, for example explain(tagger, X, step=0)."
        )
    return int(step)


def _rows_of(tagger, X):
    """Return the rows of X as a list, in a form that `predict` takes."""
    if tagger.text_ is not None:
        tagger.read(X)  # which raises an error that names the place
        return [list(row) for row in X]
    sequences = tagger._read_again(X)
    return list(as_rows(sequences.values, sequences.offsets))


def _explain(tagger, row, step, target, number_of):
    n = len(row)
    variants = [row, *(_occluded(tagger, row, [i]) for i in range(n))]
    variants.append(_occluded(tagger, row, range(n)))
    given = _container(tagger, variants)
    odds = np.stack([one[step] for one in tagger.predict_proba(given)])
    prediction = tagger.predict(_container(tagger, [row]))[0][[step]].tolist()[0]
    tag = prediction if target is None else target
    chosen = number_of(tag, tagger.classes_)
    p = np.clip(odds[:, chosen], _SMALLEST, 1 - _SMALLEST)
    scores = np.log(p) - np.log1p(-p)
    return Explanation(
        text=None,
        tokens=_tokens(tagger, row),
        spans=None,
        ids=_ids(tagger, row),
        values=_values(tagger, row, scores[0] - scores[1:-1]),
        target=tagger.classes_[[chosen]].tolist()[0],
        prediction=prediction,
        probability=float(odds[0, chosen]),
        score=float(scores[0]),
        baseline_score=float(scores[-1]),
        method="occlusion",
        n_steps=None,
    )


def _container(tagger, rows):
    return rows if tagger.text_ is not None else list(rows)


def _occluded(tagger, row, steps):
    """Return the row without what these steps say."""
    if tagger.text_ is not None:
        n_columns = len(tagger.text_.columns)
        nothing = (_NOTHING,) * (1 + n_columns) if n_columns else _NOTHING
        row = list(row)
        for i in steps:
            row[i] = nothing
        return row
    row = np.array(row)
    if row.ndim == 1:
        row[list(steps)] = UNKNOWN
    else:  # as a missing step is read; missing ones at the end would be padding
        mean = tagger.channels_.mean
        row[list(steps)] = 0.0 if mean is None else mean
    return row


def _tokens(tagger, row):
    if tagger.text_ is not None:
        return [one if isinstance(one, str) else str(one[0]) for one in row]
    if np.ndim(row) == 2:
        return None
    words = tagger._words.words if tagger._words is not None else ()
    named = (words[i] if i < len(words) else None for i in row.tolist())
    return [str(i) if word is None else word for i, word in zip(row.tolist(), named, strict=True)]


def _ids(tagger, row):
    if tagger.text_ is not None:
        return tagger.text_.read([row], type(tagger).__name__).values
    return row if np.ndim(row) == 1 else None


def _values(tagger, row, values):
    """Return a value for each token; of a numeric sequence, all channels of a step share it."""
    if tagger.text_ is not None or np.ndim(row) == 1:
        return values
    n_channels = row.shape[1]
    return np.repeat(values[:, np.newaxis] / n_channels, n_channels, axis=1)

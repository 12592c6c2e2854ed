"""The `cv_results_` of a search, as curves by one of its parameters."""

import reprlib
from ast import literal_eval
from collections import Counter
from dataclasses import dataclass, field
from numbers import Real

import numpy as np
from sklearn.base import BaseEstimator

from skrnn.exceptions import InvalidInputError, InvalidTypeError


@dataclass(frozen=True)
class SearchCurve:
    """Candidates that differ only in the parameter on the x axis.

    Parameters
    ----------
    params : dict of str to object
        The other parameters that vary in the search.
    label : str
        `params` as text for the legend.
    x : ndarray of shape (n_points,) or None
        Values of the parameter on the x axis, ascending. None for a candidate without this
        parameter.
    mean, std : ndarray of shape (n_points,)
        Score over the folds; NaN if a fit failed.
    rows : ndarray of int of shape (n_points,)
        Rows of these candidates in `cv_results_`.
    """

    params: dict
    label: str
    x: np.ndarray | None
    mean: np.ndarray = field(repr=False)
    std: np.ndarray = field(repr=False)
    rows: np.ndarray = field(repr=False)

    @property
    def best_mean(self):
        """The best score, or minus infinity if all fits failed."""
        return np.max(self.mean, initial=-np.inf, where=~np.isnan(self.mean))


def choose_score(cv_results, scoring=None):
    """Return the name of a score in the columns of `cv_results`: "score" if there is only one."""
    if not hasattr(cv_results, "keys"):
        raise InvalidTypeError(
            "cv_results must be the cv_results_ of a fitted search, a dict of columns, got a "
            f"{type(cv_results).__name__}."
        )
    start = "mean_test_"
    names = [key.removeprefix(start) for key in cv_results if key.startswith(start)]
    if scoring is None and len(names) == 1:
        return names[0]
    if scoring in names:
        return scoring
    if not names or "params" not in cv_results:
        raise InvalidInputError(
            "cv_results needs 'params' and 'mean_test_score', or the mean of another score, like "
            f"the cv_results_ of a fitted search, but has the keys {list(cv_results)[:8]}."
        )
    problem = "has several" if scoring is None else f"has no score {scoring!r}"
    raise InvalidInputError(f"The search {problem}. Choose with scoring=, one of {names}.")


def last_rounds(cv_results):
    """Return the rows to compare with each other.

    Successive halving repeats a candidate with more rows. Scores with different numbers of rows
    cannot be compared, and the last one is the most reliable.
    """
    rows = range(len(cv_results["params"]))
    if "iter" not in cv_results:
        return np.array(rows)
    last = {_key(cv_results["params"][row]): row for row in rows}
    return np.array(sorted(last.values()))


def choose_param(candidates, param=None):
    """Return the name of the parameter for the x axis.

    Parameters
    ----------
    candidates : list of dict of str to object
        The parameters of each candidate.
    param : str or None, default=None
        Its full name, or the part after the last ``__``. None finds one.

    Returns
    -------
    param : str
        The full name.
    """
    names = list(dict.fromkeys(name for candidate in candidates for name in candidate))
    if param is not None:
        found = [name for name in names if name == param]
        found = found or [name for name in names if name.endswith(f"__{param}")]
        if len(found) != 1:
            problem = f"could be {found}" if found else f"is not one of {names}"
            raise InvalidInputError(
                f"param={param!r} {problem}. Pass the full name of a parameter."
            )
        if not _is_numeric(candidates, found[0]):
            raise InvalidInputError(
                f"{found[0]} has values that are not numbers. Choose another parameter for the "
                f"x axis with param=, one of {[n for n in names if _is_numeric(candidates, n)]}."
            )
        return found[0]
    choices = [n for n in varying(candidates) if _is_numeric(candidates, n)]
    for wanted in (
        [n for n in choices if _last_part(n) == "epochs"],
        [n for n in choices if n.endswith("epochs")],
        choices,
    ):
        if len(wanted) == 1:
            return wanted[0]
    if choices:
        raise InvalidInputError(
            "Several numeric parameters vary in this search. Choose one for the x axis with "
            f"param=, one of {choices}."
        )
    raise InvalidInputError(
        "No numeric parameter varies in this search, but the x axis needs one. These parameters "
        f"vary: {varying(candidates)}."
    )


def varying(candidates):
    """Return the names of the parameters that differ between candidates."""
    names = dict.fromkeys(name for candidate in candidates for name in candidate)
    return [n for n in names if len({_key(c[n]) if n in c else None for c in candidates}) > 1]


def make_curves(candidates, rows, param, mean, std):
    """Group the candidates into curves.

    Parameters
    ----------
    candidates : list of dict of str to object
        The parameters of all rows.
    rows : ndarray of int
        The rows to draw.
    param : str
        The parameter on the x axis.
    mean, std : ndarray of shape (n_rows,)
        The scores of all rows.

    Returns
    -------
    curves : list of SearchCurve
        Best first.
    """
    others = [name for name in varying([candidates[row] for row in rows]) if name != param]
    groups = {}
    for row in rows:
        params = {name: candidates[row][name] for name in others if name in candidates[row]}
        key = (_key(params), param in candidates[row])
        groups.setdefault(key, (params, []))[1].append(row)
    names = short_names([param, *others])
    labels = _labels([params for params, _ in groups.values()], names)
    curves = []
    for (params, members), label in zip(groups.values(), labels, strict=True):
        members, x = np.array(members), None
        if param in candidates[members[0]]:
            x = np.array([candidates[row][param] for row in members])
            order = np.argsort(x, kind="stable")
            members, x = members[order], x[order]
        curves.append(SearchCurve(params, label, x, mean[members], std[members], members))
    return sorted(curves, key=lambda curve: -curve.best_mean)


def short_names(names):
    """Return {name: its last part}, or the whole name if two have the same last part."""
    times = Counter(map(_last_part, names))
    return {n: _last_part(n) if times[_last_part(n)] == 1 else n for n in names}


def _last_part(name):
    return name.rpartition("__")[2]


def _is_numeric(candidates, name):
    values = [_plain_type(candidate[name]) for candidate in candidates if name in candidate]
    return all(isinstance(v, Real) and not isinstance(v, bool) for v in values)


def _plain_type(value):
    """Return 4 for numpy.int64(4)."""
    return value.item() if isinstance(value, np.generic) else value


def _key(value):
    """Return a hashable key that is the same for equal values; True and 1 differ."""
    if isinstance(value, dict):
        return tuple(sorted((name, _key(v)) for name, v in value.items()))
    if isinstance(value, list | tuple):
        return type(value).__name__, tuple(map(_key, value))
    value = _plain_type(value)
    try:
        hash(value)
    except TypeError:  # an array
        value = repr(value)
    return type(value).__name__, value


def _labels(combinations, names):
    labels = [
        ", ".join(f"{names[name]}={_shown(value)}" for name, value in params.items())
        for params in combinations
    ]
    if labels == [""]:
        return ["mean of the folds"]
    # Two estimators of one class may have the same label.
    seen, times = Counter(), Counter(labels)
    for i, label in enumerate(labels):
        seen[label] += 1
        labels[i] = f"{label} ({seen[label]})" if times[label] > 1 else label or "the others"
    return labels


def _shown(value):
    value = _plain_type(value)
    if isinstance(value, float):
        return f"{value:.3g}"
    if isinstance(value, str):
        return repr(value) if _reads_as_other(value) else value
    if isinstance(value, BaseEstimator) or (callable(value) and hasattr(value, "__name__")):
        return getattr(value, "__name__", type(value).__name__)
    return reprlib.repr(value)  # shortened


def _reads_as_other(text):
    """Return whether a string without quotes looks like None, a number, or is blank."""
    try:
        literal_eval(text)
    except (ValueError, SyntaxError):
        return not text.strip()
    return True

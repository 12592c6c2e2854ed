"""Sets and rivals of the benchmark `series.py`."""

from dataclasses import dataclass, field

CLASSIFY, REGRESS = "classify", "regress"
# Key: title in the tables, task.
SETS = {
    "JapaneseVowels": ("JapaneseVowels", CLASSIFY),
    "BasicMotions": ("BasicMotions", CLASSIFY),
    "ItalyPowerDemand": ("ItalyPowerDemand", CLASSIFY),
    "GunPoint": ("GunPoint", CLASSIFY),
    "pendigits": ("pen strokes", CLASSIFY),
    "digits": ("spoken digits", CLASSIFY),
    "speakers": ("spoken digits, other speakers", CLASSIFY),
    "Tecator": ("Tecator", REGRESS),
    "Covid3Month": ("Covid3Month", REGRESS),
}
OURS = "skrnn"
# The keys of `CHANGES` in peers/series_file.py.
CHANGES = ("x 10^6", "x 10^-6", "+ 10^6")


@dataclass(frozen=True, eq=False)
class Rival:
    """One estimator of a library.

    Parameters
    ----------
    key, title : str
        Name in results and ``--rivals``, and in the tables.
    environment, script : str
        The environment and the script of the process.
    settings : dict
        Arguments of the peer's `prepare`.
    is_random : bool
        Whether it depends on a seed.
    """

    key: str
    title: str
    environment: str
    script: str
    settings: dict = field(default_factory=dict)
    is_random: bool = True


RIVALS = [
    Rival(OURS, "skrnn", "skrnn", "series_ours"),
    Rival("sktime", "deep RNN of sktime", "sktime", "series_sktime"),
    Rival("minirocket", "MiniRocket + ridge (aeon)", "aeon", "series_aeon", {"kind": "minirocket"}),
    Rival("rocket", "Rocket + ridge (aeon)", "aeon", "series_aeon", {"kind": "rocket"}),
    Rival("dtw", "1-NN with DTW (aeon)", "aeon", "series_aeon", {"kind": "dtw"}, is_random=False),
    Rival(
        "forest",
        "random forest, flattened (scikit-learn)",
        "skrnn",
        "series_sklearn",
        {"kind": "forest"},
    ),
    Rival(
        "statistics",
        "SVM on mean, deviation, extremes (scikit-learn)",
        "skrnn",
        "series_sklearn",
        {"kind": "statistics"},
        is_random=False,
    ),
    Rival(
        "constant",
        "a constant",
        "skrnn",
        "series_sklearn",
        {"kind": "constant"},
        is_random=False,
    ),
]

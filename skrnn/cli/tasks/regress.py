"""The task regress: each text has a number."""

import math
from dataclasses import asdict, dataclass, replace

import numpy as np

from skrnn.cli.score_tables import score
from skrnn.cli.tables.table import short
from skrnn.cli.tasks.base import Task
from skrnn.exceptions import CommandError, InvalidInputError

# In explanations: the y of a table has no name in the model.
_TARGET = "y"
_NO_NUMBERS = {
    "",
    "nan",
    "inf",
    "infinity",
    "<na>",
    "#n/a",
    "n/a",
    "na",
    "nat",
    "null",
    "none",
    "?",
}


@dataclass
class NumberScores:
    """Scores of predicted numbers.

    Attributes
    ----------
    n_rows : int
    r2 : float or None
        Coefficient of determination; None if all numbers are equal.
    rmse : float
        Root mean squared error, in the unit of the numbers.
    mae : float
        Mean absolute error, in the unit of the numbers.
    """

    n_rows: int
    r2: float | None
    rmse: float
    mae: float


class Regress(Task):
    """Numbers; `truth` is float64."""

    name = "regress"
    estimator = "RNNRegressor"
    scoring = {  # noqa: RUF012 (never changed)
        "R²": "r2",
        "RMSE (negative)": "neg_root_mean_squared_error",
        "MAE (negative)": "neg_mean_absolute_error",
    }
    scoring_note = "Higher is better for all scores, so the errors are negative."
    contribution_width = 10
    score_names = ["R²", "RMSE", "MAE"]  # noqa: RUF012 (never changed)

    # --- Estimators and their parameters ---

    @classmethod
    def check_parameters(cls, estimator):
        """Refuse a quantile without its loss, which has no effect, and losses of classes."""
        from skrnn.estimators.extra_losses import objective_of

        if objective_of(estimator).entropy_weight:
            raise InvalidInputError(
                "--set extra_losses: EntropyLoss is the entropy of probabilities, so it is for "
                f"--task classify only. {cls.estimator} predicts none. Leave it out."
            )
        has_quantile = estimator.quantile is not None
        if has_quantile != (estimator.loss == "quantile"):
            way_out = "--set loss=quantile" if has_quantile else "--set quantile=0.9"
            raise InvalidInputError(
                f"loss={estimator.loss} and quantile={estimator.quantile} do not fit together: "
                f"loss=quantile needs a quantile, and other losses have none. Add {way_out}."
            )

    def check_rows(self, estimator, rows):
        """Refuse negative counts."""
        if estimator.loss == "poisson" and (negative := np.flatnonzero(rows.truth < 0)).size:
            i = negative[0]
            raise CommandError(
                f"{rows.places[i]}: the number {rows.truth[i]:g} is negative, but loss=poisson is "
                "for counts. Use another loss, or remove the row."
            )

    def baselines(self):
        """Return ridge regression."""
        from sklearn.feature_extraction.text import TfidfVectorizer
        from sklearn.linear_model import Ridge
        from sklearn.pipeline import make_pipeline

        # The features of make_tfidf_logistic, and pairs of words.
        features = TfidfVectorizer(ngram_range=(1, 2), sublinear_tf=True)
        return {"tf-idf + ridge regression": make_pipeline(features, Ridge())}

    def constant(self):
        """Return the mean."""
        from sklearn.dummy import DummyRegressor

        return "always the mean", DummyRegressor()

    # --- The column of labels ---

    @classmethod
    def of_table(cls, table, column, labels, *, once):
        """Return the task, which takes nothing from the rows."""
        return cls()

    def truth(self, table, column, labels):
        """Return the numbers; a label that is no finite number is an error."""
        made = np.array([_number(label) for label in labels], np.float64)
        wrong = np.flatnonzero(~np.isfinite(made))
        if wrong.size:
            label = labels[wrong[0]]
            others = f", and {wrong.size - 1:,} more rows have no number" * (wrong.size > 1)
            raise CommandError(
                f"{table.path}, {table.places(wrong[:1])}: column {column!r} has {short(label)}, "
                f"expected a finite number{others}. {_way_out(label)}"
            )
        return made

    def targets(self, truth):
        """Return the numbers."""
        return truth

    def describe(self, parts):
        """Return mean, standard deviation and range of the numbers."""
        told = {
            "mean": _mean,
            "standard deviation": _deviation,
            "minimum": np.min,
            "median": np.median,
            "maximum": np.max,
        }
        rows = [["", "training", "held out"][: 1 + len(parts)]]
        rows.append(["rows", *(f"{len(part):,}" for part in parts)])
        return rows + [
            [name, *(f"{function(part.truth):.4g}" for part in parts)]
            for name, function in told.items()
        ]

    @classmethod
    def folds(cls, table, column, labels, n, seed):
        """Return shuffled folds of at least two rows, for R²."""
        from sklearn.model_selection import KFold

        if len(labels) < 2 * n:
            raise CommandError(
                f"{table.path}: {len(labels)} row{'s' * (len(labels) > 1)} are too few for --cv "
                f"{n}: each fold needs two. Use fewer folds, or add rows."
            )
        return KFold(n, shuffle=True, random_state=seed)

    # --- Predictions ---

    @classmethod
    def answers(cls, pipeline):
        """Whether each text gets one number, or several."""
        return getattr(getattr(pipeline[-1], "head_", None), "kind", None) == "values"

    @classmethod
    def of_model(cls, pipeline, path):
        """Return the task of a model that predicts one number."""
        n_outputs = pipeline[-1].head_.n_outputs
        if n_outputs > 1:
            raise CommandError(
                f"{path} predicts {n_outputs} numbers per text, and the command line supports one. "
                "Use it in Python, with skrnn.load."
            )
        return cls()

    def predict(self, estimator, texts):
        """Return the numbers, and no probabilities."""
        return np.ravel(estimator.predict(texts)), None

    def measure(self, truth, predicted, probabilities):
        """Return R² and the mean errors."""
        # In their unit, sums of squares of large or small numbers would overflow, or vanish.
        unit = max(np.abs(truth).max(), np.abs(predicted).max()) or 1.0
        y, errors = truth / unit, predicted / unit - truth / unit
        spread = np.sum((y - y.mean()) ** 2)
        is_constant = truth.min() == truth.max()
        return NumberScores(
            n_rows=len(truth),
            r2=None if is_constant else float(1 - np.sum(errors**2) / spread),
            rmse=float(unit * np.sqrt(np.mean(errors**2))),
            mae=float(unit * np.mean(np.abs(errors))),
        )

    def score_cells(self, scores):
        """Return R², and the errors with four digits."""
        return [score(scores.r2), f"{scores.rmse:.4g}", f"{scores.mae:.4g}"]

    def score_lines(self, scores):
        """Return the scores."""
        r2 = "- (all numbers are equal)" if scores.r2 is None else f"{scores.r2:.4f}"
        return [f"RMSE  {scores.rmse:.4g}", f"MAE   {scores.mae:.4g}", f"R²    {r2}"]

    def score_values(self, scores):
        """Return the scores."""
        return asdict(scores)

    def column_names(self, *, probabilities):
        """Return the name of the prediction."""
        if probabilities:
            raise CommandError(
                "--probabilities: the model predicts numbers, and only classes have probabilities. "
                "Leave it out."
            )
        return ["prediction"]

    def columns(self, pipeline, texts, *, probabilities):
        """Return the numbers."""
        return [self.predict(pipeline, texts)[0].tolist()]

    # --- Explanations ---

    def target(self, given, pipeline):
        """Return None: there is one number."""
        if given is not None:
            raise CommandError(
                f"--target {given!r}: the model predicts numbers, and only classes can be chosen. "
                "Leave it out."
            )
        return None

    def named(self, explanation, pipeline):
        """Return an explanation whose target has a name instead of a number."""
        return replace(explanation, target=_TARGET)

    def told(self, explanation):
        """Return the prediction."""
        from skrnn.inspection.html import told_answer

        return told_answer(explanation)

    def contribution(self, value):
        """Return four digits, in whatever unit."""
        return f"{value:+.4g}"


TASK = Regress


def _number(label):
    try:
        # Python's own 1_000 is no number of a table.
        return math.nan if "_" in label else float(label)
    except ValueError:
        return math.nan


def _way_out(label):
    if "," in label and math.isfinite(_number(label.replace(".", "").replace(",", ""))):
        return "Write decimals with a point, and thousands without a separator."
    if label.strip().lstrip("+-").lower() in _NO_NUMBERS:
        return "If it means that there is no number, empty the field and use --drop-missing."
    return "Correct it, or remove the row. For classes, train with --task classify."


def _mean(numbers):
    unit = np.abs(numbers).max() or 1.0
    return unit * np.mean(numbers / unit)


def _deviation(numbers):
    unit = np.abs(numbers).max() or 1.0
    return unit * np.std(numbers / unit)

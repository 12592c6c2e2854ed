"""What the commands ask of a task."""


class Task:
    """A task: how the column of labels is read, and how predictions are scored and shown.

    The class is what is known without rows. An instance also knows those of a table or a model,
    such as their classes. `truth` is the column of labels as an array, in the form in which
    predictions are compared with it.

    Attributes
    ----------
    name : str
        The value of --task.
    estimator : str
        Name of the estimator, in ``skrnn``.
    has_report : bool
        Whether ``skrnn train --report`` can describe a training.
    scoring : dict of str to str
        Names of scores, and scikit-learn's scorers, of ``skrnn compare``.
    scoring_note : str
        A sentence below its table.
    score_names : list of str
        Headings of the scores that ``skrnn train`` shows.
    how_divided : str
        The end of a sentence on how held-out rows were chosen.
    both_parts : str
        What must be in the rows for training and in those held out, for an error.
    contribution_width : int
        The widest contribution, in characters.
    """

    name = ""
    estimator = ""
    has_report = False
    scoring: dict = {}  # noqa: RUF012 (never changed)
    scoring_note = ""
    score_names: list = []  # noqa: RUF012 (never changed)
    how_divided = ""
    both_parts = ""
    contribution_width = 8

    # --- Estimators and their parameters ---

    @classmethod
    def make_estimator(cls, **settings):
        """Return the unfitted estimator."""
        import skrnn

        return getattr(skrnn, cls.estimator)(**settings)

    @classmethod
    def check_setting(cls, name, value):
        """Raise CommandError for a value of --set that `fit` would refuse late, or not at all."""

    @classmethod
    def check_parameters(cls, estimator):
        """Raise InvalidInputError for parameters that do not fit together on the command line."""

    def check_rows(self, estimator, rows):
        """Raise CommandError if `fit` would refuse these rows, naming their place in the table."""

    def baselines(self):
        """Return unfitted baselines by their names."""
        raise NotImplementedError

    def constant(self):
        """Return the name of the constant prediction, and its unfitted estimator."""
        raise NotImplementedError

    # --- The column of labels ---

    @classmethod
    def of_table(cls, table, column, labels, *, once):
        """Return the task for the rows of a training.

        Parameters
        ----------
        table : Table
        column : str
        labels : list of str
            The values of the column.
        once : bool
            Whether these rows will be divided.

        Raises
        ------
        CommandError
            If the labels cannot be used.
        """
        raise NotImplementedError

    def truth(self, table, column, labels):
        """Return labels as an array; one that the model does not know is an error."""
        raise NotImplementedError

    def held_out_truth(self, table, column, labels, trained_on):
        """Return the labels of the table of held-out rows; `trained_on` is the other table."""
        return self.truth(table, column, labels)

    @property
    def least_rows(self):
        """The smallest number of rows for training, and of those held out."""
        return 1

    def strata(self, truth):
        """Return what has the same shares in training rows and held-out rows, or None."""
        return None

    def targets(self, truth):
        """Return the y of estimators."""
        raise NotImplementedError

    def describe(self, parts):
        """Return rows of str that describe the truth of each part, with a heading."""
        raise NotImplementedError

    @classmethod
    def folds(cls, table, column, labels, n, seed):
        """Return the folds of cross-validation; raise CommandError if the rows do not suffice."""
        raise NotImplementedError

    # --- Predictions ---

    @classmethod
    def answers(cls, pipeline):
        """Whether a fitted pipeline does this task."""
        raise NotImplementedError

    @classmethod
    def of_model(cls, pipeline, path):
        """Return the task of a fitted pipeline; raise CommandError if it cannot be used."""
        raise NotImplementedError

    def predict(self, estimator, texts):
        """Return the predictions in the form of `truth`, and the probabilities or None."""
        raise NotImplementedError

    def measure(self, truth, predicted, probabilities):
        """Return the scores of predictions, a dataclass."""
        raise NotImplementedError

    def score_cells(self, scores):
        """Return a str for each of `score_names`."""
        raise NotImplementedError

    def score_lines(self, scores):
        """Return the lines of ``skrnn evaluate``."""
        raise NotImplementedError

    def score_values(self, scores):
        """Return the scores as a dict for JSON."""
        raise NotImplementedError

    def column_names(self, *, probabilities):
        """Return the names of the columns of ``skrnn predict``."""
        raise NotImplementedError

    def columns(self, pipeline, texts, *, probabilities):
        """Return the columns, each a list of Python objects."""
        raise NotImplementedError

    # --- Explanations ---

    def target(self, given, pipeline):
        """Return the `target` of `explain` for the option --target."""
        raise NotImplementedError

    def named(self, explanation, pipeline):
        """Return an explanation with names as in tables."""
        raise NotImplementedError

    def told(self, explanation):
        """Return what is explained, for a heading."""
        raise NotImplementedError

    def contribution(self, value):
        """Return a score or a contribution as text, with its sign."""
        return f"{value:+.3f}"

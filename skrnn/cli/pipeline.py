"""The unfitted pipeline of the options, and whether it can be saved."""

import json
import warnings

from skrnn.cli.options import MAX_WIDTH
from skrnn.cli.tasks import TASKS, task_class
from skrnn.exceptions import CommandError, InvalidFileError, InvalidInputError, InvalidTypeError
from skrnn.fileformat.errors import shown

# Options that set one parameter; --set sets the others.
_ESTIMATOR = ("cell", "units", "epochs", "batch_size", "learning_rate")
_TEXT = ("max_features", "max_length")


def make_network(arguments, **settings):
    """Return the unfitted pipeline of the options.

    Parameters
    ----------
    arguments : argparse.Namespace
        With the options of `add_network_options`, and the task.
    settings : dict
        Other parameters of the estimator; --set overrides them.

    Returns
    -------
    Pipeline
        TextToSequence and the estimator of the task, with valid parameters.
    """
    from sklearn.pipeline import make_pipeline

    from skrnn import TextToSequence

    task, text = task_class(arguments.task), TextToSequence()
    estimator = task.make_estimator(**settings, random_state=arguments.seed)
    for step, names in ((text, _TEXT), (estimator, _ESTIMATOR)):
        for name in names:
            if (value := getattr(arguments, name)) is not None:
                step.set_params(**{name: value})
    for name, value in arguments.set:
        _check_setting(name, value, text, estimator)
        task.check_setting(name, value)
        if name == "extra_losses":
            value = _read_extra_losses(value)
        _step_with(name, text, estimator).set_params(**{name: value})
    try:
        _check_parameters(text, estimator)
        task.check_parameters(estimator)
    except (ValueError, TypeError, OverflowError) as error:
        raise CommandError(str(error)) from error
    return make_pipeline(text, estimator)


def check_savable(network):
    """Refuse, before hours of training, parameters that no model's file can store.

    Parameters
    ----------
    network : Pipeline
        Of `make_network`.
    """
    from skrnn import persistence

    try:
        persistence.check_savable(network)
    except InvalidTypeError as error:
        raise CommandError(f"the model cannot be saved: {error}") from error
    except InvalidFileError as error:
        raise CommandError(f"the model cannot be saved: {error.problem} Leave it out.") from error
    _check_patterns(network[0].token_pattern, persistence.KNOWN_PATTERNS)


def _check_patterns(pattern, known):
    if pattern is not None and pattern not in known:
        warnings.warn(
            f"token_pattern={pattern!r}: the other commands will not load the model, because an "
            "unknown pattern may be unsafe. In Python: skrnn.load(path, token_patterns=[...]).",
            stacklevel=2,
        )


def _check_parameters(text, estimator):
    """Raise the errors of `fit` that do not depend on the data."""
    from skrnn.estimators.checkpointing import check_paths
    from skrnn.estimators.checks import check_ngram_range, check_stack
    from skrnn.estimators.extra_losses import objective_of
    from skrnn.fileformat.optimizers import is_optimizer_name
    from skrnn.text.vocabulary import check_vocabulary

    for step in (text, estimator):
        step._validate_params()
    text.build_analyzer()
    if text.vocabulary is not None:
        check_vocabulary(text.vocabulary)
    for name, width, per in (
        ("units", max(check_stack(estimator)), " per layer"),
        ("embedding_dim", estimator.embedding_dim, ""),
    ):
        if width > MAX_WIDTH:
            raise InvalidInputError(f"--set {name}: {width} is too many; at most {MAX_WIDTH}{per}.")
    check_ngram_range(estimator)
    objective_of(estimator)
    check_paths(estimator)
    if not is_optimizer_name(estimator.optimizer):
        raise InvalidInputError(
            f"--set optimizer={estimator.optimizer}: not an optimizer of Keras."
        )
    if estimator.input == "numeric":
        raise InvalidInputError(
            "--set input=numeric: the input of the network is token ids from TextToSequence. Leave "
            "it out."
        )


def _check_setting(name, value, text, estimator):
    """Refuse values that scikit-learn's checks accept, and that nobody means."""
    if name == "checkpoint__minutes" and estimator.checkpoint is None:
        raise CommandError(f"--set {name} needs --checkpoint FOLDER.")
    if name == "callbacks" and value is not None:
        raise CommandError(
            "--set callbacks: callbacks are Python objects, which the command line cannot make. "
            "Leave it out, or train in Python."
        )
    own = _step_with(name, text, estimator).get_params().get(name)
    if isinstance(value, bool) and not isinstance(own, bool) and name != "verbose":
        raise CommandError(f"--set {name}: {json.dumps(value)} is not a value of this parameter.")


def _read_extra_losses(value):
    """Return the losses that JSON names, alone or as keys with their parameters as values."""
    if value is None:
        return None
    from skrnn.estimators import AdversarialLoss, EntropyLoss, VirtualAdversarialLoss

    classes = {cls.__name__: cls for cls in (AdversarialLoss, VirtualAdversarialLoss, EntropyLoss)}
    named = {value: {}} if isinstance(value, str) else value
    is_plain = isinstance(named, dict) and all(type(one) is dict for one in named.values())
    if is_plain and named and named.keys() <= classes.keys():
        try:
            losses = [(name, classes[name](**inner)) for name, inner in named.items()]
        except TypeError as error:
            raise CommandError(f"--set extra_losses: {error}.") from error
        return losses[0][1] if len(losses) == 1 else losses
    raise CommandError(
        f"--set extra_losses: {shown(value)} is neither the name of a loss ({', '.join(classes)}) "
        'nor an object of names and parameters, such as {"AdversarialLoss": {"epsilon": 5}}.'
    )


def _step_with(name, text, estimator):
    """Return the step that has a parameter."""
    for step in (estimator, text):
        if name in step.get_params():
            return step
    own = type(estimator).__name__
    others = [task for task in TASKS if name in task_class(task).make_estimator().get_params()]
    if others:
        raise CommandError(
            f"--set {name}: this parameter is for --task {' and '.join(others)} only; {own} does "
            "not have it. Leave it out."
        )
    import difflib

    names = sorted({*estimator.get_params(), *text.get_params()})
    near = difflib.get_close_matches(name, names, n=1)
    raise CommandError(
        f"--set {name}: neither {own} nor TextToSequence has this parameter."
        + (f" Did you mean {near[0]}?" if near else f" Parameters: {', '.join(names)}.")
    )

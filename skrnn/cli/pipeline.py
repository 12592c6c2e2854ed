"""The unfitted pipeline of the options, and whether it can be saved."""

import warnings

from skrnn.cli.options import MAX_UNITS
from skrnn.exceptions import CommandError, InvalidInputError

# Options that set one parameter; --set sets the others.
_CLASSIFIER = ("cell", "units", "epochs", "batch_size", "learning_rate")
_TEXT = ("max_features", "max_length")


def make_network(arguments, **settings):
    """Return the unfitted pipeline of the options.

    Parameters
    ----------
    arguments : argparse.Namespace
        With the options of `add_network_options`.
    settings : dict
        Other parameters of RNNClassifier; --set overrides them.

    Returns
    -------
    Pipeline
        TextToSequence and RNNClassifier, with valid parameters.
    """
    from sklearn.pipeline import make_pipeline

    from skrnn import RNNClassifier, TextToSequence

    text, classifier = TextToSequence(), RNNClassifier(**settings, random_state=arguments.seed)
    for step, names in ((text, _TEXT), (classifier, _CLASSIFIER)):
        for name in names:
            if (value := getattr(arguments, name)) is not None:
                step.set_params(**{name: value})
    for name, value in arguments.set:
        _step_with(name, text, classifier).set_params(**{name: value})
    try:
        _check_parameters(text, classifier)
    except (ValueError, TypeError, OverflowError) as error:
        raise CommandError(str(error)) from error
    return make_pipeline(text, classifier)


def check_savable(network):
    """Check, before hours of training, that the parameters can be saved.

    Encodes and decodes them, as :func:`skrnn.save` does with those of the fitted pipeline.

    Parameters
    ----------
    network : Pipeline
        The result of `make_network`.
    """
    from skrnn.estimators import codec as of_classifier
    from skrnn.exceptions import InvalidFileError
    from skrnn.fileformat.nodes import Node, Place, Reading
    from skrnn.fileformat.parameters import decode_parameters, encode_parameters
    from skrnn.persistence import text as of_text

    for step, codec in zip((network[0], network[-1]), (of_text, of_classifier), strict=True):
        # The advice of the codecs is for Python.
        ways_out = dict.fromkeys(step.get_params(), "Leave it out.")
        try:
            tree = encode_parameters(step, Place(), ways_out)
            node = Node(tree, {}, Reading())
            decode_parameters(node, type(step), allowed=codec.is_data)
        except TypeError as error:
            raise CommandError(f"the model cannot be saved: {error}") from error
        except InvalidFileError as error:
            raise CommandError(
                f"the model cannot be saved: {error.problem} Leave it out."
            ) from error
    _check_patterns(network[0].token_pattern, of_text.KNOWN_PATTERNS)
    ngram_range = network[-1].ngram_range
    if ngram_range is not None and ngram_range[1] > of_classifier.MAX_NGRAM:
        raise CommandError(
            f"the model cannot be saved: ngram_range={list(ngram_range)}, but n-grams have "
            f"at most {of_classifier.MAX_NGRAM} words."
        )


def _check_patterns(pattern, known):
    if pattern is not None and pattern not in known:
        warnings.warn(
            f"token_pattern={pattern!r}: the other commands will not load the model, because an "
            "unknown pattern may be unsafe. In Python: skrnn.load(path, token_patterns=[...]).",
            stacklevel=2,
        )


def _check_parameters(text, classifier):
    """Raise the errors of `fit` that do not depend on the data."""
    from skrnn.estimators.checks import check_ngram_range, check_stack
    from skrnn.fileformat.optimizers import is_optimizer_name
    from skrnn.text.vocabulary import check_vocabulary

    for step in (text, classifier):
        step._validate_params()
    text.build_analyzer()
    if text.vocabulary is not None:
        check_vocabulary(text.vocabulary)
    widest = max(check_stack(classifier))
    if widest > MAX_UNITS:
        raise InvalidInputError(
            f"--set units: {widest} is too many; at most {MAX_UNITS} per layer."
        )
    check_ngram_range(classifier)
    if not is_optimizer_name(classifier.optimizer):
        raise InvalidInputError(
            f"--set optimizer={classifier.optimizer}: not an optimizer of Keras."
        )
    if classifier.input == "numeric":
        raise InvalidInputError(
            "--set input=numeric: the input of the network is token ids from TextToSequence. Leave "
            "it out."
        )


def _step_with(name, text, classifier):
    for step in (classifier, text):
        if name in step.get_params():
            return step
    import difflib

    names = sorted({*classifier.get_params(), *text.get_params()})
    near = difflib.get_close_matches(name, names, n=1)
    raise CommandError(
        f"--set {name}: neither RNNClassifier nor TextToSequence has this parameter."
        + (f" Did you mean {near[0]}?" if near else f" Parameters: {', '.join(names)}.")
    )

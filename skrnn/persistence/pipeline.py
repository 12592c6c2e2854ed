"""A Pipeline: its steps in order, and whether they fit together."""

import itertools

from sklearn.frozen import FrozenEstimator
from sklearn.pipeline import Pipeline

from skrnn.estimators import DocumentVectorizer
from skrnn.estimators.base import NetworkEstimator
from skrnn.estimators.checks import check_origin
from skrnn.exceptions import InvalidInputError, InvalidTypeError
from skrnn.fileformat.errors import shown
from skrnn.fileformat.parameters import refuse_other_attributes
from skrnn.persistence.inner import readers
from skrnn.persistence.text_with_columns import tokenizer_of
from skrnn.sequences.special_tokens import FIRST_WORD
from skrnn.text import DocumentsToSequence, HashingTextToSequence, TextWithColumns

_PARAMETERS = ("steps", "transform_input", "memory", "verbose")


def encode_pipeline(pipeline, place, encode_step):
    """Return the tree of a pipeline.

    Parameters
    ----------
    pipeline : Pipeline
    place : Place
        For its arrays.
    encode_step : callable
        Takes an estimator and a place.
    """
    if pipeline.memory is not None:
        raise InvalidTypeError(
            f"Pipeline has memory={shown(pipeline.memory)}, a cache of this machine, which a file "
            "cannot store. Set it to None first: set_params(memory=None)."
        )
    refuse_other_attributes(pipeline, place, {"feature_names_in_"})
    steps = []
    for i, (name, step) in enumerate(pipeline.steps):
        if step is not None and not isinstance(step, str):
            step = encode_step(step, place.below(f"steps/{i}"))
        steps.append({"name": name, "estimator": step})
    inputs = pipeline.transform_input
    return {
        "steps": steps,
        "transform_input": None if inputs is None else [str(name) for name in inputs],
        "verbose": bool(pipeline.verbose),
    }


def decode_pipeline(node, decode_step):
    """Make the pipeline of a node.

    Parameters
    ----------
    node : Node
    decode_step : callable
        Takes a node, returns an estimator.
    """
    trees = node.take("steps", "a list of steps", lambda v: type(v) is list and len(v) > 0)
    inputs = None
    if "transform_input" in node:
        inputs = node.take(
            "transform_input",
            "a list of strings or null",
            lambda v: v is None or (type(v) is list and all(type(one) is str for one in v)),
        )
    verbose = node.take_flag("verbose")
    steps, names = [], set(_PARAMETERS)
    for i, tree in enumerate(trees):
        step = node.of(tree, f"steps/{i}")
        name = step.take("name", "a name", lambda value: type(value) is str)
        if not name or "__" in name or name in names:
            step.refuse(
                f"The step has the name {shown(name)}, but a name must not contain '__' or be that "
                "of another step or of a parameter of Pipeline."
            )
        names.add(name)
        estimator = step.take(
            "estimator",
            "an object, null or 'passthrough'",
            lambda value: value is None or value == "passthrough" or type(value) is dict,
        )
        if type(estimator) is dict:
            estimator = decode_step(node.of(estimator, f"steps/{i}"))
        step.close()
        steps.append((name, estimator))
    pipeline = Pipeline(steps, transform_input=inputs, memory=None, verbose=verbose)
    _check_agreement(pipeline, node)
    return pipeline


def _leaves(pipeline):
    for _, step in pipeline.steps:
        while isinstance(step, FrozenEstimator):
            step = step.estimator
        if isinstance(step, Pipeline):
            yield from _leaves(step)
        elif step is not None and step != "passthrough":
            yield step


def _check_agreement(pipeline, node):
    """Check that the output of each step fits the next one."""
    leaves = list(_leaves(pipeline))
    if not leaves:
        node.refuse("The pipeline has no step that is an estimator.")
    for before, step in itertools.pairwise(leaves):
        for after in readers(step):
            _check_pair(before, after, node)


def _check_words(before, after, node):
    """Check that an estimator reads the ids of the vocabulary with which it was fitted."""
    inside = getattr(before, "transformers_", ())  # of a ColumnTransformer
    for text in (before, *(one for _, one, _ in inside)):
        while isinstance(text, FrozenEstimator):
            text = text.estimator
        if isinstance(text, DocumentsToSequence) and after.vocabulary_size_ is not None:
            try:
                check_origin(after, text._origin(), of=f"The {type(text).__name__} of the Pipeline")
            except InvalidInputError as error:
                node.refuse(str(error))


def _check_pair(before, after, node):
    names = f"{type(before).__name__} before {type(after).__name__}"
    if not hasattr(before, "transform"):
        node.refuse(f"{names}: the first is not a transformer.")
    columns = getattr(before, "output_indices_", None)  # of a ColumnTransformer
    gives = _width(before)
    if not hasattr(after, "n_features_in_") or isinstance(after, TextWithColumns):
        if columns is not None and gives == 1:  # the column of the documents
            return
        node.refuse(f"{names}: the second takes documents, so it must come first.")
    takes = after.n_features_in_
    reads_steps = isinstance(after, NetworkEstimator | DocumentVectorizer)
    if isinstance(after, NetworkEstimator):
        _check_columns(before, after, node)
    if reads_steps:
        if isinstance(before, TextWithColumns):
            before = tokenizer_of(before.to_sequence_)
        _check_words(before, after, node)
    if isinstance(before, DocumentsToSequence) and reads_steps:
        gives, takes = _n_ids(before), after.vocabulary_size_
        # A dense array does not show how many words there are.
        if takes is not None and (gives <= takes or not before.sparse_output):
            return
    elif reads_steps:
        # Columns of ids, or of a table of numbers.
        is_table = after.vocabulary_size_ is not None or gives == takes
        if columns is None or not is_table:
            node.refuse(f"{names}: the second reads sequences, which the first does not return.")
        return
    elif gives == takes:
        return
    node.refuse(
        f"{names}: the first returns {gives} features or words, the second expects {takes}."
    )


def _check_columns(before, after, node):
    gives = before.column_names_ if isinstance(before, TextWithColumns) else None
    takes = None if after.columns_ is None else after.columns_.names
    if gives != takes:
        node.refuse(
            f"{type(before).__name__} returns the columns {gives}, but {type(after).__name__} "
            f"reads {takes}."
        )


def _n_ids(transformer):
    if isinstance(transformer, HashingTextToSequence):
        return transformer.n_features + FIRST_WORD
    return len(transformer.vocabulary_) + FIRST_WORD


def _width(transformer):
    if isinstance(transformer, TextWithColumns):
        return _width(tokenizer_of(transformer.to_sequence_))
    if isinstance(transformer, HashingTextToSequence):
        return transformer.max_length
    if isinstance(transformer, DocumentsToSequence):
        return transformer._n_features_out
    if isinstance(transformer, DocumentVectorizer):
        return transformer.ngram_vectors_.shape[1]
    if hasattr(transformer, "vocabulary_"):
        return len(transformer.vocabulary_)
    if hasattr(transformer, "output_indices_"):
        return max((one.stop for one in transformer.output_indices_.values()), default=0)
    return getattr(transformer, "n_features_in_", None)

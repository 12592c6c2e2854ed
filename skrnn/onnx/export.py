"""`to_onnx`: from a fitted estimator to an ONNX model."""

import json

import numpy as np
from sklearn.pipeline import Pipeline
from sklearn.utils.validation import check_is_fitted

import skrnn
from skrnn.estimators.base import NetworkEstimator
from skrnn.estimators.checks import check_origin
from skrnn.exceptions import InvalidInputError, InvalidTypeError
from skrnn.network.description import LOGITS
from skrnn.onnx.convolutions import convolution_scores
from skrnn.onnx.graph import Graph, check_onnx, check_utf8
from skrnn.onnx.inputs import (
    SAMPLES,
    STEPS,
    channel_input,
    column_input,
    in_patches,
    token_input,
    word_input,
)
from skrnn.onnx.ngrams import NgramTable
from skrnn.onnx.steps import append_ids, emissions, id_input, join, pooled
from skrnn.text import TextToSequence, TextWithColumns
from skrnn.text.splitting import deciding_parameters


def to_onnx(estimator):
    """Convert a fitted classifier, or a Pipeline with TextToSequence, to an ONNX model.

    The model needs neither skrnn nor TensorFlow to run; the conversion loads TensorFlow. It uses
    ONNX's recurrent operators [1]_ with the lengths of the rows, so predictions do not depend on
    padding or on other rows. It also contains the linear model of n-grams or of convolutions.

    Parameters
    ----------
    estimator : RNNClassifier, RNNRegressor, RNNTagger or Pipeline
        A fitted estimator. A Pipeline must have the steps TextToSequence, or TextWithColumns, and
        a classifier or regressor.

    Returns
    -------
    onnx.ModelProto
        Save it with ``onnx.save_model``, or pass ``SerializeToString()`` to onnxruntime. It uses
        opset 14, `LabelEncoder` of ai.onnx.ml 2, and IR version 7. Its first input depends on the
        estimator:

        - "words", strings of shape (n_samples, n_timesteps), for a Pipeline: the words into which
          :meth:`skrnn.TextToSequence.build_analyzer` splits documents, padded with "" by
          :func:`skrnn.onnx.pad_words`. ONNX has no regular expressions, so the caller splits the
          documents. The model truncates rows to `max_length`;
        - "tokens", int32 of shape (n_samples, n_timesteps), for an estimator on token ids,
          as ``TextToSequence.transform(X).toarray()`` returns them;
        - "channels", float64 of shape (n_samples, n_timesteps), or (n_samples, n_timesteps,
          n_channels) if the estimator was fitted on three dimensions. The model scales them, as
          the estimator does; float32 would lose what large numbers differ by.

        An estimator that was fitted with columns beside the texts (:class:`skrnn.TextWithColumns`)
        has a second input, "columns", float64 of shape (n_samples, n_columns): the numbers in the
        order of ``columns_.names``, as `column_values` has them. Ids beside the steps are further
        inputs, int32 of shape (n_samples, n_timesteps, width), padded with 0.

        Outputs have the names that skl2onnx uses. A classifier has two:

        - "label", as `predict` returns it, integers as int64, of shape (n_samples,), or
          (n_samples, n_labels) for several labels;
        - "probabilities", float32 of shape (n_samples, n_classes), as `predict_proba` returns it.

        A regressor has one, "variable", float64 in the shape of `predict`.

        A tagger has "emissions", float32 of shape (n_samples, n_timesteps, n_classes), the score of
        each tag at each step, 0 behind the last step of a row, which is its last token other than 0
        or its last number other than NaN; "transitions", "start" and "end", float32, the scores of
        neighbouring, first and last tags, -inf where the scheme forbids them; and "classes". The
        caller finds the best tags by the Viterbi algorithm; the page on ONNX shows it.

    Raises
    ------
    ImportError
        If onnx is not installed: ``pip install "skrnn[onnx]"``.
    NotFittedError
        If the estimator is not fitted.
    TypeError
        If the estimator is not supported, or has a step that ONNX cannot express.
    ValueError
        If ONNX has no type for the classes, cannot hold a word, or if the layers of `model_` are
        not those that `fit` has made.

    See Also
    --------
    skrnn.onnx.pad_words : Arranges words for the input of the model.

    Notes
    -----
    The model reads its input in the same way as the estimator: zeros (or "") are padding anywhere
    in a row; a row without ids, or only with the id 1, is one unknown word; NaN is a missing
    value; a numeric row without steps is one step of zeros. It takes one or more rows, and any
    number of steps. If the estimator would raise an error (for ids beyond the vocabulary, infinity,
    or numbers that are too large), the runtime does, too: a `Gather` has an index out of bounds.
    onnxruntime checks that on CPUs; on other devices, do not pass such rows.

    `metadata_props` has "skrnn.words", the source of the words: "token_pattern", "characters", or
    "caller" if it is a callable. Unless it is "caller", "skrnn.text" holds the parameters of
    `TextToSequence` that determine the words, as JSON.

    Protocol buffers are limited to 2 GB. A larger model can be converted, but must be saved with
    separate weights: ``onnx.save_model(model, path, save_as_external_data=True)``.

    References
    ----------
    .. [1] LSTM, GRU and RNN in the ONNX operator specification,
       https://onnx.ai/onnx/operators/

    Examples
    --------
    >>> from skrnn import RNNClassifier, TextToSequence, make_reviews
    >>> from skrnn.onnx import to_onnx
    >>> from sklearn.pipeline import make_pipeline
    >>> reviews, labels = make_reviews(200, random_state=0)
    >>> pipe = make_pipeline(TextToSequence(), RNNClassifier(units=8, epochs=1, random_state=0))
    >>> model = to_onnx(pipe.fit(reviews, labels))
    >>> [value.name for value in (*model.graph.input, *model.graph.output)]
    ['words', 'label', 'probabilities']
    """
    onnx = check_onnx("to_onnx")
    text, classifier = _parts(estimator)
    graph = Graph(onnx)
    network = classifier.network_.description
    steps = _read(graph, text, classifier, network)
    scaler, head = classifier.columns_, classifier.head_
    columns = None if scaler is None else column_input(graph, scaler)
    raw = _write_networks(graph, classifier, network, steps, columns)
    values = classifier.network_.activation_values
    if head.reads == "steps":
        surroundings = getattr(classifier, "surroundings_", None)
        if surroundings is not None:
            raw, values = pooled(graph, surroundings, raw, head.chain(values))
        graph.output(raw, "emissions", np.float32, [SAMPLES, STEPS, head.n_outputs])
    head.write_onnx(graph, raw, SAMPLES, values)
    return graph.model(
        "RNNClassifier" if text is None else "TextToSequence_RNNClassifier",
        f"{type(classifier).__name__} of skrnn: {network.cell} of {list(network.units)} units",
        skrnn.__version__,
        {} if text is None else _words_metadata(text),
    )


def _parts(estimator):
    """Return the TextToSequence, or None, and the RNNClassifier."""
    wanted = (
        "to_onnx takes a fitted RNNClassifier, or a Pipeline of TextToSequence and RNNClassifier"
    )
    if isinstance(estimator, NetworkEstimator):
        check_is_fitted(estimator)
        return None, estimator
    if not isinstance(estimator, Pipeline):
        way_out = " Pass its best_estimator_." if hasattr(estimator, "best_estimator_") else ""
        raise InvalidTypeError(f"{wanted}, but got {type(estimator).__name__}.{way_out}")
    steps = [(n, step) for n, step in estimator.steps if step is not None and step != "passthrough"]
    if not steps:
        raise InvalidTypeError(f"{wanted}, but the Pipeline has no step except 'passthrough'.")
    for i, (name, step) in enumerate(steps):
        kind: type | tuple = NetworkEstimator if i == len(steps) - 1 else ()
        if kind == () and i == 0:
            kind = TextToSequence
            if isinstance(step, TextWithColumns):
                check_is_fitted(step)
                step = _tokenizer(step)
        if not isinstance(step, kind):
            raise InvalidTypeError(
                f"{wanted}, and cannot express the step {name!r}, {type(step).__name__}, at its "
                "position. Export the RNNClassifier alone, and pass the output of the steps before "
                "it to the model."
            )
    for _, step in steps:
        check_is_fitted(step)
    first = steps[0][1]
    if isinstance(first, TextWithColumns):
        first = first.to_sequence_
    return (first if len(steps) == 2 else None), steps[-1][1]


def _tokenizer(step):
    """Return the tokenizer of a TextWithColumns, whose columns must be plain numbers."""
    if step.columns_ is not None:
        raise InvalidTypeError(
            f"to_onnx cannot express the {type(step.columns_).__name__} that makes the columns of "
            "TextWithColumns. Export the RNNClassifier alone, and pass the output of "
            "TextWithColumns to the model: its ids, X.without_columns().toarray(), as tokens, and "
            "X.column_values as columns."
        )
    return step.to_sequence_


def _read(graph, text, classifier, network):
    """Declare the input and return its `Steps`."""
    size, keeps_steps = classifier.vocabulary_size_, network.head_.reads == "steps"
    if text is not None:
        if keeps_steps:
            raise InvalidTypeError(
                f"to_onnx cannot express a Pipeline of TextToSequence and "
                f"{type(classifier).__name__}, which answers each step. Export the "
                f"{type(classifier).__name__} alone, and pass token ids to the model."
            )
        _check_words(text, classifier)
        return word_input(graph, text.vocabulary_, text.max_length, text.truncate)
    if size is not None:
        return token_input(graph, size, keeps_steps=keeps_steps)
    shape = () if classifier._is_table else (network.n_channels // classifier.patch_size_,)
    return channel_input(graph, shape, classifier.channels_, keeps_steps=keeps_steps)


def _write_networks(graph, classifier, network, steps, columns):
    """Return the logits, or the emissions if the head reads the steps; the mean of several."""
    # Loads TensorFlow, which is only needed for the weights.
    from skrnn.network.several import networks_of

    evidence = scores = None
    ids = {one.name: id_input(graph, one) for one in network.side_inputs if one.is_ids}
    if classifier.vocabulary_size_ is None:
        if network.row_inputs:
            scores = convolution_scores(graph, classifier.convolutions_, steps)
        steps = in_patches(graph, steps, classifier.patch_size_)
    elif network.row_inputs:
        table = NgramTable(graph, classifier.ngrams_, steps.values)
        scores = table.scores()
        evidence = table.evidence() if network.step_inputs else None
    given = steps, columns, ids, scores, evidence
    models = networks_of(classifier.model_)
    if len(models) == 1:
        return _write_network(graph, models[0], network, *given)
    raws = []
    for model in models:
        with graph.inside(f"{model.name}_"):
            raws.append(_write_network(graph, model, network, *given))
    return graph.add("Mean", *raws)


def _write_network(graph, model, network, steps, columns, ids, scores, evidence):
    """Return the logits of one network, or its emissions if the head reads the steps."""
    from skrnn.onnx import layers

    weights = layers.Weights(model)
    if network.is_tokens:
        x = layers.embed(graph, weights, steps, evidence)
    else:
        x = layers.mask_channels(graph, weights, steps)
    x = append_ids(graph, weights, x, ids, network)
    x = layers.recurrent_stack(graph, weights, x, steps, network)
    if network.head_.reads == "steps":
        if columns is not None:
            x = join(graph, weights, x, columns)
        raw = emissions(graph, weights, x, steps, ids, network)
        if network.head_.activation_variables():
            weights.pass_behind(LOGITS, model.layers)
        weights.check_all_taken()
        return raw
    x = layers.pool(graph, weights, x, steps, network)
    if columns is not None:
        x = layers.join(graph, weights, x, columns)
    logits = layers.logits(graph, weights, x, scores, network)
    weights.check_all_taken()
    return logits


def _check_words(text, classifier):
    vocabulary_size = classifier.vocabulary_size_
    if vocabulary_size is None:
        raise InvalidInputError(
            "to_onnx cannot express a Pipeline whose RNNClassifier reads the ids of "
            "TextToSequence as numeric sequences. Fit it with input='tokens'."
        )
    largest = max(text.vocabulary_.values())
    if largest >= vocabulary_size:
        raise InvalidInputError(
            f"TextToSequence returns ids up to {largest}, but RNNClassifier was fitted on a "
            f"vocabulary of {vocabulary_size} ids. Fit the Pipeline as a whole."
        )
    check_origin(classifier, text._origin(), of="The TextToSequence of the Pipeline")
    for word in text.vocabulary_:
        check_utf8(word, "word")
    if "" in text.vocabulary_:
        raise InvalidInputError(
            'to_onnx cannot express the word "" of vocabulary_, which is padding in the input of '
            "the model. Use a token_pattern or tokenizer that finds no empty words, or export the "
            "RNNClassifier alone, which takes token ids."
        )


def _words_metadata(text):
    """Return the metadata from which other languages know how to split documents into words."""
    parameters = deciding_parameters(text)
    if any(map(callable, parameters.values())):
        return {"skrnn.words": "caller"}
    words = "characters" if text.analyzer == "char" else "token_pattern"
    return {"skrnn.words": words, "skrnn.text": json.dumps(parameters)}

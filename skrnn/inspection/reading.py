"""From an estimator and what it is given to what its network reads, token by token."""

from dataclasses import dataclass

import numpy as np
from sklearn.pipeline import Pipeline
from sklearn.utils.validation import check_is_fitted

from skrnn.estimators.base import NetworkEstimator
from skrnn.exceptions import InvalidInputError, InvalidTypeError
from skrnn.sequences import UNKNOWN, Sequences
from skrnn.text import TextToSequence
from skrnn.text.documents import iter_documents
from skrnn.text.offsets import find_spans
from skrnn.text.rows import truncate_rows
from skrnn.text.vocabulary import UNKNOWN_WORD


@dataclass(frozen=True)
class Row:
    """One text or sequence, and what the network reads of it.

    Attributes
    ----------
    text : str or None
        As the user wrote it.
    tokens : list of str, or None
        None for a numeric sequence.
    spans : ndarray of shape (n_tokens, 2) of int64, or None
        Where in `text` the tokens stand.
    ids : ndarray of shape (n_tokens,) of int32, or None
        Their ids.
    sequence : Sequences
        One row, with what n-grams say of it. Step i is token i, unless `is_blank`.
    is_blank : bool
        Whether there is no known word: the network then reads a single unknown one.
    """

    text: str | None
    tokens: list | None
    spans: np.ndarray | None
    ids: np.ndarray | None
    sequence: Sequences
    is_blank: bool


def read(estimator, X, caller):
    """Return the classifier, and a `Row` for each text or sequence.

    Parameters
    ----------
    estimator : Pipeline or RNNClassifier
        Fitted.
    X : iterable of str, or what an RNNClassifier takes
    caller : str
        The function that errors name.

    Returns
    -------
    classifier : RNNClassifier
    rows : list of Row
    """
    text, between, classifier = _parts(estimator, caller)
    if text is None:
        sequences = classifier.read(X)
        return classifier, [_row_of_numbers(sequences.take([i])) for i in range(len(sequences))]
    if classifier.vocabulary_size_ is None:
        raise InvalidInputError(
            f"{caller} cannot tell tokens in a Pipeline whose RNNClassifier reads the ids of "
            "TextToSequence as numeric sequences. Fit it with input='tokens'."
        )
    analyzer = text._make_analyzer()
    documents = list(iter_documents(X, analyzer.also))
    if not documents:
        return classifier, []
    sequences = classifier.read(between.transform(documents))
    if len(between) > 1:
        _check_order(classifier.read(text.transform(documents)), sequences, caller)
    tokens = analyzer.iter_tokens(documents)
    rows = [
        _row_of_text(text, analyzer, document, of_document, sequences.take([i]))
        for i, (document, of_document) in enumerate(zip(documents, tokens, strict=True))
    ]
    for i, row in enumerate(rows):
        if not row.is_blank and len(row.tokens) != len(row.ids):
            raise InvalidInputError(
                f"{caller} cannot tell which token is which: the document in row {i} has "
                f"{len(row.tokens)} tokens, but {len(row.ids)} ids come out of the steps between "
                "TextToSequence and RNNClassifier. Leave out what drops or adds tokens there, or "
                "give the RNNClassifier alone its ids."
            )
    return classifier, rows


def _parts(estimator, caller):
    """Return the TextToSequence or None, what comes before the classifier, and that."""
    wanted = (
        f"{caller} takes a fitted RNNClassifier, or a fitted Pipeline that begins with "
        "TextToSequence and ends with RNNClassifier"
    )
    if isinstance(estimator, NetworkEstimator):
        check_is_fitted(estimator)
        return None, None, estimator
    if not isinstance(estimator, Pipeline):
        way_out = " Pass its best_estimator_." if hasattr(estimator, "best_estimator_") else ""
        raise InvalidTypeError(f"{wanted}, but got {type(estimator).__name__}.{way_out}")
    first, last = estimator[0], estimator[-1]
    if not (isinstance(first, TextToSequence) and isinstance(last, NetworkEstimator)):
        kinds = ", ".join(type(step).__name__ for _, step in estimator.steps)
        raise InvalidTypeError(
            f"{wanted}, but the Pipeline's steps are {kinds}.{_way_out(estimator)}"
        )
    check_is_fitted(first)
    check_is_fitted(last)
    return first, estimator[:-1], last


def _check_order(own, sequences, caller):
    """Refuse steps that put other tokens in the place of TextToSequence's; unknown words may be."""
    for i, (before, after) in enumerate(zip(_ids(own), _ids(sequences), strict=True)):
        # Another number of them is told where the tokens are at hand.
        if len(before) == len(after) and not np.isin(after[after != before], UNKNOWN).all():
            raise InvalidInputError(
                f"{caller} cannot tell which token is which: the steps between TextToSequence and "
                f"RNNClassifier change the order or the ids of the tokens of row {i}. Leave out "
                "what does, or give the RNNClassifier alone its ids."
            )


def _ids(sequences):
    return np.split(sequences.values, sequences.offsets[1:-1])


def _way_out(pipeline):
    """Return what to pass instead of a Pipeline."""
    last = pipeline[-1]
    for i, step in enumerate(pipeline):
        if isinstance(step, TextToSequence) and isinstance(last, NetworkEstimator):
            return f" Pass its part pipeline[{i}:], and as X the texts that go into that."
    if isinstance(last, NetworkEstimator):
        return " Pass the RNNClassifier alone, and as X what the steps before it return."
    if isinstance(last, Pipeline) and isinstance(last[-1], NetworkEstimator):
        return " Pass its last step, the Pipeline within, and the texts as X."
    return (
        " It explains recurrent networks only; a linear model tells by its coef_ what each word "
        "weighs."
    )


def _row_of_text(text, analyzer, document, tokens, sequence):
    spans = find_spans(analyzer, document, tokens) if isinstance(document, str) else None
    if text.max_length is not None:
        places = np.arange(len(tokens))
        kept, _ = truncate_rows(places, np.array([len(places)]), text.max_length, text.truncate)
        tokens = [tokens[place] for place in kept]
        spans = None if spans is None else spans[kept]
    ids, is_blank = sequence.values, _is_blank(sequence)
    if is_blank:
        ids = np.full(len(tokens), UNKNOWN, np.int32)
    document = document if isinstance(document, str) else None
    return Row(document, tokens, spans, ids, sequence, is_blank)


def _row_of_numbers(sequence):
    if not sequence.is_tokens:
        return Row(None, None, None, None, sequence, False)
    words = sequence.words or ()
    tokens = [_name(token, words) for token in sequence.values.tolist()]
    return Row(None, tokens, None, sequence.values, sequence, _is_blank(sequence))


def _name(token, words):
    if token == UNKNOWN:
        return UNKNOWN_WORD
    word = words[token] if token < len(words) else None
    return str(token) if word is None else word


def _is_blank(sequence):
    return sequence.values.tolist() == [UNKNOWN]

"""From an estimator and X to the tokens and the input of its network."""

from dataclasses import dataclass, replace

import numpy as np
from sklearn.pipeline import Pipeline
from sklearn.utils.validation import check_is_fitted

from skrnn.estimators.base import NetworkEstimator
from skrnn.estimators.checks import read_again
from skrnn.exceptions import InvalidInputError, InvalidTypeError
from skrnn.sequences import UNKNOWN, UNKNOWN_WORD, Sequences
from skrnn.text import DocumentsToSequence, TextWithColumns
from skrnn.text.documents import iter_documents
from skrnn.text.frames import check_frame, pick_texts
from skrnn.text.offsets import find_spans
from skrnn.text.rows import truncate_rows


@dataclass(frozen=True)
class Row:
    """One text or sequence, and the network's input for it.

    Attributes
    ----------
    text : str or None
        The text as the user wrote it.
    tokens : list of str, or None
        The tokens; None for a numeric sequence.
    spans : ndarray of shape (n_tokens, 2) of int64, or None
        Offsets of the tokens in `text`.
    ids : ndarray of shape (n_tokens,) of int32, or None
        The token ids.
    sequence : Sequences
        One row, with its n-gram scores and columns. Step i is token i, unless `is_blank`. Numeric
        steps are in patches, see `patch_size` of the estimator.
    steps : Sequences
        The row with all its steps, scaled, and nothing beside them.
    is_blank : bool
        Whether the text has no known word. The network then reads a single unknown word.
    is_read : ndarray of shape (n_timesteps,) of bool, or None
        Which steps of a numeric sequence the network reads: not those that are missing altogether.
    """

    text: str | None
    tokens: list | None
    spans: np.ndarray | None
    ids: np.ndarray | None
    sequence: Sequences
    steps: Sequences
    is_blank: bool
    is_read: np.ndarray | None = None

    def by_step(self, values):
        """Return numbers for each number of the patches as numbers for each of the steps.

        Parameters
        ----------
        values : ndarray of shape (n_patches, patch_size * n_channels)

        Returns
        -------
        ndarray of shape (n_timesteps, n_channels)
        """
        steps = self.steps.values
        return values.reshape(-1, steps.shape[1])[: len(steps)]


def read(estimator, X, caller):
    """Return the classifier, and a `Row` for each text or sequence.

    Parameters
    ----------
    estimator : Pipeline or RNNClassifier
        Fitted.
    X : iterable of str, frame, or what an RNNClassifier takes
    caller : str
        Name of the calling function, for errors.

    Returns
    -------
    classifier : RNNClassifier
    rows : list of Row
    """
    text, between, classifier = _parts(estimator, caller)
    if text is None:
        steps = classifier.read_steps(X)
        sequences = classifier.beside(steps)
        rows = [_row_of_ids(sequences.take([i]), steps.take([i])) for i in range(len(sequences))]
        if not sequences.is_tokens:
            given = read_again(classifier, X)
            read = np.split(given.is_real, given.offsets[1:-1])
            rows = [
                replace(row, is_read=of_row if of_row.any() else None)
                for row, of_row in zip(rows, read, strict=True)
            ]
        return classifier, rows
    if classifier.vocabulary_size_ is None:
        raise InvalidInputError(
            f"{caller} cannot assign values to tokens, because the RNNClassifier of this Pipeline "
            "reads the ids of TextToSequence as numeric sequences. Fit it with input='tokens'."
        )
    first = between[0]
    is_frame = isinstance(first, TextWithColumns)
    analyzer = text._make_analyzer()
    if is_frame:
        check_frame(X, caller)
    texts = pick_texts(X, first.text, caller) if is_frame else X
    documents = list(iter_documents(texts, analyzer.also))
    if not documents:
        return classifier, []
    X = X if is_frame else documents
    sequences = classifier.read(between.transform(X))
    if len(between) > 1:
        _check_order(classifier.read(first.transform(X)), sequences, caller)
    tokens = analyzer.iter_tokens(documents)
    rows = [
        _row_of_text(text, analyzer, document, of_document, sequences.take([i]))
        for i, (document, of_document) in enumerate(zip(documents, tokens, strict=True))
    ]
    for i, row in enumerate(rows):
        if not row.is_blank and len(row.tokens) != len(row.ids):
            raise InvalidInputError(
                f"{caller} cannot match tokens and ids: the document in row {i} has "
                f"{len(row.tokens)} tokens, but the steps between TextToSequence and RNNClassifier "
                f"return {len(row.ids)} ids. Remove the steps that drop or add tokens, or pass the "
                "RNNClassifier alone with token ids."
            )
    return classifier, rows


def _parts(estimator, caller):
    """Return the TextToSequence or None, the steps before the classifier, and the classifier."""
    wanted = (
        f"{caller} takes a fitted RNNClassifier, or a fitted Pipeline that begins with "
        "TextToSequence, HashingTextToSequence or TextWithColumns and ends with RNNClassifier"
    )
    if isinstance(estimator, NetworkEstimator):
        check_is_fitted(estimator)
        return None, None, estimator.as_of_now()
    if not isinstance(estimator, Pipeline):
        way_out = " Pass its best_estimator_." if hasattr(estimator, "best_estimator_") else ""
        raise InvalidTypeError(f"{wanted}, but got {type(estimator).__name__}.{way_out}")
    first, last = estimator[0], estimator[-1]
    tokenizer = first
    if isinstance(first, TextWithColumns):
        check_is_fitted(first)
        tokenizer = first.to_sequence_
    if not (isinstance(tokenizer, DocumentsToSequence) and isinstance(last, NetworkEstimator)):
        kinds = ", ".join(type(step).__name__ for _, step in estimator.steps)
        raise InvalidTypeError(
            f"{wanted}, but the Pipeline's steps are {kinds}.{_way_out(estimator)}"
        )
    check_is_fitted(first)
    check_is_fitted(last)
    return tokenizer, estimator[:-1], last.as_of_now()


def _check_order(own, sequences, caller):
    """Raise ValueError if steps replace tokens of TextToSequence by others than unknown words."""
    for i, (before, after) in enumerate(zip(_ids(own), _ids(sequences), strict=True)):
        # `read` checks the number of tokens.
        if len(before) == len(after) and not np.isin(after[after != before], UNKNOWN).all():
            raise InvalidInputError(
                f"{caller} cannot match tokens and ids: the steps between TextToSequence and "
                f"RNNClassifier change the order or the ids of the tokens of row {i}. Remove these "
                "steps, or pass the RNNClassifier alone with token ids."
            )


def _ids(sequences):
    return np.split(sequences.values, sequences.offsets[1:-1])


def _way_out(pipeline):
    """Return what to pass instead of a Pipeline."""
    last = pipeline[-1]
    for i, step in enumerate(pipeline):
        starts = i and isinstance(step, DocumentsToSequence | TextWithColumns)
        if starts and isinstance(last, NetworkEstimator):
            return f" Pass its part pipeline[{i}:], and the input texts of that part as X."
    if isinstance(last, NetworkEstimator):
        return " Pass the RNNClassifier alone, and the output of the steps before it as X."
    if isinstance(last, Pipeline) and isinstance(last[-1], NetworkEstimator):
        return " Pass its last step, which is a Pipeline, and the texts as X."
    return (
        " It explains recurrent networks only. For a linear model, see its coef_ for the weight of "
        "each word."
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
    return Row(document, tokens, spans, ids, sequence, sequence.beside({}, {}), is_blank)


def _row_of_ids(sequence, steps):
    """Return the row of token ids or of a numeric sequence."""
    if not sequence.is_tokens:
        return Row(None, None, None, None, sequence, steps, False)
    words = sequence.words or ()
    tokens = [_name(token, words) for token in sequence.values.tolist()]
    return Row(None, tokens, None, sequence.values, sequence, steps, _is_blank(sequence))


def _name(token, words):
    if token == UNKNOWN:
        return UNKNOWN_WORD
    word = words[token] if token < len(words) else None
    return str(token) if word is None else word


def _is_blank(sequence):
    return sequence.values.tolist() == [UNKNOWN]

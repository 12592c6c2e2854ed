"""What network the parameters of an estimator, and its rows, ask for."""

from skrnn.network.description import (
    CONVOLUTION_SCORES,
    NGRAM_EVIDENCE,
    NGRAM_SCORES,
    NetworkDescription,
    SideInput,
    ngram_inputs,
)
from skrnn.network.side_inputs import check_side_inputs
from skrnn.sequences import COLUMNS


def describe(estimator, sequences, stack, vectors, head, *, going_on) -> NetworkDescription:
    """Return the description of the network of a fit.

    Parameters
    ----------
    estimator : NetworkEstimator
    sequences : Sequences
        The training rows, with all that the network reads beside them.
    stack : list of int
        The units of each layer.
    vectors : ndarray of shape (vocabulary_size, dim), or None
        Initial vectors of the token embedding.
    head : Head
    going_on : bool
        Whether the training of the estimator's network continues.
    """
    embedding_dim = int(estimator.embedding_dim)
    if vectors is not None:
        embedding_dim = vectors.shape[1]
    elif going_on and estimator.embedding_coverage_ is not None:
        embedding_dim = estimator.network_.description.embedding_dim
    side_inputs: tuple = ()
    if CONVOLUTION_SCORES in sequences.row_inputs:
        side_inputs = (SideInput(CONVOLUTION_SCORES, "row", head.n_outputs),)
    columns = sequences.row_inputs.get(COLUMNS)
    if columns is not None:
        side_inputs = (SideInput(COLUMNS, "state", columns.shape[1]), *side_inputs)
    if NGRAM_SCORES in sequences.row_inputs:
        side_inputs += ngram_inputs(head.n_outputs, NGRAM_EVIDENCE in sequences.step_inputs)
    side_inputs += tuple(estimator._step_features(head))
    check_side_inputs(side_inputs, sequences, type(estimator).__name__)
    return NetworkDescription(
        cell=estimator.cell,
        units=tuple(stack),
        bidirectional=bool(estimator.bidirectional),
        embedding_dim=embedding_dim,
        pooling=getattr(estimator, "pooling", "last"),
        trainable_embeddings=bool(estimator.trainable_embeddings),
        word_dropout=float(estimator.word_dropout),
        embedding_dropout=float(estimator.embedding_dropout),
        recurrent_dropout=float(estimator.recurrent_dropout),
        dropout=float(estimator.dropout),
        vocabulary_size=int(estimator.vocabulary_size_) if sequences.is_tokens else None,
        n_channels=None if sequences.is_tokens else sequences.values.shape[1],
        side_inputs=side_inputs,
        head=head.layout(),
        n_networks=int(getattr(estimator, "n_networks", 1)),
    )

"""Language-model pretraining of the embedding and recurrent layers, on text without labels.

A language model with layers like the network's is trained to predict the next token from the
state at each (Dai & Le 2015, arXiv:1511.01432), as an ordinary fit of
:class:`skrnn.heads.next_token.NextTokenHead`. The network then starts from its embedding and
recurrent layers; its output weights are dropped. In a bidirectional stack, only the first layer is
trained, see the head.
"""

from dataclasses import replace

import numpy as np

from skrnn.exceptions import DivergedError, InvalidInputError
from skrnn.heads.next_token import NextTokenHead
from skrnn.network.description import NetworkDescription
from skrnn.network.fitted import FittedNetwork
from skrnn.sequences import Sequences
from skrnn.sequences.batching import auto_batch_size
from skrnn.training.fit import FitData, FitPlan, Trainer, initial_network
from skrnn.training.streams import Stream

# Maximum number of predictions in one sequence. Longer documents are split evenly into windows.
WINDOW = 200
# Maximum number of steps in a batch, including padding, which bounds its memory.
MAX_STEPS = 8_000


def pretrain(network, corpus, settings, *, epochs, resumed=None, on_state=None, minutes=None):
    """Train the embedding and the recurrent layers of a network as a language model.

    Parameters
    ----------
    network : FittedNetwork
        On token ids, with the initial weights.
    corpus : Sequences
        Token ids.
    settings : TrainingSettings
        The settings of the network's own training, but the learning rate does not decay, and the
        user's callbacks do not run.
    epochs : int
        Number of passes over the corpus.
    resumed : TrainingState or None
        The state in which these epochs were interrupted.
    on_state : callable or None
        Called with each state.
    minutes : float or None
        Interval at which it is also called within an epoch.

    Returns
    -------
    network : FittedNetwork
        With the pretrained weights.
    losses : list of float
        The mean loss of each epoch, in nats per token. With a sampled softmax it is lower than the
        full cross-entropy.

    Raises
    ------
    InvalidInputError
        If no sequence has two tokens.
    DivergedError
        If the training diverges.
    """
    windows = cut_windows(corpus)
    if not len(windows):
        raise InvalidInputError(
            "pretraining_epochs > 0 needs sequences of at least two tokens, to predict one from "
            "the other. Set it to 0, or pass longer sequences as X_unlabeled."
        )
    size = settings.batch_size
    settings = replace(
        settings,
        batch_size=auto_batch_size(len(corpus)) if size == "auto" else size,
        max_steps=MAX_STEPS,
        learning_rate_decay=0.0,
        callbacks=None,
    )
    model = language_model(network, corpus)
    data = FitData(windows, np.zeros(len(windows), np.float32), np.ones(len(windows), np.float32))
    plan = FitPlan(epochs, resumed=resumed, on_state=on_state, minutes=minutes)
    try:
        outcome = Trainer(settings).fit(model, data, plan)
        if outcome.ended_by is not None:
            raise outcome.ended_by
    except DivergedError as error:
        raise DivergedError(str(error).replace("Training", "Pretraining", 1)) from error
    values = transplanted(network, outcome.network)
    return FittedNetwork(network.description, values, network.seed), outcome.state.history["nats"]


def language_model(network: FittedNetwork, corpus: Sequences) -> FittedNetwork:
    """Return a language model with the embedding and recurrent layers of a network."""
    description = network.description
    n_ids = description.vocabulary_size or 0
    head = NextTokenHead(n_ids - 1, 1 + description.bidirectional)
    described = replace(
        description,
        units=description.units[:1] if description.bidirectional else description.units,
        word_dropout=0.0,
        embedding_dropout=0.0,
        dropout=0.0,
        side_inputs=(),
        head=head.layout(),
    )
    seed = int(np.random.default_rng([network.seed, Stream.PRETRAINING]).integers(2**31))
    model = initial_network(described, seed)
    # Initialize the output bias with the log frequency of each class in the corpus.
    counts = np.bincount(corpus.values, minlength=n_ids)[1:] + 1.0
    bias = np.log(counts / counts.sum()).astype(np.float32)
    place = _names(described).index("output bias")
    values = []
    for own in described.split(transplanted(model, network)):
        own[place] = bias
        values += own
    return FittedNetwork(described, values, seed)


def transplanted(into: FittedNetwork, source: FittedNetwork) -> list:
    """Return the values of a network, with the embedding and recurrent layers of another.

    Of several networks, each gets those of its counterpart. The first layer of a network with side
    inputs has more features than that of a language model. The weights of these features are not
    changed.
    """
    names = _names(source.description)
    variables = into.description.of_one.variables()
    values = []
    for own, others in zip(
        into.description.split(into.values), source.description.split(source.values), strict=True
    ):
        given = dict(zip(names, others, strict=True))
        for variable, value in zip(variables, own, strict=True):
            other = given.get(variable.name) if _is_of_encoder(variable) else None
            if other is not None:
                value = value.copy()
                n = min(len(value), len(other))
                value[:n] = other[:n]
            values.append(value)
    return values


def _is_of_encoder(variable):
    first = variable.name.partition(" ")[0]
    return variable.kind != "seed" and first in ("embedding", "forward", "backward")


def _names(description: NetworkDescription) -> list[str]:
    return [variable.name for variable in description.of_one.variables()]


def cut_windows(corpus: Sequences) -> Sequences:
    """Split sequences so that each has at most `WINDOW` predictions.

    Neighbouring windows share a token: the last prediction of the first is the first input of the
    second. Sequences of a single token have nothing to predict and are dropped.

    Parameters
    ----------
    corpus : Sequences
        Token ids.

    Returns
    -------
    Sequences
        The windows, in the corpus's order.
    """
    n_predictions = corpus.lengths - 1
    n_windows = -(-n_predictions // WINDOW)
    row = np.repeat(np.arange(len(corpus)), n_windows)
    nth = np.arange(len(row)) - np.repeat(np.cumsum(n_windows) - n_windows, n_windows)
    start = n_predictions[row] * nth // n_windows[row]
    end = n_predictions[row] * (nth + 1) // n_windows[row] + 1
    offsets = np.concatenate([[0], np.cumsum(end - start)])
    first = corpus.offsets[row] + start - offsets[:-1]
    steps = np.arange(offsets[-1]) + np.repeat(first, end - start)
    return Sequences(corpus.values[steps], offsets)

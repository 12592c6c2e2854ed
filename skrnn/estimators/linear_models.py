"""The linear models beside a network: fitted on the training rows, which they score without them.

A search fits the same model for many candidates, so :func:`skrnn.caching.store.shared` keeps them.
"""

from skrnn.backend.beside import beside
from skrnn.caching.store import current_store, shared, sharing
from skrnn.chains.linear import LinearChain, share_of
from skrnn.convolutions import ConvolutionModel
from skrnn.ngrams import NgramModel
from skrnn.text.word_reader import CONTEXTS


def fit_ngrams(estimator, training, ngram_range, head, seed, *, going_on):
    """Set `ngrams_`, and return the training rows with its scores, if it is not None.

    Parameters
    ----------
    estimator : NetworkEstimator
    training : skrnn.estimators.rows.Rows
        The training rows.
    ngram_range : tuple or None
        None if no model is to be fitted.
    head : Head
    seed : int or None
    going_on : bool
        Whether training continues; without a new model, the former one scores the rows.
    """
    sequences = training.sequences
    if not sequences.is_tokens or not head.fits_ngrams:
        estimator.ngrams_ = None
        return sequences
    if ngram_range is None:
        if going_on:
            return estimator.beside(sequences)
        estimator.ngrams_ = None
        return sequences
    y, strata = head.ngram_targets(training.targets)
    weights = head.ngram_weights(training.targets, training.weights)
    size = estimator.vocabulary_size_

    def fitted():
        model = NgramModel(ngram_range)
        return model, model.fit_score(
            sequences, y, strata, weights, vocabulary_size=size, seed=seed
        )

    what = [sequences, y, strata, weights, ngram_range, size, seed]
    estimator.ngrams_, sequences = shared("n-grams", what, fitted)
    return sequences


def fit_surroundings(estimator, training, head, seed, *, going_on):
    """Start to fit the linear model of a tagger; return its future, or None without a new model.

    The network does not read its answers, so both are trained at the same time. Without a new
    model, `surroundings_` is None, or the former one where training continues.

    Parameters
    ----------
    estimator : RNNTagger
    training : skrnn.estimators.rows.Rows
        The training rows, with the features of each word as ids in a step input.
    head : skrnn.heads.tags.TagsHead
    seed : int or None
        None if no model is to be fitted.
    going_on : bool
        Whether training continues.
    """
    ids = training.sequences.step_inputs.get(CONTEXTS)
    if ids is None or seed is None:
        if not going_on:
            estimator.surroundings_ = None
        return None
    tags, weights = training.targets, training.weights
    has_transitions = head.output == "crf"
    settings = {
        "n_ids": estimator.text_.contexts.n_ids,
        "n_tags": head.n_outputs,
        "has_transitions": has_transitions,
        "weight": share_of(training.sequences.values),
        "seed": seed,
    }

    def fitted():
        return LinearChain.fit(ids, tags.offsets, tags.values, weights, **settings)

    what = [ids, tags.offsets, tags.values, weights, *settings.values()]
    store = current_store()

    def found():
        with sharing(store):
            return shared("surroundings", what, fitted)

    return beside(found)


def fit_convolutions(estimator, sequences, training, n_kernels, head, seed, *, going_on):
    """Set `convolutions_`, and return the training rows with its scores, if it is not None.

    Parameters
    ----------
    estimator : NetworkEstimator
    sequences : Sequences
        The training rows as they are now.
    training : skrnn.estimators.rows.Rows
        The training rows, for their targets and weights.
    n_kernels : int, "auto" or None
        None if no model is to be fitted.
    head : Head
    seed : int or None
    going_on : bool
        Whether training continues; without a new model, the former one scores the rows.
    """
    if going_on and estimator.convolutions_ is None:
        return sequences  # the network has no place for scores
    if sequences.is_tokens or not head.fits_ngrams or seed is None:
        n_kernels = None
    if n_kernels is None:
        if going_on:
            return estimator.convolutions_.score(sequences)
        estimator.convolutions_ = None
        return sequences
    y, strata = head.ngram_targets(training.targets)
    weights = head.ngram_weights(training.targets, training.weights)

    def fitted():
        model = ConvolutionModel(n_kernels)
        return model, model.fit_score(sequences, y, strata, weights, seed=seed)

    what = [sequences, y, strata, weights, n_kernels, seed]
    estimator.convolutions_, sequences = shared("convolutions", what, fitted)
    return sequences

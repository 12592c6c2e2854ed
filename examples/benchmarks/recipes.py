"""The rows of the table of accuracies: what each estimator is.

A recipe takes a seed and settings that replace its own, and returns an unfitted pipeline.
"""

import inspect

from sklearn.pipeline import make_pipeline

from skrnn import RNNClassifier, TextToSequence, make_nbsvm, make_tfidf_logistic

# Long texts take more dropout than the defaults, which short ones like less.
LABELLED = {"max_features": 30_000, "embedding_dropout": 0.5, "word_dropout": 0.2}
UNLABELLED = LABELLED


def network(seed, **settings):
    """Return the default pipeline with some parameters of either step changed."""
    of_text = inspect.signature(TextToSequence).parameters
    text = {name: settings.pop(name) for name in list(settings) if name in of_text}
    return make_pipeline(
        TextToSequence(**text), RNNClassifier(**{"random_state": seed, **settings})
    )


def default(seed, **settings):
    """Nothing set but the seed."""
    return network(seed, **settings)


def labelled(seed, **settings):
    """The best that labelled reviews alone give."""
    return network(seed, **{**LABELLED, **settings})


def unlabelled(seed, **settings):
    """The best with reviews that have no label."""
    return network(seed, **{**UNLABELLED, **settings})


def nbsvm(seed, **settings):
    """NB-SVM on uni- and bigrams."""
    return make_nbsvm(**settings)


def tfidf(seed, **settings):
    """Tf-idf of words and logistic regression."""
    return make_tfidf_logistic(**settings)


RECIPES = {
    "default": default,
    "labelled": labelled,
    "unlabelled": unlabelled,
    "nbsvm": nbsvm,
    "tfidf": tfidf,
}
# These are also given the reviews without labels.
WITH_UNLABELED = {"unlabelled"}

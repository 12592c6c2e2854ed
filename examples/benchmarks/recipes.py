"""Estimators of the accuracy tables.

A recipe takes a seed and settings that override its own, and returns an unfitted pipeline.
"""

import inspect

from sklearn.ensemble import VotingClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline

from skrnn import (
    DocumentVectorizer,
    RNNClassifier,
    TextToSequence,
    make_nbsvm,
    make_tfidf_logistic,
)

# Long texts need more dropout than the defaults, and short texts need less.
LABELLED = {"max_features": 30_000, "embedding_dropout": 0.5, "word_dropout": 0.2}
# A student reads three times as many texts, and learns more from them with more noise.
UNLABELLED = {**LABELLED, "word_dropout": 0.3, "self_training_rounds": 1}


def network(seed, *, estimator=RNNClassifier, **settings):
    """Return the default pipeline with some parameters of either step changed."""
    of_text = inspect.signature(TextToSequence).parameters
    text = {name: settings.pop(name) for name in list(settings) if name in of_text}
    return make_pipeline(TextToSequence(**text), estimator(**{"random_state": seed, **settings}))


def default(seed, **settings):
    """Return the default pipeline with a seed."""
    return network(seed, **settings)


def labelled(seed, **settings):
    """Return the best pipeline for labeled reviews only."""
    return network(seed, **{**LABELLED, **settings})


def unlabelled(seed, **settings):
    """Return the best pipeline with additional unlabeled reviews, which a teacher labels."""
    return network(seed, **{**UNLABELLED, **settings})


def vectors(seed, **settings):
    """Return a linear model on vectors of documents, with the words of the recipe `labelled`."""
    text = TextToSequence(max_features=LABELLED["max_features"])
    return make_pipeline(text, linear(seed, **settings))


def linear(seed, **settings):
    """Return a linear model on vectors of documents, behind a tokenizer."""
    vectorizer = DocumentVectorizer(**{"random_state": seed, **settings})
    return make_pipeline(vectorizer, LogisticRegression())


def with_vectors(pipeline, seed, share):
    """Return the weighted mean of a network and a linear model on vectors of documents."""
    text, network = pipeline.named_steps.values()
    members = [("network", network), ("vectors", linear(seed))]
    return make_pipeline(text, VotingClassifier(members, voting="soft", weights=[1 - share, share]))


def nbsvm(seed, **settings):
    """Return an NB-SVM on uni- and bigrams."""
    return make_nbsvm(**settings)


def tfidf(seed, **settings):
    """Return tf-idf of words with logistic regression."""
    return make_tfidf_logistic(**settings)


RECIPES = {
    "default": default,
    "labelled": labelled,
    "unlabelled": unlabelled,
    "vectors": vectors,
    "unlabelled_vectors": vectors,
    "nbsvm": nbsvm,
    "tfidf": tfidf,
}
# These also use the unlabeled reviews.
WITH_UNLABELED = {"unlabelled", "unlabelled_vectors"}

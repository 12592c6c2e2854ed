"""The rows of the table of accuracies: what each estimator is.

A recipe takes a seed and settings that replace its own, and returns an unfitted pipeline.
"""

from sklearn.pipeline import make_pipeline

from skrnn import RNNClassifier, TextToSequence, make_nbsvm, make_tfidf_logistic

# Chosen on the validation part of IMDb's training reviews; docs/accuracy.md has the runs.
LABELLED = {}
UNLABELLED = {}


def default(seed, **settings):
    """Nothing set but the seed."""
    return make_pipeline(TextToSequence(), RNNClassifier(**{"random_state": seed, **settings}))


def labelled(seed, max_features=30_000, **settings):
    """The best that labelled reviews alone give."""
    text = TextToSequence(max_features=max_features)
    return make_pipeline(text, RNNClassifier(**{"random_state": seed, **LABELLED, **settings}))


def unlabelled(seed, max_features=30_000, **settings):
    """The best with reviews that have no label."""
    text = TextToSequence(max_features=max_features)
    return make_pipeline(text, RNNClassifier(**{"random_state": seed, **UNLABELLED, **settings}))


def recurrent_alone(seed, **settings):
    """The default without n-grams."""
    return default(seed, **{"ngram_range": None, **settings})


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
    "recurrent-alone": recurrent_alone,
    "nbsvm": nbsvm,
    "tfidf": tfidf,
}
# These are also given the reviews without labels.
WITH_UNLABELED = {"unlabelled"}

"""
Do two classifiers make the same mistakes?
==========================================

Two accuracies do not answer this. :class:`skrnn.plotting.ConfusionMatricesDisplay` plots the
confusion matrices of several classifiers side by side, with one color scale.
"""

# %%
# Four kinds of reviews
# ---------------------
# The reviews are positive or negative, of a film or of a book. A single word shows what is
# reviewed. The order of the words decides whether the review is positive.
import numpy as np
from sklearn.pipeline import make_pipeline

from skrnn import RNNClassifier, TextToSequence, make_nbsvm, make_reviews
from skrnn.plotting import ConfusionMatricesDisplay

reviews, labels = make_reviews(2000, random_state=0)
subjects = np.random.default_rng(0).choice(["film", "book"], size=2000)
texts = [
    f"{review} So much for the {subject}."
    for review, subject in zip(reviews, subjects, strict=True)
]
kinds = [
    f"{['bad', 'good'][label]} {subject}" for label, subject in zip(labels, subjects, strict=True)
]
texts_train, texts_test, kinds_train, kinds_test = (
    texts[:1500],
    texts[1500:],
    kinds[:1500],
    kinds[1500:],
)
network = RNNClassifier(
    cell="gru",
    units=16,
    embedding_dim=32,
    embeddings=None,
    ngram_range=None,
    word_dropout=0.0,
    dropout=0.2,
    learning_rate=0.02,
    learning_rate_decay=0.0,
    batch_size=32,
    epochs=8,
    random_state=0,
)
estimators = {"GRU": make_pipeline(TextToSequence(), network), "NB-SVM": make_nbsvm()}
for estimator in estimators.values():
    estimator.fit(texts_train, kinds_train)

# %%
# Normalized confusion matrices
# -----------------------------
# With ``normalize="true"``, each row sums to one and shows how a true class is predicted. Both
# classifiers recognize what is reviewed. NB-SVM uses words and pairs of words, and does not
# recognize much more.
ConfusionMatricesDisplay.from_estimators(estimators, texts_test, kinds_test, normalize="true")

# %%
# Counts
# ------
# Existing predictions can be plotted too.
predictions = {name: estimator.predict(texts_test) for name, estimator in estimators.items()}
ConfusionMatricesDisplay.from_predictions(kinds_test, predictions)

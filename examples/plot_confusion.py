"""
Do two classifiers make the same mistakes?
==========================================

Two accuracies do not tell. :class:`skrnn.plotting.ConfusionMatricesDisplay` puts what each
classifier takes for what side by side, in one scale of colours.
"""

# %%
# Four kinds of reviews
# ---------------------
# Favourable or not, of a film or of a book. What is reviewed stands in a single word; whether it
# is favourable, the order of the words decides.
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
# What each takes for what
# ------------------------
# With ``normalize="true"`` a row is what became of a true class, whatever its size. Both know
# what is reviewed. NB-SVM, which goes by words and pairs of words, does not know much more.
ConfusionMatricesDisplay.from_estimators(estimators, texts_test, kinds_test, normalize="true")

# %%
# In numbers of rows
# ------------------
# Predictions that have been made before can be drawn, too.
predictions = {name: estimator.predict(texts_test) for name, estimator in estimators.items()}
ConfusionMatricesDisplay.from_predictions(kinds_test, predictions)

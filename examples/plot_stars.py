"""
How do I predict the stars of a review?
=======================================

Stars are numbers, and their order matters: 7 instead of 8 is a smaller error than 2. So the last
step of the pipeline is :class:`skrnn.RNNRegressor`.
"""

# %%
# The data
# --------
# :func:`skrnn.make_reviews` generates film reviews that praise or not, by the order of
# their words. Here, reviews that praise have about 8 stars, and others about 3; the word
# "honestly" makes the opinion stronger. With your own data, `stars` is a list or a column of
# numbers, in any unit.
import numpy as np

from skrnn import make_reviews

reviews, praises = make_reviews(1000, random_state=0)
rng = np.random.default_rng(0)
strength = np.array([1.5 * ("honestly" in text) for text in reviews])
stars = np.where(praises == 1, 8 + strength, 3 - strength) + rng.normal(0, 0.5, 1000)

# %%
# Training
# --------
# As for classes: a small network without dropout, since these texts are short and few. `y` needs no
# scaling.
from sklearn.model_selection import train_test_split
from sklearn.pipeline import make_pipeline

from skrnn import RNNRegressor, TextToSequence

train, test, y_train, y_test = train_test_split(reviews, stars, test_size=0.2, random_state=0)
pipe = make_pipeline(
    TextToSequence(),
    RNNRegressor(
        cell="gru",
        units=16,
        embedding_dim=16,
        embeddings=None,
        pooling="last",
        word_dropout=0.0,
        embedding_dropout=0.0,
        dropout=0.0,
        learning_rate=0.01,
        learning_rate_decay=0.0,
        epochs=15,
        random_state=0,
    ),
)
pipe.fit(train, y_train)
print(f"R2 on test reviews: {pipe.score(test, y_test):.3f}")

# %%
# A linear model of the same words, for comparison, cannot know their order:
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import RidgeCV

linear = make_pipeline(TfidfVectorizer(ngram_range=(1, 2)), RidgeCV()).fit(train, y_train)
print(f"R2 of ridge regression: {linear.score(test, y_test):.3f}")

# %%
# Predictions
# -----------
import matplotlib.pyplot as plt

fig, ax = plt.subplots(figsize=(5, 4), layout="constrained")
ax.scatter(y_test, pipe.predict(test), s=12, alpha=0.6)
ax.axline((0, 0), slope=1, color="gray", linewidth=1)
ax.set(xlabel="stars", ylabel="predicted stars")
plt.show()

# %%
# Limits
# ------
# With ``loss="quantile"``, two estimators give the limits between which most reviews are.
quantiles = {}
for quantile in (0.1, 0.9):
    pipe.set_params(rnnregressor__loss="quantile", rnnregressor__quantile=quantile)
    quantiles[quantile] = pipe.fit(train, y_train).predict(test)
inside = (quantiles[0.1] < y_test) & (y_test < quantiles[0.9])
print(f"Between the limits: {inside.mean():.0%} of the test reviews")

"""
How many epochs does each candidate need?
=========================================

A search over the number of epochs and another hyperparameter has a score for each combination.
:class:`skrnn.plotting.SearchCurveDisplay` plots the scores as curves. They show whether the best
candidate is better by more than chance, and whether more epochs would help.
"""

# %%
# The search
# ----------
# In :class:`skrnn.EpochSearchCV`, candidates that differ only in `epochs` share one fit, which is
# scored after each of these epochs. The display also works with any other scikit-learn search.
from sklearn.model_selection import ShuffleSplit
from sklearn.pipeline import make_pipeline

from skrnn import EpochSearchCV, RNNClassifier, TextToSequence, make_reviews
from skrnn.plotting import SearchCurveDisplay

reviews, labels = make_reviews(1500, random_state=0)
pipe = make_pipeline(
    TextToSequence(),
    RNNClassifier(
        cell="gru",
        embedding_dim=32,
        embeddings=None,
        ngram_range=None,
        word_dropout=0.0,
        learning_rate=0.02,
        learning_rate_decay=0.0,
        batch_size=32,
        random_state=0,
    ),
)
grid = {
    "rnnclassifier__units": [4, 16],
    "rnnclassifier__pooling": ["last", "max"],
    "rnnclassifier__epochs": range(1, 9),
}
cv = ShuffleSplit(2, test_size=0.3, random_state=0)
search = EpochSearchCV(pipe, grid, cv=cv, scoring="roc_auc", refit=False).fit(reviews, labels)
SearchCurveDisplay.from_estimator(search)

# %%
# Each line is the mean over the folds. The band around the best line is the standard deviation.
# Lines within the band are about as good. If a line still rises at its end, use more epochs.
#
# Another hyperparameter on the x axis
# ------------------------------------
# Any numeric hyperparameter can be on the x axis. Each line is then a combination of the others,
# including the epochs. The legend names the seven best lines.
SearchCurveDisplay.from_estimator(search, param="units", std_display_style=None)

"""
How many epochs does each candidate need?
=========================================

A search over the number of epochs and something else has an answer for each combination.
:class:`skrnn.plotting.SearchCurveDisplay` draws them as curves, so that one sees whether the best
candidate is the best by more than chance, and whether more epochs would have helped.
"""

# %%
# The search
# ----------
# :class:`skrnn.EpochSearchCV` trains candidates that differ in their epochs only once, and scores
# them on the way. The display takes any other search of scikit-learn as well.
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
# A line is the mean of the folds. The band around the best one is their standard deviation: lines
# that stay within it are about as good. A line that still rises at its end asks for more epochs.
#
# Another parameter along the axis
# --------------------------------
# Any numeric parameter can be the x axis; then the lines are told apart by the others, the epochs
# among them. The seven best have a name.
SearchCurveDisplay.from_estimator(search, param="units", std_display_style=None)

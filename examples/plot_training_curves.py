"""
Does the network overfit?
=========================

The training loss falls whether a network learns or overfits. The loss on validation rows shows the
difference. :class:`skrnn.plotting.TrainingCurveDisplay` plots both.
"""

# %%
# Validation rows
# ---------------
# `fit` records the loss on `X_val` and `y_val`, with or without early stopping. Here, a network is
# trained on 700 rows for too many epochs.
from skrnn import RNNClassifier, TextToSequence, make_reviews
from skrnn.plotting import TrainingCurveDisplay

reviews, labels = make_reviews(1800, random_state=0)
text = TextToSequence().fit(reviews)
X, X_val = text.transform(reviews[:1500]), text.transform(reviews[1500:])
y, y_val = labels[:1500], labels[1500:]


def make_network():
    return RNNClassifier(
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
        epochs=12,
        random_state=0,
    )


few = make_network().fit(X[:700], y[:700], X_val=X_val, y_val=y_val)
TrainingCurveDisplay.from_estimator(few)

# %%
# The training loss keeps falling. The validation loss hardly falls, and rises from the seventh
# epoch to the tenth. The network overfits: it memorizes its 700 reviews, and does not generalize.
#
# More training rows
# ------------------
# The same network is trained on 1500 rows. `name` labels the two fits in one plot.
many = make_network().fit(X, y, X_val=X_val, y_val=y_val)
display = TrainingCurveDisplay.from_estimator(few, name="700 rows")
TrainingCurveDisplay.from_estimator(many, ax=display.ax_, name="1500 rows")

# %%
# Early stopping
# --------------
# With ``early_stopping=True``, training stops when the validation loss no longer falls, and the
# weights of the marked epoch are kept.
stopped = make_network().set_params(early_stopping=True, n_iter_no_change=3)
stopped.fit(X[:700], y[:700], X_val=X_val, y_val=y_val)
TrainingCurveDisplay.from_estimator(stopped)

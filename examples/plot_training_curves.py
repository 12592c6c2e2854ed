"""
Does the network learn, or learn by heart?
==========================================

Both lower the loss on the training rows. What tells them apart is the loss on rows that are held
back, drawn beside it by :class:`skrnn.plotting.TrainingCurveDisplay`.
"""

# %%
# Held back rows
# --------------
# `fit` follows the loss on `X_val` and `y_val`, whether it stops early or not. These are 700
# training rows, and a network that is trained on them for longer than they are good for.
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
# The training loss falls and falls. The loss on the rows held back hardly does, and rises from the
# seventh epoch to the tenth: the network knows its 700 reviews, and little about the others.
#
# With more rows
# --------------
# The same network on 1500 rows. `name` tells the two apart in one picture.
many = make_network().fit(X, y, X_val=X_val, y_val=y_val)
display = TrainingCurveDisplay.from_estimator(few, name="700 rows")
TrainingCurveDisplay.from_estimator(many, ax=display.ax_, name="1500 rows")

# %%
# Where it should have stopped
# ----------------------------
# With ``early_stopping=True`` it stops by itself when the loss on the rows held back no longer
# falls, and keeps the weights of the epoch that is marked.
stopped = make_network().set_params(early_stopping=True, n_iter_no_change=3)
stopped.fit(X[:700], y[:700], X_val=X_val, y_val=y_val)
TrainingCurveDisplay.from_estimator(stopped)

"""
When should training stop?
==========================

Training should stop when the loss on validation rows no longer falls, because further epochs
overfit. ``early_stopping=True`` sets validation rows aside and keeps the weights of the best epoch.
You can also pass your own validation rows, as raw text.
"""

# %%
# Rows set aside by the classifier
# --------------------------------
# The validation rows are a stratified tenth of the training rows (`validation_fraction`).
from sklearn.pipeline import make_pipeline

from skrnn import RNNClassifier, TextToSequence, make_reviews

reviews, labels = make_reviews(600, random_state=0)
network = RNNClassifier(
    cell="gru",
    units=16,
    embedding_dim=16,
    embeddings=None,
    ngram_range=None,
    pooling="last",
    word_dropout=0.0,
    embedding_dropout=0.0,
    dropout=0.0,
    learning_rate=0.02,
    learning_rate_decay=0.0,
    epochs=15,
    early_stopping=True,
    n_iter_no_change=2,
    random_state=0,
)
pipe = make_pipeline(TextToSequence(), network)
pipe.fit(reviews, labels)
print(f"stopped after {pipe[-1].n_iter_} epochs; the best epoch is {pipe[-1].best_epoch_}")

# %%
# The plot shows each epoch on the training rows and on the validation rows. The best epoch is
# marked. Early stopping uses the loss and not the accuracy, because the loss also depends on the
# confidence of the predictions, and is less noisy if there are few validation rows.
from skrnn.plotting import TrainingCurveDisplay

TrainingCurveDisplay.from_estimator(pipe)

# %%
# Your own validation rows, as raw text
# -------------------------------------
# The tokenizer must be fitted on the training rows only, and it must transform the validation rows.
# `transform_input` of :class:`sklearn.pipeline.Pipeline` does this if metadata routing is enabled.
import sklearn
from sklearn.base import clone
from sklearn.pipeline import Pipeline

sklearn.set_config(enable_metadata_routing=True)
later_reviews, later_labels = make_reviews(200, random_state=1)
pipe = Pipeline(
    [
        ("text", TextToSequence()),
        ("rnn", clone(network).set_fit_request(X_val=True, y_val=True)),
    ],
    transform_input=["X_val"],
)
pipe.fit(reviews, labels, X_val=later_reviews, y_val=later_labels)
print(f"stopped after {pipe[-1].n_iter_} epochs; the best epoch is {pipe[-1].best_epoch_}")

# %%
# This is the same as running the steps one by one:
text = TextToSequence().fit(reviews)
by_hand = clone(network).fit(
    text.transform(reviews), labels, X_val=text.transform(later_reviews), y_val=later_labels
)
print("same losses:", by_hand.history_["val_loss"] == pipe[-1].history_["val_loss"])

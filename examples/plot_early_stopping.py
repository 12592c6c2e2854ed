"""
When should training stop?
==========================

When the loss on rows that it does not learn from no longer falls. ``early_stopping=True`` sets such
rows aside and keeps the weights of the best epoch; or you name the validation rows yourself, as raw
text.
"""

# %%
# Rows set aside by the classifier
# --------------------------------
# A stratified tenth (`validation_fraction`) of the training rows.
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
print(f"stopped after {pipe[-1].n_iter_} epochs; kept is number {pipe[-1].best_epoch_}")

# %%
# Epoch by epoch, on the rows it learns from and on those set aside. The kept epoch is marked. The
# loss decides, not the accuracy: it also counts how sure the answers are, and is steadier where
# the rows set aside are few.
from skrnn.plotting import TrainingCurveDisplay

TrainingCurveDisplay.from_estimator(pipe)

# %%
# Validation rows of your own, on raw text
# ----------------------------------------
# The tokenizer has to be fitted on the training rows only, and the validation rows have to go
# through it: that is what `transform_input` of :class:`sklearn.pipeline.Pipeline` does, with
# metadata routing switched on.
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
print(f"stopped after {pipe[-1].n_iter_} epochs; kept is number {pipe[-1].best_epoch_}")

# %%
# Which is the same as taking the steps one by one:
text = TextToSequence().fit(reviews)
by_hand = clone(network).fit(
    text.transform(reviews), labels, X_val=text.transform(later_reviews), y_val=later_labels
)
print("same losses:", by_hand.history_["val_loss"] == pipe[-1].history_["val_loss"])

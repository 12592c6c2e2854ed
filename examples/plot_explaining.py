"""
Which words decided?
====================

:func:`skrnn.explain` tells what each token of a text contributes to the answer of a fitted
pipeline, and :func:`skrnn.trace` what the network holds while it reads.
"""

# %%
# A pipeline
# ----------
# In these generated reviews the words alone tell little: what "not" stands before decides.
from sklearn.pipeline import make_pipeline

from skrnn import RNNClassifier, TextToSequence, explain, make_reviews, trace
from skrnn.inspection import TokenAttributionDisplay, TraceDisplay

reviews, labels = make_reviews(2000, random_state=0)
pipe = make_pipeline(
    TextToSequence(),
    RNNClassifier(
        units=12,
        bidirectional=False,
        embedding_dim=16,
        embeddings=None,
        ngram_range=None,
        word_dropout=0.0,
        learning_rate=0.01,
        learning_rate_decay=0.0,
        batch_size=64,
        epochs=8,
        random_state=0,
    ),
)
pipe.fit(reviews, labels)
fresh, fresh_labels = make_reviews(500, random_state=1)
print(f"accuracy on fresh reviews: {pipe.score(fresh, fresh_labels):.3f}")

# %%
# What each word contributes
# --------------------------
# Integrated gradients: the numbers sum to how far the text's score is from that of a text of
# unknown words.
text = "The plot was not dull at all, and I loved the music"
(explanation,) = explain(pipe, [text])
print(f"{explanation.target} with probability {explanation.probability:.3f}")
TokenAttributionDisplay.from_estimator(pipe, [text])

# %%
# "not" and "dull" share between them what "not dull" says, so that neither number alone is to be
# read as what its word means.
#
# The text as it was written, its words highlighted; in a notebook it is what a cell shows.
explanation

# %%
# What the network holds while it reads
# -------------------------------------
# Each row is a unit of the LSTM, each column a token.
(found,) = trace(pipe, [text])
print(found.layers[0]["forward"]["cell"].shape)
TraceDisplay.from_estimator(pipe, [text])

"""
Which words decided?
====================

:func:`skrnn.explain` computes the contribution of each token of a text to the prediction of a
fitted pipeline. :func:`skrnn.trace` returns the states of the network while it reads.
"""

# %%
# A pipeline
# ----------
# In these generated reviews, single words are not informative: the word after "not" decides.
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
# The contribution of each word
# -----------------------------
# The method is integrated gradients. The values sum to the difference between the score of the text
# and the score of a text of unknown words.
text = "The plot was not dull at all, and I loved the music"
(explanation,) = explain(pipe, [text])
print(f"{explanation.target} with probability {explanation.probability:.3f}")
TokenAttributionDisplay.from_estimator(pipe, [text])

# %%
# "not" and "dull" share the contribution of "not dull", so a single value is not the meaning of its
# word.
#
# The explanation displays the original text with its words highlighted. A notebook displays the
# same.
explanation

# %%
# The states of the network
# -------------------------
# Each row is a unit of the LSTM, and each column is a token.
(found,) = trace(pipe, [text])
print(found.layers[0]["forward"]["cell"].shape)
TraceDisplay.from_estimator(pipe, [text])

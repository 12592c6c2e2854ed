"""
How many words, and how long a text?
====================================

`max_features` and `max_length` of :class:`skrnn.TextToSequence` determine how much of a text the
network reads, and how long training takes. :class:`skrnn.plotting.CorpusDisplay` shows how much of
a corpus each value keeps.
"""

# %%
# Before anything is fitted
# -------------------------
# The tokenizer does not have to be fitted. The display shows how it would read the documents.
import numpy as np

from skrnn import TextToSequence, make_reviews
from skrnn.plotting import CorpusDisplay

reviews, _ = make_reviews(6000, random_state=0)
rng = np.random.default_rng(0)
# Each document has one or more reviews, so the lengths vary as in real texts.
sizes = rng.geometric(0.3, size=1500)
starts = np.cumsum(sizes) - sizes
documents = [
    " ".join(reviews[start : start + size]) for start, size in zip(starts, sizes, strict=True)
]

display = CorpusDisplay.from_estimator(TextToSequence(max_length=100, max_features=200), documents)

# %%
# The left plot shows `max_length`. A document that is cut still keeps most of its tokens, so the
# share of the kept tokens is higher than that of the uncut documents. The right plot shows
# `max_features`. The most frequent words make up most of a text.
#
# The same numbers as text
# ------------------------
print(f"95% of the documents have at most {display.length_for(0.95)} tokens")
print(f"95% of the tokens are one of {display.words_for(0.95)} words")
print(f"max_length=50 would keep {display.tokens_kept(50):.0%} of the tokens")

# %%
# Does the vocabulary fit new documents?
# --------------------------------------
# If the tokenizer is fitted, a star shows how much of the plotted documents its vocabulary covers.
# Here it was fitted on fifty reviews.
text = TextToSequence(max_features=None).fit(reviews[-50:])
CorpusDisplay.from_estimator(text, documents)

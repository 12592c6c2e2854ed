"""
How many words, and how long a text?
====================================

`max_features` and `max_length` of :class:`skrnn.TextToSequence` decide what a network gets to
see, and how long it takes. :class:`skrnn.plotting.CorpusDisplay` shows what each choice keeps of
a corpus.
"""

# %%
# Before anything is fitted
# -------------------------
# The tokenizer need not be fitted: it is asked how it would read the documents.
import numpy as np

from skrnn import TextToSequence, make_reviews
from skrnn.plotting import CorpusDisplay

reviews, _ = make_reviews(6000, random_state=0)
rng = np.random.default_rng(0)
# Each of one review or several, so that lengths differ as those of real texts do.
sizes = rng.geometric(0.3, size=1500)
starts = np.cumsum(sizes) - sizes
documents = [
    " ".join(reviews[start : start + size]) for start, size in zip(starts, sizes, strict=True)
]

display = CorpusDisplay.from_estimator(TextToSequence(max_length=100, max_features=200), documents)

# %%
# On the left, `max_length`: a document that is cut still keeps most of itself, so that the share
# of the tokens is higher than that of the documents left whole. On the right, `max_features`: the
# commonest words make up most of a text.
#
# The same as numbers
# -------------------
print(f"95% of the documents have at most {display.length_for(0.95)} tokens")
print(f"95% of the tokens are one of {display.words_for(0.95)} words")
print(f"max_length=50 would keep {display.tokens_kept(50):.0%} of the tokens")

# %%
# Does the vocabulary fit new documents?
# --------------------------------------
# If the tokenizer is fitted, a star shows how much its vocabulary knows of the documents that are
# drawn. Here it has seen fifty reviews.
text = TextToSequence(max_features=None).fit(reviews[-50:])
CorpusDisplay.from_estimator(text, documents)

"""
How do I start from pretrained word vectors?
============================================

Give `embeddings` the file of a GloVe, word2vec or fastText model, or a mapping of words to vectors.
This example writes a tiny file itself; with a real one, only the path changes.
"""

# %%
# A file in GloVe's format
# ------------------------
# A line for each word: the word, and the numbers of its vector, with blanks between. Here, the
# first number says how favourable a word is, and the others are noise.
import tempfile
from pathlib import Path

import numpy as np

praise = ["good", "great", "brilliant", "moving", "clever", "lovely", "excellent", "superb"]
blame = ["bad", "awful", "dull", "clumsy", "sloppy", "horrible", "boring", "dreadful"]
noise = np.random.default_rng(0)
path = Path(tempfile.mkdtemp()) / "tiny.txt"
with path.open("w") as file:
    for words, sense in [(praise, 1.0), (blame, -1.0)]:
        for word in words:
            numbers = [sense, *noise.normal(scale=0.1, size=7)]
            print(word, *(f"{number:.4f}" for number in numbers), file=file)
print(path.read_text().splitlines()[0])

# %%
# Training with it
# ----------------
# The texts have to come from :class:`skrnn.TextToSequence`, which tells the words of the ids. Words
# that the file lacks start from small random numbers.
from sklearn.pipeline import make_pipeline

from skrnn import RNNClassifier, TextToSequence, make_reviews

reviews, labels = make_reviews(600, random_state=0)
fresh, fresh_labels = make_reviews(300, random_state=1)


def make(embeddings, **parameters):
    """Return the pipeline that starts from these vectors."""
    network = RNNClassifier(
        cell="gru",
        units=16,
        embedding_dim=8,
        embeddings=embeddings,
        ngram_range=None,
        pooling="last",
        word_dropout=0.0,
        embedding_dropout=0.0,
        dropout=0.0,
        learning_rate=0.02,
        epochs=6,
        random_state=0,
        **parameters,
    )
    return make_pipeline(TextToSequence(), network)


pipe = make(str(path)).fit(reviews, labels)
coverage = pipe[-1].embedding_coverage_
print(coverage)

# %%
# How much of the text has a vector decides what they are worth. Look at it first: a low share often
# means that the words are cut otherwise than in the corpus that the vectors were made from.
#
# What difference it makes
# ------------------------
# Three starts, with the same network and the same seed: the file, the vectors that are made from
# the training texts (the default), and small random numbers. On sixteen words and made-up reviews
# this shows how it is done, not which is better: try it on your texts.
starts = {"file": str(path), "corpus": "corpus", "random": None}
curves = {}
for name, embeddings in starts.items():
    pipe = make(embeddings).fit(reviews, labels)
    curves[name] = pipe[-1].history_["loss"]
    print(f"{name:>6}: accuracy {pipe.score(fresh, fresh_labels):.3f}")

# %%
# With a good start, the loss on the training rows falls sooner.
import matplotlib.pyplot as plt

fig, ax = plt.subplots(figsize=(6, 3.5), layout="constrained")
styles = [("o", "-", "#0072B2"), ("s", "--", "#D55E00"), ("^", "-.", "#009E73")]
for (name, losses), (marker, line, color) in zip(curves.items(), styles, strict=True):
    epochs = range(1, len(losses) + 1)
    ax.plot(epochs, losses, marker=marker, linestyle=line, color=color, label=name)
ax.set(xlabel="epoch", ylabel="loss on the training rows")
ax.legend(title="vectors start from")

# %%
# ``trainable_embeddings=False`` keeps the vectors as they are; words without one then say nothing.
frozen = make(str(path), trainable_embeddings=False).fit(reviews, labels)
print(f"frozen: accuracy {frozen.score(fresh, fresh_labels):.3f}")

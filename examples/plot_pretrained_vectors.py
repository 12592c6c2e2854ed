"""
How do I start from pretrained word vectors?
============================================

Set `embeddings` to the path of a GloVe, word2vec or fastText file, or to a mapping of words to
vectors. This example writes a tiny file itself. With a real file, only the path changes.
"""

# %%
# A file in GloVe's format
# ------------------------
# The file has one line for each word: the word and the numbers of its vector, separated by blanks.
# Here, the first number says how positive a word is, and the others are noise.
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
# Training with pretrained vectors
# --------------------------------
# The token ids must come from :class:`skrnn.TextToSequence`, which knows the word of each id. Words
# that are not in the file start from small random numbers.
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
# Check the coverage first: the vectors help only if much of the text has a vector. A low coverage
# often means that the tokenization differs from that of the corpus of the vectors.
#
# Comparison
# ----------
# Three initializations with the same network and the same seed are compared: the file, the vectors
# computed from the training texts (the default), and small random numbers. With sixteen words and
# generated reviews, this example shows how to do it, and not which is better. Try it on your texts.
starts = {"file": str(path), "corpus": "corpus", "random": None}
curves = {}
for name, embeddings in starts.items():
    pipe = make(embeddings).fit(reviews, labels)
    curves[name] = pipe[-1].history_["loss"]
    print(f"{name:>6}: accuracy {pipe.score(fresh, fresh_labels):.3f}")

# %%
# With good initial vectors, the loss on the training rows falls faster.
import matplotlib.pyplot as plt

fig, ax = plt.subplots(figsize=(6, 3.5), layout="constrained")
styles = [("o", "-", "#0072B2"), ("s", "--", "#D55E00"), ("^", "-.", "#009E73")]
for (name, losses), (marker, line, color) in zip(curves.items(), styles, strict=True):
    epochs = range(1, len(losses) + 1)
    ax.plot(epochs, losses, marker=marker, linestyle=line, color=color, label=name)
ax.set(xlabel="epoch", ylabel="loss on the training rows")
ax.legend(title="vectors start from")

# %%
# ``trainable_embeddings=False`` keeps the vectors fixed. Words without a vector then carry no
# information.
frozen = make(str(path), trainable_embeddings=False).fit(reviews, labels)
print(f"frozen: accuracy {frozen.score(fresh, fresh_labels):.3f}")

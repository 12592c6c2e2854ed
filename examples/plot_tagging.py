"""
Is Jordan a person or a place?
==============================

A word alone does not tell: there is doctor Jordan, the mayor of Jordan, and shares of Jordan. A
tagger decides by the words around, and for names that it has never seen, by how they are written.
:class:`skrnn.RNNTagger` returns the probability of each tag at each word, which shows how sure it
is.
"""

# %%
# Tagged sentences
# ----------------
# The generated sentences have names of persons, places and organizations. Half of the names tell
# their class by their spelling ("Kenova"), the other half by the words around them. In BIO tags, a
# name begins with B, its further words have I, and O is no name.
from skrnn import RNNTagger, make_tagged_sentences

X_train, y_train = make_tagged_sentences(400, random_state=0)
X_test, y_test = make_tagged_sentences(200, random_state=1)
for word, tag in zip(X_train[0], y_train[0], strict=True):
    print(f"{word:12} {tag}")

# %%
# The tagger
# ----------
# A small network learns these sentences in seconds. With ``scheme="BIO"``, it predicts no I that
# does not continue a name.
tagger = RNNTagger(units=32, epochs=10, scheme="BIO", random_state=0).fit(X_train, y_train)

# %%
# F1 of whole names in new sentences, most of which have names that are not in the training
# sentences:
from skrnn.metrics import span_report

print(span_report(y_test, tagger.predict(X_test)))

# %%
# One name, three meanings
# ------------------------
# The same name in four sentences. The last one does not tell what Jordan is. Gribenova is a name
# that the tagger has not seen, and its ending tells.
from skrnn.inspection import show_tags

texts = [
    "I met Tavuck Jordan , who is forty , and doctor Jordan was late .",
    "The mayor of Jordan was late ; I grew up in Jordan .",
    "Shares of Jordan were low , and I work for Jordan .",
    "We talked about Gribenova , and nobody mentioned Jordan again .",
]
sentences = [text.split() for text in texts]
show_tags(sentences, tagger.predict(sentences))

# %%
# How sure is it? A name is a B or an I of its class, so the probability that a word belongs to a
# person is the sum of two. Where nothing tells the class, it is shared between them.
import matplotlib.pyplot as plt
import numpy as np

classes = {"PER": "#0072b2", "LOC": "#d55e00", "ORG": "#009e73"}
figure, axes = plt.subplots(4, 1, figsize=(8, 7), layout="constrained")
for axis, words, proba in zip(axes, sentences, tagger.predict_proba(sentences), strict=True):
    below = np.zeros(len(words))
    for label, color in classes.items():
        of_class = [tag.endswith(label) for tag in tagger.classes_]
        share = proba[:, of_class].sum(axis=1)
        axis.bar(range(len(words)), share, bottom=below, color=color, label=label)
        below += share
    axis.set_xticks(range(len(words)), words, rotation=30, ha="right", rotation_mode="anchor")
    axis.set(ylim=(0, 1), yticks=[0, 0.5, 1])
    axis.spines[["top", "right"]].set_visible(False)
figure.supylabel("probability of a name of the class")
figure.legend(*axes[0].get_legend_handles_labels(), loc="outside upper right", ncols=3)

# %%
# Which tag follows which
# -----------------------
# The network also learns a score for each pair of neighbouring tags. Pairs in blue support each
# other, and pairs in red do not: a name goes on in its own class, and not in another.
scores = tagger.transitions_
limit = abs(scores).max()
figure, axis = plt.subplots(figsize=(5, 4), layout="constrained")
image = axis.imshow(scores, cmap="RdBu", vmin=-limit, vmax=limit)
axis.set_xticks(
    range(len(scores)), tagger.classes_, rotation=40, ha="right", rotation_mode="anchor"
)
axis.set_yticks(range(len(scores)), tagger.classes_)
axis.set(xlabel="tag", ylabel="tag of the word before")
figure.colorbar(image, label="score")

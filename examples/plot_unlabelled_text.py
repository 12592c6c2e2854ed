"""
Does text without labels help?
==============================

Where labels are few and text is plenty, `fit` takes the rest as `X_unlabeled`. It serves the word
vectors, a language model that is trained first, and losses that need no labels.
"""

# %%
# Few labels, many texts
# ----------------------
from skrnn import make_reviews

reviews, labels = make_reviews(2100, random_state=0)
labelled, y = reviews[:700], labels[:700]
unlabelled = reviews[700:]
fresh, fresh_labels = make_reviews(500, random_state=1)

# %%
# The pipeline
# ------------
# The unlabelled texts go through the same tokenizer as the labelled ones (`transform_input`). Its
# vocabulary is learned from the labelled texts alone in `fit`; to have the words of all texts, it
# is given here.
import sklearn
from sklearn.pipeline import Pipeline

from skrnn import RNNClassifier, TextToSequence

sklearn.set_config(enable_metadata_routing=True)
vocabulary = TextToSequence().fit(reviews).vocabulary_


def make(**parameters):
    """Return the pipeline with these parameters of the network."""
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
        epochs=10,
        random_state=0,
    )
    network.set_params(**parameters).set_fit_request(X_unlabeled=True)
    return Pipeline(
        [("text", TextToSequence(vocabulary=vocabulary)), ("rnn", network)],
        transform_input=["X_unlabeled"],
    )


# %%
# Three ways
# ----------
# The same networks, from three seeds each: with the labelled texts alone; with a language model
# trained first on all texts; and with virtual adversarial training, which wants answers that
# withstand small changes of the input, of labelled and unlabelled texts alike. (The default
# ``embeddings="corpus"`` makes use of unlabelled text too; here the vectors start from small random
# numbers.)
ways = {
    "labelled only": ({}, None),
    "language model first": ({"pretraining_epochs": 3}, unlabelled),
    "virtual adversarial": ({"virtual_adversarial_epsilon": 3.0}, unlabelled),
}
accuracies = {}
for name, (parameters, texts) in ways.items():
    accuracies[name] = []
    for seed in range(3):
        pipe = make(**parameters, random_state=seed)
        if texts is None:
            pipe.fit(labelled, y)
        else:
            pipe.fit(labelled, y, X_unlabeled=texts)
        accuracies[name].append(pipe.score(fresh, fresh_labels))
    print(f"{name:>21}:", *(f"{accuracy:.3f}" for accuracy in accuracies[name]))
    if "pretraining_epochs" in parameters:
        losses = ", ".join(f"{loss:.2f}" for loss in pipe[-1].pretraining_history_["loss"])
        print(f"{'':>21}  loss of the last one's language model by epoch: {losses}")

# %%
import matplotlib.pyplot as plt

fig, ax = plt.subplots(figsize=(6, 2.4), layout="constrained")
for name, values in accuracies.items():
    ax.plot(values, [name] * 3, "o", color="#0072B2", alpha=0.7)
    ax.plot(sum(values) / 3, name, "|", color="black", markersize=24, markeredgewidth=2)
ax.axvline(0.5, color="black", linestyle="--", linewidth=1)
ax.set(xlabel="accuracy on fresh reviews (bar: mean, dashed: chance)", xlim=(0.45, 1.02))
ax.margins(y=0.25)
ax.invert_yaxis()

# %%
# Virtual adversarial training helps here, at several times the time of an epoch. The language model
# does not: which word comes next is no hint of what decides in made-up reviews, and the network has
# its habits to unlearn. Try both on your texts, with several seeds, before you pay for them.

"""
Does unlabeled text help?
=========================

If labels are few and text is plentiful, pass the unlabeled text to `fit` as `X_unlabeled`. It is
used for the word vectors, for a teacher's answers, for pretraining a language model, and for losses
that need no labels.
"""

# %%
# Few labels, many texts
# ----------------------
from skrnn import make_reviews

reviews, labels = make_reviews(1500, random_state=0)
labelled, y = reviews[:700], labels[:700]
unlabelled = reviews[700:]
fresh, fresh_labels = make_reviews(500, random_state=1)

# %%
# The pipeline
# ------------
# The same tokenizer transforms the labeled and unlabeled texts (`transform_input`). In `fit` it
# would learn its vocabulary from the labeled texts only. To include the words of all texts, the
# vocabulary is set here.
import sklearn
from sklearn.pipeline import Pipeline

from skrnn import RNNClassifier, TextToSequence, VirtualAdversarialLoss

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
# Four ways
# ---------
# The same network is trained with three seeds in four ways: with the labeled texts only; with a
# teacher, trained on these, whose probabilities for the other texts a student learns; with a
# language model that is pretrained on all texts; and with virtual adversarial training, which makes
# predictions robust to small changes of the input, for labeled and unlabeled texts. (The default
# ``embeddings="corpus"`` uses unlabeled text too. Here the vectors start from small random
# numbers.)
ways = {
    "labelled only": ({}, None),
    "self-training": ({"self_training_rounds": 1}, unlabelled),
    "language model first": ({"pretraining_epochs": 3}, unlabelled),
    "virtual adversarial": ({"extra_losses": VirtualAdversarialLoss(3.0)}, unlabelled),
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

fig, ax = plt.subplots(figsize=(6, 2.8), layout="constrained")
for name, values in accuracies.items():
    ax.plot(values, [name] * 3, "o", color="#0072B2", alpha=0.7)
    ax.plot(sum(values) / 3, name, "|", color="black", markersize=24, markeredgewidth=2)
ax.axvline(0.5, color="black", linestyle="--", linewidth=1)
ax.set(xlabel="accuracy on fresh reviews (bar: mean, dashed: chance)", xlim=(0.45, 1.02))
ax.margins(y=0.25)
ax.invert_yaxis()

# %%
# A teacher helps most where the network learns little from the labeled texts: the student sees more
# texts, and its teacher's doubts. Virtual adversarial training helps more here, but an epoch takes
# several times as long. The language model does not help: in generated reviews, predicting the next
# word does not help to predict the class, and the network has to unlearn it. Try them on your
# texts, with several seeds.

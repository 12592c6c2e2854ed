"""
How do I train a first classifier on text?
==========================================

Documents and labels go into a pipeline of two steps: :class:`skrnn.TextToSequence` turns a document
into a row of token ids, and :class:`skrnn.RNNClassifier` reads the row, token by token.
"""

# %%
# Reviews to learn from
# ---------------------
# :func:`skrnn.make_reviews` writes film reviews in which the order of the words decides what they
# say. With your own data, `reviews` is a list (or a pandas column) of strings, and `labels`
# whatever names the classes.
from skrnn import make_reviews

reviews, labels = make_reviews(1000, random_state=0)
labels = ["good" if label else "bad" for label in labels]
for review, label in zip(reviews[:3], labels[:3], strict=True):
    print(f"{label}: {review}")

# %%
# Training
# --------
# The defaults suit long texts of many words, and begin with ``RNNClassifier(random_state=0)`` on
# yours. These here are short and few, and their words alone tell little: a small network without
# dropout, without n-grams, and that answers after the last word learns them sooner.
from sklearn.model_selection import train_test_split
from sklearn.pipeline import make_pipeline

from skrnn import RNNClassifier, TextToSequence

train, test, y_train, y_test = train_test_split(reviews, labels, test_size=0.2, random_state=0)
pipe = make_pipeline(
    TextToSequence(),
    RNNClassifier(
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
        epochs=8,
        random_state=0,
    ),
)
pipe.fit(train, y_train)

# %%
# What came out
# -------------
# The pipeline answers as every classifier of scikit-learn does.
print(f"accuracy on {len(test)} reviews it has not seen: {pipe.score(test, y_test):.3f}")

for sentence in ["The music was not dull at all.", "The music was not exactly brilliant."]:
    probability = pipe.predict_proba([sentence])[0, list(pipe.classes_).index("good")]
    print(f"{probability:.2f} good: {sentence}")

# %%
# Where it errs, by class.
from sklearn.metrics import ConfusionMatrixDisplay

ConfusionMatrixDisplay.from_estimator(pipe, test, y_test)

# %%
# And how it got there: loss and accuracy of each epoch, of the rows it was trained on.
from skrnn.plotting import TrainingCurveDisplay

TrainingCurveDisplay.from_estimator(pipe)

"""
How do I train a first classifier on text?
==========================================

The pipeline has two steps. :class:`skrnn.TextToSequence` turns a document into a row of token ids,
and :class:`skrnn.RNNClassifier` reads the row, token by token.
"""

# %%
# The data
# --------
# :func:`skrnn.make_reviews` generates film reviews in which the order of the words decides the
# class. With your own data, `reviews` is a list (or a pandas column) of strings, and `labels` are
# numbers or strings.
from skrnn import make_reviews

reviews, labels = make_reviews(2500, random_state=0)
labels = ["good" if label else "bad" for label in labels]
for review, label in zip(reviews[:3], labels[:3], strict=True):
    print(f"{label}: {review}")

# %%
# Training
# --------
# Nothing has to be set but the seed. How many epochs a training takes depends on the texts: in
# these, single words are not informative, so it takes more than usual. The network is trained
# twice, the first time without a fifth of the rows, which correct its probabilities.
from sklearn.model_selection import train_test_split
from sklearn.pipeline import make_pipeline

from skrnn import RNNClassifier, TextToSequence

train, test, y_train, y_test = train_test_split(reviews, labels, test_size=0.2, random_state=0)
pipe = make_pipeline(TextToSequence(), RNNClassifier(random_state=0))
pipe.fit(train, y_train)

# %%
# Results
# -------
# The pipeline predicts like every scikit-learn classifier.
print(f"{pipe[-1].n_iter_} epochs")
print(f"accuracy on {len(test)} reviews it has not seen: {pipe.score(test, y_test):.3f}")

for sentence in ["The music was not dull at all.", "The music was not exactly brilliant."]:
    probability = pipe.predict_proba([sentence])[0, list(pipe.classes_).index("good")]
    print(f"{probability:.2f} good: {sentence}")

# %%
# The confusion matrix shows the errors of each class.
from sklearn.metrics import ConfusionMatrixDisplay

ConfusionMatrixDisplay.from_estimator(pipe, test, y_test)

# %%
# The training curve shows the loss and accuracy of each epoch on the training rows.
from skrnn.plotting import TrainingCurveDisplay

TrainingCurveDisplay.from_estimator(pipe)

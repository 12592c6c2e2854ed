"""
Can a network read handwritten digits row by row?
=================================================

A recurrent network reads an 8 x 8 image row by row: eight time steps of eight pixels. Numeric
sequences are floats of shape (n_samples, n_timesteps, n_channels).
"""

# %%
# The images already have the shape of sequences. The pixels are scaled to [0, 1].
from sklearn.datasets import load_digits
from sklearn.metrics import ConfusionMatrixDisplay
from sklearn.model_selection import train_test_split

from skrnn import RNNClassifier

digits = load_digits()
X_train, X_test, y_train, y_test = train_test_split(
    digits.images / 16.0, digits.target, stratify=digits.target, random_state=0
)

# %%
# The ten classes are detected from the labels.
clf = RNNClassifier(cell="gru", epochs=30, batch_size=32, learning_rate=0.01, random_state=0)
clf.fit(X_train, y_train)
print(f"Test accuracy: {clf.score(X_test, y_test):.3f}")

# %%
# The confusion matrix shows which digits are confused.
ConfusionMatrixDisplay.from_estimator(clf, X_test, y_test)

# %%
# ``history_`` has the loss and accuracy of each epoch.
from skrnn.plotting import TrainingCurveDisplay

TrainingCurveDisplay.from_estimator(clf)

"""
Can a network read sensor data as they are?
===========================================

Recordings of sensors have different lengths, and each channel has its own unit. What matters may
occur at any time. :class:`skrnn.RNNClassifier` reads such series without preparation: it
standardizes the channels itself, and finds an event wherever it occurs.
"""

# %%
# The data
# --------
# A pump has three sensors: temperature in °C, pressure in Pa and current in A. At some time, both
# the current and the pressure rise. If the current rises first, the pump works. If the pressure
# rises first, water flows back. If both rise at once, a valve is blocked. A row is an array of
# shape (n_timesteps, n_channels), and X is a list of rows.
import numpy as np


def make_recordings(n_samples, seed):
    """Return recordings and their classes."""
    rng = np.random.default_rng(seed)
    X, y = [], rng.choice(["works", "flows back", "blocked"], n_samples)
    for label in y:
        steps = np.arange(rng.integers(30, 80))
        event = rng.uniform(12, len(steps) - 12)
        delay = {"works": 6, "flows back": -6, "blocked": 0}[label]

        def rise(time, steps=steps):
            return np.exp(-(((steps - time) / 3) ** 2))

        temperature = 21 + rng.normal(0, 0.2, len(steps)).cumsum()
        pressure = 101_300 + 400 * rise(event + delay / 2) + rng.normal(0, 40, len(steps))
        current = 0.02 + 0.01 * rise(event - delay / 2) + rng.normal(0, 0.001, len(steps))
        X.append(np.column_stack([temperature, pressure, current]))
    return X, y


X_train, y_train = make_recordings(200, seed=0)
X_test, y_test = make_recordings(200, seed=1)

# %%
# One recording of each class, of different lengths:
import matplotlib.pyplot as plt

classes = ["works", "flows back", "blocked"]
channels = ["temperature (°C)", "pressure (Pa)", "current (A)"]
figure, axes = plt.subplots(3, 3, figsize=(8, 5), sharey="row", layout="constrained")
for column, label in zip(axes.T, classes, strict=True):
    row = X_train[list(y_train).index(label)]
    for axis, values, name in zip(column, row.T, channels, strict=True):
        axis.plot(values)
        axis.set_ylabel(name if label == classes[0] else "")
    column[0].set_title(label)
    column[-1].set_xlabel("step")
figure.align_ylabels()

# %%
# The network
# -----------
# Nothing is set but the seed.
from skrnn import RNNClassifier

clf = RNNClassifier(random_state=0).fit(X_train, y_train)

# %%
# The baseline
# ------------
# A table has rows of one length. So every recording is resampled to 100 steps, and each of the 300
# values is a column. The forest does not know that columns are points in time, and would have to
# see the event at each of them.
from sklearn.ensemble import RandomForestClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer


def resampled_row(row, n_steps=100):
    """Return values at evenly spaced times, channel after channel."""
    times, new_times = np.linspace(0, 1, len(row)), np.linspace(0, 1, n_steps)
    return np.concatenate([np.interp(new_times, times, values) for values in row.T])


def resampled(X):
    """Return rows of a table."""
    return np.array([resampled_row(row) for row in X])


forest = make_pipeline(FunctionTransformer(resampled), RandomForestClassifier(random_state=0))
forest.fit(X_train, y_train)

# %%
# Results
# -------
# Accuracy on new recordings. A constant answer is right for a third of them.
for name, model in {"network": clf, "random forest": forest}.items():
    print(f"{name}: {model.score(X_test, y_test):.3f}")

# %%
# Units do not matter. The same recordings in kPa and mA give the same classes.
units = np.array([1, 1e-3, 1e3])
again = RNNClassifier(random_state=0).fit([row * units for row in X_train], y_train)
changed = again.predict([row * units for row in X_test]) != clf.predict(X_test)
print(f"rows with another class: {changed.sum()} of {len(changed)}")

# %%
# The confusion matrix shows which classes the network mistakes for each other.
from sklearn.metrics import ConfusionMatrixDisplay

ConfusionMatrixDisplay.from_estimator(clf, X_test, y_test)

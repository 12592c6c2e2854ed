"""
Are the probabilities calibrated?
=================================

Of all texts with a predicted probability of 0.8, four in five should be positive.
:class:`sklearn.calibration.CalibrationDisplay` shows whether they are. It works with any pipeline
that contains a network.
"""

# %%
# Noisy labels
# ------------
# One label in ten is wrong, as in real data. So no classifier should be more confident than 90%.
import matplotlib.pyplot as plt
import numpy as np
from sklearn.calibration import CalibratedClassifierCV, CalibrationDisplay
from sklearn.frozen import FrozenEstimator
from sklearn.metrics import log_loss
from sklearn.pipeline import make_pipeline

from skrnn import RNNClassifier, TextToSequence, make_reviews

reviews, labels = make_reviews(4000, random_state=0)
wrong = np.random.default_rng(0).random(4000) < 0.1
labels = np.where(wrong, 1 - labels, labels)

# %%
# An overconfident network, and the same network calibrated
# ---------------------------------------------------------
# After too many epochs, the network overfits its training labels.
# :class:`sklearn.calibration.CalibratedClassifierCV` uses held-out rows to correct its
# probabilities.
pipe = make_pipeline(
    TextToSequence(),
    RNNClassifier(
        cell="gru",
        units=16,
        embedding_dim=32,
        embeddings=None,
        ngram_range=None,
        word_dropout=0.0,
        dropout=0.2,
        learning_rate=0.02,
        learning_rate_decay=0.0,
        batch_size=32,
        epochs=10,
        random_state=0,
    ),
)
pipe.fit(reviews[:1500], labels[:1500])
calibrated = CalibratedClassifierCV(FrozenEstimator(pipe), method="sigmoid")
calibrated.fit(reviews[1500:2000], labels[1500:2000])

# %%
# Each point is computed from 250 new rows. With few rows, the curve would be mostly noise.
_, ax = plt.subplots(figsize=(6, 5), layout="constrained")
styles = {"marker": "s", "color": "#0072B2"}, {"marker": "o", "color": "#D55E00", "ls": "--"}
for (name, estimator), style in zip(
    {"network": pipe, "calibrated": calibrated}.items(), styles, strict=True
):
    CalibrationDisplay.from_estimator(
        estimator,
        reviews[2000:],
        labels[2000:],
        n_bins=8,
        strategy="quantile",
        name=name,
        ax=ax,
        **style,
    )
    loss = log_loss(labels[2000:], estimator.predict_proba(reviews[2000:]))
    print(f"{name}: log-loss {loss:.3f}")

"""
Compare a recurrent network with two classic baselines on the IMDb reviews.

    SKRNN_DATA=folder/with/the/archive python examples/compare_imdb.py

The estimators are trained on the 25,000 training reviews and scored on the 25,000 test reviews, the
official split. The script prints a Markdown table, the machine and the versions.
"""

import os
import platform
from importlib.metadata import version

import numpy as np
from sklearn.pipeline import make_pipeline

from skrnn import RNNClassifier, TextToSequence, compare, fetch_imdb, make_nbsvm
from skrnn import make_tfidf_logistic as make_tfidf

train, test = (fetch_imdb(subset=subset) for subset in ("train", "test"))
reviews = train.data + test.data
labels = np.concatenate([train.target, test.target])
holdout = np.arange(len(train.data)), np.arange(len(train.data), len(reviews))

table = compare(
    {
        "RNNClassifier": make_pipeline(TextToSequence(), RNNClassifier(random_state=0)),
        "tf-idf + logistic regression": make_tfidf(),
        "NB-SVM, uni- and bigrams": make_nbsvm(),
    },
    reviews,
    labels,
    cv=[holdout],
    scoring=["accuracy", "roc_auc"],
)
print(table.to_markdown())
print(
    f"\n{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}, "
    + ", ".join(f"{p} {version(p)}" for p in ("scikit-learn", "tensorflow", "keras", "numpy"))
)

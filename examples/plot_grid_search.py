"""
Which settings suit my texts?
=============================

A pipeline with a network is searched as any other, by :class:`sklearn.model_selection.GridSearchCV`
or :class:`sklearn.model_selection.RandomizedSearchCV`. Names of parameters are those of the steps.
"""

# %%
# The search
# ----------
# Every candidate is trained `cv` times. An integer `random_state` makes the scores the same with
# any `n_jobs`; with several jobs, each worker starts a TensorFlow of its own. Searching on part of
# the rows, and training on all of them afterwards, is often enough. Where `epochs` is among the
# parameters, :class:`skrnn.EpochSearchCV` finds the same in less time.
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline

from skrnn import RNNClassifier, TextToSequence, make_reviews

reviews, labels = make_reviews(1200, random_state=0)
pipe = make_pipeline(
    TextToSequence(),
    RNNClassifier(
        cell="gru",
        units=16,
        embedding_dim=16,
        embeddings=None,
        ngram_range=None,
        word_dropout=0.0,
        embedding_dropout=0.0,
        dropout=0.0,
        epochs=6,
        random_state=0,
    ),
)
search = GridSearchCV(
    pipe,
    {
        "rnnclassifier__learning_rate": [0.01, 0.02, 0.04],
        "rnnclassifier__pooling": ["last", "max"],
    },
    scoring="neg_log_loss",
    cv=2,
)
search.fit(reviews, labels)
print(search.best_params_)

# %%
# What it found
# -------------
# `cv_results_` has every candidate; as a table, the best first:
import pandas as pd

columns = ["param_rnnclassifier__learning_rate", "param_rnnclassifier__pooling"]
scores = ["mean_test_score", "std_test_score", "rank_test_score"]
table = pd.DataFrame(search.cv_results_)[columns + scores].sort_values("rank_test_score")
table.rename(columns=lambda name: name.removeprefix("param_rnnclassifier__")).round(3)

# %%
# A step size that is best at the edge of the grid asks for a wider one. The dotted line is what
# the answer "one half" to everything would lose.
import matplotlib.pyplot as plt
import numpy as np

fig, ax = plt.subplots(figsize=(6, 3.5), layout="constrained")
styles = {"last": ("o", "-", "#0072B2"), "max": ("s", "--", "#D55E00")}
for pooling, (marker, line, color) in styles.items():
    rows = table[table["param_rnnclassifier__pooling"] == pooling].sort_values(columns[0])
    ax.errorbar(
        rows[columns[0]],
        -rows["mean_test_score"],
        rows["std_test_score"],
        marker=marker,
        linestyle=line,
        color=color,
        label=pooling,
        capsize=3,
    )
ax.axhline(np.log(2), color="black", linestyle=":", linewidth=1)
ax.set(xlabel="learning_rate", ylabel="log-loss on held-out rows")
ax.set_xticks(sorted(set(table[columns[0]])))
ax.legend(title="pooling")

# %%
# The best candidate, trained on all rows, is the search's answer. Its network is the last step.
fresh, fresh_labels = make_reviews(400, random_state=1)
print(f"log-loss on fresh reviews: {-search.score(fresh, fresh_labels):.3f}")
print(f"epochs: {search.best_estimator_[-1].n_iter_}")

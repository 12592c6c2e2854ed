"""
Which hyperparameters suit my texts?
====================================

:class:`sklearn.model_selection.GridSearchCV` and
:class:`sklearn.model_selection.RandomizedSearchCV` work with a pipeline that contains a network.
The names of hyperparameters begin with the name of the step.
"""

# %%
# The search
# ----------
# Every candidate is trained `cv` times. With an integer `random_state`, the scores are the same for
# any `n_jobs`. With several jobs, each worker starts its own TensorFlow. It is often enough to
# search on a part of the rows, and to train on all of them afterwards. If the grid contains
# `epochs`, :class:`skrnn.EpochSearchCV` gives the same scores in less time.
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
# Results
# -------
# `cv_results_` has every candidate. As a table, with the best first:
import pandas as pd

columns = ["param_rnnclassifier__learning_rate", "param_rnnclassifier__pooling"]
scores = ["mean_test_score", "std_test_score", "rank_test_score"]
table = pd.DataFrame(search.cv_results_)[columns + scores].sort_values("rank_test_score")
table.rename(columns=lambda name: name.removeprefix("param_rnnclassifier__")).round(3)

# %%
# If the best learning rate lies at the edge of the grid, widen the grid. The dotted line is the
# loss of a constant probability of one half.
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
# The best candidate is trained again on all rows. Its network is the last step of the pipeline.
fresh, fresh_labels = make_reviews(400, random_state=1)
print(f"log-loss on fresh reviews: {-search.score(fresh, fresh_labels):.3f}")
print(f"epochs: {search.best_estimator_[-1].n_iter_}")

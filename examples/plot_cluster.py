"""
How do I run a search on a cluster?
===================================

joblib sends the fits of a search to the workers of a cluster. The scores are the same as in a
single process, bit for bit. In this example, the cluster consists of two worker processes on this
machine. On several machines, only the address of the scheduler changes. It needs ``pip install
"skrnn[dask]"``. Ray works in the same way.
"""

# %%
# The search
# ----------
# The search does not depend on the cluster.
import joblib
import numpy as np
from sklearn.pipeline import make_pipeline

from skrnn import EpochSearchCV, RNNClassifier, TextToSequence, make_reviews

reviews, labels = make_reviews(400, random_state=0)
pipe = make_pipeline(
    TextToSequence(),
    RNNClassifier(cell="rnn", units=8, embedding_dim=8, ngram_range=None, random_state=0),
)
grid = {"rnnclassifier__units": [4, 8], "rnnclassifier__epochs": [1, 2, 3]}
search = EpochSearchCV(pipe, grid, cv=2, scoring="neg_log_loss", refit=False)
search.fit(reviews, labels)
alone = search.cv_results_["mean_test_score"]

# %%
# The cluster
# -----------
# A script needs the guard, because every worker imports it as a module.
if __name__ == "__main__":
    from dask.distributed import Client, LocalCluster

    with (
        LocalCluster(n_workers=2, threads_per_worker=1) as cluster,
        Client(cluster),
        joblib.parallel_config(backend="dask"),
    ):
        search.fit(reviews, labels)
    print("the same scores:", np.array_equal(search.cv_results_["mean_test_score"], alone))
    print(search.best_params_)

"""
Bayesian hyperparameter search with Optuna that prunes unpromising fits after each epoch.

    pip install optuna
    python examples/optuna_search.py

Optuna proposes hyperparameters and receives the validation loss after every epoch. A trial that is
worse than most others at that epoch is pruned. The reviews are generated (`make_reviews`). The
order of the words decides their class, so the network is used without n-grams.
"""

import optuna

from skrnn import RNNClassifier, TextToSequence, make_reviews


class PruneByEpoch:
    """A scikit-learn callback that reports the validation loss of each epoch to a trial.

    Its exception ends the fit and leaves the estimator unfitted.
    """

    def __init__(self, trial):
        self.trial = trial

    def setup(self, estimator, context):
        pass

    def teardown(self, estimator, context):
        pass

    def on_fit_task_begin(self, estimator, context):
        pass

    def on_fit_task_end(self, estimator, context, *, fitted_estimator):
        if context.task_name != "epoch":  # the whole fit is a task too
            return
        losses = fitted_estimator.history_["val_loss"]
        self.trial.report(losses[-1], step=len(losses))
        if self.trial.should_prune():
            raise optuna.TrialPruned


def make_data(n_train=400, n_val=200):
    """Return token ids and labels for training and validation."""
    reviews, labels = make_reviews(n_train, random_state=0)
    more_reviews, more_labels = make_reviews(n_val, random_state=1)
    text = TextToSequence()
    return text.fit_transform(reviews), labels, text.transform(more_reviews), more_labels


def make_objective(data, **settings):
    """Return the objective of Optuna: the validation loss after the last epoch."""
    X, y, X_val, y_val = data

    def objective(trial):
        clf = RNNClassifier(
            cell=trial.suggest_categorical("cell", ["rnn", "gru"]),
            units=8,
            learning_rate=trial.suggest_float("learning_rate", 1e-4, 3e-2, log=True),
            word_dropout=trial.suggest_float("word_dropout", 0.0, 0.3),
            random_state=0,
            **settings,
        )
        clf.set_callbacks(PruneByEpoch(trial))
        clf.fit(X, y, X_val=X_val, y_val=y_val)
        return clf.history_["val_loss"][-1]

    return objective


def search(data, n_trials=12, **settings):
    """Return a study with `n_trials` trials."""
    study = optuna.create_study(
        direction="minimize",
        sampler=optuna.samplers.TPESampler(seed=0),
        pruner=optuna.pruners.MedianPruner(n_startup_trials=3, n_warmup_steps=1),
    )
    study.optimize(make_objective(data, **settings), n_trials=n_trials)
    return study


if __name__ == "__main__":
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    study = search(
        make_data(2000, 500),
        epochs=8,
        bidirectional=False,
        embedding_dim=16,
        embeddings=None,
        ngram_range=None,
        embedding_dropout=0.0,
        dropout=0.0,
        learning_rate_decay=0.0,
        batch_size=64,
    )
    pruned = study.get_trials(states=[optuna.trial.TrialState.PRUNED])
    print(f"Best validation loss {study.best_value:.3f} with {study.best_params}")
    print(f"{len(pruned)} of {len(study.trials)} trials were pruned")

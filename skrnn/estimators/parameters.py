"""Constraints of the parameters that the estimators share, in groups.

An estimator merges the groups it has: ``{**NETWORK, **REGULARIZATION, ...}``.
"""

import os
from numbers import Integral, Real

from skrnn._sklearn_compat import HasMethods, Interval, StrOptions
from skrnn.convolutions.kernels import N_KERNELS
from skrnn.estimators.checkpointing import Checkpoint
from skrnn.estimators.extra_losses import ExtraLoss
from skrnn.network.description import MAX_NETWORKS

_SHARE = Interval(Real, 0, 1, closed="left")
_COUNT = Interval(Integral, 1, None, closed="left")
_POSITIVE = Interval(Real, 0, None, closed="neither")
_NOT_NEGATIVE = Interval(Real, 0, None, closed="left")

NETWORK: dict = {
    "cell": [StrOptions({"rnn", "lstm", "gru"})],
    "units": [_COUNT, tuple, list],
    "bidirectional": ["boolean"],
    "n_networks": [Interval(Integral, 1, MAX_NETWORKS, closed="both")],
    "embedding_dim": [_COUNT],
    "embeddings": [str, os.PathLike, "array-like", HasMethods(["__contains__"]), None],
    "trainable_embeddings": ["boolean"],
    "vocabulary_size": [Interval(Integral, 2, None, closed="left"), None],
    "input": [StrOptions({"auto", "tokens", "numeric"})],
}
NUMERIC: dict = {
    "scaling": [StrOptions({"auto", "standard", "series"}), None],
    "patch_size": [_COUNT, StrOptions({"auto"})],
}
POOLING: dict = {"pooling": [StrOptions({"last", "max", "mean", "attention"})]}
CONVOLUTIONS: dict = {
    "n_kernels": [Interval(Integral, N_KERNELS, None, closed="left"), StrOptions({"auto"}), None]
}
NGRAMS: dict = {"ngram_range": [tuple, list, None]}
REGULARIZATION: dict = {
    "word_dropout": [_SHARE],
    "embedding_dropout": [_SHARE],
    "recurrent_dropout": [_SHARE],
    "dropout": [_SHARE],
}
EXTRA_LOSSES: dict = {"extra_losses": [ExtraLoss, list, None]}
CLASSES: dict = {
    "class_weight": [dict, list, tuple, StrOptions({"balanced"}), None],
    "thresholds": [Interval(Real, 0, 1, closed="both"), "array-like", StrOptions({"auto"}), None],
    "calibrate": ["boolean", StrOptions({"auto"})],
    "self_training_rounds": [Interval(Integral, 0, None, closed="left")],
}
TRAINING: dict = {
    "optimizer": [str, HasMethods(["apply_gradients", "get_config"])],
    "learning_rate": [_POSITIVE, HasMethods(["get_config", "__call__"])],
    "learning_rate_decay": [_NOT_NEGATIVE, StrOptions({"auto"})],
    "global_clipnorm": [_POSITIVE, None],
    "pretraining_epochs": [Interval(Integral, 0, None, closed="left")],
    "epochs": [_COUNT, StrOptions({"auto"})],
    "batch_size": [_COUNT, StrOptions({"auto"})],
}
STOPPING: dict = {
    "early_stopping": ["boolean"],
    "scoring": [str, callable, None],
    "validation_fraction": [Interval(Real, 0, 1, closed="neither")],
    "n_iter_no_change": [_COUNT, StrOptions({"auto"})],
    "tol": [_NOT_NEGATIVE],
}
RUNNING: dict = {
    "warm_start": ["boolean"],
    "checkpoint": [str, os.PathLike, Checkpoint, None],
    "callbacks": [list, tuple, HasMethods(["set_model"]), None],
    "verbose": ["verbose"],
    "random_state": ["random_state"],
}
# Every network estimator has these.
SHARED: dict = {**NETWORK, **NUMERIC, **REGULARIZATION, **TRAINING, **STOPPING, **RUNNING}

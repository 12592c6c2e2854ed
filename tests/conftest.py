"""Fixtures of several folders."""

import gc
import signal

import pytest


@pytest.fixture
def terminal():
    """Take Ctrl-C as at a terminal; a shell has its background jobs ignore it."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


# Checks of scikit-learn that repeat, with a network each, what others of its checks fail on too.
REPEATED_CHECKS = (
    "readonly_memmap=True",
    "check_classifier_data_not_an_array",
    "check_classifiers_multilabel",
    "check_f_contiguous_array_estimator",
    "check_fit_score_takes_y",
    "check_positive_only_tag_during_fit",
    "check_regressor_data_not_an_array",
    "check_regressors_int",
    "check_sample_weights_list",
    "check_sample_weights_not_an_array",
    "check_sample_weights_not_overwritten",
    "check_sample_weights_pandas_series",
    "check_sample_weights_shape",
)


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items):
    """Run scikit-learn's checks that train once more apart.

    Those that are not about targets read code that RNNRegressor shares with RNNClassifier.
    """
    for item in items:
        if "test_scikit_learn_checks[RNN" not in item.name:
            continue
        is_shared = "[RNNRegressor" in item.name and "check_regressor" not in item.name
        if is_shared or any(check in item.name for check in REPEATED_CHECKS):
            item.add_marker(pytest.mark.slow)


def pytest_collection_finish():
    """Keep the garbage collector from going through all tests and modules again and again."""
    gc.collect()
    gc.freeze()

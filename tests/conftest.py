"""Fixtures of several folders."""

import gc
import signal

import pytest
import shared_kernels


@pytest.fixture
def terminal():
    """Take Ctrl-C as at a terminal; a shell has its background jobs ignore it."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


# Checks of scikit-learn that repeat, with a network each, what others of its checks or our tests
# fail on too, and one that is expected to fail.
REPEATED_CHECKS = (
    "readonly_memmap=True",
    "check_class_weight_classifiers",
    "check_classifier_data_not_an_array",
    "check_classifiers_classes",
    "check_classifiers_multilabel",
    "check_dtype_object",
    "check_estimators_dtypes",
    "check_estimators_fit_returns_self",
    "check_estimators_overwrite_params",
    "check_f_contiguous_array_estimator",
    "check_fit_idempotent",
    "check_fit_score_takes_y",
    "check_methods_sample_order_invariance",
    "check_n_features_in_after_fitting",
    "check_pipeline_consistency",
    "check_positive_only_tag_during_fit",
    "check_regressor_data_not_an_array",
    "check_regressors_int",
    "check_sample_weight_equivalence_on_dense_data",
    "check_sample_weights_list",
    "check_sample_weights_not_an_array",
    "check_sample_weights_not_overwritten",
    "check_sample_weights_pandas_series",
    "check_sample_weights_shape",
)


CHECKS_OF_A_SEARCH = (
    *("check_estimator_cloneable", "check_estimator_tags_renamed", "check_valid_tag_types"),
    *("check_estimator_repr", "check_no_attributes_set_in_init", "check_mixin_order"),
    *("check_do_not_raise_errors_in_init_or_set_params", "check_get_params_invariance"),
    *("check_set_params", "check_dict_unchanged", "check_estimators_pickle", "check_fit2d_1sample"),
    *("check_n_features_in", "check_classifiers_train", "check_fit_idempotent"),
)


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items):
    """Run scikit-learn's checks that train once more apart.

    Those that are not about targets read code that RNNRegressor shares with RNNClassifier.
    """
    for item in items:
        # What concerns the data is the inner estimator's, which scikit-learn checks itself.
        if "test_scikit_learn_checks[EpochSearchCV" in item.name:
            if not any(check in item.name for check in CHECKS_OF_A_SEARCH):
                item.add_marker(pytest.mark.slow)
            continue
        if "test_scikit_learn_checks[RNN" not in item.name:
            continue
        is_shared = "[RNNRegressor" in item.name and "check_regressor" not in item.name
        if is_shared or any(check in item.name for check in REPEATED_CHECKS):
            item.add_marker(pytest.mark.slow)


@pytest.hookimpl(tryfirst=True)
def pytest_collection_finish(session):
    """Share the compiling between workers, and keep the garbage collector from what is collected.

    It would go through all tests and modules again and again.
    """
    workerinput = getattr(session.config, "workerinput", None)
    if workerinput is not None and len(session.items) >= shared_kernels.A_LONG_RUN:
        shared_kernels.compile_share(workerinput)
    gc.collect()
    gc.freeze()

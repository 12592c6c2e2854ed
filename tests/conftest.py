"""Fixtures of several folders."""

import signal

import pytest


@pytest.fixture
def terminal():
    """Take Ctrl-C as at a terminal; a shell has its background jobs ignore it."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items):
    """Run scikit-learn's checks of training a second and third time, on read-only maps, apart."""
    for item in items:
        if "readonly_memmap=True" in item.name and "[RNN" in item.name:
            item.add_marker(pytest.mark.slow)

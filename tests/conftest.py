"""Fixtures of several folders."""

import signal

import pytest


@pytest.fixture
def terminal():
    """Take Ctrl-C as at a terminal; a shell has its background jobs ignore it."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)

"""Settings that every test shares."""

import gc
from collections.abc import Iterator

import pytest
from hypothesis import settings

from autograd_lite import TABLE
from autograd_lite.methods import Methods
from autograd_lite.text import NUMPY_NAMES
from autograd_lite.value import Constant

# The same examples at every run; `pytest --hypothesis-profile=explore` draws new ones.
settings.register_profile("repeatable", derandomize=True, deadline=None)
settings.register_profile("explore", deadline=None, max_examples=1000)
settings.load_profile("repeatable")


def pytest_collection_finish() -> None:
    """What was imported and collected stays: Python's cycle collector need not go through it again and again."""
    gc.collect()
    gc.freeze()


@pytest.fixture
def table_as_before() -> Iterator[None]:
    """Operations that a test adds are gone after it."""
    before = dict(TABLE)
    yield
    for name in set(TABLE) - set(before):
        del TABLE[name], NUMPY_NAMES[name]
        delattr(Methods, name)
        delattr(Constant, name)

"""Settings that every test shares."""

import gc
import os
from collections.abc import Generator, Iterator
from contextlib import contextmanager, nullcontext

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


def pytest_itemcollected(item: pytest.Item) -> None:
    """Coverage leaves out random examples: written ones run the same lines, and it makes them several times slower."""
    if getattr(getattr(item, "obj", None), "is_hypothesis_test", False):
        item.add_marker(pytest.mark.no_cover)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_setup(item: pytest.Item) -> Generator[None]:
    """The marker `no_cover` leaves out the call alone; here the fixtures, which often do the work."""
    coverage = getattr(item.config.pluginmanager.getplugin("_cov"), "cov_controller", None)
    if coverage is None or not item.get_closest_marker("no_cover"):
        return (yield)
    coverage.pause()
    try:
        with processes_unmeasured():
            return (yield)
    finally:
        coverage.resume()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Generator[None]:
    """And the processes that the call starts."""
    with processes_unmeasured() if item.get_closest_marker("no_cover") else nullcontext():
        return (yield)


@contextmanager
def processes_unmeasured() -> Iterator[None]:
    """Start Python without coverage for a while; a process is told by its environment to measure it."""
    told = os.environ.pop("COVERAGE_PROCESS_CONFIG", None)
    try:
        yield
    finally:
        if told is not None:
            os.environ["COVERAGE_PROCESS_CONFIG"] = told


@pytest.fixture
def table_as_before() -> Iterator[None]:
    """Operations that a test adds are gone after it."""
    before, names = dict(TABLE), dict(NUMPY_NAMES)
    yield
    for name in set(TABLE) - set(before):
        del TABLE[name]
        delattr(Methods, name)
        delattr(Constant, name)
    NUMPY_NAMES.clear()
    NUMPY_NAMES.update(names)

"""What `test_demos` runs quickly is all of the demos' code: the others, which take long, need not be traced again."""

from pathlib import Path

import pytest


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Leave coverage out of the tests of single demos."""
    for item in items:
        if item.path.parent == Path(__file__).parent and item.path.name != "test_demos.py":
            item.add_marker(pytest.mark.no_cover)

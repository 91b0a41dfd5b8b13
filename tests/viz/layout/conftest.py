"""Fixtures of the tests of the layout."""

from __future__ import annotations

from pathlib import Path

import pytest


@pytest.fixture
def without_pygraphviz(tmp_path: Path) -> Path:
    """A folder for the path whose pygraphviz cannot be imported."""
    (tmp_path / "pygraphviz").mkdir()
    (tmp_path / "pygraphviz" / "__init__.py").write_text("raise ImportError('no such package here')")
    return tmp_path

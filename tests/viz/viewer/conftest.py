"""Fixtures of the tests of the viewer: a browser, and a page to open in it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.viz.helpers import seconds
from tests.viz.viewer.browser import Browser, browser
from tests.viz.viewer.helpers import beginner, write_wide
from viz.viewer.html import save_html


@pytest.fixture(scope="package")
def chromium(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    """One browser for all tests of the folder: to start one takes seconds."""
    with browser(tmp_path_factory.mktemp("browser")) as found:
        yield found


@pytest.fixture
def page(chromium: Browser) -> Iterator[Browser]:
    """Yield the browser; in the end its console must be free of errors, and nobody may have asked the network."""
    chromium.complaints()
    for file in chromium.downloads.iterdir():
        file.unlink()
    yield chromium
    assert chromium.complaints() == []
    assert chromium.requests() == []


class Page(NamedTuple):
    """Where it is, and how long it took to write it."""

    path: Path
    seconds: float


@pytest.fixture(scope="package")
def large(tmp_path_factory: pytest.TempPathFactory) -> Page:
    """The page of 100,000 values and more, which takes seconds: traced, laid out and written."""
    path = tmp_path_factory.mktemp("pages") / "large.html"
    return Page(path, seconds(lambda: write_wide(path, rows=200)))


@pytest.fixture(scope="package")
def small(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The page of a beginner's graph."""
    return Path(save_html(beginner(), tmp_path_factory.mktemp("pages") / "small.html", names={}))

"""docs/vectorize.md: its listings are what the code gives, and its sessions run."""

import doctest
import re
import runpy
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PAGE = ROOT / "docs" / "vectorize.md"
SCRIPT = ROOT / "tools" / "passes.py"


@pytest.fixture(scope="module")
def passes():
    """The script's functions."""
    before = list(sys.path)
    sys.path.insert(0, str(SCRIPT.parent))
    try:
        return runpy.run_path(str(SCRIPT), run_name="passes")
    finally:
        sys.path[:] = before


def test_the_listings_are_what_the_code_gives(passes):
    text = PAGE.read_text("utf-8")
    assert passes["refreshed"](text) == text, "run python tools/passes.py"


def test_every_listing_is_shown_once(passes):
    shown = re.findall(r"<!-- listing: (\w+) -->", PAGE.read_text("utf-8"))
    assert sorted(shown) == sorted(passes["LISTINGS"])
    assert len(passes["LISTING"].findall(PAGE.read_text("utf-8"))) == len(shown)


def test_a_listing_that_differs_is_told_and_replaced(passes):
    text = PAGE.read_text("utf-8")
    spoilt = text.replace("n2 = relu(n1)", "n2 = tanh(n1)")
    assert spoilt != text
    assert passes["refreshed"](spoilt) == text


def test_the_listings_are_lines_that_fit(passes):
    lines = [line for listing in passes["LISTINGS"].values() for line in listing().splitlines()]
    assert max(map(len, lines)) <= 100


@pytest.mark.filterwarnings("default")
def test_the_sessions_run():
    failed, count = doctest.testfile(str(PAGE), module_relative=False, optionflags=doctest.ELLIPSIS)
    assert count > 20
    assert not failed


def test_its_pictures_and_modules_are_there():
    text = PAGE.read_text("utf-8")
    pictures = re.findall(r'<img src="([^"]+)"', text)
    assert pictures
    assert all((PAGE.parent / name).is_file() for name in pictures)
    table = re.findall(r"^\| \d\. .*\|(.*)\|$", text, re.MULTILINE)
    modules = re.findall(r"`(\w+\.py)`", "".join(table))
    assert len(modules) > 10
    there = {path.name for path in (ROOT / "autograd_lite" / "compiler").rglob("*.py")}
    assert set(modules) <= there


@pytest.mark.no_cover  # others run the same lines, and coverage takes its time
def test_check_fails_on_a_page_that_is_out_of_date(tmp_path):
    for folder in ("tools", "docs"):
        (tmp_path / folder).mkdir()
    for name in ("passes.py", "gallery.py"):
        shutil.copy(SCRIPT.parent / name, tmp_path / "tools")
    page = tmp_path / "docs" / "vectorize.md"
    page.write_text("<!-- listing: report -->\n```text\nold\n```\n", "utf-8")
    for package in ("autograd_lite", "viz", "demos"):
        (tmp_path / package).symlink_to(ROOT / package)
    ran = subprocess.run([sys.executable, tmp_path / "tools" / "passes.py", "--check"], capture_output=True, text=True)
    assert ran.returncode == 1
    assert "vectorize.md is out of date: run python tools/passes.py" in ran.stdout
    assert "old" in page.read_text("utf-8")

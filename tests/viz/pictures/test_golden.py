"""The same graph gives the same DOT text, byte for byte: in every run, and in every Python."""

from __future__ import annotations

import os

import pytest

from tests.viz.helpers import ROOT, Run
from tests.viz.pictures.golden import FOLDER, PICTURES


@pytest.mark.parametrize("name", PICTURES)
def test_the_text_is_the_one_that_is_kept(name: str) -> None:
    kept = (FOLDER / f"{name}.dot").read_text(encoding="utf-8")
    assert PICTURES[name]().source == kept, (
        "if the change is meant: python -m tests.viz.pictures.golden, and look at the pictures"
    )
    assert PICTURES[name]().source == kept, "a second time"


def test_every_kept_text_is_tested() -> None:
    assert {path.stem for path in FOLDER.glob("*.dot")} == set(PICTURES)


@pytest.mark.parametrize("name", PICTURES)
def test_graphviz_draws_it(name: str) -> None:
    assert PICTURES[name]().pipe("svg").rstrip().endswith(b"</svg>")


def test_another_run_with_other_hashes_gives_the_same(python: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(os.environ, "PYTHONHASHSEED", "12345")
    program = (
        "from tests.viz.pictures.golden import FOLDER, PICTURES\n"
        "for name, draw in PICTURES.items():\n"
        "    assert draw().source == (FOLDER / f'{name}.dot').read_text(encoding='utf-8'), name\n"
    )
    done = python(program, path=ROOT)
    assert done.returncode == 0, done.stderr

"""The demos' command line, and what all demos share."""

import ast
import importlib
import io
import itertools
import re
import struct
import subprocess
import sys
from contextlib import redirect_stdout
from functools import cache
from pathlib import Path
from typing import NamedTuple

import pytest

import demos.__main__ as command_line
from demos import _shared
from demos.__main__ import COURSE, NEEDED, demos, main

FOLDER = Path(command_line.__file__).parent


def source(name):
    return (FOLDER / f"{name}.py").read_text("utf-8")


class Run(NamedTuple):
    """What a demo printed, and the bytes of its pictures by name, in its order."""

    printed: str
    pictures: dict[str, bytes]
    left: set[str]


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """Run a demo quickly, once for all tests; its stop-watch ticks once a glance, for seconds must not differ."""

    @cache
    def run(name, seed, again=False):
        out = tmp_path_factory.mktemp(name) / "made by the demo"
        with redirect_stdout(io.StringIO()) as printed, pytest.MonkeyPatch.context() as patch:
            patch.setattr(_shared, "perf_counter", itertools.count().__next__)
            paths = importlib.import_module(f"demos.{name}").main(out, seed, quick=True)
        assert all(path.parent == out for path in paths)
        left = {path.name for path in out.rglob("*")}
        return Run(printed.getvalue(), {path.name: path.read_bytes() for path in paths}, left)

    return run


# --- the command line ---


def test_without_a_name_all_demos_are_listed_one_line_each(capsys):
    main([])
    listed = capsys.readouterr().out.partition("demos:\n")[2].splitlines()
    assert [re.split(r" {2,}", line.strip(), maxsplit=1) for line in listed] == [[*pair] for pair in demos().items()]


def test_the_list_is_in_the_order_of_the_course():
    assert list(demos())[: len(COURSE)] == COURSE
    assert set(demos()) == {path.stem for path in FOLDER.glob("[!_]*.py")}


def test_what_the_course_does_not_name_comes_last_alphabetically(monkeypatch):
    monkeypatch.setattr(command_line, "COURSE", ["logistic", "no_such_demo"])
    first, *others = demos()
    assert first == "logistic"
    assert others == sorted(others)
    assert "no_such_demo" not in others


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["logstic"], "unknown demo 'logstic'; did you mean logistic?"),
        (["zzz"], "unknown demo 'zzz'; they are logistic, "),
        (["logistic", "--seed", "-1"], "--seed -1: a seed is 0 or more"),
        (["logistic", "--seed", "x"], "--seed: invalid int value: 'x'"),
        (["logistic", "--out", "FILE"], "--out FILE: FILE is a file; pictures go into a folder"),
        (["logistic", "--out", "FILE/inside"], "--out FILE/inside: FILE is a file; pictures go into a folder"),
    ],
)
def test_what_makes_no_sense_is_refused(arguments, message, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    Path("FILE").write_text("kept")
    with pytest.raises(SystemExit) as stopped:
        main(arguments)
    assert stopped.value.code == 2
    assert message in capsys.readouterr().err
    assert [path.name for path in tmp_path.iterdir()] == ["FILE"]
    assert Path("FILE").read_text() == "kept"


def test_the_pictures_are_named_and_go_to_out_by_default(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    main(["logistic", "--quick"])
    pictures = capsys.readouterr().out.partition("\nPictures:\n")[2].split()
    assert [Path(name).parent for name in pictures] == [Path("out", "logistic")] * 2
    assert all(Path(name).is_file() for name in pictures)


@pytest.mark.no_cover  # others run the same lines, and coverage takes its time
@pytest.mark.parametrize("missing", sorted(NEEDED))
def test_without_its_libraries_a_demo_says_what_to_install(missing):
    script = f"import sys; sys.modules[{missing!r}] = None; from demos.__main__ import main; main(['logistic'])"
    ran = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert ran.returncode == 1
    assert ran.stderr.strip() == f"The demos need {missing}: run  pip install '.[demos]'  in the project's folder"


# --- every demo ---


@pytest.mark.parametrize("name", demos())
def test_it_begins_with_a_story_in_one_line_and_what_to_know_in_a_few(name):
    story, blank, *know = ast.get_docstring(ast.parse(source(name))).splitlines()
    assert story == demos()[name]
    assert story.endswith(".")
    assert len(story) <= 100
    assert blank == ""
    assert 2 <= len(know) <= 6


@pytest.mark.parametrize("name", demos())
def test_it_can_be_read_in_one_go(name):
    """120 lines are two screens: what a class can follow from top to bottom."""
    assert len([line for line in source(name).splitlines() if line.strip()]) <= 120


@pytest.mark.parametrize("name", demos())
def test_it_tells_its_story_with_numbers_in_lines_that_fit(name, run):
    lines = run(name, seed=0).printed.splitlines()
    assert len(lines) >= 3
    assert re.search(r"\d", "".join(lines))
    assert max(map(len, lines)) <= 120


@pytest.mark.parametrize("name", demos())
def test_it_leaves_its_pictures_in_the_folder_and_nothing_else(name, run):
    _, pictures, left = run(name, seed=0)
    assert pictures
    assert left == set(pictures)
    for picture, data in pictures.items():
        assert 2_000 < len(data) < 2_000_000
        if picture.endswith(".png"):
            assert data.startswith(b"\x89PNG\r\n\x1a\n")
            width, height = struct.unpack(">II", data[16:24])
            assert 640 <= width <= 2_400
            assert 320 <= height <= 2_400
        elif picture.endswith(".html"):
            assert data.startswith(b"<!doctype html>")
        else:
            assert picture.endswith(".svg")
            assert b"<svg" in data
            assert data.rstrip().endswith(b"</svg>")


@pytest.mark.no_cover  # others run the same lines, and coverage takes its time
@pytest.mark.parametrize("name", demos())
def test_the_same_seed_tells_the_same_story(name, run):
    first, again = run(name, seed=0), run(name, seed=0, again=True)
    assert first.printed == again.printed
    assert [picture for picture in first.pictures if first.pictures[picture] != again.pictures[picture]] == []


@pytest.mark.no_cover  # others run the same lines, and coverage takes its time
@pytest.mark.parametrize("name", demos())
def test_another_seed_tells_another_if_anything_is_left_to_chance(name, run):
    chance = re.search("default_rng|seed=|random_state=", source(name)) is not None
    assert (run(name, seed=0) != run(name, seed=1)) == chance

"""What a terminal can show: colours, characters, width."""

from __future__ import annotations

import io
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.viz.helpers import ROOT
from viz.pictures.scale import scale_of
from viz.terminal.table import (
    BLUE,
    GREY,
    RED,
    Cell,
    Screen,
    Text,
    bar,
    cells,
    paint,
    screen_of,
    shorten_cells,
    table,
    takes_color,
)

CODES = re.compile(r"\x1b\[[0-9;]*m")


class Terminal(io.StringIO):
    """A stream that says it is a terminal, or that it is not."""

    def __init__(self, encoding: str = "utf-8", terminal: bool = True) -> None:
        super().__init__()
        self._encoding, self._terminal = encoding, terminal

    @property
    def encoding(self) -> str:  # type: ignore[override]
        return self._encoding

    def isatty(self) -> bool:
        return self._terminal

    def fileno(self) -> int:
        return 1


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("NO_COLOR", "FORCE_COLOR", "COLUMNS"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("TERM", "xterm-256color")


# --- colour ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("variables", "terminal", "coloured"),
    [
        ({}, True, True),
        ({}, False, False),
        ({"NO_COLOR": "1"}, True, False),
        ({"NO_COLOR": "0"}, True, False),
        ({"NO_COLOR": ""}, True, True),
        ({"TERM": "dumb"}, True, False),
        ({"FORCE_COLOR": "1"}, False, True),
        ({"FORCE_COLOR": ""}, False, False),
        ({"FORCE_COLOR": "1", "TERM": "dumb"}, False, True),
        ({"FORCE_COLOR": "1", "NO_COLOR": "1"}, True, False),
    ],
)
def test_who_gets_colours(
    monkeypatch: pytest.MonkeyPatch, variables: dict[str, str], terminal: bool, coloured: bool
) -> None:
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    assert takes_color(Terminal(terminal=terminal)) is coloured


def test_what_is_no_file_is_never_coloured(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")
    assert not takes_color(io.StringIO())


def test_no_stream_and_a_closed_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdout", None)  # as in a program without a console
    closed = io.StringIO()
    closed.close()
    assert not takes_color()
    assert not takes_color(closed)
    assert screen_of(None) == screen_of(closed) == Screen()


def test_the_old_console_of_windows_gets_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("viz.terminal.table.os.name", "nt")
    assert takes_color(Terminal())
    monkeypatch.delenv("TERM")
    assert not takes_color(Terminal())
    monkeypatch.setenv("WT_SESSION", "1")
    assert takes_color(Terminal())


def luminance(code: str) -> float:
    number = int(code.removeprefix("38;5;"))
    steps = (0, 95, 135, 175, 215, 255)
    k = number - 16
    rgb = [8 + 10 * (number - 232)] * 3 if number >= 232 else [steps[k // 36], steps[k // 6 % 6], steps[k % 6]]
    red, green, blue = (c / 3294.6 if c <= 10 else ((c / 255 + 0.055) / 1.055) ** 2.4 for c in rgb)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


@pytest.mark.parametrize("code", [BLUE, RED, GREY])
def test_colours_can_be_read_on_dark_and_on_light_grounds(code: str) -> None:
    text = luminance(code)
    assert 1.05 / (text + 0.05) >= 3.3, "on white"
    assert (text + 0.05) / 0.05 >= 3.3, "on black"
    assert (text + 0.05) / (0.013 + 0.05) >= 3.3, "on the usual dark grey"


def test_a_repl_shows_colours_and_the_text_has_none(monkeypatch: pytest.MonkeyPatch) -> None:
    text = table([[Cell("a"), Cell("-3", RED)]])
    monkeypatch.setattr(sys, "stdout", Terminal())
    assert repr(text) == f"a   \x1b[{RED}m-3\x1b[0m"
    assert str(text) == f"{text}" == "a   -3"
    monkeypatch.setattr(sys, "stdout", Terminal(terminal=False))
    assert repr(text) == "a   -3"


def test_colour_can_be_asked_for_and_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    rows = [[Cell("-3", RED)]]
    assert "\x1b" in table(rows, color=True)
    monkeypatch.setattr(sys, "stdout", Terminal())
    assert "\x1b" not in repr(table(rows, color=False))


def test_a_text_is_a_str_that_can_be_kept() -> None:
    import pickle

    text = Text("a", "coloured a")
    again = pickle.loads(pickle.dumps(text))
    assert (again, again.colored) == ("a", "coloured a")


@given(st.lists(st.tuples(st.text(" ab\u65e5", max_size=5), st.text(" -1.", max_size=5)), min_size=1))
def test_colours_change_nothing_but_colours(rows: list[tuple[str, str]]) -> None:
    text = table([[Cell(left, BLUE), Cell(right, RED)] for left, right in rows])
    assert CODES.sub("", text.colored) == str(text)


def test_spaces_around_a_painted_text_stay_bare() -> None:
    assert paint("  ", RED) == "  "
    assert paint(" a b ", RED) == f" \x1b[{RED}ma b\x1b[0m "
    assert paint("a", "") == "a"


# --- characters ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("encoding", "boxes"), [("utf-8", True), ("utf-16", True), ("ascii", False), ("cp1252", False), ("latin-1", False)]
)
def test_the_encoding_decides_on_the_lines(encoding: str, boxes: bool) -> None:
    assert screen_of(Terminal(encoding)).boxes is boxes


def test_an_encoding_that_nobody_knows_gets_ascii() -> None:
    assert screen_of(Terminal("klingon")).encoding == "ascii"


def test_one_can_insist() -> None:
    assert screen_of(Terminal("utf-8"), ascii=True).text("├é") == "|\\xe9"
    assert screen_of(Terminal("ascii"), ascii=False).text("├é") == "├é"


def test_characters_that_an_encoding_has_stay() -> None:
    assert screen_of(Terminal("cp1252")).text("é → 日") == "é -> \\u65e5"


@given(st.text(st.characters(codec="utf-8")), st.sampled_from(["ascii", "cp1252", "cp437", "shift_jis", "koi8-r"]))
def test_any_text_can_be_written_in_any_encoding(text: str, encoding: str) -> None:
    screen = screen_of(Terminal(encoding))
    screen.drawn(screen.text(text)).encode(encoding)


# --- width -----------------------------------------------------------------------------------------------------------


def test_only_a_terminal_has_a_width(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "57")
    assert screen_of(Terminal()).width == 57
    assert screen_of(Terminal(terminal=False)).width is None


@given(st.text(), st.integers(1, 20))
def test_shortened_text_fits(text: str, limit: int) -> None:
    short = shorten_cells(text, limit)
    assert cells(short) <= max(limit, 1)
    assert short == text or short.endswith("…")


# --- bars ------------------------------------------------------------------------------------------------------------

FINITE = st.floats(-1e30, 1e30)


@given(FINITE, FINITE)
def test_a_bar_tells_the_sign_by_its_side(x: float, top: float) -> None:
    for screen in (Screen(), Screen(encoding="ascii", boxes=False)):
        left, _, right = bar(x, x, scale_of([abs(x), abs(top)]), screen).partition(screen.drawn("│"))
        assert bool(left.strip()) is (x < 0)
        assert bool(right.strip()) is (x > 0)
        assert len(left) == 5 >= len(right)


@given(FINITE, FINITE)
def test_the_larger_bar_is_not_the_shorter(x: float, y: float) -> None:
    scale = scale_of([abs(x), abs(y)])
    short, long = (bar(size, size, scale, Screen()) for size in sorted([abs(x), abs(y)]))
    assert len(short) <= len(long)


def test_a_cell_is_a_decade() -> None:
    scale = scale_of([5.0])
    lengths = [bar(x, x, scale, Screen()).count("━") for x in (10.0**-3, 10.0**-2, 0.1, 1.0)]
    assert lengths == [1, 2, 3, 4]


def test_what_is_no_number_is_a_word() -> None:
    scale, inf, nan = scale_of([1.0]), float("inf"), float("nan")
    assert [bar(x, x, scale, Screen()).strip() for x in (inf, -inf, nan)] == ["│inf", "-inf│", "│nan"]
    assert bar(-inf, inf, scale, Screen()) == " -inf│inf"
    assert bar(-1.0, inf, scale, Screen()).strip() == "│inf"


# --- a real terminal -------------------------------------------------------------------------------------------------

PROGRAM = """
from autograd_lite import Value
from viz import tree
a, b = Value(2.0), Value(-3.0)
y = (a * b + 6.5).tanh()
y.backward()
print(repr(tree(y)))
print(tree(y))
"""


def run_in_a_terminal(path: Path, columns: int, **variables: str) -> str:
    """What a program writes to a pseudo-terminal."""
    pty = pytest.importorskip("pty", reason="this system has no pseudo-terminals")
    own, theirs = pty.openpty()
    environment = {name: value for name, value in os.environ.items() if name not in ("NO_COLOR", "FORCE_COLOR")}
    environment |= {"PYTHONPATH": str(ROOT), "TERM": "xterm-256color", "COLUMNS": str(columns), **variables}
    script = path / "program.py"
    script.write_text(PROGRAM)
    output = bytearray()
    with subprocess.Popen([sys.executable, str(script)], stdout=theirs, stderr=theirs, env=environment) as child:
        os.close(theirs)
        while True:
            try:
                part = os.read(own, 4096)
            except OSError:  # Linux reports the end in this way
                break
            if not part:
                break
            output += part
        os.close(own)
    assert child.returncode == 0, output.decode()
    return output.decode().replace("\r\n", "\n")


def test_in_a_terminal(tmp_path: Path) -> None:
    output = run_in_a_terminal(tmp_path, 80)
    lines = output.splitlines()
    half = len(lines) // 2
    assert f"\x1b[{BLUE}m0.4621\x1b[0m" in lines[1]
    assert f"\x1b[{RED}m-2.359\x1b[0m" in output
    assert f"\x1b[{RED}m╺━━━━│\x1b[0m" in output
    assert [CODES.sub("", line) for line in lines[:half]] == lines[half:], "print shows the same without colours"


def test_in_a_terminal_that_wants_no_colours_or_has_no_lines(tmp_path: Path) -> None:
    assert "\x1b" not in run_in_a_terminal(tmp_path, 80, NO_COLOR="1")
    assert "\x1b" not in run_in_a_terminal(tmp_path, 80, TERM="dumb")
    output = run_in_a_terminal(tmp_path, 80, PYTHONIOENCODING="ascii")
    assert "`-- v4 = v2 + 6.5" in output
    assert "====|" in output


def test_in_a_narrow_terminal(tmp_path: Path) -> None:
    lines = run_in_a_terminal(tmp_path, 44, NO_COLOR="1").splitlines()
    assert max(map(len, lines)) <= 44
    assert "-2.359" in "\n".join(lines)

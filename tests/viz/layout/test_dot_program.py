"""The second choice: a dot program where pygraphviz is not to be had, or crashes."""

from __future__ import annotations

import shutil
import time
from pathlib import Path

import pytest

from tests.viz.helpers import Run
from tests.viz.layout.helpers import ends, fake_dot

NO_PYGRAPHVIZ = """
import sys, os
import viz
from viz import lay_out
os.environ["PATH"] = {path!r}
try:
    print(lay_out("digraph {{ a -> b }}", timeout={timeout})[:5])
except viz.LayoutError as error:
    print(type(error).__name__, error)
"""


def test_without_any_graphviz_the_error_says_what_to_install(python: Run, without_pygraphviz: Path) -> None:
    program = NO_PYGRAPHVIZ.format(path=str(without_pygraphviz / "bin"), timeout=5)
    output = python(program, path=without_pygraphviz).stdout
    assert "pip install pygraphviz" in output
    assert "no such package here" in output
    assert "graphviz.org" in output


def test_a_dot_program_is_the_second_choice(python: Run, without_pygraphviz: Path) -> None:
    fake_dot(without_pygraphviz, "import sys\nassert '-Tsvg' in sys.argv\nsys.stdin.read()\nprint('<?xml by dot')")
    program = NO_PYGRAPHVIZ.format(path=str(without_pygraphviz / "bin"), timeout=5)
    assert python(program, path=without_pygraphviz).stdout == "b'<?xml'\n"


def test_a_dot_program_has_the_same_time_limit(python: Run, without_pygraphviz: Path) -> None:
    fake_dot(without_pygraphviz, "import time\ntime.sleep(20)")
    program = NO_PYGRAPHVIZ.format(path=str(without_pygraphviz / "bin"), timeout=0.3)
    start = time.monotonic()
    assert python(program, path=without_pygraphviz).stdout.startswith("LayoutTimeout")
    assert time.monotonic() - start < 10


def test_a_dot_program_that_fails_is_an_error(python: Run, without_pygraphviz: Path) -> None:
    fake_dot(without_pygraphviz, "import sys\nsys.exit('bad graph')")
    program = NO_PYGRAPHVIZ.format(path=str(without_pygraphviz / "bin"), timeout=5)
    assert "bad graph" in python(program, path=without_pygraphviz).stdout


def test_a_dot_program_that_runs_another_one_is_ended_with_it(python: Run, without_pygraphviz: Path) -> None:
    pid = without_pygraphviz / "pid"
    sleep = f"sleep = subprocess.Popen([{shutil.which('sleep')!r}, '20'])"  # it holds the pipes open
    fake_dot(
        without_pygraphviz, f"import subprocess\n{sleep}\nopen({str(pid)!r}, 'w').write(str(sleep.pid))\nsleep.wait()"
    )
    program = NO_PYGRAPHVIZ.format(path=str(without_pygraphviz / "bin"), timeout=2)
    start = time.monotonic()
    assert python(program, path=without_pygraphviz).stdout.startswith("LayoutTimeout")
    assert time.monotonic() - start < 15
    assert ends(int(pid.read_text()), 5)


def test_a_dot_program_gets_what_the_worker_gets(python: Run, without_pygraphviz: Path) -> None:
    fake_dot(without_pygraphviz, "import sys\nsys.stdin.read()\nprint(*sys.argv[1:])")
    program = f"""
import os
os.environ["PATH"] = {str(without_pygraphviz / "bin")!r}
from viz import lay_out
print(lay_out("digraph {{ a }}").decode(), end="")
print(lay_out("digraph {{ a }}", "png", positioned=True).decode(), end="")
"""
    assert python(program, path=without_pygraphviz).stdout == "-Kdot -Tsvg\n-Knop -Tpng -Gdpi=144\n"


def test_a_pygraphviz_that_crashes_gives_way_to_a_dot_program(python: Run, without_pygraphviz: Path) -> None:
    (without_pygraphviz / "pygraphviz" / "__init__.py").write_text("import os\nos._exit(3)")
    fake_dot(without_pygraphviz, "import sys\nsys.stdin.read()\nprint('<?xml by dot')")
    program = NO_PYGRAPHVIZ.format(path=str(without_pygraphviz / "bin"), timeout=5)
    assert python(program, path=without_pygraphviz).stdout == "b'<?xml'\n"
    nothing = NO_PYGRAPHVIZ.format(path=str(without_pygraphviz), timeout=5)
    assert (
        "pip install pygraphviz` (now: the layout worker ended (exit code 3)"
        in python(nothing, path=without_pygraphviz).stdout
    )


@pytest.mark.skipif(shutil.which("dot") is None, reason="there is no dot program here")
def test_the_systems_dot_program_draws_the_same(python: Run, without_pygraphviz: Path) -> None:
    program = """
import json
from viz.layout.engine import engine
from viz.layout.layout import lay_out, lay_out_within, rank_dot
tables = '[label=<<TABLE><TR><TD PORT="value">x</TD></TR></TABLE>>, shape=plain]'
dot = f"digraph {{ rankdir=LR; a {tables}; b {tables}; a:value:e -> b:value:w }}"
print(lay_out(dot)[:5], lay_out_within(dot)[1])
placed = json.loads(lay_out(rank_dot(dot), "json", positioned=True))
print([thing["name"] for thing in placed["objects"]], engine._worker)
"""
    assert python(program, path=without_pygraphviz).stdout == "b'<?xml' dot\n['a', 'b'] None\n"

"""Surroundings that are against it: modules in the way, threads, closed files, the end of the program."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from pathlib import Path

import pytest

import viz.layout.engine
import viz.layout.layout
from autograd_lite import Constant, Value
from tests.viz.helpers import ROOT, Run
from viz import LayoutError, Picture, draw_dot, lay_out, tree
from viz.graphs.names import caller_names
from viz.layout.engine import Order

DRAW = """
from autograd_lite import Value
import viz
a, b = Value(2.0), Value(3.0)
c = a * b
print(viz.draw_dot(c).pipe("svg")[:5])
"""


@pytest.mark.parametrize("path", ["", "."])
def test_a_script_called_pygraphviz_is_not_run_by_the_worker(tmp_path: Path, path: str) -> None:
    (tmp_path / "pygraphviz.py").write_text(DRAW)
    done = subprocess.run(
        [sys.executable, "pygraphviz.py"],
        capture_output=True,
        text=True,
        timeout=30,
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, [path, str(ROOT)]))},
    )
    assert (done.stdout, done.stderr) == ("b'<?xml'\n", "")


def test_the_users_modules_do_not_stand_for_pythons_in_the_worker(python: Run, tmp_path: Path) -> None:
    (tmp_path / "shlex.py").write_text("raise SystemExit('a script of the user')")
    program = f"import sys; sys.path.insert(0, {str(tmp_path)!r})\n{DRAW}"
    assert python(program).stdout == "b'<?xml'\n"


def test_a_module_in_the_way_of_graphviz_is_named(python: Run, tmp_path: Path) -> None:
    (tmp_path / "graphviz.py").write_text("print('a plot of the user')")
    done = python(DRAW, path=tmp_path)
    assert done.returncode
    assert f"{tmp_path / 'graphviz.py'} is in the way of the graphviz package" in done.stderr


@pytest.mark.parametrize("drawn_before", [True, False])
def test_the_end_of_the_program_can_be_drawn(python: Run, drawn_before: bool) -> None:
    program = f"""
import atexit
@atexit.register
def early():
    print(viz.draw_dot(c).pipe()[:5])
{DRAW if drawn_before else DRAW.replace("print", "# print")}
@atexit.register
def late():
    print(viz.draw_dot(c).pipe()[:5])
"""
    done = python(program, "-X", "dev")
    assert (done.stdout, done.stderr) == ("b'<?xml'\n" * (2 + drawn_before), "")


def test_without_threads_it_still_draws(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(self: threading.Thread) -> None:
        raise RuntimeError("can't create new thread at interpreter shutdown")

    monkeypatch.setattr(threading.Thread, "start", refuse)
    assert lay_out("digraph { a -> b }").startswith(b"<?xml")


@pytest.mark.skipif(os.name != "posix", reason="closes file descriptors")
def test_standard_files_may_be_closed(python: Run, tmp_path: Path) -> None:
    program = f"import os\nfor fd in (0, 1, 2): os.close(fd)\n{DRAW}".replace("print(", "r = (")
    python(program + f"open({str(tmp_path / 'out')!r}, 'wb').write(r)")
    assert (tmp_path / "out").read_bytes() == b"<?xml"


@pytest.mark.parametrize("executable", ["", "/nonexistent/python"])
def test_without_an_interpreter_the_error_says_so(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, executable: str
) -> None:
    monkeypatch.setattr(sys, "executable", executable)
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(LayoutError, match="the layout worker cannot be started"):
        viz.layout.engine._Engine().draw(b"digraph { a }", Order("svg", "dot", 5.0, {}))


@pytest.mark.parametrize(("script", "words"), [("", "gave no svg"), (None, "cannot be run")])
def test_a_broken_dot_program_is_an_error(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, script: str | None, words: str
) -> None:
    program = tmp_path / "dot"
    program.write_bytes(b"\x7fELF" if script is None else f"#!{sys.executable}\nimport sys; sys.stdin.read()".encode())
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    engine = viz.layout.engine._Engine()
    monkeypatch.setattr(engine, "_ready", lambda: False)
    monkeypatch.setattr(viz.layout.layout, "engine", engine)
    with pytest.raises(LayoutError, match=words):
        lay_out("digraph { a }")


@pytest.mark.parametrize("timeout", [float("inf"), 1e300, 10**400])
def test_a_timeout_may_be_for_ever(timeout: float) -> None:
    assert lay_out("digraph { a -> b }", timeout=timeout).startswith(b"<?xml")


def test_a_scope_that_grows_under_the_hand_can_be_read() -> None:
    class Scope(dict[object, object]):
        def items(self):  # type: ignore[no-untyped-def]
            yield from list(super().items())

    scope = Scope({"a": Value(1.0), 1: "a key that is no name"})
    frame = type("Frame", (), {"f_locals": scope, "f_globals": scope})
    assert list(caller_names(None, frame).values()) == ["a"]  # type: ignore[arg-type]


def test_many_threads_draw_one_graph() -> None:
    y = a = Value(0.5, label="a")
    for i in range(5):
        y = (y * a + float(i)).tanh()
    y.backward()
    expected = draw_dot(y, names={}).source
    problems: list[object] = []

    def draw() -> None:
        try:
            for _ in range(3):
                assert draw_dot(y, names={}).source == expected
                draw_dot(y * 2.0).pipe()
        except BaseException as problem:
            problems.append(problem)

    threads = [threading.Thread(target=draw) for _ in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not problems


def test_json_of_every_role() -> None:
    """Graphviz 14 dies of a rounded table after a dashed one in a label, when it writes JSON."""
    w, x, k = Value(1.0, label="w"), Value(2.0, label="x"), Constant(3.0, label="k")
    y = w * x + k
    y.backward()
    assert draw_dot(y, params=[w]).pipe("json").startswith(b"{")


def test_roots_of_every_kind() -> None:
    a = Value(2.0, label="a")
    shared = a.exp()
    for root in (a, Constant(1.0), [shared * a, shared, a], [a, a]):
        assert draw_dot(root).pipe("svg").startswith(b"<?xml")
        assert len(str(tree(root)).splitlines()) > 1


def test_a_graph_of_which_a_part_has_gradients() -> None:
    a, b = Value(2.0, label="a"), Value(3.0, label="b")
    c = a * b
    c.backward()
    source = draw_dot(c + a, names={}).source
    assert source.count("grad not computed") == 1
    assert source.count("style=dashed") == 2


def test_an_outfile_does_not_overwrite_the_text(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="choose another outfile"):
        draw_dot(Value(1.0)).render(tmp_path / "o.svg", outfile=tmp_path / "o.svg")
    assert not list(tmp_path.iterdir())


def test_an_outfile_is_placed_and_checked_as_graphviz_does(tmp_path: Path) -> None:
    picture = Picture("g", directory=tmp_path / "d")
    picture.node("a")
    assert picture.render(outfile="o.svg") == str(tmp_path / "d" / "o.svg")
    assert sorted(p.name for p in (tmp_path / "d").iterdir()) == ["o.gv", "o.svg"]
    with pytest.warns(UserWarning, match="will hold png"):
        picture.render(outfile="o.svg", format="png")
    with pytest.raises(ValueError, match="unknown format ''"):
        picture.render(outfile="o")


def test_a_quiet_view_is_a_view(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    opened: list[str] = []
    monkeypatch.setattr("viz.pictures.rendering._open", opened.append)
    path = draw_dot(Value(1.0)).render(tmp_path / "o", quiet_view=True)
    assert opened == [path]

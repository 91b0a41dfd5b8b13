"""The layout worker: time limits, Ctrl-C, crashes, forks and the end of the program."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
import warnings
from pathlib import Path

import pytest

from tests.viz.helpers import ROOT, Run, heavy_dot
from tests.viz.layout.helpers import ends, fake_dot
from viz import LayoutError, LayoutTimeout, lay_out
from viz.layout.engine import engine
from viz.layout.layout import LayoutCrash

SMALL = "digraph { a -> b }"


def worker_pid() -> int:
    worker = engine._worker
    assert worker is not None
    return worker.process.pid


def test_the_worker_is_kept() -> None:
    lay_out(SMALL)
    pid = worker_pid()
    lay_out(SMALL)
    assert worker_pid() == pid


def test_the_time_limit_holds_and_the_message_says_what_to_do() -> None:
    lay_out(SMALL)
    pid = worker_pid()
    start = time.monotonic()
    with pytest.raises(LayoutTimeout, match=r"longer than 0\.3 s.*timeout=.*tree"):
        lay_out(heavy_dot(), timeout=0.3)
    assert 0.25 < time.monotonic() - start < 1.0
    assert ends(pid), "the worker is dead and nobody's zombie"
    assert issubclass(LayoutTimeout, TimeoutError)
    with warnings.catch_warnings():
        warnings.simplefilter("error")  # the caller was told; the next picture is an ordinary one
        assert lay_out(SMALL).startswith(b"<?xml")


@pytest.mark.parametrize("timeout", [0, -1, float("nan")])
def test_a_timeout_is_positive(timeout: float) -> None:
    with pytest.raises(ValueError, match="timeout"):
        lay_out(SMALL, timeout=timeout)


def test_an_unknown_format_does_not_reach_graphviz() -> None:
    with pytest.raises(ValueError, match="'bmp'; the formats are svg, png, pdf, json"):
        lay_out(SMALL, "bmp")


@pytest.mark.parametrize(
    "dot", ["digraph { a [label=<<b>x</i>>] }", "digraph { a -> ", "", "digraph { a:nowhere -> b }"]
)
def test_what_graphviz_only_prints_is_an_error(dot: str) -> None:
    dot = dot.replace("a:nowhere", "a [label=<<TABLE><TR><TD>x</TD></TR></TABLE>>]; a:nowhere")
    with pytest.raises(LayoutError):
        lay_out(dot)
    assert lay_out(SMALL), "the worker goes on"


def test_complaints_do_not_stick() -> None:
    with pytest.raises(LayoutError, match="mismatched"):
        lay_out("digraph { a [label=<<b>x</i>>] }")
    with pytest.raises(LayoutError) as raised:
        lay_out("digraph { a -> ")
    assert "mismatched" not in str(raised.value)


def test_an_idle_worker_that_was_killed_is_replaced_and_the_caller_told() -> None:
    lay_out(SMALL)
    os.kill(worker_pid(), signal.SIGKILL)
    time.sleep(0.1)
    with pytest.warns(RuntimeWarning, match=r"was killed \(signal 9\)"):
        assert lay_out(SMALL).startswith(b"<?xml")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        lay_out(SMALL)


def kill_at_work(times: int) -> threading.Thread:
    """Kill the next workers that have been at work for a moment."""

    def kill() -> None:
        last = 0
        for _ in range(times):
            deadline = time.monotonic() + 10
            while time.monotonic() < deadline:
                worker = engine._worker
                if worker is not None and worker.process.pid != last:
                    last = worker.process.pid
                    break
                time.sleep(0.005)
            time.sleep(0.2)
            os.kill(last, signal.SIGKILL)

    thread = threading.Thread(target=kill)
    thread.start()
    return thread


def test_a_worker_that_is_killed_at_work_is_replaced_and_the_picture_drawn() -> None:
    lay_out(SMALL)
    os.kill(worker_pid(), signal.SIGSTOP)  # it works for ever
    killer = kill_at_work(1)
    with pytest.warns(RuntimeWarning, match=r"was killed \(signal 9\) at work; a new one is started and tries again"):
        picture = lay_out("digraph { after }", timeout=20)
    killer.join()
    assert b"after" in picture
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        lay_out(SMALL)


def test_the_second_chance_has_only_the_time_that_is_left() -> None:
    lay_out(SMALL)
    killer = kill_at_work(1)
    start = time.monotonic()
    with pytest.warns(RuntimeWarning, match="tries again"), pytest.raises(LayoutTimeout, match="longer than 1 s"):
        lay_out(heavy_dot(), timeout=1)
    killer.join()
    assert time.monotonic() - start < 2


def test_a_worker_that_is_killed_twice_is_an_error() -> None:
    lay_out(SMALL)
    killer = kill_at_work(2)
    with (
        pytest.warns(RuntimeWarning, match="tries again"),
        pytest.raises(LayoutCrash, match=r"killed \(signal 9\) at work"),
    ):
        lay_out(heavy_dot(), timeout=20)
    killer.join()
    assert lay_out(SMALL).startswith(b"<?xml")


def test_large_input_and_output() -> None:
    dot = "digraph { " + " ".join(f'n{i} [tooltip="{"x" * 1000}"]' for i in range(1000)) + " }"
    assert len(lay_out(dot)) > 1_000_000


def test_threads_take_turns() -> None:
    results: dict[int, bytes] = {}

    def draw(i: int) -> None:
        results[i] = lay_out(f"digraph {{ only{i} }}")

    threads = [threading.Thread(target=draw, args=(i,)) for i in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert all(f"only{i}".encode() in results[i] for i in range(8))


CTRL_C = """
import os, sys
from tests.viz.helpers import heavy_dot
from viz.layout.engine import engine
from viz.layout.layout import lay_out, lay_out_within, rank_dot
{before}
print("begin", flush=True)
try:
    {work}
except KeyboardInterrupt:
    print("interrupted", engine._worker, flush=True)
    {after}
    print("drawn", flush=True)
"""
WORK = {
    "the worker lays out": "lay_out(heavy_dot(), timeout=30)",
    "our own ranks are rendered": "lay_out(placed, timeout=60, positioned=True)",
    "the ladder's first rung": "lay_out_within(heavy_dot(), timeout=30)",
    "the ladder's second rung": "lay_out_within(heavy_dot(), timeout=1.3)",
}


AT_ONCE = 0.7
"""Seconds: less than is left of any work when Ctrl-C comes, and more than a busy machine needs to answer."""


def interrupted(program: str, path: Path = ROOT, after: float = 0.5) -> float:
    """How long a program took to answer Ctrl-C, sent some time after it began to work."""
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(path), str(ROOT)])}
    with subprocess.Popen(
        [sys.executable, "-W", "error", "-c", program], stdout=subprocess.PIPE, text=True, env=environment
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "begin\n"
        time.sleep(after)
        start = time.monotonic()
        process.send_signal(signal.SIGINT)
        assert process.stdout.readline() == "interrupted None\n", "no worker is left over"
        took = time.monotonic() - start
        assert process.stdout.readline() == "drawn\n"
        assert process.wait() == 0
    return took


@pytest.mark.parametrize("work", WORK.values(), ids=list(WORK))
def test_ctrl_c_is_answered_at_once(work: str) -> None:
    again = 'lay_out("digraph { a }")'
    before = f"{again}\nplaced = rank_dot(heavy_dot())" if "placed" in work else again
    assert interrupted(CTRL_C.format(before=before, work=work, after=again)) < AT_ONCE


def test_ctrl_c_is_answered_while_the_worker_starts(without_pygraphviz: Path) -> None:
    (without_pygraphviz / "pygraphviz" / "__init__.py").write_text("import time\ntime.sleep(20)")
    program = CTRL_C.format(before="", work='lay_out("digraph { a }")', after="")
    assert interrupted(program, without_pygraphviz, 0.3) < AT_ONCE


def test_ctrl_c_is_answered_while_a_dot_program_runs(without_pygraphviz: Path) -> None:
    fake_dot(without_pygraphviz, "import time\ntime.sleep(20)")
    path = f"os.environ['PATH'] = {str(without_pygraphviz / 'bin')!r}"
    program = CTRL_C.format(before=path, work='lay_out("digraph { a }")', after="")
    assert interrupted(program, without_pygraphviz) < AT_ONCE


def test_ctrl_c_kills_the_worker() -> None:
    lay_out(SMALL)
    pid = worker_pid()
    threading.Timer(0.2, signal.raise_signal, (signal.SIGINT,)).start()
    with pytest.raises(KeyboardInterrupt):
        lay_out(heavy_dot(), timeout=20)
    assert ends(pid, 0.1)
    assert lay_out(SMALL).startswith(b"<?xml")


def test_ctrl_c_in_a_terminal_leaves_an_idle_worker_alone(python: Run) -> None:
    program = """
import os, signal, time, viz
viz.lay_out("digraph { a }")
signal.signal(signal.SIGINT, signal.SIG_IGN)
os.killpg(0, signal.SIGINT)
time.sleep(0.2)
print(viz.lay_out("digraph { a }")[:5])
"""
    assert python(program, start_new_session=True).stdout == "b'<?xml'\n"


def test_nothing_is_left_at_the_end_of_the_program(python: Run) -> None:
    done = python(
        "import viz\nfrom viz.layout.engine import engine\n"
        "viz.lay_out('digraph { a }')\nprint(engine._worker.process.pid)"
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert ends(int(done.stdout))


def test_the_worker_ends_when_its_parent_is_killed(python: Run) -> None:
    program = (
        "import os, signal, viz\nfrom viz.layout.engine import engine\nviz.lay_out('digraph { a }')\n"
        "print(engine._worker.process.pid, flush=True)\nos.kill(os.getpid(), signal.SIGKILL)"
    )
    assert ends(int(python(program).stdout))


def test_after_a_fork_each_process_has_its_own_worker(python: Run) -> None:
    program = """
import gc, os, sys
from viz.layout.engine import engine
from viz import lay_out
lay_out("digraph { a }")
mine = engine._worker.process.pid
child = os.fork()
svg = lay_out("digraph { who%d }" % (child == 0))
assert (b"who1" if child == 0 else b"who0") in svg
assert (engine._worker.process.pid == mine) == (child != 0)
gc.collect()
if child:
    assert os.waitpid(child, 0)[1] == 0
    assert lay_out("digraph { again }")
"""
    done = python(program)
    assert (done.returncode, done.stderr) == (0, "")


def test_the_callers_main_module_is_not_imported_again(python: Run, tmp_path: Path) -> None:
    (tmp_path / "script.py").write_text("import viz\nprint('once')\nviz.lay_out('digraph { a }')\n")
    done = python(f"import runpy; runpy.run_path({str(tmp_path / 'script.py')!r}, run_name='__main__')")
    assert done.stdout == "once\n", done.stderr


def test_modules_of_the_working_directory_do_not_disturb_the_worker(python: Run, tmp_path: Path) -> None:
    (tmp_path / "json.py").write_text("raise SystemExit('a script of the user')")
    done = python("import viz; print(viz.lay_out('digraph { a }')[:5])", "-P", cwd=tmp_path)
    assert done.stdout == "b'<?xml'\n", done.stderr

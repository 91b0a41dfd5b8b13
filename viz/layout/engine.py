"""Graphviz in a process of its own, which can be told to stop: a worker, or the system's `dot` program.

A worker is kept for the next picture; when its time is up, or on Ctrl-C, it is killed.
"""

from __future__ import annotations

import atexit
import contextlib
import json
import os
import shutil
import signal
import struct
import subprocess
import sys
import tempfile
import threading
import time
import warnings
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import IO, Any, cast

__all__ = ["LayoutCrash", "LayoutError", "LayoutTimeout", "Order", "engine", "timed_out"]

_START_SECONDS = 60.0  # a busy machine may be slow to start a program; that is not the graph's fault
_GOODBYE_SECONDS = 0.5
_LONGEST_TALK = 1e6  # systems wait no longer than some number of milliseconds
_TICK = 0.1  # on Windows Ctrl-C is heard between two waits only
_LENGTH = struct.Struct(">Q")
_WORKER = Path(__file__).with_name("_worker.py")
_SHARPNESS = {"png": {"dpi": "144"}}  # at Graphviz' own 96 text is blurred on today's screens


@dataclass(frozen=True, slots=True)
class Order:
    """What to do with a graph.

    Attributes
    ----------
    format : str
        One of Graphviz' formats.
    program : str
        Graphviz' layout: "dot", or "nop" if the nodes have places.
    seconds : float
        How long it may take.
    nodes : dict
        Attributes of nodes which the graph does not mention.
    """

    format: str
    program: str
    seconds: float
    nodes: Mapping[str, str]

    def request(self, seconds: float) -> bytes:
        """Return the worker's form of it, with another time limit."""
        return json.dumps(asdict(self) | {"graph": _SHARPNESS.get(self.format, {}), "seconds": seconds}).encode()

    def arguments(self) -> list[str]:
        """Return the arguments of the dot program."""
        graph = [f"-G{name}={value}" for name, value in _SHARPNESS.get(self.format, {}).items()]
        return [f"-K{self.program}", f"-T{self.format}", *graph, *(f"-N{k}={v}" for k, v in self.nodes.items())]


class LayoutError(RuntimeError):
    """Graphviz could not draw the graph, or there is no Graphviz."""


class LayoutTimeout(LayoutError, TimeoutError):
    """The layout took longer than it may."""


class LayoutCrash(LayoutError):
    """Graphviz died, twice."""


def timed_out(seconds: float) -> LayoutTimeout:
    """Return the error that says what to do."""
    return LayoutTimeout(
        f"the layout took longer than {seconds:g} s and was stopped; the graph is too large or too entangled for dot. "
        "Give it more time with timeout=..., draw a part of it (the graph of an earlier value), or print(viz.tree(v))"
    )


# --- the worker ----------------------------------------------------------------------------------------------------


class _Worker:
    """A running worker process, and the talk with it."""

    def __init__(self) -> None:
        self.complaints: IO[bytes] = tempfile.TemporaryFile()  # noqa: SIM115 - closed in close()
        try:
            self.process = subprocess.Popen(
                [sys.executable, "-P", "-W", "ignore", str(_WORKER)],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=self.complaints,
                bufsize=0,
                start_new_session=True,  # so that Ctrl-C in a terminal reaches us alone; on Windows the flag does that
                creationflags=getattr(subprocess, "CREATE_NEW_PROCESS_GROUP", 0),
            )
        except OSError:
            self.complaints.close()
            raise
        self._stdin, self._stdout = cast("IO[bytes]", self.process.stdin), cast("IO[bytes]", self.process.stdout)
        self._talk: threading.Thread | None = None

    def ask(self, frames: list[bytes], answers: int, seconds: float) -> list[bytes]:
        """Send frames and receive as many as are expected.

        A thread does it: on every system, a pipe may block it while this one watches the time and hears Ctrl-C. After
        an exception the worker must be closed.

        Raises
        ------
        TimeoutError
            If the time is up.
        EOFError
            If the worker has ended.
        """
        received: list[bytes] = []
        self._talk = _in_thread(lambda: self._exchange(frames, answers, received))
        _watch(self._talk, seconds)
        if len(received) < answers:
            raise EOFError
        return received

    def _exchange(self, frames: list[bytes], answers: int, received: list[bytes]) -> None:
        try:
            for frame in frames:
                _write(self._stdin, _LENGTH.pack(len(frame)) + frame)
            for _ in range(answers):
                (length,) = _LENGTH.unpack(_read(self._stdout, _LENGTH.size))
                received.append(_read(self._stdout, length))
        except (OSError, EOFError):
            return  # the worker has ended; that answers are missing tells it

    def close(self, kill: bool = True) -> int:
        """End the process, close the pipes, and return how it ended."""
        if kill:
            self.process.kill()
        else:
            self._stdin.close()  # which it takes as a goodbye
        try:
            self.process.wait(_GOODBYE_SECONDS)
        except subprocess.TimeoutExpired:
            self.process.kill()
        if self._talk is not None:
            self._talk.join()  # the pipes are broken, so it ends; to close them under it would not be safe
        self._stdin.close()
        self._stdout.close()
        self.complaints.close()
        return self.process.wait()

    def abandon(self) -> None:
        """After a fork, in the child: the process belongs to the parent."""
        self.process.returncode = 0  # else Python would warn of a process that nobody waits for
        self._stdin.close()
        self._stdout.close()
        self.complaints.close()

    def last_words(self) -> str:
        """Return the last line on the worker's standard error."""
        self.complaints.seek(0)
        text = self.complaints.read().decode(errors="replace").strip()
        return f": {text.splitlines()[-1]}" if text else ""


def _in_thread(work: Callable[[], object]) -> threading.Thread | None:
    """Do the work in a thread, so that this one hears Ctrl-C and watches the time.

    When Python is about to end it starts no more threads: the work is done at once, and the worker's own alarm is the
    limit.
    """
    thread = threading.Thread(target=work, daemon=True)
    try:
        thread.start()
    except RuntimeError:
        work()
        return None
    return thread


def _watch(thread: threading.Thread | None, seconds: float) -> None:
    """Wait for a thread's end, but no longer than some seconds."""
    deadline = time.monotonic() + seconds
    while thread is not None and thread.is_alive():
        left = deadline - time.monotonic()
        if left <= 0:
            raise TimeoutError
        thread.join(min(left, _TICK))


def _write(pipe: IO[bytes], data: bytes) -> None:
    left = memoryview(data)
    while left:
        left = left[pipe.write(left) :]


def _read(pipe: IO[bytes], length: int) -> bytes:
    data = bytearray()
    while len(data) < length:
        part = pipe.read(min(length - len(data), 1 << 20))
        if not part:
            raise EOFError
        data += part
    return bytes(data)


# --- the engine: a worker, or the dot program ----------------------------------------------------------------------


class _Engine:
    """Draws, with one worker that it keeps, one caller at a time."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._worker: _Worker | None = None
        self._no_pygraphviz = ""
        self._closing = False

    def draw(self, dot: bytes, order: Order) -> tuple[bytes, str]:
        """Return the picture and what Graphviz printed."""
        with self._lock:
            if not self._ready():
                return _draw_by_program(dot, order, self._no_pygraphviz)
            try:
                answer, picture = self._draw(dot, order)
            finally:
                if self._closing:  # the last words of a program
                    self.close()
        report: dict[str, Any] = json.loads(answer)
        if report["error"]:
            raise LayoutError(f"Graphviz could not draw the graph: {report['stderr'].strip() or report['error']}")
        return picture, report["stderr"]

    def _draw(self, dot: bytes, order: Order) -> list[bytes]:
        """Let the worker draw; if it dies, a second one."""
        start = time.monotonic()
        try:
            return self._ask([order.request(order.seconds), dot], order.seconds)
        except LayoutCrash as crash:
            warnings.warn(f"{crash}; a new one is started and tries again", RuntimeWarning, stacklevel=6)
        left = order.seconds - (time.monotonic() - start)
        if left <= 0:
            raise timed_out(order.seconds)
        if not self._ready():
            raise LayoutCrash(f"the layout worker died and no new one can be started: {self._no_pygraphviz}")
        try:
            return self._ask([order.request(left), dot], left)
        except LayoutTimeout:
            raise timed_out(order.seconds) from None

    def _ready(self) -> bool:
        """See to it that a worker runs; False if there is no pygraphviz."""
        if self._worker is not None and self._worker.process.poll() is not None:
            code = self._stop()
            warnings.warn(
                f"the layout worker {_ending(code)} since the last picture; a new one is started",
                RuntimeWarning,
                stacklevel=6,
            )
        if self._worker is None:
            self._no_pygraphviz = self._start()
        return self._worker is not None

    def _start(self) -> str:
        """Start a worker, or say why that cannot be."""
        try:
            self._worker = _Worker()
        except OSError as error:  # no interpreter where sys.executable says, no more processes, no temporary files
            return f"the layout worker cannot be started: {error}"
        greeting = json.dumps({"path": sys.path}).encode()
        try:
            answer, _ = self._ask([greeting], _START_SECONDS)
        except LayoutTimeout:
            return f"the layout worker did not start within {_START_SECONDS:g} s"
        except LayoutCrash as crash:  # a broken pygraphviz
            return str(crash)
        problem: str = json.loads(answer)["error"]
        if problem:
            self._stop()
        return problem

    def _ask(self, frames: list[bytes], seconds: float) -> list[bytes]:
        assert self._worker is not None
        try:
            return self._worker.ask(frames, 2, seconds)
        except TimeoutError:
            self._stop()
            raise timed_out(seconds) from None
        except EOFError:
            words = self._worker.last_words()
            raise LayoutCrash(f"the layout worker {_ending(self._stop())} at work{words}") from None
        except BaseException:  # Ctrl-C: what the worker says from now on answers a question that nobody asks
            self._stop()
            raise

    def _stop(self, kill: bool = True) -> int:
        assert self._worker is not None
        worker, self._worker = self._worker, None
        return worker.close(kill)

    def close(self) -> None:
        """End the worker, if there is one, and from now on after each picture."""
        self._closing = True
        if self._worker is not None:
            self._stop(kill=False)

    def forget(self) -> None:
        """Start anew in a forked child: the worker is the parent's, and the lock may be held by a thread it has."""
        self._lock = threading.Lock()
        if self._worker is not None:
            self._worker.abandon()
            self._worker = None


def _ending(code: int) -> str:
    return f"was killed (signal {-code})" if code < 0 else f"ended (exit code {code})"


def _draw_by_program(dot: bytes, order: Order, problem: str) -> tuple[bytes, str]:
    """Draw with a `dot` program of the system."""
    program = shutil.which("dot")
    if program is None:
        raise LayoutError(
            f"drawing needs Graphviz: install it with `pip install pygraphviz` (now: {problem}), "
            "or install the dot program from https://graphviz.org/download"
        )
    pipe = subprocess.PIPE
    try:
        process = subprocess.Popen(
            [program, *order.arguments()], stdin=pipe, stdout=pipe, stderr=pipe, start_new_session=True
        )
    except OSError as error:
        raise LayoutError(f"{program} cannot be run: {error}") from error
    said: list[tuple[bytes, bytes]] = []
    talk = _in_thread(lambda: _talk(process, dot, order.seconds, said))
    try:
        _watch(talk, order.seconds)
    except TimeoutError:
        raise timed_out(order.seconds) from None
    finally:
        _kill(process)
        if talk is not None:
            talk.join()
    if not said:
        raise timed_out(order.seconds)
    picture, complaints = said[0]
    text = complaints.decode(errors="replace")
    if process.returncode:
        raise LayoutError(f"dot {_ending(process.returncode)}: {text.strip()}")
    return picture, text


def _talk(process: subprocess.Popen[bytes], dot: bytes, seconds: float, said: list[tuple[bytes, bytes]]) -> None:
    """Add what the program says, if it ends in time."""
    with contextlib.suppress(subprocess.TimeoutExpired):
        said.append(process.communicate(dot, timeout=min(seconds, _LONGEST_TALK)))


def _kill(process: subprocess.Popen[bytes]) -> None:
    """End a program, and what it has started: the dot on the path may be a script that runs another one."""
    if process.poll() is not None:
        return
    if hasattr(os, "killpg"):
        with contextlib.suppress(ProcessLookupError):  # it has just ended by itself
            os.killpg(process.pid, signal.SIGKILL)
    else:
        process.kill()


engine = _Engine()
atexit.register(engine.close)
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=engine.forget)

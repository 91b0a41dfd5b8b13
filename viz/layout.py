"""Graphviz' `dot` in a process of its own, which can be told to stop.

Laying out can take for ever, and inside this process nothing could interrupt it. So a worker does it, kept for the
next picture; when its time is up, or on Ctrl-C, it is killed. Without the pygraphviz package a `dot` program serves.
"""

from __future__ import annotations

import atexit
import json
import os
import re
import shutil
import struct
import subprocess
import sys
import tempfile
import threading
import time
import warnings
from pathlib import Path
from typing import IO, Any, cast

__all__ = ["FILE_SECONDS", "FORMATS", "SCREEN_SECONDS", "LayoutError", "LayoutTimeout", "check_format", "lay_out"]

FORMATS = ("svg", "png", "pdf", "json")

SCREEN_SECONDS = 3.0
FILE_SECONDS = 10.0
"""How long a layout may take: someone waits for a picture on the screen, less so for a file."""

_START_SECONDS = 60.0  # a busy machine may be slow to start a program; that is not the graph's fault
_GOODBYE_SECONDS = 0.5
_LONGEST_SECONDS = 1e8  # three years; clocks count no further than some number
_TICK = 0.1  # on Windows Ctrl-C is heard between two waits only
_LENGTH = struct.Struct(">Q")
_WORKER = Path(__file__).with_name("_worker.py")
_HARMLESS = re.compile(
    r"Fontconfig |Pango-|\(process:|.*no (hard-coded metrics|value for width)|.*may take a long time"
)
_SHARPNESS = {"png": {"dpi": "144"}}  # at Graphviz' own 96 text is blurred on today's screens


class LayoutError(RuntimeError):
    """Graphviz could not draw the graph, or there is no Graphviz."""


class LayoutTimeout(LayoutError, TimeoutError):
    """The layout took longer than it may."""


def check_format(format: Any) -> str:
    """Return the format if it is one of those that are supported.

    Raises
    ------
    ValueError
        If it is not.

    Examples
    --------
    >>> check_format("SVG")
    'svg'
    """
    if not isinstance(format, str) or format.lower() not in FORMATS:
        raise ValueError(f"unknown format {format!r}; the formats are {', '.join(FORMATS)}")
    return format.lower()


def lay_out(dot: str, format: str = "svg", timeout: float = FILE_SECONDS) -> bytes:
    """Lay out and render a graph.

    Parameters
    ----------
    dot : str
        The graph in the DOT language.
    format : str
        One of `FORMATS`.
    timeout : float
        Seconds that this may take.

    Raises
    ------
    LayoutTimeout
        If it takes longer.
    LayoutError
        If Graphviz reports an error, dies, or is not installed.
    ValueError
        If the format is unknown.

    Examples
    --------
    >>> lay_out("digraph { a -> b }", "pdf")[:5]
    b'%PDF-'
    """
    format = check_format(format)
    if not timeout > 0:
        raise ValueError(f"timeout is {timeout!r}; it is a number of seconds greater than 0")
    picture, complaints = _engine.draw(dot.encode(), format, min(timeout, _LONGEST_SECONDS))
    _check(complaints, format)
    if not picture:
        raise LayoutError(f"Graphviz gave no {format}, and no reason")
    return picture


def _check(complaints: str, format: str) -> None:
    """Graphviz goes on after most errors, with part of the picture missing, and only prints a line."""
    lines = [line for line in complaints.splitlines() if line.strip() and not _HARMLESS.match(line)]
    smaller = [line for line in lines if "Scaling by" in line]  # the picture is whole, but not as large as it should be
    if smaller:
        warnings.warn(f"the {format} is too large and was made smaller; svg and pdf are not", stacklevel=4)
    lines = [line for line in lines if line not in smaller]
    if lines:
        raise LayoutError("Graphviz reports: " + "\n".join(lines))


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
        deadline = time.monotonic() + seconds
        received: list[bytes] = []
        talk = threading.Thread(target=self._exchange, args=(frames, answers, received), daemon=True)
        try:
            talk.start()
        except RuntimeError:  # Python is about to end: no more threads. Then the worker's own alarm is the limit
            self._exchange(frames, answers, received)
        else:
            self._talk = talk
            self._watch(talk, deadline)
        if len(received) < answers:
            raise EOFError
        return received

    @staticmethod
    def _watch(talk: threading.Thread, deadline: float) -> None:
        while talk.is_alive():
            left = deadline - time.monotonic()
            if left <= 0:
                raise TimeoutError
            talk.join(min(left, _TICK))

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

    def draw(self, dot: bytes, format: str, seconds: float) -> tuple[bytes, str]:
        """Return the picture and what Graphviz printed."""
        with self._lock:
            if not self._ready():
                return _draw_by_program(dot, format, seconds, self._no_pygraphviz)
            request = {"format": format, "attributes": _SHARPNESS.get(format, {}), "limit": seconds}
            answer, picture = self._ask([json.dumps(request).encode(), dot], seconds)
            if self._closing:  # the last words of a program
                self.close()
        report: dict[str, Any] = json.loads(answer)
        if report["error"]:
            raise LayoutError(f"Graphviz could not draw the graph: {report['stderr'].strip() or report['error']}")
        return picture, report["stderr"]

    def _ready(self) -> bool:
        """See to it that a worker runs; False if there is no pygraphviz."""
        if self._worker is not None and self._worker.process.poll() is not None:
            code = self._stop()
            warnings.warn(
                f"the layout worker {_ending(code)} since the last picture; a new one is started",
                RuntimeWarning,
                stacklevel=5,
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
        answer, _ = self._ask([greeting], _START_SECONDS)
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
            raise _timeout(seconds) from None
        except EOFError:
            words = self._worker.last_words()
            raise LayoutError(
                f"the layout worker {_ending(self._stop())} while it drew{words}; the next picture starts a new one"
            ) from None
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


def _timeout(seconds: float) -> LayoutTimeout:
    return LayoutTimeout(
        f"the layout took longer than {seconds:g} s and was stopped; the graph is too large or too entangled for dot. "
        "Give it more time with timeout=..., draw a part of it (the graph of an earlier value), or print(viz.tree(v))"
    )


def _draw_by_program(dot: bytes, format: str, seconds: float, problem: str) -> tuple[bytes, str]:
    """Draw with a `dot` program of the system."""
    program = shutil.which("dot")
    if program is None:
        raise LayoutError(
            f"drawing needs Graphviz: install it with `pip install pygraphviz` (now: {problem}), "
            "or install the dot program from https://graphviz.org/download"
        )
    attributes = [f"-G{name}={value}" for name, value in _SHARPNESS.get(format, {}).items()]
    command = [program, f"-T{format}", *attributes]
    pipe = subprocess.PIPE
    try:
        running = subprocess.Popen(command, stdin=pipe, stdout=pipe, stderr=pipe, start_new_session=True)
    except OSError as error:
        raise LayoutError(f"{program} cannot be run: {error}") from error
    with running as process:
        try:
            picture, complaints = process.communicate(dot, timeout=seconds)
        except subprocess.TimeoutExpired:
            raise _timeout(seconds) from None
        finally:
            process.kill()  # if it has not ended by itself
    text = complaints.decode(errors="replace")
    if process.returncode:
        raise LayoutError(f"dot {_ending(process.returncode)}: {text.strip()}")
    return picture, text


_engine = _Engine()
atexit.register(_engine.close)
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_engine.forget)

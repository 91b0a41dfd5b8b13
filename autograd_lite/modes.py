"""Modes of the current thread: recording off (`no_grad`), and the hunt for nan and inf (`detect_anomaly`)."""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from autograd_lite.text import FLOAT_NAMES, GENERATED

__all__ = ["AnomalyError", "detect_anomaly", "no_grad"]


class AnomalyError(FloatingPointError):
    """An operation made a nan or an infinity; raised only inside `detect_anomaly`."""


@dataclass(slots=True, eq=False)
class Mode:
    """What the current thread does with operations.

    `complex_numbers` lets only analytic operations pass. `lines` is the memory of `detect_anomaly`: for each node made
    inside it, the user's line; `origins` is that of `record_origins`. A task or thread that was started inside a mode
    inherits it; when the mode ends, it is no longer `alive` and the one `around` it holds.
    """

    recording: bool = True
    complex_numbers: bool = False
    lines: dict[Any, str] | None = None
    origins: Any = None
    around: Mode | None = None
    alive: bool = True


_ORDINARY = Mode()
_mode: ContextVar[Mode] = ContextVar("autograd_lite mode", default=_ORDINARY)
_lock = threading.Lock()

# How many modes are alive, in all threads. The fast methods look at one such number, and only where it is not 0 does
# anyone ask the context variable, which takes ten times as long. The complex step is nothing special to an analytic
# operation; those that are not look at the number of all modes.
FLOAT_NAMES["special"] = FLOAT_NAMES["any_mode"] = 0


def mode() -> Mode:
    """The mode of the current thread or task."""
    found = _mode.get()
    while not found.alive and found.around is not None:
        found = found.around
    return found


@contextmanager
def entered(**change: Any) -> Iterator[Mode]:
    """Change the current thread's mode for a while."""
    around = mode()
    inner = replace(around, around=around, **change)
    token = _mode.set(inner)
    _count(change, 1)
    try:
        yield inner
    finally:
        inner.alive = False
        _count(change, -1)
        _mode.reset(token)


def _count(change: dict[str, Any], by: int) -> None:
    with _lock:
        FLOAT_NAMES["any_mode"] += by
        FLOAT_NAMES["special"] += 0 if "complex_numbers" in change else by


@contextmanager
def recording() -> Iterator[None]:
    """Record, whatever is around: a derivative needs its graph even inside `no_grad`."""
    if not FLOAT_NAMES["special"] or mode().recording:
        yield
        return
    with entered(recording=True):
        yield


@contextmanager
def no_grad() -> Iterator[None]:
    """Compute without recording a graph, in the current thread; a context manager and a decorator.

    Results are leaves: nothing before them receives a gradient.

    Examples
    --------
    >>> from autograd_lite import Value, no_grad
    >>> x = Value(3.0)
    >>> with no_grad():
    ...     y = x * x
    >>> y.data, y.inputs
    (9.0, ())
    """
    with entered(recording=False):
        yield


@contextmanager
def detect_anomaly() -> Iterator[None]:
    """Stop at the first operation that makes a nan or an infinity, in the forward or in the backward pass.

    The `AnomalyError` names the operation, its inputs, and the line of your code that called it. Nodes remember
    their line only if they were made inside; run the forward pass inside too.

    Examples
    --------
    >>> from autograd_lite import Value, detect_anomaly
    >>> with detect_anomaly():
    ...     y = Value(0.0, label="x").log()
    Traceback (most recent call last):
    autograd_lite.modes.AnomalyError: log made -inf in the forward pass, from x = 0.0, at <doctest ...>:2
    """
    with entered(lines={}):
        yield


# --- tracing: what Python sees of a Value while a function is being traced (compiler/tracing/) ----------------------

tracers = 0
"""How many functions are being traced, in all threads. Recording does not ask; only what leaves the graph does."""

_tracer: ContextVar[Any] = ContextVar("autograd_lite tracer", default=None)


def tracer() -> Any:
    """The tracer of the current thread, or None; ask only where `tracers` is not 0."""
    return _tracer.get()


@contextmanager
def traced_by(tracer: Any) -> Iterator[None]:
    """Tell `tracer`, in the current thread, what leaves the graph."""
    global tracers
    token = _tracer.set(tracer)
    with _lock:
        tracers += 1
    try:
        yield
    finally:
        with _lock:
            tracers -= 1
        _tracer.reset(token)


def unrecorded(node: Any) -> Any:
    """While tracing, what stands for an operation that is not to be recorded; else None."""
    watching = _tracer.get() if tracers else None
    return None if watching is None else watching.unrecorded(node)


def compared(op: str, left: Any, right: Any, outcome: Any) -> Any:
    """How two numbers compare; while tracing as an answer that knows its question."""
    watching = _tracer.get()
    return outcome if watching is None else watching.compared(op, left, right, outcome)


def asked(op: str, left: Any, right: Any, outcome: Any) -> Any:
    """Tell the tracer that Python asked about a number; the answer."""
    watching = _tracer.get()
    return outcome if watching is None else watching.asked(op, left, right, outcome)


def left_graph(what: str, value: Any) -> None:
    """Tell the tracer that a bare number was read."""
    watching = _tracer.get()
    if watching is not None:
        watching.noted(what, value)


def adopted(leaf: Any, data: Any, label: str) -> bool:
    """Whether the tracer made `leaf` a node: as ``Value(x)`` of a number x that the traced function was given."""
    watching = _tracer.get()
    return watching is not None and watching.adopt(leaf, data, label)


def positions(x: Any) -> Any:
    """`x` as a Value, if it was given as ints to the function that is being traced in this thread; else None."""
    watching = _tracer.get() if tracers else None
    return None if watching is None else watching.positions(x)


class NotAnalyticError(TypeError):
    """An operation has no meaning on complex numbers; raised only during the complex step."""


@contextmanager
def complex_numbers() -> Iterator[None]:
    """For the complex step of the checks: refuse operations that are not analytic."""
    with entered(complex_numbers=True, lines=None, origins=None):
        yield


NOT_THE_USERS = (*(os.path.dirname(file) + os.sep for file in (__file__, np.__file__)), GENERATED)


def users_line() -> str:
    """File and line of the innermost frame that is neither ours nor NumPy's."""
    frame = sys._getframe(1)
    while frame.f_back and frame.f_code.co_filename.startswith(NOT_THE_USERS):
        frame = frame.f_back
    return f"{frame.f_code.co_filename}:{frame.f_lineno}"


def describe(data: Any, limit: int = 4) -> str:
    """A number or a small array in a few characters, a large one by its shape and its odd elements."""
    if not isinstance(data, np.ndarray):
        return repr(data)
    if data.size <= limit:
        return repr(data.tolist())
    odd = data.size - int(np.isfinite(data).sum())
    return f"array of shape {data.shape}" + (f" with {odd} of {data.size} elements nan or inf" if odd else "")


def odd_number(data: Any) -> str:
    """'nan', 'inf' or '-inf' if the data holds one, else ''."""
    array = np.asarray(data)
    odd = array[~np.isfinite(array)]
    return str(float(odd.flat[0].real)) if odd.size else ""


def check_forward(lines: dict[Any, str], node: Any) -> None:
    """Remember the line that made `node`, and raise if it is the first to hold a nan or an infinity."""
    lines[node] = users_line()
    odd = odd_number(node._data)
    if odd and not any(odd_number(getattr(x, "_data", x)) for x in node.inputs):
        raise AnomalyError(f"{node.op.name} made {odd} in the forward pass, from {_inputs(node)}, at {lines[node]}")


def check_backward(lines: dict[Any, str], node: Any, g: Any, received: Any) -> None:
    """Raise if `node` turned a sound gradient `g` into a nan or an infinity for one of its inputs."""
    odd = odd_number(received)
    if odd and not odd_number(g):
        line = lines.get(node, "a line that was not recorded (run the forward pass inside detect_anomaly too)")
        raise AnomalyError(
            f"{node.op.name} made {odd} in the backward pass, from the gradient {describe(g)} and {_inputs(node)}, "
            f"at {line}"
        )


def _inputs(node: Any) -> str:
    return ", ".join(f"{x.label or 'input'} = {describe(x._data)}" for x in node.inputs)

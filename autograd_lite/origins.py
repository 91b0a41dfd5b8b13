"""Where nodes come from: the user's line, and the modules that were being called."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any, NamedTuple
from weakref import WeakSet

from autograd_lite import modes
from autograd_lite.text import FLOAT_NAMES

__all__ = ["Call", "Origin", "Origins", "all_origins", "calling", "is_recording", "origin_of", "record_origins"]


@dataclass(frozen=True, slots=True, eq=False)
class Call:
    """One call of a module, with its arguments; no call equals another."""

    module: Any
    args: tuple[Any, ...]
    options: dict[str, Any]


class Origin(NamedTuple):
    """Where a node was made.

    Attributes
    ----------
    line : str
        The user's file and line, as ``/home/ada/train.py:12``.
    calls : tuple of Call
        The calls of modules that were under way, the outermost first.
    """

    line: str
    calls: tuple[Call, ...]

    @property
    def modules(self) -> tuple[Any, ...]:
        """The modules that were being called, the outermost first."""
        return tuple(call.module for call in self.calls)


class Origins:
    """The memory of one `record_origins`: it keeps the nodes that were made inside alive as long as it is alive.

    Attributes
    ----------
    calls : list of tuple of Call
        Every call of a module, as it began, after those that were under way around it.
    """

    def __init__(self) -> None:
        self._of: dict[Any, Origin] = {}
        self.calls: list[tuple[Call, ...]] = []

    def __len__(self) -> int:
        return len(self._of)

    def note(self, node: Any) -> None:
        """Remember where `node` was made: here."""
        self._of[node] = Origin(modes.users_line(), _calls.get())

    def of(self, node: Any) -> Origin | None:
        """Where a node was made; None if it was made elsewhere."""
        return self._of.get(node)


_calls: ContextVar[tuple[Call, ...]] = ContextVar("autograd_lite module calls", default=())
_alive: WeakSet[Origins] = WeakSet()
_latest: list[Origins] = []
_lock = threading.Lock()  # a set that another thread adds to cannot be listed


@contextmanager
def record_origins() -> Iterator[Origins]:
    """Remember for every node made inside which line of your code made it, and in which module.

    Pictures show both. What was recorded is kept as long as the context's variable is, as ``origins`` in
    ``with record_origins() as origins:``; that of the latest context is kept in any case, until the next one begins.
    A scalar operation takes about twenty times as long inside.

    Examples
    --------
    >>> from autograd_lite import nn, origin_of, record_origins
    >>> model = nn.Sequential(nn.Linear(2, 1, seed=0))
    >>> with record_origins():
    ...     y = model([[1.0, 2.0]])
    >>> origin_of(y).modules == (model, model[0])
    True
    """
    origins = Origins()
    with _lock:
        _alive.add(origins)
    _latest[:] = [origins]
    with modes.entered(origins=origins):
        yield origins


def origin_of(node: Any) -> Origin | None:
    """Return where a node was made; None if `record_origins` did not see it, or has been forgotten."""
    return next((found for found in (origins.of(node) for origins in all_origins()) if found), None)


def all_origins() -> list[Origins]:
    """All that is recorded and not yet forgotten."""
    with _lock:
        alive = list(_alive)
    return [origins for origins in alive if len(origins)]


@contextmanager
def calling(module: Any, args: tuple[Any, ...], options: dict[str, Any]) -> Iterator[None]:
    """Note, while origins are being recorded, that a module is being called."""
    calls = (*_calls.get(), Call(module, args, options))
    modes.mode().origins.calls.append(calls)
    token = _calls.set(calls)
    try:
        yield
    finally:
        _calls.reset(token)


def is_recording() -> bool:
    """Whether origins are being recorded in this thread; asked at every call of a module, so the fast answer first."""
    return bool(FLOAT_NAMES["special"]) and modes.mode().origins is not None

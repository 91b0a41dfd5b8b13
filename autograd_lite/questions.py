"""What Python asks of a Value: how its number compares, whether it is true, which position it means.

The answer is about the number, outside the graph. Whoever traces a function (see modes.py) is told of the question, for
with other numbers the answer may be another.
"""

from __future__ import annotations

import sys
from typing import Any, NoReturn

from autograd_lite import modes


class Questions:
    """A base of `Value`."""

    __slots__ = ()

    _data: Any

    def __bool__(self) -> bool:
        outcome = bool(self._data)
        return modes.asked("!=", self, 0.0, outcome) if modes.tracers else outcome

    def __lt__(self, other: Any) -> Any:
        outcome = self._data < _data(other)
        return modes.asked("<", self, other, outcome) if modes.tracers else outcome

    def __le__(self, other: Any) -> Any:
        outcome = self._data <= _data(other)
        return modes.asked("<=", self, other, outcome) if modes.tracers else outcome

    def __gt__(self, other: Any) -> Any:
        outcome = self._data > _data(other)
        return modes.asked(">", self, other, outcome) if modes.tracers else outcome

    def __ge__(self, other: Any) -> Any:
        outcome = self._data >= _data(other)
        return modes.asked(">=", self, other, outcome) if modes.tracers else outcome

    def __eq__(self, other: object) -> Any:
        """Whether they are one node; but where a traced function compares a number that it was given, the numbers."""
        if modes.tracers and (watching := modes.tracer()) is not None:
            return watching.equal(self, other)
        return True if self is other else NotImplemented

    __hash__ = object.__hash__  # the quickest; `hash_by_number` takes its place while a function is traced

    def __index__(self) -> int:
        if modes.tracers and (watching := modes.tracer()) is not None:
            return watching.index(self)  # type: ignore[no-any-return]
        self._leave("a Value as an index, or operator.index(v),")

    def _leave(self, what: str) -> NoReturn:
        raise TypeError(
            f"{what} would silently leave the graph and lose the gradient: "
            "use v.data (or v.item()) for the bare number, and v.exp(), autograd_lite.exp(v) or np.exp(v) for functions"
        )


def hash_by_number(v: Questions) -> int:
    """A hash for a traced function: for a number that it was given the number's, else that of the node."""
    watching = modes.tracer()
    return object.__hash__(v) if watching is None else watching.hash(v, sys._getframe(1).f_code.co_filename)


def _data(x: Any) -> Any:
    return x._data if isinstance(x, Questions) else x

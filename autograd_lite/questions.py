"""What Python asks of a Value: how its number compares, whether it is true, which position it means.

The answer is about the number, outside the graph. Whoever traces a function (see modes.py) is told of the question, for
with other numbers the answer may be another.
"""

from __future__ import annotations

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
        return modes.compared("<", self, other, outcome) if modes.tracers else outcome

    def __le__(self, other: Any) -> Any:
        outcome = self._data <= _data(other)
        return modes.compared("<=", self, other, outcome) if modes.tracers else outcome

    def __gt__(self, other: Any) -> Any:
        outcome = self._data > _data(other)
        return modes.compared(">", self, other, outcome) if modes.tracers else outcome

    def __ge__(self, other: Any) -> Any:
        outcome = self._data >= _data(other)
        return modes.compared(">=", self, other, outcome) if modes.tracers else outcome

    def __eq__(self, other: object) -> Any:
        """Whether they are one node; but where a traced function compares a number that it was given, the numbers."""
        if modes.tracers and (watching := modes.tracer()) is not None:
            return watching.equal(self, other)
        return True if self is other else NotImplemented

    def __ne__(self, other: object) -> Any:
        """The opposite: of arrays that a traced function was given, element by element."""
        if modes.tracers and (watching := modes.tracer()) is not None:
            equal = watching.equal(self, other)
            return equal if equal is NotImplemented else ~equal if equal is not True else False
        return False if self is other else NotImplemented

    __hash__ = object.__hash__

    def __index__(self) -> int:
        if modes.tracers and (watching := modes.tracer()) is not None:
            return watching.index(self)  # type: ignore[no-any-return]
        self._leave("a Value as an index, or operator.index(v),")

    def _leave(self, what: str) -> NoReturn:
        raise TypeError(
            f"{what} would silently leave the graph and lose the gradient: "
            "use v.data (or v.item()) for the bare number, and v.exp(), autograd_lite.exp(v) or np.exp(v) for functions"
        )


def _data(x: Any) -> Any:
    return x._data if isinstance(x, Questions) else x

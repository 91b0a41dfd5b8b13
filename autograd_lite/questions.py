"""What Python asks of a Value: how its number compares, whether it is true, which position it means.

And what it expects of ints and of arrays, while a Value stands for one in a function that is traced.

The answer is about the number, outside the graph. Whoever traces a function (see modes.py) is told of the question, for
with other numbers the answer may be another.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any, NoReturn

from autograd_lite import modes


def _of_ints(name: str, turned: bool = False) -> Callable[[Any, Any], Any]:
    """An operator that ints have and other Values have not."""

    def operated(self: Any, other: Any) -> Any:
        if modes.tracers and (watching := modes.tracer()) is not None:
            return watching.of_ints(name, *((other, self) if turned else (self, other)))
        return NotImplemented

    return operated


class _OfArrays:
    """A method of arrays, for a Value that stands for one in a traced function; other Values have no such attribute."""

    def __set_name__(self, owner: type, name: str) -> None:
        self.name = name

    def __get__(self, v: Any, kind: type) -> Any:
        if v is not None and modes.tracers and (watching := modes.tracer()) is not None:
            return watching.method(v, self.name)
        raise AttributeError(f"{kind.__name__!r} object has no attribute {self.name!r}", name=self.name, obj=v)


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

    __hash__ = object.__hash__  # the quickest; `hash_by_number` takes its place while a function is traced

    def __index__(self) -> int:
        if modes.tracers and (watching := modes.tracer()) is not None:
            return watching.index(self)  # type: ignore[no-any-return]
        self._leave("a Value as an index, or operator.index(v),")

    __mod__, __rmod__ = _of_ints("mod"), _of_ints("mod", True)
    __floordiv__, __rfloordiv__ = _of_ints("floordiv"), _of_ints("floordiv", True)
    __divmod__, __rdivmod__ = _of_ints("divmod"), _of_ints("divmod", True)
    __and__, __rand__ = _of_ints("and_"), _of_ints("and_", True)
    __or__, __ror__ = _of_ints("or_"), _of_ints("or_", True)
    __xor__, __rxor__ = _of_ints("xor"), _of_ints("xor", True)
    __lshift__, __rlshift__ = _of_ints("lshift"), _of_ints("lshift", True)
    __rshift__, __rrshift__ = _of_ints("rshift"), _of_ints("rshift", True)

    def __invert__(self) -> Any:
        if modes.tracers and (watching := modes.tracer()) is not None:
            return watching.inverted(self)
        raise TypeError(f"bad operand type for unary ~: {type(self).__name__!r}")

    def __int__(self) -> int:
        if modes.tracers and (watching := modes.tracer()) is not None and watching.is_whole(self):
            return watching.index(self)  # type: ignore[no-any-return]
        self._leave("int(v)")

    def __float__(self) -> float:
        if modes.tracers and (watching := modes.tracer()) is not None and watching.is_whole(self):
            return float(watching.index(self))
        self._leave("float(v), or a function of the math module,")

    def __round__(self, digits: int | None = None) -> Any:
        if modes.tracers and (watching := modes.tracer()) is not None and watching.is_whole(self):
            return self
        self._leave("round(v)")

    copy, tolist, astype, flatten, flat, argmax, argmin, argsort, any, all, nonzero, swapaxes = (
        _OfArrays() for _ in range(12)
    )

    def _leave(self, what: str) -> NoReturn:
        if modes.tracers and (watching := modes.tracer()) is not None and watching.is_given(self):
            raise TypeError(
                f"{what} of {self!r}: while a function is traced the numbers of its arguments are not known; use "
                "operations on Values, as v.exp(), autograd_lite.sqrt(v) or autograd_lite.where, hand in the result as "
                "an argument, or an int where an int is meant"
            )
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

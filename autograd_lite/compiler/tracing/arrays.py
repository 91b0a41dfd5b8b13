"""What a traced function does with its arguments as if they were the arrays and the ints that they stand for."""

from __future__ import annotations

import operator
from typing import Any

import numpy as np

from autograd_lite import modes
from autograd_lite.elementary import FLOOR_DIVIDE
from autograd_lite.numbers import number
from autograd_lite.recording import apply
from autograd_lite.value import Value

SYMBOLS = {
    "mod": "%", "floordiv": "//", "divmod": "divmod", "and_": "&", "or_": "|", "xor": "^", "lshift": "<<",
    "rshift": ">>",
}  # fmt: skip


_OF_BOOLS = {"and_", "or_", "xor"}


def of_ints(tracer: Any, name: str, left: Any, right: Any) -> Any:
    """An operator of ints: division is part of the graph, what looks at bits is told the ints, which is a guard.

    Raises
    ------
    TypeError
        If they are no ints.
    """
    if name in _OF_BOOLS:
        masks = [tracer.mask(x) for x in (left, right)]
        if any(mask is not x for mask, x in zip(masks, (left, right), strict=True)):
            return getattr(operator, name)(*masks)
    for x in (left, right):
        if isinstance(x, Value) and not tracer.is_whole(x):
            raise TypeError(
                f"{SYMBOLS[name]} of {x!r}: while a function is traced only numbers that were given as ints have it; "
                "there is no such operation on Values: hand in the result as an argument"
            )
        if not isinstance(x, (Value, int, np.integer, np.ndarray)):
            return NotImplemented
    if name not in ("mod", "floordiv", "divmod"):
        if any(np.ndim(x) for x in (left, right)):
            raise TypeError(
                f"{SYMBOLS[name]} of an array of ints: while a function is traced the numbers of its arguments are not "
                "known: hand in the result as an argument; of bools write (m != 0) & (n != 0)"
            )
        return getattr(operator, name)(*(operator.index(x) for x in (left, right)))
    if not np.all(right._data if isinstance(right, Value) else right):
        raise ZeroDivisionError(f"{SYMBOLS[name]} by zero")
    if isinstance(right, Value):
        tracer.asked("!=", right, 0.0, np.not_equal(right._data, 0.0))
    left, right = (x if isinstance(x, Value) else number(x) for x in (left, right))
    quotient = apply(FLOOR_DIVIDE, (left, right))
    if name == "floordiv":
        return quotient
    rest = left - right * quotient
    return rest if name == "mod" else (quotient, rest)


def inverted(tracer: Any, v: Value) -> Any:
    """``~v``: the other bools, or for ints ``-1 - v``.

    Raises
    ------
    TypeError
        If they are neither.
    """
    mask = tracer.mask(v)
    if mask is not v:
        return ~mask
    if tracer.is_whole(v):
        return -1.0 - v
    raise TypeError(
        f"~ of {v!r}: while a function is traced only what was given as ints or bools has it; of a condition write "
        "~(v > 0), of numbers 1 - v"
    )


class Stand:
    """The methods of arrays that Values have not.

    Parameters
    ----------
    tracer : Tracer
        Who is told what is asked.
    v : Value
        What stands for an array.
    """

    def __init__(self, tracer: Any, v: Value) -> None:
        self.tracer, self.v = tracer, v

    def copy(self, *_: Any, **__: Any) -> Value:
        """The same: nobody writes to it."""
        return self.v

    def tolist(self) -> Any:
        """Its elements in nested lists."""
        v = self._as_numbers()
        return split(v).tolist() if v.shape else v

    def flatten(self) -> Any:
        """All elements in one row."""
        return self.v.ravel()

    @property
    def flat(self) -> Any:
        """The elements one after the other."""
        return iter(self.v.ravel())

    def swapaxes(self, one: int, two: int) -> Any:
        """Two axes in each other's place."""
        axes = list(range(self.v.ndim))
        axes[one], axes[two] = axes[two], axes[one]
        return self.v.transpose(tuple(axes))

    def astype(self, dtype: Any, *_: Any, **__: Any) -> Any:
        """Floats as they are, and ints that are ints."""
        kind = np.dtype(dtype).kind
        if kind == "b":
            return self._is_true()
        if kind == "f" or (kind in "iu" and self.tracer.is_whole(self.v)):
            return self._as_numbers()
        raise TypeError(
            f"astype({dtype!r}) of {self.v!r}: while a function is traced its numbers are not known, and nothing "
            "rounds them; hand in the ints as an argument"
        )

    def argmax(self, axis: int | None = None, **kwargs: Any) -> Any:
        """Where the greatest is; that it is there is a guard."""
        return self._place("max", ">=", np.argmax, axis, kwargs)

    def argmin(self, axis: int | None = None, **kwargs: Any) -> Any:
        """Where the least is; that it is there is a guard."""
        return self._place("min", "<=", np.argmin, axis, kwargs)

    def _place(self, best: str, op: str, place: Any, axis: int | None, kwargs: dict[str, Any]) -> Any:
        top = getattr(self.v, best)(axis=axis, keepdims=True)
        self.tracer.asked(op, self.v, top, np.asarray(self.v._data == top._data))
        if np.isnan(top._data).any():  # it is the place of the first nan, which compares with nothing
            self.tracer.asked("!=", self.v, self.v, np.isnan(self.v._data))
        found = place(self.v._data, axis=axis, **kwargs)
        return found if np.ndim(found) else int(found)

    def argsort(self, axis: int | None = -1, **kwargs: Any) -> Any:
        """Positions in order; that they are in this order is a guard."""
        v, axis = (self.v.ravel(), 0) if axis is None else (self.v, axis % self.v.ndim)
        found = np.argsort(v._data, axis=axis, **kwargs)
        ordered = along_axis(v, found, axis)
        one, next_one = (ordered[(slice(None),) * axis + (part,)] for part in (slice(None, -1), slice(1, None)))
        for op, compare in (("<", np.less), ("<=", np.less_equal)):
            self.tracer.asked(op, one, next_one, compare(one._data, next_one._data))
        return found

    def sorted(self, axis: int | None = -1, **kwargs: Any) -> Any:
        """In order; that it is this order is a guard."""
        found = self.argsort(axis, **kwargs)
        return self.v.ravel()[found] if axis is None else along_axis(self.v, found, axis % self.v.ndim)

    def any(self, *args: Any, **kwargs: Any) -> Any:
        """Whether one is not 0."""
        return self._is_true().any(*args, **kwargs)

    def all(self, *args: Any, **kwargs: Any) -> Any:
        """Whether none is 0."""
        return self._is_true().all(*args, **kwargs)

    def nonzero(self) -> Any:
        """Where it is not 0, a guard."""
        return self._is_true().nonzero()

    def _as_numbers(self) -> Value:
        """Itself, but bools are 1 and 0, and no mask any more."""
        return self.v if self.tracer.mask(self.v) is self.v else self.v * 1.0

    def count_nonzero(self, *args: Any, **kwargs: Any) -> Any:
        """How many are not 0; that it is these is a guard."""
        return np.count_nonzero(self._is_true(), *args, **kwargs)

    def _is_true(self) -> Any:
        return modes.compared("!=", self.v, 0.0, np.not_equal(self.v._data, 0.0))


def along_axis(v: Value, places: Any, axis: int) -> Value:
    """The elements at positions along an axis, as `np.take_along_axis`."""
    index = list(np.indices(places.shape, sparse=True))
    index[axis] = places
    return v[tuple(index)]


def split(v: Value) -> Any:
    """The elements of an array Value, as an array of scalar Values."""
    cells = np.empty(v.shape, dtype=object)
    for place in np.ndindex(v.shape):
        cells[place] = v[place] if place else v
    return cells


def cells(is_given: bool, v: Value, dtype: Any) -> Any:
    """What NumPy gets where it asks for an array.

    Raises
    ------
    TypeError
        If it wants floats, or the Value is no argument.
    """
    if is_given and dtype is None:
        return split(v)
    if is_given:
        raise TypeError(
            f"an array of {np.dtype(dtype)} of {v.label or 'an argument'}: while a function is traced its numbers are "
            "not known; write np.asarray(x) without a dtype, or leave it out, for an array argument is one already"
        )
    raise TypeError(
        "np.asarray(v) or np.array([v, ...]) would leave the graph and lose the gradient: use "
        "autograd_lite.stack([v, ...]) to join Values, np.array([v], dtype=object) for an array of them"
    )

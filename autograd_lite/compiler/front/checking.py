"""A program against the function that it stands for: its first runs on new numbers are compared with the scalar run."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

import numpy as np

from autograd_lite import modes
from autograd_lite.backward import cotangents
from autograd_lite.graph import walk
from autograd_lite.value import Value

__all__ = ["Run", "VectorizeError", "as_it_is", "compare", "difference", "runs_as_it_is", "scalar_run"]

TOLERANCE = 1e-10
"""How far a program may be from the scalar run, relative to the gradient's scale: sums are added in another order."""

TOLERANCE_FLOAT32 = 1e-4
"""The same where the function computes in float32, or less; the program computes in float64."""

ROUNDING = 1e-13
"""What rounding makes of the largest number on the way: a difference below is none."""

Notes = Mapping[tuple[str, str], int]


class VectorizeError(RuntimeError):
    """A program does not compute what its function computes: a number was burnt in while the function was traced."""


class Run:
    """One run of a function as it is.

    Attributes
    ----------
    value : float
        What came out.
    gradients : list
        Its gradient for each of the Values asked for.
    largest, steepest : float
        The largest number and the largest gradient on the way: what rounding is relative to.
    tolerance : float
        By the dtype in which it computed.
    """

    def __init__(self, y: Any, values: Sequence[Value]) -> None:
        self.value = float(y._data if isinstance(y, Value) else y)
        self.gradients: list[Any] = [np.zeros(x.shape) for x in values]
        self.largest, self.steepest, self.tolerance = _size(self.value), 0.0, TOLERANCE
        if type(y) is not Value:
            return
        _, inner, _ = walk(y)
        found = cotangents(y, [*inner, *values], 1.0)
        self.gradients = found[len(inner) :]
        self.largest = max(map(_size, [y._data, *(x._data for x in inner)]))
        self.steepest = max(map(_size, found), default=0.0)
        if any(x._data.dtype.itemsize < 8 for x in (*inner, *values) if x.shape):
            self.tolerance = TOLERANCE_FLOAT32


_as_it_is: ContextVar[bool] = ContextVar("autograd_lite vectorised functions run as they are", default=False)


def runs_as_it_is() -> bool:
    """Whether vectorised functions are to run as they are in this thread: what is compared is the function alone."""
    return _as_it_is.get()


@contextmanager
def as_it_is() -> Iterator[None]:
    """Run vectorised functions as they are, and record."""
    token = _as_it_is.set(True)
    try:
        with modes.recording():
            yield
    finally:
        _as_it_is.reset(token)


def scalar_run(f: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any], values: Sequence[Value]) -> Run:
    """Run `f` as it is, with its gradient for `values`; nobody's ``grad`` is touched."""
    with as_it_is():
        return Run(f(*args, **kwargs), values)


def compare(name: str, run: Run, value: float, gradients: Sequence[Any], values: Sequence[Value], notes: Notes) -> None:
    """Refuse a program whose value or gradient is not the scalar run's.

    Parameters
    ----------
    name : str
        The function's.
    run : Run
        The scalar run.
    value, gradients
        The program's.
    values : sequence of Value
        To which the gradients belong.
    notes : mapping
        What was noted while tracing.

    Raises
    ------
    VectorizeError
        With what differs, both numbers, and what may be the cause.
    """
    allowed = max(run.tolerance * _size(run.value), ROUNDING * run.largest)
    if _differ(run.value, value, allowed):
        raise VectorizeError(difference(name, "value", run.value, value, notes))
    scale = max(map(_size, run.gradients), default=0.0)
    allowed = max(run.tolerance * scale, ROUNDING * run.steepest * max(run.largest, 1.0))
    sums: dict[Value, Any] = {}  # a Value that is a parameter twice, as two arguments, has one gradient
    for x, g in zip(values, gradients, strict=True):
        sums[x] = sums[x] + g if x in sums else g
    below = _below([x for x in values if x.op is not None])
    for i, (x, expected) in enumerate(zip(values, run.gradients, strict=True)):
        got = sums[x]
        if x in below:  # the function's gradient counts what reaches it by way of an argument, the program's does not
            continue
        if _differ(expected, got, allowed):
            distance = np.where(np.isfinite(expected), np.abs(np.asarray(expected) - got), 0.0)
            place = np.unravel_index(np.argmax(distance), distance.shape) if distance.shape else ()
            where = f"[{', '.join(map(str, place))}]" if place else ""
            what = f"gradient of {x.label or f'parameter {i}'}{where}"
            numbers = [float(np.asarray(x)[place]) for x in (expected, got)]
            raise VectorizeError(difference(name, what, numbers[0], numbers[1], notes))


def _below(computed: Sequence[Value]) -> set[Value]:
    """What arguments that are computed depend on."""
    found: set[Value] = set()
    for x in computed:
        leaves, inner, _ = walk(x)
        found.update(leaves, inner[:-1])
    return found


def _size(x: Any) -> float:
    """The largest finite number in x, without its sign."""
    if type(x) is float:
        return abs(x) if x - x == 0 else 0.0
    array = np.abs(x)
    return float(np.max(array, where=np.isfinite(array), initial=0.0))


def _differ(expected: Any, got: Any, allowed: float) -> bool:
    """Whether they do; where the function overflows, or computes 0 * inf, the program may have the finite number."""
    is_spared = ~np.isfinite(expected) & np.isfinite(got)
    return not np.all(np.isclose(got, expected, rtol=0, atol=allowed, equal_nan=True) | is_spared)


def difference(name: str, what: str, expected: float, got: float, notes: Notes) -> str:
    """What to tell of two numbers that are not equal."""
    if math.isfinite(expected) and not math.isfinite(got):
        return (
            f"{name}: the {what} is {expected!r} by {name} itself and {got!r} by its program, which adds and "
            "multiplies in another order, and there the numbers on the way become too large. Scale them."
        )
    if notes:
        causes = "; ".join(f"{kind} {place}" + (f" ({n} times)" if n > 1 else "") for (kind, place), n in notes.items())
        why = f"While {name} was traced these left the graph, and their numbers are burnt in: {causes}."
    else:
        why = (
            f"A number was burnt in while {name} was traced: something that changes from call to call and is neither "
            "an argument nor a Value, as random numbers, a counter, or the clock."
        )
    return (
        f"{name}: the program made when it was traced does not compute what {name} computes. The {what} "
        f"is {expected!r} by {name} itself and {got!r} by the program. {why} Hand in as an argument what changes, and "
        "keep to operations on Values (autograd_lite.maximum, where, max) instead of reading numbers."
    )

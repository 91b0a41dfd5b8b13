"""The node that a program's run is: its inputs are the parameters, its derivatives what the program computed."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from autograd_lite.backward import cotangents
from autograd_lite.compiler.front.checking import as_it_is
from autograd_lite.operation import EverySlot, Operation
from autograd_lite.recording import finished, node_of
from autograd_lite.text import FLOAT_NAMES
from autograd_lite.value import Value, settled

_SIGNATURE = inspect.Signature([inspect.Parameter("values", inspect.Parameter.VAR_POSITIONAL)])


def program_node(
    f: Callable[..., Any], value: float, values: tuple[Value, ...], gradients: list[Any], are_scalars: bool, call: Any
) -> Value:
    """The node of a run.

    Parameters
    ----------
    f : callable
        The function.
    value, gradients
        What the program computed: a number, and for each of `values` a float or an array.
    values : tuple of Value
        The parameters.
    are_scalars : bool
        All of them are.
    call : tuple
        The arguments, positional and by name.
    """
    if are_scalars:
        row = _row(f, _Rule(f, call, value, values, None))
        node = node_of(row, value, None, values, gradients, None)
    else:
        row = _row(f, _Rule(f, call, value, values, gradients))
        node = node_of(row, value, None, values, tuple([settled(x) for x in values]), {})
    return finished(node) if FLOAT_NAMES["special"] else node


def _row(f: Callable[..., Any], rule: _Rule) -> Operation:
    """A row of its own for each run, outside the table: its rule knows the run."""
    return Operation(
        "vectorized", getattr(f, "__name__", "f"), "A vectorised function.", _SIGNATURE, ("values",), rule.refuse,
        EverySlot(rule), variadic=True,
    )  # fmt: skip


class _Rule:
    """What each parameter receives of a run's gradient."""

    __slots__ = ("again", "call", "f", "gradients", "value", "values")

    def __init__(
        self, f: Callable[..., Any], call: Any, value: float, values: Sequence[Value], gradients: list[Any] | None
    ) -> None:
        self.f, self.call, self.value, self.values, self.gradients = f, call, value, values, gradients
        self.again: tuple[Any, list[Any]] | None = None

    def __call__(self, slot: int, g: Any, y: Any, *values: Any) -> Any:
        if not isinstance(g, Value):
            assert self.gradients is not None
            return g * self.gradients[slot]
        if self.again is None or self.again[0] is not g:
            self.again = g, self._differentiated(g)
        return self.again[1][slot]

    def _differentiated(self, g: Value) -> list[Any]:
        """The gradients as Values, to be differentiated again: those of the function itself, run once more."""
        args, kwargs = self.call
        with as_it_is():
            y = self.f(*args, **kwargs)
            if not np.isclose(y._data, self.value, rtol=1e-8, atol=1e-12, equal_nan=True):
                raise ValueError(
                    f"{self.f.__name__} gave {self.value!r} and gives {y._data!r} now: a gradient that is itself "
                    "differentiated needs the numbers of the forward pass; change data and arguments afterwards"
                )
            each = list(dict.fromkeys(self.values))
            found = dict(zip(each, cotangents(y, each, g), strict=True))
        return [found.pop(x, 0.0 * x) for x in self.values]  # a Value that is a parameter twice receives all at once

    def refuse(self, *values: Any) -> Any:
        """A run is not repeated on other numbers by its node."""
        raise TypeError(f"the node of a run of {self.f.__name__} holds its result; call the function on other numbers")

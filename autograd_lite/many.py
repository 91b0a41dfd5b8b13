"""Many scalars, one node: the sum, the dot product and the greatest of lists of Values and numbers."""

from __future__ import annotations

import builtins
from collections.abc import Iterable
from operator import countOf, mul
from typing import Any

import numpy as np

from autograd_lite import products  # noqa: F401  (it fills the table)
from autograd_lite.operation import TABLE, Operation
from autograd_lite.recording import apply, finished, many_node, node_of, refuse_complex
from autograd_lite.text import FLOAT_NAMES
from autograd_lite.value import Value

SUM_MANY, DOT_MANY, MAX_MANY = TABLE["sum_many"], TABLE["dot_many"], TABLE["max_many"]

Looked = tuple[tuple[Any, ...], list[Any], bool | None]
"""A list that was looked at: its elements, the numbers that they hold, and whether they are all variables.

True if they are, False if there is none, None if there are some.
"""

_NUMBERS = (Value, float, int, np.floating, np.integer, np.bool_)


class NotScalars(Exception):
    """A list holds something else than numbers and scalar Values."""


def looked_at(elements: Iterable[Any]) -> Looked:
    """Look at a list of numbers and Values, which may still be arrays; `NotScalars` for anything else."""
    inputs = tuple(elements)
    numbers = [x._data for x in inputs if type(x) is Value]
    if numbers and len(numbers) == len(inputs):  # every neuron comes here
        return inputs, numbers, True
    if countOf(map(type, inputs), float) == len(inputs):
        return inputs, list(inputs), False
    if all(issubclass(kind, _NUMBERS) for kind in set(map(type, inputs))):
        return inputs, [x._data if isinstance(x, Value) else float(x) for x in inputs], None
    raise NotScalars


def _refuse_arrays(numbers: list[Any]) -> None:
    if not set(map(type, numbers)) <= {float, np.complex128}:  # complex: the complex step of the checks
        raise NotScalars


def dot(left: Looked, right: Looked) -> Any:
    """The dot product as one node, or as a number if there is no variable."""
    a, ours, all_ours = left
    b, theirs, all_theirs = right
    try:
        y = builtins.sum(map(mul, ours, theirs))
    except ValueError:  # arrays of unequal shapes
        raise NotScalars from None
    if type(y) is not float or len(a) != len(b):
        _refuse_arrays(ours + theirs)
        if len(a) != len(b):
            raise ValueError(f"dot of {len(a)} values with {len(b)}: the lengths must be equal")
    if all_ours and all_theirs:
        node = node_of(DOT_MANY, y, None, a + b, theirs + ours, None)
    elif all_ours and all_theirs is False:
        node = node_of(DOT_MANY, y, None, a, theirs, a + b)
    elif all_theirs and all_ours is False:
        node = node_of(DOT_MANY, y, None, b, ours, a + b)
    else:
        return _node(DOT_MANY, y, (a + b, [], None), theirs + ours)
    return finished(node) if FLOAT_NAMES["special"] else node


def sum(values: Looked) -> Any:
    """The sum as one node."""
    _, numbers, _ = values
    _refuse_arrays(numbers)
    return _node(SUM_MANY, builtins.sum(numbers), values, [1.0] * len(numbers))


def max(values: Looked) -> Any:
    """The greatest as one node; equal ones share the gradient."""
    _, numbers, _ = values
    _refuse_arrays(numbers)
    refuse_complex(MAX_MANY)
    top = float(MAX_MANY.forward(*numbers))
    chosen = [x == top for x in numbers]
    return _node(MAX_MANY, top, values, [c / (builtins.sum(chosen) or 1) for c in chosen])


def _node(row: Operation, y: float, values: Looked, derivatives: list[float]) -> Any:
    inputs, _, varies = values
    if varies:
        node = node_of(row, y, None, inputs, derivatives, None)
    elif varies is False or Value not in set(map(type, inputs)):
        return apply(row, inputs)
    else:
        node = many_node(row, y, inputs, derivatives)
    return finished(node) if FLOAT_NAMES["special"] else node

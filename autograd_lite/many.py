"""Many scalars, one node: the sum, the dot product and the greatest of lists of Values and numbers."""

from __future__ import annotations

import builtins
from collections.abc import Callable, Iterable
from operator import countOf, mul
from typing import Any

import numpy as np
from numpy.typing import NDArray

from autograd_lite import products  # noqa: F401  (it fills the table)
from autograd_lite.operation import TABLE, Operation
from autograd_lite.recording import apply, finished, many_node, node_of
from autograd_lite.text import FLOAT_NAMES
from autograd_lite.value import Value

SUM_MANY, DOT_MANY, MAX_MANY = TABLE["sum_many"], TABLE["dot_many"], TABLE["max_many"]

Looked = tuple[tuple[Any, ...], list[Any], bool | None]
"""A list that was looked at: its elements, the numbers that they hold, and whether they are all variables.

True if they are, False if there is none, None if there are some.
"""

_NUMBERS = (Value, float, int, np.floating, np.integer, np.bool_)


def looked_at(elements: Iterable[Any]) -> Looked | None:
    """Look at a list; None if there is anything in it but Values, which may be arrays, and numbers."""
    inputs = tuple(elements)
    numbers = [x._data for x in inputs if type(x) is Value]
    if numbers and len(numbers) == len(inputs):  # every neuron comes here
        return inputs, numbers, True
    if countOf(map(type, inputs), float) == len(inputs):
        return inputs, list(inputs), False
    if all(issubclass(kind, _NUMBERS) for kind in set(map(type, inputs))):
        return inputs, [x._data if isinstance(x, Value) else float(x) for x in inputs], None
    return None


def _are_scalars(numbers: list[Any]) -> bool:
    """Whether there is no array among them; the complex step of the checks makes numbers of NumPy's."""
    return set(map(type, numbers)) <= {float, np.complex128}


def dot(left: Looked, right: Looked) -> Any:
    """The dot product as one node, or as a number if there is no variable; None if there is an array."""
    a, ours, all_ours = left
    b, theirs, all_theirs = right
    try:
        y = builtins.sum(map(mul, ours, theirs))
    except ValueError:  # of arrays
        return None
    if type(y) is not float or len(a) != len(b):
        if not (_are_scalars(ours) and _are_scalars(theirs)):
            return None
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


def dots(rows: NDArray[Any], columns: NDArray[Any], general: Callable[[Any, Any], Any], outer: bool = False) -> Any:
    """The dot products of the lists in two arrays, pair by pair or each with each; `general` takes what holds arrays.

    Each list is looked at once: a layer's inputs for all its neurons, a neuron's weights for all examples.
    """
    lists = rows.ravel().tolist(), columns.ravel().tolist()
    left, right = (list(map(looked_at, some)) for some in lists)

    def product(i: int, j: int) -> Any:
        a, b = left[i], right[j]
        found = None if a is None or b is None else dot(a, b)
        return general(lists[0][i], lists[1][j]) if found is None else found

    i, j = (np.arange(some.size).reshape(some.shape) for some in (rows, columns))
    each = np.frompyfunc(product, 2, 1)
    return each.outer(i, j) if outer else each(i, j)


def sum(values: Looked) -> Any:
    """The sum as one node; None if there is an array."""
    _, numbers, _ = values
    if not _are_scalars(numbers):
        return None
    return _node(SUM_MANY, builtins.sum(numbers), values, [1.0] * len(numbers))


def max(values: Looked) -> Any:
    """The greatest as one node; None if there is an array."""
    _, numbers, _ = values
    if not _are_scalars(numbers):
        return None
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

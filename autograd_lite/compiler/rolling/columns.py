"""The columns of a graph in normal form: every node a sum of products or one elementary function, by numbers.

A sum is ``c0 + sum_k c_k * a_k * b_k``; everything else is one operation of the table on one to three operands, or the
greatest of many, or the one of many that an input selects. Operands are numbers ("ids"). The parameters, the
constants, the inputs and the results of operations on arrays are *sources*: each id of theirs is a place in one. The
nodes that are to be rolled get their places later, when their class gets its array (`layout`).
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from autograd_lite.operation import TABLE, Operation
from autograd_lite.value import Value

__all__ = ["CONSTANTS", "MAX", "NONE", "SELECT", "SUM", "THETA", "ArrayNode", "Scalars", "different", "ranked"]

Ids = NDArray[np.int64]

THETA, CONSTANTS = 0, 1
"""The sources that every graph has: the scalar parameters, and the numbers of the program."""

SUM, MAX, SELECT = (TABLE[name] for name in ("sum_many", "max_many", "take"))
"""The nodes with any number of operands: sums of products, the greatest of them, the one that an input selects."""

NONE = -1
"""The second operand of a term that is no product."""


def different(numbers: Ids, bound: int) -> Ids:
    """The different ones of some numbers 0 <= i < bound, in order: by marks, unless they are few in a wide range."""
    if bound > _WIDE * numbers.size:
        return np.unique(numbers)
    return np.flatnonzero(_marks(numbers, bound))


def ranked(numbers: Ids, bound: int) -> tuple[Ids, Ids]:
    """The same, and for each number which of them it is."""
    if bound > _WIDE * numbers.size:
        return np.unique(numbers, return_inverse=True)
    marks = _marks(numbers, bound)
    return np.flatnonzero(marks), (np.cumsum(marks) - 1)[numbers]


_WIDE = 16
"""How many marks for each number are quicker than sorting."""


def _marks(numbers: Ids, bound: int) -> NDArray[np.bool_]:
    marks = np.zeros(bound, bool)
    marks[numbers] = True
    return marks


@dataclass(slots=True)
class ArrayNode:
    """An operation on arrays: it is kept as it is, and its result is a source."""

    node: Value
    inputs: list[Any]  # ids of scalars, arrays of ids, or numbers
    source: int
    level: int
    selections: dict[str, Any] = field(default_factory=dict)  # the ids of those parameters that are nodes themselves


@dataclass(slots=True)
class Scalars:
    """The columns.

    Attributes
    ----------
    level, source, place : list of int
        For each id how many nodes are below it, its source (-1 while it has none) and its place there.
    sizes : list of tuple of int
        The shape of each source.
    numbers : list of float
        The constants.
    parameters : list of Value
        The scalar parameters, at places of their own in `THETA`.
    ids, rows, operands : list
        The nodes to be rolled, with their operation and the ids of its operands; a sum has none here.
    starts, constants, coefficients, left, right : list
        The terms of the sums: for sum number k those from starts[k] on. And the candidates of `MAX` and `SELECT`, the
        latter with their numbers for coefficients.
    arrays : list of ArrayNode
        What stays an operation on arrays.
    leaves : dict
        The source of each array leaf.
    constant_ids : dict
        The id of each constant.
    """

    level: list[int] = field(default_factory=list)
    source: list[int] = field(default_factory=list)
    place: list[int] = field(default_factory=list)
    sizes: list[tuple[int, ...]] = field(default_factory=lambda: [(), ()])
    numbers: list[float] = field(default_factory=list)
    parameters: list[Value] = field(default_factory=list)
    ids: list[int] = field(default_factory=list)
    rows: list[Operation] = field(default_factory=list)
    operands: list[tuple[int, ...]] = field(default_factory=list)
    starts: list[int] = field(default_factory=list)
    constants: list[float] = field(default_factory=list)
    coefficients: list[float] = field(default_factory=list)
    left: list[int] = field(default_factory=list)
    right: list[int] = field(default_factory=list)
    arrays: list[ArrayNode] = field(default_factory=list)
    leaves: dict[Value, int] = field(default_factory=dict)
    constant_ids: dict[Any, int] = field(default_factory=dict)
    count: int = 0
    root: Any = None
    guards: list[tuple[Any, Any]] = field(default_factory=list)

    def new_id(self, level: int, source: int = -1, place: int = 0) -> int:
        """Allot an id."""
        self.level.append(level)
        self.source.append(source)
        self.place.append(place)
        return len(self.level) - 1

    def constant(self, number: float) -> int:
        """The id of a number of the program, equal for equal numbers."""
        key = number if number else repr(number)  # 0.0 and -0.0 are equal, and are not the same
        found = self.constant_ids.get(key)
        if found is None:
            found = self.constant_ids[key] = self.new_id(0, CONSTANTS, len(self.numbers))
            self.numbers.append(number)
        return found

    def constants_of(self, data: Any) -> Any:
        """The id of a number, or those of an array of numbers."""
        if type(data) is float:
            return self.constant(data)
        ids = [self.constant(x) for x in data.ravel().tolist()]
        return np.array(ids, dtype=np.int64).reshape(data.shape)

    @staticmethod
    def has_terms(row: Operation) -> bool:
        """Whether nodes of the operation have any number of operands, which stand among the terms."""
        return row in (SUM, MAX, SELECT)

    def new_source(self, shape: tuple[int, ...], level: int) -> Ids:
        """Allot a source, and an id to each of its places."""
        size, first = math.prod(shape), len(self.level)
        self.level.extend([level] * size)
        self.source.extend([len(self.sizes)] * size)
        self.place.extend(range(size))
        self.sizes.append(shape)
        return np.arange(first, first + size).reshape(shape)

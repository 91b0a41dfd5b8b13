"""What cannot be rolled: level by level, all nodes of one operation at once, by gathers.

All numbers stand in one vector: the leaves, then level after level, and in a level operation after operation. A step
reads its operands at index arrays and writes a slice. Backward, the steps run in reverse and add to the gradients of
what they read. No structure is needed for it, only that levels are wide.
"""

from __future__ import annotations

import inspect
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from autograd_lite import functions as ag
from autograd_lite.compiler.rolling.columns import CONSTANTS, MAX, NONE, SELECT, Scalars
from autograd_lite.operation import Operation
from autograd_lite.recording import array_node, kept_numbers
from autograd_lite.value import Value

__all__ = ["Levels", "levels_of"]

Floats = NDArray[np.float64]
Ids = NDArray[np.int64]


@dataclass(slots=True)
class Scatter:
    """Add numbers at places that may repeat: put in order once, then summed by segments."""

    places: Ids
    order: Ids | None
    starts: Ids | None

    @classmethod
    def at(cls, places: Ids) -> Scatter:
        """Prepare for the places."""
        different = np.unique(places)
        if len(different) == len(places):
            return cls(places, None, None)
        order = np.argsort(places, kind="stable")
        return cls(different, order, np.flatnonzero(np.diff(places[order], prepend=-1)))

    def add(self, to: Floats, numbers: Floats) -> None:
        """Add the numbers, in place."""
        if self.order is not None and self.starts is not None:
            numbers = np.add.reduceat(numbers[self.order], self.starts)
        to[self.places] += numbers


class Elementary:
    """One operation of the table on arrays of operands."""

    def __init__(self, out: slice, row: Operation, operands: Ids) -> None:
        self.out, self.row, self.operands = out, row, list(operands.T)
        self.scatters = [Scatter.at(places) for places in operands.T]

    def forward(self, v: Floats) -> None:
        """Compute the step."""
        v[self.out] = self.row.forward(*(v[places] for places in self.operands))

    def backward(self, v: Floats, g: Floats) -> None:
        """Send the gradient on."""
        inputs = [v[places] for places in self.operands]
        for slope, scatter in zip(self.row.partial_functions, self.scatters, strict=True):
            scatter.add(g, g[self.out] * slope(v[self.out], *inputs))


@dataclass(slots=True)
class Terms:
    """The operands of n nodes with any number of them, one after the other: those of node k from starts[k] on."""

    starts: Ids
    counts: Ids
    left: Ids


class Sums:
    """Sums of products."""

    def __init__(self, out: slice, terms: Terms, right: Ids, coefficients: Floats, constants: Floats) -> None:
        self.out, self.terms, self.right = out, terms, right
        self.coefficients, self.constants = coefficients, constants
        self.to_left, self.to_right = Scatter.at(terms.left), Scatter.at(right)

    def forward(self, v: Floats) -> None:
        """Compute the step."""
        products = self.coefficients * v[self.terms.left] * v[self.right]
        v[self.out] = np.add.reduceat(products, self.terms.starts) + self.constants

    def backward(self, v: Floats, g: Floats) -> None:
        """Send the gradient on."""
        scaled = np.repeat(g[self.out], self.terms.counts) * self.coefficients
        self.to_left.add(g, scaled * v[self.right])
        self.to_right.add(g, scaled * v[self.terms.left])


class Greatest:
    """The greatest of many; equal ones share the gradient."""

    def __init__(self, out: slice, terms: Terms) -> None:
        self.out, self.terms = out, terms
        self.scatter = Scatter.at(terms.left)

    def forward(self, v: Floats) -> None:
        """Compute the step."""
        v[self.out] = np.maximum.reduceat(v[self.terms.left], self.terms.starts)

    def backward(self, v: Floats, g: Floats) -> None:
        """Send the gradient on."""
        counts, starts = self.terms.counts, self.terms.starts
        chosen = (v[self.terms.left] == np.repeat(v[self.out], counts)).astype(float)
        share = g[self.out] / np.add.reduceat(chosen, starts)
        self.scatter.add(g, chosen * np.repeat(share, counts))


class Selected:
    """One of many, which an input selects."""

    def __init__(self, out: slice, terms: Terms, which: Ids) -> None:
        self.out, self.terms, self.which = out, terms, which

    def _places(self, v: Floats) -> Ids:
        which = v[self.which].astype(np.int64)
        if (which >= self.terms.counts).any() or (which < -self.terms.counts).any():
            raise IndexError(f"a position among {which.tolist()} is out of bounds")
        return self.terms.left[self.terms.starts + which % self.terms.counts]

    def forward(self, v: Floats) -> None:
        """Compute the step."""
        v[self.out] = v[self._places(v)]

    def backward(self, v: Floats, g: Floats) -> None:
        """Send the gradient on."""
        Scatter.at(self._places(v)).add(g, g[self.out])


class Levels:
    """A graph in normal form as steps on one vector.

    Attributes
    ----------
    place : ndarray of int
        Where each id stands.
    steps : list
        What is computed, in order.
    """

    def __init__(self, columns: Scalars) -> None:
        self.columns = columns
        level = np.array(columns.level, np.int64)
        ids = np.array(columns.ids, np.int64)
        source = np.array(columns.source, np.int64)
        by_source = np.lexsort((np.array(columns.place), source))
        codes: dict[Operation, int] = {}
        code = np.array([codes.setdefault(row, len(codes)) for row in columns.rows], np.int64)
        self.place = np.full(len(level), -1)
        self.leaves = by_source[source[by_source] >= 0]
        self.one = len(self.leaves)  # the place of the number 1, the second factor of what is no product
        self.place[self.leaves] = np.arange(self.one)
        order = np.lexsort((code, level[ids]))
        self.place[ids[order]] = self.one + 1 + np.arange(len(ids))
        self.size = self.one + 1 + len(ids)
        key = level[ids] * (len(codes) + 1) + code
        bounds = np.flatnonzero(np.diff(key[order], prepend=-1)).tolist()
        self._term_numbers()
        rows = list(codes)
        self.steps = [
            self._step(rows[int(code[order[a]])], order[a:b], self.one + 1 + a)
            for a, b in zip(bounds, [*bounds[1:], len(ids)], strict=True)
        ]

    @staticmethod
    def count(columns: Scalars) -> int:
        """How many steps there would be."""
        level = columns.level
        return len({(level[i], row) for i, row in zip(columns.ids, columns.rows, strict=True)})

    def _term_numbers(self) -> None:
        """Which of the sums (in the order of the columns) each node is."""
        is_sum = np.array([self.columns.has_terms(row) for row in self.columns.rows], bool)
        self.number = np.where(is_sum, np.cumsum(is_sum) - 1, -1)
        self.ends = np.array([*self.columns.starts[1:], len(self.columns.left)], np.int64)
        self.starts = np.array(self.columns.starts, np.int64)
        self.left, self.right = (np.array(side, np.int64) for side in (self.columns.left, self.columns.right))
        self.coefficients, self.constants = np.array(self.columns.coefficients), np.array(self.columns.constants)

    def _step(self, row: Operation, nodes: Ids, start: int) -> Any:
        out = slice(start, start + len(nodes))
        if not self.columns.has_terms(row):
            return Elementary(out, row, self.place[np.array([self.columns.operands[k] for k in nodes.tolist()])])
        numbers = self.number[nodes]
        counts = self.ends[numbers] - self.starts[numbers]
        starts = np.cumsum(counts) - counts
        terms = np.repeat(self.starts[numbers] - starts, counts) + np.arange(counts.sum())
        found = Terms(starts, counts, self.place[self.left[terms]])
        if row is MAX:
            return Greatest(out, found)
        if row is SELECT:
            which = np.array([self.columns.operands[k][0] for k in nodes.tolist()], np.int64)
            return Selected(out, found, self.place[which])
        right = self.right[terms]
        right = np.where(right == NONE, self.one, self.place[right])
        return Sums(out, found, right, self.coefficients[terms], self.constants[numbers])

    # --- as an operation ---

    def forward(self, leaves: Floats) -> Floats:
        """All numbers, from those of the leaves."""
        v = np.empty(self.size)
        v[: self.one], v[self.one] = leaves, 1.0
        for step in self.steps:
            step.forward(v)
        return v

    def vjp(self, g: Any, y: Floats, leaves: Floats) -> Floats:
        """The gradient of the leaves."""
        if isinstance(g, Value):
            raise TypeError("a program by levels cannot be differentiated twice: differentiate the function itself")
        gradient: Floats = g.copy()
        for step in reversed(self.steps):
            step.backward(y, gradient)
        return gradient[: self.one]

    def operation(self) -> Operation:
        """The row of these steps: from the leaves' numbers to everyone's."""
        parameter = inspect.Parameter("leaves", inspect.Parameter.POSITIONAL_OR_KEYWORD)
        return Operation(
            name="by_levels",
            symbol="levels",
            doc="A graph without structure, level by level.",
            signature=inspect.Signature([parameter]),
            inputs=("leaves",),
            forward=self.forward,
            vjps=(self.vjp,),
            analytic=False,
            domain=((-3.0, 3.0),),
        )

    def node(self, arrays: dict[int, Any]) -> Value:
        """All numbers as one Value, from the arrays of the sources."""
        numbers = np.unique(np.array(self.columns.source)[self.leaves]).tolist()
        constants = np.array(self.columns.numbers)
        parts = [constants if k == CONSTANTS else arrays[k].reshape(-1) for k in numbers]
        leaves: Any = ag.concatenate(parts) if len(parts) > 1 else parts[0]
        row = self.operation()
        return array_node(row, (leaves,), kept_numbers(row, (leaves,)))


def levels_of(function: Any) -> Levels | None:
    """The levels whose forward or backward pass a function is, if it is one."""
    owner = getattr(function, "__self__", None)
    return owner if isinstance(owner, Levels) else None

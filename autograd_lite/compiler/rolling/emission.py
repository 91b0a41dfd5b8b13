"""Emission: one class, one array. The operands are read along the axes of the class and put through its operation."""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from autograd_lite import functions as ag
from autograd_lite.compiler.rolling.columns import MAX, SELECT, SUM, THETA
from autograd_lite.compiler.rolling.plan import Plan, Terms
from autograd_lite.compiler.rolling.sources import Operand, Sources
from autograd_lite.compiler.rolling.views import read, without_constant_axes
from autograd_lite.compiler.tracing.tracing import Guard
from autograd_lite.operation import TABLE
from autograd_lite.recording import apply
from autograd_lite.value import Value

__all__ = ["Emission", "LayerNames", "added"]

Places = NDArray[np.int64]

DIV, EXP, SUM_OF_ARRAY = TABLE["div"], TABLE["exp"], TABLE["sum"]


class Emission:
    """Computes the array of a class, and enters it among the sources."""

    def __init__(self, sources: Sources, plan: Plan, names: LayerNames) -> None:
        self.sources, self.plan, self.names = sources, plan, names
        self.selections: dict[Value, dict[str, Value]] = {}  # of the array's nodes
        self.guards: list[Guard] = []  # what has to be so for them to hold
        self.grid = plan.grid
        self.ndim = len(self.grid.shape)

    def run(self) -> Value:
        """Compute it."""
        value = self._value()
        if np.shape(value) != self.grid.shape:
            value = ag.broadcast_to(value, shape=self.grid.shape)
        source = self.sources[self.plan.source]
        source.value, source.holes, source.zero_in_holes = value, self.grid.holes(), self._is_zero_in_holes()
        self._name(value)
        return value  # type: ignore[no-any-return]

    def _name(self, value: Value) -> None:
        """Z for what weights make of an array, A for its activation, with the layer's number."""
        read = self.plan.everything()
        if self.plan.c.row is SUM:
            of_weights = [t for t in self.plan.terms if t.most > 1 and t.right is not None and t.left.source == THETA]
            if of_weights and self.grid.shape and not value.label:
                value.label = self.names.next("Z")
        elif len(read) == 1 and value.op is self.plan.c.row:
            before = value.inputs[0].label
            if before[:1] == "Z" and not value.label:
                value.label = "A" + before[1:]

    # --- values ---

    def _value(self) -> Any:
        row = self.plan.c.row
        if row is SUM:
            return self._sum()
        if row is SELECT:
            return self._selected()
        if row is MAX:
            return self._greatest()
        operands = [self._one(operand) for operand in self.plan.operands]
        holes = self.grid.holes()
        if row is EXP and holes is not None:  # so that sums over a row need not leave anything out
            operands[0] = ag.where(without_constant_axes(1 - holes) > 0, operands[0], -math.inf)
        return apply(row, tuple(operands))

    def _is_zero_in_holes(self) -> bool:
        """Whether the holes, if there are any, hold 0: after exp, and what that is multiplied or divided by."""
        row, terms = self.plan.c.row, self.plan.terms
        if self.grid.holes() is None or row is EXP:
            return True
        if row is DIV:
            return self._reads_zeros(self.plan.operands[0])
        if row is not SUM or any(t.most > 1 for t in terms) or any(self._shift().ravel()):
            return False
        return all(any(map(self._reads_zeros, t.operands())) for t in terms)

    def _shift(self) -> Any:
        assert self.plan.constants is not None
        return self.sources[self.plan.constants.source].value

    def _reads_zeros(self, operand: Operand) -> bool:
        """Whether what is read at our holes, which are holes of its own, is 0."""
        source, places = self.sources[operand.source], self._spread(operand)[..., 0]
        return source.zero_in_holes and _reads_holes(source.holes, places)

    def _spread(self, operand: Operand) -> Places:
        """The places in the grid, (..., K), of length 1 along the axes that do not matter."""
        return without_constant_axes(self.grid.spread(operand.places), self.ndim)

    def _read(self, operand: Operand) -> Any:
        return self.sources.read(operand.source, self._spread(operand))

    def _one(self, operand: Operand) -> Any:
        """An operand of one place for each member, to be broadcast."""
        places = self._spread(operand)[..., 0]
        while places.ndim and places.shape[0] == 1:
            places = places[0]
        return self.sources.read(operand.source, places)

    def _present(self, operand: Operand, zeros: bool = True) -> Any:
        """Which of K terms are there, (..., K) along the axes that matter; None if all are.

        For a sum (`zeros`) all are there if what is missing is 0 anyway.
        """
        there = (operand.places >= 0).astype(np.int64)
        source = self.sources[operand.source]
        if there.all() or (zeros and source.zero_in_holes and _reads_holes(source.holes, self._spread(operand))):
            return None
        return without_constant_axes(self.grid.spread(there), self.ndim) > 0

    def _greatest(self) -> Any:
        parts = []
        for terms in self.plan.terms:
            present = self._present(terms.left, zeros=False)
            a = self._read(terms.left)
            parts.append(a if present is None else ag.where(present, a, -math.inf))
        if len(parts) > 1:
            parts = [
                ag.broadcast_to(a, shape=(*self.grid.shape, t.most))
                for a, t in zip(parts, self.plan.terms, strict=True)
            ]
        return ag.max(ag.concatenate(parts, axis=-1) if len(parts) > 1 else parts[0], axis=-1)

    # --- sums ---

    def _sum(self) -> Any:
        assert self.plan.constants is not None
        several = sorted(self.plan.terms, key=lambda t: (t.factor < 0, t.most == 1))
        return added([(t.factor, self._summand(t)) for t in several], self._one(self.plan.constants))

    def _summand(self, terms: Terms) -> Any:
        if terms.most == 1:
            factors = [self._one(operand) for operand in terms.operands()]
            if len(factors) == 1 and terms.left.source == THETA:
                self.names.parameter(factors[0], "b")
            return (
                ag.square(factors[0])
                if len(factors) == 2 and factors[0] is factors[1]
                else math.prod(factors[1:], start=factors[0])
            )
        if terms.right is None:
            return self._total(self._read(terms.left), self._present(terms.left))
        return self._contracted(terms)

    def _total(self, a: Any, present: Any) -> Any:
        if present is not None:
            a = ag.where(present, a, 0.0)
        elif a.ndim == 1 and a.op is SUM_OF_ARRAY and a.parameters["axis"] == -1:
            return ag.sum(a.inputs[0])  # a sum of sums
        return ag.sum(a, axis=-1)

    def _contracted(self, terms: Terms) -> Any:
        """``sum_k left * right``: a matrix product over axes that only one has, for each place of those both have."""
        left, right = self._factor(terms.left), self._factor(terms.right)
        present = None if self._present(right_of(terms)) is None else self._present(terms.left)
        extras = [] if present is None else [present]
        if terms.scale is not None:
            extras.append(self._factor(terms.scale).places)
        sides = [left, right]
        for extra in extras:
            fitting = [side for side in sides if _fits(extra, side.places)]
            if not fitting:
                return self._product_by_elements(terms)
        if present is not None:
            next(side for side in sides if _fits(present, side.places)).present = present
        if terms.scale is not None:
            next(side for side in sides if _fits(extras[-1], side.places)).scale = terms.scale
        if min(right.own(left), default=self.ndim) < min(left.own(right), default=self.ndim):
            left, right = right, left
        return self._matrix_product(left, right)

    def _product_by_elements(self, terms: Terms) -> Any:
        factors = [self._read(operand) for operand in terms.operands()]
        return self._total(math.prod(factors[1:], start=factors[0]), self._present(terms.left))

    def _factor(self, operand: Operand | None) -> Factor:
        assert operand is not None
        return Factor(operand, self._spread(operand))

    def _matrix_product(self, rows: Factor, columns: Factor) -> Any:
        both = sorted(rows.axes & columns.axes)
        own = rows.own(columns), columns.own(rows)
        if both and not (own[0] and own[1]):
            return self._products_and_total(rows, columns)
        a = self._arranged(rows, both, own[0])
        if not both:
            b = self._arranged(columns, both, own[1])
            y = a @ (b.T if own[1] else b)
        else:
            y = a @ self._arranged(columns, both, own[1], last=False)
        return self._in_order(y, [*both, *own[0], *own[1]])

    def _products_and_total(self, one: Factor, two: Factor) -> Any:
        """``sum_k one * two`` element by element."""
        a, b = self._whole(one), self._whole(two)
        return ag.sum(ag.square(a) if a is b else a * b, axis=-1)

    def _in_order(self, y: Any, axes: list[int]) -> Any:
        """An array whose axes are some of the grid's, in the grid's order, ready to be broadcast."""
        shape = self.grid.shape
        lengths = tuple(shape[t] for t in axes)
        y = y if np.shape(y) == lengths else y.reshape(lengths)
        if axes != sorted(axes):
            y = y.transpose(tuple(int(k) for k in np.argsort(axes)))
        first = min(axes, default=self.ndim)
        full = tuple(shape[t] if t in axes else 1 for t in range(first, self.ndim))
        return y if np.shape(y) == full else y.reshape(full)

    def _whole(self, side: Factor) -> Any:
        """A factor as (axes of the grid..., K)."""
        a = self.sources.read(side.operand.source, side.places)
        if side.scale is not None:
            a = a * self.sources.read(side.scale.source, self._spread(side.scale))
        return a if side.present is None else ag.where(side.present, a, 0.0)

    def _arranged(self, side: Factor, both: list[int], own: list[int], last: bool = True) -> Any:
        """A factor as (axes of both..., its own axes as one, K), or with K before its own axes."""
        rest = sorted(set(range(self.ndim)) - {*both, *own})
        order = (*rest, *both, *own, self.ndim) if last else (*rest, *both, self.ndim, *own)
        kept = [self.grid.shape[t] for t in both]

        def read(source: int, places: Places) -> Any:
            places = np.broadcast_to(places, side.places.shape).transpose(order)
            return self.sources.read(source, places.reshape(places.shape[len(rest) :]))

        def merged(a: Any) -> Any:
            k = side.places.shape[-1]
            shape = (*kept, *([-1] if own else []), k) if last else (*kept, k, -1)
            return a if a.ndim == len(shape) else a.reshape(shape)

        a = read(side.operand.source, side.places)
        if side.operand.source == THETA:
            self.names.parameter(a, "W")
        if side.scale is not None:
            a = a * read(side.scale.source, self._spread(side.scale))
        if side.present is not None:
            present = np.broadcast_to(side.present, side.places.shape).transpose(order)
            a = ag.where(present.reshape(present.shape[len(rest) :]), a, 0.0)
        return merged(a)

    # --- one of many, which an input selects ---

    def _selected(self) -> Any:
        terms = self.plan.terms
        candidates, index = self._factor(terms[0].left), self._factor(self.plan.operands[0])
        own = candidates.own(index)
        if len(terms) > 1 or candidates.axes & index.axes or (candidates.places < 0).any():
            return self._selected_by_row(index)
        order = (self.ndim, *own, *(t for t in range(self.ndim) if t not in own))
        places = candidates.places.transpose(order)
        table = self.sources.read(candidates.operand.source, places.reshape(places.shape[: 1 + len(own)]))
        places = index.places.reshape([self.grid.shape[t] for t in sorted(index.axes)])
        chosen = self.sources.read(index.operand.source, places)
        return self._in_order(self._taken(table, chosen), [*sorted(index.axes), *own])

    def _selected_by_row(self, index: Factor) -> Any:
        """The candidates differ where the index does: take from all of them in a row, by row and column.

        Where a position leaves the row of its member, or changes its sign, a guard breaks, before the next row answers.
        """
        candidates = self._candidates()
        width = candidates.shape[-1]
        chosen = self.sources.read(index.operand.source, np.broadcast_to(index.places[..., 0], self.grid.shape))
        counts = self.grid.spread(sum((t.left.places >= 0).sum(axis=1) for t in self.plan.terms), fill=width)
        first = np.arange(0.0, math.prod(self.grid.shape) * width, width).reshape(self.grid.shape)
        place = chosen + (first + (np.asarray(chosen.data) < 0) * counts)
        within = ag.minimum(ag.maximum(place, first), first + (counts - 1))
        self.guards.append(Guard("!=", place, within, np.zeros(self.grid.shape, bool)))
        return self._taken(candidates.reshape(-1), within)

    def _candidates(self) -> Any:
        """The candidates of each member in order, (axes of the grid..., K)."""
        terms, shape = self.plan.terms, self.grid.shape
        if len(terms) == 1:
            places = self.grid.spread(terms[0].left.places)
            return self.sources.read(terms[0].left.source, places)
        parts = [ag.broadcast_to(self._read(t.left), shape=(*shape, t.most)) for t in terms]
        numbers = np.concatenate([self._numbers(t) for t in terms], axis=1)
        order = self.grid.spread(np.argsort(numbers, axis=1, kind="stable"), fill=0)
        row = np.arange(math.prod(shape)).reshape(*shape, 1) * order.shape[-1]
        return read(ag.concatenate(parts, axis=-1), row + order)

    def _numbers(self, terms: Terms) -> Any:
        """The candidates' numbers; those that are missing come last."""
        assert terms.scale is not None
        numbers = self.sources[terms.scale.source].value[terms.scale.places]
        return np.where(terms.left.places < 0, np.inf, numbers)

    def _taken(self, table: Any, chosen: Any) -> Any:
        table = table if isinstance(table, Value) else Value(table)
        y = ag.take(table, np.asarray(chosen.data).astype(np.int64), axis=0)
        self.selections[y] = {"indices": chosen}
        return y


class LayerNames:
    """W1, b1, Z1, A1, W2, ...: the names of the course."""

    def __init__(self) -> None:
        self.numbers: Counter[str] = Counter()

    def next(self, letter: str) -> str:
        """The letter with its next number."""
        self.numbers[letter] += 1
        return f"{letter}{self.numbers[letter]}"

    def parameter(self, reading: Value, letter: str) -> None:
        """Name a part of theta that is read, if it has no name yet."""
        if reading.label or reading.op is None:
            return
        reading.label = self.next(letter)


@dataclass(slots=True)
class Factor:
    """One side of a product over a grid: its places (..., K), which terms are there, and their coefficients."""

    operand: Operand
    places: Places
    present: Any = None
    scale: Operand | None = None

    @property
    def axes(self) -> set[int]:
        """The axes along which it changes."""
        return {t for t in range(self.places.ndim - 1) if self.places.shape[t] > 1}

    def own(self, other: Factor) -> list[int]:
        """The axes along which the other does not."""
        return sorted(self.axes - other.axes)


def right_of(terms: Terms) -> Operand:
    """The right factor."""
    assert terms.right is not None
    return terms.right


def _reads_holes(holes: Any, places: Places) -> bool:
    """Whether places that read the whole array read holes where nothing is said (-1), and nowhere else."""
    if holes is None or places.size != holes.size:
        return False
    flat = places.ravel()
    missing = flat < 0
    whole = (flat == np.arange(flat.size)) | missing
    return bool(whole.all() and (missing == holes.ravel()).all())


def _fits(extra: Any, places: Places) -> bool:
    """Whether `extra` changes along axes of the places only."""
    return all(m in (1, n) for m, n in zip(extra.shape, places.shape, strict=True))


def added(summands: list[tuple[float, Any]], shift: Any) -> Any:
    """The sum of factor times summand, and `shift`, as a person would write it: ``1 - y * s``, not ``-1 * y * s + 1``.

    Examples
    --------
    >>> added([(2.0, 3.0), (-1.0, 5.0)], 0.0)
    1.0
    """
    y: Any = None
    if summands[0][0] < 0 and not (isinstance(shift, float) and shift == 0):
        y, shift = shift, 0.0
    for factor, summand in summands:
        size = abs(factor)
        part = summand if size == 1 else size * summand
        if y is None:
            y = -part if factor < 0 else part
            continue
        y = y - part if factor < 0 else y + part
    return y if isinstance(shift, float) and shift == 0 else y + shift

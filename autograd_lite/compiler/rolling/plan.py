"""Planning a class: what its members read, which of them are the same, and along which axes they lie.

Only places are known here, no numbers yet; `emission` computes them. Planning goes through the classes from the leaves
up, since the places of a class's members are what the next classes read.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from autograd_lite.compiler.rolling.classes import Class, Group
from autograd_lite.compiler.rolling.columns import CONSTANTS, SELECT, SUM, THETA
from autograd_lite.compiler.rolling.layout import Grid, Slot, is_function_of, lay_out, row_hashes, row_numbers
from autograd_lite.compiler.rolling.parameters import Theta
from autograd_lite.compiler.rolling.sources import Operand, Sources
from autograd_lite.hashing import mixed
from autograd_lite.value import Value

__all__ = ["Plan", "Planner", "Terms"]

Places = NDArray[np.int64]
Hashes = NDArray[np.uint64]

LONG, MANY = 2, 32
"""Examples for each neuron, and in all, from which on they are the columns of a layer's arrays."""


@dataclass(slots=True)
class Terms:
    """A group, by places: the terms of one kind, with a coefficient for all, or for each as a constant operand."""

    left: Operand
    right: Operand | None
    factor: float
    scale: Operand | None  # coefficients that differ, where `right` is taken
    is_long: bool = False  # many examples, along one axis, meet few rows of weights

    @property
    def most(self) -> int:
        """How many terms the longest sum has."""
        return int(self.left.places.shape[1])

    def operands(self) -> list[Operand]:
        """Left, right and scale, as far as there are such."""
        return [x for x in (self.left, self.right, self.scale) if x is not None]


@dataclass(slots=True)
class Plan:
    """What `emission` needs to compute a class.

    Attributes
    ----------
    c : Class
        The class.
    source : int
        The number of the array that it becomes.
    grid : Grid
        The axes, and the place of each different member.
    operands : list of Operand
        What an elementary operation reads.
    terms : list of Terms
        What a sum adds up.
    constants : Operand or None
        What is added to it.
    """

    c: Class
    source: int
    grid: Grid
    operands: list[Operand]
    terms: list[Terms]
    constants: Operand | None

    def everything(self) -> list[Operand]:
        """All operands."""
        found = [*self.operands, *(x for terms in self.terms for x in terms.operands())]
        return found if self.constants is None else [*found, self.constants]


class Planner:
    """Plans one class after the other."""

    def __init__(self, sources: Sources, theta: Theta, importance: NDArray[np.uint64]) -> None:
        self.sources, self.theta = sources, theta
        self.theta_ids = np.flatnonzero(sources.of == THETA)
        self.importance = importance[self.theta_ids]

    def plan(self, c: Class) -> Plan:
        """Say where the members of a class lie."""
        if len(c.ids) == 1:  # there is nothing to lay out; a total has no say in the order of what it reads
            number = self.sources.add(None, (), False)
            self.sources.set_places(c.ids, number, np.zeros(1, np.int64))
            return Plan(c, number, Grid((), np.zeros(1, np.int64)), [], [], None)
        plan = self._read(c)
        hashes = [row_hashes(operand.places) for operand in plan.everything()]
        first, inverse = _different_members(hashes)
        if len(first) < len(c.ids):
            hashes = [x[first] for x in hashes]
            for operand in plan.everything():
                operand.places = operand.places[first]
        plan.grid = self._axes(plan, len(first), hashes)
        plan.source = self.sources.add(None, plan.grid.shape, self._of_inputs(plan))
        self.sources.set_places(c.ids, plan.source, plan.grid.place[inverse])
        return plan

    def complete(self, plan: Plan) -> None:
        """Look up what a class of one reads, once everything has its place."""
        read = self._read(plan.c)
        plan.operands, plan.terms, plan.constants = read.operands, read.terms, read.constants
        self.sources[plan.source].of_inputs = self._of_inputs(plan)

    def _of_inputs(self, plan: Plan) -> bool:
        return any(self.sources[x.source].of_inputs for x in plan.everything())

    # --- operands by places ---

    def _read(self, c: Class) -> Plan:
        operands = [self._operand(column[:, None]) for column in c.operands.T]
        biases = self._biases(c)
        groups = sorted(c.groups, key=lambda group: group is biases)  # the weights say where their biases lie
        terms = [self._candidates(group) if c.row is SELECT else self._terms(group, biases) for group in groups]
        constants = None if c.constants is None else self._numbers(c.constants[:, None])
        return Plan(c, -1, Grid((), np.zeros(1, np.int64)), operands, terms, constants)

    def _biases(self, c: Class) -> Group | None:
        """Of ``W x + b`` the group that is b."""
        if c.row is not SUM or len(c.groups) != 2:
            return None
        one, two = sorted(c.groups, key=lambda group: group.left.shape[1])
        is_layer = (
            one.right is None
            and one.left.shape[1] == 1 < two.left.shape[1]
            and two.right is not None
            and all(self._all_of_theta(group.left) and (group.coefficients == 1).all() for group in (one, two))
            and not self._all_of_theta(two.right)
        )
        return one if is_layer else None

    def _all_of_theta(self, ids: Places) -> bool:
        return bool((ids >= 0).all() and self.sources.of[ids[0, 0]] == THETA)

    def _operand(self, ids: Places) -> Operand:
        """What is read; parameters that nobody has put in order are put in the order of the rows."""
        operand = self.sources.operand(ids)
        if operand.source == THETA and len(ids) > 1:
            self._arrange(ids)
            operand = self.sources.operand(ids)
        return operand

    def _arrange(self, ids: Places) -> None:
        self.theta.arrange(np.where(ids < 0, -1, np.searchsorted(self.theta_ids, ids)), self.importance)
        self.sources.place[self.theta_ids] = self.theta.place

    def _is_long(self, neurons: int, weights: Places, data: Places) -> bool:
        """Whether each neuron meets many examples, which differ along one axis of the data."""
        if not _is_long_axis(len(weights) // neurons, (len(weights),)) or (data < 0).any():
            return False
        if not self._all_of_theta(weights) or self._all_of_theta(data):
            return False
        read = self.sources.operand(data)
        shape = self.sources[read.source].shape
        return bool(shape) and sum(map(_varies, np.unravel_index(read.places[:, 0], shape))) == 1

    def _put_beside(self, weights: Places, data: Places, biases: Places) -> None:
        """Have the bias of each neuron lie behind its weights, as the column that is multiplied by ones.

        The ones are a row below the data: of what is computed that row is there beforehand; inputs have to be copied,
        which pays where they are few.
        """
        neurons, features = weights.shape
        is_copied = isinstance(self.sources[self.sources.operand(data).source].value, Value)
        if len(np.unique(biases)) == neurons and (features <= LONG * neurons or not is_copied):
            rows = np.hstack([weights, biases])
            self._arrange(rows)
            self.sources.beside_their_biases(rows)

    def _candidates(self, group: Group) -> Terms:
        """With their numbers for a scale."""
        return Terms(self._operand(group.left), None, 1.0, self._numbers(group.coefficients, group.left >= 0))

    def _terms(self, group: Group, biases: Group | None) -> Terms:
        left, right, coefficients = group.left, group.right, group.coefficients
        order = self._column_order(left, right) if left.shape[1] > 1 else None
        if order is not None:
            left = np.take_along_axis(left, order, axis=1)
            coefficients = np.take_along_axis(coefficients, order, axis=1)
            right = None if right is None else np.take_along_axis(right, order, axis=1)
        first = np.unique(left[:, 0], return_index=True)[1]  # a member of each neuron
        is_long = right is not None and self._is_long(len(first), left, right)
        if right is not None and is_long and biases is not None:
            self._put_beside(left[first], right, biases.left[first])
        one = self._operand(left)
        two = None if right is None else self._operand(right)
        present = left >= 0
        taken = coefficients[present]
        if (taken == taken[0]).all():
            return Terms(one, two, float(taken[0]), None, is_long)
        scale = self._numbers(coefficients, present)
        return Terms(one, scale, 1.0, None) if two is None else Terms(one, two, 1.0, scale)

    def _column_order(self, left: Places, right: Places | None) -> Any:
        """How to order the terms of each sum, by the places that they read of what lies fixed; None if in order."""
        operand = self.sources.operand(left)
        if right is not None and operand.source in (THETA, CONSTANTS):
            operand = self.sources.operand(right)
        places = np.where(operand.places < 0, np.iinfo(np.int64).max, operand.places)
        if (places[:, 1:] >= places[:, :-1]).all():
            return None
        return np.argsort(places, axis=1, kind="stable")

    def _numbers(self, numbers: NDArray[np.float64], present: Any = None) -> Operand:
        """Numbers of the program as an operand."""
        bits, inverse = np.unique(np.ascontiguousarray(numbers).view(np.int64), return_inverse=True)
        source = self.sources.add(bits.view(float), bits.shape, False)
        places = inverse.reshape(numbers.shape).astype(np.int64)
        return Operand(source, places if present is None else np.where(present, places, -1))

    # --- axes ---

    def _axes(self, plan: Plan, count: int, hashes: list[Hashes]) -> Grid:
        slots = []
        for operand, known in zip(plan.everything(), hashes, strict=True):
            source = self.sources[operand.source]
            weight = (int(source.of_inputs), math.prod(source.shape), operand.places.shape[1])
            slots.append(Slot(operand.places, source.shape, source.is_constant, weight, known))
        grid = lay_out(slots, count)
        products = [t for t in plan.terms if t.right is not None and t.most > 1]
        if products:
            return self._for_product(grid, max(products, key=lambda t: t.most))
        return grid.ordered(lambda digit: _is_long_axis(int(digit.max()) + 1, grid.shape))

    def _for_product(self, grid: Grid, terms: Terms) -> Grid:
        """Axes of both factors first, then those of the rows and of the columns; many rows come last."""
        assert terms.right is not None
        rows, columns = terms.left, terms.right
        if terms.is_long or (self._is_data(columns) and not self._is_data(rows)):
            rows, columns = columns, rows
        row, column = row_numbers(rows.places)[0], row_numbers(columns.places)[0]
        last = 1 if terms.is_long else -1  # NumPy's loops run along the last axis: the longer it is, the better

        def rank(digit: Places) -> int:
            of_row, of_column = is_function_of(digit, row), is_function_of(digit, column)
            return -2 if of_row == of_column else last if of_row else 0

        return grid.ordered(rank)

    def _is_data(self, operand: Operand) -> bool:
        source = self.sources[operand.source]
        return source.of_inputs or source.is_constant


def _varies(coordinates: Places) -> bool:
    return bool((coordinates != coordinates[0]).any())


def _is_long_axis(length: int, shape: tuple[int, ...]) -> bool:
    return length >= max(MANY, LONG * math.prod(shape) // length)


def _different_members(hashes: list[Hashes]) -> tuple[Places, Places]:
    """Members that read the same are one: the first of each, and for every member which it is."""
    key = np.zeros(len(hashes[0]), np.uint64)
    for k, read in enumerate(hashes):
        key = mixed(key + read + np.uint64(k))
    _, first, inverse = np.unique(key, return_index=True, return_inverse=True)
    order = np.argsort(first)
    return first[order], np.argsort(order)[inverse]

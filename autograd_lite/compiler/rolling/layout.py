"""Layout: the axes along which the members of a class lie.

What an operand of a member is, is told by the coordinates of the place that it reads: these are the candidates for
axes. The members are laid out along those candidates whose lengths multiply to their number, so that each operand
changes along some axes and is constant along the others: then a sum of products over a grid is a matrix product, and
what is constant along an axis is a broadcast. If only part of a grid is there (the lower triangle of causal attention),
the rest are holes: they are computed, and nobody reads them.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from autograd_lite.compiler.rolling.classes import DENSE
from autograd_lite.compiler.rolling.columns import different
from autograd_lite.hashing import mixed

__all__ = ["Grid", "Slot", "is_function_of", "lay_out", "row_hashes", "row_numbers"]

Places = NDArray[np.int64]

_MOST_DIGITS, _MOST_AXES = 9, 5


@dataclass(slots=True, eq=False)
class Slot:
    """What n members read of one source, K places each (-1: none), and the shape of that source.

    Slots of constants make axes only where the others do not tell the members apart; among the others the order of
    the heavier ones counts.
    """

    places: Places
    shape: tuple[int, ...]
    constant: bool = False
    weight: tuple[int, ...] = ()
    hashes: NDArray[np.uint64] | None = None  # of the rows of places, if they are known


@dataclass(slots=True)
class Grid:
    """The axes of a class: its shape, and the place of each member in the flattened grid."""

    shape: tuple[int, ...]
    place: Places
    digits: list[Places] = field(default_factory=list)

    def ordered(self, key: Callable[[Places], Any]) -> Grid:
        """The axes in the order of a key of their digits; equal ones as they are."""
        return _grid(tuple(sorted(self.digits, key=key))) if len(self.digits) > 1 else self

    def holes(self) -> NDArray[np.bool_] | None:
        """Where no member lies; None if there is one everywhere."""
        holes = np.ones(math.prod(self.shape), bool)
        holes[self.place] = False
        return holes.reshape(self.shape) if holes.any() else None

    def filled(self) -> int:
        """How many places have a member."""
        return len(different(self.place, math.prod(self.shape)))

    def spread(self, rows: Places, fill: Any = -1) -> Any:
        """The rows (n, K) of the members in an array of the grid's shape and K."""
        spread = np.full((math.prod(self.shape), *rows.shape[1:]), fill, rows.dtype)
        spread[self.place] = rows
        return spread.reshape(*self.shape, *rows.shape[1:])


def row_hashes(rows: Any) -> NDArray[np.uint64]:
    """A number for each row, equal for equal rows."""
    bits = rows.view(np.uint64) if rows.dtype == np.float64 else rows.astype(np.uint64)
    hashes: NDArray[np.uint64] = mixed(bits + mixed(np.arange(rows.shape[1])))
    return hashes[:, 0] if rows.shape[1] == 1 else np.asarray(hashes.sum(axis=1, dtype=np.uint64))


def row_numbers(places: Places, hashes: NDArray[np.uint64] | None = None) -> tuple[Places, int]:
    """Equal rows get equal numbers, in the order of their first places; and how many numbers there are."""
    hashes = row_hashes(places) if hashes is None else hashes
    _, first, inverse = np.unique(hashes, return_index=True, return_inverse=True)
    order = np.lexsort((first, places[first, 0]))
    return np.argsort(order)[inverse], len(first)


def lay_out(slots: list[Slot], count: int) -> Grid:
    """Choose the axes for `count` different members.

    Examples
    --------
    >>> x = Slot(np.array([[0, 1], [0, 1], [2, 3], [2, 3]]), (2, 2))
    >>> w = Slot(np.array([[0, 1], [2, 3], [0, 1], [2, 3]]), (4,))
    >>> lay_out([x, w], 4).shape
    (2, 2)
    """
    if count == 1:
        return Grid((), np.zeros(1, np.int64))
    slots = sorted(slots, key=lambda slot: slot.weight, reverse=True)
    digits = _digits([slot for slot in slots if not slot.constant])
    grid = _chosen(_with_remainders(digits), count)
    if grid is None and any(slot.constant for slot in slots):
        grid = _chosen(_digits(slots), count)
    return grid or Grid((count,), np.arange(count))


def _chosen(digits: list[Places], count: int) -> Grid | None:
    """The finest grid that the members fill, else the smallest of which they fill enough."""
    choices = [(math.prod(map(_length, axes)), axes) for axes in _choices(digits)]
    choices = [(size, axes) for size, axes in choices if count <= size <= count / DENSE]
    for _, axes in sorted(choices, key=lambda choice: (choice[0], -len(choice[1]))):
        grid = _grid(axes)
        if grid.filled() == count:
            return grid
    return None


def _grid(axes: tuple[Places, ...]) -> Grid:
    shape = tuple(_length(a) for a in axes)
    return Grid(shape, np.ravel_multi_index(axes, shape).astype(np.int64), list(axes))


def _length(digit: Places) -> int:
    return int(digit.max()) + 1


def _choices(digits: list[Places]) -> list[tuple[Places, ...]]:
    sizes = range(1, min(len(digits), _MOST_AXES) + 1)
    return [axes for size in sizes for axes in itertools.combinations(digits, size)]


def _digits(slots: list[Slot]) -> list[Places]:
    """The candidates for axes: coordinates that differ between members, each partition of the members once."""
    found: list[Places] = []
    for slot in slots:
        numbers, rows = row_numbers(slot.places, slot.hashes)
        if rows == 1:
            continue
        coordinates = [numbers]
        if len(slot.shape) > 1:
            first = np.unravel_index(slot.places[:, 0], slot.shape)
            coordinates = [c for c in map(_ranked, first) if c.max()]
            if not coordinates or not _tell_apart(coordinates, rows):
                coordinates.append(numbers)
        for digit in coordinates:
            _add(found, digit)
    return found[:_MOST_DIGITS]


def _with_remainders(digits: list[Places]) -> list[Places]:
    """With what is left of a digit that is finer than another: the row of a head, say, beside the head."""
    found = list(digits)
    for coarse, fine in itertools.permutations(digits, 2):
        rest = _remainder(coarse, fine)
        if rest is not None:
            _add(found, rest)
    return found[:_MOST_DIGITS]


def _ranked(numbers: Any) -> Places:
    """The numbers 0, 1, 2, ... in place of those there are, in their order."""
    return np.unique(numbers, return_inverse=True)[1].astype(np.int64)


def _tell_apart(digits: list[Places], rows: int) -> bool:
    return _grid(tuple(digits)).filled() == rows


def _add(found: list[Places], digit: Places) -> None:
    if not any(_length(d) == _length(digit) and is_function_of(d, digit) for d in found):
        found.append(digit)


def is_function_of(a: Places, b: Places) -> bool:
    """Whether members that agree in digit `b` agree in digit `a`."""
    value = np.zeros(_length(b), np.int64)
    value[b] = a
    return bool((value[b] == a).all())


def _remainder(coarse: Places, fine: Places) -> Places | None:
    """A finer digit within the groups of a coarser one, if these are of equal size."""
    many, few = _length(fine), _length(coarse)
    if many <= few or many % few or not is_function_of(coarse, fine):
        return None
    group = np.zeros(many, np.int64)
    group[fine] = coarse
    counts = np.bincount(group, minlength=few)
    if (counts != many // few).any():
        return None
    order = np.argsort(group, kind="stable")
    rank = np.zeros(many, np.int64)
    rank[order] = np.arange(many) % (many // few)
    return rank[fine]

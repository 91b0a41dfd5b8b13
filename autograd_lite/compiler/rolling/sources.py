"""Sources: the arrays that exist so far, and where each id lies in them."""

from __future__ import annotations

import hashlib
import math
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from autograd_lite import functions as ag
from autograd_lite.compiler.rolling.columns import CONSTANTS, THETA, Scalars
from autograd_lite.compiler.rolling.views import read
from autograd_lite.operation import TABLE
from autograd_lite.value import Value

__all__ = ["Operand", "Sources"]

Ids = NDArray[np.int64]

TAKE = TABLE["take"]


@dataclass(slots=True)
class Source:
    """An array: a Value (None while it is only planned), or numbers of the program.

    Attributes
    ----------
    of_inputs : bool
        It depends on an input.
    holes : ndarray of bool, optional
        Where nobody's number stands, if the members do not fill the grid; `zero_in_holes` if it is 0 there.
    """

    value: Any
    shape: tuple[int, ...]
    of_inputs: bool
    holes: NDArray[np.bool_] | None = None
    zero_in_holes: bool = False

    @property
    def is_constant(self) -> bool:
        """Whether these are numbers of the program."""
        return isinstance(self.value, np.ndarray)


@dataclass(slots=True)
class Operand:
    """What the members of a class read of one source: for each of n members K places, -1 for none."""

    source: int
    places: Ids


@dataclass(slots=True)
class Block:
    """A part of theta in which the rows of weights lie, each with its bias behind it: ``[W b]``."""

    start: int
    shape: tuple[int, int]
    value: Any = None
    readings: list[Value] = field(default_factory=list)

    def read(self, theta: Any, places: Any) -> Any:
        """Read places of theta that are in the block."""
        if self.value is None:
            rows, width = self.shape
            part = theta[self.start : self.start + rows * width]
            self.value = part if rows == 1 else part.reshape(self.shape)
        self.readings.append(read(self.value, np.where(places < 0, -1, places - self.start)))
        return self.readings[-1]

    def holds(self, places: Any) -> bool:
        """Whether all places are in it."""
        known = places[places >= 0]
        return bool(known.size and self.start <= known.min() and known.max() < self.start + math.prod(self.shape))


class Sources:
    """All sources by number; ids find their place here once their class has its array."""

    def __init__(self, columns: Scalars) -> None:
        self.of = np.array(columns.source, np.int64)
        self.place = np.array(columns.place, np.int64)
        self.all: list[Source | None] = [None] * len(columns.sizes)
        self.all[CONSTANTS] = Source(np.array(columns.numbers), (len(columns.numbers),), False)
        self._readings: dict[Any, Any] = {}
        self._blocks: list[Block] = []

    def __getitem__(self, number: int) -> Source:
        source = self.all[number]
        assert source is not None, "a class was reached before its operands"
        return source

    def add(self, value: Any, shape: tuple[int, ...], of_inputs: bool, number: int | None = None) -> int:
        """Enter an array and return its number."""
        source = Source(value, shape, of_inputs)
        if number is None:
            self.all.append(source)
            return len(self.all) - 1
        self.all[number] = source
        return number

    def set_places(self, ids: Ids, source: int, places: Ids) -> None:
        """Say where nodes lie."""
        self.of[ids] = source
        self.place[ids] = places

    def operand(self, ids: Ids) -> Operand:
        """What is read by `ids` (n, K), which are all of one source."""
        present = ids >= 0
        return Operand(int(self.of[ids[present][0]]), np.where(present, self.place[ids], -1))

    def read(self, source: int, places: Ids) -> Any:
        """The numbers at `places`: a Value of that shape, or constants; the same places give the same node."""
        found = self[source]
        if found.is_constant:
            numbers = found.value[np.where(places < 0, places.max(), places)]
            bits = numbers.view(np.uint64)
            return float(numbers.flat[0]) if numbers.size and (bits == bits.flat[0]).all() else numbers
        key = (source, places.shape, hashlib.blake2b(places.tobytes(), digest_size=16).digest())
        if key not in self._readings:
            block = next((b for b in self._blocks if b.holds(places)), None) if source == THETA else None
            self._readings[key] = (block.read if block else read)(found.value, places)
        return self._readings[key]

    def beside_their_biases(self, rows: Ids) -> None:
        """Have these parameters, each row a neuron's weights and its bias, read as one matrix, if they lie so."""
        places = self.place[rows]
        places = places[np.argsort(places[:, 0])]
        start = int(places[0, 0])
        if np.array_equal(places.ravel(), np.arange(start, start + places.size)):
            self._blocks.append(Block(start, places.shape))

    def gathered(self, ids: Any) -> Any:
        """An array of the numbers of any ids, of their shape."""
        ids = np.asarray(ids)
        if not ids.size:
            return np.zeros(ids.shape)
        sources = self.of[ids]
        different = np.unique(sources)
        if len(different) == 1:
            y = self.read(int(different[0]), self.place[ids])
            return np.full(ids.shape, y) if isinstance(y, float) and ids.shape else y
        parts, order = [], np.empty(ids.size, np.int64)
        start = 0
        for number in different.tolist():
            mine = np.flatnonzero(sources.ravel() == number)
            part = self.read(number, self.place[ids].ravel()[mine])
            parts.append(np.full(len(mine), part) if isinstance(part, float) else part)
            order[mine] = np.arange(start, start + len(mine))
            start += len(mine)
        return read(ag.concatenate(parts), order.reshape(ids.shape))

    def name_blocks(self) -> None:
        """W1 and b1 are the columns of W1_b1."""
        for block in self._blocks:
            names = [x.label for x in block.readings if x.label]
            if len(names) == 2 and not block.value.label:
                block.value.label = "_".join(names)

    def gathers(self) -> int:
        """How many readings are gathers by index arrays."""
        return sum(isinstance(x, Value) and x.op is TAKE for x in self._readings.values())

    def of_inputs(self, ids: Any) -> bool:
        """Whether any of the ids depends on an input."""
        return any(self[int(number)].of_inputs for number in np.unique(self.of[np.asarray(ids)]))

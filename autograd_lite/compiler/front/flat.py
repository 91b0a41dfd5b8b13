"""The flat vector of all parameters that users hand to the bare program: the same for all versions of a function."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any
from weakref import WeakKeyDictionary, WeakSet

import numpy as np

from autograd_lite.compiler.front.versions import Layout, Slot, Theta, Version
from autograd_lite.compiler.tracing.arguments import FLOAT64
from autograd_lite.numbers import fixed
from autograd_lite.value import Value


class Flat:
    """The parameters of all versions, each once, in the order in which the versions were made.

    Attributes
    ----------
    whole : WeakSet of Version
        Those that read all of theta, in its order.
    """

    def __init__(self) -> None:
        self._places: dict[Any, int] = {}  # where a parameter's numbers begin
        self._orders: WeakKeyDictionary[Version, Any] = WeakKeyDictionary()  # not all that are made are kept
        self._slots: list[Slot] = []
        self._shapes: list[tuple[int, ...]] = []
        self._shape: tuple[int, ...] = (0,)
        self.whole: WeakSet[Version] = WeakSet()
        self.layout = Layout([], [])

    def learn(self, version: Version) -> None:
        """Take up the parameters of a new version."""
        size = self.layout.size
        for slot, shape in zip(version.layout.slots, version.layout.shapes, strict=True):
            key = slot if isinstance(slot, Value) else (slot, shape)
            if key not in self._places:
                self._places[key] = size
                self._slots.append(slot)
                self._shapes.append(shape)
                size += int(np.prod(shape))
        self.layout = Layout(self._slots, self._shapes)
        pieces = [
            self._places[slot if isinstance(slot, Value) else (slot, shape)] + np.arange(np.prod(shape, dtype=int))
            for slot, shape in zip(version.layout.slots, version.layout.shapes, strict=True)
        ]
        order = np.concatenate(pieces) if pieces else np.arange(0)
        self._orders[version] = None if np.array_equal(order, np.arange(len(order))) else order
        self._shape = (self.layout.size,)
        size = self.layout.size
        self.whole = WeakSet(v for v, own in self._orders.items() if own is None and v.layout.size == size)

    def checked(self, given: Any) -> Theta:
        """A vector of all parameters, as float64.

        Raises
        ------
        ValueError
            If it has another length.
        """
        if type(given) is np.ndarray and given.dtype is FLOAT64 and given.shape == self._shape:
            return given
        theta = np.asarray(given._data if isinstance(given, Value) else given, dtype=float)
        if theta.shape != self._shape:
            raise ValueError(
                f"theta has shape {theta.shape}; the parameters are {self.layout.size} numbers in one vector: start "
                "from the property theta, again after a call that met new parameters"
            )
        return theta

    def of(self, version: Version, theta: Theta) -> Theta:
        """The part of theta that a version reads, in its order."""
        order = self._orders[version]
        return theta[: version.layout.size] if order is None else np.take(theta, order)

    def spread(self, version: Version, gradient: Theta) -> Theta:
        """A version's gradient in the order of theta, with 0 for what it does not read."""
        order = self._orders[version]
        full = np.zeros(self.layout.size)
        full[: gradient.size if order is None else len(full)][slice(None) if order is None else order] = gradient
        return full

    def write(self, theta: Theta, arguments: Sequence[Value]) -> None:
        """Give the Values their numbers."""
        values = self.layout.values(arguments)
        for value, shape in zip(values, self.layout.shapes, strict=True):
            if value.shape != shape:
                raise ValueError(f"{value!r} had shape {shape} when the function was traced: call the function again")
        for value, x in zip(values, self.layout.split(theta), strict=True):
            if value.op is None:
                value._data = value._db = fixed(x.astype(value.dtype)) if value.shape else x

    @contextmanager
    def holding(self, theta: Theta, arguments: Sequence[Value]) -> Iterator[None]:
        """The Values hold theta's numbers for a while."""
        values = self.layout.values(arguments)
        before = [value._data for value in values]
        try:
            for value, x in zip(values, self.layout.split(theta), strict=True):
                value._data = fixed(x.astype(value.dtype)) if value.shape else x
            yield
        finally:
            for value, data in zip(values, before, strict=True):
                value._data = data

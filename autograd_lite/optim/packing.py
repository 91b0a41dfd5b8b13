"""Many scalar parameters as one array: a rule that treats every number by itself is then called once for them all."""

from __future__ import annotations

from collections.abc import Sequence
from types import SimpleNamespace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from autograd_lite.numbers import vector
from autograd_lite.value import Value

MANY = 16
"""From how many scalars on an array is faster than one after the other."""


class Pack:
    """The scalars among an optimiser's parameters, and what is remembered about them.

    It is remembered in arrays while all of them move together, and in `states`, one for each parameter, otherwise.
    """

    def __init__(self, parameters: Sequence[Value], states: list[SimpleNamespace]) -> None:
        self.states = states
        self.scalars = [p for p in parameters if not p.shape]
        self._places = [i for i, p in enumerate(parameters) if not p.shape]
        self.others = [(p, s) for p, s in zip(parameters, states, strict=True) if p.shape]
        self._together: SimpleNamespace | None = None

    def numbers(self) -> tuple[NDArray[np.float64], NDArray[np.float64], SimpleNamespace] | None:
        """The numbers, the gradients and the state of all scalars; None if they do not move together."""
        if len(self.scalars) < MANY:
            return None
        data, gradients = [p._data for p in self.scalars], [p.grad for p in self.scalars]
        if not (_are_numbers(data) and _are_numbers(gradients)):
            return None  # one has no gradient, or became an array
        state = self._joined()
        return None if state is None else (vector(data), vector(gradients), state)

    def _joined(self) -> SimpleNamespace | None:
        if self._together is None:
            each = [vars(self.states[i]) for i in self._places]
            if len({s["t"] for s in each}) == 1:
                slots = {name: np.array([s[name] for s in each]) for name in each[0]}
                self._together = SimpleNamespace(**(slots | {"t": each[0]["t"]}))
        return self._together

    def separate(self) -> None:
        """Remember everything for each parameter again."""
        if self._together is None:
            return
        for name, x in vars(self._together).items():
            numbers = [x] * len(self._places) if name == "t" else np.broadcast_to(x, len(self._places)).tolist()
            for i, number in zip(self._places, numbers, strict=True):
                setattr(self.states[i], name, number)
        self._together = None

    def move(self, moved: NDArray[np.float64]) -> None:
        """Give the scalars their new numbers."""
        for p, x in zip(self.scalars, moved.tolist(), strict=True):
            p._data = x


def _are_numbers(xs: list[Any]) -> bool:
    """Whether these are floats, with perhaps an int among them: their sum is one, and it is taken in no time."""
    try:
        return type(sum(xs, 0.0)) is float
    except (TypeError, ValueError, OverflowError):  # with None; arrays of different shapes; an int beyond all floats
        return False

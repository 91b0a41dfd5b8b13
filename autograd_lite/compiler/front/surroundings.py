"""What is around a function, as it was when the function was traced: a test that is asked at each call."""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Any

import numpy as np

from autograd_lite.compiler.front.reachable import BY_NAME, GONE, Watched, everything, fingerprint

__all__ = ["Surroundings"]


LONG = 1000
"""A test of more things than these is not compiled, for that would take longer than it saves."""


class Surroundings:
    """What is around a function, as it was when this was made.

    Parameters
    ----------
    f : callable
        The function.
    arguments : iterable
        The objects among its arguments, which are neither numbers nor looked into otherwise.

    Attributes
    ----------
    cost : float
        About how long it takes to look at all of it, in nanoseconds; 0 if there is nothing.
    is_near_as_before : callable
        Whether what is looked at in each call was not replaced; see `divide`.

    Examples
    --------
    >>> rate = {"l2": 0.1}
    >>> around = Surroundings(lambda x: rate["l2"] * x)
    >>> around.changed()
    []
    >>> rate["l2"] = 0.2
    >>> around.changed()
    ["rate['l2']"]
    """

    _test: Callable[[], bool]
    is_near_as_before: Callable[[], bool]

    def __init__(self, f: Callable[..., Any], arguments: Iterable[tuple[str, Any]] = ()) -> None:
        self._watched = everything([("", f), *arguments])
        self._free, self._restless = 0.0, list[Any]()
        self._remember()

    def divide(self, free: float, restless: list[Any]) -> None:
        """Say what is *near*: to be looked at in each call, where all of it would take too long.

        That is what has changed before, and of the rest what is nearest to the function, for so many nanoseconds.
        """
        self._free, self._restless = free, restless
        self._divide()

    def changed(self) -> list[str]:
        """The names of what is not as before."""
        if self.is_as_before():
            return []
        found = [(x, x.changed()) for x in self._watched]
        if not any(places for _, places in found):
            self._take_equal()
        return [x.name(i) for x, places in found for i in places]

    def things_changed(self) -> list[Any]:
        """What holds something that is not as before."""
        return [x.thing for x in self._watched if x.changed()]

    def far_changed(self) -> bool:
        """Whether something changed that is not looked at in each call."""
        return any(x.changed() for n, x in enumerate(self._watched) if n not in self._near)

    def settle(self) -> None:
        """The function ran: what it changed itself is not looked at any more."""
        if self.is_as_before():
            return
        kept = []
        for x in self._watched:
            changed = set(x.changed())
            if x.names:
                left = [i for i in range(len(x.names)) if i not in changed]
                kept.append(
                    replace(x, names=tuple([x.names[i] for i in left]), before=tuple([x.before[i] for i in left]))
                )
            elif not changed:
                kept.append(x)
        self._watched = [x for x in kept if x.names or x.kind not in BY_NAME]
        self._remember()

    def _remember(self) -> None:
        """Write the test for what is watched."""
        for x in self._watched:
            x.before = x.look()
        self.cost = sum(map(_cost, self._watched))
        self._names: dict[str, Any] = {"is_": operator.is_, "fingerprint": fingerprint}
        if len(self._watched) > LONG:
            self.cost *= 5
            self._test = lambda: not any(x.changed() for x in self._watched)
        else:
            self._test = self._compiled(range(len(self._watched)))
        self._divide()

    def _divide(self) -> None:
        left, restless = self._free, set(map(id, self._restless))
        self._near: set[int] = set()
        for n, x in enumerate(self._watched):
            if id(x.thing) in restless:
                self._near.add(n)
            elif left > 0 and (cost := _cost(x)) <= left:  # the walk comes to the nearest first
                self._near.add(n)
                left -= cost
        self.is_near_as_before = self._compiled(sorted(self._near))

    def _compiled(self, places: Iterable[int]) -> Callable[[], bool]:
        """The test of these."""
        tests = []
        for n in places:
            self._name(n)
            tests.append(self._watched[n].test(n))
        test = compile("lambda: " + (" and ".join(tests) or "True"), "<surroundings>", "eval")
        return eval(test, self._names)  # type: ignore[no-any-return]

    def _name(self, n: int) -> None:
        x = self._watched[n]
        self._names |= {f"x{n}": x.thing, f"b{n}": x.before}
        self._names |= {f"b{n}_{i}": held for i, held in enumerate(x.before)} if x.names else {}

    def _take_equal(self) -> None:
        """Other objects are in the places of equal numbers: the tests stay, and compare with these from now on."""
        for n, x in enumerate(self._watched):
            x.before = x.look()
            if f"x{n}" in self._names:
                self._name(n)

    def is_as_before(self) -> bool:
        """Whether nothing was replaced: quick, for it is asked at each call."""
        try:
            return self._test()
        except GONE:
            return False


def _cost(x: Watched) -> int:
    """About how long it takes to look at it, in nanoseconds."""
    size = np.asarray(x.thing).nbytes if x.kind == "numbers" else 25 * len(x.before)
    return size if x.names else size + 200

"""What is around a function, as it was when the function was traced: a test that is asked at each call."""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Any

import numpy as np

from autograd_lite.compiler.front.reachable import BY_NAME, GONE, everything, fingerprint

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

    def __init__(self, f: Callable[..., Any], arguments: Iterable[tuple[str, Any]] = ()) -> None:
        self._watched = everything([("", f), *arguments])
        for x in self._watched:
            x.before = x.look()
        self._remember()

    def changed(self) -> list[str]:
        """The names of what is not as before."""
        if self.is_as_before():
            return []
        found = [(x, x.changed()) for x in self._watched]
        if not any(places for _, places in found):  # equal numbers in other objects
            self._remember()
        return [x.name(i) for x, places in found for i in places]

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
        sizes = [np.asarray(x.thing).nbytes if x.kind == "numbers" else 25 * len(x.before) for x in self._watched]
        self.cost = sum(sizes) + sum(200 for x in self._watched if not x.names)
        if len(self._watched) > LONG:
            self.cost *= 5
            self._test = lambda: not any(x.changed() for x in self._watched)
            return
        names: dict[str, Any] = {"is_": operator.is_, "fingerprint": fingerprint}
        for n, x in enumerate(self._watched):
            names |= {f"x{n}": x.thing, f"b{n}": x.before}
            names |= {f"b{n}_{i}": held for i, held in enumerate(x.before)} if x.names else {}
        tests = [x.test(n) for n, x in enumerate(self._watched)]
        self._test = eval(compile("lambda: " + (" and ".join(tests) or "True"), "<surroundings>", "eval"), names)

    def is_as_before(self) -> bool:
        """Whether nothing was replaced: quick, for it is asked at each call."""
        try:
            return self._test()
        except GONE:
            return False

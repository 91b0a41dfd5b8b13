"""Which nodes of a graph are used more than once: what has one use may be taken in by its user (`scalars`)."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Iterable, Iterator
from operator import attrgetter
from typing import Any

from autograd_lite.value import Value

__all__ = ["ONE_USE", "Uses", "with_references"]


def with_references(inner: list[Value]) -> Iterator[tuple[Value, int]]:
    """Each node, and how many references there are to it: at least one for every slot of `_a` and `_b` that it fills.

    CPython keeps these numbers anyway; to count the slots takes longer than all else that is done with most nodes.
    """
    return zip(inner, map(sys.getrefcount, inner), strict=True)


def _references_of_one_use() -> int:
    nodes = [Value(0.0).exp()]
    nodes.append(nodes[0].exp())
    return next(with_references(nodes))[1]


ONE_USE = _references_of_one_use()
"""A node with no more references fills one slot; of one with more, the uses have to be counted."""


class Uses:
    """Counts the uses of nodes, once somebody asks: in most graphs nothing needs to be counted.

    Examples
    --------
    >>> a = Value(2.0) * 3.0
    >>> b = a + a
    >>> uses = Uses([a, b], asked=[b])
    >>> uses.are_several(a), uses.are_several(b)
    (True, True)
    """

    def __init__(self, inner: list[Value], asked: Iterable[Value]) -> None:
        self._inner, self._asked = inner, set(asked)
        self._counts: Counter[Any] | None = None

    def are_several(self, node: Value) -> bool:
        """Whether a node fills several slots, or somebody else asked for it: Python, or the caller for the root."""
        if node in self._asked:
            return True
        if self._counts is None:
            self._counts = _counted(self._inner)
        return self._counts[node] > 1


def _counted(inner: list[Value]) -> Counter[Any]:
    """How many argument slots each node fills."""
    two = [node for node in inner if node._a is not None]
    counts: Counter[Any] = Counter(map(attrgetter("_a"), two))
    counts.update(map(attrgetter("_b"), two))
    if len(two) < len(inner):
        counts.update(x for node in inner if node._a is None for x in node._b if isinstance(x, Value))
    return counts

"""The paths that gradients take from one value of a graph to another: how many there are, and the largest of them."""

from __future__ import annotations

import heapq
import math
from collections.abc import Iterator
from dataclasses import dataclass

from viz.graphs.snapshot import Snapshot
from viz.words.expression import reading_slots

__all__ = ["Paths", "Way"]

_BEYOND = 1e6  # stands for the logarithm of 0 and of infinity, so that sums of logarithms stay numbers


@dataclass(frozen=True, slots=True)
class Way:
    """One path from the root down.

    Attributes
    ----------
    nodes : tuple of int
        The ids it comes through, the root's first.
    slots : tuple of int
        For each node but the last, the argument slot that it leaves by.
    """

    nodes: tuple[int, ...]
    slots: tuple[int, ...]


class Paths:
    """The paths from the root of a graph down to one node; each argument slot is a step of its own.

    There may be more paths than could ever be listed, so they are counted node by node.

    Parameters
    ----------
    graph : Snapshot
        A graph with one root.
    end : int
        The id of the node that the paths lead to.

    Attributes
    ----------
    by_size : bool
        Whether every step has a number, so that the largest path is known.

    Examples
    --------
    >>> from autograd_lite import Value
    >>> from viz.graphs.snapshot import snapshot
    >>> a = Value(3.0)
    >>> paths = Paths(snapshot(a * a + a), 0)
    >>> paths.count()
    3
    >>> [way.nodes for way in paths.largest(2)]
    [(2, 1, 0), (2, 1, 0)]
    """

    def __init__(self, graph: Snapshot, end: int) -> None:
        self._graph, self._end, self._root = graph, end, graph.roots[0]
        self._offsets, self._sources = graph.offsets.tolist(), graph.sources.tolist()
        self._leads = self._find_leading()
        self.by_size = all(
            type(graph.locals[self._offsets[i] + k]) is float for i in self._inner() for k in self._ways(i)
        )

    def _find_leading(self) -> bytearray:
        """Mark the nodes that depend on the end."""
        leads = bytearray(len(self._graph))
        leads[self._end] = 1
        for i in range(self._end + 1, len(leads)):
            leads[i] = any(leads[j] for j in self._sources[self._offsets[i] : self._offsets[i + 1]])
        return leads

    def _inner(self) -> Iterator[int]:
        """The nodes between the end and the root, inputs first."""
        return (i for i in range(self._end + 1, self._root + 1) if self._leads[i])

    def _ways(self, i: int) -> list[int]:
        """The slots of a node that lead to the end, in the order in which they are read."""
        return [k for k in reading_slots(self._graph, i) if self._leads[self._source(i, k)]]

    def count(self) -> int:
        """How many paths there are, exactly."""
        if not self._leads[self._root]:
            return 0
        waiting = {self._root: 1}
        for i in range(self._root, self._end, -1):
            if self._leads[i]:
                ways = waiting.pop(i)  # such a number can have 100,000 bits, and so has the next: none is kept
                for k in self._ways(i):
                    j = self._sources[self._offsets[i] + k]
                    waiting[j] = waiting.get(j, 0) + ways
        return waiting[self._end]

    def largest(self, limit: int) -> list[Way]:
        """The `limit` paths with the greatest product of local derivatives; equal ones as the formulas are read.

        The first takes the best step everywhere. Every other one leaves a path that was listed before it at one
        place, and takes the best steps from there on: so each is found once, and nothing is looked at but those.
        Where steps are not numbers all count as equal.
        """
        if not self._leads[self._root]:
            return []
        losses, choices = self._best_steps()
        found = [self._follow((), (), self._root, choices)]
        waiting: list[tuple[float, int, int, int, int]] = []
        loss, start = 0.0, 0
        while len(found) < limit:
            others = self._others(found[-1], len(found) - 1, loss, start, losses)
            for other in heapq.nsmallest(limit - len(found), others):
                heapq.heappush(waiting, other)
            if not waiting:
                break
            loss, behind, _, parent, slot = heapq.heappop(waiting)
            way, start = found[parent], 1 - behind
            nodes, slots = way.nodes[:start], (*way.slots[: start - 1], slot)
            found.append(self._follow(nodes, slots, self._source(nodes[-1], slot), choices))
        return found

    def _source(self, i: int, slot: int) -> int:
        return self._sources[self._offsets[i] + slot]  # type: ignore[no-any-return]

    def _follow(self, nodes: tuple[int, ...], slots: tuple[int, ...], i: int, choices: dict[int, int]) -> Way:
        """Go on from node i by the best steps."""
        more_nodes, more_slots = [i], []
        while i != self._end:
            more_slots.append(choices[i])
            i = self._source(i, choices[i])
            more_nodes.append(i)
        return Way((*nodes, *more_nodes), (*slots, *more_slots))

    def _others(
        self, way: Way, number: int, loss: float, start: int, losses: dict[int, list[tuple[float, int]]]
    ) -> Iterator[tuple[float, int, int, int, int]]:
        """The paths that leave a path after its own first `start` steps, the deepest first among equal ones."""
        for place in range(start, len(way.slots)):
            for rank, (less, slot) in enumerate(losses[way.nodes[place]]):
                if slot != way.slots[place]:
                    yield loss + less, -place, rank, number, slot

    def _best_steps(self) -> tuple[dict[int, list[tuple[float, int]]], dict[int, int]]:
        """For each node, its slots and how much of the logarithm each loses to the best one; and that one."""
        best = {self._end: 0.0}
        losses: dict[int, list[tuple[float, int]]] = {}
        choices: dict[int, int] = {}
        for i in self._inner():
            reached = [(self._weight(i, k) + best[self._source(i, k)], k) for k in self._ways(i)]
            best[i] = max(size for size, _ in reached)
            losses[i] = [(round(best[i] - size, 9), k) for size, k in reached]  # rounding errors are no difference
            choices[i] = min(losses[i], key=lambda step: step[0])[1]
        return losses, choices

    def _weight(self, i: int, slot: int) -> float:
        """The logarithm of the size of a local derivative."""
        if not self.by_size:
            return 0.0
        size = abs(self._graph.locals[self._offsets[i] + slot])
        if size and math.isfinite(size):
            return math.log(size)
        return -_BEYOND if size == 0 else _BEYOND

"""The backward pass once more, from its recorded numbers: what each node sent to each of its inputs, and the sums."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from autograd_lite.backward import sent
from autograd_lite.value import Value
from viz.graphs.contribution import times
from viz.graphs.snapshot import Node, Snapshot
from viz.pictures.scale import magnitude
from viz.words.expression import reading_order

__all__ = ["Contribution", "Replay"]


@dataclass(frozen=True, slots=True)
class Contribution:
    """What a node sends to one of its inputs in the backward pass.

    Attributes
    ----------
    slot : int
        The argument slot.
    source : int
        The id of the input.
    amount : float or ndarray
        The node's gradient times the local derivative.
    before : float, ndarray or None
        The input's gradient before: None if nothing was there, which counts as 0.
    total : float or ndarray
        The input's gradient after: the sum so far.
    is_first, is_last : bool
        Whether it is the first, and the last, that the input receives in this pass.
    """

    slot: int
    source: int
    amount: Any
    before: Any
    total: Any
    is_first: bool
    is_last: bool


class Replay:
    """The backward pass from the first root of a graph, which has run.

    Parameters
    ----------
    graph : Snapshot
        The graph with the gradients that the pass has left.
    arrays : dict
        The Values of array operations by their ids: they know the arrays that their rules need.

    Attributes
    ----------
    changed : dict
        For the ids of nodes whose gradient is not what this pass has given them: what it gave. Something has cleared
        or changed them since.

    Examples
    --------
    >>> from viz.graphs.snapshot import snapshot
    >>> a = Value(3.0, label="a")
    >>> y = a * a
    >>> y.backward()
    >>> graph = snapshot(y)
    >>> [(c.amount, c.total) for c in Replay(graph, {}).contributions(graph.nodes[1])]
    [(3.0, 3.0), (3.0, 6.0)]
    """

    def __init__(self, graph: Snapshot, arrays: Mapping[int, Value]) -> None:
        self._graph, self._arrays = graph, arrays
        self._received: list[Any] = [None] * len(graph)
        self._befores: dict[int, tuple[Any, ...]] = {}
        self._last: list[int] = [-1] * len(graph)
        self._starts: dict[int, Any] = {}
        self.changed: dict[int, Any] = {}
        sizes = [0.0] * len(graph)
        root = graph.roots[0]
        self._received[root] = graph.gradients[root]
        with np.errstate(all="ignore"):
            for i in range(root, -1, -1):
                if graph.ops[i] is not None and self._received[i] is not None:
                    self._send(graph.nodes[i], sizes)
            for i in range(len(graph)):
                if self._last[i] >= 0:
                    self._compare(i, sizes[i])

    def _send(self, node: Node, sizes: list[float]) -> None:
        """Send a node's gradient on; what its inputs had before is kept."""
        befores = []
        for slot in self._slots(node):
            source = node.slots[slot].source
            amount, before = self._amount(node, slot), self._received[source]
            befores.append(before)
            self._received[source] = amount if before is None else before + amount
            self._last[source] = node.id
            sizes[source] += magnitude(amount)
        if any(before is not None for before in befores):  # most nodes are used once
            self._befores[node.id] = tuple(befores)

    def _slots(self, node: Node) -> list[int]:
        roles = self._graph.roles
        return [slot for slot in reading_order(node) if roles[node.slots[slot].source] != "constant"]

    def _amount(self, node: Node, slot: int) -> Any:
        """Send as the engine does: an array operation by its own rule."""
        g = self._received[node.id]
        value = self._arrays.get(node.id)
        return times(node.op, g, node.slots[slot].local) if value is None else sent(value, slot, g)

    def _compare(self, i: int, size: float) -> None:
        """Find out what a leaf held before the pass: what it holds beyond the sum of what it received."""
        held, received = self._graph.gradients[i], self._received[i]
        if held is not None and _is_close(held, received, size):
            return
        if held is None or self._graph.ops[i] is not None or not np.any(held) or np.shape(held) != np.shape(received):
            self.changed[i] = received
        else:
            self._starts[i] = held - received

    def gradient(self, i: int) -> Any:
        """Return the gradient that a node sends on: what it has received in this pass."""
        return self._received[i]

    def start(self, i: int) -> Any:
        """Return what was on a leaf before this pass; None if nothing was."""
        return self._starts.get(i)

    def contributions(self, node: Node) -> tuple[Contribution, ...]:
        """Return what a node sends to its inputs, in reading order; constants receive nothing."""
        slots = self._slots(node)
        befores = self._befores.get(node.id, (None,) * len(slots))
        last_slots = {node.slots[slot].source: slot for slot in slots}
        with np.errstate(all="ignore"):
            return tuple(
                self._contribution(node, slot, before, last_slots) for slot, before in zip(slots, befores, strict=True)
            )

    def _contribution(self, node: Node, slot: int, before: Any, last_slots: Mapping[int, int]) -> Contribution:
        source = node.slots[slot].source
        amount, start = self._amount(node, slot), self._starts.get(source)
        held = start if before is None else before if start is None else start + before
        return Contribution(
            slot=slot,
            source=source,
            amount=amount,
            before=held,
            total=amount if held is None else held + amount,
            is_first=before is None,
            is_last=self._last[source] == node.id and last_slots[source] == slot,
        )


def _is_close(held: Any, received: Any, size: float) -> bool:
    """Whether two sums of the same numbers differ by their rounding alone, or cannot be compared: inf - inf."""
    if np.shape(held) != np.shape(received):
        return False
    if not isinstance(held, np.ndarray) and held == received:
        return True
    room = _rounding(held) * (size + magnitude(held))
    if not math.isfinite(room):
        return not math.isfinite(size) or bool(np.array_equal(held, received, equal_nan=True))
    return bool(np.all(np.abs(held - received) <= room))


def _rounding(x: Any) -> float:
    """Half of a number's digits: what many roundings together stay below."""
    is_float32 = isinstance(x, np.ndarray) and x.dtype == np.float32
    return math.sqrt(float(np.finfo(np.float32 if is_float32 else np.float64).eps))

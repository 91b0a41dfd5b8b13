"""The layers of a graph and how large the gradient is in each: to see where it vanishes or explodes."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from viz.graphs.snapshot import Snapshot

__all__ = ["Layer", "layer_norms", "rectified"]

_ACTIVATIONS = frozenset(
    ["tanh", "sigmoid", "relu", "leaky_relu", "elu", "gelu", "silu", "softplus", "logsigmoid"],
)
_NONE = -1


@dataclass(slots=True)
class Layer:
    """A layer of a graph.

    Attributes
    ----------
    path : str
        The module; '' in a graph without modules.
    height : int
        How many activations its results go through at most on their way to the end.
    norm : float
        The Euclidean norm of the gradient of its results.
    nodes : list of int
        The ids of its results: what is used outside of it.
    after : int or None
        The place of the next layer in the list: of those that use its results, the one farthest from the end.
    """

    path: str
    height: int
    norm: float = 0.0
    nodes: list[int] = field(default_factory=list)
    after: int | None = None


def layer_norms(graph: Snapshot) -> list[Layer]:
    """Find the layers, the last one first.

    A layer is what a module computes, activations apart. If the graph has no modules, it is what goes into activations
    that are equally far from the end. So the gradients are those that the course calls dZ: what an activation's slope
    or a saturated output does is in them. A module that is used again and again, as in a recurrence, is one layer for
    each number of activations that still follow.

    Examples
    --------
    >>> from autograd_lite import Value
    >>> from viz.graphs.snapshot import snapshot
    >>> x, w = Value(1.0), Value(2.0)
    >>> y = ((x * w).tanh() * w).tanh()
    >>> y.backward()
    >>> [(layer.height, layer.nodes, round(layer.norm, 4)) for layer in layer_norms(snapshot(y))]
    [(1, [4], 0.0811), (2, [2], 0.0115)]
    """
    walk = _Walk(graph)
    for i in range(len(graph) - 1, -1, -1):
        if graph.ops[i] is not None:
            walk.visit(i)
    return walk.layers


def rectified(graph: Snapshot, i: int) -> int | None:
    """Return the number of the slot that a ReLU rectifies, or a maximum with 0; None for other operations.

    Examples
    --------
    >>> from autograd_lite import Value, maximum
    >>> from viz.graphs.snapshot import snapshot
    >>> a = Value(-2.0)
    >>> [rectified(snapshot(y), len(snapshot(y)) - 1) for y in (a.relu(), maximum(0, a), maximum(a, 1), a.tanh())]
    [0, 1, None, None]
    """
    op, first = graph.ops[i], int(graph.offsets[i])
    if op is None or op.name not in ("relu", "maximum"):
        return None
    if op.name == "relu":
        return first
    for zero, slot in ((first, first + 1), (first + 1, first)):
        source = graph.sources[zero]
        if graph.roles[source] == "constant" and not np.any(graph.values[source]):
            return slot
    return None


class _Walk:
    """Goes back from the end, as the gradient does; a node is visited after all that use it."""

    def __init__(self, graph: Snapshot) -> None:
        self.graph = graph
        self.layers: list[Layer] = []
        self._places: dict[tuple[str, int], int] = {}
        self._offsets: list[int] = graph.offsets.tolist()
        self._sources: list[int] = graph.sources.tolist()
        self._active = [
            op is not None and (op.name in _ACTIVATIONS or rectified(graph, i) is not None)
            for i, op in enumerate(graph.ops)
        ]
        self._feeding = {} if graph.paths else {s: "" for i, on in enumerate(self._active) if on for s in self._of(i)}
        self._height = [0] * len(graph)
        self._next = [_NONE] * len(graph)  # the layers that use a node's result: the farthest from the end,
        self._second = [_NONE] * len(graph)  # and another one, for the farthest may turn out to be the node's own

    def _of(self, i: int) -> list[int]:
        return self._sources[self._offsets[i] : self._offsets[i + 1]]

    def visit(self, i: int) -> None:
        """Put a node into its layer and tell those that it was computed from."""
        height = self._height[i] = self._height[i] + self._active[i]
        path = self._path(i)
        places = (self._next[i], self._second[i])
        if path is not None and self.graph.gradients[i] is not None:
            place = self._places.setdefault((path, height), len(self.layers))
            if place == len(self.layers):
                self.layers.append(Layer(path, height))
            self._take(place, i)
            places = (place, _NONE)
        for source in self._of(i):
            self._height[source] = max(self._height[source], height)
            for place in places:
                self._tell(source, place)

    def _path(self, i: int) -> str | None:
        """Return the module that a node belongs to; None if it belongs to no layer."""
        if self.graph.paths:
            return None if self._active[i] else self.graph.paths.get(i)
        return self._feeding.get(i)

    def _take(self, place: int, i: int) -> None:
        """Count a node to a layer's results, unless only the layer itself uses it."""
        layer, users = self.layers[place], {self._next[i], self._second[i]} - {_NONE}
        if users == {place}:
            return
        layer.nodes.append(i)
        layer.norm = math.hypot(layer.norm, _norm(self.graph.gradients[i]))
        for later in sorted(users):
            if later < place and (layer.after is None or self.layers[later].height > self.layers[layer.after].height):
                layer.after = later

    def _tell(self, source: int, place: int) -> None:
        """Note that a layer uses a node's result: of all, the two farthest from the end are kept."""
        first, second = self._next[source], self._second[source]
        if place in (_NONE, first, second):
            return
        if first == _NONE or self.layers[place].height > self.layers[first].height:
            self._next[source], self._second[source] = place, first
        elif second == _NONE or self.layers[place].height > self.layers[second].height:
            self._second[source] = place


def _norm(x: Any) -> float:
    """Return the norm of a number or an array, also where the squares would overflow."""
    if not isinstance(x, np.ndarray):
        return abs(float(x))
    top = float(np.abs(x).max()) if x.size else 0.0
    if top == 0 or not math.isfinite(top):
        return top
    return top * float(np.linalg.norm(x / top))

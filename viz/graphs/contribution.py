"""What flows back through an argument slot: the gradient times the local derivative, with the engine's strong zeros."""

from __future__ import annotations

from typing import Any

import numpy as np

from autograd_lite.operation import Operation
from autograd_lite.shaping import sum_to
from viz.graphs.snapshot import Node, Snapshot

__all__ = ["contribution", "times"]


def times(op: Operation | None, gradient: Any, local: Any) -> Any:
    """Multiply a gradient by a local derivative of an operation as the engine does.

    A zero gradient sends 0 whatever the slope is. Where relu, maximum and the like are flat they send 0, of an infinite
    gradient too.

    Examples
    --------
    >>> from autograd_lite import TABLE
    >>> times(TABLE["sqrt"], 0.0, float("inf")), times(TABLE["relu"], float("inf"), 0.0), times(None, 2.0, -3.0)
    (0.0, 0.0, -6.0)
    """
    stops = op is not None and op.selects
    if isinstance(gradient, float) and isinstance(local, float):
        return 0.0 if gradient == 0 or (stops and local == 0) else gradient * local
    with np.errstate(all="ignore"):
        return np.where(np.equal(gradient, 0) | (stops & np.equal(local, 0)), 0.0, np.multiply(gradient, local))


def contribution(graph: Snapshot, node: Node, slot: int) -> Any:
    """Return what an argument receives from a node's gradient: one of the terms whose sum is its own gradient.

    Parameters
    ----------
    graph : Snapshot
        The graph.
    node : Node
        The result.
    slot : int
        The place in ``node.slots``.

    Returns
    -------
    float, ndarray or None
        Of the argument's shape: where it was broadcast, the sum over its copies. None if the backward pass did not go
        through the slot, and if the operation mixes elements, so that there is no one number for each.

    Examples
    --------
    >>> from autograd_lite import Value
    >>> from viz.graphs.snapshot import snapshot
    >>> a = Value(3.0)
    >>> b = a * a
    >>> b.backward()
    >>> graph = snapshot(b)
    >>> [contribution(graph, graph.nodes[1], slot) for slot in (0, 1)], graph.nodes[0].gradient
    ([3.0, 3.0], 6.0)
    """
    through = node.slots[slot]
    g, d = node.gradient, through.local
    if d is None or not graph.carries_gradient(node, through):
        return None
    if node.is_rolled and np.ndim(g) and np.shape(d) != np.shape(g):
        return None  # which of the numbers belong together is not known
    sent = times(node.op, g, d)
    if node.is_rolled or isinstance(sent, float):
        return sent
    shape = graph.nodes[through.source].shape
    received = sum_to(np.broadcast_to(sent, np.broadcast_shapes(sent.shape, shape)), shape)
    return received if shape else float(received)

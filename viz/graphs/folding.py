"""Smaller pictures of the same graph: long sums as one node, and leaves that everything uses drawn at each use."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from autograd_lite import TABLE
from viz.graphs.nodes import Node, Slot
from viz.graphs.snapshot import Snapshot
from viz.words.expression import short_title

__all__ = ["MANY_USES", "copy_leaves", "fold_sums", "sum_owners"]

MANY_USES = 4
"""A leaf that is used more often has a copy at each use, and a chain of more additions becomes one sum."""


def sum_owners(graph: Snapshot, longest: int = 0) -> NDArray[np.intp]:
    """For each node, the addition that it becomes a part of; itself if it stays.

    An addition of scalars is a part of the next one if nothing else uses it and nobody gave it a name. Chains of at
    most `longest` additions stay as they are.

    Examples
    --------
    >>> from autograd_lite import Value
    >>> from viz.graphs.snapshot import snapshot
    >>> sum_owners(snapshot(Value(1.0) + Value(2.0) + Value(3.0)))
    array([0, 1, 2, 4, 4])
    """
    count = len(graph)
    ids = np.arange(count)
    uses = np.bincount(graph.sources, minlength=count)
    consumer = ids.copy()
    consumer[graph.sources] = np.repeat(ids, np.diff(graph.offsets))
    named, roots = np.zeros(count, bool), list(graph.roots)
    named[list(graph.names)] = True
    named[roots] = True
    sums = [
        op is not None and op.name in ("add", "sum_many") and type(value) is float
        for op, value in zip(graph.ops, graph.values, strict=True)
    ]
    is_sum = np.array(sums, bool)
    absorbed = is_sum & is_sum[consumer] & (uses == 1) & ~named
    owners = np.where(absorbed, consumer, ids)
    while (owners[owners] != owners).any():  # each round doubles the distance that is covered
        owners = owners[owners]
    parts = np.bincount(owners, minlength=count)
    return np.where(parts[owners] > longest, owners, ids)


def fold_sums(graph: Snapshot) -> Snapshot:
    """Write each chain of more than `MANY_USES` additions as one sum.

    Examples
    --------
    >>> from autograd_lite import Value
    >>> from viz.graphs.snapshot import snapshot
    >>> total = Value(0.0)
    >>> for i in range(6):
    ...     total = total + Value(float(i))
    >>> [node.operation for node in fold_sums(snapshot(total)) if node.op]
    ['sum_many']
    """
    owners = sum_owners(graph, MANY_USES)
    kept = np.flatnonzero(owners == np.arange(len(graph)))
    gone = len(graph) - len(kept)
    if not gone:
        return graph
    places = {int(old): new for new, old in enumerate(kept)}
    large = np.bincount(owners, minlength=len(graph)) > 1
    nodes = [_folded(graph, graph.nodes[i], owners, places) if large[i] else graph.nodes[i] for i in places]
    nodes = [_moved(node, i, places if not large[kept[i]] else None) for i, node in enumerate(nodes)]
    chains = int(large.sum())
    note = f"{gone} additions are drawn as parts of {chains} longer sum{'s' if chains > 1 else ''}"
    return Snapshot.of(nodes, tuple(places[i] for i in graph.roots), (*graph.notes, note))


def _folded(graph: Snapshot, node: Node, owners: NDArray[np.intp], places: dict[int, int]) -> Node:
    """A sum of all terms, from left to right; its slots point to the new places."""
    terms: list[Slot] = []
    todo = list(reversed(node.slots))
    while todo:
        slot = todo.pop()
        if owners[slot.source] == node.id:
            todo += reversed(graph.nodes[slot.source].slots)
        else:
            terms.append(Slot(places[slot.source], slot.local, len(terms)))
    return replace(node, op=TABLE["sum_many"], slots=tuple(terms))


def _moved(node: Node, i: int, places: dict[int, int] | None) -> Node:
    """The node with another id, and its slots pointing to new places."""
    slots = node.slots if places is None else tuple(replace(slot, source=places[slot.source]) for slot in node.slots)
    return replace(node, id=i, slots=slots)


def copy_leaves(graph: Snapshot) -> Snapshot:
    """Draw each leaf that is used more than `MANY_USES` times at each use: dot would be slow, and the picture a tangle.

    Examples
    --------
    >>> from autograd_lite import Value
    >>> from viz.graphs.snapshot import snapshot
    >>> w, h = Value(2.0, label="w"), Value(1.0)
    >>> for step in range(5):
    ...     h = (w * h).tanh()
    >>> graph = copy_leaves(snapshot(h))
    >>> [node.name for node in graph].count("w"), graph.notes
    (5, ('w is drawn at each of its 5 uses',))
    """
    uses = np.bincount(graph.sources, minlength=len(graph))
    copied = {int(i) for i in np.flatnonzero(uses > MANY_USES) if graph.ops[i] is None}
    if not copied:
        return graph
    nodes: list[Node] = []
    places: dict[int, int] = {}
    for node in graph:
        if node.id in copied and node.id not in graph.roots:
            continue
        slots = []
        for slot in node.slots:
            if slot.source in copied:
                nodes.append(replace(graph.nodes[slot.source], id=len(nodes)))
                slots.append(replace(slot, source=len(nodes) - 1))
            else:
                slots.append(replace(slot, source=places[slot.source]))
        places[node.id] = len(nodes)
        nodes.append(replace(node, id=len(nodes), slots=tuple(slots)))
    roots = tuple(places[i] for i in graph.roots)
    return Snapshot.of(nodes, roots, (*graph.notes, _copies_note(graph, sorted(copied), uses)))


def _copies_note(graph: Snapshot, copied: list[int], uses: NDArray[np.intp]) -> str:
    names = [short_title(graph.nodes[i]) for i in copied]
    if len(names) == 1:
        return f"{names[0]} is drawn at each of its {uses[copied[0]]} uses"
    shown = ", ".join(names[:3]) + (f" and {len(names) - 3} more leaves" if len(names) > 3 else "")
    return f"{shown} are drawn at each of their uses"

"""Rolling a large graph: values of equal structure become one box with a count.

The structure is found by colour refinement (Weisfeiler and Leman, 1968). Nodes begin with a colour for what they are:
the operation, the role, the shape, the module, the pattern of the name. Then, round by round, a node's colour is
mixed with those of its inputs, until no round tells more nodes apart: then equal colours mean equal structure all the
way down. If that makes too many boxes, as in a loop of a thousand steps, whose every step is deeper than the last,
one round has to do: a box then stands for the same operation of the same inputs, and the loop shows as a loop.
Leaves are told apart by what uses them, so that each layer's weights are a box of their own.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Hashable, Iterable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from autograd_lite import TABLE
from autograd_lite.hashing import Hashes as Colours
from autograd_lite.hashing import mixed
from viz.graphs.folding import sum_owners
from viz.graphs.nodes import Node, Slot
from viz.graphs.snapshot import Snapshot
from viz.words.expression import order_matters

__all__ = ["BOXES", "SHOWN", "roll"]

BOXES = 30
"""How many boxes a rolled picture has at most, unless the kinds of values are more."""

SHOWN = "least, mean and greatest number"
"""What most pictures show of the numbers of a box."""

_ARGUMENTS = 1000  # more than any operation has in places of its own
_WORDS = re.compile(r"\[[^\]]*\]|[^\W\d]+|\d+|.", re.DOTALL)  # what a name is made of: words, numbers, indices

Ints = NDArray[np.int64]


def roll(graph: Snapshot, boxes: int = BOXES, shown: str = SHOWN) -> Snapshot:
    """Merge values of equal structure; each node of the result has a `count`, and the numbers of all its members.

    The note that this leaves says what is `shown` of those numbers.

    Examples
    --------
    >>> from autograd_lite import Value
    >>> from viz.graphs.snapshot import snapshot
    >>> w = Value(2.0, label="w")
    >>> total = sum(((w * float(i)).tanh() for i in range(100)), Value(0.0))
    >>> rolled = roll(snapshot(total))
    >>> [(node.operation or node.role, node.count) for node in rolled]
    [('input', 1), ('input', 1), ('constant', 100), ('mul', 100), ('tanh', 100), ('sum_many', 1)]
    """
    edges = _Edges(graph)
    colours = _structure(graph, edges, boxes)
    members = _classes(colours, edges.owners)
    return _rolled(graph, edges, members, shown)


class _Edges:
    """The slots of all nodes that stay once chains of additions are one sum: source, consumer, argument."""

    def __init__(self, graph: Snapshot) -> None:
        ids = np.arange(len(graph))
        self.owners = sum_owners(graph)
        consumers = np.repeat(ids, np.diff(graph.offsets))
        inside = self.owners[graph.sources] != graph.sources  # between two parts of one sum
        self.numbers = np.flatnonzero(~inside)
        self.sources = graph.sources[~inside]
        self.consumers = self.owners[consumers[~inside]]
        self.places = (np.arange(len(graph.sources)) - graph.offsets[:-1][consumers])[~inside]
        self.large = np.bincount(self.owners, minlength=len(graph)) > 1
        kinds = _numbered(op.name if op else "" for op in graph.ops)
        first_of_each = np.unique(kinds, return_index=True)[1]
        fixed = np.array([_in_places(graph, int(i)) for i in first_of_each])
        self.arguments = np.where(fixed[kinds[self.consumers]] & ~self.large[self.consumers], self.places, 0)


def _in_places(graph: Snapshot, i: int) -> bool:
    """Whether the arguments of a node's operation have places of their own, as those of a difference have."""
    op = graph.ops[i]
    return op is not None and not op.variadic and order_matters(op, len(op.inputs))


def _numbered(keys: Iterable[Hashable]) -> Ints:
    """A number for each key, equal for equal ones, in the order in which they come first."""
    numbers: dict[Hashable, int] = {}
    return np.array([numbers.setdefault(key, len(numbers)) for key in keys], np.int64)


# --- colours -------------------------------------------------------------------------------------------------------


def _structure(graph: Snapshot, edges: _Edges, boxes: int) -> Colours:
    """The colours by which nodes are merged."""
    for named in (True, False):
        first = _first_colours(graph, edges.large, named)
        exact = _refined(first, edges, boxes)
        for colours in (exact, _round(first, edges), first):
            if colours is not None:
                told = _told_apart_by_use(colours, graph, edges)
                if _count(told, edges.owners) <= boxes:
                    return told
    return first


def _first_colours(graph: Snapshot, large: NDArray[np.bool_], named: bool) -> Colours:
    """What a node is by itself; with `named`, what it is called counts, numbers in the name apart."""
    roots = set(graph.roots)
    columns = zip(graph.ops, graph.roles, graph.values, graph.gradients, large.tolist(), strict=True)
    return mixed(
        _numbered(
            (
                "sum_many" if is_sum else op.name if op else "",
                role,
                None if type(value) is float else (value.shape, value.dtype.char),
                gradient is None,
                i in roots,
                (_pattern(graph.names.get(i, "")), graph.path(i)) if named else "",
            )
            for i, (op, role, value, gradient, is_sum) in enumerate(columns)
        )
    )


def _pattern(name: str) -> str:
    return re.sub(r"\d+", "#", name) if name else ""


def _refined(colours: Colours, edges: _Edges, boxes: int) -> Colours | None:
    """Colours that no round tells further apart; None if they are too many."""
    count = _count(colours, edges.owners)
    while count <= boxes:
        colours = _round(colours, edges)
        before, count = count, _count(colours, edges.owners)
        if count == before:
            return colours
    return None


def _round(colours: Colours, edges: _Edges) -> Colours:
    """Mix each node's colour with those of its inputs, in any order where the operation does not care."""
    sent = mixed(colours[edges.sources] + mixed(edges.arguments))
    return mixed(colours + _sums(edges.consumers, sent, len(colours)))


def _told_apart_by_use(colours: Colours, graph: Snapshot, edges: _Edges) -> Colours:
    """Leaves of one colour that different things use become different; how often they are used does not matter."""
    is_leaf = np.diff(graph.offsets) == 0
    of_leaves = is_leaf[edges.sources]
    uses = mixed(colours[edges.consumers] + mixed(edges.arguments))[of_leaves]
    pairs = np.unique(np.stack([edges.sources[of_leaves].astype(np.uint64), uses]), axis=1)
    return np.where(is_leaf, mixed(colours + _sums(pairs[0].astype(np.intp), pairs[1], len(colours))), colours)


def _sums(places: NDArray[np.intp], numbers: Colours, count: int) -> Colours:
    """Add up the numbers of each place, modulo 2 ** 64."""
    sums = np.zeros(count, np.uint64)
    np.add.at(sums, places, numbers)
    return sums


def _count(colours: Colours, owners: NDArray[np.intp]) -> int:
    return len(np.unique(colours[owners == np.arange(len(owners))]))


def _classes(colours: Colours, owners: NDArray[np.intp]) -> list[NDArray[np.intp]]:
    """The members of each class, those first whose first member is first: inputs before results, but in loops."""
    kept = np.flatnonzero(owners == np.arange(len(owners)))
    _, first, inverse = np.unique(colours[kept], return_index=True, return_inverse=True)
    order = np.argsort(inverse, kind="stable")
    groups = np.split(kept[order], np.cumsum(np.bincount(inverse))[:-1])
    return [groups[k] for k in np.argsort(first)]


# --- boxes ---------------------------------------------------------------------------------------------------------


def _rolled(graph: Snapshot, edges: _Edges, members: list[NDArray[np.intp]], shown: str) -> Snapshot:
    box = np.zeros(len(graph), np.intp)
    for k, group in enumerate(members):
        box[group] = k
    slots = _slots(graph, edges, box, len(members))
    values, gradients = _objects(graph.values), _objects(graph.gradients)
    nodes = [_node(graph, edges, k, group, values, gradients, slots[k]) for k, group in enumerate(members)]
    note = (
        f"{len(graph):,} values in {len(nodes)} boxes: ×n stands for n values of one kind, with their {shown}; "
        f"{'a chain of additions is one sum; ' if edges.large.any() else ''}full=True draws each"
    )
    return Snapshot.of(nodes, tuple(box[list(graph.roots)].tolist()), (*graph.notes, note))


def _objects(items: list[Any]) -> NDArray[Any]:
    return np.fromiter(items, dtype=object, count=len(items))


def _slots(graph: Snapshot, edges: _Edges, box: NDArray[np.intp], boxes: int) -> list[list[Slot]]:
    """One slot for each argument of a box and each box that it comes from, as the first member reads them."""
    keys = (box[edges.consumers] * _ARGUMENTS + edges.arguments) * boxes + box[edges.sources]
    kinds, first, inverse, counts = np.unique(keys, return_index=True, return_inverse=True, return_counts=True)
    places = np.where(edges.large[edges.consumers], 0, edges.places)[first].tolist()
    ordered = _objects(graph.locals)[edges.numbers][np.argsort(inverse, kind="stable")]
    found: list[list[Slot]] = [[] for _ in range(boxes)]
    for kind, place, end, count in zip(
        kinds.tolist(), places, np.cumsum(counts).tolist(), counts.tolist(), strict=True
    ):
        rest, source = divmod(kind, boxes)
        found[rest // _ARGUMENTS].append(Slot(source, _numbers(ordered[end - count : end]), place, count))
    return [sorted(slots, key=lambda slot: (slot.argument, slot.source)) for slots in found]


def _numbers(some: NDArray[Any]) -> Any:
    """Several numbers or arrays as one array, one by itself; None if one is not known."""
    if any(x is None for x in some):
        return None
    if len(some) == 1:
        return some[0]
    if all(type(x) is float for x in some):
        return some.astype(float)
    return np.concatenate([np.ravel(x) for x in some])


def _node(
    graph: Snapshot, edges: _Edges, k: int, group: NDArray[np.intp], values: Any, gradients: Any, slots: list[Slot]
) -> Node:
    first = graph.nodes[int(group[0])]
    members = group.tolist()
    name = _common_name([graph.names.get(i, "") for i in members])
    return Node(
        id=k,
        name=name,
        title=name or f"{graph.prefix}{k}",
        role=first.role,
        op=TABLE["sum_many"] if edges.large[group[0]] else first.op,
        options=first.options if len(members) == 1 else {},
        value=_numbers(values[group]),
        gradient=_numbers(gradients[group]),
        shape=first.shape,
        dtype=first.dtype,
        slots=tuple(slots),
        path=_if_same(graph.path(i) for i in members),
        line=_if_same(graph.lines.get(i, "") for i in members),
        count=len(members),
    )


def _if_same(texts: Iterable[str]) -> str:
    """The text that all members have; '' if they differ."""
    found = set(texts)
    return found.pop() if len(found) == 1 else ""


def _common_name(names: list[str]) -> str:
    """What the names of several values begin with, as ``W[0]`` of W[0][1] and W[0][2]; '' if there is no such word.

    Examples
    --------
    >>> _common_name(["w[0,1]", "w[0,2]"]), _common_name(["x1", "x12"]), _common_name(["alpha", "alter"])
    ('w', 'x', '')
    """
    least, greatest = min(names), max(names)  # what these two begin with, all do
    if least == greatest:
        return least
    parts = zip(_WORDS.findall(least), _WORDS.findall(greatest), strict=False)
    common = "".join(x for x, _ in itertools.takewhile(lambda pair: pair[0] == pair[1], parts))
    return common if common.endswith("]") else re.sub(r"[\W\d_]+$", "", common)

"""Which module made which node of a graph that nobody recorded: by the parameters that it reads, and its place."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from functools import reduce
from math import gcd
from typing import Any

from autograd_lite import nn
from viz.graphs.snapshot import Snapshot
from viz.net.calls import Steps, sources_of
from viz.net.modules import Part

__all__ = ["conclude"]

Way = tuple[str, ...]
"""The names on the way from the model to a part; () is the model itself."""

_MOVES = {"reshape", "ravel", "squeeze", "expand_dims", "transpose", "broadcast_to", "getitem"}
_LOOKS = _MOVES | {"take"}  # other operations on parameters alone are rather a penalty on the weights
_ROUNDS = 16  # of agreement on operations: each reaches those one step further on
_WINDOWS = {"reshape", "transpose", "unfold", "pad"}  # how a convolution takes its input apart


def conclude(graph: Snapshot, model: Part, homes: Mapping[int, str]) -> list[Steps | None]:
    """Conclude for every node whose it is; None for what is outside the model, and for leaves.

    An operation on a parameter belongs to the parameter's module, and one without parameters to the innermost part
    that holds both what it reads and what reads it; what no part of the model reads is outside. A part is taken to be
    called as often as its parameters are used.

    Parameters
    ----------
    graph : Snapshot
        The graph.
    model : Part
        The model.
    homes : dict
        For each node that is a parameter, the path of the part that keeps it.
    """
    parts = {part.path: way for part, way in model.ways()}
    things = {way: part.thing for part, way in model.ways()}
    owners = _owners(graph, parts, homes, things)
    numbers = _Uses(graph, homes, owners, parts)
    return [None if way is None else numbers.steps(i, way) for i, way in enumerate(owners)]


def _common(first: Way | None, second: Way | None) -> Way | None:
    """The innermost part that holds two others; None stands for no part at all."""
    if first is None or second is None:
        return first if second is None else second
    length = 0
    while length < min(len(first), len(second)) and first[length] == second[length]:
        length += 1
    return first[:length]


def _owners(
    graph: Snapshot, parts: Mapping[str, Way], homes: Mapping[int, str], things: Mapping[Way, Any]
) -> list[Way | None]:
    sure = _sure(graph, parts, homes)
    _claim(graph, sure, things)
    readers = _readers(graph, sure)
    around = {way[:-1] for way in parts.values() if way}  # the parts that have others inside
    owners: list[Way | None] = [None] * len(graph)
    for i, op in enumerate(graph.ops):
        if op is None or (sure[i] is None and readers[i] is None):
            continue
        owners[i] = sure[i] if sure[i] is not None else _between(graph, i, owners, readers[i], around)
    return _agreed(graph, owners, sure)


def _sure(graph: Snapshot, parts: Mapping[str, Way], homes: Mapping[int, str]) -> list[Way | None]:
    """Whose an operation is because it is on parameters."""
    kept: list[Way | None] = [parts.get(homes[i]) if i in homes else None for i in range(len(graph))]
    sure: list[Way | None] = [None] * len(graph)
    for i, op in enumerate(graph.ops):
        if op is None:
            continue
        sources = sources_of(graph, i)
        if op.name in _LOOKS or any(kept[s] is None for s in sources):
            sure[i] = reduce(_common, (kept[s] for s in sources), None)
        if op.name in _MOVES and any(kept[s] is not None for s in sources):
            kept[i] = sure[i]  # a parameter in another shape
    return sure


def _claim(graph: Snapshot, sure: list[Way | None], things: Mapping[Way, Any]) -> None:
    """Give the layers of the library that begin with operations without parameters what is theirs."""
    for i, op in enumerate(graph.ops):
        way = sure[i]
        thing = things.get(way) if way is not None else None
        if op is None:
            continue
        if isinstance(thing, nn.Conv2d):
            _claim_before(graph, sure, i, _WINDOWS, set())
        elif isinstance(thing, (nn.LayerNorm, nn.RMSNorm)) and op.name == "mul":
            quotient = next((s for s in sources_of(graph, i) if _name(graph, s) == "div"), None)
            if quotient is not None:
                x = sources_of(graph, quotient)[0]
                if isinstance(thing, nn.LayerNorm) and _name(graph, x) == "sub":  # the deviation from the mean
                    x = sources_of(graph, x)[0]
                _claim_before(graph, sure, i, None, {x})


def _claim_before(graph: Snapshot, sure: list[Way | None], i: int, names: set[str] | None, until: set[int]) -> None:
    """Give what node i is computed from, back to certain nodes or through certain operations, to the part of i."""
    todo = sources_of(graph, i)
    while todo:
        s = todo.pop()
        named = names is None or _name(graph, s) in names
        if s not in until and graph.ops[s] is not None and sure[s] is None and named:
            sure[s] = sure[i]
            todo += sources_of(graph, s)


def _name(graph: Snapshot, i: int) -> str:
    op = graph.ops[i]
    return op.name if op is not None else ""


def _readers(graph: Snapshot, sure: Sequence[Way | None]) -> list[Way | None]:
    """For each node the part that is the first to read what comes of it."""
    first = [len(sure)] * len(sure)
    for i in range(len(graph) - 1, -1, -1):
        if graph.ops[i] is not None:
            here = first[i] if sure[i] is None else i
            for s in sources_of(graph, i):
                first[s] = min(first[s], here)
    return [sure[i] if i < len(sure) else None for i in first]


def _between(graph: Snapshot, i: int, owners: Sequence[Way | None], reader: Way | None, around: set[Way]) -> Way:
    """The innermost part that may hold an operation between parts."""
    sources = sorted({s for s in sources_of(graph, i) if owners[s] is not None})
    if not sources:
        return ()
    between = _common(owners[sources[-1]], reader) or ()
    if between not in around and any(owners[s] != between for s in sources):
        between = between[:-1]  # a part with nothing inside does not join what comes from elsewhere
    found = [between]
    shared = reduce(_common, (owners[s] for s in sources), None)
    if shared is not None and shared in around and (len(sources) > 1 or (reader or ())[: len(shared)] == shared):
        found.append(shared)  # it joins what comes from one part, or that part goes on with it
    return max(found, key=len)


def _agreed(graph: Snapshot, owners: list[Way | None], sure: Sequence[Way | None]) -> list[Way | None]:
    """Let the same operation on the same parts be the same part's at each use: the last step of a loop, too."""
    loose = [i for i, op in enumerate(graph.ops) if op is not None and owners[i] is not None and sure[i] is None]
    for _ in range(_ROUNDS):
        kinds = {i: (_name(graph, i), tuple(owners[s] for s in sources_of(graph, i))) for i in loose}
        innermost: dict[tuple[Any, ...], Way] = {}
        for i, kind in kinds.items():
            innermost[kind] = max(innermost.get(kind, ()), owners[i] or (), key=len)
        if all(owners[i] == innermost[kind] for i, kind in kinds.items()):
            break
        for i, kind in kinds.items():
            owners[i] = innermost[kind]
    return owners


def _in_time(graph: Snapshot) -> list[int]:
    """The nodes in the order in which each is needed at last: so the steps of a loop come one after the other.

    Topological order will not do: it may well take all that a loop reads before the loop, and the last step's first.
    """
    slack = [0] * len(graph)  # how many operations there are at most from a node to a root
    for i in range(len(graph) - 1, -1, -1):
        if graph.ops[i] is not None:
            for s in sources_of(graph, i):
                slack[s] = max(slack[s], slack[i] + 1)
    return sorted(range(len(graph)), key=lambda i: (-slack[i], i))


class _Uses:
    """How often each part is called, and in which call each node is, told from the uses of parameters."""

    def __init__(
        self, graph: Snapshot, homes: Mapping[int, str], owners: Sequence[Way | None], parts: Mapping[str, Way]
    ) -> None:
        self._first: dict[int, int] = {}
        self._uses: dict[Way, int] = defaultdict(int)
        self._calls: dict[Way, int] = {}
        self._numbers: list[dict[Way, int]] = [{} for _ in owners]
        used: dict[int, int] = defaultdict(int)
        for i in _in_time(graph):
            way = owners[i]
            if way is None:
                continue
            for s in dict.fromkeys(sources_of(graph, i)):
                if s in homes and parts.get(homes[s]) == way:
                    self._first.setdefault(i, used[s])
                    used[s] += 1
                    self._uses[way] = max(self._uses[way], used[s])
        for way, uses in self._uses.items():
            for length in range(len(way) + 1):
                self._calls[way[:length]] = gcd(self._calls.get(way[:length], 0), uses)
        self._follow(graph, owners)

    def _follow(self, graph: Snapshot, owners: Sequence[Way | None]) -> None:
        """A node without parameters is in the call of what it reads, else of what reads it."""
        for i, way in enumerate(owners):
            if way is None:
                continue
            here = self._numbers[i]
            for s in sources_of(graph, i):
                for inner, number in self._numbers[s].items():
                    if way[: len(inner)] == inner:
                        here[inner] = max(here.get(inner, 0), number)
            if i in self._first:
                for length in range(len(way) + 1):
                    here[way[:length]] = self._first[i] * self._calls[way[:length]] // self._uses[way]
        for i in range(len(owners) - 1, -1, -1):
            if owners[i] is not None:
                for s in sources_of(graph, i):
                    way = owners[s]
                    for inner, number in self._numbers[i].items() if way is not None else ():
                        if way is not None and way[: len(inner)] == inner:
                            self._numbers[s].setdefault(inner, number)

    def steps(self, i: int, way: Way) -> Steps:
        """Return the steps to a node's call; calls are counted over the whole graph."""
        numbers = self._numbers[i]
        return (("", numbers.get((), 0)), *((name, numbers.get(way[: k + 1], 0)) for k, name in enumerate(way)))

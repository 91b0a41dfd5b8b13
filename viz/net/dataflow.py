"""The boxes of a model that has run: its modules, the operations beside them, and what flows between."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from viz.graphs.snapshot import Snapshot
from viz.net.boxes import Arrow, ArrowKind, Box, Drawing
from viz.net.calls import Steps, sources_of
from viz.net.modules import Part
from viz.net.plan import module_box
from viz.net.shortening import Key, Links, shorten_chains

__all__ = ["Pill", "dataflow"]

MANY_OPERATIONS = 16
"""Among more operations beside each other, those of the same kind on the same boxes are one box."""

_MANY_CALLS = 4  # a module without parameters that is called more often is one box, too
_SIGNS = {"mul": "×", "matmul": "matmul", "div": "÷", "add": "+", "sub": "−", "sum_many": "sum", "dot_many": "dot"}


@dataclass(slots=True)
class Pill:
    """Data that comes in or goes out.

    Attributes
    ----------
    title, note : str
        Its name, and its shape or number.
    nodes : set of int
        The nodes that it stands for.
    readers : list of Steps
        The calls that were given it without a trace in the graph.
    """

    title: str
    note: str
    nodes: set[int] = field(default_factory=set)
    readers: list[tuple[Steps, tuple[int, ...]]] = field(default_factory=list)


def dataflow(
    graph: Snapshot,
    model: Part,
    steps: Sequence[Steps | None],
    homes: Mapping[int, str],
    inputs: Sequence[Pill],
    outputs: Sequence[Pill],
    depth: int | None,
    roll: bool,
    *,
    concluded: bool = False,
) -> Drawing:
    """Return the boxes of a graph.

    Parameters
    ----------
    graph : Snapshot
        The graph.
    model : Part
        The model.
    steps : sequence of Steps or None
        For each node the call that made it; None outside of the model.
    homes : dict
        For each node that is a parameter, the path of the part that keeps it.
    inputs, outputs : sequence of Pill
        The data at the ends.
    depth : int or None
        How many levels inside the model are opened.
    roll : bool
        Whether the calls of a module are one box, and equal boxes in a row.
    concluded : bool
        Whether `steps` is concluded from the uses of parameters, and knows nothing of modules without any.
    """
    keys = _Keys(graph, model, steps, depth, roll)
    links = _links(graph, keys, steps, homes, inputs, outputs)
    boxes = _boxes(graph, keys, model, inputs, outputs, links)
    shorten_chains(boxes, links, roll)
    drawing = _drawing(boxes, links, list(_notes(keys, model, concluded)))
    drawing.concluded = concluded
    return drawing


# --- which box each node is in -------------------------------------------------------------------------------------


class _Keys:
    """For each operation the way to its box, by the names of parts: with the calls' numbers, and with calls as one."""

    def __init__(
        self, graph: Snapshot, model: Part, steps: Sequence[Steps | None], depth: int | None, roll: bool
    ) -> None:
        self.parts: dict[Key, Part] = {}
        self.closed: set[Key] = set()
        self.raw: dict[int, Key] = {}
        self.of: dict[int, Key] = {}
        self.counts: Counter[Key] = Counter()
        self.seen_parts: set[str] = set()
        self._model, self._depth, self._roll = model, depth, roll
        self._ways: dict[Steps | None, tuple[Key, Key, bool]] = {}
        self._many = self._called_often(steps)
        self._place(graph, steps)
        if roll:
            self._merge(graph)
        self._count()

    def _called_often(self, steps: Sequence[Steps | None]) -> set[tuple[str, ...]]:
        most: dict[tuple[str, ...], int] = defaultdict(int)
        for way in {way for way in steps if way}:
            for length in range(1, len(way) + 1):
                names = tuple(name for name, _ in way[:length])
                most[names] = max(most[names], way[length - 1][1] + 1)
        return {names for names, calls in most.items() if calls > _MANY_CALLS}

    def _place(self, graph: Snapshot, steps: Sequence[Steps | None]) -> None:
        ordinals: Counter[tuple[Key, str]] = Counter()
        for i, op in enumerate(graph.ops):
            if op is None:
                continue
            raw, key, is_box = self._way(steps[i])
            if not is_box:
                number = ordinals[raw, op.name]
                ordinals[raw, op.name] += 1
                raw, key = (*raw, f"{op.name}#{number}"), (*key, f"{op.name}#{number}")
            self.raw[i], self.of[i] = raw, key

    def way(self, steps: Steps | None) -> tuple[Key, Key, bool]:
        """Return the key of a call with and without numbers, and whether it is a box by itself."""
        return self._way(steps)

    def around(self, key: Key) -> set[str]:
        """Return the paths of the parts that a box is in."""
        prefixes = (key[:length] for length in range(1, len(key) + 1))
        return {self.parts[prefix].path for prefix in prefixes if prefix in self.parts}

    def _way(self, steps: Steps | None) -> tuple[Key, Key, bool]:
        if steps not in self._ways:
            self._ways[steps] = self._walk(steps)
        return self._ways[steps]

    def _walk(self, steps: Steps | None) -> tuple[Key, Key, bool]:
        if steps is None:
            return (), (), False
        raw: Key = ()
        key: Key = ()
        part = self._model
        for level, (name, number) in enumerate(steps):
            if level:
                part = next(inner for inner in part.inside if inner.name == name)
            raw = (*raw, f"{name}@{number}")
            together = self._roll and (
                part.total > 0 or level == 0 or tuple(name for name, _ in steps[: level + 1]) in self._many
            )
            key = (*key, f"{name}@" if together else f"{name}@{number}")
            self.parts[key] = part
            self.seen_parts.add(part.path)
            if not part.inside or level == self._depth:
                if part.inside:
                    self.closed.add(key)
                return raw, key, True
        return raw, key, False

    def _merge(self, graph: Snapshot) -> None:
        """Take operations of one kind that read the same boxes as one, where they are many, or on scalars."""
        kinds: dict[object, Key] = {}
        loose = Counter(key[:-1] for key in set(self.of.values()) if "#" in key[-1])
        for i in self.of:
            key = self.of[i]
            op = graph.ops[i]
            many = loose[key[:-1]] > MANY_OPERATIONS or type(graph.values[i]) is float
            if op is None or "#" not in key[-1] or not many:
                continue
            sources = {self.of[s] for s in sources_of(graph, i) if s in self.of}
            chain = [s for s in sources if s[:-1] == key[:-1] and s[-1].startswith(f"{op.name}#")]
            if op.name == "add" and chain:
                self.of[i] = min(chain)  # a sum that was written term by term
                continue
            kind = (key[:-1], op.name, frozenset(sources))
            self.of[i] = kinds.setdefault(kind, key)

    def _count(self) -> None:
        """Count how often each box comes in the box around it."""
        calls: dict[Key, set[Key]] = defaultdict(set)
        operations: Counter[Key] = Counter()
        for i, key in self.of.items():
            raw = self.raw[i]
            for length in range(1, len(key) + 1):
                calls[key[:length]].add(raw[:length])
            if "#" in key[-1]:
                operations[key] += 1
        for key, found in calls.items():
            around = len(calls[key[:-1]]) if len(key) > 1 else 1
            number = operations[key] if key in operations else len(found)
            self.counts[key] = max(1, number // max(1, around))


# --- what flows between the boxes ----------------------------------------------------------------------------------


def _links(
    graph: Snapshot,
    keys: _Keys,
    steps: Sequence[Steps | None],
    homes: Mapping[int, str],
    inputs: Sequence[Pill],
    outputs: Sequence[Pill],
) -> Links:
    found: dict[tuple[Key, Key, ArrowKind], dict[int, None]] = defaultdict(dict)
    entries = {i: _pill_key("in", n) for n, pill in enumerate(inputs) for i in pill.nodes}
    places: dict[str, Key] = {}
    for key, part in keys.parts.items():
        places.setdefault(part.path, key)
    for i, head in keys.of.items():
        for s in sources_of(graph, i):
            if s in keys.of:
                kind: ArrowKind = "next" if _crosses(keys, s, i) else "data"
                if keys.of[s] != head or kind == "next":
                    found[keys.of[s], head, kind][s] = None
            elif s in entries:
                found[entries[s], head, "data"][s] = None
            elif s in homes and homes[s] in places and homes[s] not in keys.around(head):
                found[places[homes[s]], head, "shared"][s] = None
    for n, pill in enumerate(outputs):
        for i in sorted(pill.nodes):
            tail = keys.of.get(i, entries.get(i))
            if tail is not None:
                found[tail, _pill_key("out", n), "data"][i] = None
    links: Links = {link: tuple(_labels(graph, list(nodes))) for link, nodes in found.items()}
    constants = _constants(graph, keys, steps)
    for n, pill in enumerate(inputs):
        for call, shape in pill.readers:
            _, key, is_box = keys.way(call)
            for head in [key] if is_box else constants[call, shape]:
                links.setdefault((_pill_key("in", n), head, "data"), (str(shape),))
    return links


def _constants(
    graph: Snapshot, keys: _Keys, steps: Sequence[Steps | None]
) -> dict[tuple[Steps | None, tuple[int, ...]], list[Key]]:
    """For each call and shape, the operations beside its modules that read an array of numbers of that shape."""
    found: dict[tuple[Steps | None, tuple[int, ...]], list[Key]] = defaultdict(list)
    for i, key in keys.of.items():
        if "#" in key[-1]:
            for s in sources_of(graph, i):
                if graph.roles[s] == "constant" and np.shape(graph.values[s]):
                    found[steps[i], np.shape(graph.values[s])].append(key)
    return found


def _pill_key(end: str, number: int) -> Key:
    return (f"{end}:{number}",)


def _crosses(keys: _Keys, source: int, reader: int) -> bool:
    """Whether a value goes from one call to another call of a module that is one box for all its calls."""
    tail, head = keys.of[source], keys.of[reader]
    length = 0
    while length < min(len(tail), len(head)) and tail[length] == head[length]:
        length += 1
    if length == len(tail) and "#" in tail[-1]:
        length -= 1
    return keys.raw[source][:length] != keys.raw[reader][:length]


def _labels(graph: Snapshot, nodes: Sequence[int]) -> Iterable[str]:
    """The shapes of what flows, each once; scalars by their number."""
    shapes = Counter(np.shape(graph.values[i]) for i in nodes)
    for shape, count in shapes.items():
        yield str(shape) if shape else "scalar" if count == 1 else f"{count:,} scalars"


# --- the boxes -----------------------------------------------------------------------------------------------------


def _boxes(
    graph: Snapshot, keys: _Keys, model: Part, inputs: Sequence[Pill], outputs: Sequence[Pill], links: Links
) -> dict[Key, Box]:
    boxes: dict[Key, Box] = {}
    used = {end for tail, head, _ in links for end in (tail, head)}
    for n, pill in enumerate(inputs):
        if _pill_key("in", n) in used:
            boxes[_pill_key("in", n)] = Box(pill.title, "data", note=pill.note)
    for i, key in keys.of.items():
        for length in range(1, len(key) + 1):
            here = key[:length]
            if here not in boxes:
                boxes[here] = _box(graph, keys, here, i)
    for key in sorted(used - boxes.keys()):
        if key in keys.parts:  # its calls left no operation in the graph, but it was given data
            for length in range(1, len(key) + 1):
                boxes.setdefault(key[:length], _box(graph, keys, key[:length], 0))
    for n, pill in enumerate(outputs):
        boxes[_pill_key("out", n)] = Box(pill.title, "data", note=pill.note)
    return boxes


def _box(graph: Snapshot, keys: _Keys, key: Key, node: int) -> Box:
    if key in keys.parts:
        box = module_box(keys.parts[key], key in keys.closed)
        box.times, box.calls = keys.counts[key], True
        number = key[-1].partition("@")[2]
        if number not in ("", "0"):
            box.name = f"{box.name}, call {int(number) + 1}"
        return box
    op = graph.ops[node]
    assert op is not None
    box = Box(_SIGNS.get(op.name, op.name), "operation")
    box.times, box.calls = keys.counts[key], False
    return box


def _drawing(boxes: Mapping[Key, Box], links: Links, notes: list[str]) -> Drawing:
    top = []
    for key, box in boxes.items():
        if len(key) == 1:
            top.append(box)
        else:
            boxes[key[:-1]].inside.append(box)
    arrows = [Arrow(boxes[tail], boxes[head], labels, kind) for (tail, head, kind), labels in links.items()]
    return Drawing(top, arrows, notes)


def _notes(keys: _Keys, model: Part, concluded: bool) -> Iterator[str]:
    """Name the modules that computed nothing, and say what is not known for sure."""
    idle: list[str] = []
    todo = [model]
    for part in todo:
        if part.path not in keys.seen_parts:
            if part.kind == "module" and (part.total or not concluded) and part.shared not in keys.seen_parts - {""}:
                idle.append(f"{part.path} {part.title}".strip())
        elif not any(keys.parts[key] is part for key in keys.closed):
            todo += part.inside
    if idle:
        more = f" and {len(idle) - 3} more" if len(idle) > 3 else ""
        yield f"not in the graph, for nothing was computed there: {', '.join(idle[:3])}{more}"
    if concluded:
        yield "which module an operation belongs to is concluded from its parameters; record_origins() would know it"

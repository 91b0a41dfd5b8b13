"""A graph that a model computed: which call of which module made each node, what came in, and what went out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from numbers import Number
from typing import Any

import numpy as np
from numpy.typing import NDArray

from autograd_lite import Value, nn, topological_order
from autograd_lite.cells import is_cells
from autograd_lite.modes import entered
from autograd_lite.origins import Origins, all_origins
from viz.graphs.names import Names
from viz.graphs.snapshot import Snapshot, read_graph
from viz.net.boxes import Drawing
from viz.net.calls import MODEL, Given, Recorded, Steps, node_ids, sources_of, values_in
from viz.net.conclude import conclude
from viz.net.dataflow import Pill, dataflow
from viz.net.modules import Part, part_of
from viz.words.escape import one_line, shorten
from viz.words.expression import short_title
from viz.words.numbers import short_number

__all__ = ["Computed", "outermost_modules", "read", "run", "shown"]

_PILLS = 6  # data at either end that is drawn one by one


@dataclass(frozen=True, slots=True)
class Computed:
    """A graph and the model that computed it.

    Attributes
    ----------
    part : Part
        The model.
    graph : Snapshot
        The graph.
    ids : dict
        From the identity of a Value to its node.
    homes : dict
        For each node that is a parameter, the path of the part that keeps it.
    steps : list of Steps or None
        For each node the call that made it; None for what is outside of the model, and for leaves.
    inputs, outputs : list of Pill
        The data at the ends.
    concluded : bool
        Whether the calls are concluded from the uses of parameters, for nobody recorded them.
    uncalled : tuple of str
        The classes of modules that computed without being called, as far as one can tell.
    """

    part: Part
    graph: Snapshot
    ids: dict[int, int]
    homes: dict[int, str]
    steps: list[Steps | None]
    inputs: list[Pill]
    outputs: list[Pill]
    concluded: bool = False
    uncalled: tuple[str, ...] = ()

    def drawing(self, depth: int | None, roll: bool) -> Drawing:
        """The modules as boxes."""
        drawing = dataflow(
            self.graph, self.part, self.steps, self.homes, self.inputs, self.outputs, depth, roll,
            concluded=self.concluded,
        )  # fmt: skip
        if self.uncalled:
            drawing.notes.append(
                f"seen by its parameters only, for Module.__call__ did not run: {', '.join(self.uncalled)}; "
                "write forward(self, x), and call module(x)"
            )
        return drawing


def run(model: nn.Module, inputs: Sequence[Any], called: Names) -> Computed:
    """Run a model once.

    Raises
    ------
    TypeError
        If what it returns has no graph.

    Examples
    --------
    >>> found = run(nn.Sequential(nn.Linear(2, 3), nn.Tanh()), [[[1.0, 2.0]]], {})
    >>> [pill.title for pill in found.inputs + found.outputs]
    ['x', 'output']
    """
    origins = Origins()
    with entered(origins=origins):
        result = model(*inputs)
    roots = list({id(value): value for value in values_in(result)}.values())
    if not any(root.op is not None for root in roots):
        raise TypeError(
            f"{shown(model.title)} returned {shown(repr(result))}, of type {type(result).__name__}, which no operation "
            "made; call draw_net outside of no_grad, and give a Value to a model without parameters"
        )
    found = _Reader(roots, part_of(model), called)
    recorded = Recorded(found.part, [origins])
    upstream = {id(value) for value in _values(list(values_in(list(inputs))))}
    found.take(recorded, {id(value) for value in found.values} - upstream)
    return found.computed(found.given(recorded, inputs), _returned(result, found.ids))


def read(roots: Sequence[Value], model: nn.Module, called: Names) -> Computed:
    """Read a graph that a model computed: whose each node is was recorded, or is concluded from its parameters.

    Examples
    --------
    >>> model = nn.Sequential(nn.Linear(2, 3), nn.Tanh())
    >>> read([model([[1.0, 2.0]])], model, {}).concluded
    True
    """
    found = _Reader(roots, part_of(model), called)
    memories = _memories(found.values)
    recorded = Recorded(found.part, memories)
    if found.is_known_to(recorded, memories):
        found.take(recorded, set())
        inputs = found.given(recorded, [])
    else:
        found.steps = conclude(found.graph, found.part, found.homes)
        found.concluded = True
        inputs = _leaves(found.graph, set(found.homes))
    inputs += _constants(found.graph, found.steps, inside=found.concluded)
    return found.computed(inputs, _ends(found.graph))


def shown(text: str) -> str:
    """Return words of a user as a message may hold them."""
    return shorten(one_line(text), 60)


class _Reader:
    """A graph and a model, on their way to be a `Computed`."""

    def __init__(self, roots: Sequence[Value], part: Part, called: Names) -> None:
        self.part = part
        self.graph = read_graph(roots, called, part.thing)
        self.ids = node_ids(self.graph, roots)
        self.homes = _homes(part, self.ids)
        self.values = [value for value in _values(roots) if value.op is not None]
        self.steps: list[Steps | None] = [None] * len(self.graph)
        self.concluded = False
        self.uncalled: dict[str, None] = {}

    def computed(self, inputs: list[Pill], outputs: list[Pill]) -> Computed:
        """Return what was found."""
        return Computed(
            self.part, self.graph, self.ids, self.homes, self.steps, inputs, outputs, self.concluded,
            tuple(self.uncalled),
        )  # fmt: skip

    def is_known_to(self, recorded: Recorded, memories: Sequence[Origins]) -> bool:
        """Whether the model was at work in what was recorded, and whatever reads its parameters was recorded."""
        readers = (v for v in self.values if any(s in self.homes for s in sources_of(self.graph, self.ids[id(v)])))
        return bool(recorded.given) and all(any(origins.of(v) for origins in memories) for v in readers)

    def take(self, recorded: Recorded, ours: set[int]) -> None:
        """Take the steps that were recorded; those of `ours`, by identity, are the model's in any case."""
        homes = {part.path: (part, way) for part, way in self.part.ways()}
        called = {tuple(name for name, _ in given.steps[1:]) for given in recorded.given}
        for value in self.values:
            i = self.ids[id(value)]
            steps = recorded.steps(value) or (MODEL if id(value) in ours else None)
            around = tuple(name for name, _ in steps[1:]) if steps else ()
            for s in sources_of(self.graph, i) if steps else ():
                part, way = homes[self.homes[s]] if s in self.homes else (self.part, ())
                if steps and way not in called and len(way) > len(around) and way[: len(around)] == around:
                    steps = (*steps, *((name, 0) for name in way[len(around) :]))
                    self.uncalled[type(part.thing).__name__] = None
                    break
            self.steps[i] = steps

    def given(self, recorded: Recorded, inputs: Sequence[Any]) -> list[Pill]:
        """The data that the model and its modules were given; `inputs` if no call of the model itself was recorded."""
        outermost = [given for given in recorded.given if len(given.steps) == 1]
        if not outermost and inputs:  # a class that defines __call__ itself, not forward
            outermost = [Given(MODEL, {f"input {i}": x for i, x in enumerate(inputs)})]
        pills: dict[str, Pill] = {}
        for given in outermost:
            for name, x in given.arguments.items():
                pills.setdefault(name, Pill(name, shape_words(x))).nodes |= _nodes(x, self.ids)
        arguments = {given.steps[0]: given.arguments for given in outermost}
        loose: dict[tuple[Any, ...], Pill] = {}
        for given in recorded.given:
            for x in given.arrays:
                home = _home(x, arguments.get(given.steps[0], {}))
                key = (tuple(name for name, _ in given.steps), x.shape)
                pill = pills[home] if home else loose.setdefault(key, Pill("constant", shape_words(x)))
                pill.readers.append((given.steps, x.shape))
        known = {i for pill in pills.values() for i in pill.nodes} | set(self.homes)
        return [*pills.values(), *loose.values(), *_leaves(self.graph, known)]


def _values(roots: Sequence[Value]) -> list[Value]:
    """What Values depend on, each once, in topological order."""
    return list({id(value): value for root in roots for value in topological_order(root)}.values())


def outermost_modules(roots: Sequence[Value]) -> list[nn.Module]:
    """The modules that `record_origins` saw at work, the outermost only."""
    found: dict[int, nn.Module] = {}
    values = _values(roots)
    for origins in _memories(values):
        for value in values:
            origin = origins.of(value)
            if origin is not None and origin.calls:
                found.setdefault(id(origin.calls[0].module), origin.calls[0].module)
    return list(found.values())


def _memories(values: Sequence[Value]) -> list[Origins]:
    """The memories that know any of the Values, in the order of these."""
    first = {
        origins: next((k for k, value in enumerate(values) if origins.of(value) is not None), -1)
        for origins in all_origins()
    }
    return sorted((origins for origins, k in first.items() if k >= 0), key=first.__getitem__)


def _homes(model: Part, ids: Mapping[int, int]) -> dict[int, str]:
    """For each node that is a parameter, the path of the part that keeps it."""
    homes: dict[int, str] = {}
    for part in model.every():
        inner = {id(value) for child in part.inside for value in _parameters(child)}
        for value in _parameters(part):
            if id(value) in ids and id(value) not in inner:
                homes.setdefault(ids[id(value)], part.path)
    return homes


def _parameters(part: Part) -> list[Value]:
    return part.thing.parameters() if isinstance(part.thing, nn.Module) else []


# --- the data at the ends ------------------------------------------------------------------------------------------


def _nodes(held: Any, ids: Mapping[int, int]) -> set[int]:
    return {ids[id(value)] for value in values_in(held) if id(value) in ids}


def _home(x: NDArray[Any], arguments: Mapping[str, Any]) -> str:
    """The name of the argument that an array is a part of; '' if there is none."""
    shared = (name for name, y in arguments.items() if isinstance(y, np.ndarray) and np.may_share_memory(x, y))
    return next(shared, "")


def _leaves(graph: Snapshot, known: set[int]) -> list[Pill]:
    """The inputs that are not known already."""
    inputs = [i for i, role in enumerate(graph.roles) if role == "input" and i not in known]
    if len(inputs) > _PILLS:
        return [Pill(f"{len(inputs):,} inputs", "", set(inputs))]
    return [Pill(short_title(graph.nodes[i]), value_words(graph.values[i]), {i}) for i in inputs]


def _constants(graph: Snapshot, steps: Sequence[Steps | None], inside: bool) -> list[Pill]:
    """Arrays of constants: those that one module reads are together, and those with the same numbers."""
    found: dict[tuple[Any, ...], Pill] = {}
    for i, way in enumerate(steps):
        for s in sources_of(graph, i) if graph.ops[i] is not None and (inside or way is None) else ():
            shape = np.shape(graph.values[s])
            if graph.roles[s] == "constant" and shape:
                title = graph.names.get(s, "constant")
                key = (tuple(name for name, _ in way or ()), way is None, shape, title)
                found.setdefault(key, Pill(title, str(shape))).nodes.add(s)
    equal: dict[tuple[Any, ...], Pill] = {}
    for pill in found.values():
        numbers = frozenset(np.asarray(graph.values[s]).tobytes() for s in pill.nodes)
        equal.setdefault((pill.title, pill.note, numbers), pill).nodes.update(pill.nodes)
    return list(equal.values())


def _returned(result: Any, ids: Mapping[int, int]) -> list[Pill]:
    """What the model returned."""
    parts = list(result) if isinstance(result, (tuple, list)) and len(result) <= _PILLS else [result]
    pills = [Pill("output", shape_words(part), _nodes(part, ids)) for part in parts]
    return [pill for pill in pills if pill.nodes]


def _ends(graph: Snapshot) -> list[Pill]:
    """The roots."""
    roots = list(dict.fromkeys(graph.roots))
    if len(roots) > _PILLS:
        return [Pill(f"{len(roots):,} values", "", set(roots))]
    return [Pill(short_title(graph.nodes[i]), value_words(graph.values[i]), {i}) for i in roots]


def shape_words(x: Any) -> str:
    """Say which shape an argument or a result has; what has none is called by its type.

    Examples
    --------
    >>> shape_words(np.ones((2, 3))), shape_words(1.5), shape_words([Value(1.0), Value(2.0)]), shape_words({})
    ('(2, 3)', 'scalar', '2 scalars', 'dict')
    """
    if isinstance(x, (list, tuple)) and all(isinstance(part, Value) and not part.shape for part in x):
        return f"{len(x)} scalar{'s' * (len(x) != 1)}"
    try:
        shape = np.shape(x)
    except (TypeError, ValueError):  # Values of other shapes, rows of several lengths
        return f"{type(x).__name__} of {len(x)}"
    if shape:
        return f"{shape} of scalars" if is_cells(x) else str(shape)
    return "scalar" if isinstance(x, (Value, Number, np.generic)) else type(x).__name__


def value_words(x: Any) -> str:
    """Say which shape an array has, and which number a scalar."""
    return str(np.shape(x)) if np.ndim(x) else short_number(x)

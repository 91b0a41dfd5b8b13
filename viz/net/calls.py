"""Which call of which module made each node of a graph, as `record_origins` saw it."""

from __future__ import annotations

import inspect
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from autograd_lite import Value, topological_order
from autograd_lite.cells import is_cells
from autograd_lite.origins import Call, Origins
from viz.graphs.snapshot import Snapshot
from viz.net.modules import Part

__all__ = ["MODEL", "Given", "Recorded", "Step", "Steps", "node_ids", "sources_of", "values_in"]

Step = tuple[str, int]
"""The name of a part, as the part around it knows it, and which call of it this is, counted within the call around."""

Steps = tuple[Step, ...]
"""The way from the model to a part's call; the first step is the call of the model itself, whose name is ''."""

MODEL: Steps = (("", 0),)

_DEPTH = 4  # lists in lists of Values are looked into so far


def node_ids(graph: Snapshot, roots: Sequence[Value]) -> dict[int, int]:
    """From the identity of a Value to its node's id; constants are left out.

    Examples
    --------
    >>> from viz.graphs.snapshot import snapshot
    >>> a = Value(2.0)
    >>> y = a * 3.0
    >>> node_ids(snapshot(y), [y])[id(y)]
    2
    """
    values = {id(value): value for root in roots for value in topological_order(root) if type(value) is Value}
    places = (i for i, role in enumerate(graph.roles) if role != "constant")
    return dict(zip(values, places, strict=True))


def sources_of(graph: Snapshot, i: int) -> list[int]:
    """Return the ids of what a node reads, one for each argument slot."""
    return graph.sources[graph.offsets[i] : graph.offsets[i + 1]].tolist()  # type: ignore[no-any-return]


def values_in(held: Any, depth: int = _DEPTH) -> Iterator[Value]:
    """Every Value in an argument or a result: itself, or those in arrays, lists, tuples and dicts.

    Examples
    --------
    >>> len(list(values_in((Value(1.0), [Value(2.0), 3.0]))))
    2
    """
    if isinstance(held, Value):
        yield held
    elif is_cells(held):
        yield from (x for x in held.flat if isinstance(x, Value))
    elif depth and isinstance(held, (list, tuple, dict)):
        for element in held.values() if isinstance(held, dict) else held:
            yield from values_in(element, depth - 1)


@dataclass(frozen=True, slots=True)
class Given:
    """A call of a part, and its arguments by name."""

    steps: Steps
    arguments: dict[str, Any]

    @property
    def arrays(self) -> list[NDArray[Any]]:
        """The arrays of numbers among the arguments."""
        return [x for x in self.arguments.values() if isinstance(x, np.ndarray) and not is_cells(x) and x.ndim]


class Recorded:
    """The calls of a model's parts: where in the model each is, and what it was given.

    Examples
    --------
    >>> from autograd_lite import nn, record_origins
    >>> from viz.net.modules import part_of
    >>> model = nn.Sequential(nn.Linear(2, 3), nn.Tanh())
    >>> with record_origins() as origins:
    ...     y = model([[1.0, 2.0]])
    >>> recorded = Recorded(part_of(model), [origins])
    >>> [given.steps for given in recorded.given]
    [(('', 0),), (('', 0), ('[0]', 0)), (('', 0), ('[1]', 0))]
    >>> recorded.steps(y)
    (('', 0), ('[1]', 0))
    """

    def __init__(self, model: Part, memories: Sequence[Origins]) -> None:
        self.model, self._memories = model, memories
        self.given: list[Given] = []
        self._at: dict[Call, tuple[Steps, Part] | None] = {}
        self._counts: dict[tuple[Steps, tuple[str, ...]], int] = defaultdict(int)
        self._ways: dict[int, dict[int, list[Part]]] = {}
        for origins in memories:
            for calls in origins.calls:
                self._enter(calls)

    def steps(self, value: Value) -> Steps | None:
        """Return the steps to the call that made a Value; None if no part of the model did."""
        origin = next(filter(None, (origins.of(value) for origins in self._memories)), None)
        place = self._at.get(origin.calls[-1]) if origin is not None and origin.calls else None
        return None if place is None else place[0]

    def _enter(self, calls: tuple[Call, ...]) -> None:
        """Find where in the model a call is: a module that is kept nowhere in it works for the call around it."""
        call = calls[-1]
        around = self._at.get(calls[-2]) if len(calls) > 1 else None
        place = self._at[call] = self._place(call.module, around) or around
        if place is not None and place is not around:
            self.given.append(Given(place[0], _bound(call.module.forward, call.args, call.options)))

    def _place(self, module: Any, around: tuple[Steps, Part] | None) -> tuple[Steps, Part] | None:
        if around is None and module is self.model.thing:
            return (("", self._number((), ("",))),), self.model
        steps, outer = around or (MODEL, self.model)
        way = self._way(outer, module)
        if way is None:  # it is kept elsewhere in the model
            steps, way = steps[:1], self._way(self.model, module)
        if way is None:
            return None
        names = tuple(part.name for part in way)
        return (*steps, *((name, 0) for name in names[:-1]), (names[-1], self._number(steps, names))), way[-1]

    def _number(self, around: Steps, names: tuple[str, ...]) -> int:
        """Count the calls of one part within the call around it, from 0."""
        self._counts[around, names] += 1
        return self._counts[around, names] - 1

    def _way(self, outer: Part, module: Any) -> list[Part] | None:
        """The parts on the way from a part to a module inside it, the nearest place if there are several."""
        if id(outer) not in self._ways:
            ways: dict[int, list[Part]] = {}
            todo: list[tuple[Part, list[Part]]] = [(outer, [])]
            for part, way in todo:
                for inner in part.inside:
                    ways.setdefault(id(inner.thing), [*way, inner])
                    todo.append((inner, [*way, inner]))
            self._ways[id(outer)] = ways
        return self._ways[id(outer)].get(id(module))


def _bound(forward: Callable[..., Any], args: tuple[Any, ...], options: Mapping[str, Any]) -> dict[str, Any]:
    """The arguments by name."""
    try:
        bound = inspect.signature(forward).bind(*args, **options)
    except (TypeError, ValueError):  # forward itself has complained, or has no signature
        return {f"input {i}": x for i, x in enumerate(args)} | dict(options)
    several = inspect.Parameter.VAR_POSITIONAL
    return {
        name if len(xs) == 1 else f"{name}[{k}]": x
        for name, held in bound.arguments.items()
        for xs in [held if bound.signature.parameters[name].kind is several else (held,)]
        for k, x in enumerate(xs)
    }

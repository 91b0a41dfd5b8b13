"""Which call of which module made each node, watched while the model runs."""

from __future__ import annotations

import inspect
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from autograd_lite import Value, nn, topological_order
from autograd_lite.cells import is_cells
from autograd_lite.graph import raw_inputs
from viz.graphs.snapshot import Snapshot
from viz.net.modules import Part

__all__ = ["MODEL", "Call", "Run", "Step", "Steps", "node_ids", "run", "sources_of", "values_in"]

Step = tuple[str, int]
"""The name of a part, as the part around it knows it, and which call of it this is, counted within the call around."""

Steps = tuple[Step, ...]
"""The way from the model to a part's call; the first step is the call of the model itself, whose name is ''."""

MODEL: Steps = (("", 0),)

_DEPTH = 4  # lists in lists of Values are looked into so far


@dataclass(slots=True)
class Call:
    """One call of a module, with the Values and arrays that it was given and what it returned."""

    steps: Steps
    given: dict[str, Any]
    inputs: list[Value]
    outputs: list[Value] = field(default_factory=list)

    @property
    def arrays(self) -> dict[str, NDArray[Any]]:
        """The arrays of numbers among the arguments."""
        return {name: x for name, x in self.given.items() if isinstance(x, np.ndarray) and not is_cells(x) and x.ndim}


@dataclass(slots=True)
class Run:
    """What a model did on an input: all calls, the innermost of a nest first, and whose each Value is, by identity."""

    result: Any
    calls: list[Call]
    owner: dict[int, Call]


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


# --- watching ------------------------------------------------------------------------------------------------------


def run(model: Part, inputs: Sequence[Any]) -> Run:
    """Run a model once, and note who calls whom with what.

    Examples
    --------
    >>> from viz.net.modules import part_of
    >>> model = nn.Sequential(nn.Linear(2, 3), nn.Tanh())
    >>> seen = run(part_of(model), [[[1.0, 2.0]]])
    >>> [call.steps for call in seen.calls]
    [(('', 0), ('[0]', 0)), (('', 0), ('[1]', 0)), (('', 0),)]
    """
    watch = _Watch(model)
    with watch.watching():
        result = model.thing(*inputs)
    if not any(call.steps == MODEL for call in watch.calls):  # a class that defines __call__ itself, not forward
        call = Call(MODEL, {f"input {i}": x for i, x in enumerate(inputs)}, list(values_in(list(inputs))))
        watch.finish(call, result)
    return Run(result, watch.calls, watch.owner)


class _Watch:
    """Listens to the calls of a model's modules, in one thread."""

    def __init__(self, model: Part) -> None:
        self.model = model
        self.calls: list[Call] = []
        self.owner: dict[int, Call] = {}
        self._open: list[tuple[Steps, Part]] = []
        self._counts: dict[tuple[Steps, tuple[str, ...]], int] = defaultdict(int)
        self._ways: dict[int, dict[int, list[Part]]] = {}

    @contextmanager
    def watching(self) -> Iterator[None]:
        """Stand, for a while, before every module's forward; nothing of that stays."""
        modules = {id(part.thing): part.thing for part in self.model.every() if isinstance(part.thing, nn.Module)}
        before = {key: vars(module).get("forward") for key, module in modules.items()}
        try:
            for module in modules.values():
                vars(module)["forward"] = self._listener(module, module.forward)
            yield
        finally:
            for key, module in modules.items():
                if before[key] is None:
                    vars(module).pop("forward", None)
                else:
                    vars(module)["forward"] = before[key]

    def _listener(self, module: nn.Module, forward: Callable[..., Any]) -> Callable[..., Any]:
        def listen(*args: Any, **kwargs: Any) -> Any:
            steps, part = self._enter(module)
            call = Call(steps, _bound(forward, args, kwargs), list(values_in([*args, *kwargs.values()])))
            self._open.append((steps, part))
            try:
                result = forward(*args, **kwargs)
            finally:
                self._open.pop()
            self.finish(call, result)
            return result

        return listen

    def _enter(self, module: nn.Module) -> tuple[Steps, Part]:
        """Find where in the model a module is called from where we are."""
        if module is self.model.thing and not self._open:
            return MODEL, self.model
        around, outer = self._open[-1] if self._open else (MODEL, self.model)
        way = self._way(outer, module)
        if way is None:  # it is kept elsewhere in the model
            around, way = MODEL, self._way(self.model, module) or []
        if not way:
            return around, self.model
        names = tuple(part.name for part in way)
        number = self._counts[around, names]
        self._counts[around, names] += 1
        return (*around, *((name, 0) for name in names[:-1]), (names[-1], number)), way[-1]

    def _way(self, outer: Part, module: nn.Module) -> list[Part] | None:
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

    def finish(self, call: Call, result: Any) -> None:
        """Take the nodes between a call's outputs and its inputs as its own, but those that calls inside it made."""
        call.outputs = list(values_in(result))
        self.calls.append(call)
        given = {id(value) for value in call.inputs}
        todo, seen = list(call.outputs), set()
        while todo:
            value = todo.pop()
            if id(value) in seen or id(value) in given or value.op is None:
                continue
            seen.add(id(value))
            owner = self.owner.setdefault(id(value), call)
            if owner is call:
                todo += (x for x in raw_inputs(value) if type(x) is Value)
            elif owner.steps[: len(call.steps)] == call.steps:
                todo += owner.inputs


def _bound(forward: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> dict[str, Any]:
    """The arguments by name."""
    try:
        return dict(inspect.signature(forward).bind(*args, **kwargs).arguments)
    except (TypeError, ValueError):  # forward itself will complain, or has no signature
        return {f"input {i}": x for i, x in enumerate(args)} | kwargs

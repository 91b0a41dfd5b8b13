"""A model as a tree of parts: modules, and functions between them, with their parameters; known without running it."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Literal

import numpy as np

from autograd_lite import TABLE, nn
from viz.graphs.names import joined

__all__ = ["Parameter", "Part", "is_activation", "part_of", "repeats", "shape_after", "shape_before"]

LONGEST_PERIOD = 8
"""A repeat of more parts than this is not looked for."""


@dataclass(frozen=True, slots=True)
class Parameter:
    """A parameter of a module: its name, its shape and how many numbers it holds."""

    name: str
    shape: tuple[int, ...]
    count: int


@dataclass(frozen=True, slots=True)
class Part:
    """A module, or a function in a `Sequential`, with what is inside.

    Attributes
    ----------
    path : str
        Where the model keeps it, as ``layers.0.linear``; '' for the model itself.
    name : str
        Where the part around it keeps it, as ``linear``.
    title : str
        The class and its sizes, as ``Linear(64, 10)``; a function's name.
    kind : str
        "module" or "function".
    parameters : tuple of Parameter
        Its own; those of the parts inside are theirs.
    inside : tuple of Part
        In order of definition.
    chained : bool
        Whether the parts inside are known to run one after the other, each on what the one before returns.
    shared : str
        The path at which the same module stands first, if this is not the first.
    """

    path: str
    name: str
    title: str
    kind: Literal["module", "function"]
    parameters: tuple[Parameter, ...] = ()
    inside: tuple[Part, ...] = ()
    chained: bool = False
    shared: str = ""
    thing: Any = field(default=None, repr=False, compare=False)

    @property
    def structure(self) -> tuple[Any, ...]:
        """What makes two parts equal: class and sizes, parameters' shapes, and the parts inside."""
        return self.title, self.kind, self.parameters, tuple((part.name, part.structure) for part in self.inside)

    @property
    def total(self) -> int:
        """How many numbers its parameters hold, with those of the parts inside."""
        return sum(parameter.count for parameter in self.parameters) + sum(part.total for part in self.inside)

    @property
    def modules_inside(self) -> int:
        """How many modules there are inside, at any depth."""
        return sum((part.kind == "module") + part.modules_inside for part in self.inside)

    def every(self) -> Iterator[Part]:
        """Itself and every part inside, depth first."""
        return (part for part, _ in self.ways())

    def ways(self, way: tuple[str, ...] = ()) -> Iterator[tuple[Part, tuple[str, ...]]]:
        """Itself and every part inside, depth first, with the names on the way to it; () is the way to itself."""
        yield self, way
        for part in self.inside:
            yield from part.ways((*way, part.name))


def part_of(model: nn.Module) -> Part:
    """Read a model.

    Examples
    --------
    >>> import autograd_lite as ag
    >>> model = part_of(nn.Sequential(nn.Linear(2, 3), ag.tanh))
    >>> [(part.path, part.title, part.total) for part in model.every()]
    [('', 'Sequential()', 9), ('[0]', 'Linear(2, 3)', 9), ('[1]', 'tanh', 0)]
    """
    shapes = {name: np.shape(numbers) for name, numbers in model.state_dict().items()}
    return _part(model, "", "", shapes, (), {})


def _part(
    thing: Any, dotted: str, name: str, shapes: dict[str, tuple[int, ...]], above: tuple[int, ...], seen: dict[int, str]
) -> Part:
    """Read a part that the model keeps at a dotted name."""
    path = joined("", dotted) if dotted else ""
    if not isinstance(thing, nn.Module):
        return Part(path, joined("", name), _function_name(thing), "function", thing=thing)
    shared = seen.setdefault(id(thing), path)
    children = [(key, child) for key, child in _children(thing) if id(child) not in above]
    prefix = f"{dotted}." if dotted else ""
    inside = tuple(_part(child, prefix + key, key, shapes, (*above, id(thing)), seen) for key, child in children)
    return Part(
        path, joined("", name) if name else "", thing.title, "module",
        parameters=tuple(_own_parameters(prefix, [f"{prefix}{key}." for key, _ in children], shapes)),
        inside=inside,
        chained=_is_chain(thing),
        shared=shared if shared != path else "",
        thing=thing,
    )  # fmt: skip


def _own_parameters(prefix: str, inner: Sequence[str], shapes: dict[str, tuple[int, ...]]) -> Iterator[Parameter]:
    for name, shape in shapes.items():
        if name.startswith(prefix) and not name.startswith(tuple(inner)):
            yield Parameter(joined("", name.removeprefix(prefix)), shape, math.prod(shape))


def _children(module: nn.Module) -> list[tuple[str, Any]]:
    """The parts of a module with their names; one that does nothing is left out of a `Layer`."""
    found: dict[str, Any] = {}
    if isinstance(module, nn.Sequential):
        found.update((str(i), part) for i, part in enumerate(module))
    last = ""
    for name, inside in module.named_modules():  # depth first: what is inside a module comes right after it
        if not last or not name.startswith(f"{last}."):
            found[name] = inside
            last = name
    if isinstance(module, nn.Layer) and isinstance(module.activation, nn.Identity):
        found.pop("activation", None)
    return list(found.items())


def _is_chain(module: nn.Module) -> bool:
    """Whether its forward is known to run its parts in order: that of a library class, not a subclass's own."""
    return any(type(module).forward is kind.forward for kind in (nn.Sequential, nn.MLP, nn.Layer))


def _function_name(function: Callable[..., Any]) -> str:
    if isinstance(function, partial):
        return _function_name(function.func)
    name = getattr(function, "__name__", type(function).__name__)
    return "lambda" if name == "<lambda>" else str(name)


# --- repeats -------------------------------------------------------------------------------------------------------


def repeats(items: Sequence[Any], longest: int = LONGEST_PERIOD) -> list[tuple[int, int, int]]:
    """Find what comes several times in a row: (start, period, times) for each stretch, times 1 for what is single.

    Examples
    --------
    >>> repeats("abababc")
    [(0, 2, 3), (6, 1, 1)]
    """
    found = []
    start = 0
    while start < len(items):
        period, times = max(
            ((p, _times(items, start, p)) for p in range(1, longest + 1)),
            key=lambda pair: (pair[1] > 1, pair[0] * pair[1] if pair[1] > 1 else 0, -pair[0]),
        )
        found.append((start, period, times))
        start += period * times
    return found


def _times(items: Sequence[Any], start: int, period: int) -> int:
    """How often the `period` items at `start` come in a row."""
    end = start + period
    while end < len(items) and items[end] == items[end - period]:
        end += 1
    return max(1, (end - start) // period)


# --- shapes that are known without running ----------------------------------------------------------------------------


def shape_before(part: Part) -> str:
    """Say which shape a part takes; '' if that is not known.

    Examples
    --------
    >>> shape_before(part_of(nn.MLP(2, [3, 1]))), shape_before(part_of(nn.Tanh()))
    ('(…, 2)', '')
    """
    thing = part.thing
    if isinstance(thing, nn.Linear):
        return f"({thing.n_in}, m)" if thing.columns else f"(…, {thing.n_in})"
    if isinstance(thing, nn.Conv2d):
        return f"(m, {thing.n_in}, …)"
    if isinstance(thing, (nn.LayerNorm, nn.RMSNorm, nn.MultiHeadAttention)):
        return f"(…, {thing.dim})"
    if isinstance(thing, nn.Embedding):
        return "(…) whole numbers"
    return shape_before(part.inside[0]) if part.chained and part.inside else ""


def shape_after(part: Part, before: str = "") -> str:
    """Say which shape a part returns, given the one that it takes; '' if that is not known.

    Examples
    --------
    >>> shape_after(part_of(nn.Linear(2, 3))), shape_after(part_of(nn.Tanh()), "(…, 3)")
    ('(…, 3)', '(…, 3)')
    """
    thing = part.thing
    if isinstance(thing, nn.Linear):
        return f"({thing.n_out}, m)" if thing.columns else f"(…, {thing.n_out})"
    if isinstance(thing, nn.Conv2d):
        return f"(m, {thing.n_out}, …)"
    if isinstance(thing, (nn.Embedding, nn.MultiHeadAttention)):
        return f"(…, {thing.dim})"
    if is_activation(part) or isinstance(thing, (nn.LayerNorm, nn.RMSNorm)):
        return before
    if isinstance(thing, nn.MaxPool2d):
        return before if before.endswith("…)") else ""
    if not part.chained:
        return ""
    for inner in part.inside:
        before = shape_after(inner, before)
    return before


def is_activation(part: Part) -> bool:
    """Whether a part is an activation, or dropout: as many numbers come out as go in, each in its place."""
    name = part.title if part.kind == "function" else ""
    return (
        isinstance(part.thing, (nn.Activation, nn.Dropout))
        or name in ("softmax", "log_softmax")
        or (name in TABLE and TABLE[name].is_elementwise)
    )

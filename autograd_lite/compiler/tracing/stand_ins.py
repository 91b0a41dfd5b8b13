"""What a function is traced with: arguments like those given, with fresh leaves in place of numbers and Values."""

from __future__ import annotations

import inspect
import itertools
import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from autograd_lite.compiler.tracing.arguments import BOOLS, Given, Structure, own_copy
from autograd_lite.numbers import fixed
from autograd_lite.value import Value, leaf_of


@dataclass(slots=True)
class Input:
    """One array-like argument, or array-like part of an argument.

    Attributes
    ----------
    name : str
        As ``X``, ``y`` or ``X[0]``.
    shape : tuple of int
        Of the numbers.
    integer : bool
        Ints or bools came in, so that an element may be used as an index.
    leaf : Value or None
        For an array or a number the leaf that stands for it; its elements appear in the graph as getitem nodes.
    elements : list of Value or None
        For a nested list one scalar leaf for each number, in row-major order.
    is_mask : bool
        An array of bools came in.
    """

    name: str
    shape: tuple[int, ...]
    integer: bool
    leaf: Value | None
    elements: list[Value] | None = None
    is_mask: bool = False

    @property
    def numbers(self) -> Any:
        """The numbers that came in, as a float or an array."""
        if self.elements is None:
            return self.leaf._data  # type: ignore[union-attr]
        return np.array([x._data for x in self.elements]).reshape(self.shape)

    @property
    def leaves(self) -> list[Value]:
        """The leaf, or all elements."""
        return [self.leaf] if self.elements is None else self.elements  # type: ignore[list-item]


@dataclass(slots=True)
class StandIns:
    """What a function is traced with: arguments like those given, inputs and parameters replaced by fresh leaves."""

    args: tuple[Any, ...]
    kwargs: dict[str, Any]
    inputs: list[Input]
    parameters: list[Value]


def stand_ins(f: Callable[..., Any], found: Given) -> StandIns:
    """Make the arguments with which `f` is traced."""
    made = StandIns((), {}, [], [])
    numbers, parameters = iter(found.numbers), iter(found.parameters)
    positional, keywords = found.structure
    names = _names(f)
    made.args = tuple([_stand_in(part, next(names), made, numbers, parameters) for part in positional])
    made.kwargs = {name: _stand_in(part, name, made, numbers, parameters) for name, part in keywords}
    return made


def _names(f: Callable[..., Any]) -> Iterator[str]:
    """The names of a function's positional arguments, and of what further ones are gathered in."""
    try:
        parameters = inspect.signature(f).parameters.values()
    except (ValueError, TypeError):  # a function without a signature, written in C
        parameters = ()  # type: ignore[assignment]
    for p in parameters:
        if p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD):
            yield p.name
    rest = next((p.name for p in parameters if p.kind is p.VAR_POSITIONAL), "args")
    for i in itertools.count():
        yield f"{rest}[{i}]"


def _stand_in(
    structure: Structure, name: str, made: StandIns, numbers: Iterator[Any], parameters: Iterator[Value]
) -> Any:
    kind = structure[0]
    if kind == "static":
        return own_copy(structure[1].thing)  # the structure stays as it is
    if kind == "value":
        return _parameter(next(parameters), name, made)
    if kind == "cells":
        cells = np.empty(structure[1], dtype=object)
        for place in np.ndindex(cells.shape):
            cells[place] = _parameter(next(parameters), f"{name}[{','.join(map(str, place))}]", made)
        return cells
    if kind == "sequence":
        _, holder, parts = structure
        items = [_stand_in(p, f"{name}[{i}]", made, numbers, parameters) for i, p in enumerate(parts)]
        return holder(*items) if hasattr(holder, "_fields") else holder(items)
    if kind == "objects":
        cells = np.empty(math.prod(structure[1]), dtype=object)
        for i, part in enumerate(structure[2]):
            cells[i] = _stand_in(part, f"{name}[{i}]", made, numbers, parameters)
        return cells.reshape(structure[1])
    if kind == "mapping":
        _, holder, keys, parts = structure
        pairs = zip(keys, parts, strict=True)
        return holder({k.thing: _stand_in(p, f"{name}[{k.thing!r}]", made, numbers, parameters) for k, p in pairs})
    if kind == "record":
        _, holder, names, parts = structure
        record = holder.__new__(holder)
        for field, part in zip(names, parts, strict=True):
            object.__setattr__(record, field, _stand_in(part, f"{name}.{field}", made, numbers, parameters))
        return record
    return _input(structure, name, made, next(numbers))


def _parameter(x: Value, name: str, made: StandIns) -> Value:
    data = x._data.copy() if x.shape else x._data
    leaf = leaf_of(Value, fixed(data) if x.shape else data, x.label or name)
    made.parameters.append(leaf)
    return leaf


def _input(structure: Structure, name: str, made: StandIns, numbers: Any) -> Any:
    """A leaf for an array or a number; for a nested list a list of leaves of the same form."""
    kind, is_mask = structure[0], structure[-1] == BOOLS
    whole = structure[-1] is True or is_mask
    if kind != "lists":
        data = fixed(numbers.copy()) if numbers.shape else float(numbers)
        leaf = leaf_of(Value, data, name)
        made.inputs.append(Input(name, numbers.shape, whole, leaf, is_mask=is_mask))
        return leaf
    elements = [leaf_of(Value, x) for x in numbers.ravel().tolist()]
    made.inputs.append(Input(name, numbers.shape, whole, None, elements))
    _, kinds, shape, _ = structure
    level: list[Any] = elements
    for holder, n in zip(reversed(kinds), reversed(shape), strict=True):
        level = [holder(level[i : i + n]) for i in range(0, len(level), n)]
    return level[0]

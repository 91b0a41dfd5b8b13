"""The sum of the gradients that reach one array: parts side by side, and matrix products as one product.

``X1.T @ D1 + X2.T @ D2 + ...`` is ``X.T @ D``, with the X's below one another in one array and the D's in another. As
parts of an assembled array are computed right into their places, putting them there costs nothing.
"""

from __future__ import annotations

import collections
from typing import Any

import numpy as np

from autograd_lite.compiler.programs import biases, movement
from autograd_lite.compiler.programs.products import matmul
from autograd_lite.compiler.programs.simplify import elementwise, reduce
from autograd_lite.compiler.programs.steps import Step, Steps, frozen, shape_of

FEW = 3  # products below which adding them is as fast


def add_up(steps: Steps, contributions: list[Any], shape: tuple[int, ...]) -> Any:
    """The sum of gradients of one array; those of disjoint parts of it are put side by side, not added."""
    parts: dict[Any, tuple[Any, Any]] = {}
    whole: list[Any] = []
    for x in contributions:
        if isinstance(x, Step) and x.call == "assemble":
            for place, part in zip(x.options["places"], x.args, strict=True):
                key = frozen(place)
                have = parts.get(key)
                parts[key] = (place, part if have is None else elementwise(steps, "add", have[1], part))
        else:
            whole.append(x)
    layers = [_side_by_side(steps, layer, shape) for layer in _layers(list(parts.values()), shape)]
    repeated = {frozen(x): x for x in whole}
    counts = collections.Counter(map(frozen, whole))
    whole = [elementwise(steps, "multiply", x, float(counts[key])) for key, x in repeated.items()]
    total, *rest = layers + batched(steps, whole)
    for x in rest:
        total = elementwise(steps, "add", total, x)
    return total


def _side_by_side(steps: Steps, parts: list[tuple[Any, Any]], shape: tuple[int, ...]) -> Any:
    def total(d: Any) -> Any:
        return reduce(steps, "add.reduce", d, -1)

    return biases.gradient(steps, parts, shape, total) or movement.assemble(steps, parts, shape)


def _layers(parts: list[tuple[Any, Any]], shape: tuple[int, ...]) -> list[list[tuple[Any, Any]]]:
    """The parts in as few groups as it takes, so that no two in a group overlap."""
    layers: list[list[tuple[Any, Any]]] = []
    taken: list[Any] = []
    for place, part in parts:
        free = next((k for k, used in enumerate(taken) if not np.any(used[place])), len(taken))
        if free == len(taken):
            layers.append([])
            taken.append(np.zeros(shape, bool))
        layers[free].append((place, part))
        taken[free][place] = True
    return layers


# --- products --------------------------------------------------------------------------------------------------------


def batched(steps: Steps, terms: list[Any]) -> list[Any]:
    """The terms of a sum, in which products of the same kind have become one."""
    groups: dict[Any, list[Step]] = collections.defaultdict(list)
    for term in terms:
        groups[_kind(term)].append(term)
    result: list[Any] = []
    for kind, group in groups.items():
        if kind is None or len(group) < FEW:
            result += group
        else:
            result.append(_one_product(steps, sorted(group, key=_age)))
    return result


def _kind(term: Any) -> Any:
    """What products have in common that can be batched; None for other terms."""
    if not isinstance(term, Step) or term.call != "dot" or not term.ndim or len(shape_of(term.args[1])) != 2:
        return None
    left, right = term.args
    if isinstance(left, np.ndarray) and left.ndim == 1:
        return "sum", term.shape, isinstance(right, Step)
    is_product = isinstance(left, Step) and left.call == "transpose" and left.ndim == 2
    return ("product", term.shape, isinstance(right, Step)) if is_product else None


def _age(term: Step) -> int:
    """Products in the order of the forward pass: the backward pass makes the last one's gradient first."""
    right = term.args[1]
    return -right.number if isinstance(right, Step) else 0


def _one_product(steps: Steps, terms: list[Step]) -> Any:
    lefts = [term.args[0] for term in terms]
    right = rows(steps, [term.args[1] for term in terms])
    if isinstance(lefts[0], np.ndarray):
        return matmul(steps, np.concatenate(lefts), right)
    left = rows(steps, [movement.transpose(steps, x) for x in lefts])
    return matmul(steps, movement.transpose(steps, left), right)


def rows(steps: Steps, parts: list[Any]) -> Any:
    """Matrices below one another."""
    seen = _slices_of_one(steps, parts)
    if seen is not None:
        return seen
    if not all(isinstance(x, Step) for x in parts):
        return movement.concatenate(steps, parts)
    numbers = [x.number for x in parts]
    ends = np.cumsum([x.shape[0] for x in parts]).tolist()
    for known, whole in steps.rows:
        at = _position(numbers, known)
        if at is not None:  # they lie in an array that is there
            start = sum(steps.made[n].shape[0] for n in known[:at])
            return movement.getitem(steps, whole, slice(start, start + ends[-1]))
        at = _position(known, numbers)
        if at is not None:  # they go around one that is there
            parts = [*parts[:at], whole, *parts[at + len(known) :]]
            break
    whole = movement.concatenate(steps, parts)
    steps.rows.append((numbers, whole))
    return whole


def _position(inner: list[int], outer: list[int]) -> int | None:
    """Where one list is a part of the other."""
    if inner[0] not in outer:
        return None
    at = outer.index(inner[0])
    return at if outer[at : at + len(inner)] == inner else None


def _slices_of_one(steps: Steps, parts: list[Any]) -> Any:
    """X[0], X[1], X[2] below one another are X."""
    if not all(isinstance(x, Step) and x.call == "getitem" and x.args[0] is parts[0].args[0] for x in parts):
        return None
    base, places = parts[0].args[0], [x.options["index"] for x in parts]
    first = places[0]
    if type(first) is not int or base.ndim != 3 or places != list(range(first, first + len(parts))) or first < 0:
        return None
    stacked = movement.getitem(steps, base, slice(first, first + len(parts)))
    return movement.reshape(steps, stacked, (-1, base.shape[2]))

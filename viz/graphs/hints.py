"""What is wrong with a gradient, in words: saturated, dead, vanishing, exploding, nan."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from viz.graphs.layer_norms import Layer, layer_norms, rectified
from viz.graphs.snapshot import Snapshot
from viz.words.numbers import number_text

__all__ = ["APART", "MEANINGS", "SATURATION", "Hint", "Kind", "hints"]

Kind = Literal["saturated", "dead", "vanishing", "exploding", "nan"]

SATURATION = 0.97
"""A tanh beyond it is saturated; a sigmoid where it has come as near to its ends, at 0.985 and at 0.015."""

APART = 100.0
"""By how much the gradients of two layers differ if they vanish or explode."""

MEANINGS: dict[Kind, str] = {
    "saturated": "slope near 0",
    "dead": "slope 0, no gradient passes",
    "vanishing": f"less than 1/{APART:g} of a later layer's gradient",
    "exploding": f"more than {APART:g} times a later layer's gradient",
    "nan": "no number to learn from",
}
"""In a few words, for a legend."""

_ODD = {"nan": "nan", "inf": "infinite"}
_SQUASHING = {"tanh": (0.0, 1.0), "sigmoid": (0.5, 0.5)}  # the middle of the range, and half its length
_BENEATH = 64  # how far below an activation its matrix product may lie


@dataclass(frozen=True, slots=True)
class Hint:
    """A remark on a value.

    Attributes
    ----------
    kind : str
        "saturated", "dead", "vanishing", "exploding" or "nan", which also stands for inf.
    word : str
        A word or two, for a badge.
    sentence : str
        What it means, with numbers, for a tooltip.
    is_origin : bool
        Whether a nan or inf begins here, so that this is the place to look at.
    """

    kind: Kind
    word: str
    sentence: str
    is_origin: bool = False


def hints(graph: Snapshot) -> dict[int, tuple[Hint, ...]]:
    """Return the remarks on a graph's values, by their ids; most values have none.

    - *nan*: the value or the gradient holds nan or inf. Where it begins the word is "first": all that it was computed
      from is finite.
    - *saturated*: tanh beyond 0.97 or below -0.97, and sigmoid above 0.985 or below 0.015. An array: all its elements,
      or more than half, or a whole unit.
    - *dead*: a ReLU that lets nothing through, for its input is 0 or less; ``maximum(0, z)`` is one, too. An array:
      all its elements, or a whole unit. A unit is a column of a matrix whose rows are examples, two or more; after a
      product ``W @ x`` it is a row.
    - *vanishing*, *exploding*: the gradient's norm in a layer is less than 1/100, or more than 100 times, of that in
      the next layer, or of that in the last later layer that was not yet so far off: ten layers that each keep a third
      lose as much as one that keeps nothing. See `layer_norms` for what is a layer; a graph without layers has
      neither, however large its numbers are: ``1000 * a * b`` has steep slopes, and they are right.

    Examples
    --------
    >>> from autograd_lite import Value
    >>> from viz.graphs.snapshot import snapshot
    >>> y = Value(3.0).tanh() + Value(-2.0).relu()
    >>> graph = snapshot(y)
    >>> for i, remarks in hints(graph).items():
    ...     print(graph.nodes[i].operation, [hint.word for hint in remarks])
    tanh ['saturated']
    relu ['dead ReLU']
    >>> hints(graph)[2][0].sentence
    'tanh is 0.9951: so far out that its slope is 0.009866, and so little of the gradient passes'
    """
    found: dict[int, list[Hint]] = {}
    for remarks in (_not_finite(graph), _flat(graph), _far_apart(graph)):
        for i, hint in remarks:
            found.setdefault(i, []).append(hint)
    return {i: tuple(found[i]) for i in sorted(found)}


# --- nan and inf ---------------------------------------------------------------------------------------------------


def _oddity(x: Any) -> str:
    """Say "nan" or "inf" if a number is, or an element of an array; else ''."""
    if type(x) is float:
        return "" if x - x == 0 else "nan" if x != x else "inf"
    if x is None or np.isfinite(x).all():
        return ""
    return "nan" if np.isnan(x).any() else "inf"


def _not_finite(graph: Snapshot) -> Iterator[tuple[int, Hint]]:
    values = {i: odd for i, x in enumerate(graph.values) if (odd := _oddity(x))}
    for i, odd in values.items():
        first = not any(source in values for source in _sources(graph, i))
        origin = "it begins here" if first else "it comes from what it was computed from"
        yield i, _odd_hint("value", odd, graph.values[i], first, origin)
    gradients = {i: odd for i, x in enumerate(graph.gradients) if (odd := _oddity(x))}
    reached = {source for i in gradients for source in _sources(graph, i)}
    for i, odd in gradients.items():
        first = i not in reached
        origin = "it begins here: the gradients it comes from are finite" if first else "it comes from a later gradient"
        yield i, _odd_hint("gradient", odd, graph.gradients[i], first, origin)


def _odd_hint(what: str, odd: str, x: Any, first: bool, origin: str) -> Hint:
    count = f" in {np.size(x) - np.isfinite(x).sum():,} of {np.size(x):,} elements" if isinstance(x, np.ndarray) else ""
    word = f"{odd} {what}"
    return Hint("nan", f"first {word}" if first else word, f"the {what} is {_ODD[odd]}{count}; {origin}", first)


def _sources(graph: Snapshot, i: int) -> Any:
    return graph.sources[graph.offsets[i] : graph.offsets[i + 1]].tolist()


# --- saturated and dead --------------------------------------------------------------------------------------------


def _flat(graph: Snapshot) -> Iterator[tuple[int, Hint]]:
    for i, op in enumerate(graph.ops):
        if op is None:
            continue
        if op.name in _SQUASHING:
            middle, half = _SQUASHING[op.name]
            x = graph.values[i]
            if type(x) is not float:
                yield from _flat_array(graph, i, "saturated", np.abs(x - middle) > SATURATION * half)
            elif abs(x - middle) > SATURATION * half:
                yield i, Hint("saturated", "saturated", _saturation(graph, i))
        elif (slot := rectified(graph, i)) is not None:
            dead = _closed(graph, i, slot)
            if isinstance(dead, np.ndarray):
                yield from _flat_array(graph, i, "dead", dead)
            elif dead:
                yield i, Hint("dead", "dead ReLU", _death(graph, slot))


def _saturation(graph: Snapshot, i: int) -> str:
    op, slope = graph.ops[i], graph.locals[graph.offsets[i]]
    words = f"{op.name if op else ''} is {number_text(graph.values[i])}: so far out that its slope is "
    return f"{words}{number_text(slope)}, and so little of the gradient passes"


def _death(graph: Snapshot, slot: int) -> str:
    given = number_text(graph.values[graph.sources[slot]])
    return f"the input, {given}, is not above 0: the slope is 0 and no gradient passes"


def _closed(graph: Snapshot, i: int, slot: int) -> Any:
    """Where a ReLU's slope is 0; a rolled one is judged by its result."""
    slope, value = graph.locals[slot], graph.values[i]
    if type(slope) is float:
        return slope == 0 and value == 0  # of nan the slope is 0, too
    return (value == 0) & (slope == 0) if np.shape(slope) == np.shape(value) else value == 0


def _flat_array(graph: Snapshot, i: int, kind: Kind, flat: NDArray[np.bool_]) -> Iterator[tuple[int, Hint]]:
    """Yield a hint if all elements are flat, or whole units; of saturated ones, more than half are enough."""
    adjective = "dead" if kind == "dead" else "saturated"
    count, words = int(flat.sum()), MEANINGS[kind]
    if not count:
        return
    if count == flat.size:
        word = "dead ReLU" if kind == "dead" else "saturated"
        yield i, Hint(kind, word, f"all {count:,} elements are {adjective}: {words}")
        return
    if flat.ndim == 2 and graph.nodes[i].count == 1:
        examples = _axis_of_examples(graph, i)
        units, m = flat.all(axis=examples), flat.shape[examples]
        if m > 1 and units.any():
            word = f"{units.sum():,} of {units.size:,} units {adjective}"
            yield i, Hint(kind, word, f"{word} for all {m:,} examples: {words}")
            return
    if kind == "saturated" and count > flat.size / 2:
        word = f"{count / flat.size:.0%} saturated"
        yield i, Hint(kind, word, f"{count:,} of {flat.size:,} elements are saturated: {words}")


def _axis_of_examples(graph: Snapshot, i: int) -> int:
    """Return 0 if rows are examples, as after ``X @ W``, and 1 if columns are, as after ``W @ X``.

    The product is looked for below the activation, behind the elementwise operations between them.
    """
    for _ in range(_BENEATH):
        op = graph.ops[i]
        sources = _sources(graph, i)
        if op is None or not sources:
            break
        if op.name in ("matmul", "dot") and len(sources) == 2:
            left, right = (_is_weight(graph, source) for source in sources)
            return 1 if left and not right else 0
        if not op.is_elementwise:
            break
        i = next((s for s in sources if graph.ops[s] is not None and np.ndim(graph.values[s]) == 2), sources[0])
    return 0


def _is_weight(graph: Snapshot, i: int) -> bool:
    """Whether it is a leaf that learns, transposed or not."""
    while (op := graph.ops[i]) is not None and op.name == "transpose":
        i = _sources(graph, i)[0]
    return graph.roles[i] in ("input", "parameter")


# --- vanishing and exploding ---------------------------------------------------------------------------------------


def _far_apart(graph: Snapshot) -> Iterator[tuple[int, Hint]]:
    layers = layer_norms(graph)
    against: list[int] = []  # for each layer, the last later one that marks how large gradients are there
    for i, layer in enumerate(layers):
        after = layer.after
        if after is None:
            against.append(i)
            continue
        later = next((k for k in (after, against[after]) if _are_apart(layer, layers[k])), None)
        against.append(against[after] if later is None else i)
        if later is not None:
            hint = _apart_hint(layer, layers[later])
            yield from ((node, hint) for node in layer.nodes)


def _are_apart(layer: Layer, later: Layer) -> bool:
    if not (math.isfinite(layer.norm) and math.isfinite(later.norm) and later.norm):
        return False
    return layer.norm < later.norm / APART or layer.norm / APART > later.norm


def _apart_hint(layer: Layer, later: Layer) -> Hint:
    kind: Kind = "exploding" if layer.norm > later.norm else "vanishing"
    here, there = f"{number_text(layer.norm)} in {_name(layer)}", f"{number_text(later.norm)} in {_name(later)}"
    return Hint(kind, kind, f"the gradient's norm is {here}, and {there}")


def _name(layer: Layer) -> str:
    place = f"layer {layer.height} from the end"
    return f"{layer.path} ({place})" if layer.path else place

"""An explanation as text: each path a table, its local derivatives above their formulas and numbers."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from viz.graphs.snapshot import Node, Snapshot
from viz.terminal.table import cells
from viz.words.expression import derivative_name, expression, formula, is_plain, short_title, total_derivative
from viz.words.numbers import short_number
from viz.words.slopes import row_text, slope_at

if TYPE_CHECKING:
    from viz.chain_rule.explain import Explanation, Path

__all__ = ["defined", "ends", "explanation_text"]

Ends = tuple[int, int]
"""How many factors of a path are shown at its beginning and at its end."""

WIDTH = 96
"""A path's factors fill no more than so many characters; of more the middle is left out."""

MAX_FACTORS = 8
MAX_DEFINITIONS = 12
MAX_TERMS = 8
EXACT = 10**21
"""Fewer paths are counted digit by digit."""
_FORMULA_WIDTH = 32
_SUMMED = " (summed)"


class _Column(NamedTuple):
    """A factor: its name, its formula, its number."""

    name: str
    formula: str
    number: str


def explanation_text(e: Explanation) -> str:
    """Write an explanation; see `viz.explain`."""
    name = _derivative(e)
    if e.end is None:
        swapped = f"; {e.wrt} depends on {e.root}: was explain({e.wrt}, wrt={e.root}) meant?" if e.reverse else ""
        return f"{name} = {short_number(e.total)}: {e.root} does not depend on {e.wrt}{swapped}"
    if e.end == e.graph.roots[0]:
        return f"{name} = {short_number(e.total)}: {e.wrt} is the root itself"
    shown = [_fitting(path) for path in e.paths]
    blocks = [[_head(e, name), *_listed(e), *_arrays(e)], _definitions(e, shown)]
    for number, (path, (head, tail)) in enumerate(zip(e.paths, shown, strict=True), 1):
        blocks.append(_path(path, head, tail, f"path {number}:" if e.count > 1 else "path:"))
    if e.count > 1:
        blocks.append(_sum(e, name))
    blocks.append([_gradient(e), *_legend(e, shown)])
    return "\n\n".join("\n".join(block) for block in blocks)


def _derivative(e: Explanation) -> str:
    is_array = e.graph.nodes[e.graph.roots[0]].shape
    return total_derivative(f"sum({e.root})" if is_array else e.root, e.wrt)


# --- what it is about ------------------------------------------------------------------------------------------------


def _head(e: Explanation, name: str) -> str:
    if e.count == 1:
        return f"{name} by the chain rule: multiply the local derivatives along the only path from {e.wrt} to {e.root}"
    return (
        f"{name} by the chain rule: multiply the local derivatives along each path from {e.wrt} to {e.root}, "
        f"and add up {_paths(e.count)}"
    )


def _listed(e: Explanation) -> list[str]:
    """Say which paths are shown."""
    if e.count == len(e.paths):
        return []
    which = "the largest path is" if e.by_size else "the first path is"
    if len(e.paths) > 1:
        which = f"the {len(e.paths)} largest paths are" if e.by_size else f"the first {len(e.paths)} paths are"
    return [f"({which} shown; the sum is over all)"]


def _arrays(e: Explanation) -> list[str]:
    """Say what is differentiated, and what numbers stand for, where there are arrays."""
    root, end = e.graph.nodes[e.graph.roots[0]], e.graph.nodes[e.end or 0]
    lines = []
    if root.shape:
        lines.append(f"({e.root} is an array of shape {root.shape}: the sum of its elements is differentiated)")
    if end.shape:
        lines.append(f"(it has {e.wrt}'s shape, {end.shape}; of a large array the least … greatest element is shown)")
    return lines


def _paths(count: int, other: str = "") -> str:
    """Say how many paths; of an enormous number the order of magnitude.

    >>> _paths(1048576), _paths(2**5000)
    ('the 1,048,576 paths', 'the paths, about 10^1505 of them')
    """
    if count < EXACT:
        return f"the {other}{count:,} paths"
    return f"the {other}paths, about 10^{round(math.log10(count))} of them"


def defined(e: Explanation, shown: Sequence[Ends]) -> tuple[list[Node], int]:
    """Return the nodes that the shown factors are about, inputs first, and how many more there are."""
    found = {e.end or 0, e.graph.roots[0]}
    for path, (head, tail) in zip(e.paths, shown, strict=True):
        found.update(path.nodes[: head + 1], path.nodes[len(path.nodes) - tail :])
    ids = sorted(found)
    kept = ids if len(ids) <= MAX_DEFINITIONS else [*ids[: MAX_DEFINITIONS // 2], *ids[-MAX_DEFINITIONS // 2 :]]
    return [e.graph.nodes[i] for i in kept], len(ids) - len(kept)


def _definitions(e: Explanation, shown: Sequence[Ends]) -> list[str]:
    nodes, more = defined(e, shown)
    lines = [
        "  " + " = ".join(x for x in (short_title(node), expression(e.graph, node), short_number(node.value)) if x)
        for node in nodes
    ]
    if more:
        lines.insert(MAX_DEFINITIONS // 2, f"  … {more:,} more values")
    return lines


# --- a path --------------------------------------------------------------------------------------------------------


def _fitting(path: Path) -> Ends:
    """How many factors at each end fill a line, if not all of them fit."""
    for keep in range(min(len(path), MAX_FACTORS), 2, -1):
        if keep == len(path) - 1:
            continue  # to say that one is left out takes no less room
        head, tail = (keep, 0) if keep == len(path) else ((keep + 1) // 2, keep // 2)
        if sum(_width(column) + 3 for column in _columns(path, head, tail, "-0.0001234")) <= WIDTH:
            return head, tail
    return (len(path), 0) if len(path) <= 2 else (1, 1)


def _path(path: Path, head: int, tail: int, title: str) -> list[str]:
    middle = path.part(head, len(path) - tail)
    columns = _columns(path, head, tail, "…" if middle is None else _factor(short_number(middle)))
    rows = [_row([column[i] for column in columns], columns) for i in range(3)]
    product = short_number(path.product)
    rows = [rows[0], *(row for i, row in enumerate(rows) if i and row != rows[i - 1] and row != product), product]
    return [f"{title}  {_route(path, head, tail)}", f"    {rows[0]}", *(f"  = {row}" for row in rows[1:])]


def _route(path: Path, head: int, tail: int) -> str:
    names = [short_title(path.graph.nodes[i]) for i in (*path.nodes[: head + 1], *path.nodes[len(path) - tail + 1 :])]
    if head + tail == len(path):
        return " ← ".join(names)
    names[head + 1 :] = ["…", short_title(path.graph.nodes[path.nodes[len(path) - tail]]), *names[head + 1 :]]
    return " ← ".join(names) + f"   ({len(path):,} steps)"


def _row(texts: Sequence[str], columns: Sequence[_Column]) -> str:
    padded = [text + " " * (_width(column) - cells(text)) for text, column in zip(texts, columns, strict=True)]
    return " · ".join(padded).rstrip()


def _width(column: _Column) -> int:
    return max(map(cells, column))


def _columns(path: Path, head: int, tail: int, middle: str) -> list[_Column]:
    columns = [_column(path, k) for k in ends(path, head, tail)]
    if head + tail < len(path):
        columns.insert(head, _Column(f"… {len(path) - head - tail:,} more …", "…", middle))
    return columns


def ends(path: Path, head: int, tail: int) -> Iterator[int]:
    """Count the factors that are shown."""
    yield from range(head)
    yield from range(len(path) - tail, len(path))


def _column(path: Path, k: int) -> _Column:
    graph, node, slot = path.graph, path.graph.nodes[path.nodes[k]], path.slots[k]
    name, local = derivative_name(graph, node, slot), node.slots[slot].local
    alone = len(path) == 1
    if local is None:
        return _Column(name, f"VJP of {node.operation}", "VJP")
    number = short_number(local) if alone else _factor(short_number(local), k == 0)
    words, condition = _formula(graph, node, slot)
    words = (words or number) if alone else _factor(words or number, k == 0)
    if _is_summed(graph, node, slot):
        condition += _SUMMED
    return _Column(name, words + condition, number)


def _formula(graph: Snapshot, node: Node, slot: int) -> tuple[str, str]:
    """Return a local derivative's formula, '' if that is a number, and why it is so: `` (a > 0)``."""
    slope = slope_at(graph, node, slot)
    if slope is None:
        return formula(graph, node, slot, width=_FORMULA_WIDTH), ""
    words = formula(graph, node, slot, row_text(slope.formula), _FORMULA_WIDTH)
    why = formula(graph, node, slot, row_text(slope.condition), _FORMULA_WIDTH) if slope.condition is not None else ""
    return words, f" ({why})" if why else ""


def _factor(text: str, first: bool = False) -> str:
    """Put a factor in parentheses where it would not read as one; a negative number may come first."""
    is_sum = any(sign in text.lstrip("-") for sign in (" + ", " - ", " … ", " if ")) and not text.startswith(("(", "["))
    return f"({text})" if is_sum or (text.startswith("-") and not first) else text


# --- the sum -------------------------------------------------------------------------------------------------------


def _sum(e: Explanation, name: str) -> list[str]:
    shown, others = len(e.paths), e.count - len(e.paths)
    titles = [f"path {i + 1}" for i in range(shown)]
    terms = [short_number(path.product) for path in e.paths]
    if shown > MAX_TERMS:
        titles[MAX_TERMS - 2 : -1] = terms[MAX_TERMS - 2 : -1] = ["…"]
    if others:
        titles.append("the other path" if others == 1 else _paths(others, "other "))
        terms.append("…" if e.unlisted is None else short_number(e.unlisted))
    indent = " " * cells(name)
    return [
        f"{name} = {' + '.join(titles)}",
        f"{indent} = {_added(terms)}",
        f"{indent} = {short_number(e.total)}",
    ]


def _added(terms: Iterable[str]) -> str:
    text = ""
    for term in (f"({term})" if " … " in term else term for term in terms):
        text += (f" - {term[1:]}" if term.startswith("-") else f" + {term}") if text else term
    return text


def _gradient(e: Explanation) -> str:
    node = e.graph.nodes[e.end or 0]
    is_code = node.name == e.wrt and is_plain(e.wrt) and not e.wrt.startswith("[")
    name = f"{e.wrt}.grad" if is_code else f"the gradient of {e.wrt}"
    if e.gradient is None:
        root = e.graph.nodes[e.graph.roots[0]]
        call = "sum().backward()" if root.shape else "backward()"
        return f"{name} is not computed yet: call {f'{e.root}.{call}' if root.name and is_plain(e.root) else call}"
    if same_gradient(e.gradient, e.total):
        return f"{name} = {short_number(e.gradient)} after backward(): the same"
    return (
        f"{name} = {short_number(e.gradient)} is another number: a leaf adds up the gradients of several backward "
        "passes, and another root or seed changes them"
    )


def same_gradient(gradient: Any, total: Any) -> bool:
    """Whether two gradients differ by no more than rounding errors."""
    if np.shape(gradient) != np.shape(total):
        return False
    close = np.finfo(np.asarray(total).dtype).eps ** 0.5
    with np.errstate(all="ignore"):
        scale = float(np.max(np.abs(total), initial=0.0))
    at_least = close * scale if math.isfinite(scale) else 0.0
    return np.allclose(gradient, total, rtol=close, atol=at_least, equal_nan=True)


def _legend(e: Explanation, shown: Sequence[Ends]) -> list[str]:
    """Explain the words that were used."""
    steps = [
        (e.graph.nodes[path.nodes[k]], path.slots[k])
        for path, (head, tail) in zip(e.paths, shown, strict=True)
        for k in ends(path, head, tail)
    ]
    locals = [node.slots[k].local for node, k in steps]
    lines = []
    if any(local is None for local in locals):
        lines.append("VJP: vector-Jacobian product; the operation's own rule multiplies the gradient by its Jacobian")
    if any(_is_summed(e.graph, node, k) for node, k in steps):
        lines.append("(summed): over the elements that broadcasting repeated")
    if any(local is not None and not np.all(np.isfinite(local)) for local in locals):
        lines.append("a gradient that is 0 stays 0, whatever the next local derivative")
    if any(slope is not None and slope.is_old for slope in (slope_at(e.graph, node, k) for node, k in steps)):
        lines.append("data was changed after the forward pass: the local derivatives are still those of that pass")
    return lines


def _is_summed(graph: Snapshot, node: Node, slot: int) -> bool:
    elementwise = node.op is not None and node.op.is_elementwise
    return elementwise and graph.nodes[node.slots[slot].source].shape != node.shape

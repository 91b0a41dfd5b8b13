"""The graph as text, for a terminal."""

from __future__ import annotations

import sys
import unicodedata
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from autograd_lite.value import Value
from viz.escape import shorten
from viz.expression import EXPRESSION_WIDTH, expression, reading_order, short_title
from viz.names import caller_names
from viz.numbers import array_lines, number_text, shape_text
from viz.snapshot import Node, Snapshot, read_graph

__all__ = ["Text", "tree", "tree_text"]

MAX_ROWS = 200
_MAX_DEPTH = 20  # deeper rows say their depth instead of being pushed off the screen
_NAME_WIDTH = 60
_NUMBER_WIDTH = 44


class Text(str):
    """Text that a REPL shows as it is."""

    __slots__ = ()

    def __repr__(self) -> str:
        return str(self)


@dataclass(frozen=True, slots=True)
class _Row:
    lead: str
    what: str
    value: str
    gradient: str


def tree(
    root: Value | list[Value] | tuple[Value, ...],
    *,
    names: Mapping[str, Any] | None = None,
    params: Any = None,
    max_rows: int | None = MAX_ROWS,
) -> Text:
    """Show the graph that computed `root` as indented text, each value above what it was computed from.

    Parameters
    ----------
    root : Value, or list or tuple of Value
        What to show the graph of.
    names : dict, optional
        Names for values without a label, as ``locals()``; if it is left out, the caller's variables name them.
    params : dict, iterable of Value, or module, optional
        The leaves that are parameters.
    max_rows : int or None
        How many rows to show at most; None for all.

    Examples
    --------
    >>> a, b = Value(2.0), Value(-3.0)
    >>> d = a * b
    >>> e = d + a
    >>> e.backward()
    >>> print(tree(e))
                         value   grad
    e = d + a            -4      1
    ├── d = a * b        -6      1
    │   ├── a  input     2       -2
    │   └── b  input     -3      2
    └── a  (see above)
    """
    called = caller_names(names, sys._getframe(1))
    return tree_text(read_graph(root, called, params), max_rows)


def tree_text(graph: Snapshot, max_rows: int | None = MAX_ROWS) -> Text:
    """Show a snapshot as text; see `tree`."""
    if max_rows is not None and max_rows < 1:
        raise ValueError(f"max_rows is {max_rows!r}; show at least 1, or None for all")
    rows: list[_Row] = []
    left_out = 0
    for row in _rows(graph):
        if max_rows is None or len(rows) < max_rows:
            rows.append(row)
        else:
            left_out += 1
    lines = _columns(rows)
    if left_out:
        lines.append(f"… {left_out:,} more rows are not shown (max_rows={max_rows})")
    return Text("\n".join(lines))


def _rows(graph: Snapshot) -> Iterator[_Row]:
    """Depth first without recursion: what is still to show lies on a stack."""
    shown: set[int] = set()
    todo: list[tuple[int, str, str, int]] = [(i, "", "", 0) for i in reversed(graph.roots)]
    while todo:
        i, lead, below, depth = todo.pop()
        node = graph.nodes[i]
        if i in shown and not (node.is_constant and not node.name):
            yield _Row(lead, f"{short_title(node)}  (see above)", "", "")
            continue
        shown.add(i)
        yield _row(graph, node, lead)
        order = reading_order(node)
        for k in reversed(order):
            last = k == order[-1]
            todo.append((node.slots[k].source, *_leads(below, last, depth + 1), depth + 1))


def _leads(below: str, last: bool, depth: int) -> tuple[str, str]:
    """Return what stands before a row, and before the rows of its inputs."""
    if depth > _MAX_DEPTH:
        return f"… depth {depth} {'└── ' if last else '├── '}", ""
    return below + ("└── " if last else "├── "), below + ("    " if last else "│   ")


def _row(graph: Snapshot, node: Node, lead: str) -> _Row:
    name = short_title(node)
    shape = f"  {shape_text(node.shape, node.dtype)}" if node.shape else ""
    width = min(EXPRESSION_WIDTH, max(_NAME_WIDTH - len(f"{name} = {shape}"), _NAME_WIDTH // 3))
    what = f"{name} = {expression(graph, node, width)}" if node.op else f"{name}  {node.role}"
    return _Row(lead, what + shape, _number(node.value), _gradient(node))


def _gradient(node: Node) -> str:
    if node.is_constant:
        return "-"
    return "not computed" if node.gradient is None else _number(node.gradient)


def _number(x: Any) -> str:
    text = number_text(x) if isinstance(x, float) else " ".join(" ".join(array_lines(x)).split())
    return shorten(text, _NUMBER_WIDTH)


def _columns(rows: list[_Row]) -> list[str]:
    first = max(_width(row.lead + row.what) for row in rows)
    second = max([_width(row.value) for row in rows] + [len("value")])
    table = [("", "value", "grad")] + [(row.lead + row.what, row.value, row.gradient) for row in rows]
    return [f"{_pad(what, first)}   {_pad(value, second)}   {gradient}".rstrip() for what, value, gradient in table]


def _pad(text: str, width: int) -> str:
    return text + " " * (width - _width(text))


def _width(text: str) -> int:
    """How many cells of a terminal a text takes."""
    return sum(
        0 if unicodedata.combining(c) or unicodedata.category(c) == "Cf" else 2 if _is_wide(c) else 1 for c in text
    )


def _is_wide(c: str) -> bool:
    return unicodedata.east_asian_width(c) in "WF"

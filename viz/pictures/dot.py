"""From a snapshot to DOT: one HTML-like table for each value, one arrow for each argument slot and pass."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np

from viz.graphs.snapshot import Node, Slot, Snapshot
from viz.pictures.legend import legend
from viz.pictures.style import BACKWARD, FONT, FORWARD, INK, MUTED, ROLES, Passes
from viz.words.escape import html_text, quoted_text, shorten
from viz.words.expression import expression, local_derivative, order_matters, reading_order, short_title, slot_name
from viz.words.numbers import array_lines, number_text, shape_text

if TYPE_CHECKING:
    from graphviz import Digraph  # type: ignore[import-untyped,unused-ignore]

__all__ = [
    "EDGE_LABELS_UP_TO",
    "RANKDIRS",
    "check_rankdir",
    "direction",
    "dot_id",
    "drawing_order",
    "edge_label",
    "node_tooltip",
    "small",
    "write_graph",
]

EDGE_LABELS_UP_TO = 150
"""Graphs of more values show their edges' labels as tooltips: laying out labels takes most of the time."""

RANKDIRS = {"LR": ("e", "w"), "RL": ("w", "e"), "TB": ("s", "n"), "BT": ("n", "s")}
"""For each direction, the side where an arrow leaves a value and where it enters the next."""

_LABEL_WIDTH = 40


def check_rankdir(rankdir: str | None) -> None:
    """Refuse an unknown direction; None leaves the choice to `direction`."""
    if rankdir is not None and rankdir not in RANKDIRS:
        raise ValueError(f"unknown rankdir {rankdir!r}; the directions are {', '.join(RANKDIRS)}")


def direction(rankdir: str | None, graph: Snapshot) -> str:
    """Return the direction asked for, else "LR"; "TB" for a rolled graph, whose wide boxes make a long line."""
    return rankdir or ("TB" if any(node.is_rolled for node in graph) else "LR")


def write_graph(dot: Digraph, graph: Snapshot, rankdir: str, passes: Passes = "both") -> None:
    """Fill `dot` with the nodes, arrows and legend of a graph."""
    labels = len(graph) <= EDGE_LABELS_UP_TO
    drawn = [node for node in drawing_order(graph) if _takes_part(graph, node, passes)]
    dot.graph_attr.update(
        rankdir=rankdir, bgcolor="white", fontname=FONT, ranksep="0.55", nodesep="0.3", pad="0.15",
        labelloc="b", label=legend(graph, {node.role for node in drawn}, labels, passes),
    )  # fmt: skip
    dot.node_attr.update(shape="plain", fontname=FONT, fontsize="12", fontcolor=INK)
    dot.edge_attr.update(fontname=FONT, fontsize="10", arrowsize="0.7")
    for node in drawn:
        attributes = {"tooltip": quoted_text(node_tooltip(graph, node))}
        if labels and len({slot.source for slot in node.slots}) > 1:
            attributes["ordering"] = "in"  # each input's two arrows side by side: hardly a label is crossed then
        dot.node(dot_id(node.id), label=_table(graph, node, rankdir, passes), **attributes)
    for node in graph:
        for i in reading_order(node):
            if passes != "backward":
                _forward_arrow(dot, graph, node, i, rankdir, labels)
            if passes != "forward" and graph.carries_gradient(node, node.slots[i]):
                _backward_arrow(dot, graph, node, i, rankdir, labels)


def _takes_part(graph: Snapshot, node: Node, passes: Passes) -> bool:
    """No arrow of the backward pass reaches a constant: by itself, that pass shows only those which are roots."""
    return passes != "backward" or not node.is_constant or node.id in graph.roots


def drawing_order(graph: Snapshot) -> Iterator[Node]:
    """Leaves right before the first node that uses them, in the order in which it reads them: dot begins with that."""
    drawn: set[int] = set()
    for node in graph:
        if node.op is None:
            continue
        for i in [node.slots[k].source for k in reading_order(node)] + [node.id]:
            if i not in drawn:
                drawn.add(i)
                yield graph.nodes[i]
    yield from (node for node in graph if node.id not in drawn)


def dot_id(i: int) -> str:
    """Return the name of a value's box in the DOT text."""
    return f"n{i}"


# --- nodes ---------------------------------------------------------------------------------------------------------


def _table(graph: Snapshot, node: Node, rankdir: str, passes: Passes) -> str:
    look = ROLES[node.role]
    across = rankdir in ("TB", "BT")
    cells = [_cell("value", FORWARD, node.value, across)]
    if not node.is_constant and passes != "forward":
        cells.append(_gradient_cell(node, across))
    heads = [_title_cell(graph, node)]
    if node.shape:
        heads.append(f"<TD>{small(shape_text(node.shape, node.dtype))}</TD>")
    rows = _rows_across(heads, cells, rankdir) if across else heads + cells
    style = f' STYLE="{look.style}"' if look.style else ""
    body = "".join(f"<TR>{row}</TR>" for row in rows)
    return (
        f'<<TABLE BORDER="{look.border}" CELLBORDER="0" CELLSPACING="0" CELLPADDING="3"{style} '
        f'COLOR="{look.outline}" BGCOLOR="{look.fill}">{body}</TABLE>>'
    )


def _rows_across(heads: list[str], cells: list[str], rankdir: str) -> list[str]:
    """Rows for arrows that run up and down: the passes run beside each other, not through each other.

    The cells are where arrows leave; a thin row on the other side is where they enter.
    """
    ports = ("value", "grad")[: len(cells)]
    entries = "".join(f'<TD PORT="{port}_entry" HEIGHT="1" CELLPADDING="0"></TD>' for port in ports)
    heads = [head.replace("<TD", f'<TD COLSPAN="{len(cells)}"', 1) for head in heads]
    numbers = "".join(cells)
    return [entries, *heads, numbers] if rankdir == "TB" else [numbers, *heads, entries]


def _title_cell(graph: Snapshot, node: Node) -> str:
    title = shorten(node.title, _LABEL_WIDTH)
    count = f"  <B>×{node.count:,}</B>" if node.count > 1 else ""
    if node.role == "constant" and not node.name:
        return f"<TD>{small('constants' if count else 'constant')}{count}</TD>"
    name = f"<B>{html_text(title)}</B>"
    if node.op is None:
        return f"<TD>{name}{small(f'  {node.role}')}{count}</TD>"
    return f"<TD>{name if node.name else html_text(title)} = {html_text(expression(graph, node))}{count}</TD>"


def _cell(port: str, color: str, x: Any, across: bool) -> str:
    lines = array_lines(x) if isinstance(x, np.ndarray) else [number_text(x)]
    if across:
        lines = [part for line in lines for part in line.split("   ")]
    numbers = "<BR/>".join(html_text(line) for line in lines)
    gap = "<BR/>" if len(lines) > 1 else "  "
    return f'<TD PORT="{port}"><FONT COLOR="{color}" POINT-SIZE="10">{port}</FONT>{gap}{numbers}</TD>'


def _gradient_cell(node: Node, across: bool) -> str:
    if node.gradient is None:
        return f'<TD PORT="grad">{small("<I>grad not computed</I>")}</TD>'
    return _cell("grad", BACKWARD, node.gradient, across)


def small(markup: str) -> str:
    """Return markup for what matters less than the rest."""
    return f'<FONT COLOR="{MUTED}" POINT-SIZE="10">{markup}</FONT>'


def node_tooltip(graph: Snapshot, node: Node) -> str:
    """Return what a box tells on hovering."""
    made = f" = {expression(graph, node)}" if node.op else f", {node.role}"
    origin = f"\nin {node.path}" * bool(node.path) + f"\n{node.line}" * bool(node.line)
    return f"{node.title}{made}{origin}"


# --- arrows --------------------------------------------------------------------------------------------------------


def _ends(node: Node, slot: Slot, port: str, rankdir: str) -> tuple[str, str]:
    leave, enter = RANKDIRS[rankdir]
    end = f"{port}_entry" if rankdir in ("TB", "BT") else port
    return f"{dot_id(slot.source)}:{port}:{leave}", f"{dot_id(node.id)}:{end}:{enter}"


def _forward_arrow(dot: Digraph, graph: Snapshot, node: Node, i: int, rankdir: str, labels: bool) -> None:
    slot = node.slots[i]
    tail, head = _ends(node, slot, "value", rankdir)
    attributes = {"color": FORWARD, "fontcolor": FORWARD}
    tooltip = f"{short_title(graph.nodes[slot.source])} → {short_title(node)}"
    if node.op and order_matters(node.op, len(node.slots)) and not (node.is_rolled and node.op.variadic):
        name = slot_name(node.op, slot.argument)
        tooltip += f", {name}"
        if labels:
            attributes["label"] = edge_label(name)
    attributes["tooltip"] = attributes["labeltooltip"] = quoted_text(tooltip)
    dot.edge(tail, head, **attributes)


def _backward_arrow(dot: Digraph, graph: Snapshot, node: Node, i: int, rankdir: str, labels: bool) -> None:
    tail, head = _ends(node, node.slots[i], "grad", rankdir)
    text = local_derivative(graph, node, i)
    attributes = {"color": BACKWARD, "fontcolor": BACKWARD, "style": "dashed", "dir": "back"}
    if labels:
        attributes["label"] = edge_label(text)
    attributes["tooltip"] = attributes["labeltooltip"] = quoted_text(text)
    dot.edge(tail, head, **attributes)


def edge_label(text: str) -> str:
    """Return a label whose table keeps it clear of its arrow, and whose ground covers arrows that cross it."""
    return (
        '<<TABLE BORDER="0" CELLBORDER="0" CELLPADDING="1" CELLSPACING="3">'
        f'<TR><TD BGCOLOR="white">{html_text(text)}</TD></TR></TABLE>>'
    )

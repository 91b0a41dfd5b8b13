"""`draw_flow`: where the gradient goes, how much of it, and where it gets lost."""

from __future__ import annotations

import math
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from autograd_lite.value import Value
from viz.flow.legend import flow_legend
from viz.graphs.contribution import contribution
from viz.graphs.hints import Hint, hints
from viz.graphs.ladder import fitted
from viz.graphs.names import caller_names
from viz.graphs.snapshot import Node, Snapshot, read_graph
from viz.layout.layout import check_format
from viz.pictures.badges import badge_row
from viz.pictures.dot import (
    EDGE_LABELS_UP_TO,
    check_rankdir,
    direction,
    dot_id,
    drawing_order,
    edge_label,
    node_tooltip,
    small,
)
from viz.pictures.rendering import Picture
from viz.pictures.scale import Scale, magnitude, scale_of, sign_colour
from viz.pictures.style import BACKWARD, FONT, INK, LINE, MUTED, ODD, ROLES
from viz.terminal.tree import tree_text
from viz.words.escape import html_text, quoted_text, shorten
from viz.words.expression import EXPRESSION_WIDTH, expression, local_derivative, reading_order, short_title
from viz.words.numbers import number_text, short_number

if TYPE_CHECKING:
    from graphviz import Digraph  # type: ignore[import-untyped,unused-ignore]

__all__ = ["draw_flow", "flow_text", "write_flow"]

_TITLE_WIDTH = 30
_ZERO = {"color": MUTED, "fontcolor": MUTED, "style": "dotted", "penwidth": "0.75", "arrowsize": "0.6"}
_SKELETON = {"color": LINE, "penwidth": "0.75", "dir": "none"}


def draw_flow(
    root: Value | list[Value] | tuple[Value, ...],
    format: str = "svg",
    rankdir: str | None = None,
    *,
    names: Mapping[str, Any] | None = None,
    params: Any = None,
    full: bool = False,
    timeout: float | None = None,
) -> Picture:
    """Draw the backward pass: how the gradient flows from `root` back to what it was computed from.

    An arrow is the wider, the more flows through it, in five widths, one for each decade. Purple is positive, orange is
    negative, and the sign is written. A thin grey dotted arrow carries exactly 0, a thick pink one nan or inf. Badges
    say where gradients get lost or out of hand: see `hints`. Constants, which receive nothing, are left out.

    Parameters
    ----------
    root : Value, or list or tuple of Value
        Where the backward pass began.
    format : str
        "svg", "png", "pdf" or "json".
    rankdir : str, optional
        How the graph is laid out, as in `draw_dot`: "LR" has `root` on the right; the gradient flows to the left.
    names : dict, optional
        Names for values without a label, as ``locals()``; if it is left out, the caller's variables name them.
    params : dict, iterable of Value, or module, optional
        The leaves to draw as parameters.
    full : bool
        Draw every value by itself; otherwise large graphs are drawn smaller, as by `draw_dot`.
    timeout : float, optional
        Seconds that the layout may take; 3 for a notebook and 10 for a file if it is left out.

    Returns
    -------
    Picture
        As of `draw_dot`.

    Raises
    ------
    TypeError
        If `root` is not a Value.
    ValueError
        If the format or direction is unknown.

    Examples
    --------
    >>> a, b = Value(2.0, label="a"), Value(-3.0, label="b")
    >>> c = a * b
    >>> c.backward()
    >>> picture = draw_flow(c)
    >>> ">-3<" in picture.source, ">+2<" in picture.source, "backward<BR/>starts here" in picture.source
    (True, True, True)
    """
    check_rankdir(rankdir)
    check_format(format)
    graph = read_graph(root, caller_names(names, sys._getframe(1)), params)
    picture = Picture(format=format, timeout=timeout, outline=lambda: str(tree_text(graph)))
    drawn = graph if full else fitted(graph, shown="least and greatest gradient")
    write_flow(picture, drawn, direction(rankdir, drawn))
    return picture


@dataclass(frozen=True, slots=True)
class _Flow:
    """What goes through a slot; without `exact`, the whole gradient of the argument stands for it."""

    node: Node
    slot: int
    amount: Any
    exact: bool

    @property
    def size(self) -> float:
        return magnitude(self.amount)


def write_flow(dot: Digraph, graph: Snapshot, rankdir: str) -> None:
    """Fill `dot` with the backward pass of a graph; see `draw_flow`."""
    drawn = [node for node in drawing_order(graph) if not node.is_constant or node.id in graph.roots]
    flows = [_flow(graph, node, slot) for node in graph for slot in reading_order(node)]
    carried = [flow for flow in flows if flow.amount is not None]
    reached = {flow.node.slots[flow.slot].source for flow in carried}
    starts = [i for i in graph.roots if graph.gradients[i] is not None and i not in reached]
    scale = scale_of([*(flow.size for flow in carried), *(magnitude(graph.gradients[i]) for i in starts)])
    remarks = hints(graph)
    labels = len(graph) <= EDGE_LABELS_UP_TO
    dot.graph_attr.update(
        rankdir=rankdir, bgcolor="white", fontname=FONT, ranksep="0.6", nodesep="0.25", pad="0.15", labelloc="b",
        label=flow_legend(graph, rankdir, scale, [flow.amount for flow in carried], remarks, labels),
    )  # fmt: skip
    dot.node_attr.update(shape="plain", fontname=FONT, fontsize="12", fontcolor=INK)
    dot.edge_attr.update(fontname=FONT, fontsize="10")
    for node in drawn:
        about = remarks.get(node.id, ())
        dot.node(dot_id(node.id), label=_box(graph, node, about), tooltip=quoted_text(_tooltip(graph, node, about)))
    for flow in flows:
        if not graph.nodes[flow.node.slots[flow.slot].source].is_constant:
            _arrow(dot, graph, flow, scale, rankdir, labels)
    for root in starts:
        _start(dot, graph.nodes[root], scale, rankdir, labels)


def flow_text(x: Any) -> str:
    """Write how much flows, with its sign; of an array the largest of its elements.

    Examples
    --------
    >>> flow_text(0.5), flow_text(-3.0), flow_text(0.0), flow_text(np.array([0.5, 0.5]))
    ('+0.5', '-3', '0', '+0.5')
    >>> flow_text(np.array([0.1, -0.2])), flow_text(np.array([0.1, 0.2])), flow_text(np.array([0.1, np.nan]))
    ('±0.2', 'up to +0.2', 'nan')
    """
    size = magnitude(x)
    if math.isnan(size) or size == 0:
        return number_text(size)
    low, high = (x, x) if np.ndim(x) == 0 else (np.min(x), np.max(x))
    sign = "-" if high <= 0 else "+" if low >= 0 else "±"
    return f"{'' if low == high or sign == '±' else 'up to '}{sign}{number_text(size)}"


def _flow(graph: Snapshot, node: Node, slot: int) -> _Flow:
    amount = contribution(graph, node, slot)
    if amount is not None or not graph.carries_gradient(node, node.slots[slot]):
        return _Flow(node, slot, amount, True)
    return _Flow(node, slot, graph.gradients[node.slots[slot].source], False)


# --- boxes ---------------------------------------------------------------------------------------------------------


def _box(graph: Snapshot, node: Node, remarks: tuple[Hint, ...]) -> str:
    look = ROLES[node.role]
    rows = [f"<TD>{_title(graph, node)}</TD>", f"<TD>{_gradient(node)}</TD>", badge_row(remarks)]
    style = f' STYLE="{look.style}"' if look.style else ""
    body = "".join(f"<TR>{row}</TR>" for row in rows if row)
    return (
        f'<<TABLE BORDER="{look.border}" CELLBORDER="0" CELLSPACING="0" CELLPADDING="3"{style} '
        f'COLOR="{look.outline}" BGCOLOR="{look.fill}">{body}</TABLE>>'
    )


def _title(graph: Snapshot, node: Node) -> str:
    name = html_text(shorten(node.title, _TITLE_WIDTH))
    if node.name:
        name = f"<B>{name}</B>"
    if node.count > 1:
        name += f" <B>×{node.count:,}</B>"
    if node.op is None:
        return f"{name}{small('  ' + node.role)}"
    width = max(EXPRESSION_WIDTH - len(node.title), _TITLE_WIDTH // 2)
    return f"{name} = {html_text(expression(graph, node, width))}"


def _gradient(node: Node) -> str:
    if node.is_constant:
        return small("no gradient")
    if node.gradient is None:
        return small("<I>grad not computed</I>")
    amount = flow_text(node.gradient) if np.ndim(node.gradient) == 0 else short_number(node.gradient)
    ink = INK if sign_colour(node.gradient) == ODD else sign_colour(node.gradient)  # pink is too pale for text
    shape = small(f"  {node.shape}") if node.shape else ""
    tag = f'<FONT COLOR="{BACKWARD}" POINT-SIZE="10">grad</FONT>'
    return f'{tag}  <FONT COLOR="{ink}"><B>{html_text(amount)}</B></FONT>{shape}'


def _tooltip(graph: Snapshot, node: Node, remarks: tuple[Hint, ...]) -> str:
    return "\n".join([node_tooltip(graph, node), *(f"{hint.word}: {hint.sentence}" for hint in remarks)])


# --- arrows --------------------------------------------------------------------------------------------------------


def _arrow(dot: Digraph, graph: Snapshot, flow: _Flow, scale: Scale, rankdir: str, labels: bool) -> None:
    source = graph.nodes[flow.node.slots[flow.slot].source]
    tooltip = quoted_text(_arrow_tooltip(graph, flow))
    attributes = {"tooltip": tooltip, "weight": "3" if source.op else "1"}  # the main stream straight, leaves beside it
    if flow.amount is None:
        attributes |= _SKELETON
    else:
        attributes |= {"dir": "back", "labeltooltip": tooltip, **_look(flow.amount, scale)}
        if labels:
            attributes["label"] = edge_label(_beside(flow_text(flow.amount), rankdir))
    dot.edge(dot_id(source.id), dot_id(flow.node.id), **attributes)


def _start(dot: Digraph, root: Node, scale: Scale, rankdir: str, labels: bool) -> None:
    """Draw where the gradient comes from: the arrow into the root carries the 1 with which it begins."""
    start = f"{dot_id(root.id)}_start"
    words = f'<FONT COLOR="{BACKWARD}" POINT-SIZE="10">backward<BR/>starts here</FONT>'
    tooltip = quoted_text(f"the backward pass of {short_title(root)} starts with {short_number(root.gradient)}")
    dot.node(start, label=f"<{words}>", tooltip=tooltip)
    attributes = {"dir": "back", "tooltip": tooltip, "labeltooltip": tooltip, "weight": "3"}
    attributes |= _look(root.gradient, scale)
    if labels:
        attributes["label"] = edge_label(_beside(flow_text(root.gradient), rankdir))
    dot.edge(dot_id(root.id), start, **attributes)


def _beside(text: str, rankdir: str) -> str:
    """Return a label with room for the width of an arrow that runs up or down beside it."""
    return f"\N{NO-BREAK SPACE}{text}" if rankdir in ("TB", "BT") else text


def _look(amount: Any, scale: Scale) -> dict[str, str]:
    size = magnitude(amount)
    if size == 0:
        return _ZERO
    colour, width = sign_colour(amount), scale.width(size)
    head = 0.5 + 0.1 * width
    return {
        "color": colour,
        "fontcolor": INK if colour == ODD else colour,
        "penwidth": f"{width:g}",
        "arrowsize": f"{head:.3g}",
    }


def _arrow_tooltip(graph: Snapshot, flow: _Flow) -> str:
    node, source = flow.node, graph.nodes[flow.node.slots[flow.slot].source]
    way = f"{short_title(node)} → {short_title(source)}"
    if flow.amount is None:
        return f"{way}: no gradient was computed"
    derivative = local_derivative(graph, node, flow.slot)
    if not flow.exact:
        return f"{way}: {derivative}\nas wide as the whole gradient of {short_title(source)}: {flow_text(flow.amount)}"
    return f"{way}: {flow_text(flow.amount)}\ngradient {short_number(node.gradient)} × {derivative}"

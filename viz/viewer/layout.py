"""Where the viewer draws each value: cards of a known size, placed by dot if there are few, else by rank."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from viz.graphs.folding import copy_leaves
from viz.graphs.ladder import ROLLED_ABOVE
from viz.graphs.snapshot import Node, Snapshot
from viz.layout.layout import SCREEN_SECONDS, LayoutError, lay_out
from viz.layout.ranks import rank_layout, ranks
from viz.pictures.dot import drawing_order
from viz.words.escape import one_line, shorten
from viz.words.expression import expression, local_derivative, order_matters, reading_order, slot_name
from viz.words.numbers import array_lines, shape_text

__all__ = ["CARD", "Placement", "place", "subtitle"]

DOT_UP_TO = 1_000
"""Cards that dot lays out; it takes too long for more."""

PASSED_UP_TO = 500
"""How many ranks the arrows may pass for dot to lay them out: it makes a bend in each, too slowly for a recurrence."""

LONG, TOO_LONG = 6_000, 4
"""dot's layout is not used if it is wider than so many points and so many times its height: ours breaks into lines."""

LABELS_UP_TO = 150
"""Values up to which dot makes room for the arrows' labels."""

CARD = {"pad": 8, "title": 24, "shape": 14, "line": 17, "foot": 5, "least": 112, "most": 330}
"""The sizes of a card in points, which the page uses too: its title, the line of its shape, each line of numbers."""

FITTED_UP_TO = 2_000
UNIFORM_WIDTH = 150
"""Cards are as wide as what they say; in a larger graph all have one width, and what is too long is cut."""

BOLD = 1.08  # how much wider bold letters are
# The widths of Helvetica's characters from the space on, in thousandths of its size.
_WIDTHS = (
    278, 278, 355, 556, 556, 889, 667, 191, 333, 333, 389, 584, 278, 333, 278, 278, 556, 556, 556, 556, 556, 556, 556,
    556, 556, 556, 278, 278, 584, 584, 584, 556, 1015, 667, 667, 722, 722, 667, 611, 778, 722, 278, 500, 667, 556, 833,
    722, 778, 667, 778, 722, 667, 611, 722, 667, 944, 667, 667, 611, 278, 278, 278, 469, 556, 333, 556, 556, 500, 556,
    556, 278, 556, 556, 222, 222, 500, 222, 833, 556, 556, 556, 556, 333, 500, 278, 556, 500, 722, 500, 500, 500, 334,
    260, 334, 584,
)  # fmt: skip


@dataclass
class Placement:
    """Where everything is, in points; y grows downwards.

    Attributes
    ----------
    by : str
        "dot" or "ranks".
    x, y : int arrays
        The middle of each card: a card for each value, then those of `copies`.
    widths : list of int, or int
        The cards' widths; one number if all are the same.
    copies : list of int
        The slots at which a leaf that is used often has one more card.
    notes : tuple of str
        What the legend says about that.
    forward, backward : dict
        For each slot the points of its arrow: where it starts, two control points and an end for each piece, its tip.
    labels : dict
        Where labels are: of the forward arrow of slot 3 under "f3", of its backward arrow under "b3".
    """

    by: str
    x: NDArray[np.int64]
    y: NDArray[np.int64]
    widths: list[int] | int
    copies: list[int] = field(default_factory=list)
    notes: tuple[str, ...] = ()
    forward: dict[int, list[int]] = field(default_factory=dict)
    backward: dict[int, list[int]] = field(default_factory=dict)
    labels: dict[str, list[int]] = field(default_factory=dict)


def place(graph: Snapshot, frames: Iterable[Snapshot] = ()) -> Placement:
    """Lay out a graph from left to right; a leaf that is used often has a card at each use, as in other pictures.

    There is room for the arrows of a backward pass if one of the `frames` has run one.
    """
    drawn = copy_leaves(graph) if len(graph) <= ROLLED_ABOVE else graph
    carried = _carried(graph, (graph, *frames))
    return _of_values(graph, drawn, _placed(drawn, carried))


def _placed(graph: Snapshot, carried: Sequence[bool]) -> Placement:
    if len(graph) <= DOT_UP_TO and _passed_ranks(graph) <= PASSED_UP_TO:
        try:
            found = _by_dot(graph, carried)
        except LayoutError:  # too entangled for dot, or no Graphviz: the other way always works
            return _by_ranks(graph)
        wide, high = np.ptp(found.x), np.ptp(found.y) + 1
        if wide < LONG or wide < TOO_LONG * high:
            return found
    return _by_ranks(graph)


def _carried(graph: Snapshot, frames: Iterable[Snapshot]) -> list[bool]:
    """Tell for each slot whether a backward pass has gone through it."""
    owners = np.repeat(np.arange(len(graph)), np.diff(graph.offsets))
    inner = np.array([role != "constant" for role in graph.roles], bool)[graph.sources]
    found = np.zeros(len(owners), bool)
    for frame in frames:
        has = np.array([g is not None for g in frame.gradients], bool)
        found |= inner & has[owners] & has[graph.sources]
    return found.tolist()


def _of_values(graph: Snapshot, drawn: Snapshot, placed: Placement) -> Placement:
    """Bring the cards of a graph with copies of leaves into the order of the values; both have the same slots."""
    if drawn is graph:
        return placed
    first: dict[int, int] = dict(zip(graph.roots, drawn.roots, strict=True))  # the card of each value
    copies: dict[int, int] = {}
    owned = [[i for i, op in enumerate(some.ops) if op is not None] for some in (graph, drawn)]
    first.update(zip(*owned, strict=True))
    for slot, (value, card) in enumerate(zip(graph.sources.tolist(), drawn.sources.tolist(), strict=True)):
        if first.setdefault(value, card) != card:
            copies[slot] = card
    order = [*(first[i] for i in range(len(graph))), *copies.values()]
    widths = placed.widths if isinstance(placed.widths, int) else [placed.widths[card] for card in order]
    return replace(placed, x=placed.x[order], y=placed.y[order], widths=widths, copies=list(copies), notes=drawn.notes)


def _passed_ranks(graph: Snapshot) -> int:
    rank = ranks(graph.offsets, graph.sources)
    owners = np.repeat(np.arange(len(graph)), np.diff(graph.offsets))
    return int(np.maximum(0, rank[owners] - rank[graph.sources] - 1).sum())


# --- sizes ---------------------------------------------------------------------------------------------------------


def text_width(text: str, size: float) -> float:
    """Return about how wide a text is in Helvetica.

    Examples
    --------
    >>> round(text_width("grad", 10), 2)
    20.01
    """
    return sum(_WIDTHS[ord(c) - 32] if 32 <= ord(c) < 127 else 600 if ord(c) < 0x1100 else 1000 for c in text) * (
        size / 1000
    )


def subtitle(node: Node) -> str:
    """Say what shape an array has, or for how many values a card stands; '' for a number."""
    if node.count > 1:
        return f"{node.count:,} values"
    return shape_text(node.shape, node.dtype) if node.shape else ""


def _width(graph: Snapshot, node: Node) -> int:
    tail = f" = {expression(graph, node)}" if node.op else f"  {node.role}"
    widths = [BOLD * text_width(shorten(one_line(node.title), 40), 12.5) + text_width(tail, 12.5)]
    for x in (node.value, node.gradient):
        if isinstance(x, np.ndarray):
            widths += [text_width(f"value  {line}", 12.5) for line in array_lines(x)]
    widths.append(text_width(subtitle(node), 10.5))
    return min(CARD["most"], max(CARD["least"], int(max(widths)) + 2 * CARD["pad"]))


def _rows(node: Node) -> tuple[int, int, int]:
    """Return the heights of a card's head, of its value and of its gradient."""
    head = CARD["title"] + (CARD["shape"] if subtitle(node) else 0)
    gradient = 0 if node.is_constant else _lines(node.gradient)
    return head, CARD["line"] * _lines(node.value), CARD["line"] * gradient + CARD["foot"]


def _lines(x: Any) -> int:
    return len(array_lines(x)) if isinstance(x, np.ndarray) else 1


# --- dot -----------------------------------------------------------------------------------------------------------


def _by_dot(graph: Snapshot, carried: Sequence[bool]) -> Placement:
    widths = [_width(graph, node) for node in graph]
    drawn = json.loads(lay_out("\n".join(_dot(graph, widths, carried)), "json", SCREEN_SECONDS))
    top = float(drawn["bb"].split(",")[3])
    places = np.zeros((len(graph), 2), dtype=np.int64)
    for item in drawn["objects"]:
        places[int(item["name"])] = _points(item["pos"], top)
    found = Placement("dot", places[:, 0], places[:, 1], widths, notes=graph.notes)
    for item in drawn.get("edges", ()):
        kind, slot = item["id"][0], int(item["id"][1:])
        (found.forward if kind == "f" else found.backward)[slot] = _curve(item["pos"], top)
        if "lp" in item:
            found.labels[item["id"]] = _points(item["lp"], top)
    return found


def _dot(graph: Snapshot, widths: list[int], carried: Sequence[bool]) -> Iterator[str]:
    """Cards without their texts: dot is told how large they are, so nothing that a user wrote gets into it."""
    labelled = len(graph) <= LABELS_UP_TO
    yield "digraph { rankdir=LR ranksep=0.6 nodesep=0.3 node [shape=plain fontsize=10] edge [arrowsize=0.7]"
    for node in drawing_order(graph):
        i = node.id
        head, value, gradient = _rows(node)
        cells = "".join(
            f'<TR><TD PORT="{port}" FIXEDSIZE="TRUE" WIDTH="{widths[i]}" HEIGHT="{height}"></TD></TR>'
            for port, height in (("head", head), ("value", value), ("grad", gradient))
        )
        together = " ordering=in" if labelled and len({slot.source for slot in node.slots}) > 1 else ""
        yield f"{i} [label=<{_TABLE}{cells}</TABLE>>{together}]"
    for node in graph:
        first = int(graph.offsets[node.id])
        for k in reading_order(node):
            yield from _arrows(graph, node, k, first + k, labelled, carried[first + k])
    yield "}"


_TABLE = '<TABLE BORDER="0" CELLBORDER="0" CELLSPACING="0" CELLPADDING="0">'


def _arrows(graph: Snapshot, node: Node, k: int, slot: int, labelled: bool, carried: bool) -> Iterator[str]:
    source = node.slots[k].source
    named = labelled and node.op and not node.is_rolled and order_matters(node.op, len(node.slots))
    label = _room(slot_name(node.op, k)) if named and node.op else ""
    yield f"{source}:value:e -> {node.id}:value:w [id=f{slot}{label}]"
    if carried:
        label = _room(local_derivative(graph, node, k)) if labelled else ""
        yield f"{source}:grad:e -> {node.id}:grad:w [id=b{slot} dir=back{label}]"


def _room(text: str) -> str:
    width = int(text_width(text, 10.5)) + 8
    return f' label=<{_TABLE}<TR><TD FIXEDSIZE="TRUE" WIDTH="{width}" HEIGHT="17"></TD></TR></TABLE>>'


def _points(text: str, top: float) -> list[int]:
    x, y = (float(part) for part in text.split(",")[-2:])
    return [round(x), round(top - y)]


def _curve(text: str, top: float) -> list[int]:
    """Return an arrow's points, the tip last; dot tells the tip of an arrow that points back with ``s,``."""
    tip, *points = text.split()
    if tip[0] == "s":
        points.reverse()
    return [number for point in [*points, tip] for number in _points(point, top)]


# --- ranks ---------------------------------------------------------------------------------------------------------


def _by_ranks(graph: Snapshot) -> Placement:
    widths: list[int] | int = UNIFORM_WIDTH
    if len(graph) <= FITTED_UP_TO:
        widths = [_width(graph, node) for node in graph]
    heights = np.full(len(graph), CARD["title"] + 2 * CARD["line"] + CARD["foot"])
    for i, value in enumerate(graph.values):
        if isinstance(value, np.ndarray) or graph.roles[i] == "constant":
            heights[i] = sum(_rows(graph.nodes[i]))
    x, y = rank_layout(graph, "LR", (widths, heights))
    return Placement("ranks", _ints(x), _ints(y), widths, notes=graph.notes)


def _ints(numbers: NDArray[np.float64]) -> NDArray[np.int64]:
    return np.round(numbers).astype(np.int64)

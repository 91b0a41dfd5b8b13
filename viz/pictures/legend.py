"""The legend: what the colours, arrows and outlines of a picture mean, and what it leaves out."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence

from viz.graphs.snapshot import Role, Snapshot
from viz.pictures.scale import WIDTHS, Scale
from viz.pictures.style import BACKWARD, FORWARD, INK, MUTED, ROLES, Look, Passes
from viz.words.escape import html_text
from viz.words.expression import short_title

__all__ = ["backward_words", "box_sample", "in_tooltips", "legend", "legend_of", "line_sample", "width_samples"]

_TABLE = '<TABLE BORDER="0" CELLBORDER="0" CELLPADDING="0"'
_FILLING = "<TD></TD>" * 15  # Graphviz widens all cells alike: these take the width that a short row has left
_SAMPLE = 24


def legend(graph: Snapshot, roles: Collection[Role], labelled: bool, passes: Passes) -> str:
    """Return an HTML-like label for the roles drawn; `labelled`: whether arrows have labels, or tooltips instead."""
    cells = []
    if passes != "backward":
        cells.append(f'<FONT COLOR="{FORWARD}">──▶</FONT> forward pass: values')
    if passes != "forward":
        cells.append(f'<FONT COLOR="{BACKWARD}">◀╌╌</FONT> {backward_words(graph)}')
    if passes != "forward" and any(_has_vjp(graph, i) for i in range(len(graph))):
        cells.append("VJP: vector-Jacobian product")
    cells += [box_sample(role, ROLES[role]) for role in ROLES if role in roles]
    return legend_of([cells], [*in_tooltips(graph, labelled), *graph.notes])


def backward_words(graph: Snapshot) -> str:
    """Say what the arrows of the backward pass mean, or that it has not run."""
    if graph.has_gradients:
        return "backward pass: gradients, × local derivative"
    root = graph.nodes[graph.roots[0]]
    call = f"{html_text(short_title(root))}.backward()" if root.name.isidentifier() else "backward()"
    return f"backward pass: not run yet; call {call}"


def _has_vjp(graph: Snapshot, i: int) -> bool:
    node = graph.nodes[i]
    return any(slot.local is None and graph.carries_gradient(node, slot) for slot in node.slots)


def in_tooltips(graph: Snapshot, labelled: bool) -> Iterator[str]:
    """Say where the labels of arrows are if they are not written."""
    if not labelled:
        yield f"{len(graph):,} values: what is written on the arrows of a smaller graph is in their tooltips"


# --- what any legend is made of ------------------------------------------------------------------------------------


def legend_of(rows: Iterable[Sequence[str]], words: Iterable[str] = ()) -> str:
    """Return an HTML-like label: rows of cells of markup, no wider than they need to be, and lines of words.

    Examples
    --------
    >>> label = legend_of([["<B>a</B>", "b"], []], ["x < y"])
    >>> label.count("<B>a</B>"), label.count("x &lt; y"), label.count(_FILLING)
    (1, 1, 2)
    """
    filled = [*filter(None, rows), *([html_text(line)] for line in words)]
    body = "".join(f"<TR><TD>{_row(cells)}</TD></TR>" for cells in filled)
    return f'<<FONT POINT-SIZE="10" COLOR="{MUTED}">{_TABLE} CELLSPACING="0">{body}</TABLE></FONT>>'


def _row(cells: Sequence[str]) -> str:
    body = "".join(f'<TD ALIGN="LEFT">{cell}</TD>' for cell in cells)
    row = f'{_TABLE} CELLSPACING="5"><TR>{body}</TR></TABLE>'
    return f'{_TABLE} CELLSPACING="0"><TR><TD>{row}</TD>{_FILLING}</TR></TABLE>'


def box_sample(words: str, look: Look) -> str:
    """Return a small box as the picture has them, with words in it."""
    style = f' STYLE="{look.style}"' if look.style else ""
    return (
        f'<TABLE BORDER="{look.border}" CELLBORDER="0" CELLPADDING="2" CELLSPACING="0"{style} '
        f'COLOR="{look.outline}" BGCOLOR="{look.fill}"><TR><TD>{words}</TD></TR></TABLE>'
    )


def line_sample(colour: str, width: float) -> str:
    """Return a piece of an arrow, as wide as Graphviz' whole points allow."""
    size = f'FIXEDSIZE="TRUE" WIDTH="{_SAMPLE}" HEIGHT="{max(1, round(width))}"'
    return f'{_TABLE} CELLSPACING="0" {size} BGCOLOR="{colour}"><TR><TD></TD></TR></TABLE>'


def width_samples(scale: Scale) -> Iterator[str]:
    """Return a piece of an arrow of each width, and what it means."""
    for width, words in zip(WIDTHS, scale.words(), strict=True):
        yield line_sample(INK, width)
        yield words

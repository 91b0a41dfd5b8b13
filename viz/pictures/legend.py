"""The legend: what the colours, arrows and outlines of a picture mean, and what it leaves out."""

from __future__ import annotations

from collections.abc import Collection

from viz.graphs.snapshot import Role, Snapshot
from viz.pictures.style import BACKWARD, FORWARD, MUTED, ROLES, Passes
from viz.words.escape import html_text
from viz.words.expression import short_title

__all__ = ["backward_words", "legend"]


def legend(graph: Snapshot, roles: Collection[Role], labelled: bool, passes: Passes) -> str:
    """Return an HTML-like label for the roles drawn; `labelled`: whether arrows have labels, or tooltips instead."""
    cells = []
    if passes != "backward":
        cells.append(f'<FONT COLOR="{FORWARD}">──▶</FONT> forward pass: values')
    if passes != "forward":
        cells.append(f'<FONT COLOR="{BACKWARD}">◀╌╌</FONT> {backward_words(graph)}')
    if passes != "forward" and any(_has_vjp(graph, i) for i in range(len(graph))):
        cells.append("VJP: vector-Jacobian product")
    cells += [_sample(role) for role in ROLES if role in roles]
    samples = "".join(f"<TD>{cell}</TD>" for cell in cells)
    rows = [
        f'<TR><TD><TABLE BORDER="0" CELLBORDER="0" CELLSPACING="6" CELLPADDING="0"><TR>{samples}</TR></TABLE></TD></TR>'
    ]
    if not labelled:
        rows.append(
            _row(f"{len(graph):,} values: what is written on the arrows of a smaller graph is in their tooltips")
        )
    rows += map(_row, graph.notes)
    return (
        f'<<FONT POINT-SIZE="10" COLOR="{MUTED}"><TABLE BORDER="0" CELLBORDER="0" CELLSPACING="2" CELLPADDING="1">'
        f"{''.join(rows)}</TABLE></FONT>>"
    )


def _row(words: str) -> str:
    return f"<TR><TD>{html_text(words)}</TD></TR>"


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


def _sample(role: Role) -> str:
    look = ROLES[role]
    style = f' STYLE="{look.style}"' if look.style else ""
    return (
        f'<TABLE BORDER="{look.border}" CELLBORDER="0" CELLPADDING="2" CELLSPACING="0"{style} '
        f'COLOR="{look.outline}" BGCOLOR="{look.fill}"><TR><TD>{role}</TD></TR></TABLE>'
    )

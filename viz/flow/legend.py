"""The legend of a flow of gradients: widths and their decades, signs, badges, and what is left out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from viz.graphs.hints import MEANINGS, Hint, Kind
from viz.graphs.snapshot import Snapshot
from viz.pictures.legend import backward_words
from viz.pictures.scale import WIDTHS, Scale, magnitude, sign_colour
from viz.pictures.style import BACKWARD, INK, MUTED, NEGATIVE, ODD, POSITIVE
from viz.words.escape import html_text
from viz.words.expression import short_title

__all__ = ["flow_legend"]

_WAYS = {
    "LR": ("◀━━", "from right to left"),
    "RL": ("━━▶", "from left to right"),
    "TB": ("▲", "upwards"),
    "BT": ("▼", "downwards"),
}
_SAMPLE = 24
_WORDS: dict[Kind, str] = {"dead": "dead ReLU", "nan": "nan, inf"}


def flow_legend(
    graph: Snapshot,
    rankdir: str,
    scale: Scale,
    amounts: Sequence[Any],
    remarks: Mapping[int, tuple[Hint, ...]],
    labelled: bool,
) -> str:
    """Return an HTML-like label; `labelled`: whether arrows have labels, or tooltips instead."""
    rows = [_heading(graph, rankdir)]
    if graph.has_gradients:
        rows += [_widths(scale), _colours(amounts)]
    kinds = {hint.kind for hints in remarks.values() for hint in hints}
    rows.append([_td(f"<B>{_WORDS.get(kind, kind)}</B>: {MEANINGS[kind]}") for kind in MEANINGS if kind in kinds])
    if not labelled:
        words = f"{len(graph):,} values: what is written on the arrows of a smaller graph is in their tooltips"
        rows.append([_td(words)])
    rows += [[_td(html_text(note))] for note in graph.notes]
    body = "".join(f"<TR><TD>{_table(''.join(cells), 5)}</TD></TR>" for cells in rows if cells)
    return (
        f'<<FONT POINT-SIZE="10" COLOR="{MUTED}"><TABLE BORDER="0" CELLBORDER="0" CELLSPACING="0" CELLPADDING="0">'
        f"{body}</TABLE></FONT>>"
    )


def _heading(graph: Snapshot, rankdir: str) -> list[str]:
    if not graph.has_gradients:
        return [_td(f'<FONT COLOR="{BACKWARD}">{backward_words(graph)}</FONT>')]
    arrow, way = _WAYS[rankdir]
    root = graph.nodes[graph.roots[0]]
    start = f"<B>{html_text(short_title(root))}</B>" if len(graph.roots) == 1 else "the roots"
    words = f"the gradient flows {way}, from {start} back to the inputs; written on an arrow: what flows through it"
    return [_td(f'<FONT COLOR="{BACKWARD}">{arrow}</FONT>  {words}')]


def _widths(scale: Scale) -> list[str]:
    cells = [_td("width: |gradient|")]
    for width, words in zip(WIDTHS, scale.words(), strict=True):
        cells += [_line(INK, width), _td(words)]
    return cells


def _colours(amounts: Sequence[Any]) -> list[str]:
    samples = [(POSITIVE, "+ positive"), (NEGATIVE, "- negative")]
    if any(sign_colour(x) == MUTED and magnitude(x) for x in amounts):
        samples.append((MUTED, "± both"))
    cells = [_td("colour: its sign")]
    cells += [cell for colour, words in samples for cell in (_line(colour, WIDTHS[2]), _td(words))]
    cells += [_dotted(), _td("0"), _line(ODD, WIDTHS[-1]), _td("nan or inf")]
    return cells


def _td(markup: str) -> str:
    return f'<TD ALIGN="LEFT">{markup}</TD>'


def _table(cells: str, spacing: int) -> str:
    return f'<TABLE BORDER="0" CELLBORDER="0" CELLSPACING="{spacing}" CELLPADDING="0"><TR>{cells}</TR></TABLE>'


def _line(colour: str, width: float) -> str:
    """Return a cell with a sample of an arrow, as wide as Graphviz' whole points allow."""
    size = f'FIXEDSIZE="TRUE" WIDTH="{_SAMPLE}" HEIGHT="{max(1, round(width))}"'
    return (
        f'<TD><TABLE BORDER="0" CELLBORDER="0" CELLSPACING="0" CELLPADDING="0" {size} BGCOLOR="{colour}">'
        "<TR><TD></TD></TR></TABLE></TD>"
    )


def _dotted() -> str:
    return f'<TD><FONT COLOR="{MUTED}">◀┈┈</FONT></TD>'

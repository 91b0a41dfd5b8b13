"""The legend of a flow of gradients: widths and their decades, signs, badges, and what is left out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from viz.graphs.hints import MEANINGS, Hint, Kind
from viz.graphs.snapshot import Snapshot
from viz.pictures.legend import backward_words, in_tooltips, legend_of, line_sample, width_samples
from viz.pictures.scale import WIDTHS, Scale, magnitude, sign_colour
from viz.pictures.style import BACKWARD, MUTED, NEGATIVE, ODD, POSITIVE
from viz.words.escape import html_text
from viz.words.expression import short_title

__all__ = ["flow_legend"]

_WAYS = {
    "LR": ("◀━━", "from right to left"),
    "RL": ("━━▶", "from left to right"),
    "TB": ("▲", "upwards"),
    "BT": ("▼", "downwards"),
}
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
        rows += [["width: |gradient|", *width_samples(scale)], _colours(amounts)]
    kinds = {hint.kind for hints in remarks.values() for hint in hints}
    rows.append([f"<B>{_WORDS.get(kind, kind)}</B>: {MEANINGS[kind]}" for kind in MEANINGS if kind in kinds])
    return legend_of(rows, [*in_tooltips(graph, labelled), *graph.notes])


def _heading(graph: Snapshot, rankdir: str) -> list[str]:
    if not graph.has_gradients:
        return [f'<FONT COLOR="{BACKWARD}">{backward_words(graph)}</FONT>']
    arrow, way = _WAYS[rankdir]
    root = graph.nodes[graph.roots[0]]
    start = f"<B>{html_text(short_title(root))}</B>" if len(graph.roots) == 1 else "the roots"
    words = f"the gradient flows {way}, from {start} back to the inputs; written on an arrow: what flows through it"
    return [f'<FONT COLOR="{BACKWARD}">{arrow}</FONT>  {words}']


def _colours(amounts: Sequence[Any]) -> list[str]:
    samples = [(POSITIVE, "+ positive"), (NEGATIVE, "- negative")]
    if any(sign_colour(x) == MUTED and magnitude(x) for x in amounts):
        samples.append((MUTED, "± both"))
    cells = ["colour: its sign"]
    cells += [cell for colour, words in samples for cell in (line_sample(colour, WIDTHS[2]), words)]
    return [*cells, f'<FONT COLOR="{MUTED}">◀┈┈</FONT>', "0", line_sample(ODD, WIDTHS[-1]), "nan or inf"]

"""The legend of a difference: arrows, widths, signs, what is pale, and what is in one graph only."""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np

from viz.diff.boxes import PALE, PALE_INK
from viz.diff.difference import Difference
from viz.pictures.scale import WIDTHS, Scale, sign_colour
from viz.pictures.style import INK, MUTED, NEGATIVE, ODD, POSITIVE
from viz.words.escape import html_text

__all__ = ["diff_legend"]

_TABLE = '<TABLE BORDER="0" CELLBORDER="0" CELLPADDING="0"'
_SAMPLE = 22
_FILLING = "<TD></TD>" * 15  # Graphviz widens all cells alike: these take the width that a short row has left


def diff_legend(change: Difference, scale: Scale) -> str:
    """Return an HTML-like label."""
    rows = [list(row) for row in (_arrows(change), _widths(change, scale), _colours(change))]
    rows += [[html_text(note)] for note in _words(change)]
    body = "".join(_row(row) for row in rows if row)
    return f'<<FONT POINT-SIZE="10" COLOR="{MUTED}">{_TABLE} CELLSPACING="0">{body}</TABLE></FONT>>'


def _row(parts: list[str]) -> str:
    row = f'{_TABLE} CELLSPACING="5"><TR>{_cells(parts)}</TR></TABLE>'
    return f'<TR><TD>{_TABLE} CELLSPACING="0"><TR><TD>{row}</TD>{_FILLING}</TR></TABLE></TD></TR>'


def _cells(parts: list[str]) -> str:
    """Return cells; a part that is one already stays as it is."""
    return "".join(part if part.startswith("<TD") else f'<TD ALIGN="LEFT">{part}</TD>' for part in parts)


def _arrows(change: Difference) -> Iterator[str]:
    yield "from <B>before</B> to <B>after</B>:"
    yield "━━▶ change of the value"
    if any(not gradient.is_none and gradient.delta is not None for gradient in change.gradients):
        yield "◀╍╍ change of the gradient that flows back"


def _widths(change: Difference, scale: Scale) -> Iterator[str]:
    if not any(change.sizes()):
        return
    yield "size of the change:"
    for width, words in zip(WIDTHS, scale.words(), strict=True):
        yield _line(INK, width)
        yield words


def _colours(change: Difference) -> Iterator[str]:
    deltas = [c.delta for c in change.values + change.gradients if c.delta is not None and not c.is_none]
    colours = {sign_colour(delta) for delta in deltas}
    samples = (
        (POSITIVE, "+ went up"),
        (NEGATIVE, "- went down"),
        (MUTED, "± both, in an array"),
        (ODD, "to or from nan or inf"),
    )
    for colour, words in samples:
        if colour in colours:
            yield _line(colour, WIDTHS[2])
            yield words
    if any(c.is_none and c.before is not None for c in change.values + change.gradients):
        yield _line(PALE, WIDTHS[0])
        yield f'<FONT COLOR="{PALE_INK}">did not change</FONT>'
    if any(np.size(delta) > 1 for delta in deltas):
        yield "|Δ|: change of an element; norm: root of the sum of their squares"


def _words(change: Difference) -> Iterator[str]:
    if change.is_none:
        yield "nothing changed: every value and gradient is as it was"
    if any(map(change.presence, range(len(change)))):
        yield "a dotted box with dotted arrows is only before, a thick box only after: no changes are known there"
    yield from change.notes


def _line(colour: str, width: float) -> str:
    """Return a cell with a sample of an arrow, as wide as Graphviz' whole points allow."""
    size = f'FIXEDSIZE="TRUE" WIDTH="{_SAMPLE}" HEIGHT="{math.ceil(width)}"'
    return f'<TD ALIGN="RIGHT">{_TABLE} CELLSPACING="0" {size} BGCOLOR="{colour}"><TR><TD></TD></TR></TABLE></TD>'

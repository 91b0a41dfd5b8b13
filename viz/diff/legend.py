"""The legend of a difference: arrows, widths, signs, what is pale, and what is in one graph only."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from viz.diff.boxes import PALE, PALE_INK
from viz.diff.difference import Difference
from viz.pictures.legend import legend_of, line_sample, width_samples
from viz.pictures.scale import WIDTHS, Scale, sign_colour
from viz.pictures.style import MUTED, NEGATIVE, ODD, POSITIVE

__all__ = ["diff_legend"]


def diff_legend(change: Difference, scale: Scale) -> str:
    """Return an HTML-like label."""
    rows = [list(_arrows(change))]
    if any(change.sizes()):
        rows.append(["size of the change:", *width_samples(scale)])
    return legend_of([*rows, list(_colours(change))], _words(change))


def _arrows(change: Difference) -> Iterator[str]:
    yield "from <B>before</B> to <B>after</B>:"
    yield "━━▶ change of the value"
    if any(not gradient.is_none and gradient.delta is not None for gradient in change.gradients):
        yield "◀╍╍ change of the gradient that flows back"


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
            yield line_sample(colour, WIDTHS[2])
            yield words
    if any(c.is_none and c.before is not None for c in change.values + change.gradients):
        yield line_sample(PALE, WIDTHS[0])
        yield f'<FONT COLOR="{PALE_INK}">did not change</FONT>'
    if any(np.size(delta) > 1 for delta in deltas):
        yield "|Δ|: change of an element; norm: root of the sum of their squares"


def _words(change: Difference) -> Iterator[str]:
    if change.is_none:
        yield "nothing changed: every value and gradient is as it was"
    if any(map(change.presence, range(len(change)))):
        yield "a dotted box with dotted arrows is only before, a thick box only after: no changes are known there"
    yield from change.notes

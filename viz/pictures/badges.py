"""Hints as badges: small words on a dark ground, in the cells of Graphviz' tables."""

from __future__ import annotations

from collections.abc import Iterable

from viz.graphs.hints import Hint
from viz.pictures.style import INK, ODD
from viz.words.escape import html_text

__all__ = ["badge", "badge_row"]

_PALE = "#F5DFEC"


def badge(hint: Hint) -> str:
    """Return a badge: dark where a gradient gets lost; pink where there are no numbers, pale but where that begins.

    Examples
    --------
    >>> badge(Hint("dead", "dead ReLU", ""))
    '<TABLE ... BGCOLOR="#1F2933"><TR><TD><FONT COLOR="white" ...>dead ReLU</FONT></TD></TR></TABLE>'
    """
    ground, ink = (INK, "white") if hint.kind != "nan" else (ODD if hint.is_origin else _PALE, INK)
    return (
        f'<TABLE BORDER="0" CELLBORDER="0" CELLSPACING="0" CELLPADDING="2" STYLE="ROUNDED" BGCOLOR="{ground}">'
        f'<TR><TD><FONT COLOR="{ink}" POINT-SIZE="9">{html_text(hint.word)}</FONT></TD></TR></TABLE>'
    )


def badge_row(remarks: Iterable[Hint]) -> str:
    """Return a cell with the badges side by side; '' if there are none."""
    cells = "".join(f"<TD>{badge(hint)}</TD>" for hint in remarks)
    if not cells:
        return ""
    return f'<TD><TABLE BORDER="0" CELLBORDER="0" CELLSPACING="2" CELLPADDING="0"><TR>{cells}</TR></TABLE></TD>'

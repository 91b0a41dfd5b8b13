"""The legend of the picture of a network: a row of samples, and lines of words under it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from viz.pictures.style import MUTED
from viz.words.escape import html_text

__all__ = ["legend_of", "sample"]

_MARGINS = 6  # empty columns on each side: Graphviz shares what room there is among the columns


def legend_of(samples: Iterable[Sequence[str]], words: Sequence[str]) -> str:
    """Return an HTML-like label: rows of samples, each as wide as it needs to be, and lines of words.

    Examples
    --------
    >>> legend_of([["<B>a</B>"]], ["x < y"]).count("<TR>")
    3
    """
    margin = '<TD CELLPADDING="0"></TD>' * _MARGINS
    rows = [f"<TR>{margin}<TD>{_row(cells)}</TD>{margin}</TR>" for cells in samples if cells]
    rows += (f'<TR><TD COLSPAN="{2 * _MARGINS + 1}">{html_text(line)}</TD></TR>' for line in words)
    return (
        f'<<FONT POINT-SIZE="10" COLOR="{MUTED}"><TABLE BORDER="0" CELLBORDER="0" CELLSPACING="0" CELLPADDING="1">'
        f"{''.join(rows)}</TABLE></FONT>>"
    )


def _row(cells: Sequence[str]) -> str:
    body = "".join(f"<TD>{cell}</TD>" for cell in cells)
    return f'<TABLE BORDER="0" CELLBORDER="0" CELLSPACING="6" CELLPADDING="0"><TR>{body}</TR></TABLE>'


def sample(words: str, fill: str, outline: str, rounded: bool = False) -> str:
    """Return a small box as the picture has them, with words in it."""
    style = ' STYLE="ROUNDED"' if rounded else ""
    return (
        f'<TABLE BORDER="1" CELLBORDER="0" CELLPADDING="2" CELLSPACING="0"{style} COLOR="{outline}" '
        f'BGCOLOR="{fill}"><TR><TD>{words}</TD></TR></TABLE>'
    )

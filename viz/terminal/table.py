"""What a terminal can show: its colours, characters and width, and tables of text that fit it."""

from __future__ import annotations

import codecs
import math
import os
import shutil
import sys
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from viz.pictures.scale import Scale

__all__ = [
    "BAR_CELLS",
    "BLUE",
    "BOLD",
    "GAP",
    "GREY",
    "RED",
    "Cell",
    "Screen",
    "Text",
    "bar",
    "cells",
    "paint",
    "screen_of",
    "shorten_cells",
    "table",
    "takes_color",
]

# From the 256 colours: of the blues and reds of the pictures these can be read on a black and on a white ground.
BLUE, RED, GREY, BOLD = "38;5;32", "38;5;167", "38;5;244", "1"

BAR_CELLS = 5
"""How long a bar grows to each side: a cell for each decade of the scale."""

GAP = "   "
"""Between columns."""

_BOXES = "├└─│━╸╺"
_PLAIN = {
    "├": "|", "└": "`", "─": "-", "│": "|", "━": "=", "…": "...", "→": "->", "−": "-", "±": "+-", "Δ": "change",
    "·": "*", "×": "x", "²": "^2", "ᵀ": "^T", "⊗": "(x)", "∂": "d", "′": "'", "‖": "|",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Screen:
    r"""What text is written for.

    Attributes
    ----------
    width : int or None
        How many characters fit on a line; None if there is no limit.
    encoding : str
        What cannot be encoded is written in other characters.
    boxes : bool
        Whether there are characters for the lines of a tree, and for bars.

    Examples
    --------
    >>> Screen(encoding="ascii", boxes=False).text("w·x … é")
    'w*x ... \\xe9'
    """

    width: int | None = None
    encoding: str = "utf-8"
    boxes: bool = True

    def text(self, text: str) -> str:
        """Write text in the characters that there are."""
        if self.encoding.startswith("utf"):
            return text
        return "".join(c if c.isascii() or self._has(c) else self._replaced(c) for c in text)

    def _has(self, c: str) -> bool:
        try:
            c.encode(self.encoding)
        except UnicodeEncodeError:
            return False
        return True

    def _replaced(self, c: str) -> str:
        return _PLAIN.get(c) or c.encode("ascii", "backslashreplace").decode()

    def drawn(self, text: str) -> str:
        """Write the lines of a tree or a table, in ASCII if there are no others."""
        return text if self.boxes else "".join(_PLAIN.get(c, c) for c in text)


def screen_of(stream: Any, *, ascii: bool | None = None) -> Screen:
    """Return what a stream such as ``sys.stdout`` can show; a limited width only if it is a terminal.

    Parameters
    ----------
    stream : text stream or None
        Where the text is to be written.
    ascii : bool, optional
        True for ASCII alone, False for all characters; if it is left out, the stream's encoding decides.

    Examples
    --------
    >>> import io
    >>> screen_of(io.StringIO())
    Screen(width=None, encoding='utf-8', boxes=True)
    """
    width = shutil.get_terminal_size().columns if _is_terminal(stream) else None
    if ascii is not None:
        return Screen(width, "ascii" if ascii else "utf-8", not ascii)
    try:
        encoding = codecs.lookup(getattr(stream, "encoding", None) or "utf-8").name
    except LookupError:  # nobody knows what this stream does; ASCII is understood everywhere
        encoding = "ascii"
    screen = Screen(width, encoding)
    return screen if screen.text(_BOXES) == _BOXES else Screen(width, encoding, boxes=False)


def takes_color(stream: Any = None) -> bool:
    """Whether to write colours to a stream, ``sys.stdout`` if it is left out.

    A terminal gets them, unless ``NO_COLOR`` is set to anything (https://no-color.org) or ``TERM`` is ``dumb``.
    ``FORCE_COLOR``, set to anything, gives them to pipes and files too; what is no file, as a string's stream, never
    gets them.

    Examples
    --------
    >>> import io
    >>> takes_color(io.StringIO())
    False
    """
    stream = sys.stdout if stream is None else stream
    if os.environ.get("NO_COLOR"):
        return False
    if os.environ.get("FORCE_COLOR"):
        return _is_file(stream)
    return os.environ.get("TERM") != "dumb" and _is_terminal(stream) and _obeys_codes()


def _is_terminal(stream: Any) -> bool:
    try:
        return bool(stream.isatty())
    except (AttributeError, ValueError):  # there is none, as in a program without a console, or it is closed
        return False


def _is_file(stream: Any) -> bool:
    try:
        return bool(stream.fileno() >= 0)
    except (AttributeError, OSError, ValueError):
        return False


def _obeys_codes() -> bool:
    """Whether a terminal obeys the codes of colours: on Windows the old console shows them as signs."""
    return os.name != "nt" or any(name in os.environ for name in ("WT_SESSION", "TERM", "ANSICON"))


# --- text ----------------------------------------------------------------------------------------------------------


class Text(str):
    r"""Text that a REPL shows as it is, in colours if its terminal has them; the text itself has none.

    Attributes
    ----------
    colored : str
        The same text with the codes of its colours.

    Examples
    --------
    >>> Text("-6", "\x1b[38;5;32m-6\x1b[0m")
    -6
    """

    __slots__ = ("colored",)
    colored: str

    def __new__(cls, text: str = "", colored: str | None = None) -> Text:
        """Make it of a text, and of the same text with codes."""
        made = super().__new__(cls, text)
        made.colored = str(made) if colored is None else colored
        return made

    def __repr__(self) -> str:
        return self.colored if takes_color() else str(self)


def paint(text: str, style: str) -> str:
    r"""Return text with the codes of a style; spaces around it stay bare.

    Examples
    --------
    >>> paint(" -6 ", BLUE)
    ' \x1b[38;5;32m-6\x1b[0m '
    """
    bare = text.strip(" ")
    return text.replace(bare, f"\x1b[{style}m{bare}\x1b[0m", 1) if bare and style else text


def cells(text: str) -> int:
    """How many cells of a terminal a text takes.

    Examples
    --------
    >>> cells("ab"), cells("日本")
    (2, 4)
    """
    return len(text) if text.isascii() else sum(map(_cells, text))


def _cells(c: str) -> int:
    if unicodedata.combining(c) or unicodedata.category(c) == "Cf":
        return 0
    return 2 if unicodedata.east_asian_width(c) in "WF" else 1


def shorten_cells(text: str, limit: int, end: str = "…") -> str:
    """Cut text that takes more than `limit` cells, and show that it was cut.

    Examples
    --------
    >>> shorten_cells("a very long name", 7), shorten_cells("日本語", 5)
    ('a very…', '日本…')
    """
    if cells(text) <= limit:
        return text
    left = limit - cells(end)
    kept = ""
    for c in text:
        left -= _cells(c)
        if left < 0:
            break
        kept += c
    return kept.rstrip() + end


class Cell(NamedTuple):
    """A part of a row, and its style: the numbers of an escape code, '' for none."""

    text: str
    style: str = ""


def table(rows: Sequence[Sequence[Cell]], after: Sequence[str] = (), *, color: bool | None = None) -> Text:
    """Lay out rows in columns, and append lines.

    Parameters
    ----------
    rows : sequence of sequence of Cell
        Of equal length.
    after : sequence of str
        Lines to stand below.
    color : bool, optional
        True for codes of colours in the text itself, False for none; else the text has none, and its repr where the
        terminal has them.

    Examples
    --------
    >>> table([[Cell("a"), Cell("2")], [Cell("total"), Cell("-3", RED)]])
    a       2
    total   -3
    """
    widths = [max(cells(cell.text) for cell in column) for column in zip(*rows, strict=True)]
    plain = "\n".join([*(_line(row, widths, painted=False) for row in rows), *after])
    if color is False:
        return Text(plain)
    colored = "\n".join([*(_line(row, widths, painted=True) for row in rows), *after])
    return Text(colored if color else plain, colored)


def _line(row: Sequence[Cell], widths: Sequence[int], painted: bool) -> str:
    last = max((i for i, cell in enumerate(row) if cell.text.strip()), default=-1)
    parts = []
    for cell, width in zip(row[: last + 1], widths, strict=False):
        text = paint(cell.text, cell.style) if painted else cell.text
        parts.append(text + " " * (width - cells(cell.text)))
    return GAP.join(parts).rstrip()


# --- bars ----------------------------------------------------------------------------------------------------------


def bar(low: float, high: float, scale: Scale, screen: Screen) -> str:
    """Draw the range from the least to the greatest number, 0 included: to the left of an axis what is below 0.

    Examples
    --------
    >>> from viz.pictures.scale import scale_of
    >>> scale = scale_of([5.0])
    >>> for x in (5.0, -0.05, 0.0, float("inf")):
    ...     print(bar(x, x, scale, Screen()))
         │━━━━╸
      ╺━━│
         │
         │inf
    """
    axis = screen.drawn("│")
    if not (math.isfinite(low) and math.isfinite(high)):
        return _word(low, high, axis)
    left, right = _steps(-min(low, 0.0), scale, screen), _steps(max(high, 0.0), scale, screen)
    return (
        screen.drawn("╺" * (left % 2) + "━" * (left // 2)).rjust(BAR_CELLS)
        + axis
        + screen.drawn("━" * (right // 2) + "╸" * (right % 2))
    )


def _word(low: float, high: float, axis: str) -> str:
    if math.isnan(low) or math.isnan(high):
        return f"{'':{BAR_CELLS}}{axis}nan"
    left, right = "-inf" if low == -math.inf else "", "inf" if high == math.inf else ""
    return f"{left:>{BAR_CELLS}}{axis}{right}"


def _steps(size: float, scale: Scale, screen: Screen) -> int:
    """Return a bar's length in half cells, in whole ones where there are no halves; what is not 0 is to be seen."""
    if not size:
        return 0
    part = scale.symlog(size) * BAR_CELLS
    return max(1, round(2 * part)) if screen.boxes else 2 * max(1, round(part))

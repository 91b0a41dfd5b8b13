"""The boxes of a difference: what was, what is, the change, and a bar for its size."""

from __future__ import annotations

import math

import numpy as np

from viz.diff.change import Change
from viz.diff.difference import Difference
from viz.pictures.scale import Scale, sign_colour
from viz.pictures.style import BACKWARD, FORWARD, INK, LINE, MUTED, NEGATIVE, ODD, POSITIVE, ROLES
from viz.words.escape import html_text, shorten
from viz.words.expression import EXPRESSION_WIDTH, expression
from viz.words.numbers import shape_text, short_number

__all__ = ["PALE", "PALE_INK", "bar_cell", "box", "tooltip"]

PALE, PALE_INK = "#CBD2D9", LINE
"""Lines and text of what did not change."""

_HALF = 25  # of a bar, in points: 5 for each decade
_HEIGHT = 7
_COLUMNS = 4
_TABLE = '<TABLE BORDER="0" CELLBORDER="0" CELLSPACING="0" CELLPADDING="0"'


def box(change: Difference, k: int, scale: Scale, rankdir: str) -> str:
    """Return the HTML-like label of a value."""
    across = rankdir in ("TB", "BT")
    ports = ["value"] if change.node(k).is_constant else ["value", "grad"]
    heads = [_title(change, k), *_remarks(change, k)]
    if across:
        rows = _rows_across(heads, [_stack(change, k, port, scale) for port in ports], ports, rankdir)
    else:
        heads = [f'<TD COLSPAN="{_COLUMNS}" ALIGN="CENTER">{head}</TD>' for head in heads]
        rows = heads + [_row(change, k, port, scale, rankdir) for port in ports]
    body = "".join(f"<TR>{row}</TR>" for row in rows)
    return f"<<TABLE {_frame(change, k)}>{body}</TABLE>>"


def _frame(change: Difference, k: int) -> str:
    look = ROLES[change.node(k).role]
    style, outline, fill, border = look.style, look.outline, look.fill, look.border
    if change.is_pale(k):
        outline, fill = PALE, "#FFFFFF"
    if change.presence(k) == "only before":
        style, outline, fill, border = "DOTTED", MUTED, "#FFFFFF", 1
    elif change.presence(k) == "only after":
        style, outline, border = "", INK, 2
    style = f' STYLE="{style}"' if style else ""
    return f'BORDER="{border}" CELLBORDER="0" CELLSPACING="0" CELLPADDING="3"{style} COLOR="{outline}" BGCOLOR="{fill}"'


# --- what it is ----------------------------------------------------------------------------------------------------


def _title(change: Difference, k: int) -> str:
    node = change.node(k)
    title = html_text(shorten(node.title, EXPRESSION_WIDTH))
    count = f"  <B>×{node.count:,}</B>" if node.count > 1 else ""
    colour = PALE_INK if change.is_pale(k) else MUTED
    if change.is_number(k):
        text = _small("constant", colour)
    elif node.op is None:
        text = f"<B>{title}</B>{_small(f'  {node.role}', colour)}"
    else:
        text = f"{f'<B>{title}</B>' if node.name else title} = {html_text(expression(change.graph(k), node))}"
    return _ink(text + count, PALE_INK if change.is_pale(k) else INK)


def _remarks(change: Difference, k: int) -> list[str]:
    """What the box says below its title: its shape, its former name, and that it is in one graph only."""
    node, former = change.node(k), change.former_name(k)
    words = [shape_text(node.shape, node.dtype)] if node.shape else []
    words += [f"before: {shorten(former, EXPRESSION_WIDTH)}"] if former else []
    colour = PALE_INK if change.is_pale(k) else MUTED
    remarks = [_small(html_text(", ".join(words)), colour)] if words else []
    presence = change.presence(k)
    if presence:
        ground, ink = (INK, "white") if presence == "only after" else ("#E4E7EB", INK)
        remarks.append(
            f'{_TABLE} BGCOLOR="{ground}"><TR><TD CELLPADDING="2">'
            f'<FONT COLOR="{ink}" POINT-SIZE="9">{presence}</FONT></TD></TR></TABLE>'
        )
    return remarks


def tooltip(change: Difference, k: int) -> str:
    """Return what a box tells on hovering."""
    lines = [f"{change.what(k)}{f', {change.presence(k)}' if change.presence(k) else ''}"]
    if not change.presence(k):
        lines.append(f"value {change.values[k].sentence()}")
        if not change.node(k).is_constant:
            lines.append(f"grad {change.gradients[k].sentence()}")
    return "\n".join(lines)


# --- how it changed ------------------------------------------------------------------------------------------------


def _parts(change: Difference, k: int, port: str) -> tuple[str, str, Change | None]:
    """Return the label of a row, what was and what is, and the change; None if there is none to show."""
    node = change.node(k)
    numbers = change.values[k] if port == "value" else change.gradients[k]
    colour = FORWARD if port == "value" else BACKWARD
    if change.presence(k):
        number = node.value if port == "value" else node.gradient
        text = _small("<I>not computed</I>") if number is None else html_text(short_number(number))
        return _small(port, colour), text, None
    if numbers.before is None and numbers.after is None:
        return _small(port, PALE_INK), _small("<I>not computed</I>"), None
    if numbers.is_none:
        return _small(port, PALE_INK), _ink(html_text(numbers.both()), PALE_INK), None
    return _small(port, colour), html_text(numbers.both()), numbers


def _small(markup: str, colour: str = MUTED) -> str:
    return f'<FONT COLOR="{colour}" POINT-SIZE="10">{markup}</FONT>'


def _row(change: Difference, k: int, port: str, scale: Scale, rankdir: str) -> str:
    """Return four cells: arrows enter at the first and leave from the last; at RL the other way round."""
    label, numbers, moved = _parts(change, k, port)
    entry, leave = f' PORT="{port}_entry"', f' PORT="{port}"'
    if rankdir == "RL":
        entry, leave = leave, entry
    if moved is None or moved.delta is None:
        return f'<TD{entry} ALIGN="LEFT">{label}</TD><TD{leave} COLSPAN="3" ALIGN="LEFT">{numbers}</TD>'
    return (
        f'<TD{entry} ALIGN="LEFT">{label}</TD><TD ALIGN="LEFT">{numbers}</TD>'
        f'<TD ALIGN="LEFT">{_words(moved)}</TD><TD{leave}>{bar_cell(moved, scale)}</TD>'
    )


def _stack(change: Difference, k: int, port: str, scale: Scale) -> str:
    """Return the same parts below each other, for arrows that run up and down."""
    label, numbers, moved = _parts(change, k, port)
    parts = [label, numbers]
    if moved is not None and moved.delta is not None:
        parts += [_words(moved), bar_cell(moved, scale)]
    else:  # as high as others, or the numbers beside each other would not stand on one line
        parts += [" ", f"{_TABLE}><TR>{_block('', 1)}</TR></TABLE>"]
    return f"{_TABLE}>{''.join(f'<TR><TD>{part}</TD></TR>' for part in parts)}</TABLE>"


def _rows_across(heads: list[str], stacks: list[str], ports: list[str], rankdir: str) -> list[str]:
    """Rows for arrows that run up and down: the passes run beside each other, not through each other."""
    entries = "".join(f'<TD PORT="{port}_entry" HEIGHT="1" CELLPADDING="0"></TD>' for port in ports)
    heads = [f'<TD COLSPAN="{len(ports)}">{head}</TD>' for head in heads]
    numbers = "".join(f'<TD PORT="{port}" VALIGN="TOP">{stack}</TD>' for port, stack in zip(ports, stacks, strict=True))
    return [entries, *heads, numbers] if rankdir == "TB" else [numbers, *heads, entries]


def _words(change: Change) -> str:
    colour = sign_colour(change.delta)
    lines = change.words().split(", ")
    markup = '<BR ALIGN="LEFT"/>'.join(map(html_text, lines)) + ('<BR ALIGN="LEFT"/>' if len(lines) > 1 else "")
    if len(lines) > 1:
        markup = f'<FONT POINT-SIZE="10">{markup}</FONT>'
    return f"<B>{_ink(markup, INK if colour in (ODD, MUTED) else colour)}</B>"


def bar_cell(change: Change, scale: Scale) -> str:
    """Return a bar from the least change to the greatest, 0 included; a pink one if they are no numbers."""
    low, high = float(np.min(change.delta)), float(np.max(change.delta))
    left, right = _points(-min(low, 0.0), scale), _points(max(high, 0.0), scale)
    down, up = (NEGATIVE, POSITIVE) if math.isfinite(change.size) else (ODD, ODD)
    cells = [("", _HALF - left), (down, left), (MUTED, 1), (up, right), ("", _HALF - right)]
    blocks = "".join(_block(colour, width) for colour, width in cells if width)
    return f'{_TABLE} FIXEDSIZE="TRUE" WIDTH="{2 * _HALF + 1}" HEIGHT="{_HEIGHT + 4}"><TR>{blocks}</TR></TABLE>'


def _points(size: float, scale: Scale) -> int:
    if not size:
        return 0
    return max(1, round(scale.symlog(size) * _HALF)) if math.isfinite(size) else _HALF


def _block(colour: str, width: int) -> str:
    ground = f' BGCOLOR="{colour}"' if colour else ""
    height = _HEIGHT + 4 if colour == MUTED else _HEIGHT
    return f'<TD FIXEDSIZE="TRUE" WIDTH="{width}" HEIGHT="{height}"{ground}></TD>'


def _ink(markup: str, colour: str) -> str:
    return markup if colour == INK else f'<FONT COLOR="{colour}">{markup}</FONT>'

"""A small network as columns of neurons, every edge a weight or its gradient."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from viz.layout.layout import lay_out
from viz.net.columns import Column
from viz.pictures.legend import legend_of
from viz.pictures.rendering import Picture
from viz.pictures.scale import LinearScale, Scale, linear_scale_of, scale_of, sign_colour
from viz.pictures.style import FONT, FORWARD, INK, LINE, MUTED, NEGATIVE, ODD, POSITIVE
from viz.words.escape import html_text, one_line, quoted_text, shorten
from viz.words.numbers import number_text

__all__ = ["MANY_NEURONS", "EdgeKind", "Placed", "neurons_outline", "write_neurons"]

MANY_NEURONS = 16
"""Layers of more neurons show the first and the last of them only."""

EdgeKind = Literal["weight", "gradient"]
Floats = NDArray[np.float64]

_FIRST, _LAST = 6, 5  # neurons shown of a large layer
_DIAMETER, _STEP = 30.0, 40.0  # in points
_LETTER = 5.6  # the width of one
_DIGITS = 7  # that a circle has room for
_PALE = "#F4F8FC"


class Placed(Picture):
    """A picture whose nodes have their places already."""

    def _draw(self, format: str | None, seconds: float) -> bytes:
        limit = seconds if self.timeout is None else self.timeout
        return lay_out(self.source, format or self.format, limit, positioned=True)


@dataclass(frozen=True, slots=True)
class _Neuron:
    """A circle: which neuron of which column, and where; index -1 is what stands for those that are left out."""

    column: int
    index: int
    x: float
    y: float

    @property
    def id(self) -> str:
        return f"c{self.column}n{self.index}" if self.index >= 0 else f"c{self.column}more"


def write_neurons(
    dot: Placed,
    columns: Sequence[Column],
    values: Sequence[Floats | None] | None,
    examples: int,
    edges: EdgeKind,
    rankdir: str,
) -> None:
    """Fill `dot` with neurons, edges and legend.

    Parameters
    ----------
    dot : Placed
        The picture.
    columns : sequence of Column
        The layers.
    values : list of float array or None
        For each column, the inputs first, what its neurons hold; None if the network did not run.
    examples : int
        How many examples the values are the means of.
    edges : str
        "weight" or "gradient".
    rankdir : str
        Which way the columns follow each other.

    Raises
    ------
    ValueError
        If gradients are asked for and there are none.
    """
    numbers = [_edge_numbers(column, edges) for column in columns]
    sizes = [columns[0].linear.n_in, *(column.linear.n_out for column in columns)]
    neurons = [list(_circles(k, size, _apart(sizes))) for k, size in enumerate(sizes)]
    place = _Place(rankdir)
    dot.graph_attr.update(bgcolor="white", fontname=FONT, pad="0.15", splines="line", outputorder="edgesfirst")
    dot.node_attr.update(
        shape="circle", fixedsize="shape", width=f"{_DIAMETER / 72:.3f}", fontname=FONT, fontsize="8", fontcolor=INK,
        style="filled", color=LINE, fillcolor="white",
    )  # fmt: skip
    dot.edge_attr.update(arrowhead="none")
    for circles in neurons:
        for neuron in circles:
            _write_neuron(dot, neuron, columns, values, sizes, place)
    sizes_of_lines = [abs(float(x)) for matrix in numbers for x in matrix.flat]
    scale = scale_of(sizes_of_lines) if edges == "gradient" else linear_scale_of(sizes_of_lines)
    many = sum(len(before) * len(after) for before, after in pairwise(neurons))
    for k, matrix in enumerate(numbers):
        _write_edges(dot, neurons[k], neurons[k + 1], matrix, columns[k], scale, many)
    _write_titles(dot, neurons, columns, sizes, place)
    odd = any(not np.isfinite(matrix).all() for matrix in numbers)
    _write_legend(dot, neurons, values, examples, edges, scale, many, place, odd)


def _edge_numbers(column: Column, edges: EdgeKind) -> Floats:
    if edges == "weight":
        return column.weight
    gradient = column.weight_gradient
    if gradient is None:
        raise ValueError('there are no gradients to draw: call backward() first, or draw edges="weight"')
    return gradient


def _apart(sizes: Sequence[int]) -> float:
    """How far the columns are apart: the higher they are, the further, or the edges would be too steep."""
    return 150.0 if min(max(sizes), MANY_NEURONS) < 10 else 220.0


def _circles(column: int, size: int, apart: float) -> Iterator[_Neuron]:
    """The neurons that are shown, around the middle line."""
    shown = list(range(size))
    if size > MANY_NEURONS:
        shown = [*range(_FIRST), -1, *range(size - _LAST, size)]
    for place, index in enumerate(shown):
        yield _Neuron(column, index, column * apart, (place - (len(shown) - 1) / 2) * _STEP)


@dataclass(frozen=True, slots=True)
class _Place:
    """Turns the columns into the direction that is asked for; y grows downwards until it is written."""

    rankdir: str

    @property
    def is_across(self) -> bool:
        """Whether the columns stand beside each other."""
        return self.rankdir in ("LR", "RL")

    def at(self, x: float, y: float) -> str:
        if self.rankdir in ("RL", "BT"):
            x = -x
        if not self.is_across:
            x, y = y, x
        return f"{x:.2f},{-y:.2f}"


def _write_neuron(
    dot: Placed,
    neuron: _Neuron,
    columns: Sequence[Column],
    values: Sequence[Floats | None] | None,
    sizes: Sequence[int],
    place: _Place,
) -> None:
    at = place.at(neuron.x, neuron.y)
    if neuron.index < 0:
        left_out = sizes[neuron.column] - _FIRST - _LAST
        dot.node(neuron.id, label=f"… {left_out:,} more", shape="plaintext", fontsize="10", fontcolor=MUTED, pos=at,
                 style="", width="0.9", height="0.3", tooltip=f"{left_out:,} more neurons")  # fmt: skip
        return
    column = columns[neuron.column - 1] if neuron.column else None
    held = values[neuron.column] if values is not None else None
    words = [f"{_column_name(neuron.column, len(sizes))}, {'neuron' if column else 'number'} {neuron.index}"]
    attributes = {"label": "", "pos": at}
    if held is not None:
        value = float(held[neuron.index])
        words.append(f"value {number_text(value)}")
        attributes |= _filled(value, held)
    bias = column.bias if column else None
    if bias is not None:
        words.append(f"bias {number_text(bias[neuron.index])}")
    if column and column.activation:
        words.append(column.activation)
    dot.node(neuron.id, tooltip=quoted_text(", ".join(words)), **attributes)


def _column_name(column: int, count: int) -> str:
    return "input" if column == 0 else "output" if column == count - 1 else f"hidden {column}"


def _filled(value: float, column: Floats) -> dict[str, str]:
    """The colour for a value, from pale for 0 to full for the largest of its column, and the number."""
    label = (
        f"{value:.2g}" if len(f"{value:.2g}") <= _DIGITS else f"{value:.0e}".replace("e-0", "e-").replace("e+0", "e+")
    )
    if not math.isfinite(value):
        return {"label": label, "fillcolor": ODD}
    finite = np.abs(column[np.isfinite(column)])
    share = abs(value) / float(finite.max()) if finite.size and finite.max() else 0.0
    return {"label": label, "fillcolor": _mixed(share), "fontcolor": "white" if share > 0.5 else INK}


def _mixed(share: float) -> str:
    pale, full = (tuple(int(color[i : i + 2], 16) for i in (1, 3, 5)) for color in (_PALE, FORWARD))
    return "#" + "".join(f"{round(a + (b - a) * share):02X}" for a, b in zip(pale, full, strict=True))


# --- edges ---------------------------------------------------------------------------------------------------------


def _thinner(many: int) -> float:
    """Many edges beside each other need thinner lines."""
    return 1.0 if many <= 24 else 0.6 if many <= 80 else 0.25


def _translucent(color: str, many: int) -> str:
    """Where many edges cross, each lets through what is under it."""
    return color if many <= 80 else f"{color}B0"


def _write_edges(
    dot: Placed,
    tails: Sequence[_Neuron],
    heads: Sequence[_Neuron],
    matrix: Floats,
    column: Column,
    scale: Scale | LinearScale,
    many: int,
) -> None:
    weight, gradient = column.weight, column.weight_gradient
    pairs = [(tail, head) for tail in tails for head in heads if tail.index >= 0 and head.index >= 0]
    pairs.sort(key=lambda pair: _rank(matrix[pair[0].index, pair[1].index]))  # the strongest on top
    for tail, head in pairs:
        number = float(matrix[tail.index, head.index])
        words = [f"weight[{tail.index}, {head.index}] = {number_text(weight[tail.index, head.index])}"]
        if gradient is not None:
            words.append(f"gradient {number_text(gradient[tail.index, head.index])}")
        width = scale.width(abs(number)) * (_thinner(many) if number else 1.0)
        attributes = {
            "color": _translucent(sign_colour(number), many),
            "penwidth": f"{width:.3g}",
            "tooltip": ", ".join(words),
        }
        if number == 0:
            attributes["style"] = "dotted"
        dot.edge(tail.id, head.id, **attributes)


def _rank(number: float) -> float:
    return abs(float(number)) if math.isfinite(number) else math.inf


# --- titles and legend ---------------------------------------------------------------------------------------------


def _write_titles(
    dot: Placed, neurons: Sequence[Sequence[_Neuron]], columns: Sequence[Column], sizes: Sequence[int], place: _Place
) -> None:
    top = min(neuron.y for circles in neurons for neuron in circles)
    names = ["", *(shorten(one_line(column.activation), 20) for column in columns)]
    for k, circles in enumerate(neurons):
        lines = [_column_name(k, len(sizes)), f"{sizes[k]:,}", names[k]]
        width = _LETTER * len("  ".join(filter(None, lines)))  # below each other, the words end where neurons begin
        y = top - (42 if place.is_across else _DIAMETER + width / 2)
        dot.node(
            f"title{k}", label=_title(lines, place.is_across), shape="plain", fixedsize="false", style="",
            pos=place.at(circles[0].x, y), tooltip=lines[0],
        )  # fmt: skip


def _title(lines: Sequence[str], across: bool) -> str:
    name, size, activation = map(html_text, lines)
    parts = [f"<B>{name}</B>", size, f'<FONT COLOR="{FORWARD}">{activation}</FONT>' if activation else " "]
    gap = "<BR/>" if across else "  "
    return f'<<FONT POINT-SIZE="11">{gap.join(parts)}</FONT>>'


def _write_legend(
    dot: Placed,
    neurons: Sequence[Sequence[_Neuron]],
    values: Sequence[Floats | None] | None,
    examples: int,
    edges: EdgeKind,
    scale: Scale | LinearScale,
    many: int,
    place: _Place,
    odd: bool,
) -> None:
    circles = [neuron for column in neurons for neuron in column]
    if place.is_across:
        middle = (circles[0].x + circles[-1].x) / 2 * (1 if place.rankdir == "LR" else -1)
        top = max(neuron.y for neuron in circles) + _DIAMETER
    else:
        middle, top = 0.0, _DIAMETER + (max(neuron.x for neuron in circles) if place.rankdir == "TB" else 0.0)
    _write_widths(dot, edges, scale, many, middle, top + 6)
    lines = [_signs(edges) + (f'   <FONT COLOR="{ODD}">━━</FONT> nan or inf' if odd else "")]
    if values is not None and any(column is not None for column in values):
        lines.append(_fills(examples))
    words = "bias, exact numbers and gradients: in the tooltips"
    lines.append(words)
    dot.node(
        "legend", label=legend_of([["<BR/>".join(lines)]]), shape="plain", fixedsize="false", style="",
        pos=f"{middle:.2f},{-(top + 25 + 8 * len(lines)):.2f}", tooltip=words,
    )  # fmt: skip


def _write_widths(dot: Placed, edges: EdgeKind, scale: Scale | LinearScale, many: int, middle: float, y: float) -> None:
    """Draw real edges as samples, for their widths are fractions of a point."""
    step = 88.0
    samples = scale.samples()
    left = middle - step * len(samples) / 2
    dot.node("sizes", **_words(f"|{edges}|", left - 8 - 2.6 * len(f"|{edges}|"), y))
    for i, (width, words) in enumerate(samples):
        x = left + i * step
        for end, at in (("a", x), ("b", x + 18)):
            dot.node(f"size{i}{end}", label="", shape="point", style="invis", width="0.01", pos=f"{at:.2f},{-y:.2f}")
        dot.edge(f"size{i}a", f"size{i}b", penwidth=f"{width * _thinner(many):.3g}", color=INK)
        dot.node(f"size{i}", **_words(words, x + 23 + 2.4 * len(words), y))


def _words(text: str, x: float, y: float) -> dict[str, str]:
    return {
        "label": text, "shape": "plain", "fixedsize": "false", "style": "", "fontsize": "10", "fontcolor": MUTED,
        "pos": f"{x:.2f},{-y:.2f}",
    }  # fmt: skip


def _signs(edges: EdgeKind) -> str:
    signs = f'<FONT COLOR="{POSITIVE}">━━</FONT> positive   <FONT COLOR="{NEGATIVE}">━━</FONT> negative'
    return f"line: {edges}   {signs}   ┄┄ 0"


def _fills(examples: int) -> str:
    of = "its value" if examples == 1 else f"its mean value over {examples:,} examples"
    half, full = (f'<FONT COLOR="{_mixed(share)}" POINT-SIZE="15">●</FONT>' for share in (0.5, 1.0))
    return f"circle: {of}   ○ 0   {half}   {full} the largest of its column in size"


def neurons_outline(columns: Sequence[Column]) -> str:
    """Show the columns as text.

    Examples
    --------
    >>> from autograd_lite import nn
    >>> print(neurons_outline([Column(nn.Linear(2, 3), activation="tanh"), Column(nn.Linear(3, 1))]))
    input 2 -> 3 tanh -> 1
    """
    sizes: list[Any] = [f"input {columns[0].linear.n_in}"]
    sizes += (f"{column.linear.n_out} {column.activation}".strip() for column in columns)
    return " -> ".join(sizes)

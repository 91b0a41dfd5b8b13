"""The text form of a recorded gradient flow: a row for each layer, with bars on a logarithmic scale."""

from __future__ import annotations

import math
import sys

import numpy as np
from numpy.typing import NDArray

from viz.flow.findings import Array, Flow
from viz.pictures.scale import scale_of
from viz.terminal.table import Cell, Screen, bar, screen_of, shorten_cells, table
from viz.words.escape import one_line
from viz.words.numbers import number_text

__all__ = ["flow_table"]

_NAME_CELLS = 40


def flow_table(flow: Flow) -> str:
    """Show what was recorded as a table: for each layer the first, the last and the typical sizes."""
    if not flow.recorded:
        return f"GradientFlow of {flow.counted(len(flow.names))}, nothing recorded yet"
    screen = screen_of(sys.stdout)
    columns = [
        ["", flow.by, *map(_name, flow.names)],
        ["", "", *map(_name, flow.titles)],
        *_sizes(("gradient", "(rms)", ""), flow.gradient, flow.computed, flow.typical),
        _bars(flow.typical, screen),
        *_sizes(("update", "/ data", ""), flow.ratio, ~flow.from_zero, flow.typical_ratio),
        ["", "", *map(_words, flow.gradient_words, flow.ratio_words)],
    ]
    rows = [list(map(Cell, row)) for row in zip(*filter(any, columns), strict=True)]
    lines = [f"GradientFlow of {flow.kept}", flow.headline, flow.second_line, "", str(table(rows, color=False))]
    return screen.text("\n".join(lines))


def _name(name: str) -> str:
    return shorten_cells(one_line(name), _NAME_CELLS)


def _sizes(heads: tuple[str, str, str], x: Array, counts: NDArray[np.bool_], medians: Array) -> list[list[str]]:
    """Three columns: the first number of each row, the last, and the median; ``-`` where there is none."""
    first, last = ([f"{row[k]:.3g}" if use[k] else "-" for row, use in zip(x, counts, strict=True)] for k in (0, -1))
    median = ["-" if math.isnan(m) else f"{m:.3g}" for m in medians]
    return [[heads[0], "first", *first], [heads[1], "last", *last], [heads[2], "median", *median]]


def _bars(sizes: Array, screen: Screen) -> list[str]:
    """A column of bars, one cell for each decade, under what the longest can be; none for a single one."""
    if (sizes > 0).sum() < 2:
        return [""] * (len(sizes) + 2)
    scale = scale_of(sizes)
    bars = ["" if math.isnan(size) else bar(size, size, scale, screen).lstrip() for size in sizes]
    return [f"to {number_text(10.0 ** (scale.top + 1))},", "log", *bars]


def _words(gradient: str, ratio: str) -> str:
    return "; ".join(dict.fromkeys(filter(None, (gradient, ratio))))

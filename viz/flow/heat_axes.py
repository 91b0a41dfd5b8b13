"""One heat map: colours of numbers on a logarithmic scale, words beside the rows, a bar that explains the colours."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from viz.flow.findings import USUAL, Array, Flow, magnitude_text, power_text
from viz.pictures.style import INK, LINE, MUTED, ODD

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["NOT_FINITE", "NUMBER", "TEXT_ROW", "UNDEFINED", "ZERO", "Look", "Map", "bar", "fill", "label", "maps_of"]

Look = dict[str, Any]

AMOUNT, AROUND = "viridis", "BrBG_r"  # both can be told apart without seeing red or green

# What has no colour of the scale. To the colour-blind no colour is left that the scales do not have: patterns tell.
ZERO: Look = {"facecolor": "#C3CAD3", "hatch": "....", "edgecolor": MUTED}
NOT_FINITE: Look = {"facecolor": ODD, "hatch": "xxxx", "edgecolor": "#FFFFFF"}
UNDEFINED: Look = {"facecolor": "white", "hatch": "////", "edgecolor": "#B8C1CC"}

DECADES = 12
"""A colour scale spans no more: the rest is clipped, and its bar ends in an arrow."""

LINED = 24  # so many rows have lines between them
TEXT_ROW = 0.17  # inches: the least height of a row with words
NUMBER = 0.62  # inches: the width of the column of typical sizes
TICKS = 7


@dataclass(frozen=True)
class Map:
    """One heat map: its numbers, what is no number in it, and what is written beside it."""

    title: str
    meaning: str
    sizes: Array
    odd: NDArray[np.bool_]
    undefined: NDArray[np.bool_]
    typical: Array
    words: tuple[str, ...]
    colours: str
    low: float  # decades
    high: float

    @property
    def zero(self) -> NDArray[np.bool_]:
        """Where the size is exactly 0."""
        found: NDArray[np.bool_] = (self.sizes == 0) & ~self.undefined
        return found


def maps_of(flow: Flow) -> tuple[Map, Map]:
    """The two maps of a flow: of the gradient, and of the update-to-data ratio."""
    missing = ~flow.computed
    low, high = _decades(flow.gradient[~missing])
    gradient = Map(
        "Gradient",
        f"root mean square over the {flow.by}'s n numbers: rms(g) = √(Σ g² ÷ n)",
        *(flow.gradient, flow.odd_gradient & ~missing, missing, flow.typical, flow.gradient_words, AMOUNT, low, high),
    )
    reach = max(map(abs, np.subtract(_decades(flow.ratio), math.log10(USUAL)))) if flow.ratio.any() else 0
    reach = min(max(reach, 2.0), DECADES / 2)
    middle = math.log10(USUAL)
    ratio = Map(
        "Update ÷ data",
        "rms(w − w before) ÷ rms(w before): about 10⁻³ (0.001) is usual",
        *(flow.ratio, flow.odd_update, flow.from_zero, flow.typical_ratio, flow.ratio_words, AROUND),
        *(middle - reach, middle + reach),
    )
    return gradient, ratio


def _decades(sizes: Array) -> tuple[float, float]:
    """The whole decades between which the sizes lie; of a span that is too long those around the middle size."""
    logs = np.log10(sizes[(sizes > 0) & np.isfinite(sizes)])
    if not len(logs):
        return -1.0, 0.0
    low, high = math.floor(logs.min() + 1e-9), math.ceil(logs.max() - 1e-9)
    if high - low > DECADES:
        low = min(max(round(float(np.median(logs))) - DECADES // 2, low), high - DECADES)
        high = low + DECADES
    return float(low), float(max(high, low + 1))


# --- the cells -----------------------------------------------------------------------------------------------------


def fill(axes: Axes, one: Map, steps: NDArray[np.int_]) -> None:
    """Draw the cells, and patterns where there is no colour for them."""
    from matplotlib.ticker import FuncFormatter, MaxNLocator

    rows = len(one.sizes)
    edges = _edges(steps)
    axes.pcolormesh(edges, np.arange(rows + 1), _colours(one), rasterized=True, edgecolors="none")
    axes.set(xlim=(edges[0], edges[-1]), ylim=(rows, 0))
    for cells, look in ((one.zero, ZERO), (one.odd, NOT_FINITE), (one.undefined, UNDEFINED)):
        _pattern(axes, [(edges[start], edges[end], i) for i, start, end in _runs(cells)], look)
    for y in range(1, rows if rows <= LINED else 1):
        axes.axhline(y, color="white", linewidth=1.0)
    axes.xaxis.set_major_locator(MaxNLocator(8, integer=True, min_n_ticks=1, steps=[1, 2, 5, 10]))
    axes.xaxis.set_major_formatter(FuncFormatter(lambda x, _: f"{x:,.0f}"))


def _edges(steps: NDArray[np.int_]) -> Array:
    """Where cells begin and end: half way between the steps."""
    return np.concatenate([[steps[0] - 0.5], (steps[1:] + steps[:-1]) / 2, [steps[-1] + 0.5]])


def _colours(one: Map) -> NDArray[np.float64]:
    """Red, green, blue and opacity of every cell; those that get a pattern have none."""
    from matplotlib import colormaps

    with np.errstate(all="ignore"):
        places = (np.log10(one.sizes) - one.low) / (one.high - one.low)
    colours = np.array(colormaps[one.colours](np.nan_to_num(places.clip(0, 1))))
    colours[one.zero | one.odd | one.undefined] = 0
    return colours


def _pattern(axes: Axes, runs: list[tuple[float, float, int]], look: Look) -> None:
    """Fill runs of cells, each from where to where in which row, in one stroke: there may be many."""
    from matplotlib.patches import PathPatch
    from matplotlib.path import Path

    if runs:
        corners = [[(x, i), (end, i), (end, i + 1), (x, i + 1), (x, i)] for x, end, i in runs]
        codes = [Path.MOVETO, Path.LINETO, Path.LINETO, Path.LINETO, Path.CLOSEPOLY]
        axes.add_patch(PathPatch(Path(np.concatenate(corners), codes * len(runs)), linewidth=0, **look))


# --- the words -----------------------------------------------------------------------------------------------------


def label(axes: Axes, one: Map, names: list[str], steps: NDArray[np.int_], height: float) -> None:
    """Write the rows' names at the left; at the right what is wrong with a row, or else its typical size."""
    edges, every = _edges(steps), math.ceil(len(names) * TEXT_ROW / height)
    named = rows_to_name(one.words, every)
    axes.set_yticks([i + 0.5 for i in named], [names[i] for i in named])
    for i in named:
        _beside(axes, i, one.words[i], one.typical[i])
    for i, start, end in _runs(one.odd):
        left, right = edges[start], edges[end]
        if every == 1 and right - left > 0.08 * (edges[-1] - edges[0]):
            word = "nan" if np.isnan(one.sizes[i, start:end]).any() else "inf"
            box = {"boxstyle": "round,pad=0.15", "facecolor": ODD, "edgecolor": "none"}
            axes.text((left + right) / 2, i + 0.5, word, ha="center", va="center_baseline", size=8, bbox=box)


def rows_to_name(words: tuple[str, ...], every: int) -> list[int]:
    """Where rows are too low for words, which to name, `every` rows apart: those first that something is said of.

    Examples
    --------
    >>> rows_to_name(("", "", "", "vanishing", "", ""), every=2)
    [0, 3, 5]
    """
    named: list[int] = []
    for i in sorted(range(len(words)), key=lambda i: (not words[i], i)):
        if all(abs(i - k) >= every for k in named):
            named.append(i)
    return sorted(named)


def _beside(axes: Axes, row: int, word: str, typical: float) -> None:
    place: Any = {"xy": (1, row + 0.5), "xycoords": ("axes fraction", "data"), "textcoords": "offset points"}
    look: Any = {"size": 8, "va": "center_baseline"}
    axes.annotate("" if math.isnan(typical) else magnitude_text(typical), xytext=(7, 0), color=MUTED, **place, **look)
    if word:
        ground, ink = (ODD, INK) if word.startswith(("nan", "inf")) else (INK, "white")
        box = {"boxstyle": "round,pad=0.25", "facecolor": ground, "edgecolor": "none"}
        axes.annotate(word, xytext=(7 + 72 * NUMBER, 0), color=ink, bbox=box, **place, **look)


def _runs(marked: NDArray[np.bool_]) -> Iterator[tuple[int, int, int]]:
    """Where cells that are marked lie side by side: the row, the first column and the one after the last."""
    for i, row in enumerate(marked):
        if row.any():
            turns = np.flatnonzero(np.diff(np.concatenate([[0], row.astype(int), [0]])))
            yield from ((i, int(a), int(b)) for a, b in zip(turns[::2], turns[1::2], strict=True))


# --- the colour bar ------------------------------------------------------------------------------------------------


def bar(axes: Axes, one: Map) -> None:
    """Explain the colours, decade by decade; where sizes lie beyond, the bar ends in an arrow."""
    from matplotlib.cm import ScalarMappable
    from matplotlib.colors import Normalize

    with np.errstate(all="ignore"):
        logs = np.log10(one.sizes[(one.sizes > 0) & np.isfinite(one.sizes)])
    ends = {(True, True): "both", (True, False): "min", (False, True): "max", (False, False): "neither"}
    beyond = bool((logs < one.low - 1e-9).any()), bool((logs > one.high + 1e-9).any())
    colours = ScalarMappable(Normalize(one.low, one.high), one.colours)
    every = math.ceil((one.high - one.low + 1) / TICKS)
    middle = round(math.log10(USUAL)) if one.colours == AROUND else math.ceil(one.high)
    ticks = [t for t in range(math.ceil(one.low), math.floor(one.high) + 1) if (t - middle) % every == 0]
    made = axes.figure.colorbar(colours, cax=axes, extend=ends[beyond], extendfrac=0.06, ticks=ticks)
    made.set_ticklabels([power_text(t) for t in ticks])
    made.outline.set_linewidth(0.5)
    axes.tick_params(size=3, color=LINE, labelcolor=MUTED, labelsize=8)
    if one.colours == AROUND:
        usual = axes.get_yticklabels()[ticks.index(middle)]
        usual.set(weight="bold", color=INK)

"""What all demos use: a progress bar, the look of the figures, and saving."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from statistics import median
from time import perf_counter
from typing import Any

import matplotlib
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from tqdm import tqdm

BLUE, RED, INK, MUTED, GRID = "#0B5CAD", "#B2182B", "#1F2933", "#52606D", "#E4E7EB"
SERIES = (BLUE, RED, "#E69F00", "#009E73", "#542788", MUTED)  # one colour for each line, in this order
SIGNED = "PuOr"  # matplotlib's colour map from negative (orange) to positive (purple), symmetric about 0
AMOUNT = "Blues"  # ... and from 0 to much

STYLE: Any = {
    "axes.edgecolor": "#9AA5B1",
    "axes.grid": True,
    "axes.grid.axis": "y",
    "axes.labelcolor": MUTED,
    "axes.labelsize": 11,
    "axes.spines.right": False,
    "axes.spines.top": False,
    "axes.titlecolor": INK,
    "axes.titlelocation": "left",
    "axes.titlepad": 14,
    "axes.titlesize": 14,
    "axes.titleweight": "bold",
    "font.size": 11,
    "grid.color": GRID,
    "lines.linewidth": 2.2,
    "savefig.dpi": 160,
    "xtick.color": MUTED,
    "ytick.color": MUTED,
    "ytick.left": False,
}


def progress(count: int, what: str) -> Iterable[int]:
    """Count from 0 to `count`, with a bar where someone is watching."""
    bar: Iterable[int] = tqdm(range(count), what, unit=" steps", disable=None, leave=False)
    return bar


def median_seconds(runs: Mapping[str, Callable[[], Any]], repeats: int) -> dict[str, float]:
    """Time calls in turns, so that a busy moment of the machine falls on all of them; return the median of each.

    A call before the clock starts clears away what the one before has left in the caches.
    """
    seconds: dict[str, list[float]] = {name: [] for name in runs}
    for _ in progress(repeats, "timing"):
        for name, run in runs.items():
            run()
            start = perf_counter()
            run()
            seconds[name].append(perf_counter() - start)
    return {name: median(times) for name, times in seconds.items()}


@contextmanager
def panels(
    path: Path, title: str, *labels: tuple[str, str, str], columns: int = 0, width: float = 5.2, height: float = 4.5
) -> Iterator[list[Axes]]:
    """Draw on several axes in the demos' style, each with its (title, x, y); the figure is saved at the end.

    One panel takes `width` times `height` inches; a picture grows no wider than 13.
    """
    across = columns or len(labels)
    down = -(-len(labels) // across)
    with matplotlib.rc_context(STYLE):
        fig = Figure(figsize=(8 if across == 1 else min(width * across, 13), height * down), layout="constrained")
        fig.suptitle(title, x=0.01, ha="left", color=INK, weight="bold", size=15)
        cells = enumerate(labels, start=1)
        yield [fig.add_subplot(down, across, i, title=t, xlabel=x, ylabel=y) for i, (t, x, y) in cells]
        save(fig, path)


@contextmanager
def figure(path: Path, title: str, x: str, y: str) -> Iterator[Axes]:
    """Draw on axes in the demos' style; the figure is saved at the end."""
    with matplotlib.rc_context(STYLE):
        fig = Figure(figsize=(8, 4.5), layout="constrained")
        yield fig.add_subplot(title=title, xlabel=x, ylabel=y)
        save(fig, path)


def save(fig: Figure, path: Path) -> None:
    """Write a figure; its folder is made."""
    path.parent.mkdir(parents=True, exist_ok=True)
    fig.savefig(path)


def name_line(axes: Axes, x: float, y: float, name: str, color: str, below: bool = False) -> None:
    """Write a line's name beside it, at the point (x, y): plainer than a legend."""
    axes.annotate(
        name,
        (x, y),
        xytext=(0, -8 if below else 8),
        textcoords="offset points",
        ha="right",
        va="top" if below else "bottom",
        color=color,
        weight="bold",
        bbox={"facecolor": "white", "edgecolor": "none", "pad": 1},
    )

"""All ratios of a run in one figure."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import matplotlib

matplotlib.use("Agg")

from matplotlib import pyplot as plt
from matplotlib.ticker import FuncFormatter, LogLocator, NullLocator

from benchmarks.compared import PEERS, Run, compared

HEIGHTS = {peer: 0.2 * (i % 3 - 1) for i, peer in enumerate(PEERS)}
"""How far above or below the row's line a mark stands: those that are close do not hide each other."""


def plot(run: Run, path: Path) -> None:
    """A row for each workload, a mark for each peer, on a logarithmic axis on which we are 1."""
    rows = list(compared(run))
    if not rows:
        raise ValueError("nothing to draw: no workload of this run has a peer")
    figure, axes = plt.subplots(figsize=(10, 1.9 + 0.36 * len(rows)), layout="constrained")
    for y, (_, found) in enumerate(rows):
        axes.axhline(y, color="#DDDDDD", linewidth=0.8, zorder=0)
        for peer, ratio in found.items():
            axes.plot(ratio.value, y + HEIGHTS[peer], **look(peer))
    axes.axvline(1, color="#333333", linewidth=1.5, zorder=1)
    axes.set_xscale("log")
    axes.xaxis.set_major_locator(LogLocator(numticks=99))
    axes.xaxis.set_minor_locator(NullLocator())
    axes.xaxis.set_major_formatter(FuncFormatter(lambda x, _: f"{x:,.10g}" if x != 1 else "1, ours"))
    axes.set_yticks(range(len(rows)), [report.workload for report, _ in rows])
    axes.set_ylim(len(rows) - 0.5, -0.5)
    axes.set_xlabel("the peer's figure divided by ours: to the left of the line it is ahead, to the right we are")
    for side in ("top", "right", "left"):
        axes.spines[side].set_visible(False)
    axes.tick_params(axis="y", length=0)
    peers = [p for p in PEERS if any(p in found for _, found in rows)]
    handles = [plt.Line2D([], [], **look(p)) for p in peers]
    figure.legend(handles, peers, loc="outside upper center", ncols=min(6, len(peers)), frameon=False)
    with plt.rc_context({"svg.fonttype": "none"}):  # text as text: half the size
        figure.savefig(path, dpi=150, metadata={"Date": None} if path.suffix == ".svg" else None)
    plt.close(figure)


def look(peer: str) -> dict[str, Any]:
    """How a peer is marked, as matplotlib's arguments."""
    _, colour, marker, hollow = PEERS[peer]
    return {
        "linestyle": "",
        "marker": marker,
        "color": colour,
        "markerfacecolor": "none" if hollow else colour,
        "markersize": 8,
    }

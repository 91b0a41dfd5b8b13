"""Our own layout: each value in a rank after those it is computed from. For graphs of any size, without Graphviz.

Ranks follow from the longest path; what needs nothing before it stands right before its first use. The order within
ranks and the places come from `viz.layout.layers`. A layout that would be far too long is broken into bands, as a text
is into lines, and a rank that would be far too tall into columns.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from viz.layout.layers import Floats, Ints, arrange_carefully, arrange_quickly, stack

if TYPE_CHECKING:
    from viz.graphs.snapshot import Snapshot

__all__ = [
    "BOX",
    "GAP",
    "RANK_GAP",
    "Ranked",
    "estimated_size",
    "rank_layout",
    "rank_positions",
    "ranked",
    "ranks",
]

BOX = (120.0, 54.0)
"""Width and height of a node, in points, if nothing better is known."""

RANK_GAP = 42.0
GAP = 18.0
"""The space between two ranks, and between two nodes of a rank, in points."""

_CAREFUL = 1500  # nodes and thin elements of long edges; more of them are arranged quickly
_LONG = 4000.0  # points; shorter layouts are left in one band
_VERY_LONG = 20_000.0
_FEW = 3.0  # edges that pass a rank: a chain, to which a break does no harm
_FAR_TOO_LONG = 6.0  # times its height
_TALL = 3000.0
_FAR_TOO_TALL = 3.0  # times its length
_PAGE = 1.6  # length to height of a layout of bands: that of a screen
_BAND_GAP = 48.0
_CHARACTER, _ROW, _PADDING = 6.5, 18.0, 14.0


def estimated_size(rows: Sequence[str]) -> tuple[float, float]:
    """Return about how much space a box with these rows of text takes, in points.

    Only Graphviz knows exactly; `viz.layout.layout.rank_dot` asks it.

    Examples
    --------
    >>> estimated_size(["c = a * b", "value  -6"])
    (72.5, 42.0)
    """
    longest = max((len(row) for row in rows), default=0)
    return longest * _CHARACTER + _PADDING, max(1, len(rows)) * _ROW + 6


def rank_layout(
    graph: Snapshot, rankdir: str = "LR", size: tuple[ArrayLike, ArrayLike] | None = None
) -> tuple[Floats, Floats]:
    """Place the nodes of a graph.

    Parameters
    ----------
    graph : Snapshot
        The graph.
    rankdir : str
        "LR" from left to right, "TB" from top to bottom, or "RL" or "BT".
    size : tuple, optional
        Widths and heights in points, of each node or one of all; `BOX` if it is left out.

    Returns
    -------
    x, y : ndarray
        The middle of each node in points; y grows downwards. See `ranked`, which tells where long edges pass, too.

    Examples
    --------
    >>> from autograd_lite import Value
    >>> from viz.graphs.snapshot import snapshot
    >>> x, y = rank_layout(snapshot(Value(2.0) * 3.0))
    >>> x.tolist(), y.tolist()
    ([60.0, 60.0, 222.0], [27.0, 99.0, 63.0])
    """
    widths, heights = BOX if size is None else size
    return rank_positions(graph.offsets, graph.sources, widths, heights, rankdir)


def rank_positions(
    offsets: Ints,
    sources: Ints,
    widths: ArrayLike = BOX[0],
    heights: ArrayLike = BOX[1],
    rankdir: str = "LR",
) -> tuple[Floats, Floats]:
    """Place nodes that are given as arrays: `ranked` without the edges.

    Examples
    --------
    >>> offsets, sources = np.array([0, 0, 0, 2]), np.array([0, 1])  # the third node has two sources
    >>> x, y = rank_positions(offsets, sources, 100, 40)
    >>> x.tolist(), y.tolist()
    ([50.0, 50.0, 192.0], [20.0, 78.0, 49.0])
    """
    return ranked(offsets, sources, widths, heights, rankdir)[:2]


class Ranked(NamedTuple):
    """A layout by rank.

    Attributes
    ----------
    x, y : ndarray
        The middle of each box in points. The whole begins at (0, 0), at the top left; y grows downwards.
    bends : dict
        For the number of a slot whose edge passes other ranks: the points on its way, from the source to the consumer.
        Two for each rank, where it enters and leaves it; between the two nothing is in its way. Large graphs have none.
    """

    x: Floats
    y: Floats
    bends: dict[int, Floats]


def ranked(
    offsets: Ints,
    sources: Ints,
    widths: ArrayLike = BOX[0],
    heights: ArrayLike = BOX[1],
    rankdir: str = "LR",
    *,
    rank_gap: float = RANK_GAP,
    gap: float = GAP,
) -> Ranked:
    """Place nodes, given as arrays, and lead the edges around them. The same arrays give the same layout.

    No two boxes overlap, and every edge leads to a later rank, in the direction `rankdir`. There are two exceptions. A
    source that does not stand before its consumer is the end of a cycle, and the edge is left out of account. And if
    the layout is far too long (a chain of 100,000 would be a line that no screen shows) it is broken into bands, like
    the lines of a text, each read in the direction `rankdir`; then an edge may lead from the end of a band to the
    start of the next. The ranks of a layout that is far too tall are broken into columns.

    Parameters
    ----------
    offsets, sources : ndarray of int
        The sources of node i are ``sources[offsets[i]:offsets[i + 1]]``, nodes in topological order.
    widths, heights : array_like
        The sizes of the boxes in points, one for each or one for all.
    rankdir : str
        "LR", "RL", "TB" or "BT".
    rank_gap, gap : float
        The space between two ranks, and between two nodes of a rank.

    Raises
    ------
    ValueError
        If the direction is unknown.

    Examples
    --------
    >>> offsets, sources = np.array([0, 0, 1, 3]), np.array([0, 0, 1])  # the third uses the first, and the second too
    >>> layout = ranked(offsets, sources, 100, 40)
    >>> layout.x.tolist()
    [50.0, 192.0, 334.0]
    >>> layout.bends[1][:, 0].tolist()  # the edge from the first to the third passes the second
    [142.0, 242.0]
    """
    if rankdir not in ("LR", "RL", "TB", "BT"):
        raise ValueError(f"unknown rankdir {rankdir!r}; the directions are LR, RL, TB and BT")
    n = len(offsets) - 1
    if not n:
        return Ranked(np.zeros(0), np.zeros(0), {})
    wide = np.broadcast_to(np.asarray(widths, dtype=float), (n,))
    high = np.broadcast_to(np.asarray(heights, dtype=float), (n,))
    turned = rankdir in ("TB", "BT")
    length, height = (high, wide) if turned else (wide, high)
    along, across, lanes = _places(np.asarray(offsets), np.asarray(sources), length, height, rank_gap, gap)
    if rankdir in ("RL", "BT"):
        end = (along[:n] + length / 2).max()
        along, lanes = end - along, {k: points * (-1, 1) + (end, 0) for k, points in lanes.items()}
    if turned:
        return Ranked(across, along, {k: points[:, ::-1] for k, points in lanes.items()})
    return Ranked(along, across, lanes)


class _Edges(NamedTuple):
    """The edges that lead forwards: ends, the number of the slot, and its place among the consumer's slots, 0 to 1."""

    source: Ints
    consumer: Ints
    slot: Ints
    turn: Floats


def _edges(offsets: Ints, sources: Ints) -> _Edges:
    counts = np.diff(offsets)
    consumer = np.repeat(np.arange(len(counts)), counts)
    slot = np.flatnonzero(sources < consumer)
    consumer = consumer[slot]
    return _Edges(sources[slot], consumer, slot, (slot - offsets[consumer] + 0.5) / counts[consumer])


# --- ranks ---------------------------------------------------------------------------------------------------------


def ranks(offsets: Ints, sources: Ints) -> Ints:
    """Return the rank of each node: 0 to the largest, and none without a node.

    Examples
    --------
    >>> ranks(np.array([0, 0, 0, 2, 2, 4]), np.array([0, 1, 2, 3])).tolist()  # (a * b) + c: c beside a * b
    [0, 0, 1, 1, 2]
    """
    return _ranks(len(offsets) - 1, _edges(offsets, sources))


def _ranks(n: int, edges: _Edges) -> Ints:
    """The longest path from a leaf, in plain Python: a chain has as many ranks as nodes, too many for NumPy's calls."""
    rank = [0] * n
    for s, c in zip(edges.source.tolist(), edges.consumer.tolist(), strict=True):
        if rank[s] >= rank[c]:
            rank[c] = rank[s] + 1
    _pull(rank, edges)
    return np.unique(rank, return_inverse=True)[1].reshape(n)


def _pull(rank: list[int], edges: _Edges) -> None:
    """Move nodes right before their first use, where that makes edges no longer.

    Leaves move, and what they alone make; so do nodes with no more edges from the rest than uses.
    """
    n = len(rank)
    again = (np.diff(edges.source, prepend=-1) == 0) & (np.diff(edges.consumer, prepend=-1) == 0)  # a * a uses a once
    outs = np.bincount(edges.source[~again], minlength=n).tolist()
    held = _held(n, edges, outs)
    latest = [n] * n
    last = -1
    for s, c in zip(edges.source[::-1].tolist(), edges.consumer[::-1].tolist(), strict=True):
        if c != last:  # its own uses are done
            last = c
            if 0 < outs[c] >= held[c]:
                rank[c] = latest[c]
        if rank[c] <= latest[s]:
            latest[s] = rank[c] - 1
    is_leaf = np.bincount(edges.consumer, minlength=n) == 0
    for i in np.flatnonzero(is_leaf).tolist():
        if outs[i]:
            rank[i] = latest[i]


def _held(n: int, edges: _Edges, outs: list[int]) -> list[int]:
    """How many sources of each node do not follow it, if it moves: those which are used elsewhere, or held themselves.

    A leaf follows.
    """
    held = [0] * n
    stays = [False] * n
    for s, c in zip(edges.source.tolist(), edges.consumer.tolist(), strict=True):
        if stays[s]:
            held[c] += 1
        stays[c] = outs[c] != 1 or held[c] > 1
    return held


# --- places --------------------------------------------------------------------------------------------------------


def _places(
    offsets: Ints, sources: Ints, length: Floats, height: Floats, rank_gap: float, gap: float
) -> tuple[Floats, Floats, dict[int, Floats]]:
    """Places along the ranks and across them, and the bends of edges."""
    edges = _edges(offsets, sources)
    n = len(length)
    rank = _ranks(n, edges)
    passed = np.zeros(n, dtype=np.int64)  # how many ranks the edges of a source pass
    np.maximum.at(passed, edges.source, rank[edges.consumer] - rank[edges.source] - 1)
    columns = _columns(rank, length + rank_gap, height + gap)
    lanes: dict[int, list[int]] = {}
    if columns is None and n + int(passed.sum()) <= _CAREFUL:
        rank, lanes, across = _carefully(rank, edges, height, gap)
        height = np.concatenate([height, np.zeros(len(rank) - n)])
    else:
        rank, across = _quickly(rank, edges, columns, height, gap)
    widest = np.zeros(rank.max() + 1)
    np.maximum.at(widest, rank[:n], length)
    starts = np.cumsum(widest + rank_gap) - widest - rank_gap
    few = int(passed.sum()) + n <= _FEW * len(starts)
    band = _bands(starts, widest, _mean_height(rank, across, height), _LONG if few else _VERY_LONG)
    starts = starts - starts[np.searchsorted(band, band)]  # each band begins at 0
    low, high = _extent(band[rank], across, height)
    room = high - low + _BAND_GAP
    across = across + (np.cumsum(room) - room - low)[band[rank]]
    bends = {k: _way(lane, starts[rank[lane]], widest[rank[lane]], across[lane]) for k, lane in lanes.items()}
    whole = {k: points for k, points in bends.items() if band[rank[lanes[k][0]]] == band[rank[lanes[k][-1]]]}
    return (starts + widest / 2)[rank[:n]], across[:n], whole


def _carefully(rank: Ints, edges: _Edges, height: Floats, gap: float) -> tuple[Ints, dict[int, list[int]], Floats]:
    """Arrange with a thin element wherever an edge passes a rank: ranks and places with those, and each edge's own."""
    level = rank.tolist()
    pairs: list[tuple[int, int]] = []
    lanes: dict[int, list[int]] = {}
    shared: dict[int, list[int]] = {}  # the edges of one source keep together until they branch off
    for s, c, slot in zip(edges.source.tolist(), edges.consumer.tolist(), edges.slot.tolist(), strict=True):
        lane = shared.setdefault(s, [s])
        passed = level[c] - level[s] - 1
        while len(lane) <= passed:
            pairs.append((lane[-1], len(level)))
            level.append(level[lane[-1]] + 1)
            lane.append(len(level) - 1)
        pairs.append((lane[passed], c))
        if passed:
            lanes[slot] = lane[1 : passed + 1]
    half = [h / 2 for h in height.tolist()] + [0.0] * (len(level) - len(rank))
    return np.array(level), lanes, np.array(arrange_carefully(level, pairs, half, gap))


def _way(lane: list[int], starts: Floats, widths: Floats, across: Floats) -> Floats:
    """The points where an edge enters and leaves the ranks it passes."""
    along = np.stack([starts, starts + widths], axis=1)
    return np.stack([along, np.broadcast_to(across[:, None], (len(lane), 2))], axis=2).reshape(-1, 2)


def _quickly(rank: Ints, edges: _Edges, columns: Ints | None, height: Floats, gap: float) -> tuple[Ints, Floats]:
    """Arrange; a rank of several columns becomes several ranks."""
    order, place = arrange_quickly(rank, edges.source, edges.consumer, _reading_key(len(rank), edges))
    if columns is not None:
        rank = (np.cumsum(columns) - columns)[rank] + place % columns[rank]
        order = np.lexsort((place, rank))
    return rank, stack(order, rank, edges.source, edges.consumer, height, gap)


def _reading_key(n: int, edges: _Edges) -> Floats:
    """What a rank is sorted by at first: the topological order, a leaf where its first consumer reads it."""
    is_leaf = np.bincount(edges.consumer, minlength=n) == 0
    first = np.full(n, np.inf)
    np.minimum.at(first, edges.source, edges.consumer + edges.turn - 1)
    return np.where(is_leaf & np.isfinite(first), first, np.arange(n))


def _columns(rank: Ints, length: Floats, height: Floats) -> Ints | None:
    """Into how many columns to break each rank; None if the layout is not far too tall."""
    tall = np.bincount(rank, height)
    wide = np.zeros(len(tall))
    np.maximum.at(wide, rank, length)
    if tall.max() <= max(_TALL, _FAR_TOO_TALL * wide.sum()):
        return None
    side = float(np.sqrt(np.dot(tall, wide)))
    return np.maximum(1, np.ceil(tall / side).astype(np.int64))


def _bands(starts: Floats, widest: Floats, height: float, longest: float) -> Ints:
    """The band of each rank: all the same, unless the layout is far too long."""
    total = float(starts[-1] + widest[-1])
    if total <= max(longest, _FAR_TOO_LONG * height):
        return np.zeros(len(starts), dtype=np.int64)
    line = max(float(np.sqrt(total * (height + _BAND_GAP) * _PAGE)), float(widest.max()))
    return np.unique(starts // line, return_inverse=True)[1].reshape(len(starts))


def _extent(group: Ints, across: Floats, height: Floats) -> tuple[Floats, Floats]:
    """The lowest and the highest place that each group of elements takes up."""
    low, high = np.full(group.max() + 1, np.inf), np.full(group.max() + 1, -np.inf)
    np.minimum.at(low, group, across - height / 2)
    np.maximum.at(high, group, across + height / 2)
    return low, high


def _mean_height(rank: Ints, across: Floats, height: Floats) -> float:
    low, high = _extent(rank, across, height)
    return float(np.mean(high - low))

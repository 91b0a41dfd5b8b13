"""Order within ranks and the places across them: with care for small graphs, at once for large ones.

Both ways take elements (nodes, and for long edges a thin element in each rank that the edge passes) with their ranks
and edges, and give each element its place across the ranks, so that no two elements of a rank overlap.
"""

from __future__ import annotations

from bisect import bisect_left, insort
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

__all__ = ["Floats", "Ints", "arrange_carefully", "arrange_quickly", "stack"]

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

_ROUNDS = 24  # of the careful ordering
_PATIENCE = 8  # rounds or sweeps that make nothing better
_SWEEPS = 24  # of the careful placing


# --- carefully: plain Python, rank after rank ----------------------------------------------------------------------


def arrange_carefully(
    rank: Sequence[int], edges: Sequence[tuple[int, int]], half: Sequence[float], gap: float
) -> list[float]:
    """Find places with few crossings and short, straight edges.

    Parameters
    ----------
    rank : sequence of int
        The rank of each element.
    edges : sequence of tuple of int
        Source and consumer, in adjacent ranks, a consumer's sources in the order in which it reads them.
    half : sequence of float
        Half the size of each element across the ranks; 0 for the thin elements of long edges.
    gap : float
        The space between two elements of a rank.

    Examples
    --------
    >>> arrange_carefully([0, 0, 1], [(0, 2), (1, 2)], [10, 10, 10], 5)
    [-12.5, 12.5, 0.0]
    """
    sides = _Sides(len(rank), edges)
    layers = _order(_planted(rank, sides), sides)
    return _placed(layers, sides, half, gap)


class _Sides:
    """The neighbours of each element in the rank before and in the rank after it."""

    def __init__(self, size: int, edges: Sequence[tuple[int, int]]) -> None:
        self.edges = list(dict.fromkeys(edges))
        self.before: list[list[int]] = [[] for _ in range(size)]
        self.after: list[list[int]] = [[] for _ in range(size)]
        self.shift: list[list[float]] = [[] for _ in range(size)]  # where it stands among its consumer's sources
        for source, consumer in self.edges:
            self.before[consumer].append(source)
        for consumer, sources in enumerate(self.before):
            for i, source in enumerate(sources):
                self.after[source].append(consumer)
                self.shift[source].append((i + 0.5) / len(sources) - 0.5)


def _planted(rank: Sequence[int], sides: _Sides) -> list[list[int]]:
    """Return the elements of each rank as a walk from the ends meets them: without crossings if the graph is a tree."""
    layers: list[list[int]] = [[] for _ in range(max(rank, default=-1) + 1)]
    seen = [False] * len(rank)
    ends = [i for i in range(len(rank)) if not sides.after[i]]
    todo = ends[::-1]
    while todo:
        i = todo.pop()
        if not seen[i]:
            seen[i] = True
            layers[rank[i]].append(i)
            todo.extend(reversed(sides.before[i]))
    return layers


def _order(layers: list[list[int]], sides: _Sides) -> list[list[int]]:
    """Reorder the ranks by the mean place of the neighbours, and by swaps, until no fewer edges cross."""
    place = _places(layers, len(sides.after))
    best, fewest, stale = [list(layer) for layer in layers], _crossings(layers, sides, place), 0
    for turn in range(_ROUNDS):
        if not fewest or stale == _PATIENCE:
            break
        backwards = turn % 2 == 0
        for layer in reversed(layers) if backwards else layers:
            _sort(layer, sides, place, backwards, turn)
        _swap(layers, sides, place)
        crossings = _crossings(layers, sides, place)
        stale += 1
        if crossings < fewest:
            best, fewest, stale = [list(layer) for layer in layers], crossings, 0
    return best


def _places(layers: list[list[int]], size: int) -> list[int]:
    place = [0] * size
    for layer in layers:
        for k, i in enumerate(layer):
            place[i] = k
    return place


def _sort(layer: list[int], sides: _Sides, place: list[int], backwards: bool, turn: int) -> None:
    """Sort a rank by its neighbours on one side; elements without any stay where they are.

    Sources keep the order in which their consumer reads them as long as that has not failed; ties turn around at times.
    """
    weight, flip = float(turn < _PATIENCE), turn % 4 >= 2
    keys: dict[int, float] = {}
    for i in layer:
        if backwards and sides.after[i]:
            shifted = zip(sides.after[i], sides.shift[i], strict=True)
            keys[i] = sum(place[j] + weight * shift for j, shift in shifted) / len(sides.after[i])
        elif not backwards and sides.before[i]:
            keys[i] = sum(place[j] for j in sides.before[i]) / len(sides.before[i])
    movable = iter(sorted(reversed(keys) if flip else keys, key=keys.__getitem__))
    layer[:] = [next(movable) if i in keys else i for i in layer]
    for k, i in enumerate(layer):
        place[i] = k


def _swap(layers: list[list[int]], sides: _Sides, place: list[int]) -> None:
    """Swap neighbours in a rank as long as fewer edges cross then."""
    better = True
    for _ in range(_ROUNDS):
        if not better:
            return
        better = False
        for layer in layers:
            for k in range(len(layer) - 1):
                u, v = layer[k], layer[k + 1]
                now = _pair(sides.before[u], sides.before[v], place) + _pair(sides.after[u], sides.after[v], place)
                then = _pair(sides.before[v], sides.before[u], place) + _pair(sides.after[v], sides.after[u], place)
                if then < now:
                    layer[k], layer[k + 1] = v, u
                    place[u], place[v] = k + 1, k
                    better = True


def _pair(first: list[int], second: list[int], place: list[int]) -> int:
    """How many edges of the first of two neighbours cross edges of the second."""
    return sum(place[i] > place[j] for i in first for j in second)


def _crossings(layers: list[list[int]], sides: _Sides, place: list[int]) -> int:
    total = 0
    for layer in layers:
        ends: list[int] = []
        for i in layer:
            mine = sorted(place[j] for j in sides.after[i])
            for k in mine:
                total += len(ends) - bisect_left(ends, k + 1)
            for k in mine:
                insort(ends, k)
    return total


def _placed(layers: list[list[int]], sides: _Sides, half: Sequence[float], gap: float) -> list[float]:
    """Move each element to the middle of its neighbours, from one side and then from the other; keep the best."""
    before, after = _alike(sides.before, half), _alike(sides.after, half)
    y = [0.0] * len(half)
    for layer in layers:
        _settle(layer, [(0.0, 1.0)] * len(layer), half, gap, y)
    best, least, stale = list(y), _strain(sides, before, half, y), 0
    for turn in range(_SWEEPS):
        if not least or stale == _PATIENCE:
            break
        near = after if turn % 2 == 0 else before
        for layer in reversed(layers) if near is after else layers:
            wishes = {i: _middle(near[i], y) for i in layer if near[i]}
            placed = [_wish(i, wishes, sides, near, half, y) for i in layer]
            _settle(layer, placed, half, gap, y)
        strain = _strain(sides, before, half, y)
        stale += 1
        if strain < least - 1e-6:
            best, least, stale = list(y), strain, 0
    return best


def _alike(neighbours: list[list[int]], half: Sequence[float]) -> list[list[int]]:
    """For a node those neighbours that are nodes, for a thin element those that are thin; if there are none, all."""
    alike = ([j for j in near if (half[i] > 0) == (half[j] > 0)] for i, near in enumerate(neighbours))
    return [some or near for some, near in zip(alike, neighbours, strict=True)]


def _wish(
    i: int, wishes: dict[int, float], sides: _Sides, near: list[list[int]], half: Sequence[float], y: list[float]
) -> tuple[float, float]:
    """Where an element wants to be, and how much. One with no neighbours on that side gives way: its turn will come.

    Until then it keeps beside what its consumers use with it.
    """
    if i in wishes:
        return wishes[i], len(near[i]) if half[i] else 4.0
    beside = [wishes[k] for j in sides.after[i] for k in sides.before[j] if k in wishes and half[k]]
    return sum(beside) / len(beside) if beside else y[i], 0.01


def _middle(near: list[int], y: list[float]) -> float:
    ys = sorted(y[j] for j in near)
    return (ys[(len(ys) - 1) // 2] + ys[len(ys) // 2]) / 2


def _strain(sides: _Sides, before: list[list[int]], half: Sequence[float], y: list[float]) -> float:
    """What is to be small: how far nodes are from the middle of their sources, and how far edges lead across the ranks.

    Long edges count more, to be straight.
    """
    total = 0.0
    for i, near in enumerate(before):
        if near:
            total += 2 * abs(y[i] - _middle(near, y))
    for i, j in sides.edges:
        total += abs(y[i] - y[j]) * (0.5, 1, 4)[(not half[i]) + (not half[j])]
    return total


def _settle(
    layer: list[int], wishes: list[tuple[float, float]], half: Sequence[float], gap: float, y: list[float]
) -> None:
    """Place a rank as near as possible to where its elements want to be, without overlap and in order.

    Elements that would overlap form a block around the weighted mean of their wishes.
    """
    blocks: list[tuple[float, float, int]] = []  # the mean, the weight, the number of elements
    room = _room(layer, half, gap)
    for (wish, weight), start in zip(wishes, room, strict=True):
        mean, count = wish - start, 1
        while blocks and blocks[-1][0] >= mean:
            m, w, c = blocks.pop()
            mean, weight, count = (m * w + mean * weight) / (w + weight), w + weight, c + count
        blocks.append((mean, weight, count))
    k = 0
    for mean, _, count in blocks:
        for _ in range(count):
            y[layer[k]] = mean + room[k]
            k += 1


def _room(layer: list[int], half: Sequence[float], gap: float) -> list[float]:
    """How far each element is from the first if there is no space to spare."""
    room, at = [], 0.0
    for k, i in enumerate(layer):
        if k:
            last = layer[k - 1]
            at += half[last] + half[i] + (gap if half[last] and half[i] else gap / 2)
        room.append(at)
    return room


# --- quickly: all ranks at once in NumPy ---------------------------------------------------------------------------


def arrange_quickly(rank: Ints, source: Ints, consumer: Ints, key: Floats, rounds: int = 6) -> tuple[Ints, Ints]:
    """Order all ranks at once by the mean place of the neighbours, a few times.

    Parameters
    ----------
    rank : ndarray
        The rank of each element.
    source, consumer : ndarray
        The ends of the edges, each from a lower to a higher rank.
    key : ndarray
        What the elements of a rank are sorted by at first.
    rounds : int
        How often.

    Returns
    -------
    order, place : ndarray
        The elements sorted by rank and place; the place of each in its rank.
    """
    count = np.bincount(rank)
    first = np.cumsum(count) - count
    size = count[rank].astype(float)
    order = np.lexsort((key, rank))
    place = np.empty(len(rank), dtype=np.int64)
    place[order] = np.arange(len(rank)) - first[rank[order]]
    outs = np.bincount(source, minlength=len(rank))
    ins = np.bincount(consumer, minlength=len(rank))
    degree = np.maximum(1, outs + ins)
    for _ in range(rounds):
        where = (place + 0.5) / size  # comparable between ranks of any size
        pull = np.bincount(source, where[consumer], len(rank)) + np.bincount(consumer, where[source], len(rank))
        order = np.lexsort((place, np.where(outs + ins > 0, pull / degree, where), rank))
        place[order] = np.arange(len(rank)) - first[rank[order]]
    return order, place


def stack(order: Ints, rank: Ints, source: Ints, consumer: Ints, height: Floats, gap: float, rounds: int = 8) -> Floats:
    """Place elements, given in order, near the mean of their neighbours, without overlap in any rank.

    Examples
    --------
    >>> order = np.array([0, 1, 2])
    >>> stack(order, np.array([0, 0, 1]), order[:2], np.array([2, 2]), np.full(3, 20.0), 5.0).tolist()
    [-12.5, 12.5, 0.0]
    """
    size = len(rank)
    in_rank = rank[order]
    new = np.r_[True, in_rank[1:] != in_rank[:-1]]
    room = np.cumsum(height[order] + gap) - height[order] / 2
    starts = np.flatnonzero(new)
    lengths = np.diff(np.r_[starts, size])
    room -= np.repeat(room[starts], lengths)  # the distance from the rank's first
    middle = np.repeat(room[starts + lengths - 1] / 2, lengths)
    y = np.empty(size)
    y[order] = room - middle
    apart = in_rank * (4 * (float(np.ptp(room)) + gap))  # so much that no rank touches the next
    degree = np.bincount(source, minlength=size) + np.bincount(consumer, minlength=size)
    for _ in range(rounds):
        pull = np.bincount(source, y[consumer], size) + np.bincount(consumer, y[source], size)
        wish = np.where(degree > 0, (y + pull) / (degree + 1), y)[order] - room + apart
        low = np.maximum.accumulate(wish)
        high = np.minimum.accumulate(wish[::-1])[::-1]
        y[order] = (low + high) / 2 - apart + room
    return y

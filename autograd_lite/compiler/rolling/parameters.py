"""The order of the scalar parameters in the flat vector theta: those that are read together lie together."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from autograd_lite.compiler.rolling.classes import Class
from autograd_lite.compiler.rolling.columns import THETA, Scalars, different
from autograd_lite.hashing import mixed

__all__ = ["Theta", "signatures"]

Ids = NDArray[np.int64]


class Theta:
    """Where each scalar parameter lies.

    Parameters that one operand reads get a block of their own, so that a layer's weights are a slice of theta. Within
    its block, the first operand that reads it puts the parameters in the order in which it reads them; where operands
    read overlapping parts, they lie so that each operand reads on and on, if they can.
    """

    def __init__(self, columns: Scalars, found: list[Class]) -> None:
        source, place = np.array(columns.source, np.int64), np.array(columns.place, np.int64)
        self.block = np.full(len(columns.parameters), -1)
        overlapping: set[int] = set()
        blocks = 0
        readings = [_once(place[ids]) for ids in _operands(found) if source[ids[0]] == THETA]
        for read in readings:
            known = np.unique(self.block[read])
            if len(known) == 1 and known[0] == -1:
                self.block[read] = blocks
                blocks += 1
            elif len(known) > 1 or (self.block == known[0]).sum() != len(read):
                first = int(known[known >= 0].min())
                self.block[read] = first
                overlapping.add(first)
                for other in known[known > first]:
                    self.block[self.block == other] = first
        self.block[self.block < 0] = blocks
        self.fixed = np.isin(self.block, list(overlapping))
        several = {read.tobytes(): read for read in readings if self.fixed[read[0]]}
        line = _merged(list(several.values()), len(self.block))
        self.place = np.argsort(np.lexsort((line, self.block)))

    def arrange(self, rows: Ids, importance: NDArray[np.uint64]) -> None:
        """Put those parameters, numbered as the walk met them, that nobody has put in order yet in that of the rows.

        Rows of equal importance stay together, and so do the parameters of a row.
        """
        _, first = np.unique(rows[:, 0], return_index=True)
        kinds, begin, kind = np.unique(importance[rows[first, 0]], return_index=True, return_inverse=True)
        by_kind = np.argsort(np.argsort(begin))[kind] if len(kinds) > 1 else np.zeros(len(first), np.int64)
        flat = rows[first[np.argsort(by_kind, kind="stable")]].ravel()
        flat = np.concatenate([flat, rows.ravel()])  # rows that share their first parameter with another
        flat = flat[flat >= 0]
        flat = flat[~self.fixed[flat]]
        different, at = np.unique(flat, return_index=True)
        self.place[flat[np.sort(at)]] = np.sort(self.place[different])
        self.fixed[different] = True


def _once(places: Ids) -> Ids:
    """The different places, in the order in which they come first."""
    return places[np.sort(np.unique(places, return_index=True)[1])]


def _merged(sequences: list[Ids], count: int) -> Ids:
    """Where each of 0, 1, ... stands in an order that keeps that of each sequence; as they are if there is none."""
    followers: list[list[int]] = [[] for _ in range(count)]
    waiting = [0] * count  # for how many others
    for sequence in sequences:
        for a, b in pairwise(sequence.tolist()):
            followers[a].append(b)
            waiting[b] += 1
    ready = [k for k in reversed(range(count)) if not waiting[k]]
    order = []
    while ready:
        order.append(ready.pop())
        for k in followers[order[-1]]:
            waiting[k] -= 1
            if not waiting[k]:
                ready.append(k)
    return np.argsort(order) if len(order) == count else np.arange(count)


def _operands(found: list[Class]) -> Iterator[Ids]:
    """The ids of each operand, but for sums of everything: a total (of squares, say) has no order of its own."""
    for c in found:
        yield from c.operands.T
        for group in sorted(c.groups, key=lambda group: -group.left.shape[1]):  # weights before biases
            if len(c.ids) > 1 or group.left.shape[1] == 1:
                yield group.left[group.left >= 0]
                if group.right is not None:
                    yield group.right[group.right >= 0]


def signatures(columns: Scalars, found: list[Class]) -> NDArray[np.uint64]:
    """For each id a number for what uses it, and for what, all the way to the result.

    The gates of an LSTM are computed alike, and used differently: so their weights can lie in blocks.
    """
    signature = np.zeros(len(columns.level), np.uint64)
    for number, c in enumerate(reversed(found)):
        slots = [column[:, None] for column in c.operands.T]
        slots += [side for group in c.groups for side in (group.left, group.right) if side is not None]
        for k, ids in enumerate(slots):
            use = np.broadcast_to(mixed(signature[c.ids] + mixed(number * 64 + k))[:, None], ids.shape)
            present = ids >= 0
            _add_to_sets(signature, ids[present], use[present])
    return signature


def _add_to_sets(signature: NDArray[np.uint64], ids: Ids, uses: NDArray[np.uint64]) -> None:
    """Add each different use of an id once."""
    if len(uses) and (uses == uses[0]).all():
        signature[different(ids, len(signature))] += uses[0]
        return
    names, kind = np.unique(uses, return_inverse=True)
    pairs = different(ids * len(names) + kind, len(signature) * len(names))
    np.add.at(signature, pairs // len(names), names[pairs % len(names)])

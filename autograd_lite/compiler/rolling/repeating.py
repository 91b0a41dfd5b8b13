"""One example, traced, becomes a batch: its columns are repeated, each time with another example's numbers."""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from autograd_lite.compiler.rolling.columns import NONE, SUM, Scalars

__all__ = ["Batch", "repeated"]

Ids = NDArray[np.int64]


@dataclass(frozen=True)
class Batch:
    """How a batch is made of one example.

    Attributes
    ----------
    size : int
        The number of examples.
    shapes, axes : tuple
        For each input of the trace the shape that holds all examples, and the axis along which they lie; the axis is
        None if all examples share the input.
    mean : bool
        The result is the mean of the examples' results, else their sum.
    """

    size: int
    shapes: tuple[tuple[int, ...], ...]
    axes: tuple[int | None, ...]
    mean: bool = True


def repeated(columns: Scalars, batch: Batch) -> Scalars:
    """The columns of the mean of the same graph over a batch.

    What does not depend on an example is there once.

    Examples
    --------
    >>> from autograd_lite import Value
    >>> from autograd_lite.compiler.rolling.scalars import normal_form
    >>> from autograd_lite.compiler.tracing.tracing import trace
    >>> w = Value(2.0)
    >>> one = normal_form(trace(lambda x: (w.exp() * x).tanh(), (5.0,), {}))
    >>> batch = repeated(one, Batch(100, ((100,),), (0,)))
    >>> len(one.ids), len(batch.ids)
    (3, 202)
    """
    return _Repetition(columns, batch).run()


class _Repetition:
    def __init__(self, columns: Scalars, batch: Batch) -> None:
        self.columns, self.batch = columns, batch
        self.varies = self._varying()
        shared = ~self.varies
        self.shared_count, self.varying_count = int(shared.sum()), int(self.varies.sum())
        self.rank = np.where(shared, np.cumsum(shared), np.cumsum(self.varies)) - 1

    def run(self) -> Scalars:
        """Repeat everything."""
        columns, m = self.columns, self.batch.size
        new = Scalars(sizes=list(columns.sizes), numbers=columns.numbers, parameters=columns.parameters)
        new.leaves, new.count = columns.leaves, columns.count * m
        new.level = self._tiled(np.array(columns.level))
        new.source = self._tiled(np.array(columns.source))
        new.place = self._places()
        new.sizes[2 : 2 + len(self.batch.shapes)] = self.batch.shapes
        self._nodes(new)
        total = self._total(new)
        new.root = total
        for asked in columns.guards:
            left, right = (self._ids(np.array(side), np.arange(m)) for side in asked)
            new.guards += zip(left, right, strict=True)
        return new

    def _varying(self) -> NDArray[np.bool_]:
        """Which ids depend on the example."""
        columns = self.columns
        own = {2 + k for k, axis in enumerate(self.batch.axes) if axis is not None}
        varies = np.isin(np.array(columns.source), list(own))
        starts = iter(zip(columns.starts, [*columns.starts[1:], len(columns.left)], strict=True))
        for i, row, operands in zip(columns.ids, columns.rows, columns.operands, strict=True):
            read = list(operands)
            if columns.has_terms(row):
                a, b = next(starts)
                read += [*columns.left[a:b], *(x for x in columns.right[a:b] if x != NONE)]
            varies[i] = any(varies[x] for x in read)
        return varies

    def _ids(self, ids: Any, examples: Any) -> Any:
        """The new ids of old ones, for one example or for several (along a first axis)."""
        moved = self.shared_count + np.multiply.outer(examples, np.ones_like(ids)) * self.varying_count + self.rank[ids]
        found = np.where(self.varies[ids], moved, self.rank[ids])
        return np.where(np.asarray(ids) == NONE, NONE, found)

    def _tiled(self, column: Any) -> list[Any]:
        """A column of the ids: the shared part, then the varying one for each example."""
        return np.concatenate([column[~self.varies], np.tile(column[self.varies], self.batch.size)]).tolist()  # type: ignore[no-any-return]

    def _places(self) -> list[int]:
        """Where each id lies in its source: an example's numbers are a part of the batch's array."""
        source, place = np.array(self.columns.source), np.array(self.columns.place)
        varying = np.tile(place[self.varies], (self.batch.size, 1))
        of = source[self.varies]
        for k, (shape, axis) in enumerate(zip(self.batch.shapes, self.batch.axes, strict=True)):
            if axis is not None:
                everywhere = np.moveaxis(np.arange(math.prod(shape)).reshape(shape), axis, 0)
                mine = of == 2 + k
                varying[:, mine] = everywhere.reshape(self.batch.size, -1)[:, place[self.varies][mine]]
        return np.concatenate([place[~self.varies], varying.ravel()]).tolist()  # type: ignore[no-any-return]

    def _nodes(self, new: Scalars) -> None:
        columns, m = self.columns, self.batch.size
        ids = np.array(columns.ids, np.int64)
        varying = self.varies[ids]
        is_sum = np.array([columns.has_terms(row) for row in columns.rows], bool)
        ends = np.array([*columns.starts[1:], len(columns.left)], np.int64)
        starts = np.array(columns.starts, np.int64)
        for nodes, examples in ((np.flatnonzero(~varying), np.zeros(1, int)), (np.flatnonzero(varying), np.arange(m))):
            times = len(examples)
            new.ids += self._ids(ids[nodes], examples).ravel().tolist()
            new.rows += [columns.rows[k] for k in nodes.tolist()] * times
            new.operands += self._operands([columns.operands[k] for k in nodes.tolist()], examples)
            sums = (np.cumsum(is_sum) - 1)[nodes[is_sum[nodes]]]
            counts = ends[sums] - starts[sums]
            terms = np.repeat(starts[sums] - (np.cumsum(counts) - counts), counts) + np.arange(counts.sum())
            first = len(new.left)
            new.starts += (first + np.cumsum(np.tile(counts, times)) - np.tile(counts, times)).tolist()
            new.constants += np.tile(np.array(columns.constants)[sums], times).tolist()
            new.coefficients += np.tile(np.array(columns.coefficients)[terms], times).tolist()
            new.left += self._ids(np.array(columns.left, np.int64)[terms], examples).ravel().tolist()
            new.right += self._ids(np.array(columns.right, np.int64)[terms], examples).ravel().tolist()

    def _operands(self, operands: list[tuple[int, ...]], examples: Any) -> list[tuple[int, ...]]:
        """The operands of some nodes for each example."""
        flat: list[int] = self._ids(np.array([i for t in operands for i in t], np.int64), examples).ravel().tolist()
        ids = iter(flat)
        return [tuple(itertools.islice(ids, len(t))) for _ in examples for t in operands]

    def _total(self, new: Scalars) -> int:
        """The node of the mean or the sum."""
        m = self.batch.size
        roots: Sequence[int] = self._ids(np.array(self.columns.root), np.arange(m)).tolist()
        new.starts.append(len(new.left))
        new.constants.append(0.0)
        new.coefficients += [1.0 / m if self.batch.mean else 1.0] * m
        new.left += roots
        new.right += [NONE] * m
        total = new.new_id(1 + max(new.level[i] for i in roots))
        new.ids.append(total)
        new.rows.append(SUM)
        new.operands.append(())
        return total

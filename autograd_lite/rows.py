"""The gradients of one node for many seeds: the rows of a Jacobian.

Each row is a backward pass, and all rows go through the graph together: a node's gradient is here an array with one
gradient for each seed, which an elementwise operation multiplies by its local derivative at once. The rules of the
other operations are for one gradient, and are called for each.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from autograd_lite import modes
from autograd_lite.backward import _like, cotangents
from autograd_lite.graph import local_derivatives, raw_inputs, walk
from autograd_lite.shaping import sum_to
from autograd_lite.value import Value

AT_ONCE = 100_000
"""How many numbers the gradients of one node for several seeds may have: beyond, NumPy's calls cost next to nothing."""


def rows_of(root: Value, wrt: list[Value], seeds: Any) -> list[Any]:
    """For each of `wrt` its `cotangents` for each of `seeds`, an array with one gradient of `root` after the other."""
    _, inner, _ = walk(root)
    count = max(1, AT_ONCE // max((node.size for node in inner), default=1))
    parts = [_rows(root, inner, wrt, seeds[i : i + count]) for i in range(0, len(seeds), count)]
    return [np.concatenate(rows) for rows in zip(*parts, strict=True)]


def _rows(root: Value, inner: list[Value], wrt: list[Value], seeds: Any) -> list[Any]:
    n = len(seeds)
    if n == 1 or modes.mode().lines is not None:
        return list(map(np.stack, zip(*(cotangents(root, wrt, seed) for seed in seeds), strict=True)))
    with np.errstate(all="ignore"):
        found = {root: seeds}
        for node in reversed(inner):
            if node in found:
                for x, received in _sent(node, found[node]):
                    found[x] = found[x] + received if x in found else received
    rows = [found[x] if x in found else np.zeros((n, *x.shape), x.dtype) for x in wrt]
    holds_nan = sum(np.isnan(r.reshape(n, -1)).any(axis=1) for r in rows)
    for i in np.flatnonzero(holds_nan):  # here the products have to be guarded
        for r, received in zip(rows, cotangents(root, wrt, seeds[i]), strict=True):
            r[i] = received
    return rows


def _sent(node: Any, gradients: Any) -> Iterator[tuple[Value, Any]]:
    """What a node with these `gradients` sends to its inputs, for each of them."""
    row, raws = node.op, node._da
    if type(raws) is not tuple:  # scalars
        for x, slope in zip(raw_inputs(node), local_derivatives(node), strict=True):
            if slope is not None:
                yield x, gradients * slope
    elif row.is_elementwise:
        for x, raw, slope in zip(node._b, raws, local_derivatives(node), strict=True):
            if slope is not None:
                yield x, _fitted(gradients * slope, raw)
    else:
        each = gradients if gradients.ndim > 1 else gradients.tolist()
        for x, raw, rule in zip(node._b, raws, row.vjps, strict=False):  # a variadic one has rules without end
            if type(x) is Value:
                yield x, np.array([_like(raw, rule(g, node._data, *raws, **node._db)) for g in each])


def _fitted(gradients: Any, raw: Any) -> Any:
    """Each of the gradients in the shape and dtype of `raw`: broadcasts are summed."""
    shape = np.shape(raw)
    padded = (len(gradients), *(1,) * (gradients.ndim - 1 - len(shape)), *shape)
    found = gradients if gradients.shape == padded else sum_to(gradients, padded)
    return found.reshape(len(gradients), *shape).astype(getattr(raw, "dtype", float), copy=False)

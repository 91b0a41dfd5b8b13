"""The axes along which operations reduce, and reductions of arrays of scalar Values, one row of elements at a time."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

Axis = int | tuple[int, ...] | None


def axes_of(ndim: int, axis: Axis) -> tuple[int, ...]:
    """The axes that `axis` means, none negative; no axis means all of them."""
    if axis is None:
        return tuple(range(ndim))
    return tuple(i % ndim for i in (axis if isinstance(axis, tuple) else (axis,))) if ndim else ()


def kept(reduced: Any, a: Any, axis: Axis, keepdims: bool = False) -> Any:
    """Give a reduced array its axes back, with length 1, so that it broadcasts against `a`."""
    if keepdims or not np.ndim(a):
        return reduced
    axes = axes_of(np.ndim(a), axis)
    return np.reshape(reduced, tuple(1 if i in axes else n for i, n in enumerate(np.shape(a))))


def count(a: Any, axis: Axis) -> int:
    """How many elements of `a` are reduced to one."""
    if axis is None:
        return np.size(a)
    return math.prod(np.shape(a)[i] for i in axes_of(np.ndim(a), axis))


def reducing(fold: Callable[..., Any]) -> Callable[..., Any]:
    """The spelled-out form of a reduction: ``fold(ag, elements)`` makes one scalar of the list of those to reduce."""

    def spelled(ag: Any, a: Any, axis: Axis = None, keepdims: bool = False, **parameters: Any) -> Any:
        axes = axes_of(a.ndim, axis)
        rest = tuple(i for i in range(a.ndim) if i not in axes)
        shape = tuple(a.shape[i] for i in rest)
        rows = np.reshape(np.transpose(a, rest + axes), (*shape, count(a, axis)))
        reduced = np.empty(shape, dtype=object)
        for place in np.ndindex(shape):
            reduced[place] = fold(ag, rows[place].tolist(), **parameters)
        return kept(reduced, a, axis) if keepdims else reduced

    return spelled


def along(fold: Callable[..., Any], default: int | None = -1) -> Callable[..., Any]:
    """The spelled-out form of an operation along an axis: ``fold(ag, elements)`` makes a list of as many scalars."""

    def spelled(ag: Any, a: Any, axis: int | None = default) -> Any:
        rows = np.ravel(a) if axis is None else np.moveaxis(a, axis, -1)
        y = np.empty(rows.shape, dtype=object)
        for place in np.ndindex(rows.shape[:-1]):
            y[place] = fold(ag, rows[place].tolist())
        return y if axis is None else np.moveaxis(y, -1, axis)

    return spelled

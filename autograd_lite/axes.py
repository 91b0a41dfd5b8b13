"""The axes along which operations reduce, and reductions of arrays of scalar Values, one row of elements at a time."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.lib.array_utils import normalize_axis_tuple

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
        return a.size if type(a) is np.ndarray else np.size(a)
    return math.prod(np.shape(a)[i] for i in axes_of(np.ndim(a), axis))


def _rows(a: Any, axis: Axis) -> tuple[Any, tuple[int, ...]]:
    """The elements along `axis` as the last axis of an array, and the order of a's axes that brings them there."""
    axes = normalize_axis_tuple(range(a.ndim) if axis is None else axis, a.ndim)
    rest = tuple(i for i in range(a.ndim) if i not in axes)
    shape = tuple(a.shape[i] for i in rest)
    return np.reshape(np.transpose(a, rest + axes), (*shape, count(a, axes))), rest + axes


def reducing(fold: Callable[..., Any]) -> Callable[..., Any]:
    """The spelled-out form of a reduction: ``fold(ag, elements)`` makes one scalar of the list of those to reduce."""

    def spelled(ag: Any, a: Any, axis: Axis = None, keepdims: bool = False, **parameters: Any) -> Any:
        rows, _ = _rows(a, axis)
        reduced = np.empty(rows.shape[:-1], dtype=object)
        for place in np.ndindex(reduced.shape):
            reduced[place] = fold(ag, rows[place].tolist(), **parameters)
        return kept(reduced, a, axis) if keepdims else reduced

    return spelled


def along(fold: Callable[..., Any]) -> Callable[..., Any]:
    """The spelled-out form of an operation along axes: ``fold(ag, elements)`` makes a list of as many scalars."""

    def spelled(ag: Any, a: Any, axis: Axis = -1) -> Any:
        rows, order = _rows(a, axis)
        y = np.empty(rows.shape, dtype=object)
        for place in np.ndindex(rows.shape[:-1]):
            y[place] = fold(ag, rows[place].tolist())
        return np.transpose(np.reshape(y, [a.shape[i] for i in order]), np.argsort(order))

    return spelled

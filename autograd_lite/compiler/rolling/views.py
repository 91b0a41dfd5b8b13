"""From an array of places to the plainest way of reading them: a view where there is one, else `take`.

`places` are positions in the flattened source, of any shape; -1 is a hole: a place that nobody reads, of which
anything may be made.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from autograd_lite import functions as ag

__all__ = ["read", "without_constant_axes"]

Places = NDArray[np.int64]
Index = Any


def without_constant_axes(places: Places, axes: int | None = None) -> Places:
    """Give every axis along which nothing changes (of the first `axes`) the length 1, as for broadcasting.

    >>> without_constant_axes(np.array([[0, 1], [0, 1], [-1, 1]])).tolist()
    [[0, 1]]
    """
    for axis in range(places.ndim if axes is None else axes):
        if places.shape[axis] > 1:
            greatest = places.max(axis=axis, keepdims=True)
            if ((places == greatest) | (places < 0)).all():
                places = greatest
    return places


def read(source: Any, places: Places) -> Any:
    """Read `places` of an array Value, in the shape of `places`.

    Examples
    --------
    >>> from autograd_lite import Value
    >>> v = Value([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]])
    >>> read(v, np.array([[1, 4], [2, 5]]))
    Value([[2., 5.],
           [3., 6.]], op=transpose)
    """
    shape = places.shape
    if not shape:
        return _element(source, int(places))
    for way in (_whole, _by_axes, _by_strides) if places.size else ():
        found = way(source, places)
        if found is not None:
            return found if found.shape == shape else found.reshape(shape)
    finer = _finer(places) if places.size else None
    if finer is not None:
        found = _by_strides(source, places.reshape(finer))
        if found is not None:
            return found.reshape(shape)
    flat = source if source.ndim == 1 else source.reshape(-1)
    return ag.take(flat, np.where(places < 0, 0, places))


def _element(source: Any, place: int) -> Any:
    return source[tuple(int(i) for i in np.unravel_index(place, source.shape))] if source.shape else source


def _whole(source: Any, places: Places) -> Any:
    """The source as it is."""
    if places.size != source.size:
        return None
    flat = places.ravel()
    return source if ((flat == np.arange(flat.size)) | (flat < 0)).all() else None


# --- axis by axis ----------------------------------------------------------------------------------------------------


def _by_axes(source: Any, places: Places) -> Any:
    """Each axis of the source is read along one axis of the places, or at one position: slices and transposes."""
    if not source.shape:
        return None
    present = places >= 0
    if not present.any():
        return None
    used: list[int] = []
    index: list[Index] = []
    for i, coordinates in enumerate(np.unravel_index(np.where(present, places, 0), source.shape)):
        axis, along = _axis_of(np.where(present, coordinates, -1), used)
        if along is None:
            return None
        if axis is None and places.ndim == source.ndim and places.shape[i] == 1:  # a column stays a column
            used.append(i)
            index.append(slice(int(along), int(along) + 1))
        elif axis is None:
            index.append(int(along))
        else:
            used.append(axis)
            index.append(_as_slice(along, source.shape[len(index)]))
    if sum(isinstance(i, np.ndarray) for i in index) > (places.size > 64):
        return None  # one gather along an axis at most, and for a few numbers `take` is plainer
    if math.prod(places.shape[t] for t in used) != places.size:
        return None
    return _indexed(source, index, used)


def _axis_of(coordinates: Places, taken: list[int]) -> tuple[int | None, Any]:
    """The one axis along which a coordinate changes, and how; no axis if it is constant, nothing if it is neither."""
    present = coordinates >= 0
    constant = coordinates.max()
    if ((coordinates == constant) | ~present).all():
        return None, constant
    for axis in range(coordinates.ndim):
        if axis in taken or coordinates.shape[axis] == 1:
            continue
        others = tuple(t for t in range(coordinates.ndim) if t != axis)
        along = coordinates.max(axis=others, keepdims=True)
        if ((coordinates == along) | ~present).all():
            return axis, _without_holes(along.ravel())
    return None, None


def _without_holes(along: Places) -> Places:
    """Positions for those that nobody reads, in line with the others if these are equally far apart."""
    known = np.flatnonzero(along >= 0)
    if len(known) == len(along):
        return along
    if len(known) > 1:
        step = (along[known[-1]] - along[known[0]]) // (known[-1] - known[0])
        line = along[known[0]] + step * (np.arange(len(along)) - known[0])
        if (line[known] == along[known]).all() and line.min() >= 0:
            return np.where(along < 0, line, along)
    return np.where(along < 0, along[known[0]], along)


def _as_slice(along: Places, size: int) -> Index:
    step = int(along[1] - along[0])
    first, last = int(along[0]), int(along[-1])
    if step == 0 or max(first, last) >= size or (along != np.arange(first, first + step * len(along), step)).any():
        return np.minimum(along, size - 1)
    stop = last + (1 if step > 0 else -1)
    return slice(
        first or None if step > 0 else first, None if stop in (-1, size) else stop, None if step == 1 else step
    )


def _indexed(source: Any, index: list[Index], used: list[int]) -> Any:
    """Apply the index of each axis, and put the axes that are left in the order of the places' axes."""
    plain = tuple(slice(None) if isinstance(i, np.ndarray) else i for i in index)
    found = source if all(i == slice(None) for i in plain) else source[plain]
    kept = [i for i in index if not isinstance(i, int)]
    for axis, i in enumerate(kept):
        if isinstance(i, np.ndarray):
            found = ag.take(found, i, axis=axis)
    order = tuple(int(k) for k in np.argsort(used))
    return found if order == tuple(range(len(order))) else found.transpose(order)


# --- by strides ------------------------------------------------------------------------------------------------------


def _by_strides(source: Any, places: Places) -> Any:
    """Equal steps along every axis, one nested in the other: reshape, slice, reshape, slice, ..., transpose."""
    if (places < 0).any():
        return None
    axes = [t for t in range(places.ndim) if places.shape[t] > 1]
    origin = int(places.flat[0])
    steps = [int(places[tuple(int(t == axis) for t in range(places.ndim))]) - origin for axis in axes]
    line = np.full(places.shape, origin)
    for axis, step in zip(axes, steps, strict=True):
        line += (np.arange(places.shape[axis]) * step).reshape([-1 if t == axis else 1 for t in range(places.ndim)])
    if min(steps, default=0) <= 0 or not np.array_equal(line, places):
        return None
    order = sorted(range(len(axes)), key=lambda k: -steps[k])
    nested = [(places.shape[axes[k]], steps[k]) for k in order]
    found = _nested(source, origin, nested)
    if found is None:
        return None
    back = tuple(int(k) for k in np.argsort(order))
    return found if back == tuple(range(len(back))) else found.transpose(back)


def _finer(places: Places) -> tuple[int, ...] | None:
    """The shape with axes split in two where the steps along them repeat: columns of heads, the rows of a window."""
    shape: list[int] = []
    for axis, length in enumerate(places.shape):
        line = places[tuple(slice(None) if t == axis else 0 for t in range(places.ndim))]
        breaks = np.flatnonzero(np.diff(line) != line[1] - line[0]) + 1 if length > 3 else np.array([], int)
        period = int(breaks[0]) if len(breaks) else length
        shape += [length // period, period] if period > 1 and length % period == 0 and period < length else [length]
    return tuple(shape) if len(shape) > places.ndim else None


def _nested(source: Any, origin: int, dims: list[tuple[int, int]]) -> Any:
    """Read ``origin + sum_i step_i * index_i`` of the flattened source; the steps fall."""
    length = source.size
    found = source
    lead: list[int] = []  # the axes before the last; `found` is reshaped to have them when it is cut
    for k, (count, step) in enumerate(dims[:-1]):
        span = sum((n - 1) * s for n, s in dims[k + 1 :])
        offset = origin % step if origin % step + span < step else 0
        start, origin = origin - offset, offset
        if start + count * step > length:
            return None
        if count * step != length:
            cut = slice(start, start + count * step)
            found = _reshaped(found, (*lead, length))
            found = found[(..., cut)] if lead else found[cut]
        lead.append(count)
        length = step
    count, step = dims[-1]
    if origin + (count - 1) * step >= length:
        return None
    found = _reshaped(found, (*lead, length))
    stop = origin + (count - 1) * step + 1
    last = slice(origin or None, None if stop + step > length else stop, None if step == 1 else step)
    if last == slice(None):
        return found
    return found[last] if not lead else found[(..., last)]


def _reshaped(a: Any, shape: tuple[int, ...]) -> Any:
    return a if a.shape == shape else a.reshape(shape)

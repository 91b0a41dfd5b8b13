"""Array operations that rearrange, pick or join elements: one row each. They move gradients, they never scale them."""

from __future__ import annotations

import functools
from typing import Any

import numpy as np

from autograd_lite.methods import Methods
from autograd_lite.numbers import copied, fixed
from autograd_lite.operation import Trial, array_operation
from autograd_lite.text import NUMPY_NAMES

Shape = tuple[int, ...]


@functools.lru_cache(maxsize=64)
def _ones(n: int, dtype: str) -> Any:
    return fixed(np.ones(n, dtype))


def sum_to(g: Any, shape: Shape) -> Any:
    """Undo a broadcast: sum `g` over the axes along which an array of `shape` was repeated."""
    if type(g) is np.ndarray and g.ndim == 2 and g.shape[1:] == shape and g.dtype.char in "df":
        return _ones(len(g), g.dtype.char).dot(g)  # in a third of the time of np.add.reduce, if g is small
    repeated = np.shape(g)
    if repeated[1:] == shape:  # a row that was added to every row
        return np.add.reduce(g)
    extra = len(repeated) - len(shape)
    axes = tuple(range(extra)) + tuple(i + extra for i, n in enumerate(shape) if n == 1 and repeated[i + extra] != 1)
    return np.reshape(np.add.reduce(g, axis=axes) if axes else g, shape)


def _reshape_back(g: Any, y: Any, a: Any, *_: Any, **__: Any) -> Any:
    return np.reshape(g, np.shape(a))


@array_operation(
    vjp={"a": _reshape_back}, numpy=np.reshape, spelled="forward", trials=[Trial(((2, 3),), {"shape": (3, -1)})]
)
def reshape(a: Any, shape: Shape | int) -> Any:
    """The same elements in another `shape`, in row-major order."""
    return np.reshape(a, shape)


@array_operation(vjp={"a": _reshape_back}, numpy=np.ravel, spelled="forward", trials=[Trial(((2, 3),)), Trial(((),))])
def ravel(a: Any) -> Any:
    """All elements in one row, in row-major order."""
    return np.ravel(a)


@array_operation(
    vjp={"a": _reshape_back},
    numpy=np.squeeze,
    spelled="forward",
    trials=[Trial(((1, 3, 1),)), Trial(((1, 3, 1),), {"axis": 0})],
)
def squeeze(a: Any, axis: int | Shape | None = None) -> Any:
    """Without the axes of length 1."""
    return np.squeeze(a, axis=axis)


@array_operation(
    vjp={"a": _reshape_back},
    numpy=np.expand_dims,
    spelled="forward",
    trials=[Trial(((2, 3),), {"axis": 1}), Trial(((),), {"axis": 0})],
)
def expand_dims(a: Any, axis: int | Shape) -> Any:
    """With new axes of length 1."""
    return np.expand_dims(a, axis)


def _transpose_vjp(g: Any, y: Any, a: Any, axes: Shape | None = None) -> Any:
    return np.transpose(g, None if axes is None else tuple(int(i) for i in np.argsort([i % len(axes) for i in axes])))


@array_operation(
    vjp={"a": _transpose_vjp},
    symbol="T",
    numpy=np.transpose,
    spelled="forward",
    trials=[Trial(((2, 3),)), Trial(((2, 3, 2),), {"axes": (2, 0, 1)}), Trial(((2, 1, 3),), {"axes": (0, -1, 1)})],
)
def transpose(a: Any, axes: Shape | None = None) -> Any:
    """The axes in another order, reversed by default."""
    return np.transpose(a, axes)


@array_operation(
    vjp={"a": lambda g, y, a, shape: sum_to(g, np.shape(a))},
    numpy=np.broadcast_to,
    spelled="forward",
    trials=[Trial(((3,),), {"shape": (2, 3)}), Trial(((2, 1),), {"shape": (2, 3)}), Trial(((),), {"shape": (2,)})],
)
def broadcast_to(a: Any, shape: Shape) -> Any:
    """Repeated to `shape`, by NumPy's rules."""
    return np.broadcast_to(a, shape)


@array_operation(
    vjp={"a": lambda g, y, a, index, shape: g[index]},
    trials=[
        Trial(((3,),), {"index": np.array([0, 2, 0]), "shape": (4,)}),
        Trial(((2,),), {"index": 1, "shape": (3, 2)}),
    ],
)
def scatter(a: Any, index: Any, shape: Shape) -> Any:
    """Zeros of `shape` with `a` added at `index`; repeated places add up. The converse of indexing."""
    y = np.zeros(shape, getattr(a, "dtype", float))
    if _picks_once(index):
        y[index] += a  # in half the time
    else:
        np.add.at(y, index, a)
    return y


def _picks_once(index: Any) -> bool:
    """Whether an index is made of slices and ints alone, by which no element is picked twice."""
    return all(type(i) in (slice, int) for i in index) if type(index) is tuple else type(index) in (slice, int)


@array_operation(
    vjp={"a": lambda g, y, a, index: NUMPY_NAMES["scatter"](g, index, np.shape(a))},
    symbol="[ ]",
    spelled="forward",
    trials=[
        Trial(((4,),), {"index": 1}),
        Trial(((4,),), {"index": slice(None, None, -2)}),
        Trial(((3, 2),), {"index": np.array([0, 2, 0])}),
        Trial(((3, 2),), {"index": (np.array([0, 0]), np.array([1, 1]))}),
        Trial(((3, 2),), {"index": (Ellipsis, None, 0)}),
        Trial(((3,),), {"index": np.array([True, False, True])}),
    ],
)
def getitem(a: Any, index: Any) -> Any:
    """The elements at `index`, as ``a[index]``; an element that is picked twice receives both gradients."""
    return a[index]


def plain_index(index: Any) -> Any:
    """An index that the user cannot change afterwards; positions have no gradient, so a Value is refused."""
    if isinstance(index, tuple):
        return tuple(plain_index(i) for i in index)
    if isinstance(index, Methods):
        raise TypeError("an index is a Value; positions have no gradient: use int(v.data) or an array of ints")
    return copied(index)


def _take_index(a: Any, indices: Any, axis: int | None) -> Any:
    if axis is None:
        return np.unravel_index(np.mod(indices, np.size(a)), np.shape(a))
    return (slice(None),) * (axis % np.ndim(a)) + (np.asarray(indices),)


@array_operation(
    vjp={
        "a": lambda g, y, a, indices, axis=None: NUMPY_NAMES["scatter"](g, _take_index(a, indices, axis), np.shape(a))
    },
    numpy=np.take,
    spelled="forward",
    trials=[
        Trial(((2, 3),), {"indices": np.array([[0, -1], [0, 5]])}),
        Trial(((3, 2),), {"indices": np.array([2, 2, 0]), "axis": 0}),
        Trial(((3, 2),), {"indices": 1, "axis": -1}),
    ],
)
def take(a: Any, indices: Any, axis: int | None = None) -> Any:
    """The elements at `indices` along `axis`, or of the flattened array; repeated indices receive every gradient."""
    return np.take(a, indices, axis=axis)


@array_operation(
    vjp={
        "x": lambda g, y, x, z, condition: sum_to(np.where(condition, g, 0.0), np.shape(x)),
        "y": lambda g, y, x, z, condition: sum_to(np.where(condition, 0.0, g), np.shape(z)),
    },
    public="condition, x, y",
    numpy=np.where,
    spelled="forward",
    trials=[
        Trial(((2, 3), (3,)), {"condition": np.array([[True], [False]])}),
        Trial(((), ()), {"condition": True}),
        Trial(((2,), ()), {"condition": np.array([False, True])}),
    ],
)
def where(x: Any, y: Any, condition: Any) -> Any:
    """Elements of x where the condition holds, and of y elsewhere; the side that is not taken receives exactly 0."""
    return np.where(condition, x, y)


def _inside(pad_width: Any, ndim: int) -> tuple[slice, ...]:
    """Where the array lies in the padded one."""
    widths = np.broadcast_to(pad_width, (ndim, 2)).tolist()
    return tuple(slice(before, -after or None) for before, after in widths)


@array_operation(
    vjp={"a": lambda g, y, a, pad_width: g[_inside(pad_width, np.ndim(a))] if np.ndim(a) else g},
    numpy=np.pad,
    spelled="forward",
    trials=[
        Trial(((3,),), {"pad_width": 1}),
        Trial(((2, 3),), {"pad_width": (0, 2)}),
        Trial(((2, 3),), {"pad_width": ((0, 0), (1, 2))}),
        Trial(((),), {"pad_width": 1}),
    ],
)
def pad(a: Any, pad_width: Any) -> Any:
    """With `pad_width` zeros before and after each axis: a number, (before, after), or one such pair for each axis."""
    return np.pad(a, pad_width)


def _strides(stride: int | Shape, size: Shape) -> Shape:
    return (stride,) * len(size) if isinstance(stride, int) else tuple(stride)


def _place_in_windows(offset: Shape, counts: Shape, strides: Shape) -> tuple[Any, ...]:
    """Where the elements at `offset` in every window lie in the array that the windows look at."""
    return (Ellipsis, *(slice(i, i + n * s, s) for i, n, s in zip(offset, counts, strides, strict=True)))


@array_operation(
    vjp={"a": lambda g, y, a, size, shape, stride=1: NUMPY_NAMES["unfold"](g, size, stride)},
    trials=[
        Trial(((2, 2, 2),), {"size": (2,), "shape": (2, 3)}),
        Trial(((2, 1, 2, 2),), {"size": (2, 2), "shape": (5, 3), "stride": (3, 2)}),
    ],
)
def fold(a: Any, size: Shape, shape: Shape, stride: int | Shape = 1) -> Any:
    """Windows of `size` added up where they overlap, in an array of `shape`. The converse of unfold."""
    y = np.zeros(shape, getattr(a, "dtype", float))
    counts = np.shape(a)[np.ndim(a) - 2 * len(size) : np.ndim(a) - len(size)]
    for offset in np.ndindex(size):
        y[_place_in_windows(offset, counts, _strides(stride, size))] += a[(Ellipsis, *offset)]
    return y


@array_operation(
    vjp={"a": lambda g, y, a, size, stride=1: NUMPY_NAMES["fold"](g, size, np.shape(a), stride)},
    spelled="forward",
    trials=[
        Trial(((4,),), {"size": (2,)}),
        Trial(((2, 5),), {"size": (3,), "stride": 2}),
        Trial(((2, 4, 5),), {"size": (2, 3), "stride": (2, 1)}),
    ],
)
def unfold(a: Any, size: Shape, stride: int | Shape = 1) -> Any:
    """Windows of `size` on the last axes, `stride` apart: (..., h, w) to (..., rows, columns, *size)."""
    if np.ndim(a) < len(size) or any(n < k for n, k in zip(np.shape(a)[-len(size) :], size, strict=True)):
        raise ValueError(f"windows of size {size} do not fit into the array")
    windows: Any = np.lib.stride_tricks.sliding_window_view(a, size, tuple(range(-len(size), 0)))
    apart = tuple(slice(None, None, s) for s in _strides(stride, size))
    return windows[(Ellipsis, *apart, *(slice(None),) * len(size))]


def _part_of_join(slot: int, g: Any, y: Any, *arrays: Any, axis: int | None = 0) -> Any:
    if axis is None:
        start = int(np.sum([np.size(a) for a in arrays[:slot]]))
        return np.reshape(g[start : start + np.size(arrays[slot])], np.shape(arrays[slot]))
    axis = axis % np.ndim(arrays[slot])
    start = int(np.sum([np.shape(a)[axis] for a in arrays[:slot]]))
    return g[(slice(None),) * axis + (slice(start, start + np.shape(arrays[slot])[axis]),)]


@array_operation(
    vjp=_part_of_join,
    numpy=np.concatenate,
    spelled="forward",
    trials=[
        Trial(((2, 3), (1, 3))),
        Trial(((2, 3), (2, 1), (2, 0)), {"axis": 1}),
        Trial(((2,), (1, 2)), {"axis": None}),
    ],
)
def concatenate(*arrays: Any, axis: int | None = 0) -> Any:
    """The arrays of a sequence, one after the other along an existing `axis`."""
    return np.concatenate(arrays, axis=axis)


def _part_of_stack(slot: int, g: Any, y: Any, *arrays: Any, axis: int = 0) -> Any:
    return g[(slice(None),) * (axis % np.ndim(y)) + (slot,)]


@array_operation(
    vjp=_part_of_stack,
    numpy=np.stack,
    spelled="forward",
    trials=[Trial(((2,), (2,), (2,))), Trial(((2, 1), (2, 1)), {"axis": -1}), Trial(((), ()))],
)
def stack(*arrays: Any, axis: int = 0) -> Any:
    """The arrays of a sequence, one after the other along a new `axis`."""
    return np.stack(arrays, axis=axis)

"""Makers of steps that move numbers without computing: reshapes, transposes, indices, joins and scatters.

Where they can be, they are views of memory that is there already. Everything that puts parts together in a new array
(concatenate, stack, pad, the gradient of an index) is one kind of step, ``assemble``: zeros with each part at its
place, so that the parts can be computed right into their places.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from autograd_lite.compiler.programs.steps import FLOAT, Step, Steps, bare, shape_of

Shape = tuple[int, ...]


def broadcast_to(steps: Steps, x: Any, shape: Shape) -> Any:
    """Repeated to `shape`; a constant that becomes a number is a Python number."""
    if not isinstance(x, Step):
        y = np.broadcast_to(x, shape)
        return y if shape else y.item()
    if x.shape == shape:
        return x
    core, _ = bare(x)
    if isinstance(core, Step) and core.size == 1:
        core = reshape(steps, core, ())
    return core if core.shape == shape else steps.make("broadcast_to", (core,), shape, core.dtype, shape=shape)


def reshape(steps: Steps, x: Any, shape: Any) -> Any:
    """The same elements in another shape, in row-major order."""
    if not isinstance(x, Step):
        y = np.reshape(x, shape)
        return y if y.ndim else y.item()
    shape = _known_shape(x, shape)
    if shape == x.shape:
        return x
    if x.call == "reshape":
        return reshape(steps, x.args[0], shape)
    if x.size == 1 and (not x.ndim or x.call == "broadcast_to"):
        return broadcast_to(steps, x if not x.ndim else x.args[0], shape)
    if x.call == "broadcast_to" and x.args[0].ndim == 0:
        return broadcast_to(steps, x.args[0], shape)
    return steps.make("reshape", (x,), shape, x.dtype, shape=shape)


def _known_shape(x: Step, given: Any) -> Shape:
    shape: Shape = (int(given),) if isinstance(given, (int, np.integer)) else tuple(int(n) for n in given)
    if -1 in shape:
        rest = -math.prod(shape)
        shape = tuple((x.size // rest if rest else 0) if n == -1 else n for n in shape)
    return shape


def transpose(steps: Steps, x: Any, axes: Any = None) -> Any:
    """The axes in another order."""
    n = len(shape_of(x))
    axes = tuple(range(n))[::-1] if axes is None else tuple(int(i) % n for i in axes)
    if not isinstance(x, Step):
        return np.transpose(x, axes)
    if axes == tuple(range(n)):
        return x
    shape = tuple(x.shape[i] for i in axes)
    if x.call == "transpose":
        return transpose(steps, x.args[0], tuple(x.options["axes"][i] for i in axes))
    if x.call == "broadcast_to" and x.args[0].ndim == 0:
        return broadcast_to(steps, x.args[0], shape)
    if steps.in_backward and x.call == "dot" and n == 2 and all(len(shape_of(a)) == 2 for a in x.args):
        a, b = x.args
        left, right = transpose(steps, b), transpose(steps, a)
        return steps.make("dot", (left, right), shape)
    if [i for i in axes if x.shape[i] > 1] == sorted(i for i in axes if x.shape[i] > 1):
        return reshape(steps, x, shape)
    return steps.make("transpose", (x,), shape, x.dtype, axes=axes)


def getitem(steps: Steps, x: Any, index: Any) -> Any:
    """The elements at `index`: a view if the index is made of slices and ints, else a copy."""
    if not isinstance(x, Step):
        return x[index]
    if any(isinstance(i, Step) for i in _parts(index)):
        return _picked_by_steps(steps, x, index)
    shape = np.broadcast_to(np.zeros((), bool), x.shape)[index].shape
    if x.call == "broadcast_to" and x.args[0].ndim == 0:
        return broadcast_to(steps, x.args[0], shape)
    if is_basic(index):
        if math.prod(shape) == x.size and _is_in_order(index):
            return reshape(steps, x, shape)
        return steps.make("getitem", (x,), shape, x.dtype, index=index)
    return steps.make("pick", (x,), shape, x.dtype, index=index)


def _picked_by_steps(steps: Steps, x: Step, index: Any) -> Any:
    """An index that is itself an input of the program."""
    parts = _parts(index)
    dummies = tuple(np.zeros(i.shape, int) if isinstance(i, Step) else i for i in parts)
    shape = np.broadcast_to(np.zeros((), bool), x.shape)[dummies].shape
    places = tuple(k for k, i in enumerate(parts) if isinstance(i, Step))
    rest = tuple(None if k in places else i for k, i in enumerate(parts))
    return steps.make("pick", (x, *(parts[k] for k in places)), shape, x.dtype, index=rest, places=places)


def take(steps: Steps, x: Any, indices: Any, axis: int | None = None) -> Any:
    """The elements at `indices` along `axis`, or of the flattened array."""
    if not isinstance(x, Step) and not isinstance(indices, Step):
        return np.take(x, indices, axis=axis)
    if axis is None:
        x, axis = reshape(steps, x, (-1,)), 0
    indices = indices if isinstance(indices, Step) else np.asarray(indices)
    if isinstance(indices, np.ndarray) and not indices.ndim:
        indices = int(indices)
    axis = axis % len(shape_of(x))
    return getitem(steps, x, (slice(None),) * axis + (indices,))


def _parts(index: Any) -> tuple[Any, ...]:
    return index if isinstance(index, tuple) else (index,)


def is_basic(index: Any) -> bool:
    """Whether indexing gives a view."""
    return all(
        i is None
        or i is Ellipsis
        or isinstance(i, slice)
        or (isinstance(i, (int, np.integer)) and not isinstance(i, bool))
        for i in _parts(index)
    )


def _is_in_order(index: Any) -> bool:
    """Whether elements are taken in the order in which they are: views, and none backwards."""
    return is_basic(index) and not any(isinstance(i, slice) and (i.step or 1) < 0 for i in _parts(index))


# --- joining ---------------------------------------------------------------------------------------------------------


def assemble(steps: Steps, parts: list[tuple[Any, Any]], shape: Shape) -> Any:
    """Zeros of `shape` with parts at their places, ``(index, part)``; the places do not overlap."""
    parts = [(i, x) for i, x in parts if math.prod(shape_of(x))]
    if len(parts) == 1 and shape_of(parts[0][1]) == shape and _is_in_order(parts[0][0]):
        return parts[0][1]
    places = tuple(i for i, _ in parts)
    return steps.make("assemble", tuple(bare(x)[0] for _, x in parts), shape, FLOAT, places=places)


def concatenate(steps: Steps, arrays: Any, axis: int | None = 0) -> Any:
    """The arrays one after the other along an existing axis."""
    if axis is None:
        arrays, axis = [reshape(steps, a, (-1,)) for a in arrays], 0
    axis = axis % len(shape_of(arrays[0]))
    ends = np.cumsum([shape_of(a)[axis] for a in arrays]).tolist()
    before = (slice(None),) * axis
    parts = [((*before, slice(end - shape_of(a)[axis], end)), a) for a, end in zip(arrays, ends, strict=True)]
    shape = shape_of(arrays[0])
    return assemble(steps, parts, (*shape[:axis], ends[-1], *shape[axis + 1 :]))


def stack(steps: Steps, arrays: Any, axis: int = 0) -> Any:
    """The arrays one after the other along a new axis."""
    shape = shape_of(arrays[0])
    axis = axis % (len(shape) + 1)
    parts = [((*(slice(None),) * axis, k), a) for k, a in enumerate(arrays)]
    return assemble(steps, parts, (*shape[:axis], len(arrays), *shape[axis:]))


def pad(steps: Steps, x: Any, pad_width: Any) -> Any:
    """With zeros before and after each axis."""
    if not isinstance(x, Step) or not x.ndim:
        return x if isinstance(x, Step) else np.pad(x, pad_width)
    widths = np.broadcast_to(pad_width, (x.ndim, 2)).tolist()
    inside = tuple(slice(before, before + n) for (before, _), n in zip(widths, x.shape, strict=True))
    return assemble(steps, [(inside, x)], tuple(n + b + a for n, (b, a) in zip(x.shape, widths, strict=True)))


def scatter(steps: Steps, x: Any, index: Any, shape: Shape) -> Any:
    """Zeros of `shape` with `x` added at `index`; repeated places add up."""
    if any(isinstance(i, Step) for i in _parts(index)):
        parts = _parts(index)
        places = tuple(k for k, i in enumerate(parts) if isinstance(i, Step))
        rest = tuple(None if k in places else i for k, i in enumerate(parts))
        return steps.make("scatter", (x, *(parts[k] for k in places)), shape, FLOAT, index=rest, places=places)
    if not isinstance(x, Step):
        y = np.zeros(shape)
        np.add.at(y, index, x)
        return y
    if is_basic(index):
        return assemble(steps, [(index, x)], shape)
    positions = np.arange(math.prod(shape)).reshape(shape)[index]
    if len(np.unique(positions)) == positions.size:
        return assemble(steps, [(index, x)], shape)
    return steps.make("bincount", (x,), shape, FLOAT, positions=positions.ravel())


def windows(steps: Steps, x: Any, size: Any, axes: Any) -> Any:
    """NumPy's sliding_window_view."""
    axes = tuple(i % len(shape_of(x)) for i in axes)
    if not isinstance(x, Step):
        return np.lib.stride_tricks.sliding_window_view(x, size, axes)
    shape = list(x.shape)
    for n, i in zip(size, axes, strict=True):
        shape[i] -= n - 1
    return steps.make("windows", (x,), (*shape, *size), x.dtype, size=tuple(size), axes=axes)


def fold_places(step: Step) -> list[tuple[Any, Any]]:
    """For every offset in the windows of a fold: where its elements go, and where they are."""
    size, strides = step.options["size"], step.options["strides"]
    n = step.args[0].ndim - len(size)
    counts = step.args[0].shape[n - len(size) : n]
    return [
        (
            (Ellipsis, *(slice(i, i + k * s, s) for i, k, s in zip(offset, counts, strides, strict=True))),
            (Ellipsis, *offset),
        )
        for offset in np.ndindex(size)
    ]

"""What losses are handed: predictions, targets and weights, brought into form or refused."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy import ndarray
from numpy.typing import NDArray

from autograd_lite import modes
from autograd_lite.cells import data_of, is_cells, operand
from autograd_lite.value import Value

SUM_TOLERANCE = 1e-4
"""How far from 1 the sum of a target's probabilities may be: float32 rounds, a wrong axis is off by much more."""


def bare(x: Any) -> NDArray[Any]:
    """The bare numbers, to look at."""
    return np.asarray(x._data if isinstance(x, Value) else data_of(x))


def shape_of(x: Any) -> tuple[int, ...]:
    """The shape of an operand, without np.shape's detour for a Value."""
    return x.shape if isinstance(x, (Value, np.ndarray)) else np.shape(x)


def alike(name: str, **operands: Any) -> tuple[Any, Any]:
    """The two operands, of equal shapes."""
    for what, x in operands.items():
        if x is None or callable(x):
            raise TypeError(f"{name}: {what} is {x!r}; it must be numbers or Values")
    (one, a), (other, b) = ((what, operand(x)) for what, x in operands.items())
    if np.shape(a) != np.shape(b):
        advice = f"; reshape one, as {other}.reshape{np.shape(a)}" if np.size(a) == np.size(b) else ""
        raise ValueError(
            f"{name}: {one} has shape {np.shape(a)} and {other} {np.shape(b)}; they must be equal, for broadcasting "
            f"would compare elements that do not belong together{advice}"
        )
    return a, b


def refuse(what: str, numbers: NDArray[Any], bad: NDArray[np.bool_], why: str) -> None:
    """Raise if a number is bad, with its value and place."""
    if bad.any() if type(bad) is ndarray else np.any(bad):  # np.any alone takes as long as all the rest
        place = np.argwhere(bad)[0].tolist()
        raise ValueError(f"{what} is {numbers[tuple(place)]:g}{f' at {place}' if place else ''}; {why}")


def check_probabilities(what: str, x: Any, otherwise: str) -> None:
    """Refuse what is outside [0, 1]; nan passes, here and below, to be seen in the loss."""
    p = bare(x)
    refuse(what, p, (p < 0) | (p > 1), f"it must be in [0, 1]; {otherwise}")


def fitting(what: str, weight: Any, shape: tuple[int, ...]) -> Any:
    """The weight, whose shape may be smaller and broadcast to `shape`, but not beyond."""
    weight = operand(weight)
    if weight is None:
        return None
    try:
        fits = np.broadcast_shapes(np.shape(weight), shape) == shape
    except ValueError:
        fits = False
    if not fits:
        raise ValueError(f"{what} has shape {np.shape(weight)}, which does not broadcast to the losses' {shape}")
    return weight


# --- classes -------------------------------------------------------------------------------------------------------


def distribution(target: Any, axis: int) -> Any:
    """The target, which must be probabilities along `axis`."""
    t = bare(target)
    refuse("cross_entropy: target", t, t < 0, "a probability is at least 0")
    total = np.sum(t, axis=axis)
    why = f"it must be 1; the classes are along axis {axis} (columns are examples with axis=0)"
    refuse("cross_entropy: the sum of a target's probabilities", total, abs(total - 1) > SUM_TOLERANCE, why)
    return target


def class_indices(target: Any, shape: tuple[int, ...], axis: int) -> Any:
    """The target, which must be class indices for logits of `shape`."""
    wanted, classes = shape[:axis] + shape[axis + 1 :], shape[axis]
    if shape_of(target) != wanted:
        raise ValueError(
            f"cross_entropy: logits have shape {shape} and target {np.shape(target)}; with the classes along axis "
            f"{axis} it must be {wanted} for class indices, or {shape} for one-hot or other probabilities"
        )
    indices = modes.positions(target)  # inputs of a function that is being traced
    if indices is None:
        if isinstance(target, Value) or is_cells(target):
            raise TypeError("cross_entropy: class indices as a Value; they have no gradient: hand in an array of ints")
        indices = np.asarray(target)
        if indices.dtype.kind not in "iu":
            example = f", as {indices.flat[0]}" if indices.size else ""
            raise TypeError(
                f"cross_entropy: class indices are {indices.dtype}{example}; they must be ints: y.astype(int)"
            )
    bad = np.logical_or(indices < 0, indices >= classes)
    refuse("cross_entropy: class index", bare(indices), bad, f"there are {classes} classes")
    return indices


def class_weights(weight: Any, classes: int) -> Any:
    """The weight, of one number for each class."""
    weight = operand(weight)
    if weight is not None and np.shape(weight) != (classes,):
        raise ValueError(
            f"cross_entropy: weight has shape {np.shape(weight)}; for {classes} classes it is ({classes},)"
        )
    return weight

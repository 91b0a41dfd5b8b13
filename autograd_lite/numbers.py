"""What users hand in as numbers: into a Python float or an array of our own, or refused."""

from __future__ import annotations

import operator
import struct
from collections.abc import Collection
from typing import Any

import numpy as np
from numpy.typing import NDArray

from autograd_lite import modes
from autograd_lite.text import FLOAT_NAMES


def number(data: Any) -> Any:
    """Turn what a user gave into a Python float or a read-only array of our own of a floating dtype, or refuse it."""
    if type(data) is float:
        return data
    if type(data) is np.ndarray and data.dtype.kind == "f" and data.ndim:  # none of the questions below
        return fixed(data.astype(data.dtype))
    if isinstance(data, (float, int, np.bool_, np.integer, np.floating)):
        return _float(data)
    if FLOAT_NAMES["any_mode"] and modes.mode().complex_numbers and np.iscomplexobj(data):
        return np.array(data)[()]
    if data is None or isinstance(data, (str, bytes, complex, np.complexfloating)):
        raise TypeError(f"{data!r} (of type {type(data).__name__}) is not a real number or an array of them")
    if isinstance(data, np.ma.MaskedArray):
        raise TypeError("a masked array would lose its mask: use where(mask, ..., ...) on its .data")
    try:
        array = np.asarray(data)
    except (ValueError, TypeError) as error:
        raise TypeError(f"not an array of numbers: {_short(data)}; {error}") from error
    if array.dtype.kind not in "fiub":
        raise TypeError(
            f"not an array of real numbers: {_short(data)} has dtype {array.dtype}"
            + ("; for Values use autograd_lite.stack" if array.dtype.kind == "O" else "")
        )
    if not array.ndim:
        return _float(array)
    return fixed(array.astype(array.dtype if array.dtype.kind == "f" else float))  # a copy, always


def fixed(array: NDArray[Any]) -> NDArray[Any]:
    """The same array, read-only from now on: a graph relies on it."""
    array.setflags(False)  # type: ignore[call-arg]  # by position: a keyword would treble the time
    return array


def vector(floats: Collection[float]) -> NDArray[np.float64]:
    """A read-only array of Python floats; several times faster than np.array.

    Raises
    ------
    struct.error
        If one is no number.

    Examples
    --------
    >>> vector([1.0, 2.0])
    array([1., 2.])
    """
    return np.frombuffer(struct.pack(f"{len(floats)}d", *floats))


def copied(parameter: Any) -> Any:
    """A parameter as it is now: a copy of a list or an array, which the user could change. No positions are ints."""
    if isinstance(parameter, list) and not parameter:
        return np.array([], dtype=int)
    return np.array(parameter) if isinstance(parameter, (np.ndarray, list)) else parameter


def whole_number(name: str, given: Any, least: int = 1) -> int:
    """A count or a size, as an int of at least `least`; an array of one int will do."""
    try:
        number = operator.index(given)
    except TypeError:
        number = least - 1
    if isinstance(given, bool) or number < least:
        raise ValueError(f"{name} is {given!r}; it must be a whole number of at least {least}")
    return number


def _float(data: Any) -> float:
    try:
        return float(data)
    except OverflowError as error:
        raise OverflowError(f"{_short(data)} is too large for a float, whose largest is 1.8e308") from error


def _short(data: Any) -> str:
    text = repr(data) if not isinstance(data, int) else f"an integer of {data.bit_length()} bits"
    return text if len(text) <= 60 else text[:57] + "..."

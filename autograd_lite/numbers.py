"""What users hand in as numbers: into a Python float or an array of our own, or refused."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from autograd_lite import modes
from autograd_lite.text import FLOAT_NAMES


def number(data: Any) -> Any:
    """Turn what a user gave into a Python float or a read-only array of a floating dtype, or refuse it."""
    if type(data) is float:
        return data
    if isinstance(data, (float, int, np.bool_, np.integer, np.floating)):
        return float(data)
    if FLOAT_NAMES["special"] and modes.mode().complex_numbers and np.iscomplexobj(data):
        return np.array(data)[()]
    if data is None or isinstance(data, (str, bytes, complex, np.complexfloating)):
        raise TypeError(f"{data!r} (of type {type(data).__name__}) is not a real number or an array of them")
    try:
        array = np.asarray(data)
    except (ValueError, TypeError) as error:
        raise TypeError(f"not an array of numbers: {_short(data)}; {error}") from error
    if array.dtype.kind not in "fiub":
        raise TypeError(
            f"not an array of real numbers: {_short(data)} has dtype {array.dtype}"
            + ("; for Values use autograd_lite.stack" if array.dtype == object else "")
        )
    if not array.ndim:
        return float(array)
    return _own(array)


def _own(array: NDArray[Any]) -> NDArray[Any]:
    """A read-only array that nobody else can write to: itself if it is one already, else a copy."""
    if array.dtype.kind != "f":
        array = array.astype(float)
    elif array.flags.writeable or (isinstance(array.base, np.ndarray) and array.base.flags.writeable):
        array = array.copy()
    elif type(array) is not np.ndarray:
        array = np.array(array)
    array.setflags(write=False)
    return array


def _short(data: Any) -> str:
    text = repr(data)
    return text if len(text) <= 60 else text[:57] + "..."

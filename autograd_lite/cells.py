"""Arrays of scalar Values (of dtype object): a scalar graph in NumPy's clothes, and what its elements hold."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from autograd_lite.value import Value

Cells = NDArray[Any]


def is_cells(a: object) -> bool:
    """Whether `a` is an array of objects, which stand for scalar Values and numbers."""
    return isinstance(a, np.ndarray) and a.dtype.kind == "O"


def scalars(a: ArrayLike, label: str = "") -> Cells:
    """Turn an array of numbers into an array of leaves, one scalar Value for each number.

    Parameters
    ----------
    a : array_like
        Numbers, of any shape.
    label : str
        The elements are labelled ``label[i,j]``.

    Returns
    -------
    ndarray of object
        Of a's shape.

    Examples
    --------
    >>> from autograd_lite import scalars
    >>> W = scalars([[1.0, 2.0], [3.0, 4.0]], "W")
    >>> z = W @ [1.0, 1.0]
    >>> z[1].backward()
    >>> W[1, 0]
    Value(3, label='W[1,0]', grad=1)
    """
    numbers = np.asarray(a)
    made = np.empty(numbers.shape, dtype=object)
    for place in np.ndindex(numbers.shape):
        index = f"[{','.join(map(str, place))}]" if place else ""
        made[place] = Value(numbers[place], label + index if label else "")
    return made


_SINGLE = {Value, float, int}
"""The elements of most lists that layers get."""


def operand(x: Any) -> Any:
    """A list as an array, of numbers or of scalar Values; anything else as it is."""
    if not isinstance(x, (list, tuple)):
        return x
    kinds = set(map(type, x))
    if Value in kinds and kinds <= _SINGLE and all(type(v._data) is float for v in x if type(v) is Value):
        return np.fromiter(x, object, len(x))  # np.array asks each Value at length whether it is not an array
    array = np.array(x, dtype=object)
    cells = array.ravel().tolist()
    if any(isinstance(cell, Value) for cell in cells) and all(np.ndim(cell) == 0 for cell in cells):
        return array
    return np.asarray(x)  # which refuses Values that are arrays, and says what to do


def data_of(a: Any) -> Any:
    """The numbers of a Value, or of an array of them, as a float or an array.

    Examples
    --------
    >>> from autograd_lite import data_of, scalars
    >>> data_of(scalars([1.0, 2.0]))
    array([1., 2.])
    """
    if not is_cells(a):
        return a.data if isinstance(a, Value) else a
    return _filled(a, [data_of(x) for x in a.flat])


def grad_of(a: Any) -> Any:
    """The gradients of a Value, or of an array of them, as a float or an array; 0 for an element without one.

    None if no element has a gradient.

    Examples
    --------
    >>> from autograd_lite import grad_of, scalars
    >>> a = scalars([1.0, 2.0])
    >>> (a[0] * 3.0).backward()
    >>> grad_of(a)
    array([3., 0.])
    """
    if not is_cells(a):
        return a.grad
    grads = [getattr(x, "grad", None) for x in a.flat]
    return None if grads and all(g is None for g in grads) else _filled(a, [0.0 if g is None else g for g in grads])


def _filled(like: Cells, numbers: list[float]) -> NDArray[np.float64]:
    return np.array(numbers, dtype=float).reshape(like.shape)

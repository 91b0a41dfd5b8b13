"""The public functions: one for every row of the table, and the few that take their arguments in another form."""

from __future__ import annotations

import contextlib
import functools
import operator
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import numpy as np

from autograd_lite import elementary, many, products, reductions, shaping  # noqa: F401  (they fill the table)
from autograd_lite.calls import docstring, public_function
from autograd_lite.methods import Methods
from autograd_lite.operation import TABLE, Operation
from autograd_lite.recording import apply
from autograd_lite.text import NUMPY_NAMES
from autograd_lite.value import Value

INTERNAL = {"pos", "scatter", "fold", "strong_mul", "getitem", "sum_many", "dot_many", "max_many"}
"""Rows without a public function: Python's syntax or other rows make them."""

OWN_FORM = ("reshape", "transpose", "concatenate", "stack", "einsum")
"""Methods that are called in another way than the rows: `v.reshape(2, 3)`."""

__all__ = []


def publish(row: Operation, text: str = "") -> Callable[..., Any]:
    """Make a row's function, its methods, and its name in the text of other rows; `text` is their help."""
    function = public_function(row, text or docstring(row))
    if not row.numpy:
        NUMPY_NAMES[row.name] = _in_text(row, function)
    return function


def _in_text(row: Operation, function: Callable[..., Any]) -> Callable[..., Any]:
    """The row as other rows' rules call it: on bare arrays the forward rule and nothing else."""

    def called(*args: Any, **kwargs: Any) -> Any:
        if any(isinstance(a, Value) for a in args):
            return function(*args, **kwargs)
        return row.forward(*args, **kwargs)

    return called


for _row in TABLE.values():
    _function = publish(_row)
    if _row.name not in INTERNAL:
        for _name in (_row.name, *_row.aliases):
            globals()[_name] = _function
            __all__.append(_name)


# --- functions that take a sequence --------------------------------------------------------------------------------

_array_sum: Callable[..., Any] = globals()["sum"]
_array_max: Callable[..., Any] = globals()["max"]
_array_min: Callable[..., Any] = globals()["min"]
_array_dot: Callable[..., Any] = globals()["dot"]


def sum(a: Any, axis: Any = None, *, keepdims: bool = False) -> Any:
    """Sum of an array over `axis`, or of a list of Values.

    Many scalar Values make one node with many inputs, which costs a fraction of a chain of additions.

    Parameters
    ----------
    a : Value, array_like, or list, tuple or generator of Values
        What to add. A list of arrays is added elementwise, as by Python's sum.
    axis, keepdims
        As in NumPy; for arrays only.

    Examples
    --------
    >>> import autograd_lite as ag
    >>> v = [ag.Value(1.0), ag.Value(2.0), ag.Value(3.0)]
    >>> total = ag.sum(v)
    >>> total.data, total.op.name, len(total.inputs)
    (6.0, 'sum_many', 3)
    """
    if isinstance(a, (Value, np.ndarray)) or not isinstance(a, Iterable):
        return _array_sum(a, axis, keepdims=keepdims)
    values = list(a)
    if not any(isinstance(x, Value) for x in values):
        return _array_sum(values, axis, keepdims=keepdims)
    if axis is not None or keepdims:
        raise TypeError("sum of a list of Values takes no axis; autograd_lite.stack them first")
    try:
        return many.sum(many.looked_at(values))
    except many.NotScalars:
        return functools.reduce(operator.add, values)


def max(a: Any, axis: Any = None, *, keepdims: bool = False) -> Any:
    """Greatest element of an array over `axis`, or of a list of scalars, which makes one node.

    Equal greatest elements share the gradient evenly; nan propagates.

    Parameters
    ----------
    a : Value, array_like, or list or tuple of scalar Values and numbers
        Among what to choose.
    axis, keepdims
        As in NumPy; for arrays only.

    Examples
    --------
    >>> import autograd_lite as ag
    >>> v = [ag.Value(2.0), ag.Value(2.0), ag.Value(1.0)]
    >>> ag.max(v).backward()
    >>> [x.grad for x in v]
    [0.5, 0.5, 0.0]
    """
    if isinstance(a, (list, tuple)) and axis is None and not keepdims and _holds_values(a):
        with contextlib.suppress(many.NotScalars):
            return many.max(many.looked_at(a))
    return _array_max(a, axis, keepdims=keepdims)


def min(a: Any, axis: Any = None, *, keepdims: bool = False) -> Any:
    """Least element of an array over `axis`, or of a list of scalars, as `max` of their negatives.

    Equal least elements share the gradient evenly; nan propagates.

    Examples
    --------
    >>> import autograd_lite as ag
    >>> ag.min([ag.Value(2.0), 1.0]).data
    1.0
    """
    if isinstance(a, (list, tuple)) and any(isinstance(x, Value) for x in a):
        return -max([-x for x in a], axis, keepdims=keepdims)
    return _array_min(a, axis, keepdims=keepdims)


def dot(a: Any, b: Any) -> Any:
    """Dot product of two arrays as in NumPy, or of two lists of scalars.

    Lists of scalar Values and numbers make one node with many inputs: the weights and inputs of a neuron. Beside a list
    of Values an array counts as the list of its elements.

    Raises
    ------
    ValueError
        If two lists have different lengths.

    Examples
    --------
    >>> import autograd_lite as ag
    >>> w = [ag.Value(1.0), ag.Value(-2.0)]
    >>> z = ag.dot(w, [3.0, 4.0])
    >>> z.backward()
    >>> z.data, [v.grad for v in w]
    (-5.0, [3.0, 4.0])
    """
    if type(a) is list or _is_list(a) or _is_list(b):
        try:  # every neuron comes here: no context manager
            left = many.looked_at(a if type(a) is list else _flat(a))
            return many.dot(left, many.looked_at(b if type(b) is list else _flat(b)))
        except many.NotScalars:
            a_is_row, b_is_row = _is_row(a) and _are_variables(b), _is_row(b) and _are_variables(a)
        if a_is_row or b_is_row:
            return dot(list(a) if a_is_row else a, list(b) if b_is_row else b)
    return _array_dot(a, b)


def concatenate(arrays: Sequence[Any], axis: int | None = 0) -> Any:
    """Join arrays along an existing axis, as NumPy's concatenate.

    Examples
    --------
    >>> import autograd_lite as ag
    >>> ag.concatenate([ag.Value([1.0, 2.0]), [3.0]]).data
    array([1., 2., 3.])
    """
    return apply(TABLE["concatenate"], tuple(arrays), axis=axis)


def stack(arrays: Sequence[Any], axis: int = 0) -> Any:
    """Join arrays, or scalars, along a new axis, as NumPy's stack.

    Examples
    --------
    >>> import autograd_lite as ag
    >>> ag.stack([ag.Value(1.0), ag.Value(2.0)]).data
    array([1., 2.])
    """
    return apply(TABLE["stack"], tuple(arrays), axis=axis)


def einsum(subscripts: str, *operands: Any) -> Any:
    """Sum of products by Einstein's convention, as NumPy's einsum with a string.

    Examples
    --------
    >>> import autograd_lite as ag
    >>> ag.einsum("ij,j->i", ag.Value([[1.0, 2.0], [3.0, 4.0]]), [1.0, 1.0]).data
    array([3., 7.])
    """
    if not isinstance(subscripts, str):
        raise TypeError(f"einsum: the first argument is the string of subscripts, not {type(subscripts).__name__}")
    return apply(TABLE["einsum"], operands, subscripts=subscripts)


def _is_list(a: Any) -> bool:
    return isinstance(a, (list, tuple)) or (isinstance(a, np.ndarray) and a.dtype.kind == "O")


def _is_row(a: Any) -> bool:
    return isinstance(a, Value) and a.ndim == 1


def _holds_values(a: Iterable[Any]) -> bool:
    return any(isinstance(x, Value) for x in a)


def _are_variables(a: Iterable[Any]) -> bool:
    """Whether a list holds Values, and nothing but scalars: it can be multiplied by a row."""
    try:
        elements, numbers, _ = many.looked_at(_flat(a))
    except many.NotScalars:
        return False
    return _holds_values(elements) and not any(isinstance(x, np.ndarray) for x in numbers)


def _flat(a: Iterable[Any]) -> Iterable[Any]:
    """A list's elements, an array's if it has one axis; anything else is left whole."""
    if isinstance(a, np.ndarray):
        return a.tolist() if a.ndim == 1 else [a]
    return [a] if isinstance(a, Value) else a


# --- methods with a form of their own ------------------------------------------------------------------------------

_reshape, _transpose = Methods.reshape, Methods.transpose  # type: ignore[has-type]


def _method_reshape(self: Any, *shape: Any) -> Any:
    """The same elements in another shape: ``v.reshape(2, 3)`` or ``v.reshape((2, 3))``."""
    return _reshape(self, shape[0] if len(shape) == 1 else shape)


def _method_transpose(self: Any, *axes: Any) -> Any:
    """The axes in another order, reversed by default: ``v.transpose(2, 0, 1)`` or ``v.transpose((2, 0, 1))``."""
    return _transpose(self, (axes[0] if len(axes) == 1 else axes) or None)


def _method_concatenate(self: Any, *others: Any, axis: int | None = 0) -> Any:
    """Join with `others` along an existing axis."""
    return concatenate((self, *others), axis)


def _method_stack(self: Any, *others: Any, axis: int = 0) -> Any:
    """Join with `others` along a new axis."""
    return stack((self, *others), axis)


def _method_einsum(self: Any, subscripts: str, *others: Any) -> Any:
    """Sum of products by Einstein's convention, self being the first operand."""
    return einsum(subscripts, self, *others)


for _name in OWN_FORM:
    for _kind in (Methods, *Value.__subclasses__()):
        setattr(_kind, _name, globals()[f"_method_{_name}"])

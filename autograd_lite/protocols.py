"""NumPy's names on Values: ``np.tanh(v)``, ``np.sum(v, axis=1)``, ``array * v``.

NumPy hands a call with a Value among its arguments to us. It runs as the row of the table of the same meaning, or as
a question about the number (``np.shape``, ``np.isnan``), or it is refused by name: it never becomes an array of
objects, and never loses the gradient.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from autograd_lite import functions, modes
from autograd_lite.operation import TABLE
from autograd_lite.value import Value

REDUCING = {np.add: "sum", np.multiply: "prod", np.maximum: "max", np.minimum: "min"}
"""``ufunc.reduce`` of these is a row."""

QUESTIONS = {
    *(np.shape, np.ndim, np.size, np.argmax, np.argmin, np.argsort, np.zeros_like, np.ones_like),
    *(np.isnan, np.isinf, np.isfinite, np.signbit, np.equal, np.not_equal, np.less, np.less_equal, np.greater),
    *(np.greater_equal, np.logical_and, np.logical_or, np.logical_not, np.logical_xor, np.allclose, np.isclose),
    *(np.array_equal, np.array2string, np.array_repr, np.array_str, np.iscomplexobj, np.isrealobj, np.any, np.all),
    *(np.count_nonzero, np.nonzero, np.argwhere, np.result_type, np.may_share_memory, np.shares_memory),
}
"""Asked of the number, answered without a gradient: the answer is a shape, a position, a truth, a text."""

COMPARISONS: dict[Any, str] = {
    np.less: "<", np.less_equal: "<=", np.greater: ">", np.greater_equal: ">=", np.equal: "==", np.not_equal: "!=",
}  # fmt: skip
"""Questions whose answer a traced function may compute with."""

LOGICAL = {np.logical_and, np.logical_or, np.logical_xor, np.logical_not}
"""What a traced function may do with bools, and with what is not 0."""

OF_KIND: dict[Any, tuple[str, float | None]] = {
    np.isnan: ("!=", None), np.isinf: ("==", np.inf), np.isfinite: ("<", np.inf),
}  # fmt: skip
"""Questions that are comparisons: of a number with itself, or of its size."""

OF_INTS: dict[Any, str] = {np.remainder: "mod", np.floor_divide: "floordiv", np.divmod: "divmod"}
"""What a traced function may do with ints."""

METHODS: dict[Any, str] = {
    np.argmax: "argmax", np.argmin: "argmin", np.any: "any", np.all: "all", np.nonzero: "nonzero",
    np.count_nonzero: "count_nonzero",
    np.copy: "copy", np.swapaxes: "swapaxes", np.argsort: "argsort", np.sort: "sorted",
}  # fmt: skip
"""What a traced function may ask of an array that it was given."""

OF_SHAPES = {np.shape, np.ndim, np.size, np.zeros_like, np.ones_like, np.iscomplexobj, np.isrealobj, np.result_type}
"""Questions whose answer does not depend on the numbers."""

INSTEAD = {
    np.dot: "autograd_lite.dot",
    np.tensordot: "einsum",
    np.inner: "einsum or dot",
    np.vdot: "dot of the ravelled arrays",
    np.trace: "einsum('ii', v)",
    np.diag: "einsum or indexing",
    np.floor: "v.data: its derivative is 0",
    np.ceil: "v.data: its derivative is 0",
    np.round: "v.data: its derivative is 0",
    np.sort: "v[np.argsort(v.data)]",
    np.vstack: "concatenate",
    np.hstack: "concatenate",
    np.append: "concatenate",
    np.flip: "v[::-1]",
    np.swapaxes: "transpose",
    np.moveaxis: "transpose",
    np.absolute: "abs",
    np.float_power: "pow",
    np.cbrt: "pow(v, 1/3) for v >= 0",
    np.exp2: "2 ** v",
    np.logaddexp: "logsumexp of the stack",
    np.var: "var with the keywords axis, ddof, keepdims",
}


def _clip(a: Any, a_min: Any = None, a_max: Any = None, *, min: Any = None, max: Any = None) -> Any:
    lo, hi = (a_min if min is None else min), (a_max if max is None else max)
    return functions.clip(a, -np.inf if lo is None else lo, np.inf if hi is None else hi)


FUNCTIONS: dict[Callable[..., Any], Callable[..., Any]] = {
    f: getattr(functions, row.name, None) or functions.publish(row) for row in list(TABLE.values()) for f in row.numpy
}
FUNCTIONS[np.clip] = _clip
for _stacked in (np.concatenate, np.stack, np.einsum):
    FUNCTIONS[_stacked] = getattr(functions, _stacked.__name__)


def learn(row: Any, function: Callable[..., Any]) -> None:
    """Let NumPy's functions of a new row's meaning find it."""
    FUNCTIONS.update(dict.fromkeys(row.numpy, function))


def ufunc_on_values(ufunc: np.ufunc, method: str, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """Serve ``np.exp(v)``, ``array * v`` and ``np.add.reduce(v)``."""
    if any(isinstance(x, np.ndarray) and x.dtype.kind == "O" for x in args) and ufunc not in FUNCTIONS:
        return getattr(ufunc, method)(*(_cell(x) for x in args), **kwargs)  # an array of Values: element by element
    if kwargs.pop("out", None) is not None:
        raise TypeError(
            f"np.{ufunc.__name__} cannot write a Value into an array that exists: use a = a + v instead of a += v, and "
            "no out="
        )
    if method == "reduce" and ufunc in REDUCING:
        kwargs.setdefault("axis", 0)
        return _called(getattr(functions, REDUCING[ufunc]), f"{ufunc.__name__}.reduce", args, kwargs)
    name = ufunc.__name__ if method == "__call__" else f"{ufunc.__name__}.{method}"
    if modes.tracers and method == "__call__" and (ufunc in COMPARISONS or ufunc in OF_KIND):
        return _compared(ufunc, *args)
    if modes.tracers and method == "__call__" and ufunc in LOGICAL:
        return ufunc(*(np.not_equal(x, 0.0) for x in args), **kwargs)
    if modes.tracers and method == "__call__" and ufunc in OF_INTS and (watching := modes.tracer()) is not None:
        return watching.of_ints(OF_INTS[ufunc], *args)
    if method == "__call__" and ufunc in QUESTIONS:
        _tell_tracer(ufunc, args)
        return ufunc(*map(_bare, args), **kwargs)
    if method == "__call__" and ufunc in FUNCTIONS:
        return _called(FUNCTIONS[ufunc], name, args, kwargs)
    raise _unsupported(name, ufunc)


def function_on_values(function: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """Serve ``np.sum(v)``, ``np.concatenate([v, w])`` and the like."""
    if not args and "a" in kwargs:
        args = (kwargs.pop("a"),)
    if function in METHODS and modes.tracers and args and isinstance(args[0], Value) and (watching := modes.tracer()):
        return watching.method(args[0], METHODS[function])(*args[1:], **kwargs)
    if function in QUESTIONS:
        _tell_tracer(function, args)
        return function(*map(_bare, args), **{k: _bare(x) for k, x in kwargs.items()})
    if function in FUNCTIONS:
        return _called(FUNCTIONS[function], function.__name__, args, kwargs)
    raise _unsupported(function.__name__, function)


def _tell_tracer(question: Any, args: tuple[Any, ...]) -> None:
    if modes.tracers and question not in OF_SHAPES:
        for x in args:
            if isinstance(x, Value):
                modes.left_graph(f"np.{question.__name__}", x)


def _compared(ufunc: np.ufunc, left: Any, right: Any = None) -> Any:
    if ufunc in OF_KIND:
        op, bound = OF_KIND[ufunc]
        one, two = (left, left) if bound is None else (abs(left), bound)
        return modes.compared(op, one, two, ufunc(_bare(left)))
    return modes.compared(COMPARISONS[ufunc], left, right, ufunc(_bare(left), _bare(right)))


def _called(function: Callable[..., Any], name: str, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    try:
        return function(*args, **kwargs)
    except TypeError as error:
        if "argument" not in str(error):
            raise
        raise TypeError(f"np.{name} on a Value does not take these arguments: {error}") from error


def _cell(x: Any) -> Any:
    return np.asarray(x, dtype=object) if isinstance(x, Value) else x


def _bare(x: Any) -> Any:
    if isinstance(x, (list, tuple)):
        return type(x)(map(_bare, x))
    return x._data if isinstance(x, Value) else x


def _unsupported(name: str, function: Any) -> TypeError:
    instead = INSTEAD.get(function)
    advice = f"use {instead}" if instead else "use v.data for the bare numbers, or add the operation with primitive()"
    return TypeError(f"np.{name} is not supported on a Value: {advice}")

"""Recording: an array without numbers, which knows its shape and dtype and writes down what NumPy is asked to do.

The rules of the table are written with NumPy's names only, so they run on a `Recorded` as they run on an array or a
`Value`; what they ask for becomes steps. What cannot be written down (a test of an element, a loop over elements)
raises `CannotRecord`; then the row is called as a whole.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, NoReturn

import numpy as np

from autograd_lite.compiler.programs import movement, products, simplify
from autograd_lite.compiler.programs.steps import FLOAT, Step, Steps, shape_of

_NAMES = """add subtract multiply divide power negative positive absolute square reciprocal sqrt exp expm1 exp2 log
    log1p log2 log10 sin cos tan arcsin arccos arctan arctan2 sinh cosh tanh arcsinh arccosh arctanh hypot sign maximum
    minimum equal not_equal less less_equal greater greater_equal isfinite isinf isnan logical_and logical_or
    logical_not bitwise_and bitwise_or invert logaddexp floor ceil fmax fmin cbrt"""
UFUNCS = {getattr(np, name): name for name in _NAMES.split()}
"""The elementwise functions of NumPy that can be recorded, by the name that programs use."""


class CannotRecord(TypeError):
    """A rule asked for something that has no place in a straight-line program."""


class Recorded(np.lib.mixins.NDArrayOperatorsMixin):
    """An array of a program that is being recorded.

    Parameters
    ----------
    steps : Steps
        Where calls are written down.
    step : Step
        The step whose result this is.
    """

    __slots__ = ("step", "steps")
    __hash__ = object.__hash__

    def __init__(self, steps: Steps, step: Step) -> None:
        self.steps = steps
        self.step = step

    @property
    def shape(self) -> tuple[int, ...]:
        """The shape of the result."""
        return self.step.shape

    @property
    def dtype(self) -> np.dtype[Any]:
        """The dtype of the result."""
        return self.step.dtype

    @property
    def ndim(self) -> int:
        """The number of axes."""
        return len(self.step.shape)

    @property
    def size(self) -> int:
        """The number of elements."""
        return math.prod(self.step.shape)

    @property
    def T(self) -> Any:
        """Transpose."""
        return self._wrapped(movement.transpose(self.steps, self.step))

    @property
    def real(self) -> Recorded:
        """Itself: programs compute with real numbers."""
        return self

    def astype(self, dtype: Any, copy: bool = True) -> Any:
        """The same numbers in another dtype: floats are float64 in a program."""
        return self._wrapped(simplify.as_float(self.steps, self.step)) if np.dtype(dtype).kind == "f" else self

    def reshape(self, *shape: Any) -> Any:
        """The same elements in another shape."""
        given = shape[0] if len(shape) == 1 else shape
        return self._wrapped(movement.reshape(self.steps, self.step, given))

    def __getitem__(self, index: Any) -> Any:
        return self._wrapped(movement.getitem(self.steps, self.step, unwrapped(index)))

    def __len__(self) -> int:
        return self.step.shape[0]

    def _wrapped(self, result: Any) -> Any:
        return Recorded(self.steps, result) if isinstance(result, Step) else result

    def _refuse(self, *_: Any, **__: Any) -> NoReturn:
        raise CannotRecord("a rule looks at the numbers of an array, which are not known while a program is recorded")

    __bool__ = __float__ = __int__ = __index__ = __iter__ = __array__ = __setitem__ = _refuse

    def __array_ufunc__(self, ufunc: np.ufunc, method: str, *args: Any, **kwargs: Any) -> Any:
        args = unwrapped(args)
        if kwargs.get("out") is not None or method not in ("__call__", "reduce"):
            raise CannotRecord(f"np.{ufunc.__name__}.{method} has no place in a program")
        if method == "reduce":
            name = f"{UFUNCS.get(ufunc, ufunc.__name__)}.reduce"
            return self._wrapped(simplify.reduce(self.steps, name, *args, **{"axis": 0, **kwargs}))
        if ufunc is np.matmul:
            return self._wrapped(products.matmul(self.steps, *args))
        if ufunc not in UFUNCS or kwargs:
            raise CannotRecord(f"np.{ufunc.__name__} has no place in a program")
        return self._wrapped(simplify.elementwise(self.steps, UFUNCS[ufunc], *args))

    def __array_function__(self, function: Callable[..., Any], types: Any, args: Any, kwargs: Any) -> Any:
        if function not in FUNCTIONS:
            raise CannotRecord(f"np.{function.__name__} has no place in a program")
        return self._wrapped(FUNCTIONS[function](self.steps, *unwrapped(args), **unwrapped(kwargs)))


def unwrapped(x: Any) -> Any:
    """Arguments with steps for recorded arrays."""
    if isinstance(x, Recorded):
        return x.step
    if isinstance(x, (tuple, list)):
        return type(x)(map(unwrapped, x))
    if isinstance(x, dict):
        return {k: unwrapped(v) for k, v in x.items()}
    return x


def _reducing(name: str) -> Callable[..., Any]:
    return lambda steps, a, axis=None, keepdims=False, initial=None: simplify.reduce(
        steps, name, a, axis, keepdims, initial
    )


def _mean(steps: Steps, a: Any, axis: Any = None, keepdims: bool = False) -> Any:
    total = simplify.reduce(steps, "add.reduce", a, axis, keepdims)
    n = math.prod(shape_of(a)) / max(math.prod(shape_of(total)), 1)
    return simplify.elementwise(steps, "divide", total, n)


def _squeeze(steps: Steps, a: Any, axis: Any = None) -> Any:
    return movement.reshape(steps, a, np.squeeze(np.broadcast_to(0.0, shape_of(a)), axis=axis).shape)


def _expand_dims(steps: Steps, a: Any, axis: Any) -> Any:
    return movement.reshape(steps, a, np.expand_dims(np.broadcast_to(0.0, shape_of(a)), axis).shape)


def _like(number: float) -> Callable[..., Any]:
    return lambda steps, a: np.broadcast_to(number, shape_of(a))


def _full(steps: Steps, shape: Any, fill_value: Any) -> Any:
    return movement.broadcast_to(steps, fill_value, shape)


def _cumsum(steps: Steps, a: Any, axis: int | None = None) -> Any:
    if axis is None:
        a, axis = movement.reshape(steps, a, (-1,)), 0
    return steps.make("add.accumulate", (a,), shape_of(a), FLOAT, axis=axis % len(shape_of(a)))


FUNCTIONS: dict[Any, Callable[..., Any]] = {
    np.shape: lambda steps, a: shape_of(a),
    np.ndim: lambda steps, a: len(shape_of(a)),
    np.size: lambda steps, a: math.prod(shape_of(a)),
    np.iscomplexobj: lambda steps, a: False,
    np.real: lambda steps, a: a,
    np.result_type: lambda steps, *arrays: FLOAT,
    np.reshape: lambda steps, a, shape: movement.reshape(steps, a, shape),
    np.ravel: lambda steps, a: movement.reshape(steps, a, (-1,)),
    np.transpose: lambda steps, a, axes=None: movement.transpose(steps, a, axes),
    np.squeeze: _squeeze,
    np.expand_dims: _expand_dims,
    np.broadcast_to: lambda steps, a, shape: movement.broadcast_to(steps, a, shape),
    np.where: lambda steps, condition, x, y: simplify.where(steps, condition, x, y),
    np.sum: _reducing("add.reduce"),
    np.prod: _reducing("multiply.reduce"),
    np.max: _reducing("maximum.reduce"),
    np.min: _reducing("minimum.reduce"),
    np.all: _reducing("logical_and.reduce"),
    np.any: _reducing("logical_or.reduce"),
    np.mean: _mean,
    np.cumsum: _cumsum,
    np.take: lambda steps, a, indices, axis=None: movement.take(steps, a, indices, axis),
    np.concatenate: lambda steps, arrays, axis=0: movement.concatenate(steps, arrays, axis),
    np.stack: lambda steps, arrays, axis=0: movement.stack(steps, arrays, axis),
    np.pad: lambda steps, a, pad_width: movement.pad(steps, a, pad_width),
    np.dot: lambda steps, a, b: products.dot(steps, a, b),
    np.outer: lambda steps, a, b: products.outer(steps, a, b),
    np.einsum: lambda steps, subscripts, *operands: products.einsum(steps, subscripts, *operands),
    np.full: _full,
    np.zeros_like: _like(0.0),
    np.ones_like: _like(1.0),
    np.lib.stride_tricks.sliding_window_view: lambda steps, x, size, axis: movement.windows(steps, x, size, axis),
}
"""What of NumPy's own functions can be recorded."""

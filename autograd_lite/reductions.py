"""Array operations that reduce or normalise along axes: one row each.

Rules are written with NumPy's names only, so that they run on arrays and, differentiated again, on `Value` nodes.
`g` is the gradient of the result `y`; shapes follow NumPy.
"""

from __future__ import annotations

import builtins
import functools
import itertools
import math
import operator
from typing import Any

import numpy as np
from numpy import ndarray

from autograd_lite import modes
from autograd_lite.axes import Axis, along, axes_of, count, kept, reducing
from autograd_lite.operation import Trial, array_operation

QUIET = np.errstate(all="ignore")
"""On operations that can leave the numbers: inf and nan are their answer, not an incident to warn of."""

REDUCTIONS = (
    Trial(((2, 3),)),
    Trial(((2, 3),), {"axis": 1}),
    Trial(((2, 3),), {"axis": -2, "keepdims": True}),
    Trial(((2, 3, 2),), {"axis": (0, 2)}),
    Trial(((),)),
    Trial(((1, 1),), {"axis": 0}),
)
ALONG_ONE = (Trial(((4,),)), Trial(((2, 3),), {"axis": 0}), Trial(((2, 3),), {"axis": 1}))


_total: Any = np.add.reduce
"""What np.sum comes to, by detours."""


def _silent(g: Any, a: Any, axis: Axis = None, keepdims: bool = False, **_: Any) -> Any:
    """Which elements are reduced to something whose gradient is 0."""
    return np.equal(kept(g, a, axis, keepdims), 0)


def _silent_along(g: Any, a: Any, axis: int = -1) -> Any:
    """Which elements belong to a row along `axis` whose gradient is all 0."""
    return np.all(np.equal(g, 0), axis=axis, keepdims=True)


def _safe_divide(a: Any, b: Any) -> Any:
    """A / b, and 0 where b is 0: the gradient of least norm at the tip of a cone."""
    return np.where(np.equal(b, 0), 0.0, a / b)


def _spread(g: Any, a: Any, axis: Axis, keepdims: bool) -> Any:
    """A reduced gradient, for every element that was reduced."""
    if type(g) is float and type(a) is np.ndarray:
        every = np.empty(a.shape, a.dtype)  # several times faster than a broadcast view, or np.full
        every.fill(g)
        return every
    return np.broadcast_to(kept(g, a, axis, keepdims), np.shape(a))


def _sum_vjp(g: Any, y: Any, a: Any, axis: Axis = None, keepdims: bool = False) -> Any:
    return _spread(g, a, axis, keepdims)


@array_operation(
    vjp={"a": _sum_vjp}, spelled=reducing(lambda ag, v: ag.sum(v)), symbol="Σ", numpy=np.sum, trials=REDUCTIONS
)
def sum(a: Any, axis: Axis = None, *, keepdims: bool = False) -> Any:
    """Sum of the elements over `axis` (all of them by default)."""
    return _total(a, axis=axis, keepdims=keepdims)


def _mean_vjp(g: Any, y: Any, a: Any, axis: Axis = None, keepdims: bool = False) -> Any:
    n = count(a, axis)
    return _spread(g / n if n else g, a, axis, keepdims)


def _mean_of(ag: Any, v: list[Any]) -> Any:
    return ag.div(ag.sum(v), len(v))


@array_operation(vjp={"a": _mean_vjp}, spelled=reducing(_mean_of), numpy=np.mean, trials=REDUCTIONS)
def mean(a: Any, axis: Axis = None, *, keepdims: bool = False) -> Any:
    """Arithmetic mean of the elements over `axis` (all of them by default)."""
    if axis is None and not keepdims and (n := count(a, None)):  # NumPy's mean does the same in five times the time
        return np.add.reduce(a, None) / n
    return np.mean(a, axis=axis, keepdims=keepdims)


def _extreme_vjp(g: Any, y: Any, a: Any, axis: Axis = None, keepdims: bool = False) -> Any:
    chosen = np.equal(a, kept(y, a, axis, keepdims))
    return np.where(chosen, kept(g, a, axis, keepdims) / np.sum(chosen, axis=axis, keepdims=True), 0.0)


@array_operation(
    vjp={"a": _extreme_vjp},
    spelled=reducing(lambda ag, v: ag.max(v)),
    silent_rows=_silent,
    numpy=(np.max, np.amax),
    analytic=False,
    trials=REDUCTIONS,
)
def max(a: Any, axis: Axis = None, *, keepdims: bool = False) -> Any:
    """Greatest element over `axis`; equal greatest elements share the gradient evenly, nan propagates."""
    return np.max(a, axis=axis, keepdims=keepdims)


@array_operation(
    vjp={"a": _extreme_vjp},
    spelled=reducing(lambda ag, v: ag.min(v)),
    silent_rows=_silent,
    numpy=(np.min, np.amin),
    analytic=False,
    trials=REDUCTIONS,
)
def min(a: Any, axis: Axis = None, *, keepdims: bool = False) -> Any:
    """Least element over `axis`; equal least elements share the gradient evenly, nan propagates."""
    return np.min(a, axis=axis, keepdims=keepdims)


def _others(a: Any) -> Any:
    """For each element of the last axis, the product of all the others, exact where some are 0."""
    n = a.shape[-1]
    if not isinstance(a, np.ndarray):  # a differentiable product: take the others, multiply
        others = np.array([[j for j in range(n) if j != i] for i in range(n)], dtype=int).reshape(n, -1)
        return np.prod(np.take(a, others, axis=-1), axis=-1)
    ones = np.ones((*a.shape[:-1], 1), a.dtype)
    before = np.cumprod(np.concatenate([ones, a[..., :-1]], axis=-1), axis=-1)
    after = np.cumprod(np.concatenate([ones, a[..., :0:-1]], axis=-1), axis=-1)[..., ::-1]
    return before * after


def _prod_vjp(g: Any, y: Any, a: Any, axis: Axis = None, keepdims: bool = False) -> Any:
    if not np.ndim(a):
        return g
    if not np.size(a):
        return kept(g, a, axis, keepdims) * np.zeros(np.shape(a))
    axes = axes_of(np.ndim(a), axis)
    order = tuple(i for i in range(np.ndim(a)) if i not in axes) + axes
    moved = np.transpose(a, order)
    rows = np.reshape(moved, (*moved.shape[: np.ndim(a) - len(axes)], -1))
    others = np.transpose(np.reshape(_others(rows), moved.shape), tuple(int(i) for i in np.argsort(order)))
    return kept(g, a, axis, keepdims) * others


@array_operation(
    vjp={"a": _prod_vjp},
    spelled=reducing(lambda ag, v: functools.reduce(operator.mul, v, 1.0)),
    silent_rows=_silent,
    symbol="Π",
    numpy=np.prod,
    trials=REDUCTIONS,
)
def prod(a: Any, axis: Axis = None, *, keepdims: bool = False) -> Any:
    """Product of the elements over `axis`; its gradient is exact where elements are 0."""
    return np.prod(a, axis=axis, keepdims=keepdims)


def _deviation(a: Any, axis: Axis) -> Any:
    if not np.ndim(a):
        return a - a
    shifted = a - _finite_shift(getattr(a, "_data", a), axis)  # equal elements are 0 now, exactly
    return shifted - np.mean(shifted, axis=axis, keepdims=True)


def _quotient(a: Any, n: float) -> Any:
    """The quotient a / n; a division by no degrees of freedom is inf or nan, as NumPy's var has it."""
    return a / n if n else np.divide(a, 0.0)


def _var_vjp(g: Any, y: Any, a: Any, axis: Axis = None, ddof: float = 0, keepdims: bool = False) -> Any:
    return kept(g, a, axis, keepdims) * _deviation(a, axis) * _quotient(2.0, count(a, axis) - ddof)


def _deviations(ag: Any, v: list[Any]) -> list[Any]:
    middle = _mean_of(ag, v)
    return [x - middle for x in v]


def _var_of(ag: Any, v: list[Any], ddof: float = 0) -> Any:
    return ag.div(ag.sum([d * d for d in _deviations(ag, v)]), len(v) - ddof)


@array_operation(
    vjp={"a": _var_vjp}, spelled=reducing(_var_of), silent_rows=_silent, numpy=np.var, trials=REDUCTIONS[:4]
)
@QUIET
def var(a: Any, axis: Axis = None, *, ddof: float = 0, keepdims: bool = False) -> Any:
    """Variance over `axis`: the mean square deviation from the mean, with divisor ``n - ddof``."""
    d = _deviation(a, axis)
    return _quotient(np.sum(d * d, axis=axis, keepdims=keepdims), count(a, axis) - ddof)


def _std_vjp(g: Any, y: Any, a: Any, axis: Axis = None, ddof: float = 0, keepdims: bool = False) -> Any:
    slope = _safe_divide(_deviation(a, axis) * _quotient(1.0, count(a, axis) - ddof), kept(y, a, axis, keepdims))
    return kept(g, a, axis, keepdims) * slope


def _std_of(ag: Any, v: list[Any], ddof: float = 0) -> Any:
    return ag.div(_norm_of(ag, _deviations(ag, v)), ag.sqrt(len(v) - ddof))


@array_operation(
    vjp={"a": _std_vjp}, spelled=reducing(_std_of), silent_rows=_silent, numpy=np.std, trials=REDUCTIONS[:4]
)
@QUIET
def std(a: Any, axis: Axis = None, *, ddof: float = 0, keepdims: bool = False) -> Any:
    """Standard deviation over `axis`, with divisor ``n - ddof``; the gradient of a constant array is 0."""
    return np.sqrt(var.forward(a, axis=axis, ddof=ddof, keepdims=keepdims))


def _norm_vjp(g: Any, y: Any, a: Any, ord: object = None, axis: Axis = None, keepdims: bool = False) -> Any:
    return kept(g, a, axis, keepdims) * _safe_divide(a, kept(y, a, axis, keepdims))


NORMS = (
    Trial(((4,),)),
    Trial(((2, 3),), {"axis": 0}),
    Trial(((2, 3),), {"axis": 1, "keepdims": True}),
    Trial(((2, 2),)),
)


def _check_order(ndim: int, ord: object, axis: Axis) -> None:
    is_vector = ndim == 1 if axis is None else not isinstance(axis, tuple)
    if not (ord is None or (ord == 2 and is_vector)):
        raise ValueError(
            f"norm: ord={ord!r} is not supported, only the Euclidean length; write others with abs and sum"
        )


def _norm_of(ag: Any, v: list[Any]) -> Any:
    return functools.reduce(ag.hypot, v, 0.0)


def _norm_of_scalars(ag: Any, a: Any, ord: object = None, axis: Axis = None, keepdims: bool = False) -> Any:
    _check_order(a.ndim, ord, axis)
    return reducing(_norm_of)(ag, a, axis, keepdims)


@array_operation(
    vjp={"a": _norm_vjp},
    spelled=_norm_of_scalars,
    silent_rows=_silent,
    symbol="‖.‖",
    numpy=np.linalg.norm,
    trials=NORMS,
)
@QUIET
def norm(a: Any, ord: object = None, axis: Axis = None, *, keepdims: bool = False) -> Any:
    """Euclidean length over `axis` (of all elements by default); its gradient at 0 is 0, and it does not overflow."""
    _check_order(np.ndim(a), ord, axis)
    scale = np.max(np.abs(a), axis=axis, keepdims=True, initial=0.0)
    unit = a / np.where((scale > 0) & np.isfinite(scale), scale, 1.0)
    scale = np.where(np.isfinite(scale) & (scale > 0), scale, 1.0).astype(unit.real.dtype)
    length = np.sqrt(np.sum(unit * unit, axis=axis, keepdims=True)) * scale
    return length if keepdims else np.reshape(length, np.sum(a, axis=axis).shape)


def _finite_shift(a: Any, axis: Axis) -> Any:
    """The maximum over `axis`, with which exp cannot overflow; 0 where that is infinite."""
    real = a.real if type(a) is ndarray else np.real(a)
    top = np.maximum.reduce(real, axis=axis, keepdims=True, initial=-np.inf)
    if type(top) is ndarray and math.isfinite((each := top.ravel()).dot(each)):  # the sum of their squares tells
        return top
    return np.where(np.isfinite(top), top, 0.0).astype(top.dtype)


def _logsumexp_vjp(g: Any, y: Any, a: Any, axis: Axis = None, keepdims: bool = False) -> Any:
    total = kept(y, a, axis, keepdims)
    return kept(g, a, axis, keepdims) * np.where(np.isinf(total), 0.0, np.exp(a - total))


def _shifted(ag: Any, v: list[Any]) -> tuple[list[Any], Any]:
    """The elements less the greatest number among them, with which exp cannot overflow, and that number.

    In a function that is being traced it is a node, for other numbers will have another.
    """
    if modes.tracers and modes.tracer() is not None:
        top = ag.max(v)
    else:
        top = builtins.max(float(getattr(x, "_data", x).real) for x in v)  # complex: the complex step of the checks
        top = top if math.isfinite(top) else 0.0
    return [x - top for x in v], top


def _logsumexp_of(ag: Any, v: list[Any]) -> Any:
    if all(getattr(x, "_data", x) <= -math.inf for x in v):  # the logarithm of 0, with gradient 0
        return -math.inf
    shifted, top = _shifted(ag, v)
    return ag.log(ag.sum([ag.exp(x) for x in shifted])) + top


@array_operation(vjp={"a": _logsumexp_vjp}, spelled=reducing(_logsumexp_of), silent_rows=_silent, trials=REDUCTIONS)
@QUIET
def logsumexp(a: Any, axis: Axis = None, *, keepdims: bool = False) -> Any:
    """log(sum(exp(a))) over `axis`, stable for any finite a; all -inf gives -inf with gradient 0."""
    top = _finite_shift(a, axis)
    y = np.log(_total(np.exp(a - top), axis=axis, keepdims=True)) + top
    return y if keepdims else np.reshape(y, np.sum(a, axis=axis).shape)


def _softmax_vjp(g: Any, y: Any, a: Any, axis: Axis = -1) -> Any:
    return y * (g - _total(g * y, axis=axis, keepdims=True))


def _softmax_of(ag: Any, v: list[Any]) -> list[Any]:
    exps = [ag.exp(x) for x in _shifted(ag, v)[0]]
    total = ag.sum(exps)
    return [ag.div(e, total) for e in exps]


@array_operation(vjp={"a": _softmax_vjp}, spelled=along(_softmax_of), silent_rows=_silent_along, trials=ALONG_ONE)
@QUIET
def softmax(a: Any, axis: Axis = -1) -> Any:
    """exp(a) / sum(exp(a)) along `axis`, the last by default; stable for any finite a."""
    e = np.exp(a - _finite_shift(a, axis))
    return e / _total(e, axis=axis, keepdims=True)


def _log_softmax_vjp(g: Any, y: Any, a: Any, axis: Axis = -1) -> Any:
    return g - np.exp(y) * _total(g, axis=axis, keepdims=True)


def _log_softmax_of(ag: Any, v: list[Any]) -> list[Any]:
    total = _logsumexp_of(ag, v)
    return [x - total for x in v]


@array_operation(
    vjp={"a": _log_softmax_vjp}, spelled=along(_log_softmax_of), silent_rows=_silent_along, trials=ALONG_ONE
)
@QUIET
def log_softmax(a: Any, axis: Axis = -1) -> Any:
    """log(softmax(a)) along `axis`, the last by default; stable for any finite a."""
    shifted = a - _finite_shift(a, axis)
    return shifted - np.log(_total(np.exp(shifted), axis=axis, keepdims=True))


def _backwards(a: Any, axis: int) -> Any:
    index = [slice(None)] * np.ndim(a)
    index[axis] = slice(None, None, -1)
    return a[tuple(index)]


def _cumsum_vjp(g: Any, y: Any, a: Any, axis: int | None = None) -> Any:
    along = 0 if axis is None else axis
    summed = _backwards(np.cumsum(_backwards(g, along), axis=along), along)
    return np.reshape(summed, np.shape(a))


def _cumsum_of_scalars(ag: Any, a: Any, axis: int | None = None) -> Any:
    running = along(lambda ag, v: list(itertools.accumulate(v)))
    return running(ag, np.ravel(a) if axis is None else a, axis=-1 if axis is None else axis)


@array_operation(
    vjp={"a": _cumsum_vjp},
    spelled=_cumsum_of_scalars,
    numpy=np.cumsum,
    trials=(*ALONG_ONE, Trial(((2, 2),))),
)
def cumsum(a: Any, axis: int | None = None) -> Any:
    """Running sum along `axis`, or of the flattened array."""
    return np.cumsum(a, axis=axis)

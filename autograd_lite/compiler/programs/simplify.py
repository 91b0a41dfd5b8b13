"""Makers of elementwise steps, reductions and products, which make the shortest step that gives the same numbers.

Broadcasts are put off: what is computed from repeated numbers is computed once and repeated afterwards, and an operand
whose consumer broadcasts anyway is never repeated. Constants are computed here, not in the program. Sums may be
reassociated and ``x / 3`` may become ``x * (1 / 3)``; nothing else changes a number by more than that.
"""

from __future__ import annotations

import functools
import math
import sys
from collections.abc import Callable
from typing import Any

import numpy as np

from autograd_lite.axes import Axis, axes_of
from autograd_lite.compiler.programs.biases import layer
from autograd_lite.compiler.programs.movement import broadcast_to, getitem, reshape
from autograd_lite.compiler.programs.steps import FLOAT, VIEWS, Step, Steps, bare, dtype_of, is_uniform, shape_of

IDENTITIES = {"add.reduce": 0.0, "multiply.reduce": 1.0, "logical_and.reduce": True, "logical_or.reduce": False}
COMMUTATIVE = {"add", "multiply"}
SHORT = 16  # an axis of at most so many elements is taken column by column
LONG = 32  # if there are so many rows for each column, at least
FEW = 1024  # elements of which a sum takes as long as a multiplication of one
SMALL_OUTER = 64  # elements below which a broadcast product is as fast as a matrix product


def elementwise(steps: Steps, name: str, *operands: Any) -> Any:
    """The step of a ufunc; a number or an array if all operands are constants."""
    bares, shapes = zip(*map(bare, operands), strict=True)
    full = np.broadcast_shapes(*shapes)
    if not any(isinstance(x, Step) for x in bares):
        with np.errstate(all="ignore"):
            y = getattr(np, name)(*bares)
        return broadcast_to(steps, y, full)
    if 0 in full:
        return np.zeros(full, _dtype(name, bares))
    simple = _simpler(steps, name, bares)
    if simple is None:
        simple = _reshaped_after(steps, name, bares)
    if simple is None:
        shape = np.broadcast_shapes(*map(shape_of, bares))
        if name in COMMUTATIVE and not isinstance(bares[0], Step):
            bares = bares[::-1]
        dtype = _dtype(name, bares)
        if any(dtype_of(x) in (float, FLOAT) for x in bares):  # NumPy takes floats faster than ints
            bares = tuple(float(x) if type(x) in (int, bool) else x for x in bares)
        known = steps.known(name, bares[::-1]) if name in COMMUTATIVE else None
        simple = known or steps.make(name, tuple(bares), shape, dtype)
    return broadcast_to(steps, simple, full)


def _reshaped_after(steps: Steps, name: str, operands: tuple[Any, ...]) -> Any:
    """An operation on one reshaped array: on the array itself, which others may have asked for already."""
    arrays = [x for x in operands if shape_of(x)]
    if len(arrays) != 1 or not _is_call(arrays[0], "reshape"):
        return None
    base = arrays[0].args[0]
    y = elementwise(steps, name, *(base if x is arrays[0] else x for x in operands))
    return reshape(steps, y, arrays[0].shape)


def _dtype(name: str, operands: tuple[Any, ...]) -> np.dtype[Any]:
    return _result_dtype(name, tuple(map(dtype_of, operands)))


@functools.cache
def _result_dtype(name: str, kinds: tuple[Any, ...]) -> np.dtype[Any]:
    ones = [np.ones((), k) if isinstance(k, np.dtype) else k(1) for k in kinds]
    with np.errstate(all="ignore"):
        return np.asarray(getattr(np, name)(*ones)).dtype


def where(steps: Steps, condition: Any, x: Any, y: Any) -> Any:
    """Elements of x where the condition holds, of y elsewhere."""
    bares, shapes = zip(*map(bare, (condition, x, y)), strict=True)
    full = np.broadcast_shapes(*shapes)
    if not any(isinstance(b, Step) for b in bares):
        return np.broadcast_to(np.where(*bares), full)
    condition, x, y = bares
    if not isinstance(condition, (Step, np.ndarray)):
        return broadcast_to(steps, as_float(steps, x if condition else y), full)
    shape = np.broadcast_shapes(*map(shape_of, bares))
    if not shape or all(dtype_of(z) != FLOAT and dtype_of(z) is not float for z in (x, y)):
        x, y = (as_float(steps, z) for z in (x, y))  # nobody else makes a float of a mask
    x, y = (float(z) if isinstance(z, (bool, int)) else z for z in (x, y))
    return broadcast_to(steps, steps.make("where", (condition, x, y), shape, FLOAT), full)


def as_float(steps: Steps, x: Any) -> Any:
    """The same numbers as floats."""
    if isinstance(x, Step):
        core, full = bare(x)
        if x.dtype == FLOAT:
            return x
        return broadcast_to(steps, steps.make("astype", (core,), core.shape, FLOAT), full)
    return x.astype(float, copy=False) if isinstance(x, np.ndarray) else float(x)


# --- rules -----------------------------------------------------------------------------------------------------------


def _simpler(steps: Steps, name: str, operands: tuple[Any, ...]) -> Any:
    """A shorter step for this call, or None; its shape is that of the operands' broadcast or smaller."""
    if name in MASK_RULES:
        return MASK_RULES[name](steps, *operands)
    rule = RULES.get(name)
    if rule is None or any(isinstance(x, Step) and x.dtype != FLOAT for x in operands):
        return None
    return rule(steps, *operands)


def _is(x: Any, number: float) -> bool:
    return isinstance(x, (int, float)) and x == number and math.copysign(1.0, x) == math.copysign(1.0, number)


def _is_call(x: Any, name: str) -> bool:
    return isinstance(x, Step) and x.call == name


def _add(steps: Steps, a: Any, b: Any) -> Any:
    if a is b:
        return elementwise(steps, "multiply", a, 2.0)
    for x, y in ((a, b), (b, a)):
        if isinstance(y, (int, float)) and y == 0:
            return x
        if _is_call(y, "negative"):
            return elementwise(steps, "subtract", x, y.args[0])
    return layer(steps, a, b) or layer(steps, b, a) or _common_factor(steps, a, b)


def _common_factor(steps: Steps, a: Any, b: Any) -> Any:
    """``c * x - c * y`` is ``c * (x - y)``: in gradients, as the notes' dZ = A - Y."""
    if steps.in_backward and all(_is_call(x, "multiply") and isinstance(x.args[1], float) for x in (a, b)):
        (x, c), (y, d) = sorted((a.args, b.args), key=lambda args: -args[1])
        if c == abs(d):
            return elementwise(steps, "multiply", elementwise(steps, "add" if c == d else "subtract", x, y), c)
    return None


def _subtract(steps: Steps, a: Any, b: Any) -> Any:
    if isinstance(b, (int, float)) and b == 0:
        return a
    if isinstance(a, (int, float)) and a == 0:
        return elementwise(steps, "negative", b)
    if _is_call(b, "negative"):
        return elementwise(steps, "add", a, b.args[0])
    return None


def _negative(steps: Steps, a: Any) -> Any:
    if _is_call(a, "negative"):
        return a.args[0]
    if _is_call(a, "multiply") and isinstance(a.args[1], float):
        return elementwise(steps, "multiply", a.args[0], -a.args[1])
    if _is_call(a, "subtract"):
        return elementwise(steps, "subtract", a.args[1], a.args[0])
    return None


def _multiply(steps: Steps, a: Any, b: Any) -> Any:
    if not isinstance(a, Step):
        a, b = b, a
    if isinstance(b, (int, float)):
        return _scaled(steps, a, float(b))
    for x, y in ((a, b), (b, a)):  # the smaller one takes the factor, or a sum
        if _is_call(y, "multiply") and isinstance(y.args[1], float):
            if math.prod(shape_of(x)) < y.size:
                return elementwise(steps, "multiply", elementwise(steps, "multiply", x, y.args[1]), y.args[0])
            scaled = _scaled_sum(steps, x, y.args[1])
            if scaled is not None:
                return elementwise(steps, "multiply", scaled, y.args[0])
    if _is_call(a, "negative") or _is_call(b, "negative"):
        if not _is_call(a, "negative"):
            a, b = b, a
        return elementwise(steps, "negative", elementwise(steps, "multiply", a.args[0], b))
    return _outer(steps, a, b)


def _scaled(steps: Steps, a: Any, c: float) -> Any:
    """A step times a number."""
    if _is(c, 1.0):
        return a
    if _is(c, -1.0):
        return elementwise(steps, "negative", a)
    if c == 0 and steps.in_backward:  # a zero gradient is a strong zero
        return 0.0
    if _is_call(a, "negative"):
        return elementwise(steps, "multiply", a.args[0], -c)
    if _is_call(a, "multiply") and isinstance(a.args[1], float):
        product = a.args[1] * c
        if math.isfinite(product) and product:
            return elementwise(steps, "multiply", a.args[0], product)
    if _is_call(a, "multiply"):
        for x, y in (a.args, a.args[::-1]):
            scaled = _scaled_sum(steps, x, c) if a.size <= FEW else None
            if scaled is not None:
                return elementwise(steps, "multiply", scaled, y)
    return _scaled_sum(steps, a, c)


def _scaled_sum(steps: Steps, a: Any, c: float) -> Any:
    """Sums of few numbers times a number: the ones, with which they are a product, take it."""
    if _is_call(a, "reshape"):
        scaled = _scaled_sum(steps, a.args[0], c)
        return None if scaled is None else reshape(steps, scaled, a.shape)
    if not _is_call(a, "dot") or not a.ndim or max(math.prod(shape_of(x)) for x in a.args) > FEW:
        return None
    for i, x in enumerate(a.args):
        if isinstance(x, np.ndarray) and x.ndim == 1 and x.size and is_uniform(x):
            factor = float(x[0]) * c
            if abs(c) <= 1 and sys.float_info.min <= abs(factor):  # a greater one could make infinities too early
                return steps.make("dot", (*a.args[:i], np.full(x.shape, factor), *a.args[i + 1 :]), a.shape)
    return None


def _outer(steps: Steps, a: Any, b: Any) -> Any:
    """A column times a row is a matrix product, which is three times as fast as the broadcast."""
    for x, y in ((a, b), (b, a)):
        rows, columns = shape_of(x), shape_of(y)
        is_outer = len(rows) == 2 and rows[1] == 1 and len(columns) in (1, 2) and columns[:-1] in ((), (1,))
        if is_outer and rows[0] > 1 and columns[-1] > 1 and rows[0] * columns[-1] >= SMALL_OUTER:
            shape = (rows[0], columns[-1])
            return steps.make("dot", (x, reshape(steps, y, (1, columns[-1]))), shape)
    return None


def _divide(steps: Steps, a: Any, b: Any) -> Any:
    if isinstance(b, (int, float)) and b != 0 and math.isfinite(b) and math.isfinite(1.0 / b):
        return elementwise(steps, "multiply", a, 1.0 / b)
    return None


def _power(steps: Steps, a: Any, b: Any) -> Any:
    """NumPy's power has no short cuts for the exponents that occur most."""
    if _is(b, 2.0):
        return elementwise(steps, "multiply", a, a)
    if _is(b, 1.0):
        return a
    if isinstance(b, (int, float)) and b == 0:
        return 1.0
    if _is(b, 0.5):
        return elementwise(steps, "sqrt", a)
    if _is(b, -1.0):
        return elementwise(steps, "divide", 1.0, a)
    if _is(b, 3.0):
        return elementwise(steps, "multiply", elementwise(steps, "multiply", a, a), a)
    return None


def _greater(steps: Steps, a: Any, b: Any) -> Any:
    """Where relu passes: its result says so too, and may be written over its argument."""
    rectified = steps.known("maximum", (a, 0.0)) if _is(b, 0) and steps.in_backward else None
    return None if rectified is None else steps.make("greater", (rectified, 0.0), rectified.shape, np.dtype(bool))


def _exp(steps: Steps, a: Any) -> Any:
    """The exponential of log_softmax, where the exponentials that were added up are known."""
    if not _is_call(a, "subtract"):
        return None
    log = a.args[1]
    inner = log.args[0] if _is_call(log, "reshape") else log
    known = steps.known("exp", (a.args[0],))
    if known is None or not _is_call(inner, "log"):
        return None
    return elementwise(steps, "divide", known, reshape(steps, inner.args[0], log.shape))


def _both(steps: Steps, a: Any, b: Any) -> Any:
    """Conditions of which one is known."""
    for x, y in ((a, b), (b, a)):
        if isinstance(y, bool):
            return x if y else False
    return None


MASK_RULES: dict[str, Callable[..., Any]] = {"bitwise_and": _both, "logical_and": _both}
RULES: dict[str, Callable[..., Any]] = {
    "greater": _greater,
    "add": _add,
    "subtract": _subtract,
    "negative": _negative,
    "positive": lambda steps, a: a,
    "multiply": _multiply,
    "divide": _divide,
    "power": _power,
    "exp": _exp,
    "square": lambda steps, a: elementwise(steps, "multiply", a, a),
    "reciprocal": lambda steps, a: elementwise(steps, "divide", 1.0, a),
}


# --- reductions ------------------------------------------------------------------------------------------------------


def reduce(
    steps: Steps, name: str, a: Any, axis: Axis = None, keepdims: bool = False, initial: float | None = None
) -> Any:
    """A ufunc's reduction over `axis`, all axes if None."""
    core, full = bare(a)
    axes = axes_of(len(full), axis)
    kept = tuple(1 if i in axes else n for i, n in enumerate(full))
    shape = kept if keepdims else tuple(n for i, n in enumerate(full) if i not in axes)
    if not isinstance(core, Step) or 0 in full:
        start = IDENTITIES.get(name, initial) if initial is None else initial
        given = {} if start is None else {"initial": start}
        ufunc = getattr(np, name.removesuffix(".reduce"))
        return ufunc.reduce(
            np.zeros(full) if 0 in full else np.broadcast_to(core, full), axis=axes, keepdims=keepdims, **given
        )
    reduced = _reduced(steps, name, core, full, axes)
    if initial is not None and not (name == "maximum.reduce" and initial == -math.inf):
        reduced = elementwise(steps, name.removesuffix(".reduce"), reduced, initial)
    return reshape(steps, broadcast_to(steps, reduced, kept), shape)


def _reduced(steps: Steps, name: str, core: Step, full: tuple[int, ...], axes: tuple[int, ...]) -> Any:
    """The reduction, the reduced axes kept or all axes gone, where `core` was broadcast to `full`."""
    if core.ndim:
        core = reshape(steps, core, (1,) * (len(full) - core.ndim) + core.shape)
    lengths = core.shape or (1,) * len(full)
    repeated = math.prod(full[i] for i in axes if lengths[i] == 1)
    real = tuple(i for i in axes if lengths[i] > 1)
    if real:
        core = _reduction(steps, name, core, real)
    elif name == "add.reduce":
        core = as_float(steps, core)
    if name == "add.reduce" and repeated != 1:
        core = elementwise(steps, "multiply", core, float(repeated))
    elif name == "multiply.reduce" and repeated != 1:
        core = elementwise(steps, "power", core, float(repeated))
    return core


def _reduction(steps: Steps, name: str, a: Step, axes: tuple[int, ...]) -> Any:
    """The step itself, its axes kept with length 1."""
    dtype = (
        np.dtype(bool)
        if name.startswith("logical")
        else (FLOAT if a.dtype == FLOAT or name == "add.reduce" else a.dtype)
    )
    shape = tuple(1 if i in axes else n for i, n in enumerate(a.shape))
    bare_shape = tuple(n for i, n in enumerate(a.shape) if i not in axes)
    axis: Any = None if len(axes) == a.ndim else axes[0] if len(axes) == 1 else axes
    if name in ("maximum.reduce", "minimum.reduce") and axes == (a.ndim - 1,) and _is_short(a):
        columns = [getitem(steps, a, (..., i)) for i in range(a.shape[-1])]
        return reshape(steps, functools.reduce(functools.partial(elementwise, steps, name[:7]), columns), shape)
    if name == "add.reduce":
        product = _sum_of_products(steps, a, axes, axis)
        if product is not None:
            return reshape(steps, product, shape)
    return reshape(steps, steps.make(name, (a,), bare_shape, dtype, axis=axis), shape)


def _is_short(a: Step) -> bool:
    """Whether the last axis is so short, and there are so many rows, that NumPy's loop over rows costs most."""
    return a.shape[-1] <= SHORT and a.size >= LONG * a.shape[-1] ** 2


def _sum_of_products(steps: Steps, a: Step, axes: tuple[int, ...], axis: Any) -> Any:
    """A sum of products of equal shapes is a dot product; a sum of a matrix's rows or columns is one with ones."""
    if axis is None and a.dtype == FLOAT and _is_call(a, "multiply"):
        x, y = a.args
        if shape_of(x) == shape_of(y) == a.shape and dtype_of(x) == dtype_of(y) == FLOAT:
            return steps.make("dot", (reshape(steps, x, (a.size,)), reshape(steps, y, (a.size,))), ())
    if axis is None and a.dtype == FLOAT and a.size <= FEW and (a.ndim == 1 or a.call not in VIEWS):
        return steps.make("dot", (reshape(steps, a, (a.size,)), np.ones(a.size)), ())
    if axis is None or _is_strided(a):
        return None
    n = math.prod(a.shape[i] for i in axes)
    if axes == tuple(range(len(axes))) and a.dtype == FLOAT:
        rows = reshape(steps, a, (n, a.size // n))
        return steps.make("dot", (np.ones(n), rows), (a.size // n,))
    if axes == (a.ndim - 1,) and (a.dtype == FLOAT or _is_short(a)):
        rows = reshape(steps, as_float(steps, a), (a.size // n, n))
        return steps.make("dot", (rows, np.ones(n)), (a.size // n,))
    return None


def _is_strided(a: Step) -> bool:
    """Whether a matrix made of a view of several axes would be a copy."""
    return a.ndim > 2 and a.call in VIEWS and a.call != "reshape"

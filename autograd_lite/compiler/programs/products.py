"""Makers of products: of vectors, matrices and stacks of matrices."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from autograd_lite.compiler.programs.movement import reshape, transpose
from autograd_lite.compiler.programs.simplify import as_float, elementwise
from autograd_lite.compiler.programs.steps import Step, Steps, shape_of


def matmul(steps: Steps, a: Any, b: Any) -> Any:
    """Matrix product of vectors, matrices and stacks of matrices."""
    if not isinstance(a, Step) and not isinstance(b, Step):
        return np.matmul(a, b)
    a, b = as_float(steps, a), as_float(steps, b)
    m, n = len(shape_of(a)), len(shape_of(b))
    rows = shape_of(a)[-2:-1] if m > 1 else ()
    columns = shape_of(b)[-1:] if n > 1 else ()
    batch = np.broadcast_shapes(shape_of(a)[:-2], shape_of(b)[:-2])
    if not shape_of(a)[-1]:
        return np.zeros((*batch, *rows, *columns))
    if m == n == 2 and shape_of(a)[1] == 1:
        return elementwise(steps, "multiply", a, b)
    if m == n == 2 and columns == (1,):
        return reshape(steps, matmul(steps, a, reshape(steps, b, (-1,))), (*rows, 1))
    if m == 2 and n == 1 and isinstance(a, Step) and a.call == "transpose":
        return steps.make("dot", (b, a.args[0]), rows)
    return steps.make("dot" if m <= 2 and n <= 2 else "matmul", (a, b), (*batch, *rows, *columns))


def dot(steps: Steps, a: Any, b: Any) -> Any:
    """NumPy's dot: the last axis of a with the last but one of b."""
    m, n = len(shape_of(a)), len(shape_of(b))
    if not m or not n:
        return elementwise(steps, "multiply", a, b)
    if m <= 2 and n <= 2:
        return matmul(steps, a, b)
    rest = shape_of(b)[:-2] + shape_of(b)[-1:] if n > 1 else ()
    order = (n - 2, *range(n - 2), n - 1) if n > 1 else (0,)
    k = shape_of(a)[-1]
    left = reshape(steps, a, (math.prod(shape_of(a)[:-1]), k))
    right = reshape(steps, transpose(steps, b, order), (k, math.prod(rest)))
    return reshape(steps, matmul(steps, left, right), shape_of(a)[:-1] + rest)


def outer(steps: Steps, a: Any, b: Any) -> Any:
    """Every element of a times every element of b."""
    column = reshape(steps, a, (math.prod(shape_of(a)), 1))
    return elementwise(steps, "multiply", column, reshape(steps, b, (1, math.prod(shape_of(b)))))


def einsum(steps: Steps, subscripts: str, *operands: Any) -> Any:
    """Sum of products by Einstein's convention."""
    if not any(isinstance(x, Step) for x in operands):
        return np.einsum(subscripts, *operands)
    dummies = [np.broadcast_to(0.0, shape_of(x)) for x in operands]
    shape = np.einsum(subscripts, *dummies).shape
    return steps.make("einsum", (*operands,), shape, subscripts=subscripts)

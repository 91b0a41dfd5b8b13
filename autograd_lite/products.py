"""Products of matrices, vectors and tensors, and sums and dot products of many scalars: one row each."""

from __future__ import annotations

import builtins
import math
import operator
from typing import Any

import numpy as np
from numpy import ndarray

from autograd_lite.operation import Trial, array_operation
from autograd_lite.shaping import sum_to


def _swapped(a: Any) -> Any:
    """The last two axes exchanged."""
    n = np.ndim(a)
    return a.T if n == 2 else np.transpose(a, (*range(n - 2), n - 1, n - 2))


def _as_matrices(g: Any, a: Any, b: Any) -> tuple[Any, Any, Any]:
    """Matmul's operands and gradient with at least two axes: a row for a vector on the left, a column on the right."""
    if np.ndim(a) == 1:
        a, g = a[None, :], (g[..., None, :] if np.ndim(b) > 1 else np.reshape(g, (1,)))
    if np.ndim(b) == 1:
        b, g = b[:, None], g[..., None]
    return g, a, b


def _matmul_left(g: Any, y: Any, a: Any, b: Any) -> Any:
    if a.ndim == b.ndim == 2:
        return matmul.forward(g, b.T)
    g, _, b2 = _as_matrices(g, a, b)
    full = g @ _swapped(b2)
    return sum_to(full[..., 0, :] if np.ndim(a) == 1 else full, np.shape(a))


def _matmul_right(g: Any, y: Any, a: Any, b: Any) -> Any:
    if a.ndim == b.ndim == 2:
        return matmul.forward(a.T, g)
    g, a2, _ = _as_matrices(g, a, b)
    full = _swapped(a2) @ g
    return sum_to(full[..., 0] if np.ndim(b) == 1 else full, np.shape(b))


MATRIX_PRODUCTS = (
    Trial(((2, 3), (3, 2))),
    Trial(((3,), (3,))),
    Trial(((2, 3), (3,))),
    Trial(((3,), (3, 2))),
    Trial(((0, 3), (3, 2))),
)


def _lists(a: Any, axis: int) -> Any:
    """An array of the lists of elements along `axis`, the last or the last but one."""
    rows = np.asarray(a, dtype=object).swapaxes(axis, -1)
    shape = rows.shape[:-1]
    lists = rows.reshape(math.prod(shape), rows.shape[-1]).tolist()
    return np.fromiter(lists, object, len(lists)).reshape(shape)


def _dots(ag: Any, rows: Any, columns: Any, method: str) -> Any:
    """The dot products of the lists in two arrays, pair by pair or each with each.

    Each list is looked at once: a layer's inputs for all its neurons, a neuron's weights for all examples.
    """
    look = np.frompyfunc(ag.many.looked_at, 1, 1)
    try:
        looked = [look(lists.ravel()).reshape(lists.shape) for lists in (rows, columns)]
        return getattr(np.frompyfunc(ag.many.dot, 2, 1), method)(*looked)
    except ag.many.NotScalars:
        return getattr(np.frompyfunc(ag.dot, 2, 1), method)(rows, columns)


def _matmul_of_scalars(ag: Any, a: Any, b: Any) -> Any:
    """Every element one node: the dot product of a row of a and a column of b."""
    if not np.ndim(a) or not np.ndim(b):
        raise ValueError(f"matmul of shapes {np.shape(a)}, {np.shape(b)}: neither may be a scalar; use *")
    rows, columns = _lists(a, -1), _lists(b, -min(np.ndim(b), 2))
    if np.ndim(b) > 1:
        rows = rows[..., None]
        columns = columns[..., None, :] if np.ndim(a) > 1 else columns
    return _dots(ag, rows, columns, "__call__")


@array_operation(
    vjp={"a": _matmul_left, "b": _matmul_right},
    symbol="@",
    numpy=np.matmul,
    read_by={"a": "b", "b": "a"},
    spelled=_matmul_of_scalars,
    trials=(*MATRIX_PRODUCTS, Trial(((2, 1, 2, 3), (3, 3, 1))), Trial(((3,), (2, 3, 2))), Trial(((2, 2, 3), (3,)))),
)
def matmul(a: Any, b: Any) -> Any:
    """Matrix product of (..., n, k) and (..., k, m); vectors and stacks of matrices as in NumPy."""
    if type(a) is type(b) is ndarray and a.ndim == b.ndim == 2:
        return a.dot(b)  # of small matrices NumPy's dot is the product in half the time
    return np.matmul(a, b)


def _dot_matrices(a: Any, b: Any) -> tuple[Any, Any, tuple[int, ...]]:
    """np.dot as one matrix product: `a` as (rows, k), `b` as (k, columns), and the order of b's axes for it."""
    n, k = np.ndim(b), np.shape(a)[-1]
    order = (n - 2, *range(n - 2), n - 1) if n > 1 else (0,)
    rows = np.reshape(a, (math.prod(np.shape(a)[:-1]), k))
    columns = math.prod(np.shape(b)[:-2] + np.shape(b)[-1:]) if n > 1 else 1
    return rows, np.reshape(np.transpose(b, order), (k, columns)), order


def _dot_left(g: Any, y: Any, a: Any, b: Any) -> Any:
    if not np.ndim(a) or not np.ndim(b):
        return sum_to(g * b, np.shape(a))
    rows, columns, _ = _dot_matrices(a, b)
    return np.reshape(np.reshape(g, (rows.shape[0], columns.shape[1])) @ columns.T, np.shape(a))


def _dot_right(g: Any, y: Any, a: Any, b: Any) -> Any:
    if not np.ndim(a) or not np.ndim(b):
        return sum_to(g * a, np.shape(b))
    rows, columns, order = _dot_matrices(a, b)
    full = rows.T @ np.reshape(g, (rows.shape[0], columns.shape[1]))
    full = np.reshape(full, tuple(np.shape(b)[i] for i in order))
    return np.transpose(full, tuple(int(i) for i in np.argsort(order)))


def _dot_of_scalars(ag: Any, a: Any, b: Any) -> Any:
    if not np.ndim(a) or not np.ndim(b):
        return a * b
    return _dots(ag, _lists(a, -1), _lists(b, -min(np.ndim(b), 2)), "outer")


@array_operation(
    vjp={"a": _dot_left, "b": _dot_right},
    symbol="·",
    numpy=np.dot,
    spelled=_dot_of_scalars,
    trials=(*MATRIX_PRODUCTS, Trial(((), (2,))), Trial(((2, 3), (2, 3, 2))), Trial(((2, 1, 3), (3,)))),
)
def dot(a: Any, b: Any) -> Any:
    """Sum of products over the last axis of a and the last but one of b, as NumPy's dot."""
    return np.dot(a, b)


@array_operation(
    vjp={
        "a": lambda g, y, a, b: np.reshape(g @ np.ravel(b), np.shape(a)),
        "b": lambda g, y, a, b: np.reshape(np.ravel(a) @ g, np.shape(b)),
    },
    symbol="⊗",
    numpy=np.outer,
    spelled="forward",
    trials=(Trial(((2,), (3,))), Trial(((2, 2), (2,))), Trial(((1,), (0,)))),
)
def outer(a: Any, b: Any) -> Any:
    """Every element of a times every element of b, (n,) and (m,) to (n, m)."""
    return np.outer(a, b)


# --- Einstein summation --------------------------------------------------------------------------------------------


def _parse_einsum(subscripts: str, ndims: list[int]) -> tuple[list[str], str]:
    """Subscripts of the operands and of the result, the ellipsis spelt out in letters of its own."""
    left, arrow, result = subscripts.replace(" ", "").partition("->")
    terms = left.split(",")
    spare = [c for c in "ABCDEFGHIJKLMNOPQRSTUVWXYZ" if c not in subscripts]
    lengths = [n - len(t.replace("...", "")) for t, n in zip(terms, ndims, strict=True)]
    broadcast = "".join(spare[: np.max([0, *(k for t, k in zip(terms, lengths, strict=True) if "..." in t)])])
    terms = [t.replace("...", broadcast[len(broadcast) - k :]) for t, k in zip(terms, lengths, strict=True)]
    if not arrow:
        letters = "".join(terms)
        result = "..." + "".join(sorted(c for c in set(letters) if letters.count(c) == 1 and c not in broadcast))
    return terms, result.replace("...", broadcast)


def _einsum_vjp(slot: int, g: Any, y: Any, *operands: Any, subscripts: str) -> Any:
    """The einsum of g and the other operands; a repeated index brings an identity, a lost one a row of ones."""
    terms, result = _parse_einsum(subscripts, [np.ndim(x) for x in operands])
    mine, shape = terms[slot], np.shape(operands[slot])
    others = [(x, t) for k, (x, t) in enumerate(zip(operands, terms, strict=True)) if k != slot]
    factors: list[tuple[Any, str]] = [(g, result), *others]
    unused = [c for c in "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ" if c not in "".join([*terms, result])]
    target = ""
    for letter, n in zip(mine, shape, strict=True):
        if letter in target:
            twin = unused.pop()
            factors.append((np.eye(n), letter + twin))
            letter = twin
        elif not any(letter in t for _, t in factors):
            factors.append((np.ones(n), letter))
        target += letter
    full = np.einsum(",".join(t for _, t in factors) + "->" + target, *(x for x, _ in factors))
    return sum_to(np.broadcast_to(full, np.broadcast_shapes(np.shape(full), shape)), shape)


@array_operation(
    vjp=_einsum_vjp,
    symbol="einsum",
    numpy=np.einsum,
    spelled="forward",
    trials=[
        Trial(((2, 3), (3, 2)), {"subscripts": "ij,jk->ik"}),
        Trial(((2, 3),), {"subscripts": "ij->j"}),
        Trial(((3, 3),), {"subscripts": "ii"}),
        Trial(((3, 3),), {"subscripts": "ii->i"}),
        Trial(((2, 3), (3,), (2,)), {"subscripts": "ij,j,i"}),
        Trial(((2, 2, 3), (3, 2)), {"subscripts": "...ij,jk->...ik"}),
        Trial(((2, 1), (2, 3)), {"subscripts": "ij,ij->i"}),
        Trial(((2, 3),), {"subscripts": "ba"}),
    ],
)
def einsum(*operands: Any, subscripts: str) -> Any:
    """Sum of products by Einstein's convention, ``einsum("ij,jk->ik", a, b)``."""
    return np.einsum(subscripts, *operands)


# --- many scalars, one node ----------------------------------------------------------------------------------------


@array_operation(
    vjp=lambda slot, g, y, *values: g,
    symbol="Σ",
    trials=[Trial(((), (), ())), Trial(((),))],
)
def sum_many(*values: Any) -> Any:
    """Sum of many scalars as one node."""
    return builtins.sum(values)


def _dot_many_vjp(slot: int, g: Any, y: Any, *values: Any) -> Any:
    half = len(values) // 2
    return g * values[slot - half if slot >= half else slot + half]


@array_operation(vjp=_dot_many_vjp, symbol="·", trials=[Trial(((),) * 6), Trial(((),) * 2)])
def dot_many(*values: Any) -> Any:
    """Dot product of many scalars as one node: the first half of the inputs times the second half."""
    half = len(values) // 2
    return builtins.sum(map(operator.mul, values[:half], values[half:]))


def _max_many_vjp(slot: int, g: Any, y: Any, *values: Any) -> Any:
    chosen = [np.equal(x, y) for x in values]
    return np.where(chosen[slot], g / np.add.reduce(chosen), 0.0)


@array_operation(vjp=_max_many_vjp, analytic=False, symbol="max", trials=[Trial(((), (), ())), Trial(((),))])
def max_many(*values: Any) -> Any:
    """Greatest of many scalars as one node; equal greatest ones share the gradient evenly, nan propagates."""
    return np.max(values)

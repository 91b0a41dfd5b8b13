"""What the programs are made of: the `Case`, nested lists of Values, and the few lines that several of them share."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

import autograd_lite as ag
from autograd_lite import Value

Vector = list[Any]
Matrix = list[Vector]


class Case(NamedTuple):
    """A program ready to run: ``f(*args)`` is a scalar Value.

    `other_args` have the structure of `args` and other numbers; `parameters` are the leaves that f uses.
    """

    f: Callable[..., Any]
    args: tuple[Any, ...]
    other_args: tuple[Any, ...]
    parameters: list[Value]


@dataclass(frozen=True)
class Program:
    """A name, and what makes the program's parameters and inputs from a seed.

    `most_nodes` is how many nodes its array program may have, leaves included: about as many as by hand, with some
    room. What has no structure may have as many as its scalar graph.
    """

    name: str
    make: Callable[[int], Case]
    most_nodes: int


# --- parameters, and what several programs share -------------------------------------------------------------------


def matrix(rng: np.random.Generator, n: int, m: int, scale: float = 0.3) -> Matrix:
    """n rows of m Values."""
    return [vector(rng, m, scale) for _ in range(n)]


def vector(rng: np.random.Generator, n: int, scale: float = 0.3) -> Vector:
    """n Values."""
    return [Value(x) for x in rng.normal(scale=scale, size=n).tolist()]


def flat(*tensors: Any) -> list[Value]:
    """All Values of nested lists, row by row."""
    return [v for t in tensors for v in (flat(*t) if isinstance(t, (list, tuple)) else [t])]


def linear(x: Vector, W: Matrix) -> Vector:
    """W x, as microgpt writes it."""
    return [sum(w * xi for w, xi in zip(row, x, strict=True)) for row in W]


def affine(x: Vector, W: Matrix, b: Vector) -> Vector:
    """W x + b."""
    return [z + bi for z, bi in zip(linear(x, W), b, strict=True)]


def softmax(z: Vector) -> Vector:
    """The exponentials' shares; without the subtraction of the maximum, which the logits here do not need."""
    e = [zi.exp() for zi in z]
    total = sum(e)
    return [ei / total for ei in e]


def squared_error(y: Vector, t: Vector) -> Any:
    """Sum of squared differences."""
    return sum((yi - ti) ** 2 for yi, ti in zip(y, t, strict=True))


ROWS: list[Callable[[Any], Any]] = [
    ag.tanh,
    ag.exp,
    ag.erf,
    ag.sin,
    lambda v: ag.hypot(v, 0.5),
    lambda v: v.relu() + v,
]


def irregular(count: int) -> Callable[..., Any]:
    """A function ``f(ids, t)`` without structure, which has every kind of step by levels."""
    rng = np.random.default_rng(0)
    table, w = vector(rng, 6, 1.0), vector(rng, 6, 1.0)

    def f(ids: Any, t: Any) -> Any:
        results = [*w, *(ag.take(ag.stack([*table[k:], t]), i) for k, i in enumerate(ids))]
        for k in range(count):
            a, b = results[k * k % len(results)], results[(7 * k + 3) % len(results)]
            v = ROWS[k * k * k % 7 % 6](a * t - 0.5 * b).tanh()
            results.append(ag.max([v, a * 0.1, b * 0.1, 0.05][: 2 + k % 3]) if k % 5 == 0 else v)
        return sum(results)

    return f

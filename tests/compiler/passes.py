"""What the tests of the passes share: parameters with names, columns, and the lifted graph held to the scalar run."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from autograd_lite import Value, topological_order
from autograd_lite.compiler.rolling.columns import Scalars
from autograd_lite.compiler.rolling.lifting import Lifted, lift
from autograd_lite.compiler.rolling.scalars import normal_form
from autograd_lite.compiler.tracing.tracing import Guard, trace

OPERATORS: dict[str, Callable[..., Any]] = {
    "<": np.less,
    "<=": np.less_equal,
    ">": np.greater,
    ">=": np.greater_equal,
    "!=": np.not_equal,
    "index": lambda a, _: a,
}


def parameters(n: int, name: str = "w", seed: int = 0) -> list[Value]:
    """n labelled Values: w0, w1, ..."""
    numbers = np.random.default_rng([seed, n]).normal(size=n).tolist()
    return [Value(x, label=f"{name}{i}") for i, x in enumerate(numbers)]


def matrix_of(n: int, m: int, name: str = "W", seed: int = 0) -> list[list[Value]]:
    """n rows of m labelled Values."""
    return [parameters(m, f"{name}{i}_", seed + i) for i in range(n)]


def data(*shape: int, seed: int = 1) -> Any:
    """Numbers for an input, in nested lists."""
    return np.random.default_rng(seed).normal(size=shape).tolist()


def columns_of(f: Callable[..., Any], *args: Any) -> Scalars:
    """The normal form of f on these arguments."""
    return normal_form(trace(f, args))


def gradients(values: list[Value]) -> list[Any]:
    """Of every Value, 0 where it has none."""
    return [np.zeros(p.shape) if p.grad is None else np.array(p.grad) for p in values]


def assert_holds(guard: Guard) -> None:
    left, right = (np.asarray(getattr(x, "data", x)) for x in (guard.left, guard.right))
    np.testing.assert_array_equal(OPERATORS[guard.op](left, right), guard.outcome)


def lifted(f: Callable[..., Any], *args: Any) -> Lifted:
    """The lifted graph, which has the value, the gradients and the answers to guards of the scalar run."""
    found = trace(f, args)
    rolled = lift(found)
    np.testing.assert_allclose(rolled.root.data, found.root.data, rtol=1e-12, atol=1e-14)
    for p in found.parameters:
        p.zero_grad()
    found.root.backward()
    if rolled.root.op is not None:
        rolled.root.backward()
    users = [p for _, some in rolled.parameters for p in some]
    assert {id(p) for p in users} >= {id(p) for p in found.parameters}
    assert len(users) == len({id(p) for p in users})
    for leaf, some in rolled.parameters:
        assert sum(math.prod(p.shape) for p in some) == math.prod(leaf.shape)
        mine = gradients([leaf])[0]
        of_users = gradients(some)[0] if some[0].shape else np.array(gradients(some))
        np.testing.assert_allclose(mine, of_users.reshape(mine.shape), rtol=1e-10, atol=1e-12)
    for guard in rolled.guards:
        assert_holds(guard)
    return rolled


def names(rolled: Lifted) -> list[str]:
    """The operations of the lifted graph, inputs before results."""
    return [node.op.name for node in topological_order(rolled.root) if node.op is not None]


def labelled(rolled: Lifted) -> dict[str, tuple[int, ...]]:
    """The shapes of what has a name."""
    return {node.label: node.shape for node in topological_order(rolled.root) if node.label}

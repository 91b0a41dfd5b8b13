"""The backward pass through one node of many leaves, which needs no walk, is the pass through any graph."""

from __future__ import annotations

import math

import pytest

import autograd_lite as ag
from autograd_lite import Value
from autograd_lite.graph import Leaves


def dot(a: list[Value], b: list[float]) -> Value:
    return ag.dot(a, b)  # type: ignore[no-any-return]


def test_gradients_add_to_those_that_are_there() -> None:
    v = [Value(1.0), Value(2.0), Value(3.0)]
    v[1].grad = 10.0
    y = dot([v[0], v[1], v[0]], [1.0, 2.0, 3.0])
    y.backward()
    assert [x.grad for x in v] == [4.0, 12.0, None]
    assert y.grad == 1.0
    y.backward(2.0)
    assert [x.grad for x in v] == [12.0, 16.0, None]
    assert y.grad == 2.0


def test_inner_nodes_are_walked() -> None:
    v = Value(2.0)
    dot([v, v * v], [1.0, 1.0]).backward()
    assert v.grad == 5.0


@pytest.mark.parametrize("slopes", [[math.inf, 1.0], [math.inf, -math.inf], [math.nan, 1.0], [1e308, 1e308]])
def test_slopes_that_are_not_finite(slopes: list[float]) -> None:
    v = [Value(0.0), Value(0.0)]
    dot(v, slopes).backward()
    assert [x.grad for x in v] == pytest.approx(slopes, nan_ok=True)


def test_a_seed_of_zero_is_a_strong_zero() -> None:
    v = [Value(0.0), Value(0.0)]
    dot(v, [math.inf, 1.0]).backward(0.0)
    assert [x.grad for x in v] == [0.0, 0.0]


def test_half_a_gradient_is_nobodys() -> None:
    class Interrupting:
        def __radd__(self, other: float) -> float:
            raise KeyboardInterrupt

        def __add__(self, other: float) -> float:
            raise KeyboardInterrupt

    v = [Value(1.0), Value(2.0)]
    v[1].grad = Interrupting()
    before = [x.grad for x in v]
    with pytest.raises(KeyboardInterrupt):
        dot(v, [1.0, 2.0]).backward()
    assert [x.grad for x in v] == before


def of_leaves(v: list[Value]) -> Value:
    y = dot(v, [-0.0, 2.0, 3.0])
    y._b = Leaves(y._b)  # as the node of a vectorised function's run
    return y


@pytest.mark.parametrize("seed", [None, 1.0, -2.0])
@pytest.mark.parametrize("before", [[None] * 3, [0.0, 0.0, 0.0], [None, 10.0, None], [5.0, None, None]])
def test_leaves_that_are_known_to_be_leaves(before: list[float | None], seed: float | None) -> None:
    v, w = ([Value(1.0), Value(2.0), Value(3.0)] for _ in range(2))
    for xs in (v, w):
        for x, g in zip(xs, before, strict=True):
            x.grad = g
    for _ in range(2):
        of_leaves(v).backward(seed)
        dot(w, [-0.0, 2.0, 3.0]).backward(seed)
        assert [x.grad for x in v] == [x.grad for x in w]

"""The backward pass through one node of many leaves, which needs no walk, is the pass through any graph."""

from __future__ import annotations

import math

import pytest

import autograd_lite as ag
from autograd_lite import Value


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

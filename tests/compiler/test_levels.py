"""Level by level: what has no structure still has the value and the gradients of the scalar run."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import autograd_lite as ag
from autograd_lite import Value
from autograd_lite.compiler.rolling.columns import SELECT
from autograd_lite.compiler.rolling.levels import Levels, Scatter
from autograd_lite.compiler.rolling.scalars import normal_form
from autograd_lite.compiler.tracing.tracing import trace
from tests.compiler.passes import data, parameters

w = parameters(4)


def assert_runs(f: Callable[..., Any], *args: Any, other: tuple[Any, ...] = ()) -> Levels:
    """Value and gradient by levels against the scalar run, on `args`, and on `other` numbers by the same steps."""
    levels = Levels(normal_form(trace(f, args)))
    columns = levels.columns
    for inputs in (args, other or args):
        plain = trace(f, inputs)
        users = [*columns.parameters]
        for p in users:
            p.zero_grad()
        plain.root.backward()
        sources = [[p.data for p in users], columns.numbers, *(np.ravel(x).tolist() for x in inputs)]
        leaves = np.array([sources[columns.source[i]][columns.place[i]] for i in levels.leaves.tolist()])
        y = levels.forward(leaves)
        assert y[levels.place[columns.root]] == pytest.approx(plain.root.data, rel=1e-12, abs=1e-12)
        g = np.zeros(levels.size)
        g[levels.place[columns.root]] = 1.0
        gradient = levels.vjp(g, y, leaves)
        assert g.sum() == 1.0  # it was not changed
        mine = gradient[[int(np.flatnonzero(levels.leaves == i)[0]) for i in _ids_of(columns, users)]]
        np.testing.assert_allclose(mine, [p.grad or 0.0 for p in users], rtol=1e-10, atol=1e-12)
    return levels


def _ids_of(columns: Any, users: list[Value]) -> list[int]:
    """The ids of the scalar parameters."""
    ids = [i for i, source in enumerate(columns.source) if source == 0]
    return sorted(ids, key=lambda i: columns.place[i])[: len(users)]


STEPS: list[Callable[..., Any]] = [
    lambda a, b: a + b,
    lambda a, b: a * b,
    lambda a, b: 1 - 2 * a * b + b,
    lambda a, b: (a - b) ** 2,
    lambda a, b: a / (1 + b * b),
    lambda a, b: (a + b).sin(),
    lambda a, b: a.sigmoid() * a,
    lambda a, b: ag.max([a, b, 0.1]),
    lambda a, b: ag.hypot(a, b + 3),
    lambda a, b: ag.clip(a, -0.5, b + 4),
    lambda a, b: ag.sum([a, a, a, b]),
]
numbered = st.tuples(st.integers(0, len(STEPS) - 1), st.integers(0, 99), st.integers(0, 99))


@given(st.lists(numbered, min_size=1, max_size=30))
def test_random_graphs(steps: list[tuple[int, int, int]]) -> None:
    def f(x: Any) -> Any:
        results = [*w, *x]
        for k, i, j in steps:
            results.append(STEPS[k](results[i % len(results)], results[j % len(results)]).tanh())
        return sum(results[4:])

    assert_runs(f, [0.3, -1.1], other=([-0.7, 0.2],))


def test_repeated_places() -> None:
    assert_runs(lambda x: sum(w[0] * x * w[0] for _ in range(7)) + (w[0] * w[0]).exp() + ag.sum([w[1]] * 5), 2.0)


def test_equal_greatest_share_the_gradient() -> None:
    a, b = Value(1.5), Value(1.5)
    assert_runs(lambda x: ag.max([a, b, x, a * 0.5]) ** 2 + ag.max([a, a]), 1.5, other=(3.0,))


def test_selections_follow_their_positions() -> None:
    def f(ids: Any, x: Any) -> Any:
        return sum(ag.take(ag.stack([w[k], w[1] * x, k * w[2].exp()]), i) ** 2 for k, i in enumerate(ids))

    levels = assert_runs(f, [0, 2, 2, -1], 2.0, other=([1, -3, 0, 2], 3.0))
    assert SELECT in levels.columns.rows


def test_a_position_out_of_bounds_is_an_error() -> None:
    levels = Levels(normal_form(trace(lambda i: ag.take(ag.stack(w), i) + 0, (1,))))
    inputs = np.array(levels.columns.source)[levels.leaves] == 2
    for wrong in (4.0, -5.0):
        leaves = np.where(inputs, wrong, 0.5)
        with pytest.raises(IndexError, match=r"a position among \[(4|-5)\] is out of bounds"):
            levels.forward(leaves)


def test_there_are_as_many_steps_as_are_counted() -> None:
    columns = normal_form(
        trace(lambda x: sum((wi * xi).tanh() + wi.exp() for wi, xi in zip(w, x, strict=True)), (data(4),))
    )
    assert Levels.count(columns) == len(Levels(columns).steps) == 5  # exp, products; tanh; sums of two; the total


def test_it_is_an_operation_with_a_gradient() -> None:
    levels = Levels(normal_form(trace(lambda x: (w[0] * x + w[1]).tanh() * w[1], (2.0,))))
    y = levels.node({0: Value(np.array([0.5, -0.2])), 2: Value(2.0)})
    result = y[int(levels.place[levels.columns.root])]
    assert result.data == pytest.approx(np.tanh(0.8) * -0.2)
    result.backward()
    (leaves,) = y.inputs
    assert leaves.grad is not None
    np.testing.assert_allclose(sorted(leaves.grad)[0], 2 * -0.2 * (1 - np.tanh(0.8) ** 2))


def test_it_is_not_differentiated_twice() -> None:
    levels = Levels(normal_form(trace(lambda x: (w[0] * x).tanh(), (2.0,))))
    with pytest.raises(TypeError, match="differentiate the function itself"):
        levels.vjp(Value(np.ones(levels.size)), np.ones(levels.size), np.ones(2))


@given(st.lists(st.integers(0, 5), min_size=1, max_size=20))
def test_scatter_adds_up(places: list[int]) -> None:
    to, numbers = np.arange(6.0), np.linspace(-1, 1, len(places))
    expected = to + np.bincount(places, numbers, 6)
    Scatter.at(np.array(places)).add(to, numbers)
    np.testing.assert_allclose(to, expected)


def test_few_wide_steps_for_many_nodes() -> None:
    """Not slower than scalars, for a step costs as much as a few nodes."""

    def f(x: Any) -> Any:
        results = [*w, *x]
        for k in range(2000):
            results.append(STEPS[k % 4](results[-1 - k % 97 if k > 100 else 0], results[(k * k) % len(results)]).tanh())
        return sum(results)

    columns = normal_form(trace(f, (data(40),)))
    assert columns.count > 8 * Levels.count(columns)

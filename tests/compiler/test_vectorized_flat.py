"""The bare program on one flat vector of all parameters, and what was made: source, graph, report, files."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import pytest

import autograd_lite as ag
from autograd_lite import Value, nn, optim, vectorize

RNG = np.random.default_rng(1)
X, Y = RNG.normal(size=(5, 3)), RNG.normal(size=5)


def make() -> tuple[Any, Any, list[Value]]:
    w, b = Value(RNG.normal(size=3), "w"), [Value(0.5), Value(0.25)]

    def f(rows: Any, ys: Any) -> Any:
        return ((rows @ w + b[0] * b[1] - ys) ** 2).mean()

    return vectorize(f), f, [w, *b]


def by_function(f: Any, parameters: list[Value], *args: Any) -> tuple[float, list[Any]]:
    for p in parameters:
        p.zero_grad()
    y = f(*args)
    y.backward()
    return y.data, [p.grad for p in parameters]


def flat(parameters: list[Value], of: Any) -> Any:
    return np.concatenate([np.ravel(of(p)) for p in parameters])


def test_value_and_gradient_at_theta() -> None:
    cost, f, parameters = make()
    cost(X, Y)
    assert set(cost.parameters) == set(parameters)
    np.testing.assert_array_equal(cost.theta, flat(cost.parameters, lambda p: p.data))
    theta = cost.theta + 0.1
    before = [np.array(p.data) for p in parameters]
    value, gradient = cost.value_and_grad(theta, X, Y)
    assert cost.value(theta, X, Y) == pytest.approx(value, rel=1e-14)
    assert all((p.data == was).all() and p.grad is None for p, was in zip(parameters, before, strict=True))
    cost.write_back()
    np.testing.assert_array_equal(cost.theta, theta)
    expected, _ = by_function(f, parameters, X, Y)
    assert value == pytest.approx(expected, rel=1e-12)
    np.testing.assert_allclose(gradient, flat(cost.parameters, lambda p: p.grad), rtol=1e-10)
    gradient += 1.0  # it is the caller's
    assert cost.value_and_grad(theta, X, Y)[1] is not gradient


def test_it_needs_no_call_before() -> None:
    cost, f, parameters = make()
    value, gradient = cost.value_and_grad(np.ones(5), X, Y)
    assert gradient.shape == (5,)
    cost.write_back(np.ones(5))
    assert by_function(f, parameters, X, Y)[0] == pytest.approx(value)


@pytest.mark.parametrize("kind", [optim.SGD, optim.Adam])
def test_an_optimiser_drives_it(kind: Any) -> None:
    cost, f, parameters = make()
    theta = Value(cost.theta if cost.value_and_grad(np.ones(5), X, Y) else None)
    optimiser = kind([theta], lr=0.01)
    for _ in range(5):
        _, theta.grad = cost.value_and_grad(theta, X, Y)
        optimiser.step()
    own = kind(parameters, lr=0.01)
    for _ in range(5):
        own.zero_grad()
        f(X, Y).backward()
        own.step()
    np.testing.assert_allclose(theta.data, cost.theta, rtol=1e-10)


def test_branches_of_other_parameters_share_one_theta() -> None:
    a, b, c = Value(1.0), Value(2.0), Value(3.0)

    def f(x: Any) -> Any:
        return (b * x) ** 2 * a if b * x > 0 else (c * x) ** 2 * a + b

    cost = vectorize(f)
    cost(1.0)
    theta = np.array([1.5, 2.5]) if cost.parameters[0] is a else np.array([2.5, 1.5])
    assert cost.value_and_grad(theta, 1.0)[0] == pytest.approx(1.5 * 2.5**2)
    with pytest.raises(ValueError, match=r"theta has shape \(2,\); the parameters are 3 numbers"):
        cost.value_and_grad(theta, -1.0)
    theta = cost.theta * 2
    for x in (1.0, -1.0, 2.0, -2.0):
        value, gradient = cost.value_and_grad(theta, x)
        cost.write_back(theta)
        expected, _ = by_function(f, [a, b, c], x)
        assert value == pytest.approx(expected)
        np.testing.assert_allclose(gradient, [p.grad or 0.0 for p in cost.parameters], rtol=1e-12)


def test_theta_decides_the_branch_and_values_stay() -> None:
    w = Value(1.0)
    cost = vectorize(lambda x: w * x if w > 0 else w * w * x)
    assert cost(2.0).data == 2.0
    assert cost.value_and_grad([-3.0], 2.0)[0] == 18.0
    assert w.data == 1.0
    assert cost.value([-3.0], 2.0) == 18.0
    assert cost(2.0).data == 2.0


def test_nan_is_answered_by_the_function() -> None:
    w = Value(1.0)
    cost = vectorize(lambda x: ag.where(True, w, (w * x).log() * 0.0 + w))
    cost(1.0)
    value, gradient = cost.value_and_grad([2.0], 0.0)
    assert (value, gradient.tolist()) == (2.0, [1.0])


def test_values_among_the_arguments_are_in_theta() -> None:
    cost = vectorize(lambda v, x: (v * x) ** 2)
    v = Value(2.0)
    assert cost.value_and_grad([3.0], v, 1.0) == (9.0, np.array([6.0]))
    assert v.data == 2.0
    cost.write_back()
    assert v.data == 3.0


def test_wrong_theta() -> None:
    cost, _, _ = make()
    cost(X, Y)
    with pytest.raises(ValueError, match=r"theta has shape \(4,\); the parameters are 5 numbers"):
        cost.value_and_grad(np.ones(4), X, Y)
    with pytest.raises(ValueError, match="value_and_grad was not called"):
        cost.write_back()


@pytest.mark.parametrize("name", ["theta", "parameters", "source", "graph"])
def test_before_the_first_call_there_is_nothing(name: str) -> None:
    cost, _, _ = make()
    with pytest.raises(RuntimeError, match="f was not called yet"):
        getattr(cost, name)
    with pytest.raises(RuntimeError, match="f was not called yet"):
        cost.report()


def test_what_could_not_be_rolled_says_so() -> None:
    cost = vectorize(lambda x: 3.0)
    cost(1.0)
    with pytest.raises(RuntimeError, match="has no program, it runs as it is"):
        _ = cost.source


def test_graph_source_and_report() -> None:
    model = nn.MLP(3, [4, 1], seed=0)
    cost = vectorize(lambda rows, ys: sum((model(r) - y) ** 2 for r, y in zip(rows, ys, strict=True)))
    c = cost(X, Y)
    assert cost.graph.data == pytest.approx(c.data)
    assert "def value_and_grad(theta" in cost.source
    first = cost.report().splitlines()[0]
    assert re.fullmatch(r"<lambda>: \d+ scalar nodes -> \d+ \+ \d+ array operations", first)
    forward, backward = map(int, re.findall(r"-> (\d+) \+ (\d+)", first)[0])
    assert 5 < forward <= backward < 30

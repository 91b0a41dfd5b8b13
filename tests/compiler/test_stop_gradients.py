"""What is a constant for the gradient: `detach` and `no_grad` inside a function that is traced."""

from __future__ import annotations

import pickle
from typing import Any

import numpy as np
import pytest

import autograd_lite as ag
from autograd_lite import Value, no_grad, vectorize
from autograd_lite.compiler.tracing.tracing import trace
from autograd_lite.elementary import STOP_GRADIENT
from autograd_lite.graph import topological_order
from tests.compiler.test_program_targets import functions, numbers_for

W = [[Value(0.1 * (i + 2 * j) - 0.2, label=f"W[{j},{i}]") for i in range(3)] for j in range(2)]
TARGET = [[Value(0.2 * (i - j)) for i in range(3)] for j in range(2)]
A = Value(np.array([[0.1, -0.2], [0.3, 0.4], [0.5, -0.6]]), label="A")
PARAMETERS = [w for row in W + TARGET for w in row] + [A]


def network(weights: Any, x: Any) -> Any:
    return sum(sum(w * a for w, a in zip(row, x, strict=True)).tanh() for row in weights)


def target_network(X: Any, y: Any) -> Any:
    total = 0.0
    for x, reward in zip(X, y, strict=True):
        with no_grad():
            target = reward + 0.9 * network(TARGET, x) + 0.1 * network(W, x)
        total = total + (network(W, x) - target) ** 2
    return total / len(X)


def straight_through(X: Any, y: Any) -> Any:
    scores = [network(W, x) for x in X]
    return sum((s + (s.sign() - s).detach() - t) ** 2 for s, t in zip(scores, y, strict=True))


def of_arrays(X: Any, y: Any) -> Any:
    z = ag.matmul(X, A)
    with no_grad():
        target = z.tanh() + y[0]
    return (z - target).square().mean() + (z * z.sigmoid().detach()).sum() + ag.take(z.detach(), 0) * z.sum()


def the_same_element_twice(X: Any, y: Any) -> Any:
    with no_grad():
        frozen = A[0, 1] * X[0][0]
    return frozen * A[0, 1] + A[0].detach().sum() * A[0].sum()


def derivative_inside(X: Any, y: Any) -> Any:
    def inner(x: Any) -> Any:
        with no_grad():
            scale = W[0][0] * x
        return scale * x * x

    return sum(ag.grad(inner)(W[0][1] * x) for x in y)


def what_is_made_of_an_input(X: Any, y: Any) -> Any:
    with no_grad():
        scale = sum(map(Value, y))
    return scale.detach() * W[0][0] + Value(2.0).detach() * W[0][1]


def gradients(y: Any) -> list[Any]:
    for p in PARAMETERS:
        p.grad = None
    y.backward()
    return [np.zeros(p.shape) if p.grad is None else p.grad for p in PARAMETERS]


FUNCTIONS = [
    target_network, straight_through, of_arrays, the_same_element_twice, derivative_inside, what_is_made_of_an_input,
]  # fmt: skip


@pytest.mark.parametrize("f", FUNCTIONS)
@pytest.mark.parametrize("as_lists", [False, True])
def test_equals_the_function_on_new_numbers(f: Any, as_lists: bool) -> None:
    rng = np.random.default_rng(0)
    fast = vectorize(f)
    for _ in range(3):
        X, y = rng.normal(size=(5, 3)), rng.normal(size=5)
        if as_lists and f is not of_arrays:
            X, y = X.tolist(), y.tolist()
        got, expected = fast(X, y), f(X, y)
        assert got.data == pytest.approx(expected.data, rel=1e-12)
        for one, other in zip(gradients(got), gradients(expected), strict=True):
            np.testing.assert_allclose(one, other, rtol=1e-12, atol=1e-14)
    assert len(fast._cache) == 1
    assert "left the graph" not in fast.report()


def test_a_target_network_is_one_matrix_product_too() -> None:
    rng = np.random.default_rng(0)
    fast = vectorize(target_network)
    fast(rng.normal(size=(5, 3)), rng.normal(size=5))
    assert "30 sums of 3 products: a matrix product" in fast.report()
    assert fast.report().count("stop_gradient") == 1


def test_no_gradient_is_computed_for_what_is_stopped() -> None:
    fast = vectorize(lambda X, y: (ag.matmul(X, A).tanh().detach() * y[0]).sum() + A.sum())
    fast(np.ones((4, 3)), np.ones(4))
    assert "np.dot" not in fast.source.split("# --- backward pass ---")[1]


def test_all_stopped_is_a_gradient_of_zero() -> None:
    w = Value(2.0)
    fast = vectorize(lambda x: (w * x).detach())
    for x in (1.0, 2.0, 3.0):
        y = fast(x)
        assert y.data == 2.0 * x
        y.backward()
        assert w.grad in (None, 0.0)


def test_detach_of_a_leaf_and_of_what_was_made() -> None:
    w = Value(2.0, label="w")
    found = trace(lambda x: w.detach() * x * w, (3.0,))
    assert found.parameters == [w]
    assert [n.label for n in topological_order(found.root) if n.op is STOP_GRADIENT] == ["w"]


def test_nothing_changes_where_nobody_traces() -> None:
    w = Value(2.0)
    assert w.detach().inputs == ()
    assert (w * w).detach().op is None
    with no_grad():
        assert (w * w).op is None


def test_the_graph_can_be_kept_and_differentiated() -> None:
    fast = vectorize(target_network)
    fast(np.ones((2, 3)), np.ones(2))
    twin = pickle.loads(pickle.dumps(fast.graph))
    assert twin.data == fast.graph.data
    twin.backward()


@pytest.mark.parametrize("target", ["jax", "torch"])
@pytest.mark.parametrize("f", FUNCTIONS[:3])
def test_other_libraries(target: str, f: Any) -> None:
    pytest.importorskip(target)
    X, y = np.linspace(-1.0, 1.0, 15).reshape(5, 3), np.linspace(-1.0, 1.0, 5)
    fast = vectorize(f)
    fast(X, y)
    expected = fast.value_and_grad(fast.theta, X, y)
    value, gradient = functions(target, fast)["value_and_grad"](*numbers_for(target, fast.theta, X, y))
    np.testing.assert_allclose(value, expected[0], rtol=1e-12)
    np.testing.assert_allclose(np.asarray(gradient), expected[1], rtol=1e-12, atol=1e-14)

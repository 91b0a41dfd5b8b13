"""`grad`, `value_and_grad`, `jacobian`, `hessian`, `jvp`, `vjp`, `hvp`."""

from __future__ import annotations

import itertools
import math
from typing import Any, NamedTuple

import numpy as np
import pytest

import autograd_lite as ag
from autograd_lite import Value, grad, hessian, hvp, jacobian, jvp, value_and_grad, vjp


def rosenbrock(x: Any) -> Any:
    return sum(100 * (b - a**2) ** 2 + (1 - a) ** 2 for a, b in itertools.pairwise(x))


def test_grad_of_numbers_and_arrays() -> None:
    assert grad(lambda x: x**3)(2.0) == 12.0
    assert grad(lambda x: x**3)(2) == 12.0
    np.testing.assert_allclose(grad(lambda x: (x**3).sum())(np.array([1.0, 2.0])), [3.0, 12.0])
    assert type(grad(lambda x: x * x)(2.0)) is float


def test_argument_positions_and_keywords() -> None:
    def f(a: Any, b: Any, *, c: float = 1.0) -> Any:
        return a * b**2 * c

    assert grad(f)(2.0, 3.0) == 9.0
    assert grad(f, 1)(2.0, 3.0) == 12.0
    assert grad(f, (0, 1))(2.0, 3.0, c=2.0) == (18.0, 24.0)
    assert grad(f, -1)(2.0, 3.0) == 12.0
    assert value_and_grad(f)(2.0, 3.0) == (18.0, 9.0)
    with pytest.raises(ValueError, match="argnums"):
        grad(f, 5)(2.0, 3.0)


def test_nested_structures() -> None:
    class Layer(NamedTuple):
        w: Any
        b: Any

    parameters = {"layers": [Layer(np.ones((2, 3)), np.zeros(2)), (2.0,)], "scale": 3.0}

    def f(p: Any, x: Any) -> Any:
        h = p["layers"][0].w @ x + p["layers"][0].b
        return (h * p["layers"][1][0]).sum() * p["scale"]

    value, g = value_and_grad(f)(parameters, np.array([1.0, 2.0, 3.0]))
    assert value == 72.0
    assert g["layers"][0].w.tolist() == [[6.0, 12.0, 18.0]] * 2
    assert g["layers"][0].b.tolist() == [6.0, 6.0]
    assert g["layers"][1] == (36.0,)
    assert g["scale"] == 24.0


def test_disconnected_arguments_have_gradient_zero() -> None:
    ga, gb = grad(lambda a, b: a * 2, (0, 1))(1.0, np.ones((2, 2)))
    assert (ga, gb.tolist()) == (2.0, [[0.0, 0.0], [0.0, 0.0]])
    assert grad(lambda a: 5.0)(1.0) == 0.0


def test_nothing_is_left_on_the_callers_values() -> None:
    w = Value(3.0)
    assert grad(lambda x: x * w)(2.0) == 3.0
    assert w.grad is None


def test_values_as_arguments_give_values() -> None:
    x = Value(2.0)
    g = grad(lambda v: v**3)(x)
    assert isinstance(g, Value)
    g.backward()
    assert x.grad == 12.0


def test_higher_order_and_nesting() -> None:
    f = math.pi
    g = grad(grad(grad(lambda x: ag.sin(x * 2))))
    assert g(f) == pytest.approx(-8 * math.cos(2 * f))
    assert grad(lambda x: x * grad(lambda y: x + y)(x))(3.0) == 1.0  # no confusion of the two variables
    assert grad(lambda x: grad(lambda y: x * y * y)(3.0))(2.0) == 6.0  # through the closure
    np.testing.assert_allclose(grad(lambda x: grad(lambda y: (y**3).sum())(x).sum())(np.array([1.0, 2.0])), [6.0, 12.0])


def test_a_gradients_graph_has_no_nodes_for_arithmetic_on_constants() -> None:
    g = grad(lambda x: (x**3).sum())(Value([1.0, 2.0]))
    assert [v.op.name for v in ag.topological_order(g) if v.op] == ["pos", "pow", "mul", "mul"]


def test_a_gradients_graph_of_a_product_of_matrices_is_a_product() -> None:
    g = grad(lambda x: (np.ones((3, 2)) @ x @ x).sum())(Value(np.ones((2, 2))))
    assert {v.op.name for v in ag.topological_order(g) if v.op} == {"add", "matmul", "pos", "transpose"}


def test_errors() -> None:
    with pytest.raises(ValueError, match=r"shape \(2,\).*jacobian"):
        grad(lambda x: x * 2)(np.ones(2))
    with pytest.raises(TypeError, match="returned None"):
        grad(lambda x: None)(1.0)
    with pytest.raises(TypeError, match="str"):
        grad(lambda x: x)("a")


def test_jacobian_shapes() -> None:
    m = np.arange(6.0).reshape(2, 3)
    np.testing.assert_array_equal(jacobian(lambda x: Value(m) @ x)(np.ones(3)), m)
    assert jacobian(lambda x: x * 2)(np.ones((2, 2))).shape == (2, 2, 2, 2)
    assert jacobian(lambda x: x.sum())(np.ones(3)).tolist() == [1.0, 1.0, 1.0]
    assert jacobian(lambda x: x * np.ones(3))(2.0).tolist() == [1.0, 1.0, 1.0]
    ja, jb = jacobian(lambda a, b: a * b, (0, 1))(np.array([1.0, 2.0]), np.array([3.0, 4.0]))
    assert (np.diag(ja).tolist(), np.diag(jb).tolist()) == ([3.0, 4.0], [1.0, 2.0])
    assert jacobian(lambda x: [x[0] * x[1], x[0]])([2.0, 3.0]) == [[3.0, 2.0], [1.0, 0.0]]
    assert jacobian(lambda x: {"a": x**2})(3.0) == {"a": 6.0}


def test_hessian_of_rosenbrock_against_the_formula() -> None:
    x = np.array([1.2, 0.7, -0.3, 2.0])
    n = len(x)
    exact = np.zeros((n, n))
    for i in range(n - 1):
        exact[i, i] += 1200 * x[i] ** 2 - 400 * x[i + 1] + 2
        exact[i + 1, i + 1] += 200
        exact[i, i + 1] -= 400 * x[i]
        exact[i + 1, i] -= 400 * x[i]
    on_list = np.array(hessian(rosenbrock)(list(x)))
    np.testing.assert_allclose(on_list, exact, rtol=1e-12)
    vector = lambda v: (100 * (v[1:] - v[:-1] ** 2) ** 2 + (1 - v[:-1]) ** 2).sum()  # noqa: E731
    np.testing.assert_allclose(hessian(vector)(x), exact, rtol=1e-12)
    v = np.array([1.0, -1.0, 0.5, 2.0])
    np.testing.assert_allclose(hvp(vector, x, v), exact @ v, rtol=1e-12)
    np.testing.assert_allclose(hvp(rosenbrock, list(x), list(v)), exact @ v, rtol=1e-12)


def test_jvp_and_vjp() -> None:
    m = np.arange(6.0).reshape(2, 3)
    x, t, u = np.array([0.1, 0.2, 0.3]), np.array([1.0, -1.0, 2.0]), np.array([1.0, 3.0])

    def f(v: Any) -> Any:
        return np.tanh(m @ v)

    slope = 1 - np.tanh(m @ x) ** 2
    y, change = jvp(f, (x,), (t,))
    np.testing.assert_allclose(y, np.tanh(m @ x))
    np.testing.assert_allclose(change, slope * (m @ t))
    y, pull = vjp(f, x)
    np.testing.assert_allclose(pull(u)[0], m.T @ (slope * u))
    with pytest.raises(ValueError, match=r"\(3,\).*\(2,\)|\(2,\).*\(3,\)"):
        pull(t)
    with pytest.raises(ValueError, match="a direction has shape"):
        jvp(f, (x,), (u,))
    with pytest.raises(ValueError, match="a direction has shape"):
        hvp(lambda v: v.sum(), x, u)
    assert jvp(lambda a: 3.0, (1.0,), (1.0,)) == (3.0, 0.0)
    assert jvp(lambda a, b: b * 2.0, (1.0, 2.0), (5.0, 1.0)) == (4.0, 2.0)


def test_derivatives_nest_in_each_other() -> None:
    assert grad(lambda x: jvp(lambda y: y**3, (x,), (1.0,))[1])(2.0) == pytest.approx(12.0)
    assert jvp(grad(lambda y: y**3), (2.0,), (1.0,)) == (12.0, 12.0)
    assert grad(lambda x: jacobian(lambda y: y * x)(np.ones(2)).sum())(2.0) == 2.0
    assert grad(lambda x: vjp(lambda y: y * y, x)[1](1.0)[0])(3.0) == 2.0
    assert grad(lambda x: hvp(lambda y: y**4, x, 1.0))(2.0) == 48.0


def test_gradient_may_be_written_to() -> None:
    g = grad(lambda x: x.sum())(np.ones(3))
    g[0] = 5.0
    a, b = grad(lambda x, y: (x + y).sum(), (0, 1))(np.ones(3), np.ones(3))
    a[0] = 7.0
    assert b[0] == 1.0


def test_derivatives_record_inside_no_grad() -> None:
    with ag.no_grad():
        assert grad(lambda x: x**2)(3.0) == 6.0
        assert hessian(lambda x: x**2)(3.0) == 2.0
        assert jvp(lambda x: x**2, (3.0,), (1.0,)) == (9.0, 6.0)
        assert ag.check_grads(lambda x: x**2, 3.0).ok

    @ag.no_grad()
    def constant(x: Value) -> Value:
        return x * 5.0

    assert grad(lambda x: x * constant(x))(2.0) == 10.0  # one inside still holds


def test_arrays_of_values_as_outputs() -> None:
    def f(a: Value, b: Value) -> Any:
        return np.array([a * b, a], dtype=object)

    ja, jb = jacobian(f, (0, 1))(2.0, 3.0)
    assert (ja.tolist(), jb.tolist()) == ([3.0, 1.0], [2.0, 0.0])
    assert vjp(f, 2.0, 3.0)[1](np.ones(2)) == (4.0, 2.0)


def test_outputs_that_are_no_value() -> None:
    for name, call in (
        ("grad", grad),
        ("jvp", lambda f: lambda x: jvp(f, (x,), (1.0,))),
        ("vjp", lambda f: lambda x: vjp(f, x)),
    ):
        with pytest.raises(TypeError, match=f"{name} needs a function with one value; this one returned a tuple"):
            call(lambda x: (x, x))(1.0)
    with pytest.raises(TypeError, match="returned 'a'"):
        grad(lambda x: "a")(1.0)


def test_a_differentiable_gradient_refuses_numbers_that_were_changed() -> None:
    w = Value([3.0])
    _, pull = vjp(lambda x: (x * w).sum(), Value([2.0]))
    w.data = [100.0]
    with pytest.raises(ValueError, match="changed after mul used it"):
        pull(1.0)


def test_empty_arrays() -> None:
    assert jacobian(lambda x: x * 2.0)(np.zeros(0)).shape == (0, 0)
    assert hessian(lambda x: x.sum())(np.zeros(0)).shape == (0, 0)
    a, b = grad(lambda a, b: np.dot(a, b).sum(), (0, 1))(np.zeros((0, 3)), np.zeros((3, 0)))
    assert (a.shape, b.shape) == ((0, 3), (3, 0))


def test_directions_follow_the_keys_not_the_order() -> None:
    assert jvp(lambda p: p["a"] * 2 + p["b"], ({"a": 1.0, "b": 2.0},), ({"b": 1.0, "a": 0.0},))[1] == 1.0
    with pytest.raises(ValueError, match="structure"):
        jvp(lambda p: p["a"], ({"a": 1.0},), ({"b": 1.0},))

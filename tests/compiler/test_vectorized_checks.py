"""Never silently wrong: what is burnt in while tracing is found out on new numbers."""

from __future__ import annotations

import random
from typing import Any

import numpy as np
import pytest

import autograd_lite as ag
from autograd_lite import Value, VectorizeError, nn, vectorize
from autograd_lite.compiler.front.checking import Run, compare


def test_data_that_was_read() -> None:
    w = Value(2.0, label="w")
    cost = vectorize(lambda x: w * w.data * x)
    cost(1.0)
    cost(1.0)
    w.data = 3.0
    message = r"value is 9.0 by <lambda> itself and 6.0 by the program.*\.data at .*test_vectorized_checks.py:\d+"
    for _ in range(2):  # it stays wrong
        with pytest.raises(VectorizeError, match=message):
            cost(1.0)


def test_an_input_that_was_read() -> None:
    w = Value(2.0)
    cost = vectorize(lambda x: w * x.data if isinstance(x, Value) else w * x)
    for k in (1.0, 2.0, 3.0):  # new parameters alone are no proof
        w.data = k
        cost(1.0)
    with pytest.raises(VectorizeError, match="itself and"):
        cost(2.0)


def test_a_gradient_that_differs_is_named() -> None:
    w = Value(2.0, label="w")

    def f(x: Any) -> Any:
        return (w * x).detach() * w

    run = Run(f(3.0), [w])
    with pytest.raises(VectorizeError, match=r"The gradient of w is 6.0 by f itself and 7.0 by the program"):
        compare("f", run, 12.0, [7.0], [w], {})
    v = Value([1.0, 2.0])
    with pytest.raises(VectorizeError, match=r"gradient of parameter 0\[1\] is 1.0 by f itself and 1.1"):
        compare("f", Run(v.sum(), [v]), 3.0, [np.array([1.0, 1.1])], [v], {})


@pytest.mark.parametrize("draw", [random.random, lambda: np.random.rand()])
def test_random_numbers(draw: Any) -> None:
    w = Value(2.0)
    cost = vectorize(lambda x: w * x * draw())
    with pytest.raises(VectorizeError, match="random numbers drawn from the global generator"):
        cost(3.0)


def test_a_generator_of_its_own_is_found_out_too() -> None:
    model = nn.Sequential(nn.Linear(4, 4, seed=0), nn.Dropout(0.5, seed=0))
    cost = vectorize(lambda x: model(x).sum())
    with pytest.raises(VectorizeError, match="neither an argument nor a Value"):
        cost(np.ones((3, 4)))


def test_a_counter() -> None:
    w, count = Value(2.0), iter(range(100))
    cost = vectorize(lambda x: w * x + next(count))
    with pytest.raises(VectorizeError, match="a counter"):
        cost(1.0)


def test_the_first_call_is_compared_with_the_function_on_the_numbers_themselves() -> None:
    w, b = Value(2.0), Value(0.5)
    with pytest.raises(VectorizeError):
        vectorize(lambda x, n: {1: w, 2: b}.get(n, w * b) * x)(1.0, 1)
    with pytest.raises(VectorizeError):
        vectorize(lambda x, t: w * x if t is True else b * x)(1.0, True)


def test_the_second_call_is_compared_though_no_number_has_changed() -> None:
    parameters, rate = [Value(1.0)], {"l2": 0.0}
    cost = vectorize(lambda xs: sum((parameters[0] * x) ** 2 for x in xs) + rate["l2"] * parameters[0] ** 2)
    assert cost([1.0, 2.0]).data == 5.0
    parameters[0] = Value(2.0)
    with pytest.raises(VectorizeError):
        cost([1.0, 2.0])


def test_a_comparison_of_infinities_does_not_count() -> None:
    w, factor = Value(2.0), [1.0]
    cost = vectorize(lambda xs: sum(w * x for x in xs) * factor[0])
    cost([1.0, 2.0])
    cost([1.0, 2.0])
    cost([np.inf, 2.0])
    factor[0] = 3.0
    with pytest.raises(VectorizeError):
        cost([1.0, 5.0])


def test_an_argument_that_is_computed_from_another_parameter() -> None:
    w, b, h = Value(2.0), Value(0.5), Value(0.0)
    step = vectorize(lambda h, x: (w * x + b * h).tanh() + w * h)
    for x in (0.1, 0.2, 0.3):
        h = step(h, x)
    h.backward()
    fast, w.grad = w.grad, None
    h = Value(0.0)
    for x in (0.1, 0.2, 0.3):
        h = (w * x + b * h).tanh() + w * h
    h.backward()
    assert fast == pytest.approx(w.grad, rel=1e-12)


def test_a_branch_on_a_bare_number_is_looked_at_again_and_again() -> None:
    w = Value(2.0)
    cost = vectorize(lambda x: w * x if (w * x).data > 0 else w)
    for x in (1.0, 2.0, 3.0, 4.0, 5.0, 6.0):
        assert cost(x).data == 2.0 * x
    seen = []

    def go_on() -> None:
        for x in np.linspace(-1.0, -2.0, 20):
            seen.append(x)
            cost(float(x))

    with pytest.raises(VectorizeError):
        go_on()
    assert len(seen) < 5


def test_a_branch_is_compared_on_both_ways() -> None:
    w = Value(2.0)
    cost = vectorize(lambda x: w * x * w.data if x > 0 else w * w.data)
    cost(1.0)
    cost(-1.0)
    w.data = 3.0
    for x in (1.0, -1.0):
        with pytest.raises(VectorizeError):
            cost(x)


def test_the_bare_program_is_compared_too() -> None:
    w = Value(2.0)
    cost = vectorize(lambda x: w * w.data * x)
    assert cost.value_and_grad([2.0], 1.0)[0] == 4.0
    with pytest.raises(VectorizeError):
        cost.value_and_grad([3.0], 1.0)
    with pytest.raises(VectorizeError):
        cost.value([3.0], 1.0)
    assert w.data == 2.0


def test_what_is_right_passes_with_large_and_small_numbers() -> None:
    w = [Value(1.0), Value(1.0)]

    def f(xs: Any) -> Any:
        return sum((w[0] * x - w[1] * x) ** 2 for x in xs)  # the optimum: all cancels

    cost = vectorize(f)
    for scale in (1e-8, 1.0, 1e8):
        for k in (1.0, 1.0 + 1e-13, 2.0):
            w[0].data = w[1].data = k
            w[1].data += 1e-15
            cost([x * scale for x in (0.1, 0.2, 0.3)]).backward()


def test_rounding_is_relative_to_the_numbers_on_the_way() -> None:
    w = Value(1.0)
    run = Run(((w + 1e10) - 1e10) * 1e-3, [w])
    compare("f", run, run.value + 1e-4, [1e-3], [w], {})
    with pytest.raises(VectorizeError):
        compare("f", run, run.value + 1e-2, [1e-3], [w], {})
    run = Run((w * 1e10) * 0.0 + (w - 1.0) ** 2, [w])
    assert run.gradients == [0.0]
    compare("f", run, run.value, [1e-4], [w], {})
    with pytest.raises(VectorizeError):
        compare("f", run, run.value, [1e-2], [w], {})


def test_float32_is_compared_less_strictly() -> None:
    model = nn.Linear(3, 2, seed=0)
    model.weight.data = model.weight.data.astype(np.float32)
    model.bias.data = model.bias.data.astype(np.float32)
    rng = np.random.default_rng(0)
    cost = vectorize(lambda x: nn.mse(model(x), np.zeros((5, 2), np.float32)))
    for _ in range(3):
        c = cost(rng.normal(size=(5, 3)).astype(np.float32))
        c.backward()
    assert model.weight.grad.dtype == np.float32


def test_nan_on_both_sides_is_no_mismatch() -> None:
    w = Value(1.0)
    cost = vectorize(lambda x: (w * x).log())
    cost(1.0)
    assert np.isnan(cost(-1.0).data)
    assert cost(2.0).data == pytest.approx(np.log(2.0))


def test_what_is_noted_is_reported() -> None:
    w = Value(1.0)
    cost = vectorize(lambda x: w * x + 0.0 * ag.maximum(w, 0.0).data)
    cost(1.0)
    assert "left the graph: .data at" in cost.report()

"""Never silently wrong: what is burnt in while tracing is found out on new numbers."""

from __future__ import annotations

import collections
import contextvars
import copy
import random
import warnings
from typing import Any

import numpy as np
import pytest

import autograd_lite as ag
from autograd_lite import Value, VectorizeError, nn, vectorize
from autograd_lite.compiler.front.cache import MANY_STRUCTURES
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
        vectorize(lambda x, t: w * x if t is True else b * x)(1.0, True)


def test_the_second_call_is_compared_though_no_number_has_changed() -> None:
    w, rate = Value(1.0), contextvars.ContextVar("rate", default=0.0)
    cost = vectorize(lambda xs: sum((w * x) ** 2 for x in xs) + rate.get() * w**2)
    assert cost([1.0, 2.0]).data == 5.0
    rate.set(2.0)
    with pytest.raises(VectorizeError):
        cost([1.0, 2.0])


def test_a_comparison_of_infinities_does_not_count() -> None:
    w, factor = Value(2.0), contextvars.ContextVar("factor", default=1.0)
    cost = vectorize(lambda xs: sum(w * x for x in xs) * factor.get())
    cost([1.0, 2.0])
    cost([1.0, 2.0])
    cost([np.inf, 2.0])
    factor.set(3.0)
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


# --- sets and dicts -------------------------------------------------------------------------------------------------


def test_membership_is_a_guard() -> None:
    w, b = Value(2.0), Value(0.5)
    cost = vectorize(lambda x: w * x if x in {1.0, 2.0} else b * x)
    assert [cost(x).data for x in (1.0, 3.0, 2.0, 1.0, 4.0, 2.0)] == [2.0, 1.5, 4.0, 2.0, 2.0, 4.0]
    chosen = vectorize(lambda x, n: {1: w, 2: b}.get(n, w * b) * x)
    assert [chosen(2.0, n).data for n in (1, 2, 3, 1, 2)] == [4.0, 1.0, 2.0, 4.0, 1.0]


def test_each_number_once() -> None:
    w = Value(2.0)

    def f(xs: Any) -> Any:
        seen: set[Any] = set()
        total = 0.0 * w
        for x in xs:
            total = total if x in seen else total + w * x
            seen.add(x)
        return total

    cost = vectorize(f)
    assert [cost(xs).data for xs in ([1.0, 2.0], [3.0, 3.0], [4.0, 5.0])] == [6.0, 6.0, 18.0]


def test_parameters_in_sets_and_dicts_are_told_apart_as_nodes() -> None:
    w, b = Value(2.0), Value(2.0)
    cost = vectorize(lambda x: sum({w: w * x, b: b * x}.values()) + len({w, b, w * x, w * x}))
    for x in (1.0, 2.0, 3.0):
        assert cost(x).data == 4.0 * x + 4.0
    assert repr(cost).endswith("1 program>")
    assert Value.__hash__ is object.__hash__


def test_text_of_a_number_is_noted() -> None:
    w = Value(2.0)
    cost = vectorize(lambda x: w * x * len(f"{x}") if isinstance(x, float) else w * x * len(f"{x:.1f}"))
    cost(1.0)
    assert "left the graph: format(v) at" in cost.report()


# --- arguments that are changed ---------------------------------------------------------------------------------------


def add_one(X: Any) -> Any:
    X += 1.0
    return X


def append(xs: Any) -> Any:
    xs.append(1.0)
    return xs


def put(d: Any) -> Any:
    d["a"] = 3.0
    return list(d.values())


@pytest.mark.parametrize(
    ("change", "argument"),
    [
        (add_one, np.ones(3)),
        (append, [1.0, 2.0]),
        (lambda xs: xs.sort() or xs, [3.0, 2.0]),
        (put, {"a": 1.0}),
        (lambda x: x.add(3.0) or x, {1.0, 2.0}),
        (lambda x: x.append(3) or x, bytearray(b"ab")),
        (lambda x: append(x[0]), np.array([[1.0], None], dtype=object)),
    ],
)
def test_an_argument_that_the_function_changes(change: Any, argument: Any) -> None:
    w, before = Value(2.0), copy.deepcopy(argument)
    cost = vectorize(lambda x: sum(w * k for k in change(x)))
    for _ in range(2):
        with pytest.raises(VectorizeError, match=r"changes an argument in place.*xs = list\(xs\)"):
            cost(argument)
        np.testing.assert_equal(argument, before)


def test_an_example_that_the_function_changes() -> None:
    w, X = Value(2.0), np.ones((3, 2))
    with pytest.raises(VectorizeError, match="changes an argument in place"):
        vectorize(lambda x: (w * add_one(x)).sum(), in_axes=0)(X)
    assert (X == 1.0).all()


def test_a_copy_may_be_changed() -> None:
    w = Value(2.0)
    cost = vectorize(lambda xs: w * sorted(append(list(xs)))[0])
    assert [cost(xs).data for xs in ([3.0, 2.0], [5.0, 0.5], [1.0, 0.0])] == [2.0, 1.0, 0.0]


# --- numbers that are not finite, or not floats -----------------------------------------------------------------------


def test_where_the_function_is_not_finite_the_program_may_be() -> None:
    w = Value(2.0)
    cost = vectorize(lambda xs: sum(w * x * 0.0 + w for x in xs))
    assert cost([1.0, 2.0]).data == 4.0
    assert cost([np.inf, 2.0]).data == 4.0
    assert cost([1.0, 3.0]).data == 4.0


def test_the_second_call_is_compared_again_while_it_is_not_finite() -> None:
    w, factor = Value(2.0), contextvars.ContextVar("factor", default=1.0)
    cost = vectorize(lambda x: w * (x.exp() if isinstance(x, Value) else np.exp(x)) * factor.get())
    with np.errstate(over="ignore"):
        assert cost(1000.0).data == cost(1000.0).data == np.inf
        factor.set(3.0)
        with pytest.raises(VectorizeError):
            cost(1.0)


def test_a_program_that_overflows_says_so() -> None:
    w = Value(2.0)
    cost = vectorize(lambda xs: sum((x * 1e200) * (w * 1e200) * 1e-300 for x in xs))
    cost([1.0, 2.0])
    with pytest.raises(VectorizeError, match=r"inf by its program.*too large\. Scale them"):
        cost([3.0, 2.0])


def test_large_ints_are_exact_or_refused() -> None:
    w, large = Value(1.0), 2**53 + 1
    cost = vectorize(lambda xs: w * (xs[0] - xs[1]))
    for n in (large, large + 2, 10**400):
        assert cost([n + 1, n]).data == 1.0
    with pytest.raises(ValueError, match=r"ints from 9007199254740992 to 9007199254740993.*only up to 2\*\*53"):
        cost(np.array([large, large - 1]))
    assert cost(np.array([3, 1])).data == 2.0
    odd = vectorize(lambda n: w * (n % 2) if isinstance(n, (int, np.integer)) else w)
    assert [odd(np.int64(n)).data for n in (large, large + 1)] == [1.0, 0.0]


# --- objects whose == is odd ------------------------------------------------------------------------------------------


class Many:
    def __init__(self, x: float) -> None:
        self.x = x

    def __eq__(self, other: object) -> Any:
        return np.array([True, False])

    __hash__ = None  # type: ignore[assignment]


class Raising(Many):
    def __eq__(self, other: object) -> Any:
        raise RuntimeError("incomparable")

    def __hash__(self) -> int:
        return 1


@pytest.mark.parametrize("kind", [Many, Raising])
def test_objects_that_cannot_be_compared(kind: Any) -> None:
    w, a, b = Value(2.0), kind(1.0), kind(3.0)
    cost = vectorize(lambda s: w * s.x)
    assert [cost(s).data for s in (a, b, a, b)] == [2.0, 6.0, 2.0, 6.0]


def test_a_set_that_changes() -> None:
    w, allowed = Value(2.0), {1.0, 2.0}
    cost = vectorize(lambda x, s: w * x if x in s else w)
    for _ in range(4):
        assert cost(3.0, allowed).data == 2.0
    allowed.add(3.0)
    assert cost(3.0, allowed).data == 6.0


def test_dicts_of_other_kinds() -> None:
    w = Value(2.0)
    cost = vectorize(lambda d: w * d["x"])
    for kind in (collections.defaultdict, collections.Counter, collections.OrderedDict):
        for x in (1.0, 2.0, 3.0):
            d: Any = kind()
            d["x"] = x
            assert cost(d).data == 2.0 * x


def test_very_many_structures_are_worth_a_warning() -> None:
    w, state = Value(2.0), {"x": 1.0, "losses": [0.0]}
    cost = vectorize(lambda state: w * state["x"])
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for n in range(2, MANY_STRUCTURES + 1):
            cost(state)
            state["losses"] = [0.0] * n
    with pytest.warns(UserWarning, match="64 different structures of its arguments") as caught:
        cost(state)
    assert caught[0].filename == __file__
    state["losses"].append(1.0)
    assert cost(state).data == 2.0

"""The edge cases: what a value and a derivative are where textbooks stop. Each on floats and on arrays."""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import autograd_lite as ag
from autograd_lite import Value
from autograd_lite.operation import Operation
from autograd_lite.recording import apply
from tests.tables import ELEMENTWISE, trial_name

inf, nan = math.inf, math.nan

Case = tuple[str, Callable[..., Any], tuple[float, ...], float, tuple[float, ...]]

CASES: list[Case] = [
    ("abs at 0", abs, (0.0,), 0.0, (0.0,)),
    ("relu at 0", ag.relu, (0.0,), 0.0, (0.0,)),
    ("sign", ag.sign, (0.0,), 0.0, (0.0,)),
    ("sign of 2", ag.sign, (2.0,), 1.0, (0.0,)),
    ("maximum at a tie", ag.maximum, (2.0, 2.0), 2.0, (0.5, 0.5)),
    ("minimum at a tie", ag.minimum, (2.0, 2.0), 2.0, (0.5, 0.5)),
    ("maximum of infinities", ag.maximum, (inf, inf), inf, (0.5, 0.5)),
    ("clip at its lower bound", lambda x: ag.clip(x, 0.0, 1.0), (0.0,), 0.0, (0.5,)),
    ("clip at its upper bound", lambda x: ag.clip(x, 0.0, 1.0), (1.0,), 1.0, (0.5,)),
    ("clip inside", lambda x: ag.clip(x, 0.0, 1.0), (0.3,), 0.3, (1.0,)),
    ("clip outside", lambda x: ag.clip(x, 0.0, 1.0), (3.0,), 1.0, (0.0,)),
    ("sqrt at 0", ag.sqrt, (0.0,), 0.0, (inf,)),
    ("power 0.5 at 0", lambda x: x**0.5, (0.0,), 0.0, (inf,)),
    ("log at 0", ag.log, (0.0,), -inf, (inf,)),
    ("1/x at 0", lambda x: 1 / x, (0.0,), inf, (-inf,)),
    ("x/0", lambda x: x / 0.0, (1.0,), inf, (inf,)),
    ("x/0 with an integer", lambda x: x / 0, (1.0,), inf, (inf,)),
    ("0/0", lambda x, y: x / y, (0.0, 0.0), nan, (inf, nan)),
    ("x**0 at 0", lambda x: x**0, (0.0,), 1.0, (0.0,)),
    ("0**0", lambda x, y: x**y, (0.0, 0.0), 1.0, (0.0, 0.0)),
    ("0**2", lambda x, y: x**y, (0.0, 2.0), 0.0, (0.0, 0.0)),
    ("0**-1", lambda x, y: x**y, (0.0, -1.0), inf, (-inf, -inf)),
    ("(-2)**2 with a constant exponent", lambda x: x**2.0, (-2.0,), 4.0, (-4.0,)),
    ("nan**0", lambda x: x**0.0, (nan,), 1.0, (0.0,)),  # 1 for every x
    ("(-8)**(1/3)", lambda x: x ** (1 / 3), (-8.0,), nan, (nan,)),
    ("2**x", lambda x: 2**x, (3.0,), 8.0, (8 * math.log(2),)),
    ("exp of 1000", ag.exp, (1000.0,), inf, (inf,)),
    ("10**400", lambda x: 10.0**x, (400.0,), inf, (inf,)),
    ("x**400", lambda x: x**400, (10.0,), inf, (inf,)),
    ("cosh of 1000", ag.cosh, (1000.0,), inf, (inf,)),
    ("sinh of -1000", ag.sinh, (-1000.0,), -inf, (inf,)),
    ("expm1 of 1000", ag.expm1, (1000.0,), inf, (inf,)),
    ("where's untaken branch", lambda x: ag.where(x > 0, ag.sqrt(x), 0.0), (-1.0,), 0.0, (0.0,)),
    ("untaken product of nan", lambda x: ag.where(x > 0, x * ag.sqrt(x), 0.0), (-1.0,), 0.0, (0.0,)),
    ("untaken logarithm", lambda x: ag.where(x > 0, ag.log(x), x), (0.0,), 0.0, (1.0,)),
    ("untaken division", lambda x: ag.where(x > 0, 1 / x, 0.0), (0.0,), 0.0, (0.0,)),
    ("untaken power", lambda x: ag.where(x > 0, x**-1.5, 0.0), (0.0,), 0.0, (0.0,)),
    ("untaken overflow", lambda x: ag.where(x < 100, ag.exp(x), x), (1000.0,), 1000.0, (1.0,)),
    ("root of a dead relu", lambda x: ag.sqrt(ag.relu(x)), (-0.3,), 0.0, (0.0,)),
    ("root of a maximum", lambda x: ag.sqrt(ag.maximum(x, 0.0)), (-0.3,), 0.0, (0.0,)),
    ("log of a clip", lambda x: ag.log(ag.clip(x, 0.0, 1.0)), (-0.3,), -inf, (0.0,)),
    ("reciprocal of a dead relu", lambda x: 1 / ag.relu(x), (-0.3,), inf, (0.0,)),
    ("arctan2 at the origin", ag.arctan2, (0.0, 0.0), 0.0, (0.0, 0.0)),
    ("hypot at the origin", ag.hypot, (0.0, 0.0), 0.0, (0.0, 0.0)),
    ("sigmoid of 1000", ag.sigmoid, (1000.0,), 1.0, (0.0,)),
    ("sigmoid of -1000", ag.sigmoid, (-1000.0,), 0.0, (0.0,)),
    ("softplus of 1000", ag.softplus, (1000.0,), 1000.0, (1.0,)),
    ("softplus of -1000", ag.softplus, (-1000.0,), 0.0, (0.0,)),
    ("logsigmoid of 1000", ag.logsigmoid, (1000.0,), 0.0, (0.0,)),
    ("logsigmoid of -1000", ag.logsigmoid, (-1000.0,), -1000.0, (1.0,)),
    ("sigmoid of -inf", ag.sigmoid, (-inf,), 0.0, (0.0,)),
    ("softplus of -inf", ag.softplus, (-inf,), 0.0, (0.0,)),
    ("softplus of inf", ag.softplus, (inf,), inf, (1.0,)),
    ("logsigmoid of -inf", ag.logsigmoid, (-inf,), -inf, (1.0,)),
    ("tanh of 1000", ag.tanh, (1000.0,), 1.0, (0.0,)),
    ("tanh of -inf", ag.tanh, (-inf,), -1.0, (0.0,)),
    ("silu of -1000", ag.silu, (-1000.0,), 0.0, (0.0,)),
    ("elu of 1000", ag.elu, (1000.0,), 1000.0, (1.0,)),
    ("gelu of 1000", ag.gelu, (1000.0,), 1000.0, (1.0,)),
    ("BCE with logits, 1000 and 0", lambda z: ag.softplus(z) - 0.0 * z, (1000.0,), 1000.0, (1.0,)),
    ("BCE with logits, -1000 and 1", lambda z: ag.softplus(z) - 1.0 * z, (-1000.0,), 1000.0, (-1.0,)),
    ("a/b at 1e200", lambda a, b: a / b, (1e200, 1e200), 1.0, (1e-200, -1e-200)),
    ("arcsin at 1", ag.arcsin, (1.0,), math.pi / 2, (inf,)),
    ("arctanh at 1", ag.arctanh, (1.0,), inf, (inf,)),
    ("log1p at -1", ag.log1p, (-1.0,), -inf, (inf,)),
    ("leaky_relu at 0", ag.leaky_relu, (0.0,), 0.0, (0.01,)),
    ("gradient that leaves the numbers", lambda x: (x * 1e200) * 1e200, (1e-200,), 1e200, (inf,)),
]


def same(got: Any, wanted: float) -> bool:
    got = float(np.asarray(got).reshape(()))
    return got == pytest.approx(wanted, rel=1e-12, abs=1e-300, nan_ok=True)


@pytest.mark.parametrize("case", CASES, ids=lambda c: c[0])
def test_scalar(case: Case) -> None:
    _, f, inputs, value, gradients = case
    values = [Value(x) for x in inputs]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        y = f(*values)
        y.backward()
    assert same(y.data, value)
    assert type(y.data) is float
    for x, gradient in zip(values, gradients, strict=True):
        assert same(x.grad, gradient), (x.grad, gradient)


@pytest.mark.parametrize("case", CASES, ids=lambda c: c[0])
@pytest.mark.filterwarnings("ignore:overflow encountered in multiply")
def test_array(case: Case) -> None:
    """The same in an array, beside an ordinary element that must not suffer."""
    _, f, inputs, value, gradients = case
    values = [Value([x, 0.5]) for x in inputs]
    y = f(*values)
    y.backward(np.ones(2))
    assert same(y.data[0], value)
    for x, gradient in zip(values, gradients, strict=True):
        assert same(x.grad[0], gradient), (x.grad, gradient)
        assert not math.isnan(x.grad[1])


@pytest.mark.parametrize("case", [c for c in CASES if "untaken" in c[0] or "dead" in c[0]], ids=lambda c: c[0])
def test_strong_zero_in_grad_and_in_second_order(case: Case) -> None:
    _, f, inputs, _, gradients = case
    assert same(ag.grad(f)(*inputs), gradients[0])
    assert same(ag.grad(ag.grad(f))(*inputs), 0.0)
    array = np.array([inputs[0], 0.5])
    assert same(ag.grad(lambda x: f(x).sum())(array)[0], gradients[0])


@pytest.mark.parametrize(
    ("f", "x", "value", "gradient"),
    [
        (ag.max, [2.0, 2.0, 1.0], 2.0, [0.5, 0.5, 0.0]),
        (ag.min, [2.0, 1.0, 1.0], 1.0, [0.0, 0.5, 0.5]),
        (ag.prod, [0.0, 2.0, 3.0], 0.0, [6.0, 0.0, 0.0]),
        (ag.prod, [0.0, 0.0, 3.0], 0.0, [0.0, 0.0, 0.0]),
        (ag.norm, [0.0, 0.0], 0.0, [0.0, 0.0]),
        (ag.norm, [3e200, 4e200], 5e200, [0.6, 0.8]),
        (ag.norm, [3e-200, 4e-200], 5e-200, [0.6, 0.8]),
        (ag.std, [7.0, 7.0, 7.0], 0.0, [0.0, 0.0, 0.0]),
        (ag.std, [0.1, 0.1, 0.1], 0.0, [0.0, 0.0, 0.0]),
        (lambda x: ag.sqrt(ag.max(x)), [0.0, -1.0], 0.0, [inf, 0.0]),
        (ag.logsumexp, [1000.0, 1000.0], 1000.0 + math.log(2), [0.5, 0.5]),
        (ag.logsumexp, [-1000.0, -1000.0], -1000.0 + math.log(2), [0.5, 0.5]),
        (ag.logsumexp, [-inf, 0.0], 0.0, [0.0, 1.0]),
        (ag.logsumexp, [-inf, -inf], -inf, [0.0, 0.0]),
        (lambda x: ag.softmax(x)[0], [1000.0, -1000.0], 1.0, [0.0, 0.0]),
        (lambda x: ag.softmax(x)[0], [-inf, 0.0, 0.0], 0.0, [0.0, 0.0, 0.0]),
        (lambda x: -ag.log_softmax(x)[1], [1000.0, -1000.0], 2000.0, [1.0, -1.0]),
        (lambda x: -ag.log_softmax(x)[1], [-inf, 0.0], 0.0, [0.0, 0.0]),
        (lambda x: ag.where(x > 0, ag.norm(x * 0.0), x).sum(), [-1.0, 2.0], -1.0, [1.0, 0.0]),
    ],
)
def test_reductions(f: Callable[[Value], Value], x: list[float], value: float, gradient: list[float]) -> None:
    v = Value(x)
    y = f(v)
    y.backward()
    assert y.data == pytest.approx(value, rel=1e-14)
    np.testing.assert_allclose(v.grad, gradient, rtol=1e-12, atol=1e-300)


@pytest.mark.parametrize("f", [ag.norm, ag.std, ag.max, ag.prod, ag.logsumexp, ag.var])
@pytest.mark.parametrize("bad", [nan, inf])
def test_a_row_that_where_did_not_take_receives_nothing(f: Callable[..., Value], bad: float) -> None:
    x = Value([[1.0, 2.0], [bad, 1.0]])
    np.where(np.array([True, False]), f(x, axis=1), 0.0).sum().backward()
    assert np.isfinite(x.grad).all()
    assert x.grad[1].tolist() == [0.0, 0.0]


def test_a_row_of_softmax_that_is_masked_all_over() -> None:
    x = Value([[1.0, 2.0], [-inf, -inf]])
    np.where(np.array([[True], [False]]), ag.softmax(x), 0.0)[0, 0].backward()
    assert x.grad[1].tolist() == [0.0, 0.0]
    assert np.isfinite(x.grad).all()


def test_a_scalar_in_front_of_an_array_graph() -> None:
    def f(x: Value) -> Value:
        return np.where(np.array([False, True]), (x * np.array([1.0, -1.0])).sqrt(), 0.0).sum()

    x = Value(-1.0)
    f(x).backward()
    assert x.grad == ag.grad(f)(-1.0) == -0.5


def test_norm_says_which_lengths_it_knows() -> None:
    matrix = Value(np.ones((2, 2)))
    for ord_, axis in ((2, None), (2, (0, 1)), (1, 0), ("nuc", None)):
        with pytest.raises(ValueError, match="ord="):
            ag.norm(matrix, ord_, axis)
    assert ag.norm(matrix, 2, 0).data.tolist() == pytest.approx([math.sqrt(2)] * 2)


def test_no_degrees_of_freedom() -> None:
    for f in (ag.var, ag.std):
        x = Value([3.0])
        y = f(x, ddof=1)
        y.backward()
        assert math.isnan(y.data)


@pytest.mark.parametrize("f", [ag.prod, ag.norm, ag.std])
def test_second_derivative_at_the_edge_is_no_nan(f: Callable[[Value], Value]) -> None:
    assert np.isfinite(ag.hessian(lambda x: f(x) ** 2)(np.array([0.0, 2.0, 3.0]))).all()


def test_prod_with_zeros_differentiates_twice() -> None:
    np.testing.assert_array_equal(ag.hessian(ag.prod)(np.array([0.0, 2.0, 3.0])), [[0, 3, 2], [3, 0, 0], [2, 0, 0]])


@pytest.mark.parametrize("f", [ag.relu, lambda x: ag.maximum(x, 0.0), lambda x: ag.maximum(0.0, x), ag.minimum])
@pytest.mark.parametrize("data", [nan, [nan, 1.0]])
def test_nan_propagates(f: Callable[..., Value], data: Any) -> None:
    x = Value(data)
    y = f(x, 0.0) if f is ag.minimum else f(x)
    assert math.isnan(np.ravel(y.data)[0])


def test_nan_propagates_through_max_and_min() -> None:
    assert math.isnan(ag.max(Value([1.0, nan])).data)
    assert math.isnan(ag.min(Value([1.0, nan])).data)


def test_a_constant_exponent_never_touches_the_logarithm(monkeypatch: pytest.MonkeyPatch) -> None:
    from autograd_lite.text import FLOAT_NAMES

    def refuse(_: float) -> float:
        raise AssertionError("log of the base was computed")

    monkeypatch.setitem(FLOAT_NAMES, "log", refuse)
    x = Value(-2.0)
    (x**2.0).backward()
    assert x.grad == -4.0


def test_bce_and_cross_entropy_from_logits() -> None:
    z = Value([1000.0, -1000.0, 0.0])
    y = np.array([0.0, 1.0, 1.0])
    loss = (ag.softplus(z) - y * z).sum()
    loss.backward()
    assert loss.data == pytest.approx(2000 + math.log(2))
    np.testing.assert_allclose(z.grad, [1.0, -1.0, -0.5])


def test_large_finite_gradients_are_no_incident() -> None:
    x = Value([1.0, 1.0])
    (x * 1e200).sum().backward()
    assert x.grad.tolist() == [1e200, 1e200]


@pytest.mark.parametrize("row", [row for row in ELEMENTWISE if row.name not in ("add", "sub", "mul")], ids=trial_name)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_no_row_warns_of_an_answer_beyond_the_numbers(row: Operation, dtype: type) -> None:
    largest, least = np.finfo(dtype).max, np.finfo(dtype).smallest_subnormal
    extremes = [inf, -inf, nan, 0.0, -0.0, 1.0, -1.0, 1000.0, -1000.0, largest, -largest, least, -least]
    grid = np.meshgrid(*[np.array(extremes, dtype)] * len(row.inputs))
    assert apply(row, tuple(map(ag.Value, grid))).dtype == dtype

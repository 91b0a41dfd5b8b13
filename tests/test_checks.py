"""`check_grads` finds small faults, and cries wolf neither at curvature nor at corners."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import autograd_lite as ag
from autograd_lite import check_grads, modes
from autograd_lite.checks import GradientError
from autograd_lite.operation import Operation
from autograd_lite.recording import apply
from autograd_lite.text import FLOAT_NAMES
from tests.tables import ELEMENTWISE, trial_name


def scaled(f: Any, factor: float) -> Any:
    """f with a gradient that is off by a factor, by a detour that leaves the value alone."""

    def g(x: Any) -> Any:
        y = f(x)
        return y * factor + y.detach() * (1 - factor) if isinstance(y, ag.Value) else y

    return g


@pytest.mark.parametrize("f", [ag.exp, ag.sin, ag.relu, ag.abs, lambda x: x**5, ag.gelu])
@pytest.mark.parametrize("x", [1.3, -2.0])
@pytest.mark.parametrize("factor", [-1.0, 2.0, 0.9, 1.001])
def test_faults_are_found(f: Any, x: float, factor: float) -> None:
    right = check_grads(f, x)
    assert right.ok, right
    if right.checks[0].analytic:
        assert not check_grads(scaled(f, factor), x), check_grads(scaled(f, factor), x)


@pytest.mark.parametrize("x", [1e-8, 1e-4, 1.0, 100.0])
def test_strong_curvature_is_no_fault(x: float) -> None:
    check_grads(lambda v: ag.exp(v * 0.1) * v**3, x, must_pass=True)
    check_grads(lambda v: 1 / (v + 0.01), x, must_pass=True)


@pytest.mark.parametrize("f", [ag.relu, ag.abs, lambda x: ag.maximum(x, 0.0), lambda x: ag.clip(x, 0.0, 1.0)])
@pytest.mark.parametrize("x", [0.0, 1e-7, 0.0004, -0.0004, 0.0011, 0.0019, -0.0013])
def test_corners(f: Any, x: float) -> None:
    report = check_grads(f, x, must_pass=True)
    if x == 0.0:
        assert report.checks[0].verdict == "kink"


def test_a_wrong_gradient_at_a_corner_is_found() -> None:
    def f(x: Any) -> Any:
        y = ag.abs(x)
        return y + (x - x.detach()) * 3.0 if type(x) is ag.Value and not np.iscomplexobj(x._data) else y

    assert not check_grads(f, 0.0)


def test_table() -> None:
    report = check_grads(lambda p: p["w"][0] * p["b"], {"w": [2.0], "b": np.array([1.0, 3.0])}, names=["p"])
    text = str(report)
    assert [c.name for c in report.checks] == ["p['w'][0]", "p['b'][0]", "p['b'][1]"]
    head = text.splitlines()[0].split()
    assert head == ["name", "analytic", "numeric", "curvature", "error", "allowed", "complex", "step", "verdict"]
    assert text.count(" ok") == 3


def test_where_the_function_is_not_finite_nothing_is_judged() -> None:
    assert check_grads(ag.log, 0.0).checks[0].verdict == "unjudged"
    assert check_grads(ag.sqrt, 0.0005).checks[0].verdict == "unjudged"


def test_must_pass_raises_with_the_table() -> None:
    with pytest.raises(GradientError, match="WRONG"):
        check_grads(scaled(ag.exp, 2.0), 1.0, must_pass=True)


@pytest.mark.parametrize("step", [0.0, -1.0, float("nan"), float("inf"), "a"])
def test_bad_steps(step: Any) -> None:
    with pytest.raises(ValueError, match="step"):
        check_grads(ag.exp, 1.0, step=step)


def test_float32_and_arrays_of_outputs() -> None:
    check_grads(lambda x: ag.exp(x) * 2, np.array([0.5, 1.0], np.float32), must_pass=True)
    check_grads(lambda m: apply(ag.TABLE["matmul"], (m, m)), np.eye(2), must_pass=True)
    check_grads(lambda x: x * 0.0, np.zeros((0,)), must_pass=True)


def test_a_step_too_long_for_the_function_is_not_a_fault() -> None:
    verdicts = {check_grads(lambda x: ag.sin(x * 5000.0), x).checks[0].verdict for x in np.linspace(-1.0, 1.0, 50)}
    assert verdicts == {"ok", "coarse"}


@pytest.mark.parametrize(
    ("f", "x"), [(ag.norm, np.zeros(2)), (ag.std, np.ones(3)), (lambda v: ag.hypot(v[0], v[1]), np.zeros(2))]
)
def test_tips_of_cones_are_kinks(f: Any, x: Any) -> None:
    report = check_grads(f, x)
    assert [c.verdict for c in report.checks] == ["kink"] * len(x)


def test_steepness_does_not_hide_a_fault() -> None:
    assert not check_grads(lambda x: scaled(ag.relu, 1.05)(x) + ag.sin(x * 1000.0), 1.3)


def test_large_float32_gradients() -> None:
    rng = np.random.default_rng(0)
    w, x = rng.normal(size=(4, 3)).astype(np.float32), rng.normal(size=3).astype(np.float32)
    check_grads(lambda x: ag.sum(ag.tanh(ag.matmul(w, x)) ** 2) * 100 + ag.logsumexp(x), x, must_pass=True)


def test_the_middle_is_computed_once_for_all_numbers() -> None:
    calls = []
    assert check_grads(lambda x: calls.append(x) or (x * x).sum(), np.ones(10))
    assert len(calls) == 2 + 10 * 5  # the gradient, the middle; four steps and a complex one for each


def test_no_value_is_computed_twice_where_there_is_no_complex_step() -> None:
    calls = []
    assert check_grads(lambda x: calls.append(x) or ag.relu(x).sum(), np.ones(10))
    assert len(calls) == 2 + 10 * 7  # the complex step is tried; two tiny steps for the slopes
    calls.clear()
    assert check_grads(lambda x: calls.append(x) or ag.abs(x).sum(), np.zeros(10))
    assert len(calls) == 2 + 10 * 9  # and two still smaller ones at a corner


def test_a_function_that_writes_to_its_argument_does_no_harm() -> None:
    def f(x: Any) -> Any:
        y = ag.sum(x * x)
        x.data = x.data * 0.0
        return y

    report = check_grads(f, np.array([1.0, 2.0]), must_pass=True)
    assert [c.analytic for c in report.checks] == [2.0, 4.0]


def test_the_greatest_of_a_list_has_no_complex_step() -> None:
    report = check_grads(lambda a, b: ag.max([a, b]) * a, 2.0, 3.0)
    assert [c.complex_step for c in report.checks] == [None, None]


@pytest.mark.parametrize("row", [row for row in ELEMENTWISE if hasattr(ag, row.name)], ids=trial_name)
@pytest.mark.parametrize("is_array", [False, True])
def test_only_what_is_analytic_has_a_complex_step(row: Operation, is_array: bool) -> None:
    points = [low + 0.6 * (high - low) for low, high in row.domain]
    inputs = [np.full(2, x) for x in points] if is_array else points
    function, method = getattr(ag, row.name), getattr(ag.Value, row.name)
    for f in (function, method, lambda *xs: xs[0] * 1.0 + method(*(x.detach() for x in xs)).detach() * 0.0):
        report = check_grads(f, *inputs, must_pass=True)
        assert {c.complex_step is not None for c in report.checks} == {row.analytic}


@pytest.mark.parametrize("name", ["max", "min", "prod", "sum"])
def test_only_what_is_analytic_along_an_axis_has_a_complex_step(name: str) -> None:
    for f in (getattr(ag, name), getattr(ag.Value, name)):
        report = check_grads(f, np.array([1.0, 2.0, 4.0]), must_pass=True)
        assert {c.complex_step is not None for c in report.checks} == {ag.TABLE[name].analytic}


@pytest.mark.parametrize("x", [2.0, np.array([[2.0]])], ids=["scalar", "array"])
def test_the_bare_number_of_item_loses_no_gradient_unseen(x: Any) -> None:
    (check,) = check_grads(lambda v: ag.sum(v * v.item()), x).checks
    assert (check.analytic, check.complex_step, check.verdict) == (2.0, pytest.approx(4.0), "WRONG")


@pytest.mark.parametrize("f", [ag.softmax, ag.log_softmax, ag.logsumexp])
def test_scalars_of_an_array_have_a_complex_step_too(f: Any) -> None:
    report = check_grads(lambda *xs: np.ravel(f(np.array(xs, dtype=object)))[0], 1.0, 2.0, must_pass=True)
    assert all(c.complex_step is not None for c in report.checks)


def test_no_mode_outlives_an_error_in_the_complex_step() -> None:
    def f(x: Any) -> Any:
        if np.iscomplexobj(x):
            raise KeyboardInterrupt
        return x * x

    before = FLOAT_NAMES["any_mode"], FLOAT_NAMES["special"]
    with pytest.raises(KeyboardInterrupt):
        check_grads(f, 1.0)
    assert (FLOAT_NAMES["any_mode"], FLOAT_NAMES["special"]) == before
    assert ag.relu(ag.Value(1.0)).data == 1.0


def test_a_gradient_that_no_grad_loses_is_found() -> None:
    unrecorded = ag.no_grad()(ag.tanh)
    report = check_grads(lambda x: ag.sum(x * x + unrecorded(x)), np.array([1.0, 2.0]))
    assert [c.verdict for c in report.checks] == ["WRONG", "WRONG"]
    assert [c.complex_step for c in report.checks] == pytest.approx([2 + 1 / np.cosh(1) ** 2, 4 + 1 / np.cosh(2) ** 2])


def test_the_mode_of_the_complex_step_is_entered_once_for_all_numbers(monkeypatch: pytest.MonkeyPatch) -> None:
    entered = []
    enter = modes.complex_numbers
    monkeypatch.setattr(modes, "complex_numbers", lambda: entered.append(1) or enter())
    assert check_grads(lambda a, b: ag.sum(a * b), np.ones(3), np.ones(3))
    assert len(entered) == 1


def test_an_argument_that_the_function_changes_is_built_again() -> None:
    def f(xs: Any, p: Any) -> Any:
        return xs.pop() * p.pop("w") * xs[0]

    report = check_grads(f, [2.0, 3.0], {"w": 5.0}, must_pass=True)
    assert [c.analytic for c in report.checks] == [15.0, 10.0, 6.0]


def test_a_derivative_of_a_narrow_dtype_is_judged_in_floats() -> None:
    for check in check_grads(ag.relu, np.array([0.5, 1e30], np.float32)).checks:
        assert all(type(x) in (str, float, type(None)) for x in check), check

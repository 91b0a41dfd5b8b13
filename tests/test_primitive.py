"""An operation of the user's own is like the built-in ones."""

from __future__ import annotations

import pickle
from typing import Any

import numpy as np
import pytest

import autograd_lite as ag
from autograd_lite import TABLE, Trial, Value, primitive

pytestmark = pytest.mark.usefixtures("table_as_before")


def test_a_scalar_function_in_three_lines() -> None:
    @primitive(symbol="softsign", vjp=lambda g, y, x: g / (1 + np.abs(x)) ** 2, analytic=False)
    def softsign(x: Any) -> Any:
        """x / (1 + |x|)."""
        return x / (1 + np.abs(x))

    x = Value(2.0)
    y = softsign(x)
    y.backward()
    assert (y.data, x.grad, y._op, y.op.name) == (pytest.approx(2 / 3), pytest.approx(1 / 9), "softsign", "softsign")
    assert x.softsign().data == y.data
    assert softsign(2.0) == pytest.approx(2 / 3)
    ag.check_grads(softsign, np.array([-1.0, 0.5]), must_pass=True)
    ag.check_grads(ag.grad(softsign), 0.7, must_pass=True)
    assert TABLE["softsign"].trials
    assert "x / (1 + |x|)." in softsign.__doc__
    assert pickle.loads(pickle.dumps(y)).op is TABLE["softsign"]


def test_several_inputs_parameters_and_broadcasting() -> None:
    @primitive(
        vjp=(lambda g, y, a, b, power=2: g * b**power, lambda g, y, a, b, power=2: g * a * power * b ** (power - 1)),
        trials=(Trial(((), (3,)), {"power": 3}),),
    )
    def weigh(a: Any, b: Any, power: int = 2) -> Any:
        return a * b**power

    ag.check_grads(lambda a, b: weigh(a, b, power=3), 2.0, np.array([1.0, 2.0]), must_pass=True)
    ag.check_grads(weigh, np.ones((2, 1)), np.array([1.0, 2.0]), must_pass=True)
    assert weigh(Value(2.0), Value(3.0), 1).parameters == {"power": 1}


def test_a_wrong_rule_is_found() -> None:
    @primitive(vjp=lambda g, y, x: g * 2 * np.cos(x))
    def wrong(x: Any) -> Any:
        return np.sin(x)

    report = ag.check_grads(wrong, 0.5)
    assert not report
    assert "WRONG" in str(report)


@pytest.mark.parametrize("name", ["tanh", "stop_gradient"])
def test_names_are_not_taken_twice(name: str) -> None:
    with pytest.raises(ValueError, match=f"already has an operation '{name}'"):
        primitive(lambda x: x, name=name, vjp=lambda g, y, x: g)


def test_one_rule_for_each_input() -> None:
    with pytest.raises(ValueError, match="2 vjp rules"):
        primitive(lambda x: x, name="few", vjp=(lambda g, y, x: g,) * 2)


def test_numpys_own_functions_find_it() -> None:
    @primitive(vjp=lambda g, y, x: g / (3 * y * y), numpy=(np.cbrt,), domain=(0.2, 3.0), analytic=False)
    def cbrt(x: Any) -> Any:
        return np.cbrt(x)

    y = np.cbrt(Value(8.0))
    assert y.data == 2.0
    assert y.op.name == "cbrt"
    assert cbrt(8.0) == 2.0


def test_a_cell_may_be_run_again_and_names_of_value_are_taken() -> None:
    def define(factor: float) -> Any:
        @primitive(vjp=lambda g, y, x: g * factor)
        def scaling(x: Any) -> Any:
            return x * factor

        return scaling

    define(2.0)
    assert define(3.0)(Value(1.0)).data == 3.0
    with pytest.raises(ValueError, match="name of Value itself"):
        primitive(lambda x: x, name="shape", vjp=lambda g, y, x: g)


def test_a_graph_keeps_the_rules_it_was_made_with() -> None:
    def define(factor: float) -> Any:
        @primitive(vjp=lambda g, y, x: g * factor)
        def scaling_again(x: Any) -> Any:
            return x * factor

        return scaling_again

    x = Value([1.0, 2.0])
    y = define(2.0)(x)
    define(3.0)
    y.sum().backward()
    assert x.grad.tolist() == [2.0, 2.0]


@pytest.mark.parametrize("name", ["receive", "owned", "Value", "vjp_0", "g", "node"])
def test_a_primitive_takes_no_name_from_the_backward_pass(name: str) -> None:
    own = primitive(lambda x: 5.0 * x, name=name, vjp=lambda g, y, x: 5.0 * g)
    x = Value([1.0, 2.0])
    (own(x) * x + x).sum().backward()
    assert x.grad.tolist() == [11.0, 21.0]


def test_a_primitive_of_arrays_alone_is_refused_on_an_array_of_values_with_advice() -> None:
    @primitive(vjp=lambda g, y, a: g[::-1], trials=(Trial(((3,),)),))
    def turned_round(a: Any) -> Any:
        return a[::-1]

    with pytest.raises(TypeError, match=r"turned_round of an array of Values.*stack"):
        turned_round(np.array([Value(1.0), Value(2.0)], dtype=object))


def test_a_function_without_a_name_needs_one() -> None:
    with pytest.raises(ValueError, match="'<lambda>' is not a name; choose one with name="):
        primitive(vjp=lambda g, y, x: g)(lambda x: x)

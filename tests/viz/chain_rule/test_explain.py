"""The chain rule written out: its words, its gradient and its formulas."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import autograd_lite as ag
from autograd_lite import Constant, Value
from tests.viz.chain_rule.helpers import lines_of, parse
from viz.chain_rule.explain import explain

# --- what it says --------------------------------------------------------------------------------------------------


def small() -> tuple[Value, Value]:
    a, b = Value(2.0, label="a"), Value(-0.6, label="b")
    y = (a * b + a).tanh()
    y.label = "y"
    return y, a


def test_two_paths() -> None:
    y, a = small()
    y.backward()
    assert str(explain(y, wrt=a)) == (
        "dy/da by the chain rule: multiply the local derivatives along each path from a to y, and add up the 2 paths\n"
        "\n"
        "  a = 2\n"
        "  v2 = a * b = -1.2\n"
        "  v3 = v2 + a = 0.8\n"
        "  y = tanh(v3) = 0.664\n"
        "\n"
        "path 1:  y ← v3 ← a\n"
        "    ∂y/∂v3   · ∂v3/∂a\n"
        "  = (1 - y²) · 1\n"
        "  = 0.5591   · 1\n"
        "  = 0.5591\n"
        "\n"
        "path 2:  y ← v3 ← v2 ← a\n"
        "    ∂y/∂v3   · ∂v3/∂v2 · ∂v2/∂a\n"
        "  = (1 - y²) · 1       · b\n"
        "  = 0.5591   · 1       · (-0.6)\n"
        "  = -0.3354\n"
        "\n"
        "dy/da = path 1 + path 2\n"
        "      = 0.5591 - 0.3354\n"
        "      = 0.2236\n"
        "\n"
        "a.grad = 0.2236 after backward(): the same"
    )


def test_two_paths_as_latex() -> None:
    y, a = small()
    e = explain(y, wrt=a)
    assert lines_of(e) == [
        "a &= 2",
        r"v_{2} &= a \cdot b = -1.2",
        "v_{3} &= v_{2} + a = 0.8",
        r"y &= \tanh(v_{3}) = 0.664",
        r"\frac{\mathrm{d} y}{\mathrm{d} a} &= \sum_{\text{paths}} \; \prod_{u \to v} \frac{\partial v}{\partial u}",
        r"\text{path 1} &= \frac{\partial y}{\partial v_{3}} \cdot \frac{\partial v_{3}}{\partial a}",
        r"&= (1 - y^{2}) \cdot 1",
        r"&= 0.5591 \cdot 1 = 0.5591",
        r"\text{path 2} &= \frac{\partial y}{\partial v_{3}} \cdot \frac{\partial v_{3}}{\partial v_{2}} "
        r"\cdot \frac{\partial v_{2}}{\partial a}",
        r"&= (1 - y^{2}) \cdot 1 \cdot b",
        r"&= 0.5591 \cdot 1 \cdot (-0.6) = -0.3354",
        r"\frac{\mathrm{d} y}{\mathrm{d} a} &= \text{path 1} + \text{path 2}",
        "&= 0.5591 - 0.3354 = 0.2236",
    ]
    assert e._repr_latex_() == f"$$\n{e.latex}\n$$"


def test_a_repl_shows_it_as_it_prints() -> None:
    e = explain(*small())
    assert repr(e) == str(e) == e.text


def test_names_come_from_the_caller() -> None:
    weight = Value(2.0)
    cost = weight * weight
    assert str(explain(cost, wrt=weight)).startswith("dcost/dweight by")
    assert str(explain(cost, wrt=weight, names={"w": weight})).startswith("dv1/dw by")
    assert str(explain(cost, wrt=weight, names={}, params={"p": weight})).startswith("dv1/dp by")


def test_each_argument_slot_is_a_path() -> None:
    a = Value(3.0, label="a")
    e = explain(a * a, wrt=a, names={})
    assert (e.count, [path.locals for path in e.paths], e.total) == (2, [(3.0,), (3.0,)], 6.0)
    assert "∂v1/∂a₁\n" in str(e)
    assert "∂v1/∂a₂\n" in str(e)
    assert r"\frac{\partial v_{1}}{\partial {a}^{(2)}}" in e.latex


def test_a_value_on_the_way() -> None:
    a = Value(3.0, label="a")
    b = a.exp()
    e = explain(b * b + a, wrt=b, names={})
    assert e.total == 2 * b.data
    assert e.count == 2
    assert "a" not in [e.graph.nodes[i].title for path in e.paths for i in path.nodes]


def test_the_root_itself() -> None:
    a = Value(3.0, label="a")
    e = explain(a, wrt=a)
    assert (str(e), e.total, e.count) == ("da/da = 1: a is the root itself", 1.0, 1)
    assert lines_of(e) == [r"\frac{\mathrm{d} a}{\mathrm{d} a} &= 1"]


def test_no_dependence() -> None:
    y, a = small()
    other = Value([1.0, 2.0], label="c")
    assert str(explain(y, wrt=Value(1.0, label="z"))) == "dy/dz = 0: y does not depend on z"
    assert str(explain(y, wrt=Value(1.0), names={})) == "dy/dwrt = 0: y does not depend on wrt"
    np.testing.assert_array_equal(explain(y, wrt=other).total, [0.0, 0.0])
    assert explain(Constant(1.0), wrt=a).total == 0.0
    assert explain(y, wrt=other).gradient is None
    assert explain(y, wrt=other).latex.count("= [0, 0]") == 1


def test_exchanged_arguments_are_noticed() -> None:
    y, a = small()
    assert str(explain(a, wrt=y)) == ("da/dy = 0: a does not depend on y; y depends on a: was explain(y, wrt=a) meant?")


@pytest.mark.parametrize(
    ("wrong", "error", "words"),
    [
        (lambda y, a: explain(y, wrt=2.0), TypeError, "wrt is 2.0, of type float; give the Value"),  # type: ignore[arg-type]
        (lambda y, a: explain(3.0, wrt=a), TypeError, "the root is 3.0, of type float"),  # type: ignore[arg-type]
        (lambda y, a: explain([y], wrt=a), TypeError, "the root is a list; explain one Value at a time"),  # type: ignore[arg-type]
        (lambda y, a: explain(y, wrt=Constant(1.0)), ValueError, r"wrt is a constant, Constant\(1\); nothing"),
        (lambda y, a: explain(y, wrt=a, max_paths=0), ValueError, "max_paths is 0; list at least 1 path"),
        (lambda y, a: explain(y, wrt=a, max_paths=None), ValueError, "max_paths is None"),  # type: ignore[arg-type]
    ],
)
def test_errors_say_what_was_wrong(wrong: Callable[[Value, Value], Any], error: type[Exception], words: str) -> None:
    with pytest.raises(error, match=words):
        wrong(*small())


# --- the gradient --------------------------------------------------------------------------------------------------


def test_backward_need_not_have_run_and_no_grad_is_touched() -> None:
    y, a = small()
    assert str(explain(y, wrt=a)).endswith("a.grad is not computed yet: call y.backward()")
    assert a.grad is None
    assert y.grad is None


def test_a_gradient_that_differs_is_told() -> None:
    y, a = small()
    y.backward()
    y.backward()
    assert "a.grad = 0.4472 is another number: a leaf adds up" in str(explain(y, wrt=a))
    a.zero_grad()
    y.backward(seed=0.0)
    assert "a.grad = 0 is another number" in str(explain(y, wrt=a))


def test_names_that_are_no_names_are_not_called() -> None:
    a = Value(1.0, label="my value")
    assert str(explain(a.exp(), wrt=a, names={})).endswith(
        "the gradient of my value is not computed yet: call backward()"
    )


def test_data_that_was_changed_afterwards_is_told() -> None:
    a = Value(1.0, label="a")
    y = (a.relu() * a).exp()
    assert "data was changed" not in str(explain(y, wrt=a))
    a.data = -5.0
    e = explain(y, wrt=a)
    assert "data was changed after the forward pass" in str(e)
    assert e.total == 2 * math.e
    assert [path.locals for path in e.paths] == [(math.e, 1.0, 1.0), (math.e, 1.0)]


# --- formulas ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("function", "x", "row"),
    [
        (lambda x: x.relu() * 3.0, 2.0, "3 · 1 (x > 0)"),
        (lambda x: x.relu() * 3.0, -2.0, "3 · 0 (x ≤ 0)"),
        (lambda x: x**3 * 3.0, 2.0, "3 · 3·x²"),
        (lambda x: x.log() * 3.0, 2.0, "3 · 1/x"),
        (lambda x: ag.maximum(x, 1.0) * 3.0, 2.0, "3 · 1 (x > 1)"),
        (lambda x: ag.hypot(x, 1.0) * 3.0, 2.0, "3 · x/v2"),
    ],
)
def test_formulas_are_those_at_the_numbers(function: Callable[[Value], Value], x: float, row: str) -> None:
    value = Value(x, label="x")
    lines = [" ".join(line.split()) for line in str(explain(function(value), wrt=value, names={})).splitlines()]
    assert f"= {row}" in lines


def test_a_zero_gradient_stays_zero() -> None:
    x = Value(0.0, label="x")
    y = (x.sqrt() - 1.0).relu() + x
    e = explain(y, wrt=x, names={})
    y.backward()
    assert sorted(path.product for path in e.paths) == [0.0, 1.0]
    assert e.total == x.grad == 1.0
    assert "a gradient that is 0 stays 0" in str(e)


def test_hostile_labels() -> None:
    a = Value(1.0, label="</script> $\\}{&%#^_~\n" + "x" * 50)
    e = explain(a * a, wrt=a, names={})
    assert "<" not in e.latex
    assert all("\n" not in line for line in lines_of(e))
    for line in lines_of(e):
        parse(line)
    assert "</script> $\\…xxxxxxxxxxx" in str(e)


def test_elementwise_arrays_keep_their_formulas() -> None:
    x = Value([1.0, -2.0, 3.0], label="x")
    e = explain((x.relu() * x).tanh(), wrt=x, names={})
    text = str(e)
    assert "d(sum(v3))/dx by" in text
    assert ") + (" not in text, "small arrays need no parentheses"
    assert "(v3 is an array of shape (3,): the sum of its elements is differentiated)" in text
    assert "· (1 if x > 0 else 0)" in text
    assert text.endswith("x.grad is not computed yet: call sum().backward()")
    np.testing.assert_allclose(e.total, (1 - np.tanh([1.0, 0.0, 9.0]) ** 2) * [2.0, 0.0, 6.0])
    assert r"\frac{\mathrm{d} \, \sum v_{3}}{\mathrm{d} x}" in e.latex


def test_a_scalar_that_is_broadcast() -> None:
    s = Value(2.0, label="s")
    y = Value([1.0, 2.0, 3.0], label="x") * s
    e = explain(y, wrt=s, names={})
    assert e.total == 6.0
    assert "  = x (summed)\n" in str(e)


@pytest.mark.parametrize("mode", [ag.no_grad, ag.detect_anomaly])
def test_it_works_inside_the_modes(mode: Any) -> None:
    y, a = small()
    with mode():
        assert explain(y, wrt=a).total == explain(y, wrt=a).paths[0].product + explain(y, wrt=a).paths[1].product


def test_names_that_are_no_single_words_are_in_parentheses_as_in_steps() -> None:
    a, y = Value(2.0, label="in put"), Value(3.0)
    y = a * y
    y.label = "model.loss"
    text = str(explain(y, wrt=a, names={}))
    assert text.startswith("d(model.loss)/d(in put) by the chain rule")

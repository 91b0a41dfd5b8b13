"""The chain rule written out: every path, its factors, and the sum, which is the gradient."""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from matplotlib.mathtext import MathTextParser

import autograd_lite as ag
from autograd_lite import Constant, Value
from viz.chain_rule.explain import Explanation, explain
from viz.graphs.snapshot import Snapshot

PARSER: Any = MathTextParser("path")


def lines_of(e: Explanation) -> list[str]:
    assert e.latex.startswith("\\begin{aligned}\n")
    assert e.latex.endswith("\n\\end{aligned}")
    return re.split(r" \\\\(?:\[1ex\])?\n", e.latex[len("\\begin{aligned}\n") : -len("\n\\end{aligned}")])


def parse(line: str) -> None:
    """Let Matplotlib read a line; it knows no alignment, and not all commands."""
    line = re.sub(r"(?<!\\)&", "", line).replace(r"\lt", "<").replace(r"\vdots", ":").replace(r"\&", "+")
    PARSER.parse(f"${line}$")


def all_paths(graph: Snapshot, end: int) -> list[list[tuple[int, int]]]:
    """By brute force: the steps, as pairs of a node and a slot."""
    done: list[list[tuple[int, int]]] = []
    open_: list[tuple[int, list[tuple[int, int]]]] = [(graph.roots[0], [])]
    while open_:
        i, steps = open_.pop()
        if i == end:
            done.append(steps)
            continue
        for k, slot in enumerate(graph.nodes[i].slots):
            if not graph.nodes[slot.source].is_constant:
                open_.append((slot.source, [*steps, (i, k)]))
    return done


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


# --- many paths ----------------------------------------------------------------------------------------------------

OPERATIONS: list[Callable[[Value, Value], Value]] = [
    lambda a, b: a + b,
    lambda a, b: a * b,
    lambda a, b: a - b * b,
    lambda a, b: a.tanh(),
    lambda a, b: ag.maximum(a, b),
    lambda a, b: (a * 0.5).relu() + 0.25,
    lambda a, b: ag.dot([a, b, 2.0], [b, 0.5, a]),
    lambda a, b: ag.sum([a, b, a]),
    lambda a, b: a / (b * b + 1.0),
]


@st.composite
def graphs(draw: st.DrawFn) -> tuple[Value, list[Value]]:
    """A random graph of scalars with two inputs, and all its values."""
    values = [Value(draw(st.sampled_from([-1.5, -0.5, 0.0, 0.75, 2.0]))) for _ in range(2)]
    for _ in range(draw(st.integers(1, 7))):
        operation = draw(st.sampled_from(OPERATIONS))
        values.append(operation(draw(st.sampled_from(values)), draw(st.sampled_from(values))))
    return values[-1], values


@given(graphs(), st.data())
def test_the_sum_over_all_paths_is_the_gradient(graph: tuple[Value, list[Value]], data: st.DataObject) -> None:
    root, values = graph
    wrt = data.draw(st.sampled_from(values[:-1]))
    e = explain(root, wrt, names={}, max_paths=10**6)
    root.backward()
    expected = wrt.grad or 0.0
    assert e.total == pytest.approx(expected, rel=1e-12)
    assert e.count == len(e.paths)
    assert e.unlisted is None
    assert math.fsum(path.product for path in e.paths) == pytest.approx(expected, rel=1e-9, abs=1e-9)
    for path in e.paths:
        assert path.product == pytest.approx(math.prod(path.locals), rel=1e-12)
        assert path.part(0, len(path)) == pytest.approx(path.product)
        assert (path.nodes[0], path.nodes[-1]) == (e.graph.roots[0], e.end)


@given(graphs(), st.data())
def test_it_lists_what_brute_force_finds(graph: tuple[Value, list[Value]], data: st.DataObject) -> None:
    root, values = graph
    wrt = data.draw(st.sampled_from(values[:-1]))
    limit = data.draw(st.integers(1, 6))
    e = explain(root, wrt, names={}, max_paths=limit)
    paths = [] if e.end is None else all_paths(e.graph, e.end)
    assert e.count == len(paths)
    assert len(e.paths) == min(limit, len(paths))
    found = {tuple(zip(path.nodes, path.slots, strict=False)) for path in e.paths}
    assert len(found) == len(e.paths)
    assert found <= set(map(tuple, paths))
    sizes = sorted((abs(math.prod(e.graph.nodes[i].slots[k].local for i, k in path)) for path in paths), reverse=True)
    assert [abs(path.product) for path in e.paths] == pytest.approx(sizes[:limit])
    if e.count > limit:
        assert e.total == pytest.approx(sum(path.product for path in e.paths) + e.unlisted, abs=1e-9)
        assert "the other" in str(e)


@settings(max_examples=30)
@given(graphs())
def test_whatever_it_says_is_latex(graph: tuple[Value, list[Value]]) -> None:
    root, values = graph
    e = explain(root, values[0], names={}, max_paths=3)
    for line in lines_of(e):
        parse(line)
    assert str(explain(root, values[0], names={}, max_paths=3)) == str(e)


def test_equal_paths_come_in_reading_order() -> None:
    a, b = Value(1.0, label="a"), Value(1.0, label="b")
    e = explain(ag.dot([a, b], [b, a]), wrt=a, names={})  # a*b + b*a
    assert [path.slots for path in e.paths] == [(0,), (3,)]
    c = a + a
    e = explain(c + c, wrt=a, names={})
    assert [path.slots for path in e.paths] == [(0, 0), (0, 1), (1, 0), (1, 1)]


def test_paths_without_number_are_counted_not_walked() -> None:
    x = v = Value(1.0, label="x")
    for _ in range(70):
        v = v + 0.5 * v
    e = explain(v, wrt=x, names={}, max_paths=2)
    assert e.count == 2**70
    assert [path.product for path in e.paths] == [1.0, 0.5]
    assert e.unlisted == pytest.approx(1.5**70 - 1.5, rel=1e-12)
    text = str(e)
    assert "add up the paths, about 10^21 of them\n(the 2 largest paths are shown; the sum is over all)" in text
    assert "= 1 + 0.5 + 2.12e+12\n" in text


def test_what_the_others_add_up_to_is_no_rounding_error() -> None:
    a = Value(1.0, label="a")
    total = ag.sum([a * 0.1, a * 0.2, a * -0.3, a * 1e6])
    e = explain(total, wrt=a, names={}, max_paths=1)
    assert e.unlisted == 0.0
    assert "the other 3 paths\n" in str(e)
    assert " = 1e+06 + 0\n" in str(e)


def test_a_long_chain() -> None:
    x = v = Value(0.5, label="x")
    for _ in range(20_000):
        v = v + v
    e = explain(v, wrt=x, names={})
    assert e.count == 2**20_000
    assert len(e.paths[0]) == 20_000
    assert e.unlisted is None  # the total is infinite
    text = str(e)
    assert "about 10^6021 of them" in text
    assert "v20000 ← v19999 ← v19998 ← v19997 ← … ← v2 ← v1 ← x   (20,000 steps)" in text
    assert "· … 19,995 more … ·" in text
    assert len(text) < 4000
    assert r"\ldots \text{ 19,994 more } \ldots" in e.latex
    assert max(len(line) for line in text.splitlines() if "←" not in line and "path 1" not in line) < 160


def test_the_product_of_what_is_left_out_of_a_path() -> None:
    x = v = Value(1.0, label="x")
    for _ in range(20):
        v = v * -0.5
    rows = str(explain(v, wrt=x, names={})).splitlines()
    place = next(k for k, row in enumerate(rows) if "more …" in row)
    factors = [row.strip(" =").split("·") for row in rows[place : place + 3]]
    left_out = int(re.findall(r"\d+", factors[0][4])[0])
    assert left_out == 20 - len(factors[0]) + 1
    assert float(factors[2][4].strip(" ()")) == pytest.approx((-0.5) ** left_out, rel=1e-3)
    assert factors[2][0].strip() == "-0.5"
    assert factors[2][1].strip() == "(-0.5)"


def test_many_listed_paths_are_not_all_in_the_sum() -> None:
    a = Value(1.0, label="a")
    e = explain(ag.sum([a] * 30), wrt=a, names={}, max_paths=20)
    text = str(e)
    assert "path 1 + path 2 + path 3 + path 4 + path 5 + path 6 + … + path 20 + the other 10 paths\n" in text
    assert "= 1 + 1 + 1 + 1 + 1 + 1 + … + 1 + 10\n" in text
    assert r"\text{path 6} + \cdots + \text{path 20}" in e.latex


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


# --- arrays --------------------------------------------------------------------------------------------------------


def layer(dtype: Any = float) -> tuple[Value, dict[str, Value]]:
    """A layer whose weights are used twice."""
    rng = np.random.default_rng(0)
    w = Value(rng.normal(size=(3, 3)).astype(dtype), label="W")
    b = Value(rng.normal(size=3).astype(dtype), label="b")
    x = Constant(rng.normal(size=(4, 3)).astype(dtype), label="X")
    h = (x @ w + b).tanh()
    cost = (h @ w + b).relu().mean()
    cost.label = "cost"
    return cost, {"W": w, "b": b}


@pytest.mark.parametrize("name", ["W", "b"])
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_paths_through_matrices_add_up_to_the_gradient(name: str, dtype: Any) -> None:
    cost, leaves = layer(dtype)
    e = explain(cost, wrt=leaves[name])
    cost.backward()
    gradient = leaves[name].grad
    assert e.total.dtype == gradient.dtype
    np.testing.assert_array_equal(e.total, gradient)
    assert e.count == len(e.paths) == 2
    assert all(path.product.shape == gradient.shape for path in e.paths)
    np.testing.assert_allclose(
        sum(path.product for path in e.paths), gradient, rtol=1e-4 if dtype is np.float32 else 1e-12
    )
    text = str(explain(cost, wrt=leaves[name]))
    assert "after backward(): the same" in text
    assert "VJP of mean" in text
    assert "VJP: vector-Jacobian product" in text
    assert ("(summed): over the elements that broadcasting repeated" in text) == (name == "b")


def test_of_several_paths_through_matrices_the_first_are_shown() -> None:
    cost, leaves = layer()
    e = explain(cost, wrt=leaves["W"], max_paths=1)
    assert not e.by_size
    assert "(the first path is shown; the sum is over all)" in str(e)
    np.testing.assert_allclose(e.paths[0].product + e.unlisted, e.total)
    assert r"\text{the other path}" in e.latex


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


def test_ranges_of_large_arrays_are_added_in_parentheses() -> None:
    x = Value(np.arange(-2.0, 3.0), label="x")
    text = str(explain((x * x).sum(), wrt=x, names={}))
    assert "= (-2 … 2) + (-2 … 2)\n" in text


def test_an_infinite_factor_is_the_largest() -> None:
    a = Value(0.0, label="a")
    e = explain(a * 1e6 + a.sqrt(), wrt=a, names={}, max_paths=1)
    assert e.paths[0].product == math.inf


def test_rounding_does_not_decide_which_path_is_first() -> None:
    a = Value(1.0, label="a")
    factors = (0.1, 0.3, 0.9)
    first, second = a, a
    for left, right in zip(factors, reversed(factors), strict=True):
        first, second = first * left, second * right
    for y in (first + second, second + first):
        assert [path.slots[0] for path in explain(y, wrt=a, names={}).paths] == [0, 1]

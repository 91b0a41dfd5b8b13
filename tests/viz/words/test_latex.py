"""Formulas as LaTeX: each row of the table, any label, any number; parsed by Matplotlib where it knows the commands."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from matplotlib.mathtext import MathTextParser

import autograd_lite as ag
from autograd_lite import TABLE, Constant, Value
from autograd_lite.recording import apply
from viz import snapshot
from viz.words.latex import latex_expression, row_latex, slope_latex
from viz.words.slopes import row_text, slope_at
from viz.words.tex import name_latex, number_latex, text_latex

PARSER: Any = MathTextParser("path")
ROWS = [
    (row.name, text)
    for row in TABLE.values()
    if row.is_elementwise
    for text in dict.fromkeys((row.value, *row.partials))
]


def parse(latex: str) -> None:
    """Let Matplotlib read a formula; it knows neither cases nor \\lt."""
    latex = re.sub(r"\\(begin|end)\{cases\}|&| \\\\ ", " ", latex).replace(r"\lt", "<")
    PARSER.parse(f"${latex}$")


def is_balanced(latex: str) -> bool:
    depth = 0
    for token in re.findall(r"\\.|[{}]", latex, re.DOTALL):
        depth += {"{": 1, "}": -1}.get(token, 0)
        if depth < 0:
            return False
    return depth == 0


def formula(value: Value, **names: Value) -> str:
    graph = snapshot(value, names=names)
    return latex_expression(graph, graph.nodes[graph.roots[0]])


def slope(value: Value, slot: int = 0) -> str:
    graph = snapshot(value)
    return slope_latex(graph, graph.nodes[graph.roots[0]], slot).text


# --- the table -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("name", "text"), ROWS)
def test_each_elementwise_row_converts(name: str, text: str) -> None:
    latex = row_latex(text).text
    assert is_balanced(latex)
    assert not re.search(r"LN|SQRT|where|share|reciprocal|\*|/", latex)
    parse(latex)


@pytest.mark.parametrize(
    ("text", "latex"),
    [
        ("1 - y * y", "1 - y^{2}"),
        ("-y * y", "-y^{2}"),
        ("-y / b", r"-\frac{y}{b}"),
        ("reciprocal(b)", r"\frac{1}{b}"),
        ("a - (b - c)", "a - (b - c)"),
        ("a + (b + c)", "a + b + c"),
        ("a - -b", "a - (-b)"),
        ("(a + b) * c", r"(a + b) \cdot c"),
        ("a / (b * c) / b", r"\frac{a}{b^{2} \cdot c}"),
        ("a / (b / c)", r"\frac{a \cdot c}{b}"),
        ("1 * a", "a"),
        ("exp(-a * a) * (1 - y)", r"e^{-a^{2}} \cdot (1 - y)"),
        ("exp(a) * exp(a)", "(e^{a})^{2}"),
        ("pow(-a, b - 1)", "(-a)^{b - 1}"),
        ("pow(pow(a, 2), 3)", "(a^{2})^{3}"),
        ("pow(1 / a, 2)", r"\left( \frac{1}{a} \right)^{2}"),
        ("1 / (1 + exp(-a))", r"\frac{1}{1 + e^{-a}}"),
        ("hypot(a, 1)", r"\sqrt{a^{2} + 1}"),
        ("2 / SQRT_PI", r"\frac{2}{\sqrt{\pi}}"),
        ("log1p(a)", r"\ln(1 + a)"),
        ("log(1 / a)", r"\ln\left( \frac{1}{a} \right)"),
        ("my_own(a, b)", r"\operatorname{my\_own}(a, b)"),
        ("where(a > 0, 1, where(a < 0, -1, a))", r"\begin{cases} 1 & \text{if } a > 0 \\ -1 & \text{if } a \lt 0 \\ "
         r"a & \text{otherwise} \end{cases}"),
    ],
)  # fmt: skip
def test_arithmetic_reads_as_in_a_textbook(text: str, latex: str) -> None:
    assert row_latex(text).text == latex
    parse(latex)


def test_what_is_no_arithmetic_is_refused() -> None:
    with pytest.raises(ValueError, match="'lambda: 1' is no arithmetic"):
        row_latex("lambda: 1")


numbers = st.integers(-9, 9).map(float)
arithmetic = st.recursive(
    st.sampled_from(["a", "b", "2", "0.5"]),
    lambda inner: st.one_of(
        st.tuples(inner, st.sampled_from("+-*/"), inner).map(lambda t: f"({t[0]}) {t[1]} ({t[2]})"),
        inner.map(lambda x: f"-({x})"),
        inner.map(lambda x: f"exp({x})"),
        inner.map(lambda x: f"pow({x}, 2)"),
    ),
    max_leaves=8,
)


def read_back(latex: str) -> str:
    """The LaTeX of plain arithmetic as Python; it fails on whatever else it meets."""
    python = latex.replace(r"\left", "").replace(r"\right", "").replace(r"\cdot", "*")
    python = python.replace("e^{", "E**{").replace("^{", "**{")
    while r"\frac" in python:
        python = re.sub(r"\\frac\{([^{}]*)\}\{([^{}]*)\}", r"((\1)/(\2))", python)
        python = re.sub(r"\*\*\{([^{}]*)\}", r"**(\1)", python)
    while "{" in python:
        python = re.sub(r"\{([^{}]*)\}", r"(\1)", python)
    return python


@given(arithmetic, numbers, numbers)
def test_the_value_of_a_formula_stays(text: str, a: float, b: float) -> None:
    with np.errstate(all="ignore"):
        scope = {"a": np.float64(a) + 0.3, "b": np.float64(b) + 0.7, "exp": np.exp, "pow": lambda x, n: x**n}
        expected = eval(text, {}, scope)
        found = eval(read_back(row_latex(text).text), {}, {**scope, "E": np.float64(np.e)})
    if np.isfinite(expected) and abs(expected) < 1e100:
        np.testing.assert_allclose(found, expected, rtol=1e-6, atol=1e-9)


# --- names, texts, numbers -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "latex"),
    [
        ("a", "a"),
        ("v3", "v_{3}"),
        ("w_1", "w_{1}"),
        ("w1_2", "w_{1,2}"),
        ("alpha", r"\alpha"),
        ("θ1", r"\theta_{1}"),
        ("Sigma", r"\Sigma"),
        ("loss", r"\mathrm{loss}"),
        ("W_out", r"W_{\mathrm{out}}"),
        ("w[0,1]", "w_{0,1}"),
        ("w[0][1]", "w_{0,1}"),
        ("w[-1]", "w_{-1}"),
        ("w1[0]", "w_{1}[0]"),
        ("layers[0].weight", r"\mathrm{layers}_{0}.\mathrm{weight}"),
        ("p['w']", r"\text{p['w']}"),
        ("", r"\text{ }"),
        ("a b", r"\text{a b}"),
        ("日本", r"\text{日本}"),
        ("_x", r"\_\text{x}"),
        ("$x$", r"\$\text{x}\$"),
        ("50%", r"\text{50}\%"),
        (r"\frac{1}{2}", r"\backslash \text{frac}\{\text{1}\}\{\text{2}\}"),
    ],
)
def test_names(name: str, latex: str) -> None:
    assert name_latex(name) == latex


@given(st.text())
def test_any_label_is_one_balanced_piece_that_runs_nothing(label: str) -> None:
    latex = name_latex(label)
    assert is_balanced(latex)
    assert not re.search(r"<|(?<!\\)[$%#&~]|\n", latex)
    known = {"text", "mathrm", "backslash", "wedge", "sim", "lt"}
    commands = set(re.findall(r"\\([A-Za-z]+)", latex))
    assert commands <= known or re.fullmatch(r"[\w\[\], .-]+", label)  # greek letters, in a name


@given(st.text(st.characters(min_codepoint=32, max_codepoint=126), min_size=1, max_size=12))
def test_any_ascii_label_is_parsed(label: str) -> None:
    parse(name_latex(label))


@pytest.mark.parametrize(
    ("number", "latex"),
    [
        (2.0, "2"),
        (-0.70710678, "-0.7071"),
        (1e-5, "10^{-5}"),
        (-1e-5, "-10^{-5}"),
        (2.5e20, r"2.5 \times 10^{20}"),
        (float("inf"), r"\infty"),
        (float("-inf"), r"-\infty"),
        (float("nan"), r"\text{nan}"),
        (np.array([1.0, -2e-7]), r"[1, -2 \times 10^{-7}]"),
        (np.array([-1.0, -2.0, 5.0, -7.0]), r"-7 \text{ to } {5}"),
        (np.zeros((0, 2)), r"\text{no elements}"),
    ],
)
def test_numbers(number: Any, latex: str) -> None:
    assert number_latex(number).text == latex
    parse(latex)


def test_negative_numbers_and_powers_of_ten_stand_in_parentheses_where_it_matters() -> None:
    a = Value(2.0, label="a")
    found = [formula(v) for v in (a * -3.0, -3.0 * a, (-3.0) ** a, a - 1e-9, 2.5e-9**a, a + -1.0, -(a + 1.0) * 2.0)]
    assert found[:6] == [
        r"a \cdot (-3)", r"-3 \cdot a", "(-3)^{a}", "a - 10^{-9}", r"(2.5 \times 10^{-9})^{a}", "a + (-1)",
    ]  # fmt: skip


def test_a_product_that_begins_with_a_sign_is_no_plain_summand() -> None:
    names = {"a": number_latex(-3.0)}
    assert row_latex("b - a * c", names).text == r"b - (-3 \cdot c)"
    assert row_latex("b * (a * c)", names).text == r"b \cdot (-3) \cdot c"


def test_text_is_on_one_line() -> None:
    assert text_latex("a\n\tb") == r"\text{a b}"


# --- nodes -----------------------------------------------------------------------------------------------------------

A, B = Value(2.0, label="a"), Value(-3.0, label="beta")
W, X = Value(np.ones((2, 3)), label="W"), Value(np.arange(12.0).reshape(3, 4), label="X")


@pytest.mark.parametrize(
    ("value", "latex"),
    [
        (A, ""),
        (+A, "a"),
        (A * B, r"a \cdot \beta"),
        (A / B, r"\frac{a}{\beta}"),
        (A**2, "a^{2}"),
        (A.sigmoid(), r"\sigma(a)"),
        (A.relu(), r"\operatorname{ReLU}(a)"),
        (A.softplus(), r"\operatorname{softplus}(a)"),
        (A.exp(), "e^{a}"),
        (A.abs(), r"\left| a \right|"),
        (ag.maximum(A, B), r"\max(a, \beta)"),
        (ag.dot([A, B], [B, 2.0]), r"a \cdot \beta + \beta \cdot 2"),
        (ag.dot([A, A], [-1.0, -2.0]), r"a \cdot (-1) + a \cdot (-2)"),
        (ag.sum([A] * 9), r"a + a + a + \cdots + a"),
        (W @ X, r"W \, X"),
        (W.T, r"{W}^{\top}"),
        (X.sum(), r"\sum X"),
        (X.sum(axis=0), r"\operatorname{sum}(X, \text{axis} = \text{0})"),
        (X.mean(), r"\operatorname{mean}(X)"),
        (X[1:, ::2], r"X[\text{1:, ::2}]"),
        (ag.norm(X), r"\left\| X \right\|"),
        (ag.outer(X[0], W[0]), r"v_{2} \otimes v_{3}"),
        (ag.concatenate([X] * 9), r"\operatorname{concatenate}(X, X, X, \ldots, X, \text{axis} = \text{0})"),
    ],
)
def test_expressions(value: Value, latex: str) -> None:
    assert formula(value) == latex
    parse(latex or "a")


def test_unnamed_values_never_look_like_the_users() -> None:
    v0 = Value(1.0, label="v0")
    graph = snapshot(v0.exp().exp())
    assert latex_expression(graph, graph.nodes[2]) == "e^{v'_{1}}"


@pytest.mark.parametrize(
    ("value", "latex"),
    [
        (A.tanh(), "1 - v_{1}^{2}"),
        (A * B, r"\beta"),
        (A**3, r"3 \cdot a^{2}"),
        (A**2, r"2 \cdot a"),
        (A**1, "1"),
        (A.relu(), "1_{a > 0}"),
        (B.relu(), r"0_{\beta \leq 0}"),
        (B.leaky_relu(0.1), r"0.1_{\beta \leq 0}"),
        (B.elu(), r"(e^{\min(\beta, 0)})_{\beta \leq 0}"),
        (ag.maximum(A, B), r"1_{a > \beta}"),
        (ag.minimum(A, 2.0), "0.5_{2 = a}"),
        (ag.hypot(A, B), r"\frac{a}{v_{2}}"),
        (A / 4.0, r"\frac{1}{4}"),
        (ag.dot([A], [B]), r"\beta"),
        (ag.sum([A, B]), "1"),
        (X.sum(), r"\text{VJP of sum}"),
        (X**2, r"2 \cdot X"),
        (X.relu(), r"\begin{cases} 1 & \text{if } X > 0 \\ 0 & \text{otherwise} \end{cases}"),
    ],
)
def test_local_derivatives_at_their_numbers(value: Value, latex: str) -> None:
    assert slope(value) == latex
    parse(latex)


@given(st.sampled_from([row for row in TABLE.values() if row.is_elementwise]), st.data())
def test_the_branch_that_is_taken_gives_the_number(row: Any, data: st.DataObject) -> None:
    """At ties and at 0, too; and with constants among the inputs."""
    numbers = data.draw(st.tuples(*[st.sampled_from([-1.5, -1.0, 0.0, 0.5, 1.0, 2.0])] * len(row.inputs)))
    kinds = [Value, *data.draw(st.tuples(*[st.sampled_from([Value, Constant])] * (len(row.inputs) - 1)))]
    y = apply(row, tuple(kind(x) for kind, x in zip(kinds, numbers, strict=True)))
    graph = snapshot(y)
    node = graph.nodes[graph.roots[0]]
    for slot, local in enumerate(s.local for s in node.slots):
        if local is not None and np.isfinite(local):
            found = slope_at(graph, node, slot)
            assert found is not None
            assert not found.is_old
            assert "where" not in row_text(found.formula)

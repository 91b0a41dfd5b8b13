"""How operations read: sums and dot products of many, indices, options, names that are no plain words."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import autograd_lite as ag
from autograd_lite import TABLE, Value
from viz import draw_dot, snapshot, tree
from viz.words.expression import EXPRESSION_WIDTH, expression, local_derivative, order_matters, slot_name
from viz.words.options import option_text


def values(letter: str, count: int) -> list[Value]:
    return [Value(i + 1.0, label=f"{letter}{i + 1}") for i in range(count)]


def formula(value: Value, **names: Value) -> str:
    graph = snapshot(value, names=names)
    return expression(graph, graph.nodes[graph.roots[0]])


def slopes(value: Value) -> list[str]:
    graph = snapshot(value)
    node = graph.nodes[graph.roots[0]]
    return [local_derivative(graph, node, i) for i in range(len(node.slots))]


# --- many scalars, one node ----------------------------------------------------------------------------------------


def test_a_dot_product_reads_as_a_sum_of_products() -> None:
    assert formula(ag.dot(values("w", 2), values("x", 2))) == "w1*x1 + w2*x2"
    assert formula(ag.dot(values("w", 2), [3.0, -4.0])) == "w1*3 + w2*(-4)"


def test_a_sum_of_many_reads_as_a_sum() -> None:
    assert formula(ag.sum(values("a", 3))) == "a1 + a2 + a3"
    assert formula(ag.sum(values("a", 1))) == "sum(a1)"


@pytest.mark.parametrize("count", [16, 1000])
def test_long_ones_end_with_the_number_of_terms(count: int) -> None:
    dot, total = formula(ag.dot(values("w", count), values("x", count))), formula(ag.sum(values("a", count)))
    assert dot.startswith("w1*x1 + w2*x2 + w3*x3")
    assert total.startswith("a1 + a2 + a3")
    assert dot.endswith(f" + … ({count} terms)")
    assert total.endswith(f" + … ({count} terms)")
    assert max(len(dot), len(total)) <= EXPRESSION_WIDTH


def test_long_names_give_way_to_the_number_of_terms() -> None:
    long = [Value(1.0, label=letter * 500) for letter in "abcd"]
    text = formula(ag.dot(long, long))
    assert text.endswith("(4 terms)")
    assert len(text) <= EXPRESSION_WIDTH


def test_the_local_derivatives_of_a_dot_product_are_the_other_factors() -> None:
    assert slopes(ag.dot(values("w", 2), values("x", 2))) == [
        "∂v4/∂w1 = x1 = 1",
        "∂v4/∂w2 = x2 = 2",
        "∂v4/∂x1 = w1 = 1",
        "∂v4/∂x2 = w2 = 2",
    ]
    assert slopes(ag.sum(values("a", 2))) == ["∂v2/∂a1 = 1", "∂v2/∂a2 = 1"]


def test_what_stands_in_a_dot_product_twice_is_counted_in_reading_order() -> None:
    a, b, c = values("v", 3)
    graph = snapshot(ag.dot([a, b], [b, c]), names={})  # v1*v2 + v2*v3
    node = graph.nodes[-1]
    assert [local_derivative(graph, node, i).split(" = ")[0][-3:] for i in range(4)] == ["∂v1", "v2₂", "v2₁", "∂v3"]


def test_the_inputs_of_a_dot_product_are_drawn_in_pairs_without_slots() -> None:
    w, x = values("w", 3), values("x", 3)
    y = ag.dot(w, x)
    y.backward()
    source = draw_dot(y, names={}).source
    assert re.findall(r"<B>([wx]\d)</B>", source) == ["w1", "x1", "w2", "x2", "w3", "x3"]
    assert "[0]" not in source
    assert re.findall(r"^\t(\w+):value:e ->", source, re.M) == ["n0", "n3", "n1", "n4", "n2", "n5"]
    rows = str(tree(y, names={})).splitlines()
    assert [row.split()[1] for row in rows[2:]] == ["w1", "x1", "w2", "x2", "w3", "x3"]
    assert rows[-1].startswith("└── x3")
    assert "[0]" not in draw_dot(ag.sum(w)).source


def test_the_inputs_of_a_sum_stay_in_order_in_the_picture() -> None:
    a = values("a", 9)
    total = ag.sum(a)
    total.backward()
    svg = draw_dot(total, names={}).pipe("svg", encoding="utf-8")
    places = {name: float(y) for y, name in re.findall(r'y="([-\d.]+)"[^>]*>(a\d)</text>', svg)}
    assert sorted(places, key=places.__getitem__) == [f"a{i}" for i in range(1, 10)]


@pytest.mark.parametrize("join", [ag.concatenate, ag.stack])
def test_joins_keep_their_slots(join: Callable[..., Value]) -> None:
    source = draw_dot(join([Value([1.0]), Value([2.0])])).source
    assert ">[0]<" in source
    assert ">[1]<" in source


# --- arrays ----------------------------------------------------------------------------------------------------


X = Value(np.arange(12.0).reshape(3, 4), label="x")
Y = Value(np.ones((3, 4)), label="y")


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (X[0], "x[0]"),
        (X[-1, 2], "x[-1, 2]"),
        (X[1:, ::2], "x[1:, ::2]"),
        (X[..., None], "x[..., None]"),
        (X[[0, 2]], "x[[0, 2]]"),
        (X[np.array([True, False, True])], "x[[True, False, True]]"),
        (X[X.data > 3], "x[mask (3, 4)]"),
        (X[np.zeros(9, int)], "x[indices (9,)]"),
        (X.sum(axis=0), "sum(x, axis=0)"),
        (X.sum(), "sum(x)"),
        (X.mean(axis=1, keepdims=True), "mean(x, axis=1, keepdims=True)"),
        (ag.var(X, axis=0, ddof=1), "var(x, axis=0, ddof=1)"),
        (ag.take(X, [0, 2], axis=0), "take(x, indices=[0, 2], axis=0)"),
        (X.reshape(4, 3), "reshape(x, shape=(4, 3))"),
        (X.reshape((12,)), "reshape(x, shape=(12,))"),
        (X.T, "x.T"),
        (ag.transpose(X, axes=(1, 0)), "x.T"),
        (ag.transpose(X, axes=(0, 1)), "transpose(x, axes=(0, 1))"),
        (ag.transpose(X * Y, axes=(1, 0)), "v2.T"),
        (ag.where(X.data > 3, X, Y), "where(condition, x, y)"),
        (ag.where([True, False], Value(1.0, label="a"), 0.0), "where([True, False], a, 0)"),
        (ag.concatenate([X, Y], axis=0), "concatenate(x, y, axis=0)"),
        (ag.concatenate([X] * 60, axis=1), "concatenate(x, x, x, … (60 inputs), axis=1)"),
        (ag.einsum("ij,kj->ik", X, Y), "einsum('ij,kj->ik', x, y)"),
        (X * [1.0, 2.0, 3.0, 4.0], "x * (1 … 4)"),
    ],
)
def test_options_and_indices_read_as_they_are_written(value: Value, text: str) -> None:
    assert formula(value) == text
    assert "not computed" in str(tree(value, names={}))


def test_the_slots_of_where_are_not_called_first_and_second() -> None:
    assert [slot_name(TABLE["where"], i) for i in (0, 1)] == ["if true", "if false"]
    assert order_matters(TABLE["where"], 2)


def test_a_tree_never_cuts_the_shape() -> None:
    long = Value(np.ones((3, 4)), label="n" * 100)
    assert "(3, 4) float64" in str(tree(ag.concatenate([long] * 9, axis=0)[:3])).splitlines()[1]


def test_options_of_any_kind_are_told_the_same_in_each_run() -> None:
    class Hostile:
        def __repr__(self) -> str:
            raise RuntimeError

    loop: list[Any] = []
    loop.append(loop)
    assert option_text(object()) == "<object object>"
    assert option_text(Hostile()) == "Hostile"
    assert option_text(loop) == "[[[…]]]"
    assert option_text(len) == "len"
    assert option_text(list(range(10**6))) == "[0, 1, 2, 3, 4, 5, …]"
    assert option_text(np.float32(0.1)) == "0.1"


# --- names beside operators ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("a", "a * b"),
        ("w[0]", "w[0] * b"),
        ("layers[0].weight", "layers[0].weight * b"),
        ("a + 1", "(a + 1) * b"),
        ("loss (mean)", "(loss (mean)) * b"),
        ("日本", "日本 * b"),
    ],
)
def test_a_name_that_reads_as_arithmetic_is_put_in_parentheses(name: str, text: str) -> None:
    assert formula(Value(1.0, label=name) * Value(2.0, label="b")) == text


def test_negative_numbers_are_put_in_parentheses_where_it_matters() -> None:
    a = Value(2.0, label="a")
    assert [formula(v) for v in (a * -3.0, -3.0 * a, (-3.0) ** a, -a)] == ["a * (-3)", "-3 * a", "(-3) ** a", "-a"]


def test_names_with_indices_stand_in_derivatives() -> None:
    w = [Value(2.0), Value(3.0)]
    graph = snapshot(w[0] * w[1], names={"w": w})
    assert local_derivative(graph, graph.nodes[-1], 0) == "∂v2/∂w[0] = w[1] = 3"
    graph = snapshot(Value(1.0, label="x").tanh(), names={})
    assert local_derivative(graph, graph.nodes[-1], 0) == "∂v1/∂x = 1 - v1² = 0.42"
    y = Value(1.0, label="x").tanh()
    y.label = "w.w"
    graph = snapshot(y)
    assert local_derivative(graph, graph.nodes[-1], 0) == "∂w.w/∂x = 1 - w.w² = 0.42"

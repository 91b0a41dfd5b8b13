"""The paths of the chain rule: all are found, the largest listed, and their sum is the gradient."""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import autograd_lite as ag
from autograd_lite import Constant, Value
from tests.viz.chain_rule.helpers import lines_of, parse
from viz.chain_rule.explain import explain
from viz.graphs.snapshot import Snapshot


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


@pytest.mark.no_cover  # others run the same lines, and coverage takes its time
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

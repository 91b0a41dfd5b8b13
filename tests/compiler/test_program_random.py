"""Random graphs of arrays: memory that is shared, written over and put together must never show in the numbers."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import autograd_lite as ag
from autograd_lite import Value
from autograd_lite.compiler.programs.program import Program
from tests.compiler.test_program import flat, same_as_engine

pytestmark = pytest.mark.no_cover  # others run the same lines, and coverage takes its time

UNARY = [ag.tanh, ag.relu, ag.sin, ag.sigmoid, ag.softplus, lambda x: -x, lambda x: x * x, lambda x: 0.5 * x + 1.0]
UNARY += [lambda x: x / 3.0, lambda x: x**2, lambda x: 1.0 - x, lambda x: x - x, lambda x: x + x, abs]
BINARY = [ag.add, ag.sub, ag.mul, ag.maximum, lambda a, b: a / (b * b + 1.0), lambda a, b: ag.where(a.data > 0, a, b)]
SHAPES = [(), (3,), (1, 3), (4, 1), (4, 3), (2, 4, 3)]


def matrix_like(draw: st.DrawFn, x: Value) -> Value:
    """One array seen in another way, or a part of it, or reduced."""
    if not x.shape:
        return x
    axis = draw(st.integers(-x.ndim, x.ndim - 1))
    ways = [
        lambda: x.T,
        lambda: x.reshape(-1),
        lambda: x[draw(st.sampled_from([0, -1]))],
        lambda: x[1:] if x.shape[0] > 1 else x,
        lambda: x[::-1],
        lambda: x[np.array([0, -1, 0])],
        lambda: ag.sum(x, axis=axis),
        lambda: ag.mean(x, axis=axis, keepdims=True),
        lambda: ag.max(x, axis=axis),
        lambda: ag.softmax(x, axis=axis),
        lambda: ag.log_softmax(x, axis=axis),
        lambda: ag.cumsum(x, axis=axis),
        lambda: ag.concatenate([x, x * 2.0], axis=axis),
        lambda: ag.stack([x, ag.tanh(x)], axis=0) if x.ndim < 3 else x,
        lambda: ag.pad(x, 1) if x.ndim < 3 else x,
        lambda: ag.broadcast_to(x, (2, *x.shape)) if x.ndim < 3 else x,
        lambda: ag.expand_dims(x, 0)[0],
    ]
    return draw(st.sampled_from(ways))()


def product(a: Value, b: Value) -> Value:
    """A product of matrices or vectors whichever fit."""
    if not a.shape or not b.shape:
        return a * b
    for x, y in ((a, b), (a, b.T), (a.T, b)):
        if x.shape[-1] == y.shape[-2 if y.ndim > 1 else -1] and x.ndim < 3 and y.ndim < 3:
            return (x @ y) * 0.3
    return ag.sum(a) * b


@st.composite
def graphs(draw: st.DrawFn) -> tuple[Value, list[Value], list[Value]]:
    rng = np.random.default_rng(draw(st.integers(0, 999)))
    shapes = draw(st.lists(st.sampled_from(SHAPES), min_size=1, max_size=4))
    leaves = [Value(rng.normal(size=s) if s else float(rng.normal()), f"p{k}") for k, s in enumerate(shapes)]
    inputs = [
        Value(rng.normal(size=s), f"x{k}")
        for k, s in enumerate(draw(st.lists(st.sampled_from(SHAPES[1:]), max_size=2)))
    ]
    nodes = leaves + inputs
    for k in range(draw(st.integers(1, 14))):
        a, b = (draw(st.sampled_from(nodes[-6:] if draw(st.booleans()) else nodes)) for _ in range(2))
        kind = draw(st.sampled_from(["unary", "binary", "view", "product"]))
        if kind == "binary":
            try:
                np.broadcast_shapes(a.shape, b.shape)
            except ValueError:
                b = ag.mean(b)
            node = draw(st.sampled_from(BINARY))(a, b)
        elif kind == "unary":
            node = draw(st.sampled_from(UNARY))(a)
        else:
            node = matrix_like(draw, a) if kind == "view" else product(a, b)
        if node.size > 400 or node.size == 0:
            node = ag.sum(node)
        if node.op is not None and not node.label and draw(st.booleans()):
            node.label = f"n{k}"
        nodes.append(node)
    used = draw(st.lists(st.sampled_from(nodes), min_size=1, max_size=4))
    root = sum((ag.mean(ag.sin(x)) * (0.5 + k) for k, x in enumerate(used)), 0.0 * ag.sum(leaves[0]))
    return root, leaves, inputs


@settings(max_examples=300, deadline=None)
@given(graphs())
def test_random_graph(graph: tuple[Value, list[Value], list[Value]]) -> None:
    root, leaves, inputs = graph
    program = same_as_engine(root, leaves, inputs, to=1e-7)  # the sine of a large number magnifies rounding
    numbers: list[Any] = [x.data for x in inputs]
    first = program.value_and_grad(flat(leaves), *numbers)
    program.value_and_grad(flat(leaves) * 0.5 + 0.1, *(x * 2.0 for x in numbers))  # other numbers leave nothing behind
    again = program.value_and_grad(flat(leaves), *numbers)
    assert first[0] == again[0]
    np.testing.assert_array_equal(first[1], again[1])
    assert isinstance(program, Program)

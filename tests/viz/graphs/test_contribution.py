"""What flows through a slot: the terms whose sum is the gradient."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from autograd_lite import Value, maximum, where
from viz.graphs.contribution import contribution
from viz.graphs.rolling import roll
from viz.graphs.snapshot import Snapshot, snapshot

numbers = st.floats(-3, 3)


def received(graph: Snapshot, i: int) -> list[Any]:
    return [contribution(graph, node, k) for node in graph for k, slot in enumerate(node.slots) if slot.source == i]


@given(numbers, numbers)
def test_they_add_up_to_the_gradient(x: float, y: float) -> None:
    a, b = Value(x, label="a"), Value(y, label="b")
    d = a * b
    e = (d + a).tanh() - maximum(d, b) * a + a * a
    e.backward()
    graph = snapshot(e)
    for node in graph:
        if node.id not in graph.roots and not node.is_constant:
            assert math.isclose(sum(received(graph, node.id)), node.gradient, rel_tol=1e-9, abs_tol=1e-12)


@pytest.mark.parametrize("shape", [(4,), (1, 4), (3, 1), (), (3, 4)])
def test_broadcasts_are_summed(shape: tuple[int, ...]) -> None:
    a, b = Value(np.arange(12.0).reshape(3, 4), label="a"), Value(np.full(shape, 2.0), label="b")
    y = (a * b).tanh().sum()
    y.backward()
    graph = snapshot(y)
    (sent,) = received(graph, 1)
    assert graph.title(1) == "b"
    np.testing.assert_allclose(sent, graph.gradients[1])
    assert np.shape(sent) == shape


@pytest.mark.parametrize(
    "build",
    [
        lambda z: z.sqrt() * 0.0,
        lambda z: z.log() * 0.0 + 1.0,
        lambda z: (z - 1.0).relu() / 0.0,
        lambda z: maximum(z - 1.0, 0.0) * math.inf,
    ],
)
def test_a_zero_is_strong(build: Callable[[Value], Value]) -> None:
    z = Value(0.0)
    y = build(z)
    y.backward()
    graph = snapshot(y)
    assert graph.gradients[0] == 0
    (sent,) = received(graph, 0)
    assert sent == 0


def test_a_zero_is_strong_in_arrays_too() -> None:
    x = Value(np.array([-1.0, 4.0]))
    y = x.relu().sqrt().sum()
    y.backward()
    graph = snapshot(y)
    assert math.isinf(graph.gradients[1][0])
    np.testing.assert_array_equal(graph.gradients[0], [0.0, 0.25])
    np.testing.assert_array_equal(received(graph, 0)[0], [0.0, 0.25])


def test_what_mixes_elements_and_what_has_not_run_is_unknown() -> None:
    w, x = Value(np.ones((2, 2))), Value(np.ones(2))
    y = (w @ x).sum()
    before = snapshot(y)
    assert received(before, 0) == [None]
    y.backward()
    after = snapshot(y)
    assert [x is None for x in received(after, 0)] == [True]
    a = Value(1.0)
    assert received(snapshot(a * 2.0), 0) == [None]


def test_a_constant_receives_nothing() -> None:
    y = where(np.array([True, False]), Value(np.ones(2)), 5.0).sum()
    y.backward()
    graph = snapshot(y)
    constants = [node.id for node in graph if node.is_constant]
    assert all(x is None for i in constants for x in received(graph, i))


def test_in_a_rolled_graph_each_member_has_its_own() -> None:
    ws = [Value(float(i), label=f"w{i}") for i in range(1, 200)]
    y = sum(((w * 3.0) for w in ws), Value(0.0))
    y.backward()
    graph = roll(snapshot(y))
    box = next(node for node in graph if node.operation == "mul")
    slot = next(k for k, slot in enumerate(box.slots) if not graph.nodes[slot.source].is_constant)
    np.testing.assert_allclose(contribution(graph, box, slot), np.full(199, 3.0))


def test_where_some_values_of_a_box_take_one_input_and_some_another_nothing_is_made_up() -> None:
    h, w = Value(0.1, label="h0"), Value(0.5, label="w")
    for _ in range(600):
        h = (w * h).tanh()
    h.backward()
    graph = roll(snapshot(h))
    mixed = [(node, k) for node in graph for k, slot in enumerate(node.slots) if slot.count < node.count]
    assert mixed
    assert [contribution(graph, node, k) for node, k in mixed] == [None] * len(mixed)

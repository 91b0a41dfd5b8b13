"""The backward pass, multiplied out step by step again, comes to the gradients, of arrays as well."""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from typing import Any

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

import autograd_lite as ag
from autograd_lite import Constant, Value
from tests.viz.replay.helpers import lines, named
from viz.replay.steps import Steps, steps

# --- arrays --------------------------------------------------------------------------------------------------------


def linear_layer() -> tuple[Value, Value, Value]:
    rng = np.random.default_rng(0)
    x = Constant(rng.normal(size=(4, 3)), label="X")
    w, b = Value(rng.normal(size=(3, 2)), label="W"), Value(np.zeros(2), label="b")
    cost = named(((x @ w + b).tanh() ** 2.0).mean(), "J")
    cost.backward()
    return w, b, cost


def test_array_operations_say_shapes_and_words() -> None:
    w, b, cost = linear_layer()
    told = lines(cost, params=[w, b])
    assert "v3 = X @ W: (4, 3) and (3, 2) give (4, 2) from -3.829 to 3.696" in told
    assert re.fullmatch(r"dJ/dW \+= VJP of matmul with dJ/dv3: \[\[.*\]\]", told[-1])
    assert any(re.fullmatch(r"dJ/db \+= dJ/dv4 \* 1, summed = \[.*\]", line) for line in told)
    assert any(line.startswith("dJ/dv4 += dJ/dv5 * (1 - v5²): (4, 2) from") for line in told)


def test_small_arrays_show_their_numbers() -> None:
    q = Value([1.0, 2.0], label="q")
    z = named(q * q, "z")
    z.backward(np.array([1.0, 0.5]))
    assert lines(z) == [
        "q = [1, 2] (input)",
        "z = q * q = [1, 2] * [1, 2] = [1, 4]",
        "dz/dz = [1, 0.5] (the seed)",
        "dz/dq += dz/dz * q = [1, 0.5] * [1, 2] = [1, 1]",
        "dz/dq += dz/dz * q = [1, 0.5] * [1, 2] = [1, 1], now [2, 2]",
    ]


def sums(told: Steps) -> dict[int, Any]:
    return {sent.source: sent.total for step in told for sent in step.contributions}


def test_the_rules_of_array_operations_are_run_with_the_arrays_of_the_forward_pass() -> None:
    w, b, cost = linear_layer()
    before = w.grad
    w.data = np.zeros((3, 2))
    told = sums(steps(cost, params=[w, b]))
    np.testing.assert_allclose(told[0], before)
    np.testing.assert_allclose(told[1], b.grad)
    assert w.grad is before, "reading changes nothing"


def test_an_earlier_gradient_of_an_array() -> None:
    w, _, cost = linear_layer()
    cost.backward()
    (sent,) = steps(cost)[-1].contributions
    np.testing.assert_allclose(sent.before * 2, sent.total)
    np.testing.assert_allclose(sent.total, w.grad)
    assert "before this pass" in lines(cost)[-1]


# --- random graphs: the sums are the gradients -----------------------------------------------------------------------

_OPERATIONS: list[Callable[[Value, Value, Value], Value]] = [
    lambda a, b, c: a + b,
    lambda a, b, c: a * b,
    lambda a, b, c: a - b * 0.5,
    lambda a, b, c: a.tanh(),
    lambda a, b, c: a.relu(),
    lambda a, b, c: (a * a + 1.0) / (b * b + 1.0),
    lambda a, b, c: ag.dot([a, b, c], [c, a, a]),
    lambda a, b, c: ag.sum([a, b, c, a]),
    lambda a, b, c: ag.max([a, b, c]),
    lambda a, b, c: ag.maximum(a, b),
    lambda a, b, c: a.sqrt() * 0.0,
]


@given(
    st.lists(st.floats(-2, 2), min_size=3, max_size=3),
    st.lists(st.tuples(st.sampled_from(_OPERATIONS), *[st.integers(0, 40)] * 3), min_size=1, max_size=14),
    st.lists(st.sampled_from([None, 0.0, 1.0, -7.5]), min_size=3, max_size=3),
    st.sampled_from([1.0, -2.0]),
)
def test_the_replay_comes_to_the_gradients(
    numbers: list[float], program: list[Any], earlier: list[float | None], seed: float
) -> None:
    nodes = [Value(x) for x in numbers]
    for leaf, gradient in zip(nodes, earlier, strict=True):
        leaf.grad = gradient
    for operation, *which in program:
        nodes.append(operation(*(nodes[i % len(nodes)] for i in which)))
    root = nodes[-1]
    root.backward(seed)
    told = steps(root, names={})
    graph_nodes = {step.node.id: step.node for step in told}
    so_far: dict[int, float] = {graph_nodes[max(graph_nodes)].id: seed}
    for step in told:
        for sent in step.contributions:
            g, local = step.node, step.node.slots[sent.slot].local
            assert sent.source == g.slots[sent.slot].source
            received = so_far[g.id]
            product = 0.0 if received == 0 or (local == 0 and math.isinf(received)) else received * local
            assert sent.amount == product or (math.isnan(sent.amount) and math.isnan(product))
            start = sent.before or 0.0
            assert same(sent.total, start + sent.amount)
            if not sent.is_first:
                assert same(sent.before, so_far[sent.source])
            so_far[sent.source] = sent.total
    for i, total in so_far.items():
        assert same(total, graph_nodes[i].gradient), graph_nodes[i].title


def same(a: float, b: float) -> bool:
    return math.isclose(a, b, rel_tol=1e-7, abs_tol=1e-7) or (math.isnan(a) and math.isnan(b))


@given(st.sampled_from(["float32", "float64"]), st.integers(0, 10**6))
def test_the_replay_of_arrays_comes_to_the_gradients(dtype: str, seed: int) -> None:
    rng = np.random.default_rng(seed)
    w = Value(rng.normal(size=(3, 2)).astype(dtype), label="w")
    b = Value(rng.normal(size=2).astype(dtype), label="b")
    x = Value(rng.normal(size=(5, 3)).astype(dtype), label="x")
    z = x @ w + b
    cost = ((z.tanh() * b).sum(axis=1) + z[:, 0].relu()).mean() + (w * w).sum()
    cost.backward()
    if seed % 2:
        (x @ w).sum().backward()  # leaves hold more than one pass now
    told = steps(cost, names={})
    nodes = {step.node.id: step.node for step in told}
    for i, total in sums(told).items():
        np.testing.assert_allclose(total, nodes[i].gradient, rtol=1e-3, atol=1e-3)
        assert np.shape(total) == nodes[i].shape

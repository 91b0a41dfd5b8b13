"""The order of scalar parameters in theta."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import numpy as np
import pytest

from autograd_lite import Value
from tests.compiler.passes import data, labelled, lifted, matrix_of, names, parameters


def order(f: Any, *args: Any) -> list[str]:
    """The labels of the parameters, as they lie in theta."""
    ((leaf, users),) = lifted(f, *args).parameters
    assert leaf.label == "theta"
    assert leaf.data.tolist() == [p.data for p in users]
    return [p.label for p in users]


def layer(x: Any, W: Any, b: Any) -> Any:
    return [(sum(w * xi for w, xi in zip(row, x, strict=True)) + bi).tanh() for row, bi in zip(W, b, strict=True)]


def test_a_layers_weights_are_a_block_row_by_row_and_its_biases_another() -> None:
    W, b, v = matrix_of(3, 2), parameters(3, "b"), parameters(3, "v")

    def f(X: Any) -> Any:
        return sum(sum(vi * a for vi, a in zip(v, layer(x, W, b), strict=True)) for x in X)

    found = order(f, data(4, 2))
    text = " ".join(found)
    assert len(found) == 12
    for block in ("W0_0 W0_1 W1_0 W1_1 W2_0 W2_1", "b0 b1 b2", "v0 v1 v2"):
        assert block in text


def test_the_blocks_of_two_layers_have_names_and_are_slices() -> None:
    W1, b1, W2, b2 = matrix_of(4, 2), parameters(4, "b"), matrix_of(3, 4, "V"), parameters(3, "c")

    def f(X: Any) -> Any:
        return sum(sum(layer(layer(x, W1, b1), W2, b2)) for x in X)

    rolled = lifted(f, data(5, 2))
    found = labelled(rolled)
    assert (found["W1"], found["b1"], found["Z1"], found["A1"]) == ((4, 2), (4,), (5, 4), (5, 4))
    assert (found["W2"], found["b2"], found["Z2"], found["A2"]) == ((3, 4), (3,), (5, 3), (5, 3))
    assert "take" not in names(rolled)


def test_gates_lie_in_blocks_by_their_use() -> None:
    """Computed alike, unit after unit and gate after gate in each; what they are used for tells them apart."""
    units, gates = 3, "ifo"
    W = {(k, g): parameters(2, f"{g}{k}_", seed=7 * k + ord(g)) for k in range(units) for g in gates}

    def f(X: Any) -> Any:
        total = 0.0
        for x in X:
            for k in range(units):
                i, forget, o = ((W[k, g][0] * x[0] + W[k, g][1] * x[1]).sigmoid() for g in gates)
                total = total + (i * x[0] + forget * x[1] + forget).tanh() * o
        return total

    found = [label[0] for label in order(f, data(4, 2))]
    assert sum(a != b for a, b in pairwise(found)) == len(gates) - 1


@pytest.mark.parametrize("first", [0, 1])
def test_overlapping_operands_read_on_and_on(first: int) -> None:
    """Neighbours, whichever of them comes first: both are slices."""
    x = parameters(6, "x")

    def f(a: Any) -> Any:
        return sum((x[i + first] - a * x[i + 1 - first] ** 2).exp() for i in range(5))

    assert order(f, 2.0) == [f"x{i}" for i in range(6)]
    assert "take" not in names(lifted(f, 2.0))


def test_operands_that_contradict_each_other_keep_the_order_of_the_walk() -> None:
    x = parameters(6, "x")

    def f(a: Any) -> Any:
        return sum((x[i] - a * x[5 - i] ** 2).exp() for i in range(5))

    assert sorted(order(f, 2.0)) == [f"x{i}" for i in range(6)]


def test_blocks_that_another_operand_joins_are_one() -> None:
    x = parameters(6, "x")

    def f(a: Any) -> Any:
        ends = [(a * v).exp() for v in x[3:]] + [(a / v).sin() for v in x[:3]]
        return sum(e * v for e, v in zip(ends, [*x[3:], *x[:3]], strict=True)) + sum(v.tanh() for v in x[1:5])

    assert order(f, 2.0) == [f"x{i}" for i in range(6)]
    assert "take" not in names(lifted(f, 2.0))


def test_a_total_has_no_say_in_the_order() -> None:
    W, b = matrix_of(2, 3), parameters(2, "b")

    def f(X: Any) -> Any:
        penalty = sum(p * p for p in [b[1], W[1][2], *W[0], W[1][0], b[0], W[1][1]])
        return penalty + sum(sum(layer(x, W, b)) for x in X)

    found = order(f, data(4, 3))
    assert [x for x in found if x[0] == "W"] == [f"W{i}_{j}" for i in range(2) for j in range(3)]
    assert "take" not in names(lifted(f, data(4, 3)))


def test_weights_that_are_read_transposed_are_a_block_too() -> None:
    W = matrix_of(3, 4)

    def f(X: Any) -> Any:
        return sum(sum(W[i][j] * x[i] for i in range(3)).tanh() for x in X for j in range(4))

    assert sorted(order(f, data(5, 3))) == sorted(p.label for row in W for p in row)
    assert "take" not in names(lifted(f, data(5, 3)))


def test_shared_weights_are_there_once() -> None:
    W = matrix_of(3, 3)
    b = [Value(0.1 * k, label=f"b{k}") for k in range(3)]

    def f(X: Any) -> Any:
        return sum(sum(layer(layer(x, W, b), W, b)) for x in X)

    assert len(order(f, data(4, 3))) == 12
    assert "take" not in names(lifted(f, data(4, 3)))


def test_parameters_that_only_vanish_are_there_too() -> None:
    w = parameters(3)
    ((leaf, users),) = lifted(lambda x: w[0] * x + 0 * w[1], 2.0).parameters
    assert {p.label for p in users} >= {"w0", "w1"}
    assert np.shape(leaf.data) == (len(users),)

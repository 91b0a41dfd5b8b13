"""Code written for micrograd runs unchanged but for its import."""

from __future__ import annotations

from typing import Any

import pytest

from autograd_lite import Value


def test_readme_example() -> None:
    a = Value(-4.0)
    b = Value(2.0)
    c = a + b
    d = a * b + b**3
    c += c + 1
    c += 1 + c + (-a)
    d += d * 2 + (b + a).relu()
    d += 3 * d + (b - a).relu()
    e = c - d
    f = e**2
    g = f / 2.0
    g += 10.0 / f
    assert f"{g.data:.4f}" == "24.7041"
    g.backward()
    assert f"{a.grad:.4f}" == "138.8338"
    assert f"{b.grad:.4f}" == "645.5773"


def test_first_expression_of_micrograds_tests() -> None:
    x = Value(-4.0)
    z = 2 * x + 2 + x
    q = z.relu() + z * x
    h = (z * z).relu()
    y = h + q + q * x
    y.backward()
    assert y.data == -20.0
    assert x.grad == 46.0


def trace(root: Any) -> tuple[set[Any], set[tuple[Any, Any]]]:
    """The idiom of micrograd's notebooks."""
    nodes, edges = set(), set()

    def build(v: Any) -> None:
        if v not in nodes:
            nodes.add(v)
            for child in v._prev:
                edges.add((child, v))
                build(child)

    build(root)
    return nodes, edges


def draw_dot(root: Any) -> str:
    """The same for drawing: reads data, grad, label and _op."""
    nodes, edges = trace(root)
    lines = []
    for n in nodes:
        lines.append(f"{id(n)} [{n.label} | data {n.data:.4f} | grad {n.grad if n.grad is not None else 0:.4f}]")
        if n._op:
            lines.append(f"{id(n)}{n._op} -> {id(n)}")
    lines += [f"{id(a)} -> {id(b)}{b._op}" for a, b in edges]
    return "\n".join(lines)


def test_trace_and_draw_dot() -> None:
    x = Value(1.0, label="x")
    y = (x * 2 + 1).relu()
    y.label = "y"
    y.backward()
    nodes, edges = trace(y)
    assert len(nodes) == 6  # x, 2, x*2, 1, +, relu
    assert len(edges) == 5
    text = draw_dot(y)
    assert "x | data 1.0000 | grad 2.0000" in text
    assert {n._op for n in nodes} == {"", "*", "+", "ReLU"}
    assert x._prev == set()
    assert (x * x)._prev == {x}


def test_training_idiom() -> None:
    parameters = [Value(0.5), Value(-0.2)]
    losses = []
    for _ in range(50):
        loss = sum(((parameters[0] * x + parameters[1] - (2 * x + 1)) ** 2 for x in (0.0, 1.0, 2.0)), Value(0.0))
        for p in parameters:
            p.grad = 0
        loss.backward()
        for p in parameters:
            p.data += -0.05 * p.grad
        losses.append(loss.data)
    assert losses[-1] < 0.01 < losses[0]
    assert parameters[0].data == pytest.approx(2.0, abs=0.1)

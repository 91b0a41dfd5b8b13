"""Graphs that several tests of the pictures use."""

from __future__ import annotations

import random
from itertools import pairwise
from typing import Any

from hypothesis import strategies as st

from autograd_lite import Value

Parameters = dict[str, Any]

any_text = st.text(st.characters(codec=None, categories=None), max_size=30) | st.text(
    st.sampled_from('<>"&|{}[]\\NGETHLnlr;#x41\n\r\t\0\x1b\x7f\x85 ﻿😀\ud800\udfff￾\u202e‏]->/*'), max_size=12
)
"""Labels that users may give: any characters, and often those that mean something to Graphviz, XML or a terminal."""


def moons(points: int = 100, seed: int = 0) -> tuple[Value, Parameters]:
    """The cost of micrograd's demo in binary operations only, 65,812 values for 100 points; and its parameters."""
    draw = random.Random(seed)
    sizes = [2, 16, 16, 1]
    W = [[[Value(draw.uniform(-1, 1)) for _ in range(n)] for _ in range(m)] for n, m in pairwise(sizes)]
    b = [[Value(0.0) for _ in range(m)] for m in sizes[1:]]

    def score(x: list[Value]) -> Value:
        for depth, (weights, biases) in enumerate(zip(W, b, strict=True)):
            outputs = []
            for row, total in zip(weights, biases, strict=True):
                for w, xi in zip(row, x, strict=True):
                    total = total + w * xi
                outputs.append(total if depth == 2 else total.relu())
            x = outputs
        return x[0]

    scores = [score([Value(draw.gauss(0, 1)), Value(draw.gauss(0, 1))]) for _ in range(points)]
    losses = [(1.0 + draw.choice([-1.0, 1.0]) * s).relu() for s in scores]
    cost = sum(losses[1:], losses[0]) * (1.0 / points)
    parameters = [p for layer in W for row in layer for p in row] + [p for layer in b for p in layer]
    squares = [p * p for p in parameters]
    return cost + 1e-4 * sum(squares[1:], squares[0]), {"W": W, "b": b}


def recurrence(steps: int) -> tuple[Value, Parameters]:
    """h = tanh(w h + u x + b), step after step: three parameters that every step uses."""
    w, u, b, h = Value(0.5, "w"), Value(0.3, "u"), Value(0.1, "b"), Value(0.0, "h0")
    for step in range(steps):
        h = (w * h + u * (step % 3 - 1.0) + b).tanh()
    return h, {"w": w, "u": u, "b": b}


def chain(length: int) -> Value:
    """x = tanh(x) again and again."""
    x = Value(0.5, "x")
    for _ in range(length):
        x = x.tanh()
    return x


@st.composite
def random_graphs(draw: st.DrawFn, most: int = 40) -> Value:
    """Scalar graphs without structure: sharing, constants, sums, every number finite."""
    values: list[Any] = [
        Value(draw(st.floats(-2, 2)), label=draw(st.sampled_from(["", "w[0]", "w[1]", "x"]))) for _ in range(3)
    ]
    for _ in range(draw(st.integers(1, most))):
        one, two = draw(st.sampled_from(values)), draw(st.sampled_from([*values, 0.5]))
        kind = draw(st.sampled_from(["add", "add", "mul", "sub", "tanh", "relu"]))
        values.append(getattr(one, kind)() if kind in ("tanh", "relu") else getattr(one.tanh(), kind)(two))
    return values[-1]  # type: ignore[no-any-return]

"""Comparisons, choices and stopped gradients in graphs without structure, which run level by level."""

from __future__ import annotations

import random
import runpy
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import autograd_lite as ag
from autograd_lite import Value, no_grad, vectorize
from tests.compiler.test_program_targets import functions, numbers_for

WEIGHTS = [Value(0.3 * k - 1.0, label=f"w{k}") for k in range(8)]


def irregular(seed: int, n: int) -> Any:
    """A function whose n operations are drawn."""

    def f(xs: Any) -> Any:
        draw = random.Random(seed)
        nodes = [*WEIGHTS, *xs]
        for _ in range(n):
            a, b = draw.choice(nodes), draw.choice(nodes)
            nodes.append(draw.choice(OPERATIONS)(a, b))
        return sum(ag.tanh(x) for x in nodes[-n // 4 :])

    return f


def _stopped(a: Any, b: Any) -> Any:
    with no_grad():
        return ag.tanh(a) * b


OPERATIONS = [
    lambda a, b: a * b,
    lambda a, b: a + 0.5 * b,
    lambda a, b: ag.tanh(a - b),
    lambda a, b: ag.where(a > b, a, 0.5 * b),
    lambda a, b: (a <= b) * a + 0.1 * b,
    lambda a, b: 0.5 * (a.detach() if isinstance(a, Value) else a) + 0.3 * b,
    lambda a, b: ag.sin(a) - 0.1 * b,
    _stopped,
]


def gradients(y: Any) -> list[Any]:
    for w in WEIGHTS:
        w.grad = None
    y.backward()
    return [w.grad or 0.0 for w in WEIGHTS]


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("n", [40, 800])
def test_equals_the_function(seed: int, n: int) -> None:
    f, rng = irregular(seed, n), np.random.default_rng(seed)
    fast = vectorize(f)
    for _ in range(3):
        xs = rng.normal(size=5).tolist()
        got, expected = fast(xs), f(xs)
        assert got.data == pytest.approx(expected.data, rel=1e-10)
        np.testing.assert_allclose(gradients(got), gradients(expected), rtol=1e-9, atol=1e-11)
    assert len(fast._cache) == 1
    assert n < 800 or "level by level" in fast.report()


def test_saved_programs_and_other_libraries(tmp_path: Path) -> None:
    fast, xs = vectorize(irregular(0, 800)), np.linspace(-1.0, 1.0, 5)
    fast(xs.tolist())
    expected = fast.value_and_grad(fast.theta, xs.tolist())
    fast.save(tmp_path / "step.py")
    ran = [runpy.run_path(str(tmp_path / "step.py"))["value_and_grad"](fast.theta, xs)]
    for target in ("jax", "torch"):
        try:
            ran.append(functions(target, fast)["value_and_grad"](*numbers_for(target, fast.theta, xs)))
        except (ImportError, pytest.skip.Exception):
            continue
    for value, gradient in ran:
        np.testing.assert_allclose(float(value), expected[0], rtol=1e-10)
        np.testing.assert_allclose(np.asarray(gradient), expected[1], rtol=1e-9, atol=1e-11)

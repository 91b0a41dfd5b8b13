"""Random programs against PyTorch, where it is installed; it is an oracle, never a dependency."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import autograd_lite as ag
from autograd_lite import Value

torch = pytest.importorskip("torch", reason="an optional oracle: pip install torch")

UNARY: list[tuple[Callable[[Any], Any], Callable[[Any], Any]]] = [
    (ag.tanh, torch.tanh),
    (ag.sin, torch.sin),
    (ag.sigmoid, torch.sigmoid),
    (ag.softplus, torch.nn.functional.softplus),
    (ag.gelu, torch.nn.functional.gelu),
    (ag.relu, torch.relu),
    (lambda v: ag.exp(v * 0.3), lambda t: torch.exp(t * 0.3)),
    (lambda v: -v, lambda t: -t),
    (ag.mean, torch.mean),
    (ag.sum, torch.sum),
    (lambda v: ag.softmax(v) if v.shape else v, lambda t: torch.softmax(t, -1) if t.dim() else t),
    (lambda v: ag.cumsum(v, axis=-1) if v.shape else v, lambda t: torch.cumsum(t, -1) if t.dim() else t),
]
BINARY: list[Callable[[Any, Any], Any]] = [
    lambda a, b: a + b,
    lambda a, b: a - b,
    lambda a, b: a * b,
    lambda a, b: a / (b * b + 1.0),
]
SHAPES = [(), (3,), (2, 3), (2, 1)]


def program(seed: int, leaves: list[Any], side: int) -> Any:
    """The program of a seed on our Values (side 0) or on torch's tensors (side 1)."""
    choose = random.Random(seed)
    nodes = list(leaves)
    for _ in range(choose.randint(3, 12)):
        if choose.random() < 0.5:
            nodes.append(choose.choice(UNARY)[side](choose.choice(nodes)))
        else:
            nodes.append(choose.choice(BINARY)(choose.choice(nodes), choose.choice(nodes)))
    return nodes[-1].sum()


@pytest.mark.parametrize("block", range(10))
def test_random_programs(block: int) -> None:
    for seed in range(100 * block, 100 * (block + 1)):
        numbers = np.random.default_rng(seed)
        points = [numbers.normal(size=SHAPES[i]) for i in numbers.integers(len(SHAPES), size=3)]
        ours = [Value(x) for x in points]
        theirs = [torch.tensor(x, dtype=torch.float64, requires_grad=True) for x in points]
        y, t = program(seed, ours, 0), program(seed, theirs, 1)
        assert y.data == pytest.approx(t.item(), rel=1e-12, abs=1e-12)
        for _ in range(2):  # leaves accumulate
            y.backward()
            t.backward(retain_graph=True)
        for v, w in zip(ours, theirs, strict=True):
            wanted = np.zeros(v.shape) if w.grad is None else w.grad.numpy()
            np.testing.assert_allclose(0.0 if v.grad is None else v.grad, wanted, rtol=1e-9, atol=1e-10)

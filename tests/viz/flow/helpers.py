"""What the tests of the recorder share: a small network, its training, and recordings made by hand."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from autograd_lite import Value, nn, optim
from autograd_lite.training import fit
from viz.flow.recorder import GradientFlow

X = np.random.default_rng(0).normal(size=(48, 4))
Y = np.sin(X[:, :1]) * X[:, 1:2]


def network(activation: Callable[[], nn.Module], depth: int = 6, width: int = 16, init: Any = None) -> nn.Sequential:
    sizes = [4, *[width] * (depth - 1), 1]
    parts: list[nn.Module] = []
    for i in range(depth):
        parts += [nn.Linear(sizes[i], sizes[i + 1], init=init, seed=i), activation()]
    return nn.Sequential(*parts[:-1])


def trained(model: nn.Module, lr: float = 0.05, epochs: int = 4, **options: Any) -> GradientFlow:
    flow = GradientFlow(model, **options)
    optimizer = optim.SGD(model.parameters(), lr=lr)
    fit(model, X, Y, nn.mse, optimizer, epochs=epochs, batch_size=12, seed=0, callbacks=[flow], progress=False)
    return flow


def by_hand(gradients: list[list[Any]], updates: Any = 1e-3, **options: Any) -> GradientFlow:
    """A row for each list: its gradients step by step, None for no gradient; each step moves all by `updates`."""
    values = {f"layer{i}": Value(1.0) for i in range(len(gradients))}
    flow = GradientFlow(values, **options)
    for step in zip(*gradients, strict=True):
        for value, gradient in zip(values.values(), step, strict=True):
            value.grad = gradient
            value.data = value.data * (1 - updates)
        flow.record()
    return flow

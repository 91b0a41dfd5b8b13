"""Recordings that several tests look at."""

from __future__ import annotations

import math

import pytest

from autograd_lite import Value, nn
from tests.viz.flow.helpers import network, trained
from viz.flow.recorder import GradientFlow


@pytest.fixture(scope="module")
def vanishing() -> GradientFlow:
    return trained(network(nn.Sigmoid))


@pytest.fixture(scope="module")
def everything() -> GradientFlow:
    """All that can be in a picture: nan, inf, zeros, what was not computed, and what starts at 0."""
    weights = {name: Value(1.0) for name in ("a", "b", "c", "d")} | {"e": Value(0.0)}
    flow = GradientFlow(weights)
    for step in range(1, 21):
        gradients = [math.nan if step > 10 else 1.0, math.inf if step == 20 else 1e-7, 0.0, None, 1e-3]
        for value, gradient in zip(weights.values(), gradients, strict=True):
            value.grad = gradient
            value.data = value.data + 1e-3 * (gradient is not None and 0 < gradient < 10)
        flow.record()
    return flow

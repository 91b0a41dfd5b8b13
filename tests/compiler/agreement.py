"""A vectorised function beside the function itself."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from autograd_lite import Value


def gradients(c: Value, parameters: list[Value]) -> list[Any]:
    for p in parameters:
        p.zero_grad()
    c.backward()
    return [p.grad for p in parameters]


def agree(cost: Any, f: Any, parameters: list[Value], *args: Any) -> Value:
    """The vectorised call is the function's: its value and its gradients."""
    c, expected = cost(*args), f(*args)
    assert c.data == pytest.approx(expected.data, rel=1e-10, abs=1e-14)
    for got, wanted in zip(gradients(c, parameters), gradients(expected, parameters), strict=True):
        np.testing.assert_allclose(got, 0.0 if wanted is None else wanted, rtol=1e-10, atol=1e-13)
    return c

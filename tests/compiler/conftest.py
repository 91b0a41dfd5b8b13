"""What several tests of the compiler share."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import autograd_lite as ag


@pytest.fixture
def own_operation(table_as_before: None) -> Callable[..., Any]:
    """An operation of a user's, which cannot be recorded."""

    @ag.primitive(vjp=(lambda g, y, x, n=1: g * n * np.exp(-x) * np.array([1.0]),), name="own_operation")
    def operation(x: Any, n: int = 1) -> Any:
        if np.all(np.asarray(x) > 100):
            raise ValueError("too large")
        return -n * np.exp(-x)

    return operation

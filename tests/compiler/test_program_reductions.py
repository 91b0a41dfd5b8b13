"""`Program`: reductions over short axes are other calls than NumPy's reductions."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import autograd_lite as ag
from autograd_lite import Value
from autograd_lite.compiler.programs.program import Program
from tests.compiler.test_program import same_as_engine, weighted


@pytest.mark.parametrize("shape", [(600, 3), (100, 5, 2), (70, 1, 2), (8, 3)])
@pytest.mark.parametrize("row", [ag.max, ag.min, ag.sum])
@pytest.mark.parametrize("axis", [-1, 0, (0, 1)])
@pytest.mark.parametrize("turned", [False, True])
def test_reductions_over_a_short_axis_or_the_first_ones(row: Any, shape: Any, axis: Any, turned: bool) -> None:
    """NumPy loops over rows, which costs more than the numbers; ties too share their gradient."""
    shape = (*shape[:-2], shape[-1], shape[-2]) if turned else shape
    a = Value(np.random.default_rng(0).integers(5, size=shape) / 4)
    whole = ag.transpose(a * 1.5, (*range(len(shape) - 2), -1, -2)) if turned else a * 1.5
    same_as_engine(weighted(row(whole, axis=axis) ** 2), [a])


def test_a_maximum_over_a_short_axis_keeps_nan_and_infinity() -> None:
    a = Value(np.zeros((100, 3)))
    program = Program(ag.max(a * 1.0, axis=-1)[:3], [a])
    theta = np.zeros((100, 3))
    theta[:3, 1] = np.nan, np.inf, -np.inf
    assert "reduce" not in program.source
    np.testing.assert_array_equal(program.value(theta.ravel()), [np.nan, np.inf, 0.0])

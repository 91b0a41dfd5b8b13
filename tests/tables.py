"""Ways to call every row of the table: what the tests of the table walk over."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import hypothesis.extra.numpy as hnp
import numpy as np
from hypothesis import strategies as st

from autograd_lite import TABLE
from autograd_lite.operation import Operation, Trial
from autograd_lite.recording import apply

ELEMENTWISE = [row for row in TABLE.values() if row.is_elementwise]
ARRAY_TRIALS = [(row, trial) for row in TABLE.values() for trial in row.trials]
SMOOTH_WITHOUT_COMPLEX_FORM = {"erf", "gelu", "where", "strong_mul"}


def is_smooth(row: Operation) -> bool:
    """Whether derivatives of every order exist on the row's domain."""
    return row.analytic or row.name in SMOOTH_WITHOUT_COMPLEX_FORM


def called(row: Operation, trial: Trial | None = None) -> Callable[..., Any]:
    """The row as a function of its inputs alone."""
    return lambda *inputs: apply(row, inputs, **(dict(trial.parameters) if trial else {}))


def trial_name(case: Any) -> str:
    """A readable test id."""
    if isinstance(case, Operation):
        return case.name
    if isinstance(case, Trial):
        return f"{'x'.join(map(str, case.shapes))}-{dict(case.parameters)}".replace(" ", "").replace("\n", "")
    return ""


def numbers(low: float, high: float, width: int = 64) -> st.SearchStrategy[float]:
    """Floats of an interval, on a grid fine enough that float32 holds them and corners are met now and then."""
    steps = st.integers(0, 96)
    return steps.map(lambda i: float(np.float32(low + (high - low) * i / 96)))


@st.composite
def elementwise_inputs(draw: st.DrawFn, row: Operation, dtype: type = np.float64) -> list[Any]:
    """Inputs of mutually broadcastable shapes: 0-d, size 1 and empty among them; scalars are Python floats."""
    shapes = draw(hnp.mutually_broadcastable_shapes(num_shapes=len(row.inputs), max_dims=2, min_side=0, max_side=2))
    return [
        draw(numbers(*domain)) if shape == () else draw(hnp.arrays(dtype, shape, elements=numbers(*domain)))
        for shape, domain in zip(shapes.input_shapes, row.domain, strict=True)
    ]


@st.composite
def scalar_inputs(draw: st.DrawFn, row: Operation) -> list[float]:
    """Python floats of the row's domain."""
    return [draw(numbers(*domain)) for domain in row.domain]


def trial_inputs(row: Operation, trial: Trial, seed: int, dtype: type = np.float64) -> list[Any]:
    """Random inputs of a trial's shapes; a variadic row has one domain for all."""
    rng = np.random.default_rng(seed)
    domains = row.domain * len(trial.shapes) if row.variadic else row.domain
    return [
        rng.uniform(low, high, shape).astype(dtype) if shape else float(rng.uniform(low, high))
        for shape, (low, high) in zip(trial.shapes, domains, strict=False)
    ]

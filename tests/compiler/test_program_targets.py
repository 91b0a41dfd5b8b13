"""The program's source for JAX and PyTorch, run and compared with the NumPy program."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import autograd_lite as ag
from autograd_lite import Value
from autograd_lite.compiler.program import Program
from autograd_lite.operation import Operation, Trial
from tests.compiler.test_program import Guard, flat, primitive, weighted
from tests.tables import ARRAY_TRIALS, ELEMENTWISE, called, trial_inputs, trial_name

TRIALS = [(row, Trial(((2, 3),) * len(row.inputs))) for row in ELEMENTWISE] + ARRAY_TRIALS


def run(target: str, program: Program, *numbers: Any) -> tuple[float, Any]:
    """The value and the gradient by the other library."""
    library = pytest.importorskip(target)
    scope: dict[str, Any] = {"__name__": "generated"}
    exec(compile(program.source_for(target), f"<{target}>", "exec"), scope)
    given = [library.as_tensor(np.array(x)) if target == "torch" else np.array(x) for x in numbers]
    value, gradient = scope["value_and_grad"](*given)
    assert float(value) == pytest.approx(float(scope["value"](*given)), rel=1e-14, nan_ok=True)
    return float(value), np.asarray(gradient)


@pytest.mark.parametrize("target", ["jax", "torch"])
@pytest.mark.parametrize(("row", "trial"), TRIALS, ids=trial_name)
def test_every_row(target: str, row: Operation, trial: Trial) -> None:
    pytest.importorskip(target)
    leaves = [Value(x) for x in trial_inputs(row, trial, 0)]
    inner = [x * 1.01 for x in leaves]
    root = weighted(called(row, trial)(*inner)) + sum(ag.sum(x * x) for x in inner)
    program = Program(root, leaves, [])
    value, gradient = run(target, program, flat(leaves))
    expected = program.value_and_grad(flat(leaves))
    np.testing.assert_allclose(value, expected[0], rtol=1e-11)
    np.testing.assert_allclose(gradient, expected[1], rtol=1e-11, atol=1e-12)
    assert gradient.dtype == np.float64


@pytest.mark.parametrize("target", ["jax", "torch"])
def test_inputs_guards_and_selections(target: str) -> None:
    table, i = Value(np.arange(12.0).reshape(4, 3) / 5, label="table"), Value([2.0, 0.0, 2.0], label="i")
    x = Value(np.full((3, 2), 0.5), label="x")
    rows = ag.take(table, i.data.astype(int), axis=0)
    root = ag.sum(ag.tanh(rows @ x)) + ag.max(rows)
    program = Program(root, [table], [i, x], [Guard(">", ag.sum(x), 0.0, True)], {rows: {"indices": i}})
    numbers = (flat([table]), np.array([1.0, 3.0, 3.0]), np.arange(6.0).reshape(3, 2) / 7)
    value, gradient = run(target, program, *numbers)
    expected = program.value_and_grad(*numbers)
    assert value == pytest.approx(expected[0], rel=1e-12)
    np.testing.assert_allclose(gradient, expected[1], rtol=1e-12, atol=1e-14)
    broken, gradient = run(target, program, numbers[0], numbers[1], -numbers[2])
    assert np.isnan(broken)
    assert np.isnan(gradient).all()


def test_what_cannot_be_written() -> None:
    x = Value([0.5, 1.0])
    with pytest.raises(ValueError, match="it must be 'jax' or 'torch'"):
        Program(ag.sum(x), [x], []).source_for("fortran")
    with pytest.raises(ValueError, match="a function of your own"):
        Program(ag.sum(primitive(x)), [x], []).source_for("jax")
    with pytest.raises(ValueError, match="the result is an array"):
        Program(x * 2, [x], []).source_for("jax")

"""The program's source for JAX and PyTorch, run and compared with the NumPy program."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import autograd_lite as ag
from autograd_lite import Value, vectorize
from autograd_lite.compiler.programs.program import Program
from autograd_lite.compiler.tracing.arguments import given
from autograd_lite.operation import Operation, Trial
from tests.compiler.pieces import irregular
from tests.compiler.programs import PROGRAMS, moons_of
from tests.compiler.test_program import Guard, flat, weighted
from tests.tables import ARRAY_TRIALS, ELEMENTWISE, called, trial_inputs, trial_name

TRIALS = [(row, Trial(((2, 3),) * len(row.inputs))) for row in ELEMENTWISE] + ARRAY_TRIALS


def functions(target: str, program: Any) -> dict[str, Any]:
    """What the module for the other library defines."""
    scope: dict[str, Any] = {"__name__": "generated"}
    exec(compile(program.source_for(target), f"<{target}>", "exec"), scope)
    return scope


def numbers_for(target: str, *numbers: Any) -> list[Any]:
    """Arrays as the other library takes them."""
    library = pytest.importorskip(target)
    return [library.as_tensor(np.array(x)) if target == "torch" else np.array(x) for x in numbers]


def run(target: str, program: Program, *numbers: Any) -> tuple[float, Any]:
    """The value and the gradient by the other library."""
    given, scope = numbers_for(target, *numbers), functions(target, program)
    value, gradient = scope["value_and_grad"](*given)
    assert float(value) == pytest.approx(float(scope["value"](*given)), rel=1e-14, nan_ok=True)
    return float(value), np.asarray(gradient)


@pytest.mark.parametrize("target", ["jax", "torch"])
def test_shapes_are_checked(target: str) -> None:
    w, x = Value([1.0, 2.0]), Value([3.0, 4.0], label="x")
    program = Program(ag.sum(w * x), [w], [x])
    for numbers in ((np.ones(1), np.ones(2)), (np.ones(2), np.ones((3, 2))), (np.ones(2), np.ones(()))):
        with pytest.raises(ValueError, match=r"has shape .*; this program was made for the shape \(2,\)"):
            run(target, program, *numbers)


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


def test_what_cannot_be_written(own_operation: Callable[..., Any]) -> None:
    x = Value([0.5, 1.0])
    with pytest.raises(ValueError, match="it must be 'jax' or 'torch'"):
        Program(ag.sum(x), [x], []).source_for("fortran")
    with pytest.raises(ValueError, match="a function of your own"):
        Program(ag.sum(own_operation(x)), [x], []).source_for("jax")
    with pytest.raises(ValueError, match="the result is an array"):
        Program(x * 2, [x], []).source_for("jax")


def assert_equal(target: str, rolled: Any, *calls: tuple[Any, ...]) -> None:
    """The program that was made of the first call, on the arguments of all of them."""
    pytest.importorskip(target)
    rolled(*calls[0])
    compiled = functions(target, rolled)["value_and_grad"]
    for args in calls:
        value, gradient = compiled(*numbers_for(target, rolled.theta, *given(args, {}).numbers))
        expected = rolled.value_and_grad(rolled.theta, *args)
        assert float(value) == pytest.approx(expected[0], rel=1e-10)
        np.testing.assert_allclose(gradient, expected[1], rtol=0, atol=1e-10 * np.abs(expected[1]).max())


@pytest.mark.parametrize("target", ["jax", "torch"])
@pytest.mark.parametrize("name", PROGRAMS)
def test_every_vectorised_program(name: str, target: str) -> None:
    pytest.importorskip(target)
    case = PROGRAMS[name].make(0)
    assert_equal(target, vectorize(case.f), case.args, case.other_args)


@pytest.mark.parametrize("target", ["jax", "torch"])
def test_every_kind_of_level(target: str) -> None:
    pytest.importorskip(target)
    assert_equal(target, vectorize(irregular(300)), ([0, 2, 1], 0.7), ([3, -1, 2], -0.4))


SHARDED = """
import jax
import numpy as np
from jax.sharding import Mesh, NamedSharding, PartitionSpec

scope = {"__name__": "generated"}
exec(open("program.py").read(), scope)
with np.load("numbers.npz") as file:
    theta, X, y = file["theta"], file["X"], file["y"]
mesh = Mesh(np.array(jax.devices()), ("batch",))
examples, everywhere = NamedSharding(mesh, PartitionSpec("batch")), NamedSharding(mesh, PartitionSpec())
given = jax.device_put(theta, everywhere), jax.device_put(X, examples), jax.device_put(y, examples)
value, gradient = scope["value_and_grad"](*given)
compiled = scope["value_and_grad"].lower(*given).compile()
np.savez(
    "results.npz",
    value=value,
    gradient=gradient,
    devices=[len({s.device for s in x.addressable_shards}) for x in given],
    rows=[s.data.shape[0] for x in given for s in x.addressable_shards],
    results=[len(x.sharding.device_set) for x in (value, gradient)],
    sums_over_devices="all-reduce" in compiled.as_text(),
)
"""


def test_jax_on_eight_devices(tmp_path: Path) -> None:
    """A batch divided among eight devices: every one computes its examples, the sums go over all."""
    pytest.importorskip("jax")
    case = moons_of(96, 0)
    rolled = vectorize(case.f)
    rolled(*case.args)
    X, y = map(np.array, case.other_args)
    (tmp_path / "program.py").write_text(rolled.source_for("jax"))
    np.savez(tmp_path / "numbers.npz", theta=rolled.theta, X=X, y=y)
    flags = {"XLA_FLAGS": "--xla_force_host_platform_device_count=8", "JAX_PLATFORMS": "cpu"}
    command = [sys.executable, "-c", SHARDED]
    subprocess.run(command, cwd=tmp_path, env={**os.environ, **flags}, check=True, timeout=300)
    with np.load(tmp_path / "results.npz") as results:
        value, gradient = rolled.value_and_grad(rolled.theta, X, y)
        assert float(results["value"]) == pytest.approx(value, rel=1e-10)
        np.testing.assert_allclose(results["gradient"], gradient, rtol=0, atol=1e-10)
        assert results["devices"].tolist() == [8, 8, 8]
        assert results["rows"].tolist() == [len(rolled.theta)] * 8 + [12] * 16
        assert results["results"].tolist() == [8, 8]
        assert results["sums_over_devices"]

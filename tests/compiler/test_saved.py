"""A vectorised program that was saved runs without this package: equal values and gradients, guards included."""

from __future__ import annotations

import re
import runpy
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from autograd_lite import Value, vectorize
from autograd_lite.compiler.tracing.arguments import given
from tests.compiler.pieces import irregular
from tests.compiler.programs import PROGRAMS

pytestmark = pytest.mark.no_cover  # others run the same lines, and coverage takes its time

SCRIPT = """
import sys
import numpy as np
import step

with np.load("numbers.npz") as file:
    theta, *inputs = [file[f"arr_{k}"] for k in range(len(file.files))]
value, gradient = step.value_and_grad(theta, *inputs)
assert value == step.value(theta, *inputs)
assert not any(name.partition(".")[0] == "autograd_lite" for name in sys.modules)
np.savez("results.npz", value=value, gradient=gradient)
"""


def saved(rolled: Any, folder: Path, *args: Any) -> subprocess.CompletedProcess[str]:
    """Save the program and run it in another process, at the parameters' numbers."""
    rolled.save(folder / "step.py")
    np.savez(folder / "numbers.npz", rolled.theta, *given(args, {}).numbers)
    command = [sys.executable, "-c", SCRIPT]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False, timeout=300)


def assert_equal(rolled: Any, folder: Path, *args: Any) -> None:
    done = saved(rolled, folder, *args)
    assert done.returncode == 0, done.stderr
    value, gradient = rolled.value_and_grad(rolled.theta, *args)
    with np.load(folder / "results.npz") as results:
        assert float(results["value"]) == pytest.approx(value, rel=1e-12)
        np.testing.assert_allclose(results["gradient"], gradient, rtol=0, atol=1e-12 * np.abs(gradient).max())


@pytest.mark.parametrize("name", ["moons", "microgpt", "convolution", "spring chain", "random graph"])
def test_a_saved_program(name: str, tmp_path: Path) -> None:
    """Also with selections, and by levels."""
    case = PROGRAMS[name].make(0)
    rolled = vectorize(case.f)
    rolled(*case.args)
    assert_equal(rolled, tmp_path, *case.other_args)


def test_a_saved_guard(tmp_path: Path) -> None:
    """The module has one way through the branches: on numbers of another it raises."""
    w = Value(2.0, label="w")

    @vectorize
    def leaky(xs: Any) -> Any:
        return sum(w * x if x > 0 else 0.1 * w * x for x in xs)

    leaky([1.0, -2.0, 3.0])
    assert_equal(leaky, tmp_path, [4.0, -1.0, 0.5])
    done = saved(leaky, tmp_path, [4.0, 1.0, 0.5])
    assert done.returncode == 1
    assert "GuardBroken: " in done.stderr
    assert "came out otherwise than when it was traced" in done.stderr


def test_every_kind_of_level(tmp_path: Path) -> None:
    rolled = vectorize(irregular(900))
    rolled([0, 2, 1], 0.7)
    assert "level by level" in rolled.report()
    assert_equal(rolled, tmp_path, [3, -1, 2], -0.4)
    for ids in ([0, 0, 5], [0, -7, 1]):
        done = saved(rolled, tmp_path, ids, -0.4)
        assert "IndexError" in done.stderr


def test_the_report_counts_steps_by_levels() -> None:
    rolled = vectorize(irregular(900))
    rolled([0, 2, 1], 0.7)
    first, *_ = rolled.report().splitlines()
    assert re.fullmatch(r"f: [\d,]+ scalar nodes -> [\d,]+ steps by levels, forward and backward", first)


@pytest.mark.parametrize(
    ("theta", "X", "y", "message"),
    [
        (
            np.ones(1),
            np.ones((3, 2)),
            np.ones(3),
            r"theta has shape \(1,\); this program was made for the shape \(3,\)",
        ),
        (np.ones(3), np.ones((1, 2)), np.ones(3), r"X has shape \(1, 2\); .* \(3, 2\)"),
        (np.ones(3), np.ones((3, 2)), 1.0, r"y has shape \(\)"),
        (np.ones(3), np.ones((3, 2)), np.ones((3, 3)), r"y has shape \(3, 3\)"),
    ],
)
def test_shapes_are_checked(theta: Any, X: Any, y: Any, message: str, tmp_path: Path) -> None:
    w, b = Value(np.ones(2), label="w"), Value(0.5, label="b")
    cost = vectorize(lambda X, y: ((X @ w + b - y) ** 2).mean())
    cost(np.ones((3, 2)), np.ones(3))
    cost.save(tmp_path / "step.py")
    step = runpy.run_path(str(tmp_path / "step.py"))
    for f in ("value", "value_and_grad"):
        with pytest.raises(ValueError, match=message):
            step[f](theta, X, y)
    assert step["value"]([1.0, 2.0, 3.0], np.ones((3, 2), int).tolist(), [1, 2, 3]) == pytest.approx(
        cost.value([1.0, 2.0, 3.0], np.ones((3, 2)), np.array([1.0, 2.0, 3.0]))
    )


def test_the_path_that_was_asked_for_is_named(tmp_path: Path) -> None:
    w = Value(2.0)
    cost = vectorize(lambda x: w * x)
    cost(1.0)
    with pytest.raises(FileNotFoundError, match=re.escape(repr(str(tmp_path / "missing" / "step.py")))):
        cost.save(tmp_path / "missing" / "step.py")
    with pytest.raises(IsADirectoryError, match=re.escape(repr(str(tmp_path)))):
        cost.save(tmp_path)

"""Every program, rolled up, has the value and the gradients of the plain scalar run."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from autograd_lite import Value, topological_order, vectorize
from tests.compiler.pieces import Case
from tests.compiler.programs import PROGRAMS

pytestmark = pytest.mark.no_cover  # others run the same lines, and coverage takes its time

TOLERANCE = 1e-10

everyone = pytest.mark.parametrize("name", PROGRAMS)


def answer(f: Callable[..., Any], args: tuple[Any, ...], parameters: list[Value]) -> tuple[float, Any]:
    """The cost, and the gradient of every parameter, 0 where there is none."""
    for p in parameters:
        p.zero_grad()
    cost = f(*args)
    cost.backward()
    return cost.data, np.array([p.grad or 0.0 for p in parameters])


def assert_equal(rolled: tuple[float, Any], plain: tuple[float, Any]) -> None:
    assert rolled[0] == pytest.approx(plain[0], rel=TOLERANCE)
    np.testing.assert_allclose(rolled[1], plain[1], rtol=0, atol=TOLERANCE * np.abs(plain[1]).max())


def change(parameters: list[Value]) -> None:
    """Move every parameter, each by another amount."""
    for p, step in zip(parameters, np.random.default_rng(7).normal(scale=0.05, size=len(parameters)), strict=True):
        p.data += step


class Counted:
    """A function that counts its calls."""

    def __init__(self, f: Callable[..., Any]) -> None:
        self.f, self.calls = f, 0

    def __call__(self, *args: Any) -> Any:
        self.calls += 1
        return self.f(*args)


@everyone
def test_equals_the_scalar_run_also_on_new_numbers_without_a_new_trace(name: str) -> None:
    f, args, other_args, parameters = PROGRAMS[name].make(0)
    counted = Counted(f)
    rolled = vectorize(counted)
    assert_equal(answer(rolled, args, parameters), answer(f, args, parameters))
    change(parameters)
    assert_equal(answer(rolled, args, parameters), answer(f, args, parameters))
    assert_equal(answer(rolled, other_args, parameters), answer(f, other_args, parameters))
    assert counted.calls <= 4  # the trace, and three comparisons: on the same numbers, new parameters, new inputs
    known = counted.calls
    change(parameters)
    assert_equal(answer(rolled, args, parameters), answer(f, args, parameters))
    assert counted.calls == known


@everyone
def test_is_about_as_short_as_by_hand(name: str) -> None:
    program = PROGRAMS[name]
    case = program.make(0)
    rolled = vectorize(case.f)
    rolled(*case.args)
    assert len(topological_order(rolled.graph)) <= program.most_nodes


@pytest.mark.parametrize("name", ["moons", "microgpt"])
def test_another_seed(name: str) -> None:
    case = PROGRAMS[name].make(1)
    rolled = vectorize(case.f)
    for args in (case.args, case.other_args):
        assert_equal(answer(rolled, args, case.parameters), answer(case.f, args, case.parameters))


def test_the_moons_step_is_micrograds() -> None:
    """65,414 nodes that were computed or are parameters; with micrograd's constants they are 65,818."""
    case: Case = PROGRAMS["moons"].make(0)
    assert len(topological_order(case.f(*case.args))) == 65_414
    assert len(case.parameters) == 337


def test_microgpt_has_its_4192_parameters() -> None:
    assert len(PROGRAMS["microgpt"].make(0).parameters) == 4192

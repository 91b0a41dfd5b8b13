"""Random programs of scalars and loops: `vectorize` against the plain run, value, gradient, and again on new numbers.

``pytest tests/compiler/test_random_programs.py --hypothesis-profile=explore`` runs thousands of new ones.
"""

from __future__ import annotations

from typing import Any
from unittest import mock

import numpy as np
import pytest
from hypothesis import HealthCheck, assume, given, settings

from autograd_lite import Value
from autograd_lite.compiler.front.vectorized import vectorize
from autograd_lite.compiler.rolling import plan
from tests.compiler.random_programs import Program, leaves, programs

pytestmark = pytest.mark.no_cover  # others run the same lines, and coverage takes its time

SLOW = [HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.filter_too_much]
MANY = settings(max_examples=3 * settings.default.max_examples, suppress_health_check=SLOW)
SOME = settings(max_examples=settings.default.max_examples // 2, suppress_health_check=SLOW)

EXACT = 1e-10
NUDGE = 1e-11
"""Numbers are moved by so little to see whether the result is well conditioned: whether some kink is near."""

Numbers = tuple[float, list[Any]]


def plain(program: Program, parameters: dict[str, Any], arguments: tuple[Any, ...]) -> Numbers:
    """Value and gradients of the scalar run."""
    return numbers_of(program.function(parameters)(*arguments), leaves(parameters))


def numbers_of(y: Any, values: list[Value]) -> Numbers:
    """Value and gradients, after one backward pass."""
    for x in values:
        x.grad = None
    y.backward()
    return y.data, [np.zeros(x.shape) if x.grad is None else x.grad for x in values]


def difference(one: Numbers, other: Numbers) -> float:
    """The greatest difference in value or gradient, relative to the greatest of them, or to 1."""
    flat = [np.concatenate([np.ravel(x) for x in (value, *gradients)]) for value, gradients in (one, other)]
    return float(np.max(np.abs(flat[0] - flat[1])) / max(1.0, np.max(np.abs(flat[0]))))


def renewed(parameters: dict[str, Any], seed: int, program: Program) -> None:
    """New numbers for the same parameters."""
    for x, new in zip(leaves(parameters), leaves(program.parameters(seed)), strict=True):
        x.data = new.data


def nudged(program: Program, seed: int, by: float) -> tuple[dict[str, Any], tuple[Any, ...]]:
    """Parameters and arguments, all numbers but the integers moved a little."""
    rng = np.random.default_rng(99)
    parameters, (X, y, picks, c) = program.parameters(seed), program.arguments(seed)
    for x in leaves(parameters):
        x.data = x.data + by * rng.normal(size=x.shape)
    return parameters, (X + by * rng.normal(size=X.shape), [t + by * rng.normal() for t in y], picks, c + by)


def tame(program: Program, seed: int) -> Numbers:
    """The scalar run's answer; examples where it is no number, or where rounding decides, are passed over."""
    parameters, arguments = program.parameters(seed), program.arguments(seed)
    with np.errstate(all="ignore"):
        y = program.function(parameters)(*arguments)
        assume(type(y) is Value)
        answer = numbers_of(y, leaves(parameters))
        assume(np.isfinite(difference(answer, answer)))
        assume(difference(answer, plain(program, *nudged(program, seed, NUDGE))) < 1e4 * NUDGE)
    return answer


@MANY
@given(programs())
def test_vectorized_programs_equal_the_scalar_run(program: Program) -> None:
    first, second = tame(program, 0), tame(program, 1)
    parameters = program.parameters(0)
    cost, values = vectorize(program.function(parameters)), leaves(parameters)
    assert difference(first, numbers_of(cost(*program.arguments(0)), values)) < EXACT
    renewed(parameters, 1, program)
    assert difference(second, numbers_of(cost(*program.arguments(1)), values)) < EXACT
    renewed(parameters, 0, program)
    assert difference(first, numbers_of(cost(*program.arguments(0)), values)) < EXACT


@SOME
@given(programs())
def test_so_they_do_where_two_examples_are_many(program: Program) -> None:
    """The examples come last, and biases are columns of their weights."""
    with mock.patch.object(plan, "MANY", 2):
        test_vectorized_programs_equal_the_scalar_run.hypothesis.inner_test(program)  # type: ignore[attr-defined]


@SOME
@given(programs())
def test_scalar_runs_agree_with_numerical_derivatives(program: Program) -> None:
    """The programs themselves are sound: the yardstick is right."""
    _, gradients = tame(program, 0)
    step, rng = 1e-6, np.random.default_rng(5)
    values = []
    directions = [rng.normal(size=np.shape(g)) for g in gradients]
    for sign in (1.0, -1.0):
        parameters = program.parameters(0)
        for x, direction in zip(leaves(parameters), directions, strict=True):
            x.data = x.data + sign * step * direction
        values.append(plain(program, parameters, program.arguments(0)))
    assume(difference(*values) < 1e3 * step)  # else a kink lies between
    expected = sum(float(np.sum(g * direction)) for g, direction in zip(gradients, directions, strict=True))
    scale = max(1.0, *(float(np.max(np.abs(g))) for g in gradients))
    assert (values[0][0] - values[1][0]) / (2 * step) == pytest.approx(expected, abs=1e-5 * scale)


def test_the_programs_are_of_many_kinds() -> None:
    """What the generator promises is really drawn, and often enough."""
    kinds = {
        "a sum by zip": "for p",
        "a dot product": "ag.dot([",
        "Python's maximum": "(max([",
        "a maximum as one node": "ag.max([",
        "a guard": " if (t",
        "a ragged loop": " + 1) ",
        "a recurrence": ".append(",
        "a function": "def f",
        "array code": "A",
        "an index that is an input": "picks[",
        "a window": "w",
        "a power": "** ag.",
        "a number from the end": " - i",
        "a constant for each iteration": "][i",
    }
    found = dict.fromkeys(kinds, 0)

    @settings(max_examples=400, suppress_health_check=SLOW, database=None, derandomize=True)
    @given(programs())
    def count(program: Program) -> None:
        body = program.source.split("\n", 1)[1].replace("tests", "")
        for kind, text in kinds.items():
            found[kind] += text in body

    count()
    assert min(found.values()) >= 5, found

"""`Program`: other calls than NumPy's reductions, and parts that are computed right into their places."""

from __future__ import annotations

import re
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


def rms_norm(x: Any) -> Any:
    return x * (ag.mean(x * x, axis=-1, keepdims=True) + 1e-5) ** -0.5


def multiplied(source: str) -> list[str]:
    """The steps that multiply by a number."""
    return re.findall(r"np\.multiply\(\w+, -?[\d.e-]+, out=\w+\)", source)


@pytest.mark.parametrize(("shape", "is_few"), [((8, 16), True), ((3, 4, 5), True), ((50, 40), False)])
def test_the_factor_of_a_sum_of_few_numbers_is_in_the_ones(shape: Any, is_few: bool) -> None:
    a = Value(np.random.default_rng(1).normal(size=shape), label="a")
    program = same_as_engine(weighted(rms_norm(a * 1.5 + 0.25)), [a])
    assert (f"np.full({shape[-1]}, {1 / shape[-1]})" in program.source) == is_few
    assert len(multiplied(program.source)) == (4 if is_few else 6)


@pytest.mark.parametrize("factor", [0.0, 1e-310, 5e-324, 1e300, -2.0, np.inf, np.nan])
def test_sums_times_any_number(factor: float) -> None:
    a = Value(np.random.default_rng(2).normal(size=(4, 6)))
    for scaled in ((a * 1.5).sum(axis=1) * 3.0 * factor, (a * 1.5).sum(axis=1) * (a * a).sum(axis=1) * factor):
        program = Program(scaled, [a])
        np.testing.assert_allclose(program.value(a.data.ravel()), scaled.data, rtol=1e-12)


def test_a_factor_makes_no_infinity_before_the_sum_is_taken() -> None:
    a = Value([[1e300, 1.0], [-0.9e300, 1.0]])
    same_as_engine(ag.max(a.sum(axis=0) * 3e8), [a])


def test_a_sum_that_is_read_with_and_without_a_factor() -> None:
    a = Value(np.random.default_rng(3).normal(size=(4, 6)))
    total = (a * 1.5).sum(axis=1)
    same_as_engine(weighted(ag.exp(total) * (total / 6) + total * (total * -0.5)), [a])


def attention(x: Any, W: Any, heads: int, turned: bool) -> Any:
    n, width = x.shape[0], W.shape[0] // 3
    Z = x @ ag.transpose(W)
    q, k, v = (ag.transpose(Z[:, i * width : (i + 1) * width].reshape((n, heads, -1)), (1, 0, 2)) for i in range(3))
    scores = ag.softmax(q @ ag.transpose(k, (0, 2, 1)), axis=-1)
    mixed = ag.transpose(scores @ v, (1, 0, 2)).reshape((n, width))
    return mixed * ag.tanh(Z[:, :width]) if turned else mixed


@pytest.mark.parametrize("turned", [False, True])
@pytest.mark.parametrize("n", [5, 40])
def test_gradients_of_heads_are_computed_right_into_their_places(n: int, turned: bool) -> None:
    rng = np.random.default_rng(4)
    x, W = Value(rng.normal(size=(n, 6)), label="x"), Value(rng.normal(size=(18, 6)), label="W")
    program = same_as_engine(weighted(attention(x * 1.0 + 0.5, W * 1.0, 3, turned)), [x, W])
    copied = re.findall(r"^    \w+\[.+\] = \w+$", program.source.partition("# --- backward")[2], re.MULTILINE)
    assert not copied


@pytest.mark.parametrize("axes", [(1, 0, 2), (2, 0, 1), (0, 2, 1), (2, 1, 0)])
def test_parts_in_another_order_beside_one_another(axes: Any) -> None:
    rng = np.random.default_rng(5)
    a, b = Value(rng.normal(size=(4, 4, 4))), Value(rng.normal(size=(4, 4, 4)))
    parts = [ag.tanh(a), a @ b, ag.exp(b) * a, ag.transpose(b, (1, 2, 0)) @ a]
    turned = [ag.transpose(x, axes).reshape((4, 16)) for x in parts]
    same_as_engine(weighted(ag.concatenate(turned, axis=1)), [a, b])
    same_as_engine(weighted(ag.tanh(ag.concatenate(turned, axis=0)) * 2.0 + turned[1].sum()), [a, b])

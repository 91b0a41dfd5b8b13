"""Clipping of gradients. That it is torch's in training, test_algorithms.py says."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

from autograd_lite import Constant, Value, optim

nan, inf = float("nan"), float("inf")


def with_gradients(*gradients: Any) -> list[Value]:
    """Parameters that have these gradients."""
    parameters = []
    for g in gradients:
        p = Value(np.zeros_like(g) if g is not None else 0.0)
        p.grad = np.array(g) if isinstance(g, (list, np.ndarray)) else g
        parameters.append(p)
    return parameters


def gradients(parameters: list[Value]) -> list[Any]:
    return [p.grad.tolist() if isinstance(p.grad, np.ndarray) else p.grad for p in parameters]


def test_the_norm_is_that_of_all_gradients_together() -> None:
    parameters = with_gradients(2.0, [3.0, -4.0], [[0.0], [12.0]], None, -6.0)
    norm = optim.clip_grad_norm(parameters, 1.0)
    assert norm == pytest.approx(math.sqrt(4 + 25 + 144 + 36), rel=1e-15)
    scale = 1.0 / (norm + 1e-6)
    assert gradients(parameters) == [2 * scale, [3 * scale, -4 * scale], [[0.0], [12 * scale]], None, -6 * scale]


def test_a_number_assigned_as_the_gradient_of_an_array_counts_for_each_element() -> None:
    p = Value([1.0, 2.0, 3.0, 4.0])
    p.grad = 3
    assert optim.clip_grad_norm([p], 2.0) == 6.0
    np.testing.assert_allclose(p.grad, np.ones(4), rtol=1e-6)


@pytest.mark.parametrize("bound", [5.1, 1e9, inf])
def test_a_short_gradient_stays_to_the_last_bit(bound: float) -> None:
    parameters = with_gradients(3.0, [0.0, -4.0])
    before = [p.grad for p in parameters]
    assert optim.clip_grad_norm(parameters, bound) == 5.0
    assert all(p.grad is g for p, g in zip(parameters, before, strict=True))


def test_to_nothing() -> None:
    parameters = with_gradients(3.0, [0.0, -4.0])
    assert optim.clip_grad_norm(parameters, 0.0) == 5.0
    optim.clip_grad_value(parameters, 0.0)
    assert np.all(parameters[0].grad == 0)
    assert np.all(parameters[1].grad == 0)
    assert optim.clip_grad_norm(with_gradients(None, 0.0), 1.0) == 0.0


@pytest.mark.parametrize("clip", [optim.clip_grad_norm, optim.clip_grad_value])
def test_clipping_writes_to_no_array_and_keeps_the_dtype(clip: Any) -> None:
    shared = np.array([300.0, -400.0], np.float32)
    shared.setflags(write=False)
    p, q = Value(np.zeros(2, np.float32)), Value(np.zeros(2, np.float32))
    p.grad = q.grad = shared
    clip([p, q], 1.0)
    assert shared.tolist() == [300.0, -400.0]
    assert p.grad.dtype == q.grad.dtype == np.float32
    assert np.abs(p.grad).max() <= 1.0
    p.grad += 1.0  # its own, which may be written to
    assert p.grad.tolist() != q.grad.tolist()


@pytest.mark.parametrize(("dtype", "large"), [(np.float64, 1e200), (np.float32, 1e30), (np.float64, 1e307)])
def test_exploding_gradients_have_a_norm(dtype: Any, large: float) -> None:
    """Where the squares overflow: with torch the norm is inf, and clipping makes the gradients 0."""
    parameters = with_gradients(np.array([3 * large, 0.0], dtype), 4 * large)
    assert optim.clip_grad_norm(parameters, 1.0) == pytest.approx(5 * large, rel=1e-6)
    assert parameters[0].grad[0] == pytest.approx(0.6, rel=1e-6)
    assert parameters[1].grad == pytest.approx(0.8, rel=1e-6)


@pytest.mark.parametrize(
    ("odd", "norm", "left"),
    [(nan, nan, [nan, [nan, nan]]), (inf, inf, [nan, [0.0, 0.0]]), (-inf, inf, [nan, [0.0, 0.0]])],
)
@pytest.mark.parametrize("is_array", [False, True])
def test_nan_and_inf_are_not_hidden(odd: float, norm: float, left: Any, is_array: bool) -> None:
    parameters = with_gradients([odd] if is_array else odd, [1.0, 2.0])
    np.testing.assert_equal(optim.clip_grad_norm(parameters, 1.0), norm)
    np.testing.assert_equal(gradients(parameters), [[left[0]] if is_array else left[0], left[1]])


@pytest.mark.parametrize("odd", [nan, inf])
def test_nan_and_inf_are_refused_on_request(odd: float) -> None:
    parameters = with_gradients(1.0, [1.0, odd], odd)
    parameters[1].label = "W"
    with pytest.raises(FloatingPointError, match=rf"norm .* is {odd}, .* label='W'.*detect_anomaly"):
        optim.clip_grad_norm(parameters, 0.1, error_if_nonfinite=True)
    assert gradients(parameters)[0] == 1.0
    assert optim.clip_grad_norm(with_gradients(3.0, 4.0), 1.0, error_if_nonfinite=True) == 5.0


def test_values_are_clipped_one_by_one() -> None:
    parameters = with_gradients(2.0, -2.0, 0.3, [[5.0, -0.2, -7.0]], None, nan, [nan, 9.0])
    optim.clip_grad_value(parameters, 0.5)
    np.testing.assert_equal(gradients(parameters), [0.5, -0.5, 0.3, [[0.5, -0.2, -0.5]], None, nan, [nan, 0.5]])


@pytest.mark.parametrize(
    ("parameters", "bound", "said"),
    [
        ([Value(1.0)], -1.0, "is -1; it must be at least 0"),
        ([Value(1.0)], nan, "is nan; it must be at least 0"),
        ([], 1.0, "clip_grad_.* got no parameters"),
        (Value([1.0, 2.0]), 1.0, "takes a list of Values"),
        ([Constant(1.0)], 1.0, "takes no gradient"),
        ([Value(1.0) * 2.0], 1.0, "was computed"),
    ],
)
@pytest.mark.parametrize("clip", [optim.clip_grad_norm, optim.clip_grad_value])
def test_what_cannot_be_clipped_is_refused(clip: Any, parameters: Any, bound: float, said: str) -> None:
    with pytest.raises((ValueError, TypeError), match=said):
        clip(parameters, bound)

"""Schedules as functions, and what applies them. That they are torch's, test_algorithms.py says."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from autograd_lite import Value, optim


@pytest.fixture
def optimizer() -> optim.Optimizer:
    return optim.SGD([Value(1.0)], lr=0.8)


def test_a_schedule_acts_at_once_and_after_each_step(optimizer: optim.Optimizer) -> None:
    schedule = optim.Schedule(optimizer, optim.warm_up(4, start=0.0, then=optim.step_decay(2, 0.5)))
    seen = [optimizer.lr]
    for _ in range(8):
        schedule.step()
        seen.append(optimizer.lr)
    assert seen == pytest.approx([0.0, 0.2, 0.4, 0.6, 0.8, 0.8, 0.4, 0.4, 0.2], abs=1e-15)
    assert (schedule.k, schedule.base_lr) == (8, 0.8)


def test_a_schedule_is_a_function_of_the_step_alone() -> None:
    for factor in (optim.step_decay(3), optim.exponential(0.9), optim.linear(7), optim.cosine(5), optim.warm_up(3)):
        backwards = [factor(k) for k in reversed(range(20))]
        assert backwards[::-1] == [factor(k) for k in range(20)]


def test_the_ends() -> None:
    assert optim.linear(3, 0.5, 2.0)(3) == optim.linear(3, 0.5, 2.0)(1000) == 2.0
    assert optim.cosine(10, floor=0.25)(0) == 1.0
    assert optim.cosine(10, floor=0.25)(10) == 0.25
    assert optim.cosine(10)(20) == 1.0  # the wave goes on, as torch's
    assert optim.warm_up(5)(0) == pytest.approx(1 / 3)
    assert optim.warm_up(5)(5) == optim.warm_up(5)(500) == 1.0


def test_a_resumed_schedule_goes_on_where_it_was(optimizer: optim.Optimizer) -> None:
    factor = optim.cosine(10, floor=0.1)
    schedule = optim.Schedule(optimizer, factor)
    for _ in range(3):
        schedule.step()
    other = optim.SGD([Value(1.0)], lr=123.0)
    resumed = optim.Schedule(other, factor)
    resumed.load_state_dict(schedule.state_dict())
    assert other.lr == optimizer.lr
    schedule.step()
    resumed.step()
    assert other.lr == optimizer.lr == 0.8 * factor(4)


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (lambda: optim.step_decay(0), "every is 0; it must be a whole number of at least 1"),
        (lambda: optim.step_decay(2.5), "every is 2.5"),  # type: ignore[arg-type]
        (lambda: optim.step_decay(3, -0.5), "rate is -0.5; it must be at least 0 and finite"),
        (lambda: optim.exponential(float("nan")), "rate is nan"),
        (lambda: optim.linear(-1), "steps is -1"),
        (lambda: optim.linear(3, end=-1.0), "end is -1"),
        (lambda: optim.cosine(0), "steps is 0"),
        (lambda: optim.cosine(3, floor=-0.1), "floor is -0.1"),
        (lambda: optim.warm_up(0), "steps is 0"),
        (lambda: optim.warm_up(3, start=-0.1), "start is -0.1"),
    ],
)
def test_bad_numbers_are_refused(make: Any, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        make()


def test_what_is_no_function_is_refused(optimizer: optim.Optimizer) -> None:
    with pytest.raises(TypeError, match=r"factor is 0.9; .* such as exponential\(0.9\)"):
        optim.Schedule(optimizer, 0.9)  # type: ignore[arg-type]


def test_a_factor_that_fails_leaves_everything_as_it_was(optimizer: optim.Optimizer) -> None:
    schedule = optim.Schedule(optimizer, lambda k: 1.0 - k)
    schedule.step()
    with pytest.raises(ValueError, match=r"lr is -0\.8"):
        schedule.step()
    assert (optimizer.lr, schedule.k) == (0.0, 1)
    with pytest.raises(KeyError, match="k"):
        schedule.load_state_dict({"base_lr": 5.0})
    with pytest.raises(ValueError, match=r"k is 1\.5; it must be a whole number of at least 0"):
        schedule.load_state_dict({"base_lr": 5.0, "k": 1.5})
    with pytest.raises(ValueError, match="base_lr is -1"):
        schedule.load_state_dict({"base_lr": -1.0, "k": 0})
    with pytest.raises(ValueError, match="lr is -5"):
        schedule.load_state_dict({"base_lr": 5.0, "k": np.array(2)})
    assert (optimizer.lr, schedule.k, schedule.base_lr) == (0.0, 1, 0.8)

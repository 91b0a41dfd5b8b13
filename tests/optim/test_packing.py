"""Many scalars that take their step as one array."""

from __future__ import annotations

import copy
from typing import Any

import numpy as np
import pytest

from autograd_lite import Value, optim
from autograd_lite.optim.optimizer import Optimizer
from autograd_lite.optim.packing import MANY

N = 2 * MANY


def pair() -> tuple[list[Value], list[Value]]:
    start = np.random.default_rng(0).normal(size=N)
    return [Value(x) for x in start.tolist()], [Value(start)]


def descend(parameters: list[Value], optimiser: Optimizer, steps: int, skip: Any = ()) -> None:
    for _ in range(steps):
        optimiser.zero_grad()
        for p in parameters:
            (p * p * p).sum().backward()
        for i in skip:
            parameters[i].zero_grad()
        optimiser.step()


@pytest.mark.parametrize(
    ("kind", "options"),
    [
        (optim.SGD, {"momentum": 0.9, "nesterov": True}),
        (optim.SGD, {"weight_decay": 0.1}),
        (optim.Adam, {"amsgrad": True}),
        (optim.AdamW, {}),
        (optim.RMSprop, {"centered": True, "momentum": 0.5}),
        (optim.Adagrad, {"initial_accumulator_value": 0.1}),
    ],
)
def test_scalars_move_as_the_array_of_them(kind: Any, options: Any) -> None:
    scalars, array = pair()
    ours, theirs = kind(scalars, lr=0.01, **options), kind(array, lr=0.01, **options)
    descend(scalars, ours, 4)
    descend(array, theirs, 4)
    np.testing.assert_allclose([p.data for p in scalars], array[0].data, rtol=1e-14)
    assert all(type(p.data) is float for p in scalars)


def test_a_state_is_saved_and_loaded_in_between() -> None:
    scalars, array = pair()
    ours, theirs = optim.Adam(scalars), optim.Adam(array)
    descend(array, theirs, 5)
    descend(scalars, ours, 2)
    state = ours.state_dict()
    assert state["3.t"] == 2
    assert state["3.m"].shape == ()
    again = optim.Adam(scalars)
    again.load_state_dict(state)
    descend(scalars, again, 2)
    descend(scalars, copy.deepcopy(again), 0)
    descend(scalars, again, 1)
    np.testing.assert_allclose([p.data for p in scalars], array[0].data, rtol=1e-14)


def test_one_without_a_gradient_stays_and_the_others_go_on() -> None:
    scalars, _ = pair()
    others = [Value(p.data) for p in scalars]
    ours, one_by_one = optim.Adam(scalars), [optim.Adam([p]) for p in others]
    for skip in ((), (3,), (), (1,), ()):
        descend(scalars, ours, 1, skip)
        for i, (p, optimiser) in enumerate(zip(others, one_by_one, strict=True)):
            if i not in skip:
                descend([p], optimiser, 1)
    np.testing.assert_allclose([p.data for p in scalars], [p.data for p in others], rtol=1e-13)
    assert ours.state_dict()["3.t"] == 4


def test_beside_arrays_and_assigned_gradients() -> None:
    scalars, array = pair()
    optimiser = optim.SGD([*scalars, *array], lr=1.0)
    for p in scalars:
        p.grad = 1  # an int, one by one then
    array[0].grad = np.ones(N)
    before = [p.data for p in scalars]
    optimiser.step()
    np.testing.assert_allclose([p.data for p in scalars], np.array(before) - 1.0)
    np.testing.assert_allclose(array[0].data, np.array(before) - 1.0)
    scalars[0].grad = np.ones(1)
    with pytest.raises(ValueError, match=r"has shape \(1,\)"):
        optimiser.step()


def test_a_rule_of_ones_own_sees_each_parameter() -> None:
    class Normed(Optimizer):
        def update(self, g: Any, s: Any) -> Any:
            assert type(g) is float
            return self.lr * g / abs(g)

    scalars, _ = pair()
    before = [p.data for p in scalars]
    descend(scalars, Normed(scalars, lr=0.5), 1)
    np.testing.assert_allclose([p.data for p in scalars], np.array(before) - 0.5)


@pytest.mark.parametrize("odd", [None, 2, np.float64(2.0), np.float32(2.0), True, 10**30, -0.0, float("inf")])
def test_one_gradient_of_another_type(odd: Any) -> None:
    scalars, _ = pair()
    before = [p.data for p in scalars]
    optimiser = optim.SGD(scalars, lr=0.5, momentum=0.5)
    for _ in range(2):
        for p in scalars:
            p.grad = 1.0
        scalars[5].grad = odd
        optimiser.step()
    moved = np.full(N, 0.5 * 2.5)
    moved[5] *= 0.0 if odd is None else odd
    np.testing.assert_allclose([p.data for p in scalars], np.array(before) - moved)
    assert all(type(p.data) is float for p in scalars)


@pytest.mark.parametrize("odd", [np.ones(1), np.ones(3), 10**400, [1.0]])
def test_one_gradient_that_is_no_number(odd: Any) -> None:
    scalars, _ = pair()
    before = [p.data for p in scalars]
    for p in scalars:
        p.grad = 1.0
    scalars[5].grad = odd
    with pytest.raises((ValueError, TypeError, OverflowError)):
        optim.SGD(scalars, lr=0.5).step()
    assert [p.data for p in scalars] == before

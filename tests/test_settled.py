"""Arrays of leaves: a graph keeps those that it needs, and the others stay the leaves' own."""

from __future__ import annotations

import copy
import itertools
import pickle
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import autograd_lite as ag
from autograd_lite import Constant, Value
from autograd_lite.operation import Operation, Trial
from autograd_lite.recording import apply
from tests.tables import ARRAY_TRIALS, ELEMENTWISE, trial_inputs, trial_name
from viz import snapshot

SHAPES = ((2, 3), (3,), (2, 1))
CASES = [(row, Trial(SHAPES[: len(row.inputs)])) for row in ELEMENTWISE]


def updated(x: Any) -> Any:
    """The leaf as after a step of training: its array is its own."""
    if x.shape:
        x.data += 0.0
    return x


def gradients(row: Operation, trial: Trial, kinds: Any, step: float) -> list[Any]:
    """Of a graph whose leaves move by `step` before the backward pass."""
    leaves = [updated(kind(x)) for kind, x in zip(kinds, trial_inputs(row, trial, 0), strict=True)]
    y = apply(row, tuple(leaves), **trial.parameters)
    for x in leaves:
        x.data -= step
    y.backward(np.ones(y.shape) if y.shape else 1.0)
    return [x.grad for x in leaves if type(x) is Value]


@pytest.mark.parametrize(("row", "trial"), [*CASES, *ARRAY_TRIALS], ids=trial_name)
def test_a_graph_keeps_every_number_that_its_rules_read(row: Operation, trial: Trial) -> None:
    for kinds in itertools.product([Value, Constant], repeat=len(trial.shapes)):
        if Value in kinds:
            before, after = (gradients(row, trial, kinds, step) for step in (0.0, 0.25))
            for expected, found in zip(before, after, strict=True):
                np.testing.assert_array_equal(found, expected)


X = np.arange(6.0).reshape(3, 2)
UNREAD: dict[str, Callable[[Any], Any]] = {
    "a bias": lambda p: Value(X[:2]) + p,
    "of a Constant": lambda p: p - Constant(np.ones((2, 2))),
    "weights of inputs": lambda p: Constant(X) @ p,
    "weights of an array": lambda p: ag.matmul(X, p),
    "a factor's other": lambda p: p * 3.0,
    "by its result": lambda p: p.exp(),
}
READ: dict[str, Callable[[Any], Any]] = {
    "weights of features": lambda p: Value(X) @ p,
    "a square": lambda p: p * p,
    "a mask": lambda p: p.relu(),
    "a view": lambda p: p.T,
}


@pytest.mark.parametrize("use", UNREAD.values(), ids=UNREAD)
def test_an_update_of_what_no_rule_reads_copies_nothing(use: Callable[[Any], Any]) -> None:
    p = updated(Value(np.ones((2, 2))))
    array, y = p._data, use(p)
    p.data -= 0.5
    assert p._data is array
    assert not array.flags.writeable
    assert y.sum().data != use(p).sum().data


@pytest.mark.parametrize("use", READ.values(), ids=READ)
def test_an_update_of_what_a_rule_reads_takes_a_copy(use: Callable[[Any], Any]) -> None:
    p = updated(Value(np.ones((2, 2))))
    array = p._data
    use(p)
    p.data -= 0.5
    assert p._data is not array
    assert array.tolist() == [[1.0, 1.0]] * 2


def test_a_graph_that_needs_it_no_more_than_another_does() -> None:
    p = updated(Value(np.ones(2)))
    y, z = p * p, p + 1.0
    p.data += 1.0
    (y + z).sum().backward()
    assert p.grad.tolist() == [3.0, 3.0]


def test_what_was_read_before_a_use_is_the_readers() -> None:
    p = updated(Value(np.ones(2)))
    best = p.data
    _ = p + 1.0
    p.data -= 0.5
    assert (best.tolist(), p.data.tolist()) == ([1.0, 1.0], [0.5, 0.5])


KEEPERS: dict[str, Callable[[Value], Any]] = {
    "a picture": lambda p: snapshot(p + 1.0).nodes[0].value,
    "a constant": lambda p: p.detach(),
    "a copy": copy.copy,
    "a deep copy": copy.deepcopy,
    "a pickle": lambda p: pickle.loads(pickle.dumps(p)),
    "a value": lambda p: ag.vjp(lambda a: p, X)[0],
}


@pytest.mark.parametrize("keep", KEEPERS.values(), ids=KEEPERS)
def test_nobody_elses_numbers_change_with_an_update(keep: Callable[[Value], Any]) -> None:
    p = updated(Value(np.ones(2)))
    kept = keep(p)
    p.data -= 0.5
    assert (kept.data if isinstance(kept, Value) else kept).tolist() == [1.0, 1.0]
    assert p.data.tolist() == [0.5, 0.5]


def test_a_program_sees_a_constant_that_was_updated_in_place() -> None:
    c, p = updated(Constant(np.array([1.0, 2.0]))), Value(np.ones(2))
    cost = ag.vectorize(lambda x: (p * c * x).sum())
    for _ in range(4):
        assert cost(1.0).data == c.data.sum()  # which was read
        assert cost.value_and_grad(cost.theta, 1.0)[0] == c.data.sum()
        c.data += 1.0


def test_a_vector_of_parameters_that_is_a_value_is_remembered_as_it_was() -> None:
    p = Value(np.ones(2))
    cost = ag.vectorize(lambda x: (p * x).sum())
    cost(1.0)
    theta = updated(Value([3.0, 4.0]))
    cost.value_and_grad(theta, 1.0)
    theta.data += 1.0
    cost.write_back()
    assert p.data.tolist() == [3.0, 4.0]

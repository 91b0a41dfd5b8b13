"""The rows of a Jacobian, which go through the graph together, are those that go alone."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import autograd_lite as ag
from autograd_lite import Value, jacobian, rows, vjp
from autograd_lite.backward import cotangents
from autograd_lite.modes import AnomalyError
from autograd_lite.operation import Operation, Trial
from tests.tables import ARRAY_TRIALS, ELEMENTWISE, called, elementwise_inputs, trial_inputs, trial_name


def agree(f: Any, inputs: list[Any]) -> None:
    """Every block of the Jacobian has the rows, and the dtype, that `vjp` gives one by one."""
    slots = tuple(range(len(inputs)))
    y, pull = vjp(f, *inputs)
    size, shape = np.size(y), np.shape(y)
    each = [pull(seed) for seed in np.eye(size).reshape(size, *shape)]
    for slot, block in zip(slots, jacobian(f, slots)(*inputs), strict=True):
        assert np.shape(block) == shape + np.shape(inputs[slot])
        alone = np.reshape([pulled[slot] for pulled in each], np.shape(block))
        np.testing.assert_allclose(block, alone, rtol=1e-6 if alone.dtype == np.float32 else 1e-14, atol=1e-300)
        if shape and size:
            assert block.dtype == alone.dtype


@pytest.mark.parametrize("row", ELEMENTWISE, ids=trial_name)
@settings(max_examples=8)
@given(data=st.data())
def test_elementwise(row: Operation, data: st.DataObject) -> None:
    agree(called(row), data.draw(elementwise_inputs(row)))
    agree(called(row), data.draw(elementwise_inputs(row, np.float32)))


@pytest.mark.parametrize(("row", "trial"), ARRAY_TRIALS, ids=trial_name)
def test_array_operations(row: Operation, trial: Trial) -> None:
    agree(called(row, trial), trial_inputs(row, trial, 0))
    agree(called(row, trial), trial_inputs(row, trial, 0, np.float32))


def test_scalars_between_arrays() -> None:
    def f(x: Any) -> Any:
        total = ag.sum(x) * 2.0
        return ag.stack([total * total, ag.relu(total), ag.sum([total, x[0], 3.0])]) * x

    agree(f, [np.array([1.0, 2.0, -0.5])])


def test_an_input_that_is_the_output_and_one_that_is_not_used() -> None:
    agree(lambda a, b: a, [np.ones((2, 2)), np.ones(3)])


def test_zeros_are_strong_in_every_row() -> None:
    x = np.array([0.0, 4.0, -1.0])
    f = lambda x: ag.sqrt(ag.where(np.array([True, True, False]), x, 1.0))  # noqa: E731
    assert jacobian(f)(x).tolist() == [[np.inf, 0.0, 0.0], [0.0, 0.25, 0.0], [0.0, 0.0, 0.0]]
    agree(f, [x])
    agree(lambda x: ag.stack([ag.sqrt(x[0]) * 3.0, x[1] * x[1]]), [x])


def test_large_graphs_go_in_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[int] = []
    whole = rows._rows
    monkeypatch.setattr(rows, "_rows", lambda *args: seen.append(len(args[-1])) or whole(*args))
    monkeypatch.setattr(rows, "AT_ONCE", 15)
    agree(lambda x: ag.tanh(x) * x, [np.linspace(-1.0, 1.0, 5)])
    assert seen == [3, 2]


def test_one_walk_for_all_rows(monkeypatch: pytest.MonkeyPatch) -> None:
    walks: list[Value] = []
    monkeypatch.setattr(rows, "walk", lambda root: walks.append(root) or ag.graph.walk(root))
    monkeypatch.setattr(rows, "cotangents", lambda *args: walks.append(args[0]) or cotangents(*args))
    jacobian(lambda x: ag.exp(x) * x)(np.ones(20))
    assert len(walks) == 1


def test_anomalies_are_found() -> None:
    with ag.detect_anomaly(), pytest.raises(AnomalyError, match="sqrt"):
        jacobian(lambda x: ag.sqrt(x))(np.array([1.0, 0.0]))

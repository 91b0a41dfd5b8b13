"""Every row of the table, found by walking it: values, first, second and third derivatives, shapes, dtypes."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import autograd_lite as ag
from autograd_lite import Value, check_grads, grad, jvp, vjp
from autograd_lite.operation import Operation, Trial
from autograd_lite.recording import apply
from tests.tables import (
    ARRAY_TRIALS,
    ELEMENTWISE,
    called,
    elementwise_inputs,
    is_smooth,
    scalar_inputs,
    trial_inputs,
    trial_name,
)

pytestmark = pytest.mark.no_cover  # others run the same lines, and coverage takes its time

each_row = pytest.mark.parametrize("row", ELEMENTWISE, ids=trial_name)
each_trial = pytest.mark.parametrize(("row", "trial"), ARRAY_TRIALS, ids=trial_name)


def gradient_shapes_and_dtypes(row: Operation, inputs: list[Any], trial: Trial | None = None) -> None:
    """Each gradient has its input's shape and dtype; nobody's arrays are changed."""
    copies = [np.array(x) for x in inputs]
    values = [Value(x) for x in inputs]
    y = called(row, trial)(*values)
    y.backward(np.ones(y.shape))
    for x, copy, value in zip(inputs, copies, values, strict=True):
        assert np.array_equal(x, copy)
        if isinstance(x, float):
            assert type(value.grad) is float
        else:
            assert value.grad.shape == x.shape
            assert value.grad.dtype == x.dtype


# --- elementwise ---


@each_row
@settings(max_examples=8)
@given(data=st.data())
def test_gradient_of_arrays(row: Operation, data: st.DataObject) -> None:
    inputs = data.draw(elementwise_inputs(row))
    gradient_shapes_and_dtypes(row, inputs)
    check_grads(called(row), *inputs, must_pass=True)


@each_row
@settings(max_examples=4)
@given(data=st.data())
def test_gradient_of_float32(row: Operation, data: st.DataObject) -> None:
    inputs = data.draw(elementwise_inputs(row, np.float32))
    y = called(row)(*map(Value, inputs))
    assert y.dtype == (np.float32 if y.shape else np.float64)
    gradient_shapes_and_dtypes(row, inputs)
    check_grads(called(row), *inputs, must_pass=True)


@each_row
@settings(max_examples=15)
@given(data=st.data())
def test_gradient_of_scalars(row: Operation, data: st.DataObject) -> None:
    inputs = data.draw(scalar_inputs(row))
    check_grads(called(row), *inputs, must_pass=True)
    check_grads(called(row), *(x + 0.001 for x in inputs), must_pass=True)


@each_row
@settings(max_examples=15)
@given(data=st.data())
def test_fast_path_equals_array_path(row: Operation, data: st.DataObject) -> None:
    """The method on floats, the table's own NumPy path, and arrays of one element give one answer."""
    inputs = data.draw(scalar_inputs(row))
    fast = [Value(x) for x in inputs]
    fast_y = getattr(fast[0], row.name)(*fast[1:])
    fast_y.backward()
    slow = [Value([x]) for x in inputs]
    slow_y = apply(row, tuple(slow))
    slow_y.backward([1.0])
    with ag.no_grad():
        assert apply(row, tuple(fast)).data == pytest.approx(fast_y.data, rel=1e-14, abs=1e-300)
    assert slow_y.data[0] == pytest.approx(fast_y.data, rel=1e-14, abs=1e-300)
    for a, b in zip(fast, slow, strict=True):
        assert b.grad[0] == pytest.approx(a.grad, rel=1e-12, abs=1e-15)


@each_row
@settings(max_examples=4)
@given(data=st.data())
def test_constants_of_every_kind(row: Operation, data: st.DataObject) -> None:
    """A number in any slot is a constant: the other gradients are the same, and it shows as an input."""
    inputs = data.draw(scalar_inputs(row))
    full = [Value(x) for x in inputs]
    called(row)(*full).backward()
    for slot, constant in enumerate(inputs):
        for other in (constant, np.float64(constant), ag.Constant(constant)):
            mixed: list[Any] = [other if k == slot else Value(x) for k, x in enumerate(inputs)]
            y = called(row)(*mixed)
            if len(inputs) == 1:
                assert not isinstance(y, Value) or type(y) is ag.Constant
                continue
            y.backward()
            assert [x.data for x in y.inputs] == inputs
            assert isinstance(y.inputs[slot], ag.Constant)
            assert y.inputs[slot].grad is None
            for k, x in enumerate(mixed):
                if k != slot:
                    assert x.grad == full[k].grad


@pytest.mark.parametrize("row", [r for r in ELEMENTWISE if is_smooth(r)], ids=trial_name)
@settings(max_examples=5)
@given(data=st.data())
def test_second_and_third_derivatives(row: Operation, data: st.DataObject) -> None:
    inputs = data.draw(scalar_inputs(row))
    f = called(row)
    for slot in range(len(inputs)):
        check_grads(grad(f, slot), *inputs, must_pass=True)
        check_grads(grad(grad(f, slot), slot), *inputs, must_pass=True)


@each_row
@settings(max_examples=3)
@given(data=st.data())
def test_second_derivative_of_arrays(row: Operation, data: st.DataObject) -> None:
    off_corners = [x + 0.0123 * (slot + 1) for slot, x in enumerate(data.draw(elementwise_inputs(row)))]
    f = called(row)
    for slot in range(len(off_corners)):
        check_grads(lambda *x, slot=slot: grad(lambda *z: ag.sum(f(*z)), slot)(*x), *off_corners, must_pass=True)


@pytest.mark.parametrize("row", [r for r in ELEMENTWISE if r.numpy], ids=trial_name)
@settings(max_examples=5)
@given(data=st.data())
def test_numpys_name(row: Operation, data: st.DataObject) -> None:
    inputs = data.draw(elementwise_inputs(row))
    for function in row.numpy:
        y = function(*map(Value, inputs))
        assert isinstance(y, Value)
        assert y.op is row
        np.testing.assert_allclose(y.data, function(*inputs), rtol=1e-14)


# --- arrays ---


@each_trial
@pytest.mark.parametrize("seed", [0, 1])
def test_gradient_of_trial(row: Operation, trial: Trial, seed: int) -> None:
    inputs = trial_inputs(row, trial, seed)
    gradient_shapes_and_dtypes(row, inputs, trial)
    f = called(row, trial)
    check_grads(f, *inputs, must_pass=True)
    check_grads(f, *(np.add(x, 0.001) if np.ndim(x) else x + 0.001 for x in inputs), must_pass=True)


@each_trial
def test_float32_trial(row: Operation, trial: Trial) -> None:
    inputs = trial_inputs(row, trial, 0, np.float32)
    y = called(row, trial)(*map(Value, inputs))
    if y.shape and all(np.ndim(x) for x in inputs):
        assert y.dtype == np.float32
    gradient_shapes_and_dtypes(row, inputs, trial)
    check_grads(called(row, trial), *inputs, must_pass=True)


@each_trial
def test_second_derivative_of_trial(row: Operation, trial: Trial) -> None:
    inputs = trial_inputs(row, trial, 0)
    f = called(row, trial)
    for slot in range(len(inputs)):
        check_grads(lambda *x, slot=slot: grad(lambda *z: ag.sum(f(*z) ** 2), slot)(*x), *inputs, must_pass=True)


@each_trial
def test_third_derivative_of_trial(row: Operation, trial: Trial) -> None:
    inputs = trial_inputs(row, trial, 0)
    f = called(row, trial)
    direction = trial_inputs(row, trial, 5)

    def second(*x: Any) -> Any:
        return ag.hvp(lambda z: ag.sum(f(*z) ** 3), list(x), direction)

    check_grads(lambda *x: sum(ag.sum(h * h) for h in second(*x)), *inputs, must_pass=True)


@each_trial
def test_jvp_is_the_transpose_of_vjp(row: Operation, trial: Trial) -> None:
    inputs, direction = trial_inputs(row, trial, 0), trial_inputs(row, trial, 1)
    f = called(row, trial)
    y, change = jvp(f, tuple(inputs), tuple(direction))
    vector = np.random.default_rng(2).normal(size=np.shape(y))
    pulled = vjp(f, *inputs)[1](vector)
    there = np.sum(vector * change)
    back = sum(np.sum(np.multiply(p, d)) for p, d in zip(pulled, direction, strict=True))
    assert there == pytest.approx(back, rel=1e-11, abs=1e-13)


@each_trial
def test_numpys_name_of_trial(row: Operation, trial: Trial) -> None:
    inputs = trial_inputs(row, trial, 0)
    for function in row.numpy:
        if row.name == "einsum":
            args: tuple[Any, ...] = (trial.parameters["subscripts"], *inputs)
            on_values, kwargs = (args[0], *map(Value, inputs)), {}
        elif row.name == "where":
            args = (trial.parameters["condition"], *inputs)
            on_values, kwargs = (args[0], *map(Value, inputs)), {}
        elif row.variadic:
            args, on_values, kwargs = (inputs,), ([Value(x) for x in inputs],), dict(trial.parameters)
        else:
            args, on_values, kwargs = tuple(inputs), tuple(map(Value, inputs)), dict(trial.parameters)
        y = function(*on_values, **kwargs)
        assert isinstance(y, Value)
        np.testing.assert_allclose(y.data, function(*args, **kwargs), rtol=1e-13)


def test_every_row_is_checked() -> None:
    """An array row without a trial would be a row that nobody checks."""
    unchecked = [row.name for row in ag.TABLE.values() if not row.is_elementwise and not row.trials]
    assert unchecked == []

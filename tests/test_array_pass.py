"""The backward pass on arrays: what is generated for speed agrees with the rules that it stands for."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import autograd_lite as ag
from autograd_lite import Constant, Value
from autograd_lite.backward import sent
from autograd_lite.elementary import CHOOSE
from autograd_lite.operation import Operation, Trial
from autograd_lite.recording import apply
from tests.tables import ARRAY_TRIALS, ELEMENTWISE, trial_inputs, trial_name

SHAPES: list[tuple[tuple[int, ...], ...]] = [
    ((2, 3),) * 3,
    ((2, 3), (3,), (2, 1)),
    ((3,), (2, 3), ()),
    ((), (1, 1), (3, 2)),
]
CASES = [(row, Trial(shapes[: len(row.inputs)])) for row in ELEMENTWISE for shapes in SHAPES]


@pytest.mark.parametrize("inner", [False, True], ids=["leaf", "inner"])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize(("row", "trial"), [*CASES, *ARRAY_TRIALS], ids=trial_name)
def test_every_row_sends_what_its_rules_say(row: Operation, trial: Trial, dtype: type, inner: bool) -> None:
    leaves = [Value(x) for x in trial_inputs(row, trial, 0, dtype)]
    inputs = [+x for x in leaves] if inner else leaves
    y = apply(row, tuple(inputs), **trial.parameters)
    seed = np.random.default_rng(1).normal(size=y.shape).astype(y.dtype) if y.shape else 0.5
    y.backward(seed)
    for slot, x in enumerate(inputs):
        assert np.shape(x.grad) == x.shape
        assert not x.shape or x.grad.dtype == x.dtype
        np.testing.assert_allclose(x.grad, sent(y, slot, seed), rtol=1e-5 if dtype is np.float32 else 1e-12)


@pytest.mark.parametrize("dtypes", [(np.float32, np.float64), (np.float64, np.float32)])
@pytest.mark.parametrize("name", ["add", "mul", "matmul"])
def test_a_gradient_has_the_dtype_of_its_input(name: str, dtypes: tuple[type, type]) -> None:
    a, b = (Value(np.ones((2, 2), dtype)) for dtype in dtypes)
    h = +a
    apply(ag.TABLE[name], (h, b)).sum().backward()
    assert (h.grad.dtype, a.grad.dtype, b.grad.dtype) == (dtypes[0], dtypes[0], dtypes[1])


USES: dict[str, Callable[[Any], Any]] = {
    "method": lambda p: p.tanh(),
    "function": ag.relu,
    "left": lambda p: p + Value(np.ones((2, 2))),
    "right": lambda p: Value(np.ones((2, 2))) * p,
    "a number": lambda p: 1.0 - p,
    "a power": lambda p: p**2,
    "a constant": lambda p: Constant(np.ones((2, 2))) - p,
    "matrix on the left": lambda p: p @ Value(np.ones((2, 2))),
    "matrix on the right": lambda p: Constant(np.ones((2, 2))) @ p,
    "reduction": lambda p: p.sum(axis=0),
    "reducing function": ag.log_softmax,
    "an index": lambda p: p[0],
    "several": lambda p: ag.stack([p, p]),
    "a mask": lambda p: ag.where(np.eye(2) > 0, p, 0.0),
}


@pytest.mark.parametrize("kind", [Value, Constant])
@pytest.mark.parametrize("use", USES.values(), ids=USES)
def test_what_a_reader_holds_is_read_only_once_a_graph_uses_it(use: Callable[[Any], Any], kind: type[Value]) -> None:
    p = kind(np.ones((2, 2)))
    held = p.data
    held[0, 0] = 2.0
    y = use(p)
    before = np.array(y.data)
    with pytest.raises(ValueError, match="read-only"):
        held[0, 0] = 3.0
    p.data += 1.0
    assert np.array_equal(use(kind(held)).data, before)
    assert held[0, 0] == 2.0


def test_a_scalar_among_arrays_keeps_its_strong_zero() -> None:
    s = Value(2.0)
    h = ag.where(False, s, 0.0)  # drops a nan, which would tell the pass to guard its products
    root = h**0.5  # with an infinite slope
    ((root * 0.0) * Value(np.ones(2))).sum().backward()
    assert (root.grad, h.grad, s.grad) == (0.0, 0.0, 0.0)


def test_a_scalar_used_by_scalars_and_arrays_adds_up() -> None:
    s = Value(3.0)
    twice = s * 2.0
    ((twice * Value(np.ones(2))).sum() + twice * twice + ag.sum([twice, s, twice])).backward()
    assert twice.grad == 2.0 + 12.0 + 2.0
    assert s.grad == 16.0 * 2.0 + 1.0


@pytest.mark.parametrize("c", [0.0, 1.0])
def test_a_choice_by_one_number_has_the_shape_and_dtype_of_both(c: float) -> None:
    a, b = Value(np.ones(3, np.float32)), Value(np.zeros((2, 3)))
    y = apply(CHOOSE, (c, a, b))
    y.sum().backward()
    assert (y.shape, y.dtype) == ((2, 3), np.float64)
    assert y.data.tolist() == [[c] * 3] * 2
    assert a.grad.tolist() == [2.0 * c] * 3
    assert b.grad.tolist() == [[1.0 - c] * 3] * 2


@pytest.mark.parametrize("call", [ag.max, Value.max], ids=["function", "method"])
def test_an_axis_that_is_changed_after_use_does_no_harm(call: Callable[..., Any]) -> None:
    x, axis = Value([[1.0, 2.0, 3.0], [0.0, 9.0, 0.0]]), np.array(0)
    y = call(x, axis=axis)
    axis[()] = 1
    y.sum().backward()
    assert x.grad.tolist() == [[1.0, 0.0, 1.0], [0.0, 1.0, 0.0]]
    with pytest.raises(TypeError, match="'list' object cannot"):
        call(x, axis=[0])


BESIDE = [
    np.arange(12.0).reshape(3, 4),
    np.arange(12.0, dtype=np.float32).reshape(3, 4),
    np.asfortranarray(np.arange(12.0).reshape(3, 4)),
    np.arange(12).reshape(3, 4),
    np.arange(3.0),
    np.array([Value(1.0), Value(2.0), Value(3.0)], dtype=object),
]


@pytest.mark.parametrize("array", BESIDE, ids=lambda a: f"{a.dtype}{a.shape}")
@pytest.mark.parametrize("kind", [Value, Constant])
@pytest.mark.parametrize("mode", [contextlib.nullcontext, ag.no_grad, ag.detect_anomaly])
def test_the_operator_does_with_an_array_what_the_row_does(array: Any, kind: type[Value], mode: Any) -> None:
    data = np.random.default_rng(0).normal(size=(2, 3)).astype(np.float32)
    found, expected = kind(data), kind(data)
    with mode():
        results = found @ array, apply(ag.TABLE["matmul"], (expected, array))
    for of_operator, of_row in zip(*(np.atleast_1d(np.asarray(r, object)).flat for r in results), strict=True):
        assert type(of_operator) is type(of_row)
        assert of_operator.dtype == of_row.dtype
        np.testing.assert_array_equal(of_operator.data, of_row.data)
    if all(type(y) is Value for y in results):
        for y in results:
            y.backward(np.ones(y.shape))
        np.testing.assert_array_equal(found.grad, expected.grad)


def test_an_array_beside_the_operator_that_is_changed_after_use_does_no_harm() -> None:
    x, array = Value(np.ones((2, 3))), np.ones((3, 2))
    y = (x @ array).sum()
    array[:] = 7.0
    y.backward()
    np.testing.assert_array_equal(x.grad, 2.0)


@pytest.mark.parametrize("array", [np.ones((2, 2)), np.array(2.0), np.array(["a"])])
def test_the_operator_refuses_an_array_as_the_row_does(array: Any) -> None:
    x = Value(np.ones((2, 3)))
    with pytest.raises((ValueError, TypeError)) as of_row:
        apply(ag.TABLE["matmul"], (x, array))
    with pytest.raises(of_row.type, match=re.escape(str(of_row.value))):
        x @ array

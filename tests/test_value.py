"""`Value` as a Python object: operators, types in and out, bad input, data that must not change under a graph."""

from __future__ import annotations

import copy
import math
import operator
import pickle
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import autograd_lite as ag
from autograd_lite import Constant, Value
from autograd_lite.recording import apply
from tests.tables import ARRAY_TRIALS, trial_inputs

OPERATORS = [operator.add, operator.sub, operator.mul, operator.truediv, operator.pow]


@pytest.mark.parametrize("op", OPERATORS)
@pytest.mark.parametrize("kind", [float, int, np.float64, np.float32, np.int64, np.asarray, bool])
def test_operators_with_numbers_of_every_kind(op: Callable[[Any, Any], Any], kind: Callable[[Any], Any]) -> None:
    x, number = 3.0, kind(2)
    plain = float(number)
    for y, wanted in ((op(Value(x), number), op(x, plain)), (op(number, Value(x)), op(plain, x))):
        assert isinstance(y, Value)
        assert type(y.data) is float
        assert y.data == pytest.approx(wanted, rel=1e-15)
        assert y.op is not None
    assert op(Value(x), Value(plain)).data == pytest.approx(op(x, plain), rel=1e-15)


@pytest.mark.parametrize("op", [*OPERATORS, operator.matmul])
@pytest.mark.parametrize("kind", [np.array, list, tuple])
def test_operators_with_arrays_and_lists(op: Callable[[Any, Any], Any], kind: Callable[[Any], Any]) -> None:
    a, b = np.array([1.0, 2.0, 3.0]), np.array([0.5, 2.0, 1.5])
    for y, wanted in ((op(Value(a), kind(b)), op(a, b)), (op(kind(b), Value(a)), op(b, a))):
        assert isinstance(y, Value)
        np.testing.assert_allclose(y.data, wanted)
        y.backward(np.ones(y.shape))
        variable = next(x for x in y.inputs if not isinstance(x, Constant))
        assert variable.grad.shape == (3,)


@pytest.mark.parametrize("number", [np.float64(2.0), np.array(2.0), 2, True])
def test_a_numpy_number_times_a_value_is_a_value(number: Any) -> None:
    v = Value(3.0)
    for y in (number * v, v * number, np.multiply(number, v)):
        assert type(y) is Value
        y.backward()
    assert v.grad == 3 * float(number)


def test_array_times_scalar_value_sums_the_gradient() -> None:
    v = Value(3.0)
    y = np.ones((2, 3)) * v
    assert y.shape == (2, 3)
    y.sum().backward()
    assert v.grad == 6.0
    assert type(v.grad) is float


def test_unary_operators() -> None:
    v = Value(-2.0)
    assert (-v).data == 2.0
    assert (+v).data == -2.0
    assert abs(v).data == 2.0
    w = Value([1.0, -2.0])
    np.testing.assert_array_equal((-w).data, [-1.0, 2.0])


def test_in_place_operators_make_new_nodes() -> None:
    v = w = Value(2.0)
    w += 1
    w *= v
    assert v.data == 2.0
    w.backward()
    assert v.grad == 5.0


def test_sum_of_python_and_of_ours() -> None:
    values = [Value(float(i)) for i in range(5)]
    for total in (sum(values), ag.sum(values), ag.sum(v for v in values), sum(values, Value(0.0))):
        assert total.data == 10.0
    ag.sum(values).backward()
    assert [v.grad for v in values] == [1.0] * 5
    assert ag.sum([1.0, 2.0]) == 3.0
    assert ag.sum([Value([1.0, 2.0]), Value([3.0, 4.0])]).data.tolist() == [4.0, 6.0]
    with pytest.raises(TypeError, match="stack"):
        ag.sum(values, axis=0)


def test_dot_of_lists_is_one_node() -> None:
    w, x = [Value(1.0), Value(2.0)], [Value(3.0), 4.0]
    y = ag.dot(w, x)
    assert (y.data, y.op.name, len(y.inputs)) == (11.0, "dot_many", 4)
    y.backward()
    assert [v.grad for v in w] == [3.0, 4.0]
    assert x[0].grad == 1.0
    same = Value(3.0)
    ag.dot([same], [same]).backward()
    assert same.grad == 6.0
    with pytest.raises(ValueError, match="2 values with 1"):
        ag.dot(w, [1.0])
    cells = np.array(w, dtype=object)
    assert ag.dot(cells, [3.0, 4.0]).data == 11.0


def test_indexing_and_iteration() -> None:
    m = Value(np.arange(6.0).reshape(2, 3))
    assert [row.data.tolist() for row in m] == [[0, 1, 2], [3, 4, 5]]
    assert len(m) == 2
    assert m[1, 2].data == 5.0
    m[[0, 0, 1]].sum().backward()
    np.testing.assert_array_equal(m.grad, [[2, 2, 2], [1, 1, 1]])
    s = Value(1.0)
    for bad in (lambda: len(s), lambda: iter(s), lambda: s[0]):
        with pytest.raises(TypeError, match="scalar"):
            bad()
    with pytest.raises(IndexError, match=r"getitem of shapes \(2, 3\)"):
        m[5]
    with pytest.raises(TypeError, match="positions have no gradient"):
        m[s]
    with pytest.raises(TypeError, match="cannot be assigned"):
        m[0] = 1.0


def test_comparisons_are_of_data_and_equality_is_identity() -> None:
    a, b = Value(1.0), Value(1.0)
    assert a != b
    assert a == a
    assert len({a, b}) == 2
    assert (a <= b, a < b, a >= 1, a > 0.5) == (True, False, True, True)
    assert (a > 0.5) is True
    assert (Value([1.0, 3.0]) > 2).tolist() == [False, True]
    assert (np.array([1.0, 3.0]) < Value(2.0)).tolist() == [True, False]
    assert bool(Value(0.0)) is False
    assert bool(Value(0.1)) is True
    with pytest.raises(ValueError, match="ambiguous"):
        bool(Value([1.0, 2.0]))
    assert max([Value(1.0), b_ := Value(3.0)]) is b_


def test_format_and_repr() -> None:
    v = Value(1 / 3, label="v")
    assert f"{v:.3f}" == "0.333"
    assert repr(v) == "Value(0.333333, label='v')"
    assert repr(v * 2) == "Value(0.666667, op=mul)"
    v.backward()
    assert repr(v) == "Value(0.333333, label='v', grad=1)"
    assert f"{Value([0.5, 1.25]):.1f}" == "[0.5 1.2]"
    assert f"{v}" == repr(v)
    assert repr(Value([1.0, 2.0])) == "Value([1., 2.])"
    assert len(repr(Value(np.zeros((1000, 1000))))) < 300
    assert repr(Constant(2.0)) == "Constant(2)"


# --- types ---


@pytest.mark.parametrize("number", [2, True, np.int32(2), np.float32(2), np.array(2.0), np.array(2), np.bool_(True)])
def test_numbers_become_floats(number: Any) -> None:
    assert type(Value(number).data) is float
    assert Value(number).dtype == np.float64


@pytest.mark.parametrize(
    ("given_dtype", "kept"),
    [("f4", "f4"), ("f2", "f2"), ("f8", "f8"), ("i8", "f8"), ("u1", "f8"), ("?", "f8")],
)
def test_arrays_keep_a_floating_dtype(given_dtype: str, kept: str) -> None:
    assert Value(np.ones(3, given_dtype)).dtype == np.dtype(kept)


def test_python_numbers_do_not_promote_float32() -> None:
    v = Value(np.ones(3, np.float32))
    for y in (v * 2, 2.5 * v, v + Value(1.0), v**2, v / 3, ag.maximum(v, 0.5), v.leaky_relu(0.1), v.gelu(), v.elu()):
        assert y.dtype == np.float32
        y.sum().backward()
    assert v.grad.dtype == np.float32


@pytest.mark.parametrize(
    "bad",
    [None, "1.0", b"1", 1j, np.complex128(1), np.array([1j]), np.array([None]), [[1.0], [1.0, 2.0]], ["a"], object(),
     [None], np.array(["x"]), {}, np.datetime64("2020-01-01")],
    ids=repr,
)  # fmt: skip
def test_what_is_not_a_number_is_refused(bad: Any) -> None:
    with pytest.raises(TypeError):
        Value(bad)
    if not isinstance(bad, (list, np.ndarray)):
        with pytest.raises(TypeError):
            Value(1.0) + bad


def test_a_value_inside_a_value_is_refused() -> None:
    with pytest.raises(TypeError, match="detach"):
        Value(Value(1.0))
    with pytest.raises(TypeError, match="stack"):
        Value([Value(1.0), Value(2.0)])
    with pytest.raises(TypeError, match="label"):
        Value(1.0, label=3)  # type: ignore[arg-type]


@pytest.mark.parametrize("leave", [float, int, complex, math.exp, math.floor, np.asarray, np.array, math.sqrt])
def test_leaving_the_graph_silently_is_refused(leave: Callable[[Any], Any]) -> None:
    with pytest.raises(TypeError, match=r"v\.data"):
        leave(Value(1.0))
    with pytest.raises(TypeError, match=r"v\.data"):
        np.array([Value(1.0), Value(2.0)])


def test_nan_and_inf_are_data() -> None:
    assert math.isnan(Value(math.nan).data)
    assert Value([math.inf]).data[0] == math.inf


def test_value_cannot_be_subclassed() -> None:
    with pytest.raises(TypeError, match="subclassed"):
        type("Mine", (Value,), {})


def test_arrays_of_values_build_the_scalar_graph() -> None:
    w = np.array([[Value(1.0), Value(2.0)], [Value(3.0), Value(4.0)]], dtype=object)
    y = np.tanh(w @ np.array([0.1, 0.2]) + Value(1.0))
    assert y.dtype == object
    total = y.sum()
    total.backward()
    assert w[1, 0].grad == pytest.approx(0.1 * (1 - math.tanh(2.1) ** 2))


def test_arrays_of_values_with_values_of_arrays() -> None:
    cells = np.array([Value(1.0), Value(2.0), Value(math.nan)], dtype=object)
    products = cells * Value([1.0, 10.0, 100.0])
    assert [v.data for v in products[:2]] == [1.0, 20.0]
    assert [v.data for v in Value(2.0) * cells[:2]] == [2.0, 4.0]
    assert [v.data for v in ag.relu(cells[:2])] == [1.0, 2.0]
    assert math.isnan(ag.maximum(cells, 0.0)[2].data)
    assert math.isnan(ag.mean(cells).data)


def test_empty_and_odd_indices() -> None:
    v = Value(np.ones(3))
    assert v[[]].shape == (0,)
    assert np.take(v, []).shape == (0,)
    with pytest.raises(TypeError, match="scalar"):
        Value(1.0)[np.array([0])]
    assert Value(1.0)[()].data == 1.0


def test_dot_of_lists_and_arrays() -> None:
    w = [Value(1.0), Value(2.0)]
    for x in (np.array([3.0, 4.0]), [np.float64(3), 4], (3.0, 4.0)):
        assert ag.dot(w, x).data == ag.dot(x, w).data == 11.0
    assert ag.dot(w, [True, False]).data == 1.0
    with pytest.raises(OverflowError, match="too large"):
        Value(10**400)
    with pytest.raises(TypeError, match="mask"):
        Value(np.ma.masked_array([1.0, 2.0], [True, False]))


# --- shapes that do not fit ---


@pytest.mark.parametrize(
    ("op", "name"), [(operator.add, "add"), (operator.mul, "mul"), (operator.matmul, "matmul"), (np.dot, "dot")]
)
def test_shape_mismatch_names_the_operation_and_both_shapes(op: Callable[[Any, Any], Any], name: str) -> None:
    with pytest.raises(ValueError, match=rf"{name} of shapes \(2, 3\), \(4, 5\)"):
        op(Value(np.ones((2, 3))), Value(np.ones((4, 5))))
    with pytest.raises(ValueError, match=rf"{name} of shapes \(4, 5\), \(2, 3\)"):
        op(np.ones((4, 5)), Value(np.ones((2, 3))))


def test_item() -> None:
    assert Value(2.5).item() == 2.5
    assert Value([[2.5]]).item() == 2.5
    with pytest.raises(ValueError, match=r"shape \(2,\)"):
        Value([1.0, 2.0]).item()


# --- whose array is it ---


def test_the_users_array_is_copied_and_never_changed() -> None:
    mine = np.array([1.0, 2.0])
    v = Value(mine)
    y = (v * mine).sum()
    mine[:] = 100.0
    y.backward()
    assert mine.flags.writeable
    assert v.data.tolist() == [1.0, 2.0]
    assert v.grad.tolist() == [1.0, 2.0]


def test_read_only_views_of_the_users_memory_are_copied_too() -> None:
    image = np.ones(5)
    windows = np.lib.stride_tricks.sliding_window_view(image, 3)
    w = Value(np.ones(3))
    y = (windows @ w).sum()
    image[:] = 100.0
    y.backward()
    assert w.grad.tolist() == [3.0, 3.0, 3.0]


def test_gradients_are_those_of_the_graph_as_it_was() -> None:
    for change in ("rebind", "in place", "elements"):
        v = Value([1.0, 2.0])
        y = (v * v).sum()
        if change == "rebind":
            v.data = [10.0, 20.0]
        elif change == "in place":
            v.data += 9.0
        else:
            v.data[:] = 0.0
        y.backward()
        assert v.grad.tolist() == [2.0, 4.0], change
    s = Value(3.0)
    t = s * s
    s.data = 100.0
    t.backward()
    assert s.grad == 6.0


def test_writing_to_data_that_a_graph_uses_is_refused_or_harmless() -> None:
    v = Value([1.0, 2.0])
    held = v.data
    y = (v * v).sum()
    with pytest.raises(ValueError, match="read-only"):
        held[0] = 5.0
    with pytest.raises(ValueError, match="read-only"):
        (v * 2).data[0] = 1.0
    y.backward()
    assert v.grad.tolist() == [2.0, 4.0]


def test_a_view_of_data_cannot_reach_into_a_graph() -> None:
    p = Value(np.zeros(4))
    flat = p.data.reshape(2, 2)
    y = (p * p + p).sum()
    flat += 3.0
    y.backward()
    assert p.grad.tolist() == [1.0] * 4


def test_data_of_an_inner_node_cannot_be_assigned() -> None:
    y = Value([1.0, 2.0]).tanh()
    with pytest.raises(ValueError, match="only a leaf"):
        y.data = np.zeros(2)


@pytest.mark.parametrize("copier", [copy.deepcopy, lambda pair: pickle.loads(pickle.dumps(pair))])
def test_copies_keep_their_graphs_numbers(copier: Callable[[Any], Any]) -> None:
    m = Value(np.ones(2))
    m2, y2 = copier((m, (m * m).sum()))
    m2.data -= 0.5
    y2.backward()
    assert m2.grad.tolist() == [2.0, 2.0]


def test_a_shallow_copy_shares_no_memory_that_can_be_written() -> None:
    x = Value([1.0, 2.0])
    x.data[0] = 3.0
    z = copy.copy(x)
    z.data[:] = 9.0
    assert x.data.tolist() == [3.0, 2.0]


def test_training_step_in_place() -> None:
    v = Value([1.0, 2.0])
    for _ in range(3):
        v.zero_grad()
        (v * v).sum().backward()
        v.data -= 0.25 * v.grad
    np.testing.assert_allclose(v.data, [0.125, 0.25])


def test_gradients_of_leaves_can_be_scaled_in_place() -> None:
    for row, trial in ARRAY_TRIALS:
        values = [Value(x) for x in trial_inputs(row, trial, 0)]
        y = apply(row, tuple(values), **trial.parameters)
        y.backward(np.ones(y.shape))
        for i, v in enumerate(values):
            before = [np.array(w.grad) for w in values]
            v.grad *= 0.5
            assert all(np.array_equal(w.grad, b) for k, (w, b) in enumerate(zip(values, before, strict=True)) if k != i)


def test_the_seed_takes_the_roots_dtype() -> None:
    x = Value(np.ones(2, np.float32))
    x.backward(np.ones(2))
    assert x.grad.dtype == np.float32


def test_gradients_of_inner_nodes_are_read_only() -> None:
    h = Value([1.0, 2.0]) * 2.0
    k = h + 1.0
    (k + 1.0).sum().backward()
    with pytest.raises(ValueError, match="read-only"):
        h.grad[:] = 77.0
    assert k.grad.tolist() == [1.0, 1.0]


def test_a_leafs_gradient_is_its_own() -> None:
    a, b = Value([1.0, 2.0]), Value([3.0, 4.0])
    y = a + b
    y.sum().backward()
    a.grad[0] = 100.0
    assert b.grad.tolist() == [1.0, 1.0]
    assert y.grad.tolist() == [1.0, 1.0]


def test_sums_of_gradients_are_nobody_elses_array() -> None:
    w = Value([1.0, 2.0])
    h = w * 1.0
    y = ((w + w) + (w + w) + h + (h + h)).sum()
    y.backward()
    first, inner = w.grad, h.grad
    assert first.tolist() == [7.0, 7.0]
    assert inner.tolist() == [3.0, 3.0]
    y.backward()
    assert w.grad.tolist() == [14.0, 14.0]
    assert first.tolist() == [7.0, 7.0], "what was read after the first pass"
    assert inner.tolist() == [3.0, 3.0]


@pytest.mark.usefixtures("table_as_before")
def test_a_primitives_own_array_is_not_added_to() -> None:
    ones = np.ones(2)

    @ag.primitive(name="cached_slope", vjp=lambda g, y, x: ones)
    def cached_slope(x: Any) -> Any:
        return x * 1.0

    w = Value([1.0, 2.0])
    h = w * 1.0
    total = cached_slope(h) + cached_slope(h) + cached_slope(h) + cached_slope(w) + cached_slope(w) + cached_slope(w)
    total.sum().backward()
    assert ones.tolist() == [1.0, 1.0]
    assert h.grad.tolist() == [3.0, 3.0]
    assert w.grad.tolist() == [6.0, 6.0]


@pytest.mark.parametrize("swapped", [False, True])
def test_a_constant_beside_an_array_is_the_nodes_input(swapped: bool) -> None:
    x, c = Value(np.ones((2, 2), np.float32)), Constant(np.full((2, 2), 3.0, np.float32), label="c")
    for operation in (operator.add, operator.sub, operator.mul, operator.matmul):
        y = operation(c, x) if swapped else operation(x, c)
        assert y.inputs == ((c, x) if swapped else (x, c))
        assert y.dtype == np.float32
        y.sum().backward()
        assert x.grad.dtype == np.float32
        assert c.grad is None


# --- copies ---


def twins(make: Callable[[Value], Value]) -> tuple[Value, Value]:
    y = make(Value([1.0, 2.0], label="x"))
    y.backward(np.ones(y.shape))
    return y, (Value.inputs.fget(y)[0])  # type: ignore[attr-defined]


@pytest.mark.parametrize("copier", [copy.deepcopy, lambda v: pickle.loads(pickle.dumps(v))])
@pytest.mark.parametrize("form", ["two", "many", "array", "leaf", "constant"])
def test_copies_and_pickles_are_equal_and_separate(copier: Callable[[Value], Value], form: str) -> None:
    x = Value(2.0, label="x")
    w = Value(np.array([1.0, 2.0], np.float32), label="w")
    y = {
        "two": x * x + 2.0,
        "many": ag.dot([x, x], [3.0, x]),
        "array": (w * x).sum(axis=0) / 3,
        "leaf": x,
        "constant": Constant(5.0, label="five"),
    }[form]
    if form != "constant":
        y.backward()
    twin = copier(y)
    assert twin is not y
    assert (type(twin), twin.data, twin.grad, twin.label, twin.op) == (type(y), y.data, y.grad, y.label, y.op)
    if form == "constant":
        return
    twin.backward()
    assert x.grad == pytest.approx({"two": 4.0, "many": 7.0, "array": 1.0, "leaf": 1.0}[form])
    leaves = [v for v in ag.topological_order(twin) if v.label == "x"]
    assert leaves[0].grad == pytest.approx(2 * x.grad)  # copied with its gradient, and accumulated on its own


def test_pickled_graphs_share_their_leaves() -> None:
    x = Value(2.0)
    y, z, w = pickle.loads(pickle.dumps([x * 2, x * 3, x]))
    assert y.inputs[0] is z.inputs[0] is w
    y, z = copy.deepcopy([x * 2, x * 3])
    assert y.inputs[0] is z.inputs[0]


@given(st.text())
def test_any_text_is_a_label(text: str) -> None:
    assert Value(1.0, label=text).label == text
    assert isinstance(repr(Value(1.0, label=text)), str)


def test_help_and_completion() -> None:
    names = dir(Value(1.0))
    assert {"tanh", "backward", "sum", "data", "grad", "relu"} <= set(names)
    assert "dy/da = 1 - y * y" in (Value.tanh.__doc__ or "")
    assert "np.tanh" in (ag.tanh.__doc__ or "")
    assert "axis" in (ag.sum.__doc__ or "")


def test_the_sum_of_a_number_is_the_number() -> None:
    assert ag.sum(2.0) == ag.mean(2.0) == ag.max(2.0) == 2.0

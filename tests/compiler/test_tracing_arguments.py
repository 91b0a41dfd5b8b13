"""Pass 1: what a traced function was given, and what it returned."""

from __future__ import annotations

import copy
from collections import namedtuple
from typing import Any

import numpy as np
import pytest

import autograd_lite as ag
from autograd_lite import Constant, Value, nn
from autograd_lite.compiler.tracing.arguments import Static, given
from autograd_lite.compiler.tracing.tracing import trace
from autograd_lite.graph import topological_order

Pair = namedtuple("Pair", "left right")


def structure(*args: Any, **kwargs: Any) -> Any:
    return given(args, kwargs).structure


# --- arguments ------------------------------------------------------------------------------------------------------


def test_an_array_is_one_leaf_and_its_elements_are_positions() -> None:
    found = trace(lambda X: X[0][1] + X[1, 0] + sum(x for row in X for x in row), (np.array([[1.0, 2.0], [3.0, 4.0]]),))
    (given_array,) = found.inputs
    assert (given_array.name, given_array.shape, given_array.integer) == ("X", (2, 2), False)
    assert found.root.data == 2 + 3 + 10
    leaves = [v for v in topological_order(found.root) if v.op is None]
    assert leaves == [given_array.leaf]
    assert found.parameters == []


def test_the_same_element_is_the_same_node() -> None:
    seen = []
    trace(lambda x: seen.extend([x[1], x[1], x[1][0], x[1][0]]) or x[1, 0], (np.ones((3, 2)),))
    assert seen[0] is seen[1]
    assert seen[2] is seen[3]


def test_nested_lists_become_lists_of_leaves() -> None:
    kinds = []

    def f(X: Any) -> Any:
        kinds.append((type(X), type(X[0])))
        return X[0][0] * X[1][1]

    found = trace(f, ([(1.0, 2.0), (3.0, 4.0)],))
    (lists,) = found.inputs
    assert lists.leaf is None
    assert [x.data for x in lists.elements] == [1.0, 2.0, 3.0, 4.0]
    assert lists.shape == (2, 2)
    assert kinds == [(list, tuple)]


def test_ragged_lists_are_inputs_each_by_itself() -> None:
    found = trace(lambda xs: sum(map(sum, xs)), ([[1.0], [2.0, 3.0]],))
    assert [(x.name, x.shape) for x in found.inputs] == [("xs[0]", (1,)), ("xs[1]", (2,))]
    assert found.root.data == 6.0


def test_whole_numbers_are_marked() -> None:
    found = trace(
        lambda n, flag, a, b, c: n + flag + a[0] + b[0] + c[0],
        (3, True, np.array([1, 2]), [1, 2], [1, 2.5]),
    )
    assert [x.integer for x in found.inputs] == [True, True, True, True, False]


@pytest.mark.parametrize(
    ("args", "total"),
    [
        (({"a": 1.0, "b": [2.0, 3.0]},), lambda d: d["a"] + d["b"][1]),
        ((Pair(1.0, 3.0),), lambda p: p.left + p.right),
        (([np.ones(2), np.array(3.0)],), lambda xs: xs[0][0] + xs[1]),
        ((np.array([1.0, "?", 3.0], dtype=object),), lambda a: a[0] + a[2]),
    ],
)
def test_containers_keep_their_form(args: Any, total: Any) -> None:
    found = trace(total, args)
    assert found.root.data == 4.0
    assert sum(len(x.leaves) for x in found.inputs) >= 2


def test_what_is_no_number_is_handed_on() -> None:
    module = nn.Linear(1, 1, seed=0)
    seen = []
    trace(lambda x, *rest, **named: seen.extend([*rest, named["k"]]) or x * 2, (1.0, "name", None, module), {"k": {1}})
    assert seen == ["name", None, module, {1}]


def test_values_among_the_arguments_are_parameters_and_constants_are_inputs() -> None:
    w, x, cells = Value(2.0, label="w"), Value(3.0), ag.scalars([1.0, 2.0], "c")
    found = trace(lambda w, y, k, cells: w * y * k * cells[1], (w, x * x, Constant(4.0), cells))
    assert [v.data for v in found.arguments] == [2.0, 9.0, 1.0, 2.0]
    assert found.parameters == found.arguments
    assert w not in topological_order(found.root)
    assert [x.shape for x in found.inputs] == [()]


def test_parameters_are_the_leaves_that_existed_before() -> None:
    w, v = Value(2.0), Value([1.0, 2.0])

    def f(x: Any) -> Any:
        made, copied = Value(5.0), copy.deepcopy(w)
        return (w * x + made * copied) * v.sum()

    assert trace(f, (1.0,)).parameters == [w, v]


def test_a_parameter_that_only_a_guard_reads_is_one() -> None:
    w = Value(2.0)
    found = trace(lambda x: x * 2 if w * 2 > 1 else x, (1.0,))
    assert found.parameters == [w]
    assert [n.op.name for n in found.inner].count("mul") == 2


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ((1.0,), (2.0,)),
        (([1.0, 2.0],), ([3.0, 4.0],)),
        ((np.zeros((2, 3)),), (np.ones((2, 3)),)),
        (({"a": 1.0},), ({"a": 2.0},)),
        (("s", 1), ("s", 5)),
        ((Value(1.0),), (Value(2.0),)),
        (([[1.0], [2.0, 3.0]],), ([[4.0], [5.0, 6.0]],)),
    ],
)
def test_equal_structures(one: Any, other: Any) -> None:
    assert structure(*one) == structure(*other)
    assert hash(structure(*one)) == hash(structure(*other))


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ((1.0,), (1,)),
        (([1.0, 2.0],), ([1.0],)),
        (([1.0, 2.0],), ((1.0, 2.0),)),
        (([1.0, 2.0],), (np.ones(2),)),
        (({"a": 1.0},), ({"b": 1.0},)),
        (("s",), ("t",)),
        ((None,), (False,)),
        ((Value(1.0),), (Value([1.0]),)),
        ((Value(1.0),), (Constant(1.0),)),
        ((np.zeros(2),), (np.zeros(2, int),)),
        (({1},), ({2},)),
        (([], 1.0), (1.0, [])),
    ],
)
def test_other_structures(one: Any, other: Any) -> None:
    assert structure(*one) != structure(*other)


def test_static_things_are_of_one_type() -> None:
    assert Static(1) != Static(True)
    assert Static("a") == Static("a")
    assert Static("a") != "a"


@pytest.mark.parametrize("bad", [np.array(["a"]), np.array([1j]), np.ma.masked_array([1.0], [True])])
def test_arrays_that_hold_no_numbers_are_refused(bad: Any) -> None:
    with pytest.raises(TypeError):
        trace(lambda x: x, (bad,))


def test_the_users_arrays_stay_as_they_are() -> None:
    X, y = np.ones((2, 2)), np.array([1, 2])
    trace(lambda X, y: (X * y).sum(), (X, y))
    X[0, 0] = 5.0
    assert X.flags.writeable
    assert y.dtype.kind == "i"


# --- results --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("result", "message"),
    [
        (lambda x: x, "shape \\(2,\\)"),
        (lambda x: [x[0]], "list"),
        (lambda x: None, "None"),
        (lambda x: np.ones(3), "array of shape"),
    ],
)
def test_a_result_that_is_no_scalar_is_refused(result: Any, message: str) -> None:
    with pytest.raises(TypeError, match=message):
        trace(result, (np.ones(2),))


def test_a_plain_number_is_a_constant() -> None:
    assert type(trace(lambda x: 3.0, (1.0,)).root) is Constant


def test_a_leaf_that_is_returned_becomes_a_node() -> None:
    w = Value(2.0)
    assert trace(lambda: w).root.op.name == "pos"
    assert trace(lambda: w).parameters == [w]

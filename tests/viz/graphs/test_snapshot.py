"""The snapshot: what it holds, its order, and that taking it changes nothing."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from autograd_lite import Constant, Value
from autograd_lite.graph import topological_order
from viz import Node, snapshot


def by_title(root: Value, **options: object) -> dict[str, Node]:
    return {node.title: node for node in snapshot(root, **options)}  # type: ignore[arg-type]


def test_ids_are_topological_and_constants_stand_right_before_their_consumer() -> None:
    a = Value(2.0, label="a")
    graph = snapshot((a * 3.0 + a) ** 2.0)
    assert [node.id for node in graph] == list(range(len(graph)))
    assert [node.operation or node.role for node in graph] == ["input", "constant", "mul", "add", "constant", "pow"]
    assert all(slot.source < node.id for node in graph for slot in node.slots)
    assert graph.roots == (5,)


def test_one_slot_for_each_argument() -> None:
    a = Value(3.0, label="a")
    node = snapshot(a * a).nodes[1]
    assert [(slot.source, slot.local) for slot in node.slots] == [(0, 3.0), (0, 3.0)]


def test_a_constant_that_is_used_twice_is_one_node() -> None:
    five = Constant(5.0, label="five")
    a = Value(1.0)
    assert [node.name for node in snapshot(a * five + five)].count("five") == 1


def test_gradients_are_none_before_backward_and_the_numbers_after() -> None:
    a, b = Value(2.0, label="a"), Value(-3.0, label="b")
    c = a * b
    before = snapshot(c)
    assert [node.gradient for node in before] == [None, None, None]
    assert not before.has_gradients
    c.backward()
    assert [node.gradient for node in snapshot(c)] == [-3.0, 2.0, 1.0]
    assert [node.gradient for node in before] == [None, None, None], "a snapshot does not follow the graph"


def test_old_gradients_of_leaves_alone_are_no_backward_pass_of_this_graph() -> None:
    a = Value(2.0)
    (a * a).backward()
    graph = snapshot(a * 3.0)
    assert not graph.has_gradients
    assert not any(graph.carries_gradient(node, slot) for node in graph for slot in node.slots)


def test_constants_never_carry_a_gradient() -> None:
    a = Value(2.0)
    y = a * 3.0
    y.backward()
    graph = snapshot(y)
    assert [graph.carries_gradient(graph.nodes[2], slot) for slot in graph.nodes[2].slots] == [True, False]


def test_roles() -> None:
    w, x = Value(1.0, label="w"), Value(2.0, label="x")
    nodes = by_title(w * x + 1.0, params=[w])
    assert (nodes["w"].role, nodes["x"].role, nodes["v2"].role, nodes["v3"].role) == (
        "parameter",
        "input",
        "operation",
        "constant",
    )


def test_params_name_parameters_but_do_not_override_labels() -> None:
    w, v = Value(1.0), Value(2.0, label="mine")
    graph = snapshot(w * v, params={"layer.w": w, "layer.v": v})
    assert [node.title for node in graph] == ["layer.w", "mine", "v2"]


def test_params_of_a_module() -> None:
    class Module:
        def __init__(self) -> None:
            self.w = Value(1.0)

        def named_parameters(self) -> list[tuple[str, Value]]:
            return [("layers[0].weight", self.w)]

    module = Module()
    assert snapshot(module.w * 2.0, params=module).nodes[0].title == "layers[0].weight"


@pytest.mark.parametrize("params", [3, [1.0], ["w"]])
def test_params_that_are_no_values_are_refused(params: object) -> None:
    with pytest.raises(TypeError, match="params"):
        snapshot(Value(1.0), params=params)


def test_names_reach_into_containers_and_skip_underscores() -> None:
    a, b, c, d = (Value(float(i)) for i in range(4))
    cells = np.array([[d]], dtype=object)
    names = {"_": a, "w": [a, b], "deep": {"k": (c,)}, "cells": cells, "late": a}
    graph = snapshot([a, b, c, d], names=names)
    assert [node.title for node in graph] == ["w[0]", "w[1]", "deep['k'][0]", "cells[0, 0]"]


def test_names_must_be_a_dict_of_strings() -> None:
    a = Value(1.0)
    with pytest.raises(TypeError, match="names"):
        snapshot(a, names={a: "a"})  # type: ignore[dict-item]


def test_numbered_titles_do_not_collide_with_the_users_names() -> None:
    a = Value(1.0, label="v1")
    titles = [node.title for node in snapshot(a.exp())]
    assert titles == ["v1", "v_1"]


def test_several_roots_share_their_nodes() -> None:
    a = Value(1.0, label="a")
    b, c = a * 2.0, a + 1.0
    graph = snapshot([b, c])
    assert [node.title for node in graph].count("a") == 1
    assert [graph.nodes[i].operation for i in graph.roots] == ["mul", "add"]


@pytest.mark.parametrize("root", [3.0, None, "a", [], [1.0]])
def test_what_is_no_value_is_refused(root: object) -> None:
    with pytest.raises(TypeError, match="root"):
        snapshot(root)


def test_it_is_immutable_and_keeps_the_numbers_of_its_moment() -> None:
    w = Value(np.ones(3), label="w")
    w.sum().backward()
    w.data += 0.0  # from here on the leaf's array may be written to
    graph = snapshot(w)
    w.data[:] = 7.0
    w.grad[:] = 7.0
    node = graph.nodes[0]
    assert node.value.tolist() == [1.0, 1.0, 1.0]
    assert node.gradient.tolist() == [1.0, 1.0, 1.0]
    with pytest.raises(ValueError, match="read-only"):
        node.value[0] = 2.0
    with pytest.raises(dataclasses.FrozenInstanceError):
        node.name = "x"  # type: ignore[misc]


def test_taking_it_changes_nothing() -> None:
    w = Value(np.ones((2, 2)), label="w")
    y = (w @ np.ones(2)).tanh().sum()
    y.backward()
    before = [(id(v._data), id(v.grad), v.label) for v in topological_order(y)]
    snapshot(y, names={"q": w}, params=[w])
    assert [(id(v._data), id(v.grad), v.label) for v in topological_order(y)] == before


def test_local_derivatives_of_arrays() -> None:
    x = Value(np.array([0.0, 1.0]), label="x")
    y = (x * x).sum()
    square, total = snapshot(y).nodes[1:]
    assert square.slots[0].local.tolist() == [0.0, 1.0]
    assert total.slots[0].local is None
    assert square.shape == (2,)
    assert square.dtype == "float64"


@pytest.mark.no_cover  # others run the same lines, and coverage takes its time
def test_a_chain_of_100_000() -> None:
    x = Value(1.0)
    for _ in range(100_000):
        x = x + 1.0
    assert len(snapshot(x)) == 200_001

"""Rolling: nothing is lost, equal structure is one box, loops become loops."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given

import autograd_lite as ag
from autograd_lite import Constant, Value, nn
from tests.viz.examples import chain, moons, random_graphs
from viz import Node, Snapshot, draw_dot, snapshot
from viz.graphs.folding import sum_owners
from viz.graphs.rolling import BOXES, roll
from viz.words.expression import expression


def kinds(graph: Snapshot) -> list[tuple[str, int]]:
    return [(node.operation or node.role, node.count) for node in graph]


@given(random_graphs())
def test_every_value_and_every_slot_is_in_one_box(root: Value) -> None:
    root.backward()
    graph = snapshot(root)
    rolled = roll(graph)
    owners = sum_owners(graph)
    kept = {i for i in range(len(graph)) if owners[i] == i}
    assert sum(node.count for node in rolled) == len(kept)
    outside = sum(owners[slot.source] == slot.source for node in graph for slot in node.slots)
    assert sum(slot.count for node in rolled for slot in node.slots) == outside
    ours = np.sort(np.concatenate([np.ravel(node.value) for node in rolled]))
    assert ours.tolist() == sorted(graph.values[i] for i in kept)
    theirs = [graph.gradients[i] for i in kept if graph.gradients[i] is not None]
    found = [np.ravel(node.gradient) for node in rolled if node.gradient is not None]
    assert np.sort(np.concatenate(found)).tolist() == sorted(theirs)


@given(random_graphs())
def test_members_of_a_box_are_of_one_kind_and_the_root_is_alone(root: Value) -> None:
    rolled = roll(snapshot(root))
    assert [node.id for node in rolled] == list(range(len(rolled)))
    (top,) = rolled.roots
    assert rolled.nodes[top].count == 1
    assert float(np.ravel(rolled.nodes[top].value)[0]) == root.item()
    assert all(len({slot.argument for slot in node.slots}) <= 2 for node in rolled if node.operation == "sub")


@given(random_graphs())
def test_the_result_does_not_depend_on_anything_but_the_graph(root: Value) -> None:
    assert [repr(node) for node in roll(snapshot(root))] == [repr(node) for node in roll(snapshot(root))]


def test_the_moons_graph_is_thirty_boxes_with_the_layers_apart() -> None:
    cost, parameters = moons()
    graph = snapshot(cost, names=parameters, params=parameters)
    rolled = roll(graph)
    assert len(graph) > 65_000
    assert len(rolled) <= BOXES
    named = {node.name: node.count for node in rolled if node.role == "parameter"}
    assert named == {"W[0]": 32, "W[1]": 256, "W[2][0]": 16, "b[0]": 16, "b[1]": 16, "b[2][0]": 1}
    assert ("mul", 25_600) in kinds(rolled)
    assert [count for kind, count in kinds(rolled) if kind == "relu"] == [1_600, 1_600, 100]
    words = {expression(rolled, node) for node in rolled if node.count == 1_600}
    assert any(text.startswith("sum(b[1], 16 × v") for text in words)
    squares = next(expression(rolled, node) for node in rolled if node.count == 304)
    assert squares.startswith("(W[2][0] or W[1] or W[0]) * (W[2][0] or"), "not W[1] * ..., though most are of W[1]"


def test_a_loop_of_many_steps_shows_as_a_loop() -> None:
    x = Value(0.5, "x")
    for _ in range(2_000):
        x = (x * 0.5 + 1.0).tanh()
    rolled = roll(snapshot(x))
    assert len(rolled) < 12
    assert any(slot.source >= node.id for node in rolled for slot in node.slots), "an arrow leads back"
    assert Counter(dict(kinds(rolled)))["tanh"] >= 1


def test_a_chain_is_two_or_three_boxes() -> None:
    rolled = roll(snapshot(chain(3_000)))
    assert sum(node.count for node in rolled) == 3_001
    assert len(rolled) <= 4


def test_the_order_of_arguments_counts_only_where_it_matters() -> None:
    a, b = Value(2.0, "a"), Value(3.0, "b")
    rolled = roll(snapshot([a * b, b * a, a - b, b - a]))
    assert sorted(kinds(rolled)) == [("input", 1), ("input", 1), ("mul", 2), ("sub", 1), ("sub", 1)]


def test_arrays_of_other_shapes_are_other_boxes() -> None:
    x = Value([1.0, 2.0])
    y = [(x * float(i)).sum() for i in range(5)] + [(x[:1] * float(i)).sum() for i in range(5)]
    rolled = roll(snapshot(y))
    products = [node for node in rolled if node.operation == "mul"]
    assert sorted((node.shape, node.count) for node in products) == [((1,), 5), ((2,), 5)]
    assert [np.shape(node.value) for node in products if node.shape == (2,)] == [(10,)]


def nodes_named(graph: Snapshot) -> dict[str, Node]:
    return {node.name: node for node in graph if node.name}


def test_values_of_one_name_pattern_are_told_apart_from_others() -> None:
    h = [Value(float(i), f"h{i}") for i in range(3)] + [Value(1.0, "other")]
    rolled = nodes_named(roll(snapshot([x.tanh() for x in h])))
    assert {name: node.count for name, node in rolled.items()} == {"h": 3, "other": 1}


def test_no_gradient_is_not_a_gradient_of_zero() -> None:
    rolled = roll(snapshot(chain(10)))
    assert all(node.gradient is None for node in rolled)


@pytest.mark.parametrize("boxes", [5, 30, 100])
def test_the_number_of_boxes_is_kept(boxes: int) -> None:
    cost, _ = moons(points=5)
    assert len(roll(snapshot(cost), boxes)) <= max(boxes, 15)


def test_arguments_stay_in_the_order_in_which_they_are_read() -> None:
    a, b = Value(np.ones((2, 2)), "a"), Value(np.zeros((2, 2)), "b")
    early = (a * 1.0).sum()  # so that a stands before b
    joined = ag.concatenate([b, a])
    rolled = roll(snapshot([early, joined]))
    node = rolled.nodes[rolled.roots[1]]
    assert expression(rolled, node) == "concatenate(b, a, axis=0)"
    assert [slot.argument for slot in node.slots] == [0, 1]
    source = draw_dot([early, joined], names={}).source
    assert source.index(">[0]<") < source.index(">[1]<")


def test_kinds_are_told_apart_by_dtype_and_by_whether_there_is_a_gradient() -> None:
    x = [Value(np.ones(2, dtype), f"x{i}") for i, dtype in enumerate([np.float32, np.float64] * 2)]
    y = [v.tanh() for v in x]
    y[0].sum().backward()
    leaves = [node for node in roll(snapshot(y)) if node.op is None]
    assert [(node.dtype, node.count, node.gradient is None) for node in leaves] == [
        ("float32", 1, False),
        ("float64", 2, True),
        ("float32", 1, True),
    ]


def test_a_box_has_the_module_the_line_and_the_options_that_all_its_members_have() -> None:
    model = nn.MLP(2, [3, 3, 1], seed=0)
    with ag.record_origins():
        y = model([1.0, 2.0])
        two_lines = [y * 2.0]
        two_lines += [y * 3.0]
    assert [node.line for node in roll(snapshot(two_lines)) if node.operation == "mul" and node.count == 2] == [""]
    graph = snapshot(y, params=model)
    whole, merged = roll(graph), roll(graph, 3)
    assert {node.path for node in whole if node.operation == "relu"} == {"layers[0].activation", "layers[1].activation"}
    assert {node.path for node in merged if node.operation == "relu"} == {""}
    assert {node.line for node in merged if node.op} == {graph.lines[len(graph) - 1]}
    sums = [Value(np.ones((2, 2))).sum(axis=i % 2) for i in range(4)]
    assert [node.options for node in roll(snapshot(sums)) if node.op] == [{}]


@pytest.mark.parametrize(
    ("names", "common"),
    [
        (["w1", "w10", "w12"], "w"),
        (["alpha", "alter"], ""),
        (["layers[0].weight[0,1]", "layers[0].weight[1,0]"], "layers[0].weight"),
        (["layers[0].weight", "layers[1].weight"], "layers"),
        (["h_1", "h_2"], "h"),
        (["x", "x"], "x"),
        (["x", ""], ""),
    ],
)
def test_a_box_is_called_what_its_members_names_have_in_common(names: list[str], common: str) -> None:
    rolled = roll(snapshot([Value(1.0, name).tanh() for name in names]), 2)
    assert rolled.nodes[0].count == len(names)
    assert rolled.nodes[0].name == common


def test_the_note_tells_of_sums_only_where_there_are_some() -> None:
    long = Value(0.0)
    for i in range(9):
        long = long + float(i)
    assert "a chain of additions is one sum" in roll(snapshot(long)).notes[-1]
    assert "sum" not in roll(snapshot(chain(9))).notes[-1]


def words(root: Value | list[Value], boxes: int = BOXES) -> set[str]:
    rolled = roll(snapshot(root), boxes)
    return {expression(rolled, node) for node in rolled if node.count > 1 and node.op}


def test_what_a_box_was_computed_from_reads_as_for_one_value() -> None:
    x = [Value(float(i), f"x{i}") for i in range(9)]
    w = Value(2.0, "w")
    assert words([v * v for v in x]) >= {"x * x"}
    assert words([w - v for v in x]) >= {"w - x"}
    assert words([ag.dot(x, x).tanh(), ag.dot(x, x).tanh()]) >= {"dot(18 × x)"}


@pytest.mark.parametrize(
    ("step", "said"),
    [
        (lambda w, h: (w * h + 1.0).tanh(), {"(v2 or v6) + 1"}),
        (lambda w, h: (h - w).tanh(), {"tanh(v2 or v4)"}),
        (lambda w, h: w - h.tanh(), {"w - (v2 or v4)", "w - v2"}),
    ],
)
def test_where_some_members_take_one_value_and_some_another_it_says_or(
    step: Callable[[Value, Value], Value], said: set[str]
) -> None:
    w, h = Value(0.5, "w"), Value(0.0, "h0")
    for _ in range(20):
        h = step(w, h)
    assert words(h) & said, words(h)


def test_values_that_nothing_joins_are_rolled_too() -> None:
    assert kinds(roll(snapshot([Value(float(i), f"x{i}") for i in range(1_001)]))) == [("input", 1_001)]
    assert kinds(roll(snapshot(Constant(1.0)))) == [("constant", 1)]

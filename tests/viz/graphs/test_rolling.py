"""Rolling: nothing is lost, equal structure is one box, loops become loops."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest
from hypothesis import given

from autograd_lite import Value
from tests.viz.examples import chain, moons, random_graphs
from viz import Node, Snapshot, snapshot
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

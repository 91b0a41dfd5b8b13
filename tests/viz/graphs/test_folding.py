"""Folding sums and copying leaves: the same numbers in fewer or clearer boxes."""

from __future__ import annotations

import math
from collections import Counter

import pytest
from hypothesis import given

from autograd_lite import Value
from tests.viz.examples import chain, moons, random_graphs, recurrence
from viz import Snapshot, draw_dot, snapshot
from viz.graphs.folding import MANY_USES, copy_leaves, fold_sums
from viz.graphs.ladder import fitted


def is_sound(graph: Snapshot) -> None:
    assert [node.id for node in graph] == list(range(len(graph)))
    assert all(slot.source < node.id for node in graph for slot in node.slots)


@given(random_graphs())
def test_a_folded_sum_is_the_sum_of_its_terms(root: Value) -> None:
    graph = fold_sums(snapshot(root))
    is_sound(graph)
    for node in graph:
        if node.operation == "sum_many":
            assert math.isclose(node.value, sum(graph.values[slot.source] for slot in node.slots), abs_tol=1e-9)
            assert [slot.argument for slot in node.slots] == list(range(len(node.slots)))
    assert graph.values[graph.roots[0]] == root.item()


def test_short_chains_and_named_or_shared_additions_stay() -> None:
    a = Value(1.0, "a")
    short = a
    for _ in range(MANY_USES):
        short = short + 1.0
    assert len(fold_sums(snapshot(short))) == len(snapshot(short))
    total = a
    for i in range(8):
        total = total + float(i)
        if i == 3:
            total.label = "half"
    folded = fold_sums(snapshot(total))
    assert [node.operation for node in folded if node.name == "half"] == ["add"], "a named value stays"
    shared = a + 1.0
    twice = shared + shared
    for _ in range(6):
        twice = twice + 1.0
    kept = fold_sums(snapshot(twice))
    assert Counter(node.operation for node in kept if node.op) == {"sum_many": 1, "add": 1}
    assert kept.notes == ("6 additions are drawn as parts of 1 longer sum",)


def test_terms_stand_in_the_order_of_the_code() -> None:
    terms = [Value(float(i), f"t{i}") for i in range(7)]
    graph = fold_sums(snapshot(sum(terms[1:], terms[0])))
    assert [graph.title(slot.source) for slot in graph.nodes[-1].slots] == [f"t{i}" for i in range(7)]


@given(random_graphs())
def test_each_copy_is_used_once_and_nothing_else_changes(root: Value) -> None:
    graph = snapshot(root)
    copied = copy_leaves(graph)
    is_sound(copied)
    uses = Counter(slot.source for node in copied for slot in node.slots)
    assert all(uses[node.id] <= MANY_USES for node in copied if node.op is None)
    plain = [(node.title, node.value, [graph.title(s.source) for s in node.slots]) for node in graph if node.op]
    ours = [(node.title, node.value, [copied.title(s.source) for s in node.slots]) for node in copied if node.op]
    assert ours == plain


def test_the_recurrence_has_each_parameter_at_each_step() -> None:
    h, _ = recurrence(25)
    graph = fitted(snapshot(h))
    assert Counter(node.name for node in graph)["w"] == 25
    assert graph.notes == ("w, u, b are drawn at each of their uses",)
    assert "w, u, b are drawn at each of their uses" in draw_dot(h).source


def test_a_root_that_everything_uses_is_still_the_root() -> None:
    x = Value(1.0, "x")
    y = [x * float(i) for i in range(6)]
    graph = copy_leaves(snapshot([x, *y]))
    assert graph.title(graph.roots[0]) == "x"
    is_sound(graph)


def test_small_graphs_stay_as_they_are_and_large_ones_are_rolled() -> None:
    a = Value(2.0, "a")
    assert fitted(snapshot(a * a + a)).notes == ()
    cost, parameters = moons()
    source = draw_dot(cost, params=parameters).source
    assert "values in 29 boxes" in source
    assert source.count("<TABLE BORDER=") < 60
    small, _ = moons(points=2)
    assert "boxes" not in draw_dot(small, full=True).source


@pytest.mark.no_cover  # others run the same lines, and coverage takes its time
def test_a_chain_of_100_000() -> None:
    assert len(fitted(snapshot(chain(100_000)))) <= 4

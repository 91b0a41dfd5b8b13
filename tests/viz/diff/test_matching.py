"""Which value of one pass is which of the other."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import autograd_lite as ag
from autograd_lite import Value
from tests.viz.diff.helpers import leaves
from tests.viz.helpers import takes_at_most
from viz import snapshot
from viz.diff.diff import write_diff
from viz.diff.difference import Difference, difference_text
from viz.diff.matching import Matched, match
from viz.graphs.snapshot import Snapshot
from viz.pictures.rendering import Picture


def matched_titles(before: Snapshot, after: Snapshot) -> list[tuple[str, str]]:
    return [(before.title(i) if i is not None else "", after.title(j)) for j, i in enumerate(match(before, after))]


def test_the_same_structure_matches_in_order_without_any_names() -> None:
    def run(x: float) -> Snapshot:
        a, b = Value(x), Value(x + 1.0)
        return snapshot((a * b - b).tanh())

    assert match(run(1.0), run(2.0)) == list(range(5))


def test_roots_match_under_other_names() -> None:
    a = Value(2.0, label="a")
    before, after = snapshot(a.exp(), names={}), a.exp()
    after.label = "y"
    assert match(before, snapshot(after)) == [0, 1]


def test_leaves_of_other_names_are_others() -> None:
    a, b, c = leaves("a", "b", "c")
    assert matched_titles(snapshot(a * b), snapshot(a * c)) == [("a", "a"), ("", "c"), ("v2", "v2")]


def test_something_between_is_only_after() -> None:
    a, b = leaves("a", "b")
    before, after = snapshot((a * b + 1.0).tanh()), snapshot(((a * b + 1.0) * 5.0).tanh())
    assert [i is None for i in match(before, after)] == [False] * 5 + [True, True, False]
    back = match(after, before)
    assert back == [0, 1, 2, 3, 4, 7]


def test_operations_exchanged() -> None:
    a, b = leaves("a", "b")
    titles = matched_titles(snapshot(a.tanh() * b.exp()), snapshot(b.exp() * a.tanh()))
    assert [left for left, _ in titles] == ["b", "a", "v3", "v2", "v4"]


def test_a_name_that_is_there_twice_says_nothing() -> None:
    before = snapshot(Value(1.0, label="w") * Value(2.0, label="w"))
    after = snapshot((Value(1.0, label="w") * Value(2.0, label="w")).tanh())
    assert match(before, after) == [None, None, None, None]


def test_batches_of_other_sizes_match() -> None:
    w = Value(np.ones((3, 2)), label="w")
    before, after = (snapshot(ag.mean(np.ones((n, 3)) @ w)) for n in (4, 7))
    assert match(before, after) == list(range(len(after)))
    assert "(4, 2) → (7, 2)" in difference_text(Difference(before, after))


@st.composite
def graphs(draw: st.DrawFn) -> Snapshot:
    values = [Value(draw(st.floats(-2, 2)), label=draw(st.sampled_from(["a", "b", "c", ""]))) for _ in range(3)]
    for _ in range(draw(st.integers(1, 12))):
        x, y = (draw(st.sampled_from(values)) for _ in range(2))
        values.append(draw(st.sampled_from([lambda x, y: x + y, lambda x, y: x * 2.0, lambda x, y: ag.tanh(y)]))(x, y))
    values[-1].backward()
    return snapshot(values[-1])


@settings(deadline=None)
@given(graphs(), graphs())
def test_any_two_graphs(before: Snapshot, after: Snapshot) -> None:
    partners = match(before, after)
    assert partners == match(before, after)
    found = [i for i in partners if i is not None]
    assert len(set(found)) == len(found), "no value has two partners"
    for j, i in enumerate(partners):
        if i is not None:
            assert before.nodes[i].operation == after.nodes[j].operation
    both = Matched(before, after)
    assert len(both.pairs) == len(before) + len(after) - len(found)
    text = difference_text(Difference(before, after), None)
    slots = sum(map(len, both.arrows))
    assert len(text.splitlines()) >= 1 + slots + len(both.roots)
    picture = Picture()
    write_diff(picture, Difference(before, after), "LR")
    assert "<TABLE" in picture.source


@given(graphs())
def test_a_graph_differs_in_nothing_from_itself(graph: Snapshot) -> None:
    assert match(graph, graph) == list(range(len(graph)))
    change = Difference(graph, graph)
    assert change.is_none
    assert "nothing changed" in difference_text(change)


@pytest.mark.no_cover  # others run the same lines, and coverage takes its time
def test_long_chains_of_other_lengths_take_time_in_proportion_and_no_recursion() -> None:
    def chain(length: int) -> Snapshot:
        y = Value(1.0, label="x")
        for _ in range(length):
            y = y * 1.0
        return snapshot(y)

    before, after, shorter = chain(30_000), chain(30_001), chain(3_000)
    assert match(before, after).count(None) == 2
    assert takes_at_most(40, lambda: match(before, after), lambda: match(shorter, chain(3_001)))


def test_options_tell_operations_apart() -> None:
    x = Value(np.arange(4.0).reshape(2, 2), label="x")
    before, after = snapshot(x.sum(axis=1).sum()), snapshot((x.sum(axis=0) * x.sum(axis=1)).sum())
    partners = match(before, after)
    (rows,) = [i for i in range(len(after)) if after.options.get(i, {}).get("axis") == 1]
    assert partners[rows] == 1

"""Our own layout by rank: nothing overlaps, edges lead forwards, small graphs look tidy, large ones are quick."""

from __future__ import annotations

import json
from collections.abc import Callable
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

import viz.layout.ranks
from autograd_lite import Value
from viz.graphs.snapshot import snapshot
from viz.layout.layers import Floats, Ints
from viz.layout.layout import lay_out
from viz.layout.ranks import BOX, Ranked, estimated_size, rank_layout, rank_positions, ranked, ranks

Graph = tuple[Ints, Ints]


def columns(slots: list[list[int]]) -> Graph:
    """Offsets and sources of a graph given as the sources of each node."""
    offsets = np.cumsum([0, *map(len, slots)])
    return offsets, np.array([source for sources in slots for source in sources], dtype=np.int64)


@st.composite
def dags(draw: st.DrawFn, most: int = 25) -> Graph:
    n = draw(st.integers(1, most))
    slots = [draw(st.lists(st.integers(0, i - 1), max_size=3)) if i else [] for i in range(n)]
    return columns(slots)


def chain(n: int) -> Graph:
    return np.concatenate([[0], np.arange(n)]), np.arange(n - 1)


def star(n: int) -> Graph:
    """All but the last are sources of the last."""
    return np.concatenate([np.zeros(n, dtype=np.int64), [n - 1]]), np.arange(n - 1)


def edges(offsets: Ints, sources: Ints) -> tuple[Ints, Ints]:
    return sources, np.repeat(np.arange(len(offsets) - 1), np.diff(offsets))


def overlaps(x: Floats, y: Floats, w: Floats, h: Floats) -> NDArray[np.bool_]:
    """For each pair of boxes, whether they overlap."""
    across = np.abs(x[:, None] - x) < (w[:, None] + w) / 2 - 1e-6
    down = np.abs(y[:, None] - y) < (h[:, None] + h) / 2 - 1e-6
    result: NDArray[np.bool_] = across & down & ~np.eye(len(x), dtype=bool)
    return result


def sizes(n: int, seed: int) -> tuple[Floats, Floats]:
    random = np.random.default_rng(seed)
    return random.uniform(20, 200, n), random.uniform(10, 90, n)


@given(dags(), st.integers(0, 5), st.sampled_from(["LR", "RL", "TB", "BT"]))
@pytest.mark.parametrize("careful", [1500, 0], ids=["carefully", "quickly"])
def test_no_overlap_and_every_edge_leads_forwards(careful: int, graph: Graph, seed: int, rankdir: str) -> None:
    w, h = sizes(len(graph[0]) - 1, seed)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(viz.layout.ranks, "_CAREFUL", careful)
        x, y, bends = ranked(*graph, w, h, rankdir)
    assert not overlaps(x, y, w, h).any()
    assert (x - w / 2).min() >= -1e-6
    assert (y - h / 2).min() >= -1e-6
    source, consumer = edges(*graph)
    along, length = (x, w) if rankdir in ("LR", "RL") else (y, h)
    step = along[consumer] - along[source]
    step = step if rankdir in ("LR", "TB") else -step
    assert (step >= (length[source] + length[consumer]) / 2 + viz.layout.ranks.RANK_GAP - 1e-6).all()
    assert careful or not bends


@given(dags(15), st.integers(0, 5))
def test_bends_lead_around_the_boxes(graph: Graph, seed: int) -> None:
    w, h = sizes(len(graph[0]) - 1, seed)
    x, y, bends = ranked(*graph, w, h)
    rank = ranks(*graph)
    source, consumer = edges(*graph)
    long = np.flatnonzero(rank[consumer] - rank[source] > 1)
    assert sorted(bends) == long.tolist()
    for slot, points in bends.items():
        assert (np.diff(np.r_[x[source[slot]], points[:, 0], x[consumer[slot]]]) > 0).all()
        for (x0, y0), (x1, y1) in points.reshape(-1, 2, 2).tolist():
            assert y0 == y1, "straight beside the boxes"
            beside = (x - w / 2 < x1) & (x + w / 2 > x0)
            assert (np.abs(y - y0)[beside] >= h[beside] / 2 + 1).all()


@given(dags(), st.integers(0, 3))
def test_the_same_graph_has_the_same_layout(graph: Graph, seed: int) -> None:
    w, h = sizes(len(graph[0]) - 1, seed)
    before = [a.copy() for a in (*graph, w, h)]
    first, second = ranked(*graph, w, h), ranked(*graph, w, h)
    assert first.x.tobytes() == second.x.tobytes()
    assert first.y.tobytes() == second.y.tobytes()
    assert list(first.bends) == list(second.bends)
    assert all(np.array_equal(a, b) for a, b in zip(before, (*graph, w, h), strict=True)), "its arguments are unchanged"


@given(dags(40))
def test_ranks_are_as_few_as_can_be_and_grow_along_edges(graph: Graph) -> None:
    rank = ranks(*graph)
    source, consumer = edges(*graph)
    assert (rank[source] < rank[consumer]).all()
    longest = [0] * len(rank)
    for s, c in zip(source.tolist(), consumer.tolist(), strict=True):
        longest[c] = max(longest[c], longest[s] + 1)
    assert rank.max() == max(longest)
    assert sorted(set(rank.tolist())) == list(range(rank.max() + 1)), "no rank is empty"


@given(dags(40))
def test_a_leaf_stands_right_before_its_first_use(graph: Graph) -> None:
    rank = ranks(*graph)
    source, consumer = edges(*graph)
    for leaf in np.flatnonzero(np.diff(graph[0]) == 0):
        uses = rank[consumer[source == leaf]]
        assert not len(uses) or rank[leaf] == uses.min() - 1


@st.composite
def trees(draw: st.DrawFn) -> Graph:
    """Each node but the last is used once, in a later node."""
    n = draw(st.integers(1, 30))
    used = [draw(st.integers(i + 1, n - 1)) for i in range(n - 1)]
    return columns([[i for i in range(n - 1) if used[i] == j] for j in range(n)])


@given(trees())
def test_a_tree_has_no_crossings_and_no_long_edges(graph: Graph) -> None:
    x, y, bends = ranked(*graph)
    assert not bends
    source, consumer = edges(*graph)
    before = x[source][:, None] == x[source]  # pairs of edges between the same two ranks
    order = np.sign(y[source][:, None] - y[source]) * np.sign(y[consumer][:, None] - y[consumer])
    assert (order[before] >= 0).all()


def small(build: Callable[..., Value]) -> tuple[Ranked, dict[str, int]]:
    a, b, c = (Value(x, label=name) for x, name in ((2.0, "a"), (-3.0, "b"), (10.0, "c")))
    graph = snapshot(build(a, b, c))
    return ranked(graph.offsets, graph.sources), {node.name or node.operation: node.id for node in graph}


def test_tanh_of_a_product_and_a_sum() -> None:
    (x, y, bends), at = small(lambda a, b, c: (a * b + c).tanh())
    columns_ = [{name for name, i in at.items() if x[i] == column} for column in sorted(set(x))]
    assert columns_ == [{"a", "b"}, {"mul", "c"}, {"add"}, {"tanh"}]
    assert y[at["mul"]] == (y[at["a"]] + y[at["b"]]) / 2, "in the middle of its arguments"
    assert y[at["add"]] == (y[at["mul"]] + y[at["c"]]) / 2
    assert y[at["tanh"]] == y[at["add"]], "straight on"
    assert y[at["a"]] < y[at["b"]] < y[at["c"]], "as they are read"
    assert not bends


def test_a_shared_leaf_has_one_lane_from_which_its_edges_branch_off() -> None:
    w, h = Value(0.5, label="w"), Value(1.0, label="h")
    for _ in range(4):
        h = (w * h).tanh()
    graph = snapshot(h)
    _, y, bends = ranked(graph.offsets, graph.sources)
    lanes = sorted(bends.values(), key=len)
    assert len(lanes) == 3
    for lane in lanes:
        assert np.array_equal(lane, lanes[-1][: len(lane)]), "all on the way of the longest"
    assert np.ptp(lanes[-1][:, 1]) == 0, "straight"
    inner = [node.id for node in graph if node.op]
    assert np.ptp(y[inner]) == 0, "and so is the chain"


def test_a_graph_that_dot_draws_without_crossings_has_none() -> None:
    """(tanh(w*x + b) - t)**2 + 0.01*(w*w + b*b): two parameters used twice."""
    x, w, b, t = (Value(1.0 + i, label=name) for i, name in enumerate("xwbt"))
    error = (w * x + b).tanh() - t
    graph = snapshot(error * error + (w * w + b * b))
    assert crossings(graph.offsets, graph.sources) == []


def test_crossings_that_a_swap_of_neighbours_removes_are_gone() -> None:
    """A graph on which sorting by the neighbours' mean place alone comes to an end too early."""
    slots = [[], [], [], [1, 1], [], [], [2], [0, 1], [], [5], [9, 3], [8, 6], [], [], [11], [], [10]]
    assert crossings(*columns(slots)) == []


def crossings(offsets: Ints, sources: Ints) -> list[tuple[int, int]]:
    """The pairs of edges that cross, drawn along their bends from middle to middle."""
    x, y, bends = ranked(offsets, sources)
    ways = []
    for slot, (s, c) in enumerate(zip(*edges(offsets, sources), strict=True)):
        middle = bends.get(slot, np.zeros((0, 2)))
        ways.append(np.array([(x[s], y[s]), *middle, (x[c], y[c])]))
    return [(i, j) for i in range(len(ways)) for j in range(i) if crosses(ways[i], ways[j])]


def crosses(one: Floats, other: Floats) -> bool:
    """Whether two broken lines cross, apart from ends that they share."""

    def side(a: Floats, b: Floats, c: Floats) -> float:
        return float(np.sign((b[0] - a[0]) * (c[1] - a[1]) - (b[1] - a[1]) * (c[0] - a[0])))

    return any(
        side(a, b, c) * side(a, b, d) < 0 and side(c, d, a) * side(c, d, b) < 0
        for a, b in pairwise(one)
        for c, d in pairwise(other)
    )


def test_sources_that_do_not_stand_before_are_left_out_of_account() -> None:
    offsets, sources = columns([[2], [0], [1, 2]])  # a cycle, as a rolled loop is, and one of a single node
    x, y = rank_positions(offsets, sources)
    assert x[0] < x[1] < x[2]
    assert np.isfinite([x, y]).all()


def test_a_long_chain_is_broken_into_bands_like_a_text() -> None:
    x, y = rank_positions(*chain(200))
    width, height = np.ptp(x) + BOX[0], np.ptp(y) + BOX[1]
    assert 1 < width / height < 3
    band = np.r_[True, np.diff(x) < 0]
    assert (np.diff(y)[band[1:]] > BOX[1]).all(), "each below the last"
    assert len(set(x[band])) == 1, "all begin at the left"
    assert (np.diff(y)[~band[1:]] == 0).all()
    assert not overlaps(x, y, np.full(200, BOX[0]), np.full(200, BOX[1])).any()


def test_a_short_chain_is_a_line() -> None:
    assert set(rank_positions(*chain(20))[1]) == {BOX[1] / 2}


@pytest.mark.parametrize("rankdir", ["LR", "BT"])
def test_a_very_wide_rank_is_broken_into_columns(rankdir: str) -> None:
    graph, sides = star(1601), (np.full(1601, 120.0), np.full(1601, 54.0))
    x, y = rank_positions(*graph, *sides, rankdir)
    assert 1 / 3 < np.ptp(x) / np.ptp(y) < 3
    assert not overlaps(x, y, *sides).any()
    last = x[-1] - x[:-1] if rankdir == "LR" else y[:-1] - y[-1]
    assert (last > 54).all()


def test_directions_are_mirror_images() -> None:
    graph = columns([[], [], [0, 1], [], [2, 3], [4, 0]])
    lr = rank_positions(*graph, 100, 40, "LR")
    rl = rank_positions(*graph, 100, 40, "RL")
    assert np.array_equal(rl[0], lr[0].max() + lr[0].min() - lr[0])
    assert np.array_equal(rl[1], lr[1])
    tb = rank_positions(*graph, 40, 100, "TB")
    assert np.array_equal(tb[0], lr[1])
    assert np.array_equal(tb[1], lr[0])


def test_unknown_directions_and_empty_graphs() -> None:
    with pytest.raises(ValueError, match="'XY'; the directions are LR"):
        rank_positions(*chain(2), rankdir="XY")
    x, y = rank_positions(np.array([0]), np.array([], dtype=np.int64))
    assert x.shape == y.shape == (0,)


def test_a_snapshot_with_sizes_of_its_own() -> None:
    graph = snapshot(Value(2.0, label="a") * Value(3.0, label="b"))
    x, y = rank_layout(graph, "TB", ([50, 60, 70], [20, 30, 20]))
    assert not overlaps(x, y, np.array([50.0, 60, 70]), np.array([20.0, 30, 20])).any()
    assert y[2] > max(y[:2]), "downwards"


@pytest.mark.parametrize("graph", [chain(100_000), star(100_000)], ids=["chain", "star"])
def test_100_000_nodes_are_as_wide_as_high(graph: Graph) -> None:
    x, y = rank_positions(*graph)
    assert 1 / 3 < np.ptp(x) / np.ptp(y) < 3
    places = set(zip(x.tolist(), y.tolist(), strict=True))
    assert len(places) == 100_000


def test_estimated_sizes_are_close_to_those_of_graphviz() -> None:
    rows = ["hidden = tanh(sum)", "value  0.4621", "grad  -0.03125"]
    cells = "".join(f"<TR><TD>{row}</TD></TR>" for row in rows)
    table = f'<<TABLE BORDER="1" CELLBORDER="0" CELLSPACING="0" CELLPADDING="3">{cells}</TABLE>>'
    node = f'a [shape=plain, fontname="Helvetica,Arial,sans-serif", fontsize=12, label={table}]'
    size = json.loads(lay_out(f"digraph {{ {node} }}", "json"))["objects"][0]
    width, height = estimated_size(rows)
    assert 0.8 < width / (72 * float(size["width"])) < 1.35
    assert 0.8 < height / (72 * float(size["height"])) < 1.35
    assert estimated_size([]) < estimated_size(["a"]) < estimated_size(["a", "b"])

"""From dot down to our own ranks: a picture comes out in time; nodes with places stay there."""

from __future__ import annotations

import json
import time

import pytest

from tests.viz.helpers import heavy_dot
from viz.layout.engine import Order, engine
from viz.layout.layout import LayoutError, LayoutTimeout, lay_out, lay_out_within, positioned_dot, rank_dot

SMALL = "digraph { a -> b }"


def places(picture: bytes) -> dict[str, tuple[float, float]]:
    """The places of the nodes in a picture of the format json."""
    things = json.loads(picture)["objects"]
    pairs = {thing["name"]: thing["pos"].split(",") for thing in things if "pos" in thing}
    return {name: (float(x), float(y)) for name, (x, y) in pairs.items()}


def test_nodes_with_places_stay_there() -> None:
    dot = positioned_dot('digraph { a -> "b \\"x\\""; a -> c }', {"a": (0, 0), 'b "x"': (200, 100), "c": (300, -50)})
    at = places(lay_out(dot, "json", positioned=True))
    ax, ay = at["a"]
    assert {name: (x - ax, y - ay) for name, (x, y) in at.items()} == {
        "a": (0, 0),
        'b "x"': (200, -100),  # Graphviz' y grows upwards
        "c": (300, 50),
    }


def test_a_node_without_a_place_is_an_error() -> None:
    with pytest.raises(LayoutError, match="no position"):
        lay_out(positioned_dot("digraph { a -> b }", {"a": (0, 0)}), positioned=True)


def test_edges_of_nodes_with_places_begin_at_their_ports() -> None:
    rows = "".join(f'<TR><TD PORT="p{i}" HEIGHT="30">{i}</TD></TR>' for i in range(2))
    table = f'[shape=plain, label=<<TABLE CELLSPACING="0">{rows}</TABLE>>]'
    dot = f"digraph {{ rankdir=LR; a {table}; b {table}; a:p0:e -> b:p0:w; a:p1:e -> b:p1:w [dir=back] }}"
    graph = json.loads(lay_out(rank_dot(dot), "json", positioned=True))
    ends = [[point for op in edge["_draw_"] if op["op"] in "bB" for point in op["points"]] for edge in graph["edges"]]
    (x0, y0), (x1, y1) = ends[0][0], ends[1][0]
    assert 25 < y0 - y1 < 40, "from one row and from the next"
    assert x0 < ends[0][-1][0]
    assert x1 < ends[1][-1][0]


def test_ranks_know_the_sizes_and_the_direction() -> None:
    wide = "digraph { rankdir=LR; a [fixedsize=true, width=5]; a -> b; c -> b; subgraph x { d } }"
    at = places(lay_out(rank_dot(wide), "json", positioned=True))
    assert at["b"][0] - at["a"][0] > 72 * (5 + 0.75) / 2
    assert at["a"][0] == at["c"][0]
    downwards = places(lay_out(rank_dot("digraph { a -> b; c -> a; b -> c }"), "json", positioned=True))
    assert len(set(downwards.values())) == 3, "a cycle does no harm"
    assert places(lay_out(rank_dot("digraph { b -> a; c -> b }"), "json", positioned=True))["a"][1] < 30, (
        "at the bottom"
    )


def test_ranks_leave_room_for_labels() -> None:
    dot = "digraph {{ rankdir=LR; a -> b [label={}] }}"
    steps = []
    for label in ("<<B>d(a)</B>>", '"the derivative of it"'):
        at = places(lay_out(rank_dot(dot.format(label)), "json", positioned=True))
        steps.append(at["b"][0] - at["a"][0] - 54)  # between the two nodes
    assert steps[0] < 60
    assert steps[1] > 120


def test_an_easy_graph_is_drawn_by_dot() -> None:
    picture, rung = lay_out_within(SMALL)
    assert rung == "dot"
    assert picture == lay_out(SMALL)


def test_a_graph_that_is_too_much_for_dot_is_drawn_by_rank_in_time() -> None:
    dot = heavy_dot().replace("[label=x]", "")
    start = time.monotonic()
    picture, rung = lay_out_within(dot, timeout=2)
    assert time.monotonic() - start < 3
    assert rung == "ranks"
    assert picture.count(b'class="node"') == 160
    assert picture.count(b'class="edge"') == 160 * 159 // 2


def test_a_graph_so_large_that_ranks_need_the_whole_time_gets_it() -> None:
    dot = "digraph { " + " ".join(f'n{i} [tooltip="{"x" * 1000}"]' for i in range(2000)) + " }"
    assert lay_out_within(dot, timeout=1.6)[1] == "ranks"
    assert lay_out_within(dot, timeout=20)[1] == "dot"


def test_the_fallback_gives_the_last_rungs_graph() -> None:
    placed = positioned_dot("digraph { instead }", {"instead": (0, 0)})
    picture, rung = lay_out_within(heavy_dot(), timeout=1, fallback=lambda: placed)
    assert rung == "ranks"
    assert b"instead" in picture


def test_the_second_rung_takes_less_care(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[bytes] = []
    draw = engine.draw

    def impatient(dot: bytes, order: Order) -> tuple[bytes, str]:
        asked.append(dot)
        if len(asked) == 1:
            raise LayoutTimeout
        return draw(dot, order)

    monkeypatch.setattr(engine, "draw", impatient)
    picture, rung = lay_out_within(SMALL)
    assert rung == "fast"
    assert picture.startswith(b"<?xml")
    assert all(word in asked[1] for word in (b"nslimit=1", b"nslimit1=1", b"mclimit=0.1", b"splines=line"))


def test_when_nothing_makes_it_the_error_tells_the_whole_time() -> None:
    with pytest.raises(LayoutTimeout, match=r"longer than 0\.6 s"):
        lay_out_within(heavy_dot(), timeout=0.6)


def test_errors_of_graphviz_are_not_a_reason_to_try_again() -> None:
    with pytest.raises(LayoutError, match="syntax error"):
        lay_out_within("digraph { a -> ")
    with pytest.raises(ValueError, match="'bmp'"):
        lay_out_within(SMALL, "bmp")
    with pytest.raises(ValueError, match="timeout"):
        lay_out_within(SMALL, timeout=0)


def test_a_png_of_the_last_rung_is_not_too_large() -> None:
    far = positioned_dot("digraph { a -> b }", {"a": (0, 0), "b": (7200, 0)})
    picture, _ = lay_out_within(heavy_dot(), "png", timeout=1, fallback=lambda: far)
    width = int.from_bytes(picture[16:20], "big")
    assert 5000 < width <= 40 * 144

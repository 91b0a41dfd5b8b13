"""Large graphs: what the ladder does with them, how many boxes, and how time grows with the size."""

from __future__ import annotations

from collections.abc import Callable

import pytest

import viz.layout.engine
from autograd_lite import Value
from tests.viz.examples import chain, moons, recurrence
from tests.viz.helpers import takes_at_most
from tests.viz.pictures.golden import PICTURES
from viz import draw_dot, lay_out, snapshot
from viz.graphs.ladder import fitted
from viz.graphs.names import given_names
from viz.graphs.rolling import BOXES, roll
from viz.layout.layout import lay_out_within

pytestmark = pytest.mark.no_cover  # others run the same lines, and coverage takes its time


@pytest.fixture(autouse=True)
def warm() -> None:
    """A worker takes a moment to start."""
    lay_out("digraph { a }")


def test_a_recurrence_with_shared_parameters_is_drawn_by_dot_with_all_care() -> None:
    h, parameters = recurrence(50)
    h.backward()
    assert len(snapshot(h)) == 304
    shared, full = (draw_dot(h, params=parameters, full=full).source for full in (False, True))
    assert lay_out_within(shared, timeout=20)[1] == "dot", "0.14 s where nothing else runs"
    assert lay_out_within(full, timeout=2)[1] != "dot", "parameters that are drawn once keep it busy for minutes"


def test_65_000_values_are_drawn_in_thirty_boxes_and_the_time_is_that_of_reading_them() -> None:
    cost, parameters = moons()
    cost.backward()
    few, _ = moons(points=10)
    graph = fitted(snapshot(cost, params=parameters))
    assert len(graph) <= BOXES
    assert max(node.count for node in graph) == 25_600
    pipes = (lambda: draw_dot(cost, params=parameters).pipe(), lambda: draw_dot(few).pipe())
    assert takes_at_most(30, *pipes), "ten times the values; 0.25 s where nothing else runs"


def test_a_chain_of_100_000_is_drawn() -> None:
    x, short = chain(100_000), chain(10_000)
    assert takes_at_most(40, lambda: draw_dot(x).pipe(), lambda: draw_dot(short).pipe()), "ten times the values"


@pytest.mark.parametrize("build", [lambda n: chain(5 * n), lambda n: recurrence(n)[0]], ids=["chain", "loop"])
def test_rolling_takes_time_in_proportion_to_the_size(build: Callable[[int], Value]) -> None:
    small, large = (snapshot(build(n)) for n in (2_000, 20_000))
    assert takes_at_most(40, lambda: roll(large), lambda: roll(small)), "ten times the values"


def test_variables_that_hold_much_cost_little() -> None:
    numbers = [[0.0] * 1_000] * 1_000
    weights = [Value(0.0) for _ in range(100_000)]
    assert len(given_names({"numbers": numbers, "weights": weights})) == 100_000
    few, many = {"weights": weights[:10_000]}, {"weights": weights, "numbers": numbers}
    assert takes_at_most(60, lambda: given_names(many), lambda: given_names(few)), "not a look at each number"


@pytest.mark.parametrize("format", ["png", "svg"])
def test_a_worker_that_has_drawn_others_draws_as_a_new_one(format: str) -> None:
    """Fonts are looked up once and kept: what was drawn before must not change them."""
    pictures = [draw() for draw in PICTURES.values()]
    first = []
    for picture in pictures:
        viz.layout.engine.engine._stop()
        lay_out("digraph {}")
        first.append(picture.pipe(format))
    for picture in pictures[::-1]:
        picture.pipe("png" if format == "svg" else "svg")
    assert [picture.pipe(format) for picture in pictures] == first

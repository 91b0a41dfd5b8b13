"""Any graph with any labels, in every picture: Graphviz can read what we write, and has nothing to complain about."""

from __future__ import annotations

from collections.abc import Callable
from xml.etree import ElementTree

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import viz.graphs.ladder
from autograd_lite import Constant, Value, nn
from autograd_lite.graph import topological_order
from tests.viz.examples import any_text, random_graphs
from viz import Picture, draw_diff, draw_dot, draw_flow, draw_net, lay_out, snapshot


def before_and_after(root: Value) -> Picture:
    before = snapshot(root, names={})
    for leaf in topological_order(root):
        if leaf.op is None and leaf.grad is not None:
            leaf.grad = leaf.grad * -2.0
    return draw_diff(before, snapshot(root, names={}))


class Held(nn.Module):
    """A model whose parameters are the leaves of a graph."""

    def __init__(self, root: Value) -> None:
        self.leaves = [leaf for leaf in topological_order(root) if leaf.op is None]


def rolled(root: Value) -> Picture:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(viz.graphs.ladder, "ROLLED_ABOVE", 0)
        return draw_dot(root, names={})


VIEWS: dict[str, Callable[[Value], Picture]] = {
    "both passes": lambda root: draw_dot(root, names={}),
    "downwards": lambda root: draw_dot(root, names={}, rankdir="TB", passes="backward"),
    "every value": lambda root: draw_dot(root, names={}, full=True, passes="forward"),
    "rolled": rolled,
    "flow": lambda root: draw_flow(root, names={}),
    "net": lambda root: draw_net(root, params=Held(root)),
    "difference": before_and_after,
}


@st.composite
def labelled_graphs(draw: st.DrawFn) -> Value:
    """Graphs of scalars, or with arrays at their end, of which the leaves and some other nodes have any label."""
    root = draw(random_graphs(12))
    if draw(st.booleans()):
        array = draw(st.sampled_from([np.zeros(0), np.array([1.0, -2.0]), np.zeros((2, 4), np.float32)]))
        root = (root * Value(array) + Constant(1.0)).sum()
    if draw(st.booleans()):
        root.backward()
    for node in topological_order(root):
        if node.op is None or draw(st.integers(0, 3)) == 0:
            node.label = draw(any_text)
    return root


@pytest.mark.parametrize("view", VIEWS)
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(root=labelled_graphs())
def test_graphviz_reads_it_and_says_nothing(view: str, root: Value) -> None:
    picture = lay_out(VIEWS[view](root).source, timeout=60)  # what Graphviz prints is a LayoutError
    ElementTree.fromstring(picture)


def test_the_test_can_fail() -> None:
    picture = Picture()
    picture.node("a", label="<<B>x</I>>")
    with pytest.raises(viz.LayoutError, match="mismatched tag"):
        lay_out(picture.source)

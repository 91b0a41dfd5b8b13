"""viz: pictures of computation graphs; it reads graphs and never changes them."""

from viz.chain_rule.explain import Explanation, explain
from viz.diff.diff import draw_diff
from viz.flow.flow import draw_flow
from viz.flow.recorder import GradientFlow
from viz.graphs.snapshot import Node, Slot, Snapshot, snapshot
from viz.layout.layout import LayoutError, LayoutTimeout, lay_out
from viz.net.net import draw_net
from viz.pictures.draw import draw_dot, mimebundle
from viz.pictures.rendering import Picture
from viz.replay.steps import Step, Steps, steps
from viz.terminal.tree import tree
from viz.viewer.html import Viewer, save_html, show_html

__all__ = [
    "Explanation",
    "GradientFlow",
    "LayoutError",
    "LayoutTimeout",
    "Node",
    "Picture",
    "Slot",
    "Snapshot",
    "Step",
    "Steps",
    "Viewer",
    "draw_diff",
    "draw_dot",
    "draw_flow",
    "draw_net",
    "explain",
    "lay_out",
    "mimebundle",
    "save_html",
    "show_html",
    "snapshot",
    "steps",
    "tree",
]

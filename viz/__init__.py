"""viz: pictures of computation graphs; it reads graphs and never changes them."""

from viz.diff import draw_diff
from viz.draw import draw_dot, mimebundle
from viz.explain import Explanation, explain
from viz.flow import draw_flow
from viz.html import save_html, show_html
from viz.layout import LayoutError, LayoutTimeout, lay_out
from viz.net import draw_net
from viz.rendering import Picture
from viz.snapshot import Node, Slot, Snapshot, snapshot
from viz.tree import tree

__all__ = [
    "Explanation",
    "LayoutError",
    "LayoutTimeout",
    "Node",
    "Picture",
    "Slot",
    "Snapshot",
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
    "tree",
]

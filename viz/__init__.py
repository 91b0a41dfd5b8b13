"""viz: pictures of computation graphs; it reads graphs and never changes them."""

from viz.draw import draw_dot, mimebundle
from viz.layout import LayoutError, LayoutTimeout, lay_out
from viz.rendering import Picture
from viz.snapshot import Node, Slot, Snapshot, snapshot
from viz.tree import tree

__all__ = [
    "LayoutError",
    "LayoutTimeout",
    "Node",
    "Picture",
    "Slot",
    "Snapshot",
    "draw_dot",
    "lay_out",
    "mimebundle",
    "snapshot",
    "tree",
]

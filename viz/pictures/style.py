"""How the pictures look: colours, fonts, shapes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from viz.graphs.snapshot import Role

__all__ = [
    "BACKWARD",
    "FONT",
    "FORWARD",
    "INK",
    "LINE",
    "MUTED",
    "NEGATIVE",
    "ODD",
    "POSITIVE",
    "ROLES",
    "Look",
    "Passes",
]

Passes = Literal["forward", "backward", "both"]

FORWARD = "#0B5CAD"  # these two stay apart for every kind of colour blindness
BACKWARD = "#B2182B"
NEGATIVE = "#B35806"  # the sign of a gradient
POSITIVE = "#542788"
ODD = "#CC79A7"  # nan and inf
INK = "#1F2933"
MUTED = "#52606D"
LINE = "#7B8794"
FONT = "Helvetica,Arial,sans-serif"


@dataclass(frozen=True, slots=True)
class Look:
    """How a role is drawn; the outline tells the roles apart without the fill.

    Attributes
    ----------
    fill, outline : str
        Colours.
    style : str
        Graphviz' STYLE of the table.
    border : int
        The outline's width.
    """

    fill: str
    outline: str
    style: str
    border: int


# Rounded before dashed: in a label, Graphviz 14 crashes on a rounded table right after a dashed one (JSON).
ROLES: dict[Role, Look] = {
    "input": Look("#EAF2FB", "#5B7FA6", "", 1),
    "parameter": Look("#FFF4DC", "#8A5A00", "", 2),
    "operation": Look("#FFFFFF", LINE, "ROUNDED", 1),
    "constant": Look("#F3F4F6", LINE, "DASHED", 1),
}

"""Boxes in boxes, with arrows between them: what the picture of a network is made of."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Literal

from viz.net.modules import Parameter
from viz.words.escape import one_line

__all__ = ["Arrow", "ArrowKind", "Box", "Drawing", "count_words", "outline"]

Kind = Literal["module", "function", "operation", "data"]
ArrowKind = Literal["data", "next", "shared"]


@dataclass(slots=True)
class Box:
    """A module, a function, some operations, or data.

    Attributes
    ----------
    title, name : str
        What it is, and where it is kept; several lines in the title are operations one after the other.
    kind : str
        "module", "function", "operation" or "data".
    parameters : tuple of Parameter
        Its own.
    total : int
        How many numbers it holds with the boxes inside.
    note : str
        What else is to be said, as what a closed box hides.
    times : int
        How often it comes, or is called.
    calls : bool
        Whether `times` counts calls of one module, not modules with parameters of their own.
    is_group : bool
        Whether it is no module, but some that come several times.
    is_column : bool
        Whether nothing is known of the boxes inside but their order.
    inside : list of Box
        What it holds.
    """

    title: str
    kind: Kind = "module"
    name: str = ""
    parameters: tuple[Parameter, ...] = ()
    total: int = 0
    note: str = ""
    times: int = 1
    calls: bool = False
    is_group: bool = False
    is_column: bool = False
    inside: list[Box] = field(default_factory=list)
    id: str = ""

    def every(self) -> Iterator[Box]:
        """Itself and every box inside, depth first."""
        yield self
        for box in self.inside:
            yield from box.every()


@dataclass(slots=True)
class Arrow:
    """What flows from a box to another: "data", data for the "next" call, or a "shared" parameter.

    One `from_head` begins at the title of a box with others inside: it goes on with what came in there.
    """

    tail: Box
    head: Box
    labels: tuple[str, ...] = ()
    kind: ArrowKind = "data"
    from_head: bool = False


@dataclass(slots=True)
class Drawing:
    """Boxes, arrows, and what the legend is to say besides.

    If the calls are `concluded`, a count of them is that of the uses of a module's parameters.
    """

    boxes: list[Box]
    arrows: list[Arrow]
    notes: list[str] = field(default_factory=list)
    concluded: bool = False

    def every(self) -> Iterator[Box]:
        """Every box, depth first."""
        for box in self.boxes:
            yield from box.every()


def count_words(box: Box) -> str:
    """Say how many parameters a box has."""
    if not box.total:
        return ""
    many = f"{box.times:,} × " if box.times > 1 and not box.calls else ""
    return f"{many}{box.total:,} parameter{'s' if box.total > 1 or many else ''}"


def outline(drawing: Drawing) -> str:
    """Show the boxes as indented text.

    Examples
    --------
    >>> print(outline(Drawing([Box("MLP()", inside=[Box("Linear(2, 3)", name="linear", total=9)])], [])))
    MLP()
      Linear(2, 3)  linear  9 parameters
    """
    return "\n".join(_lines(drawing.boxes, ""))


def _lines(boxes: Sequence[Box], lead: str) -> Iterator[str]:
    for box in boxes:
        times = f"×{box.times:,}" if box.times > 1 else ""
        title = one_line(box.title.replace("\n", ", "))
        yield lead + "  ".join(filter(None, (title, times, one_line(box.name), count_words(box), box.note)))
        yield from _lines(box.inside, lead + "  ")

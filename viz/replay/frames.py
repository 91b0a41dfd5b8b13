"""Pictures of the steps: one layout, in which each step shows what is known by then.

Graphviz lays out the whole graph once. For a step nothing is moved: what is not computed yet is pale and without its
number, and the step's node, its arrows and its arithmetic stand out.
"""

from __future__ import annotations

import itertools
import os
import re
import xml.etree.ElementTree as ET
from collections.abc import Iterable, Iterator, Mapping, Sequence
from copy import deepcopy
from functools import cached_property
from typing import TYPE_CHECKING, Any

from viz.graphs.folding import copy_leaves
from viz.graphs.snapshot import Snapshot
from viz.pictures.dot import write_graph
from viz.pictures.rendering import Picture, write_atomically
from viz.pictures.style import BACKWARD, FONT, FORWARD, INK, MUTED
from viz.replay.restyle import COLOURS, SVG, XLINK, State, parsed, restyle_arrow, restyle_value, size_of
from viz.terminal.table import cells
from viz.words.escape import shorten, visible

if TYPE_CHECKING:
    from viz.replay.steps import Step

__all__ = ["MAX_VALUES", "Film", "Frame"]

MAX_VALUES = 200
"""Pictures of every step are drawn of graphs up to this size: one of more values has too many to look through."""

_MAX_ROWS = 6  # of arithmetic; a sum of hundreds of numbers has a line for each
_MIN_WIDTH = 72  # of a line of arithmetic, in characters
_MONO = "Menlo,Consolas,DejaVu Sans Mono,monospace"
_SIZE, _CELL, _LEAD, _MARGIN = 13.0, 7.9, 19.0, 16.0  # of the arithmetic: font, character, line, space around it
_TRACK = "#E4E7EB"
_MARK = b'role="img" aria-label="Step '


class Frame(str):
    """The picture of one step: the text of an SVG file, which a notebook shows as a picture."""

    __slots__ = ()

    def _repr_svg_(self) -> str:
        return str(self)


class _Marked(Picture):
    """A picture whose parts can be found again in its SVG: by the ids of a value, and of the arrows of each pass.

    Parameters
    ----------
    originals : dict
        For each box, the id of the value it shows: a leaf that is used many times has many boxes.
    """

    def __init__(self, originals: Mapping[int, int]) -> None:
        super().__init__()
        self._originals = originals

    def node(self, name: str, *args: Any, **attributes: Any) -> None:
        """Add a box."""
        super().node(name, *args, id=f"value_{self._original(name)}_{name}", **attributes)

    def edge(self, tail_name: str, head_name: str, *args: Any, **attributes: Any) -> None:
        """Add an arrow: from the port of the value, or of the gradient."""
        pass_ = "forward" if tail_name.split(":")[1] == "value" else "backward"
        mark = f"{pass_}_{self._original(head_name.split(':')[0])}_{len(self.body)}"
        super().edge(tail_name, head_name, *args, id=mark, **attributes)

    def _original(self, name: str) -> int:
        return self._originals[int(name.removeprefix("n"))]


def _originals(graph: Snapshot, drawn: Snapshot) -> dict[int, int]:
    """For the nodes of a graph whose leaves have copies: which node of the graph each is."""
    found = dict(zip(drawn.roots, graph.roots, strict=True))
    operations = (filter(lambda node: node.op, nodes) for nodes in (drawn, graph))
    for copy, original in zip(*operations, strict=True):
        found[copy.id] = original.id
        found |= {x.source: y.source for x, y in zip(copy.slots, original.slots, strict=True)}
    return found


class Film:
    """The pictures of the steps.

    Parameters
    ----------
    graph : Snapshot
        The graph.
    steps : sequence of Step
        All its steps.

    Raises
    ------
    ValueError
        If the graph is too large.
    """

    def __init__(self, graph: Snapshot, steps: Sequence[Step]) -> None:
        if len(graph) > MAX_VALUES:
            raise ValueError(
                f"the graph has {len(graph):,} values; pictures of its steps are drawn of up to {MAX_VALUES}. "
                "viz.save_html(root, path) steps through larger ones; or take the steps of an earlier value"
            )
        self._graph, self._steps = graph, steps
        self._has_run = graph.gradients[graph.roots[0]] is not None

    def frame(self, index: int) -> Frame:
        """Return the picture of the step with this index."""
        drawing, state = deepcopy(self._drawing), self._states[index]
        for group in list(drawing.iter("g")):
            kind, *ids = group.get("id", "").split("_")
            if kind == "value":
                restyle_value(group, int(ids[0]), state)
            elif kind in COLOURS:
                restyle_arrow(group, kind, int(ids[0]), state)
        return Frame(self._page(drawing, index))

    def save(self, target: str | os.PathLike[str], indices: Iterable[int]) -> list[str]:
        """Write the pictures of some steps and return their paths; see `viz.steps.Steps.save`."""
        pattern = os.fspath(target)
        ending = os.path.splitext(pattern)[1].lower()
        if ending in (".png", ".pdf", ".gif"):
            raise ValueError(f"{pattern!r}: the pictures of steps are SVG; give a folder, or a path as 'step-*.svg'")
        if ending != ".svg":
            pattern = os.path.join(pattern, "step-*.svg")
        folder, name = os.path.split(pattern)
        if name.count("*") != 1:
            raise ValueError(f"{name!r} needs one star, where the number of the step goes, as in 'step-*.svg'")
        count = len(self._steps)

        def path_of(number: int) -> str:
            return os.path.join(folder, name.replace("*", f"{number:0{max(3, len(str(count)))}}"))

        chosen = list(indices)
        for i in chosen:
            write_atomically(path_of(i + 1), self.frame(i).encode())
        _remove_later(map(path_of, itertools.count(count + 1)))
        return [path_of(i + 1) for i in chosen]

    @cached_property
    def _drawing(self) -> ET.Element:
        drawn = copy_leaves(self._graph)
        picture = _Marked(_originals(self._graph, drawn))
        is_network = any(node.shape for node in drawn)  # whose boxes are wide, and whose graph is a chain
        write_graph(picture, drawn, "TB" if is_network else "LR", "both" if self._has_run else "forward")
        return parsed(picture.pipe("svg"))

    @cached_property
    def _states(self) -> list[State]:
        everything, first = len(self._graph), self._forward_steps
        states = [State("forward", i, i, None, {}, frozenset([i])) for i in self._nodes[:first]]
        root = self._nodes[first]
        known = self._from_before()
        if self._has_run:
            known |= {root: self._graph.gradients[root]}
        states.append(State("backward", root, everything, everything, known, frozenset([root])))
        for step in self._steps[first + 1 :]:
            new = {sent.source: sent.total for sent in step.contributions}
            known = known | new
            states.append(State("backward", step.node.id, everything, step.node.id, known, frozenset(new)))
        return states

    @cached_property
    def _nodes(self) -> list[int]:
        return [step.node.id for step in self._steps]

    @cached_property
    def _forward_steps(self) -> int:
        return sum(step.pass_ == "forward" for step in self._steps)

    def _from_before(self) -> dict[int, Any]:
        """Return what leaves held before the backward pass."""
        sent = (sent for step in self._steps for sent in step.contributions)
        return {x.source: x.before for x in sent if x.is_first and x.before is not None}

    @cached_property
    def _captions(self) -> list[list[str]]:
        width = size_of(self._drawing)[0]
        columns = max(_MIN_WIDTH, int((width / _scale(width) - 2 * _MARGIN) / _CELL))
        return [_shown(step.lines, columns) for step in self._steps]

    def _page(self, drawing: ET.Element, index: int) -> str:
        """Put the drawing on a page of the size that all steps have, and the arithmetic below."""
        step, lines = self._steps[index], self._captions[index]
        width, height = size_of(drawing)
        scale = _scale(width)
        columns = max(cells(line) for caption in self._captions for line in caption)
        page_width = max(width, scale * (columns * _CELL + 2 * _MARGIN))
        page_height = height + scale * (_MARGIN + (max(map(len, self._captions)) + 1.7) * _LEAD)
        words = visible(f"Step {step.number} of {step.of}, {step.pass_} pass: {'; '.join(step.lines)}")
        page = ET.Element(
            "svg",
            {
                "xmlns": SVG, "xmlns:xlink": XLINK, "role": "img", "aria-label": words,
                "width": f"{page_width:.2f}pt", "height": f"{page_height:.2f}pt",
                "viewBox": f"0 0 {page_width:.2f} {page_height:.2f}",
            },
        )  # fmt: skip
        ET.SubElement(page, "rect", {"width": "100%", "height": "100%", "fill": "white"})
        place = ET.SubElement(page, "g", {"transform": f"translate({(page_width - width) / 2:.2f} 0)"})
        place.extend(drawing)
        foot = ET.SubElement(page, "g", {"transform": f"translate(0 {height:.2f}) scale({scale:.3f})"})
        self._add_track(foot, page_width / scale, index)
        _add_caption(foot, step, lines)
        return '<?xml version="1.0" encoding="UTF-8"?>\n' + ET.tostring(page, encoding="unicode") + "\n"

    def _add_track(self, foot: ET.Element, width: float, index: int) -> None:
        """Show how far the two passes have come: one line, which both fill from left to right."""
        part = (width - 2 * _MARGIN) / len(self._steps)
        forward = self._forward_steps
        done = {_TRACK: (0, len(self._steps)), FORWARD: (0, min(index + 1, forward)), BACKWARD: (forward, index + 1)}
        for colour, (first, end) in done.items():
            if end > first:
                x, length = _MARGIN + first * part, (end - first) * part
                ET.SubElement(foot, "rect", {"x": f"{x:.2f}", "width": f"{length:.2f}", "height": "3", "fill": colour})


def _remove_later(paths: Iterable[str]) -> None:
    """Remove the frames that an earlier and longer run has left: they would look like steps of this one."""
    for path in paths:
        if not _is_frame(path):
            return
        os.remove(path)


def _is_frame(path: str) -> bool:
    """Whether there is a file, and a frame: nobody else's files are removed."""
    try:
        with open(path, "rb") as file:
            return _MARK in file.read(4096)
    except OSError:
        return False


def _scale(width: float) -> float:
    """How much larger the arithmetic is written below a wide drawing, which is shown smaller."""
    return min(8.0, max(1.0, width / 1000))


# --- the arithmetic ------------------------------------------------------------------------------------------------


def _shown(lines: Sequence[str], width: int) -> list[str]:
    """Wrap lines; of too many, the middle is left out."""
    wrapped = [list(_wrapped(line, width)) for line in lines]
    if sum(map(len, wrapped)) <= _MAX_ROWS:
        return [row for rows in wrapped for row in rows]
    last, rows, kept = wrapped[-1], wrapped[0], 1
    while kept < len(wrapped) - 1 and len(rows) + len(wrapped[kept]) + 1 + len(last) <= _MAX_ROWS:
        rows, kept = rows + wrapped[kept], kept + 1
    return [*rows, f"… {len(wrapped) - 1 - kept} more lines", *last]


def _wrapped(line: str, width: int) -> Iterator[str]:
    """Break a long line before an equals sign; a part that is still too long is cut."""
    row = ""
    for part in re.split(r"(?= = |, now |: )", visible(line).replace("\n", " ")):
        if row and cells(row + part) > width:
            yield shorten(row, width)
            row = "   "
        row += part
    yield shorten(row, width)


def _add_caption(foot: ET.Element, step: Step, lines: list[str]) -> None:
    head = ET.SubElement(foot, "text", _text_style(_MARGIN + _LEAD, FONT))
    ET.SubElement(head, "tspan", {"font-weight": "bold", "fill": COLOURS[step.pass_]}).text = f"{step.pass_} pass"
    ET.SubElement(head, "tspan", {"fill": MUTED, "dx": "10"}).text = f"step {step.number} of {step.of}"
    for i, line in enumerate(lines):
        style = _text_style(_MARGIN + (i + 2.2) * _LEAD, _MONO)
        ET.SubElement(foot, "text", {**style, "xml:space": "preserve"}).text = line


def _text_style(y: float, font: str) -> dict[str, str]:
    return {"x": f"{_MARGIN:g}", "y": f"{y:.2f}", "font-family": font, "font-size": f"{_SIZE:g}", "fill": INK}

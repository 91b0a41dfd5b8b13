"""The boxes of a model that has not run: its modules in order of definition, with arrows where the order is known."""

from __future__ import annotations

from collections.abc import Sequence

from viz.net.boxes import Arrow, Box, Drawing
from viz.net.modules import Part, repeats, shape_after, shape_before

__all__ = ["module_box", "names_of", "plan"]


def plan(model: Part, depth: int | None, roll: bool) -> Drawing:
    """Return the boxes of a model, without running it.

    Examples
    --------
    >>> from autograd_lite import nn
    >>> from viz.net.modules import part_of
    >>> drawing = plan(part_of(nn.Sequential(nn.Linear(2, 3), nn.Tanh())), None, True)
    >>> [box.title for box in drawing.every()]
    ['input', 'Sequential()', 'Linear(2, 3)', 'Tanh()', 'output']
    >>> [(arrow.tail.title, arrow.head.title, arrow.labels) for arrow in drawing.arrows]
    [('Linear(2, 3)', 'Tanh()', ('(…, 3)',)), ('input', 'Linear(2, 3)', ()), ('Tanh()', 'output', ())]
    """
    planner = _Planner(depth, roll)
    box = planner.box(model, 0)
    drawing = Drawing([box], planner.arrows, planner.notes())
    if model.chained or not model.inside:
        before = shape_before(model)
        source, sink = Box("input", "data", note=before), Box("output", "data", note=shape_after(model, before))
        drawing.boxes = [source, box, sink]
        drawing.arrows += [Arrow(source, planner.entry(box)), Arrow(planner.exit(box), sink)]
    return drawing


def module_box(part: Part, closed: bool = False) -> Box:
    """Return the box of a part, without what is inside; a closed one says what it hides."""
    notes = []
    if part.shared:
        notes.append(f"the same as {part.shared}")
    if closed and part.modules_inside:
        notes.append(f"{part.modules_inside:,} module{'s' if part.modules_inside > 1 else ''} inside")
    return Box(part.title, part.kind, part.name, part.parameters, part.total, ", ".join(notes))


def names_of(names: Sequence[str]) -> str:
    """Say where several boxes are kept.

    Examples
    --------
    >>> names_of(["[0]", "[1]", "[2]"]), names_of(["key", "value"])
    ('[0] … [2]', 'key, value')
    """
    if len(names) < 3 or (len(names) <= 4 and all(name.isidentifier() for name in names)):
        return ", ".join(names)
    return f"{names[0]} … {names[-1]}"


class _Planner:
    def __init__(self, depth: int | None, roll: bool) -> None:
        self.depth, self.roll = depth, roll
        self.arrows: list[Arrow] = []
        self._chained: set[int] = set()
        self._loose = False

    def box(self, part: Part, level: int) -> Box:
        """Return the box of a part with those inside it."""
        closed = self.depth is not None and level >= self.depth
        box = module_box(part, closed)
        if closed or not part.inside:
            return box
        if part.chained:
            self._chained.add(id(box))
        box.is_column = not part.chained
        self._loose |= not part.chained and len(part.inside) > 1
        stretches = self._stretches(part)
        shape = shape_before(part)
        for start, period, times in stretches:
            parts = part.inside[start : start + period * times]
            boxes = [self.box(inner, level + 1) for inner in parts[:period]]
            if part.chained:
                shape = self._connect(box, boxes, parts[:period], shape)
                for inner in parts[period:]:
                    shape = shape_after(inner, shape)
            box.inside.append(self._together(boxes, parts, times, part.chained))
        return box

    def _stretches(self, part: Part) -> list[tuple[int, int, int]]:
        if not self.roll:
            return [(i, 1, 1) for i in range(len(part.inside))]
        structures = [inner.structure for inner in part.inside]
        return repeats(structures) if part.chained else repeats(structures, longest=1)

    def _connect(self, box: Box, boxes: list[Box], parts: Sequence[Part], shape: str) -> str:
        """Draw the arrows between the boxes, and from the last one before them; return the shape at the end."""
        previous = box.inside[-1] if box.inside else None
        for inner, part in zip(boxes, parts, strict=True):
            shape = shape or shape_before(part)
            if previous is not None:
                self.arrows.append(Arrow(self.exit(previous), self.entry(inner), (shape,) if shape else ()))
            previous, shape = inner, shape_after(part, shape)
        return shape

    def _together(self, boxes: list[Box], parts: Sequence[Part], times: int, chained: bool) -> Box:
        """Return one box for a stretch: the only one, or a group around several that come more than once."""
        if len(boxes) == 1:
            box = boxes[0]
            box.times = times
            box.name = names_of([part.name for part in parts])
            return box
        group = Box("repeated", name=names_of([part.name for part in parts]), times=times, is_group=True, inside=boxes)
        group.total = sum(box.total for box in boxes)
        if chained:
            self._chained.add(id(group))
        return group

    def entry(self, box: Box) -> Box:
        """Where the data comes in: the first box of a chain, else the box itself."""
        while box.inside and id(box) in self._chained:
            box = box.inside[0]
        return box

    def exit(self, box: Box) -> Box:
        """Where the data comes out."""
        while box.inside and id(box) in self._chained:
            box = box.inside[-1]
        return box

    def notes(self) -> list[str]:
        """What the legend says besides."""
        if not self._loose:
            return []
        return ["without arrows: the order of definition, for only forward() knows more; draw_net(model, x) runs it"]

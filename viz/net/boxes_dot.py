"""From boxes in boxes to DOT: a module with others inside is a cluster, with its title as the first node in it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import Any

from viz.net.boxes import Arrow, Box, Drawing, count_words
from viz.pictures.dot import small
from viz.pictures.legend import box_sample, legend_of
from viz.pictures.rendering import Picture
from viz.pictures.style import FONT, FORWARD, INK, LINE, ROLES, Look
from viz.words.escape import html_text, one_line, quoted_text, shorten

__all__ = ["write_boxes"]

TITLE_WIDTH = 44
_PARAMETERS = 6  # rows of one box
_LABELS = 2  # shapes on one arrow
_QUIET = "#F3F4F6"  # the ground of operations
_BOX = ROLES["operation"]  # as module and function are drawn
_GROUNDS = ("#F4F7FA", "#FFFFFF")  # of nested boxes, by turns


def write_boxes(dot: Picture, drawing: Drawing, rankdir: str) -> None:
    """Fill `dot` with boxes, arrows and legend."""
    dot.graph_attr.update(
        rankdir=rankdir, bgcolor="white", fontname=FONT, ranksep="0.3", nodesep="0.35", pad="0.15",
        labelloc="b", compound="true", newrank="true", label=_legend(drawing),
    )  # fmt: skip
    dot.node_attr.update(shape="plain", fontname=FONT, fontsize="12", fontcolor=INK)
    dot.edge_attr.update(
        fontname=FONT, fontsize="10", arrowsize="0.7", color=FORWARD, fontcolor=FORWARD, penwidth="1.2"
    )
    for i, box in enumerate(drawing.every()):
        box.id = f"b{i}"
    _Writer(dot, drawing).write()


class _Writer:
    """Writes the boxes and arrows of a drawing.

    The head of a box with others inside is a node before them, for arrows go around nodes, but right across the label
    of a cluster.
    """

    def __init__(self, dot: Picture, drawing: Drawing) -> None:
        self.dot, self.drawing = dot, drawing
        self.chains = _chains(drawing)
        self.arrows = _through_heads(drawing, self.chains)

    def write(self) -> None:
        """Write everything."""
        for box in self.drawing.boxes:
            self._box(self.dot, box, 0)
        for arrow in self.arrows:
            self._arrow(arrow)
        self._order()

    def _box(self, dot: Any, box: Box, depth: int) -> None:
        if not box.inside:
            dot.node(box.id, label=_table(box), tooltip=quoted_text(_tooltip(box)))
            return
        with dot.subgraph(name=f"cluster_{box.id}") as cluster:
            tooltip = quoted_text(_tooltip(box))
            cluster.graph_attr.update(
                label="", tooltip=tooltip, style="rounded,dashed" if box.is_group else "rounded,filled", margin="10",
                color=FORWARD if box.is_group else LINE, penwidth="1.2", fillcolor=_GROUNDS[depth % len(_GROUNDS)],
            )  # fmt: skip
            cluster.node(f"{box.id}_head", label=f"<{_head(box)}>", tooltip=tooltip)
            for inner in box.inside:
                self._box(cluster, inner, depth + (not box.is_group))

    def _arrow(self, arrow: Arrow) -> None:
        labels = [label for label in arrow.labels if label not in (arrow.tail.note, arrow.head.note)][:_LABELS]
        if len(arrow.labels) > _LABELS:
            labels.append(f"… {len(arrow.labels) - _LABELS} more")
        if arrow.kind == "next":
            labels.insert(0, "next call")
        attributes: dict[str, str] = {}
        if arrow.kind == "next" and arrow.tail is not arrow.head:
            attributes["constraint"] = "false"
        elif arrow.kind == "shared":
            color = ROLES["parameter"].outline
            attributes |= {"color": color, "fontcolor": color, "style": "dashed"}
        if labels:
            attributes["label"] = _arrow_label("\n".join(labels))
        attributes["tooltip"] = attributes["labeltooltip"] = quoted_text(f"{_short(arrow.tail)} → {_short(arrow.head)}")
        if arrow.tail.inside and not arrow.from_head:
            attributes["ltail"] = f"cluster_{arrow.tail.id}"
        self.dot.edge(self._begin(arrow), self._top(arrow.head), **attributes)

    def _begin(self, arrow: Arrow) -> str:
        return f"{arrow.tail.id}_head" if arrow.from_head else self._end(arrow.tail)

    def _top(self, box: Box) -> str:
        """The first node of a box."""
        return f"{box.id}_head" if box.inside else box.id

    def _end(self, box: Box) -> str:
        """The last node of a box."""
        while box.inside:
            box = box.inside[-1]
        return box.id

    def _order(self) -> None:
        """Put heads before what they are the heads of, and boxes without arrows one after the other."""
        reached: set[str] = set()
        below: set[tuple[str, str]] = set()
        for arrow in self.arrows:
            if arrow.kind == "next":
                continue
            entered = _entered(self.chains, arrow)
            reached |= {box.id for box in entered[:1]}
            for box in entered:
                if box.inside and box is not arrow.head and (arrow.tail.id, box.id) not in below:
                    below.add((arrow.tail.id, box.id))
                    self.dot.edge(self._begin(arrow), f"{box.id}_head", style="invis", weight="0")
        for box in self.drawing.every():
            if not box.inside:
                continue
            firsts = [inner for inner in box.inside if inner.id not in reached] or box.inside[:1]
            column = box.is_column
            for inner in firsts[:1] if column else firsts:
                self.dot.edge(f"{box.id}_head", self._top(inner), style="invis", weight="0")
            for upper, lower in pairwise(box.inside) if column else ():
                self.dot.edge(self._end(upper), self._top(lower), style="invis", weight="10")


def _chains(drawing: Drawing) -> dict[str, list[Box]]:
    """For each box the boxes around it, the outermost first, and itself."""
    chains: dict[str, list[Box]] = {}
    todo: list[tuple[Box, list[Box]]] = [(box, []) for box in drawing.boxes]
    for box, around in todo:
        chains[box.id] = [*around, box]
        todo += ((inner, chains[box.id]) for inner in box.inside)
    return chains


def _through_heads(drawing: Drawing, chains: dict[str, list[Box]]) -> list[Arrow]:
    """Where all data for a box comes from one place, lead it through the title: one arrow in, and on from there."""
    arrows = list(drawing.arrows)
    for box in drawing.every():  # the outer ones first
        if not box.inside:
            continue
        coming = [
            arrow
            for arrow in arrows
            if arrow.kind == "data" and any(box is entered for entered in _entered(chains, arrow))
        ]
        if len({(arrow.tail.id, arrow.from_head) for arrow in coming}) != 1:
            continue
        first = coming[0]
        labels = tuple(dict.fromkeys(label for arrow in coming for label in arrow.labels))
        place = next(i for i, arrow in enumerate(arrows) if arrow is first)
        inner = [Arrow(box, arrow.head, (), "data", from_head=True) for arrow in coming if arrow.head is not box]
        if len(labels) > 1:
            for onward, arrow in zip(inner, (arrow for arrow in coming if arrow.head is not box), strict=True):
                onward.labels = arrow.labels
        kept = [arrow for arrow in arrows if not any(arrow is gone for gone in coming)]
        here = sum(not any(arrow is gone for gone in coming) for arrow in arrows[:place])
        arrows = [*kept[:here], Arrow(first.tail, box, labels, "data", first.from_head), *inner, *kept[here:]]
    return arrows


def _entered(chains: dict[str, list[Box]], arrow: Arrow) -> list[Box]:
    """The boxes that an arrow enters, the outermost first."""
    around, tail = chains[arrow.head.id], chains[arrow.tail.id]
    return [box for i, box in enumerate(around) if i >= len(tail) or tail[i] is not box]


def _arrow_label(words: str) -> str:
    """Return a label that its arrow does not touch."""
    return (
        '<<TABLE BORDER="0" CELLBORDER="0" CELLPADDING="1" CELLSPACING="2">'
        f"<TR><TD>{html_text(words)}</TD></TR></TABLE>>"
    )


def _short(box: Box) -> str:
    return " ".join(filter(None, (box.name, shorten(one_line(box.title), TITLE_WIDTH))))


def _tooltip(box: Box) -> str:
    parts = [_short(box), f"{box.total:,} parameters" if box.total else "", box.note]
    return ", ".join(filter(None, parts))


def _table(box: Box) -> str:
    if box.kind == "data":
        return _data(box)
    padding, fill = (2, _QUIET) if box.kind == "operation" else (4, "white")
    return (
        f'<<TABLE BORDER="1" CELLBORDER="0" CELLSPACING="0" CELLPADDING="{padding}" STYLE="ROUNDED" COLOR="{LINE}" '
        f'BGCOLOR="{fill}"><TR><TD>{_head(box)}</TD></TR></TABLE>>'
    )


def _data(box: Box) -> str:
    look = ROLES["input"]
    name = f"<B>{html_text(shorten(one_line(box.title), TITLE_WIDTH))}</B>"
    note = small(f"  {html_text(shorten(one_line(box.note), TITLE_WIDTH))}") if box.note else ""
    return (
        f'<<TABLE BORDER="{look.border}" CELLBORDER="0" CELLSPACING="0" CELLPADDING="4" '
        f'COLOR="{look.outline}" BGCOLOR="{look.fill}"><TR><TD>{name}{note}</TD></TR></TABLE>>'
    )


def _head(box: Box) -> str:
    """Return a table with the title, how often it comes, its name, and its parameters."""
    rows = [_title(box) if box.times == 1 else _with_badge(_title(box), box.times)]
    under = "   ".join(filter(None, (shorten(one_line(box.name), TITLE_WIDTH), count_words(box), box.note)))
    if under:
        rows.append(small(html_text(under)))
    if box.parameters:
        rows.append(_parameters(box))
    body = "".join(f"<TR><TD>{row}</TD></TR>" for row in rows)
    return f'<TABLE BORDER="0" CELLBORDER="0" CELLSPACING="1" CELLPADDING="1">{body}</TABLE>'


def _with_badge(title: str, times: int) -> str:
    """Return a title and a count, about as wide as they need to be: the margins share what room there is."""
    margin = '<TD CELLPADDING="0"></TD>' * 8
    badge = f'<TD BGCOLOR="{FORWARD}"><FONT COLOR="white"><B> ×{times:,} </B></FONT></TD>'
    return (
        f'<TABLE BORDER="0" CELLBORDER="0" CELLSPACING="0" CELLPADDING="1"><TR>{margin}<TD>{title} </TD>{badge}{margin}'
        "</TR></TABLE>"
    )


def _title(box: Box) -> str:
    lines = box.title.split("\n") if box.kind == "operation" else [one_line(box.title)]
    lines = [html_text(shorten(line, TITLE_WIDTH)) for line in lines]
    if box.kind == "operation":
        return f'<FONT POINT-SIZE="11">{"<BR/>".join(lines)}</FONT>'
    return f"<B>{lines[0]}</B>" if box.kind == "module" else lines[0]


def _parameters(box: Box) -> str:
    look = ROLES["parameter"]
    rows = []
    for parameter in box.parameters[:_PARAMETERS]:
        shape = str(parameter.shape) if parameter.shape else "scalar"
        cells = (shorten(one_line(parameter.name), TITLE_WIDTH // 2), shape, f"{parameter.count:,}")
        aligned = zip(("LEFT", "LEFT", "RIGHT"), cells, strict=True)
        body = "".join(
            f'<TD ALIGN="{side}"><FONT POINT-SIZE="10">{html_text(cell)}</FONT></TD>' for side, cell in aligned
        )
        rows.append(f"<TR>{body}</TR>")
    if len(box.parameters) > _PARAMETERS:
        rows.append(f'<TR><TD COLSPAN="3">{small(f"… {len(box.parameters) - _PARAMETERS} more")}</TD></TR>')
    return (
        f'<TABLE BORDER="0" CELLBORDER="0" CELLSPACING="0" CELLPADDING="2" BGCOLOR="{look.fill}">'
        f"{''.join(rows)}</TABLE>"
    )


# --- the legend ----------------------------------------------------------------------------------------------------


def _legend(drawing: Drawing) -> str:
    boxes = list(drawing.every())
    kinds = {box.kind for box in boxes}
    cells = []
    if any(arrow.kind == "data" for arrow in drawing.arrows):
        cells.append(f'<FONT COLOR="{FORWARD}">──▶</FONT> forward pass, with shapes')
    if any(arrow.kind == "shared" for arrow in drawing.arrows):
        cells.append(f'<FONT COLOR="{ROLES["parameter"].outline}">╌╌▶</FONT> a parameter that is used elsewhere')
    if "data" in kinds:
        cells.append(box_sample("data", ROLES["input"]))
    cells.append(box_sample("<B>module</B>", _BOX))
    if "function" in kinds:
        cells.append(box_sample("function", _BOX))
    if "operation" in kinds:
        cells.append(box_sample("operations", Look(_QUIET, LINE, "ROUNDED", 1)))
    if any(box.parameters for box in boxes):
        cells.append(box_sample("parameters", Look(ROLES["parameter"].fill, ROLES["parameter"].fill, "", 1)))
    return legend_of([cells], [*_times_words(boxes, drawing.concluded), *drawing.notes])


def _times_words(boxes: Sequence[Box], concluded: bool) -> Iterator[str]:
    several = [box for box in boxes if box.times > 1]
    equal = next((box for box in several if not box.calls and box.kind != "operation"), None)
    called = next((box for box in several if box.calls), None)
    operations = next((box for box in several if box.kind == "operation" and not box.calls), None)
    if equal is not None:
        yield f"×{equal.times:,}: {equal.times:,} of the same structure, each with its own numbers"
    if called is not None:
        how = "the parameters are used" if concluded else "the same module, called"
        yield f"×{called.times:,}: {how} {called.times:,} times"
    if operations is not None:
        yield f"×{operations.times:,}: {operations.times:,} such operations"

"""The graph as text, for a terminal."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import islice
from typing import Any, NamedTuple

import numpy as np

from autograd_lite.value import Value
from viz.graphs.hints import hints
from viz.graphs.names import caller_names
from viz.graphs.snapshot import Node, Snapshot, read_graph
from viz.pictures.scale import Scale, magnitude, scale_of
from viz.terminal.table import (
    BLUE,
    BOLD,
    GAP,
    GREY,
    RED,
    Cell,
    Screen,
    Text,
    bar,
    cells,
    screen_of,
    shorten_cells,
    table,
)
from viz.words.escape import one_line, shorten
from viz.words.expression import EXPRESSION_WIDTH, expression, reading_order, short_title
from viz.words.numbers import array_lines, number_text, shape_text, short_number

__all__ = ["COMPACT", "WIDE", "Indent", "Place", "places", "tree", "tree_text"]

MAX_ROWS = 200
_NAME_WIDTH = 60
_NUMBER_WIDTH = 44
_COLUMNS = 5  # value, gradient, bar, hints, line
_NAME_ROOM = 16  # beside the lines of the tree, for a name and the beginning of an expression
_LEAST_NAME = 8  # where the depth is told
_LEAST_ROOM = 24  # for both together, before other columns say less


def tree(
    root: Value | list[Value] | tuple[Value, ...],
    *,
    names: Mapping[str, Any] | None = None,
    params: Any = None,
    max_rows: int | None = MAX_ROWS,
    lines: bool = False,
    color: bool | None = None,
    ascii: bool | None = None,
) -> Text:
    """Show the graph that computed `root` as indented text, each value above what it was computed from.

    A gradient has a bar beside it: to the left of the axis if it is negative, to the right if it is positive, and a
    cell longer for each power of ten, up to the number that stands above. The bar of an array goes from its least
    element to its greatest. Then come remarks, as that a tanh is saturated. In a terminal expressions are shortened to
    its width, numbers never.

    Parameters
    ----------
    root : Value, or list or tuple of Value
        What to show the graph of.
    names : dict, optional
        Names for values without a label, as ``locals()``; if it is left out, the caller's variables name them.
    params : dict, iterable of Value, or module, optional
        The leaves that are parameters.
    max_rows : int or None
        How many rows to show at most; None for all.
    lines : bool
        Whether to say which line of the program computed a value, where that was recorded.
    color : bool, optional
        True puts the codes of colours into the text, False none anywhere. If it is left out the text has none, so that
        it can be printed to a file, but a REPL shows it in colours, if its terminal has them and ``NO_COLOR`` is not
        set.
    ascii : bool, optional
        Whether to use ASCII characters alone; if it is left out, whether the encoding of ``sys.stdout`` has others.

    Returns
    -------
    Text
        A str that a REPL shows as it is.

    Examples
    --------
    >>> a, b = Value(2.0), Value(-3.0)
    >>> d = a * b
    >>> e = d + a
    >>> e.backward()
    >>> print(tree(e))
                         value   grad   ±10, log
    e = d + a            -4      1           │━━━━
    ├── d = a * b        -6      1           │━━━━
    │   ├── a  input     2       -2     ╺━━━━│
    │   └── b  input     -3      2           │━━━━╸
    └── a  (see above)
    """
    called = caller_names(names, sys._getframe(1))
    graph = read_graph(root, called, params)
    return tree_text(graph, max_rows, screen_of(sys.stdout, ascii=ascii), lines=lines, color=color)


def tree_text(
    graph: Snapshot,
    max_rows: int | None = MAX_ROWS,
    screen: Screen | None = None,
    *,
    lines: bool = False,
    color: bool | None = None,
) -> Text:
    """Show a snapshot as text, without a limit of width if no screen is given; see `tree`."""
    if max_rows is not None and (not isinstance(max_rows, int) or max_rows < 1):
        raise ValueError(f"max_rows is {max_rows!r}; show at least 1, or None for all")
    writer = _Writer(graph, max_rows, screen or Screen(), lines)
    return table(writer.rows(), writer.after(), color=color)


# --- the walk ------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Indent:
    """The lines of a tree: before a row with others below it, before a last row, and through the rows of inputs.

    Attributes
    ----------
    branch, end, through, blank : str
        The lines, all of one width.
    deepest : int
        Rows that lie deeper say their depth instead of being pushed off the screen.
    """

    branch: str
    end: str
    through: str
    blank: str
    deepest: int

    def leads(self, below: str, last: bool, depth: int) -> tuple[str, str]:
        """Return what stands before a row, and before the rows of its inputs."""
        line = self.end if last else self.branch
        if depth > self.deepest:
            return f"… depth {depth} {line}", ""
        return below + line, below + (self.blank if last else self.through)


WIDE = Indent("├── ", "└── ", "│   ", "    ", 20)
COMPACT = Indent("├ ", "└ ", "│ ", "  ", 20)


@dataclass(frozen=True, slots=True)
class Place:
    """A row of a tree.

    Attributes
    ----------
    id : int
        Of the node.
    again : bool
        Whether the node was shown above.
    lead : str
        The lines before it.
    """

    id: int
    again: bool
    lead: str


def places(
    roots: tuple[int, ...], inputs: Callable[[int], list[int]], repeats: Callable[[int], bool], indent: Indent
) -> Iterator[Place]:
    """Walk depth first without recursion: what is still to show lies on a stack.

    Parameters
    ----------
    roots : tuple of int
        The nodes to begin with.
    inputs : callable
        From a node to those below it, in the order in which they are shown.
    repeats : callable
        Whether a node is shown as a whole each time.
    indent : Indent
        The lines.
    """
    shown: set[int] = set()
    todo: list[tuple[int, str, str, int]] = [(i, "", "", 0) for i in reversed(roots)]
    while todo:
        i, lead, below, depth = todo.pop()
        again = i in shown and not repeats(i)
        yield Place(i, again, lead)
        if again:
            continue
        shown.add(i)
        order, deeper = inputs(i)[::-1], depth + 1
        todo += [(source, *indent.leads(below, k == 0, deeper), deeper) for k, source in enumerate(order)]


# --- the table -----------------------------------------------------------------------------------------------------


class _Told(NamedTuple):
    """What is said beside the first column: of arrays the least and the greatest alone, bars, remarks."""

    brief: bool
    bars: bool
    remarks: bool


_TOLD = (_Told(False, True, True), _Told(True, True, True), _Told(True, False, True), _Told(True, False, False))
"""The less, the scarcer the room."""


class _Writer:
    """Fits the rows of a graph to a screen."""

    def __init__(self, graph: Snapshot, max_rows: int | None, screen: Screen, lines: bool) -> None:
        self.graph, self.max_rows, self.screen, self.lines = graph, max_rows, screen, lines
        self.places = self._places(WIDE)
        self.nodes = [graph.nodes[place.id] for place in self.places]
        self.hints = hints(graph)
        self.scale = scale_of(magnitude(node.gradient) for node in self.nodes if node.gradient is not None)

    def _places(self, indent: Indent) -> list[Place]:
        nodes, roles, names = self.graph.nodes, self.graph.roles, self.graph.names
        walk = places(
            self.graph.roots,
            lambda i: [nodes[i].slots[k].source for k in reading_order(nodes[i])],
            lambda i: roles[i] == "constant" and i not in names,
            indent,
        )
        return list(islice(walk, self.max_rows))

    def after(self) -> list[str]:
        """Say how many rows are left out: there is a row for each root and for each slot."""
        left = len(self.graph.roots) + len(self.graph.sources) - len(self.places)
        words = f"… {left:,} more rows are not shown (max_rows={self.max_rows})"
        return [self.screen.text(words)] if left else []

    def rows(self) -> list[list[Cell]]:
        """Return the table; where it is too wide, the lines of the tree are closer and expressions are shortened."""
        right, room = self._right()
        first = self._first()
        if room is not None and max(map(cells, first)) > room:
            self.places = self._places(replace(COMPACT, deepest=max(2, (room - _NAME_ROOM) // 2)))
            first = self._first(room)
        return [[Cell(text), *rest] for text, rest in zip(["", *first], right, strict=True)]

    def _first(self, room: int | None = None) -> list[str]:
        column: list[str] = []
        for place, node in zip(self.places, self.nodes, strict=True):
            lead, what = self.screen.drawn(self.screen.text(place.lead)), self._what(place, node)
            if room is not None:
                what = shorten_cells(what, max(room - cells(lead), _LEAST_NAME), self.screen.text("…"))
            column.append(lead + what)
        return column

    def _what(self, place: Place, node: Node) -> str:
        name = short_title(node)
        if place.again:
            return self.screen.text(f"{name}  (see above)")
        shape = f"  {shape_text(node.shape, node.dtype)}" if node.shape and node.count == 1 else ""
        width = min(EXPRESSION_WIDTH, max(_NAME_WIDTH - len(f"{name} = {shape}"), _NAME_WIDTH // 3))
        what = f"{name} = {expression(self.graph, node, width)}" if node.op else f"{name}  {node.role}"
        return self.screen.text(what + shape + (f"  ×{node.count:,}" if node.count > 1 else ""))

    def _right(self) -> tuple[list[list[Cell]], int | None]:
        """Return the columns beside the first, and the room for that; if it is scarce, less is said of arrays."""
        room = None
        for told in _TOLD:
            right = _without_blank_columns([self._heads(told), *self._numbers(told)])
            if self.screen.width is None:
                break
            widths = (max(cells(cell.text) for cell in column) for column in zip(*right, strict=True))
            room = self.screen.width - sum(width + len(GAP) for width in widths)
            if room >= _LEAST_ROOM:
                break
        return right, room

    def _heads(self, told: _Told) -> list[Cell]:
        end = float(f"1e{self.scale.top + 1}")  # 10.0 ** 309 would be an error
        words = f"±{number_text(end)}, log" if told.bars else ""
        heads = [("value", BLUE), ("grad", RED), (self.screen.text(words), GREY), ("", ""), ("line", GREY)]
        return [Cell(text, style) for text, style in heads]

    def _numbers(self, told: _Told) -> list[list[Cell]]:
        rows = []
        for place, node in zip(self.places, self.nodes, strict=True):
            if place.again:
                rows.append([Cell("")] * _COLUMNS)
                continue
            known = node.gradient is not None and not node.is_constant
            gradient = _number(node.gradient, told.brief) if known else "-" if node.is_constant else "not computed"
            remarks = ", ".join(hint.word for hint in self.hints.get(node.id, ())) if told.remarks else ""
            texts = [
                (_number(node.value, told.brief), BLUE),
                (gradient, RED if known else GREY),
                (_bar(node.gradient, self.scale, self.screen) if told.bars and known else "", RED),
                (remarks, BOLD),
                (one_line(node.line) if self.lines else "", GREY),
            ]
            rows.append([Cell(self.screen.text(text), style) for text, style in texts])
        return rows


def _without_blank_columns(rows: list[list[Cell]]) -> list[list[Cell]]:
    """Leave out the columns that have nothing below their heads; those of the numbers stay."""
    kept = [i for i in range(_COLUMNS) if i < 2 or any(row[i].text for row in rows[1:])]
    return [[row[i] for i in kept] for row in rows]


def _number(x: Any, brief: bool) -> str:
    if isinstance(x, float):
        return number_text(x)
    if brief and np.size(x):
        return short_number(np.asarray(x))
    return shorten(" ".join(" ".join(array_lines(x)).split()), _NUMBER_WIDTH)


def _bar(x: Any, scale: Scale, screen: Screen) -> str:
    if not isinstance(x, np.ndarray):
        return bar(x, x, scale, screen)
    return bar(float(x.min()), float(x.max()), scale, screen) if x.size else ""

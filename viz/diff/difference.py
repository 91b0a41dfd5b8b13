"""Two passes laid on each other, value by value: what `viz.diff.diff` draws, and its text form."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import islice
from typing import Any

from viz.diff.change import Change, change_of
from viz.diff.matching import Arrow, Matched, Pair
from viz.graphs.contribution import contribution
from viz.graphs.snapshot import Node, Snapshot
from viz.pictures.scale import Scale, scale_of
from viz.terminal.table import BLUE, BOLD, GREY, RED, Cell, Text, table
from viz.terminal.tree import MAX_ROWS, WIDE, Place, places
from viz.words.expression import expression, short_title
from viz.words.numbers import shape_text, short_number

__all__ = ["Difference", "difference_text"]


class Difference:
    """Two graphs, the values of one paired with those of the other, and how they changed.

    Attributes
    ----------
    both : Matched
        The pairs.
    values, gradients : list of Change
        For each pair.
    notes : tuple of str
        What is to be said of the whole.

    Examples
    --------
    >>> from autograd_lite import Value
    >>> from viz.graphs.snapshot import snapshot
    >>> a, b = Value(2.0, label="a"), Value(3.0, label="b")
    >>> before = snapshot(a * b)
    >>> a.data = 2.5
    >>> change = Difference(before, snapshot(a * b))
    >>> [value.sentence() for value in change.values]
    ['2 → 2.5 (+0.5)', '3 (no change)', '6 → 7.5 (+1.5)']
    """

    def __init__(self, before: Snapshot, after: Snapshot, notes: tuple[str, ...] = ()) -> None:
        self.both = Matched(before, after)
        pairs = self.both.pairs
        self._gone = self._renamed(before) if any(pair.after is None for pair in pairs) else before
        self.values = _changes(pairs, before.values, after.values)
        self.gradients = _changes(pairs, before.gradients, after.gradients)
        self.notes = (*self._notes(), *_joined(before.notes, after.notes), *notes)

    def __len__(self) -> int:
        return len(self.both.pairs)

    def _renamed(self, before: Snapshot) -> Snapshot:
        """Call the values before as they are called after; those that are gone and have no name get a prime."""
        titles = {pair.before: self.both.after.title(pair.after) for pair in self.both.pairs if pair.after is not None}
        nodes = [
            replace(node, title=titles.get(node.id, node.name or f"{node.title}′"), name=node.name) for node in before
        ]
        return Snapshot.of(nodes, before.roots, before.notes)

    def _notes(self) -> tuple[str, ...]:
        passes = self.both.before.has_gradients, self.both.after.has_gradients
        missing = [words for words, computed in zip(("before", "after"), passes, strict=True) if not computed]
        if missing:
            return (f"{' and '.join(missing)}: the backward pass has not run, so no change of gradients is known",)
        return ()

    # --- a value -------------------------------------------------------------------------------------------------

    def graph(self, k: int) -> Snapshot:
        """Return the graph that tells of a value: that after, if the value is there."""
        return self._gone if self.both.pairs[k].after is None else self.both.after

    def node(self, k: int) -> Node:
        """Return a value as it is after; if it is gone, as it was."""
        pair = self.both.pairs[k]
        if pair.after is not None:
            return self.both.after.nodes[pair.after]
        return self._gone.nodes[pair.before or 0]

    def presence(self, k: int) -> str:
        """Say "only before" or "only after"; '' of a value that is in both graphs."""
        pair = self.both.pairs[k]
        return "only before" if pair.after is None else "only after" if pair.before is None else ""

    def is_number(self, k: int) -> bool:
        """Whether a value is but a number: a constant without a name."""
        node = self.node(k)
        return node.is_constant and not node.name

    def former_name(self, k: int) -> str:
        """Return what the user called the value before, if it has another name now."""
        pair = self.both.pairs[k]
        if pair.before is None or pair.after is None:
            return ""
        name = self.both.before.nodes[pair.before].name
        return name if name not in ("", self.node(k).name) else ""

    def is_pale(self, k: int) -> bool:
        """Whether nothing changed: neither the value nor the gradient."""
        return not self.presence(k) and self.values[k].is_none and self.gradients[k].is_none

    def what(self, k: int) -> str:
        """Return the name and what computed it, in a line."""
        node = self.node(k)
        name = short_title(node)
        made = f"{name} = {expression(self.graph(k), node)}" if node.op else f"{name}  {node.role}"
        shape = f"  {shape_text(node.shape, node.dtype)}" if node.shape and node.count == 1 else ""
        return made + shape + (f"  ×{node.count:,}" if node.count > 1 else "")

    # --- the whole -----------------------------------------------------------------------------------------------

    def flow(self, arrow: Arrow) -> Change:
        """Return the change of the gradient that flows back through a slot: of the term that it adds.

        Where an operation mixes elements there is no such term; then it is the change of the argument's gradient.
        """
        pair = self.both.pairs[arrow.target]
        if arrow.before is None or arrow.after is None or pair.before is None or pair.after is None:
            return Change(None, None, None)
        old = contribution(self.both.before, self.both.before.nodes[pair.before], arrow.before)
        new = contribution(self.both.after, self.both.after.nodes[pair.after], arrow.after)
        if old is None and new is None:
            return self.gradients[arrow.source]
        return change_of(old, new)

    def sizes(self) -> list[float]:
        """Return how large each change is, of values and of gradients."""
        return [change.size for change in self.values + self.gradients]

    def scale(self) -> Scale:
        """Return one scale for all changes."""
        return scale_of(self.sizes())

    @property
    def is_none(self) -> bool:
        """Whether the graphs are the same, numbers and all."""
        return all(map(self.is_pale, range(len(self))))


def _joined(before: Sequence[str], after: Sequence[str]) -> Iterator[str]:
    """What was merged or left out, of both graphs or of one."""
    for which, notes, others in (("before", before, after), ("after", after, before)):
        for note in notes:
            if note not in others:
                yield f"{which}: {note}"
            elif which == "after":
                yield note


def _changes(pairs: list[Pair], before: Sequence[Any], after: Sequence[Any]) -> list[Change]:
    return [
        change_of(
            None if pair.before is None else before[pair.before], None if pair.after is None else after[pair.after]
        )
        for pair in pairs
    ]


def difference_text(change: Difference, max_rows: int | None = MAX_ROWS) -> Text:
    """Show a difference as an outline: each value above what it was computed from, with what was and what is.

    Examples
    --------
    >>> from autograd_lite import Value
    >>> from viz.graphs.snapshot import snapshot
    >>> a, b = Value(2.0, label="a"), Value(3.0, label="b")
    >>> y = a * b
    >>> y.backward()
    >>> before = snapshot(y)
    >>> a.data -= 0.1 * a.grad
    >>> a.zero_grad(), b.zero_grad()
    (None, None)
    >>> y = a * b
    >>> y.backward()
    >>> difference_text(Difference(before, snapshot(y)))
                   value     change   grad      change
    v2 = a * b     6 → 5.1   -0.9     1
    ├── a  input   2 → 1.7   -0.3     3
    └── b  input   3                  2 → 1.7   -0.3
    """
    arrows = change.both.arrows
    walk = places(change.both.roots, lambda k: [arrow.source for arrow in arrows[k]], change.is_number, WIDE)
    shown = list(islice(walk, max_rows))
    rows = [[Cell(""), Cell("value", BLUE), Cell("change", GREY), Cell("grad", RED), Cell("change", GREY)]]
    rows += [_row(change, place) for place in shown]
    left = len(change.both.roots) + sum(map(len, arrows)) - len(shown)
    after = [f"… {left:,} more rows are not shown"] if left else []
    if change.is_none:
        after.append("nothing changed")
    return table(rows, [*after, *change.notes])


def _row(change: Difference, place: Place) -> list[Cell]:
    k, node = place.id, change.node(place.id)
    if place.again:
        return [Cell(f"{place.lead}{short_title(node)}  (see above)"), *[Cell("")] * 4]
    presence = change.presence(k)
    if presence:
        known = "not computed" if node.gradient is None else short_number(node.gradient)
        texts = [short_number(node.value), "", known, ""]
    else:
        value, gradient = change.values[k], change.gradients[k]
        texts = [value.both(), value.words(), gradient.both(), gradient.words()]
    if node.is_constant:
        texts[2] = "-"
    what = place.lead + change.what(k) + (f"  ({presence})" if presence else "")
    return [Cell(what), *map(Cell, texts, (BLUE, BOLD, RED, BOLD))]

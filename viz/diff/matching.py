"""Which value of one graph is which value of another: two passes through a network, or through two versions of it."""

from __future__ import annotations

from collections import deque
from collections.abc import Hashable, Iterator
from dataclasses import dataclass

from viz.graphs.snapshot import Snapshot
from viz.words.expression import reading_slots
from viz.words.options import option_text

__all__ = ["Arrow", "Matched", "Pair", "match"]


@dataclass(frozen=True, slots=True)
class Pair:
    """A value before and after; one of them is None if the value is in one graph only.

    Attributes
    ----------
    before, after : int or None
        The ids in the two graphs.
    """

    before: int | None
    after: int | None


@dataclass(frozen=True, slots=True)
class Arrow:
    """An argument slot, in both graphs or in one.

    Attributes
    ----------
    source, target : int
        Numbers of pairs.
    before, after : int or None
        The slot's place in the target's slots.
    """

    source: int
    target: int
    before: int | None
    after: int | None


class Matched:
    """Two graphs, laid on each other.

    Attributes
    ----------
    before, after : Snapshot
        The graphs.
    pairs : list of Pair
        All values: those after, in their order, then those that are gone.
    arrows : list of list of Arrow
        For each pair the slots, in the order in which they are read; those that are gone come last.
    roots : tuple of int
        Numbers of pairs.

    Examples
    --------
    >>> from autograd_lite import Value
    >>> from viz.graphs.snapshot import snapshot
    >>> a, b = Value(2.0, label="a"), Value(3.0, label="b")
    >>> both = Matched(snapshot(a * b), snapshot((a * b).tanh()))
    >>> both.pairs
    [Pair(before=0, after=0), Pair(before=1, after=1), Pair(before=2, after=2), Pair(before=None, after=3)]
    """

    def __init__(self, before: Snapshot, after: Snapshot) -> None:
        self.before, self.after = before, after
        partners = match(before, after)
        gone = sorted(set(range(len(before))) - {i for i in partners if i is not None})
        self.pairs = [Pair(i, j) for j, i in enumerate(partners)] + [Pair(i, None) for i in gone]
        self._of_before = {pair.before: k for k, pair in enumerate(self.pairs) if pair.before is not None}
        self.arrows = [list(self._arrows(k)) for k in range(len(self.pairs))]
        self.roots = tuple(dict.fromkeys([*after.roots, *(self._of_before[i] for i in before.roots)]))

    def _arrows(self, target: int) -> Iterator[Arrow]:
        pair = self.pairs[target]
        old = self._slots(self.before, pair.before, self._of_before)
        new = self._slots(self.after, pair.after)
        for slot, source in new.items():
            same = old.get(slot) == source
            yield Arrow(source, target, slot if same else None, slot)
            if same:
                del old[slot]
        for slot, source in old.items():
            yield Arrow(source, target, slot, None)

    @staticmethod
    def _slots(graph: Snapshot, i: int | None, of: dict[int, int] | None = None) -> dict[int, int]:
        """Return the pairs in a value's slots; after the change a value's id is the number of its pair."""
        if i is None:
            return {}
        sources = _sources(graph, i)
        return {slot: sources[slot] if of is None else of[sources[slot]] for slot in reading_slots(graph, i)}


def match(before: Snapshot, after: Snapshot) -> list[int | None]:
    """Return for each value of `after` the value of `before` that it is, or None.

    Graphs of the same structure match in order. Else values match that alone have a name, then those that are computed
    in the same way from such, then, beginning at the roots, what stands in the same slot of the same operation. It
    takes time in proportion to the graphs' sizes, and always finds the same.

    Examples
    --------
    >>> from autograd_lite import Value
    >>> from viz.graphs.snapshot import snapshot
    >>> a, b = Value(2.0, label="a"), Value(3.0, label="b")
    >>> match(snapshot(a * 2.0), snapshot(b + a * 2.0))
    [None, 0, 1, 2, None]
    """
    if _same_structure(before, after):
        return list(range(len(after)))
    matcher = _Matcher(before, after)
    matcher.by_name()
    matcher.upwards()
    matcher.downwards()
    return matcher.partners


def _same_structure(before: Snapshot, after: Snapshot) -> bool:
    if (len(before), before.roots) != (len(after), after.roots):
        return False
    if before.offsets.tolist() != after.offsets.tolist() or before.sources.tolist() != after.sources.tolist():
        return False
    return all(_compatible(before, i, after, i) for i in range(len(after)))


def _compatible(before: Snapshot, i: int, after: Snapshot, j: int) -> bool:
    """Whether two values can be the same: of the same operation, or leaves of no different names."""
    old, new = before.ops[i], after.ops[j]
    if old is not None or new is not None:
        return old is not None and new is not None and old.name == new.name
    names = before.names.get(i, ""), after.names.get(j, "")
    return (before.roles[i] == "constant") == (after.roles[j] == "constant") and (names[0] == names[1] or "" in names)


class _Matcher:
    def __init__(self, before: Snapshot, after: Snapshot) -> None:
        self.before, self.after = before, after
        self.partners: list[int | None] = [None] * len(after)
        self._taken: set[int] = set()

    def _join(self, i: int, j: int) -> bool:
        """Match two values, if both are free and can be the same."""
        if i in self._taken or self.partners[j] is not None or not _compatible(self.before, i, self.after, j):
            return False
        self.partners[j] = i
        self._taken.add(i)
        return True

    def by_name(self) -> None:
        """Match the values that alone have a name."""
        old = _unique_names(self.before)
        for name, j in _unique_names(self.after).items():
            if name in old:
                self._join(old[name], j)

    def upwards(self) -> None:
        """Match the values that are computed in the same way from values that match."""
        numbers: dict[Hashable, int] = {}
        matched = {i: ("pair", j) for j, i in enumerate(self.partners) if i is not None}
        old = _formulas(self.before, matched, numbers)
        new = _formulas(self.after, {j: ("pair", j) for j in range(len(self.after)) if self._is_matched(j)}, numbers)
        waiting: dict[int, deque[int]] = {}
        for i, number in old.items():
            if self.before.ops[i] is not None:
                waiting.setdefault(number, deque()).append(i)
        for j, number in new.items():
            if waiting.get(number) and self._join(waiting[number][0], j):
                waiting[number].popleft()

    def _is_matched(self, j: int) -> bool:
        return self.partners[j] is not None

    def downwards(self) -> None:
        """Match what stands in the same slots, beginning at the roots and then at all that is matched."""
        begin = list(zip(self.before.roots, self.after.roots, strict=False))
        todo = [(i, j) for j, i in enumerate(self.partners) if i is not None]
        todo += [(i, j) for i, j in reversed(begin) if self._join(i, j)]
        while todo:
            i, j = todo.pop()
            pairs = list(zip(_sources(self.before, i), _sources(self.after, j), strict=False))
            todo += [(s, t) for s, t in reversed(pairs) if self._join(s, t)]


def _unique_names(graph: Snapshot) -> dict[str, int]:
    found: dict[str, int] = {}
    twice: set[str] = set()
    for i, name in graph.names.items():
        if name in found:
            twice.add(name)
        found[name] = i
    return {name: i for name, i in found.items() if name not in twice}


def _formulas(graph: Snapshot, known: dict[int, tuple[str, int]], numbers: dict[Hashable, int]) -> dict[int, int]:
    """Number the formulas of values in terms of known ones and of constants; what depends on others has none."""
    found: dict[int, int] = {}
    for i, op in enumerate(graph.ops):
        key: Hashable = None
        if i in known:
            key = known[i]
        elif op is not None:
            sources = [found.get(source) for source in _sources(graph, i)]
            key = None if None in sources else (op.name, _options(graph, i), *sources)
        elif graph.roles[i] == "constant" and isinstance(graph.values[i], float):
            key = ("constant", repr(graph.values[i]))
        if key is not None:
            found[i] = numbers.setdefault(key, len(numbers))
    return found


def _options(graph: Snapshot, i: int) -> tuple[str, ...]:
    return tuple(f"{key}={option_text(value)}" for key, value in sorted(graph.options.get(i, {}).items()))


def _sources(graph: Snapshot, i: int) -> list[int]:
    found: list[int] = graph.sources[graph.offsets[i] : graph.offsets[i + 1]].tolist()
    return found

"""Fewer boxes for the same network: equal boxes in a row become one with a count, operations in a row one box."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from typing import Any

from viz.net.boxes import ArrowKind, Box
from viz.net.modules import repeats
from viz.net.plan import names_of

__all__ = ["Key", "Links", "shorten_chains"]

Key = tuple[str, ...]
"""The way to a box: a name for each box around it, and its own."""

Links = dict[tuple[Key, Key, ArrowKind], tuple[str, ...]]
"""From tail, head and kind of an arrow to its labels."""

_LINES = 5  # of operations in a row; the rest is counted


def shorten_chains(boxes: dict[Key, Box], links: Links, roll: bool) -> None:
    """Shorten, in place, what stands in a row: equal boxes if `roll`, and operations."""
    if roll:
        _roll(boxes, links)
    _fold(boxes, links)


class _Levels:
    """For each box, what is inside it, and which of these hands data to which; and what reaches in or out of it."""

    def __init__(self, boxes: dict[Key, Box], links: Links) -> None:
        self.inside: dict[Key, list[Key]] = defaultdict(list)
        self.after: dict[Key, set[Key | None]] = defaultdict(set)
        self.before: dict[Key, set[Key | None]] = defaultdict(set)
        for key in boxes:
            self.inside[key[:-1]].append(key)
        for tail, head, _ in links:
            length = 0
            while length < min(len(tail), len(head)) and tail[length] == head[length]:
                length += 1
            if length < min(len(tail), len(head)):
                self.after[tail[: length + 1]].add(head[: length + 1])
                self.before[head[: length + 1]].add(tail[: length + 1])
            for inner in range(length + 2, len(tail) + 1):
                self.after[tail[:inner]].add(None)  # None: somewhere outside of the box around
            for inner in range(length + 2, len(head) + 1):
                self.before[head[:inner]].add(None)

    def rows(self, around: Key) -> list[list[Key]]:
        """The longest rows in which each box hands data to the next one only, which reads nothing else."""
        following: dict[Key, Key] = {}
        for key in self.inside[around]:
            after = self.after[key]
            (only,) = after if len(after) == 1 else (None,)
            if only is not None and self.before[only] == {key}:
                following[key] = only
        heads = [key for key in self.inside[around] if key not in set(following.values())]
        rows = []
        for key in heads:
            row = [key]
            while row[-1] in following:
                row.append(following[row[-1]])
            rows.append(row)
        return rows


# --- equal boxes in a row ------------------------------------------------------------------------------------------


def _roll(boxes: dict[Key, Box], links: Links) -> None:
    levels = _Levels(boxes, links)
    structures = _structures(boxes, levels)
    instead: dict[Key, Key] = {}  # a box that goes, and the equal one that stays
    turn: dict[Key, tuple[Key, int]] = {}  # which repeat, and which turn of it
    groups: dict[Key, Key] = {}
    made: dict[Key, Box] = {}
    for around in [key for key in list(levels.inside) if levels.inside[key]]:
        for row in levels.rows(around):
            for start, period, times in repeats([structures[key] for key in row]):
                if times > 1:
                    members = row[start : start + period * times]
                    stay = members[:period]
                    for n, key in enumerate(members):
                        turn[key] = (stay[0], n // period)
                        if n >= period:
                            instead[key] = stay[n % period]
                    _count(boxes, members, period, times, groups, made)
    if instead:
        _rename(boxes, links, levels, instead, turn, groups, made)


def _count(
    boxes: dict[Key, Box], members: list[Key], period: int, times: int, groups: dict[Key, Key], made: dict[Key, Box]
) -> None:
    stay = members[:period]
    names = names_of([boxes[key].name for key in members if boxes[key].name])
    if period == 1:
        box = boxes[stay[0]]
        box.times, box.calls, box.name = times, False, names
        return
    group = (*stay[0][:-1], f"group {stay[0][-1]}")
    made[group] = Box("repeated", name=names, total=sum(boxes[key].total for key in stay), times=times, is_group=True)
    groups.update((key, group) for key in stay)


def _structures(boxes: dict[Key, Box], levels: _Levels) -> dict[Key, Any]:
    """What makes boxes equal, deepest first: title, parameters, what is inside and how it hangs together."""
    found: dict[Key, Any] = {}
    known: dict[Any, int] = {}
    for key in sorted(boxes, key=len, reverse=True):
        box = boxes[key]
        inside = levels.inside.get(key, [])
        inner = sorted((child[-1], found[child]) for child in inside)
        hang = sorted((child[-1], sorted(head[-1] if head else "" for head in levels.after[child])) for child in inside)
        alike = (box.title, box.kind, box.parameters, box.total, box.times, box.note, str(inner), str(hang))
        found[key] = known.setdefault(key if box.kind == "data" else alike, len(known))  # data is never equal
    return found


def _rename(
    boxes: dict[Key, Box],
    links: Links,
    levels: _Levels,
    instead: dict[Key, Key],
    turn: dict[Key, tuple[Key, int]],
    groups: dict[Key, Key],
    made: dict[Key, Box],
) -> None:
    renamed: dict[Key, tuple[Key, Key]] = {(): ((), ())}

    def name(key: Key) -> tuple[Key, Key]:
        """The box that stays for this one: its old key, and its new one."""
        if key not in renamed:
            old, new = name(key[:-1])
            here = instead.get((*old, key[-1]), (*old, key[-1]))
            group = groups.get(here)
            renamed[key] = here, (*new, *((group[-1],) if group else ()), here[-1])
        return renamed[key]

    old_links = dict(links)
    links.clear()
    for (tail, head, kind), labels in old_links.items():
        if not _between_turns(tail, head, turn):
            ends = name(tail)[1], name(head)[1]
            if ends[0] != ends[1] or tail == head:
                links.setdefault((*ends, kind), labels)
    old_boxes = dict(boxes)
    boxes.clear()
    for key, box in old_boxes.items():
        old, new = name(key)
        if old == key:
            group = groups.get(key)
            if group:
                boxes.setdefault(new[:-1], made[group])
            boxes[new] = box


def _between_turns(tail: Key, head: Key, turn: dict[Key, tuple[Key, int]]) -> bool:
    """Whether an arrow leads from one turn of a repeat to the next: the count says that."""
    length = 0
    while length < min(len(tail), len(head)) and tail[length] == head[length]:
        length += 1
    first, second = turn.get(tail[: length + 1]), turn.get(head[: length + 1])
    return first is not None and second is not None and first[0] == second[0] and first[1] != second[1]


# --- operations in a row -------------------------------------------------------------------------------------------


def _fold(boxes: dict[Key, Box], links: Links) -> None:
    """Write operations in a row in one box, a line for each."""
    levels = _Levels(boxes, links)
    into: dict[Key, Key] = {}
    for around in list(levels.inside):
        for row in levels.rows(around):
            for part in _operations(row, boxes):
                into.update((key, part[0]) for key in part[1:])
                boxes[part[0]].title = _lines([boxes[key] for key in part])
                boxes[part[0]].times = 1 if len({boxes[key].times for key in part}) > 1 else boxes[part[0]].times
    old_links = dict(links)
    links.clear()
    for (tail, head, kind), labels in old_links.items():
        ends = into.get(tail, tail), into.get(head, head)
        if ends[0] != ends[1] or tail == head:
            links.setdefault((*ends, kind), labels)
    for key in into:
        del boxes[key]


def _operations(row: Sequence[Key], boxes: dict[Key, Box]) -> list[list[Key]]:
    """The stretches of more than one operation."""
    found: list[list[Key]] = [[]]
    for key in row:
        if boxes[key].kind == "operation":
            found[-1].append(key)
        elif found[-1]:
            found.append([])
    return [stretch for stretch in found if len(stretch) > 1]


def _lines(row: Sequence[Box]) -> str:
    many = len({box.times for box in row}) > 1
    lines = [f"{box.title} ×{box.times:,}" if many and box.times > 1 else box.title for box in row]
    if len(lines) > _LINES + 1:
        lines = [*lines[: _LINES - 1], f"… {len(lines) - _LINES} more", lines[-1]]
    return "\n".join(lines)

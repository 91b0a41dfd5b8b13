"""What a workload found: tables for people, samples for programs, and targets with a verdict."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

Samples = dict[str, dict[str, list[float]]]
"""For each contestant, for each condition (as "gc on"), what was measured, one number a round."""


@dataclass
class Table:
    """Text in columns; the first column is set to the left, the others to the right."""

    columns: Sequence[str]
    rows: list[Sequence[str]] = field(default_factory=list)

    def __str__(self) -> str:
        lines = [self.columns, *self.rows]
        widths = [max(len(line[i]) for line in lines) for i in range(len(self.columns))]
        return "\n".join(self._line(line, widths) for line in lines)

    @staticmethod
    def _line(cells: Sequence[str], widths: list[int]) -> str:
        rest = (cell.rjust(width) for cell, width in zip(cells[1:], widths[1:], strict=True))
        return "  ".join(["  " + cells[0].ljust(widths[0]), *rest]).rstrip()


@dataclass
class Report:
    """The outcome of one workload.

    Attributes
    ----------
    samples : Samples
        Everything that was measured.
    tables : list of Table
        The same, for reading.
    notes : list of str
        Who is missing, who was refused and why, and whatever else has to be said.
    ours, condition : str
        Whom the others are compared with, and under which condition; '' where there is nothing to compare.
    """

    workload: str
    doc: str
    samples: Samples = field(default_factory=dict)
    tables: list[Table] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    ours: str = ""
    condition: str = ""

    def __str__(self) -> str:
        title = f"{self.workload}: {self.doc}"
        return "\n".join([title, *(f"{table}\n" for table in self.tables), *(f"  {note}" for note in self.notes)])

    def as_dict(self) -> dict[str, Any]:
        """The report for a JSON file."""
        return asdict(self)

    @classmethod
    def from_dict(cls, found: dict[str, Any]) -> Report:
        """The report that such a file holds."""
        return cls(**found | {"tables": [Table(**table) for table in found["tables"]]})

    def ratio(self, peer: str, ours: str, condition: str) -> float | None:
        """Median over the rounds of the peer's sample divided by ours of the same round; None if not measured."""
        found = self.ratios(peer, ours, condition)
        return statistics.median(found) if found else None

    def ratios(self, peer: str, ours: str, condition: str) -> list[float]:
        """The peer's sample divided by ours, for each round; none if not measured."""
        theirs, own = (self.samples.get(name, {}).get(condition, []) for name in (peer, ours))
        return [a / b for a, b in zip(theirs, own, strict=True)] if theirs and own else []


@dataclass(frozen=True)
class Target:
    """A claim, and how to judge it: the judge gives the figure in words and whether it is met (None: not measured)."""

    text: str
    judge: Callable[[Report], tuple[str, bool | None]]

    def verdict(self, report: Report) -> str:
        """One line: the target, the figure, met or not."""
        figure, met = self.judge(report)
        return f"[{'not measured' if met is None else 'met' if met else 'NOT MET'}] {self.text}: {figure}"


def times_as_fast(ours: str, peers: Sequence[str], factor: float, conditions: Sequence[str]) -> Callable[..., Any]:
    """A judge: every peer takes at least `factor` times as long as we do, under the first condition."""

    def judge(report: Report) -> tuple[str, bool | None]:
        found = {p: [report.ratio(p, ours, c) for c in conditions] for p in peers}
        figures = [f"{p} {_in_words(ratios, conditions)}" for p, ratios in found.items()]
        deciding = [ratios[0] for ratios in found.values()]
        if any(r is None for r in deciding):
            return ", ".join(figures), None
        return ", ".join(figures), all(r >= factor for r in deciding if r is not None)

    return judge


def _in_words(ratios: Sequence[float | None], conditions: Sequence[str]) -> str:
    if ratios[0] is None:
        return "missing"
    first = f"{ratios[0]:.2f}x"
    others = [f"{r:.2f}x {c}" for r, c in zip(ratios[1:], conditions[1:], strict=True) if r is not None]
    return first + (f" ({', '.join(others)})" if others else "")


UNITS = (("s", 1.0), ("ms", 1e-3), ("us", 1e-6), ("ns", 1e-9))


def seconds(t: float) -> str:
    """A time with a unit and three digits."""
    unit, scale = next((u, s) for u, s in UNITS if t >= s or u == "ns")
    figure = t / scale
    return f"{figure:.{2 if figure < 10 else 1 if figure < 100 else 0}f} {unit}"


def quartiles(sample: Sequence[float]) -> tuple[float, float]:
    """The first and the third quartile; the extremes if there are fewer than four numbers."""
    if len(sample) < 4:
        return min(sample), max(sample)
    first, _, third = statistics.quantiles(sample, n=4, method="inclusive")
    return first, third


def time_cells(sample: Sequence[float]) -> list[str]:
    """Median and quartiles of some times."""
    low, high = quartiles(sample)
    return [seconds(statistics.median(sample)), f"{seconds(low)} .. {seconds(high)}"]

"""A graph of scalars a million links deep."""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import dataclass
from statistics import median
from typing import Any, NamedTuple

from benchmarks.harness import (
    GC_MODES,
    OURS,
    Answer,
    Options,
    Workload,
    agreeing,
    clock,
    collector,
    difference,
    enter,
    frozen_heap,
    turns,
)
from benchmarks.peers import peer
from benchmarks.report import Report, Table, Target, seconds, times_as_fast
from benchmarks.scalar import torch_leaf

PHASES = ("build", "backward", "free", "total")
SHORT = 100
"""Links of the chain on which all contestants are compared, micrograd too."""
DEFAULT_LIMIT = 1_000
"""Calls within calls that Python allows, unless it is told otherwise."""


class Chain(NamedTuple):
    """The leaves x, a, b, and the last node."""

    leaves: tuple[Any, Any, Any]
    root: Any


def build(leaf: Callable[[float], Any], length: int) -> Chain:
    """x = x*a + b, `length` times."""
    leaves = leaf(0.5), leaf(0.999999), leaf(1e-6)
    x, a, b = leaves
    for _ in range(length):
        x = x * a + b
    return Chain(leaves, x)


def read(chain: Chain) -> Answer:
    """The value and the three gradients."""
    return float(chain.root.data), [float(x.grad) for x in chain.leaves]


def short_answer(leaf: Callable[[float], Any]) -> Answer:
    """The answer of a chain that is short enough for everyone."""
    chain = build(leaf, SHORT)
    chain.root.backward()
    return read(chain)


def phases(leaf: Callable[[float], Any], length: int) -> tuple[dict[str, float], Answer]:
    """Seconds to build, to go backward and to free; and the answer."""
    times = [clock()]
    chain = build(leaf, length)
    times.append(clock())
    chain.root.backward()
    times.append(clock())
    answer = read(chain)
    start = clock()
    del chain
    spent = [times[1] - times[0], times[2] - times[1], clock() - start]
    return dict(zip(PHASES, [*spent, sum(spent)], strict=True)), answer


def failing_length(leaf: Callable[[float], Any], limit: int) -> int | None:
    """The least number of links at which backward raises RecursionError; None if there is none up to `limit`."""
    if not fails(leaf, limit):
        return None
    works, too_long = 0, limit
    while too_long - works > 1:
        middle = (works + too_long) // 2
        works, too_long = (works, middle) if fails(leaf, middle) else (middle, too_long)
    return too_long


def fails(leaf: Callable[[float], Any], length: int) -> bool:
    """Whether a chain of this length raises RecursionError, with the limit that Python starts with."""
    limit = sys.getrecursionlimit()
    sys.setrecursionlimit(DEFAULT_LIMIT)  # tinygrad, once imported, has raised it for everyone
    try:
        build(leaf, length).root.backward()
    except RecursionError:
        return True
    finally:
        sys.setrecursionlimit(limit)
    return False


@dataclass(frozen=True)
class ChainWorkload(Workload):
    """Build, backward and free timed apart; a peer that recurses is reported with the length at which it fails."""

    recursive: tuple[str, ...] = ()

    def measure(self, options: Options) -> Report:
        """Compare the answers of a short chain, then time a long one; its answers must agree too."""
        length, rounds = (100_000, 3) if options.quick else (1_000_000, 3)
        doc = f"{self.doc}, {length:,} times; float64"
        report = Report(self.name, doc, ours=self.ours, condition=GC_MODES[0])
        agreed = agreeing(enter(self.contestants, report), self.ours, short_answer, report)
        for name in [name for name in agreed if name in self.recursive]:
            report.notes.append(f"{name}: {_recursion(agreed.pop(name))}")
        self._time(agreed, length, rounds, report)
        report.notes.append(f"{rounds} rounds; quartiles are the extremes")
        return report

    def _time(self, agreed: dict[str, Any], length: int, rounds: int, report: Report) -> None:
        parts: dict[tuple[str, str], list[dict[str, float]]] = {}
        answers: dict[str, Answer] = {}
        with frozen_heap():
            for name, mode in turns(list(agreed), rounds):
                with collector(mode):
                    times, answers[name] = phases(agreed[name], length)
                parts.setdefault((name, mode), []).append(times)
        for name in agreed:
            fault = difference(answers[self.ours], answers[name])
            if fault:
                report.notes.append(f"{name}: REFUSED, its time is not shown: {fault}")
            else:
                modes = {m: parts[name, m] for m in GC_MODES}
                report.samples[name] = {
                    m if p == "total" else f"{p}, {m}": [t[p] for t in ts] for m, ts in modes.items() for p in PHASES
                }
        report.tables.append(self._table(report))

    def _table(self, report: Report) -> Table:
        table = Table(["", "", *PHASES, "extremes of total", "/ ours"])
        for name, samples in report.samples.items():
            for mode in GC_MODES:
                middle = [median(samples[f"{p}, {mode}"]) for p in PHASES[:-1]] + [median(samples[mode])]
                extremes = f"{seconds(min(samples[mode]))} .. {seconds(max(samples[mode]))}"
                ratio = f"{report.ratio(name, self.ours, mode):.2f}"
                table.rows.append([name, mode, *map(seconds, middle), extremes, ratio])
        return table


def _recursion(leaf: Callable[[float], Any]) -> str:
    length = failing_length(leaf, 10_000)
    return f"RecursionError at {length} links" if length else "no RecursionError up to 10,000 links, not timed"


CHAIN = ChainWorkload(
    "chain",
    "x = x*a + b of scalars",
    {
        OURS: lambda: peer("autograd_lite").Value,
        "torch, 0-d": torch_leaf,
        "micrograd": lambda: peer("micrograd.engine").Value,
    },
    [Target("chain, at most 1/5 of torch's time", times_as_fast(OURS, ["torch, 0-d"], 5, GC_MODES))],
    recursive=("micrograd",),
)

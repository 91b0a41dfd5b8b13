"""Workloads and how they are timed: agreement first, then all contestants in turn, round after round.

A workload has a name, a doc, and contestants: for each name a factory without arguments, which imports its library
and gives a `Contestant`. Its `measure` runs them and returns a `Report`. `Workload` times repeated steps; chain.py
and memory.py measure something else.
"""

from __future__ import annotations

import gc
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from statistics import median
from typing import Any, NamedTuple

import numpy as np

from benchmarks.report import Report, Table, Target, time_cells, times_as_fast

GC_MODES = ("gc on", "gc off")
OURS = "autograd_lite"
TOLERANCE = 1e-9

clock = time.perf_counter
Answer = tuple[Any, list[Any]]
"""A value and its gradients."""


class Contestant(NamedTuple):
    """A library doing the work: `step` is timed, `read` turns what it returned into an answer, untimed."""

    step: Callable[[], Any]
    read: Callable[[Any], Answer]


@dataclass(frozen=True)
class Options:
    """How thorough to be."""

    quick: bool = False

    @property
    def rounds(self) -> int:
        """How often each contestant has its turn."""
        return 7 if self.quick else 21

    @property
    def sample_seconds(self) -> float:
        """About how long a turn lasts: long enough for several full collections where a library makes cycles."""
        return 0.03 if self.quick else 0.1


@dataclass(frozen=True)
class Workload:
    """Steps that are repeated; a turn is as many of them as fill `Options.sample_seconds`.

    Attributes
    ----------
    ours : str
        The contestant whom the others are compared with.
    warm_up : int
        Steps before the answers are compared. More than one shows that gradients are fresh at every step, and that
        parameters are updated alike.
    """

    name: str
    doc: str
    contestants: dict[str, Callable[[], Any]]
    targets: Sequence[Target] = ()
    ours: str = OURS
    warm_up: int = 3

    def measure(self, options: Options) -> Report:
        """Check that all agree, time those who do, and make the table."""
        report = Report(self.name, self.doc, ours=self.ours, condition=GC_MODES[0])
        present = enter(self.contestants, report)
        agreed = agreeing(present, self.ours, self._answer, report)
        counts = {name: steps_in(c, options.sample_seconds) for name, c in agreed.items()}
        report.samples = {name: {mode: [] for mode in GC_MODES} for name in agreed}
        with frozen_heap():
            for name, mode in turns(list(agreed), options.rounds):
                report.samples[name][mode].append(timed(agreed[name].step, counts[name], mode))
        report.tables.append(comparison(report, self.ours))
        report.notes.append(f"{options.rounds} rounds; steps a turn: {_listed(counts)}")
        return report

    def _answer(self, contestant: Contestant) -> Answer:
        for _ in range(self.warm_up - 1):
            contestant.step()
        return contestant.read(contestant.step())


# --- who takes part ------------------------------------------------------------------------------------------------


def enter(factories: dict[str, Callable[[], Any]], report: Report) -> dict[str, Any]:
    """Make the contestants; those whose library is not installed are noted as missing."""
    present = {}
    for name, factory in factories.items():
        try:
            present[name] = factory()
        except ImportError as error:
            report.notes.append(f"{name}: missing ({error})")
    return present


def agreeing(present: dict[str, Any], ours: str, answer: Callable[[Any], Answer], report: Report) -> dict[str, Any]:
    """Keep those whose value and gradients equal those of `ours`; the others are refused, and why is noted.

    A peer that raises an error is noted too: it does not end a run of many minutes.
    """
    expected = answer(present[ours])
    agreed = {ours: present[ours]}
    for name, contestant in present.items():
        if name == ours:
            continue
        try:
            fault = difference(expected, answer(contestant))
        except Exception as error:
            report.notes.append(
                f"{name}: FAILED, not timed: {type(error).__name__}: {str(error).partition(chr(10))[0]}"
            )
            continue
        if fault:
            report.notes.append(f"{name}: REFUSED, not timed: {fault}")
        else:
            agreed[name] = contestant
    return agreed


def difference(expected: Answer, found: Answer) -> str:
    """What is wrong with an answer, '' if nothing: every number must agree to a relative 1e-9."""
    if not np.allclose(found[0], expected[0], rtol=TOLERANCE, atol=0):
        return f"its value is {found[0]}, ours {expected[0]}"
    if len(found[1]) != len(expected[1]):
        return f"it has {len(found[1])} gradients, we have {len(expected[1])}"
    for i, (theirs, ours) in enumerate(zip(found[1], expected[1], strict=True)):
        size = np.max(np.abs(ours))
        if np.shape(theirs) != np.shape(ours):
            return f"gradient {i} has shape {np.shape(theirs)}, ours {np.shape(ours)}"
        if not np.allclose(theirs, ours, rtol=TOLERANCE, atol=TOLERANCE * size):
            return f"gradient {i} is {theirs}, ours {ours}"
    return ""


# --- timing --------------------------------------------------------------------------------------------------------


def turns(names: list[str], rounds: int, modes: Sequence[str] = GC_MODES) -> Iterator[tuple[str, str]]:
    """Everyone in turn, with the collector on and off; each round starts with another one."""
    for i in range(rounds):
        first = i % len(names)
        for name in names[first:] + names[:first]:
            for mode in modes:
                yield name, mode


def steps_in(contestant: Any, duration: float) -> int:
    """How many steps fill `duration`."""
    first = _seconds(contestant.step, 1)
    if first > duration:
        return 1
    return max(1, round(duration / min(_seconds(contestant.step, 1) for _ in range(5))))


def timed(step: Callable[[], Any], count: int, mode: str) -> float:
    """Seconds a step, mean over `count` steps; each step's graph is dropped before the next begins.

    With the collector off the steps are run in ten parts, and garbage is collected between them, outside the time:
    a library that makes cycles is not charged for memory that only piles up because of the test.
    """
    parts = min(count, 10) if mode == "gc off" else 1
    counts = [count * (i + 1) // parts - count * i // parts for i in range(parts)]
    total = 0.0
    for part in counts:
        with collector(mode):
            total += _seconds(step, part)
    return total / count


def _seconds(step: Callable[[], Any], count: int) -> float:
    start = clock()
    for _ in range(count):
        step()
    return clock() - start


@contextmanager
def collector(mode: str) -> Iterator[None]:
    """Run with Python's cycle collector on or off; either way without garbage of those who came before."""
    gc.collect()
    if mode == "gc off":
        gc.disable()
    try:
        yield
    finally:
        gc.enable()


@contextmanager
def frozen_heap() -> Iterator[None]:
    """Hide what exists now from the collector, so that nobody pays for traversing the modules of all the others.

    A library that makes cycles then takes as long as alone in a process; with torch's modules in the heap of the
    same process it would take up to twice as long, to our advantage. And JAX asks to be called at each collection.
    """
    callbacks = gc.callbacks[:]
    gc.collect()
    try:
        gc.callbacks.clear()
        gc.freeze()
        gc.collect()
        yield
    finally:
        gc.unfreeze()
        gc.callbacks[:0] = callbacks  # before those of a library that was imported meanwhile


# --- targets -----------------------------------------------------------------------------------------------------


def at_most(factor: float, name: str, peer: str) -> Target:
    """We take at most `factor` times as long as `peer`."""
    return Target(f"{name}, at most {factor}x of {peer}", times_as_fast(OURS, [peer], 1 / factor, GC_MODES))


def ahead(name: str, peers: Sequence[str], factor: float = 1) -> Target:
    """`peers` take at least `factor` times as long as we do."""
    times = f"{factor:,g}x " if factor != 1 else ""
    return Target(f"{name}, {times}ahead of {' and '.join(peers)}", times_as_fast(OURS, peers, factor, GC_MODES))


# --- tables --------------------------------------------------------------------------------------------------------


def comparison(report: Report, ours: str) -> Table:
    """Median, quartiles and ratio to ours, with the collector on and off."""
    table = Table(["a step"] + [c for m in GC_MODES for c in (m, "quartiles", "/ ours")])
    for name, samples in sorted(report.samples.items(), key=lambda item: median(item[1][GC_MODES[0]])):
        cells = [name]
        for mode in GC_MODES:
            cells += [*time_cells(samples[mode]), f"{report.ratio(name, ours, mode):.2f}"]
        table.rows.append(cells)
    return table


def _listed(counts: dict[str, int]) -> str:
    return ", ".join(f"{name} {count}" for name, count in counts.items())

"""Time and memory against the size: chains of scalars, and the memory of a training step."""

from __future__ import annotations

from collections.abc import Callable
from statistics import median
from typing import Any

from benchmarks.alone import alone, step_contestants
from benchmarks.chain import CHAIN
from benchmarks.harness import OURS, Options, Workload
from benchmarks.report import Report, Table, Target, seconds

LENGTHS = (1_000, 10_000, 100_000, 1_000_000)
BATCH = 8_192
PEAK = "peak bytes"


def mebibytes(size: float) -> str:
    return f"{size / 2**20:.1f} MiB"


class ChainGrowth(Workload):
    """Ever longer chains, in a process each."""

    def measure(self, options: Options) -> Report:
        """Run every length, and make the table."""
        report = Report(self.name, self.doc)
        table = Table(["links", "", "time", "a link", "peak memory", "a link"])
        lengths = LENGTHS[:-1] if options.quick else LENGTHS
        for length in lengths:
            for name in self.contestants:
                try:
                    runs = [alone("chain", name, length) for _ in range(1 if options.quick else 3)]
                except ImportError as error:
                    report.notes.append(f"{name}, {length:,}: missing ({error})")
                    continue
                found = {key: [run[key] for run in runs] for key in runs[0]}
                report.samples.setdefault(name, {}).update({f"{k}, {length:,}": v for k, v in found.items()})
                time, peak = median(found["seconds"]), median(found[PEAK])
                table.rows.append(
                    [
                        f"{length:,}",
                        name,
                        *(seconds(time), seconds(time / length)),
                        *(mebibytes(peak), f"{peak / length:.0f} bytes"),
                    ]
                )
        report.tables.append(table)
        report.notes.append("each in a process of its own; peak: growth of its resident memory; a link has two nodes")
        return report


def linear_growth(report: Report) -> tuple[str, bool | None]:
    """Judge: a link takes at most twice as long among a million as among ten thousand."""
    ours = report.samples.get(OURS, {})
    keys = {n: f"seconds, {n:,}" for n in (10_000, 1_000_000)}
    if not all(key in ours for key in keys.values()):
        return "not run", None
    few, many = (median(ours[key]) / n for n, key in keys.items())
    return f"{seconds(few)} a link among 10,000, {seconds(many)} among 1,000,000", many <= 2 * few


GROWTH = ChainGrowth(
    "chain-growth",
    "x = x*a + b of scalars: build, backward and free, against the number of links",
    {name: factory for name, factory in CHAIN.contestants.items() if name not in CHAIN.recursive},
    [Target("chain-growth, near linear", linear_growth)],
)


class StepMemory(Workload):
    """Bytes instead of seconds, in a process for each."""

    def measure(self, options: Options) -> Report:
        """Measure everyone, and make the table."""
        report = Report(self.name, self.doc, ours=OURS, condition=PEAK)
        table = Table(["a step", "peak memory", "/ ours"])
        for name in self.contestants:
            try:
                found = [alone("step", name, BATCH)[PEAK] for _ in range(1 if options.quick else 3)]
            except ImportError as error:
                report.notes.append(f"{name}: missing ({error})")
            else:
                report.samples[name] = {PEAK: found}
        for name, sample in sorted(report.samples.items(), key=lambda item: median(item[1][PEAK])):
            table.rows.append([name, mebibytes(median(sample[PEAK])), f"{report.ratio(name, OURS, PEAK):.2f}"])
        report.tables.append(table)
        report.notes.append("each in a process of its own; growth of its resident memory; parameters and data excluded")
        return report


def at_most_of_torch(factor: float) -> Callable[[Report], tuple[str, bool | None]]:
    """A judge: our peak is at most `factor` times torch's."""

    def judge(report: Report) -> tuple[str, bool | None]:
        ratio: Any = report.ratio(OURS, "torch, fused", PEAK)
        return ("torch missing", None) if ratio is None else (f"{ratio:.2f}x", ratio <= factor)

    return judge


STEP_MEMORY = StepMemory(
    "step-memory",
    f"peak memory of a training step of MLP 784-128-64-10 on a batch of {BATCH:,}; float64",
    step_contestants(BATCH),
    [Target("step-memory, at most 1.5x of torch's", at_most_of_torch(1.5))],
)

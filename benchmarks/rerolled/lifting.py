"""What tracing and lifting costs: beside steps of the scalar graph, and against the number of nodes."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from typing import Any

from benchmarks.harness import Contestant, Options, Workload
from benchmarks.peers import peer
from benchmarks.report import Report, Table, seconds
from benchmarks.rerolled.contestants import case_of

EXAMPLES = {1_000: 1, 10_000: 14, 100_000: 154, 1_000_000: 1_552}
"""About how many nodes moons has with how many points."""


def trace_and_lift() -> Contestant:
    """From the function to the graph of arrays."""
    trace = peer("autograd_lite.compiler.tracing.tracing").trace
    lift = peer("autograd_lite.compiler.rolling.lifting").lift
    f, args, *_ = case_of("moons")
    return Contestant(lambda: lift(trace(f, args, {})), lambda lifted: (float(lifted.root.data), []))


def first_call() -> Contestant:
    """The first call of a vectorised function: trace, lift, write the program, compile and run it."""
    vectorize = peer("autograd_lite").vectorize
    f, args, *_ = case_of("moons")
    return Contestant(lambda: vectorize(f)(*args), lambda cost: (float(cost.data), []))


def scalar_step() -> Contestant:
    """Forward and backward of the scalar graph."""
    f, args, _, parameters = case_of("moons")

    def step() -> Any:
        for p in parameters:
            p.grad = None
        cost = f(*args)
        cost.backward()
        return cost

    return Contestant(step, lambda cost: (cost.data, []))


# --- against the number of nodes, each in a process of its own -----------------------------------------------------


class SizesWorkload(Workload):
    """The first call on ever more points, in a process each, so that the peak of its memory can be told."""

    def measure(self, options: Options) -> Report:
        """Run every size, and make the table."""
        report = Report(self.name, self.doc)
        table = Table(["first call", "nodes", "time", "a node", "peak memory"])
        for size, examples in EXAMPLES.items():
            if options.quick and size > 100_000:
                continue
            command = [sys.executable, "-m", "benchmarks.rerolled.once", str(examples)]
            runs = [json.loads(subprocess.check_output(command)) for _ in range(1 if options.quick else 3)]
            found = {key: [run[key] for run in runs] for key in runs[0]}
            report.samples[f"{size:,}"] = found
            best, peak, nodes = min(found["seconds"]), max(found["peak bytes"]), runs[0]["nodes"]
            table.rows.append(
                [f"{examples:,} points", f"{nodes:,}", seconds(best), seconds(best / nodes), f"{peak / 2**20:.0f} MiB"]
            )
        report.tables.append(table)
        report.notes.append("the least time of three, the greatest memory; the process imports scikit-learn too")
        return report


def within(most_seconds: float, most_bytes: float) -> Callable[[Report], tuple[str, bool | None]]:
    """A judge: a million nodes take at most so long and so much."""

    def judge(report: Report) -> tuple[str, bool | None]:
        found = report.samples.get("1,000,000")
        if found is None:
            return "not run", None
        time, peak = min(found["seconds"]), max(found["peak bytes"])
        return f"{seconds(time)}, {peak / 1e9:.2f} GB", time <= most_seconds and peak <= most_bytes

    return judge


def near_linear(report: Report) -> tuple[str, bool | None]:
    """Judge: a node takes at most twice as long among a million as among ten thousand."""
    if "1,000,000" not in report.samples:
        return "not run", None
    few, many = (min(report.samples[k]["seconds"]) / report.samples[k]["nodes"][0] for k in ("10,000", "1,000,000"))
    return f"{seconds(few)} a node among 10,000, {seconds(many)} among 1,000,000", many <= 2 * few

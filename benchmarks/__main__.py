"""``python -m benchmarks [--only NAME ...] [--quick] [--json FILE]``"""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from pathlib import Path

from benchmarks.arrays import MLP_ARRAY
from benchmarks.chain import CHAIN
from benchmarks.derivatives import GRADIENT_CHECK, HESSIAN
from benchmarks.drawing import DRAWING
from benchmarks.growth import GROWTH, STEP_MEMORY
from benchmarks.harness import Options, Workload
from benchmarks.memory import MEMORY
from benchmarks.mlp_large import MLP_LARGE
from benchmarks.moons_array import MOONS_ARRAY
from benchmarks.peers import conditions
from benchmarks.report import Report
from benchmarks.rerolled import REROLLED
from benchmarks.scalar import EXPRESSION, MLP
from benchmarks.scalar_training import MICROGPT_SCALAR, MOONS_SCALAR

ALL = (
    EXPRESSION,
    MLP,
    MOONS_SCALAR,
    MICROGPT_SCALAR,
    CHAIN,
    GROWTH,
    MEMORY,
    MLP_ARRAY,
    MOONS_ARRAY,
    MLP_LARGE,
    STEP_MEMORY,
    HESSIAN,
    GRADIENT_CHECK,
    DRAWING,
    *REROLLED,
)
WORKLOADS: dict[str, Workload] = {w.name: w for w in ALL}

HOW = """\
Contestants take turns in one process, and each is the first of a round in its turn. "/ ours" is the median over the
rounds of their time / ours. "gc on" is Python's cycle collector as users have it, "gc off" without it; garbage is
collected before each turn, outside the time, and the libraries' modules are hidden from the collector (gc.freeze), as
if each were alone in the process. Nobody is timed whose value or gradients differ from ours by more than 1e-9.
"""


def parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description="Speed and memory beside the peers.")
    parser.add_argument(
        "--only", action="append", choices=WORKLOADS, metavar="NAME", help=f"one of {', '.join(WORKLOADS)}"
    )
    parser.add_argument("--quick", action="store_true", help="fewer and shorter rounds, a chain of 100,000 links")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write all samples there")
    return parser.parse_args(arguments)


def save(path: Path, found: dict[str, str], reports: list[Report], verdicts: list[str]) -> None:
    """Write the JSON file: conditions, every report, the targets."""
    content = {"conditions": found, "workloads": [r.as_dict() for r in reports], "targets": verdicts}
    path.write_text(json.dumps(content, indent=1) + "\n")


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the workloads, print the tables as they come and the targets at the end."""
    given = parse(arguments)
    found = conditions()
    print(*(f"{name}: {text}" for name, text in found.items()), "", HOW, sep="\n")
    reports, verdicts = [], []
    for name in given.only or WORKLOADS:
        report = WORKLOADS[name].measure(Options(quick=given.quick))
        reports.append(report)
        verdicts += [target.verdict(report) for target in WORKLOADS[name].targets]
        print(report, end="\n\n", flush=True)
    print("Targets", *verdicts, sep="\n")
    if given.json:
        save(given.json, found, reports, verdicts)


if __name__ == "__main__":
    main()

"""``python -m benchmarks [--only NAME ...] [--quick] [--json FILE] [--plot FILE] [--markdown FILE] [--from JSON]``

To add a workload, write a `Workload` in a module of its kind and name it in `ALL`. To add a peer, give workloads a
contestant of its name (engines.py has those on arrays), and name it in `PEERS` of compared.py, where its column and
its mark are, and in `PACKAGES` of peers.py.
"""

from __future__ import annotations

import argparse
import importlib
import shlex
import sys
from collections.abc import Sequence
from pathlib import Path

from benchmarks.arrays import MLP_ARRAY
from benchmarks.chain import CHAIN
from benchmarks.compared import Run
from benchmarks.costs import COSTS
from benchmarks.derivatives import GRADIENT_CHECK, HESSIAN
from benchmarks.drawing import DRAWING
from benchmarks.growth import GROWTH, STEP_MEMORY
from benchmarks.harness import Options, Workload
from benchmarks.markdown import BEGIN, END, check_marks, put_in
from benchmarks.memory import MEMORY
from benchmarks.mlp_large import MLP_LARGE
from benchmarks.moons_array import MOONS_ARRAY
from benchmarks.peers import conditions
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
    *COSTS,
)
WORKLOADS: dict[str, Workload] = {w.name: w for w in ALL}

HOW = """\
Contestants take turns in one process, and each is the first of a round in its turn. "/ ours" is the median over the
rounds of their time / ours. "gc on" is Python's cycle collector as users have it, "gc off" without it; garbage is
collected before each turn, outside the time, and the libraries' modules are hidden from the collector (gc.freeze), and
their callbacks taken off it, as if each were alone in the process. Nobody is timed whose value or gradients differ from
ours by more than 1e-9.
"""


def parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description="Speed and memory beside the peers.")
    parser.add_argument(
        "--only", action="append", choices=WORKLOADS, metavar="NAME", help=f"one of {', '.join(WORKLOADS)}"
    )
    parser.add_argument("--quick", action="store_true", help="fewer and shorter rounds, a chain of 100,000 links")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write all samples there")
    parser.add_argument("--plot", type=Path, metavar="FILE", help="draw all ratios there, as svg, png or pdf")
    parser.add_argument(
        "--markdown",
        type=Path,
        action="append",
        default=[],
        metavar="FILE",
        help=f"replace what stands there between {BEGIN} and {END}; several times for several files",
    )
    parser.add_argument(
        "--from", dest="earlier", type=Path, metavar="JSON", help="run nothing, take an earlier run's file"
    )
    return parser.parse_args(arguments)


def run(given: argparse.Namespace, command: str) -> Run:
    """Run the workloads, and print the tables as they come."""
    found = {"command": command} | conditions()
    print(*(f"{name}: {text}" for name, text in found.items()), "", HOW, sep="\n")
    reports, verdicts = [], []
    for name in given.only or WORKLOADS:
        report = WORKLOADS[name].measure(Options(quick=given.quick))
        reports.append(report)
        verdicts += [target.verdict(report) for target in WORKLOADS[name].targets]
        print(report, end="\n\n", flush=True)
    print("Targets", *verdicts, sep="\n")
    return Run(found, reports, verdicts)


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the workloads, or read what an earlier run wrote; write the files that are asked for."""
    given = parse(arguments)
    for path in given.markdown:
        check_marks(path)  # before the time is spent
    command = shlex.join(["python", "-m", "benchmarks", *(sys.argv[1:] if arguments is None else arguments)])
    found = Run.load(given.earlier) if given.earlier else run(given, command)
    if given.json:
        found.save(given.json)
    if given.plot:
        importlib.import_module("benchmarks.plot").plot(found, given.plot)
    for path in given.markdown:
        put_in(path, found)


if __name__ == "__main__":
    main()

"""A whole run, and its ratios by library: what the plot and the table for README are made of."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import NamedTuple

from benchmarks.report import Report, quartiles

TORCH_FORMS = ("torch", "torch, fused", "torch, 0-d", "torch, func", "torch, autograd.functional", "torch, gradcheck")


class Peer(NamedTuple):
    """Which contestants it stands for, the fastest of which is shown, and its mark: a colour of Okabe and Ito's."""

    contestants: tuple[str, ...]
    colour: str
    marker: str
    hollow: bool = False


PEERS: dict[str, Peer] = {
    "NumPy by hand": Peer(("NumPy by hand", "NumPy"), "#000000", "o"),
    "NumPy, buffers": Peer(("NumPy, buffers",), "#000000", "o", hollow=True),
    "PyTorch": Peer(TORCH_FORMS, "#D55E00", "s"),
    "PyTorch, compiled": Peer(("torch, compiled",), "#D55E00", "s", hollow=True),
    "JAX": Peer(("JAX, eager",), "#0072B2", "^"),
    "JAX, jit": Peer(("JAX, jit",), "#0072B2", "^", hollow=True),
    "HIPS autograd": Peer(("autograd (HIPS)",), "#009E73", "D"),
    "MyGrad": Peer(("mygrad", "mygrad, guard off"), "#CC79A7", "v"),
    "tinygrad": Peer(("tinygrad",), "#56B4E9", "P"),
    "tinygrad, jit": Peer(("tinygrad, jit",), "#56B4E9", "P", hollow=True),
    "micrograd": Peer(("micrograd",), "#E69F00", "X"),
    "microgpt's style": Peer(("microgpt's style of Value",), "#7F7F7F", "*"),
}
"""The columns of the table, and the marks of the plot."""


@dataclass(frozen=True)
class Run:
    """Conditions, every report, and what became of the targets."""

    conditions: dict[str, str]
    reports: list[Report]
    verdicts: list[str]

    def save(self, path: Path) -> None:
        """Write the JSON file."""
        content = {
            "conditions": self.conditions,
            "workloads": [r.as_dict() for r in self.reports],
            "targets": self.verdicts,
        }
        path.write_text(json.dumps(content, indent=1) + "\n")

    @classmethod
    def load(cls, path: Path) -> Run:
        """Read it again."""
        content = json.loads(path.read_text())
        return cls(content["conditions"], list(map(Report.from_dict, content["workloads"])), content["targets"])


class Ratio(NamedTuple):
    """A peer's figure divided by ours, under the workload's condition and without the collector, if that was tried.

    `spread` is how far apart the quartiles over the rounds are, as a part of the value.
    """

    value: float
    without_collector: float | None
    spread: float


def spread(rounds: list[float]) -> float:
    """How far apart the quartiles are, as a part of the median."""
    low, high = quartiles(rounds)
    return (high - low) / median(rounds)


def ratios(report: Report) -> dict[str, Ratio]:
    """For each peer that took part, the ratio of its fastest contestant."""
    found = {}
    for name, peer in PEERS.items():
        both = [
            Ratio(median(rounds), report.ratio(form, report.ours, "gc off"), spread(rounds))
            for form in peer.contestants
            if (rounds := report.ratios(form, report.ours, report.condition))
        ]
        if both:
            found[name] = min(both, key=lambda ratio: ratio.value)
    return found


def compared(run: Run) -> Iterator[tuple[Report, dict[str, Ratio]]]:
    """The reports in which there is somebody to be compared with."""
    for report in run.reports:
        found = ratios(report) if report.ours else {}
        if found:
            yield report, found

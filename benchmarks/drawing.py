"""How long a picture takes against the number of values: ours, and Graphviz' `dot` on the same text."""

from __future__ import annotations

import math
import random
import subprocess
import time
from collections.abc import Callable
from dataclasses import dataclass
from statistics import median
from typing import Any

from benchmarks.harness import OURS, Options, Workload, enter
from benchmarks.peers import needs_program, peer
from benchmarks.report import Report, Table, seconds

SIZES = (10, 100, 1_000, 10_000)
FULL, DOT = "autograd_lite, full=True", "dot, every value"

Draw = Callable[[Any, Any, float], Any]
"""Draws, from a graph's root and its full picture, within so many seconds; TimeoutError if it cannot."""


def graph(size: int) -> Any:
    """A scalar graph of so many values: sums, products and tanh, each of two of the last ten values or of one."""
    value, draw = peer("autograd_lite").Value, random.Random(0)
    values = [value(draw.uniform(-1, 1)) for _ in range(3)]
    while len(values) < size:
        a, b = values[-1], draw.choice(values[-10:-1])  # the last is always used: all hang together
        values.append(draw.choice([lambda a=a, b=b: a + b, lambda a=a, b=b: a * b, lambda a=a: a.tanh()])())
    values[-1].backward()
    return values[-1]


def ours(**options: Any) -> Draw:
    """draw_dot and its layout, from the graph to the svg."""
    draw_dot, timeout = peer("viz").draw_dot, peer("viz.layout.layout").LayoutTimeout

    def draw(root: Any, full: Any, limit: float) -> Any:
        try:
            return draw_dot(root, timeout=limit, **options).pipe("svg")
        except timeout as error:
            raise TimeoutError(str(error)) from error

    return draw


def dot() -> Draw:
    """The installed program, on the text of the full picture, written beforehand; it starts anew each time."""
    needs_program("dot", why="Graphviz is not installed")

    def draw(root: Any, full: Any, limit: float) -> Any:
        command, text = ["dot", "-Tsvg"], full.source.encode()
        try:
            return subprocess.run(command, input=text, capture_output=True, check=True, timeout=limit).stdout
        except subprocess.TimeoutExpired as error:
            raise TimeoutError(str(error)) from error

    return draw


@dataclass(frozen=True)
class Drawing(Workload):
    """One picture a turn; the next turns of who needs longer than the limit are left out."""

    def measure(self, options: Options) -> Report:
        """Draw every size, and make the table."""
        limit, rounds = (10.0, 1) if options.quick else (60.0, 3)
        report = Report(self.name, self.doc)
        present = enter(self.contestants, report)
        for draw in present.values():
            self._draw(10, draw, limit)  # starts the process that lays out
        table = Table(["values", *present])
        for size in SIZES:
            cells = [f"{size:,}"]
            for name, draw in present.items():
                found: list[float] = []
                while len(found) < rounds and math.inf not in found:
                    found.append(self._draw(size, draw, limit))
                middle = median(found)
                if middle < math.inf:
                    report.samples.setdefault(name, {})[f"seconds, {size:,}"] = found
                cells.append(seconds(middle) if middle < math.inf else f"none within {limit:g} s")
            table.rows.append(cells)
        report.tables.append(table)
        report.notes.append(
            "ours by default merges values of equal structure above 1,000, and lays out with less care what would "
            "take longer than its limit"
        )
        return report

    @staticmethod
    def _draw(size: int, draw: Draw, limit: float) -> float:
        root = graph(size)
        full = peer("viz").draw_dot(root, full=True)
        start = time.perf_counter()
        try:
            draw(root, full, limit)
        except TimeoutError:
            return math.inf
        return time.perf_counter() - start


DRAWING = Drawing(
    "drawing",
    "draw_dot of a scalar graph, both passes, from the graph to the svg, against the number of values",
    {OURS: ours, FULL: lambda: ours(full=True), DOT: dot},
)

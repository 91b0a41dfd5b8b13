"""What the tests of the pictures share."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]

Run = Callable[..., "subprocess.CompletedProcess[str]"]


def seconds(work: Callable[[], Any]) -> float:
    """How long some work takes: of three runs the fastest, for others use this machine, too."""
    times = []
    for _ in range(3):
        start = time.perf_counter()
        work()
        times.append(time.perf_counter() - start)
    return min(times)


def heavy_dot(nodes: int = 160) -> str:
    """A graph in which everything depends on everything: dot needs minutes."""
    edges = [f"n{i} -> n{j} [label=x]" for j in range(nodes) for i in range(j)]
    return "digraph { " + "; ".join(edges) + " }"

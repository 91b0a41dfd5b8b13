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
    """How long some work takes, once."""
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def takes_at_most(factor: float, more: Callable[[], Any], less: Callable[[], Any]) -> bool:
    """Whether `more` takes below `factor` times the time of `less`.

    Of three runs the fastest counts, for others use this machine, too; one of `more` that is fast enough will do.
    """
    limit = factor * min(seconds(less) for _ in range(3))
    return any(seconds(more) < limit for _ in range(3))


def heavy_dot(nodes: int = 160) -> str:
    """A graph in which everything depends on everything: dot needs minutes."""
    edges = [f"n{i} -> n{j} [label=x]" for j in range(nodes) for i in range(j)]
    return "digraph { " + "; ".join(edges) + " }"

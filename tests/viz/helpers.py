"""What the tests of the pictures share."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from pathlib import Path

ROOT = Path(__file__).parents[2]

Run = Callable[..., "subprocess.CompletedProcess[str]"]


def heavy_dot(nodes: int = 160) -> str:
    """A graph in which everything depends on everything: dot needs minutes."""
    edges = [f"n{i} -> n{j} [label=x]" for j in range(nodes) for i in range(j)]
    return "digraph { " + "; ".join(edges) + " }"

"""``python -m benchmarks.alone TASK CONTESTANT SIZE``: what one takes in a process of its own, as JSON.

Workloads call `alone`, which starts such a process. What is freed there goes back to the operating system at once,
whatever library freed it, so that the memory at one moment is what is in use.
"""

from __future__ import annotations

import gc
import json
import os
import subprocess
import sys
from collections.abc import Callable
from typing import Any

from benchmarks import chain, mlp_large
from benchmarks.engines import contestants
from benchmarks.resident import growth

Figures = dict[str, float]
MALLOC = {"MALLOC_MMAP_THRESHOLD_": "65536", "MALLOC_TRIM_THRESHOLD_": "0"}


def chain_once(name: str, length: int) -> Figures:
    """Build a chain of this length, go backward and free it: first for the memory, then for the time."""
    leaf = chain.CHAIN.contestants[name]()
    chain.phases(leaf, chain.SHORT)
    peak = growth(lambda: chain.phases(leaf, length))
    gc.collect()
    return {"peak bytes": peak, "seconds": chain.phases(leaf, length)[0]["total"]}


def step_once(name: str, batch: int) -> Figures:
    """A training step of the large perceptron; one before has loaded the code and the buffers of the libraries."""
    factory = step_contestants(batch)[name]
    before = factory()
    for _ in range(3):
        before.step()
    del before
    step = factory().step

    def two() -> None:
        step()
        step()

    return {"peak bytes": growth(two)}


def step_contestants(batch: int) -> dict[str, Callable[[], Any]]:
    """Who can make such a step."""
    losses = {name: loss for name, loss in mlp_large.LOSSES.items() if name not in ("tinygrad", "torch, compiled")}
    return {
        **contestants(lambda: mlp_large.problem(batch), losses),
        mlp_large.NUMPY: lambda: mlp_large.by_hand(batch),
    }


TASKS: dict[str, Callable[[str, int], Figures]] = {"chain": chain_once, "step": step_once}


def alone(task: str, name: str, size: int) -> Figures:
    """Run a task in a process of its own; ImportError if it cannot run here."""
    command = [sys.executable, "-m", "benchmarks.alone", task, name, str(size)]
    found: dict[str, Any] = json.loads(subprocess.check_output(command, env=os.environ | MALLOC, text=True))
    if "missing" in found:
        raise ImportError(found["missing"])
    return found


def main(task: str, name: str, size: str) -> None:
    """Print the figures."""
    try:
        found: dict[str, Any] = TASKS[task](name, int(size))
    except ImportError as error:
        found = {"missing": str(error)}
    print(json.dumps(found))


if __name__ == "__main__":
    main(*sys.argv[1:])

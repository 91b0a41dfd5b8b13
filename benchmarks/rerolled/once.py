"""``python -m benchmarks.rerolled.once EXAMPLES``: what one first call of moons takes, as JSON."""

from __future__ import annotations

import json
import resource
import sys
import time
from pathlib import Path

from benchmarks.peers import peer


def peak_bytes() -> int:
    """The greatest memory of this process; `getrusage` would begin with that of the process that started it."""
    status = Path("/proc/self/status")
    if status.exists():
        (line,) = (line for line in status.read_text().splitlines() if line.startswith("VmHWM:"))
        return int(line.split()[1]) * 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)


def once(examples: int) -> dict[str, float]:
    """The nodes, the seconds of the first call, and the peak memory of this process in bytes."""
    vectorize, order = peer("autograd_lite").vectorize, peer("autograd_lite").topological_order
    moons_of = peer("tests.compiler.programs").moons_of
    few = [len(order(case.f(*case.args))) for case in (moons_of(2, 0), moons_of(3, 0))]
    f, args, *_ = moons_of(examples, 0)
    start = time.perf_counter()
    vectorize(f)(*args)
    spent = time.perf_counter() - start
    nodes = few[0] + (examples - 2) * (few[1] - few[0])
    return {"nodes": nodes, "seconds": spent, "peak bytes": peak_bytes()}


if __name__ == "__main__":
    print(json.dumps(once(int(sys.argv[1]))))

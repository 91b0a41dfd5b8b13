"""``python -m benchmarks.rerolled.once EXAMPLES``: what one first call of moons takes, as JSON."""

from __future__ import annotations

import json
import sys
import time

from benchmarks.peers import peer
from benchmarks.resident import peak_bytes


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

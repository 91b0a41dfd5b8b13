"""The bytes that a scalar node takes, with its gradient and all that it needs to hang in a graph."""

from __future__ import annotations

import gc
import tracemalloc
from collections.abc import Callable
from typing import Any, NamedTuple

from benchmarks.chain import build
from benchmarks.harness import OURS, Options, Workload, enter
from benchmarks.peers import peer
from benchmarks.report import Report, Table, Target
from benchmarks.scalar import EXAMPLE, by_operators, forward, layers_of

LINKS = 300
"""Links of the chain: micrograd manages that many. The bytes a node do not depend on it."""


class Graph(NamedTuple):
    """What to measure: `make` builds a graph, leaves and all, and returns its root; `nodes` counts its nodes."""

    make: Callable[[], Any]
    nodes: Callable[[Any], int]


def bytes_of(graph: Graph) -> tuple[int, int]:
    """Bytes allocated by building, going backward and keeping the graph, and the number of its nodes.

    It runs once before, so that nothing is counted that libraries allocate only the first time.
    """
    for _ in range(2):
        gc.collect()
        tracemalloc.start()
        try:
            before = tracemalloc.get_traced_memory()[0]
            kept = graph.make()
            (kept if not isinstance(kept, tuple) else kept[-1]).backward()
            gc.collect()
            size = tracemalloc.get_traced_memory()[0] - before
        finally:
            tracemalloc.stop()
    return size, graph.nodes(kept if not isinstance(kept, tuple) else kept[-1])


def count_ours(root: Any) -> int:
    """Nodes of our graph."""
    return len(peer("autograd_lite.graph").topological_order(root))


def count_micrograd(root: Any) -> int:
    """Nodes of micrograd's graph."""
    seen, stack = {root}, [root]
    while stack:
        new = stack.pop()._prev - seen
        seen |= new
        stack.extend(new)
    return len(seen)


def perceptron(leaf: Callable[[float], Any], weighted: Callable[..., Any]) -> tuple[Any, Any]:
    """The perceptron of `mlp-scalar`, its layers and its output."""
    layers = layers_of(leaf)
    return layers, forward(layers, list(map(leaf, EXAMPLE)), weighted)


def _chain(module: str, count: Callable[[Any], int]) -> Graph:
    leaf = peer(module).Value
    return Graph(lambda: build(leaf, LINKS), count)


def _mlp(module: str, count: Callable[[Any], int]) -> Graph:
    leaf = peer(module).Value
    return Graph(lambda: perceptron(leaf, by_operators), count)


def _mlp_dot() -> Graph:
    leaf, dot = peer("autograd_lite").Value, peer("autograd_lite").dot
    return Graph(lambda: perceptron(leaf, lambda ws, b, xs: dot(ws, xs) + b), count_ours)


class MemoryWorkload(Workload):
    """Bytes instead of seconds; deterministic, so measured once."""

    def measure(self, options: Options) -> Report:
        """Measure every graph, and make the table."""
        report = Report(self.name, self.doc)
        table = Table(["graph, after backward", "nodes", "bytes", "bytes a node"])
        for name, graph in enter(self.contestants, report).items():
            size, nodes = bytes_of(graph)
            report.samples[name] = {"bytes": [size], "nodes": [nodes], "bytes a node": [size / nodes]}
            table.rows.append([name, f"{nodes:,}", f"{size:,}", f"{size / nodes:.0f}"])
        report.tables.append(table)
        return report


def _at_most(limit: float, names: list[str]) -> Callable[[Report], tuple[str, bool]]:
    """A judge: none of the graphs takes more than `limit` bytes a node."""

    def judge(report: Report) -> tuple[str, bool]:
        figures = {name: report.samples[name]["bytes a node"][0] for name in names}
        return ", ".join(f"{n} {x:.0f}" for n, x in figures.items()), max(figures.values()) <= limit

    return judge


MICROGRAD = "micrograd.engine"

MEMORY = MemoryWorkload(
    "memory",
    "bytes by tracemalloc of graphs with leaves and gradients, after backward; a dot node stands for many small ones",
    {
        f"chain, {OURS}": lambda: _chain("autograd_lite", count_ours),
        "chain, micrograd": lambda: _chain(MICROGRAD, count_micrograd),
        f"mlp-scalar, {OURS}, operators": lambda: _mlp("autograd_lite", count_ours),
        f"mlp-scalar, {OURS}, dot": _mlp_dot,
        "mlp-scalar, micrograd": lambda: _mlp(MICROGRAD, count_micrograd),
    },
    [
        Target(
            "memory, at most 160 bytes a node (operations of one or two inputs)",
            _at_most(160, [f"chain, {OURS}", f"mlp-scalar, {OURS}, operators"]),
        )
    ],
)

"""What the pieces cost that engines are made of: a node, a loop, a call, a temporary, a product.

These are the tables of docs/performance.md; who takes part does another amount of work, which is the point.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from benchmarks import slotted
from benchmarks.harness import GC_MODES, Options, Workload, enter, frozen_heap, steps_in, timed, turns
from benchmarks.peers import peer
from benchmarks.report import Report, Table, time_cells


class Piece(NamedTuple):
    """Work to be timed, and how many items it consists of."""

    step: Callable[[], Any]
    items: int = 1


@dataclass(frozen=True)
class Costs(Workload):
    """Pieces of work, of which the time for one item is wanted; `per` says what an item is."""

    per: str = "an item"
    modes: tuple[str, ...] = GC_MODES[:1]

    def measure(self, options: Options) -> Report:
        """Time the pieces in turn, and make the table."""
        report = Report(self.name, self.doc)
        pieces = enter(self.contestants, report)
        counts = {name: steps_in(piece, options.sample_seconds) for name, piece in pieces.items()}
        report.samples = {name: {mode: [] for mode in self.modes} for name in pieces}
        with frozen_heap():
            for name, mode in turns(list(pieces), options.rounds, self.modes):
                step, items = pieces[name]
                report.samples[name][mode].append(timed(step, counts[name], mode) / items)
        titles = self.modes if len(self.modes) > 1 else ["median"]
        rows = [[name, *(c for mode in self.modes for c in time_cells(s[mode]))] for name, s in report.samples.items()]
        report.tables.append(Table([self.per, *(c for title in titles for c in (title, "quartiles"))], rows))
        return report


def _numbers(*shape: int, count: int = 2) -> list[Any]:
    rng = np.random.default_rng(0)
    return [rng.uniform(0.1, 1.0, size=shape) for _ in range(count)]


# --- a node ----------------------------------------------------------------------------------------------------------

LINKS = 10_000


def _chain(leaf: Callable[[float], Any]) -> Piece:
    """A chain x = x * a + b, built and let go."""
    a, b = leaf(0.99), leaf(0.01)

    def build() -> None:
        x = a
        for _ in range(LINKS):
            x = x * a + b

    return Piece(build, 2 * LINKS)


NODE = Costs(
    "cost-node",
    f"one operation of a chain x = x * a + b of {2 * LINKS:,} operations, built and let go",
    {
        "floats, nothing kept": lambda: _chain(float),
        "autograd_lite: slots, local derivatives": lambda: _chain(peer("autograd_lite").Value),
        "microgpt's style: slots, two tuples": lambda: _chain(slotted.Value),
        "micrograd: a closure, a set, a dict": lambda: _chain(peer("micrograd.engine").Value),
    },
    per="an operation",
    modes=GC_MODES,
)

# --- a loop ----------------------------------------------------------------------------------------------------------

TERMS = 1_000


def _floats() -> list[list[float]]:
    return [x.tolist() for x in _numbers(TERMS)]


def _values(total: Callable[[list[Any], list[Any]], Any]) -> Piece:
    """Forward and backward through a sum of products of Values."""
    value = peer("autograd_lite").Value
    xs, ys = ([value(x) for x in numbers] for numbers in _floats())

    def both_passes() -> None:
        total(xs, ys).backward()

    return Piece(both_passes, TERMS)


def _by_operators(xs: list[Any], ys: list[Any]) -> Any:
    total = xs[0] * ys[0]
    for i in range(1, len(xs)):
        total = total + xs[i] * ys[i]
    return total


def _in_python(total: Callable[[list[float], list[float]], float]) -> Piece:
    xs, ys = _floats()
    return Piece(lambda: total(xs, ys), TERMS)


def _in_numpy() -> Piece:
    x, y = _numbers(TERMS)
    return Piece(lambda: x.dot(y), TERMS)


LOOP = Costs(
    "cost-loop",
    f"one product of a sum of {TERMS:,} products",
    {
        "Values in a loop, both passes": lambda: _values(_by_operators),
        "dot of Values, both passes": lambda: _values(peer("autograd_lite").dot),
        "floats in a loop": lambda: _in_python(_by_operators),
        "floats, sum(map(mul, xs, ys))": lambda: _in_python(lambda xs, ys: sum(map(operator.mul, xs, ys))),
        "arrays, x.dot(y)": _in_numpy,
    },
    per="a product",
)

# --- a call ----------------------------------------------------------------------------------------------------------


def _addition(size: int, leaf: Callable[[Any], Any]) -> Piece:
    x, y = map(leaf, _numbers(size))
    return Piece(lambda: x + y, size)


def _additions() -> Iterator[tuple[str, Callable[[], Piece]]]:
    for size in (1, 10, 100, 1_000, 10_000):
        yield f"arrays of {size:,}", lambda size=size: _addition(size, np.asarray)
        yield f"Values of arrays of {size:,}", lambda size=size: _addition(size, peer("autograd_lite").Value)


CALL = Costs("cost-call", "one element of x + y", dict(_additions()), per="an element")

# --- a temporary -----------------------------------------------------------------------------------------------------


def _expression(size: int) -> Piece:
    x, y = _numbers(size)
    return Piece(lambda: np.maximum(x * y + x, 0.0), size)


def _in_buffers(size: int) -> Piece:
    (x, y), z = _numbers(size), np.empty(size)

    def step() -> None:
        np.multiply(x, y, out=z)
        np.add(z, x, out=z)
        np.maximum(z, 0.0, out=z)

    return Piece(step, size)


def _expressions() -> Iterator[tuple[str, Callable[[], Piece]]]:
    for size in (1_000, 30_000, 1_000_000):
        yield f"{size:,} elements, new arrays", lambda size=size: _expression(size)
        yield f"{size:,} elements, one buffer", lambda size=size: _in_buffers(size)


TEMPORARY = Costs("cost-temporary", "one element of maximum(x * y + x, 0)", dict(_expressions()), per="an element")

# --- a product of matrices -------------------------------------------------------------------------------------------

SIDE = 64


def _three_loops(a: Any, b: Any) -> list[list[float]]:
    n = range(len(a))
    c = [[0.0 for _ in n] for _ in n]
    for i in n:
        for j in n:
            total = 0.0
            for k in n:
                total += a[i][k] * b[k][j]
            c[i][j] = total
    return c


def _one_loop(a: Any, b: Any) -> Any:
    c = np.zeros_like(a)
    for k in range(len(a)):
        c += a[:, k, None] * b[k]
    return c


def _product(times: Callable[[Any, Any], Any], side: int = SIDE, of: Callable[[Any], Any] = np.asarray) -> Piece:
    a, b = map(of, _numbers(side, side))
    return Piece(lambda: times(a, b), side**3)


PRODUCT = Costs(
    "cost-product",
    "one multiplication and addition of a product of square matrices",
    {
        f"three loops over floats, {SIDE}": lambda: _product(_three_loops, of=np.ndarray.tolist),
        f"one loop over arrays, {SIDE}": lambda: _product(_one_loop),
        f"einsum, without BLAS, {SIDE}": lambda: _product(lambda a, b: np.einsum("ik,kj", a, b)),
        **{f"a.dot(b), by BLAS, {n}": lambda n=n: _product(np.dot, n) for n in (4, 16, SIDE, 512)},
    },
    per="a multiplication and addition",
)

COSTS = (NODE, LOOP, CALL, TEMPORARY, PRODUCT)

"""The network of `rerolled-moons` on arrays, its graph built anew at each step: value and gradient."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from operator import methodcaller
from typing import Any

from benchmarks.engines import Loss, Problem, contestants
from benchmarks.harness import Contestant, Workload, ahead, at_most
from benchmarks.networks import Head, losses
from benchmarks.peers import jax, peer
from benchmarks.rerolled.by_hand import flat, split
from benchmarks.rerolled.contestants import buffered, plain, start
from benchmarks.rerolled.frameworks import torch_losses, torch_operators

NAME = "moons"


def rows() -> Problem:
    """Weights as in the scalar program and in torch's linear: a row for each neuron."""
    _, theta, inputs = start(NAME)
    return Problem(split(theta, NAME), inputs, 0.0)


def columns() -> Problem:
    """Weights as one writes X @ W: a column for each neuron; the labels are a column too."""
    ps, (X, y), rate = rows()
    return Problem([p.T.copy() for p in ps], [X, y[:, None]], rate)


def flattened(make: Callable[[], Contestant], by_columns: bool) -> Contestant:
    """The same contestant, its gradients in one vector in the order of `rows`."""
    step, read = make()

    def answer(found: Any) -> Any:
        value, gradients = read(found)
        return value, [flat([g.T if by_columns else g for g in gradients])]

    return Contestant(step, answer)


def hinge(relu: Callable[[], Callable[[Any], Any]]) -> Callable[[], Head]:
    """The hinge loss and the penalty, by the operators and methods that these libraries have in common."""

    def made() -> Head:
        positive = relu()
        return lambda z, y, ps: positive(1 - y * z).mean() + 1e-4 * sum((p * p).sum() for p in ps)

    return made


def hips_relu() -> Callable[[Any], Any]:
    maximum = peer("autograd.numpy").maximum
    return lambda h: maximum(h, 0.0)


NUMPY, BUFFERS = "NumPy by hand", "NumPy, buffers"
BY_ROWS: dict[str, Callable[[], Loss]] = {
    "torch": lambda: torch_operators()[NAME],
    "torch, fused": lambda: torch_losses()[NAME],
    "torch, compiled": lambda: torch_losses()[NAME],
}
BY_COLUMNS = losses(
    {
        "autograd_lite": hinge(lambda: peer("autograd_lite").relu),
        "jax": hinge(lambda: jax().nn.relu),
        "autograd": hinge(hips_relu),
        "mygrad, guard off": hinge(lambda: peer("mygrad.nnet").relu),
        "tinygrad": hinge(lambda: methodcaller("relu")),
    }
)

MOONS_ARRAY = Workload(
    "moons-array",
    "value and gradient of micrograd's moons as a network of arrays, 100 points, 2-16-16-1, hinge loss and L2; float64",
    {
        **{name: partial(flattened, make, True) for name, make in contestants(columns, BY_COLUMNS).items()},
        **{name: partial(flattened, make, False) for name, make in contestants(rows, BY_ROWS).items()},
        NUMPY: partial(plain, NAME),
        BUFFERS: partial(buffered, NAME),
    },
    [
        at_most(2, "moons-array", NUMPY),
        ahead("moons-array", ["torch", "torch, fused"], 2),
        ahead("moons-array", ["autograd (HIPS)", "mygrad, guard off"]),
    ],
)

"""The network of `rerolled-moons` on arrays, its graph built anew at each step: value and gradient."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from benchmarks.engines import Loss, Problem, contestants
from benchmarks.harness import Contestant, Workload, ahead, at_most
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


# --- the loss in each library's functions, weights by columns ------------------------------------------------------


def ours_loss() -> Loss:
    ag = peer("autograd_lite")

    def loss(ps: list[Any], X: Any, y: Any) -> Any:
        W1, b1, W2, b2, W3, b3 = ps
        h = ag.relu(X @ W1 + b1)
        h = ag.relu(h @ W2 + b2)
        return ag.relu(1 - y * (h @ W3 + b3)).mean() + 1e-4 * sum((p * p).sum() for p in ps)

    return loss


def jax_loss() -> Loss:
    jnp, relu = jax().numpy, jax().nn.relu

    def loss(ps: list[Any], X: Any, y: Any) -> Any:
        W1, b1, W2, b2, W3, b3 = ps
        h = relu(relu(X @ W1 + b1) @ W2 + b2)
        return relu(1 - y * (h @ W3 + b3)).mean() + 1e-4 * sum(jnp.sum(p * p) for p in ps)

    return loss


def hips_loss() -> Loss:
    anp = peer("autograd.numpy")

    def loss(ps: list[Any], X: Any, y: Any) -> Any:
        W1, b1, W2, b2, W3, b3 = ps
        h = anp.maximum(anp.dot(X, W1) + b1, 0.0)
        h = anp.maximum(anp.dot(h, W2) + b2, 0.0)
        margins = anp.maximum(1 - y * (anp.dot(h, W3) + b3), 0.0)
        return anp.mean(margins) + 1e-4 * sum(anp.sum(p * p) for p in ps)

    return loss


def mygrad_loss() -> Loss:
    relu = peer("mygrad.nnet").relu

    def loss(ps: list[Any], X: Any, y: Any) -> Any:
        W1, b1, W2, b2, W3, b3 = ps
        h = relu(relu(X @ W1 + b1) @ W2 + b2)
        return relu(1 - y * (h @ W3 + b3)).mean() + 1e-4 * sum((p * p).sum() for p in ps)

    return loss


def tinygrad_loss() -> Loss:
    def loss(ps: list[Any], X: Any, y: Any) -> Any:
        W1, b1, W2, b2, W3, b3 = ps
        h = ((X @ W1 + b1).relu() @ W2 + b2).relu()
        return (1 - y * (h @ W3 + b3)).relu().mean() + 1e-4 * sum((p * p).sum() for p in ps)

    return loss


NUMPY, BUFFERS = "NumPy by hand", "NumPy, buffers"
BY_ROWS: dict[str, Callable[[], Loss]] = {
    "torch": lambda: torch_operators()[NAME],
    "torch, fused": lambda: torch_losses()[NAME],
    "torch, compiled": lambda: torch_losses()[NAME],
}
BY_COLUMNS: dict[str, Callable[[], Loss]] = {
    "autograd_lite": ours_loss,
    "jax": jax_loss,
    "autograd": hips_loss,
    "mygrad": mygrad_loss,
    "tinygrad": tinygrad_loss,
}

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

"""A training step of a perceptron for images, in which the matrix products take most of the time."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import numpy as np

from benchmarks.engines import Loss, Problem, contestants
from benchmarks.harness import Contestant, Workload, ahead, at_most
from benchmarks.numpy_mlp import CrossEntropy, buffered
from benchmarks.peers import jax, peer

SIZES = (784, 128, 64, 10)
BATCH = 128
RATE = 0.001


def problem(batch: int = BATCH) -> Problem:
    """Random images and labels: the same for everyone."""
    rng = np.random.default_rng(0)
    pairs = pairwise(SIZES)
    parameters = [p for n, m in pairs for p in (rng.normal(size=(n, m)) * np.sqrt(2 / n), rng.normal(size=m) * 0.1)]
    return Problem(parameters, [rng.random((batch, SIZES[0])), rng.integers(SIZES[-1], size=batch)], RATE)


# --- the loss in each library's functions --------------------------------------------------------------------------


def ours_loss() -> Loss:
    ag, cross_entropy = peer("autograd_lite"), peer("autograd_lite.nn").cross_entropy

    def loss(ps: list[Any], x: Any, labels: Any) -> Any:
        W1, b1, W2, b2, W3, b3 = ps
        h = ag.relu(x @ W1 + b1)
        h = ag.relu(h @ W2 + b2)
        return cross_entropy(h @ W3 + b3, labels)

    return loss


def torch_loss() -> Loss:
    torch, cross_entropy = peer("torch"), peer("torch.nn.functional").cross_entropy

    def loss(ps: list[Any], x: Any, labels: Any) -> Any:
        W1, b1, W2, b2, W3, b3 = ps
        h = torch.addmm(b1, x, W1).relu()
        h = torch.addmm(b2, h, W2).relu()
        return cross_entropy(torch.addmm(b3, h, W3), labels)

    return loss


def jax_loss() -> Loss:
    jnp, jnn = jax().numpy, jax().nn

    def loss(ps: list[Any], x: Any, labels: Any) -> Any:
        W1, b1, W2, b2, W3, b3 = ps
        h = jnn.relu(x @ W1 + b1)
        h = jnn.relu(h @ W2 + b2)
        return -jnp.mean(jnn.log_softmax(h @ W3 + b3)[jnp.arange(len(x)), labels])

    return loss


def hips_loss() -> Loss:
    anp = peer("autograd.numpy")

    def loss(ps: list[Any], x: Any, labels: Any) -> Any:
        W1, b1, W2, b2, W3, b3 = ps
        h = anp.maximum(anp.dot(x, W1) + b1, 0.0)
        h = anp.maximum(anp.dot(h, W2) + b2, 0.0)
        z = anp.dot(h, W3) + b3
        z = z - anp.max(z, axis=1, keepdims=True)
        return anp.mean(anp.log(anp.sum(anp.exp(z), axis=1)) - z[np.arange(len(x)), labels])

    return loss


def mygrad_loss() -> Loss:
    nnet = peer("mygrad.nnet")

    def loss(ps: list[Any], x: Any, labels: Any) -> Any:
        W1, b1, W2, b2, W3, b3 = ps
        h = nnet.relu(x @ W1 + b1)
        h = nnet.relu(h @ W2 + b2)
        return nnet.softmax_crossentropy(h @ W3 + b3, labels)

    return loss


def tinygrad_loss() -> Loss:
    def loss(ps: list[Any], x: Any, labels: Any) -> Any:
        W1, b1, W2, b2, W3, b3 = ps
        h = (x @ W1 + b1).relu()
        h = (h @ W2 + b2).relu()
        return (h @ W3 + b3).sparse_categorical_crossentropy(labels)

    return loss


def by_hand(batch: int = BATCH) -> Contestant:
    """NumPy by hand, a new array for each result."""
    ps, (x, labels), rate = problem(batch)
    chosen = np.arange(len(x)), labels

    def step() -> Any:
        W1, b1, W2, b2, W3, b3 = ps
        h1 = np.maximum(x @ W1 + b1, 0.0)
        h2 = np.maximum(h1 @ W2 + b2, 0.0)
        z = h2 @ W3 + b3
        z = z - z.max(axis=1, keepdims=True)
        e = np.exp(z)
        total = e.sum(axis=1, keepdims=True)
        cost = np.mean(np.log(total[:, 0]) - z[chosen])
        g3 = e / total
        g3[chosen] -= 1
        g3 /= len(x)
        g2 = (g3 @ W3.T) * (h2 > 0)
        g1 = (g2 @ W2.T) * (h1 > 0)
        gradients = [x.T @ g1, g1.sum(axis=0), h1.T @ g2, g2.sum(axis=0), h2.T @ g3, g3.sum(axis=0)]
        for p, g in zip(ps, gradients, strict=True):
            p -= rate * g
        return cost, gradients

    return Contestant(step, lambda found: (float(found[0]), found[1]))


LOSSES = {
    "autograd_lite": ours_loss,
    "torch": torch_loss,
    "torch, compiled": torch_loss,
    "jax": jax_loss,
    "autograd": hips_loss,
    "mygrad": mygrad_loss,
    "tinygrad": tinygrad_loss,
}
NUMPY, BUFFERS = "NumPy by hand", "NumPy, buffers"

MLP_LARGE = Workload(
    "mlp-large",
    f"a step of gradient descent of MLP 784-128-64-10 on a batch of {BATCH}, relu, softmax cross-entropy; float64",
    {
        **contestants(problem, LOSSES),
        NUMPY: by_hand,
        BUFFERS: lambda: buffered(problem(), CrossEntropy),
    },
    [
        at_most(1.08, "mlp-large", NUMPY),
        ahead("mlp-large", ["autograd (HIPS)", "mygrad, guard off"]),
    ],
)

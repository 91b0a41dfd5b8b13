"""A training step of a perceptron for images, in which the matrix products take most of the time."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import numpy as np

from benchmarks.engines import Problem, contestants
from benchmarks.harness import Contestant, Workload, ahead, at_most
from benchmarks.networks import Head, losses
from benchmarks.numpy_mlp import CrossEntropy, buffered, cross_entropy, plain
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


def ours_head() -> Head:
    cross_entropy = peer("autograd_lite.nn").cross_entropy
    return lambda z, labels, _: cross_entropy(z, labels)


def torch_head() -> Head:
    cross_entropy = peer("torch.nn.functional").cross_entropy
    return lambda z, labels, _: cross_entropy(z, labels)


def jax_head() -> Head:
    jnp, log_softmax = jax().numpy, jax().nn.log_softmax
    return lambda z, labels, _: -jnp.mean(log_softmax(z)[jnp.arange(len(z)), labels])


def hips_head() -> Head:
    anp = peer("autograd.numpy")

    def head(z: Any, labels: Any, _: Any) -> Any:
        z = z - anp.max(z, axis=1, keepdims=True)
        return anp.mean(anp.log(anp.sum(anp.exp(z), axis=1)) - z[np.arange(len(z)), labels])

    return head


def mygrad_head() -> Head:
    softmax_crossentropy = peer("mygrad.nnet").softmax_crossentropy
    return lambda z, labels, _: softmax_crossentropy(z, labels)


def tinygrad_head() -> Head:
    return lambda z, labels, _: z.sparse_categorical_crossentropy(labels)


def by_hand(batch: int = BATCH) -> Contestant:
    """NumPy by hand, a new array for each result."""
    return plain(problem(batch), cross_entropy)


LOSSES = losses(
    {
        "autograd_lite": ours_head,
        "torch": torch_head,
        "torch, fused": torch_head,
        "torch, compiled": torch_head,
        "jax": jax_head,
        "autograd": hips_head,
        "mygrad, guard off": mygrad_head,
        "tinygrad": tinygrad_head,
    }
)
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

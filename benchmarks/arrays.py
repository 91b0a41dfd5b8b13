"""Graphs of arrays: a training step of a small perceptron."""

from __future__ import annotations

from itertools import pairwise

import numpy as np

from benchmarks.engines import Problem, contestants
from benchmarks.harness import GC_MODES, OURS, Workload, ahead, at_most
from benchmarks.networks import Head, losses
from benchmarks.numpy_mlp import MeanSquares, buffered, mean_squares, plain
from benchmarks.peers import peer
from benchmarks.report import Target, times_as_fast

SIZES = (2, 16, 16, 1)
BATCH = 32
RATE = 0.01


def problem() -> Problem:
    """Inputs (32, 2) and targets (32, 1), weight, bias, weight, bias, ...: the same for everyone."""
    rng = np.random.default_rng(0)
    x = rng.normal(size=(BATCH, SIZES[0]))
    rng = np.random.default_rng(1)
    pairs = pairwise(SIZES)
    parameters = [p for n, m in pairs for p in (rng.normal(size=(n, m)) / np.sqrt(n), rng.normal(size=m) * 0.1)]
    return Problem(parameters, [x, np.sin(x[:, :1]) * x[:, 1:]], RATE)


def by_methods() -> Head:
    """The mean square error, in the operators and methods that the libraries have in common."""
    return lambda z, t, _: ((z - t) ** 2).mean()


def torch_fused() -> Head:
    mse_loss = peer("torch.nn.functional").mse_loss
    return lambda z, t, _: mse_loss(z, t)


LOSSES = losses(
    {
        "autograd_lite": by_methods,
        "torch": by_methods,
        "torch, fused": torch_fused,
        "torch, compiled": torch_fused,
        "jax": by_methods,
        "autograd": by_methods,
        "mygrad": by_methods,
        "mygrad, guard off": by_methods,
        "tinygrad": by_methods,
    }
)

NUMPY = "NumPy by hand"
RIVALS = {
    "MyGrad": ["mygrad", "mygrad, guard off"],
    "HIPS autograd": ["autograd (HIPS)"],
}
"""In what forms each rival has to be beaten."""

MLP_ARRAY = Workload(
    "mlp-array",
    f"training step of MLP 2-16-16-1 on a batch of {BATCH}, relu, mean square error, updates included; float64",
    {
        **contestants(problem, LOSSES),
        NUMPY: lambda: plain(problem(), mean_squares),
        "NumPy, buffers": lambda: buffered(problem(), MeanSquares),
    },
    [
        at_most(1.6, "mlp-array", NUMPY),
        ahead("mlp-array", ["torch", "torch, fused"], 3),
        *(
            Target(f"mlp-array, faster than {r}", times_as_fast(OURS, forms, 1, GC_MODES))
            for r, forms in RIVALS.items()
        ),
    ],
)

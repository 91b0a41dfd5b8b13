"""Graphs of arrays: a training step of a small perceptron."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import numpy as np

from benchmarks.engines import Loss, Problem, contestants
from benchmarks.harness import GC_MODES, OURS, Contestant, Workload, ahead, at_most
from benchmarks.numpy_mlp import MeanSquares, buffered
from benchmarks.peers import jax, peer
from benchmarks.report import Target, times_as_fast

SIZES = (2, 16, 16, 1)
BATCH = 32
RATE = 0.01


def data() -> tuple[Any, Any]:
    """Inputs (32, 2) and targets (32, 1): the same for everyone."""
    rng = np.random.default_rng(0)
    x = rng.normal(size=(BATCH, SIZES[0]))
    return x, np.sin(x[:, :1]) * x[:, 1:]


def parameters() -> list[Any]:
    """Weight, bias, weight, bias, ...: the same for everyone."""
    rng = np.random.default_rng(1)
    pairs = pairwise(SIZES)
    return [p for n, m in pairs for p in (rng.normal(size=(n, m)) / np.sqrt(n), rng.normal(size=m) * 0.1)]


def _loss(x: Any, t: Any, ps: list[Any]) -> Any:
    """The network's loss, in the operators that our Values and torch's tensors have in common."""
    w1, b1, w2, b2, w3, b3 = ps
    h = (x @ w1 + b1).relu()
    h = (h @ w2 + b2).relu()
    return ((h @ w3 + b3 - t) ** 2).mean()


def _ours() -> Contestant:
    ag = peer("autograd_lite")
    x, t = map(ag.Constant, data())
    ps = [ag.Value(p) for p in parameters()]

    def step() -> Any:
        for p in ps:
            p.grad = None
        loss = _loss(x, t, ps)
        loss.backward()
        for p in ps:
            p.data -= RATE * p.grad
        return loss

    return Contestant(step, lambda loss: (loss.data, [p.grad for p in ps]))


def _torch_data() -> tuple[Any, Any, list[Any]]:
    torch = peer("torch")
    x, t = map(torch.tensor, data())
    return x, t, [torch.tensor(p, requires_grad=True) for p in parameters()]


def _torch_updates(ps: list[Any]) -> Any:
    torch = peer("torch")

    def update() -> None:
        with torch.no_grad():
            for p in ps:
                p -= RATE * p.grad

    return update


def _torch_read(ps: list[Any]) -> Any:
    return lambda loss: (loss.item(), [p.grad.numpy() for p in ps])


def _torch_operators() -> Contestant:
    x, t, ps = _torch_data()
    update = _torch_updates(ps)

    def step() -> Any:
        for p in ps:
            p.grad = None
        loss = _loss(x, t, ps)
        loss.backward()
        update()
        return loss

    return Contestant(step, _torch_read(ps))


def _torch_fused() -> Contestant:
    """The same by torch's fused operations, addmm and mse_loss."""
    torch, functional = peer("torch"), peer("torch.nn.functional")
    x, t, ps = _torch_data()
    update = _torch_updates(ps)

    def step() -> Any:
        w1, b1, w2, b2, w3, b3 = ps
        for p in ps:
            p.grad = None
        h = torch.addmm(b1, x, w1).relu()
        h = torch.addmm(b2, h, w2).relu()
        loss = functional.mse_loss(torch.addmm(b3, h, w3), t)
        loss.backward()
        update()
        return loss

    return Contestant(step, _torch_read(ps))


def _mygrad() -> Contestant:
    mg, relu = peer("mygrad"), peer("mygrad.nnet").relu
    x, t = data()
    ps = [mg.tensor(p) for p in parameters()]

    def step() -> Any:
        w1, b1, w2, b2, w3, b3 = ps
        h = relu(x @ w1 + b1)
        h = relu(h @ w2 + b2)
        loss = ((h @ w3 + b3 - t) ** 2).mean()
        loss.backward()
        for p in ps:
            p.data -= RATE * p.grad
        return loss

    return Contestant(step, lambda loss: (float(loss.data), [p.grad for p in ps]))


def _mygrad_unguarded() -> Contestant:
    guard_off, guarded = peer("mygrad").mem_guard_off, _mygrad()

    def step() -> Any:
        with guard_off:
            return guarded.step()

    return Contestant(step, guarded.read)


def _autograd() -> Contestant:
    anp, value_and_grad = peer("autograd.numpy"), peer("autograd").value_and_grad
    x, t = data()
    ps = parameters()

    def loss_of(ps: list[Any]) -> Any:
        w1, b1, w2, b2, w3, b3 = ps
        h = anp.maximum(x @ w1 + b1, 0.0)
        h = anp.maximum(h @ w2 + b2, 0.0)
        return anp.mean((h @ w3 + b3 - t) ** 2)

    both = value_and_grad(loss_of)

    def step() -> Any:
        loss, grads = both(ps)
        for p, g in zip(ps, grads, strict=True):
            p -= RATE * g
        return loss, grads

    return Contestant(step, lambda out: (float(out[0]), list(out[1])))


def _by_hand() -> Contestant:
    x, t = data()
    ps = parameters()

    def step() -> Any:
        w1, b1, w2, b2, w3, b3 = ps
        h1 = np.maximum(x @ w1 + b1, 0.0)
        h2 = np.maximum(h1 @ w2 + b2, 0.0)
        r = h2 @ w3 + b3 - t
        loss = np.mean(r**2)
        g3 = 2 / r.size * r
        g2 = (g3 @ w3.T) * (h2 > 0)
        g1 = (g2 @ w2.T) * (h1 > 0)
        grads = [x.T @ g1, g1.sum(axis=0), h1.T @ g2, g2.sum(axis=0), h2.T @ g3, g3.sum(axis=0)]
        for p, g in zip(ps, grads, strict=True):
            p -= RATE * g
        return loss, grads

    return Contestant(step, lambda out: (float(out[0]), out[1]))


# --- libraries whose step engines.py knows -------------------------------------------------------------------------


def _problem() -> Problem:
    return Problem(parameters(), list(data()), RATE)


def _loss_by_methods() -> Loss:
    return lambda ps, x, t: _loss(x, t, ps)


def _jax_loss() -> Loss:
    jnp, relu = jax().numpy, jax().nn.relu

    def loss(ps: list[Any], x: Any, t: Any) -> Any:
        w1, b1, w2, b2, w3, b3 = ps
        h = relu(relu(x @ w1 + b1) @ w2 + b2)
        return jnp.mean((h @ w3 + b3 - t) ** 2)

    return loss


LOSSES = {"torch, compiled": _loss_by_methods, "tinygrad": _loss_by_methods, "jax": _jax_loss}

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
        OURS: _ours,
        "torch": _torch_operators,
        "torch, fused": _torch_fused,
        "mygrad": _mygrad,
        "mygrad, guard off": _mygrad_unguarded,
        "autograd (HIPS)": _autograd,
        **contestants(_problem, LOSSES),
        NUMPY: _by_hand,
        "NumPy, buffers": lambda: buffered(_problem(), MeanSquares),
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

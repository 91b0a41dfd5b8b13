"""Training steps: the gradient and what the optimiser does with it."""

from __future__ import annotations

from typing import Any

import numpy as np

from benchmarks.harness import Contestant
from benchmarks.peers import jax, peer
from benchmarks.rerolled.by_hand import PLAIN, flat, split
from benchmarks.rerolled.contestants import Rolled, numbers, start
from benchmarks.rerolled.frameworks import jax_losses, torch_losses
from benchmarks.rerolled.sequence_buffers import MicroGPT

RATE = 0.01
BETAS = (0.85, 0.99)
EPS = 1e-8


# --- moons, gradient descent ---------------------------------------------------------------------------------------


def sgd_on_theta() -> Contestant:
    """Our bare program; the parameters are one vector."""
    case, _, inputs = start("moons")
    rolled = Rolled(case, inputs)
    value_and_grad, theta = rolled.cost.value_and_grad, rolled.theta

    def step() -> Any:
        nonlocal theta
        value, gradient = value_and_grad(theta, *inputs)
        theta = theta - RATE * gradient
        return value

    return Contestant(step, lambda value: (float(value), [rolled.ordered(theta)]))


def _loop(inputs: list[Any], case: Any) -> Contestant:
    ag, optim = peer("autograd_lite"), peer("autograd_lite.optim")
    cost, optimizer = ag.vectorize(case.f), optim.SGD(case.parameters, lr=RATE)

    def step() -> Any:
        c = cost(*inputs)
        optimizer.zero_grad()
        c.backward()
        optimizer.step()
        return c

    return Contestant(step, lambda c: (c.data, [numbers(case)]))


def loop_on_values() -> Contestant:
    """The loop that every student writes; the parameters are 337 scalar Values."""
    case, _, inputs = start("moons")
    return _loop(inputs, case)


def loop_on_lists() -> Contestant:
    """The same, and the points come in lists."""
    case, *_ = start("moons")
    return _loop(list(case.args), case)


# --- microgpt, Adam ------------------------------------------------------------------------------------------------


def _adam(theta: Any, m: Any, v: Any, gradient: Any, t: int) -> tuple[Any, Any, Any]:
    """Adam's update of a vector, in operators that NumPy and JAX share."""
    m = BETAS[0] * m + (1 - BETAS[0]) * gradient
    v = BETAS[1] * v + (1 - BETAS[1]) * gradient * gradient
    return theta - RATE * (m / (1 - BETAS[0] ** t)) / ((v / (1 - BETAS[1] ** t)) ** 0.5 + EPS), m, v


def adam_ours() -> Contestant:
    """Our bare program, and our Adam on one vector."""
    ag, optim = peer("autograd_lite"), peer("autograd_lite.optim")
    case, _, inputs = start("microgpt")
    rolled = Rolled(case, inputs)
    theta = ag.Value(rolled.theta)
    optimizer, value_and_grad = optim.Adam([theta], lr=RATE, betas=BETAS, eps=EPS), rolled.cost.value_and_grad

    def step() -> Any:
        value, theta.grad = value_and_grad(theta.data, *inputs)
        optimizer.step()
        return value

    def read(value: Any) -> Any:
        rolled.cost.write_back(theta.data)
        return float(value), [numbers(case)]

    return Contestant(step, read)


def adam_plain() -> Contestant:
    _, theta, inputs = start("microgpt")
    m, v, t = np.zeros_like(theta), np.zeros_like(theta), 0

    def step() -> Any:
        nonlocal theta, m, v, t
        t += 1
        value, gradients = PLAIN["microgpt"](split(theta, "microgpt"), *inputs)
        theta, m, v = _adam(theta, m, v, flat(gradients), t)
        return value

    return Contestant(step, lambda value: (float(value), [theta]))


def adam_buffered() -> Contestant:
    _, theta, inputs = start("microgpt")
    gpt = MicroGPT(split(theta, "microgpt"), *inputs)
    m, v, tmp, root = np.zeros((4, len(theta)))
    t = 0

    def step() -> Any:
        nonlocal t
        t += 1
        value, _ = gpt(*inputs)
        g = gpt.gradient
        np.multiply(m, BETAS[0], out=m)
        np.multiply(g, 1 - BETAS[0], out=tmp)
        np.add(m, tmp, out=m)
        np.multiply(v, BETAS[1], out=v)
        np.multiply(g, g, out=tmp)
        np.multiply(tmp, 1 - BETAS[1], out=tmp)
        np.add(v, tmp, out=v)
        np.multiply(v, 1 / (1 - BETAS[1] ** t), out=root)
        np.sqrt(root, out=root)
        np.add(root, EPS, out=root)
        np.divide(m, root, out=tmp)
        np.multiply(tmp, RATE / (1 - BETAS[0] ** t), out=tmp)
        np.subtract(gpt.theta, tmp, out=gpt.theta)
        return value

    return Contestant(step, lambda value: (float(value), [gpt.theta]))


def adam_jax() -> Contestant:
    """The whole step under jit, on one vector."""
    library, loss = jax(), jax_losses()["microgpt"]
    jnp = library.numpy
    _, theta, inputs = start("microgpt")
    on_device = list(map(jnp.asarray, inputs))
    shapes = [p.shape for p in split(theta, "microgpt")]
    ends = np.cumsum([np.prod(s) for s in shapes])[:-1]

    def cost(theta: Any, *inputs: Any) -> Any:
        return loss([p.reshape(s) for p, s in zip(jnp.split(theta, ends), shapes, strict=True)], *inputs)

    def update(theta: Any, m: Any, v: Any, t: Any, *inputs: Any) -> Any:
        value, gradient = library.value_and_grad(cost)(theta, *inputs)
        return value, *_adam(theta, m, v, gradient, t)

    compiled = library.jit(update)
    state = (jnp.asarray(theta), jnp.zeros(len(theta)), jnp.zeros(len(theta)))
    t = 0

    def step() -> Any:
        nonlocal state, t
        t += 1
        value, *state = library.block_until_ready(compiled(*state, float(t), *on_device))
        return value

    return Contestant(step, lambda value: (float(value), [np.asarray(state[0])]))


def adam_torch() -> Contestant:
    torch, loss = peer("torch"), torch_losses()["microgpt"]
    _, theta, inputs = start("microgpt")
    parameters = [torch.tensor(p, requires_grad=True) for p in split(theta, "microgpt")]
    tensors = [torch.tensor(x) for x in inputs]
    optimizer = torch.optim.Adam(parameters, lr=RATE, betas=BETAS, eps=EPS)

    def step() -> Any:
        optimizer.zero_grad()
        cost = loss(parameters, *tensors)
        cost.backward()
        optimizer.step()
        return cost

    return Contestant(step, lambda cost: (cost.item(), [flat([p.detach().numpy() for p in parameters])]))

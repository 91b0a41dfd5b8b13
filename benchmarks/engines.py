"""Training steps on arrays, for each library: from a problem and its loss in that library's functions to a contestant.

To add a library, write such a function and name it in `ENGINES`; its network goes into networks.py.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any, NamedTuple

import numpy as np

from benchmarks import peers
from benchmarks.harness import OURS, Contestant
from benchmarks.peers import peer

Loss = Callable[..., Any]


class Problem(NamedTuple):
    """What everyone starts with; `rate` is that of gradient descent, 0 for value and gradient alone."""

    parameters: list[Any]
    inputs: list[Any]
    rate: float


def _read(found: tuple[Any, list[Any]]) -> tuple[float, list[Any]]:
    return float(found[0]), [np.asarray(g) for g in found[1]]


def _descend(ps: list[Any], rate: float) -> None:
    """A step of gradient descent of nodes that have `data` and `grad`."""
    for p in ps:
        p.data -= rate * p.grad


def _eager(problem: Problem, loss: Loss, ps: list[Any], inputs: list[Any], update: Callable[..., None]) -> Any:
    """A step of nodes that build their graph anew: clear the gradients, forward, backward, update."""

    def step() -> Any:
        for p in ps:
            p.grad = None
        cost = loss(ps, *inputs)
        cost.backward()
        if problem.rate:
            update(ps, problem.rate)
        return cost

    return step


def ours(problem: Problem, loss: Loss) -> Contestant:
    """Our Values of arrays; the graph is built anew at each step. Inputs but for labels are made Constants once."""
    ag = peer("autograd_lite")
    ps = [ag.Value(p.copy()) for p in problem.parameters]
    inputs = [ag.Constant(x) if x.dtype.kind == "f" else x for x in problem.inputs]
    step = _eager(problem, loss, ps, inputs, _descend)
    return Contestant(step, lambda cost: _read((cost.data, [p.grad for p in ps])))


def torch_eager(problem: Problem, loss: Loss) -> Contestant:
    """PyTorch's tensors, updated in place."""
    torch = peer("torch")
    ps = [torch.tensor(p, requires_grad=True) for p in problem.parameters]
    inputs = list(map(torch.tensor, problem.inputs))

    def update(ps: list[Any], rate: float) -> None:
        with torch.no_grad():
            for p in ps:
                p.sub_(p.grad, alpha=rate)

    step = _eager(problem, loss, ps, inputs, update)
    return Contestant(step, lambda cost: (cost.item(), [p.grad.numpy() for p in ps]))


def torch_compiled(problem: Problem, loss: Loss) -> Contestant:
    """The same, forward and backward compiled; that takes place before the timing, when the answers are compared."""
    return torch_eager(problem, peers.torch_compile(loss))


def jax(problem: Problem, loss: Loss, compiled: bool) -> Contestant:
    """JAX, operation by operation or the whole step under jit."""
    library, rate = peers.jax(), problem.rate
    state = list(map(library.numpy.asarray, problem.parameters))
    inputs = list(map(library.numpy.asarray, problem.inputs))
    both, wait = library.value_and_grad(loss), library.block_until_ready

    def update(ps: list[Any], *inputs: Any) -> Any:
        cost, gradients = both(ps, *inputs)
        return cost, gradients, [p - rate * g for p, g in zip(ps, gradients, strict=True)] if rate else ps

    run = library.jit(update) if compiled else update

    def step() -> Any:
        nonlocal state
        cost, gradients, state = wait(run(state, *inputs))
        return cost, gradients

    return Contestant(step, _read)


def hips(problem: Problem, loss: Loss) -> Contestant:
    """HIPS autograd: a function of NumPy arrays."""
    both = peer("autograd").value_and_grad(loss)
    ps, inputs, rate = [p.copy() for p in problem.parameters], problem.inputs, problem.rate

    def step() -> Any:
        cost, gradients = both(ps, *inputs)
        if rate:
            for p, g in zip(ps, gradients, strict=True):
                p -= rate * g
        return cost, gradients

    return Contestant(step, _read)


def mygrad(problem: Problem, loss: Loss, guarded: bool) -> Contestant:
    """MyGrad's tensors, with its guard of memory or, as its manual advises for speed, without."""
    library, rate = peer("mygrad"), problem.rate
    ps = [library.tensor(p.copy()) for p in problem.parameters]
    inputs, guard = problem.inputs, library.mem_guard_on if guarded else library.mem_guard_off

    def step() -> Any:
        with guard:
            cost = loss(ps, *inputs)
            cost.backward()
        if rate:
            _descend(ps, rate)
        return cost

    return Contestant(step, lambda cost: _read((cost.data, [p.grad for p in ps])))


def tinygrad(problem: Problem, loss: Loss, compiled: bool) -> Contestant:
    """tinygrad on the CPU, scheduled at each step or replayed by its TinyJit; the cost is read, which waits for it."""
    library, rate = peers.tinygrad(), problem.rate
    tensor = library.Tensor
    ps, inputs = ([tensor(a).realize() for a in some] for some in (problem.parameters, problem.inputs))

    def run() -> Any:
        cost = loss(ps, *inputs)
        gradients = cost.gradient(*ps)
        if rate:
            for p, g in zip(ps, gradients, strict=True):
                p.assign(p - rate * g)
        tensor.realize(cost, *gradients, *ps)
        return cost, gradients

    run = library.TinyJit(run) if compiled else run

    def step() -> Any:
        cost, gradients = run()
        return cost.item(), gradients

    return Contestant(step, lambda found: (found[0], [g.numpy() for g in found[1]]))


ENGINES: dict[str, tuple[Callable[[Problem, Loss], Contestant], str]] = {
    OURS: (ours, "autograd_lite"),
    "torch": (torch_eager, "torch"),
    "torch, fused": (torch_eager, "torch, fused"),
    "torch, compiled": (torch_compiled, "torch, compiled"),
    "JAX, eager": (partial(jax, compiled=False), "jax"),
    "JAX, jit": (partial(jax, compiled=True), "jax"),
    "autograd (HIPS)": (hips, "autograd"),
    "mygrad": (partial(mygrad, guarded=True), "mygrad"),
    "mygrad, guard off": (partial(mygrad, guarded=False), "mygrad, guard off"),
    "tinygrad": (partial(tinygrad, compiled=False), "tinygrad"),
    "tinygrad, jit": (partial(tinygrad, compiled=True), "tinygrad"),
}
"""The name of a contestant, what makes it, and by which name a workload gives the loss in its functions."""


def contestants(
    problem: Callable[[], Problem], losses: dict[str, Callable[[], Loss]]
) -> dict[str, Callable[[], Contestant]]:
    """A factory for every engine for whose library there is a loss; a loss is made when its library is asked for."""

    def factory(engine: Callable[[Problem, Loss], Contestant], loss: Callable[[], Loss]) -> Contestant:
        return engine(problem(), loss())

    return {name: partial(factory, engine, losses[key]) for name, (engine, key) in ENGINES.items() if key in losses}

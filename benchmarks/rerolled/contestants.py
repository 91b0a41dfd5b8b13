"""Who takes part in the benchmark of rolled programs: each a step from the same parameters on the same inputs."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from benchmarks.harness import Contestant
from benchmarks.peers import jax, peer
from benchmarks.rerolled.buffers import BUFFERED
from benchmarks.rerolled.by_hand import PLAIN, flat, split
from benchmarks.rerolled.frameworks import Losses, jax_losses, torch_losses, torch_operators
from tests.compiler.pieces import Case

Arrays = list[Any]


class Start(NamedTuple):
    """Where everyone starts: the scalar program, its parameters in one vector, its inputs as arrays."""

    case: Case
    theta: Any
    inputs: Arrays


def case_of(program: str) -> Case:
    """The scalar program."""
    return peer("tests.compiler.programs").PROGRAMS[program].make(0)


def start(program: str) -> Start:
    case = case_of(program)
    return Start(case, numbers(case), [np.array(x) for x in case.args])


def numbers(case: Case) -> Any:
    """The parameters' numbers in one vector."""
    return np.array([p.data for p in case.parameters])


class Rolled:
    """Our program of a case, and where its parameters lie in its own vector theta."""

    def __init__(self, case: Case, inputs: Arrays) -> None:
        before = numbers(case)
        self.case, self.cost = case, peer("autograd_lite").vectorize(case.f)
        self.cost(*inputs)
        self.theta = np.array(self.cost.theta)
        for p in case.parameters:
            p.data = -1.0
        self.cost.write_back(np.arange(float(len(self.theta))))
        self.places = numbers(case).astype(int)  # -1 for parameters that the program does not read
        for p, x in zip(case.parameters, before.tolist(), strict=True):
            p.data = x

    def ordered(self, vector: Any) -> Any:
        """A gradient by theta in the order of the case's parameters."""
        return np.append(vector, 0.0)[self.places]


def program(name: str) -> Contestant:
    """Our bare program."""
    case, _, inputs = start(name)
    rolled = Rolled(case, inputs)
    value_and_grad, theta = rolled.cost.value_and_grad, rolled.theta
    return Contestant(
        lambda: value_and_grad(theta, *inputs), lambda found: (float(found[0]), [rolled.ordered(found[1])])
    )


def plain(name: str) -> Contestant:
    _, theta, inputs = start(name)
    parameters, step = split(theta, name), PLAIN[name]
    return Contestant(lambda: step(parameters, *inputs), _read)


def buffered(name: str) -> Contestant:
    _, theta, inputs = start(name)
    step = BUFFERED[name](split(theta, name), *inputs)
    return Contestant(lambda: step(*inputs), _read)


def _read(found: Any) -> Any:
    return float(found[0]), [flat([np.asarray(g) for g in found[1]])]


def jax_jit(name: str) -> Contestant:
    library, losses = jax(), jax_losses()
    _, theta, inputs = start(name)
    parameters, on_device = (list(map(library.numpy.asarray, some)) for some in (split(theta, name), inputs))
    both, wait = library.jit(library.value_and_grad(losses[name])), library.block_until_ready
    return Contestant(lambda: wait(both(parameters, *on_device)), _read)


def torch_by(losses: Callable[[], Losses]) -> Callable[[str], Contestant]:
    """PyTorch in eager mode, by some of its functions."""

    def torch_eager(name: str) -> Contestant:
        torch, loss = peer("torch"), losses()[name]
        _, theta, inputs = start(name)
        parameters = [torch.tensor(p, requires_grad=True) for p in split(theta, name)]
        tensors = [torch.tensor(x) for x in inputs]

        def step() -> Any:
            for p in parameters:
                p.grad = None
            cost = loss(parameters, *tensors)
            cost.backward()
            return cost

        return Contestant(step, lambda cost: (cost.item(), [flat([p.grad.numpy() for p in parameters])]))

    return torch_eager


torch_fused, torch_plain = torch_by(torch_losses), torch_by(torch_operators)


def micrograd(name: str) -> Contestant:
    """micrograd's own MLP on its own demo."""
    value, mlp = peer("micrograd.engine").Value, peer("micrograd.nn").MLP
    _, theta, (X, y) = start(name)
    model = mlp(2, [16, 16, 1])
    weights = split(theta, name)
    ordered: Arrays = []
    for layer, W, b in zip(model.layers, weights[::2], weights[1::2], strict=True):
        for neuron, row, bias in zip(layer.neurons, W.tolist(), b.tolist(), strict=True):
            neuron.b.data = bias
            for p, w in zip(neuron.w, row, strict=True):
                p.data = w
        ordered += [p for neuron in layer.neurons for p in neuron.w] + [neuron.b for neuron in layer.neurons]
    points, labels = X.tolist(), y.tolist()

    def step() -> Any:
        model.zero_grad()
        scores = [model(list(map(value, x))) for x in points]
        losses = [(1 + -yi * score).relu() for yi, score in zip(labels, scores, strict=True)]
        cost = sum(losses) * (1.0 / len(losses)) + 1e-4 * sum(p * p for p in model.parameters())
        cost.backward()
        return cost

    return Contestant(step, lambda cost: (cost.data, [np.array([p.grad for p in ordered])]))

"""Graphs of scalars: micrograd's README expression, and a perceptron made of neurons."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from functools import partial
from itertools import pairwise
from operator import methodcaller
from typing import Any

from benchmarks.harness import GC_MODES, OURS, Contestant, Workload, ahead
from benchmarks.peers import jax, peer
from benchmarks.report import Target, times_as_fast

SLOTTED = "microgpt's style of Value"
SIZES = (2, 16, 16, 1)
EXAMPLE = (0.7, -0.4)

Neuron = tuple[list[Any], Any]
"""Weights and a bias."""


def ahead_of_micrograd(name: str, ours: str, *factors: float) -> list[Target]:
    """Targets with the collector on, as users have it, and off, if there are two factors."""
    return [
        Target(
            f"{name}, {ours}, {mode}: at least {factor:g}x micrograd",
            times_as_fast(ours, ["micrograd"], factor, [mode]),
        )
        for factor, mode in zip(factors, GC_MODES)  # noqa: B905
    ]


# --- expression ----------------------------------------------------------------------------------------------------

relu_method = methodcaller("relu")


def readme(a: Any, b: Any, relu: Callable[[Any], Any] = relu_method) -> Any:
    """micrograd's README expression; ``c += x`` is written out, for some libraries would work in place."""
    c = a + b
    d = a * b + b**3
    c = c + (c + 1)
    c = c + (1 + c + (-a))
    d = d + (d * 2 + relu(b + a))
    d = d + (3 * d + relu(b - a))
    e = c - d
    f = e**2
    g = f / 2.0
    return g + 10.0 / f


def _expression(leaf: Callable[[float], Any], relu: Callable[[Any], Any] = relu_method) -> Contestant:
    """Make two leaves, build, backward."""

    def step() -> Any:
        a, b = leaf(-4.0), leaf(2.0)
        g = readme(a, b, relu)
        g.backward()
        return g, a, b

    return Contestant(step, lambda out: (float(out[0].data), [float(x.grad) for x in out[1:]]))


def _expression_ours() -> Contestant:
    return _expression(peer("autograd_lite").Value)


def _expression_micrograd() -> Contestant:
    return _expression(peer("micrograd.engine").Value)


def _expression_slotted() -> Contestant:
    return _expression(peer("benchmarks.slotted").Value)


def _expression_torch() -> Contestant:
    return _expression(torch_leaf())


def _expression_mygrad() -> Contestant:
    return _expression(peer("mygrad").tensor, peer("mygrad.nnet").relu)


def _expression_autograd() -> Contestant:
    np, value_and_grad = peer("autograd.numpy"), peer("autograd").value_and_grad
    both = value_and_grad(lambda a, b: readme(a, b, lambda x: np.maximum(x, 0.0)), argnum=(0, 1))
    return Contestant(lambda: both(-4.0, 2.0), lambda out: (float(out[0]), [float(g) for g in out[1]]))


def _expression_jax(compiled: bool) -> Contestant:
    library = jax()
    both = library.value_and_grad(lambda a, b: readme(a, b, library.nn.relu), argnums=(0, 1))
    both, wait = library.jit(both) if compiled else both, library.block_until_ready
    return Contestant(lambda: wait(both(-4.0, 2.0)), lambda out: (float(out[0]), [float(g) for g in out[1]]))


def torch_leaf() -> Callable[[float], Any]:
    """What makes a 0-d torch tensor that takes a gradient."""
    torch = peer("torch")
    return lambda x: torch.tensor(x, dtype=torch.float64, requires_grad=True)


EXPRESSION = Workload(
    "expression",
    "micrograd's README expression of two scalars: make the leaves, build, backward, drop",
    {
        OURS: _expression_ours,
        "micrograd": _expression_micrograd,
        SLOTTED: _expression_slotted,
        "torch, 0-d": _expression_torch,
        "mygrad": _expression_mygrad,
        "autograd (HIPS)": _expression_autograd,
        "JAX, eager": partial(_expression_jax, False),
        "JAX, jit": partial(_expression_jax, True),
    },
    [
        *ahead_of_micrograd("expression", OURS, 5, 4),
        ahead("expression", [SLOTTED, "mygrad", "autograd (HIPS)"]),
    ],
)


# --- mlp-scalar ----------------------------------------------------------------------------------------------------


def weights() -> list[list[tuple[list[float], float]]]:
    """For each layer, for each neuron, the weights and the bias: the same for everyone."""
    draw = random.Random(1).uniform
    return [[([draw(-1, 1) for _ in range(n)], draw(-0.5, 0.5)) for _ in range(m)] for n, m in pairwise(SIZES)]


def layers_of(leaf: Callable[[float], Any]) -> list[list[Neuron]]:
    """The weights as leaves of a library."""
    return [[([leaf(w) for w in ws], leaf(b)) for ws, b in layer] for layer in weights()]


def by_operators(ws: Sequence[Any], b: Any, xs: Sequence[Any]) -> Any:
    """micrograd's neuron, as micrograd writes it."""
    return sum((w * x for w, x in zip(ws, xs)), b)  # noqa: B905


def forward(layers: list[list[Neuron]], xs: list[Any], weighted: Callable[..., Any]) -> Any:
    """The perceptron's output: relu after every layer but the last."""
    for layer in layers[:-1]:
        xs = [weighted(ws, b, xs).relu() for ws, b in layer]
    ((ws, b),) = layers[-1]
    return weighted(ws, b, xs)


def _mlp(leaf: Callable[[float], Any], cleared: Any, weighted: Callable[..., Any] = by_operators) -> Contestant:
    """Clear the gradients, make leaves of the example, build, backward."""
    layers = layers_of(leaf)
    parameters = [p for layer in layers for ws, b in layer for p in (*ws, b)]

    def step() -> Any:
        for p in parameters:
            p.grad = cleared
        y = forward(layers, list(map(leaf, EXAMPLE)), weighted)
        y.backward()
        return y

    return Contestant(step, lambda y: (float(y.data), [float(p.grad) for p in parameters]))


def _mlp_operators() -> Contestant:
    return _mlp(peer("autograd_lite").Value, None)


def _mlp_dot() -> Contestant:
    dot = peer("autograd_lite").dot
    return _mlp(peer("autograd_lite").Value, None, lambda ws, b, xs: dot(ws, xs) + b)


def micrograd_mlp() -> Any:
    """micrograd's own MLP with our weights."""
    model = peer("micrograd.nn").MLP(SIZES[0], list(SIZES[1:]))
    for layer, rows in zip(model.layers, weights(), strict=True):
        for neuron, (ws, b) in zip(layer.neurons, rows, strict=True):
            neuron.b.data = b
            for p, w in zip(neuron.w, ws, strict=True):
                p.data = w
    return model


def _mlp_micrograd() -> Contestant:
    value, model = peer("micrograd.engine").Value, micrograd_mlp()

    def step() -> Any:
        model.zero_grad()
        y = model(list(map(value, EXAMPLE)))
        y.backward()
        return y

    return Contestant(step, lambda y: (y.data, [p.grad for p in model.parameters()]))


def _mlp_slotted() -> Contestant:
    return _mlp(peer("benchmarks.slotted").Value, 0.0)


def _mlp_torch() -> Contestant:
    return _mlp(torch_leaf(), None)


BY_DOT, BY_OPERATORS = "autograd_lite, dot", "autograd_lite, operators"

MLP = Workload(
    "mlp-scalar",
    "MLP 2-16-16-1 of scalar neurons, relu, one example: clear the gradients, build, backward, drop",
    {
        BY_DOT: _mlp_dot,
        BY_OPERATORS: _mlp_operators,
        "micrograd": _mlp_micrograd,
        SLOTTED: _mlp_slotted,
        "torch, 0-d": _mlp_torch,
    },
    [
        *ahead_of_micrograd("mlp-scalar", BY_OPERATORS, 5, 3),
        *ahead_of_micrograd("mlp-scalar", BY_DOT, 13),
    ],
    ours=BY_DOT,
)

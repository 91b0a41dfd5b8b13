"""Training steps on scalars: micrograd's moons and microgpt, each number a node.

A program is written once, in terms of a `Kit`: what a library makes leaves of, and how it spells sums and products.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import partial
from typing import Any, NamedTuple

import numpy as np

from benchmarks.harness import GC_MODES, Contestant, Workload
from benchmarks.peers import peer
from benchmarks.report import Target, times_as_fast
from benchmarks.rerolled.by_hand import flat, split
from benchmarks.rerolled.contestants import micrograd as micrograd_moons
from benchmarks.rerolled.contestants import start
from benchmarks.scalar import SLOTTED, ahead_of_micrograd

Vector = list[Any]
Matrix = list[Vector]


class Kit(NamedTuple):
    """A library of scalars: `weighted` is ws . xs + b, `total` a sum; `cleared` is the gradient before backward."""

    leaf: Callable[[float], Any]
    cleared: Any
    weighted: Callable[..., Any]
    total: Callable[[Vector], Any]
    exp: Callable[[Any], Any]
    log: Callable[[Any], Any]


# --- libraries -----------------------------------------------------------------------------------------------------


def by_operators(ws: Vector, xs: Vector, b: Any = 0) -> Any:
    """The sum of products as micrograd and microgpt write it."""
    return sum((w * x for w, x in zip(ws, xs)), b)  # noqa: B905


def ours_by_operators() -> Kit:
    """Our Value, one node for each product and each addition."""
    value = peer("autograd_lite").Value
    return Kit(value, None, by_operators, sum, value.exp, value.log)


def ours_by_dot() -> Kit:
    """The same with one node for a sum of products and one for a sum, as the scalar layers of nn have them."""
    ag = peer("autograd_lite")
    dot = ag.dot

    def weighted(ws: Vector, xs: Vector, b: Any = None) -> Any:
        return dot(ws, xs) if b is None else dot(ws, xs) + b

    return ours_by_operators()._replace(weighted=weighted, total=ag.sum)


def slotted() -> Kit:
    """The Value in microgpt's style."""
    value = peer("benchmarks.slotted").Value
    return Kit(value, 0.0, by_operators, sum, value.exp, value.log)


def micrograd() -> Kit:
    """micrograd, with exp and log, which it lacks, added in its own manner."""
    value = peer("micrograd.engine").Value

    def exp(x: Any) -> Any:
        out = value(math.exp(x.data), (x,), "exp")

        def backward() -> None:
            x.grad += out.data * out.grad

        out._backward = backward
        return out

    def log(x: Any) -> Any:
        out = value(math.log(x.data), (x,), "log")

        def backward() -> None:
            x.grad += out.grad / x.data

        out._backward = backward
        return out

    return Kit(value, 0, by_operators, sum, exp, log)


# --- programs ------------------------------------------------------------------------------------------------------


def moons(kit: Kit, parameters: list[Any], X: Matrix, y: Vector) -> Any:
    """micrograd's demo: neurons 2-16-16-1, hinge loss and L2."""
    *hidden, last = zip(parameters[::2], parameters[1::2], strict=True)
    losses = []
    for x, label in zip(X, y, strict=True):
        for W, b in hidden:
            x = [kit.weighted(ws, x, bias).relu() for ws, bias in zip(W, b, strict=True)]
        ((ws,), (bias,)) = last
        losses.append((1 + -label * kit.weighted(ws, x, bias)).relu())
    ps = leaves_of(parameters)
    return kit.total(losses) * (1.0 / len(losses)) + 1e-4 * kit.weighted(ps, ps)


def linear(kit: Kit, W: Matrix, x: Vector) -> Vector:
    return [kit.weighted(ws, x) for ws in W]


def softmax(kit: Kit, z: Vector) -> Vector:
    e = [kit.exp(zi) for zi in z]
    total = kit.total(e)
    return [ei / total for ei in e]


def rmsnorm(kit: Kit, x: Vector) -> Vector:
    scale = (kit.weighted(x, x) / len(x) + 1e-5) ** -0.5
    return [xi * scale for xi in x]


def added(x: Vector, y: Vector) -> Vector:
    return [a + b for a, b in zip(x, y, strict=True)]


def attend(kit: Kit, q: Vector, keys: Matrix, values: Matrix) -> Vector:
    """What a position sees in those up to itself, in 4 heads of 4."""
    seen = []
    for head in (slice(i, i + 4) for i in range(0, 16, 4)):
        weights = softmax(kit, [kit.weighted(q[head], k[head]) / 2.0 for k in keys])
        seen += [kit.weighted(weights, list(column)) for column in zip(*(v[head] for v in values), strict=True)]
    return seen


def microgpt(kit: Kit, parameters: list[Any], tokens: list[int], targets: list[int]) -> Any:
    """Karpathy's microgpt: one layer, embedding 16, 4 heads, 27 tokens, 4,192 parameters."""
    wte, wpe, lm_head, Wq, Wk, Wv, Wo, W1, W2 = parameters
    keys: Matrix = []
    values: Matrix = []
    losses = []
    for token, place, target in zip(tokens, wpe, targets):  # noqa: B905  (there are more places than tokens)
        residual = rmsnorm(kit, added(wte[token], place))
        x = rmsnorm(kit, residual)
        keys.append(linear(kit, Wk, x))
        values.append(linear(kit, Wv, x))
        residual = added(linear(kit, Wo, attend(kit, linear(kit, Wq, x), keys, values)), residual)
        x = [z.relu() for z in linear(kit, W1, rmsnorm(kit, residual))]
        x = added(linear(kit, W2, x), residual)
        losses.append(-kit.log(softmax(kit, linear(kit, lm_head, x))[target]))
    return kit.total(losses) * (1.0 / len(losses))


def leaves_of(nested: Any) -> Vector:
    """The leaves of nested lists, row by row."""
    return [v for part in nested for v in leaves_of(part)] if isinstance(nested, list) else [nested]


def filled(nested: Any, leaf: Callable[[float], Any]) -> Any:
    """Nested lists of numbers as nested lists of leaves."""
    return [filled(part, leaf) for part in nested] if isinstance(nested, list) else leaf(nested)


def training_step(name: str, program: Callable[..., Any], make: Callable[[], Kit]) -> Contestant:
    """Clear the gradients, build, backward; parameters and inputs are those of the rolled program of that name."""
    kit = make()
    _, theta, inputs = start(name)
    parameters = [filled(p.tolist(), kit.leaf) for p in split(theta, name)]
    leaves, numbers, cleared = leaves_of(parameters), [x.tolist() for x in inputs], kit.cleared

    def step() -> Any:
        for p in leaves:
            p.grad = cleared
        cost = program(kit, parameters, *numbers)
        cost.backward()
        return cost

    return Contestant(step, lambda cost: (cost.data, [np.array([float(p.grad or 0) for p in leaves])]))


def moons_by_nn() -> Contestant:
    """The package's own MLP of scalar neurons, which takes all points at once, and its own loss."""
    ag, nn = peer("autograd_lite"), peer("autograd_lite.nn")
    _, theta, (X, y) = start("moons")
    model, weights = nn.MLP(2, [16, 16, 1]), split(theta, "moons")
    for layer, W, b in zip(model.layers, weights[::2], weights[1::2], strict=True):
        for cell, number in zip(layer.linear.weight.T.flat, W.flat, strict=True):
            cell.data = float(number)
        for cell, number in zip(layer.linear.bias.flat, b, strict=True):
            cell.data = float(number)
    parameters = list(model.parameters())

    def step() -> Any:
        model.zero_grad()
        cost = nn.hinge(model(X)[:, 0], y) + 1e-4 * ag.dot(parameters, parameters)
        cost.backward()
        return cost

    def read(cost: Any) -> Any:
        linears = [layer.linear for layer in model.layers]
        return cost.data, [flat([ag.grad_of(a) for ll in linears for a in (ll.weight.T, ll.bias)])]

    return Contestant(step, read)


# --- workloads -----------------------------------------------------------------------------------------------------

BY_OPERATORS, BY_DOT, BY_NN = "autograd_lite, operators", "autograd_lite, dot and sum", "autograd_lite, nn.MLP"
MICROGRAD = "micrograd"


MOONS_SCALAR = Workload(
    "moons-scalar",
    "micrograd's moons on scalars, 100 points, 337 parameters: clear the gradients, build, backward, drop",
    {
        BY_OPERATORS: partial(training_step, "moons", moons, ours_by_operators),
        BY_DOT: partial(training_step, "moons", moons, ours_by_dot),
        BY_NN: moons_by_nn,
        MICROGRAD: partial(micrograd_moons, "moons"),
        SLOTTED: partial(training_step, "moons", moons, slotted),
    },
    [
        *ahead_of_micrograd("moons-scalar", BY_OPERATORS, 12, 3),
        *ahead_of_micrograd("moons-scalar", BY_DOT, 50),
        *ahead_of_micrograd("moons-scalar", BY_NN, 50),
        Target("moons-scalar, ahead of microgpt's style of Value", times_as_fast(BY_OPERATORS, [SLOTTED], 1, GC_MODES)),
    ],
    ours=BY_OPERATORS,
)

MICROGPT_SCALAR = Workload(
    "microgpt-scalar",
    "microgpt on scalars, a name of 8 characters, 4,192 parameters: clear the gradients, build, backward, drop",
    {
        BY_OPERATORS: partial(training_step, "microgpt", microgpt, ours_by_operators),
        BY_DOT: partial(training_step, "microgpt", microgpt, ours_by_dot),
        MICROGRAD: partial(training_step, "microgpt", microgpt, micrograd),
        SLOTTED: partial(training_step, "microgpt", microgpt, slotted),
    },
    [
        Target(
            "microgpt-scalar, ahead of micrograd and of microgpt's style of Value",
            times_as_fast(BY_OPERATORS, [MICROGRAD, SLOTTED], 1, GC_MODES),
        ),
    ],
    ours=BY_OPERATORS,
)

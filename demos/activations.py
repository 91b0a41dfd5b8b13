"""Activations: where the slope dies, why tanh beats sigmoid, and why linear layers add no depth.

A hidden unit computes a = g(z), and the backward pass multiplies by g'(z). Where |z| is large, sigmoid and tanh are
flat: they saturate, and hardly any gradient passes. tanh(z) = 2 sigmoid(2z) - 1 is four times as steep as sigmoid, and
centred on 0. Which counts? tanh + 1 is as steep as tanh and, like sigmoid, never negative. Layers with a linear g are
matrices, and their product is one matrix. The data are two moons, X (2, m) and Y (1, m): columns are examples.
"""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.datasets import make_moons

from autograd_lite import Constant, Value, leaky_relu, nn, optim, relu, sigmoid, tanh
from autograd_lite.nn import init
from demos._shared import BLUE, GRID, INK, MUTED, RED, SERIES, figure, panels, progress

Array = NDArray[np.float64]
ACTIVATIONS: Any = {"linear": lambda z: z, "ReLU": relu, "leaky ReLU": leaky_relu, "sigmoid": sigmoid, "tanh": tanh}
RIVALS: Any = {"sigmoid": sigmoid, "linear": lambda z: z, "tanh + 1": lambda z: tanh(z) + 1, "tanh": tanh}
ALPHA, STEPS = 0.5, 400  # of gradient descent


def slope(g: Any, z: Any) -> Array:
    """Return g'(z) at every z from one backward pass, through a sum in which each z has a term of its own."""
    v = Value(z)
    np.sum(g(v)).backward()
    return np.asarray(v.grad)


def moons(m: int, seed: int) -> tuple[Array, Array]:
    """Return two interleaved half circles, standardised, and which of the two each point belongs to."""
    X, y = make_moons(m, noise=0.1, random_state=seed)
    return ((X - X.mean(axis=0)) / X.std(axis=0)).T, y[np.newaxis].astype(float)


def network(hidden: int, seed: int) -> list[nn.Linear]:
    """Return hidden layers of 8 units, and the output's; the same seed gives the same weights, and b starts at 0."""
    rng, start = np.random.default_rng(seed), init.he_normal(gain=1)
    return [nn.Linear(n, units, init=start, columns=True, seed=rng) for n, units in pairwise([2, *[8] * hidden, 1])]


def output(layers: list[nn.Linear], g: Any, X: Any) -> Any:
    """Return the last layer's z, with g between the layers; sigmoid of it is in the loss."""
    for layer in layers[:-1]:
        X = g(layer(X))
    return layers[-1](X)


def train(layers: list[nn.Linear], g: Any, X: Array, Y: Array) -> list[float]:
    """Train a network by gradient descent; return the cost before each step."""
    optimizer, inputs, costs = optim.SGD(nn.Sequential(*layers).parameters(), lr=ALPHA), Constant(X), []
    for _ in progress(STEPS, "gradient descent"):
        optimizer.zero_grad()
        J = nn.bce_with_logits(output(layers, g, inputs), Y)
        J.backward()
        optimizer.step()
        costs.append(J.item())
    return costs


def collapse(layers: list[nn.Linear]) -> tuple[Array, Array]:
    """Return the W and b of the one layer that layers with a linear g amount to."""
    W, b = np.eye(2), np.zeros((2, 1))
    for layer in layers:
        W, b = layer.weight.data @ W, layer.weight.data @ b + layer.bias.data
    return W, b


def draw_curves(path: Path) -> None:
    """Draw each activation and its derivative, and shade where |z| > 3."""
    z = np.linspace(-6, 6, 481)
    at_3 = "of sigmoid is {:.3f}, of tanh {:.3f}, of ReLU {:g}".format(*(slope(g, 3.0) for g in (sigmoid, tanh, relu)))
    labels = ("a = g(z)", "z", ""), ("g'(z), by autograd", "z", "")
    with panels(path, f"At z = 3 the slope {at_3}", *labels, width=4.2, height=4) as (a, da):
        looks = zip(("#B8C2CC", *SERIES[2:4], BLUE, RED), (7, 4.5, 1.8, 2.2, 2.2), strict=True)
        for (name, g), (color, width) in zip(ACTIVATIONS.items(), looks, strict=True):
            a.plot(z, g(z), color=color, linewidth=width, label=name)
            da.plot(z, slope(g, z), color=color, linewidth=width)
        for axes in (a, da):
            axes.axvspan(-6, -3, color=GRID, alpha=0.5, linewidth=0)
            axes.axvspan(3, 6, color=GRID, alpha=0.5, linewidth=0)
            axes.set(xlim=(-6, 6), xticks=range(-6, 7, 3))
        a.set(ylim=(-1.5, 3))
        a.legend(frameon=False, labelcolor=INK)


def draw_costs(path: Path, costs: dict[str, list[float]]) -> None:
    """Draw how the cost of each rival falls."""
    title = f"After {STEPS} steps tanh is at {costs['tanh'][-1]:.2f}, sigmoid at {costs['sigmoid'][-1]:.2f}"
    with figure(path, title, "step of gradient descent", "cost J") as axes:
        for (name, line), color, style in zip(costs.items(), (BLUE, INK, MUTED, RED), "--:-", strict=True):
            axes.plot(line, style, color=color, label=f"{name}: {line[-1]:.3f}")
        axes.set(xlim=(0, STEPS), ylim=(0, 0.8))
        axes.legend(frameon=False, labelcolor="linecolor")


def main(out: Path, seed: int, quick: bool) -> list[Path]:
    """Tell how the slopes die, what linear layers amount to and who learns faster, and draw it."""
    print("The slope g'(z):   z = -3   z = -1    z = 0    z = 1    z = 3    z = 6")
    for name, g in ACTIVATIONS.items():
        print(f"{name:>15}:", " ".join(f"{s:8.4f}" for s in slope(g, [-3.0, -1.0, 0.0, 1.0, 3.0, 6.0])))
    told = "Where z < 0 ReLU lets nothing through, leaky ReLU {:g}. At 0, where ReLU has a corner, we take {:g}."
    print(told.format(slope(leaky_relu, -1.0), slope(relu, 0.0)))
    (X, Y), deep = moons(100 if quick else 400, seed), network(3, seed)
    W, b = collapse(deep)
    gap = np.abs(output(deep, ACTIVATIONS["linear"], X).data - (W @ X + b)).max()
    print(f"\n{len(deep)} linear layers compute what one does, their product; the outputs differ by {gap:.0e}.")
    print(f"\nOne hidden layer of 8 units learns two moons. The cost after {STEPS} steps with alpha = {ALPHA}:")
    costs = {name: train(network(1, seed), g, X, Y) for name, g in RIVALS.items()}
    for name, line in costs.items():
        print(f"{name:>15}: {line[-1]:8.4f}")
    print("From the same weights sigmoid gets about as far as linear layers, tanh much further. So does tanh + 1:")
    print("what counts most here, with one hidden layer and this alpha, is the steepness.")
    lines = {name: train(network(3, seed), RIVALS[name], X, Y) for name in ("tanh", "tanh + 1", "sigmoid")}
    n = {name: next((i for i, J in enumerate(line) if J < 0.2), STEPS) for name, line in lines.items()}
    print("In three hidden layers being centred on 0", "counts too:" if n["tanh"] < n["tanh + 1"] else "adds nothing:")
    print("J < 0.2", ", ".join(f"{'after' if i < STEPS else 'not in'} {i} steps with {g}" for g, i in n.items()) + ".")
    draw_curves(out / "activations.png")
    draw_costs(out / "learning.png", costs)
    return [out / "activations.png", out / "learning.png"]

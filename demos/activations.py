"""Activations: where the slope dies, why tanh beats sigmoid, and why linear layers add no depth.

A hidden unit computes a = g(z), and the backward pass multiplies by g'(z). Where |z| is large, sigmoid and tanh are
flat: they saturate, and hardly any gradient comes through. tanh(z) = 2 sigmoid(2z) - 1 is four times as steep as
sigmoid, and about 0. Which of the two counts? tanh + 1 is as steep and, like sigmoid, never negative. Layers with a
linear g are one matrix times the next: one matrix. X (2, m) and Y (1, m) are two moons: columns are examples.
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
Costs = dict[str, list[float]]  # of each network, before each step

ACTIVATIONS: Any = {"linear": lambda z: z, "ReLU": relu, "leaky ReLU": leaky_relu, "sigmoid": sigmoid, "tanh": tanh}
RIVALS: Any = {"tanh": tanh, "tanh + 1": lambda z: tanh(z) + 1, "sigmoid": sigmoid}
TARGET, STEPS = 0.2, 600  # the cost that counts as learnt, and the number of steps that a network has for it


def slope(g: Any, z: Any) -> Array:
    """Return g'(z) at every z from one backward pass, through a sum in which each z has a term of its own."""
    v = Value(z)
    np.sum(g(v)).backward()
    return np.asarray(v.grad)


def moons(m: int, rng: np.random.Generator) -> tuple[Array, Array]:
    """Return two interleaved half circles, standardised, and which of the two each point belongs to."""
    X, y = make_moons(m, noise=0.1, random_state=int(rng.integers(2**31)))
    return ((X - X.mean(axis=0)) / X.std(axis=0)).T, y[np.newaxis].astype(float)


def network(hidden: int, seed: int) -> list[nn.Linear]:
    """Return hidden layers of 8 units, and the output's; the same seed gives the same weights, and b starts at 0."""
    rng, start = np.random.default_rng(seed), init.he_normal(gain=1)
    return [nn.Linear(n, units, init=start, columns=True, seed=rng) for n, units in pairwise([2, *[8] * hidden, 1])]


def output(layers: list[nn.Linear], g: Any, X: Any) -> Value:
    """Return the last layer's z, with g between the layers; sigmoid of it is in the loss."""
    for layer in layers[:-1]:
        X = g(layer(X))
    return layers[-1](X)


def train(layers: list[nn.Linear], g: Any, X: Array, Y: Array, alpha: float) -> list[float]:
    """Descend until the cost is below the target or the steps are used up; return the cost before each step."""
    optimizer, costs = optim.SGD(nn.Sequential(*layers).parameters(), lr=alpha), []
    for _ in progress(STEPS, "gradient descent"):
        J = nn.bce_with_logits(output(layers, g, Constant(X)), Y)
        costs.append(J.item())
        if costs[-1] < TARGET:
            break
        optimizer.zero_grad()
        J.backward()
        optimizer.step()
    return costs


def collapse(layers: list[nn.Linear]) -> tuple[Array, Array]:
    """Return the W and b of the one layer that layers with a linear g amount to."""
    W, b = np.eye(2), np.zeros((2, 1))
    for layer in layers:
        W, b = layer.weight.data @ W, layer.weight.data @ b + layer.bias.data
    return W, b


def race(hidden: int, alpha: float, m: int, rng: np.random.Generator) -> Costs:
    """Return the costs of the rivals, which start from the same weights."""
    (X, Y), seed = moons(m, rng), int(rng.integers(2**31))
    return {name: train(network(hidden, seed), g, X, Y, alpha) for name, g in RIVALS.items()}


def median_steps(races: list[Costs]) -> dict[str, str]:
    """Return for each network in how many steps the middle one of its runs got to the target."""
    steps = {name: sorted(len(costs[name]) for costs in races)[len(races) // 2] for name in races[0]}
    return {name: f"> {STEPS}" if count == STEPS else f"{count - 1}" for name, count in steps.items()}


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


def draw_races(path: Path, races: list[Costs], linear: list[float]) -> None:
    """Draw the cost of each rival from each start, and that of linear layers."""
    steps = median_steps(races)
    title = f"tanh learns in {steps['tanh']} steps, sigmoid in {steps['sigmoid']}; linear layers do not"
    with figure(path, title, "step of gradient descent", "cost J (logarithmic)") as axes:
        axes.plot(linear, color=INK, label=f"linear layers: stop at {linear[-1]:.2f}")
        for (name, count), color, line in zip(steps.items(), (RED, MUTED, BLUE), "-:-", strict=True):
            for costs in races:
                axes.plot(costs[name], line, color=color, linewidth=1.2)
            axes.plot([], line, color=color, label=f"{name}: {count} steps")
        axes.set(xlim=(0, STEPS), yscale="log", ylim=(TARGET, 0.8), yticks=(y := (0.2, 0.3, 0.5, 0.8)), yticklabels=y)
        axes.minorticks_off()
        axes.legend(frameon=False, labelcolor="linecolor", loc="upper right")


def main(out: Path, seed: int, quick: bool) -> list[Path]:
    """Tell how the slopes die, what linear layers amount to and who learns sooner, and draw it."""
    rng, (m, starts) = np.random.default_rng(seed), (100, 1) if quick else (200, 5)
    print("The slope g'(z):", " ".join(f"{f'z = {z}':>8}" for z in (0, 1, 3, 6)))
    for name, g in ACTIVATIONS.items():
        print(f"{name:>15}:", " ".join(f"{s:8.4f}" for s in slope(g, [0.0, 1.0, 3.0, 6.0])))

    (X, Y), deep, linear = moons(m, rng), network(3, seed), ACTIVATIONS["linear"]
    costs, (W, b) = train(deep, linear, X, Y, 0.3), collapse(deep)
    gap = np.abs(output(deep, linear, X).data - (W @ X + b)).max()
    print(f"\n{len(deep)} linear layers compute what one does, their product; the outputs differ by {gap:.0e}.")

    print(f"\nSteps to a cost of {TARGET} with 8 units a layer; the median of runs from {starts} random weights:")
    for hidden in (3, 1):
        races = [race(hidden, 1.0, m, rng) for _ in range(starts)]
        told = ", ".join(f"{name} {steps}" for name, steps in median_steps(races).items())
        print(f"  {hidden} hidden: {told}")
    print("tanh is sooner because it is steeper: with one hidden layer tanh + 1 is about as quick. With three it is not:")
    print("the outputs of each layer should also be about 0.")

    draw_curves(out / "activations.png")
    draw_races(out / "learning.png", races, costs)
    return [out / "activations.png", out / "learning.png"]

"""Activations: where the slope dies, why tanh beats sigmoid, and why linear layers add no depth.

A hidden unit computes a = g(z), and the backward pass multiplies by g'(z). Where |z| is large, sigmoid and tanh are
flat: they saturate, and hardly any gradient comes through. tanh(z) = 2 sigmoid(2z) - 1 is a sigmoid about 0, four times
as steep, so a network with one can be rewritten with the other. Layers with a linear g are one matrix times the next,
and their product is one matrix. The data are two moons, X (2, m) and Y (1, m): columns are examples.
"""

from __future__ import annotations

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
TARGET, STEPS = 0.2, 1000  # the cost that counts as learnt, and the number of steps that a network has for it


def slope(g: Any, z: Any) -> Array:
    """Return g'(z) at every z from one backward pass, through a sum in which each z has a term of its own."""
    v = Value(z)
    np.sum(g(v)).backward()
    return np.asarray(v.grad)


def moons(m: int, rng: np.random.Generator) -> tuple[Array, Array]:
    """Return two interleaved half circles, standardised, and which of the two each point belongs to."""
    X, y = make_moons(m, noise=0.1, random_state=int(rng.integers(2**31)))
    return ((X - X.mean(axis=0)) / X.std(axis=0)).T, y[np.newaxis].astype(float)


def network(activation: str, hidden: int, seed: int) -> nn.MLP:
    """Return a network with hidden layers of 8 units; the same seed gives the same weights, and b starts at 0."""
    shape, start = [*[8] * hidden, 1], init.he_normal(gain=1)
    return nn.MLP(2, shape, activation=activation, scalars=False, columns=True, init=start, seed=seed)


def train(model: nn.MLP, X: Array, Y: Array, alpha: float) -> list[float]:
    """Descend until the cost is below the target or the steps are used up; return the cost before each step."""
    optimizer, inputs, costs = optim.SGD(model.parameters(), lr=alpha), Constant(X), []
    for _ in progress(STEPS, "gradient descent"):
        J = nn.bce_with_logits(model(inputs), Y)
        costs.append(J.item())
        if costs[-1] < TARGET:
            break
        optimizer.zero_grad()
        J.backward()
        optimizer.step()
    return costs


def with_sigmoid(model: nn.MLP) -> nn.MLP:
    """Return the network that computes with sigmoid what this one computes with tanh: tanh(z) = 2 sigmoid(2z) - 1."""
    twin = network("sigmoid", len(model.layers) - 1, seed=0)
    for i, (old, new) in enumerate(zip(model.layers, twin.layers, strict=True)):
        W, b = old.linear.weight.data, old.linear.bias.data
        if i > 0:  # it is given a, where the old layer was given 2a - 1
            W, b = 2 * W, b - W.sum(axis=1, keepdims=True)
        steepness = 2 if new.nonlin else 1
        new.linear.weight.data, new.linear.bias.data = steepness * W, steepness * b
    return twin


def collapse(model: nn.MLP) -> tuple[Array, Array]:
    """Return the W and b of the one layer that linear layers amount to."""
    W, b = np.eye(2), np.zeros((2, 1))
    for layer in model.layers:
        W, b = layer.linear.weight.data @ W, layer.linear.weight.data @ b + layer.linear.bias.data
    return W, b


def race(hidden: int, alpha: float, m: int, rng: np.random.Generator) -> Costs:
    """Return the costs of tanh and sigmoid from the same weights, and of sigmoid from where it equals tanh."""
    (X, Y), seed = moons(m, rng), int(rng.integers(2**31))
    costs = {name: train(network(name, hidden, seed), X, Y, alpha) for name in ("tanh", "sigmoid")}
    return costs | {"rescaled sigmoid": train(with_sigmoid(network("tanh", hidden, seed)), X, Y, 4 * alpha)}


def median_steps(races: list[Costs]) -> dict[str, str]:
    """Return for each network in how many steps the middle one of its runs got to the target."""
    steps = {name: sorted(len(costs[name]) for costs in races)[len(races) // 2] for name in races[0]}
    return {name: f"> {STEPS}" if count == STEPS else f"{count - 1}" for name, count in steps.items()}


def draw_curves(path: Path) -> None:
    """Draw each activation and its derivative, and shade where |z| > 3."""
    z = np.linspace(-6, 6, 481)
    at_3 = "of sigmoid is {:.3f}, of tanh {:.3f}, of ReLU {:g}".format(*(slope(g, 3.0) for g in (sigmoid, tanh, relu)))
    with panels(path, f"At z = 3 the slope {at_3}", ("a = g(z)", "z", ""), ("g'(z), by autograd", "z", "")) as (a, da):
        looks = zip(("#B8C2CC", *SERIES[2:4], BLUE, RED), (7, 4.5, 1.8, 2.2, 2.2), strict=True)
        for (name, g), (color, width) in zip(ACTIVATIONS.items(), looks, strict=True):
            a.plot(z, g(z), color=color, linewidth=width, label=name)
            da.plot(z, slope(g, z), color=color, linewidth=width)
        a.set(ylim=(-1.5, 3))
        a.legend(frameon=False, labelcolor=INK)
        for axes, edge in ((a, -6), (a, 3), (da, -6), (da, 3)):
            axes.axvspan(edge, edge + 3, color=GRID, alpha=0.5, linewidth=0)
            axes.set(xlim=(-6, 6), xticks=range(-6, 7, 3))


def draw_races(path: Path, races: list[Costs], linear: list[float]) -> None:
    """Draw the cost of each network of one hidden layer from each start, and that of the linear one."""
    steps = median_steps(races)
    title = f"tanh learns in {steps['tanh']} steps, sigmoid in {steps['sigmoid']}; linear layers do not"
    with figure(path, title, "step of gradient descent", "cost J (logarithmic)") as axes:
        axes.plot(linear, color=INK, label=f"linear layers: stop at {linear[-1]:.2f}")
        for (name, count), color, line in zip(steps.items(), (RED, BLUE, MUTED), "--:", strict=True):
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

    (X, Y), deep = moons(m, rng), network("linear", 3, seed)
    costs, least = train(deep, X, Y, 0.3), train(network("linear", 0, seed), X, Y, 1.0)[-1]
    W, b = collapse(deep)
    gap = np.abs(deep(X).data - (W @ X + b)).max()
    print(f"\n{len(deep.layers)} linear layers compute what one does, their product; the outputs differ by {gap:.0e}.")
    print(f"On two moons their cost ends at {costs[-1]:.4f}; that of one layer, logistic regression, at {least:.4f}.")

    print(f"\nSteps to a cost of {TARGET} with 8 units a layer; the median of runs from {starts} random weights:")
    for hidden, alpha in ((3, 12.0), (3, 1.0), (1, 1.0)):
        races = [race(hidden, alpha, m, rng) for _ in range(starts)]
        told = ", ".join(f"{name} {steps}" for name, steps in median_steps(races).items())
        print(f"  {hidden} hidden, alpha = {alpha:g}: {told}")
    print("With alpha = 1 tanh is sooner. With one hidden layer that is its steepness: a sigmoid rescaled to equal it")
    print("at the start, with 4 alpha, is as quick. With three there is more to it; the usual explanation is that the")
    print("outputs of sigmoid are all positive. With a large alpha the steeper tanh overshoots, and sigmoid is ahead.")

    draw_curves(out / "activations.png")
    draw_races(out / "learning.png", races, costs)
    return [out / "activations.png", out / "learning.png"]

"""Initialisation: equal weights stay equal for ever, random ones learn, depth needs the right size.

If the units of a layer start with equal weights, they compute the same, get the same gradient and stay the same: the
layer has one unit, written several times. Random weights break the symmetry; b may start at 0. Large weights make z
large, where tanh is flat: the unit saturates. In a deep network every layer multiplies the size of its input, and on
the way back that of the gradient: Xavier (for tanh) and He (for ReLU) choose the weights so that both last to the end.
The data are handwritten digits, 8 x 8 pixels; X is (64, m), columns are examples, and W1 (n_h, 64) has a row per unit.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from sklearn.datasets import load_digits

from autograd_lite import Constant, nn, optim
from autograd_lite.nn.init import Initialiser, constant, he_normal, normal, xavier_normal, zeros
from demos._shared import BLUE, SERIES, panels, progress

ALPHA = 0.2
UNITS = 8  # a multiple of 4, so that BLAS rounds all rows of W1 alike: with 5, rounding alone can break the symmetry
LAYERS, WIDTH = 20, 100  # of the deep network
SHALLOW = {"zeros": zeros(), "all 0.1": constant(0.1), "0.01 randn": normal(0.01), "10 randn": normal(10.0)}
DEEP = {"0.01 randn": normal(0.01), "1 randn": normal(1.0), "Xavier": xavier_normal(), "He": he_normal()}
Array = NDArray[np.float64]
Labels = NDArray[np.int64]


def load(m: int, rng: np.random.Generator) -> tuple[Constant, Labels]:
    """Return m handwritten digits, X (64, m), standardised, and which digit each is."""
    X, y = load_digits(return_X_y=True)
    chosen = rng.permutation(len(y))[:m]
    return Constant(((X - X.mean()) / X.std())[chosen].T), y[chosen]


class Run(NamedTuple):
    """What came out of training a network with one hidden layer."""

    W1: Array  # before the first step and after each
    costs: list[float]
    right: float  # the share of the digits, its training data, that it classifies correctly at the end
    saturated: float  # the share of the hidden units' outputs beyond 0.97 at the start


def train(start: Initialiser, X: Constant, y: Labels, steps: int, seed: int) -> Run:
    """Train a network of tanh units whose weights start as `start` says, and whose biases start at 0."""
    model = nn.MLP(64, [UNITS, 10], activation="tanh", scalars=False, columns=True, init=start, seed=seed)
    optimizer, hidden = optim.SGD(model.parameters(), lr=ALPHA), model.layers[0]
    saturated = np.mean(np.abs(hidden(X).data) > 0.97)
    W1, costs = [hidden.linear.weight.data.copy()], []
    for _ in progress(steps, "gradient descent"):
        optimizer.zero_grad()
        J = nn.cross_entropy(model(X), y, axis=0)
        J.backward()
        optimizer.step()
        costs.append(J.item())
        W1.append(hidden.linear.weight.data.copy())
    return Run(np.array(W1), costs, float(np.mean(model(X).data.argmax(axis=0) == y)), float(saturated))


def spread(W1: Array) -> float:
    """Return how far the rows of W1, a unit each, are apart at most; 0 if all units are the same."""
    return float(np.ptp(W1, axis=0).max())


def sizes(g: str, start: Initialiser, X: Constant, y: Labels, seed: int) -> tuple[Array, Array]:
    """Return for each hidden layer of a deep network the root mean square of its outputs A, and of dA = dJ/dA."""
    model = nn.MLP(64, [*[WIDTH] * LAYERS, 10], activation=g, scalars=False, columns=True, init=start, seed=seed)
    A: list[Any] = [X]
    for layer in model.layers:
        A.append(layer(A[-1]))
    nn.cross_entropy(A[-1], y, axis=0).backward()
    size, gradient = np.array([[np.sqrt(np.mean(x**2)) for x in (a.data, a.grad)] for a in A[1:-1]]).T
    return size, gradient


def draw_units(path: Path, runs: dict[str, Run], pixel: int) -> None:
    """Draw the weights that the units give one pixel, a line each, from step to step."""
    title = "Equal for ever: {:.1%} of the training digits correct; random: {:.1%}"
    shown = {name: runs[name] for name in ("all 0.1", "0.01 randn")}
    labels = [(f"W starts as {name}", "step", "a unit's weight of one pixel") for name in shown]
    with panels(path, title.format(*(run.right for run in shown.values())), *labels) as drawn:
        for axes, run in zip(drawn, shown.values(), strict=True):
            axes.plot(run.W1[:, :, pixel], color=BLUE)
            axes.set(xlim=(0, len(run.costs)), ylim=(-0.75, 0.75))


def draw_gradients(path: Path, deep: dict[str, dict[str, tuple[Array, Array]]]) -> None:
    """Draw the size of dA, layer by layer, for each activation and each start."""
    fades, lasts = (dA[0] / dA[-1] for _, dA in (deep["relu"]["0.01 randn"], deep["relu"]["He"]))
    title = f"{LAYERS} layers of ReLU: 0.01 randn leaves {fades:.0e} of the gradient, He {lasts:.0%}"
    with panels(path, title, *((f"{name}: size of dJ/dA", "layer", "") for name in deep), width=4.2) as drawn:
        for axes, starts in zip(drawn, deep.values(), strict=True):
            for (start, (_, dA)), color in zip(starts.items(), SERIES, strict=False):
                axes.semilogy(range(1, LAYERS + 1), dA, color=color, label=start)
            axes.set(xlim=(1, LAYERS), xticks=(1, 5, 10, 15, 20))
        drawn[0].legend(frameon=False, labelcolor="linecolor")


def main(out: Path, seed: int, quick: bool) -> list[Path]:
    """Train from equal, small and large weights, follow the sizes through a deep network, and draw both."""
    m, steps = (200, 250) if quick else (600, 500)
    X, y = load(m, np.random.default_rng(seed))
    print(f"{m} handwritten digits, {UNITS} hidden units, {steps} steps; W1 has a row for each unit, b starts at 0.")
    print(f"{'W starts as':12}{'rows apart':>12}{'|a| > 0.97':>12}{'last cost':>12}{'right (training)':>18}")
    runs = {name: train(start, X, y, steps, seed) for name, start in SHALLOW.items()}
    for name, run in runs.items():
        print(f"{name:12}{max(map(spread, run.W1)):12.2g}{run.saturated:12.1%}{run.costs[-1]:12.3f}{run.right:18.1%}")
    print("Rows that start equal stay equal: the layer is worth one unit. From zeros W1 gets no gradient at all.")
    _, costs, right, flat = runs["10 randn"]
    print(f"From 10 randn {flat:.1%} of all a start saturated; J ends at {costs[-1]:.1f}, and {right:.1%} are correct.")

    deep = {name: {start: sizes(name, DEEP[start], X, y, seed) for start in DEEP} for name in ("tanh", "relu")}
    print(f"\nFrom the first to the last of {LAYERS} layers of {WIDTH} units, and on the way back:")
    print(f"{'':20}{'A last/first':>14}{'dA first/last':>16}")
    for name, starts in deep.items():
        for start, (A, dA) in starts.items():
            print(f"{f'{name}, {start}':20}{A[-1] / A[0]:14.1g}{dA[0] / dA[-1]:16.1g}")
    print("With 1 randn most tanh units are flat, but W is so large that what still passes grows from layer to layer.")

    draw_gradients(out / "layers.png", deep)
    draw_units(out / "units.png", runs, pixel=28)
    return [out / "layers.png", out / "units.png"]

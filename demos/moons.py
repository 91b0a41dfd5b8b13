"""micrograd's demo: a network made of scalars learns where one half moon ends and the other begins.

Every weight is a Value of its own and every neuron a node, so each step's graph has thousands of nodes; rows of X are
the points. The score of a point is the output of two hidden layers of 16 ReLU neurons and one linear neuron. The hinge
loss max(0, 1 - y score), with y = 1 or -1, is 0 once a point is on its side of the boundary (score 0) with a margin of
1. J is its mean over the points, plus a penalty of 1e-4 times the sum of the squared weights and biases.
"""

from __future__ import annotations

import copy
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from sklearn.datasets import make_moons

from autograd_lite import Value, nn, optim, topological_order
from autograd_lite import sum as total
from demos._shared import BLUE, INK, MUTED, SERIES, SIGNED, panels, progress

POINTS, NOISE, PENALTY = 100, 0.1, 1e-4
ORANGE, PURPLE = SERIES[2], SERIES[4]  # the moons: a negative and a positive score
Array = NDArray[np.float64]


class Data(NamedTuple):
    """Points X (m, 2), and the moon that each is on: y (m,) is 1 or -1."""

    X: Array
    y: Array


def load(seed: int) -> Data:
    """Return points scattered about two half moons."""
    X, moon = make_moons(POINTS, noise=NOISE, random_state=seed)
    return Data(X, 2.0 * moon - 1)


def cost(model: nn.MLP, data: Data) -> Value:
    """J, whether the model's parameters are scalars or arrays."""
    scores = model(data.X)[:, 0]
    J: Value = nn.hinge(scores, data.y) + PENALTY * total([total(p * p) for p in model.parameters()])
    return J


def on_arrays(model: nn.MLP) -> nn.MLP:
    """Return a copy of the model on arrays: three matrices of weights and three rows of biases, the same numbers."""
    return copy.deepcopy(model).to_arrays()


def gradients(model: nn.MLP, data: Data) -> Array:
    """Return dJ/dp for every number p of the model, in one row: the same for scalars and for arrays."""
    model.zero_grad()
    cost(model, data).backward()
    return np.concatenate([np.ravel(p.grad) for p in model.parameters()])


def train(model: nn.MLP, data: Data, steps: int) -> list[float]:
    """Descend with a learning rate that falls from 1 to 0.1; return the cost before each step and after the last."""
    optimizer = optim.SGD(model.parameters(), lr=1.0)
    costs = []
    for step in progress(steps, "gradient descent on scalars"):
        J = cost(model, data)
        costs.append(J.item())
        optimizer.zero_grad()
        J.backward()
        optimizer.lr = 1 - 0.9 * step / steps
        optimizer.step()
    return [*costs, cost(model, data).item()]


def accuracy(model: nn.MLP, data: Data) -> float:
    """The share of the points on their side of the boundary."""
    return float(np.mean(on_arrays(model)(data.X).data[:, 0] * data.y > 0))


def main(out: Path, seed: int, quick: bool) -> list[Path]:
    """Compare scalars with arrays, train on scalars, and draw the boundary."""
    data = load(seed)
    model = nn.MLP(2, [16, 16, 1], seed=seed)
    twin = on_arrays(model)
    print(f"{POINTS} points on two half moons; {len(model.parameters())} weights and biases, each a Value of its own.")
    nodes, fewer = (len(topological_order(cost(form, data))) for form in (model, twin))
    gap = np.abs(gradients(model, data) - gradients(twin, data)).max()
    print(f"One step's graph has {nodes:,} nodes; on arrays, {fewer}. Their gradients differ by {gap:.0e} at most.")

    costs = train(model, data, steps=12 if quick else 100)
    steps, right = len(costs) - 1, accuracy(model, data)
    print(f"{steps} steps on scalars: the cost falls from {costs[0]:.3f} to {costs[-1]:.3f},", end=" ")
    print(f"and {right:.0%} of the points are on their side.")
    title = f"{right:.0%} of {POINTS} points on their side, after {steps} steps on scalars"
    draw(out / "moons.png", title, on_arrays(model), data, costs)
    return [out / "moons.png"]


def draw(path: Path, title: str, model: nn.MLP, data: Data, costs: list[float]) -> None:
    """Draw the score over the plane with its boundary and margins, and how the cost fell."""
    low, high = data.X.min(axis=0) - 0.4, data.X.max(axis=0) + 0.4
    x1, x2 = np.meshgrid(np.linspace(low[0], high[0], 200), np.linspace(low[1], high[1], 200))
    scores = model(np.column_stack([x1.ravel(), x2.ravel()])).data.reshape(x1.shape)
    fall = f"cost J: from {costs[0]:.2f} to {costs[-1]:.3f}"
    labels = ("boundary (score 0), margins (±1)", "x1", "x2"), (fall, "step", "")
    with panels(path, title, *labels, width=4.4, height=4) as (plane, curve):
        box = (low[0], high[0], low[1], high[1])
        plane.imshow(scores, SIGNED, vmin=-3, vmax=3, alpha=0.6, extent=box, origin="lower", aspect="auto")
        plane.contour(x1, x2, scores, [-1, 0, 1], colors=[MUTED, INK, MUTED], linewidths=[1, 2.2, 1], linestyles="-")
        plane.scatter(data.X[:, 0], data.X[:, 1], c=np.where(data.y > 0, PURPLE, ORANGE), edgecolors="white", zorder=3)
        plane.grid(visible=False)
        plane.locator_params(nbins=5)
        curve.plot(costs, color=BLUE)
        curve.set(xlim=(0, None), yscale="log", yticks=(y := (0.01, 0.1, 1)), yticklabels=y)
        curve.minorticks_off()

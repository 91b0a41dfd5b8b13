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

from autograd_lite import Constant, Value, nn, optim, topological_order
from autograd_lite import sum as total
from demos._shared import BLUE, INK, MUTED, RED, SERIES, SIGNED, median_seconds, name_line, panels, progress
from viz import draw_dot

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


def accuracy(model: nn.MLP, data: Data) -> float:
    """The share of the points on their side of the boundary."""
    return float(np.mean(on_arrays(model)(data.X).data[:, 0] * data.y > 0))


def train(model: nn.MLP, data: Data, steps: int) -> list[tuple[float, float]]:
    """Descend with a learning rate that falls from 1 to 0.1; return the cost and the accuracy before each step."""
    optimizer = optim.SGD(model.parameters(), lr=1.0)
    schedule = optim.Schedule(optimizer, optim.linear(steps, end=0.1))
    history = []
    for _ in progress(steps, "gradient descent on scalars"):
        J = cost(model, data)
        history.append((J.item(), accuracy(model, data)))
        optimizer.zero_grad()
        J.backward()
        optimizer.step()
        schedule.step()
    return history


def gradients(model: nn.MLP, data: Data) -> Array:
    """Return dJ/dp for every number p of the model, in one row: the same for scalars and for arrays."""
    model.zero_grad()
    cost(model, data).backward()
    return np.concatenate([np.ravel(p.grad) for p in model.parameters()])


def one_neuron(model: nn.MLP, x: Array) -> tuple[Value, Value]:
    """Build one point's score; also return the neuron of the first layer that moves it most, with its gradient."""
    model.zero_grad()
    inputs = np.array([Constant(x[0], "x1"), Constant(x[1], "x2")], dtype=object)
    neurons = model.layers[0](inputs)
    score = model.layers[2](model.layers[1](neurons))[0]
    score.backward()
    return score, max(neurons, key=lambda a: abs(a.grad) * (a.data > 0))


def main(out: Path, seed: int, quick: bool) -> list[Path]:
    """Train on scalars, compare with arrays, and draw the boundary and one neuron."""
    data = load(seed)
    model = nn.MLP(2, [16, 16, 1], seed=seed)
    twin = on_arrays(model)
    print(f"{POINTS} points on two half moons; {len(model.parameters())} weights and biases, each a Value of its own.")
    nodes, fewer = (len(topological_order(cost(form, data))) for form in (model, twin))
    gap = np.abs(gradients(model, data) - gradients(twin, data)).max()
    print(
        f"The graph of one step, from them to the cost, has {nodes:,} nodes. Of the same network on arrays it has",
        end=" ",
    )
    print(f"{fewer},\nand the gradients of both differ by {gap:.0e} at most.")
    seconds = median_seconds({"scalars": lambda: gradients(model, data), "arrays": lambda: gradients(twin, data)}, 3)
    ratio = seconds["scalars"] / seconds["arrays"]
    print(f"Forward and backward take {1e3 * seconds['scalars']:.1f} ms on scalars, {ratio:.0f} times less on arrays.")

    history = train(model, data, steps=20 if quick else 100)
    history.append((cost(model, data).item(), accuracy(model, data)))
    (first, _), (last, right) = history[0], history[-1]
    print(f"{len(history) - 1} steps on scalars: the cost falls from {first:.3f} to {last:.3f},", end=" ")
    print(f"and {right:.0%} of the points are on their side of the boundary.")

    twin = on_arrays(model)
    doubtful = np.abs(twin(data.X).data).argmin()
    score, neuron = one_neuron(model, data.X[doubtful])
    print(
        f"The graph is a neuron of the first layer, as it stands among the {len(topological_order(score))} nodes",
        end=" ",
    )
    print("of one point's score:\nthe point is the one nearest to the boundary, the neuron the one that moves it most.")

    title = f"{right:.0%} of {POINTS} points on their side, after {len(history) - 1} steps on scalars"
    draw(out / "moons.png", title, twin, data, history)
    draw_dot(neuron, params=model).render(outfile=out / "neuron.svg", cleanup=True)
    return [out / "moons.png", out / "neuron.svg"]


def draw(path: Path, title: str, model: nn.MLP, data: Data, history: list[tuple[float, float]]) -> None:
    """Draw the score over the plane with its boundary and margins, and the cost with the share of wrong points."""
    low, high = data.X.min(axis=0) - 0.4, data.X.max(axis=0) + 0.4
    x1, x2 = np.meshgrid(np.linspace(low[0], high[0], 200), np.linspace(low[1], high[1], 200))
    scores = model(np.column_stack([x1.ravel(), x2.ravel()])).data.reshape(x1.shape)
    costs, right = np.transpose(history)
    labels = ("boundary (score 0), margins (-1 and 1)", "x1", "x2"), ("cost and share of wrong points", "step", "")
    with panels(path, title, *labels) as (plane, curve):
        box = (low[0], high[0], low[1], high[1])
        plane.imshow(scores, SIGNED, vmin=-3, vmax=3, alpha=0.6, extent=box, origin="lower", aspect="auto")
        plane.contour(
            x1, x2, scores, [-1, 0, 1], colors=[MUTED, INK, MUTED], linewidths=[1, 2.2, 1], linestyles="solid"
        )
        plane.scatter(data.X[:, 0], data.X[:, 1], c=np.where(data.y > 0, PURPLE, ORANGE), edgecolors="white", zorder=3)
        plane.grid(visible=False)
        curve.set_yscale("symlog", linthresh=0.01)  # logarithmic above 0.01, and yet down to 0
        for line, name, color in ((costs, "cost J: {:.3f}", BLUE), (1 - right, "wrong: {:.0%}", RED)):
            curve.plot(line, color=color)
            name_line(curve, len(line) - 1, line[-1], name.format(line[-1]), color)
        curve.set(xlim=(0, None), ylim=(0, None), yticks=(y := (0, 0.01, 0.1, 1)), yticklabels=y)

"""Logistic regression's gradient with two loops, with one, and with none: the same numbers.

X has the shape (n_x, m), 30 measurements of each of 426 tumours: columns are examples. w is (n_x, 1), y is (1, m), and
J is the mean of the losses. Each way is written twice: as the cost J, from which autograd finds dw and db, and as the
gradient by hand, where dw and db start at 0, every example adds its share, and m divides the sums at the end.
"""

from __future__ import annotations

import math
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from autograd_lite import Value, grad, softplus
from autograd_lite.graph import topological_order
from demos._shared import BLUE, MUTED, RED, figure, median_seconds, name_line
from demos.logistic import load


def cost_two_loops(w: Any, b: Any, X: Any, y: Any) -> Any:
    """J, one number at a time: a loop over the examples, and in it one over the features."""
    n_x, m = X.shape
    w, X, y = list(w[:, 0]), X.tolist(), y[0].tolist()  # a loop over Python's numbers is quicker than over an array's
    J = 0.0
    for i in range(m):
        z = b
        for k in range(n_x):
            z = z + w[k] * X[k][i]
        J = J + (softplus(z) - y[i] * z)  # the loss -(y log a + (1 - y) log(1 - a)) with a = sigmoid(z)
    return J / m


def cost_one_loop(w: Any, b: Any, X: Any, y: Any) -> Any:
    """J, one example at a time: w and x are vectors, and the loop over the features is gone."""
    m = X.shape[1]
    J = 0.0
    for i in range(m):
        z = np.dot(w.T, X[:, i]) + b
        J = J + (softplus(z) - y[0, i] * z)
    return np.sum(J) / m


def cost_no_loop(w: Any, b: Any, X: Any, y: Any) -> Any:
    """J, all examples at once."""
    Z = np.dot(w.T, X) + b
    return np.sum(softplus(Z) - y * Z) / X.shape[1]


def two_loops(w: Any, b: float, X: Any, y: Any) -> tuple[Any, Any]:
    """Return dw and db by hand, one number at a time."""
    n_x, m = X.shape
    w, X, y = w[:, 0].tolist(), X.tolist(), y[0].tolist()
    dw, db = [0.0] * n_x, 0.0
    for i in range(m):
        z = b
        for k in range(n_x):
            z += w[k] * X[k][i]
        dz = 1 / (1 + math.exp(-z)) - y[i]  # a - y
        for k in range(n_x):
            dw[k] += X[k][i] * dz  # dw1 += x1 dz, dw2 += x2 dz, ...
        db += dz
    return np.reshape(dw, (n_x, 1)) / m, db / m


def one_loop(w: Any, b: float, X: Any, y: Any) -> tuple[Any, Any]:
    """Return dw and db by hand, one example at a time: dw is a vector. For 30 numbers NumPy hardly pays."""
    n_x, m = X.shape
    dw, db = np.zeros((n_x, 1)), 0.0
    for i in range(m):
        x = X[:, i : i + 1]
        z = (np.dot(w.T, x) + b).item()
        dz = 1 / (1 + math.exp(-z)) - y[0, i]
        dw += x * dz
        db += dz
    return dw / m, db / m


def no_loop(w: Any, b: float, X: Any, y: Any) -> tuple[Any, Any]:
    """Return dw and db by hand: one matrix product gives all z, another one dw."""
    m = X.shape[1]
    Z = np.dot(w.T, X) + b
    dZ = 1 / (1 + np.exp(-Z)) - y
    return np.dot(X, dZ.T) / m, np.sum(dZ) / m


COSTS = {"two loops": cost_two_loops, "one loop": cost_one_loop, "no loop": cost_no_loop}
BY_HAND = {"two loops": two_loops, "one loop": one_loop, "no loop": no_loop}


def main(out: Path, seed: int, quick: bool) -> list[Path]:
    """Compare the six gradients, count the nodes of the graphs, and take the times."""
    data, _ = load(seed)
    X, y = data.X.T.copy(), data.y[np.newaxis]
    (n_x, m), b = X.shape, 0.1
    w = np.random.default_rng(seed).normal(0, 0.1, (n_x, 1))
    by_hand = {way: partial(gradient, w, b, X, y) for way, gradient in BY_HAND.items()}
    autograd = {way: partial(grad(cost, argnums=(0, 1)), w, b, X, y) for way, cost in COSTS.items()}
    results = [np.append(*run()) for run in (*by_hand.values(), *autograd.values())]
    print(f"{m} tumours with {n_x} measurements each: dw and db are {n_x + 1} numbers, each the mean of {m} shares.")
    print(f"Computed in {len(results)} ways, they differ by {np.ptp(results, axis=0).max():.0e} at most.")

    hand, auto = (median_seconds(runs, repeats=1 if quick else 15) for runs in (by_hand, autograd))
    sizes = [1, 2, 5, 10, 30, 100, m]
    counts = {}
    for way, cost in COSTS.items():
        graphs = (cost(Value(w), Value(b), X[:, :k], y[:, :k]) for k in sizes)
        counts[way] = [len(topological_order(J)) for J in graphs]  # what autograd keeps for the backward pass
        times = f"{1e3 * auto[way]:.2g} ms from autograd, {1e3 * hand[way]:.2g} ms by hand"
        print(f"  {way + ':':<10} {counts[way][-1]:6,} nodes in the graph of J; dw and db take {times}")
    for way in ("one loop", "no loop"):
        faster, hand_faster = (seconds["two loops"] / seconds[way] for seconds in (auto, hand))
        print(f"Beside two loops, {way} is {faster:.1f} times as fast from autograd, {hand_faster:.1f} times by hand.")

    title = f"The same gradient from {counts['two loops'][-1]:,} nodes or from {counts['no loop'][-1]}"
    with figure(out / "nodes.png", title, "examples m (logarithmic)", "nodes of the graph of J (logarithmic)") as axes:
        for (way, count), color in zip(counts.items(), (RED, MUTED, BLUE), strict=True):
            axes.plot(sizes, count, color=color)
            name_line(axes, m, count[-1], f"{way}: {count[-1]:,}", color)
        axes.set(xscale="log", yscale="log", ylim=(5, 1e5))
        axes.xaxis.set_major_formatter("{x:,g}")
        axes.yaxis.set_major_formatter("{x:,g}")
    return [out / "nodes.png"]

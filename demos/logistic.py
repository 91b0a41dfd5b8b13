"""Logistic regression tells benign from malignant tumours, by gradient descent.

Each of 569 tumours is a row of 30 measurements of its cells. The model is one neuron: z = w^T x + b, and
a = sigmoid(z) is the probability that the tumour is benign. Rows are examples, so z for all of them is X @ w + b.
"""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from sklearn.datasets import load_breast_cancer

from autograd_lite import Constant, Value, grad, log, mean, sigmoid, softplus
from demos._shared import BLUE, RED, figure, name_line, progress
from viz import draw_dot

HELD_OUT = 143  # a quarter of the examples, kept away from training
ALPHA = 0.3  # the learning rate
Array = NDArray[np.float64]


class Data(NamedTuple):
    """Examples and their labels: 1 is benign."""

    X: Array
    y: Array


def load(seed: int) -> tuple[Data, Data]:
    """Return the training and the held-out examples, standardised by the training examples' mean and deviation."""
    X, y = load_breast_cancer(return_X_y=True)
    test, train = np.split(np.random.default_rng(seed).permutation(len(y)), [HELD_OUT])
    X = (X - X[train].mean(axis=0)) / X[train].std(axis=0)
    return Data(X[train], y[train].astype(float)), Data(X[test], y[test].astype(float))


def cost(w: Value, b: Value, data: Data) -> Value:
    """J, the mean over the examples of the loss -(y log a + (1 - y) log(1 - a)), written so that nothing overflows."""
    z = data.X @ w + b
    J: Value = mean(softplus(z) - data.y * z)
    return J


def train(data: Data, test: Data, steps: int) -> tuple[Value, Value, list[tuple[float, float]]]:
    """Descend from w = 0, b = 0; also return the costs on both sets before each step."""
    w, b = Value(np.zeros(data.X.shape[1]), "w"), Value(0.0, "b")
    costs = []
    for _ in progress(steps, "gradient descent"):
        w.zero_grad()
        b.zero_grad()
        J = cost(w, b, data)
        J.backward()
        costs.append((J.item(), cost(w, b, test).item()))
        w.data -= ALPHA * w.grad  # w := w - alpha dw
        b.data -= ALPHA * b.grad
    return w, b, costs


def by_matrix(w: Value, b: Value, data: Data) -> Array:
    """Return dw from one backward pass through J."""
    return np.asarray(grad(cost)(w.data, b.data, data))


def by_example(w: Value, b: Value, data: Data, print_after: tuple[int, ...] = ()) -> Array:
    """Return dw from a backward pass for each example: the passes add up in w.grad, and m divides the sum."""
    w, b = Value(w.data), Value(b.data)
    for i, (x, y) in enumerate(zip(data.X, data.y, strict=True), start=1):
        z = x @ w + b
        (softplus(z) - y * z).backward()  # dw1 += x1 (a - y), dw2 += x2 (a - y), ..., db += a - y
        if i in print_after:
            print(f"  after {i:3} tumours: dw1 = {w.grad[0]:8.3f}   dw2 = {w.grad[1]:8.3f}   db = {b.grad:8.3f}")
    return np.asarray(w.grad) / len(data.y)


def one_loss(w: Value, b: Value, x: Array) -> tuple[Value, list[Value], list[int]]:
    """Build a benign example's loss from scalars; also return the two largest weights as nodes, and their places."""
    first, second, *others = (int(i) for i in np.argsort(-np.abs(w.data)))
    w1, w2 = Value(w.data[first], "w1"), Value(w.data[second], "w2")
    x1, x2 = Constant(x[first], "x1"), Constant(x[second], "x2")
    rest = Value(x[others] @ w.data[others] + b.data, "rest")
    z = w1 * x1 + w2 * x2 + rest
    a = sigmoid(z)
    loss = -log(a)  # -(y log a + (1 - y) log(1 - a)) with y = 1
    z.label, a.label, loss.label = "z", "a", "loss"
    loss.backward()
    return loss, [w1, w2], [first, second]


def main(out: Path, seed: int, quick: bool) -> list[Path]:
    """Train, tell what came out, and draw the cost and one example's graph."""
    data, test = load(seed)
    m, n_x = data.X.shape
    print(f"{m} tumours to learn from, {len(test.y)} held out; {n_x} measurements of each. y = 1 is benign,")
    print("and a = sigmoid(w^T x + b) is the probability of that.")
    print("The first step, from w = 0 and b = 0: dw1, dw2, ... and db start at 0, and each tumour adds its share.")
    start = Value(np.zeros(n_x)), Value(0.0)
    dw = by_example(*start, data, print_after=(1, 2, 3, m))
    print(f"  Divided by m: dw1 = {dw[0]:.3f}. With alpha = {ALPHA}, w1 := w1 - alpha dw1 = {-ALPHA * dw[0]:.3f}.")
    gap = np.abs(by_matrix(*start, data) - dw).max()
    print(f"One matrix product gives the same dw at once; the two differ by {gap:.0e} at most.")
    w, b, costs = train(data, test, steps=100 if quick else 300)
    print(f"{len(costs)} steps of gradient descent: the cost falls from {costs[0][0]:.3f} to {costs[-1][0]:.3f}.")
    z = test.X @ w.data + b.data
    right = np.mean((z > 0) == test.y)
    print(f"Of the held-out tumours, which it has never seen, it classifies {right:.1%} correctly.")

    doubtful = np.argmin(np.abs(z) + 1e9 * (test.y == 0))
    loss, params, largest = one_loss(w, b, test.X[doubtful])
    print("The graph is the loss of one tumour: of the benign ones held out, the one the model is least sure of.")
    x1, x2 = load_breast_cancer().feature_names[largest]
    print(f"Its x1 and x2, of the two largest weights, are {x1} and {x2}; `rest` sums the other terms and b.")

    title = f"{right:.1%} of held-out tumours are classified correctly"
    with figure(out / "cost.png", title, "step of gradient descent", "cost J (mean loss, logarithmic)") as axes:
        for line, name, color in zip(zip(*costs, strict=True), ("training", "held out"), (BLUE, RED), strict=True):
            axes.plot(line, color=color)
            name_line(axes, len(line) - 1, line[-1], f"{name}: {line[-1]:.3f}", color, below=line[-1] < max(costs[-1]))
        axes.set(xlim=(0, None), yscale="log", ylim=(0.03, 0.8), yticks=(y := (0.05, 0.1, 0.2, 0.5)), yticklabels=y)
        axes.minorticks_off()
    draw_dot(loss, params=params).render(outfile=out / "loss.svg", cleanup=True)
    return [out / "cost.png", out / "loss.svg"]

"""Least squares for O = XW + b: gradient descent reaches the closed form, at the eigenvalues' pace.

20 men of a fitness club: d = 3 exercises (chin-ups, sit-ups, jumps) predict p = 3 measures (weight, waist, pulse). Rows
are examples: X is (n, d), W (d, p), and b (p,) is copied to every row of O (n, p). Each copy has its own gradient, and
db is their sum, down each column. The cost J = sum((O - Y)^2) / (2n) is a quadratic bowl: the closed form is its lowest
point, and a step multiplies the distance from it, along an eigenvector of X^T X / n, by 1 - alpha * eigenvalue.
"""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from sklearn.datasets import load_linnerud

from autograd_lite import Constant, Value
from autograd_lite import sum as total
from demos._shared import MUTED, SERIES, figure, name_line, progress
from viz import draw_dot

RATES = (0.1, 0.8, 0.9)  # learning rates: slow, near the best, a little too large
STEPS = 100
Array = NDArray[np.float64]


class Data(NamedTuple):
    """Examples in rows: exercises X (n, d), standardised, and measures Y (n, p)."""

    X: Array
    Y: Array


def load() -> Data:
    """Return the 20 men."""
    X, Y = load_linnerud(return_X_y=True)
    return Data((X - X.mean(axis=0)) / X.std(axis=0), Y)


def cost(W: Value, b: Value, data: Data) -> Value:
    """J = sum((O - Y)^2) / (2n), where O = XW + b; b is (p,), or a copy of it for each row, (n, p)."""
    output = Constant(data.X, "X") @ W + b
    J: Value = total((output - Constant(data.Y, "Y")) ** 2) / (2 * len(data.X))
    output.label, J.label = "O", "J"
    return J


def by_copies(W: Value, b: Value, data: Data) -> Array:
    """Return the gradient of each of the n copies of b, (n, p)."""
    copies = Value(np.tile(b.data, (len(data.X), 1)))
    cost(Value(W.data), copies, data).backward()
    return np.asarray(copies.grad)


def with_ones(X: Array) -> Array:
    """Return A (n, d + 1), which is X and a column of ones: O = A [W; b]."""
    return np.column_stack([X, np.ones(len(X))])


def closed_form(data: Data) -> Array:
    """Return W and, as the last row, b from the normal equations, (A^T A) [W; b] = A^T Y."""
    A = with_ones(data.X)
    return np.asarray(np.linalg.solve(A.T @ A, A.T @ data.Y))


def eigenvalues(data: Data) -> Array:
    """Return those of A^T A / n, the matrix of J's second derivatives for each measure, smallest first."""
    A = with_ones(data.X)
    return np.asarray(np.linalg.eigvalsh(A.T @ A / len(A)))


def descend(data: Data, alpha: float, steps: int) -> Array:
    """Return how far (W, b) is from the closed form, at W = 0, b = 0 and after each step of gradient descent."""
    best = closed_form(data)
    W, b = Value(np.zeros_like(best[:-1])), Value(np.zeros_like(best[-1]))
    gaps = [np.linalg.norm(best)]
    for _ in progress(steps, f"alpha = {alpha:g}"):
        W.zero_grad()
        b.zero_grad()
        cost(W, b, data).backward()
        W.data -= alpha * W.grad  # W := W - alpha dW
        b.data -= alpha * b.grad
        gaps.append(np.linalg.norm(np.vstack([W.data, b.data]) - best))
    return np.array(gaps)


def main(out: Path, seed: int, quick: bool) -> list[Path]:
    """Compare db with the copies' gradients and gradient descent with the closed form. Nothing is random, or slow."""
    data = load()
    (n, d), p = data.X.shape, data.Y.shape[1]
    print(f"{n} men, {d} exercises, {p} measures: X is {(n, d)}, W is {(d, p)}, b is {(p,)}, O is {(n, p)}.")
    W, b = Value(np.zeros((d, p)), "W"), Value(np.zeros(p), "b")
    J = cost(W, b, data)
    J.backward()
    gap = np.abs(by_copies(W, b, data).sum(axis=0) - b.grad).max()
    off = f"(off by {gap:.1g})" if gap else "exactly"
    print(f"At W = 0, b = 0: db is {b.grad.round(2)}; the gradients of b's {n} copies add up to it {off}.")

    values = eigenvalues(data)
    low, high = values[0], values[-1]
    print(f"The eigenvalues of X^T X / n, with that of b, which is 1, are {values.round(3)}.")
    print(f"Gradient descent converges if alpha < 2 / {high:.3f} = {2 / high:.3f}. It is the fastest in the end")
    print(f"if alpha = 2 / ({low:.3f} + {high:.3f}) = {2 / (low + high):.3f}.")
    print(f"{STEPS} steps:\n  alpha  distance to the closed form  last step's factor  largest |1 - alpha * eigenvalue|")
    gaps = {alpha: descend(data, alpha, STEPS) for alpha in RATES}
    factors = {alpha: float(np.abs(1 - alpha * values).max()) for alpha in RATES}
    for alpha, line in gaps.items():
        print(f"  {alpha:<5}  {line[0]:.0f} -> {line[-1]:<20.1e}  {line[-1] / line[-2]:<18.3f}  {factors[alpha]:.3f}")
    slow, near, over = RATES
    print(f"alpha = {slow} is slow, {near} nearly the best; {over} is over the limit and diverges.")

    fast = min(gaps, key=lambda alpha: gaps[alpha][-1])
    title = f"{STEPS} steps with alpha = {fast} end {gaps[fast][-1]:.0e} from the closed form"
    with figure(out / "distance.png", title, "step of gradient descent", "distance to the closed form") as axes:
        for (alpha, line), color in zip(gaps.items(), SERIES, strict=False):
            axes.plot(line, color=color)
            axes.plot(line[-1] * factors[alpha] ** np.arange(-STEPS, 1.0), ":", color=color)
            name_line(axes, STEPS, line[-1], f"alpha = {alpha}", color, below=alpha == fast)
        axes.set(yscale="log", xlim=(0, None), ylim=(1e-10, None))
        axes.text(2, 1e-9, "dotted: what the largest |1 - alpha * eigenvalue| predicts", color=MUTED)
    draw_dot(J, params=[W, b]).render(outfile=out / "graph.svg", cleanup=True)
    return [out / "distance.png", out / "graph.svg"]

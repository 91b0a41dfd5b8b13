"""A two-layer network's gradients by the formulas of the notes and by autograd: the same numbers.

Columns are examples: X is (n_x, m), Y (1, m), W1 (n_h, n_x), b1 (n_h, 1), W2 (1, n_h), b2 (1, 1). Forward:
Z1 = W1 X + b1, A1 = g(Z1), Z2 = W2 A1 + b2, A2 = sigmoid(Z2). J is written out as in the notes, not taken from nn: the
mean over the examples of -(y log a2 + (1 - y) log(1 - a2)). Backward, a line of algebra for each: dZ2 = A2 - Y, ...
In the notes dZ belongs to each example's own loss, and the mean is taken last: dW and db divide by m. Autograd
differentiates J, the mean itself, so what it finds for Z is dJ/dZ = dZ / m, and W and b need nothing more.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.colors import ListedColormap
from numpy.typing import NDArray

from autograd_lite import Value, log, mean, sigmoid
from demos._shared import BLUE, INK, MUTED, RED, panels, progress

HIDDEN, ALPHA, PETALS = 6, 0.3, 6
Array = NDArray[np.float64]
Arrays = dict[str, Array]

FORMULAS = {
    "dZ2": "A2 - Y",
    "dW2": "dZ2 A1ᵀ / m",
    "db2": "sum(dZ2, axis=1, keepdims=True) / m",
    "dZ1": "W2ᵀ dZ2 * g'(Z1)",
    "dW1": "dZ1 Xᵀ / m",
    "db1": "sum(dZ1, axis=1, keepdims=True) / m",
}
# g and g', in NumPy's names, which serve arrays and Values alike
G: dict[str, Any] = {"relu": lambda Z: np.maximum(Z, 0), "tanh": np.tanh}
SLOPE: dict[str, Any] = {"relu": lambda Z: np.where(Z > 0, 1.0, 0.0), "tanh": lambda Z: 1 - np.tanh(Z) ** 2}


def flower(m: int, rng: np.random.Generator) -> tuple[Array, Array]:
    """Return m points of a flower, X (2, m), and their labels, Y (1, m): the petals are 0 and 1 in turn."""
    angle = rng.uniform(0, 2 * np.pi, m)
    radius = 4 * np.abs(np.sin(PETALS / 2 * angle)) + rng.normal(0, 0.2, m)
    return radius * np.array([np.cos(angle), np.sin(angle)]), angle[np.newaxis] // (2 * np.pi / PETALS) % 2


def initial(n_x: int, n_h: int, rng: np.random.Generator) -> Arrays:
    """Return small random weights, and biases that are 0."""
    W1, W2 = rng.normal(0, 0.3, (n_h, n_x)), rng.normal(0, 0.3, (1, n_h))
    return {"W1": W1, "b1": np.zeros((n_h, 1)), "W2": W2, "b2": np.zeros((1, 1))}


def forward(p: Mapping[str, Any], X: Array, name: str) -> tuple[Any, Any, Any, Any]:
    """Return Z1, A1, Z2 and A2, of arrays or of Values."""
    Z1 = p["W1"] @ X + p["b1"]
    A1 = G[name](Z1)
    Z2 = p["W2"] @ A1 + p["b2"]
    return Z1, A1, Z2, sigmoid(Z2)


def by_formulas(p: Arrays, X: Array, Y: Array, name: str) -> Arrays:
    """Return the six gradients by the notes' formulas, in plain NumPy."""
    m = Y.shape[1]
    Z1, A1, _, A2 = forward(p, X, name)
    dZ2 = A2 - Y
    dW2 = dZ2 @ A1.T / m
    db2 = np.sum(dZ2, axis=1, keepdims=True) / m
    dZ1 = p["W2"].T @ dZ2 * SLOPE[name](Z1)
    dW1 = dZ1 @ X.T / m
    db1 = np.sum(dZ1, axis=1, keepdims=True) / m
    return {"dZ2": dZ2, "dW2": dW2, "db2": db2, "dZ1": dZ1, "dW1": dW1, "db1": db1}


def by_autograd(p: Arrays, X: Array, Y: Array, name: str) -> Arrays:
    """Return the six gradients from one backward pass."""
    v = {key: Value(number) for key, number in p.items()}
    Z1, _, Z2, A2 = forward(v, X, name)
    J = -mean(Y * log(A2) + (1 - Y) * log(1 - A2))
    J.backward()
    dZ = {"dZ2": Y.size * Z2.grad, "dZ1": Y.size * Z1.grad}  # dJ/dZ = dZ / m
    return dZ | {f"d{key}": leaf.grad for key, leaf in v.items()}


def train(p: Arrays, X: Array, Y: Array, name: str, steps: int) -> Arrays:
    """Descend by autograd's gradients: w := w - alpha dw."""
    for _ in progress(steps, "gradient descent"):
        d = by_autograd(p, X, Y, name)
        p = {key: number - ALPHA * d[f"d{key}"] for key, number in p.items()}
    return p


def draw(path: Path, p: Arrays, X: Array, Y: Array, gaps: dict[str, dict[str, float]]) -> None:
    """Draw where the network answers 0 and where 1, and write how far autograd is from each formula."""
    x1, x2 = np.mgrid[-5:5:200j, -5:5:200j]
    *_, A2 = forward(p, np.array([x1.ravel(), x2.ravel()]), "tanh")
    largest = max(max(gap.values()) for gap in gaps.values())
    title = f"Six formulas; autograd's gradients differ by {largest:.0e} at most"
    labels = ("A flower, learnt with tanh", "x1", "x2"), ("Largest differences", "", "")
    with panels(path, title, *labels, width=4.2, height=4) as (plane, lines):
        plane.contourf(x1, x2, A2.reshape(x1.shape), levels=[0, 0.5, 1], colors=[BLUE, RED], alpha=0.15)
        plane.scatter(X[0], X[1], c=Y[0], cmap=ListedColormap([BLUE, RED]), s=14, linewidths=0)
        plane.set(aspect="equal", xticks=[], yticks=[])
        lines.set_axis_off()
        lines.set(ylim=(len(FORMULAS) - 0.4, -0.3))
        for row, (key, formula) in enumerate(FORMULAS.items()):
            lines.text(0, row, f"{key} = {formula}", color=INK, weight="bold")
            lines.text(0, row + 0.38, ", ".join(f"{name} {gap[key]:.0e}" for name, gap in gaps.items()), color=MUTED)


def main(out: Path, seed: int, quick: bool) -> list[Path]:
    """Train, compare the six gradients with their formulas, and draw both."""
    rng, steps = np.random.default_rng(seed), 300 if quick else 2000
    (X, Y), start = flower(400, rng), initial(2, HIDDEN, rng)
    print(f"A flower of m = {Y.size} points, X {X.shape}, Y {Y.shape}: columns are examples. {HIDDEN} hidden units.")
    gaps = {}
    for name in G:
        p = train(start, X, Y, name, steps)
        *_, A2 = forward(p, X, name)
        print(f"g = {name}: after {steps} steps {np.mean((A2 > 0.5) == Y):.1%} of its training points are correct.")
        ours, theirs = by_autograd(p, X, Y, name), by_formulas(p, X, Y, name)
        gaps[name] = {key: float(np.abs(ours[key] - theirs[key]).max()) for key in FORMULAS}
        told = ", ".join(f"{key} by {gap:.0e}" for key, gap in gaps[name].items())
        print(f"  Formula and autograd differ in {told}.")
    draw(out / "formulas.png", p, X, Y, gaps)
    return [out / "formulas.png"]

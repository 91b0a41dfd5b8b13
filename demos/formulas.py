"""A two-layer network's gradients by the formulas of the notes and by autograd: the same numbers.

Columns are examples: X is (n_x, m), Y (1, m), W1 (n_h, n_x), b1 (n_h, 1), W2 (1, n_h), b2 (1, 1). Forward:
Z1 = W1 X + b1, A1 = g(Z1), Z2 = W2 A1 + b2, A2 = sigmoid(Z2); J is the mean over the examples of the loss
-(y log a2 + (1 - y) log(1 - a2)). Backward, a line of algebra for each: dZ2 = A2 - Y and so on.
In the notes dZ belongs to each example's own loss, and the mean is taken last: dW and db divide by m. Autograd
differentiates J, the mean itself, so what it finds for Z is dJ/dZ = dZ / m, and W and b need nothing more.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import ListedColormap
from numpy.typing import NDArray

from autograd_lite import Value, nn, sigmoid
from demos._shared import BLUE, GRID, INK, MUTED, RED, panels, progress

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


def by_formulas(p: Arrays, X: Array, Y: Array, name: str) -> Arrays:
    """Return the six gradients by the notes' formulas, in plain NumPy."""
    m = Y.shape[1]
    Z1 = p["W1"] @ X + p["b1"]
    A1 = G[name](Z1)
    A2 = 1 / (1 + np.exp(-(p["W2"] @ A1 + p["b2"])))
    dZ2 = A2 - Y
    dW2 = dZ2 @ A1.T / m
    db2 = np.sum(dZ2, axis=1, keepdims=True) / m
    dZ1 = p["W2"].T @ dZ2 * SLOPE[name](Z1)
    dW1 = dZ1 @ X.T / m
    db1 = np.sum(dZ1, axis=1, keepdims=True) / m
    return {"dZ2": dZ2, "dW2": dW2, "db2": db2, "dZ1": dZ1, "dW1": dW1, "db1": db1}


def forward(p: Mapping[str, Any], X: Array, name: str, rows: bool = False) -> dict[str, Any]:
    """Return every step of the forward pass, of arrays or of Values; with `rows`, everything is transposed."""
    Z1 = X @ p["W1"] + p["b1"] if rows else p["W1"] @ X + p["b1"]
    A1 = G[name](Z1)
    Z2 = A1 @ p["W2"] + p["b2"] if rows else p["W2"] @ A1 + p["b2"]
    return {"Z1": Z1, "A1": A1, "Z2": Z2, "A2": sigmoid(Z2)}


def by_autograd(p: Arrays, X: Array, Y: Array, name: str, rows: bool = False) -> Arrays:
    """Return the six gradients from one backward pass; with `rows`, of the network whose rows are examples."""
    turned = np.transpose if rows else np.asarray
    v = {key: Value(turned(number)) for key, number in p.items()}
    steps = forward(v, turned(X), name, rows)
    nn.bce(steps["A2"], turned(Y)).backward()
    dZ = {f"d{key}": Y.size * turned(steps[key].grad) for key in ("Z1", "Z2")}  # dJ/dZ = dZ / m
    return dZ | {f"d{key}": turned(leaf.grad) for key, leaf in v.items()}


def gaps(p: Arrays, X: Array, Y: Array, name: str, rows: bool = False) -> dict[str, float]:
    """Return the largest difference between autograd and formula in each of the six gradients."""
    ours, theirs = by_autograd(p, X, Y, name, rows), by_formulas(p, X, Y, name)
    return {key: float(np.abs(ours[key] - theirs[key]).max()) for key in FORMULAS}


def train(p: Arrays, X: Array, Y: Array, name: str, steps: int) -> Arrays:
    """Descend by autograd's gradients: w := w - alpha dw."""
    for _ in progress(steps, "gradient descent"):
        d = by_autograd(p, X, Y, name)
        p = {key: number - ALPHA * d[f"d{key}"] for key, number in p.items()}
    return p


def draw_flower(axes: Axes, p: Arrays, X: Array, Y: Array) -> None:
    """Draw the points, and where the network answers 0 and where 1."""
    x1, x2 = np.mgrid[-5:5:200j, -5:5:200j]
    A2 = forward(p, np.array([x1.ravel(), x2.ravel()]), "tanh")["A2"]
    axes.contourf(x1, x2, A2.reshape(x1.shape), levels=[0, 0.5, 1], colors=[BLUE, RED], alpha=0.15)
    axes.scatter(X[0], X[1], c=Y[0], cmap=ListedColormap([BLUE, RED]), s=14, linewidths=0)
    axes.set(aspect="equal", xticks=[], yticks=[])


def draw_table(axes: Axes, table: dict[str, dict[str, float]]) -> None:
    """Write each formula, and below it how far autograd is from it in each network."""
    axes.set_axis_off()
    axes.set(xlim=(0, 1), ylim=(len(FORMULAS) - 0.4, -0.8))
    for row, (key, formula) in enumerate(FORMULAS.items()):
        axes.axhline(row - 0.45, color=GRID)
        axes.text(0, row - 0.05, f"{key} = {formula}", color=INK, weight="bold")
        for x, gap in zip((0.45, 0.68, 1), table.values(), strict=True):
            axes.text(x, row + 0.3, f"{gap[key]:.0e}", ha="right", color=RED)
    for x, network in zip((0.45, 0.68, 1), table, strict=True):
        axes.text(x, -0.6, network, ha="right", color=MUTED)


def main(out: Path, seed: int, quick: bool) -> list[Path]:
    """Train, compare the six gradients with their formulas, and draw both."""
    rng, steps = np.random.default_rng(seed), 300 if quick else 2000
    (X, Y), start = flower(400, rng), initial(2, HIDDEN, rng)
    print(f"A flower of m = {Y.size} points, X {X.shape}, Y {Y.shape}: columns are examples. {HIDDEN} hidden units.")
    table = {}
    for name in G:
        p = train(start, X, Y, name, steps)
        A2 = forward(p, X, name)["A2"]
        right = np.mean((A2 > 0.5) == Y)
        print(f"g = {name}: {steps} steps bring the cost to {nn.bce(A2, Y):.3f}; {right:.1%} of the points told right.")
        table[f"g = {name}"] = gaps(p, X, Y, name)
    table["tanh, rows"] = gaps(p, X, Y, "tanh", rows=True)
    print("The largest differences between formula and autograd; in the last column, rows are the examples:")
    print(f"{'':13}" + "".join(f"{network:>12}" for network in table))
    for key, gradient in by_formulas(p, X, Y, "tanh").items():
        print(f"{key} {gradient.shape!s:9}" + "".join(f"{gap[key]:12.0e}" for gap in table.values()))
    dz = A2[0, 0] - Y[0, 0]
    print(f"dZ2 is each example's own: a2 - y = {dz:.4f} for the first. J is a mean, so dJ/dz2 = {dz / Y.size:.6f}.")

    largest = max(max(gap.values()) for gap in table.values())
    title = f"Six formulas; autograd's gradients differ by {largest:.0e} at most"
    with panels(out / "formulas.png", title, ("A flower, learnt", "x1", "x2"), ("Largest difference", "", "")) as axes:
        draw_flower(axes[0], p, X, Y)
        draw_table(axes[1], table)
    return [out / "formulas.png"]

"""With squared error the cost of logistic regression has plateaus; with cross-entropy it is convex.

One measurement x of each tumour, one weight w; a = sigmoid(w x) is the probability that it is malignant. The cost J is
the mean over the examples of the loss (a - y)^2, or of -(y log a + (1 - y) log(1 - a)). J is convex if its second
derivative J'' is nowhere negative: every minimum is then the global one, and the slope leads there. Squared error stays
between 0 and 1 for every w, and a bounded curve that is not flat cannot be convex. The learning rate alpha decides the
rest: small is slow, large overshoots, and above 2 / J'' the minimum repels.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.datasets import load_breast_cancer

from autograd_lite import grad, hessian, mean, sigmoid, softplus
from demos._shared import BLUE, INK, MUTED, RED, SERIES, figure, name_line, panels, progress

START, ALPHA, STEPS = -10.0, 1.0, 100  # both costs, from far on the wrong side
NEARBY, RATES = 2.0, (1.0, 30.0, 100.0, 150.0)  # cross-entropy from near its minimum, with four learning rates
CLOSE = 0.01  # within this part of the minimum, w has arrived
Array = NDArray[np.float64]
Cost = Callable[[Any], Any]  # J as a function of w
Curve = tuple[Array, Array, Array]  # w, J and J'' on a grid


def load() -> tuple[Array, Array]:
    """Return the mean radius of each tumour's cells, standardised, and the label: 1 is malignant."""
    data = load_breast_cancer()
    x = data.data[:, list(data.feature_names).index("mean radius")]
    return (x - x.mean()) / x.std(), (data.target == 0).astype(float)


def costs(x: Array, y: Array) -> dict[str, Cost]:
    """Return both costs; cross-entropy is written so that nothing overflows."""
    return {
        "squared error": lambda w: mean((sigmoid(w * x) - y) ** 2),
        "cross-entropy": lambda w: mean(softplus(w * x) - y * (w * x)),
    }


def curve(J: Cost, points: int) -> Curve:
    """Return w from -10 to 10, and J and J'' there."""
    grid = np.linspace(-10, 10, points)
    return grid, np.array([J(w) for w in grid]), np.array([hessian(J)(w) for w in grid])


def descend(J: Cost, w: float, alpha: float, steps: int) -> Array:
    """Return w before the first step of gradient descent and after each."""
    path = [w]
    for _ in progress(steps, f"alpha = {alpha:g}"):
        w -= alpha * grad(J)(w)  # w := w - alpha dw
        path.append(w)
    return np.array(path)


def minimum(J: Cost) -> float:
    """Return the w of least cost, by Newton's method from w = 3, which is near: w := w - J'(w) / J''(w)."""
    w = 3.0
    for _ in range(20):
        w -= grad(J)(w) / hessian(J)(w)
    return w


def arrival(path: Array, target: float) -> int | None:
    """Return the step from which on w stays close to the target, or None."""
    away = np.flatnonzero(np.abs(path - target) > CLOSE * abs(target))
    step = int(away[-1]) + 1 if len(away) else 0
    return step if step < len(path) else None


def main(out: Path, seed: int, quick: bool) -> list[Path]:
    """Compare the two costs, then four learning rates. Nothing here is random."""
    x, y = load()
    J = costs(x, y)
    print(f"{len(x)} tumours, one measurement of each (its cells' mean radius), one weight w from -10 to 10.")
    curves = {name: curve(cost, points=61 if quick else 401) for name, cost in J.items()}
    paths = {name: descend(cost, START, ALPHA, STEPS) for name, cost in J.items()}
    for name, (_, _, second) in curves.items():
        end, low = paths[name][-1], minimum(J[name])
        print(f"{name}: by our own hessian J'' >= {second.min():.4f}, and J'' < 0 for {np.mean(second < 0):.0%} of w.")
        print(f"  {STEPS} steps with alpha = {ALPHA:g} lead from {START:g} to {end:.2f}; the minimum is at {low:.2f}.")

    cost = J["cross-entropy"]
    best = minimum(cost)
    limit = 2 / hessian(cost)(best)
    print(f"cross-entropy from w = {NEARBY:g}, alpha below and above 2 / J'' = {limit:.0f} (close: to {CLOSE:.0%}):")
    rates = {alpha: descend(cost, NEARBY, alpha, steps=250) for alpha in RATES}
    names = {}
    for alpha, path in rates.items():
        step = arrival(path, best)
        names[alpha] = f"alpha = {alpha:g}: {f'close from step {step} on' if step else 'never close'}"
        print(f"  {names[alpha]}; w is {', '.join(f'{w:.2f}' for w in path[:5])}, ..., {path[-1]:.2f}")

    draw_costs(out / "costs.png", curves, paths, J)
    title = f"The minimum attracts if alpha is below {limit:.0f}, and repels above"
    with figure(out / "rates.png", title, "step of gradient descent", "w") as axes:
        axes.axhline(best, color=MUTED, linewidth=1)
        for (alpha, path), color in zip(rates.items(), SERIES, strict=False):
            axes.plot(path[:31], ".-", color=color, label=names[alpha], linewidth=1.5)
        axes.legend(frameon=False)
    return [out / "costs.png", out / "rates.png"]


def draw_costs(path: Path, curves: dict[str, Curve], paths: dict[str, Array], J: dict[str, Cost]) -> None:
    """Draw J above and J'' below, red where J'' is negative, and where gradient descent starts and ends."""
    cells = [(f"{name}: {what}", "w", "") for what in ("J", "J''") for name in curves]
    ends = ", ".join(f"{name} at {path[-1]:.1f}" for name, path in paths.items())
    with panels(path, f"After {STEPS} steps from w = {START:g}: {ends}", *cells, columns=2, height=3.75) as axes:
        for (name, (w, cost, second)), above, below in zip(curves.items(), axes[:2], axes[2:], strict=True):
            for cell, line in ((above, cost), (below, second)):
                cell.plot(w, line, color=BLUE)
                cell.plot(w, np.where(second < 0, line, np.nan), color=RED)
            above.plot(paths[name][[0, -1]], [J[name](v) for v in paths[name][[0, -1]]], "o", color=INK, markersize=8)
            above.set(ylim=(0, None))
            below.axhline(0, color=MUTED, linewidth=1)
        name_line(axes[2], -3, -0.06, "J'' < 0: not convex", RED)
        name_line(axes[3], -0.8, 0.2, "J'' > 0: convex", BLUE)

"""Broadcasting repeats a row without a loop, and its gradient is the sum over the copies.

NumPy stretches an axis of length 1: (3, 4) / (1, 4) divides three rows by the same one, and in X @ W + b every row, an
example, gets b. A.sum(axis=0) adds down, axis=1 across. The axis is gone, and (n,) is neither row nor column, unless
keepdims=True keeps (1, n) or (n, 1). The chain rule adds up over all uses: a gradient sums over the stretched axis.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.patches import Rectangle
from numpy.typing import NDArray

from autograd_lite import Value, mean
from demos._shared import BLUE, INK, MUTED, RED, figure, median_seconds

Array = NDArray[np.float64]
FOODS = ("apples", "beef", "eggs", "potatoes")
ORIGINS = ("carbs", "proteins", "fats")
A = np.array([[56.0, 0.0, 4.4, 68.0], [1.2, 104.0, 52.0, 8.0], [1.8, 135.0, 99.0, 0.9]])  # calories in 100 g
LENGTHS = (1, 10, 100, 1000, 10_000)  # for longer ones np.dot may wait for a second core


def gradients(f: Callable[[Value], Any], x: Array, shape: tuple[int, ...]) -> tuple[Array, Array]:
    """Return the gradient of f at `x`, which f broadcasts to `shape`, and that at its copies, written out by hand."""
    one, copies = Value(x), Value(np.broadcast_to(x, shape))
    f(one).backward()
    f(copies).backward()
    return one.grad, copies.grad


def loop(a: Sequence[float] | Array, b: Sequence[float] | Array) -> float:
    """Return the dot product, one product at a time."""
    total = 0.0
    for i in range(len(a)):
        total += a[i] * b[i]
    return total


def seconds(n: int, repeats: int, rng: np.random.Generator) -> dict[str, float]:
    """Return how long each way takes to multiply two vectors of n numbers."""
    a, b = rng.normal(size=(2, n))
    x, y = a.tolist(), b.tolist()
    calls = range(20_000 // n)  # one call is too short for the clock
    runs = {
        "loop over arrays": lambda: [loop(a, b) for _ in calls],
        "loop over lists": lambda: [loop(x, y) for _ in calls],
        "np.dot": lambda: [np.dot(a, b) for _ in calls],
    }
    return {way: t / len(calls) for way, t in median_seconds(runs, repeats).items()}


def grid(axes: Axes, x: float, y: float, name: str, numbers: Array, color: str, copies: bool = False) -> None:
    """Draw an array, dotted if it stands for copies, from the upper left corner (x, y), and its name above."""
    axes.text(x, y + 0.25, name, color=color, weight="bold")
    face, line = ("white", ":") if copies else (f"{color}28", "-")
    for (i, j), number in np.ndenumerate(numbers):
        axes.add_patch(Rectangle((x + j, y - i - 1), 1, 1, facecolor=face, edgecolor=color, linestyle=line))
        text, size = (f"{number:.4f}", 8) if number < 0 else (f"{abs(number):.3g}", 9)  # abs for -0.0
        axes.text(x + j + 0.5, y - i - 0.5, text, ha="center", va="center", color=INK, size=size)


def draw(path: Path, total: Array, dtotal: Array, dcopies: Array) -> None:
    """Draw the forward pass, in which `total` is copied, and below it the backward pass, with the copies' gradients."""
    with figure(path, f"A row copied {len(A)} times: its gradient is the sum of the {len(A)} copies'", "", "") as axes:
        axes.set(xlim=(-1.7, 14.05), ylim=(-12.3, 1), xticks=(), yticks=(), frame_on=False)
        for j, food in enumerate(FOODS):
            axes.text(j + 0.5, -5.4, food, ha="center", va="top", color=MUTED, size=9)
        for i, origin in enumerate(ORIGINS):
            axes.text(-0.15, -2.7 - i, origin, ha="right", va="center", color=MUTED, size=10)
        grid(axes, 5, 0, "total (1, 4)", total, BLUE)
        grid(axes, 0, -2.2, "A (3, 4)", A, BLUE)
        grid(axes, 5, -2.2, "", np.broadcast_to(total, A.shape), BLUE, copies=True)
        grid(axes, 10, -2.2, "P (3, 4), in percent", 100 * A / total, BLUE)
        grid(axes, 10, -7.1, "dP (3, 4)", np.ones(A.shape), RED)
        grid(axes, 5, -7.1, "the copies' gradients (3, 4)", dcopies, RED, copies=True)
        grid(axes, 5, -11.2, "", dtotal, RED)
        for x, y, color, text in ((4.5, -3.7, BLUE, "/"), (9.5, -3.7, BLUE, "="), (9.5, -8.6, RED, "←")):
            axes.text(x, y, text, color=color, weight="bold", ha="center", va="center")
        for x, y, color, text in ((9.2, -0.5, BLUE, "forward: copied"), (9.2, -11.7, RED, "backward: summed")):
            axes.text(x, y, f"{text} down", color=color, weight="bold", va="center")
        axes.text(4.8, -11.7, "dtotal (1, 4)", color=RED, weight="bold", ha="right", va="center")
        for y, color in ((-1, BLUE), (-10.1, RED)):
            for x in np.arange(5.5, 9):
                axes.annotate("", (x, y - 1.1), (x, y), arrowprops={"arrowstyle": "-|>", "color": color})


def main(out: Path, seed: int, quick: bool) -> list[Path]:
    """Tell what broadcasting does to shapes, to gradients and to the time, and draw it."""
    rng = np.random.default_rng(seed)
    down, across = A.sum(axis=0), A.sum(axis=1)
    total, kept = A.sum(axis=0, keepdims=True), A.sum(axis=1, keepdims=True).shape
    print(f"A {A.shape}: calories in 100 g of {', '.join(FOODS)} (columns) from {', '.join(ORIGINS)} (rows).")
    print(f"A.sum(axis=0) adds down, for each food: {down}, of shape {down.shape}; keepdims=True keeps {total.shape}.")
    print(f"A.sum(axis=1) adds across, for each origin: {across}, of shape {across.shape}; keepdims=True keeps {kept}.")
    print(f"P = 100 * A / total, {A.shape} by {total.shape}, in percent:\n{(100 * A / total).round(1)}")

    y = rng.permutation([0.0, 0.0, 1.0, 1.0, 1.0])
    a = y[:, np.newaxis]
    print(f"The trap: a {a.shape} and y {y.shape} hold the same numbers, yet a - y is {(a - y).shape}, all with all:")
    print(f"the mean of (a - y)^2 is {np.mean((a - y) ** 2):.2f}; with y {a.shape} too, {np.mean((a - a) ** 2):.2f}.")

    dtotal, dcopies = gradients(lambda total: np.sum(100 * A / total), total, A.shape)
    X, W, b, Y = (rng.normal(size=shape) for shape in ((8, 3), (3, 2), (1, 2), (8, 2)))
    db, db_copies = gradients(lambda b: mean((X @ W + b - Y) ** 2), b, Y.shape)
    gap = max(np.abs(dtotal - dcopies.sum(axis=0)).max(), np.abs(db - db_copies.sum(axis=0)).max())
    print(f"With P's sum as the cost, dtotal is {dtotal.round(2)}: the sum of the gradients of {len(dcopies)} copies.")
    print(f"For X @ W + b, db {db.round(2)} sums those of {len(db_copies)} copies; ours and sums differ by {gap:.1g}.")

    times = {n: seconds(n, 3 if quick else 25, rng) for n in LENGTHS}
    print("The dot product of two vectors of n numbers: how many times as long as np.dot a loop takes:")
    for n, t in times.items():
        arrays, lists, dot = t.values()
        print(f"  n = {n:>6,}: over lists {lists / dot:4.1f}, over arrays {arrays / dot:5.1f}; np.dot: {dot:.1e} s")

    draw(out / "broadcasting.png", total, dtotal, dcopies)
    title = f"{n:,} numbers: np.dot is {lists / dot:.0f} times as fast as a loop over lists"
    with figure(out / "times.png", title, "length of the vectors", "seconds") as axes:
        for way, color in zip(t, (MUTED, RED, BLUE), strict=True):
            axes.loglog(LENGTHS, [times[n][way] for n in LENGTHS], "o-", color=color)
            axes.text(LENGTHS[-1] * 1.3, t[way], way, color=color, weight="bold", va="center")
        axes.set(xlim=(0.8, LENGTHS[-1] * 12))
    return [out / "broadcasting.png", out / "times.png"]

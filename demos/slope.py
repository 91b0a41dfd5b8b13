"""A slope from two points beside the derivative by the chain rule: how exact, and at what cost.

The slope of f at x is (f(x + h) - f(x)) / h, with a short step h such as 0.001. It needs no calculus, but it is off by
about h/2 f''(x), and n parameters need f at n more points. Back-propagation, the chain rule from the output back to the
inputs, takes no step, and gives all n derivatives at once. Beside plain functions, the example is the cost J of a
network with one hidden layer, tanh(X w1 + b1) w2 + b2, of n parameters; rows are examples.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from autograd_lite import grad, sigmoid
from demos._shared import BLUE, MUTED, RED, SERIES, figure, median_seconds, name_line

H = 0.001  # the course's step
X = np.linspace(-2, 2, 20)[:, np.newaxis]  # m = 20 examples of one feature
Y = np.sin(2 * X[:, 0])
Array = NDArray[Any]
Function = Callable[[Any], Any]
PLAIN: dict[str, Function] = {"x²": np.square, "x³": lambda x: x**3, "log x": np.log, "sigmoid x": sigmoid}


def split(p: Any) -> tuple[Any, Any, Any, Any]:
    """The parameters w1, b1, w2 and b2 from one vector of n = 3 hidden units + 1 numbers."""
    units = len(p) // 3
    return p[:units], p[units : 2 * units], p[2 * units : -1], p[-1]


def J(p: Any) -> Any:
    """The cost, the mean squared error, from all parameters in one vector. NumPy's functions work on Values too."""
    w1, b1, w2, b2 = split(p)
    A = np.tanh(X * w1 + b1)
    return np.mean((A @ w2 + b2 - Y) ** 2)


def by_formula(p: Array) -> Array:
    """The gradient of J by hand, with more digits than float64 has where the machine can."""
    w1, b1, w2, b2 = split(p.astype(np.longdouble))
    A = np.tanh(X * w1 + b1)
    dO = 2 * (A @ w2 + b2 - Y) / len(Y)
    dZ = np.outer(dO, w2) * (1 - A**2)
    return np.concatenate([np.sum(X * dZ, axis=0), np.sum(dZ, axis=0), A.T @ dO, [np.sum(dO)]])


def forward_difference(f: Function, p: Array, h: float) -> Array:
    """The slope to the right, for each parameter: n + 1 forward passes."""
    start = f(p)
    return np.array([(f(p + h * e) - start) / h for e in np.eye(len(p))])


def central_difference(f: Function, p: Array, h: float) -> Array:
    """The slope from a point on the left to one on the right: 2n forward passes."""
    return np.array([(f(p + h * e) - f(p - h * e)) / (2 * h) for e in np.eye(len(p))])


SLOPES = {"forward difference": forward_difference, "central difference": central_difference}


def error(gradient: Array, exact: Array) -> float:
    """The largest error among the derivatives, relative to the largest of them."""
    return float(np.max(np.abs(gradient - exact)) / np.max(np.abs(exact)))


def plain(f: Function, x: float) -> tuple[float, float, float]:
    """Return the slope of f at x, the derivative, and how much the slope misses where f bends: h/2 f''(x)."""
    return (f(x + H) - f(x)) / H, grad(f)(x), H / 2 * grad(grad(f))(x)


def main(out: Path, seed: int, quick: bool) -> list[Path]:
    """Compare slopes with derivatives: of plain functions, with ever shorter steps, with ever more parameters."""
    print(f"At x = 2       f(x)  f(x + {H})      slope  derivative     off by   h/2 f''")
    for name, f in PLAIN.items():
        slope, derivative, bend = plain(f, 2.0)
        numbers = f"{f(2.0):10.6f} {f(2.0 + H):13.6f} {slope:10.6f} {derivative:11.6f}"
        print(f"{name:<9}{numbers} {slope - derivative:10.2e} {bend:9.2e}")

    rng = np.random.default_rng(seed)
    p = rng.normal(size=10)
    exact = by_formula(p)
    steps = 10.0 ** np.arange(-15, 0.1, 0.25)
    errors = {name: [error(slope(J, p, h), exact) for h in steps] for name, slope in SLOPES.items()}
    course, chain = error(forward_difference(J, p, H), exact), error(grad(J)(p), exact)
    best, h = min(zip(errors["forward difference"], steps, strict=True))
    print(f"\nSlopes of a network's cost are off by {course:.0e} with h = {H}, at best by {best:.0e} with h = {h:.0e}:")
    print("with a longer step the cost bends, with a shorter one J(p + h) - J(p) drowns in rounding. The chain rule")
    print(f"takes no step. It is off by {chain:.0e}. (The largest of {len(p)} errors, over the largest derivative.)\n")

    sizes = [10, 31, 100, 301] if quick else [10, 31, 100, 301, 1000]
    ms = []
    for n in sizes:
        p = rng.normal(0, n**-0.5, n)
        runs = {"slopes": partial(forward_difference, J, p, H), "chain rule": partial(grad(J), p)}
        slopes, backward = (1e3 * seconds for seconds in median_seconds(runs, 1 if quick else 9).values())
        ms.append((slopes, backward))
        print(f"{n:5,} parameters: {n + 1:5,} forward passes {slopes:6.2f} ms; 1 forward, 1 backward {backward:.2f} ms")
    print(f"For {n:,} parameters the chain rule is {slopes / backward:.0f} times as fast.")

    title = f"A forward difference is off by {best:.0e} at best, autograd by {chain:.0e}"
    with figure(out / "error.png", title, "step h (logarithmic)", "relative error (logarithmic)") as axes:
        for (name, line), color, h in zip(errors.items(), (RED, SERIES[2]), (1e-2, 1e-10), strict=True):
            axes.plot(steps, line, color=color)
            name_line(axes, h, np.interp(h, steps, line), name, color, below=color != RED)
        axes.axhline(chain, color=BLUE)
        name_line(axes, 1, chain, "autograd: no step", BLUE, below=True)
        name_line(axes, 5e-8, 1e-4, "short step: rounding", MUTED)
        name_line(axes, 1, 1e-10, "long step: f bends", MUTED)
        axes.set(xscale="log", yscale="log", ylim=(1e-18, 10))
    title = f"{n:,} derivatives: {slopes / backward:.0f} times faster by the chain rule"
    with figure(out / "times.png", title, "parameters n (logarithmic)", "milliseconds (logarithmic)") as axes:
        for times, color in zip(np.transpose(ms), (RED, BLUE), strict=True):
            axes.plot(sizes, times, "o-", color=color)
        name_line(axes, n, slopes, "n + 1 forward passes", RED)
        name_line(axes, n, ms[0][1], "1 forward, 1 backward pass", BLUE, below=True)
        axes.set(xscale="log", yscale="log", ylim=(np.min(ms) / 2, slopes * 3))
        axes.xaxis.set_major_formatter("{x:,g}")
        axes.yaxis.set_major_formatter("{x:,g}")
    return [out / "error.png", out / "times.png"]

"""`check_grads`: the analytic gradient against numerical ones.

For every number x of every argument the function is evaluated at x - 2h, x - h, x, x + h and x + 2h, h = 0.001.

- The *forward difference* (f(x + h) - f(x)) / h is off by h/2 f''(x), which may be large: with a fixed tolerance it
  would miss small faults or cry wolf. The third evaluation, f(x - h), estimates that term; it is taken off, and what is
  then left to be off by, h**2/6 f'''(x) and the rounding, is estimated from the others and allowed.
- At a *kink* the slopes on the two sides differ however small the step; there the gradient must lie between them.
- If every operation is analytic the *complex step* Im f(x + 1e-20 i) / 1e-20 has no such error at all, and must agree
  to a relative 1e-10 (Squire and Trapp, SIAM Review 40, 1998).
"""

from __future__ import annotations

import functools
import math
from collections.abc import Callable
from dataclasses import dataclass
from itertools import product
from typing import Any, NamedTuple

import numpy as np

from autograd_lite import modes
from autograd_lite.backward import cotangents
from autograd_lite.derivatives import _filled, _fresh, _leaves, _map
from autograd_lite.graph import walk
from autograd_lite.numbers import fixed, number
from autograd_lite.value import Value, leaf_of

__all__ = ["Check", "GradientCheck", "GradientError", "check_grads"]

COMPLEX_STEP = 1e-20
COMPLEX_TOLERANCE = 1e-10

Values = tuple[float, float, float, float, float]
"""The values at x + 2h, x + h, x, x - h and x - 2h."""
Slopes = tuple[float, float, float]
"""The slopes to the left and to the right, and their uncertainty."""


class GradientError(AssertionError):
    """A gradient that does not agree with the numerical one."""


class Check(NamedTuple):
    """One derivative, judged.

    Attributes
    ----------
    name : str
        The argument, and the place in it.
    analytic, numeric : float
        The derivative by back-propagation, and (f(x + step) - f(x)) / step.
    curvature : float
        By how much a forward difference is off where f bends: step/2 * f''(x), estimated.
    error, allowed : float
        What is left of numeric - analytic when the curvature is taken off, and how much is allowed.
    complex_step : float or None
        The derivative by the complex step, where all operations are analytic.
    verdict : str
        'ok', 'coarse' (right by the complex step; the step is too long for the function's bends), 'kink' (between the
        slopes of the two sides), 'unjudged' (the function is not finite there), or 'WRONG'.
    """

    name: str
    analytic: float
    numeric: float
    curvature: float
    error: float
    allowed: float
    complex_step: float | None
    verdict: str


@dataclass(frozen=True)
class GradientCheck:
    """All derivatives of a function at a point, judged; prints as a table."""

    checks: tuple[Check, ...]
    step: float

    @property
    def ok(self) -> bool:
        """Whether none is wrong."""
        return all(c.verdict != "WRONG" for c in self.checks)

    def __bool__(self) -> bool:
        return self.ok

    def __str__(self) -> str:
        head = ("name", "analytic", "numeric", "curvature", "error", "allowed", "complex step", "verdict")
        rows = [
            (
                *(
                    c.name,
                    f"{c.analytic:.6g}",
                    f"{c.numeric:.6g}",
                    f"{c.curvature:.1e}",
                    f"{c.error:.1e}",
                    f"{c.allowed:.1e}",
                ),
                *("-" if c.complex_step is None else f"{c.complex_step:.6g}", c.verdict),
            )
            for c in self.checks
        ]
        widths = [max(len(r[i]) for r in [head, *rows]) for i in range(len(head))]
        lines = [
            "  ".join(
                x.rjust(w) if 0 < i < len(head) - 1 else x.ljust(w)
                for i, (x, w) in enumerate(zip(r, widths, strict=True))
            ).rstrip()
            for r in [head, *rows]
        ]
        h = f"{self.step:g}"
        lines.append(f"numeric: (f(x + {h}) - f(x)) / {h}, off by the curvature f''(x) / 2 * {h}; error: what remains")
        return "\n".join(lines)

    __repr__ = __str__


def check_grads(
    f: Callable[..., Any],
    *args: Any,
    step: float = 0.001,
    names: list[str] | None = None,
    must_pass: bool = False,
) -> GradientCheck:
    """Compare the gradient of f with numerical derivatives.

    Parameters
    ----------
    f : callable
        Takes Values, returns a number or an array, which is reduced by fixed random weights.
    *args : number, array, or nested list, tuple or dict of them
        Where to check, with respect to all of them.
    step : float
        The step h of the differences.
    names : list of str, optional
        The arguments' names for the table.
    must_pass : bool
        Raise if a derivative is wrong.

    Returns
    -------
    GradientCheck
        Prints as a table; true if all is well.

    Raises
    ------
    GradientError
        With `must_pass`, if a derivative is wrong.

    Examples
    --------
    >>> print(check_grads(lambda a, b: a * b.exp(), 2.0, 1.0, names=["a", "b"]))
    name  analytic  numeric  curvature    error  allowed  complex step  verdict
    a      2.71828  2.71828    0.0e+00  ...e-1...  2.71828  ok
    b      5.43656  5.43928    2.7e-03  9.1e-07  5.4e-06       5.43656  ok
    numeric: (f(x + 0.001) - f(x)) / 0.001, off by the curvature f''(x) / 2 * 0.001; error: what remains
    """
    with modes.recording():
        report = _Checker(f, args, step, names).report()
    if must_pass and not report.ok:
        raise GradientError(f"the gradient does not agree with the numerical one:\n{report}")
    return report


class _Checker:
    def __init__(self, f: Callable[..., Any], args: tuple[Any, ...], step: float, names: list[str] | None) -> None:
        if not (isinstance(step, (int, float)) and 0 < step < math.inf):
            raise ValueError(f"step is {step!r}; it must be a positive number, as 0.001")
        self.f, self.args, self.step = f, list(args), float(step)
        variables = [_map(_fresh, a) for a in args]
        self.is_flat = all(isinstance(v, Value) for v in variables)  # no list, tuple or dict to build again
        leaves = _leaves(variables)  # now: f may change the lists and dicts that they are in
        self.points: list[Any] = [v._data for v in leaves]
        names = names or [f"arg{i}" for i in range(len(args))]
        if len(names) != len(args):
            raise ValueError(f"check_grads: {len(names)} names for {len(args)} arguments")
        self.names = _names(list(args), names)
        self.weights: Any = 1.0
        y = f(*variables)
        shape = np.shape(y)
        if shape:  # a fixed random weighting: no two elements can cancel
            self.weights = np.random.default_rng(0).uniform(0.5, 1.5, shape)
        self.gradients: list[Any] = [np.zeros(np.shape(p)) for p in self.points]
        self.eps = float(np.finfo(float).eps)
        if isinstance(y, Value):
            _, inner, _ = walk(y)
            self.gradients = cotangents(y, leaves, self.weights)
            self.eps = float(max(np.finfo(node.dtype).eps for node in (y, *leaves, *inner)))

    def report(self) -> GradientCheck:
        places = [(k, place) for k, p in enumerate(self.points) for place in product(*map(range, np.shape(p)))]
        with np.errstate(all="ignore"):
            values = [self.beside(*at) for at in places]
            with modes.complex_numbers():  # once for all: to enter takes as long as many a function
                exact = [
                    self.complex_step(*at) if math.isfinite(sum(five)) else None
                    for at, five in zip(places, values, strict=True)
                ]
            checks = [self.judge(*at, five, d) for at, five, d in zip(places, values, exact, strict=True)]
        return GradientCheck(tuple(checks), self.step)

    def at(self, k: int, place: tuple[int, ...], move: complex) -> complex:
        """The weighted value of f with one number of its arguments moved."""
        points = self.points.copy()
        moved = np.array(points[k], dtype=complex if isinstance(move, complex) else None)
        moved[place] += move
        points[k] = fixed(moved) if place else number(moved)
        return self.value(points)

    def value(self, points: list[Any]) -> complex:
        """The weighted value of f; leaves are new each time, for f may write to them, and share the numbers."""
        leaves = [leaf_of(Value, p) for p in points]
        y = self.f(*(leaves if self.is_flat else _filled(self.args, leaves)))
        data = y._data if isinstance(y, Value) else y
        if isinstance(data, (float, complex)) and type(self.weights) is float:
            return complex(data)
        return complex(np.sum(np.multiply(self.weights, data)))

    @functools.cached_property
    def middle(self) -> float:
        """The value where nothing is moved."""
        return self.value(self.points).real

    def beside(self, k: int, place: tuple[int, ...]) -> Values:
        """The values at x and beside it."""
        f2, f1, b1, b2 = (self.at(k, place, m * self.step).real for m in (2, 1, -1, -2))
        return f2, f1, self.middle, b1, b2

    def judge(self, k: int, place: tuple[int, ...], values: Values, exact: float | None) -> Check:
        name = self.names[k] + (str(list(place)) if place else "")
        analytic, h = float(np.asarray(self.gradients[k])[place]), self.step
        f2, f1, f0, b1, b2 = values
        numeric, curvature = (f1 - f0) / h, (f1 - 2 * f0 + b1) / (2 * h)
        if not math.isfinite(sum(values)):
            return Check(name, analytic, numeric, curvature, math.nan, math.nan, None, "unjudged")
        error = abs(numeric - curvature - analytic)
        rounding = 20 * self.eps * max(map(abs, (*values, self.points_at(k, place) * analytic))) / h
        third = abs(f2 - 2 * f1 + 2 * b1 - b2) / (2 * h)
        fourth = abs(f2 - 4 * f1 + 6 * f0 - 4 * b1 + b2) / h
        allowed = third + fourth + rounding
        verdict = self.verdict(analytic, exact, error <= allowed, functools.partial(self.slopes, k, place, values))
        return Check(name, analytic, numeric, curvature, error, allowed, exact, verdict)

    def verdict(self, analytic: float, exact: float | None, is_near: bool, slopes: Callable[[float], Slopes]) -> str:
        """Judge by the complex step, or else by the differences and by the slopes on the two sides."""
        if exact is not None:
            tolerance = COMPLEX_TOLERANCE + self.slack()
            if abs(exact - analytic) <= tolerance * max(1.0, abs(exact)):
                return "ok" if is_near else "coarse"
        left, right, noise = slopes(1.0)
        gap = abs(right - left)
        if gap > noise and abs(np.subtract(*slopes(0.25)[:2])) > gap / 2:  # a gap that stays is a corner
            return "kink" if min(left, right) - noise <= analytic <= max(left, right) + noise else "WRONG"
        return (
            "ok" if exact is None and is_near and abs((left + right) / 2 - analytic) <= noise + gap / 100 else "WRONG"
        )

    def slack(self) -> float:
        """What float32 rounding may do to the comparison with the complex step, which is computed in float64."""
        return 0.0 if self.eps < 1e-10 else 100 * self.eps

    def points_at(self, k: int, place: tuple[int, ...]) -> float:
        return float(np.asarray(self.points[k])[place])

    def complex_step(self, k: int, place: tuple[int, ...]) -> float | None:
        """The derivative by the complex step; None if an operation is not analytic."""
        try:
            return self.at(k, place, complex(0.0, COMPLEX_STEP)).imag / COMPLEX_STEP
        except modes.NotAnalyticError:
            return None

    def slopes(self, k: int, place: tuple[int, ...], values: Values, scale: float) -> Slopes:
        """The slopes on the two sides by a step a thousand times smaller.

        Where they differ by more, x is a corner; where not, they are the derivative even if a corner is near.
        """
        tiny = scale * max(self.step * 1e-3, 1e3 * self.eps)
        _, f1, f0, b1, _ = values
        right, left = ((self.at(k, place, move).real - f0) / move for move in (tiny, -tiny))
        rounding = 20 * self.eps * (abs(f0) + abs(self.points_at(k, place))) / tiny
        bend = abs(f1 - 2 * f0 + b1) / self.step**2
        return left, right, min(bend, 1e4) * tiny + 1e-6 * max(abs(left), abs(right)) + rounding


def _names(tree: Any, names: list[str]) -> list[str]:
    """A name for each leaf of the arguments: `p['w']`, `xs[2]`."""
    found: list[str] = []

    def visit(branch: Any, name: str) -> None:
        if isinstance(branch, dict):
            for key, child in branch.items():
                visit(child, f"{name}[{key!r}]")
        elif isinstance(branch, (list, tuple)):
            for i, child in enumerate(branch):
                visit(child, f"{name}[{i}]")
        else:
            found.append(name)

    for branch, name in zip(tree, names, strict=True):
        visit(branch, name)
    return found

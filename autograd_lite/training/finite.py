"""The stop at the first nan or inf of a training run, and the search for where it came from."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from typing import Any

import numpy as np

from autograd_lite.cells import data_of
from autograd_lite.modes import AnomalyError, detect_anomaly, odd_number
from autograd_lite.value import Value

HINT = "with detect_anomaly(): loss(model(X), y).backward()"


class NotFiniteError(FloatingPointError):
    """The cost of a training step, or its gradient, is nan or infinite; the step was not made.

    The parameters are those after the last good step, and the model is still in training mode. The message names the
    operation that made the first nan or inf: `fit` runs the step again under `detect_anomaly` to find it.

    Attributes
    ----------
    epoch, step : int
        Where in the run, both counted from 1.
    cost : float
        The step's cost.
    batch : tuple of two arrays
        The examples of the step, X and y.
    """

    epoch: int
    step: int
    cost: float
    batch: tuple[Any, Any]


def what_is_odd(cost: float, parameters: Iterable[Value]) -> str:
    """Say what holds a nan or inf, the cost or a gradient; '' if nothing does."""
    if not math.isfinite(cost):
        return f"the cost is {cost}"
    for i, p in enumerate(parameters):
        g = p.grad
        is_sound = g is None or (math.isfinite(g) if type(g) is float else np.isfinite(g).all())
        if not is_sound:
            return f"the cost is {cost:.6g}, but the gradient of {_name(i, p)} holds {odd_number(g)}"
    return ""


def where_from(passes: Callable[[Any], object], batch: tuple[Any, Any], parameters: Iterable[Value]) -> str:
    """Say what made the nan or inf; if it was an operation, by an `AnomalyError`. `passes` goes forward and back."""
    given = [("the batch's X", batch[0]), ("the batch's y", batch[1])]
    given += [(_name(i, p), p) for i, p in enumerate(parameters)]
    for name, numbers in given:
        data = np.asarray(data_of(numbers))
        if data.dtype.kind == "f" and odd_number(data):
            return f"{name} holds {odd_number(data)} itself"
    with detect_anomaly():
        passes(batch)
    return "run again, no operation made it from finite numbers: look for constants that hold nan, and for randomness"


def not_finite(
    odd: str, epoch: int, step: int, cost: float, batch: tuple[Any, Any], search: Callable[[], str]
) -> NotFiniteError:
    """Make the error for a step of which `odd` holds; `search` says where it came from."""
    anomaly = None
    try:
        why = search()
    except AnomalyError as found:
        anomaly, why = found, f"{found}.\nTo look closer, with X, y = error.batch: {HINT}"
    error = NotFiniteError(
        f"epoch {epoch}, step {step}: {odd}. The step was not made: the parameters are those after step {step - 1}.\n"
        f"Where it comes from: {why}"
    )
    error.epoch, error.step, error.cost, error.batch = epoch, step, cost, batch
    error.__cause__ = anomaly
    return error


def _name(i: int, parameter: Value) -> str:
    return parameter.label or f"parameter {i}"

"""Clipping of gradients, between ``backward()`` and ``step()``."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any

import numpy as np

from autograd_lite.optim.checked import gradient_of, in_range, trainable
from autograd_lite.value import Value


def clip_grad_norm(parameters: Iterable[Value], max_norm: float, *, error_if_nonfinite: bool = False) -> float:
    """Shorten the gradient, all parameters' numbers taken as one vector, to length `max_norm` if it is longer.

    With the length n, every gradient is multiplied by ``min(1, max_norm / (n + 1e-6))``, as in PyTorch.

    Parameters
    ----------
    parameters : iterable of Value
        Leaves; those whose gradient is None count nothing.
    max_norm : float
        The largest length, at least 0.
    error_if_nonfinite : bool
        Refuse a length of nan or inf. If not, a nan makes all gradients nan, and an infinite one makes its finite
        neighbours 0.

    Returns
    -------
    float
        The length before.

    Raises
    ------
    FloatingPointError
        If the length is nan or inf and `error_if_nonfinite` is set; no gradient has changed then.
    ValueError, TypeError
        If `parameters` are not leaves, each once, or `max_norm` is negative or nan.

    References
    ----------
    Pascanu, Mikolov, Bengio, "On the difficulty of training recurrent neural networks", ICML 2013, arXiv:1211.5063.

    Examples
    --------
    >>> a, b = Value(1.0), Value([1.0, 1.0])
    >>> (2 * a + (3 * b).sum()).backward()
    >>> print(f"{clip_grad_norm([a, b], 1.0):.4f}, now {clip_grad_norm([a, b], 1.0):.4f}")
    4.6904, now 1.0000
    """
    max_norm = in_range("max_norm", max_norm, "bound")
    received = _received(parameters, "clip_grad_norm")
    norm = math.hypot(*(_norm(g) for _, g in received))
    if error_if_nonfinite and not math.isfinite(norm):
        odd = next(p for p, g in received if not np.all(np.isfinite(g)))
        raise FloatingPointError(
            f"the norm of the gradients is {norm}, first of all that of {odd!r}: detect_anomaly() finds the operation"
        )
    scale = max_norm / (norm + 1e-6)
    if not scale >= 1:  # nan included
        with np.errstate(invalid="ignore"):  # inf * 0
            for p, g in received:
                p.grad = g * scale
    return norm


def clip_grad_value(parameters: Iterable[Value], value: float) -> None:
    """Bring every number of the gradients into the interval from -value to value; a nan stays one.

    Parameters
    ----------
    parameters : iterable of Value
        Leaves; those whose gradient is None are skipped.
    value : float
        The bound, at least 0.

    Raises
    ------
    ValueError, TypeError
        If `parameters` are not leaves, each once, or `value` is negative or nan.

    Examples
    --------
    >>> a, b = Value(1.0), Value([1.0, 1.0])
    >>> (2 * a + (b * [-3.0, 0.5]).sum()).backward()
    >>> clip_grad_value([a, b], 1.0)
    >>> a.grad, b.grad
    (1.0, array([-1. ,  0.5]))
    """
    value = in_range("value", value, "bound")
    for p, g in _received(parameters, "clip_grad_value"):
        p.grad = g.clip(-value, value) if type(g) is np.ndarray else min(max(g, -value), value)


def _received(parameters: Iterable[Value], who: str) -> list[tuple[Value, Any]]:
    """The parameters that have a gradient, with it."""
    return [(p, gradient_of(p)) for p in trainable(parameters, who) if p.grad is not None]


def _norm(g: Any) -> float:
    """The length of a gradient, also where the squares of its numbers would overflow."""
    if type(g) is float:
        return abs(g)
    with np.errstate(over="ignore"):
        norm = float(np.linalg.norm(g))
    if norm < math.inf:
        return norm
    largest = float(np.abs(g).max())
    return largest * float(np.linalg.norm(g / largest)) if largest < math.inf else largest

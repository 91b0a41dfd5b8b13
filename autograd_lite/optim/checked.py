"""What users hand in: hyper-parameters, parameters and gradients, checked, or refused with advice."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from typing import Any, NoReturn

import numpy as np

from autograd_lite.numbers import number
from autograd_lite.value import Constant, Value

Test = Callable[[float], bool]


def _not_negative(x: float) -> bool:
    return 0 <= x < math.inf


def _positive(x: float) -> bool:
    return 0 < x < math.inf


def _share(x: float) -> bool:
    return 0 <= x < 1


RANGES: dict[str, tuple[Test, str]] = {
    "lr": (_not_negative, "at least 0 and finite (steps go downhill by themselves); 0.001 to 0.1 is usual"),
    "weight_decay": (_not_negative, "at least 0 and finite; 0.0001 to 0.1 is usual"),
    "momentum": (_share, "in [0, 1); 0.9 is usual"),
    "dampening": (_share, "in [0, 1); 0 is usual"),
    "alpha": (_share, "in [0, 1); 0.99 is usual"),
    "betas": (_share, "in [0, 1), each; (0.9, 0.999) is usual"),
    "eps": (_positive, "positive and finite, or 0 would be divided by 0; 1e-8 is usual"),
    "lr_decay": (_not_negative, "at least 0 and finite; 0 is usual"),
    "initial_accumulator_value": (_not_negative, "at least 0 and finite; 0 is usual"),
    "factor": (_not_negative, "at least 0 and finite; it multiplies the learning rate"),
    "bound": (lambda x: x >= 0, "at least 0; gradients are clipped to it"),
}
"""The hyper-parameters by name: what they must be, for the computer and for the reader."""


def in_range(name: str, value: Any, kind: str = "") -> float:
    """Return a hyper-parameter as a float, if it is in the range of its kind: of its name, unless given."""
    is_allowed, must_be = RANGES[kind or name]
    x = number(value)
    if type(x) is not float:
        raise TypeError(f"{name} is {value!r}; it must be one number, {must_be}")
    if not is_allowed(x):
        raise ValueError(f"{name} is {x:g}; it must be {must_be}")
    return x


def pair(name: str, value: Any) -> tuple[float, float]:
    """Return two hyper-parameters, both in the range of their common name."""
    if not isinstance(value, (tuple, list)) or len(value) != 2:
        raise TypeError(f"{name} is {value!r}; it must be two numbers {RANGES[name][1]}")
    return in_range(name, value[0]), in_range(name, value[1])


def trainable(parameters: Iterable[Value], who: str) -> tuple[Value, ...]:
    """Return the parameters as a tuple, if all are leaves that take gradients, each once."""
    if isinstance(parameters, Value) or not isinstance(parameters, Iterable):
        raise TypeError(
            f"{who} takes a list of Values, such as [w, b] or model.parameters(), not one {type(parameters).__name__}"
        )
    leaves = tuple(parameters)
    if not leaves:
        raise ValueError(
            f"{who} got no parameters: give leaf Values, such as model.parameters(); a generator gives its items once"
        )
    places: dict[Value, int] = {}
    for i, p in enumerate(leaves):
        if type(p) is not Value or p.op is not None:
            _refuse(p, f"parameter {i} of {who}, {p!r},")
        if places.setdefault(p, i) != i:
            raise ValueError(f"parameter {i} of {who}, {p!r}, is parameter {places[p]} again: give it once")
    return leaves


def _refuse(p: object, what: str) -> NoReturn:
    """Say why p cannot be trained."""
    if isinstance(p, Constant):
        raise ValueError(f"{what} takes no gradient: make it a Value, or leave it out")
    if isinstance(p, Value):
        raise ValueError(
            f"{what} was computed: give the leaves it was computed from, or make it a leaf with Value(p.data)"
        )
    raise TypeError(
        f"{what} of type {type(p).__name__}, is not a Value: wrap numbers in Value(); of a dict give its values(), "
        "of an array of Values list(array.flat)"
    )


def gradient_of(p: Value) -> Any:
    """Return the gradient of a parameter in its shape and dtype: it may have been assigned, as in ``p.grad = 0``."""
    g, data = p.grad, p._data
    if type(data) is float and type(g) is float:
        return g
    array = np.asarray(g, dtype=p.dtype)
    if array.shape == p.shape:
        return array if array.ndim else float(array)
    if array.ndim:
        raise ValueError(f"the gradient of {p!r} has shape {array.shape}, the parameter has shape {p.shape}")
    return np.full_like(data, array)

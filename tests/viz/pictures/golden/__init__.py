"""Pictures whose DOT text is kept, byte for byte; ``python -m tests.viz.pictures.golden`` writes it anew."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np

from autograd_lite import Value, nn
from tests.viz.examples import moons, recurrence
from viz import Picture, draw_dot

FOLDER = Path(__file__).parent


def expression() -> Value:
    """The first example of README."""
    a, b, c = Value(2.0, "a"), Value(-3.0, "b"), Value(6.5, "c")
    y = (a * b + c).tanh()
    y.label = "y"
    y.backward()
    return y


def _not_yet() -> Picture:
    a = Value(3.0, "a")
    return draw_dot(a * a + a / 2.0, names={}, rankdir="TB")


def _hostile() -> Picture:
    x = Value(1.0, 'a<b>"c"|{d}\\N & \n</script>')
    y = x.exp()
    y.backward()
    return draw_dot(y, names={})


def _arrays() -> Picture:
    model = nn.Linear(3, 2, seed=0)
    model.weight.data = np.arange(6.0).reshape(3, 2) / 4
    cost = nn.mse(model(np.eye(4, 3)), np.ones((4, 2)))
    cost.backward()
    return draw_dot(cost, names={"model": model}, rankdir="TB")


def _copies() -> Picture:
    h, parameters = recurrence(6)
    h.backward()
    return draw_dot(h, names={}, params=parameters)


def _rolled() -> Picture:
    cost, parameters = moons(points=4)
    return draw_dot(cost, names=parameters, params=parameters)


PICTURES: dict[str, Callable[[], Picture]] = {
    "expression": lambda: draw_dot(expression(), names={}),
    "forward": lambda: draw_dot(expression(), names={}, passes="forward"),
    "backward": lambda: draw_dot(expression(), names={}, passes="backward"),
    "not_yet": _not_yet,
    "hostile": _hostile,
    "arrays": _arrays,
    "copies": _copies,
    "rolled": _rolled,
}

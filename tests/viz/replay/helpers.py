"""What the tests of the steps share."""

from __future__ import annotations

from typing import Any

from autograd_lite import Value
from viz.replay.steps import steps


def lines(root: Value, **options: Any) -> list[str]:
    return [line for step in steps(root, **options) for line in step.lines]


def two() -> tuple[Value, Value]:
    return Value(2.0, label="a"), Value(-3.0, label="b")


def named(value: Value, name: str) -> Value:
    value.label = name
    return value

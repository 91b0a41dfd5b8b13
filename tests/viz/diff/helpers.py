"""What the tests of the difference share."""

from __future__ import annotations

from autograd_lite import Value


def leaves(*names: str) -> list[Value]:
    return [Value(float(i + 2), label=name) for i, name in enumerate(names)]

"""A scalar Value in the style of Karpathy's microgpt, written anew for comparison; none of its code is his.

The style: `__slots__` and no closures. A node holds its inputs in one tuple, and in another how fast its value grows
with each of them; `backward` needs no rule for each operation, but multiplies and adds.
"""

from __future__ import annotations

import math
from typing import Any


class Value:
    """A number, its gradient, what it came from and the slopes along the way."""

    __slots__ = ("data", "grad", "inputs", "slopes")

    def __init__(self, data: float, inputs: tuple[Value, ...] = (), slopes: tuple[float, ...] = ()) -> None:
        self.data = data
        self.grad = 0.0
        self.inputs = inputs
        self.slopes = slopes

    def __add__(self, other: Any) -> Value:
        if not isinstance(other, Value):
            other = Value(other)
        return Value(self.data + other.data, (self, other), (1.0, 1.0))

    def __mul__(self, other: Any) -> Value:
        if not isinstance(other, Value):
            other = Value(other)
        return Value(self.data * other.data, (self, other), (other.data, self.data))

    def __pow__(self, n: float) -> Value:
        return Value(self.data**n, (self,), (n * self.data ** (n - 1),))

    def exp(self) -> Value:
        y = math.exp(self.data)
        return Value(y, (self,), (y,))

    def log(self) -> Value:
        return Value(math.log(self.data), (self,), (1.0 / self.data,))

    def relu(self) -> Value:
        return Value(max(self.data, 0.0), (self,), (1.0 if self.data > 0 else 0.0,))

    def __neg__(self) -> Value:
        return self * -1.0

    def __sub__(self, other: Any) -> Value:
        return self + -other

    def __rsub__(self, other: Any) -> Value:
        return -self + other

    def __truediv__(self, other: Any) -> Value:
        return self * other**-1

    def __rtruediv__(self, other: Any) -> Value:
        return self**-1 * other

    __radd__ = __add__
    __rmul__ = __mul__

    def backward(self) -> None:
        """Add the gradient of this number to every node it came from."""
        order: list[Value] = []
        seen = set()

        def visit(node: Value) -> None:
            if node not in seen:
                seen.add(node)
                for previous in node.inputs:
                    visit(previous)
                order.append(node)

        visit(self)
        self.grad = 1.0
        for node in reversed(order):
            grad = node.grad
            for previous, slope in zip(node.inputs, node.slopes):  # noqa: B905  (strict would take time)
                previous.grad += slope * grad

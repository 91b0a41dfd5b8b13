"""A computation graph step by step: forward from left to right, then backward from right to left.

Forward, each node computes its value from those before it. Backward, each node is given dJ/d(node), the derivative of
the final output J with respect to it: for every node that uses it, that node's own derivative times the local one, all
added up. That is the chain rule, and `backward()` does nothing else. The graphs: J = 3 (a + b c), and a neuron's loss.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from autograd_lite import Constant, Value, sigmoid, softplus, topological_order
from viz import draw_dot, explain, steps

NUDGE = 0.001
ABC = {"a": 5.0, "b": 3.0, "c": 2.0}
WEIGHTS = {"w": 2.0, "b": -4.0}
X, Y = 1.5, 1.0  # an example, and its label


def formula(a: Value, b: Value, c: Value) -> Value:
    """J = 3 (a + b c), in three steps."""
    u = b * c
    v = a + u
    J = 3 * v
    u.label, v.label, J.label = "u", "v", "J"
    return J


def neuron(w: Value, b: Value) -> Value:
    """The loss -(y log a + (1 - y) log(1 - a)) with a = sigmoid(z), z = w x + b; in terms of z, log(1 + e^z) - y z."""
    u = w * Constant(X, "x")
    z = u + b
    s = softplus(z)  # log(1 + e^z)
    t = Constant(Y, "y") * z
    J = s - t
    u.label, z.label, s.label, t.label, J.label = "u", "z", "s", "t", "J"
    return J


def both_passes(f: Callable[..., Value], at: dict[str, float]) -> Value:
    """Forward: f builds the graph and computes the values. Backward: every node is given its derivative."""
    J = f(*(Value(number, name) for name, number in at.items()))
    J.backward()
    return J


def node(J: Value, label: str) -> Value:
    """The value of this name on the way to J."""
    return next(value for value in topological_order(J) if value.label == label)


def tell(f: Callable[..., Value], at: dict[str, float]) -> Value:
    """Print both passes step by step, and check the derivatives by moving each input a little."""
    J = both_passes(f, at)
    print(steps(J))
    for name in at:
        rise = both_passes(f, at | {name: at[name] + NUDGE}).item() - J.item()
        print(f"Raise {name} by {NUDGE}, and J changes by {rise:.6f}: {rise / NUDGE:.3g} times as much.")
    return J


def main(out: Path, seed: int, quick: bool) -> list[Path]:
    """Go through both graphs, and draw them."""
    print("J = 3 (a + b c) at", ", ".join(f"{name} = {number:g}" for name, number in ABC.items()))
    J = tell(formula, ABC)
    print(f"\nThe loss of a neuron for one example, x = {X:g} with the label y = {Y:g}:")
    loss = tell(neuron, WEIGHTS)
    print("\nTwo nodes use z, so that two paths lead back to it:")
    print(explain(loss, node(loss, "z")))
    a = sigmoid(WEIGHTS["w"] * X + WEIGHTS["b"])
    print(f"\nThe sum is a - y with a = sigmoid(z): {a:.4f} - {Y:g} = {a - Y:.4f}.")

    for passes in ("both", "forward", "backward"):
        draw_dot(J, passes=passes).render(outfile=out / f"{passes}.svg", cleanup=True)
    draw_dot(loss).render(outfile=out / "neuron.svg", cleanup=True)
    return [out / f"{name}.svg" for name in ("both", "forward", "backward", "neuron")]

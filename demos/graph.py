"""A computation graph step by step: forward from left to right, then backward from right to left.

Forward, each node computes its value from those before it. Backward, each node is given dJ/d(node), the derivative of
the final output J with respect to it: for every node that uses it, that node's own derivative times the local one, all
added up. That is the chain rule, and `backward()` does nothing else. The graphs: J = 3 (a + b c), and a neuron's loss.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from autograd_lite import Constant, Value, sigmoid, softplus
from viz import Snapshot, draw_dot, snapshot
from viz.expression import expression

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


def forward_steps(graph: Snapshot) -> list[str]:
    """Say what each node computes, in the order of the forward pass."""
    return [f"{node.title} = {expression(graph, node)} = {node.value:.4g}" for node in graph if node.op]


def backward_steps(graph: Snapshot) -> dict[str, tuple[float, str]]:
    """For each variable, in the order of the backward pass: its derivative by the chain rule, and how it came about."""
    *before, last = graph.nodes
    J = last.title
    steps = {J: (1.0, f"d{J}/d{J} = 1")}
    for node in reversed(before):
        if not node.is_constant:
            uses = [(user.title, slot.local) for user in graph for slot in user.slots if slot.source == node.id]
            total = sum(steps[user][0] * local for user, local in uses)
            words = " + ".join(f"d{J}/d{user} · ∂{user}/∂{node.title}" for user, _ in uses)
            numbers = " + ".join(f"{signed(steps[user][0])} · {signed(local)}" for user, local in uses)
            steps[node.title] = total, f"d{J}/d{node.title} = {words} = {numbers} = {total:.4g}"
    return steps


def signed(x: float) -> str:
    """A factor: in parentheses if it is negative."""
    return f"({x:.4g})" if x < 0 else f"{x:.4g}"


def tell(f: Callable[..., Value], at: dict[str, float]) -> Value:
    """Print both passes in words, and check the derivatives by moving each input a little."""
    J = both_passes(f, at)
    graph = snapshot(J)
    print("Forward, from left to right:", *forward_steps(graph), sep="\n  ")
    print("Backward, from right to left:", *(words for _, words in backward_steps(graph).values()), sep="\n  ")
    for name in at:
        rise = both_passes(f, at | {name: at[name] + NUDGE}).item() - J.item()
        print(f"Raise {name} by {NUDGE}, and J changes by {rise:.6f}: {rise / NUDGE:.3g} times as much.")
    return J


def main(out: Path, seed: int, quick: bool) -> list[Path]:
    """Go through both graphs, and draw them."""
    print("J = 3 (a + b c) at", ", ".join(f"{name} = {number:g}" for name, number in ABC.items()))
    J = tell(formula, ABC)
    print(f"\nThe loss of a neuron for one example, x = {X:g} with the label y = {Y:g}. Two nodes use z:")
    loss = tell(neuron, WEIGHTS)
    derivatives = {name: number for name, (number, _) in backward_steps(snapshot(loss)).items()}
    a = sigmoid(WEIGHTS["w"] * X + WEIGHTS["b"])
    print(f"The two products add up to dJ/dz = {derivatives['z']:.4f}: a - y with a = sigmoid(z), {a:.4f} - {Y:g}.")

    for passes in ("both", "forward", "backward"):
        draw_dot(J, passes=passes).render(outfile=out / f"{passes}.svg", cleanup=True)
    draw_dot(loss).render(outfile=out / "neuron.svg", cleanup=True)
    return [out / f"{name}.svg" for name in ("both", "forward", "backward", "neuron")]

"""Two loops over scalars become one matrix product: vectorize finds it and writes the program.

X has the shape (n_x, m): columns are examples, as in the demo `loops`, whose costs with one loop and with none stand
beside. With two loops, w is a list of scalar Values and each multiplication and addition is a node. `vectorize` calls
that function once, finds the matrix products in its graph, and writes NumPy, forward and backward. Then it does so to a
step of micrograd's demo. theta is all parameters in one vector, the form in which a program takes them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.axes import Axes

from autograd_lite import Value, nn, softplus, topological_order, value_and_grad, vectorize
from demos import loops, moons
from demos._shared import BLUE, MUTED, RED, median_seconds, panels
from demos.logistic import load
from viz import draw_dot

Cost = Callable[[Any, Any], Value]
FEW_X, FEW_Y = np.array([[1.0, 0.5, -1.5], [2.0, -1.0, 1.0]]), np.array([1.0, 0.0, 1.0])  # 2 features, 3 examples
COLOURS = {"two loops": RED, "scalars": RED, "vectorised": BLUE, "vectorised, theta": BLUE}  # other bars are grey


def two_loops(weights: Any, bias: float) -> Cost:
    """J of scalar Values w and b, one number at a time: a loop over the examples, in it one over the features."""
    w, b = [Value(weight, f"w[{k}]") for k, weight in enumerate(weights)], Value(bias, "b")

    def cost(X: Any, y: Any) -> Value:
        m = len(y)
        J: Any = 0.0
        for i in range(m):
            z = b
            for k in range(len(w)):
                z = z + w[k] * X[k][i]
            J = J + (softplus(z) - y[i] * z)  # the loss -(y log a + (1 - y) log(1 - a)) with a = sigmoid(z)
        return J / m  # type: ignore[no-any-return]

    return cost


def hinge(model: nn.MLP) -> Cost:
    """J of micrograd's demo, point by point and neuron by neuron, with its penalty."""

    def cost(X: Any, y: Any) -> Value:
        losses = [(1 - yi * model(xi)).relu() for xi, yi in zip(X, y, strict=True)]
        J: Value = sum(losses) / len(losses) + moons.PENALTY * sum(p * p for p in model.parameters())
        return J

    return cost


def both_passes(J: Cost, parameters: Sequence[Value], X: Any, y: Any) -> Any:
    """J, and its gradient as it arrives at the parameters."""
    for p in parameters:
        p.grad = None
    cost = J(X, y)
    cost.backward()
    return [cost.data, *(p.grad for p in parameters)]


def flat(J: Any, gradient: tuple[Any, Any]) -> Any:
    """J, dw and db in a row."""
    return [J, *gradient[0].ravel(), gradient[1]]


def vectorised(cost: Cost, X: Any, y: Any) -> tuple[Any, dict[str, Callable[[], Any]]]:
    """The vectorised function, and three ways to J and its gradient: by scalar nodes, and by the program twice."""
    program = vectorize(cost)
    program(X, y)
    parameters, theta, lists = program.parameters, program.theta, (X.tolist(), y.tolist())
    return program, {
        "scalars": lambda: both_passes(cost, parameters, *lists),
        "vectorised": lambda: both_passes(program, parameters, X, y),
        "vectorised, theta": lambda: program.value_and_grad(theta, X, y),
    }


def compare(runs: Mapping[str, Callable[[], Any]], repeats: int) -> dict[str, float]:
    """Print how far J and its gradient are apart, and take the times, in microseconds."""
    results = [np.hstack(run()) for run in runs.values()]
    print(f"J = {results[0][0]:.6f}. Computed in {len(runs)} ways, J and its gradient", end=" ")
    print(f"differ by {np.ptp(results, axis=0).max():.0e} at most.")
    micros = {way: 1e6 * t for way, t in median_seconds(runs, repeats).items()}
    first = next(iter(micros))
    for way, t in micros.items():
        print(f"  {way + ':':<19}{t:>10,.0f} us, {micros[first] / t:>8,.1f} times as fast as {first}")
    return micros


def bars(axes: Axes, micros: Mapping[str, float]) -> None:
    """A bar for each way, the first on top."""
    bar = axes.barh(list(micros), list(micros.values()), color=[COLOURS.get(way, MUTED) for way in micros])
    axes.bar_label(bar, [f"{t:,.0f}" for t in micros.values()], padding=4)
    axes.grid(visible=False)
    axes.invert_yaxis()
    axes.set(xscale="log", xlim=(min(micros.values()) / 4, 8 * max(micros.values())))


def draw(J: Value, path: Path) -> Path:
    """Draw a forward pass from top to bottom."""
    parameters = [v for v in topological_order(J) if type(v) is Value and v.op is None and v.label not in ("X", "y")]
    picture = draw_dot(J, names={"J": J}, params=parameters, passes="forward", rankdir="TB")
    picture.render(outfile=path, cleanup=True)
    return path


def main(out: Path, seed: int, quick: bool) -> list[Path]:
    """Vectorise logistic regression and a step of micrograd's demo; draw the graphs and the times."""
    data = load(seed)
    X, y = np.hstack([part.X.T for part in data]), np.hstack([part.y for part in data])
    weights, b = np.random.default_rng(seed).normal(0, 0.1, len(X)), 0.1
    numbers = weights[:, np.newaxis], b, X, y[np.newaxis]
    one, none = (value_and_grad(J, argnums=(0, 1)) for J in (loops.cost_one_loop, loops.cost_no_loop))
    cost, ways = vectorised(two_loops(weights, b), X, y)
    print(f"Logistic regression on {len(y)} tumours with {len(X)} measurements each.", cost.report(), sep="\n")
    print("The program that it wrote:", cost.source, sep="\n\n")
    runs = {
        "two loops": ways.pop("scalars"),
        "one loop": lambda: flat(*one(*numbers)),
        "no loop": lambda: flat(*none(*numbers)),
        "no loop, by hand": lambda: flat(loops.cost_no_loop(*numbers), loops.no_loop(*numbers)),
        **ways,
    }
    times = {"logistic regression": compare(runs, repeats=1 if quick else 5)}

    model, points = nn.MLP(2, [16, 16, 1], seed=seed), moons.load(seed)
    step, ways = vectorised(hinge(model), *points)
    print(f"\nmicrograd's demo: {moons.POINTS} points, 16 and 16 neurons and one.", step.report(), sep="\n")
    times["micrograd's demo"] = compare(ways, repeats=1 if quick else 5)

    labels = [(name, "microseconds (logarithmic)", "") for name in times]
    with panels(out / "times.png", "Value and gradient: from loops over scalars to a NumPy program", *labels) as axes:
        for ax, micros in zip(axes, times.values(), strict=True):
            bars(ax, micros)
    few, lists = two_loops([0.5, -0.25], b), (X.tolist(), y.tolist())
    small, scalars = vectorised(few, FEW_X, FEW_Y)[0].graph, few(FEW_X.tolist(), FEW_Y.tolist())
    graphs = {"arrays": small, "scalars": scalars, "rolled": two_loops(weights, b)(*lists), "moons": step.graph}
    return [*(draw(J, out / f"{name}.svg") for name, J in graphs.items()), out / "times.png"]

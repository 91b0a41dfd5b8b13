"""A two-layer network follows a curve given enough units; with more layers, fewer can do.

A two-layer network, one hidden layer and the output, adds up a step (tanh) or a kink (ReLU) for each unit. Depth
composes: two ReLU units fold a line, 1 - 2|x|, and k layers of them fold it k times, into 2^k straight pieces; h units
in one layer make h + 1 at most. Weights can do that, but training may not find them. Rows are examples: x is (m, 1).
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from autograd_lite import Value, nn, optim
from autograd_lite.nn import init
from autograd_lite.training import fit
from demos._shared import BLUE, MUTED, RED, name_line, panels, progress

Array = NDArray[np.float64]
Units = tuple[int, ...]
X = np.linspace(-1, 1, 257)[:, np.newaxis]
CURVE = np.sin(3 * np.sin(3 * X))
NETWORKS: list[Units] = [(2,), (8,), (16,), (32,), (8, 8)]  # the units of their hidden layers
STARTS = (1.0, 6.0)  # standard deviations of the first weights: gentle and steep steps
K = 5  # how many times the line is folded


class Plan(NamedTuple):
    """How often to train, from which random numbers, and for how many steps."""

    runs: int
    seed: int
    steps: int


def network(units: Units, start: float, activation: type[nn.Module], rng: np.random.Generator) -> nn.Sequential:
    """Return a network with these hidden layers; its first steps, or kinks, lie anywhere from -1 to 1."""
    layers: list[nn.Module] = []
    for n_in, n_out in zip((1, *units), units, strict=False):
        layers += [nn.Linear(n_in, n_out, init=init.normal(n_in**-0.5), seed=rng), activation()]
    first: Any = layers[0]
    first.weight.data *= start
    first.bias.data = first.weight.data[0] * rng.uniform(-1, 1, units[0])
    return nn.Sequential(*layers, nn.Linear(units[-1], 1, seed=rng))


def trained(model: nn.Sequential, y: Array, steps: int) -> nn.Sequential:
    """Train by Adam on all of X at once, with a learning rate that falls to 0."""
    optimizer = optim.Adam(model.parameters(), lr=0.03)
    schedule = optim.Schedule(optimizer, optim.linear(steps))
    fit(model, X, y, nn.mse, optimizer, epochs=steps, batch_size=None, seed=0, schedule=schedule, progress=False)
    return model


def error(model: nn.Sequential, y: Array) -> float:
    """Return the root of the mean square of what is missed."""
    return float(np.sqrt(np.mean((model(X).data - y) ** 2)))


def trials(units: Units, start: float, activation: type[nn.Module], y: Array, plan: Plan) -> list[nn.Sequential]:
    """Train several networks that differ in their random numbers; the best comes first."""
    rngs = np.random.default_rng(plan.seed).spawn(plan.runs)
    models = [trained(network(units, start, activation, rng), y, plan.steps) for rng in rngs]
    return sorted(models, key=lambda model: error(model, y))


def errors(models: list[nn.Sequential], y: Array) -> str:
    """Write the median error, and the least and the largest."""
    found = [error(model, y) for model in models]
    return f"{np.median(found):.3f} ({found[0]:.3f} to {found[-1]:.3f})"


def folding(k: int) -> nn.Sequential:
    """Return k layers of 2 ReLU units, with weights by hand: 1 - 2 (relu(x) + relu(-x)), applied k times."""
    apart, together = np.array([[1.0, -1.0]]), np.array([[-2.0], [-2.0]])
    numbers = [apart, np.zeros(2), *[together @ apart, apart[0]] * (k - 1), together, np.ones(1)]
    model = network((2,) * k, 1.0, nn.ReLU, np.random.default_rng(0))
    for parameter, number in zip(model.parameters(), numbers, strict=True):
        parameter.data = number
    return model


def pieces(model: nn.Sequential) -> int:
    """Return the number of straight pieces: one more than the slope dy/dx changes, at 4096 points from -1 to 1."""
    x = Value((np.arange(-2048, 2048)[:, np.newaxis] + 0.5) / 2048)
    model(x).sum().backward()
    return 1 + int(np.count_nonzero(~np.isclose(x.grad[1:], x.grad[:-1])))


def draw(path: Path, fits: dict[int, nn.Sequential], deep: nn.Sequential, wide: nn.Sequential) -> None:
    """Draw three fits of the curve, the zigzag by hand, and what one layer of as many units learned."""
    titles = [f"{units} units in one layer: error {error(model, CURVE):.3f}" for units, model in fits.items()]
    titles.append(f"{K} layers of 2 units: {pieces(deep)} pieces")
    title = f"More units in one layer fit better; {2 * K} units in {K} layers make {pieces(deep)} straight pieces"
    with panels(path, title, *((t, "x", "y") for t in titles), columns=2, height=3.3) as cells:
        for axes in cells[:-1]:
            axes.plot(X, CURVE, color=MUTED, lw=5, alpha=0.35)
        for axes, model in zip(cells, [*fits.values(), deep], strict=True):
            axes.plot(X, model(X).data, color=BLUE)
            axes.set(ylim=(-1.3, 1.5), xticks=(-1, 0, 1), yticks=(-1, 0, 1))
        cells[-1].plot(X, wide(X).data, color=RED)
        name_line(cells[-1], 1, 1, f"one layer of {2 * K}, trained", RED)


def main(out: Path, seed: int, quick: bool) -> list[Path]:
    """Fit a smooth curve and a zigzag, tell how well, and draw it."""
    plan = Plan(3, seed, 150) if quick else Plan(5, seed, 1500)
    jobs = [(units, start) for units in NETWORKS for start in STARTS]
    smooth = {jobs[i]: trials(*jobs[i], nn.Tanh, CURVE, plan) for i in progress(len(jobs), "networks")}
    print(f"tanh units follow sin(3 sin 3x): median error of {plan.runs} runs of {plan.steps} steps (least to largest)")
    print("hidden units  parameters  start: 1 randn (gentle)  6 randn (steep)")
    for units in NETWORKS:
        gentle, steep = (errors(smooth[units, start], CURVE) for start in STARTS)
        print(f"{' + '.join(map(str, units)):<14}{smooth[units, 1.0][0].parameter_count:<12}{gentle:<25}{steep}")
    middle = {job: error(models[plan.runs // 2], CURVE) for job, models in smooth.items()}
    same_units, same_size = ([middle[(n,), start] / middle[(8, 8), start] for start in STARTS] for n in (16, 32))
    print(f"Beside 8 + 8 units, as many in one layer miss {same_units[0]:.1f} and {same_units[1]:.1f} times as much,")
    print(f"and 32, with as many parameters as they have, {same_size[0]:.1f} and {same_size[1]:.1f} times.")

    deep, h = folding(K), 2 * K
    zigzag, n = deep(X).data, pieces(deep)
    print(f"By hand, {K} layers of 2 ReLUs make {n} pieces with {deep.parameter_count} parameters; {h} ReLUs in one")
    print(f"layer make {h + 1} at most. The zigzag has {n + 1} corners, -1, 1, -1, ...: one of {h + 1} straight pieces")
    print(f"must cover three in a row, and a straight line misses one of those by at least 1. One layer needs {n - 1}.")
    one, many = (trials(units, 1.0, nn.ReLU, zigzag, plan) for units in ((h,), (2,) * K))
    print(f"Trained, {h} units have error {errors(one, zigzag)} in one layer, {errors(many, zigzag)} in {K}.")
    print(f"The flat line 0 has {np.sqrt(np.mean(zigzag**2)):.3f}: good weights exist; gradient descent may miss them.")
    shown = {n: smooth[(n,), STARTS[-1]][plan.runs // 2] for n in (2, 8, 32)}
    draw(out / "fits.png", shown, deep, one[plan.runs // 2])
    return [out / "fits.png"]

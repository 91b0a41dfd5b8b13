"""A small problem, the runs of it, and how torch does them: shared by the tests and tools/optim_reference.py."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

FIGURES = Path(__file__).resolve().parent.parent / "data" / "optim_torch.json"
STEPS, KEPT = 100, (1, 2, 10, 50, 100)

# Eight examples of two features, in four batches that take turns, and targets that the model cannot reach: so gradients
# stay large. Where they vanish, dividing by their size blows rounding errors up: with all rows in one batch, torch
# itself ended 4e-8 away if it started 1e-15 off. With these batches, no run makes more than 30 times as much of it.
X = 2 * np.sin(1.7 * np.arange(16.0)).reshape(8, 2)
Y = np.cos(3.0 * np.arange(8.0)) + 0.3 * X[:, 0]
W0, B0 = np.array([[0.5, -1.2, 0.3], [-0.7, 0.8, 1.1]]), 0.25
OUT = np.array([1.0, -0.5, 0.8])


def cost(k: int, W: Any, b: Any, tanh: Callable[[Any], Any], constant: Callable[[Any], Any] = lambda a: a) -> Any:
    """The mean squared error, on the k-th step's batch, of a layer of three hidden units and fixed output weights."""
    batch = slice(k % 4, None, 4)
    error = tanh(constant(X[batch]) @ W + b) @ constant(OUT) + b * b - constant(Y[batch])
    return (error * error).sum() / 2


class Run(NamedTuple):
    """One training of the problem: 100 steps."""

    optimizer: str
    options: dict[str, Any]
    schedule: str = ""
    clip: tuple[str, float] | None = None

    def __str__(self) -> str:
        parts = [self.optimizer, *(f"{name}={value}" for name, value in self.options.items()), self.schedule]
        return " ".join(filter(None, parts)) + (f" clip_{self.clip[0]}={self.clip[1]}" if self.clip else "")


SETTINGS: list[tuple[str, dict[str, Any]]] = [
    ("SGD", {"lr": 0.1}),
    ("SGD", {"lr": 0.1, "weight_decay": 0.1}),
    ("SGD", {"lr": 0.05, "momentum": 0.9}),
    ("SGD", {"lr": 0.05, "momentum": 0.9, "dampening": 0.4, "weight_decay": 0.02}),
    ("SGD", {"lr": 0.05, "momentum": 0.8, "nesterov": True}),
    ("SGD", {"lr": 0.05, "momentum": 0.8, "nesterov": True, "weight_decay": 0.1}),
    ("Adagrad", {"lr": 0.2}),
    ("Adagrad", {"lr": 0.3, "lr_decay": 0.05, "initial_accumulator_value": 0.1, "eps": 1e-3}),
    ("Adagrad", {"lr": 0.2, "weight_decay": 0.1}),
    ("RMSprop", {"lr": 0.02}),
    ("RMSprop", {"lr": 0.02, "alpha": 0.9, "eps": 1e-2}),
    ("RMSprop", {"lr": 0.01, "momentum": 0.7}),
    ("RMSprop", {"lr": 0.02, "centered": True}),
    ("RMSprop", {"lr": 0.01, "centered": True, "momentum": 0.7, "weight_decay": 0.1}),
    ("Adam", {"lr": 0.05}),
    ("Adam", {"lr": 0.05, "betas": (0.7, 0.9), "eps": 1e-2}),
    ("Adam", {"lr": 0.05, "weight_decay": 0.1}),
    ("Adam", {"lr": 0.05, "betas": (0.5, 0.8), "amsgrad": True}),
    ("AdamW", {"lr": 0.05}),
    ("AdamW", {"lr": 0.05, "weight_decay": 0.3}),
    ("AdamW", {"lr": 0.05, "betas": (0.5, 0.8), "amsgrad": True, "weight_decay": 0.1}),
]
# Each schedule as a function of ours, and as torch's.
SCHEDULES: dict[str, tuple[Callable[[Any], Any], Callable[[Any, Any], Any]]] = {
    "step": (
        lambda ours: ours.step_decay(30, 0.5),
        lambda lr, opt: lr.StepLR(opt, 30, 0.5),
    ),
    "exponential": (
        lambda ours: ours.exponential(0.97),
        lambda lr, opt: lr.ExponentialLR(opt, 0.97),
    ),
    "linear": (
        lambda ours: ours.linear(80, 0.9, 0.2),
        lambda lr, opt: lr.LinearLR(opt, 0.9, 0.2, 80),
    ),
    "cosine": (  # 100 steps go beyond its end
        lambda ours: ours.cosine(70, floor=0.1),
        lambda lr, opt: lr.CosineAnnealingLR(opt, 70, 0.1 * opt.param_groups[0]["lr"]),
    ),
    "warm-up": (
        lambda ours: ours.warm_up(9),
        lambda lr, opt: lr.LinearLR(opt, total_iters=9),
    ),
    "warm-up, then cosine": (
        lambda ours: ours.warm_up(9, start=0.2, then=ours.cosine(91)),
        lambda lr, opt: lr.SequentialLR(
            opt, [lr.LinearLR(opt, 0.2, total_iters=9), lr.CosineAnnealingLR(opt, 91)], [9]
        ),
    ),
    "warm-up times exponential": (
        lambda ours: lambda k: ours.warm_up(9)(k) * ours.exponential(0.97)(k),
        lambda lr, opt: lr.ChainedScheduler([lr.LinearLR(opt, total_iters=9), lr.ExponentialLR(opt, 0.97)]),
    ),
}
SCHEDULED: list[tuple[str, dict[str, Any]]] = [
    ("SGD", {"lr": 0.1, "momentum": 0.5}),
    ("Adagrad", {"lr": 0.2}),
    ("RMSprop", {"lr": 0.02}),
    ("Adam", {"lr": 0.05}),
    ("AdamW", {"lr": 0.05}),
]
CLIPS = [("norm", 0.3), ("norm", 1.0), ("norm", 100.0), ("value", 0.1)]

RUNS = (
    [Run(*setting) for setting in SETTINGS]
    + [Run(*setting, schedule=name) for setting in SCHEDULED for name in SCHEDULES]
    + [Run(*setting, clip=clip) for setting in SCHEDULED[::3] for clip in CLIPS]
)


def torch_figures(run: Run) -> dict[str, list[float]]:
    """After each step that is kept: the six weights, the bias, the next learning rate, the norm before clipping."""
    import torch
    from torch.nn.utils import clip_grad_norm_, clip_grad_value_

    W, b = (torch.tensor(x, dtype=torch.float64, requires_grad=True) for x in (W0, B0))
    optimizer = getattr(torch.optim, run.optimizer)([W, b], **run.options)
    schedule = SCHEDULES[run.schedule][1](torch.optim.lr_scheduler, optimizer) if run.schedule else None
    figures, norm = {}, []
    for k in range(1, STEPS + 1):
        optimizer.zero_grad()
        cost(k, W, b, torch.tanh, torch.tensor).backward()
        if run.clip and run.clip[0] == "norm":
            norm = [clip_grad_norm_([W, b], run.clip[1]).item()]
        elif run.clip:
            clip_grad_value_([W, b], run.clip[1])
        optimizer.step()
        if schedule:
            schedule.step()
        if k in KEPT:
            lr = [optimizer.param_groups[0]["lr"]] if schedule else []
            figures[str(k)] = [*W.detach().numpy().ravel().tolist(), b.item(), *lr, *norm]
    return figures


def kept_figures() -> dict[str, dict[str, list[float]]]:
    """What torch gave, by the name of the run."""
    figures: dict[str, dict[str, list[float]]] = json.loads(FIGURES.read_text(encoding="utf-8"))["runs"]
    return figures

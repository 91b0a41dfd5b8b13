"""100 steps of each optimiser, in each setting, are those of torch to 1e-12: on arrays and on scalars."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest

from autograd_lite import Value, optim, tanh
from autograd_lite.cells import data_of, scalars
from tests.optim.reference import (
    B0,
    FIGURES,
    KEPT,
    OUT,
    RUNS,
    SCHEDULES,
    STEPS,
    W0,
    Run,
    X,
    Y,
    cost,
    kept_figures,
    torch_figures,
)

FIGURES_OF_TORCH = kept_figures()


def our_figures(run: Run, W: Any) -> dict[str, list[float]]:
    """What `torch_figures` gives, from our optimisers; W is an array Value, or an array of scalar Values."""
    b = Value(B0)
    parameters = [*(W.flat if isinstance(W, np.ndarray) else [W]), b]
    optimizer = getattr(optim, run.optimizer)(parameters, **run.options)
    schedule = optim.Schedule(optimizer, SCHEDULES[run.schedule][0](optim)) if run.schedule else None
    figures, norm = {}, []
    for k in range(1, STEPS + 1):
        optimizer.zero_grad()
        cost(k, W, b, tanh).backward()
        if run.clip and run.clip[0] == "norm":
            norm = [optim.clip_grad_norm(parameters, run.clip[1])]
        elif run.clip:
            optim.clip_grad_value(parameters, run.clip[1])
        optimizer.step()
        if schedule:
            schedule.step()
        if k in KEPT:
            lr = [optimizer.lr] if schedule else []
            figures[str(k)] = [*data_of(W).ravel().tolist(), b.data, *lr, *norm]
    return figures


def assert_same(ours: dict[str, list[float]], wanted: dict[str, list[float]]) -> None:
    assert list(ours) == list(wanted)
    for k in wanted:
        np.testing.assert_allclose(ours[k], wanted[k], rtol=0, atol=1e-12, err_msg=f"after {k} steps")


@pytest.mark.parametrize("run", RUNS, ids=str)
def test_array_parameters_go_where_torchs_went(run: Run) -> None:
    assert_same(our_figures(run, Value(W0)), FIGURES_OF_TORCH[str(run)])


@pytest.mark.parametrize("run", RUNS, ids=str)
def test_scalar_parameters_go_where_torchs_went(run: Run) -> None:
    assert_same(our_figures(run, scalars(W0)), FIGURES_OF_TORCH[str(run)])


def test_torch_itself() -> None:
    """Where torch is installed: the figures kept are those that it gives today."""
    pytest.importorskip("torch", reason="an optional oracle: pip install torch")
    for run in RUNS:
        figures = torch_figures(run)
        assert_same(figures, FIGURES_OF_TORCH[str(run)])
        assert_same(our_figures(run, Value(W0)), figures)


def test_every_run_has_its_figures_and_no_figures_are_left_over() -> None:
    assert [str(run) for run in RUNS] == list(FIGURES_OF_TORCH)
    assert "with torch 2." in json.loads(FIGURES.read_text(encoding="utf-8"))["about"]
    assert FIGURES.stat().st_size < 60_000


def test_every_setting_matters() -> None:
    """No two runs end in the same place, but for one that a generous bound leaves alone."""
    ends: dict[tuple[float, ...], list[str]] = {}
    for name, figures in FIGURES_OF_TORCH.items():
        ends.setdefault(tuple(figures["100"][:7]), []).append(name)
    same = [names for names in ends.values() if len(names) > 1]
    assert same == [["Adam lr=0.05", "Adam lr=0.05 clip_norm=100.0"]]


def test_a_net_in_micrograds_manner_follows_the_arrays() -> None:
    """Loops over plain Python lists of Values, and one matrix: the same numbers at each of 50 steps of Adam."""
    W, b = Value(W0), Value(B0)
    w, c = [[Value(float(x)) for x in row] for row in W0], Value(B0)
    arrays, scalars = optim.Adam([W, b], lr=0.05), optim.Adam([*w[0], *w[1], c], lr=0.05)
    for k in range(50):
        loss = Value(0.0)
        for (x1, x2), y in zip(X[k % 4 :: 4].tolist(), Y[k % 4 :: 4].tolist(), strict=True):
            units = [(w[0][j] * x1 + w[1][j] * x2 + c).tanh() for j in range(3)]
            error = sum(u * o for u, o in zip(units, OUT.tolist(), strict=True)) + c * c - y
            loss += error * error / 2
        for optimizer, root in ((scalars, loss), (arrays, cost(k, W, b, tanh))):
            optimizer.zero_grad()
            root.backward()
            optimizer.step()
        np.testing.assert_allclose([[v.data for v in row] for row in w], W.data, rtol=0, atol=1e-12)
        assert c.data == pytest.approx(b.data, abs=1e-12)

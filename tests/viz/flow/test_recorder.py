"""The recorder of gradients and updates over a training run: its numbers, long runs, and what it refuses."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_allclose

from autograd_lite import Value, nn, optim
from tests.viz.flow.helpers import X, Y, by_hand, network, trained
from viz.flow.recorder import GradientFlow, _rms

# --- the numbers ---------------------------------------------------------------------------------------------------


def test_the_sizes_are_those_of_numpy() -> None:
    model = nn.Sequential(nn.Linear(4, 3, seed=0), nn.Tanh(), nn.Linear(3, 1, seed=1))
    flow = GradientFlow(model)
    optimizer = optim.Adam(model.parameters(), lr=0.01)
    for _ in range(3):
        before = [np.concatenate([model[i].weight.data.ravel(), model[i].bias.data]) for i in (0, 2)]
        optimizer.zero_grad()
        nn.mse(model(X), Y).backward()
        optimizer.step()
        flow.record()
    after = [np.concatenate([model[i].weight.data.ravel(), model[i].bias.data]) for i in (0, 2)]
    gradients = [np.concatenate([model[i].weight.grad.ravel(), model[i].bias.grad]) for i in (0, 2)]
    table = flow.table()
    assert table["layers"] == ("[0]", "[2]")
    assert table["sizes"] == (15, 4)
    assert table["steps"].tolist() == [1, 2, 3]
    assert_allclose(table["gradient"][:, -1], [np.sqrt(np.mean(g**2)) for g in gradients])
    moved = [np.linalg.norm(a - b) / np.linalg.norm(b) for a, b in zip(after, before, strict=True)]
    assert_allclose(table["ratio"][:, -1], moved)
    assert not table["odd"].any()
    assert table["computed"].all()


def test_the_first_update_counts_from_when_the_recorder_was_made() -> None:
    w = Value(4.0)
    flow = GradientFlow({"w": w})
    w.data, w.grad = 3.0, 1.0
    flow.record()
    assert flow.table()["ratio"].tolist() == [[0.25]]


def test_scalars_and_arrays_give_the_same_numbers_and_rows() -> None:
    tables = []
    for scalars in (False, True):
        model = nn.MLP(4, [3, 2, 1], activation="tanh", scalars=False, seed=0)
        if scalars:
            model.to_scalars()
        tables.append(trained(model, epochs=1).table())
    arrays, cells = tables
    assert arrays["layers"] == cells["layers"] == ("layers[0].linear", "layers[1].linear", "layers[2].linear")
    assert arrays["sizes"] == cells["sizes"] == (15, 8, 3)
    for name in ("gradient", "ratio"):
        assert_allclose(cells[name], arrays[name], rtol=1e-9)


def test_by_parameter_each_array_is_a_row_of_scalars_too() -> None:
    model = nn.MLP(4, [3, 1], seed=0)
    flow = trained(model, epochs=1, by="parameter")
    linear = [f"layers[{i}].linear.{name}" for i in (0, 1) for name in ("weight", "bias")]
    assert flow.table()["layers"] == tuple(linear)
    assert flow.table()["sizes"] == (12, 3, 3, 1)


def test_what_the_model_itself_holds_has_rows_of_its_own() -> None:
    class Net(nn.Module):
        def __init__(self) -> None:
            self.W1, self.W2 = Value(np.ones((4, 3))), Value(np.ones((3, 1)))
            self.head = nn.Linear(1, 1, seed=0)

    assert GradientFlow(Net()).table()["layers"] == ("W1", "W2", "head")


def test_a_model_may_change_its_form_in_the_middle() -> None:
    model = nn.Linear(4, 1, seed=0)
    flow = GradientFlow(model)
    for convert in (model.to_scalars, model.to_arrays):
        nn.mse(model(X), Y).backward()
        optim.SGD(model.parameters(), lr=0.1).step()
        flow.record()
        convert()
        model.zero_grad()
    assert (flow.table()["update"] > 0).all()


def test_the_model_is_not_changed() -> None:
    model = network(nn.Tanh, depth=2)
    nn.mse(model(X), Y).backward()
    flow = GradientFlow(model)
    held = [(p, p._data, p.grad, p._data.copy(), p.grad.copy()) for p in model.parameters()]
    flow.record()
    for p, data, grad, old_data, old_grad in held:
        assert p._data is data
        assert p.grad is grad
        assert (data == old_data).all()
        assert (grad == old_grad).all()


def test_arrays_changed_in_place_count_as_an_update() -> None:
    w = Value(np.ones(4))
    flow = GradientFlow({"w": w})
    w.grad = np.ones(4)
    data = w.data
    data -= 0.5
    flow.record()
    assert flow.table()["ratio"].tolist() == [[0.5]]


def test_what_starts_at_zero_has_no_ratio_at_first() -> None:
    flow = trained(nn.Linear(4, 1, seed=0), by="parameter", epochs=1)
    ratio = flow.table()["ratio"]
    assert ratio[1, 0] == math.inf
    assert np.isfinite(ratio[1, 1:]).all()
    assert not flow.table()["odd"].any()


def test_no_gradient_nan_and_infinity_are_told_apart(everything: GradientFlow) -> None:
    table = everything.table()
    assert table["computed"].all(axis=1).tolist() == [True, True, True, False, True]
    assert np.isnan(table["gradient"][3]).all()
    assert table["odd"].sum(axis=1).tolist() == [10, 1, 0, 0, 0]
    assert table["gradient"][1, -1] == math.inf


@given(st.lists(st.floats(-1e3, 1e3), min_size=1, max_size=9), st.sampled_from([1e-300, 1e-160, 1.0, 1e160, 1e300]))
def test_rms_neither_overflows_nor_vanishes(numbers: list[float], scale: float) -> None:
    x = np.array(numbers)
    with np.errstate(over="raise"):
        assert _rms(x * scale) == pytest.approx(np.sqrt(np.mean(x**2)) * scale, rel=1e-9, abs=1e-317)


def test_rms_of_single_precision_is_not_lost() -> None:
    assert _rms(np.full(3, 1e-30, dtype=np.float32)) == pytest.approx(1e-30)
    assert math.isnan(_rms(np.array([1.0, math.nan, math.inf])))
    assert _rms(np.array([1.0, -math.inf])) == math.inf


# --- long runs -----------------------------------------------------------------------------------------------------


@given(st.integers(2, 9), st.integers(1, 120))
def test_long_runs_thin_out_evenly_and_keep_the_last_step(limit: int, steps: int) -> None:
    flow = by_hand([[float(i) for i in range(1, steps + 1)]], limit=limit)
    kept = flow.table()["steps"].tolist()
    every = flow._every
    assert len(flow._records) <= limit
    assert every & (every - 1) == 0
    assert kept == sorted({*range(1, steps + 1, every), steps})
    assert flow.table()["gradient"][0].tolist() == kept
    assert every == 1 or len(kept) > limit // 2  # no more is dropped than need be


def test_ratios_stay_those_of_single_steps() -> None:
    flow = by_hand([[1.0] * 100], updates=0.01, limit=8)
    assert flow._every == 16
    assert_allclose(flow.table()["ratio"], 0.01)


def test_thinning_is_said() -> None:
    flow = by_hand([[1.0] * 100], limit=8)
    assert "100 steps, every 16th and the last kept" in repr(flow)
    assert "every 16th and the last kept" in flow.draw().pipe("svg").decode()
    assert "kept" not in repr(by_hand([[1.0] * 8], limit=8))


# --- wrong use -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("model", "error", "words"),
    [
        (nn.Tanh(), ValueError, r"the model has no parameters: Tanh\(\)"),
        ({}, ValueError, r"the model has no parameters: \{\}"),
        ([Value(1.0)], TypeError, "model is list; give a Module, or a dict"),
        ({1: Value(1.0)}, TypeError, "model is dict"),
    ],
)
def test_a_model_without_parameters_is_refused(model: Any, error: type[Exception], words: str) -> None:
    with pytest.raises(error, match=words):
        GradientFlow(model)


@pytest.mark.parametrize(
    ("options", "words"),
    [({"by": "row"}, "by is 'row'; it is 'layer' or 'parameter'"), ({"limit": 1}, "limit"), ({"limit": 2.5}, "limit")],
)
def test_arguments_out_of_range_are_named(options: dict[str, Any], words: str) -> None:
    with pytest.raises((ValueError, TypeError), match=words):
        GradientFlow({"w": Value(1.0)}, **options)


def test_recording_before_backward_is_refused() -> None:
    flow = GradientFlow(nn.Linear(2, 1, seed=0))
    with pytest.raises(ValueError, match=r"no parameter has a gradient: call record\(\) after backward\(\)"):
        flow.record()
    assert repr(flow) == "GradientFlow of 2 layers, nothing recorded yet"


def test_drawing_before_anything_was_recorded_is_refused() -> None:
    flow = GradientFlow({"w": Value(1.0)})
    with pytest.raises(ValueError, match=r"nothing was recorded: .*callbacks=\[flow\]"):
        flow.draw()
    assert flow.table()["gradient"].shape == (1, 0)
    assert flow._repr_mimebundle_() == {"text/plain": "GradientFlow of 1 layer, nothing recorded yet"}


def test_steps_go_forward() -> None:
    w = Value(1.0)
    w.grad = 1.0
    flow = GradientFlow({"w": w})
    flow.record(step=10)
    flow.record()
    with pytest.raises(ValueError, match="step 11 comes after step 11"):
        flow.record(step=11)
    assert flow.table()["steps"].tolist() == [10, 11]


def test_a_model_that_grew_is_refused() -> None:
    model = nn.Sequential(nn.Linear(2, 1, seed=0))
    flow = GradientFlow(model)
    nn.mse(model(X[:, :2]), Y).backward()
    model.extra = Value(1.0)
    with pytest.raises(ValueError, match="other parameters than before: make a new GradientFlow"):
        flow.record()

"""Where nodes come from: lines, modules, and that recording changes nothing else."""

from __future__ import annotations

import os
import threading

import numpy as np

import autograd_lite as ag
from autograd_lite import Value, nn, origin_of, record_origins
from viz import snapshot


def test_the_line_is_the_users() -> None:
    a = Value(2.0)
    with record_origins():
        y = a * a
        z = ag.sum([y, a])
    assert origin_of(y).line.endswith("test_origins.py:18")
    assert origin_of(z).line.endswith("test_origins.py:19")
    assert origin_of(a) is None, "a leaf is made by nobody's operation"
    assert origin_of(a + 1.0) is None, "made outside"


def test_modules_are_those_being_called() -> None:
    model = nn.MLP(2, [3, 1], seed=0)
    with record_origins():
        y = model([1.0, 2.0])
    graph = snapshot(y, params=model)
    assert {node.path for node in graph if node.op} == {
        "layers[0].linear", "layers[0].activation", "layers[1].linear",
    }  # fmt: skip
    assert {node.line for node in graph if node.op} == {"test_origins.py:29"}
    weights = [node.name for node in graph if node.role == "parameter"]
    assert "layers[0].linear.weight[1,2]" in weights


def test_recording_makes_the_same_graph() -> None:
    def build() -> list[str]:
        model = nn.MLP(2, [3, 1], seed=0)
        y = model([Value(1.0), Value(2.0)]) ** 2
        y.backward()
        return [repr((node.operation, node.value, node.gradient, node.slots)) for node in snapshot(y, params=model)]

    plain = build()
    with record_origins():
        recorded = build()
    assert recorded == plain


def test_what_is_recorded_lives_as_long_as_its_variable_and_the_latest_in_any_case() -> None:
    with record_origins() as first:
        y = Value(1.0) * 2.0
    with record_origins():
        z = Value(1.0) * 2.0
    assert origin_of(y)
    assert origin_of(z)
    del first
    assert origin_of(y) is None
    assert origin_of(z)


def test_other_threads_and_no_grad_are_not_recorded() -> None:
    made = []
    with record_origins() as origins:
        thread = threading.Thread(target=lambda: made.append(Value(1.0) * 2.0))
        thread.start()
        thread.join()
        with ag.no_grad():
            Value(1.0) * 2.0
    assert len(origins) == 0
    assert origin_of(made[0]) is None


def test_detect_anomaly_sees_no_anomaly_of_many_inside() -> None:
    with record_origins(), ag.detect_anomaly():
        y = ag.sum([Value(1.0), Value(2.0)])
        y.backward()
    assert y.item() == 3.0
    assert origin_of(y)


def test_a_module_in_the_callers_scope_names_its_parameters() -> None:
    model = nn.Sequential(nn.Linear(2, 1, seed=0))
    y = ag.sum(model(np.ones((1, 2))))
    graph = snapshot(y, names={"model": model})
    assert [(node.name, node.role) for node in graph if node.name] == [
        ("model[0].weight", "parameter"), ("model[0].bias", "parameter"),
    ]  # fmt: skip


def test_a_folder_whose_name_only_begins_like_ours_is_the_users() -> None:
    theirs = os.path.dirname(ag.__file__) + "_notes" + os.sep + "train.py"
    names = {"Value": Value}
    with record_origins():
        exec(compile("y = Value(1.0) * 2.0", theirs, "exec"), names)
    origin = origin_of(names["y"])
    assert origin
    assert origin.line == f"{theirs}:1"

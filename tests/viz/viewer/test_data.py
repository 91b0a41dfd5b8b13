"""What the viewer's page knows of a graph: its numbers, its layout, its texts."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import viz.viewer.html
import viz.viewer.layout
from autograd_lite import Value, nn, record_origins
from tests.viz.viewer.helpers import data_of, tanh_of_product
from viz.graphs.rolling import roll
from viz.graphs.snapshot import snapshot
from viz.layout.layout import LayoutError
from viz.replay.steps import steps
from viz.viewer.data import WRITTEN_UP_TO
from viz.viewer.html import save_html, viewer_html
from viz.words.expression import local_derivative


def test_numbers_keep_seven_digits_and_what_json_does_not_know() -> None:
    values = [1e-300, -1.23456789e200, float("nan"), float("inf"), -float("inf"), 0.1]
    y = Value(values[0], label="v0")
    for i, x in enumerate(values[1:]):
        y = y + Value(x, label=f"v{i + 1}_")
    data = data_of(viewer_html(snapshot(y)))
    found = data["frames"][0]["values"].split(",")
    assert {"1e-300", "-1.234568e+200", "nan", "inf", "-inf", "0.1"} <= set(found)
    assert set(data["frames"][0]["gradients"].split(",")) == {""}  # not computed, and never 0


def test_the_structure_comes_back() -> None:
    graph = snapshot(tanh_of_product() * 2.0 + 1.0)
    data = data_of(viewer_html(graph))
    owners = np.repeat(np.arange(len(graph)), [int(n) for n in data["arity"].split(",")])
    assert (owners - [int(k) for k in data["sources"].split(",")] == graph.sources).all()
    ops = ["" if k == "" else data["table"][int(k)]["name"] for k in data["ops"].split(",")]
    assert ops == [node.operation for node in graph]
    assert data["roots"] == list(graph.roots)


def test_modules_and_lines_are_told_where_they_are_known() -> None:
    model = nn.MLP(2, [2, 1])
    with record_origins():
        y = model([Value(1.0), Value(2.0)])
    graph = snapshot(y, params=model)
    data = data_of(viewer_html(graph))
    lines = {node.id: node.line for node in graph if node.line}
    paths = {node.id: node.path for node in graph if node.path}
    assert lines
    assert paths
    for column, expected in ((data["lines"], lines), (data["paths"], paths)):
        nodes = np.cumsum([int(step) for step in column["nodes"].split(",")]).tolist()
        which = [int(k) for k in column["which"].split(",")]
        assert {i: column["texts"][k] for i, k in zip(nodes, which, strict=True)} == expected


def test_a_small_graph_is_laid_out_by_dot_and_a_larger_one_by_ranks() -> None:
    y = tanh_of_product()
    assert data_of(viewer_html(snapshot(y)))["layout"] == "dot"
    for _ in range(200):
        y = y * 1.01
    y.backward()
    data = data_of(viewer_html(snapshot(y)))
    assert data["layout"] == "ranks"
    assert len(data["x"].split(",")) == len(snapshot(y))


def recurrence(steps: int) -> Value:
    """Steps of a recurrence: w, u and b are used in each."""
    w, u, b, h = (Value(0.5, label=label) for label in "wubh")
    for step in range(steps):
        h = (w * h + u * float(step) + b).tanh()
    h.backward()
    return h


def test_a_leaf_that_is_used_often_has_a_card_at_each_use() -> None:
    graph = snapshot(recurrence(5))
    data = data_of(viewer_html(graph))
    assert data["layout"] == "dot"
    assert data["notes"] == ["w, u, b are drawn at each of their uses"]
    shown_at = Counter(graph.title(int(graph.sources[slot])) for slot in data["copies"])
    assert shown_at == {"w": 4, "u": 4, "b": 4}  # beside the first
    x, y = ([int(v) for v in data[axis].split(",")] for axis in "xy")
    assert len(x) == len(y) == len(data["widths"]) == len(graph) + 12
    assert len(set(zip(x, y, strict=True))) == len(x)
    for k, slot in enumerate(data["copies"]):  # each stands before the value that uses it
        owner = int(np.searchsorted(graph.offsets, slot, side="right")) - 1
        assert x[len(graph) + k] < x[owner]


def test_a_root_that_is_also_used_often_keeps_a_card_of_its_own() -> None:
    w = Value(0.5, label="w")
    h = w
    for _ in range(6):
        h = (w * h).tanh()
    graph = snapshot([h, w])
    data = data_of(viewer_html(graph))
    assert len(data["copies"]) == 7
    assert len(data["x"].split(",")) == len(graph) + 7


def test_what_dot_would_take_too_long_for_or_draw_too_long_is_laid_out_by_ranks() -> None:
    assert data_of(viewer_html(snapshot(recurrence(50))))["layout"] == "ranks"  # one line, 50 steps long
    row = first = [Value(float(i)).tanh() for i in range(40)]
    for k in range(6):
        row = [x * first[(7 * i + k) % 40] for i, x in enumerate(row)]
    assert data_of(viewer_html(snapshot(row)))["layout"] == "ranks"  # 500 bends


def test_there_is_no_room_for_labels_that_nobody_sees() -> None:
    y = Value(2.0, label="a") * Value(3.0, label="b")
    forward, backward, labels = data_of(viewer_html(snapshot(y)))["curves"]
    assert (len(forward), backward, labels) == (2, {}, {})
    y.backward()
    forward, backward, labels = data_of(viewer_html(snapshot(y)))["curves"]
    assert (len(forward), len(backward), len(labels)) == (2, 2, 2)


def test_the_text_of_steps_and_arrows_is_python_s() -> None:
    y = tanh_of_product()
    graph = snapshot(y)
    frame = data_of(viewer_html(graph))["frames"][0]
    assert frame["steps"] == ["\n".join(step.lines) for step in steps(y, names={})]
    assert frame["labels"] == [local_derivative(graph, node, k) for node in graph for k in range(len(node.slots))]


def test_the_steps_of_array_operations_need_the_values_themselves(tmp_path: Path) -> None:
    W = Value(np.ones((2, 2)), label="W")
    J = (W @ W).sum()
    J.backward()
    assert "steps" not in data_of(viewer_html(snapshot(J)))["frames"][0]
    page = Path(save_html(J, tmp_path / "page.html", names={})).read_text()
    assert data_of(page)["frames"][0]["steps"] == ["\n".join(step.lines) for step in steps(J, names={})]
    assert "steps" in data_of(viewer_html(snapshot((W * 2.0).sum())))["frames"][0]  # no backward pass: nothing to ask


def test_a_large_page_composes_its_texts_by_itself() -> None:
    x = Value(0.5)
    for _ in range(WRITTEN_UP_TO):
        x = x.tanh()
    data = data_of(viewer_html(snapshot(x)))
    assert not {"steps", "labels"} & set(data["frames"][0])
    assert data["texts"] == {}
    assert data["expressions"] is None


def test_without_graphviz_the_ranks_serve(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: Any) -> bytes:
        raise LayoutError("there is no Graphviz")

    monkeypatch.setattr(viz.viewer.layout, "lay_out", broken)
    assert data_of(viewer_html(snapshot(tanh_of_product())))["layout"] == "ranks"


def test_cards_do_not_overlap_in_dots_layout() -> None:
    y = tanh_of_product() * Value(np.arange(12.0).reshape(3, 4), label="a long name for an array of numbers")
    data = data_of(viewer_html(snapshot(y.sum())))
    x, y_ = ([int(v) for v in data[axis].split(",")] for axis in "xy")
    for i, wide in enumerate(data["widths"]):
        for k in range(i):
            apart = abs(x[i] - x[k]) >= (wide + data["widths"][k]) / 2 or abs(y_[i] - y_[k]) >= 40
            assert apart, (i, k)


def test_a_rolled_graph_is_shown_as_well() -> None:
    xs = [Value(float(i)) for i in range(40)]
    y = xs[0].tanh()
    for x in xs[1:]:
        y = y + x.tanh()
    y.backward()
    rolled = roll(snapshot(y))
    data = data_of(viewer_html(rolled))
    assert len(data["roles"]) == len(rolled) < 40
    assert data["notes"] == list(rolled.notes)


def test_too_many_values_are_rolled_unless_all_are_wanted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(viz.viewer.html, "ROLLED_ABOVE", 50)
    x = Value(0.5)
    for _ in range(60):
        x = x.tanh()
    graph = snapshot(x)
    assert len(data_of(viewer_html(graph))["roles"]) < 20
    assert len(data_of(viewer_html(graph, full=True))["roles"]) == 61

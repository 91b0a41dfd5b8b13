"""The difference of two passes as text and as a picture."""

from __future__ import annotations

import re
import subprocess
import sys
from typing import Any

import numpy as np
import pytest

import autograd_lite as ag
from autograd_lite import Constant, Value, nn, optim
from tests.viz.diff.helpers import leaves
from tests.viz.helpers import ROOT
from viz import snapshot
from viz.diff.diff import draw_diff
from viz.diff.difference import Difference, difference_text
from viz.graphs.snapshot import Snapshot
from viz.pictures.style import NEGATIVE, ODD, POSITIVE

# --- the text --------------------------------------------------------------------------------------------------------


def step() -> tuple[Snapshot, Value]:
    """One step of gradient descent on tanh(a*b + c)."""
    a, b, c = Value(2.0, label="a"), Value(-3.0, label="b"), Value(6.5, label="c")

    def run() -> Value:
        d = a * b
        d.label = "d"
        y = (d + c).tanh()
        y.label = "y"
        y.backward()
        return y

    before = snapshot(run())
    for v in (a, b):
        v.data -= 0.05 * v.grad
    for v in (a, b, c):
        v.zero_grad()
    return before, run()


def test_the_outline() -> None:
    before, y = step()
    outline = draw_diff(before, y, names={}).outline
    assert outline is not None
    assert outline().splitlines() == [
        "                       value               change     grad              change",
        "y = tanh(v4)           0.4621 → -0.02047   -0.4826    1",
        "└── v4 = d + c         0.5 → -0.02047      -0.5205    0.7864 → 0.9996   +0.2131",
        "    ├── d = a * b      -6 → -6.52          -0.5205    0.7864 → 0.9996   +0.2131",
        "    │   ├── a  input   2 → 2.118           +0.118     -2.359 → -3.077   -0.718",
        "    │   └── b  input   -3 → -3.079         -0.07864   1.573 → 2.117     +0.5442",
        "    └── c  input       6.5                            0.7864 → 0.9996   +0.2131",
    ]


def test_the_outline_of_other_structures() -> None:
    a, b, c = leaves("a", "b", "c")
    y = (a * b).exp() + c
    y.backward()
    text = str(difference_text(Difference(snapshot(y), snapshot(a * b + Value(1.0, label="k")))))
    assert "k  input  (only after)" in text
    assert "c  input  (only before)" in text
    assert "v4′ = exp(v3)  (only before)" in text, "gone values are told in the names of today, and have a prime"
    assert "after: the backward pass has not run, so no change of gradients is known" in text


def test_rows_are_limited_and_counted() -> None:
    y = Value(1.0, label="x")
    for _ in range(300):
        y = y.tanh()
    text = str(difference_text(Difference(snapshot(y), snapshot(y)), 10))
    assert len(text.splitlines()) == 1 + 10 + 3
    assert "… 291 more rows are not shown" in text


# --- the picture -----------------------------------------------------------------------------------------------------


def test_a_step_drawn() -> None:
    before, y = step()
    source = draw_diff(before, y, names={}).source
    assert "2 → 2.118" in source
    assert "+0.118" in source
    assert "-2.359 → -3.077" in source
    assert "-0.718" in source
    assert source.count("style=dashed") == 5
    assert {NEGATIVE, POSITIVE} <= set(re.findall(r"#\w{6}", source))
    for words in ("change of the value", "change of the gradient", "size of the change", "did not change", "went up"):
        assert words in source


def edge_looks(source: str, port: str) -> dict[str, tuple[str, float]]:
    """From each arrow's tooltip to its colour and width."""
    found = {}
    for line in source.splitlines():
        if f":{port}:" in line and "->" in line:
            attributes = dict(re.findall(r'(\w+)=("[^"]*"|[^\s\]]+)', line))
            found[attributes["tooltip"].strip('"')] = (
                attributes["color"].strip('"'),
                float(attributes["penwidth"].strip('"')),
            )
    return found


def test_arrows_are_as_wide_as_the_change_is_large() -> None:
    a, b, c = Value(1.0, label="a"), Value(1.0, label="b"), Value(1.0, label="c")
    before = snapshot(a + b + c)
    a.data, b.data = 11.0, 0.99
    looks = edge_looks(draw_diff(before, a + b + c, names={}).source, "value")
    by_source = {tooltip.split(" → ")[0]: look for tooltip, look in looks.items()}
    assert by_source["a"] == (POSITIVE, 6.0)
    assert by_source["b"][0] == NEGATIVE
    assert by_source["b"][1] < 3
    assert by_source["c"] == ("#CBD2D9", 0.75)


def test_the_gradient_of_a_slot_is_the_term_that_flows() -> None:
    a = Value(3.0, label="a")
    y = a * a
    y.backward()
    before = snapshot(y)
    a.data = 4.0
    a.zero_grad()
    y = a * a
    y.backward()
    tooltips = list(edge_looks(draw_diff(before, y, names={}).source, "grad"))
    assert tooltips == ["v1 → a: gradient 3 → 4 (+1)"], "of each of the two, not 6 → 8"


def test_what_did_not_change_is_pale() -> None:
    a, b = leaves("a", "b")
    before = snapshot(a * b)
    a.data = 7.0
    source = draw_diff(before, a * b, names={}).source
    boxes = re.findall(r"^\tn\d+ \[label=(.*)\]$", source, re.M)
    assert ['COLOR="#CBD2D9"' in box for box in boxes] == [False, True, False]


def test_structures_that_differ_are_told() -> None:
    a, b, c = leaves("a", "b", "c")
    before, after = snapshot(a * b), snapshot(a * c)
    source = draw_diff(before, after).source
    assert source.count(">only before<") == source.count(">only after<") == 1
    assert "a dotted box with dotted arrows is only before" in source
    assert "only before" not in draw_diff(before, before).source


def test_gradients_that_are_not_there() -> None:
    a = Value(2.0, label="a")
    y = a.exp()
    before = snapshot(y)
    y.backward()
    source = draw_diff(before, y, names={}).source
    assert "not computed → 7.389" in source
    assert "before: the backward pass has not run" in source
    assert "style=dashed" not in source
    neither = draw_diff(before, before).source
    assert "before and after: the backward pass has not run" in neither


def test_no_numbers() -> None:
    x = Value(1.0, label="x")
    before = snapshot(x.log())
    x.data = 0.0
    source = draw_diff(before, x.log(), names={}).source
    assert "0 → -inf" in source
    assert ODD in source


def test_leaves_that_both_share_are_pointed_out() -> None:
    w = Value(2.0, label="w")
    first, second = w * 2.0, w * 3.0
    assert "1 leaf is part of both graphs" in draw_diff(first, second).source
    assert "part of both" not in draw_diff(snapshot(first), second).source


def test_snapshots_are_as_good_as_values() -> None:
    before, y = step()
    assert draw_diff(before, y, names={}).source == draw_diff(before, snapshot(y)).source


def test_names_of_the_caller() -> None:
    weight = Value(2.0)
    first = weight * 2.0
    second = weight * 3.0
    source = draw_diff(first, second).source
    assert "<B>weight</B>" in source
    assert "<B>second</B> = weight * 3" in source
    assert "before: first" in source


@pytest.mark.parametrize("rankdir", ["LR", "RL", "TB", "BT"])
@pytest.mark.parametrize("format", ["svg", "png", "pdf", "json"])
def test_every_direction_and_format(rankdir: str, format: str) -> None:
    w = Value(np.linspace(-1, 1, 6).reshape(3, 2), label="w")
    bias, k = Value(0.5, label="b"), Constant(2.0, label="k")

    def run(extra: bool) -> Value:
        y = ag.mean((np.ones((4, 3)) @ w + bias) * k)
        y = y * 3.0 if extra else y.tanh()
        y.backward()
        return y

    before = snapshot(run(False), params=[w])
    w.data = w.data * 1.1
    assert len(draw_diff(before, run(True), rankdir=rankdir, params=[w]).pipe(format)) > 1000


def test_any_label() -> None:
    for label in ('<"x">&|{}', "a\nb", "</script>", "\\N\\", "\x00\x1b[31m", "日本 ✔", "]]>", "x" * 500):
        a = Value(2.0, label=label)
        before = snapshot(a.exp() * Value(1.0, label=label))
        a.data = 3.0
        picture = draw_diff(before, a.exp() * 2.0, names={})
        svg = picture.pipe("svg").decode()
        assert "<script" not in svg
        assert picture.outline is not None
        assert "\x1b" not in picture.outline()


def test_a_large_model_is_rolled_and_says_so() -> None:
    model = nn.MLP(2, [16, 16, 1])

    def cost() -> Value:
        total = sum((model([float(i), 1.0]) ** 2 for i in range(10)), Value(0.0))
        assert isinstance(total, Value)
        total.backward()
        return total

    before = snapshot(cost(), params=model)
    optimizer = optim.SGD(model.parameters(), lr=0.01)
    optimizer.step()
    optimizer.zero_grad()
    after = cost()
    picture = draw_diff(before, after, params=model)
    assert len(before) > 1000
    assert len(re.findall(r"^\tn\d+ \[", picture.source, re.M)) < 40
    assert f"{len(before):,} values in" in picture.source
    assert "only before" not in picture.source, "both are rolled in the same way"
    assert picture.pipe("svg").startswith(b"<?xml")


def test_graphs_on_two_sides_of_the_limit_are_rolled_both() -> None:
    def chain(steps: int) -> Snapshot:
        y, w = Value(0.5, label="x"), Value(0.9, label="w")
        for _ in range(steps):
            y = (y * w).tanh()
        return snapshot(y)

    before, after = chain(450), chain(550)
    assert len(before) < 1000 < len(after)
    source = draw_diff(before, after).source
    assert "(449,) → (549,)" in source
    assert f"before: {len(before):,} values in" in source
    assert "least, mean" not in source, "a difference shows norms"


@pytest.mark.parametrize("wrong", [3.0, None, "y", []])
def test_what_has_no_graph_is_refused(wrong: Any) -> None:
    a = Value(1.0, label="a")
    with pytest.raises(TypeError, match=r"before is .*viz\.snapshot"):
        draw_diff(wrong, a)
    with pytest.raises(TypeError, match=r"after is .*viz\.snapshot"):
        draw_diff(a, wrong)


def test_unknown_directions_and_formats_are_refused() -> None:
    a = Value(1.0)
    with pytest.raises(ValueError, match="unknown rankdir 'up'"):
        draw_diff(a, a, rankdir="up")
    with pytest.raises(ValueError, match="unknown format 'gif'"):
        draw_diff(a, a, "gif")


def test_the_same_text_in_every_process() -> None:
    program = (
        "from tests.viz.diff.test_diff import step; from viz import draw_diff; before, y = step();"
        "print(draw_diff(before, y, names={}).source)"
    )
    runs = {
        subprocess.run(
            [sys.executable, "-c", program],
            capture_output=True,
            text=True,
            check=True,
            env={"PYTHONPATH": str(ROOT), "PYTHONHASHSEED": seed, "PATH": ""},
        ).stdout
        for seed in ("1", "2")
    }
    assert len(runs) == 1
    assert "digraph" in runs.pop()


def test_where_there_is_no_term_the_gradient_stands_for_it() -> None:
    x, w = Constant(np.ones((2, 2))), Value(np.eye(2), label="w")

    def graph() -> Snapshot:
        w.zero_grad()
        y = ((x @ w) ** 2.0).sum()
        y.backward()
        return snapshot(y)

    before = graph()
    w.data = w.data * 2.0
    change = Difference(before, graph())
    (into_w,) = [arrow for arrows in change.both.arrows for arrow in arrows if change.node(arrow.source).name == "w"]
    assert change.flow(into_w) is change.gradients[into_w.source]
    assert change.flow(into_w).size == 4.0


@pytest.mark.parametrize(("rankdir", "first"), [("LR", "value_entry"), ("RL", "value")])
def test_arrows_enter_on_the_side_that_they_come_from(rankdir: str, first: str) -> None:
    before, after = step()
    ports = re.findall(r'PORT="(value\w*)"', draw_diff(before, after, rankdir=rankdir).source)
    assert ports[0] == first

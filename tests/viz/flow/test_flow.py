"""draw_flow: what is in the picture of the backward pass."""

from __future__ import annotations

import math
import re
from xml.etree import ElementTree

import graphviz  # type: ignore[import-untyped,unused-ignore]
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import autograd_lite as ag
from autograd_lite import Constant, Value, nn
from viz.flow.flow import draw_flow, flow_text, write_flow
from viz.graphs.snapshot import snapshot
from viz.layout.layout import lay_out_within
from viz.pictures.rendering import Picture
from viz.pictures.scale import WIDTHS
from viz.pictures.style import MUTED, NEGATIVE, ODD, POSITIVE

SVG = "{http://www.w3.org/2000/svg}"


def example() -> Value:
    a, b, c = Value(2.0, label="a"), Value(-3.0, label="b"), Value(10.0, label="c")
    d = a * b
    d.label = "d"
    e = d + c
    e.label = "e"
    y = e.tanh()
    y.label = "y"
    return y


def ran(y: Value) -> Value:
    y.backward()
    return y


def source(y: Value, **options: object) -> str:
    return str(draw_flow(y, names={}, **options).source)  # type: ignore[arg-type]


def titles(text: str) -> dict[str, str]:
    """What the boxes are called, by their ids."""
    return dict(re.findall(r"^\t(n\d+) \[label=<<TABLE [^>]*><TR><TD>(?:<B>)?([^<= ]+)", text, re.MULTILINE))


def arrows(text: str) -> dict[tuple[str, str], str]:
    """The attributes of the arrows by what they connect, the input first."""
    found = re.findall(r"^\t(\w+) -> (\w+) \[(.*)\]$", text, re.MULTILINE)
    called = titles(text)
    return {(called.get(tail, tail), called.get(head, "start")): attributes for tail, head, attributes in found}


def box(text: str, title: str) -> str:
    i = next(i for i, called in titles(text).items() if called == title)
    return next(line for line in text.splitlines() if line.startswith(f"\t{i} ["))


def legend(text: str) -> str:
    return next(line for line in text.splitlines() if line.startswith("\tgraph ["))


def width(attributes: str) -> float:
    return float(re.findall(r"penwidth=([\d.]+)", attributes)[0])


# --- arrows --------------------------------------------------------------------------------------------------------


def test_an_arrow_for_each_slot_carries_the_gradient_times_the_local_derivative() -> None:
    found = arrows(source(ran(example())))
    labels = {ends: re.findall(r'"white">([^<]*)<', attributes) for ends, attributes in found.items()}
    assert labels == {
        ("a", "d"): ["-0.004023"],
        ("b", "d"): ["+0.002682"],
        ("d", "e"): ["+0.001341"],
        ("c", "e"): ["+0.001341"],
        ("e", "y"): ["+0.001341"],
        ("y", "start"): ["+1"],
    }
    assert all("dir=back" in attributes for attributes in found.values())


def test_widths_follow_decades() -> None:
    found = arrows(source(ran(example())))
    assert width(found["y", "start"]) == WIDTHS[4]
    assert {width(attributes) for ends, attributes in found.items() if ends[1] != "start"} == {WIDTHS[1]}


def test_signs_have_colours_and_are_written() -> None:
    found = arrows(source(ran(example())))
    assert f'color="{NEGATIVE}"' in found["a", "d"]
    assert f'color="{POSITIVE}"' in found["b", "d"]


def test_heads_are_at_the_inputs_and_the_root_is_on_the_right() -> None:
    svg = ElementTree.fromstring(draw_flow(ran(Value(0.5, label="a").tanh()), names={}).pipe("svg"))
    heads, boxes = {}, {}
    for group in svg.iter(f"{SVG}g"):
        title = str(group.findtext(f"{SVG}title"))
        if group.get("class") == "edge":
            (head,) = (p for p in group.iter(f"{SVG}polygon") if p.get("fill") != "white")
            heads[title] = [float(x) for x in re.findall(r"(\S+),", head.get("points", ""))]
        if group.get("class") == "node":
            boxes[title] = float(next(group.iter(f"{SVG}text")).get("x", ""))
    assert boxes["n0"] < boxes["n1"] < boxes["n1_start"]
    assert boxes["n0"] < min(heads["n0->n1"]) < max(heads["n0->n1"]) < (boxes["n0"] + boxes["n1"]) / 2


@pytest.mark.parametrize(
    ("rankdir", "way"), [("LR", "right to left"), ("RL", "left to right"), ("TB", "upwards"), ("BT", "downwards")]
)
def test_every_direction_is_drawn_and_said(rankdir: str, way: str) -> None:
    picture = draw_flow(ran(example()), rankdir=rankdir, names={})
    assert way in legend(picture.source)
    assert picture.pipe("svg")


def test_a_value_used_twice_has_two_arrows() -> None:
    a = Value(3.0, label="a")
    assert source(ran(a * a)).count("\tn0 -> n1 ") == 2


def test_zero_is_thin_grey_and_dotted() -> None:
    a, b = Value(0.0, label="a"), Value(3.0, label="b")
    found = arrows(source(ran(a * b)))["b", "v2"]
    assert "style=dotted" in found
    assert f'color="{MUTED}"' in found
    assert width(found) == 0.75
    assert ">0<" in found


def test_nan_and_inf_are_thick_and_have_the_word() -> None:
    z, a = Value(0.0, label="z"), Value(2.0, label="a")
    text = source(ran(z.sqrt() * a))
    found = arrows(text)["z", "v2"]
    assert f'color="{ODD}"' in found
    assert width(found) == WIDTHS[4]
    assert "+inf<" in found
    assert "first inf gradient" in box(text, "z")


def test_arrays_show_their_largest_element() -> None:
    w, x = Value(np.ones((3, 2)), label="W"), Value(np.array([1.0, -2.0]), label="x")
    text = source(ran((w @ x * np.array([1.0, -2.0, 3.0])).sum()))
    found = arrows(text)
    assert ">±6<" in found["W", "v2"]
    assert "as wide as the whole gradient of W" in found["W", "v2"]
    assert "± both" in legend(text)


def test_tooltips_have_the_arithmetic() -> None:
    found = arrows(source(ran(example())))["a", "d"]
    assert "gradient 0.001341 × ∂d/∂a = b = -3" in found


# --- boxes ---------------------------------------------------------------------------------------------------------


def test_boxes_have_name_expression_and_gradient() -> None:
    text = source(ran(example()))
    assert "<B>d</B> = a * b" in box(text, "d")
    assert "<B>-0.004023</B>" in box(text, "a")
    assert "input" in box(text, "a")


def test_constants_are_left_out() -> None:
    text = source(ran(Value(2.0, label="a") * 3.0 + Constant(4.0, label="k")))
    assert len(re.findall(r"^\tn\d+ \[", text, re.MULTILINE)) == 3
    assert len(arrows(text)) == 3


def test_badges_and_their_meanings() -> None:
    text = source(ran(example()))
    assert ">saturated<" in box(text, "y")
    assert "slope near 0" in legend(text)
    assert "its slope is 0.001341" in box(text, "y"), "in the tooltip"
    assert "saturated" not in source(ran(Value(0.1).tanh()))


def test_a_dead_unit_of_a_network() -> None:
    net = nn.Sequential(nn.Linear(3, 5, seed=0), ag.relu, nn.Linear(5, 4, seed=1))
    net.parameters()
    list(net.parameters())[1].data = np.array([-99.0, 0.0, 0.0, -99.0, 0.0])
    cost = nn.cross_entropy(net(np.random.default_rng(0).normal(size=(8, 3))), np.arange(8) % 4)
    text = source(ran(cost), params=net)
    assert ">2 of 5 units dead<" in text
    assert "<B>dead ReLU</B>: slope 0" in legend(text)
    assert "parameter" in text


def test_only_where_the_pass_began_is_it_said_to_begin() -> None:
    a = Value(2.0, label="a")
    b = a * 3.0
    c = b.tanh()
    c.backward()
    text = source([c, b])  # type: ignore[arg-type]
    assert len(re.findall(r"^\tn\d+_start", text, re.MULTILINE)) == 1
    assert "the roots" in legend(text)


# --- the legend ----------------------------------------------------------------------------------------------------


def test_the_legend_has_widths_signs_zero_and_nan() -> None:
    text = legend(source(ran(example())))
    for words in ("below 0.001", "from 0.001", "from 0.01", "from 0.1", "from 1", "+ positive", "- negative"):
        assert f">{words}<" in text
    assert ">0<" in text
    assert ">nan or inf<" in text
    assert [int(h) for h in re.findall(r'HEIGHT="(\d)"', text)][:5] == [1, 2, 3, 5, 6]
    assert "from <B>y</B>" in text


def test_before_backward_there_is_a_skeleton_and_no_zero() -> None:
    text = source(example())
    assert "not run yet; call y.backward()" in legend(text)
    assert "below" not in legend(text)
    found = arrows(text)
    assert len(found) == 5
    assert all("dir=none" in attributes and "label" not in attributes for attributes in found.values())
    assert text.count("grad not computed") == 6
    assert ">0<" not in text
    assert draw_flow(example(), names={}).pipe("svg")


def test_a_part_that_the_pass_did_not_reach_is_grey() -> None:
    a = Value(2.0, label="a")
    b = a * 3.0
    b.backward()
    found = arrows(source(b.tanh()))
    assert "dir=back" in found["a", "v2"]
    assert "dir=none" in found["v2", "v3"]


def test_large_graphs_move_labels_to_tooltips_and_say_so() -> None:
    x = Value(1.0, label="x")
    for _ in range(100):
        x = x * 1.01
    text = source(ran(x))
    assert all("label=<" not in attributes and "tooltip=" in attributes for attributes in arrows(text).values())
    assert "201 values" in legend(text)


def test_notes_are_in_the_legend() -> None:
    w, h = Value(0.5, label="w"), Value(1.0, label="h")
    for _ in range(8):
        h = (w * h).tanh()
    text = source(ran(h))
    assert "w is drawn at each of its 8 uses" in legend(text)
    assert "drawn at each" not in legend(source(h, full=True))


def test_rolled_graphs_show_counts() -> None:
    y = sum(((Value(0.01 * i, label=f"w{i}") * 3.0).tanh() for i in range(600)), Value(0.0))
    text = source(ran(y))
    assert "×600" in text
    assert "with their least and greatest gradient" in legend(text)
    assert len(re.findall(r"^\tn\d+ \[", text, re.MULTILINE)) < 10
    assert draw_flow(y, names={}).pipe("svg")


# --- all in all ----------------------------------------------------------------------------------------------------


def test_it_is_a_digraph_with_an_outline() -> None:
    y = ran(example())
    picture = draw_flow(y, "svg", "TB")
    assert isinstance(picture, graphviz.Digraph)
    assert picture.outline is not None
    assert "tanh" in picture.outline()


def test_names_come_from_the_callers_variables() -> None:
    speed = Value(2.0)
    distance = speed * 3.0
    distance.backward()
    text = draw_flow(distance).source
    assert "<B>speed</B>" in text
    assert "<B>distance</B>" in text


def test_the_same_graph_gives_the_same_text() -> None:
    assert source(ran(example())) == source(ran(example()))


@pytest.mark.parametrize(("option", "value"), [("format", "bmp"), ("rankdir", "XY")])
def test_unknown_options_are_refused_by_name(option: str, value: str) -> None:
    with pytest.raises(ValueError, match=value):
        draw_flow(example(), **{option: value})  # type: ignore[arg-type]


def test_what_is_no_value_is_refused() -> None:
    with pytest.raises(TypeError, match="the root is"):
        draw_flow(1.0)  # type: ignore[arg-type]


@settings(max_examples=25, deadline=None)
@given(st.text(min_size=1, max_size=30))
def test_any_label_is_drawn(label: str) -> None:
    a = Value(2.0, label=label)
    y = a.tanh()
    y.label = label
    assert draw_flow(ran(y), names={}).pipe("svg")


@pytest.mark.parametrize("g", [math.nan, math.inf, -math.inf, 5e-324, 1.7e308, 0.0])
def test_odd_gradients_are_drawn(g: float) -> None:
    a = Value(1.0, label="a")
    assert draw_flow(ran(a * g), names={}).pipe("svg")


@pytest.mark.parametrize("data", [np.zeros((0, 3)), np.full(9, np.nan), np.array(2.0), np.ones((2, 3), np.float32)])
def test_odd_arrays_are_drawn(data: np.ndarray) -> None:
    assert draw_flow(ran((Value(data, label="x") * 2.0).tanh().sum()), names={}).pipe("svg")


def test_a_recurrence_is_drawn_by_dot_with_all_care() -> None:
    w, u, b, h = Value(0.5, label="w"), Value(1.0, label="u"), Value(0.1, label="b"), Value(0.0)
    for _ in range(60):
        h = (w * h + u * 0.3 + b).tanh()
    h.backward()
    drawn, rung = lay_out_within(draw_flow(h, names={}).source, timeout=20)
    assert rung == "dot"
    svg = drawn.decode()
    width, height = (float(x) for x in re.findall(r'<svg width="(\d+)pt" height="(\d+)pt"', svg)[0])
    assert height < width / 10, "the main stream is straight, not a staircase"


def test_a_snapshot_can_be_drawn_by_itself() -> None:
    picture = Picture()
    write_flow(picture, snapshot(ran(example())), "LR")
    assert arrows(picture.source) == arrows(source(ran(example())))


@pytest.mark.parametrize(
    ("x", "text"),
    [
        (0.5, "+0.5"),
        (-0.5, "-0.5"),
        (-0.0, "0"),
        (math.inf, "+inf"),
        (-math.inf, "-inf"),
        (math.nan, "nan"),
        (np.array([-0.1, -0.2]), "up to -0.2"),
        (np.array([0.0, 0.2]), "up to +0.2"),
        (np.array([-3.0, -3.0]), "-3"),
        (np.array([-np.inf, 1.0]), "±inf"),
        (np.array(4.0), "+4"),
        (np.zeros(0), "0"),
    ],
)
def test_how_much_flows_in_words(x: object, text: str) -> None:
    assert flow_text(x) == text

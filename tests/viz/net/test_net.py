"""Networks as boxes: what is drawn without running them, the picture itself, and what is refused."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import autograd_lite as ag
from autograd_lite import Value, nn, no_grad
from tests.viz.net.helpers import ONES, Block, Loop, Residual, Transformer, planned, titles
from viz.net.net import draw_net

# --- without running -----------------------------------------------------------------------------------------------


def test_a_chain_has_arrows_with_the_shapes_that_are_known() -> None:
    drawing = planned(nn.Sequential(nn.Linear(64, 32), ag.relu, nn.Linear(32, 10)))
    assert titles(drawing) == ["input", "Sequential()", "Linear(64, 32)", "relu", "Linear(32, 10)", "output"]
    found = [(arrow.tail.title, arrow.head.title, arrow.labels) for arrow in drawing.arrows]
    assert ("Linear(64, 32)", "relu", ("(…, 32)",)) in found
    assert ("relu", "Linear(32, 10)", ("(…, 32)",)) in found
    assert {(arrow.tail.title, arrow.head.title) for arrow in drawing.arrows} >= {
        ("input", "Linear(64, 32)"),
        ("Linear(32, 10)", "output"),
    }


def test_boxes_show_parameters_with_shapes_and_counts() -> None:
    source = draw_net(nn.Sequential(nn.Linear(64, 10)), style="modules").source
    for text in ("Linear(64, 10)", "650 parameters", "weight", "(64, 10)", ">640<", "bias", "(10,)", ">10<"):
        assert text in source


def test_depth_closes_boxes_that_say_what_they_hide() -> None:
    model = nn.Sequential(nn.MLP(2, [3, 1]), nn.Tanh())
    assert titles(planned(model, depth=0)) == ["input", "Sequential()", "output"]
    closed = planned(model, depth=1)
    assert titles(closed) == ["input", "Sequential()", "MLP()", "Tanh()", "output"]
    mlp = closed.boxes[1].inside[0]
    assert (mlp.total, mlp.note) == (13, "5 modules inside")
    assert "5 modules inside" in draw_net(model, depth=1).source


def test_equal_modules_in_a_row_are_one_box() -> None:
    model = nn.Sequential(*[nn.Linear(4, 4) for _ in range(3)], nn.Linear(4, 1))
    assert "Linear(4, 4) ×3" in titles(planned(model))
    assert "3 × 20 parameters" in draw_net(model, style="modules").source
    assert titles(planned(model, roll=False)).count("Linear(4, 4)") == 3


def test_a_pattern_that_repeats_is_a_group() -> None:
    model = nn.Sequential(*[part for _ in range(3) for part in (nn.Linear(4, 4), ag.tanh)])
    drawing = planned(model)
    assert titles(drawing) == ["input", "Sequential()", "repeated ×3", "Linear(4, 4)", "tanh", "output"]


def test_unequal_sizes_are_not_rolled() -> None:
    drawing = planned(nn.Sequential(nn.Linear(4, 4), nn.Linear(4, 5), nn.Linear(5, 5)))
    assert not any("×" in title for title in titles(drawing))


def test_where_only_forward_knows_the_order_there_are_no_arrows_and_the_legend_says_so() -> None:
    drawing = planned(Residual(4))
    assert [arrow for arrow in drawing.arrows if arrow.tail.title == "Residual()"] == []
    block = planned(Block(16))
    assert {arrow.tail.title for arrow in block.arrows} <= {"Linear(16, 64)", "ReLU()"}
    assert "RMSNorm(16) ×2" in titles(block)
    assert "draw_net(model, x)" in draw_net(Block(16)).source


# --- the picture ---------------------------------------------------------------------------------------------------


def test_the_same_model_is_the_same_text() -> None:
    for inputs in ((), (np.zeros((2, 7), int),)):
        assert draw_net(Transformer(2), *inputs).source == draw_net(Transformer(2), *inputs).source


@pytest.mark.parametrize("rankdir", ["TB", "BT", "LR", "RL"])
def test_every_direction_is_drawn(rankdir: str) -> None:
    svg = draw_net(Loop(), np.ones((3, 2, 3)), rankdir=rankdir).pipe("svg", encoding="utf-8")
    text = " ".join(ET.fromstring(svg).itertext())
    assert "RNNCell(3, 4)" in text
    assert "forward pass, with shapes" in text


def test_every_direction_has_the_same_boxes_and_arrows() -> None:
    model = nn.Sequential(nn.Linear(2, 4, seed=0), Residual(4))
    down, right = (draw_net(model, ONES, rankdir=rankdir).source for rankdir in ("TB", "LR"))
    assert right.replace("rankdir=LR", "rankdir=TB") == down


def test_what_all_comes_from_one_place_goes_through_the_title() -> None:
    source = draw_net(nn.Sequential(nn.Linear(2, 4, seed=0), Residual(4)), ONES, style="modules").source
    heads = re.findall(r"(b\d+_head|b\d+) -> (b\d+_head|b\d+) \[.*tooltip", source)
    assert any(tail.endswith("_head") and not head.endswith("_head") for tail, head in heads)


_TITLES = st.text(st.characters(exclude_categories=["Cs"]), max_size=12) | st.sampled_from(
    ["<b>", '"', "\\N", "{a|b}", "</script>", "&amp;", "a\nb", "😀", "]]>", "\x00"]
)


@settings(max_examples=25, deadline=None)
@given(_TITLES, _TITLES)
def test_hostile_titles_do_nothing(title: str, name: str) -> None:
    hostile = type("Hostile", (nn.Linear,), {"extra_repr": lambda self: title})
    box = nn.Module()
    setattr(box, name or "a", hostile(2, 3, seed=0))
    box.__class__ = type(
        name.replace("\x00", "") or "B", (nn.Module,), {"forward": lambda self, x: vars(self)[name or "a"](x)}
    )
    for inputs in ((), (ONES,)):
        ET.fromstring(draw_net(box, *inputs).pipe("svg"))


# --- errors --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("thing", [3.0, "model", [1.0], [], None, nn.Linear])
def test_what_is_neither_a_module_nor_a_value(thing: Any) -> None:
    with pytest.raises(TypeError, match=r"draws a module .* or a Value, not .*, of type"):
        draw_net(thing)


def test_a_value_takes_no_inputs() -> None:
    with pytest.raises(TypeError, match="a Value and 1 inputs"):
        draw_net(Value(1.0) * 2.0, ONES)


def test_no_module_is_to_be_found() -> None:
    w = Value(1.0)
    with pytest.raises(TypeError, match=r"params=model.*draw_dot"):
        draw_net(w * 2.0, names={})


def test_no_graph() -> None:
    model = nn.Sequential(nn.Linear(2, 3, seed=0), Residual(3))
    with no_grad(), pytest.raises(TypeError, match="no operation made; call draw_net outside of no_grad"):
        draw_net(model, ONES)
    with pytest.raises(TypeError, match="give a Value to a model without parameters"):
        draw_net(nn.Sequential(nn.Tanh()), ONES)


@pytest.mark.parametrize(
    ("option", "words"),
    [
        ({"rankdir": "XY"}, "unknown rankdir 'XY'; the directions are LR"),
        ({"style": "3d"}, "unknown style '3d'; they are auto, modules, neurons"),
        ({"edges": "all"}, "unknown edges 'all'; they are weight, gradient"),
        ({"depth": -1}, "depth is -1; it is how many levels"),
        ({"depth": 1.5}, "depth is 1.5"),
        ({"format": "gif"}, "unknown format 'gif'"),
    ],
)
def test_unknown_options(option: dict[str, Any], words: str) -> None:
    with pytest.raises(ValueError, match=re.escape(words)):
        draw_net(nn.RNNCell(2, 3), **option)


def test_what_the_model_raises_comes_through() -> None:
    with pytest.raises(ValueError, match="needs 2 features"):
        draw_net(Residual(2), np.ones((4, 7)))

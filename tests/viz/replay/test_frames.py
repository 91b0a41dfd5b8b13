"""Frames: one layout for all, and in each just what is known by then."""

from __future__ import annotations

import copy
import xml.etree.ElementTree as ET
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

import autograd_lite as ag
from autograd_lite import Constant, Value
from viz.pictures.style import BACKWARD, FORWARD
from viz.replay import frames
from viz.replay.steps import Steps, steps

SVG = "{http://www.w3.org/2000/svg}"
LOOK = {
    "opacity", "visibility", "stroke", "stroke-width", "fill", "font-weight", "textLength", "lengthAdjust"
}  # fmt: skip


def example() -> Steps:
    a, b, c = Value(2.0, label="a"), Value(-3.0, label="b"), Value(7.0, label="c")
    d = a * b
    d.label = "d"
    y = (d + c).tanh()
    y.label = "y"
    y.backward()
    return steps(y, names={})


def shared() -> Steps:
    a, b = Value(2.0, label="a"), Value(-3.0, label="b")
    y = a * a + a * b
    y.label = "L"
    a.grad = 5.0
    y.backward()
    return steps(y)


def layer() -> Steps:
    rng = np.random.default_rng(0)
    w, b = Value(rng.normal(size=(3, 2)), label="W"), Value(np.zeros(2), label="b")
    z = Constant(rng.normal(size=(4, 3)), label="X") @ w + b
    cost = ((z.tanh() - 1.0) ** 2.0).mean()
    cost.label = "J"
    cost.backward()
    return steps(cost, names={}, params=[w, b])


def recurrence() -> Steps:
    h, w, u = Value(0.1, label="h"), Value(0.5, label="w"), Value(0.25, label="u")
    for _ in range(6):
        h = (w * h + u).tanh()
    h.backward()
    return steps(h, names={}, params=[w, u])


def drawing(svg: str) -> ET.Element:
    """The part that Graphviz has laid out."""
    graph = ET.fromstring(svg).find(f".//{SVG}g[@class='graph']")
    assert graph is not None
    return graph


def bare(element: ET.Element) -> str:
    """A drawing without what a frame may change: colours, and the gradients' numbers."""
    element = copy.deepcopy(element)
    for part in element.iter():
        for name in LOOK & set(part.attrib):
            del part.attrib[name]
        if part.tag == f"{SVG}text":
            part.text = ""
    return ET.tostring(element, encoding="unicode")


def groups(svg: str, kind: str, node: int) -> list[ET.Element]:
    found = [g for g in drawing(svg).iter(f"{SVG}g") if g.get("id", "").startswith(f"{kind}_{node}_")]
    assert found, f"{kind} {node} is not in the picture"
    return found


def words(group: ET.Element) -> list[str]:
    """The texts that can be seen."""
    return [(text.text or "").strip() for text in group.iter(f"{SVG}text") if text.get("visibility") != "hidden"]


def caption(svg: str) -> list[str]:
    """The arithmetic below the drawing."""
    return ["".join(text.itertext()) for text in ET.fromstring(svg)[-1].iter(f"{SVG}text")][1:]


@pytest.mark.parametrize("make", [example, shared, layer, recurrence])
def test_nothing_moves_from_frame_to_frame(make: Callable[[], Steps]) -> None:
    told = make()
    pictures = [told.frame(i) for i in range(len(told))]
    assert len({bare(drawing(svg)) for svg in pictures}) == 1
    assert len({str(ET.fromstring(svg).get("viewBox")) for svg in pictures}) == 1
    assert len(set(pictures)) == len(pictures), "each shows something else"


def test_one_layout_serves_all_frames(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    calls = []
    draw = frames._Marked.pipe

    def counted(self: object, format: str) -> object:
        calls.append(format)
        return draw(self, format)  # type: ignore[arg-type]

    monkeypatch.setattr(frames._Marked, "pipe", counted)
    told = example()
    told.save(tmp_path)
    told[2:4].save(tmp_path)
    told.frame(0)
    assert calls == ["svg"]


def test_values_appear_when_they_are_computed() -> None:
    told = example()
    for i in range(6):
        svg = told.frame(i)
        for node in range(6):
            (box,) = groups(svg, "value", node)
            number = f"{told[node].node.value:.4g}"
            assert (number in words(box)) == (node <= i), (i, node)
            assert (box.get("opacity") is None) == (node <= i)
            (text,) = [text for text in box.iter(f"{SVG}text") if (text.text or "").strip() == number]
            assert (text.get("font-weight") == "bold") == (node == i)


def test_gradients_appear_when_they_are_received_and_show_the_sum_so_far() -> None:
    told = shared()
    seen = []
    for i in range(len(told)):
        (box,) = groups(told.frame(i), "value", 0)
        texts = words(box)
        seen.append(texts[texts.index("grad") + 1 :])
    assert seen == [[], [], [], [], [], ["5"], ["5"], ["2"], ["6"]], "5 was there before; then 5 - 3, then 2 twice"


def test_the_root_shows_its_gradient_from_the_seed_on() -> None:
    told = example()
    seed = next(i for i, step in enumerate(told) if step.pass_ == "backward")
    for i in range(len(told)):
        (box,) = groups(told.frame(i), "value", told[seed].node.id)
        assert (words(box)[-1] == "1") == (i >= seed), i


def test_running_sums_that_are_longer_than_the_gradient_stay_in_their_box() -> None:
    a = Value(1.0, label="a")
    y = a * 0.123456 + a * 0.876544
    y.backward()
    told = steps(y, names={})
    texts = [text for i in range(len(told)) for text in groups(told.frame(i), "value", 0)[0].iter(f"{SVG}text")]
    (long,) = [text for text in texts if (text.text or "").strip() == "0.8765"]
    assert float(long.get("textLength", "0")) > 10


def test_arrows_of_the_pass_stand_out_and_those_to_come_do_not() -> None:
    told = example()
    forward, backward = told.frame(3), told.frame(7)
    assert (told[3].title, told[7].pass_) == ("d", "backward")
    d, y = told[3].node.id, told[7].node.id
    assert all('stroke-width="2.5"' in ET.tostring(g, encoding="unicode") for g in groups(forward, "forward", d))
    assert all(g.get("opacity") == "0.25" for g in groups(forward, "forward", y))
    for node in (d, y):
        assert all(g.get("visibility") == "hidden" for g in groups(forward, "backward", node))
    assert all('stroke-width="2.5"' in ET.tostring(g, encoding="unicode") for g in groups(backward, "backward", y))
    assert all(g.get("visibility") == "hidden" for g in groups(backward, "backward", d))
    assert all(g.get("opacity") == "0.4" for g in groups(backward, "forward", d)), "the forward pass is past"


def test_the_node_of_a_step_is_blue_forward_and_red_backward() -> None:
    told = example()
    for i, step in enumerate(told):
        (box,) = groups(told.frame(i), "value", step.node.id)
        colour = FORWARD if step.pass_ == "forward" else BACKWARD
        assert any(part.get("stroke") == colour for part in box.iter()), step
        others = [g for node in range(6) if node != step.node.id for g in groups(told.frame(i), "value", node)]
        assert not any(part.get("stroke") == colour for g in others for part in g.iter()), step


def test_the_arithmetic_stands_below() -> None:
    told = example()
    for i, step in enumerate(told):
        svg = ET.fromstring(told.frame(i))
        texts = ["".join(text.itertext()) for text in svg[-1].iter(f"{SVG}text")]
        assert texts == [f"{step.pass_} passstep {step.number} of {step.of}", *step.lines]
        assert svg.get("aria-label", "").startswith(f"Step {step.number} of {step.of}, {step.pass_} pass: ")


def test_of_many_lines_the_middle_is_left_out_and_long_ones_are_wrapped() -> None:
    values = [Value(float(i), label=f"name_{i}") for i in range(20)]
    y = ag.sum(values)
    y.label = "y"
    y.backward()
    rows = caption(steps(y)[-1:].frame(0))
    assert len(rows) == 6
    assert rows[0].startswith("dy/dname_0 +=")
    assert rows[-2:] == ["… 15 more lines", "dy/dname_19 += dy/dy * 1 = 1 * 1 = 1"]
    assert caption(steps(values[0] * values[0]).frame(0)) == ["name_0 = 0 (input)"]
    a = Value(-1.23456, label="a_name_of_some_length")
    y = a * Value(-0.000123456, label="another_name_of_length")
    rows = caption(steps(y, names={}).frame(2))
    assert rows == [
        "v2 = a_name_of_some_length * another_name_of_len… = -1.235 * -0.0001235",
        "    = 0.0001524",
    ]


def test_a_leaf_with_many_boxes_is_one_value() -> None:
    told = recurrence()
    w = next(step for step in told if step.title == "w")
    boxes = groups(told.frame(w.number - 1), "value", w.node.id)
    assert len(boxes) == 6
    assert all("0.5" in words(box) for box in boxes)
    boxes = groups(told.frame(len(told) - 1), "value", w.node.id)
    assert {tuple(words(box)[-1:]) for box in boxes} == {(f"{w.node.gradient:.4g}",)}


def test_without_a_backward_pass_there_is_no_gradient_in_the_picture() -> None:
    y = Value(2.0, label="a") * 3.0
    y.label = "y"
    told = steps(y)
    svg = told.frame(-1)
    assert "grad" not in "".join(drawing(svg).itertext())
    assert "the backward pass has not run: call y.backward()" in svg


def test_files_are_numbered_and_replaced(tmp_path: Path) -> None:
    told = example()
    paths = told.save(tmp_path / "new" / "folder")
    assert [Path(path).name for path in paths] == [f"step-{i:03}.svg" for i in range(1, 11)]
    assert Path(paths[3]).read_text(encoding="utf-8") == str(told.frame(3))
    some = told[3:5].save(str(tmp_path / "tanh *.SVG"))
    assert [Path(path).name for path in some] == ["tanh 004.SVG", "tanh 005.SVG"]
    before = [Path(path).read_bytes() for path in paths]
    assert [Path(path).read_bytes() for path in example().save(tmp_path / "new" / "folder")] == before
    with pytest.raises(ValueError, match="needs one star"):
        told.save(tmp_path / "picture.svg")


def test_frames_of_a_longer_run_are_removed_and_nothing_else(tmp_path: Path) -> None:
    long, short = recurrence(), example()
    long.save(tmp_path)
    mine = tmp_path / f"step-{len(short) + 4:03}.svg"
    mine.write_text("<svg/>")
    short[:2].save(tmp_path)
    last = len(short) + 3
    left = {f"step-{i:03}.svg" for i in [*range(1, len(short) + 1), *range(last + 1, len(long) + 1)]}
    assert {path.name for path in tmp_path.iterdir()} == left, "up to the first that is no frame"
    assert mine.read_text() == "<svg/>"
    mine.unlink()
    mine.mkdir()
    short.save(tmp_path)
    assert mine.is_dir()


def test_a_large_graph_is_refused_with_a_way_out(tmp_path: Path) -> None:
    y = Value(1.0)
    for _ in range(frames.MAX_VALUES):
        y = y.sin()
    with pytest.raises(ValueError, match=r"201 values; .* up to 200. viz.save_html\(root, path\)"):
        steps(y).save(tmp_path)
    assert not list(tmp_path.iterdir())
    assert len(steps(y)) == 202, "as text it goes on"


def test_hostile_labels() -> None:
    a = Value(2.0, label="</svg><script>alert(1)</script>\n]]>&\x00\"'")
    y = a * Value(3.0, label="日本語 😀") + Constant(1.0, label="grad")
    y.label = "value"
    y.backward()
    told = steps(y)
    for i in range(len(told)):
        page = ET.fromstring(told.frame(i))
        assert not list(page.iter(f"{SVG}script"))
    assert "alert(1)" in "".join(page.itertext())


def test_a_notebook_shows_a_frame_as_a_picture() -> None:
    frame = example().frame(0)
    assert frame._repr_svg_() == frame
    assert frame.startswith("<?xml")

"""draw_dot: what is in the picture."""

from __future__ import annotations

import re
import subprocess
import sys
from xml.etree import ElementTree

import graphviz  # type: ignore[import-untyped,unused-ignore]
import numpy as np
import pytest

import viz.pictures.draw
from autograd_lite import Constant, Value
from tests.viz.examples import chain
from viz import draw_dot, mimebundle

BLUE, RED = "#0B5CAD", "#B2182B"


def example() -> Value:
    a, b, c = Value(2.0, label="a"), Value(-3.0, label="b"), Value(10.0, label="c")
    d = a * b
    d.label = "d"
    e = (d + c).tanh()
    e.label = "e"
    return e


def edges(source: str) -> list[str]:
    return [line.strip() for line in source.splitlines() if "->" in line]


def forward(source: str) -> list[str]:
    return [edge for edge in edges(source) if BLUE in edge]


def backward(source: str) -> list[str]:
    return [edge for edge in edges(source) if RED in edge]


def drawn(source: str) -> list[str]:
    return [line.strip() for line in source.splitlines() if re.match(r"\s*n\d+ \[", line)]


def node_line(source: str, i: int) -> str:
    return next(line.strip() for line in source.splitlines() if line.strip().startswith(f"n{i} ["))


def test_the_same_graph_gives_the_same_text() -> None:
    assert draw_dot(example(), names={}).source == draw_dot(example(), names={}).source


def test_the_same_program_gives_the_same_text_in_another_process() -> None:
    program = (
        "from autograd_lite import Value\nfrom viz import draw_dot\n"
        "a = Value(2.0); b = Value(-3.0)\ny = (a * b + a).tanh() / 3.0\ny.backward()\nprint(draw_dot(y).source)"
    )
    runs = {
        subprocess.run(
            [sys.executable, "-c", program],
            capture_output=True,
            text=True,
            check=True,
            env={"PYTHONHASHSEED": seed, **env()},
        ).stdout
        for seed in ("1", "2")
    }
    assert len(runs) == 1
    assert "0x" not in runs.pop()


def env() -> dict[str, str]:
    return {"PYTHONPATH": ":".join(path for path in sys.path if path)}


def test_a_times_a_has_two_arrows_each_way() -> None:
    a = Value(3.0, label="a")
    b = a * a
    b.label = "b"
    b.backward()
    source = draw_dot(b, names={}).source
    assert len(forward(source)) == 2
    assert len(backward(source)) == 2
    assert "∂b/∂a₁ = a = 3" in source
    assert "∂b/∂a₂ = a = 3" in source


def test_an_inputs_two_arrows_stay_side_by_side_but_not_those_of_one_input() -> None:
    a, b = Value(3.0, label="a"), Value(2.0, label="b")
    assert "ordering=in" in draw_dot(a * b).source
    assert "ordering=in" not in draw_dot(a * a).source, "there the backward arrows lie below the forward ones"


def test_arrows_go_from_value_to_value_and_back_from_gradient_to_gradient() -> None:
    e = example()
    e.backward()
    source = draw_dot(e, names={}).source
    assert len(forward(source)) == len(backward(source)) == 5
    assert all(re.match(r"n\d+:value:e -> n\d+:value:w \[", edge) for edge in forward(source))
    assert all(re.match(r"n\d+:grad:e -> n\d+:grad:w \[", edge) for edge in backward(source))
    assert all("dir=back" in edge and "style=dashed" in edge for edge in backward(source))
    assert not any("dir=" in edge or "dashed" in edge for edge in forward(source))


def test_backward_arrowheads_point_to_the_inputs() -> None:
    a = Value(2.0, label="a")
    y = a.tanh()
    y.backward()
    svg = ElementTree.fromstring(draw_dot(y).pipe("svg"))
    space = "{http://www.w3.org/2000/svg}"
    heads = {
        polygon.get("fill", "").upper(): [float(point.split(",")[0]) for point in polygon.get("points", "").split()]
        for polygon in svg.iter(f"{space}polygon")
    }
    mean = {color: sum(xs) / len(xs) for color, xs in heads.items()}
    assert mean[RED] < mean[BLUE], "left to right: red heads lie at the left, at the inputs"


def test_before_backward_the_gradient_is_not_computed_and_never_zero() -> None:
    source = draw_dot(example(), names={}).source
    assert source.count("grad not computed") == 6
    assert not backward(source)
    assert "not run yet; call e.backward()" in source
    assert not re.search(r">grad</FONT> *0<", source)


def test_after_backward_every_gradient_is_there() -> None:
    e = example()
    e.backward()
    source = draw_dot(e, names={}).source
    assert "not computed" not in source
    assert "not run yet" not in source
    assert "0.001341" in node_line(source, 3)


def test_a_gradient_of_zero_is_a_zero() -> None:
    a, b = Value(0.0, label="a"), Value(3.0, label="b")
    y = a * b
    y.backward()
    assert "grad</FONT>  0</TD>" in node_line(draw_dot(y).source, 1)


def test_title_and_value_to_four_digits() -> None:
    line = node_line(draw_dot(example(), names={}).source, 3)
    assert "<B>d</B> = a * b" in line
    x = Value(1.23456789, label="x")
    assert "1.235<" in node_line(draw_dot(x).source, 0)


@pytest.mark.parametrize(
    ("build", "labelled"),
    [
        (lambda a, b: a + b, False),
        (lambda a, b: a * b, False),
        (lambda a, b: a.maximum(b), False),
        (lambda a, b: a - b, True),
        (lambda a, b: a / b, True),
        (lambda a, b: a**b, True),
    ],
)
def test_slots_are_labelled_only_where_order_matters(build: object, labelled: bool) -> None:
    source = draw_dot(build(Value(2.0), Value(3.0)), names={}).source  # type: ignore[operator]
    assert [">1st<" in edge or ">2nd<" in edge for edge in forward(source)] == [labelled] * 2


def test_roles_have_their_outlines() -> None:
    w, x, k = Value(1.0, label="w"), Value(2.0, label="x"), Constant(3.0, label="k")
    source = draw_dot(w * x + k, names={}, params=[w]).source
    looks = [re.search(r'<TABLE (BORDER="\d").*?CELLPADDING="3"(.*?)COLOR', node_line(source, i)) for i in (0, 1, 3, 2)]
    outlines = [look.groups() for look in looks if look]
    assert len(set(outlines)) == 4, "input, parameter, constant and operation differ without their colours"
    legend = source.split("node [")[0]
    assert all(f"<TD>{role}</TD>" in legend for role in ("input", "parameter", "constant", "operation"))


def test_constants_have_no_gradient_row() -> None:
    y = Value(2.0, label="a") * 3.0
    y.backward()
    line = node_line(draw_dot(y, names={}).source, 1)
    assert "constant" in line
    assert "grad" not in line


def test_names_come_from_the_callers_variables() -> None:
    speed, _hidden = Value(2.0), Value(3.0)
    distance = speed * _hidden
    source = draw_dot(distance).source
    assert "<B>speed</B>" in source
    assert "<B>distance</B>" in source
    assert "_hidden" not in source


def test_labels_win_over_variables_and_names() -> None:
    speed = Value(2.0, label="v")
    assert "speed" not in draw_dot(speed).source
    assert "speed" not in draw_dot(speed, names={"speed": speed}).source


def test_names_replace_the_callers_variables() -> None:
    speed = Value(2.0)
    assert "speed" not in draw_dot(speed, names={}).source
    assert "<B>v</B>" in draw_dot(speed, names={"v": speed}).source


def test_arrays_show_shape_and_numbers() -> None:
    small, large = Value([1.0, 2.0]), Value(np.arange(12.0).reshape(3, 4))
    assert "(2,) float64" in draw_dot(small).source
    assert "[1, 2]" in draw_dot(small).source
    source = draw_dot(large).source
    assert "(3, 4) float64" in source
    assert "min 0   mean 5.5   max 11" in source


@pytest.mark.parametrize(
    "data", [np.zeros((0, 3)), np.full(9, np.nan), np.array([np.inf, -np.inf] * 5), np.ones((1, 1, 2))]
)
@pytest.mark.filterwarnings("error")
def test_odd_arrays_are_drawn(data: np.ndarray) -> None:
    assert draw_dot(Value(data, label="x")).pipe("svg")


@pytest.mark.parametrize("number", [float("nan"), float("inf"), -0.0, 1e-300, 1e300])
def test_odd_numbers_are_drawn(number: float) -> None:
    x = Value(number, label="x")
    assert f"{number + 0.0:.4g}" in draw_dot(x).source, "a zero is written without a sign"


def test_products_are_marked_as_vector_jacobian_products() -> None:
    w, x = Value(np.ones((2, 2)), label="W"), Value(np.ones(2), label="x")
    y = w @ x
    s = y.sum()
    s.backward()
    source = draw_dot(s).source
    assert "∂y/∂W: VJP of matmul" in source
    assert "VJP: vector-Jacobian product" in source


@pytest.mark.parametrize(
    ("build", "labels"),
    [
        (lambda a, b: a / b, ["∂y/∂a = 1/b = 0.5", "∂y/∂b = -y/b = -0.75"]),
        (lambda a, b: a.tanh() * b, ["∂v2/∂a = 1 - v2² = 0.009866", "∂y/∂v2 = b = 2", "∂y/∂b = v2 = 0.9951"]),
        (lambda a, b: a + b, ["∂y/∂a = 1", "∂y/∂b = 1"]),
        (lambda a, b: a * 2.0, ["∂y/∂a = 2"]),
        (lambda a, b: a.relu(), ["∂y/∂a = 1"]),
    ],
)
def test_backward_arrows_carry_the_local_derivative(build: object, labels: list[str]) -> None:
    y = build(Value(3.0, label="a"), Value(2.0, label="b"))  # type: ignore[operator]
    y.label = "y"
    y.backward()
    source = draw_dot(y, names={}).source
    assert sorted(re.findall(r">(∂[^<]*)</TD>", source)) == sorted(labels)


def test_large_graphs_move_labels_to_tooltips_and_say_so() -> None:
    x = Value(1.0, label="x")
    for _ in range(100):
        x = x * 1.01
    x.backward()
    source = draw_dot(x, names={}).source
    assert all("label=<" not in edge and "tooltip=" in edge for edge in backward(source))
    assert "201 values" in source
    assert "<svg" in draw_dot(x, names={}).pipe("svg", encoding="utf-8")


def test_one_pass_alone() -> None:
    e = example()
    e.backward()
    one, other = draw_dot(e, passes="forward").source, draw_dot(e, passes="backward").source
    assert not backward(one)
    assert "backward pass" not in one, "nor in the legend"
    assert not forward(other)
    assert "forward pass" not in other


def test_the_backward_pass_alone_leaves_out_constants() -> None:
    y = Constant(4.0, label="k") * Value(2.0, label="a") + 3.0
    y.backward()
    boxes = {passes: drawn(draw_dot(y, names={"y": y}, passes=passes).source) for passes in ("both", "backward")}
    assert len(boxes["both"]) == 5
    titles = [re.findall(r"<B>(\w+)</B>|<TD>(v\d)", box) for box in boxes["backward"]]
    assert titles == [[("a", "")], [("", "v2")], [("y", "")]]
    assert "v2 = k * a" in boxes["backward"][1], "the formula still names it"
    assert "constant" not in draw_dot(y, passes="backward").source, "nor does the legend explain it"


def test_a_root_is_drawn_in_the_backward_pass_even_if_it_is_a_constant() -> None:
    k = Constant(4.0, label="k")
    y = k * Value(2.0, label="a")
    assert len(drawn(draw_dot(k, passes="backward").source)) == 1
    assert len(drawn(draw_dot([y, k], passes="backward").source)) == 3


@pytest.mark.parametrize("rankdir", ["LR", "TB", "RL", "BT"])
def test_every_direction_is_drawn_without_complaint(rankdir: str) -> None:
    e = example()
    e.backward()
    assert draw_dot(e, rankdir=rankdir).pipe("svg")


def test_the_signature_is_micrograds() -> None:
    assert isinstance(draw_dot(example(), "svg", "TB"), graphviz.Digraph)


@pytest.mark.parametrize("root", [1.0, None, "a", np.ones(3)])
def test_what_is_no_value_is_refused(root: object) -> None:
    with pytest.raises(TypeError, match="the root is"):
        draw_dot(root)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("option", "value"), [("format", "bmp"), ("rankdir", "XY"), ("passes", "sideways"), ("timeout", 0)]
)
def test_unknown_options_are_refused_by_name(option: str, value: object) -> None:
    with pytest.raises(ValueError, match=str(value)):
        draw_dot(example(), **{option: value})  # type: ignore[arg-type]


def test_the_mimebundle_of_a_value() -> None:
    e = example()
    bundle = mimebundle(e)
    assert bundle["image/svg+xml"].startswith("<?xml")
    assert bundle["text/plain"] == repr(e)
    assert set(mimebundle(e, include=["text/plain"])) == {"text/plain"}
    assert set(mimebundle(e, exclude=["image/svg+xml"])) == {"text/plain"}


@pytest.mark.no_cover  # others run the same lines, and coverage takes its time
def test_a_bare_value_of_a_large_graph_is_a_rolled_picture_and_of_a_huge_one_text(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    x = chain(100_000)
    bundle = mimebundle(x)
    assert "100,001 values in" in bundle["image/svg+xml"]
    monkeypatch.setattr(viz.pictures.draw, "SCREEN_VALUES", 100_000)
    bundle = mimebundle(x)
    assert set(bundle) == {"text/plain"}
    assert "100,001 values" in bundle["text/plain"]

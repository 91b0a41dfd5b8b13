"""What the demo of a computation graph claims."""

import math
import re
import xml.etree.ElementTree as ET

import pytest

from demos import graph
from viz import snapshot
from viz.pictures.style import BACKWARD, FORWARD

SVG = "{http://www.w3.org/2000/svg}"
DERIVATIVES = {"J": 1, "v": 3, "u": 3, "c": 9, "b": 6, "a": 3}
A = 1 / (1 + math.exp(1))  # of the neuron, whose z is -1


@pytest.fixture(scope="module")
def ran(tmp_path_factory):
    paths = graph.main(tmp_path_factory.mktemp("graph"), seed=0, quick=True)
    return {path.stem: ET.parse(path).getroot() for path in paths}


def numbers(f, at):
    return {node.title: node for node in snapshot(graph.both_passes(f, at))}


def drawn(svg, kind):
    return [g for g in svg.iter(f"{SVG}g") if g.get("class") == kind]


def words(element):
    texts = ("".join(text.itertext()) for text in element.iter(f"{SVG}text"))
    return " ".join(" ".join(texts).split())


def arrows(svg, color):
    """For each arrow of a colour, whether its head is at its right end."""
    edges = [edge for edge in drawn(svg, "edge") if edge.find(f".//{SVG}path").get("stroke") == color.lower()]
    return [mean_x(edge, "polygon", "points") > mean_x(edge, "path", "d") for edge in edges]


def mean_x(edge, shape, attribute):
    xs = [float(x) for x in re.findall(r"(-?[\d.]+),", edge.find(f".//{SVG}{shape}").get(attribute))]
    return sum(xs) / len(xs)


def test_the_values_and_derivatives_of_the_course():
    nodes = numbers(graph.formula, graph.ABC)
    assert {name: node.value for name, node in nodes.items() if node.op} == {"u": 6, "v": 11, "J": 33}
    assert {name: node.gradient for name, node in nodes.items() if not node.is_constant} == DERIVATIVES


def test_a_node_that_two_others_use_adds_up_two_products():
    nodes = numbers(graph.neuron, graph.WEIGHTS)
    assert nodes["J"].value == pytest.approx(-math.log(A))  # -(y log a + (1 - y) log(1 - a)) with y = 1
    assert nodes["z"].gradient == pytest.approx(A - graph.Y)
    assert nodes["b"].gradient == pytest.approx(A - graph.Y)
    assert nodes["w"].gradient == pytest.approx(graph.X * (A - graph.Y))


@pytest.mark.parametrize(("f", "at"), [(graph.formula, graph.ABC), (graph.neuron, graph.WEIGHTS)])
def test_the_steps_end_with_the_values_and_the_derivatives_that_the_graph_has(f, at, capsys):
    graph.tell(f, at)
    printed = capsys.readouterr().out
    values = dict(re.findall(r"forward +(\w) = .*?(\S+)(?: \(\w+\))?$", printed, re.MULTILINE))
    derivatives = dict(re.findall(r"dJ/d(\w) \+?= .*?(\S+)(?: \(the seed\))?$", printed, re.MULTILINE))
    nodes = numbers(f, at)
    named = {name: node for name, node in nodes.items() if node.name}
    assert values == {name: f"{node.value:.4g}" for name, node in named.items()}
    assert derivatives == {name: f"{node.gradient:.4g}" for name, node in named.items() if not node.is_constant}


def test_the_steps_are_told_one_by_one(capsys):
    graph.tell(graph.formula, graph.ABC)
    told = [re.sub(r"^ *(\d+/\d+)? *", "", line) for line in capsys.readouterr().out.splitlines()]
    forward = [
        "forward   u = b * c = 3 * 2 = 6",
        "forward   v = a + u = 5 + 6 = 11",
        "forward   J = 3 * v = 3 * 11 = 33",
    ]
    assert told[3:7] == [*forward, "backward  dJ/dJ = 1 (the seed)"]
    assert "dJ/dc += dJ/du * b = 3 * 3 = 9" in told


def test_moving_an_input_moves_the_output_by_its_derivative(capsys):
    for f, at in ((graph.formula, graph.ABC), (graph.neuron, graph.WEIGHTS)):
        graph.tell(f, at)
        times = re.findall(r"Raise (\w) by 0.001, and J changes by \S+: (\S+) times", capsys.readouterr().out)
        nodes = numbers(f, at)
        assert [name for name, _ in times] == list(at)
        assert [float(number) for _, number in times] == pytest.approx([nodes[name].gradient for name in at], rel=5e-3)


def test_every_node_is_drawn_with_its_value_and_its_derivative(ran):
    nodes = numbers(graph.formula, graph.ABC)
    boxes = [words(box) for box in drawn(ran["both"], "node")]
    for name, derivative in DERIVATIVES.items():
        (box,) = [box for box in boxes if box.startswith(f"{name} ")]
        assert f"value {nodes[name].value:g} grad {derivative:g}" in box
    labels = {words(edge) for edge in drawn(ran["both"], "edge")} - {""}
    assert labels == {"∂J/∂v = 3", "∂v/∂a = 1", "∂v/∂u = 1", "∂u/∂b = c = 2", "∂u/∂c = b = 3"}


def test_forward_is_blue_to_the_right_and_backward_red_to_the_left(ran):
    assert arrows(ran["both"], FORWARD) == [True] * 6  # two inputs each for u, v and J
    assert arrows(ran["both"], BACKWARD) == [False] * 5  # none to the constant 3
    assert arrows(ran["forward"], FORWARD) == [True] * 6
    assert arrows(ran["forward"], BACKWARD) == []
    assert arrows(ran["backward"], FORWARD) == []
    assert arrows(ran["backward"], BACKWARD) == [False] * 5


def test_the_forward_pass_alone_shows_no_derivative(ran):
    assert "grad" not in words(ran["forward"])
    assert "∂" not in words(ran["forward"])


def test_the_neuron_s_dz_is_told_to_be_the_sum_of_two_paths_and_a_minus_y(capsys, tmp_path):
    graph.main(tmp_path, seed=0, quick=True)
    printed = capsys.readouterr().out
    assert "add up the 2 paths" in printed
    assert f"  = {-graph.Y:g}\n" in printed  # by t = y z
    assert f"  = {A:.4g}\n" in printed  # by s = softplus(z)
    assert f"dJ/dz = path 1 + path 2\n      = {-graph.Y:g} + {A:.4g}\n      = {A - graph.Y:.4g}\n" in printed
    assert f"a - y with a = sigmoid(z): {A:.4f} - 1 = {A - graph.Y:.4f}." in printed


def test_two_red_arrows_arrive_at_the_neuron_s_z(ran):
    labels = [words(edge) for edge in drawn(ran["neuron"], "edge")]
    assert sorted(label for label in labels if "/∂z" in label) == ["∂s/∂z = sigmoid(z) = 0.2689", "∂t/∂z = y = 1"]

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
def test_the_chain_rule_in_words_gives_what_backward_gave(f, at):
    J = snapshot(graph.both_passes(f, at))
    steps = graph.backward_steps(J)
    assert {name: number for name, (number, _) in steps.items()} == pytest.approx(
        {node.title: node.gradient for node in J if not node.is_constant}
    )
    for name, (number, step) in steps.items():
        assert step.startswith(f"dJ/d{name} = ")
        assert step.endswith(f" = {number:.4g}")
    order = list(steps)
    for node in J:
        for slot in node.slots:
            source = J.nodes[slot.source]
            assert source.is_constant or order.index(source.title) > order.index(node.title)


def test_the_steps_are_told_one_by_one():
    J = snapshot(graph.both_passes(graph.formula, graph.ABC))
    assert graph.forward_steps(J) == ["u = b * c = 6", "v = a + u = 11", "J = 3 * v = 33"]
    assert graph.backward_steps(J)["c"][1] == "dJ/dc = dJ/du · ∂u/∂c = 3 · 3 = 9"
    J = snapshot(graph.both_passes(graph.neuron, graph.WEIGHTS))
    told = "dJ/dz = dJ/ds · ∂s/∂z + dJ/dt · ∂t/∂z = 1 · 0.2689 + (-1) · 1 = -0.7311"
    assert graph.backward_steps(J)["z"][1] == told


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


def test_the_neuron_s_dz_is_told_to_be_a_minus_y(capsys, tmp_path):
    graph.main(tmp_path, seed=0, quick=True)
    told = f"add up to dJ/dz = {A - graph.Y:.4f}: a - y with a = sigmoid(z), {A:.4f} - 1."
    assert told in capsys.readouterr().out


def test_two_red_arrows_arrive_at_the_neuron_s_z(ran):
    labels = [words(edge) for edge in drawn(ran["neuron"], "edge")]
    assert sorted(label for label in labels if "/∂z" in label) == ["∂s/∂z = sigmoid(z) = 0.2689", "∂t/∂z = y = 1"]

"""What the demo of all views claims."""

import math
import re
import subprocess
import sys
import xml.etree.ElementTree as ET
from pathlib import Path

import numpy as np
import pytest

from autograd_lite import nn
from demos import views
from viz import steps

ROOT = Path(__file__).parent.parent.parent
SVG = "{http://www.w3.org/2000/svg}"


@pytest.fixture
def model():
    return views.network(seed=0)


@pytest.fixture(scope="module")
def trained():
    model = views.network(seed=0)
    return model, *views.train(model, last=400)


@pytest.fixture(scope="module")
def ran(tmp_path_factory):
    """A quick run: the text of each picture, by name."""
    paths = views.main(tmp_path_factory.mktemp("views"), seed=0, quick=True)
    return {path.name: path.read_text("utf-8") for path in paths if path.suffix != ".png"}


def weights(model):
    """Bare arrays: what the labels say."""
    named = {p.label: p.data for p in model.parameters()}
    W1 = np.array([[named[f"W1[{i},{j}]"] for j in range(3)] for i in range(2)])
    return W1, *(np.array([named[f"{name}]"] for name in names]) for names in (B1, W2, B2))


B1, W2, B2 = ["b1[0", "b1[1", "b1[2"], ["W2[0,0", "W2[1,0", "W2[2,0"], ["b2[0"]


def losses(model):
    """log(1 + e^(-y z)) of all examples, by NumPy alone."""
    W1, b1, w2, b2 = weights(model)
    z = np.tanh(np.array(views.X) @ W1 + b1) @ w2 + b2
    return np.log1p(np.exp(-np.array(views.Y) * z))


def words(picture):
    """What a picture says, a string for each of its texts."""
    return ["".join(text.itertext()).strip() for text in ET.fromstring(picture.encode()).iter(f"{SVG}text")]


def shares(flow):
    """For each layer, the median of its gradient beside that of the last."""
    gradient = np.median(flow.table()["gradient"], axis=1)
    return gradient / gradient[-1]


def test_the_labels_are_those_of_xor():
    assert [y == 1 for y in views.Y] == [bool(x1) != bool(x2) for x1, x2 in views.X]
    assert (views.X[views.ONE], views.Y[views.ONE]) == ((1, 0), 1)


def test_every_weight_has_a_name_of_its_own_and_the_loss_is_that_of_the_formula(model):
    names = [p.label for p in model.parameters()]
    assert len(set(names)) == 13
    assert set(names) >= {"W1[0,2]", "W1[1,0]", "b1[2]", "W2[2,0]", "b2[0]"}
    for example, expected in enumerate(losses(model)):
        assert views.loss_of(model, example).item() == pytest.approx(expected, rel=1e-12)


def test_the_gradient_of_a_weight_is_the_slope_of_the_loss(model):
    views.both_passes(model)
    for p in model.parameters():
        grad, before = p.grad, p.data
        p.data = before + 1e-6
        above = losses(model)[views.ONE]
        p.data = before - 1e-6
        below = losses(model)[views.ONE]
        p.data = before
        assert grad == pytest.approx((above - below) / 2e-6, abs=1e-8)


def test_weights_of_an_input_that_is_zero_learn_nothing_from_the_example(model):
    views.both_passes(model)
    assert {p.label for p in model.parameters() if p.grad == 0} == {"W1[1,0]", "W1[1,1]", "W1[1,2]"}


def test_a_second_look_does_not_add_to_the_gradients(model):
    views.both_passes(model)
    once = [p.grad for p in model.parameters()]
    views.both_passes(model)
    assert [p.grad for p in model.parameters()] == once


def test_one_step_lowers_the_loss_by_about_what_its_slope_foretells(model):
    views.both_passes(model)
    foretold = views.RATE * sum(p.grad**2 for p in model.parameters())
    before, after = views.one_step(model)
    old, new = before.nodes[-1].value, after.nodes[-1].value
    assert (old, new) == pytest.approx((losses(views.network(seed=0))[views.ONE], losses(model)[views.ONE]))
    assert 0.9 * foretold < old - new < foretold


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_the_network_learns_xor(seed):
    model = views.network(seed)
    costs, _ = views.train(model, last=400)
    assert len(costs) == 400 + 1
    assert costs[0] > 0.6
    assert costs[-1] == pytest.approx(np.mean(losses(model)), rel=1e-12)
    assert costs[-1] < 0.05
    assert max(losses(model)) < math.log(2)  # each example is on its side


def test_the_viewer_gets_the_graph_at_each_moment_as_it_was(trained):
    model, costs, seen = trained
    assert list(seen) == [f"step {moment}" for moment in views.MOMENTS]
    values = [graph.nodes[-1].value for graph in seen.values()]
    assert values[0] == pytest.approx(losses(views.network(seed=0))[views.ONE])
    assert values[-1] == pytest.approx(losses(model)[views.ONE])
    assert values == sorted(values, reverse=True)
    assert costs == sorted(costs, reverse=True)


def test_looking_does_not_disturb_the_training(monkeypatch):
    looked, alone = views.network(seed=0), views.network(seed=0)
    costs, _ = views.train(looked, last=30)
    monkeypatch.setattr(views, "MOMENTS", ())
    assert views.train(alone, last=30)[0] == costs


def test_forward_turns_into_backward_in_the_middle_of_what_is_printed(model):
    some = views.turn(steps(views.both_passes(model)))
    assert [step.pass_ for step in some] == ["forward"] * 2 + ["backward"] * 3
    assert [step.title for step in some][1:4] == ["loss"] * 3


def test_what_is_printed(capsys, tmp_path):
    views.main(tmp_path, seed=0, quick=True)
    printed = capsys.readouterr().out
    model = views.network(seed=0)
    assert f"with y = 1, the loss is {losses(model)[views.ONE]:.4f}." in printed
    views.both_passes(model)
    slope = model.layers[0].linear.weight[0, 1].grad
    assert f"W1[0,1].grad = {slope:.4g} after backward(): the same" in printed
    foretold = views.RATE * sum(p.grad**2 for p in model.parameters())
    assert f"|g|² = {foretold:.4f}." in printed
    before, after = views.one_step(model)
    old, new = (graph.nodes[-1].value for graph in (before, after))
    assert f"takes the loss from {old:.4f} to {new:.4f}: down {old - new:.4f}." in printed
    costs, _ = views.train(model, last=50)
    assert f"50 steps on all four examples: the cost falls from {costs[0]:.3f} to {costs[-1]:.3f}." in printed


def test_gradients_vanish_through_sigmoids_and_do_not_through_tanh():
    """In the words of the notes: a sigmoid's slope is 1/4 at most, a tanh's 1."""
    sigmoid, tanh = (shares(views.deep(activation, epochs=20, seed=0)) for activation in (nn.Sigmoid, nn.Tanh))
    assert len(sigmoid) == len(tanh) == 7
    assert sigmoid[0] < 1e-4
    assert all(np.diff(np.log(sigmoid)) > math.log(3))  # each layer further back gets less than a third
    assert tanh[0] > 1e-2


def test_the_graph_and_the_flow_show_every_weight_and_its_gradient(ran):
    model = views.network(seed=0)
    views.both_passes(model)
    graph, flow = words(ran["graph.svg"]), words(ran["flow.svg"])
    for p in model.parameters():
        assert p.label in graph
        assert f"{p.data:.4g}" in graph
        assert p.label in flow
        assert f"{p.grad:+.4g}" in flow or p.grad == 0


def test_the_change_shows_the_loss_before_and_after(ran):
    before, after = views.one_step(views.network(seed=0))
    old, new = (graph.nodes[-1].value for graph in (before, after))
    assert f"{old:.4g} → {new:.4g}" in words(ran["change.svg"])


def test_there_is_a_frame_for_each_step_that_is_printed(ran):
    frames = {name: picture for name, picture in ran.items() if name.startswith("step-")}
    passes = steps(views.both_passes(views.network(seed=0)))
    some = views.turn(passes)
    assert list(frames) == [f"step-{step.number:03}.svg" for step in some]
    for step, picture in zip(some, frames.values(), strict=True):
        assert f"{step.pass_} passstep {step.number} of {len(passes)}" in words(picture)
        assert step.lines[0] in words(picture)


def test_the_network_is_drawn_before_and_after_with_the_score_of_the_example(ran):
    model = views.network(seed=0)
    views.one_step(model)
    before = words(ran["before.svg"])
    assert f"{model(list(views.X[views.ONE])).data:.2g}" in before
    assert [word for word in before if re.fullmatch("input|hidden 1|output", word)] == ["input", "hidden 1", "output"]
    views.train(model, last=50)
    assert f"{model(list(views.X[views.ONE])).data:.2g}" in words(ran["after.svg"])


def test_the_page_holds_the_training_and_says_what_it_shows(ran):
    page = ran["viewer.html"]
    assert page.startswith("<!doctype html>")
    assert "http://" not in re.sub(r"http://www\.w3\.org/\S+", "", page)


# --- the pictures of the README's section about seeing, many of them of this demo ---


def test_the_readme_shows_the_pictures_that_the_script_builds(tmp_path):
    names = ["step", "flow", "net"]
    subprocess.run([sys.executable, ROOT / "tools" / "views.py", *names, "--out", tmp_path], check=True)
    assert {path.name for path in tmp_path.iterdir()} == {f"{name}.svg" for name in names}
    assert all(path.read_bytes().rstrip().endswith(b"</svg>") for path in tmp_path.iterdir())
    section = (ROOT / "README.md").read_text("utf-8").partition("## Seeing")[2].partition("\n## ")[0]
    shown = re.findall(r'src="(docs/\S+)"', section)
    assert {Path(name).stem for name in shown} == {*names, "heat", "rolled", "viewer"}
    assert all((ROOT / name).is_file() for name in shown)


def test_all_pictures_together_are_small():
    pictures = [path for path in (ROOT / "docs").iterdir() if path.suffix in (".png", ".svg")]
    assert sum(path.stat().st_size for path in pictures) < 900_000

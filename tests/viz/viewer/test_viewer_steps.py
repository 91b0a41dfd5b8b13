"""The viewer's page in a real browser: the steps of a pass, and the snapshots of a training."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from autograd_lite import Value, nn
from tests.viz.viewer.browser import END, HOME, LEFT, RIGHT, Browser
from tests.viz.viewer.helpers import beginner
from viz.graphs.snapshot import Snapshot, snapshot
from viz.replay.steps import steps
from viz.viewer.html import save_html

# --- stepping ------------------------------------------------------------------------------------------------------


def test_every_step_says_what_steps_says(page: Browser, small: Path) -> None:
    page.open(small)
    said = page.value("Array.from({ length: viewer.steps.total }, (_, i) => viewer.steps.lines(i + 1))")
    assert said == [list(step.lines) for step in steps(beginner(), names={})]


def test_the_steps_of_a_network_whose_gradients_were_not_cleared(page: Browser, tmp_path: Path) -> None:
    model = nn.MLP(2, [3, 1], seed=1)
    for _ in range(2):
        y = model([Value(1.0, label="x0"), Value(2.0, label="x1")])
        y.backward()
    page.open(save_html(y, tmp_path / "net.html", names={}, params=model))
    said = page.value("Array.from({ length: viewer.steps.total }, (_, i) => viewer.steps.lines(i + 1))")
    assert said == [list(step.lines) for step in steps(y, names={}, params=model)]
    assert any("before this pass" in line for lines in said for line in lines)


def test_the_slider_and_its_keys_step_through_both_passes(page: Browser, small: Path) -> None:
    page.open(small)
    slider = page.part("step")
    slider.send_keys(HOME)
    assert page.text("step-words") == "before the first step"
    expected = steps(beginner(), names={})
    slider.send_keys(RIGHT * 4)
    page.wait("viewer.store.now.step === 4")
    assert page.text("arithmetic") == "\n".join(expected[3].lines)
    assert "forward pass" in page.text("step-words")
    page.wait("!document.getElementById('ring-now').hasAttribute('hidden')")
    root = page.value("viewer.graph.roots[0]")
    card = f"document.querySelector('[data-id=\"{root}\"]').textContent"
    page.wait(f"{card}.includes('value·grad·')")  # it is not computed yet
    slider.send_keys(END + LEFT)
    page.wait("viewer.store.now.step === viewer.steps.total")
    assert page.text("arithmetic") == "\n".join(expected[-1].lines)
    assert "backward pass" in page.text("step-words")


def test_a_gradient_accumulates_step_by_step(page: Browser, small: Path) -> None:
    page.open(small)
    shown = page.value("Array.from({ length: viewer.steps.total + 2 }, (_, i) => viewer.steps.gradientAt(0, i))")
    assert set(shown) == {None, -0.25, -3.25}
    assert shown[-1] == -3.25


def test_step_by_step_the_picture_is_as_if_drawn_anew(page: Browser, small: Path) -> None:
    page.open(small)
    differing = page.run(
        """
        const { view, store, steps } = viewer, { surface } = view, bad = [];
        const all = () => [...document.querySelectorAll('[data-key]')];
        const parts = () => Object.fromEntries(all().map((part) => [part.dataset.key, part.outerHTML]));
        for (let step = steps.total; step >= 0; step--) {
          store.set({ step });
          surface.draw();
          const touched = parts();
          surface.invalidate();
          surface.draw();
          const anew = parts();
          if (JSON.stringify(touched) !== JSON.stringify(anew)) bad.push(step);
        }
        return bad;
        """
    )
    assert differing == []


def test_play_goes_to_the_end_and_pauses(page: Browser, small: Path) -> None:
    page.open(small)
    page.part("step-first").click()
    page.part("play").click()
    page.wait("viewer.store.now.step >= 2")
    assert "pause" in page.text("play")
    page.part("play").click()
    stopped = page.value("viewer.store.now.step")
    page.part("step-after").click()
    assert page.value("viewer.store.now.step") == stopped + 1
    page.run("viewer.store.set({ step: viewer.steps.total })")
    page.part("play").click()
    page.wait("viewer.store.now.step === viewer.steps.total + 1")
    page.wait("document.getElementById('play').innerText.includes('play')")


def test_without_a_backward_pass_the_page_says_so(page: Browser, tmp_path: Path) -> None:
    page.open(save_html(Value(2.0, label="a") * 3.0, tmp_path / "forward.html", names={}))
    assert "has not run" in page.text("arithmetic")
    assert "call backward()" in page.text("legend")
    assert "grad not computed" in page.value("document.querySelector('.cards').textContent")
    assert page.value("viewer.steps.hasRun") is False
    assert page.text("arithmetic") == steps(Value(2.0, label="a") * 3.0, names={})[-1].lines[0]


def odd_graphs() -> dict[str, Value]:
    """Graphs whose steps are easily told wrong."""
    a, b = Value(2.0, label="a"), Value(-0.0, label="layers[0].b")
    square = a * a
    square.backward()
    changed = (a * 2.0).tanh()
    changed.backward()
    a.data = 7.0
    cleared = (a * b).tanh()
    cleared.backward()
    a.grad = None
    x = Value(np.array([1.0, -2.0, 3.0]), label="x")
    array = (x.relu() * x).sum()
    array.backward()
    zero = b.sqrt() * b.relu()
    zero.backward()
    return {"square": square, "changed": changed, "cleared": cleared, "array": array, "zero": zero, "leaf": a}


@pytest.mark.parametrize("kind", odd_graphs())
def test_the_steps_of_odd_graphs(page: Browser, tmp_path: Path, kind: str) -> None:
    root = odd_graphs()[kind]
    page.open(save_html(root, tmp_path / "odd.html", names={}))
    said = page.value("Array.from({ length: viewer.steps.total }, (_, i) => viewer.steps.lines(i + 1))")
    expected = steps(root, names={})
    assert said == [list(step.lines) for step in expected]
    nodes = page.value("Array.from({ length: viewer.steps.total }, (_, i) => viewer.steps.nodeOf(i + 1))")
    assert nodes == [step.node.id for step in expected]


def test_a_gradient_that_is_not_the_sum_of_its_uses_says_why(page: Browser, tmp_path: Path) -> None:
    a = Value(3.0, label="a")
    d = a * a
    d.label = "d"
    y = d * 2.0
    y.label = "y"
    y.backward()
    y = d * 2.0
    y.label = "y"
    d.grad = 5.0
    y.backward()
    d.grad = 9.0
    page.open(save_html(y, tmp_path / "held.html", names={}))
    page.run("viewer.store.set({ hovered: arguments[0] })", 1)
    assert "dy/dd = 2; its gradient is 9 now: another backward pass has changed it since" in page.text("inspector")
    page.run("viewer.store.set({ hovered: 0 })")
    assert "before this pass" in page.text("inspector")


def test_steps_that_the_page_composes_are_right_as_well(page: Browser, small: Path) -> None:
    page.open(small)
    page.run("const { graph } = viewer; delete graph.frame.steps; delete graph.frame.labels; graph.expressions = null")
    said = page.value("Array.from({ length: viewer.steps.total }, (_, i) => viewer.steps.lines(i + 1)).flat()")
    told = [line for step in steps(beginner(), names={}) for line in step.lines]
    assert len(said) == len(told)
    for one, other in zip(said, told, strict=True):  # the formula of a local derivative is not there
        assert one == other or (one.split(" = ")[1:] == other.split(" = ")[1:] and "∂" in one)


# --- training ------------------------------------------------------------------------------------------------------


def test_snapshots_of_a_training_are_scrubbed(page: Browser, tmp_path: Path) -> None:
    w = Value(4.0, label="w")
    shots: dict[str, Snapshot] = {}
    for step in range(4):
        cost = (w - 1.0) ** 2
        w.grad = None
        cost.backward()
        shots[f"step {step}"] = snapshot(cost)
        w.data -= 0.25 * w.grad
    page.open(save_html(cost, tmp_path / "training.html", names={"cost": cost}, snapshots=shots))
    card = "document.querySelector('[data-id=\"0\"]').textContent"
    assert "value1.375grad0.75" in page.value(card)
    slider = page.part("frame")
    slider.send_keys(HOME)
    page.wait("viewer.graph.at === 0")
    assert "value4grad6" in page.wait(f"{card}.includes('value4') && {card}")
    assert page.text("frame-words") == "step 0"
    slider.send_keys(RIGHT)
    assert page.wait(f"{card}.includes('value2.5') && {card}")

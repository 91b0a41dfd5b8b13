"""The viewer's page in a real browser: everything that one can do with it."""

from __future__ import annotations

import xml.etree.ElementTree as ElementTree
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from autograd_lite import Value, nn
from tests.viz.viewer.browser import Browser, browser
from viz.graphs.rolling import roll
from viz.graphs.snapshot import Snapshot, snapshot
from viz.replay.steps import steps
from viz.viewer.html import save_html, show_html

ESCAPE, TAB, ENTER, LEFT, RIGHT, UP, HOME, END = (
    "\ue00c",
    "\ue004",
    "\ue007",
    "\ue012",
    "\ue014",
    "\ue013",
    "\ue011",
    "\ue010",
)
OPAQUE = "[...document.querySelectorAll('.card')].filter((c) => !c.hasAttribute('opacity')).map((c) => c.dataset.id)"


@pytest.fixture(scope="module")
def chromium(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    """One browser for all tests of the module: to start one takes seconds."""
    with browser(tmp_path_factory.mktemp("browser")) as found:
        yield found


@pytest.fixture
def page(chromium: Browser) -> Iterator[Browser]:
    """Yield the browser; in the end its console must be free of errors, and nobody may have asked the network."""
    chromium.complaints()
    yield chromium
    assert chromium.complaints() == []
    assert chromium.requests() == []


def beginner() -> Value:
    """tanh(a*b + c), with a used twice."""
    a, b, c = Value(2.0, label="a"), Value(-3.0, label="b"), Value(6.5, label="c")
    d = a * b
    d.label = "d"
    o = (d + c - a / 4.0).tanh()
    o.label = "o"
    o.backward()
    return o


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The page of a beginner's graph."""
    return Path(save_html(beginner(), tmp_path_factory.mktemp("pages") / "small.html", names={}))


@pytest.mark.parametrize(("ci", "outcome"), [("true", pytest.fail.Exception), ("", pytest.skip.Exception)])
def test_without_a_browser_the_tests_skip_but_in_the_ci_they_fail(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, ci: str, outcome: type[BaseException]
) -> None:
    monkeypatch.setattr("shutil.which", lambda _: None)
    monkeypatch.setenv("CI", ci)
    with pytest.raises(outcome, match="there is no Chromium and no chromedriver"), browser(tmp_path):
        pass


# --- looking -------------------------------------------------------------------------------------------------------


def test_a_small_graph_is_drawn_as_svg_with_its_numbers(page: Browser, small: Path) -> None:
    page.open(small)
    assert page.value("document.querySelector('svg.surface') !== null")
    cards = page.value("[...document.querySelectorAll('.card')].map((card) => card.textContent)")
    assert len(cards) == len(snapshot(beginner()))
    assert any(card.startswith("d= a * bvalue-6grad") for card in cards)
    assert "∂d/∂a = b = -3" in page.value("document.querySelector('.labels').textContent")
    assert page.text("title") == "The graph of o"
    assert "forward pass: values" in page.text("legend")


def test_pointing_at_a_value_shows_the_chain_rule_and_the_sum_over_its_uses(page: Browser, small: Path) -> None:
    page.open(small)
    page.point(0)
    page.wait("document.querySelector('#inspector h2').innerText === 'a'")
    words = page.text("inspector")
    slope = 1 - np.tanh(0.0) ** 2
    assert f"{slope * -3.25:.4g}" in words  # through d: -3; through a / 4: -1/4
    assert "do/dd · ∂d/∂a = 1 · -3 = -3" in words
    assert "sum of 2 uses = -3.25" in words
    page.point(1)
    page.wait("document.querySelector('#inspector h2').innerText === 'b'")
    assert "do/db = ∂o/∂" in page.text("inspector")  # the product all the way from the root
    assert "= 2" in page.text("inspector")


def test_a_click_marks_what_a_value_depends_on_and_what_depends_on_it(page: Browser, small: Path) -> None:
    page.open(small)
    graph = snapshot(beginner())
    d = next(node.id for node in graph if node.name == "d")
    page.point(d, click=True)
    page.wait("viewer.store.now.selected >= 0")
    lit = page.wait(f"({OPAQUE}).length < {len(graph)} && {OPAQUE}")
    names = {graph.nodes[int(i)].title for i in lit}
    assert {"a", "b", "d", "o"} <= names
    assert "c" not in names
    assert "2 values before it" in page.text("inspector")
    page.point(d, click=True)
    page.wait(f"({OPAQUE}).length === {len(graph)}")


def test_search_by_name_and_by_operation(page: Browser, small: Path) -> None:
    page.open(small)
    field = page.part("search")
    field.send_keys("tanh")
    page.wait("document.getElementById('found').innerText === '1 found'")
    root = page.value("viewer.graph.roots[0]")
    assert page.wait(f"({OPAQUE}).length === 1 && {OPAQUE}") == [str(root)]
    field.send_keys(ENTER)
    page.wait(f"viewer.store.now.focused === {root}")
    assert page.text("found") == "1 of 1 found"
    field.clear()
    field.send_keys("nothing has this name")
    page.wait("document.getElementById('found').innerText === '0 found'")
    page.press(ESCAPE)
    page.wait("document.getElementById('search').value === ''")


def test_the_filter_dims_small_gradients(page: Browser, tmp_path: Path) -> None:
    big, tiny = Value(1.0, label="big"), Value(1.0, label="tiny")
    y = 100.0 * big + 1e-6 * tiny
    y.backward()
    page.open(save_html(y, tmp_path / "filter.html", names={}))
    total = page.value("viewer.graph.size")
    page.part("least").send_keys(RIGHT)
    page.wait("viewer.store.now.least === -5")
    assert "≥ 1e-5" in page.text("least-words")
    lit = page.wait(f"({OPAQUE}).length < {total} && {OPAQUE}")
    names = {page.value(f"viewer.graph.titleOf({i})") for i in lit}
    assert "big" in names
    assert "tiny" not in names
    assert f"of {total} values" in page.text("count")


@pytest.mark.parametrize(("choice", "forward", "backward"), [("forward", True, False), ("backward", False, True)])
def test_one_pass_alone(page: Browser, small: Path, choice: str, forward: bool, backward: bool) -> None:
    page.open(small)
    page.run("document.getElementById(arguments[0]).click()", f"pass-{choice}")
    page.wait(f"viewer.store.now.passes === '{choice}'")
    colours = "[...document.querySelectorAll('.arrows path')].map((path) => path.getAttribute('stroke').toUpperCase())"
    page.wait(f"!({colours}).includes('{'#B2182B' if forward else '#0B5CAD'}')")
    drawn = page.value(colours)
    assert ("#0B5CAD" in drawn) is forward
    assert ("#B2182B" in drawn) is backward
    assert ("grad" in page.value("document.querySelector('.cards').textContent")) is backward


def test_pan_zoom_and_fit(page: Browser, small: Path) -> None:
    from selenium.webdriver import ActionChains

    page.open(small)
    camera = "[viewer.camera.scale, viewer.camera.left, viewer.camera.top]"
    before = page.value(camera)
    graph = page.part("graph")
    ActionChains(page.driver).move_to_element_with_offset(graph, 0, -200).click_and_hold().move_by_offset(
        60, 30
    ).release().perform()
    after = page.value(camera)
    assert np.allclose(np.subtract(after, before), [0, 60, 30])
    page.run(
        "document.getElementById('graph').dispatchEvent(new WheelEvent('wheel', "
        "{ deltaY: -300, clientX: 400, clientY: 300, cancelable: true }))"
    )
    assert page.value("viewer.camera.scale") > before[0]
    page.part("fit").click()
    assert np.allclose(page.value(camera), before)
    page.part("closer").click()
    assert page.value("viewer.camera.scale") > before[0]


def test_all_cards_of_a_leaf_are_one_value(page: Browser, tmp_path: Path) -> None:
    w, h = Value(0.5, label="w"), Value(1.0, label="h0")
    for _ in range(6):
        h = (w * h).tanh()
    h.label = "h"
    h.backward()
    page.open(save_html(h, tmp_path / "copies.html", names={}))
    graph = snapshot(h)
    i = next(node.id for node in graph if node.name == "w")
    assert page.value(f"document.querySelectorAll('.card[data-id=\"{i}\"]').length") == 6
    assert page.text("count") == f"{len(graph)} values"
    assert "w is drawn at each of its 6 uses" in page.text("legend")
    last = page.value(f"viewer.scene.cards({i}).at(-1)")
    page.point(last, click=True)
    page.wait(f"viewer.store.now.selected === {i}")
    assert "the sum of 6 uses" in page.text("inspector")
    assert page.wait("(document.getElementById('ring-focused').getAttribute('d') ?? '').split('M').length === 7")
    said = page.value("Array.from({ length: viewer.steps.total }, (_, i) => viewer.steps.lines(i + 1))")
    assert said == [list(step.lines) for step in steps(h, names={})]
    cards = f"new Set([...document.querySelectorAll('.card[data-id=\"{i}\"]')].map((card) => card.textContent)).size"
    for step in range(page.value("viewer.steps.total"), 0, -1):
        page.run("viewer.store.set({ step: arguments[0] }); viewer.view.surface.draw()", step)
        assert page.value(cards) == 1, step  # all show the sum so far


def test_each_arrow_of_a_leaf_begins_at_a_card_of_its_own(page: Browser, tmp_path: Path) -> None:
    w, h = Value(0.5, label="w"), Value(1.0, label="h0")
    for _ in range(30):
        h = (w * h).tanh()
    page.open(save_html(h, tmp_path / "long.html", names={}))
    assert page.value("viewer.scene.byDot") is False  # the page leads the arrows itself
    copies = page.value("viewer.graph.layout.copies")
    assert len(copies) == 29
    for k, slot in enumerate(copies):
        x, right = page.run(
            "const { scene, graph } = viewer, card = graph.size + arguments[1];"
            "return [scene.points(arguments[0], 'forward')[0], scene.box(card)[2]]",
            slot,
            k,
        )
        assert x == right


def test_the_page_does_not_jump_when_a_value_is_chosen(page: Browser, small: Path) -> None:
    page.open(small)
    height = "document.querySelector('header').offsetHeight"
    before = page.value(height)
    page.point(0, click=True)
    page.part("search").send_keys("a")
    page.wait("document.getElementById('found').innerText !== ''")
    assert page.value(height) == before


def test_a_small_window_leaves_room_for_the_graph(page: Browser, small: Path) -> None:
    try:
        for width, height in ((600, 700), (650, 430)):
            screen = {"width": width, "height": height, "deviceScaleFactor": 2, "mobile": False}
            page.driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", screen)
            page.open(small)
            assert page.value("document.getElementById('graph').clientHeight") >= 300
            assert page.value("document.documentElement.scrollWidth") <= width
    finally:
        page.driver.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})


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


# --- colours, keyboard, screen readers -----------------------------------------------------------------------------


def test_light_dark_and_as_the_system_is(page: Browser, small: Path) -> None:
    page.open(small)
    ground = "getComputedStyle(document.body).backgroundColor"
    assert page.value(ground) == "rgb(255, 255, 255)"
    page.emulate(**{"prefers-color-scheme": "dark"})
    page.wait("document.documentElement.dataset.theme === 'dark'")
    assert page.value(ground) == "rgb(20, 24, 29)"
    page.wait("document.querySelector('.arrows').innerHTML.includes('#6cb4f0')")
    button = page.part("theme")
    button.click()
    assert (page.text("theme")[2:], page.value(ground)) == ("light", "rgb(255, 255, 255)")
    button.click()
    page.emulate(**{"prefers-color-scheme": "light"})
    assert (page.text("theme")[2:], page.value(ground)) == ("dark", "rgb(20, 24, 29)")
    button.click()
    assert (page.text("theme")[2:], page.value(ground)) == ("auto", "rgb(255, 255, 255)")


def test_less_motion_if_the_system_wants_it(page: Browser, small: Path) -> None:
    page.open(small)
    duration = "getComputedStyle(document.getElementById('fit')).transitionDuration"
    assert page.value(duration) != "0s"
    page.emulate(**{"prefers-reduced-motion": "reduce"})
    page.wait(f"{duration} === '0s'")


def test_the_keyboard_follows_the_arrows_of_the_graph(page: Browser, small: Path) -> None:
    page.open(small)
    for _ in range(20):
        page.press(TAB)
        if page.value("document.activeElement.id") == "graph":
            break
    assert page.value("document.activeElement.id") == "graph"
    assert page.value("getComputedStyle(document.activeElement).outlineStyle") == "solid"
    graph = snapshot(beginner())
    page.wait(f"viewer.store.now.focused === {graph.roots[0]}")
    page.wait("!document.getElementById('ring-focused').hasAttribute('hidden')")
    page.press(LEFT)
    page.wait(f"viewer.store.now.focused === {graph.nodes[-1].slots[0].source}")
    assert "value 0" in page.value("document.getElementById('spoken').textContent")
    page.press(RIGHT)
    page.wait(f"viewer.store.now.focused === {graph.roots[0]}")
    page.press(UP, ENTER)
    page.wait("viewer.store.now.selected >= 0")
    page.press(ESCAPE)
    page.wait("viewer.store.now.selected === -1")
    page.press(",")
    page.wait("viewer.store.now.step === viewer.steps.total")


def test_the_table_holds_all_values(page: Browser, small: Path) -> None:
    page.open(small)
    page.run("document.querySelector('summary').click()")
    graph = snapshot(beginner())
    page.wait(f"document.querySelectorAll('#table-body tr').length === {len(graph)}")
    heads = page.value("[...document.querySelectorAll('thead th')].map((th) => [th.scope, th.textContent])")
    assert heads == [["col", "name"], ["col", "computed as"], ["col", "value"], ["col", "gradient"]]
    row = page.value("[...document.querySelector('#table-body tr').children].map((cell) => cell.textContent)")
    assert row == ["a", "input", "2", "-3.25"]
    page.run("document.querySelector('#table-body button').click()")
    assert page.value("viewer.store.now.selected") == 0
    assert page.value("document.getElementById('arithmetic').getAttribute('aria-live')") == "polite"


# --- files ---------------------------------------------------------------------------------------------------------


def test_the_picture_is_saved_as_svg_and_png(page: Browser, tmp_path: Path) -> None:
    page.open(save_html(beginner(), tmp_path / "export.html", names={}, title="the export"))
    page.part("save-svg").click()
    svg = ElementTree.parse(page.saved("the_export.svg")).getroot()
    assert svg.tag == "{http://www.w3.org/2000/svg}svg"
    texts = [element.text for element in svg.iter("{http://www.w3.org/2000/svg}text")]
    assert "∂d/∂a = b = -3" in texts
    assert texts.count("value") == len(snapshot(beginner()))
    page.part("save-png").click()
    picture = page.saved("the_export.png").read_bytes()
    assert picture[:8] == b"\x89PNG\r\n\x1a\n"
    width, height = (int.from_bytes(picture[i : i + 4], "big") for i in (16, 20))
    assert abs(width / height - float(svg.get("width", 0)) / float(svg.get("height", 1))) < 0.05
    assert width > 1000


# --- hostile input -------------------------------------------------------------------------------------------------

HOSTILE = [
    "</script><script>window.hacked = 1</script>",
    '"><img src=x onerror="window.hacked = 1">',
    "'; window.hacked = 1; '",
    "javascript:window.hacked=1",
    "<svg onload=window.hacked=1>",
    "${window.hacked = 1}",
    "\u202egnp.exe\u2066",
    "-->]]>\x00\x1b[31m\ud800",
    "&lt;b&gt; \\u003cscript\\u003e",
    "__proto__",
    "x" * 10_000,
]


def test_hostile_labels_do_nothing(page: Browser, tmp_path: Path) -> None:
    values = [Value(float(i + 1), label=label) for i, label in enumerate(HOSTILE)]
    y = values[0]
    for value in values[1:]:
        y = y * value + value
    y.label = HOSTILE[0]
    y.backward()
    page.open(save_html(y, tmp_path / "hostile.html", names={}, title=HOSTILE[1]))
    page.run("document.querySelector('summary').click()")
    for i in range(len(HOSTILE)):
        page.run("viewer.store.set({ hovered: arguments[0], selected: arguments[0] })", i)
    for step in range(0, page.value("viewer.steps.total"), 3):
        page.run("viewer.store.set({ step: arguments[0] })", step)
    page.part("search").send_keys("<img")
    page.part("save-svg").click()
    ElementTree.parse(page.saved(".svg"))
    assert page.value("window.hacked") is None
    assert page.value("document.querySelectorAll('img, script:not(#data), iframe, [onload], [onerror]').length") == 1
    assert page.value("document.title") == HOSTILE[1]
    assert "</script>" in page.value("document.querySelector('.cards').textContent")
    assert not {"\u202e", "\u2066", "\x1b"} & set(page.value("document.body.innerText"))


# --- what else there is to show ------------------------------------------------------------------------------------


def test_arrays_show_shapes_and_their_numbers(page: Browser, tmp_path: Path) -> None:
    W, X = Value(np.arange(6.0).reshape(2, 3), label="W"), Value(np.ones((3, 40)), label="X")
    J = ((W @ X).tanh() ** 2).sum()
    J.backward()
    page.open(save_html(J, tmp_path / "arrays.html", names={}))
    words = page.value("document.querySelector('.cards').textContent")
    assert "(2, 3) float64" in words
    assert "[[0, 1, 2]," in words
    page.run("viewer.store.set({ hovered: 0 })")
    assert "VJP of matmul" in page.text("inspector")
    said = page.value("Array.from({ length: viewer.steps.total }, (_, i) => viewer.steps.lines(i + 1).join()).join()")
    assert "VJP of matmul" in said
    assert "NaN" not in said
    assert "undefined" not in said + page.text("inspector")


def test_a_rolled_graph_tells_of_many_values(page: Browser, tmp_path: Path) -> None:
    model = nn.MLP(2, [4, 1], seed=1)  # x is rolled, 2 is another input: a dot product of an odd number of slots
    y = sum((model([Value(1.0 + i, label=f"x{i}"), Value(2.0)]) ** 2 for i in range(20)), Value(0.0))
    y.backward()
    rolled = roll(snapshot(y, params=model))
    assert any(node.operation == "dot_many" and len(node.slots) % 2 for node in rolled)
    page.open(save_html(rolled, tmp_path / "rolled.html"))
    said = page.value("Array.from({ length: viewer.steps.total }, (_, i) => viewer.steps.lines(i + 1)).flat()")
    for i in range(len(rolled)):
        page.run("viewer.store.set({ hovered: arguments[0] })", i)
        said.append(page.text("inspector"))
    assert any("for each of the values" in text for text in said)
    assert not any("nan" in text.lower() or "undefined" in text for text in said)
    assert "×n stands for n values" in page.text("legend")
    assert "from afar" not in page.text("legend")  # few cards


def test_nan_and_infinity_are_told(page: Browser, tmp_path: Path) -> None:
    x, z = Value(float("inf"), label="x"), Value(float("nan"), label="z")
    y = x * 1e-300 + z
    y.backward()
    page.open(save_html(y, tmp_path / "odd.html", names={}))
    words = page.value("document.querySelector('.cards').textContent")
    for number in ("inf", "nan", "1e-300"):
        assert number in words


def test_a_notebooks_frame_is_sandboxed_and_works(page: Browser, tmp_path: Path) -> None:
    notebook = tmp_path / "notebook.html"
    notebook.write_text(f"<!doctype html><body>{show_html(beginner(), names={})._repr_html_()}", encoding="utf-8")
    page.open(notebook, ready=False)
    page.driver.switch_to.frame(page.driver.find_element("tag name", "iframe"))
    page.wait("document.querySelector('.card') !== null")
    assert page.value("document.querySelectorAll('.card').length") == len(snapshot(beginner()))
    assert page.value("window.origin") == "null"
    page.driver.switch_to.default_content()


def test_an_old_browser_is_told_what_it_needs(page: Browser, small: Path) -> None:
    old = page.driver.execute_cdp_cmd(
        "Page.addScriptToEvaluateOnNewDocument", {"source": "delete window.DecompressionStream"}
    )
    try:
        page.open(small, ready=False)
        assert "It needs JavaScript and a browser of 2023 or later" in page.text("sorry")
        assert not page.part("page").is_displayed()
    finally:
        page.driver.execute_cdp_cmd("Page.removeScriptToEvaluateOnNewDocument", old)


# --- size ----------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def large(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The page of 100,000 values and more: a wide graph, as networks are."""
    row = [Value(float(i % 7) - 3.0) for i in range(250)]
    for k in range(1, 200):
        row = [x + 0.5 * row[(i + k) % 250] if i % 2 else x - row[(i * k + 1) % 250].tanh() for i, x in enumerate(row)]
    y = sum(row[1:], row[0])
    y.backward()
    graph = snapshot(y)
    assert len(graph) >= 100_000
    return Path(save_html(graph, tmp_path_factory.mktemp("large") / "large.html"))


def test_a_large_graph_is_on_a_canvas_and_pans_smoothly(page: Browser, large: Path) -> None:
    page.open(large)
    assert page.value("viewer.graph.size") >= 100_000
    assert page.value("document.querySelector('canvas.surface') !== null")
    inked = (
        "(() => { const c = document.querySelector('canvas.surface'); const { width: w, height: h } = c;"
        "const copy = new OffscreenCanvas(w, h).getContext('2d', { willReadFrequently: true });"
        "copy.drawImage(c, 0, 0);"
        "const d = copy.getImageData(0, 0, w, h).data; let n = 0;"
        "for (let i = 0; i < d.length; i += 4) if (d[i] < 250) n++; return n > 2000 })()"
    )
    page.wait(inked)
    for scale in (None, 0.2, 1.0):
        frames = page.driver.execute_async_script(
            """
            const [scale, done] = arguments, { camera, scene } = viewer, times = [];
            if (scale) { camera.scale = scale; camera.centre(scene.x[50000], scene.y[50000]); }
            let last = performance.now();
            const frame = () => {
              times.push(performance.now() - last);
              last = performance.now();
              camera.pan(times.length % 60 < 30 ? -8 : 8, 2);
              if (times.length < 90) requestAnimationFrame(frame); else done(times.slice(5).sort((a, b) => a - b));
            };
            setTimeout(() => requestAnimationFrame(frame), 200);
            """,
            scale,
        )
        assert frames[len(frames) // 2] < 60, f"half of the frames take longer than {frames[len(frames) // 2]} ms"
    page.wait(inked)
    assert "from afar: gradient above 0" in page.text("legend")


def test_the_table_of_a_large_graph_comes_in_pages(page: Browser, large: Path) -> None:
    page.open(large)
    page.run("document.querySelector('summary').click()")
    page.wait("document.querySelectorAll('#table-body tr').length === 100")
    assert page.text("table-caption").startswith("Values 1 to 100 of 1")
    page.run("document.getElementById('table-after').click()")
    assert page.text("table-caption").startswith("Values 101 to 200 of 1")
    page.part("search").send_keys("tanh")
    page.wait("!document.getElementById('found').innerText.startsWith('0')")
    assert "tanh(" in page.value("document.querySelector('#table-body').textContent")

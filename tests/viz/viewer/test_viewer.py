"""The viewer's page in a real browser: how it looks, and what one does with mouse, keyboard and buttons."""

from __future__ import annotations

import xml.etree.ElementTree as ElementTree
from pathlib import Path

import numpy as np
import pytest

from autograd_lite import Value
from tests.viz.viewer.browser import ENTER, ESCAPE, LEFT, RIGHT, TAB, UP, Browser, browser
from tests.viz.viewer.helpers import beginner
from viz.graphs.snapshot import snapshot
from viz.replay.steps import steps
from viz.viewer.html import save_html

OPAQUE = "[...document.querySelectorAll('.card')].filter((c) => !c.hasAttribute('opacity')).map((c) => c.dataset.id)"


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

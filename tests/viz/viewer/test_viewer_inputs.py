"""The viewer's page in a real browser: hostile labels, arrays, odd numbers and large graphs."""

from __future__ import annotations

import xml.etree.ElementTree as ElementTree
from pathlib import Path

import numpy as np

from autograd_lite import Value, nn
from tests.viz.viewer.browser import Browser
from tests.viz.viewer.conftest import Page
from tests.viz.viewer.helpers import beginner
from viz.graphs.rolling import roll
from viz.graphs.snapshot import snapshot
from viz.viewer.html import save_html, show_html

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


def test_a_large_graph_is_on_a_canvas_and_pans_smoothly(page: Browser, large: Page) -> None:
    page.open(large.path)
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


def test_the_table_of_a_large_graph_comes_in_pages(page: Browser, large: Page) -> None:
    page.open(large.path)
    page.run("document.querySelector('summary').click()")
    page.wait("document.querySelectorAll('#table-body tr').length === 100")
    assert page.text("table-caption").startswith("Values 1 to 100 of 1")
    page.run("document.getElementById('table-after').click()")
    assert page.text("table-caption").startswith("Values 101 to 200 of 1")
    page.part("search").send_keys("tanh")
    page.wait("!document.getElementById('found').innerText.startsWith('0')")
    assert "tanh(" in page.value("document.querySelector('#table-body').textContent")

"""Rebuild the pictures of README.md's section "Seeing" in docs/.

python tools/views.py                 # all of them; viewer.png only where Chromium, its driver and selenium are
python tools/views.py flow net        # these
python tools/views.py --out DIR       # elsewhere
"""

from __future__ import annotations

import argparse
import shutil
import tempfile
import time
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path

import numpy as np
from gallery import DOCS, smaller  # beside this script; it also puts the project's folder on the path

from autograd_lite import Value, nn, optim
from autograd_lite.training import fit
from demos import graph, views
from tests.viz.examples import moons
from viz import draw_dot, draw_flow, draw_net, save_html, snapshot, steps
from viz.pictures.rendering import write_atomically

BROWSERS = ("chromium", "chromium-browser", "google-chrome")
FLAGS = ("--headless=new", "--no-sandbox", "--disable-gpu", "--hide-scrollbars", "--force-device-scale-factor=1")
WIDTH, HEIGHT = 1200, 760  # of the browser's window; a part of the height is its own
CALM = 1.0  # seconds until all that moves in the page has arrived
RATE, STEPS = 0.5, 10  # of the training in the viewer


def step() -> bytes:
    """The step in which tanh sends its gradient on, for the README's first expression."""
    a, b = Value(2.0), Value(-3.0)
    y = (a * b + 6.5).tanh()
    y.backward()
    return steps(y).frame(6).encode()


def flow() -> bytes:
    """A dead ReLU and a saturated tanh beside a path on which all is well."""
    x, w1, w2, w3 = Value(2.0), Value(-3.0), Value(4.0), Value(0.5)
    loss = ((w1 * x).relu() + (w2 * x).tanh() + w3 * x - 1.0) ** 2
    loss.backward()
    svg: bytes = draw_flow(loss, params=[w1, w2, w3]).pipe("svg")
    return svg


def net() -> bytes:
    """The README's network that has learnt XOR, at the example (0, 1)."""
    X, y = np.array([[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]]), np.array([[0.0], [1.0], [1.0], [0.0]])
    model = nn.Sequential(nn.Linear(2, 4, seed=0), nn.Tanh(), nn.Linear(4, 1, seed=1))
    fit(model, X, y, nn.bce_with_logits, optim.Adam(model.parameters(), lr=0.05), epochs=200, seed=0)
    svg: bytes = draw_net(model, X[1]).pipe("svg")
    return svg


def heat() -> bytes:
    """Gradients that vanish on their way back through layers of sigmoids."""
    return views.deep(nn.Sigmoid, epochs=20, seed=0).draw().pipe("svg")


def rolled() -> bytes:
    """The 65,814 values of micrograd's demo, where each multiplication and each addition is one of them."""
    cost, parameters = moons()
    cost.label = "cost"
    svg: bytes = draw_dot(cost, params=parameters, passes="forward", rankdir="TB").pipe("svg")
    return svg


def viewer() -> bytes:
    """The viewer: a neuron in training, in the step in which the second of two gradients arrives at z."""
    at, seen = dict(graph.WEIGHTS), {}
    for number in range(STEPS + 1):
        J = graph.both_passes(graph.neuron, at)
        seen[f"step {number}"] = snapshot(J, params=[graph.node(J, name) for name in at])
        at = {name: at[name] - RATE * graph.node(J, name).grad for name in at}
    with tempfile.TemporaryDirectory() as folder:
        page, shot = Path(folder, "viewer.html"), Path(folder, "viewer.png")
        weights = [graph.node(J, name) for name in at]
        save_html(J, page, snapshots=seen, params=weights, title="A neuron")
        photograph(page, shot)
        return smaller(shot.read_bytes())


def photograph(page: Path, shot: Path) -> None:
    """Open a page, set its sliders, choose z, and save what is seen."""
    from selenium import webdriver
    from selenium.webdriver.common.by import By
    from selenium.webdriver.support.wait import WebDriverWait

    options = webdriver.ChromeOptions()
    options.binary_location = browser()
    for flag in (*FLAGS, f"--window-size={WIDTH},{HEIGHT}"):
        options.add_argument(flag)
    driver = webdriver.Chrome(options, webdriver.ChromeService(shutil.which("chromedriver")))
    try:
        driver.get(page.as_uri())
        ready = "return document.documentElement.dataset.ready === 'yes'"
        WebDriverWait(driver, 20).until(lambda driver: driver.execute_script(ready))
        for slider, position in ("frame", 0), ("step", 13):
            driver.execute_script(
                "const slider = document.getElementById(arguments[0]); slider.value = arguments[1];"
                "slider.dispatchEvent(new Event('input', {bubbles: true}))",
                slider,
                position,
            )
        time.sleep(CALM)
        driver.find_element(By.XPATH, "//*[contains(@class, 'card')][*[text()='z']]").click()
        time.sleep(CALM)
        driver.save_screenshot(str(shot))
    finally:
        driver.quit()


def browser() -> str:
    """Where Chromium is; empty if it, its driver or selenium is missing."""
    found = next(filter(None, map(shutil.which, BROWSERS)), "")
    return found if shutil.which("chromedriver") and find_spec("selenium") else ""


PICTURES: dict[str, Callable[[], bytes]] = {
    "step.svg": step,
    "flow.svg": flow,
    "net.svg": net,
    "heat.svg": heat,
    "rolled.svg": rolled,
    "viewer.png": viewer,
}


def main() -> None:
    """Build the pictures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    names = [Path(file).stem for file in PICTURES]
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"one of {', '.join(names)}; default: all")
    parser.add_argument("--out", type=Path, default=DOCS, metavar="DIR", help="where they go; default: docs")
    options = parser.parse_args()
    if unknown := set(options.names) - set(names):
        parser.error(f"no picture is called {' or '.join(sorted(unknown))}; they are {', '.join(names)}")
    for file, build in PICTURES.items():
        if Path(file).stem not in (options.names or names):
            continue
        if build is viewer and not browser():
            print(f"{file:<20}left as it is: that needs Chromium, chromedriver and selenium")
            continue
        data = build()
        write_atomically(options.out / file, data)
        print(f"{file:<20}{len(data):>7,} bytes", flush=True)


if __name__ == "__main__":
    main()

"""A real browser for the tests of the viewer: Chromium without a window, driven by selenium."""

from __future__ import annotations

import json
import os
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

FLAGS = (
    "--headless=new --no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking "
    "--disable-component-update --disable-sync --window-size=1300,860 --force-device-scale-factor=1"
)
PATIENCE = 20.0
LOCAL = ("file:", "data:", "blob:", "about:", "chrome:", "devtools:")
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


class Browser:
    """A browser, and short words for what the tests do with it.

    Attributes
    ----------
    driver : selenium.webdriver.Chrome
        The browser itself.
    downloads : Path
        Where the files arrive that a page saves.
    """

    def __init__(self, driver: Any, downloads: Path) -> None:
        self.driver = driver
        self.downloads = downloads

    def open(self, path: Path | str, ready: bool = True) -> None:
        """Open a file and wait until its graph is there."""
        self.emulate(**{"prefers-color-scheme": "light", "prefers-reduced-motion": "no-preference"})
        self.driver.get(Path(path).as_uri())
        if ready:
            self.wait("document.documentElement.dataset.ready === 'yes'")
            self.wait("document.querySelector('canvas.surface, .card') !== null")

    def run(self, script: str, *arguments: Any) -> Any:
        """Run a script in the page and return what it returns."""
        return self.driver.execute_script(script, *arguments)

    def value(self, expression: str) -> Any:
        """Return the value of an expression in the page."""
        return self.run(f"return {expression}")

    def wait(self, expression: str) -> Any:
        """Wait until an expression is true in the page, and return its value."""
        end = time.monotonic() + PATIENCE
        while not (found := self.value(expression)):
            assert time.monotonic() < end, f"still not so after {PATIENCE} s: {expression}"
            time.sleep(0.02)
        return found

    def text(self, id: str) -> str:
        """Return the text of a part of the page."""
        found: str = self.value(f"document.getElementById({id!r}).innerText")
        return found.strip()

    def part(self, id: str) -> Any:
        """Return an element of the page."""
        return self.driver.find_element("id", id)

    def press(self, *keys: str) -> None:
        """Press keys where the focus is."""
        self.driver.switch_to.active_element.send_keys(*keys)

    def point(self, node: int, click: bool = False) -> None:
        """Move the mouse onto the card of a node, and click it."""
        from selenium.webdriver import ActionChains

        x, y = self.run(
            "const { camera, scene } = viewer, box = document.getElementById('graph').getBoundingClientRect();"
            "return [scene.x[arguments[0]] * camera.scale + camera.left + box.left,"
            " scene.y[arguments[0]] * camera.scale + camera.top + box.top]",
            node,
        )
        actions = ActionChains(self.driver)
        mouse: Any = actions.w3c_actions.pointer_action
        mouse.move_to_location(int(x), int(y))
        if click:
            mouse.click()
        actions.perform()

    def emulate(self, **features: str) -> None:
        """Let the system have other wishes, as ``prefers-color-scheme="dark"``."""
        wishes = [{"name": name, "value": value} for name, value in features.items()]
        self.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": wishes})

    def saved(self, ending: str) -> Path:
        """Wait for a file that the page saves."""
        end = time.monotonic() + PATIENCE
        while not (found := sorted(self.downloads.glob(f"*{ending}"))):
            assert time.monotonic() < end, f"no file *{ending} arrives; there are {list(self.downloads.iterdir())}"
            time.sleep(0.02)
        return found[0]

    def complaints(self) -> list[str]:
        """Return what the console has said since the last call: errors, refusals of the security policy, warnings."""
        return [entry["message"] for entry in self.driver.get_log("browser") if entry["level"] in ("SEVERE", "WARNING")]

    def requests(self) -> list[str]:
        """Return the addresses beyond this machine's files that pages have asked for since the last call."""
        events = [json.loads(entry["message"])["message"] for entry in self.driver.get_log("performance")]
        urls = [event["params"]["request"]["url"] for event in events if event["method"] == "Network.requestWillBeSent"]
        return [url for url in urls if not url.startswith(LOCAL)]


@contextmanager
def browser(folder: Path) -> Iterator[Browser]:
    """Start a browser; where there is none, skip the test, but fail it in the continuous integration."""
    program = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    driver_program = shutil.which("chromedriver")
    missing = [
        name for name, path in (("Chromium", program), ("chromedriver", driver_program)) if path is None
    ] + _no_selenium()
    if missing or program is None or driver_program is None:
        words = f"the viewer is tested in a browser, and there is no {' and no '.join(missing)}"
        if os.environ.get("CI") == "true":
            pytest.fail(words)
        pytest.skip(words)
    downloads = folder / "downloads"
    downloads.mkdir()
    driver = _start(program, driver_program, folder / "profile", downloads)
    try:
        yield Browser(driver, downloads)
    finally:
        driver.quit()


def _no_selenium() -> list[str]:
    try:
        import selenium  # noqa: F401 - asked for only to see whether it is there
    except ImportError:
        return ["selenium"]
    return []


def _start(program: str, driver_program: str, profile: Path, downloads: Path) -> Any:
    from selenium.webdriver import Chrome, ChromeOptions
    from selenium.webdriver.chrome.service import Service

    options = ChromeOptions()
    options.binary_location = program
    for flag in [*FLAGS.split(), f"--user-data-dir={profile}"]:
        options.add_argument(flag)
    options.add_experimental_option("prefs", {"download.default_directory": str(downloads)})
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    driver = Chrome(options=options, service=Service(driver_program))
    driver.set_script_timeout(PATIENCE)
    return driver

"""The viewer's page as a file: what is in it, how large it is, and what is refused."""

from __future__ import annotations

import base64
import hashlib
import html
import os
import re
import shutil
import subprocess
from collections import Counter
from importlib.resources import files
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import viz.viewer.html
import viz.viewer.layout
from autograd_lite import Value
from tests.viz.helpers import Run, seconds, takes_at_most
from tests.viz.viewer.conftest import Page
from tests.viz.viewer.helpers import data_of, tanh_of_product, write_wide
from viz.graphs.snapshot import snapshot
from viz.viewer.data import pack
from viz.viewer.html import Viewer, save_html, script_text, show_html, style_text, viewer_html

MODULES = sorted(path.name for path in files("viz.viewer").joinpath("page").iterdir() if path.name.endswith(".js"))
LIMIT = 100_000  # bytes beyond the data


# --- the page ------------------------------------------------------------------------------------------------------


def test_the_page_without_its_data_is_below_100_kb() -> None:
    page = viewer_html(snapshot(tanh_of_product()))
    assert len(page.encode()) - len(pack(data_of(page))) < LIMIT


def test_the_same_graph_gives_the_same_bytes(python: Run) -> None:
    program = (
        "from autograd_lite import Value\nfrom viz import snapshot\nfrom viz.viewer.html import viewer_html\n"
        "import hashlib\na, b = Value(2.0, label='a'), Value(3.0)\ny = (a * b + a).tanh() / b\ny.backward()\n"
        "print(hashlib.sha256(viewer_html(snapshot(y)).encode()).hexdigest())"
    )
    first, second = python(program), python(program)
    assert first.stderr == ""
    assert first.stdout == second.stdout != ""


def test_the_policy_lets_only_our_script_and_style_in() -> None:
    page = viewer_html(snapshot(tanh_of_product()))
    policy = re.search(r'http-equiv="Content-Security-Policy" content="([^"]*)"', page)
    assert policy is not None
    for kind, text in (("script-src", script_text()), ("style-src", style_text())):
        digest = base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
        assert f"{kind} 'sha256-{digest}'" in policy[1]
        assert text in page
    assert "default-src 'none'" in policy[1]
    assert "connect-src 'none'" in policy[1]
    assert "unsafe" not in policy[1]


def test_the_page_names_no_address() -> None:
    addresses = set(re.findall(r"https?://[\w./]+", viewer_html(snapshot(tanh_of_product()))))
    assert addresses <= {"http://www.w3.org/2000/svg", "http://www.w3.org/XML/1998/namespace"}  # names, never fetched


def test_the_light_colours_are_those_of_all_pictures() -> None:
    assert "--forward: #0B5CAD;" in style_text()
    assert "--parameter-outline: #8A5A00;" in style_text()


def luminance(colour: str) -> float:
    """The relative luminance of WCAG."""
    parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [x / 12.92 if x <= 0.04045 else ((x + 0.055) / 1.055) ** 2.4 for x in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_texts_stand_out_from_their_grounds(theme: str) -> None:
    rules = re.findall(r"(:root[^{]*)\{([^}]*)\}", style_text())
    colours: dict[str, str] = {}
    for selector, body in rules:
        if "dark" not in selector or theme == "dark":
            colours |= dict(re.findall(r"--([\w-]+): (#[0-9a-fA-F]{6});", body))
    grounds = ["ground", "panel", *(f"{role}-fill" for role in ("input", "parameter", "operation", "constant"))]
    for text in ("ink", "muted", "forward", "backward", "odd-text"):
        for ground in grounds:
            low, high = sorted(luminance(colours[name]) for name in (text, ground))
            assert (high + 0.05) / (low + 0.05) >= 4.5, (text, ground)
    for line in ("line", "input-outline", "parameter-outline", "operation-outline", "constant-outline"):
        low, high = sorted(luminance(colours[name]) for name in (line, "ground"))
        assert (high + 0.05) / (low + 0.05) >= 3, line


@given(st.text(max_size=30), st.text(max_size=30))
def test_no_text_gets_out_of_the_data(label: str, title: str) -> None:
    y = Value(1.0, label=label) * 2.0
    page = viewer_html(snapshot(y), title=title)
    assert page.count("<script") == page.count("</script") == 2
    assert label in data_of(page)["names"].values() or not label.strip() or data_of(page)["names"] == {}


# --- saving and showing --------------------------------------------------------------------------------------------


def test_save_html_names_values_by_the_callers_variables(tmp_path: Path) -> None:
    a, b = Value(2.0), Value(-3.0)
    area = a * b
    path = save_html(area, tmp_path / "new folder" / "page.html")
    assert path == os.fspath(tmp_path / "new folder" / "page.html")
    data = data_of(Path(path).read_text(encoding="utf-8"))
    assert list(data["names"].values()) == ["a", "b", "area"]
    assert data["title"] == "The graph of area"


def test_a_page_that_cannot_be_written_says_where(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(OSError, match=re.escape(str(tmp_path / "file" / "page.html"))):
        save_html(Value(1.0), tmp_path / "file" / "page.html")


def test_what_is_no_value_is_refused(tmp_path: Path) -> None:
    with pytest.raises(TypeError, match="the root is 3"):
        save_html(3, tmp_path / "page.html")  # type: ignore[arg-type]
    assert not (tmp_path / "page.html").exists()


def test_snapshots_must_be_of_the_same_graph() -> None:
    graph = snapshot(tanh_of_product())
    with pytest.raises(ValueError, match=r"snapshot 2 of 2 is of another graph"):
        viewer_html(graph, snapshots=[graph, snapshot(tanh_of_product() * 2.0)])
    with pytest.raises(TypeError, match="of type Value"):
        viewer_html(graph, snapshots=[tanh_of_product()])  # type: ignore[list-item]
    with pytest.raises(ValueError, match="snapshots is empty"):
        viewer_html(graph, snapshots=[])


def test_snapshots_keep_their_names_and_numbers() -> None:
    a = Value(1.0, label="a")
    first = snapshot(a * 2.0)
    a.data = 5.0
    second = snapshot(a * 2.0)
    data = data_of(viewer_html(first, snapshots={"before": first, "after": second}))
    assert [(frame["label"], frame["values"]) for frame in data["frames"]] == [("before", "1,2,2"), ("after", "5,2,10")]


def test_a_notebook_shows_a_sandboxed_frame() -> None:
    y = tanh_of_product()
    viewer = show_html(y, title='"quoted" & <odd>', height=300)
    frame = viewer._repr_html_()
    assert isinstance(viewer, Viewer)
    assert 'sandbox="allow-scripts allow-downloads"' in frame
    assert 'height="300"' in frame
    source = re.search(r'srcdoc="([^"]*)"', frame)
    assert source is not None
    assert html.unescape(source[1]) == viewer.page
    assert data_of(viewer.page)["names"]["3"] == "y"
    assert "notebook" in repr(viewer)


# --- the script ----------------------------------------------------------------------------------------------------


def test_no_two_modules_define_the_same_name() -> None:
    """The bundle puts them in one scope."""
    defined = re.compile(
        r"^(?:export )?(?:async )?(?:const|let|class|function) (?:\[([^\]]*)\]|\{([^}]*)\}|(\w+))", re.M
    )
    names = Counter(
        name.strip()
        for module in MODULES
        for found in defined.findall(files("viz.viewer").joinpath("page", module).read_text(encoding="utf-8"))
        for name in "".join(found).split(",")
    )
    assert names["Painter"] == names["main"] + 1 == 1
    assert [name for name, count in names.items() if count > 1] == []


def test_all_modules_are_in_the_script_after_those_they_import() -> None:
    script = script_text()
    assert not re.search(r"^(import|export) ", script, re.M)
    assert not re.search(r"^\s*(/\*\*|//)", script, re.M)
    places = {}
    for module in MODULES:
        source = files("viz.viewer").joinpath("page", module).read_text(encoding="utf-8")
        first = re.search(r"^(?:export )?((?:async )?(?:class|function) \w+)", source, re.M)
        assert first is not None, module
        found = [match.start() for match in re.finditer(rf"^{first[1]}\b", script, re.M)]
        assert len(found) == 1, module
        places[module] = found[0]
    for module in MODULES:
        source = files("viz.viewer").joinpath("page", module).read_text(encoding="utf-8")
        for imported in re.findall(r'from "\./(\w+\.js)"', source):
            assert places[imported] < places[module]


def test_modules_that_import_each_other_are_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    sources = {"main.js": 'import { a } from "./a.js";\n', "a.js": 'import { b } from "./main.js";\n'}
    monkeypatch.setattr(viz.viewer.html, "_source", sources.__getitem__)
    with pytest.raises(ValueError, match="in a circle: main -> a -> main"):
        script_text.__wrapped__()


@pytest.mark.skipif(shutil.which("node") is None, reason="there is no node to check the script's grammar")
def test_node_finds_no_fault_in_the_script(tmp_path: Path) -> None:
    (tmp_path / "viewer.js").write_text(script_text(), encoding="utf-8")
    done = subprocess.run(["node", "--check", str(tmp_path / "viewer.js")], capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stderr) == (0, "")


# --- size ----------------------------------------------------------------------------------------------------------


@pytest.mark.no_cover  # others run the same lines, and coverage takes its time
def test_100_000_values_are_six_megabytes_at_most_and_time_grows_in_proportion(large: Page, tmp_path: Path) -> None:
    again = tmp_path / "again.html"
    pages = (lambda: write_wide(again, rows=200), lambda: write_wide(again, rows=20))
    assert large.seconds < 40 * seconds(pages[1]) or takes_at_most(40, *pages)
    assert len(data_of(large.path.read_text())["roles"]) >= 100_000
    assert large.path.stat().st_size < 6e6


@pytest.mark.no_cover  # others run the same lines, and coverage takes its time
def test_a_chain_of_100_000_needs_no_recursion(tmp_path: Path) -> None:
    x = Value(0.5)
    for _ in range(100_000):
        x = -x
    x.backward()
    assert Path(save_html(x, tmp_path / "chain.html", names={})).stat().st_size < 6e6

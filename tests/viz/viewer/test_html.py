"""The viewer's page as a file: what is in it, how large it is, and what is refused."""

from __future__ import annotations

import base64
import hashlib
import html
import json
import os
import re
import shutil
import subprocess
import time
import zlib
from collections import Counter
from importlib.resources import files
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import viz.viewer.html
import viz.viewer.layout
from autograd_lite import Value, nn, record_origins
from tests.viz.helpers import Run
from viz.graphs.rolling import roll
from viz.graphs.snapshot import snapshot
from viz.layout.layout import LayoutError
from viz.replay.steps import steps
from viz.viewer.data import WRITTEN_UP_TO, pack
from viz.viewer.html import Viewer, save_html, script_text, show_html, style_text, viewer_html
from viz.words.expression import local_derivative

MODULES = sorted(path.name for path in files("viz.viewer").joinpath("page").iterdir() if path.name.endswith(".js"))
LIMIT = 100_000  # bytes beyond the data


def data_of(page: str) -> dict[str, Any]:
    """What the page knows of the graph."""
    found = re.search(r'<script id="data" type="text/plain">([A-Za-z0-9+/=]*)</script>', page)
    assert found is not None
    data: dict[str, Any] = json.loads(zlib.decompress(base64.b64decode(found[1])))
    return data


def tanh_of_product() -> Value:
    """tanh(a * b), after its backward pass."""
    a, b = Value(2.0, label="a"), Value(-3.0, label="b")
    y = (a * b).tanh()
    y.backward()
    return y


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


# --- the data ------------------------------------------------------------------------------------------------------


def test_numbers_keep_seven_digits_and_what_json_does_not_know() -> None:
    values = [1e-300, -1.23456789e200, float("nan"), float("inf"), -float("inf"), 0.1]
    y = Value(values[0], label="v0")
    for i, x in enumerate(values[1:]):
        y = y + Value(x, label=f"v{i + 1}_")
    data = data_of(viewer_html(snapshot(y)))
    found = data["frames"][0]["values"].split(",")
    assert {"1e-300", "-1.234568e+200", "nan", "inf", "-inf", "0.1"} <= set(found)
    assert set(data["frames"][0]["gradients"].split(",")) == {""}  # not computed, and never 0


def test_the_structure_comes_back() -> None:
    graph = snapshot(tanh_of_product() * 2.0 + 1.0)
    data = data_of(viewer_html(graph))
    owners = np.repeat(np.arange(len(graph)), [int(n) for n in data["arity"].split(",")])
    assert (owners - [int(k) for k in data["sources"].split(",")] == graph.sources).all()
    ops = ["" if k == "" else data["table"][int(k)]["name"] for k in data["ops"].split(",")]
    assert ops == [node.operation for node in graph]
    assert data["roots"] == list(graph.roots)


def test_modules_and_lines_are_told_where_they_are_known() -> None:
    model = nn.MLP(2, [2, 1])
    with record_origins():
        y = model([Value(1.0), Value(2.0)])
    graph = snapshot(y, params=model)
    data = data_of(viewer_html(graph))
    lines = {node.id: node.line for node in graph if node.line}
    paths = {node.id: node.path for node in graph if node.path}
    assert lines
    assert paths
    for column, expected in ((data["lines"], lines), (data["paths"], paths)):
        nodes = np.cumsum([int(step) for step in column["nodes"].split(",")]).tolist()
        which = [int(k) for k in column["which"].split(",")]
        assert {i: column["texts"][k] for i, k in zip(nodes, which, strict=True)} == expected


def test_a_small_graph_is_laid_out_by_dot_and_a_larger_one_by_ranks() -> None:
    y = tanh_of_product()
    assert data_of(viewer_html(snapshot(y)))["layout"] == "dot"
    for _ in range(200):
        y = y * 1.01
    y.backward()
    data = data_of(viewer_html(snapshot(y)))
    assert data["layout"] == "ranks"
    assert len(data["x"].split(",")) == len(snapshot(y))


def recurrence(steps: int) -> Value:
    """Steps of a recurrence: w, u and b are used in each."""
    w, u, b, h = (Value(0.5, label=label) for label in "wubh")
    for step in range(steps):
        h = (w * h + u * float(step) + b).tanh()
    h.backward()
    return h


def test_a_leaf_that_is_used_often_has_a_card_at_each_use() -> None:
    graph = snapshot(recurrence(5))
    data = data_of(viewer_html(graph))
    assert data["layout"] == "dot"
    assert data["notes"] == ["w, u, b are drawn at each of their uses"]
    shown_at = Counter(graph.title(int(graph.sources[slot])) for slot in data["copies"])
    assert shown_at == {"w": 4, "u": 4, "b": 4}  # beside the first
    x, y = ([int(v) for v in data[axis].split(",")] for axis in "xy")
    assert len(x) == len(y) == len(data["widths"]) == len(graph) + 12
    assert len(set(zip(x, y, strict=True))) == len(x)
    for k, slot in enumerate(data["copies"]):  # each stands before the value that uses it
        owner = int(np.searchsorted(graph.offsets, slot, side="right")) - 1
        assert x[len(graph) + k] < x[owner]


def test_a_root_that_is_also_used_often_keeps_a_card_of_its_own() -> None:
    w = Value(0.5, label="w")
    h = w
    for _ in range(6):
        h = (w * h).tanh()
    graph = snapshot([h, w])
    data = data_of(viewer_html(graph))
    assert len(data["copies"]) == 7
    assert len(data["x"].split(",")) == len(graph) + 7


def test_what_dot_would_take_too_long_for_or_draw_too_long_is_laid_out_by_ranks() -> None:
    assert data_of(viewer_html(snapshot(recurrence(50))))["layout"] == "ranks"  # one line, 50 steps long
    row = first = [Value(float(i)).tanh() for i in range(40)]
    for k in range(6):
        row = [x * first[(7 * i + k) % 40] for i, x in enumerate(row)]
    assert data_of(viewer_html(snapshot(row)))["layout"] == "ranks"  # 500 bends


def test_there_is_no_room_for_labels_that_nobody_sees() -> None:
    y = Value(2.0, label="a") * Value(3.0, label="b")
    forward, backward, labels = data_of(viewer_html(snapshot(y)))["curves"]
    assert (len(forward), backward, labels) == (2, {}, {})
    y.backward()
    forward, backward, labels = data_of(viewer_html(snapshot(y)))["curves"]
    assert (len(forward), len(backward), len(labels)) == (2, 2, 2)


def test_the_text_of_steps_and_arrows_is_python_s() -> None:
    y = tanh_of_product()
    graph = snapshot(y)
    frame = data_of(viewer_html(graph))["frames"][0]
    assert frame["steps"] == ["\n".join(step.lines) for step in steps(y, names={})]
    assert frame["labels"] == [local_derivative(graph, node, k) for node in graph for k in range(len(node.slots))]


def test_the_steps_of_array_operations_need_the_values_themselves(tmp_path: Path) -> None:
    W = Value(np.ones((2, 2)), label="W")
    J = (W @ W).sum()
    J.backward()
    assert "steps" not in data_of(viewer_html(snapshot(J)))["frames"][0]
    page = Path(save_html(J, tmp_path / "page.html", names={})).read_text()
    assert data_of(page)["frames"][0]["steps"] == ["\n".join(step.lines) for step in steps(J, names={})]
    assert "steps" in data_of(viewer_html(snapshot((W * 2.0).sum())))["frames"][0]  # no backward pass: nothing to ask


def test_a_large_page_composes_its_texts_by_itself() -> None:
    x = Value(0.5)
    for _ in range(WRITTEN_UP_TO):
        x = x.tanh()
    data = data_of(viewer_html(snapshot(x)))
    assert not {"steps", "labels"} & set(data["frames"][0])
    assert data["texts"] == {}
    assert data["expressions"] is None


def test_without_graphviz_the_ranks_serve(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: Any) -> bytes:
        raise LayoutError("there is no Graphviz")

    monkeypatch.setattr(viz.viewer.layout, "lay_out", broken)
    assert data_of(viewer_html(snapshot(tanh_of_product())))["layout"] == "ranks"


def test_cards_do_not_overlap_in_dots_layout() -> None:
    y = tanh_of_product() * Value(np.arange(12.0).reshape(3, 4), label="a long name for an array of numbers")
    data = data_of(viewer_html(snapshot(y.sum())))
    x, y_ = ([int(v) for v in data[axis].split(",")] for axis in "xy")
    for i, wide in enumerate(data["widths"]):
        for k in range(i):
            apart = abs(x[i] - x[k]) >= (wide + data["widths"][k]) / 2 or abs(y_[i] - y_[k]) >= 40
            assert apart, (i, k)


def test_a_rolled_graph_is_shown_as_well() -> None:
    xs = [Value(float(i)) for i in range(40)]
    y = xs[0].tanh()
    for x in xs[1:]:
        y = y + x.tanh()
    y.backward()
    rolled = roll(snapshot(y))
    data = data_of(viewer_html(rolled))
    assert len(data["roles"]) == len(rolled) < 40
    assert data["notes"] == list(rolled.notes)


def test_too_many_values_are_rolled_unless_all_are_wanted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(viz.viewer.html, "ROLLED_ABOVE", 50)
    x = Value(0.5)
    for _ in range(60):
        x = x.tanh()
    graph = snapshot(x)
    assert len(data_of(viewer_html(graph))["roles"]) < 20
    assert len(data_of(viewer_html(graph, full=True))["roles"]) == 61


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


def test_100_000_values_are_written_in_ten_seconds_and_six_megabytes(tmp_path: Path) -> None:
    start = time.perf_counter()
    rng = np.random.default_rng(0)
    row = [Value(x) for x in rng.normal(size=250).tolist()]
    for k in range(1, 200):
        row = [x + 0.5 * row[(i + k) % 250] if i % 2 else x - row[(i * k + 1) % 250].tanh() for i, x in enumerate(row)]
    y = sum(row[1:], row[0]) * 1e-9
    y.backward()
    path = Path(save_html(y, tmp_path / "large.html", names={}))
    seconds = time.perf_counter() - start
    assert len(data_of(path.read_text())["roles"]) >= 100_000
    assert path.stat().st_size < 6e6
    assert seconds < 10


def test_a_chain_of_100_000_needs_no_recursion(tmp_path: Path) -> None:
    x = Value(0.5)
    for _ in range(100_000):
        x = -x
    x.backward()
    assert Path(save_html(x, tmp_path / "chain.html", names={})).stat().st_size < 6e6

"""The heat maps of the recorder of gradients."""

from __future__ import annotations

import math
import sys
import types
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import matplotlib
import numpy as np
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.patches import PathPatch
from matplotlib.text import Text

import viz.pictures.rendering
from autograd_lite import Value, nn
from tests.viz.flow.helpers import by_hand, trained
from viz.flow.heat_axes import DECADES, bar, maps_of, rows_to_name
from viz.flow.recorder import GradientFlow


def test_each_format_is_written_by_its_ending(vanishing: GradientFlow, tmp_path: Path) -> None:
    picture = vanishing.draw()
    for ending, magic in ((".svg", b"<?xml"), (".png", b"\x89PNG"), (".PDF", b"%PDF")):
        path = tmp_path / "new" / f"flow{ending}"
        assert picture.save(path) == path
        assert path.read_bytes().startswith(magic)
    assert len(list((tmp_path / "new").iterdir())) == 3


@pytest.mark.parametrize("name", ["flow.gif", "flow", "svg"])
def test_another_ending_is_refused(vanishing: GradientFlow, tmp_path: Path, name: str) -> None:
    with pytest.raises(ValueError, match=r"the endings are \.svg, \.png, \.pdf"):
        vanishing.draw().save(tmp_path / name)
    assert not list(tmp_path.iterdir())
    with pytest.raises(ValueError, match=r"unknown format 'gif'; the formats are svg, png, pdf"):
        vanishing.draw().pipe("gif")


def test_a_failure_leaves_the_old_file(
    vanishing: GradientFlow, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    old = tmp_path / "flow.svg"
    old.write_text("old")

    def full(source: object, target: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(viz.pictures.rendering.os, "replace", full)
    with pytest.raises(OSError, match="No space left"):
        vanishing.draw().save(old)
    assert old.read_text() == "old"


@pytest.mark.no_cover  # others run the same lines, and coverage takes its time
@pytest.mark.parametrize("format", ["svg", "png", "pdf"])
def test_the_same_run_gives_the_same_bytes(everything: GradientFlow, format: str) -> None:
    first = everything.draw().pipe(format)
    with matplotlib.rc_context({"font.size": 30, "axes.facecolor": "black", "svg.fonttype": "path"}):
        assert everything.draw().pipe(format) == first
        assert matplotlib.rcParams["font.size"] == 30  # the user's settings are back


def test_no_global_state_of_pyplot(python: Callable[..., Any]) -> None:
    ran = python(
        "import sys\n"
        "from autograd_lite import Value\n"
        "from viz.flow.recorder import GradientFlow\n"
        "w = Value(1.0); w.grad = 2.0\n"
        "flow = GradientFlow({'w': w}); flow.record(); repr(flow)\n"
        "assert 'matplotlib' not in sys.modules\n"
        "assert flow.draw().pipe('svg')\n"
        "assert 'matplotlib.pyplot' not in sys.modules\n"
    )
    assert ran.returncode == 0, ran.stderr


def test_without_matplotlib_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    flow = by_hand([[1.0]])
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    with pytest.raises(ImportError, match=r"needs matplotlib, .*pip install 'autograd_lite\[demos\]'"):
        flow.draw()
    bundle = flow._repr_mimebundle_()
    assert set(bundle) == {"text/plain"}
    assert "pip install" in bundle["text/plain"]
    assert "median" in bundle["text/plain"]


def words_of(flow: GradientFlow) -> list[str]:
    """All the text of the picture, in SVG."""
    svg = ElementTree.fromstring(flow.draw().pipe("svg"))
    return ["".join(text.itertext()).strip() for text in svg.iter("{http://www.w3.org/2000/svg}text")]


def test_the_picture_says_what_it_shows(vanishing: GradientFlow) -> None:
    words = words_of(vanishing)
    text = "\n".join(words)
    assert words.count("input → output") == 2
    assert words.count("[0]  Linear(4, 16)") == 2
    assert "Vanishing: the first layer's gradient is 1/" in text
    assert "root mean square over the layer's n numbers: rms(g) = √(Σ g² ÷ n)" in text
    assert "about 10⁻³ (0.001) is usual" in text
    assert "10⁻³" in words
    assert "step" in words
    assert sum(word.startswith("vanishing: 1/") for word in words) == text.count("vanishing: 1/") > 0
    assert "exactly 0" not in text
    assert "nan" not in text


def test_what_has_no_colour_is_explained(everything: GradientFlow) -> None:
    words = words_of(everything)
    assert {"exactly 0", "nan or inf", "gradient not computed", "no ratio: the data were all 0"} <= set(words)
    assert {"nan", "nan from step 11", "inf from step 20", "zero", "not computed"} <= set(words)


def test_everything_is_inside_the_picture_and_nothing_overlaps(
    vanishing: GradientFlow, everything: GradientFlow
) -> None:
    long = by_hand([[10.0 ** -(12 * i)] * 30 for i in reversed(range(3))], limit=8, updates=1e-9)
    wide = GradientFlow({"W" * 80: Value(1.0), "a": (b := Value(1.0))})
    b.grad = 1.0
    wide.record()
    flows = vanishing, everything, long, wide, by_hand([[1.0]]), trained(nn.MLP(4, [3, 3, 1], scalars=False, seed=0))
    for flow in flows:
        figure = flow.draw().figure
        boxes = drawn_texts(figure)
        assert len(boxes) > 15
        for i, (text, box) in enumerate(boxes):
            assert box.x0 >= 0 <= box.y0, text
            assert box.x1 <= figure.bbox.width, text
            assert box.y1 <= figure.bbox.height, text
            for other, there in boxes[:i]:
                assert not box.padded(-1).overlaps(there.padded(-1)), (text, other)


def drawn_texts(figure: Figure) -> list[tuple[str, Any]]:
    """The texts that are drawn, with their boxes, in pixels; badges with their ground."""
    drawn: list[Text] = []
    draw = Text.draw
    canvas = FigureCanvasAgg(figure)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Text, "draw", lambda text, *args: drawn.append(text) or draw(text, *args))
        canvas.draw()
    shown = [text for text in drawn if text.get_visible() and text.get_text().strip()]
    return [(t.get_text(), (t.get_bbox_patch() or t).get_window_extent(canvas.get_renderer())) for t in shown]


def test_colours_of_sizes() -> None:
    gradient, ratio = maps_of(by_hand([[1e-5, 1e-3], [2e-3, 0.09]], updates=0.05)._flow())
    assert (gradient.low, gradient.high) == (-5, -1)
    assert ratio.low + ratio.high == pytest.approx(2 * -3)  # symmetric about 10⁻³
    assert ratio.high >= math.log10(0.05)


def test_a_scale_of_too_many_decades_is_clipped_and_says_so() -> None:
    gradient, _ = maps_of(by_hand([[1e-30, 1.0, 2.0, 3.0, 1e30]])._flow())
    assert gradient.high - gradient.low == DECADES
    assert gradient.low < 0 < gradient.high  # around what is typical
    figure = Figure()
    axes = figure.add_subplot()
    bar(axes, gradient)
    assert len(axes.get_yticklabels()) <= DECADES
    outline = axes.spines["outline"].get_path()
    assert outline.vertices[:, 1].max() > 1 + 1e-9  # the arrows
    assert outline.vertices[:, 1].min() < -1e-9


def test_states_differ_by_pattern_not_only_by_colour(everything: GradientFlow) -> None:
    gradient_axes = everything.draw().figure.axes[0]
    hatches = {patch.get_hatch() for patch in gradient_axes.patches if isinstance(patch, PathPatch)}
    assert len(hatches - {None}) == 3


def test_steps_are_counted_in_round_numbers() -> None:
    _, _, axes, _ = by_hand([[1.0] * 60]).draw().figure.axes
    low, high = axes.get_xlim()
    assert [x for x in axes.get_xticks() if low < x < high] == [10, 20, 30, 40, 50, 60]


def test_the_input_is_at_the_top_and_time_runs_to_the_right() -> None:
    flow = by_hand([[1e-4, 1e-4, 1e-4], [1e-4, 1e-4, 0.9]])
    axes = flow.draw().figure.axes[0]
    assert axes.get_ylim() == (2, 0)
    assert axes.get_xlim() == (0.5, 3.5)
    colours = np.asarray(axes.collections[0].get_array())
    dark, bright = colours[0, 0], colours[1, 2]
    assert bright[:2].sum() > 1 > dark[:2].sum()  # viridis ends in yellow
    assert (colours[0] == dark).all()
    assert (colours[1, :2] == dark).all()


@pytest.mark.no_cover  # others run the same lines, and coverage takes its time
@pytest.mark.parametrize("rows", [1, 25, 60, 400])
def test_many_rows_stay_legible(rows: int) -> None:
    flow = by_hand([[10.0 ** (i == rows - 7)] * 2 if i else [1e-3, 1e-3] for i in range(rows)])
    figure = flow.draw().figure
    assert figure.get_figheight() < 11
    assert ("there are too many layers to name them all" in words_of(flow)) == (rows > 24)


def test_rows_with_words_are_named_first() -> None:
    words = tuple("zero" if i in (5, 50) else "" for i in range(60))
    named = rows_to_name(words, every=4)
    assert {5, 50} <= set(named)
    assert np.diff(named).min() >= 4


@pytest.mark.no_cover  # others run the same lines, and coverage takes its time
@pytest.mark.parametrize(
    "name",
    ["<b>&\"'", "$x^{$", "a\nb", "😀 層", "x" * 500, "</script>", "\x00\ud800", "", "{}|\\N", "--", "a.b", "w[0]"],
)
def test_any_name_can_be_drawn(name: str) -> None:
    w, b = Value(1.0), Value(1.0)
    w.grad = b.grad = 1.0
    flow = GradientFlow({name: w, "b": b})
    flow.record()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for format in ("svg", "png", "pdf"):
            assert flow.draw().pipe(format)
    ElementTree.fromstring(flow.draw().pipe("svg"))
    assert len(repr(flow)) < 1000


def test_a_notebook_gets_svg_and_text(vanishing: GradientFlow, monkeypatch: pytest.MonkeyPatch) -> None:
    bundle = vanishing._repr_mimebundle_()
    assert bundle["image/svg+xml"].startswith("<?xml")
    assert bundle["text/plain"] == repr(vanishing) == repr(vanishing.draw())
    assert set(vanishing._repr_mimebundle_(include=["image/svg+xml"])) == {"image/svg+xml"}
    assert set(vanishing._repr_mimebundle_(exclude=["image/svg+xml"])) == {"text/plain"}
    for active, kinds in (("text/plain", {"text/plain"}), ("image/png", {"text/plain", "image/png"})):
        shell = types.SimpleNamespace(display_formatter=types.SimpleNamespace(active_types=[active]))
        ipython = types.SimpleNamespace(get_ipython=lambda shell=shell: shell)
        monkeypatch.setitem(sys.modules, "IPython", ipython)  # type: ignore[arg-type]
        assert set(vanishing._repr_mimebundle_()) == kinds

"""The recorder of gradients and updates over a training run: its numbers, its words and its heat maps."""

from __future__ import annotations

import io
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
from hypothesis import given
from hypothesis import strategies as st
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.patches import PathPatch
from matplotlib.text import Text
from numpy.testing import assert_allclose

import viz.pictures.rendering
from autograd_lite import Value, nn, optim
from autograd_lite.nn.init import normal
from autograd_lite.training import fit
from viz.flow.heat_axes import DECADES, bar, maps_of, rows_to_name
from viz.flow.recorder import GradientFlow, _rms

X = np.random.default_rng(0).normal(size=(48, 4))
Y = np.sin(X[:, :1]) * X[:, 1:2]


def network(activation: Callable[[], nn.Module], depth: int = 6, width: int = 16, init: Any = None) -> nn.Sequential:
    sizes = [4, *[width] * (depth - 1), 1]
    parts: list[nn.Module] = []
    for i in range(depth):
        parts += [nn.Linear(sizes[i], sizes[i + 1], init=init, seed=i), activation()]
    return nn.Sequential(*parts[:-1])


def trained(model: nn.Module, lr: float = 0.05, epochs: int = 4, **options: Any) -> GradientFlow:
    flow = GradientFlow(model, **options)
    optimizer = optim.SGD(model.parameters(), lr=lr)
    fit(model, X, Y, nn.mse, optimizer, epochs=epochs, batch_size=12, seed=0, callbacks=[flow], progress=False)
    return flow


def by_hand(gradients: list[list[Any]], updates: Any = 1e-3, **options: Any) -> GradientFlow:
    """A row for each list: its gradients step by step, None for no gradient; each step moves all by `updates`."""
    values = {f"layer{i}": Value(1.0) for i in range(len(gradients))}
    flow = GradientFlow(values, **options)
    for step in zip(*gradients, strict=True):
        for value, gradient in zip(values.values(), step, strict=True):
            value.grad = gradient
            value.data = value.data * (1 - updates)
        flow.record()
    return flow


@pytest.fixture(scope="module")
def vanishing() -> GradientFlow:
    return trained(network(nn.Sigmoid))


@pytest.fixture(scope="module")
def everything() -> GradientFlow:
    """All that can be in a picture: nan, inf, zeros, what was not computed, and what starts at 0."""
    weights = {name: Value(1.0) for name in ("a", "b", "c", "d")} | {"e": Value(0.0)}
    flow = GradientFlow(weights)
    for step in range(1, 21):
        gradients = [math.nan if step > 10 else 1.0, math.inf if step == 20 else 1e-7, 0.0, None, 1e-3]
        for value, gradient in zip(weights.values(), gradients, strict=True):
            value.grad = gradient
            value.data = value.data + 1e-3 * (gradient is not None and 0 < gradient < 10)
        flow.record()
    return flow


# --- the numbers ---------------------------------------------------------------------------------------------------


def test_the_sizes_are_those_of_numpy() -> None:
    model = nn.Sequential(nn.Linear(4, 3, seed=0), nn.Tanh(), nn.Linear(3, 1, seed=1))
    flow = GradientFlow(model)
    optimizer = optim.Adam(model.parameters(), lr=0.01)
    for _ in range(3):
        before = [np.concatenate([model[i].weight.data.ravel(), model[i].bias.data]) for i in (0, 2)]
        optimizer.zero_grad()
        nn.mse(model(X), Y).backward()
        optimizer.step()
        flow.record()
    after = [np.concatenate([model[i].weight.data.ravel(), model[i].bias.data]) for i in (0, 2)]
    gradients = [np.concatenate([model[i].weight.grad.ravel(), model[i].bias.grad]) for i in (0, 2)]
    table = flow.table()
    assert table["layers"] == ("[0]", "[2]")
    assert table["sizes"] == (15, 4)
    assert table["steps"].tolist() == [1, 2, 3]
    assert_allclose(table["gradient"][:, -1], [np.sqrt(np.mean(g**2)) for g in gradients])
    moved = [np.linalg.norm(a - b) / np.linalg.norm(b) for a, b in zip(after, before, strict=True)]
    assert_allclose(table["ratio"][:, -1], moved)
    assert not table["odd"].any()
    assert table["computed"].all()


def test_the_first_update_counts_from_when_the_recorder_was_made() -> None:
    w = Value(4.0)
    flow = GradientFlow({"w": w})
    w.data, w.grad = 3.0, 1.0
    flow.record()
    assert flow.table()["ratio"].tolist() == [[0.25]]


def test_scalars_and_arrays_give_the_same_numbers_and_rows() -> None:
    tables = []
    for scalars in (False, True):
        model = nn.MLP(4, [3, 2, 1], activation="tanh", scalars=False, seed=0)
        if scalars:
            model.to_scalars()
        tables.append(trained(model, epochs=1).table())
    arrays, cells = tables
    assert arrays["layers"] == cells["layers"] == ("layers[0].linear", "layers[1].linear", "layers[2].linear")
    assert arrays["sizes"] == cells["sizes"] == (15, 8, 3)
    for name in ("gradient", "ratio"):
        assert_allclose(cells[name], arrays[name], rtol=1e-9)


def test_by_parameter_each_array_is_a_row_of_scalars_too() -> None:
    model = nn.MLP(4, [3, 1], seed=0)
    flow = trained(model, epochs=1, by="parameter")
    linear = [f"layers[{i}].linear.{name}" for i in (0, 1) for name in ("weight", "bias")]
    assert flow.table()["layers"] == tuple(linear)
    assert flow.table()["sizes"] == (12, 3, 3, 1)


def test_what_the_model_itself_holds_has_rows_of_its_own() -> None:
    class Net(nn.Module):
        def __init__(self) -> None:
            self.W1, self.W2 = Value(np.ones((4, 3))), Value(np.ones((3, 1)))
            self.head = nn.Linear(1, 1, seed=0)

    assert GradientFlow(Net()).table()["layers"] == ("W1", "W2", "head")


def test_a_model_may_change_its_form_in_the_middle() -> None:
    model = nn.Linear(4, 1, seed=0)
    flow = GradientFlow(model)
    for convert in (model.to_scalars, model.to_arrays):
        nn.mse(model(X), Y).backward()
        optim.SGD(model.parameters(), lr=0.1).step()
        flow.record()
        convert()
        model.zero_grad()
    assert (flow.table()["update"] > 0).all()


def test_the_model_is_not_changed() -> None:
    model = network(nn.Tanh, depth=2)
    nn.mse(model(X), Y).backward()
    flow = GradientFlow(model)
    held = [(p, p._data, p.grad, p._data.copy(), p.grad.copy()) for p in model.parameters()]
    flow.record()
    for p, data, grad, old_data, old_grad in held:
        assert p._data is data
        assert p.grad is grad
        assert (data == old_data).all()
        assert (grad == old_grad).all()


def test_arrays_changed_in_place_count_as_an_update() -> None:
    w = Value(np.ones(4))
    flow = GradientFlow({"w": w})
    w.grad = np.ones(4)
    data = w.data
    data -= 0.5
    flow.record()
    assert flow.table()["ratio"].tolist() == [[0.5]]


def test_what_starts_at_zero_has_no_ratio_at_first() -> None:
    flow = trained(nn.Linear(4, 1, seed=0), by="parameter", epochs=1)
    ratio = flow.table()["ratio"]
    assert ratio[1, 0] == math.inf
    assert np.isfinite(ratio[1, 1:]).all()
    assert not flow.table()["odd"].any()


def test_no_gradient_nan_and_infinity_are_told_apart(everything: GradientFlow) -> None:
    table = everything.table()
    assert table["computed"].all(axis=1).tolist() == [True, True, True, False, True]
    assert np.isnan(table["gradient"][3]).all()
    assert table["odd"].sum(axis=1).tolist() == [10, 1, 0, 0, 0]
    assert table["gradient"][1, -1] == math.inf


@given(st.lists(st.floats(-1e3, 1e3), min_size=1, max_size=9), st.sampled_from([1e-300, 1e-160, 1.0, 1e160, 1e300]))
def test_rms_neither_overflows_nor_vanishes(numbers: list[float], scale: float) -> None:
    x = np.array(numbers)
    with np.errstate(over="raise"):
        assert _rms(x * scale) == pytest.approx(np.sqrt(np.mean(x**2)) * scale, rel=1e-9, abs=1e-317)


def test_rms_of_single_precision_is_not_lost() -> None:
    assert _rms(np.full(3, 1e-30, dtype=np.float32)) == pytest.approx(1e-30)
    assert math.isnan(_rms(np.array([1.0, math.nan, math.inf])))
    assert _rms(np.array([1.0, -math.inf])) == math.inf


# --- long runs -----------------------------------------------------------------------------------------------------


@given(st.integers(2, 9), st.integers(1, 120))
def test_long_runs_thin_out_evenly_and_keep_the_last_step(limit: int, steps: int) -> None:
    flow = by_hand([[float(i) for i in range(1, steps + 1)]], limit=limit)
    kept = flow.table()["steps"].tolist()
    every = flow._every
    assert len(flow._records) <= limit
    assert every & (every - 1) == 0
    assert kept == sorted({*range(1, steps + 1, every), steps})
    assert flow.table()["gradient"][0].tolist() == kept
    assert every == 1 or len(kept) > limit // 2  # no more is dropped than need be


def test_ratios_stay_those_of_single_steps() -> None:
    flow = by_hand([[1.0] * 100], updates=0.01, limit=8)
    assert flow._every == 16
    assert_allclose(flow.table()["ratio"], 0.01)


def test_thinning_is_said() -> None:
    flow = by_hand([[1.0] * 100], limit=8)
    assert "100 steps, every 16th and the last kept" in repr(flow)
    assert "every 16th and the last kept" in flow.draw().pipe("svg").decode()
    assert "kept" not in repr(by_hand([[1.0] * 8], limit=8))


# --- wrong use -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("model", "error", "words"),
    [
        (nn.Tanh(), ValueError, r"the model has no parameters: Tanh\(\)"),
        ({}, ValueError, r"the model has no parameters: \{\}"),
        ([Value(1.0)], TypeError, "model is list; give a Module, or a dict"),
        ({1: Value(1.0)}, TypeError, "model is dict"),
    ],
)
def test_a_model_without_parameters_is_refused(model: Any, error: type[Exception], words: str) -> None:
    with pytest.raises(error, match=words):
        GradientFlow(model)


@pytest.mark.parametrize(
    ("options", "words"),
    [({"by": "row"}, "by is 'row'; it is 'layer' or 'parameter'"), ({"limit": 1}, "limit"), ({"limit": 2.5}, "limit")],
)
def test_arguments_out_of_range_are_named(options: dict[str, Any], words: str) -> None:
    with pytest.raises((ValueError, TypeError), match=words):
        GradientFlow({"w": Value(1.0)}, **options)


def test_recording_before_backward_is_refused() -> None:
    flow = GradientFlow(nn.Linear(2, 1, seed=0))
    with pytest.raises(ValueError, match=r"no parameter has a gradient: call record\(\) after backward\(\)"):
        flow.record()
    assert repr(flow) == "GradientFlow of 2 layers, nothing recorded yet"


def test_drawing_before_anything_was_recorded_is_refused() -> None:
    flow = GradientFlow({"w": Value(1.0)})
    with pytest.raises(ValueError, match=r"nothing was recorded: .*callbacks=\[flow\]"):
        flow.draw()
    assert flow.table()["gradient"].shape == (1, 0)
    assert flow._repr_mimebundle_() == {"text/plain": "GradientFlow of 1 layer, nothing recorded yet"}


def test_steps_go_forward() -> None:
    w = Value(1.0)
    w.grad = 1.0
    flow = GradientFlow({"w": w})
    flow.record(step=10)
    flow.record()
    with pytest.raises(ValueError, match="step 11 comes after step 11"):
        flow.record(step=11)
    assert flow.table()["steps"].tolist() == [10, 11]


def test_a_model_that_grew_is_refused() -> None:
    model = nn.Sequential(nn.Linear(2, 1, seed=0))
    flow = GradientFlow(model)
    nn.mse(model(X[:, :2]), Y).backward()
    model.extra = Value(1.0)
    with pytest.raises(ValueError, match="other parameters than before: make a new GradientFlow"):
        flow.record()


# --- words ---------------------------------------------------------------------------------------------------------


def test_sigmoid_layers_vanish(vanishing: GradientFlow) -> None:
    text = repr(vanishing)
    assert text.splitlines()[1].startswith("Vanishing: the first layer's gradient is 1/")
    assert "vanishing: 1/" in text
    assert "slow" in text
    gradient = vanishing.table()["gradient"]
    assert np.median(gradient[0]) < np.median(gradient[-1]) / 100


def test_tanh_layers_are_even() -> None:
    text = repr(trained(network(nn.Tanh)))
    assert text.splitlines()[1].startswith("Even: the gradients of all layers lie within a factor of")
    assert "vanishing" not in text
    assert "exploding" not in text


def test_large_weights_explode() -> None:
    text = repr(trained(network(nn.Tanh, depth=9, width=64, init=normal(3.0)), lr=1e-6))
    assert text.splitlines()[1].startswith("Exploding: the first layer's gradient is")
    assert "exploding: ×" in text


@pytest.mark.parametrize(
    ("gradients", "headline", "word"),
    [
        ([[1e-3] * 3, [0.099] * 3], "Even: the gradients of all layers lie within a factor of 99", ""),
        ([[1e-3] * 3, [0.101] * 3], "Vanishing: the first layer's gradient is 1/100 of the last", "vanishing: 1/100"),
        ([[3.0] * 3, [0.01] * 3], "Exploding: the first layer's gradient is 300 times the last", "exploding: ×300"),
        # adjacent layers, though the last is near
        (
            [[1e-3] * 3, [1.0] * 3, [0.05] * 3],
            "Vanishing: the first layer's gradient is 1/1,000 of that of layer1",
            "v",
        ),
        ([[1e-3] * 3, [0.0] * 3, [1.0] * 3], "Vanishing: the first layer's gradient is 1/1,000 of the last", "vanish"),
        ([[0.0] * 3, [1.0] * 3], "The gradient of 1 of 2 layers is exactly 0", "zero"),
        ([[1.0, 10.0, 2000.0]], "Exploding: the gradient grows 2,000 times in 3 steps", "grows: ×2,000"),
        ([[None] * 3, [1.0] * 3], "Even", "not computed"),
        ([[1.0, math.nan, 1.0], [1.0] * 3], "nan in 1 of 2 layers from step 2 on", "nan from step 2"),
        ([[math.inf, 1.0, 1.0]], "inf in the layer from step 1 on", "inf from step 1"),
        ([[5.0]], "The gradient is 5 in 1 step", ""),
        ([[0.0, 1.0, 2.0]], "The gradient goes from 0 to 2 in 3 steps", ""),
    ],
)
def test_the_worst_is_said_first(gradients: list[list[Any]], headline: str, word: str) -> None:
    flow = by_hand(gradients)
    assert flow._flow().headline.startswith(headline)
    assert flow._flow().gradient_words[0].startswith(word)
    assert bool(flow._flow().gradient_words[0]) == bool(word)


@pytest.mark.parametrize(
    ("updates", "line", "word"),
    [
        (1e-3, "A step moves every layer by 0.0001 to 0.01 of its data, as is usual", ""),
        (0.02, "A step moves all 2 layers by more than 0.01 of their data", "fast"),
        (5e-5, "A step moves all 2 layers by less than 0.0001 of their data", "slow"),
        (0.0, "The parameters never moved: record() comes after optimizer.step()", "does not move"),
    ],
)
def test_the_speed_is_said(updates: float, line: str, word: str) -> None:
    flow = by_hand([[1.0] * 3] * 2, updates=updates)._flow()
    assert flow.second_line == line
    assert flow.ratio_words == (word, word)


def test_what_is_zero_most_of_the_time_but_not_always_is_told_apart() -> None:
    w = Value(1.0)
    flow = GradientFlow({"w": w})
    for gradient in (1.0, 0.0, 0.0):
        w.grad, w.data = gradient, w.data - 1e-3 * gradient
        flow.record()
    assert flow._flow().gradient_words == ("mostly zero",)
    assert flow._flow().ratio_words == ("seldom moves",)


def test_bars_are_logarithmic() -> None:
    sizes = [1e-6, 1e-2, 0.5, 5.0, 0.0]
    lines = repr(by_hand([[size] * 2 for size in sizes])).splitlines()
    assert "to 10," in lines[4]
    lengths = [2 * line.count("━") + line.count("╸") for line in lines[-5:]]
    assert lengths[-1] == 0
    assert 0 < lengths[0] < lengths[1] < lengths[2] < lengths[3]
    assert lengths[3] - lengths[2] == 2  # a cell for a decade


def test_a_terminal_without_such_characters_gets_others(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(io.BytesIO(), encoding="ascii"))
    text = repr(by_hand([[500.0] * 2, [1.0] * 2]))
    assert text.isascii()
    assert "exploding: x500" in text
    assert "|===" in text


def test_the_text_has_a_dash_where_there_is_no_number(everything: GradientFlow) -> None:
    rows = {line.split()[0]: line.split() for line in repr(everything).splitlines()[6:]}
    assert rows["d"][1:4] == ["-", "-", "-"]  # no gradient
    assert rows["e"][5:7] == ["-", "0.0526"]  # no ratio, for it starts at 0
    assert rows["a"][1:4] == ["1", "nan", "1"]


def test_columns_of_the_text_stand_under_each_other(everything: GradientFlow) -> None:
    head, *rows = repr(everything).splitlines()[5:]
    start = head.rindex("first")
    assert len(rows) == 5
    assert all(row[start - 1] == " " != row[start] for row in rows)


# --- the picture ---------------------------------------------------------------------------------------------------


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

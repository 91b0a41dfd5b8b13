"""What the recorder of gradients says: its findings, its table, its bars."""

from __future__ import annotations

import io
import math
import sys
from typing import Any

import numpy as np
import pytest

from autograd_lite import Value, nn
from autograd_lite.nn.init import normal
from tests.viz.flow.helpers import by_hand, network, trained
from viz.flow.recorder import GradientFlow


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

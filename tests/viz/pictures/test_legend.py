"""Legends: what every picture's legend is made of."""

from __future__ import annotations

import re
from xml.etree import ElementTree

from viz.pictures.legend import box_sample, legend_of, line_sample
from viz.pictures.rendering import Picture
from viz.pictures.style import INK, ROLES

SVG = "{http://www.w3.org/2000/svg}"


def shapes(label: str) -> list[tuple[float, float]]:
    """The width and height of what is drawn, but for the ground of the picture."""
    picture = Picture()
    picture.attr(label=label, margin="0")
    picture.node("a")
    found = []
    for shape in [*ElementTree.fromstring(picture.pipe()).iter(f"{SVG}polygon")][1:]:
        numbers = [tuple(map(float, pair)) for pair in re.findall(r"([-\d.]+),([-\d.]+)", shape.attrib["points"])]
        xs, ys = zip(*numbers, strict=True)
        found.append((round(max(xs) - min(xs), 2), round(max(ys) - min(ys), 2)))
    return found


def test_samples_keep_their_size_below_long_words() -> None:
    row = [line_sample(INK, 4.0), "wide", box_sample("input", ROLES["input"])]
    short, long = shapes(legend_of([row])), shapes(legend_of([row], ["a word " * 40]))
    assert len(short) == len(long) == 3  # the box has a ground and an outline
    assert short[0] == long[0]
    widths = zip(short[1:], long[1:], strict=True)
    assert all(after - before < 30 for (before, _), (after, _) in widths), "of more than 1,000 points to fill"


def test_samples_of_lines_are_as_wide_as_arrows() -> None:
    heights = [shapes(legend_of([[line_sample(INK, width)]]))[0][1] for width in (0.75, 2.0, 3.25, 4.75, 6.0)]
    assert heights == [1, 2, 3, 5, 6]


def test_rows_without_cells_are_left_out_and_words_are_escaped() -> None:
    assert legend_of([[], ["a"]], ["x < y"]) == legend_of([["a"], ["x &lt; y"]])

"""What can be seen in a picture: its pixels, not its source."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from coloraide import Color

from tests.viz.pictures.golden import PICTURES
from tests.viz.pictures.raster import Raster, rasterise
from viz.pictures.style import BACKWARD, FORWARD, INK, MUTED, NEGATIVE, POSITIVE

SEEN = ("expression", "forward", "backward", "not_yet", "arrays", "hostile")


@pytest.fixture(scope="module", params=SEEN)
def raster(request: pytest.FixtureRequest) -> Raster:
    return rasterise(PICTURES[request.param]())


def test_text_is_inside_its_box(raster: Raster) -> None:
    ink = raster.near(INK)
    assert ink.sum() > 200, "there is text"
    assert not (ink & raster.outside_boxes()).any()


def test_every_box_has_text(raster: Raster) -> None:
    dark = raster.pixels.sum(axis=2) < 3 * 140
    for box in raster.boxes:
        assert dark[int(box.top) + 6 : int(box.bottom) - 6, int(box.left) + 6 : int(box.right) - 6].sum() > 20


def test_boxes_do_not_overlap(raster: Raster) -> None:
    for one, two in itertools.combinations(raster.boxes, 2):
        assert one.right <= two.left or two.right <= one.left or one.bottom <= two.top or two.bottom <= one.top


@pytest.mark.parametrize(
    ("name", "colours"),
    [
        ("expression", {FORWARD, BACKWARD}),
        ("forward", {FORWARD}),
        ("backward", {BACKWARD}),
        ("arrays", {FORWARD, BACKWARD}),
    ],
)
def test_the_legend_stands_below_with_the_colours_of_the_passes(name: str, colours: set[str]) -> None:
    raster = rasterise(PICTURES[name]())
    below = np.zeros(raster.pixels.shape[:2], bool)
    below[raster.lowest_box :] = True
    assert (raster.near(MUTED) & below).sum() > 100, "its words"
    for colour in (FORWARD, BACKWARD):
        assert (raster.near(colour) & below).any() == (colour in colours)


@pytest.mark.parametrize("pair", [(FORWARD, BACKWARD), ("#6CB4F0", "#FF8A7A"), (NEGATIVE, POSITIVE)])
@pytest.mark.parametrize("vision", ["", "protan", "deutan", "tritan"])
def test_colours_that_tell_things_apart_do_so_for_everyone(pair: tuple[str, str], vision: str) -> None:
    one, two = (Color(colour).filter(vision) if vision else Color(colour) for colour in pair)
    assert one.delta_e(two, method="2000") >= 20


def test_the_measure_can_fail() -> None:
    green, red = (Color(colour).filter("deutan") for colour in ("#2E7D32", "#B71C1C"))
    assert green.delta_e(red, method="2000") < 20


@pytest.mark.parametrize("vision", ["", "protan", "deutan", "tritan"])
def test_the_pixels_of_the_passes_are_apart(vision: str) -> None:
    """The colours that are drawn, after the smoothing of lines, not those that were meant."""
    raster = rasterise(PICTURES["expression"]())
    found = []
    for colour in (FORWARD, BACKWARD):
        pixels = raster.pixels[raster.near(colour)]
        assert len(pixels) > 50
        mean = Color("srgb", (pixels.mean(axis=0) / 255).tolist())
        found.append(mean.filter(vision) if vision else mean)
    assert found[0].delta_e(found[1], method="2000") >= 20

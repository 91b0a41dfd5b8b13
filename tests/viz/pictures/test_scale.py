"""The scale of gradients: widths by decade, signs by colour."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from viz.pictures.scale import WIDTHS, magnitude, scale_of, sign_colour
from viz.pictures.style import MUTED, NEGATIVE, ODD, POSITIVE

finite = st.floats(allow_nan=False, allow_infinity=False)


def test_each_decade_has_its_width() -> None:
    scale = scale_of([5.0, 0.02])
    sizes = [9.99, 1.0, 0.99, 0.1, 0.01, 0.001, 0.0009, 1e-30]
    assert [scale.width(size) for size in sizes] == [WIDTHS[i] for i in (4, 4, 3, 3, 2, 1, 0, 0)]


def test_words_tell_where_the_widths_begin() -> None:
    scale = scale_of([300.0])
    starts = [float(words.split()[1]) for words in scale.words()]
    assert starts == [0.1, 0.1, 1.0, 10.0, 100.0]
    for edge, width, thinner in zip(starts[1:], WIDTHS[1:], WIDTHS, strict=False):
        assert scale.width(edge) == width
        assert scale.width(edge * 0.99) == thinner


def test_zeros_nan_and_infinities_do_not_stretch_the_scale() -> None:
    assert scale_of([0.0, math.nan, math.inf, 0.5]) == scale_of([0.5])
    assert scale_of([]) == scale_of([0.0, math.nan]) == scale_of([1.0])


def test_nan_and_inf_are_as_thick_as_it_gets() -> None:
    assert scale_of([1.0]).width(math.nan) == scale_of([1.0]).width(math.inf) == WIDTHS[-1]


@pytest.mark.parametrize(
    ("x", "colour"),
    [
        (2.0, POSITIVE),
        (-2.0, NEGATIVE),
        (0.0, MUTED),
        (-0.0, MUTED),
        (math.nan, ODD),
        (-math.inf, ODD),
        (np.array([0.0, 1.0]), POSITIVE),
        (np.array([-1.0, 0.0]), NEGATIVE),
        (np.array([-1.0, 1.0]), MUTED),
        (np.array([1.0, np.nan]), ODD),
        (np.zeros((0, 2)), MUTED),
    ],
)
def test_colours_tell_signs(x: object, colour: str) -> None:
    assert sign_colour(x) == colour


def test_the_magnitude_of_an_array_is_its_largest_elements() -> None:
    assert magnitude(np.array([[1.0, -4.0], [3.0, 2.0]])) == 4.0
    assert math.isnan(magnitude(np.array([1.0, np.nan])))
    assert magnitude(np.zeros(0)) == 0.0


@given(finite.filter(bool), finite, finite)
def test_symlog_grows_is_odd_and_stays_within_its_bounds(top: float, x: float, y: float) -> None:
    scale = scale_of([abs(top)])
    a, b = scale.symlog(x), scale.symlog(y)
    assert -1 <= a <= 1
    assert scale.symlog(-x) == -a
    assert (a <= b) if x <= y else (a >= b)


def test_symlog_of_what_is_no_number() -> None:
    scale = scale_of([1.0])
    assert [scale.symlog(x) for x in (math.inf, -math.inf, math.nan)] == [1.0, -1.0, 0.0]


def test_symlog_joins_its_two_parts_and_knows_the_smallest_numbers() -> None:
    scale = scale_of([5.0])
    assert scale.symlog(0.001) == pytest.approx(0.2)
    assert scale.symlog(0.0005) == pytest.approx(0.1)
    assert [scale.symlog(x) for x in (0.01, -0.1, 1.0, 9.0)] == pytest.approx([0.4, -0.6, 0.8, 0.99], abs=0.01)
    assert scale_of([5e-324]).symlog(5e-324) > 0

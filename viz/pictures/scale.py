"""How large a gradient is, as a picture shows it: five widths, one for each decade, and the sign by colour."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np

from viz.pictures.style import MUTED, NEGATIVE, ODD, POSITIVE
from viz.words.numbers import number_text

__all__ = ["WIDTHS", "LinearScale", "Scale", "linear_scale_of", "magnitude", "scale_of", "sign_colour"]

WIDTHS = (0.75, 2.0, 3.25, 4.75, 6.0)
"""In points: the largest decade is the widest, everything four decades below it or less the thinnest."""

ZERO_WIDTH = 0.75


def magnitude(x: Any) -> float:
    """|x| of a number; of an array the largest of its elements' magnitudes, nan if one is nan, 0 if there are none.

    Examples
    --------
    >>> magnitude(-2.0), magnitude(np.array([1.0, -3.0]))
    (2.0, 3.0)
    """
    if not isinstance(x, np.ndarray):
        return abs(float(x))
    return float(np.abs(x).max()) if x.size else 0.0


def sign_colour(x: Any) -> str:
    """Return the colour of a gradient's sign: orange below 0, purple above, grey for 0 and for mixed signs.

    Examples
    --------
    >>> sign_colour(-0.5), sign_colour(0.5), sign_colour(0.0), sign_colour(float("nan"))
    ('#B35806', '#542788', '#52606D', '#CC79A7')
    """
    if not math.isfinite(magnitude(x)):
        return ODD
    low, high = (float(np.min(x)), float(np.max(x))) if np.size(x) else (0.0, 0.0)
    if low < 0 and high <= 0:
        return NEGATIVE
    return POSITIVE if high > 0 and low >= 0 else MUTED


@dataclass(frozen=True, slots=True)
class Scale:
    """One scale for all gradients of a picture, which its legend shows.

    Attributes
    ----------
    top : int
        The decade of the largest: it is below ``10 ** (top + 1)``.
    """

    top: int

    def decade(self, size: float) -> int:
        """Which of the five widths a magnitude has: 4 for the largest decade, 0 for the least."""
        if not math.isfinite(size):
            return len(WIDTHS) - 1
        if size == 0:
            return 0
        return max(0, len(WIDTHS) - 1 - max(0, self.top - _decade(size)))

    def width(self, size: float) -> float:
        """Return the width of an arrow, in points.

        Examples
        --------
        >>> scale = scale_of([0.002, 5.0])
        >>> scale.width(5.0), scale.width(0.002), scale.width(0.0)
        (6.0, 2.0, 0.75)
        """
        return WIDTHS[self.decade(size)] if size else ZERO_WIDTH

    def symlog(self, x: float) -> float:
        """Place a number between -1 and 1: linear in the least decade, logarithmic above, symmetric about 0.

        Examples
        --------
        >>> scale = scale_of([5.0])
        >>> scale.symlog(10.0), scale.symlog(0.0), round(scale.symlog(-0.1), 2)
        (1.0, 0.0, -0.6)
        """
        if not math.isfinite(x):
            return math.copysign(1.0, x) if x == x else 0.0
        if x == 0:
            return 0.0
        steps = len(WIDTHS)
        decades = math.log10(abs(x)) - (self.top - steps + 2)  # above the least one; 10 ** top may be too small a float
        return math.copysign(min(1.0, (1 + decades if decades > 0 else 10.0**decades) / steps), x)

    def samples(self) -> list[tuple[float, str]]:
        """Return the widths and what they mean, the thinnest first, for a legend."""
        return list(zip(WIDTHS, self.words(), strict=True))

    def words(self) -> tuple[str, ...]:
        """What each width means, the thinnest first, for a legend.

        Examples
        --------
        >>> scale_of([5.0]).words()
        ('below 0.001', 'from 0.001', 'from 0.01', 'from 0.1', 'from 1')
        """
        edges = [10.0 ** (self.top + i - len(WIDTHS) + 1) for i in range(1, len(WIDTHS))]
        return (f"below {number_text(edges[0])}", *(f"from {number_text(edge)}" for edge in edges))


@dataclass(frozen=True, slots=True)
class LinearScale:
    """A scale in proportion, for weights: most of a network's lie within a decade or two.

    Attributes
    ----------
    largest : float
        The magnitude that is drawn widest.
    """

    largest: float

    def width(self, size: float) -> float:
        """Return the width of a line, in points; the widest for what is not finite.

        Examples
        --------
        >>> LinearScale(2.0).width(2.0), LinearScale(2.0).width(1.0), LinearScale(2.0).width(0.0)
        (6.0, 3.375, 0.75)
        """
        share = min(size / self.largest, 1.0) if math.isfinite(size) and self.largest else float(size != 0)
        return WIDTHS[0] + (WIDTHS[-1] - WIDTHS[0]) * share

    def samples(self) -> list[tuple[float, str]]:
        """Return some widths and what they mean, the thinnest first, for a legend.

        Examples
        --------
        >>> LinearScale(2.0).samples()[-1]
        (6.0, '2')
        """
        sizes = [self.largest * quarters / 4 for quarters in range(1, 5)]
        return [(self.width(size), f"{size:.2g}") for size in sizes]


def scale_of(sizes: Iterable[float]) -> Scale:
    """Return the scale for these magnitudes; zeros, nan and infinities do not count.

    Examples
    --------
    >>> scale_of([0.0, 3e-7, float("inf")]).top
    -7
    """
    finite = [size for size in sizes if size and math.isfinite(size)]
    return Scale(_decade(max(finite)) if finite else 0)


def linear_scale_of(sizes: Iterable[float]) -> LinearScale:
    """Return the scale in proportion for these magnitudes; nan and infinities do not count.

    Examples
    --------
    >>> linear_scale_of([0.5, 2.0, float("inf")])
    LinearScale(largest=2.0)
    """
    return LinearScale(max((size for size in sizes if math.isfinite(size)), default=0.0))


def _decade(size: float) -> int:
    """The exponent of a number as it is written: 3e-7 is in decade -7."""
    return int(f"{size:e}".partition("e")[2])

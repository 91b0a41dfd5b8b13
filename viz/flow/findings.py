"""What a recorded gradient flow says: which layers vanish, explode, stand still or race, in words."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from viz.graphs.hints import APART
from viz.words.escape import one_line, shorten

__all__ = ["FAST", "GROWN", "SLOW", "USUAL", "Flow", "magnitude_text", "power_text"]

GROWN = 1000.0
"""A gradient that ends so many times larger than it began has exploded."""

SLOW, USUAL, FAST = 1e-4, 1e-3, 1e-2
"""The update-to-data ratio."""

_NAME_WIDTH = 34
_SUPERSCRIPTS = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")
Array = NDArray[np.float64]


@dataclass(frozen=True)
class Flow:
    """What was recorded; the arrays have a row for each layer, from the input on, and a column for each step kept.

    Attributes
    ----------
    names, titles : tuple of str
        Where a layer is, as ``layers[0].linear``, and what it is, as ``Linear(2, 16)``, or ''.
    sizes : tuple of int
        How many numbers it holds.
    steps : array
        The numbers of the steps.
    gradient, update, data, computed : array
        The root mean squares of the gradient, of the update and of the data before it; whether there was a gradient.
    by : str
        "layer" or "parameter": what a row is.
    recorded, every : int
        How many steps were recorded; every how manieth is kept.
    """

    names: tuple[str, ...]
    titles: tuple[str, ...]
    sizes: tuple[int, ...]
    steps: NDArray[np.int_]
    gradient: Array
    update: Array
    data: Array
    computed: NDArray[np.bool_]
    by: str
    recorded: int
    every: int

    @cached_property
    def ratio(self) -> Array:
        """The update-to-data ratio: inf where the data were all 0 and moved, 0 where nothing moved."""
        with np.errstate(all="ignore"):
            return np.where(self.update == 0, 0.0, self.update / self.data)

    @cached_property
    def odd_gradient(self) -> NDArray[np.bool_]:
        """Where the gradient has a nan or an infinity."""
        return ~np.isfinite(self.gradient)

    @cached_property
    def odd_update(self) -> NDArray[np.bool_]:
        """Where the update, or what it starts from, has a nan or an infinity."""
        return ~(np.isfinite(self.update) & np.isfinite(self.data))

    @cached_property
    def from_zero(self) -> NDArray[np.bool_]:
        """Where there is no ratio, for the data before were all 0."""
        found: NDArray[np.bool_] = (self.data == 0) & (self.update != 0) & ~self.odd_update
        return found

    @cached_property
    def typical(self) -> Array:
        """For each layer the median of its gradient over the steps that are not odd; nan if there is none."""
        return _medians(self.gradient, ~self.odd_gradient & self.computed)

    @cached_property
    def typical_ratio(self) -> Array:
        """The same of the ratio."""
        return _medians(self.ratio, ~self.odd_update & ~self.from_zero)

    @cached_property
    def gradient_words(self) -> tuple[str, ...]:
        """For each layer what is wrong with its gradient, or ''."""
        return tuple(self._gradient_word(i) for i in range(len(self.names)))

    def _gradient_word(self, i: int) -> str:
        if self.odd_gradient[i].any():
            return self._odd_word(self.gradient[i], self.odd_gradient[i])
        if not self.computed[i].any():
            return "not computed"
        if self.typical[i] == 0:
            return "mostly zero" if self.gradient[i].any() else "zero"
        factor = self.apart(i)
        if factor < 1 / APART:
            return f"vanishing: 1/{magnitude_text(1 / factor)}"
        if factor > APART:
            return f"exploding: ×{magnitude_text(factor)}"
        return f"grows: ×{magnitude_text(self._growth(i))}" if self._growth(i) > GROWN else ""

    @cached_property
    def ratio_words(self) -> tuple[str, ...]:
        """For each layer what is wrong with its updates, or ''."""
        return tuple(self._ratio_word(i) for i in range(len(self.names)))

    def _ratio_word(self, i: int) -> str:
        if self.odd_update[i].any():
            return self._odd_word(self.update[i] + self.data[i], self.odd_update[i])
        typical = self.typical_ratio[i]
        if typical == 0:
            return "seldom moves" if self.update[i].any() else "does not move"
        return "slow" if typical < SLOW else "fast" if typical > FAST else ""

    def _odd_word(self, row: Array, odd: NDArray[np.bool_]) -> str:
        word = "nan" if np.isnan(row).any() else "inf"
        return f"{word} from step {int(self.steps[odd.argmax()]):,}"

    def apart(self, i: int) -> float:
        """How many times a layer's typical gradient is that of the last layer, or of the next, whichever is further.

        1 if there is nothing to compare it with.
        """
        return self._compared(i)[0]

    def _compared(self, i: int) -> tuple[float, int]:
        """What `apart` says, and with which layer it compares; layers whose gradient is 0 are passed over."""
        others = [k for k in range(i + 1, len(self.names)) if self.typical[k] > 0]
        if not others or not self.typical[i] > 0:
            return 1.0, i
        with np.errstate(all="ignore"):
            factors = [(float(self.typical[i] / self.typical[k]), k) for k in (others[-1], others[0])]
        return max(factors, key=lambda found: _distance(found[0]))

    def _growth(self, i: int) -> float:
        """How many times its first gradient a layer's last one is."""
        sizes = self.gradient[i][(self.gradient[i] > 0) & (self.computed[i])]
        with np.errstate(all="ignore"):
            return float(sizes[-1] / sizes[0]) if len(sizes) else 1.0

    # --- sentences ---

    def counted(self, n: int) -> str:
        """``3 layers``, ``1 parameter``."""
        return f"{n} {self.by}{'s' * (n != 1)}"

    def some(self, n: int) -> str:
        """``2 of 6 layers``, ``all 6 layers``, ``the layer``."""
        rows = len(self.names)
        if rows == 1:
            return f"the {self.by}"
        return f"all {self.counted(n)}" if n == rows else f"{n} of {self.counted(rows)}"

    @cached_property
    def headline(self) -> str:
        """What the gradients do, in a sentence; the worst thing first."""
        odd = self.odd_gradient | self.odd_update
        if odd.any():
            kinds = (np.isnan, "nan"), (np.isinf, "inf")
            all_sizes = np.array([self.gradient, self.update, self.data])
            word = " and ".join(name for is_so, name in kinds if is_so(all_sizes).any())
            step = int(self.steps[odd.any(axis=0).argmax()])
            return f"{word} in {self.some(int(odd.any(axis=1).sum()))} from step {step:,} on"
        for word, is_worst in (("vanishing", min), ("exploding", max)):
            found = [i for i, text in enumerate(self.gradient_words) if text.startswith(word)]
            if found:
                return self._apart_sentence(word, is_worst(found, key=self.apart))
        zero = self.gradient_words.count("zero")
        if zero:
            return f"The gradient of {self.some(zero)} is exactly 0: nothing is learnt there"
        grows = [i for i, text in enumerate(self.gradient_words) if text.startswith("grows")]
        if grows:
            times = magnitude_text(max(map(self._growth, grows)))
            return f"Exploding: the gradient grows {times} times in {self._span()}"
        return self._even()

    def _apart_sentence(self, word: str, i: int) -> str:
        factor, k = self._compared(i)
        size = f"1/{magnitude_text(1 / factor)} of" if word == "vanishing" else f"{magnitude_text(factor)} times"
        whose = f"the first {self.by}'s gradient" if i == 0 else f"the gradient of {self._name(i)}"
        other = f"the last {self.by}'s" if k == len(self.names) - 1 else f"that of {self._name(k)}"
        return f"{word.capitalize()}: {whose} is {size} {other}"

    def _name(self, i: int) -> str:
        return shorten(one_line(self.names[i]), 24)

    def _even(self) -> str:
        typical = self.typical[self.typical > 0]
        if len(self.names) == 1 or not len(typical):
            first, last = self.gradient[0][0], self.gradient[0][-1]
            course = f"goes from {first:.3g} to" if len(self.steps) > 1 else "is"
            return f"The gradient {course} {last:.3g} in {self._span()}"
        factor = float(typical.max() / typical.min())
        word = "Even" if factor <= APART else "Uneven"
        return f"{word}: the gradients of all {self.by}s lie within a factor of {max(factor, 1.1):.2g}"

    def _span(self) -> str:
        return f"{self.recorded:,} step{'s' * (self.recorded != 1)}"

    @cached_property
    def second_line(self) -> str:
        """What the updates do, in a sentence."""
        if not self.update.any():
            return "The parameters never moved: record() comes after optimizer.step()"
        if not any(self.ratio_words):
            return f"A step moves every {self.by} by {SLOW:g} to {FAST:g} of its data, as is usual"
        words = self.ratio_words
        fast, slow, still = words.count("fast"), words.count("slow"), words.count("does not move")
        kinds = ((fast, f"by more than {FAST:g}"), (slow, f"by less than {SLOW:g}"), (still, "not at all"))
        (n, amount), *rest = [kind for kind in kinds if kind[0]] or [(0, "")]
        if not n:
            return ""
        of_what = "" if n == still else " of its data" if n == 1 else " of their data"
        return ", ".join([f"A step moves {self.some(n)} {amount}{of_what}", *(f"{n} {amount}" for n, amount in rest)])

    @property
    def kept(self) -> str:
        """How much was recorded, and how much of it is here."""
        steps = self._span()
        if self.every > 1:
            steps += f", every {_ordinal(self.every)} and the last kept"
        return f"{self.counted(len(self.names))}, {steps}"

    def label(self, i: int) -> str:
        """A layer's name and what it is, in a line."""
        title = f"  {self.titles[i]}" if self.titles[i] else ""
        return shorten(one_line(self.names[i]) + title, _NAME_WIDTH)


def magnitude_text(x: float) -> str:
    """A size for people, two digits.

    Examples
    --------
    >>> magnitude_text(0.0234), magnitude_text(38412.0), magnitude_text(3.21e-7), magnitude_text(0.0)
    ('0.023', '38,000', '3.2·10⁻⁷', '0')
    """
    if not x or not math.isfinite(x):
        return f"{x:g}"
    mantissa, _, exponent = f"{x:.1e}".partition("e")
    if -4 <= int(exponent) < 6:
        return f"{float(f'{x:.2g}'):,.6g}" if int(exponent) < 5 else f"{float(f'{x:.2g}'):,.0f}"
    power = power_text(int(exponent))
    return power if mantissa == "1.0" else f"{mantissa.removesuffix('.0')}·{power}"


def power_text(exponent: int) -> str:
    """Write a power of ten.

    Examples
    --------
    >>> power_text(-12), power_text(0)
    ('10⁻¹²', '1')
    """
    return "10" + str(exponent).translate(_SUPERSCRIPTS) if exponent else "1"


def _medians(x: Array, counts: NDArray[np.bool_]) -> Array:
    """The median of each row, of the numbers that count; nan if none does."""
    return np.array([np.median(row[use]) if use.any() else math.nan for row, use in zip(x, counts, strict=True)])


def _distance(factor: float) -> float:
    """How far a factor is from 1, up or down."""
    return abs(math.log(factor)) if 0 < factor < math.inf else math.inf


def _ordinal(n: int) -> str:
    return f"{n}{'nd' if n % 10 == 2 and n % 100 != 12 else 'th'}"  # a power of 2

"""How a number, or an array, differs from what it was."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from viz.pictures.scale import magnitude
from viz.words.numbers import SMALL_ARRAY, array_lines, number_text

__all__ = ["Change", "change_of"]

_DIGITS = (4, 6, 9, 17)
_ARROW = " → "


@dataclass(frozen=True, slots=True)
class Change:
    """What was, what is, and the difference.

    Attributes
    ----------
    before, after : float, ndarray or None
        None for a gradient that was not computed, and for a value that was not there.
    delta : float, ndarray or None
        ``after - before``, 0 where both are nan or the same infinity; None if there is no difference to tell, for one
        of the two is missing or of another shape.
    """

    before: Any
    after: Any
    delta: Any

    @property
    def size(self) -> float:
        """The greatest magnitude of a change; 0 if none is known."""
        return 0.0 if self.delta is None else magnitude(self.delta)

    @property
    def is_none(self) -> bool:
        """Whether all is as it was."""
        if self.delta is None:
            return self.before is None and self.after is None
        return self.size == 0

    def both(self) -> str:
        """Write what was and what is, with as many digits as tell them apart.

        Examples
        --------
        >>> change_of(2.0, 2.4).both(), change_of(0.5, 0.5).both(), change_of(1.00001, 1.00002).both()
        ('2 → 2.4', '0.5', '1.00001 → 1.00002')
        >>> change_of(None, 3.0).both(), change_of(np.zeros(2), np.zeros((9, 2))).both()
        ('not computed → 3', '(2,) → (9, 2)')
        """
        if np.shape(self.before) != np.shape(self.after) and self.before is not None and self.after is not None:
            return f"{np.shape(self.before)}{_ARROW}{np.shape(self.after)}"
        if self.is_none:
            return _short(self.after, _DIGITS[0])
        texts = ((_short(self.before, digits), _short(self.after, digits)) for digits in _DIGITS)
        before, after = next((pair for pair in texts if pair[0] != pair[1]), ("", ""))
        return f"{before}{_ARROW}{after.removeprefix('norm ')}" if before else _short(self.after, _DIGITS[0])

    def words(self) -> str:
        """Write the difference, with its sign; '' if there is none to tell.

        Examples
        --------
        >>> change_of(2.0, 2.4).words(), change_of(np.zeros(4), np.array([1.0, 1.0, 0.0, -1.0])).words()
        ('+0.4', 'max |Δ| 1, norm 1.732')
        """
        if self.delta is None or self.size == 0:
            return ""
        if np.size(self.delta) == 1:
            return f"{np.asarray(self.delta).item():+.4g}".replace("+nan", "nan")
        return f"max |Δ| {number_text(self.size)}, norm {number_text(_norm(self.delta))}"

    def sentence(self) -> str:
        """Write all of it.

        Examples
        --------
        >>> change_of(2.0, 2.4).sentence(), change_of(2.0, 2.0).sentence(), change_of(None, None).sentence()
        ('2 → 2.4 (+0.4)', '2 (no change)', 'not computed')
        """
        if self.before is None and self.after is None:
            return "not computed"
        words = "no change" if self.is_none else self.words()
        return f"{self.both()} ({words})" if words else self.both()


def change_of(before: Any, after: Any) -> Change:
    """Compare a number or an array with what it was."""
    if isinstance(before, float) and isinstance(after, float):
        same = before == after or (math.isnan(before) and math.isnan(after))
        return Change(before, after, 0.0 if same else after - before)
    if before is None or after is None or np.shape(before) != np.shape(after):
        return Change(before, after, None)
    old, new = np.asarray(before, dtype=np.float64), np.asarray(after, dtype=np.float64)
    same = (old == new) | (np.isnan(old) & np.isnan(new))
    with np.errstate(all="ignore"):  # inf - inf is shown as nan
        return Change(before, after, np.where(same, 0.0, new - old))


def _short(x: Any, digits: int) -> str:
    """Write a number, the elements of a small array, or the norm of a large one."""
    if x is None:
        return "not computed"
    if np.ndim(x) == 0:
        return f"{float(x):.{digits}g}"
    if digits == _DIGITS[0] and np.size(x) <= SMALL_ARRAY // 2:
        return " ".join(line.strip() for line in array_lines(x))
    return f"norm {_norm(x):.{digits}g}"


def _norm(x: Any) -> float:
    with np.errstate(all="ignore"):
        return float(np.linalg.norm(np.asarray(x, dtype=np.float64).ravel()))

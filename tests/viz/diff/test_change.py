"""The change of a number and of an array."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from viz.diff.change import change_of

NUMBERS = st.floats()


@given(NUMBERS, NUMBERS)
def test_a_change_of_numbers(before: float, after: float) -> None:
    change = change_of(before, after)
    same = before == after or (math.isnan(before) and math.isnan(after))
    assert change.is_none is same
    assert bool(change.words()) is not same
    old, arrow, new = change.both().partition(" → ")
    assert bool(arrow) is not same
    if not same:
        assert old != new, "the digits tell them apart"


@given(st.lists(st.tuples(NUMBERS, NUMBERS), max_size=5))
def test_a_change_of_arrays(pairs: list[tuple[float, float]]) -> None:
    before, after = np.array(pairs, dtype=float).reshape(-1, 2).T
    change = change_of(before, after)
    assert change.is_none is bool(np.array_equal(before, after, equal_nan=True))
    assert change.sentence()


def test_what_an_array_says() -> None:
    before, after = np.array([3.0, 0.0, 0.0, 4.0]), np.array([3.0, 0.0, 0.5, 3.0])
    change = change_of(before, after)
    assert change.sentence() == "norm 5 → 4.272 (max |Δ| 1, norm 1.118)"
    assert change_of(before, before[:2]).sentence() == "(4,) → (2,)"


@pytest.mark.parametrize(
    ("before", "after", "sentence"),
    [
        (2.0, 2.4, "2 → 2.4 (+0.4)"),
        (-3.0, -2.1, "-3 → -2.1 (+0.9)"),
        (float("inf"), 1.0, "inf → 1 (-inf)"),
        (float("nan"), 1.0, "nan → 1 (nan)"),
        (float("nan"), float("nan"), "nan (no change)"),
        (None, 1.0, "not computed → 1"),
        (1.0, None, "1 → not computed"),
        (None, None, "not computed"),
        (1.0, 1.0 + 2**-50, "1 → 1.0000000000000009 (+8.882e-16)"),
        (1e308, -1e308, "1e+308 → -1e+308 (-inf)"),
    ],
)
def test_what_a_number_says(before: Any, after: Any, sentence: str) -> None:
    assert change_of(before, after).sentence() == sentence

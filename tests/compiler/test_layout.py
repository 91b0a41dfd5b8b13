"""Layout: the axes that are found for what members read."""

from __future__ import annotations

import itertools
import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from autograd_lite.compiler.rolling.classes import DENSE
from autograd_lite.compiler.rolling.layout import Grid, Slot, is_function_of, lay_out, row_hashes, row_numbers

rng = np.random.default_rng(0)


def slots_of(members: list[Any], *reads: Any) -> list[Slot]:
    """Slots from a list of members and for each operand (which places a member reads, the source's shape)."""
    return [
        Slot(np.array([np.ravel(place(m)) for m in members]), shape, weight=(len(reads) - k,))
        for k, (place, shape) in enumerate(reads)
    ]


def rows_of(shape: tuple[int, int], row: Any) -> tuple[Any, tuple[int, ...]]:
    """What reads a row of a matrix."""
    numbers = np.arange(math.prod(shape)).reshape(shape)
    return lambda m: numbers[row(m)], shape


def assert_lies(grid: Grid, members: list[Any], coordinates: list[tuple[int, ...]]) -> None:
    """That each member lies at its coordinates."""
    np.testing.assert_array_equal(grid.place, np.ravel_multi_index(np.array(coordinates).T, grid.shape))


def test_a_grid_of_rows_and_columns() -> None:
    members = list(itertools.product(range(3), range(4)))
    grid = lay_out(slots_of(members, rows_of((3, 5), lambda m: m[0]), rows_of((4, 5), lambda m: m[1])), 12)
    assert grid.shape == (3, 4)
    assert_lies(grid, members, members)
    assert grid.holes() is None


def test_members_in_any_order_find_their_places() -> None:
    members = [(int(i), int(j)) for i, j in rng.permutation(list(itertools.product(range(3), range(4))))]
    grid = lay_out(slots_of(members, rows_of((3, 5), lambda m: m[0]), rows_of((4, 5), lambda m: m[1])), 12)
    assert_lies(grid, members, members)


def test_batches_of_grids() -> None:
    """Heads: query t and key u of head h."""
    members = list(itertools.product(range(2), range(3), range(4)))
    queries = np.arange(3 * 2 * 5).reshape(3, 2, 5)
    keys = np.arange(4 * 2 * 5).reshape(4, 2, 5)
    slots = slots_of(members, (lambda m: queries[m[1], m[0]], (3, 10)), (lambda m: keys[m[2], m[0]], (4, 10)))
    grid = lay_out(slots, 24)
    assert sorted(grid.shape) == [2, 3, 4]
    assert grid.holes() is None


def test_a_triangle_has_holes() -> None:
    members = [(i, j) for i in range(5) for j in range(i + 1)]
    grid = lay_out(slots_of(members, rows_of((5, 2), lambda m: m[0]), rows_of((5, 2), lambda m: m[1])), 15)
    assert grid.shape == (5, 5)
    np.testing.assert_array_equal(grid.holes(), ~np.tri(5, dtype=bool))
    spread = grid.spread(np.arange(15)[:, None])
    assert spread.shape == (5, 5, 1)
    assert (spread[grid.holes()] == -1).all()
    assert spread[3, 2, 0] == members.index((3, 2))


def test_a_grid_of_which_most_is_missing_is_none() -> None:
    members = [(i, i) for i in range(6)] + [(0, 3)]
    grid = lay_out(slots_of(members, rows_of((6, 2), lambda m: m[0]), rows_of((6, 2), lambda m: m[1])), 7)
    assert grid.shape == (7,)


def test_what_is_left_of_a_finer_digit_is_an_axis() -> None:
    """Rows and columns in flat vectors, both in blocks of two heads: the head, and which of its rows and columns."""
    members = list(itertools.product(range(2), range(3), range(4)))
    rows, columns = np.arange(2 * 3 * 5).reshape(2, 3, 5), np.arange(2 * 4 * 5).reshape(2, 4, 5)
    slots = slots_of(
        members, (lambda m: rows[m[0], m[1]], (30,)), (lambda m: columns[m[0], m[2]], (40,)), (lambda m: m[0], (2,))
    )
    grid = lay_out(slots, 24)
    assert sorted(grid.shape) == [2, 3, 4]
    assert grid.holes() is None


def test_an_array_is_read_along_its_own_axes() -> None:
    members = list(itertools.product(range(3), range(4)))
    numbers = np.arange(12).reshape(3, 4)
    grid = lay_out(slots_of(members, (lambda m: numbers[m], (3, 4))), 12)
    assert grid.shape == (3, 4)
    assert_lies(grid, members, members)


def test_without_structure_there_is_one_axis() -> None:
    grid = lay_out([Slot(rng.permutation(7)[:, None], (7,))], 7)
    assert grid.shape == (7,)


def test_constants_never_split_an_axis() -> None:
    places = Slot(np.arange(6)[:, None], (6,))
    labels = Slot(np.array([0, 1, 0, 1, 0, 1])[:, None], (2,), constant=True)
    assert lay_out([places, labels], 6).shape == (6,)
    assert lay_out([labels, places], 6).shape == (6,)


def test_but_they_tell_apart_what_nothing_else_does() -> None:
    places = Slot(np.array([0, 0, 1, 1])[:, None], (2,))
    factors = Slot(np.array([0, 1, 0, 1])[:, None], (2,), constant=True)
    assert lay_out([places, factors], 4).shape == (2, 2)


def test_one_member_has_no_axes() -> None:
    assert lay_out([Slot(np.array([[3, 4]]), (9,))], 1).shape == ()


def test_heavier_slots_come_first() -> None:
    members = list(itertools.product(range(3), range(4)))
    light, heavy = slots_of(members, rows_of((4, 5), lambda m: m[1]), rows_of((3, 5), lambda m: m[0]))
    light.weight, heavy.weight = (0, 20), (1, 15)
    assert lay_out([light, heavy], 12).shape == (3, 4)


def test_axes_in_the_order_of_a_key() -> None:
    grid = lay_out([Slot(np.arange(6)[:, None], (2, 3))], 6)
    assert grid.shape == (2, 3)
    assert grid.ordered(lambda digit: -int(digit.max())).shape == (3, 2)


@given(st.lists(st.sampled_from([1, 2, 3, 4]), min_size=1, max_size=4), st.randoms(use_true_random=False), st.data())
def test_each_member_has_a_place_of_its_own(lengths: list[int], random: Any, draw: Any) -> None:
    """Whatever the members read: places differ, lie in the grid, and not too much of it is empty."""
    members = list(itertools.product(*map(range, lengths)))
    random.shuffle(members)
    kept = members[: draw.draw(st.integers(1, len(members)))]
    axes = [slots_of(kept, (lambda m, t=t: [m[t]], (lengths[t],)))[0] for t in range(len(lengths))]
    grid = lay_out(axes, len(kept))
    assert len(set(grid.place.tolist())) == len(kept)
    assert grid.place.max() < math.prod(grid.shape)
    assert len(kept) >= DENSE * math.prod(grid.shape)


def test_equal_rows_have_equal_numbers() -> None:
    rows = np.array([[3, 1], [1, 3], [3, 1], [-1, -1], [1, 3]])
    numbers, different = row_numbers(rows)
    assert numbers.tolist() == [2, 1, 2, 0, 1]
    assert different == 3
    assert len(np.unique(row_hashes(np.array([[0.0], [-0.0], [1.0]])))) == 3


@pytest.mark.parametrize(("a", "b", "is_so"), [([0, 0, 1], [0, 1, 2], True), ([0, 1, 2], [0, 0, 1], False)])
def test_is_function_of(a: list[int], b: list[int], is_so: bool) -> None:
    assert is_function_of(np.array(a), np.array(b)) is is_so

"""Views: every array of places is read right, and those that are views are."""

from __future__ import annotations

import itertools
import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import autograd_lite as ag
from autograd_lite import Value, topological_order
from autograd_lite.compiler.rolling.views import read, without_constant_axes

shapes = st.lists(st.integers(1, 5), max_size=3).map(tuple)


def source_of(shape: tuple[int, ...]) -> Value:
    return Value(np.random.default_rng(len(shape)).normal(size=shape) if shape else 0.7)


def numbered(*shape: int) -> Any:
    """The places of an array, in its shape."""
    return np.arange(math.prod(shape)).reshape(shape)


def assert_reads(source: Value, places: Any) -> Any:
    """The numbers, the shape, and the gradient: what each place of the source was read for, added up."""
    places = np.array(places, dtype=np.int64)
    result, there = read(source, places), places >= 0
    assert result.shape == places.shape
    expected = np.ravel(source.data)[np.where(there, places, 0)]
    np.testing.assert_array_equal(np.asarray(result.data)[there], expected[there])
    weights = np.random.default_rng(0).normal(size=places.shape) * there
    source.zero_grad()
    total = ag.sum(result * weights)
    total.backward()
    gradient = np.bincount(places[there], weights[there], math.prod(source.shape)).reshape(source.shape)
    np.testing.assert_allclose(0.0 if source.grad is None else source.grad, gradient, rtol=1e-12, atol=1e-12)
    return result


def operations(result: Any, source: Value) -> list[str]:
    """What was done to the source."""
    return [node.op.name for node in topological_order(result) if node.op is not None and node is not source]


def assert_is_view(source: Value, places: Any) -> None:
    names = operations(assert_reads(source, places), source)
    assert set(names) <= {"reshape", "ravel", "getitem", "transpose"}, names


# --- any places -----------------------------------------------------------------------------------------------------


@given(shapes, st.data())
def test_any_places(shape: tuple[int, ...], draw: Any) -> None:
    sizes = draw.draw(st.lists(st.integers(0, 4), max_size=3).map(tuple))
    place = st.integers(0 if not sizes else -1, math.prod(shape) - 1)
    n = math.prod(sizes)
    assert_reads(source_of(shape), np.array(draw.draw(st.lists(place, min_size=n, max_size=n))).reshape(sizes))


@st.composite
def affine_places(draw: Any) -> tuple[int, Any]:
    """``origin + sum of step * index``, steps of any sign, and the size of a source that holds it."""
    lengths = draw(st.lists(st.integers(1, 4), min_size=1, max_size=3))
    steps = draw(st.lists(st.integers(-4, 7), min_size=len(lengths), max_size=len(lengths)))
    places = sum(s * i for s, i in zip(steps, np.indices(lengths), strict=True))
    places = places - places.min() + draw(st.integers(0, 5))
    return int(places.max()) + 1 + draw(st.integers(0, 5)), places


@st.composite
def with_holes(draw: Any, places: Any) -> Any:
    return np.where(draw(st.lists(st.booleans(), min_size=places.size, max_size=places.size)), -1, places.ravel())


@given(affine_places(), st.data())
def test_affine_places(drawn: tuple[int, Any], draw: Any) -> None:
    size, places = drawn
    divisors = [k for k in range(1, size + 1) if size % k == 0]
    shape = draw.draw(st.sampled_from([(size,), *((k, size // k) for k in divisors)]))
    if draw.draw(st.booleans()):
        places = draw.draw(with_holes(places)).reshape(places.shape)
    assert_reads(source_of(shape), places)


@given(st.permutations(range(24)), st.sampled_from([(24,), (4, 6), (2, 3, 4), (6, 4)]), st.booleans(), st.data())
def test_permutations(places: list[int], shape: tuple[int, ...], has_holes: bool, draw: Any) -> None:
    order = np.array(places)
    assert_reads(source_of((2, 3, 4)), (draw.draw(with_holes(order)) if has_holes else order).reshape(shape))


@given(shapes.filter(len), st.data())
def test_slices_and_transposes_with_holes(shape: tuple[int, ...], draw: Any) -> None:
    places = numbered(*shape)
    cut = [
        draw.draw(st.sampled_from([slice(None), slice(None, None, -1), slice(1, None), slice(0, None, 2)]))
        for _ in shape
    ]
    places = places[tuple(cut)].transpose(draw.draw(st.permutations(range(len(shape)))))
    assert_reads(source_of(shape), draw.draw(with_holes(places)).reshape(places.shape))


@pytest.mark.parametrize(
    ("shape", "places"),
    [
        ((), 0),
        ((), [0, 0, 0]),
        ((1,), [[0]]),
        ((1, 1, 1), 0),
        ((3,), []),
        ((2, 3), np.empty((0, 2), int)),
        ((3,), [-1, -1]),
        ((4,), [-1, 3, 2]),  # the hole would lie behind the end
        ((2, 4), [[[-1, -1, 5], [-1, 3, -1]]]),
        ((5,), [3, 2, 1, 0]),
        ((5,), [4]),
        ((8,), [[0, 1], [5, 6]]),  # the second block would end behind the end
        ((3, 3), [[0, 0, 0], [4, 4, 4], [8, 8, 8]]),  # both axes along one
        ((3, 3), [0, 4, 8]),
    ],
)
def test_odd_ones(shape: tuple[int, ...], places: Any) -> None:
    assert_reads(source_of(shape), places)


# --- what must be a view --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("shape", [(7,), (4, 6), (2, 3, 4)])
@pytest.mark.parametrize("cut", [slice(1, 3), slice(0, None, 2), slice(None, None, -1), slice(1, None), 1])
@pytest.mark.parametrize("axis", [0, -1])
def test_slices(shape: tuple[int, ...], cut: Any, axis: int) -> None:
    index: list[Any] = [slice(None)] * len(shape)
    index[axis] = cut
    assert_is_view(source_of(shape), numbered(*shape)[tuple(index)])


@pytest.mark.parametrize("order", [*itertools.permutations(range(3))])
def test_transposes(order: tuple[int, ...]) -> None:
    assert_is_view(source_of((2, 3, 4)), numbered(2, 3, 4).transpose(order))


@pytest.mark.parametrize("shape", [(24,), (6, 4), (3, 8), (2, 2, 6), (1, 24, 1)])
def test_reshapes(shape: tuple[int, ...]) -> None:
    assert_is_view(source_of((4, 6)), numbered(*shape))


def test_a_block_of_a_vector_is_a_matrix() -> None:
    assert_is_view(source_of((20,)), 3 + numbered(4, 3))
    assert_is_view(source_of((20,)), 3 + numbered(4, 3).T)


def test_columns_of_blocks_as_weights_beside_their_bias() -> None:
    """Rows of three weights and a bias in one vector."""
    rows = numbered(5, 4)
    assert_is_view(source_of((20,)), rows[:, :3])
    assert_is_view(source_of((20,)), rows[:, 3])
    assert_is_view(source_of((25,)), 5 + rows[:, 3])


def test_heads() -> None:
    """(time, head * size) as (head, time, size), and with size before time."""
    places = numbered(5, 6).reshape(5, 2, 3).transpose(1, 0, 2)
    assert_is_view(source_of((5, 6)), places)
    assert_is_view(source_of((5, 6)), places.transpose(0, 2, 1))
    assert_is_view(source_of((5, 6)), places[1])


def test_pooling_windows() -> None:
    """2 x 2 windows of an image as (row, column, 4), flat and of a batch."""
    windows = numbered(4, 6).reshape(2, 2, 3, 2).transpose(0, 2, 1, 3)
    assert_is_view(source_of((4, 6)), windows)
    assert_is_view(source_of((4, 6)), windows.reshape(6, 4)[:, :2])
    batch = numbered(3, 4, 6).reshape(3, 2, 2, 3, 2).transpose(0, 1, 3, 2, 4).reshape(3, 2, 3, 4)
    assert_is_view(source_of((3, 4, 6)), batch)


def test_strides_of_a_flat_array() -> None:
    assert_is_view(source_of((30,)), [1, 6, 11, 16])
    assert_is_view(source_of((30,)), 2 + 10 * np.arange(3)[:, None] + 3 * np.arange(3))


def test_holes_do_not_spoil_a_view() -> None:
    places = numbered(5, 4)
    for hole in [(0, 0), (2, 1), (4, 3)]:
        some = places.copy()
        some[hole] = -1
        assert_is_view(source_of((5, 4)), some)
        assert_is_view(source_of((5, 4)), some.T)
    assert_is_view(source_of((5, 4)), np.where(np.tri(5, 4) > 0, places, -1))


def test_the_source_itself_is_read_as_it_is() -> None:
    source = source_of((3, 4))
    assert read(source, numbered(3, 4)) is source
    assert operations(read(source, numbered(12)), source) == ["reshape"]


def test_what_is_none_is_taken() -> None:
    assert operations(read(source_of((6,)), np.array([3, 0, 5, 0])), Value(0.0)) == ["take"]


def test_rows_by_an_index_are_taken_along_their_axis() -> None:
    source = source_of((9, 10))
    result = assert_reads(source, numbered(9, 10)[[3, 1, 1, 8, 0, 4, 4]])
    assert operations(result, source) == ["take"]
    assert result.parameters["axis"] == 0


# --- broadcasting ---------------------------------------------------------------------------------------------------


@given(st.lists(st.integers(1, 4), min_size=1, max_size=3).map(tuple), st.data())
def test_constant_axes_get_length_1(shape: tuple[int, ...], draw: Any) -> None:
    kept = [draw.draw(st.booleans()) for _ in shape]
    small = numbered(*(n if keep else 1 for n, keep in zip(shape, kept, strict=True)))
    found = without_constant_axes(np.broadcast_to(small, shape))
    np.testing.assert_array_equal(found, small)


def test_only_of_the_first_axes() -> None:
    places = np.full((3, 4), 7)
    assert without_constant_axes(places, 1).shape == (1, 4)
    assert without_constant_axes(places).shape == (1, 1)
    assert without_constant_axes(np.array([[1, -1], [-1, 2]])).tolist() == [[1, 2]]

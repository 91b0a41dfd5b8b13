"""Batches go through all examples, once an epoch, in an order that the seed gives; `split` divides them."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from autograd_lite import Constant, Value
from autograd_lite.cells import cells
from autograd_lite.training import Batches, split

X = np.arange(20.0).reshape(10, 2)
y = np.arange(10)


def rows_of(batches):
    return [rows.tolist() for (rows,) in batches]


@given(m=st.integers(1, 40), size=st.integers(1, 50), shuffle=st.booleans(), seed=st.integers(0, 99))
def test_every_epoch_has_every_example_once(m, size, shuffle, seed):
    batches = Batches(np.arange(m), size=size, shuffle=shuffle, seed=seed)
    for _ in range(2):
        epoch = rows_of(batches)
        assert sorted(i for rows in epoch for i in rows) == list(range(m))
        assert len(epoch) == len(batches) == -(-m // size)
        assert [len(rows) for rows in epoch] == batches.sizes()
        assert set(map(len, epoch[:-1])) <= {size}


@given(m=st.integers(1, 40), size=st.integers(1, 40))
def test_drop_last_keeps_whole_batches_only(m, size):
    if m < size:
        with pytest.raises(ValueError, match=f"leaves no batch: {m} examples do not fill one of {size}"):
            Batches(np.arange(m), size=size, drop_last=True)
        return
    batches = Batches(np.arange(m), size=size, drop_last=True)
    assert [len(rows) for rows in rows_of(batches)] == batches.sizes() == [size] * (m // size) == [size] * len(batches)


def test_arrays_stay_together():
    for rows, labels in Batches(X, y, size=3, seed=0):
        np.testing.assert_array_equal(rows, X[labels])


def test_each_epoch_has_a_new_order_and_the_seed_gives_them_all():
    def epochs(seed):
        batches = Batches(y, size=4, seed=seed)
        return [rows_of(batches) for _ in range(3)]

    first, second, third = epochs(0)
    assert first != second != third != first
    assert epochs(0) == [first, second, third]
    assert epochs(1) != [first, second, third]


def test_a_generator_is_shared_and_advanced():
    rng = np.random.default_rng(0)
    one, other = Batches(y, seed=rng), Batches(y, seed=rng)
    fresh = Batches(y, seed=0)
    assert rows_of(one) == rows_of(fresh)
    assert rows_of(other) == rows_of(fresh)


def test_without_a_seed_runs_differ():
    assert rows_of(Batches(np.arange(100))) != rows_of(Batches(np.arange(100)))


def test_without_shuffling_the_order_stands():
    assert rows_of(Batches(y, size=4, shuffle=False)) == [[0, 1, 2, 3], [4, 5, 6, 7], [8, 9]]


def test_size_none_is_all_examples():
    (batch,) = Batches(X, y, size=None, shuffle=False)
    np.testing.assert_array_equal(batch[0], X)
    assert Batches(y, size=None).size == 10


@pytest.mark.parametrize("shuffle", [True, False])
def test_writing_to_a_batch_leaves_the_users_array_alone(shuffle):
    mine = X.copy()
    for (rows,) in Batches(mine, size=4, shuffle=shuffle, seed=0):
        rows[:] = -1
    np.testing.assert_array_equal(mine, X)


def test_dtypes_and_read_only_arrays():
    mine = X.astype(np.float32)
    mine.setflags(write=False)
    rows, words = next(iter(Batches(mine, np.array(["a"] * 10), size=4)))
    assert rows.dtype == np.float32
    assert rows.shape == (4, 2)
    assert words.tolist() == ["a"] * 4


def test_arrays_of_values_and_values():
    scalars, array = cells(X), Value(X)
    for few, rows, names in Batches(scalars, array, Constant(y), size=4, seed=0):
        np.testing.assert_array_equal([[v.data for v in row] for row in few], rows.data)
        np.testing.assert_array_equal(rows.data[:, 0], 2 * names.data)
        assert all(v in set(scalars.flat) for v in few.flat)
        rows.sum().backward()
    np.testing.assert_array_equal(array.grad, np.ones((10, 2)))


def test_lists_are_arrays_too():
    assert [rows.shape for rows, _ in Batches([[1, 2], [3, 4]], [0, 1], size=1)] == [(1, 2)] * 2


@pytest.mark.parametrize("make", [Batches, split])
def test_faulty_arrays_are_refused(make):
    with pytest.raises(ValueError, match=r"different lengths: 10, 9, 10;"):
        make(X, y[:9], y)
    with pytest.raises(ValueError, match="no arrays"):
        make()
    with pytest.raises(ValueError, match="no examples"):
        make(X[:0], y[:0])
    with pytest.raises(ValueError, match="array 2 is a single number"):
        make(X, 3.0)


@pytest.mark.parametrize("size", [0, -1, 2.0, True, "4", np.nan])
def test_faulty_sizes_are_refused(size):
    with pytest.raises(ValueError, match=r"size is .*; it must be a whole number of at least 1"):
        Batches(X, size=size)


def test_numpys_integers_are_sizes():
    assert len(Batches(X, size=np.int64(4))) == 3


def test_repr():
    assert repr(Batches(X, y, size=4)) == "Batches(10 examples in 3 batches of up to 4)"


@given(m=st.integers(2, 40), seed=st.integers(0, 99), data=st.data())
def test_split_divides_the_examples(m, seed, data):
    count = data.draw(st.integers(1, m - 1))
    rows = np.arange(m)
    (kept, kept_too), (out, _) = split(rows, -rows, held_out=count, seed=seed)
    assert len(out) == count
    assert sorted([*kept, *out]) == list(range(m))
    np.testing.assert_array_equal(kept, -kept_too)


def test_split_by_share_and_by_seed():
    (kept,), (out,) = split(y, held_out=0.25, seed=3)
    assert (len(kept), len(out)) == (8, 2)
    assert split(y, seed=3)[1][0].tolist() == split(y, seed=3)[1][0].tolist()
    assert split(np.arange(99), seed=3)[1][0].tolist() != split(np.arange(99), seed=4)[1][0].tolist()


@pytest.mark.parametrize("held_out", [0, 10, 11, -1, 0.0, 1.0, 0.01, -0.5, True])
def test_split_leaves_no_part_empty(held_out):
    with pytest.raises(ValueError, match="held_out"):
        split(y, held_out=held_out)

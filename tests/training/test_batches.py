"""Batches go through all examples, once an epoch, in an order that the seed gives; `split` divides them."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from autograd_lite import Constant, Value
from autograd_lite.cells import data_of, scalars
from autograd_lite.training import Batches, split

X = np.arange(20.0).reshape(10, 2)
y = np.arange(10)


def rows_of(batches):
    return [rows.tolist() for (rows,) in batches]


@given(m=st.integers(1, 40), size=st.integers(1, 50), shuffle=st.booleans(), seed=st.integers(0, 99))
def test_every_epoch_has_every_example_once(m, size, shuffle, seed):
    batches = Batches(np.arange(m), batch_size=size, shuffle=shuffle, seed=seed)
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
            Batches(np.arange(m), batch_size=size, drop_last=True)
        return
    batches = Batches(np.arange(m), batch_size=size, drop_last=True)
    assert [len(rows) for rows in rows_of(batches)] == batches.sizes() == [size] * (m // size) == [size] * len(batches)


def test_arrays_stay_together():
    for rows, labels in Batches(X, y, batch_size=3, seed=0):
        np.testing.assert_array_equal(rows, X[labels])


def test_each_epoch_has_a_new_order_and_the_seed_gives_them_all():
    def epochs(seed):
        batches = Batches(y, batch_size=4, seed=seed)
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
    assert rows_of(Batches(y, batch_size=4, shuffle=False)) == [[0, 1, 2, 3], [4, 5, 6, 7], [8, 9]]


def test_size_none_is_all_examples():
    (batch,) = Batches(X, y, batch_size=None, shuffle=False)
    np.testing.assert_array_equal(batch[0], X)
    assert Batches(y, batch_size=None).batch_size == 10


@pytest.mark.parametrize("shuffle", [True, False])
def test_writing_to_a_batch_leaves_the_users_array_alone(shuffle):
    mine = X.copy()
    for (rows,) in Batches(mine, batch_size=4, shuffle=shuffle, seed=0):
        rows[:] = -1
    np.testing.assert_array_equal(mine, X)


def test_dtypes_and_read_only_arrays():
    mine = X.astype(np.float32)
    mine.setflags(write=False)
    rows, words = next(iter(Batches(mine, np.array(["a"] * 10), batch_size=4)))
    assert rows.dtype == np.float32
    assert rows.shape == (4, 2)
    assert words.tolist() == ["a"] * 4


def test_arrays_of_values_and_values():
    cells, array = scalars(X), Value(X)
    for few, rows, names in Batches(cells, array, Constant(y), batch_size=4, seed=0):
        np.testing.assert_array_equal([[v.data for v in row] for row in few], rows.data)
        np.testing.assert_array_equal(rows.data[:, 0], 2 * names.data)
        assert all(v in set(cells.flat) for v in few.flat)
        rows.sum().backward()
    np.testing.assert_array_equal(array.grad, np.ones((10, 2)))


def test_lists_are_arrays_too():
    assert [rows.shape for rows, _ in Batches([[1, 2], [3, 4]], [0, 1], batch_size=1)] == [(1, 2)] * 2


@pytest.mark.parametrize("form", [np.asarray, Value, scalars], ids=["arrays", "Values", "scalars"])
@pytest.mark.parametrize("axis", [1, -1])
def test_columns_are_examples_along_their_axis(form, axis):
    def numbers(array):
        return data_of(array).tolist()

    rows, columns = (Batches(form(a), batch_size=4, axis=b, seed=0) for a, b in ((X, 0), (X.T, axis)))
    assert len(columns) == 3
    assert [numbers(a.T) for (a,) in columns] == [numbers(a) for (a,) in rows]
    kept, out = split(form(X.T), axis=axis, held_out=3, seed=0)
    assert [numbers(a.T) for a in (*kept, *out)] == [numbers(a) for part in split(X, held_out=3, seed=0) for a in part]


def test_the_last_axis_suits_arrays_of_any_dimension():
    for columns, row, labels in Batches(X.T, X[:, :1].T, y, batch_size=4, axis=-1, seed=0):
        np.testing.assert_array_equal(columns, X[labels].T)
        np.testing.assert_array_equal(row, X[labels, :1].T)
    (kept, labels), _ = split(X.T, y, axis=-1, seed=0)
    np.testing.assert_array_equal(kept, X[labels].T)


@pytest.mark.parametrize("make", [Batches, split])
def test_faulty_axes_are_refused(make):
    with pytest.raises(ValueError, match=r"array 2 of shape \(10,\) has no axis 1; axis=-1 is the last one of each"):
        make(X.T, y, axis=1)
    with pytest.raises(ValueError, match=r"array 1 of shape \(10, 2\) has no axis -3"):
        make(X, axis=-3)
    with pytest.raises(ValueError, match=r"different lengths along axis 0: 2, 1; .* 1 or -1 where columns are"):
        make(X.T, X[:, :1].T)
    with pytest.raises(ValueError, match="there are no examples: the arrays have length 0 along axis 1"):
        make(X[:, :0], axis=1)
    with pytest.raises(TypeError):
        make(X, axis=1.0)


@pytest.mark.parametrize("make", [Batches, split])
def test_faulty_arrays_are_refused(make):
    with pytest.raises(ValueError, match=r"different lengths along axis 0: 10, 9, 10;"):
        make(X, y[:9], y)
    with pytest.raises(ValueError, match="no arrays"):
        make()
    with pytest.raises(ValueError, match="no examples"):
        make(X[:0], y[:0])
    with pytest.raises(ValueError, match="array 2 is a single number"):
        make(X, 3.0)


@pytest.mark.parametrize("size", [0, -1, 2.0, True, "4", np.nan])
def test_faulty_sizes_are_refused(size):
    with pytest.raises(ValueError, match=r"batch_size is .*; it must be a whole number of at least 1"):
        Batches(X, batch_size=size)


def test_numpys_integers_are_sizes():
    assert len(Batches(X, batch_size=np.int64(4))) == 3


def test_repr():
    assert repr(Batches(X, y, batch_size=4)) == "Batches(10 examples in 3 batches of up to 4)"


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

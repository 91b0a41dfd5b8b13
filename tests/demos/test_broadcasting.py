"""What the broadcasting demo claims."""

import io
import re
from contextlib import redirect_stdout

import numpy as np
import pytest

from autograd_lite import Value, check_grads, mean, sum
from demos import broadcasting
from demos.broadcasting import A, gradients

TOTAL = A.sum(axis=0, keepdims=True)


@pytest.fixture(scope="module")
def printed(tmp_path_factory):
    with redirect_stdout(io.StringIO()) as text:
        broadcasting.main(tmp_path_factory.mktemp("broadcasting"), seed=0, quick=True)
    return text.getvalue()


def test_axis_0_adds_down_and_axis_1_across(printed):
    assert "[ 59.  239.  155.4  76.9], of shape (4,); keepdims=True keeps (1, 4)" in printed
    assert "[128.4 165.2 236.7], of shape (3,); keepdims=True keeps (3, 1)." in printed
    for j in range(4):
        assert A.sum(axis=0)[j] == pytest.approx(A[0, j] + A[1, j] + A[2, j])


def test_three_rows_are_divided_by_one(printed):
    P = np.array([[A[i, j] / TOTAL[0, j] * 100 for j in range(4)] for i in range(3)])
    np.testing.assert_allclose(100 * A / TOTAL, P)
    np.testing.assert_allclose(P.sum(axis=0), 100)
    assert str(P.round(1)) in printed


def test_what_keepdims_keeps_still_broadcasts_and_what_a_sum_leaves_does_not():
    assert (Value(A) / A.sum(axis=1, keepdims=True)).shape == (3, 4)
    with pytest.raises(ValueError, match="broadcast"):
        Value(A) / A.sum(axis=1)


def test_a_column_and_a_rank_1_array_mix_all_with_all(printed):
    y = np.array([0.0, 0.0, 1.0, 1.0, 1.0])
    a = Value(y[:, np.newaxis])
    assert (a - y).shape == (5, 5)
    assert mean((a - y) ** 2).item() == pytest.approx(2 * 0.6 * 0.4)
    assert mean((a - y[:, np.newaxis]) ** 2).item() == 0
    assert "a - y is (5, 5)" in printed
    assert "the mean of (a - y)^2 is 0.48; with y (5, 1) too, 0.00" in printed


def test_the_gradient_of_total_is_the_copies_summed_down():
    dtotal, dcopies = gradients(lambda total: sum(100 * A / total), TOTAL, A.shape)
    assert dtotal.shape == (1, 4)
    np.testing.assert_allclose(dcopies, -100 * A / TOTAL**2, rtol=1e-12)
    np.testing.assert_allclose(dtotal, -100 / TOTAL, rtol=1e-12)
    np.testing.assert_allclose(dtotal, dcopies.sum(axis=0, keepdims=True), rtol=1e-12)


@pytest.mark.parametrize(("shape", "axis"), [((1, 4), 0), ((3, 1), 1), ((1, 1), (0, 1))])
def test_a_gradient_is_summed_over_the_axes_that_were_stretched(shape, axis):
    x = np.random.default_rng(1).uniform(1, 2, shape)
    dx, dcopies = gradients(lambda x: sum((A / x) ** 2), x, A.shape)
    assert dx.shape == shape
    np.testing.assert_allclose(dx, dcopies.sum(axis=axis, keepdims=True), rtol=1e-12)
    np.testing.assert_allclose(dcopies, -2 * A**2 / x**3, rtol=1e-12)


def test_db_is_dz_summed_over_the_examples():
    rng = np.random.default_rng(2)
    X, W, b, Y = rng.normal(size=(8, 3)), rng.normal(size=(3, 2)), rng.normal(size=(1, 2)), rng.normal(size=(8, 2))

    def J(b):
        return mean((X @ W + b - Y) ** 2)

    db, dcopies = gradients(J, b, Y.shape)
    dZ = 2 * (X @ W + b - Y) / Y.size
    np.testing.assert_allclose(dcopies, dZ, rtol=0, atol=1e-12)
    np.testing.assert_allclose(db, dZ.sum(axis=0, keepdims=True), rtol=0, atol=1e-12)
    assert check_grads(J, b)


def test_the_sums_that_it_tells_of_differ_by_next_to_nothing(printed):
    assert float(re.search(r"differ by (\S+)\.\n", printed)[1]) < 1e-12
    assert "dtotal is [[-1.69 -0.42 -0.64 -1.3 ]]: the sum of the gradients of 3 copies" in printed


def test_the_loop_and_np_dot_give_the_same():
    a, b = np.random.default_rng(3).normal(size=(2, 1000))
    assert broadcasting.loop(a, b) == pytest.approx(np.dot(a, b))
    assert broadcasting.loop(a.tolist(), b.tolist()) == broadcasting.loop(a, b)


def test_np_dot_beats_the_loop_by_more_the_longer_the_vectors():
    """Measured: 6 times for 100 numbers, over 80 for 10,000."""
    rng = np.random.default_rng(4)
    ratios = [t["loop over lists"] / t["np.dot"] for t in (broadcasting.seconds(n, 5, rng) for n in (1, 10_000))]
    assert ratios[1] > 5 * ratios[0]
    assert ratios[1] > 5

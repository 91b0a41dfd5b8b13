"""What the linear demo claims."""

import contextlib
import io

import numpy as np
import pytest

from autograd_lite import Value, hessian
from demos import linear


@pytest.fixture(scope="module")
def data():
    return linear.load()


@pytest.fixture(scope="module")
def told(tmp_path_factory):
    out = tmp_path_factory.mktemp("linear")
    with contextlib.redirect_stdout(io.StringIO()) as printed:
        curve, graph = linear.main(out, seed=0, quick=True)
    assert curve.read_bytes().startswith(b"\x89PNG")
    return printed.getvalue(), graph.read_text("utf-8")


@pytest.fixture
def parameters():
    rng = np.random.default_rng(0)
    return Value(rng.normal(size=(3, 3)), "W"), Value(rng.normal(size=3), "b")


def test_rows_are_examples(data):
    assert data.X.shape == data.Y.shape == (20, 3)
    np.testing.assert_allclose(data.X.mean(axis=0), 0, atol=1e-12)
    np.testing.assert_allclose(data.X.std(axis=0), 1)


def test_the_gradients_are_those_of_the_formulas(data, parameters):
    W, b = parameters
    linear.cost(W, b, data).backward()
    dO = (data.X @ W.data + b.data - data.Y) / 20
    np.testing.assert_allclose(W.grad, data.X.T @ dO, rtol=1e-12)
    np.testing.assert_allclose(b.grad, dO.sum(axis=0), rtol=1e-12)


def test_db_is_the_sum_of_its_copies_gradients_down_each_column(data, parameters):
    W, b = parameters
    linear.cost(W, b, data).backward()
    dW = W.grad.copy()
    copies = linear.by_copies(W, b, data)
    assert copies.shape == (20, 3)
    assert np.ptp(copies, axis=0).min() > 0.1  # every row has its own
    np.testing.assert_allclose(copies.sum(axis=0), b.grad, rtol=0, atol=1e-12)
    np.testing.assert_array_equal(W.grad, dW)  # the comparison leaves the parameters alone


def test_the_closed_form_is_that_of_numpy_and_has_no_slope(data):
    best = linear.closed_form(data)
    expected, *_ = np.linalg.lstsq(linear.with_ones(data.X), data.Y, rcond=None)
    np.testing.assert_allclose(best, expected, rtol=0, atol=1e-10)
    W, b = Value(best[:3]), Value(best[3])
    linear.cost(W, b, data).backward()
    np.testing.assert_allclose(np.vstack([W.grad, b.grad]), 0, atol=1e-12)


def test_gradient_descent_reaches_the_closed_form(data):
    gaps = linear.descend(data, alpha=0.8, steps=180)
    assert len(gaps) == 181
    assert gaps[0] > 100
    assert gaps[-1] < 1e-12 * gaps[0]


@pytest.mark.parametrize("alpha", [0.1, 0.9])
def test_the_eigenvalues_set_the_pace(data, alpha):
    gaps = linear.descend(data, alpha, steps=200)
    factor = np.abs(1 - alpha * linear.eigenvalues(data)).max()
    assert gaps[-1] / gaps[-2] == pytest.approx(factor, rel=1e-4)
    assert (factor > 1) == (alpha > 2 / linear.eigenvalues(data).max())
    assert (gaps[-1] > gaps[-50]) == (factor > 1)


def test_the_best_rate_is_between_the_smallest_and_the_largest_eigenvalue(data):
    values = linear.eigenvalues(data)
    best = 2 / (values[0] + values[-1])
    final = {alpha: linear.descend(data, alpha, steps=100)[-1] for alpha in (0.9 * best, best, 1.05 * best)}
    assert min(final, key=final.get) == best
    assert best == pytest.approx(0.8, abs=0.01)  # the demo's middle one


def test_the_eigenvalues_are_those_of_the_second_derivatives(data):
    def cost_of_one_measure(v):
        return linear.total((linear.with_ones(data.X) @ v - data.Y[:, 0]) ** 2) / (2 * len(data.X))

    second = hessian(cost_of_one_measure)(np.zeros(4))
    np.testing.assert_allclose(np.linalg.eigvalsh(second), linear.eigenvalues(data), rtol=1e-10)
    assert np.abs(linear.eigenvalues(data) - 1).min() < 1e-12  # that of b


def test_the_story_tells_it(told):
    text, _ = told
    assert "X is (20, 3), W is (3, 3), b is (3,), O is (20, 3)" in text
    assert "add up to it exactly.\n" in text or "add up to it (off by " in text
    assert "(off by 0)" not in text
    assert "alpha = 0.1 is slow, 0.8 nearly the best; 0.9 is over the limit and diverges.\n" in text
    assert "alpha < 2 / 2.244 = 0.891" in text
    assert "alpha = 2 / (0.251 + 2.244) = 0.802" in text


def test_the_graph_shows_the_gradients_of_one_pass(data, told):
    _, svg = told
    for label in ("X", "W", "b", "O", "J"):
        assert f">{label}<" in svg
    db = -data.Y.mean(axis=0)  # at W = 0, b = 0
    assert f"[{db[0]:.1f}, {db[1]:.1f}, {db[2]:.1f}]" in svg.replace("&#45;", "-")

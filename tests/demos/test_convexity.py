"""What the convexity demo claims."""

import contextlib
import io
import re

import numpy as np
import pytest

from autograd_lite import grad, hessian
from demos import convexity


@pytest.fixture(scope="module")
def costs():
    return convexity.costs(*convexity.load())


@pytest.fixture(scope="module")
def curves(costs):
    return {name: convexity.curve(J, points=41) for name, J in costs.items()}


@pytest.fixture(scope="module")
def told(tmp_path_factory):
    out = tmp_path_factory.mktemp("convexity")
    with contextlib.redirect_stdout(io.StringIO()) as printed:
        paths = convexity.main(out, seed=0, quick=True)
    assert [path.name for path in paths] == ["costs.png", "rates.png"]
    assert all(path.read_bytes().startswith(b"\x89PNG") for path in paths)
    return printed.getvalue()


def test_the_costs_are_those_of_the_formulas(costs):
    x, y = convexity.load()
    for w in (-2.0, 0.5, 3.0):
        a = 1 / (1 + np.exp(-w * x))
        assert costs["squared error"](w) == pytest.approx(np.mean((a - y) ** 2))
        assert costs["cross-entropy"](w) == pytest.approx(-np.mean(y * np.log(a) + (1 - y) * np.log(1 - a)))


@pytest.mark.parametrize("name", ["squared error", "cross-entropy"])
def test_the_second_derivative_agrees_with_a_second_difference(costs, curves, name):
    J, h = costs[name], 1e-3
    w, _, second = curves[name]
    numeric = [(J(v + h) - 2 * J(v) + J(v - h)) / h**2 for v in w]
    np.testing.assert_allclose(second, numeric, rtol=0, atol=1e-6)
    assert np.abs(second).max() > 0.05


def test_squared_error_is_not_convex(curves):
    w, J, second = curves["squared error"]
    assert np.all((J >= 0) & (J <= 1))
    assert second.min() < -0.05
    end, again = w[1:][np.diff(second < 0)]  # after these J'' changes its sign
    assert -1 < end <= 0
    assert 7 < again < 8
    assert np.all(second[[0, -1]] < 0)


def test_cross_entropy_is_convex(curves):
    x, _ = convexity.load()
    w, _, second = curves["cross-entropy"]
    assert second.min() > 0
    a = 1 / (1 + np.exp(-np.outer(w, x)))
    np.testing.assert_allclose(second, np.mean(a * (1 - a) * x**2, axis=1), rtol=1e-10)  # never negative, whatever x


def test_from_the_flat_side_squared_error_is_stuck_and_cross_entropy_arrives(costs):
    far, steps = convexity.START, 100
    stuck, arrived = (convexity.descend(J, far, alpha=1.0, steps=steps) for J in costs.values())
    assert far < stuck[-1] < far + 1
    assert abs(grad(costs["squared error"])(far)) < 0.01
    assert abs(grad(costs["cross-entropy"])(far)) > 0.5
    assert arrived[-1] == pytest.approx(convexity.minimum(costs["cross-entropy"]), rel=0.15)
    assert len(stuck) == len(arrived) == steps + 1


@pytest.mark.parametrize("name", ["squared error", "cross-entropy"])
def test_the_minimum_is_one(costs, name):
    J = costs[name]
    w = convexity.minimum(J)
    assert grad(J)(w) == pytest.approx(0, abs=1e-12)
    assert hessian(J)(w) > 0
    assert J(w) < min(J(w - 0.1), J(w + 0.1))


def test_small_rates_are_slow_large_ones_overshoot_and_larger_ones_never_settle(costs):
    J = costs["cross-entropy"]
    best = convexity.minimum(J)
    paths = {alpha: convexity.descend(J, 2.0, alpha, steps=250) for alpha in (1.0, 30.0, 100.0, 150.0)}
    slow, good, large, never = (convexity.arrival(path, best) for path in paths.values())
    assert good < 5 < large < 10
    assert 150 < slow < 250
    assert never is None
    assert np.all(np.diff(paths[1.0]) > 0)
    assert paths[1.0].max() < best
    assert paths[100.0].max() > 1.5 * best
    assert np.all((paths[150.0][-10:] - best)[:-1] * (paths[150.0][-10:] - best)[1:] < 0)  # from side to side


def test_the_limit_of_the_learning_rate_is_2_over_the_second_derivative(costs):
    J = costs["cross-entropy"]
    best = convexity.minimum(J)
    limit = 2 / hessian(J)(best)
    for part, settles in ((0.95, True), (1.05, False)):
        gap = np.abs(convexity.descend(J, best + 1e-6, part * limit, steps=20) - best)
        assert (gap[-1] < gap[0]) == settles
        assert gap[1] / gap[0] == pytest.approx(2 * part - 1, rel=1e-3)  # |1 - alpha J''|


def test_the_story_tells_it(told):
    squared, cross = re.findall(r"J'' >= (\S+), and J'' < 0 for (\d+)% of w", told)
    assert float(squared[0]) < -0.07
    assert 55 < float(squared[1]) < 70
    assert float(cross[0]) > 0
    assert cross[1] == "0"
    assert "alpha = 150: never close" in told
    assert told.count("never close") == 1


def test_arrival_is_for_good():
    path = np.array([3.0, 1.0, 2.0, 1.001, 0.999])
    assert convexity.arrival(path, 1.0) == 3  # not 1: it left again
    assert convexity.arrival(path[:3], 1.0) is None
    assert convexity.arrival(path[3:], 1.0) == 0

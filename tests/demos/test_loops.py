"""What the demo with two loops, one and none claims."""

import re
from functools import partial

import numpy as np
import pytest

from autograd_lite import Value, grad
from autograd_lite.graph import topological_order
from demos import loops
from demos._shared import median_seconds
from demos.logistic import load


@pytest.fixture(scope="module")
def problem():
    """w, b, X and y; w is large enough for a to come near 0 and 1."""
    data, _ = load(seed=0)
    X, y = data.X.T.copy(), data.y[np.newaxis]
    return np.random.default_rng(1).normal(0, 0.5, (len(X), 1)), -0.3, X, y


def ways(w, b, X, y):
    by_hand = {name: partial(gradient, w, b, X, y) for name, gradient in loops.BY_HAND.items()}
    autograd = {name: partial(grad(cost, argnums=(0, 1)), w, b, X, y) for name, cost in loops.COSTS.items()}
    return by_hand, autograd


def a_of(w, b, X):
    return 1 / (1 + np.exp(-(w.T @ X + b)))


def test_columns_are_examples(problem):
    w, _, X, y = problem
    assert (w.shape, X.shape, y.shape) == ((30, 1), (30, 426), (1, 426))


def test_all_six_gradients_are_those_of_the_formula(problem):
    w, b, X, y = problem
    dZ = a_of(w, b, X) - y
    assert np.abs(dZ).max() > 0.9
    for runs in ways(*problem):
        assert list(runs) == ["two loops", "one loop", "no loop"]
        for run in runs.values():
            dw, db = run()
            assert np.shape(dw) == w.shape
            np.testing.assert_allclose(dw, X @ dZ.T / 426, rtol=0, atol=1e-12)
            assert db == pytest.approx(dZ.mean(), rel=0, abs=1e-12)


def test_all_three_costs_are_the_mean_of_the_losses(problem):
    w, b, X, y = problem
    a = a_of(w, b, X)
    J = -np.mean(y * np.log(a) + (1 - y) * np.log(1 - a))
    assert [cost(*problem) for cost in loops.COSTS.values()] == pytest.approx([J] * 3, rel=0, abs=1e-12)


def test_the_gradient_is_the_mean_of_the_examples_shares(problem):
    w, b, X, y = problem
    for gradient in loops.BY_HAND.values():
        shares = [gradient(w, b, X[:, [i]], y[:, [i]]) for i in range(5)]
        dw, db = gradient(w, b, X[:, :5], y[:, :5])
        np.testing.assert_allclose(dw, np.mean([share for share, _ in shares], axis=0), rtol=0, atol=1e-15)
        assert db == pytest.approx(np.mean([share for _, share in shares]))


@pytest.mark.parametrize(("way", "per_example"), [("two loops", 2 * 30 + 4), ("one loop", 7), ("no loop", 0)])
def test_the_nodes_grow_with_the_examples_only_in_loops(way, per_example, problem):
    w, b, X, y = problem
    graphs = (loops.COSTS[way](Value(w), Value(b), X[:, :m], y[:, :m]) for m in (1, 11, 426))
    few, more, all_ = (len(topological_order(J)) for J in graphs)
    assert more - few == 10 * per_example
    assert all_ - few == 425 * per_example


def test_without_loops_it_is_faster_by_far(problem):
    for runs in ways(*problem):
        seconds = median_seconds(runs, repeats=3)
        assert seconds["no loop"] < seconds["one loop"] / 5  # 80 and 200 times on an idle machine
        assert seconds["no loop"] < seconds["two loops"] / 5


def test_it_tells_the_differences_and_the_nodes(tmp_path, capsys):
    loops.main(tmp_path, seed=0, quick=True)
    printed = capsys.readouterr().out
    assert float(re.search(r"in 6 ways, they differ by (\S+) at most", printed)[1]) < 1e-12
    counts = re.findall(r"(two loops|one loop|no loop): +([\d,]+) nodes", printed)
    assert counts == [("two loops", "27,298"), ("one loop", "2,986"), ("no loop", "10")]

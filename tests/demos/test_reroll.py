"""What the demo of vectorize claims."""

import re

import numpy as np
import pytest

from autograd_lite import nn, topological_order
from demos import loops, moons, reroll


@pytest.fixture
def problem():
    """Weights, bias, X and y of 50 made-up examples."""
    rng = np.random.default_rng(3)
    return rng.normal(size=4), 0.3, rng.normal(size=(4, 50)), rng.integers(0, 2, 50).astype(float)


@pytest.fixture(scope="module")
def ran(tmp_path_factory):
    """A quick run: its folder and the names of its pictures."""
    folder = tmp_path_factory.mktemp("reroll")
    return folder, [path.name for path in reroll.main(folder, seed=0, quick=True)]


def formulas(weights, bias, X, y):
    """J, dw and db in a row, by the notes' formulas."""
    A = 1 / (1 + np.exp(-(weights @ X + bias)))
    J = -np.mean(y * np.log(A) + (1 - y) * np.log(1 - A))
    return np.array([J, *X @ (A - y) / y.size, np.mean(A - y)])


def parameters(picture):
    """The names that a picture draws as parameters."""
    return sorted(re.findall(r'xlink:title="([^"]*), parameter"', picture))


def test_all_ways_agree_with_the_formulas(problem):
    weights, bias, X, y = problem
    _, ways = reroll.vectorised(reroll.two_loops(weights, bias), X, y)
    assert list(ways) == ["scalars", "vectorised", "vectorised, theta"]
    for run in ways.values():
        np.testing.assert_allclose(np.hstack(run()), formulas(*problem), rtol=0, atol=1e-14)
    numbers = weights[:, np.newaxis], bias, X, y[np.newaxis]
    by_hand = reroll.flat(loops.cost_no_loop(*numbers), loops.no_loop(*numbers))
    np.testing.assert_allclose(by_hand, formulas(*problem), rtol=0, atol=1e-14)


def test_a_second_run_does_not_add_to_the_gradients(problem):
    weights, bias, X, y = problem
    _, ways = reroll.vectorised(reroll.two_loops(weights, bias), X, y)
    for run in ways.values():
        once = np.hstack(run())
        np.testing.assert_array_equal(np.hstack(run()), once)


def test_the_step_of_micrograds_demo_is_that_of_the_demo_moons():
    model, data = nn.MLP(2, [16, 16, 1], seed=0), moons.load(seed=0)
    step, ways = reroll.vectorised(reroll.hinge(model), *data)
    place = {p: k for k, p in enumerate(model.parameters())}
    expected = moons.gradients(model, data)[[place[p] for p in step.parameters]]
    for run in ways.values():
        cost, *gradient = np.hstack(run())
        assert cost == pytest.approx(moons.cost(model, data).item(), rel=1e-12)
        np.testing.assert_allclose(gradient, expected, rtol=0, atol=1e-14)


def test_the_two_loops_make_a_node_of_every_multiplication_and_addition():
    """For each of m examples n products, n sums, the loss of three nodes, and its place in J; and the division."""
    J = reroll.two_loops([0.5, -0.25], 0.1)(reroll.FEW_X.tolist(), reroll.FEW_Y.tolist())
    assert sum(node.op is not None for node in topological_order(J)) == 3 * (2 + 2 + 3 + 1) + 1


def test_the_program_holds_two_matrix_products_and_no_loop(problem):
    weights, bias, X, y = problem
    cost, _ = reroll.vectorised(reroll.two_loops(weights, bias), X, y)
    lines = cost.source.splitlines()
    products = [line for line in lines if "np.dot(" in line or "np.matmul(" in line]
    assert [("X_ones" in line, "ONES" in line) for line in products] == [
        (True, False),
        (False, True),
        (True, False),
    ]  # a sum
    assert not [line for line in lines if line.strip().startswith(("for ", "while "))]
    assert "50 sums of 4 products: a matrix product, shape (50,)" in cost.report()


def test_what_is_printed(tmp_path, capsys):
    reroll.main(tmp_path, seed=0, quick=True)
    printed = capsys.readouterr().out
    assert "569 tumours with 30 measurements each" in printed
    assert "569 sums of 30 products: a matrix product" in printed
    assert "def value_and_grad(theta, X, y):" in printed
    gaps = re.findall(r"Computed in (\d) ways, J and its gradient differ by (\S+) at most\.", printed)
    assert [count for count, _ in gaps] == ["6", "3"]
    assert max(float(gap) for _, gap in gaps) < 1e-13
    ways = re.findall(
        r"^  ([\w, ]+): +[\d,]+ us, +[\d,.]+ times as fast as (?:two loops|scalars)$", printed, re.MULTILINE
    )
    by_loops, by_machine = ["two loops", "one loop", "no loop", "no loop, by hand"], ["vectorised", "vectorised, theta"]
    assert ways == [*by_loops, *by_machine, "scalars", *by_machine]


def test_vectorised_is_faster_by_far(problem):
    weights, bias, X, y = problem
    _, ways = reroll.vectorised(reroll.two_loops(weights, bias), X, y)
    micros = reroll.compare(ways, repeats=5)
    assert micros["vectorised"] < micros["scalars"] / 3  # 50 times on an idle machine
    assert micros["vectorised, theta"] < micros["scalars"] / 3


def test_the_graphs_are_drawn_with_their_parameters(ran):
    folder, names = ran
    assert names == ["arrays.svg", "scalars.svg", "rolled.svg", "moons.svg", "times.png"]
    arrays, scalars, rolled = ((folder / name).read_text("utf-8") for name in names[:3])
    assert parameters(arrays) == ["theta"]
    assert parameters(scalars) == ["b", "w[0]", "w[1]"]
    assert "X.T" in arrays
    assert re.search(r"54,\d\d\d values in \d\d boxes", rolled)

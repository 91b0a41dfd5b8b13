"""What the demo about slopes and derivatives claims."""

import io
import re
from contextlib import redirect_stdout
from functools import partial

import numpy as np
import pytest

from autograd_lite import Value, grad
from demos import slope
from demos._shared import median_seconds

CLOSED = {
    "x²": lambda x: 2 * x,
    "x³": lambda x: 3 * x**2,
    "log x": lambda x: 1 / x,
    "sigmoid x": lambda x: np.exp(-x) / (1 + np.exp(-x)) ** 2,
}


@pytest.fixture(scope="module")
def p():
    return np.random.default_rng(0).normal(size=10)


@pytest.fixture(scope="module")
def errors(p):
    """The errors of each way for steps of 1, 0.1, ..., 1e-15."""
    exact = slope.by_formula(p)
    return {
        name: [slope.error(way(slope.J, p, 10.0**-k), exact) for k in range(16)] for name, way in slope.SLOPES.items()
    }


@pytest.fixture(scope="module")
def printed(tmp_path_factory):
    with redirect_stdout(io.StringIO()) as out:
        slope.main(tmp_path_factory.mktemp("slope"), seed=0, quick=True)
    return out.getvalue()


def counted(f):
    def called(*args):
        called.count += 1
        return f(*args)

    called.count = 0
    return called


@pytest.mark.parametrize("name", CLOSED)
def test_a_slope_is_off_by_half_the_step_times_the_bend(name):
    assert set(CLOSED) == set(slope.PLAIN)
    number, derivative, bend = slope.plain(slope.PLAIN[name], 2.0)
    assert derivative == pytest.approx(CLOSED[name](2.0), rel=1e-14)
    assert abs(number - derivative) > 1e-5
    assert number - derivative == pytest.approx(bend, rel=1e-3)


def test_the_course_s_example():
    assert slope.plain(slope.PLAIN["x³"], 2.0) == pytest.approx((12.006001, 12.0, 0.006))


def test_the_network_s_gradient_is_that_of_the_formula_to_the_last_digits(p):
    exact = slope.by_formula(p)
    complex_step = [slope.J(p + 1e-20j * e).imag / 1e-20 for e in np.eye(len(p))]  # no difference: nothing cancels
    np.testing.assert_allclose(complex_step, exact.astype(float), rtol=0, atol=1e-14)
    assert slope.error(grad(slope.J)(p), exact) < 1e-15


def test_backward_through_values_is_that_of_the_formula(p):
    v = Value(p)
    slope.J(v).backward()
    np.testing.assert_allclose(v.grad, slope.by_formula(p).astype(float), rtol=0, atol=1e-14)


@pytest.mark.parametrize(("name", "order"), [("forward difference", 1), ("central difference", 2)])
def test_while_steps_are_long_a_tenth_of_the_step_takes_off_a_tenth_or_a_hundredth_of_the_error(name, order, errors):
    for k in (2, 3):
        assert errors[name][k] / errors[name][k + 1] == pytest.approx(10**order, rel=0.05)


@pytest.mark.parametrize(("name", "best"), [("forward difference", 8), ("central difference", 5)])
def test_differences_have_a_best_step_and_lose_their_digits_with_shorter_ones(name, best, errors):
    line = errors[name]
    assert abs(int(np.argmin(line)) - best) <= 1
    assert min(line) > 1e-12
    assert line[15] > 1e-2


@pytest.mark.parametrize(
    ("name", "passes"), [("forward difference", lambda n: n + 1), ("central difference", lambda n: 2 * n)]
)
def test_slopes_take_forward_passes_for_every_parameter(name, passes):
    for n in (10, 31):
        J = counted(slope.J)
        slope.SLOPES[name](J, np.full(n, 0.1), slope.H)
        assert J.count == passes(n)


def test_back_propagation_takes_one_forward_pass_for_all_of_them():
    J = counted(slope.J)
    assert grad(J)(np.full(1000, 0.1)).shape == (1000,)
    assert J.count == 1


def test_for_many_parameters_it_is_faster_by_far():
    p = np.full(1000, 0.1)
    runs = {"slopes": partial(slope.forward_difference, slope.J, p, slope.H), "chain rule": partial(grad(slope.J), p)}
    seconds = median_seconds(runs, repeats=3)
    assert seconds["chain rule"] < seconds["slopes"] / 10  # 110 times on an idle machine


def test_the_printed_table_has_the_slope_beside_the_derivative(printed):
    rows = re.findall(r"^(\S+(?: x)?) {2,}(\S+) +(\S+) +(\S+) +(\S+) +(\S+) +(\S+)$", printed, re.MULTILINE)
    table = {name: [float(number) for number in numbers] for name, *numbers in rows}
    assert list(table) == list(slope.PLAIN)
    for name, f in slope.PLAIN.items():
        number, derivative, bend = slope.plain(f, 2.0)
        assert table[name][:4] == pytest.approx([f(2.0), f(2.001), number, derivative], rel=0, abs=6e-7)
        assert table[name][4:] == pytest.approx([number - derivative, bend], rel=5e-3)


def test_the_numbers_it_tells_are_those_of_the_picture(errors, printed):
    course, best = map(
        float, re.search(r"off by (\S+) with h = 0.001, at best by (\S+) with h = \S+:\n", printed).groups()
    )
    assert course == pytest.approx(errors["forward difference"][3], rel=0.1)
    assert 0 < best < 1.1 * min(errors["forward difference"])
    assert float(re.search(r"no step. It is off by (\S+)\. ", printed)[1]) < 1e-15
    assert re.findall(r"([\d,]+) parameters: +([\d,]+) forward", printed) == [
        *(("10", "11"), ("31", "32"), ("100", "101"), ("301", "302"))
    ]

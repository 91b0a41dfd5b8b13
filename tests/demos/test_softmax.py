"""What the softmax demo claims."""

import contextlib
import io
import re

import numpy as np
import pytest

from autograd_lite import Value
from autograd_lite import softmax as library_softmax
from demos import softmax


@pytest.fixture(scope="module")
def trained():
    data, test = softmax.load(seed=0)
    return data, test, *softmax.train(data, steps=100)


@pytest.fixture(scope="module")
def told(tmp_path_factory):
    out = tmp_path_factory.mktemp("softmax")
    with contextlib.redirect_stdout(io.StringIO()) as printed:
        paths = softmax.main(out, seed=0, quick=False)
    assert [path.name for path in paths] == ["digits.png", "templates.png"]
    assert all(path.read_bytes().startswith(b"\x89PNG") for path in paths)
    return printed.getvalue()


@pytest.fixture
def Z():
    return Value(np.random.default_rng(0).normal(scale=5, size=(6, 10)))


def test_the_naive_formula_overflows_and_ours_does_not():
    Z = Value([[1000.0, 999.0, -1000.0], [0.0, 1.0, 2.0]])
    assert np.isnan(softmax.naive_softmax(Z).data[0]).tolist() == [True, True, False]
    P = softmax.softmax(Z).data
    np.testing.assert_allclose(P[0], [1 / (1 + np.exp(-1)), 1 / (1 + np.exp(1)), 0], rtol=1e-12, atol=0)
    np.testing.assert_allclose(P[1], softmax.naive_softmax(Z).data[1], rtol=1e-12)
    assert softmax.softmax(Value([[1e300, 0.0, -1e300]])).data.tolist() == [[1, 0, 0]]


def test_large_scores_have_a_cost_and_gradients_too():
    data = softmax.Data(np.ones((1, 1)), np.eye(10)[[3]])
    W, b = Value(np.zeros((1, 10))), Value(np.linspace(-1000, 1000, 10))
    J = softmax.cost(W, b, data)
    J.backward()
    assert J.item() == pytest.approx(2000 * 6 / 9)
    np.testing.assert_allclose(b.grad, np.eye(10)[9] - np.eye(10)[3], atol=1e-12)


def test_the_rows_of_p_are_probabilities(Z):
    P = softmax.softmax(Z).data
    assert np.all(P > 0)
    np.testing.assert_allclose(P.sum(axis=1), 1, rtol=1e-12)
    np.testing.assert_allclose(P, softmax.naive_softmax(Z).data, rtol=1e-12)
    np.testing.assert_allclose(P, library_softmax(Z, axis=1).data, rtol=1e-12)


def test_a_number_added_to_a_whole_row_changes_nothing(Z):
    shift = np.arange(6.0).reshape(6, 1) * 100
    np.testing.assert_allclose(softmax.softmax(Z + shift).data, softmax.softmax(Z).data, rtol=1e-10)
    factors = np.random.default_rng(1).normal(size=(6, 10))
    gradients = []
    for formula in (softmax.softmax, softmax.naive_softmax):
        leaf = Value(Z.data)
        softmax.total(factors * formula(leaf)).backward()
        gradients.append(leaf.grad)
    np.testing.assert_allclose(*gradients, rtol=0, atol=1e-12)  # that the maximum is outside the graph does no harm


def test_the_gradients_are_those_of_the_formula(trained):
    data, _, W, b, _ = trained
    W, b = Value(W.data), Value(b.data)
    softmax.cost(W, b, data).backward()
    exponentials = np.exp(data.X @ W.data + b.data)
    P = exponentials / exponentials.sum(axis=1, keepdims=True)
    np.testing.assert_allclose(W.grad, data.X.T @ (P - data.Y) / len(data.X), rtol=0, atol=1e-12)
    np.testing.assert_allclose(b.grad, (P - data.Y).mean(axis=0), rtol=0, atol=1e-12)


def test_the_cost_falls_at_every_step_from_log_10(trained):
    *_, costs = trained
    assert costs[0] == pytest.approx(np.log(10))
    assert np.all(np.diff(costs) < 0)
    assert costs[-1] < 0.3


def test_a_step_goes_down_the_gradient(trained):
    data, *_ = trained
    W, b, _ = softmax.train(data, steps=1)
    start = np.full_like(data.Y, 1 / 10) - data.Y  # P - Y at W = 0, b = 0
    np.testing.assert_allclose(W.data, -softmax.ALPHA * data.X.T @ start / len(data.X), rtol=0, atol=1e-12)
    np.testing.assert_allclose(b.data, -softmax.ALPHA * start.mean(axis=0), rtol=0, atol=1e-12)


def test_the_answer_is_one_hot_at_the_largest_probability(trained):
    _, test, W, b, _ = trained
    answers = softmax.predict(W, b, test.X)
    assert answers.shape == (449, 10)
    assert np.all(np.sort(answers, axis=1) == np.eye(10)[9])
    P = softmax.softmax(test.X @ W + b).data
    np.testing.assert_array_equal(answers.argmax(axis=1), P.argmax(axis=1))
    assert np.mean(np.all(answers == test.Y, axis=1)) > 0.94


def test_about_96_percent_of_the_held_out_digits_are_read_right(told):
    assert "makes [nan nan  0.]" in told
    percent, count = re.search(r"Of the 449 held-out digits ([\d.]+)% are read right \((\d+)\)", told).groups()
    assert 95.5 < float(percent) < 97.5
    assert float(percent) == pytest.approx(100 * int(count) / 449, abs=0.05)


def test_one_digit_shows_probabilities_and_a_one_hot_answer(told):
    found = re.search(r"probabilities are used, \[(.*)\];\nthe answer is one-hot, \[(.*)\]: a (\d)\.", told)
    P, answer = (np.array(row.split(), dtype=float) for row in found.groups()[:2])
    assert P.sum() == pytest.approx(1, abs=0.005)
    assert np.count_nonzero(P) > 1
    assert answer.tolist() == np.eye(10)[P.argmax()].tolist() == np.eye(10)[int(found[3])].tolist()


def test_it_is_less_sure_where_it_is_wrong(told):
    right, wrong = re.search(r"answer's mean probability is ([\d.]+) if right, ([\d.]+) if", told).groups()
    assert float(wrong) < float(right) - 0.2


def test_the_held_out_digits_take_no_part_in_training():
    data, test = softmax.load(seed=0)
    assert len(data.X) + len(test.X) == 1797
    assert not {row.tobytes() for row in data.X} & {row.tobytes() for row in test.X}
    assert test.X.tolist() != softmax.load(seed=1)[1].X.tolist()

"""What the logistic demo claims."""

import re

import numpy as np
import pytest

from autograd_lite import Value
from demos import logistic
from demos.__main__ import main


@pytest.fixture(scope="module")
def ran(tmp_path_factory):
    out = tmp_path_factory.mktemp("logistic")
    return out, logistic.main(out, seed=0, quick=True)


@pytest.fixture(scope="module")
def trained():
    data, test = logistic.load(seed=0)
    return data, test, *logistic.train(data, test, steps=100)


def test_it_tells_over_95_percent_of_the_held_out_tumours_right(tmp_path, capsys):
    main(["logistic", "--quick", "--out", str(tmp_path)])
    printed = capsys.readouterr().out
    assert float(re.search(r"classifies ([\d.]+)% correctly", printed)[1]) > 95
    for name in ("cost.png", "loss.svg"):
        assert str(tmp_path / name) in printed


def test_the_held_out_tumours_take_no_part_in_training():
    data, test = logistic.load(seed=0)
    assert len(data.y) + len(test.y) == 569
    assert not {row.tobytes() for row in data.X} & {row.tobytes() for row in test.X}
    np.testing.assert_allclose(data.X.mean(axis=0), 0, atol=1e-12)
    np.testing.assert_allclose(data.X.std(axis=0), 1)


def test_the_cost_falls_at_every_step(trained):
    *_, costs = trained
    training = [J for J, _ in costs]
    assert training[0] == pytest.approx(np.log(2))
    assert np.all(np.diff(training) < 0)
    assert training[-1] < 0.1


def test_the_gradients_are_those_of_the_formula(trained):
    data, _, w, b, _ = trained
    w, b = Value(w.data), Value(b.data)
    logistic.cost(w, b, data).backward()
    a = 1 / (1 + np.exp(-(data.X @ w.data + b.data)))
    np.testing.assert_allclose(w.grad, data.X.T @ (a - data.y) / len(data.y), rtol=0, atol=1e-12)
    assert b.grad == pytest.approx(np.mean(a - data.y), rel=0, abs=1e-12)


def test_dw_is_the_sum_over_the_examples_divided_by_m(trained):
    data, _, w, b, _ = trained
    expected = logistic.by_matrix(w, b, data)
    np.testing.assert_allclose(logistic.by_example(w, b, data), expected, rtol=0, atol=1e-12)


def test_the_sums_of_the_first_step_are_printed_on_the_way(capsys, trained):
    data, *_ = trained
    start = Value(np.zeros(data.X.shape[1])), Value(0.0)
    dw = logistic.by_example(*start, data, print_after=(1, 3, 426))
    shares = (0.5 - data.y)[:, np.newaxis] * np.column_stack([data.X[:, :2], np.ones(426)])  # a is 0.5
    sums = np.cumsum(shares, axis=0)
    told = re.findall(r"after +(\d+) tumours: dw1 = +(\S+) +dw2 = +(\S+) +db = +(\S+)", capsys.readouterr().out)
    np.testing.assert_allclose(np.array(told, float), [[i, *sums[i - 1]] for i in (1, 3, 426)], rtol=0, atol=6e-4)
    np.testing.assert_allclose(dw[:2], sums[-1, :2] / 426, rtol=0, atol=1e-12)


def test_the_drawn_loss_is_that_of_the_whole_model(trained):
    _, test, w, b, _ = trained
    i = int(np.flatnonzero(test.y == 1)[0])
    loss, (w1, _), (first, _) = logistic.one_loss(w, b, test.X[i])
    a = 1 / (1 + np.exp(-(test.X[i] @ w.data + b.data)))
    assert loss.item() == pytest.approx(-np.log(a))
    assert w1.grad == pytest.approx(test.X[i][first] * (a - 1))


def test_the_pictures_are_a_png_and_an_svg(ran):
    _, (curve, graph) = ran
    assert curve.read_bytes().startswith(b"\x89PNG")
    svg = graph.read_text("utf-8")
    assert "</svg>" in svg
    for label in ("x1", "w1", "x2", "w2", "rest", "z", "a", "loss"):
        assert f">{label}<" in svg
    assert {path.name for path in ran[0].iterdir()} == {"cost.png", "loss.svg"}


def test_the_same_seed_gives_the_same_numbers_and_pictures(ran, tmp_path, trained):
    data, test, w, *_, costs = trained
    w_again, _, costs_again = logistic.train(data, test, steps=100)
    assert costs == costs_again
    assert w.data.tolist() == w_again.data.tolist()
    for first, again in zip(ran[1], logistic.main(tmp_path, seed=0, quick=True), strict=True):
        assert first.read_bytes() == again.read_bytes()


def test_another_seed_holds_out_other_tumours():
    assert logistic.load(seed=0)[1].X.tolist() != logistic.load(seed=1)[1].X.tolist()

"""What the approximation demo claims."""

import io
import re
from contextlib import redirect_stdout

import numpy as np
import pytest

from autograd_lite import nn
from demos import approximation
from demos.approximation import CURVE, Plan, X, error, folding, network, pieces, trained, trials

QUICK = Plan(runs=3, seed=0, steps=150)


@pytest.fixture(scope="module")
def printed(tmp_path_factory):
    with redirect_stdout(io.StringIO()) as text:
        approximation.main(tmp_path_factory.mktemp("approximation"), seed=0, quick=True)
    return text.getvalue()


@pytest.fixture(scope="module")
def table(printed):
    """The median errors of the table, for gentle and steep starts."""
    rows = re.findall(r"^(\d+(?: \+ \d+)?) +\d+ +([\d.]+) \(.*?\) +([\d.]+) \(", printed, re.MULTILINE)
    return {units: (float(gentle), float(steep)) for units, gentle, steep in rows}


def zigzag(x, k):
    for _ in range(k):
        x = 1 - 2 * np.abs(x)
    return x


def test_more_units_in_one_layer_fit_better(table):
    steep = [table[units][1] for units in ("2", "8", "16", "32")]
    assert np.all(np.diff(steep) < -0.03)
    assert steep[0] > 3 * steep[-1]


def test_two_layers_of_8_beat_one_layer_of_16(table):
    assert all(one > 1.2 * two for one, two in zip(table["16"], table["8 + 8"], strict=True))


def test_with_as_many_parameters_two_layers_win_from_a_gentle_start_only(table, printed):
    gentle, steep = (one / two for one, two in zip(table["32"], table["8 + 8"], strict=True))
    assert gentle > 1.2
    assert steep < 1
    told = re.search(r"as many parameters as they have, ([\d.]+) and ([\d.]+) times", printed)
    assert [float(times) for times in told.groups()] == pytest.approx([gentle, steep], abs=0.06)


def test_32_units_have_as_many_parameters_as_8_and_8():
    rng = np.random.default_rng(0)
    assert [network(units, 1.0, nn.Tanh, rng).parameter_count for units in ((32,), (8, 8))] == [97, 97]
    assert [network(units, 1.0, nn.ReLU, rng).parameter_count for units in ((10,), (2,) * 5)] == [31, 31]


@pytest.mark.parametrize("k", [1, 2, 5, 9])
def test_k_layers_of_2_units_fold_a_line_into_2_to_the_k_pieces_exactly(k):
    model = folding(k)
    assert pieces(model) == 2**k
    assert model(X).data.tolist() == zigzag(X, k).tolist()


def test_one_layer_makes_a_piece_more_than_it_has_units_at_most():
    models = (network((h,), 1.0, nn.ReLU, np.random.default_rng(seed)) for h in (1, 10, 40) for seed in range(5))
    counts = [pieces(model) for model in models]
    most = np.repeat([2, 11, 41], 5)
    assert np.all(counts <= most)
    assert counts[5] == 11


def test_10_units_in_one_layer_miss_the_zigzag_by_1_somewhere(printed):
    """Even the best straight line through three corners in a row, -1, 1, -1, does."""
    corners = zigzag(np.linspace(-1, 1, 33), 5)
    assert np.all(corners == np.tile([-1, 1], 17)[:33])
    assert 33 > 2 * 11  # corners and pieces: one piece has three
    assert "The zigzag has 33 corners, -1, 1, -1, ...: one of 11 straight pieces\nmust cover three" in printed
    for model in trials((10,), 1.0, nn.ReLU, zigzag(X, 5), QUICK):
        assert np.abs(model(X).data - zigzag(X, 5)).max() >= 1 - 1e-12


def test_gradient_descent_does_not_find_the_folds(printed):
    """All are as far off as the flat line, of which the demo tells the error."""
    flat = np.sqrt(np.mean(zigzag(X, 5) ** 2))
    assert f"The flat line 0 has {flat:.3f}" in printed
    told = re.search(r"have error ([\d.]+) .*? in one layer, ([\d.]+) ", printed)
    assert [float(error) for error in told.groups()] == pytest.approx([flat, flat], rel=0.02)


def test_the_error_is_the_root_of_the_mean_square():
    model = folding(1)
    assert error(model, model(X).data + 0.25) == pytest.approx(0.25)
    assert error(model, CURVE) ** 2 == pytest.approx(nn.mse(model(X), CURVE).item())


def test_training_lowers_the_error():
    model = network((8,), 6.0, nn.Tanh, np.random.default_rng(0))
    before = error(model, CURVE)
    assert trained(model, CURVE, steps=50) is model
    assert error(model, CURVE) < 0.8 * before


def test_the_trials_differ_and_the_best_comes_first():
    errors = [error(model, CURVE) for model in trials((8,), 6.0, nn.Tanh, CURVE, QUICK)]
    assert errors == sorted(errors)
    assert len(set(errors)) == QUICK.runs

"""What the initialisation demo claims."""

import re

import numpy as np
import pytest

from autograd_lite import nn, optim
from autograd_lite.nn import init
from demos import initialisation
from demos.initialisation import DEEP, LAYERS, SHALLOW, UNITS, sizes, spread, train

STEPS, ZEROS = 250, init.zeros()


@pytest.fixture(scope="module")
def digits():
    return initialisation.load(200, np.random.default_rng(0))


@pytest.fixture(scope="module")
def runs(digits):
    return {name: train(start, *digits, STEPS, seed=0) for name, start in SHALLOW.items()}


@pytest.fixture(scope="module")
def deep(digits):
    return {(name, start): sizes(name, DEEP[start], *digits, seed=0) for name in ("tanh", "relu") for start in DEEP}


@pytest.mark.parametrize("name", ["zeros", "all 0.1"])
def test_units_that_start_equal_stay_exactly_equal(runs, name):
    W1 = runs[name].W1
    assert W1.shape == (STEPS + 1, UNITS, 64)
    assert max(map(spread, W1)) == 0


def test_they_learn_but_as_one_unit_would(runs):
    run = runs["all 0.1"]
    assert np.abs(run.W1[-1] - run.W1[0]).max() > 0.1
    assert run.costs[-1] < run.costs[0] - 0.2
    assert run.right < 0.4


def test_with_tanh_and_zeros_no_weight_ever_moves(runs):
    assert np.all(runs["zeros"].W1 == 0)
    assert runs["zeros"].costs[-1] == pytest.approx(np.log(10), abs=0.02)  # b2 learns how frequent each digit is


@pytest.mark.parametrize("activation", ["tanh", "sigmoid"])
@pytest.mark.parametrize("start", [ZEROS, init.constant(0.3)], ids=["zeros", "all 0.3"])
def test_on_scalars_three_units_stay_exactly_equal_whatever_blas_does(digits, activation, start):
    X, y = digits[0].data[:, :5], digits[1][:5]
    model = nn.MLP(64, [3, 10], activation=activation, scalars=False, columns=True, init=start)
    model.to_scalars()
    optimizer = optim.SGD(model.parameters(), lr=0.5)
    for _ in range(50):
        optimizer.zero_grad()
        nn.cross_entropy(model(X), y, axis=0).backward()
        optimizer.step()
    model.to_arrays()
    W1, W2 = (layer.linear.weight.data for layer in model.layers)
    assert spread(W1) == spread(W2.T) == 0
    unmoved = np.array_equal(W1, start(W1.shape, None, 64, 3))
    assert unmoved == (activation == "tanh" and start is ZEROS)  # tanh(0) = 0: W2 gets no gradient, so W1 does not


def test_small_random_weights_break_the_symmetry_and_learn_with_b_starting_at_zero(runs):
    run = runs["0.01 randn"]
    assert spread(run.W1[0]) < 0.06
    assert spread(run.W1[-1]) > 0.5
    assert run.right > 0.98
    assert run.costs[-1] < 0.2
    assert not nn.MLP(64, [UNITS, 10], scalars=False, seed=0).layers[0].linear.bias.data.any()


def test_large_weights_saturate_tanh_and_learn_slowly(runs, digits):
    small, large = runs["0.01 randn"], runs["10 randn"]
    assert small.saturated == 0
    assert large.saturated == np.mean(np.abs(np.tanh(large.W1[0] @ digits[0].data)) > 0.97) > 0.95
    assert large.right < 0.5
    first, slow = (np.linalg.norm(run.W1[1] - run.W1[0]) / np.linalg.norm(run.W1[0]) for run in (small, large))
    assert slow < first / 10


def test_the_first_step_is_alpha_dW1(digits):
    X, y = digits
    W1 = train(init.normal(0.01), X, y, 1, seed=3).W1
    model = nn.MLP(64, [UNITS, 10], activation="tanh", scalars=False, columns=True, init=init.normal(0.01), seed=3)
    nn.cross_entropy(model(X), y, axis=0).backward()
    weight = model.layers[0].linear.weight
    np.testing.assert_allclose(W1[0] - W1[1], initialisation.ALPHA * weight.grad, rtol=0, atol=1e-12)


@pytest.mark.parametrize(
    ("activation", "start", "factor"), [("tanh", "Xavier", 6), ("relu", "He", 6), ("tanh", "He", 6)]
)
def test_xavier_and_he_keep_the_sizes_through_all_layers(deep, activation, start, factor):
    for size in deep[activation, start]:
        assert size.shape == (LAYERS,)
        assert size.max() / size.min() < factor


@pytest.mark.parametrize("activation", ["tanh", "relu"])
def test_with_small_weights_outputs_and_gradients_vanish(deep, activation):
    A, dA = deep[activation, "0.01 randn"]
    assert np.all(np.diff(A) < 0)
    assert np.all(np.diff(dA) > 0)
    assert A[-1] / A[0] < 1e-15
    assert dA[0] / dA[-1] < 1e-15


def test_with_large_weights_relu_explodes_and_tanh_saturates_while_its_gradient_explodes(deep):
    A, dA = deep["relu", "1 randn"]
    assert A[-1] / A[0] > 1e12
    assert dA[0] / dA[-1] > 1e12
    A, dA = deep["tanh", "1 randn"]
    assert A.min() > 0.9
    assert dA[0] / dA[-1] > 1e4


def test_with_1_randn_most_tanh_units_are_flat_in_every_layer(digits):
    shape = [*[initialisation.WIDTH] * LAYERS, 10]
    model = nn.MLP(64, shape, activation="tanh", scalars=False, columns=True, init=DEEP["1 randn"], seed=0)
    a = digits[0]
    for layer in model.layers[:-1]:
        a = layer(a)
        assert np.mean(np.abs(a.data) > 0.97) > 0.5


def test_xavier_is_too_small_for_relu(deep):
    A, dA = deep["relu", "Xavier"]
    for ratio in (A[-1] / A[0], dA[0] / dA[-1]):
        assert 1e-4 < ratio < 1e-2  # each layer halves the mean square: 2**-9.5 in 19


def test_the_story_tells_the_figures(tmp_path, capsys, runs):
    initialisation.main(tmp_path, seed=0, quick=True)
    printed = capsys.readouterr().out
    for name, run in runs.items():
        told = re.search(rf"^{re.escape(name)} +(\S+) .* ([\d.]+)%$", printed, re.MULTILINE).groups()
        assert float(told[0]) == pytest.approx(max(map(spread, run.W1)), rel=0.1)
        assert float(told[1]) == pytest.approx(100 * run.right, abs=0.06)
    large = runs["10 randn"]
    told = re.search(r"From 10 randn ([\d.]+)% .* J ends at ([\d.]+), and ([\d.]+)% are correct", printed).groups()
    expected = 100 * large.saturated, large.costs[-1], 100 * large.right
    assert [float(number) for number in told] == pytest.approx(expected, abs=0.06)

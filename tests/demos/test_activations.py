"""What the activations demo claims."""

import re

import numpy as np
import pytest

from autograd_lite import nn, sigmoid, tanh
from demos import activations
from demos.activations import ACTIVATIONS, collapse, network, slope, train, with_sigmoid

FORMULAS = {
    "sigmoid": lambda z: np.exp(-z) / (1 + np.exp(-z)) ** 2,
    "tanh": lambda z: 1 - np.tanh(z) ** 2,
    "ReLU": lambda z: 1.0 * (z > 0),
    "leaky ReLU": lambda z: np.where(z > 0, 1, 0.01),
    "linear": lambda z: np.ones(len(z)),
}


@pytest.fixture
def rng():
    return np.random.default_rng(0)


@pytest.fixture(scope="module")
def moons():
    return activations.moons(100, np.random.default_rng(1))


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_the_slopes_are_those_of_the_formulas(name):
    z = np.linspace(-6, 6, 480)  # 0 is not among them
    np.testing.assert_allclose(slope(ACTIVATIONS[name], z), FORMULAS[name](z), rtol=0, atol=1e-12)


def test_sigmoid_and_tanh_saturate_and_relu_does_not():
    z = np.linspace(3, 30, 200)
    for name, bound in (("sigmoid", 0.0452), ("tanh", 0.00987)):
        assert 0 < slope(ACTIVATIONS[name], np.concatenate([-z, z])).max() < bound
    assert np.all(slope(ACTIVATIONS["ReLU"], z) == 1)
    assert np.all(slope(ACTIVATIONS["ReLU"], -z) == 0)
    assert np.all(slope(ACTIVATIONS["leaky ReLU"], -z) == 0.01)


def test_tanh_is_four_times_as_steep_as_sigmoid_at_most():
    z = np.linspace(-6, 6, 481)
    assert slope(tanh, z).max() == 1
    assert slope(sigmoid, z).max() == 0.25


def with_biases(model, rng):
    """b is 0 at the start; with other numbers a mistake would show."""
    for layer in model.layers:
        layer.linear.bias.data = rng.normal(size=layer.linear.bias.shape)
    return model


@pytest.mark.parametrize("hidden", [0, 1, 3])
def test_what_tanh_computes_sigmoid_can_compute(hidden, rng, moons):
    model = with_biases(network("tanh", hidden, seed=0), rng)
    twin = with_sigmoid(model)
    np.testing.assert_allclose(twin(moons[0]).data, model(moons[0]).data, rtol=0, atol=1e-12)
    assert {type(layer.activation) for layer in twin.layers} <= {nn.Sigmoid, nn.Identity}


@pytest.mark.parametrize("hidden", [0, 1, 2, 5])
def test_linear_layers_of_any_depth_are_one(hidden, rng, moons):
    model = with_biases(network("linear", hidden, seed=0), rng)
    W, b = collapse(model)
    assert (W.shape, b.shape) == ((1, 2), (1, 1))
    np.testing.assert_allclose(W @ moons[0] + b, model(moons[0]).data, rtol=0, atol=1e-12)


def test_the_same_layers_with_tanh_are_not_one(moons):
    model = network("tanh", 2, seed=0)
    W, b = collapse(model)
    assert np.abs(W @ moons[0] + b - model(moons[0]).data).max() > 0.1


def test_the_networks_of_a_race_start_from_the_same_weights():
    first, second = (network(name, 2, seed=7).parameters() for name in ("tanh", "sigmoid"))
    assert [p.data.tolist() for p in first] == [p.data.tolist() for p in second]
    assert first[0].data.tolist() != network("tanh", 2, seed=8).parameters()[0].data.tolist()


def test_a_deep_linear_network_does_no_better_than_logistic_regression(moons):
    X, Y = moons
    one = network("linear", 0, seed=0)
    least = train(one, X, Y, 1.0)[-1]
    A = 1 / (1 + np.exp(-one(X).data))
    np.testing.assert_allclose((A - Y) @ X.T / Y.size, 0, atol=1e-9)  # dw: J is convex, and this its minimum
    deep = train(network("linear", 3, seed=0), X, Y, 0.3)
    assert min(deep) >= least - 1e-12
    assert deep[-1] == pytest.approx(least, abs=1e-6)
    assert train(network("tanh", 1, seed=0), X, Y, 1.0)[-1] < activations.TARGET < least


def test_from_the_same_weights_tanh_learns_sooner_but_not_than_a_rescaled_sigmoid():
    for seed in range(3):
        costs = activations.race(1, 1.0, 100, np.random.default_rng(seed))
        assert costs["tanh"][0] == pytest.approx(costs["rescaled sigmoid"][0], abs=1e-12)
        steps = {name: len(line) for name, line in costs.items()}
        assert steps["sigmoid"] > 3 * steps["tanh"]
        assert 0.5 < steps["rescaled sigmoid"] / steps["tanh"] < 1.5


def test_with_three_hidden_layers_a_rescaled_sigmoid_stays_behind_tanh():
    for seed in range(3):
        steps = {name: len(line) for name, line in activations.race(3, 1.0, 100, np.random.default_rng(seed)).items()}
        assert steps["sigmoid"] > steps["rescaled sigmoid"] > 1.5 * steps["tanh"]


def test_with_too_large_a_learning_rate_sigmoid_learns_and_tanh_does_not():
    told = activations.median_steps([activations.race(3, 12.0, 100, np.random.default_rng(seed)) for seed in range(3)])
    assert told["tanh"] == "> 1000"
    assert int(told["sigmoid"]) < 600


def test_the_median_of_the_steps_counts_those_before_the_target():
    runs = [{"tanh": [0.5] * count + [0.1]} for count in (3, 9, 4)]
    assert activations.median_steps(runs) == {"tanh": "4"}
    assert activations.median_steps([{"tanh": [0.5] * activations.STEPS}]) == {"tanh": "> 1000"}


def test_the_story_tells_it(tmp_path, capsys):
    activations.main(tmp_path, seed=0, quick=True)
    printed = capsys.readouterr().out
    assert float(re.search(r"differ by ([\d.e-]+)\.\n", printed)[1]) < 1e-12
    deep, least = re.search(
        r"ends at ([\d.]+); that of one layer, logistic regression, at ([\d.]+)\.", printed
    ).groups()
    assert float(deep) == pytest.approx(float(least), abs=2e-4)
    assert re.search(r"tanh: +1\.0000 +0\.4200 +0\.0099", printed)
    assert re.search(r"1 hidden, alpha = 1: tanh \d+, sigmoid .*\d+, rescaled sigmoid \d+\n", printed)

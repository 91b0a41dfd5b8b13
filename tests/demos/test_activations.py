"""What the activations demo claims."""

import re

import numpy as np
import pytest

from autograd_lite import sigmoid, tanh
from demos import activations
from demos.activations import ACTIVATIONS, RIVALS, collapse, network, output, slope, train

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
    return activations.moons(100, seed=1)


def costs(hidden, seed):
    """Return the costs of the rivals, all from the same weights on the same moons."""
    data = activations.moons(100, seed)
    return {name: train(network(hidden, seed), g, *data) for name, g in RIVALS.items()}


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


def test_tanh_plus_1_is_a_sigmoid_as_steep_as_tanh():
    z = np.linspace(-6, 6, 481)
    np.testing.assert_allclose(RIVALS["tanh + 1"](z), 2 * sigmoid(2 * z), rtol=0, atol=1e-12)
    assert slope(RIVALS["tanh + 1"], z).tolist() == slope(tanh, z).tolist()
    assert RIVALS["tanh + 1"](z).min() > 0


def with_biases(layers, rng):
    """b is 0 at the start; with other numbers a mistake would show."""
    for layer in layers:
        layer.bias.data = rng.normal(size=layer.bias.shape)
    return layers


@pytest.mark.parametrize("hidden", [0, 1, 2, 5])
def test_linear_layers_of_any_depth_are_one(hidden, rng, moons):
    layers = with_biases(network(hidden, seed=0), rng)
    W, b = collapse(layers)
    assert (W.shape, b.shape) == ((1, 2), (1, 1))
    z = output(layers, ACTIVATIONS["linear"], moons[0]).data
    np.testing.assert_allclose(W @ moons[0] + b, z, rtol=0, atol=1e-12)


def test_the_same_layers_with_tanh_are_not_one(moons):
    layers = network(2, seed=0)
    W, b = collapse(layers)
    assert np.abs(W @ moons[0] + b - output(layers, tanh, moons[0]).data).max() > 0.1


def test_g_comes_between_the_layers_and_not_after_the_last(rng, moons):
    layers = with_biases(network(1, seed=0), rng)
    W1, W2 = (layer.weight.data for layer in layers)
    b1, b2 = (layer.bias.data for layer in layers)
    expected = W2 @ np.tanh(W1 @ moons[0] + b1) + b2
    np.testing.assert_allclose(output(layers, tanh, moons[0]).data, expected, rtol=0, atol=1e-12)


def test_the_rivals_start_from_the_same_weights_and_b_at_zero():
    first, second, other = (
        [p.data.tolist() for layer in network(2, seed) for p in layer.parameters()] for seed in (7, 7, 8)
    )
    assert first == second != other
    assert not any(layer.bias.data.any() for layer in network(2, seed=7))


def test_a_deep_linear_network_does_no_better_than_logistic_regression(moons, monkeypatch):
    X, Y = moons
    monkeypatch.setattr(activations, "STEPS", 1000)
    monkeypatch.setattr(activations, "ALPHA", 1.0)
    one, deep = network(0, seed=0), network(3, seed=0)
    least = train(one, ACTIVATIONS["linear"], X, Y)[-1]
    assert train(network(1, seed=0), tanh, X, Y)[-1] < 0.2 < least
    A = 1 / (1 + np.exp(-output(one, None, X).data))
    np.testing.assert_allclose((A - Y) @ X.T / Y.size, 0, atol=1e-9)  # dw: J is convex, and this its minimum
    monkeypatch.setattr(activations, "ALPHA", 0.3)
    ends = train(deep, ACTIVATIONS["linear"], X, Y)
    assert min(ends) >= least - 1e-12
    assert ends[-1] == pytest.approx(least, abs=1e-6)


@pytest.mark.parametrize("seed", range(3))
def test_tanh_learns_faster_than_sigmoid_mostly_for_its_steepness(seed):
    end = {name: line[-1] for name, line in costs(1, seed).items()}
    assert end["sigmoid"] == pytest.approx(end["linear"], abs=0.025)
    assert end["tanh"] < 0.5 * end["sigmoid"]
    assert end["sigmoid"] - end["tanh + 1"] > 0.6 * (end["sigmoid"] - end["tanh"])


@pytest.mark.parametrize("seed", range(3))
def test_in_three_hidden_layers_tanh_is_faster_still(seed):
    steps = {name: np.argmax(np.array(line) < 0.2) or len(line) for name, line in costs(3, seed).items()}
    assert steps["sigmoid"] > 3 * steps["tanh"]
    assert steps["sigmoid"] > steps["tanh + 1"] > steps["tanh"] > 0


def test_with_too_large_a_learning_rate_sigmoid_learns_and_tanh_does_not(monkeypatch):
    """What the story says holds for its alpha, which it tells."""
    monkeypatch.setattr(activations, "ALPHA", 12.0)
    for seed in range(3):
        data = activations.moons(100, seed)
        assert min(train(network(3, seed), sigmoid, *data)) < 0.2 < min(train(network(3, seed), tanh, *data))


def test_the_story_tells_it(tmp_path, capsys):
    activations.main(tmp_path, seed=0, quick=True)
    printed = capsys.readouterr().out
    assert float(re.search(r"differ by ([\d.e-]+)\.\n", printed)[1]) < 1e-12
    assert re.search(r" tanh: +0\.0099 +0\.4200 +1\.0000 +0\.4200 +0\.0099 +0\.0000\n", printed)
    assert re.search(r" ReLU: +0\.0000 +0\.0000 +0\.0000 +1\.0000 ", printed)
    assert re.search(r" leaky ReLU: +0\.0100 +0\.0100 +0\.0\d00 +1\.0000 ", printed)
    assert "leaky ReLU 0.01. At 0, where ReLU has a corner, we take 0.\n" in printed
    assert "centred on 0 counts too:\n" in printed
    deep, told = costs(3, seed=0), re.findall(r"(after|not in) (\d+) steps with (tanh \+ 1|tanh|sigmoid)", printed)
    assert [name for *_, name in told] == ["tanh", "tanh + 1", "sigmoid"]
    for when, steps, name in told:
        if when == "after":
            assert deep[name][int(steps)] < 0.2 <= min(deep[name][: int(steps)])
        else:
            assert int(steps) == activations.STEPS
            assert min(deep[name]) >= 0.2
    told = dict(re.findall(r"^ +(.+): +(0\.\d{4})$", printed, re.MULTILINE))
    assert {name: float(J) for name, J in told.items()} == {
        name: pytest.approx(line[-1], abs=6e-5) for name, line in costs(1, seed=0).items()
    }

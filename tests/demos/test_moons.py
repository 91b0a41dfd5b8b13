"""What the moons demo claims."""

import numpy as np
import pytest

from autograd_lite import nn, topological_order
from demos import moons


@pytest.fixture(scope="module")
def data():
    return moons.load(seed=0)


@pytest.fixture
def model():
    return nn.MLP(2, [16, 16, 1], seed=0)


@pytest.fixture(scope="module")
def descents(data):
    """Twenty steps on scalars and the same on arrays: each model and its costs."""
    scalars = nn.MLP(2, [16, 16, 1], seed=0)
    arrays = moons.on_arrays(scalars)
    return [(form, moons.train(form, data, steps=20)) for form in (scalars, arrays)]


def layers(model):
    """The weights and biases as bare arrays."""
    return [(layer.linear.weight.data, layer.linear.bias.data) for layer in moons.on_arrays(model).layers]


def scores(model, X):
    """The scores by NumPy alone."""
    (W1, b1), (W2, b2), (W3, b3) = layers(model)
    return (np.maximum(np.maximum(X @ W1 + b1, 0) @ W2 + b2, 0) @ W3 + b3)[:, 0]


def test_there_are_a_hundred_points_half_of_them_on_each_moon(data):
    assert data.X.shape == (100, 2)
    assert sorted(data.y) == [-1] * 50 + [1] * 50


def test_every_weight_is_a_scalar_and_a_step_has_thousands_of_nodes(model, data):
    J = moons.cost(model, data)
    nodes = topological_order(J)
    assert len(nodes) > 10_000
    assert all(node.shape == () for node in nodes)
    assert {id(p) for p in model.parameters()} <= {id(node) for node in nodes}
    assert len(model.parameters()) == (2 * 16 + 16) + (16 * 16 + 16) + (16 + 1)
    assert len(topological_order(moons.cost(moons.on_arrays(model), data))) < 50


def test_the_cost_is_the_mean_hinge_loss_and_the_penalty(model, data):
    expected = np.mean(np.maximum(0, 1 - data.y * scores(model, data.X)))
    expected += 1e-4 * sum(np.sum(W**2) + np.sum(b**2) for W, b in layers(model))
    assert moons.cost(model, data).item() == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize("steps", [0, 20])
def test_scalars_and_arrays_have_equal_scores_costs_and_gradients(steps, data, model, descents):
    model = descents[0][0] if steps else model
    twin = moons.on_arrays(model)
    on_scalars = [score.data for score in model(data.X)[:, 0]]
    np.testing.assert_allclose(twin(data.X).data[:, 0], on_scalars, rtol=0, atol=1e-12)
    assert moons.cost(twin, data).item() == pytest.approx(moons.cost(model, data).item(), rel=0, abs=1e-12)
    dp = moons.gradients(model, data)
    assert dp.shape == (337,)
    assert np.abs(dp).max() > 1e-3
    np.testing.assert_allclose(moons.gradients(twin, data), dp, rtol=0, atol=1e-12)


def test_the_gradient_is_the_slope_of_the_cost_in_any_direction(data):
    model = nn.MLP(2, [16, 16, 1], seed=0).to_arrays()
    rng, state = np.random.default_rng(0), model.state_dict()
    direction = {name: rng.normal(size=array.shape) for name, array in state.items()}
    slope = moons.gradients(model, data) @ np.concatenate([array.ravel() for array in direction.values()])
    costs = []
    for step in (-1e-7, 1e-7):
        model.load_state_dict({name: array + step * direction[name] for name, array in state.items()})
        costs.append(moons.cost(model, data).item())
    assert (costs[1] - costs[0]) / 2e-7 == pytest.approx(slope, rel=1e-5)


def test_the_learning_rate_falls_from_1_to_a_tenth(model, data):
    """Of two steps, it is 1 in the first and halfway to 0.1 in the second."""
    twin = moons.on_arrays(model)
    for rate in (1.0, 0.55):
        moons.gradients(twin, data)
        for p in twin.parameters():
            p.data -= rate * p.grad
    moons.train(model, data, steps=2)
    for name, array in model.state_dict().items():
        np.testing.assert_allclose(array, twin.state_dict()[name], rtol=0, atol=1e-12)


def test_training_lowers_the_cost_on_scalars_as_it_does_on_arrays(descents, data):
    (model, costs), (_, on_arrays) = descents
    assert len(costs) == 20 + 1
    assert moons.cost(model, data).item() == costs[-1] < costs[-2] < costs[0] / 5
    np.testing.assert_allclose(costs, on_arrays, rtol=0, atol=1e-9)


def test_a_hundred_steps_bring_every_point_to_its_side(model, data):
    model = model.to_arrays()  # the same numbers as on scalars, as the test above shows, and faster
    costs = moons.train(model, data, steps=100)
    assert np.all(scores(model, data.X) * data.y > 0)
    assert moons.accuracy(model, data) == 1
    assert costs[-1] < 0.02


def test_accuracy_is_the_share_of_points_on_their_side(model, data):
    share = np.mean(np.sign(scores(model, data.X)) == data.y)
    assert 0 < share < 1
    assert moons.accuracy(model, data) == share

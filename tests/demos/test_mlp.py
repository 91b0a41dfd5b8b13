"""What the mlp demo claims."""

import re

import numpy as np
import pytest

from autograd_lite import Constant, Value, no_grad, topological_order
from demos import mlp
from demos.mlp import CLASSES, WIDTH, by_autograd, by_hand, kept, measured, network


@pytest.fixture(scope="module")
def digits():
    return mlp.load()


@pytest.fixture(scope="module")
def X(digits):
    return digits[0]


@pytest.mark.parametrize("L", [1, 2, 3, 8])
def test_the_loops_by_hand_and_autograd_give_equal_gradients(digits, L):
    X, y = digits
    model = network(L, seed=L)
    for layer in model.layers:  # b is 0 at the start; with other numbers a mistake would show
        layer.linear.bias.data = np.random.default_rng(L).normal(size=layer.linear.bias.shape)
    by_autograd(model, X, y)  # the next call does not add to it
    (J, ours), (J_hand, hand) = by_autograd(model, X, y), by_hand(model, X, y)
    assert pytest.approx(J_hand, rel=0, abs=1e-12) == J
    assert [g.shape for g in ours] == [g.shape for g in hand] == [p.shape for p in parameters(model)]
    for mine, theirs in zip(ours, hand, strict=True):
        assert np.abs(mine).max() > 1e-4
        np.testing.assert_allclose(mine, theirs, rtol=0, atol=1e-12)


def parameters(model):
    return [p for layer in model.layers for p in (layer.linear.weight, layer.linear.bias)]


def test_the_gradients_by_hand_are_the_slopes_of_the_cost(digits):
    X, y = (a[..., :50] for a in digits)
    model, h = network(3, seed=0), 1e-6
    _, gradients = by_hand(model, X, y)
    for p, gradient in zip(parameters(model), gradients, strict=True):
        place = np.unravel_index(np.abs(gradient).argmax(), p.shape)
        costs = []
        for step in (h, -2 * h):
            p.data[place] += step
            costs.append(by_hand(model, X, y)[0])
        p.data[place] += h
        assert gradient[place] == pytest.approx((costs[0] - costs[1]) / (2 * h), abs=1e-7)


def test_every_hidden_layer_keeps_three_tensors_and_the_last_one_two(X):
    m = 100
    tensors = kept(network(5, seed=0), Constant(X[:, :m]))
    assert tensors == [WIDTH * m * 8] * 3 * 4 + [CLASSES * m * 8] * 2


def test_these_are_W_A_and_W_A_plus_b_and_their_tanh(X):
    model, batch = network(2, seed=0), Constant(X[:, :100])
    W, b = (p.data for p in model.parameters()[:2])
    first, second, third = [node.data for node in topological_order(model(batch)) if node.op][:3]
    np.testing.assert_allclose(first, W @ batch.data, rtol=0, atol=1e-12)
    np.testing.assert_allclose(second, first + b, rtol=0, atol=1e-12)
    np.testing.assert_allclose(third, np.tanh(second), rtol=0, atol=1e-12)


def test_it_grows_with_the_batch_and_with_the_number_of_layers(X):
    def total(L, m):
        return sum(kept(network(L, seed=0), Constant(X[:, :m])))

    assert total(4, 512) == 2 * total(4, 256)
    a_layer = total(3, 256) - total(2, 256)
    assert a_layer == 3 * WIDTH * 256 * 8
    assert total(8, 256) == total(2, 256) + 6 * a_layer


@pytest.mark.parametrize("L", [2, 8])
def test_tracemalloc_measures_what_the_graph_says(X, L):
    model, batch = network(L, seed=0), Constant(X[:, :512])
    grown, most = measured(model, batch, recording=True)
    tensors = sum(kept(model, batch))
    assert tensors <= grown < 1.05 * tensors
    assert grown <= most


def test_with_no_grad_only_the_result_stays_and_depth_costs_nothing(X):
    batch, result = Constant(X[:, :512]), CLASSES * 512 * 8
    (left, most), (left_deep, most_deep) = (measured(network(L, seed=0), batch, recording=False) for L in (4, 8))
    for grown in (left, left_deep):
        assert result <= grown < 1.2 * result
    assert most_deep == pytest.approx(most, rel=0.02)
    assert most_deep < measured(network(8, seed=0), batch, recording=True)[0] / 5
    with no_grad():
        logits = network(8, seed=0)(batch)
    assert topological_order(logits) == [logits]


def test_the_forward_pass_is_the_same_with_and_without_a_graph(X):
    model, batch = network(4, seed=0), Constant(X[:, :100])
    with no_grad():
        alone = model(batch)
    recorded = model(batch)
    assert type(recorded) is Value
    assert type(alone) is Constant
    np.testing.assert_array_equal(alone.data, recorded.data)


def test_the_gradients_by_hand_teach_it_real_digits(digits):
    X, y = digits
    assert X.shape == (64, len(y)) == (64, 1797)
    model = network(4, seed=0)
    costs = mlp.train(model, X, y, 30)
    assert costs[0] == by_hand(network(4, seed=0), X, y)[0] > 2
    assert costs[-1] < 0.25
    assert np.mean(model(X).data.argmax(axis=0) == y) > 0.94


def test_the_story_tells_the_measured_memory(tmp_path, capsys):
    mlp.main(tmp_path, seed=0, quick=True)
    printed = capsys.readouterr().out
    for gap in re.findall(r"differ by (\S+) at most", printed):
        assert float(gap) < 1e-12
    rows = re.findall(r"^ +(\d) +(\d+) +([\d.]+) +([\d.]+) +([\d.]+)$", printed, re.MULTILINE)
    assert [(int(L), int(m)) for L, m, *_ in rows] == [(L, m) for L in mlp.LAYERS for m in (256, 512, 1024)]
    for _, _, tensors, grown, _ in rows:
        assert float(grown) == pytest.approx(float(tensors), rel=0.05, abs=0.11)
    assert float(rows[-1][4]) < float(rows[-1][3]) / 5

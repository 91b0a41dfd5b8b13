"""micrograd's `Neuron`, `Layer`, `MLP`: its idioms run as they are, on scalars, and give its numbers."""

import random

import numpy as np
import pytest

from autograd_lite import Value
from autograd_lite.cells import data_of
from autograd_lite.nn import MLP, Layer, Module, Neuron


def test_the_weights_are_those_that_micrograd_draws():
    random.seed(1337)
    model = MLP(2, [16, 16, 1])
    random.seed(1337)
    for layer in model.layers:
        for neuron in layer.neurons:
            assert [w.data for w in neuron.w] == [random.uniform(-1, 1) for _ in neuron.w]
            assert neuron.b.data == 0


def micrograds_neuron(neuron, x):
    """The definition: sum((wi*xi for wi, xi in zip(w, x)), b), and its ReLU."""
    z = sum((wi.data * xi for wi, xi in zip(neuron.w, x, strict=True)), neuron.b.data)
    return max(0.0, z) if neuron.nonlin else z


def test_an_output_by_micrograds_definition():
    model, x = MLP(3, [4, 4, 1], seed=3), [2.0, 3.0, -1.0]
    y = x
    for layer in model.layers:
        y = [micrograds_neuron(n, y) for n in layer.neurons]
    assert model(x).data == pytest.approx(y[0], rel=1e-14)
    assert [layer.nonlin for layer in model.layers] == [True, True, False]


def test_micrograds_training_loop():
    random.seed(0)
    model = MLP(3, [4, 4, 1])
    xs, ys = [[2.0, 3.0, -1.0], [3.0, -1.0, 0.5], [0.5, 1.0, 1.0], [1.0, 1.0, -1.0]], [1.0, -1.0, -1.0, 1.0]
    losses = []
    for _ in range(60):
        inputs = [list(map(Value, row)) for row in xs]
        scores = list(map(model, inputs))
        data_loss = sum((score - y) ** 2 for y, score in zip(ys, scores, strict=True))
        loss = data_loss + 1e-4 * sum(p * p for p in model.parameters())
        model.zero_grad()
        loss.backward()
        for p in model.parameters():
            p.data -= 0.01 * p.grad
        losses.append(loss.data)
    assert losses[-1] < 0.1 * losses[0]


def test_lists_give_lists_and_a_single_output_gives_the_value():
    x = [Value(1.0), Value(-2.0)]
    assert isinstance(Neuron(2)(x), Value)
    assert isinstance(Layer(2, 1)(x), Value)
    assert [type(y) for y in Layer(2, 3)(x)] == [Value] * 3
    assert [type(y) for y in MLP(2, [3, 2])([1.0, -2.0])] == [Value] * 2
    assert MLP(2, [3, 2], scalars=False)([1.0, -2.0]).shape == (2,)


def test_neurons_share_their_values_with_the_layer():
    for columns in (False, True):
        layer = Layer(2, 3, columns=columns, seed=0)
        assert {id(v) for n in layer.neurons for v in n.parameters()} == {id(v) for v in layer.parameters()}
        x = [0.5, -0.25]
        expected = [n(x).data for n in layer.neurons]
        y = layer(np.array(x).reshape(2, 1) if columns else np.array(x))
        assert data_of(y).ravel().tolist() == pytest.approx(expected)


def test_an_array_layer_has_no_neurons():
    with pytest.raises(TypeError, match="to_scalars"):
        _ = Layer(2, 3, scalars=False).neurons


def test_a_layer_costs_three_nodes_a_neuron():
    from autograd_lite import topological_order

    y = MLP(2, [16, 16, 1], seed=0)([1.0, -2.0])
    assert sum(node.op is not None for node in topological_order(y)) == 3 * 32 + 2


def test_a_module_in_micrograds_manner():
    class Line(Module):
        def __init__(self):
            self.a, self.b = Value(1.0), Value(0.0)

        def __call__(self, x):
            return self.a * x + self.b

        def parameters(self):
            return [self.a, self.b]

    line = Line()
    line(2.0).backward()
    assert [p.grad for p in line.parameters()] == [2.0, 1.0]
    line.zero_grad()
    assert line.a.grad is None


def test_neurons_keep_the_layers_activation_and_seeds_differ():
    layer = Layer(2, 3, activation="tanh", seed=0)
    x = [0.5, -0.25]
    assert [n(x).data for n in layer.neurons] == pytest.approx([y.data for y in layer(x)])
    first, second = MLP(2, [2, 2], seed=0).layers
    assert [v.data for v in first.linear.weight.flat] != [v.data for v in second.linear.weight.flat]
    weights = data_of(Layer(50, 50, seed=0).linear.weight)
    assert -1 < weights.min() < -0.99
    assert 0.99 < weights.max() < 1


def test_what_would_have_no_effect_is_refused():
    n = Neuron(2, seed=0)
    with pytest.raises(TypeError, match="does not support item assignment"):
        n.w[0] = Value(9.0)
    for name in ("b", "nonlin"):
        with pytest.raises(AttributeError, match=name):
            setattr(n, name, False)
    with pytest.raises(TypeError, match="to_scalars"):
        _ = Neuron(2, scalars=False).w


def test_nested_lists_of_values():
    y = MLP(2, [3, 1], seed=0)([[Value(1.0), Value(2.0)], [0.5, 1.0]])
    assert y.shape == (2, 1)

"""Every layer: equal outputs and gradients on arrays and on scalar Values, and what each computes."""

import copy
import math

import numpy as np
import pytest

import autograd_lite as ag
from autograd_lite import Value, check_grads, nn
from autograd_lite.cells import data_of, grad_of, is_cells

rng = np.random.default_rng(7)


def numbers(*shape):
    return rng.normal(size=shape)


LAYERS = {
    "Linear": (lambda: nn.Linear(3, 2, seed=0), numbers(4, 3)),
    "Linear of one example": (lambda: nn.Linear(3, 2, seed=0), numbers(3)),
    "Linear without bias": (lambda: nn.Linear(3, 2, bias=False, seed=0), numbers(4, 3)),
    "Linear by columns": (lambda: nn.Linear(3, 2, columns=True, seed=0), numbers(3, 4)),
    "Linear of sequences": (lambda: nn.Linear(3, 2, seed=0), numbers(2, 4, 3)),
    "Embedding": (lambda: nn.Embedding(5, 3, seed=0), np.array([[1, 4], [1, 0]])),
    "LayerNorm": (lambda: nn.LayerNorm(4), numbers(2, 4)),
    "RMSNorm": (lambda: nn.RMSNorm(4), numbers(2, 4)),
    "Dropout": (lambda: nn.Dropout(0.5, seed=0), numbers(4, 3)),
    "Dropout in evaluation": (lambda: nn.Dropout(0.5, seed=0).eval(), numbers(4, 3)),
    "Conv2d": (lambda: nn.Conv2d(2, 3, 2, seed=0), numbers(2, 2, 3, 4)),
    "Conv2d, padded": (lambda: nn.Conv2d(2, 2, (2, 3), stride=(2, 1), padding=1, seed=0), numbers(1, 2, 3, 4)),
    "Conv2d without bias": (lambda: nn.Conv2d(1, 2, 2, bias=False, seed=0), numbers(1, 1, 3, 3)),
    "MaxPool2d": (lambda: nn.MaxPool2d(2), numbers(2, 1, 4, 4)),
    "MaxPool2d, overlapping, with ties": (lambda: nn.MaxPool2d(2, stride=1), np.round(numbers(1, 2, 3, 4))),
    "Flatten": (lambda: nn.Flatten(), numbers(2, 3, 2)),
    "Sequential": (lambda: nn.Sequential(nn.Linear(3, 4, seed=0), ag.tanh, nn.Linear(4, 2, seed=1)), numbers(5, 3)),
    "Layer": (lambda: nn.Layer(3, 2, activation="tanh", scalars=False, seed=0), numbers(4, 3)),
    "Neuron": (lambda: nn.Neuron(3, scalars=False, seed=0), numbers(4, 3)),
    "MLP": (lambda: nn.MLP(3, [4, 2], scalars=False, seed=0), numbers(5, 3)),
    "MLP by columns": (lambda: nn.MLP(3, [4, 2], scalars=False, columns=True, seed=0), numbers(3, 5)),
    "RNNCell": (lambda: nn.RNNCell(3, 4, seed=0), numbers(2, 3)),
    "LSTMCell": (lambda: nn.LSTMCell(3, 4, seed=0), numbers(2, 3)),
    "MultiHeadAttention": (lambda: nn.MultiHeadAttention(4, 2, seed=0), numbers(2, 3, 4)),
    "MultiHeadAttention, causal": (lambda: nn.MultiHeadAttention(4, 2, causal=True, bias=False, seed=0), numbers(3, 4)),
    **{name: (lambda name=name: nn.activation(name), numbers(2, 3)) for name in nn.activations.BY_NAME},
    "LeakyReLU with a slope": (lambda: nn.LeakyReLU(slope=0.3), numbers(2, 3)),
    "Softmax along an axis": (lambda: nn.Softmax(axis=0), numbers(2, 3)),
}


def first(y):
    return y[0] if isinstance(y, tuple) else y


def test_every_layer_is_here():
    kinds = {type(make()) for make, _ in LAYERS.values()}
    assert {getattr(nn, name) for name in nn.__all__ if isinstance(getattr(nn, name), type)} - kinds == {
        nn.Module,
        nn.Activation,
    }


@pytest.mark.parametrize("name", LAYERS)
def test_scalars_give_the_outputs_and_gradients_of_arrays(name):
    make, X = LAYERS[name]
    arrays, scalars = make(), make().to_scalars()
    whole = X.dtype.kind == "i"
    x, c = (X, X) if whole else (Value(X), ag.scalars(X))
    y, z = first(arrays(x)), first(scalars(c))
    assert z is c or is_cells(z)
    assert np.shape(z) == y.shape
    np.testing.assert_allclose(data_of(z), y.data, rtol=1e-12, atol=1e-14)
    g = np.random.default_rng(0).normal(size=y.shape)
    y.backward(g)
    ag.dot(list(z.flat), g.ravel().tolist()).backward()
    if not whole:
        np.testing.assert_allclose(grad_of(c), x.grad, rtol=1e-10, atol=1e-13)
    ours, theirs = arrays.parameters(), [place.item for place in nn.module._parameter_places(scalars)]
    for p, q in zip(ours, theirs, strict=True):
        np.testing.assert_allclose(grad_of(q), p.grad, rtol=1e-10, atol=1e-13)


@pytest.mark.parametrize("name", LAYERS)
def test_gradients_with_respect_to_the_parameters_are_the_numerical_ones(name):
    make, X = LAYERS[name]
    layer = make()
    parameters = layer.parameters()

    def cost(*arrays):
        return ag.sum(ag.square(first(copy.deepcopy(layer).call_with(arrays, X)))) / 10

    if parameters:
        table = check_grads(cost, *(p.data for p in parameters))
        assert table, str(table)


@pytest.mark.parametrize("name", LAYERS)
def test_numbers_give_numbers_where_there_are_no_parameters(name):
    make, X = LAYERS[name]
    layer = make()
    assert isinstance(layer(X), Value if layer.parameters() else np.ndarray) or name.startswith("LSTM")


# --- what each computes --------------------------------------------------------------------------------------------


def test_linear_by_columns_is_linear_by_rows_transposed():
    rows, columns = nn.Linear(3, 2, seed=0), nn.Linear(3, 2, columns=True, seed=0)
    X = numbers(5, 3)
    by_rows, by_columns = rows(X), columns(X.T)
    np.testing.assert_array_equal(by_rows.data, by_columns.data.T)
    by_rows.sum().backward()
    by_columns.sum().backward()
    np.testing.assert_allclose(columns.weight.grad, rows.weight.grad.T, rtol=1e-15)
    assert columns.bias.grad.shape == (2, 1)


def test_linear_by_columns_takes_a_single_example():
    layer, x = nn.Linear(3, 2, columns=True, seed=0), numbers(3)
    layer.bias.data = numbers(2, 1)
    np.testing.assert_allclose(layer(x).data, layer(x[:, None]).data[:, 0], rtol=1e-15)
    assert len(nn.Layer(2, 3, columns=True, seed=0)([1.0, 2.0])) == 3


@pytest.mark.parametrize("name", [n for n in LAYERS if "of one" not in n and "olumns" not in n])
def test_no_examples_give_no_outputs(name):
    make, X = LAYERS[name]
    layer = make()
    if X.ndim > 1 and "attention" not in name.lower() and "along an axis" not in name:
        assert first(layer(X[:0])).shape == (0, *np.shape(first(layer(X)))[1:])


@pytest.mark.parametrize("name", LAYERS)
def test_float32_stays_float32(name):
    make, X = LAYERS[name]
    layer = make()
    for parameter in layer.parameters():
        parameter.data = parameter.data.astype(np.float32)
    y = first(layer(X if X.dtype.kind == "i" else Value(X.astype(np.float32))))
    assert y.dtype == np.float32


def test_recurrent_cells_by_their_definition():
    X, h, c = numbers(2, 3), numbers(2, 4), numbers(2, 4)
    cell = nn.RNNCell(3, 4, seed=0)
    cell.input.bias.data = numbers(4)
    z = X @ cell.input.weight.data + cell.input.bias.data + h @ cell.hidden.weight.data
    np.testing.assert_allclose(cell(X, h).data, np.tanh(z), rtol=1e-12)
    cell = nn.LSTMCell(3, 4, seed=0)
    cell.input.bias.data = numbers(16)
    z = X @ cell.input.weight.data + cell.input.bias.data + h @ cell.hidden.weight.data
    i, f, o = (1 / (1 + np.exp(-z[:, k : k + 4])) for k in (0, 4, 12))
    after = f * c + i * np.tanh(z[:, 8:12])
    ours = cell(X, (h, c))
    np.testing.assert_allclose(ours[1].data, after, rtol=1e-12)
    np.testing.assert_allclose(ours[0].data, o * np.tanh(after), rtol=1e-12)
    assert np.abs(cell.hidden.weight.data).max() <= 1 / math.sqrt(4) < 1.1 * np.abs(cell.hidden.weight.data).max()


def test_a_causal_mask_and_another_hold_together():
    layer, x = nn.MultiHeadAttention(4, 2, causal=True, seed=0), numbers(3, 4)
    other = np.array([[True, True, True], [True, True, True], [False, True, True]])
    zero = layer.weights(x, mask=other).data == 0
    assert (zero == ~(other & (np.tri(3) > 0))).all()


def test_windows_side_by_side_and_overlapping():
    x = np.arange(9.0).reshape(1, 1, 3, 3)
    assert nn.MaxPool2d(2, stride=1)(x).ravel().tolist() == [4.0, 5.0, 7.0, 8.0]
    assert nn.MaxPool2d(2)(x).ravel().tolist() == [4.0]


def test_starting_scales():
    conv = nn.Conv2d(4, 8, 5, seed=0).weight.data
    assert 0.99 < np.abs(conv).max() * math.sqrt(4 * 25) <= 1
    assert nn.Embedding(100, 100, seed=0).weight.data.std() == pytest.approx(1, abs=0.02)
    init = nn.init.constant(0.5)
    for layer in (nn.RNNCell(2, 3, init=init), nn.LSTMCell(2, 3, init=init)):
        assert set(layer.input.weight.data.ravel()) == set(layer.hidden.weight.data.ravel()) == {0.5}
    assert set(nn.MultiHeadAttention(4, 2, init=init).query.weight.data.ravel()) == {0.5}


def test_the_epsilons_of_normalisation():
    tiny = np.array([[1e-4, -1e-4]])
    np.testing.assert_allclose(nn.LayerNorm(2)(tiny).data, tiny / math.sqrt(1e-8 + 1e-5))
    np.testing.assert_allclose(nn.RMSNorm(2)(tiny).data, tiny / math.sqrt(1e-8 + 1e-5))


def test_options_of_activations_by_place_and_by_name():
    assert nn.LeakyReLU(0.1).options == nn.LeakyReLU(slope=0.1).options == {"slope": 0.1}
    np.testing.assert_array_equal(nn.Softmax(0)(np.eye(2)), nn.Softmax(axis=0)(np.eye(2)))


def test_dropout_of_nothing_and_an_empty_lookup():
    x = np.ones(3)
    assert nn.Dropout(0.0)(x) is x
    assert nn.Embedding(3, 2)([]).shape == (0, 2)


def test_sequences_of_modules_are_cut_like_lists():
    model = nn.Sequential(nn.Linear(2, 3, seed=0), nn.Tanh(), nn.Linear(3, 1, seed=1))
    assert model[:2][0] is model[0]
    assert model[:2](np.ones((4, 2))).shape == (4, 3)
    assert model[-1] is list(model)[-1]


def test_a_module_called_with_other_parameters():
    model, X = nn.MLP(2, [3, 1], scalars=False, seed=0), numbers(5, 2)
    before = model.state_dict()
    parameters = [Value(2.0 * p.data) for p in model.parameters()]
    cost = ag.mean(ag.square(model.call_with(parameters, X)))
    slopes = ag.grad(lambda *ps: ag.mean(ag.square(model.call_with(ps, X))), tuple(range(4)))(
        *(p.data for p in parameters)
    )
    cost.backward()
    for p, slope in zip(parameters, slopes, strict=True):
        np.testing.assert_allclose(slope, p.grad, rtol=1e-12)
    for name, array in model.state_dict().items():
        np.testing.assert_array_equal(array, before[name])
    with pytest.raises(ValueError, match="shorter"):
        model.call_with(parameters[:2], X)
    assert all(p.op is None for p in model.parameters())


def test_convolution_by_its_definition():
    layer, X = nn.Conv2d(2, 3, (2, 3), stride=(1, 2), padding=(1, 0), seed=0), numbers(2, 2, 4, 5)
    layer.bias.data = numbers(3)
    padded = np.pad(X, ((0, 0), (0, 0), (1, 1), (0, 0)))
    expected = np.zeros((2, 3, 5, 2))
    for m, o, i, j in np.ndindex(expected.shape):
        window = padded[m, :, i : i + 2, 2 * j : 2 * j + 3]
        expected[m, o, i, j] = np.sum(window * layer.weight.data[o]) + layer.bias.data[o]
    np.testing.assert_allclose(layer(X).data, expected, rtol=1e-12)


def test_attention_by_its_definition():
    layer, X = nn.MultiHeadAttention(4, 2, causal=True, seed=0), numbers(3, 4)
    q, k, v = (X @ m.weight.data + m.bias.data for m in (layer.query, layer.key, layer.value))
    heads = np.zeros((3, 4))
    for t in range(3):
        for columns in (slice(0, 2), slice(2, 4)):
            scores = [q[t, columns] @ k[s, columns] / math.sqrt(2) for s in range(t + 1)]
            shares = np.exp(scores) / np.sum(np.exp(scores))
            heads[t, columns] = shares @ v[: t + 1, columns]
    np.testing.assert_allclose(layer(X).data, heads @ layer.output.weight.data + layer.output.bias.data, rtol=1e-12)
    np.testing.assert_allclose(layer.weights(X).data.sum(axis=-1), 1)


def test_attention_looks_where_the_mask_lets_it():
    layer, x, memory = nn.MultiHeadAttention(4, 2, seed=0), numbers(2, 4), numbers(3, 4)
    before = layer(x, memory, mask=[True, True, False]).data
    memory[2] = 100.0
    np.testing.assert_array_equal(layer(x, memory, mask=[True, True, False]).data, before)
    assert not np.allclose(layer(x, memory).data, before)


def test_layer_norm_and_rms_norm():
    x = numbers(5, 8)
    y = nn.LayerNorm(8, eps=0.0)(x).data
    np.testing.assert_allclose(y.mean(axis=1), 0, atol=1e-14)
    np.testing.assert_allclose(y.std(axis=1), 1)
    np.testing.assert_allclose(np.mean(nn.RMSNorm(8, eps=0.0)(x).data ** 2, axis=1), 1)


def test_dropout_keeps_the_mean_and_is_off_in_evaluation():
    layer, x = nn.Dropout(0.25, seed=0), np.ones((200, 200))
    y = layer(x)
    assert set(np.unique(y)) == {0.0, 1 / 0.75}
    assert y.mean() == pytest.approx(1, abs=0.01)
    assert layer.eval()(x) is x
    assert (layer.train()(x) != y).any()


def test_max_pooling_of_equal_elements_shares_the_gradient():
    x = Value(np.ones((1, 1, 2, 2)))
    nn.MaxPool2d(2)(x).sum().backward()
    assert x.grad.ravel().tolist() == [0.25] * 4


def test_a_cell_carries_its_state_from_step_to_step():
    cell, x = nn.LSTMCell(2, 3, seed=0), Value(numbers(4, 2))
    h, c = cell(x[0], None)
    for t in range(1, 4):
        h, c = cell(x[t], (h, c))
    h.sum().backward()
    assert np.all(np.abs(x.grad[0]) > 0)


# --- what is refused -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("make", "error", "message"),
    [
        (lambda: nn.Linear(3, 2)(np.ones((4, 2))), ValueError, r"Linear\(3, 2\).*3 features along axis -1.*\(4, 2\)"),
        (lambda: nn.Linear(3, 2, columns=True)(np.ones((2, 4))), ValueError, r"axis 0.*\(2, 4\)"),
        (lambda: nn.Linear(3, 2)(1.0), ValueError, r"shape \(\)"),
        (lambda: nn.Linear(0, 2), ValueError, "fan_in is 0"),
        (lambda: nn.Linear(2, 2, seed="x"), TypeError, "seed is 'x'"),
        (lambda: nn.Linear(3, 2, columns=True)(np.ones((3, 2, 2))), ValueError, r"needs \(n_in, m\).*\(3, 2, 2\)"),
        (lambda: nn.LayerNorm(4)(np.ones((2, 1))), ValueError, r"LayerNorm\(4\) needs 4 features.*\(2, 1\)"),
        (lambda: nn.RMSNorm(4)(np.ones((2, 1))), ValueError, r"RMSNorm\(4\) needs 4 features"),
        (
            lambda: nn.RNNCell(3, 2)(np.ones((1, 3)), np.ones((5, 2))),
            ValueError,
            r"shape \(1, 2\).*it has shape \(5, 2\)",
        ),
        (lambda: nn.LSTMCell(3, 2)(np.ones((2, 3)), np.ones((2, 2))), TypeError, r"a pair \(h, c\), not ndarray"),
        (
            lambda: nn.MultiHeadAttention(4, 2)(np.ones((3, 4)), mask=np.where(np.tri(3) > 0, 0.0, -np.inf)),
            TypeError,
            "mask must hold bools",
        ),
        (lambda: nn.MultiHeadAttention(4, 2)(np.ones(4)), ValueError, r"needs \(\.\.\., t, 4\)"),
        (lambda: nn.MultiHeadAttention(4, 0), ValueError, "into 0 heads"),
        (lambda: nn.Sequential([nn.Tanh(), nn.Tanh()]), TypeError, r"one by one, not .*of a list write \*list"),
        (lambda: nn.Sequential(nn.Linear(1, 1), nn.ReLU), TypeError, r"the class ReLU: write ReLU\(\)"),
        (lambda: nn.Linear(2, 1, init=nn.init.he_normal), TypeError, r"such as init.he_normal\(\)"),
        (lambda: nn.Linear(2, 1, init="he"), TypeError, "init is 'he'"),
        (lambda: nn.Embedding(3, 2)([3]), IndexError, r"rows 0 to 2; asked for 3"),
        (lambda: nn.Embedding(3, 2)([-1]), IndexError, "asked for -1"),
        (lambda: nn.Embedding(3, 2)([1.0]), TypeError, "whole numbers, not float64"),
        (lambda: nn.Dropout(1.0), ValueError, "p is 1.0"),
        (lambda: nn.Conv2d(3, 2, 2)(np.ones((3, 4, 4))), ValueError, r"images \(m, 3, height, width\).*\(3, 4, 4\)"),
        (lambda: nn.Conv2d(1, 2, 5)(np.ones((1, 1, 4, 4))), ValueError, r"size \(5, 5\) do not fit"),
        (lambda: nn.MaxPool2d(3)(np.ones((1, 1, 2, 2))), ValueError, "do not fit"),
        (lambda: nn.MultiHeadAttention(5, 2), ValueError, "5 cannot be cut into 2"),
        (lambda: nn.activation("rely"), ValueError, "'rely' is unknown; there are linear, identity, relu"),
        (lambda: nn.LeakyReLU(slop=1.0), TypeError, "slop"),
        (lambda: nn.MLP(2, [2, 2], activation="softmin"), ValueError, "softmin"),
        (lambda: nn.Module()(1.0), NotImplementedError, "no forward"),
    ],
)
def test_bad_input_is_refused_with_its_value(make, error, message):
    with pytest.raises(error, match=message):
        make()
